/* SPDX-License-Identifier: MIT */
/*
 * fuzz_image.c - bytes from anywhere as an image, decoded and preprocessed. libFuzzer's entry:
 *     clang -g -fsanitize=fuzzer,address,undefined … fuzz/fuzz_image.c libfovea.a
 */
#include "data/data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fv_context *ctx;
    fv_image p;
    float x[3 * 16 * 16];
    const fv_input in = {.channels = 3,
                         .height = 16,
                         .width = 16,
                         .resize = 12,
                         .crop = {10, 11},
                         .pad = 2,
                         .scale = 1};
    if (fv_context_new(1, &ctx) == FV_OK) {
        if (fv__image_decode(ctx, "fuzz", data, size, &p) == FV_OK) {
            if (fv__preprocess(ctx, &in, &p, x) != FV_OK && !*ctx->message) __builtin_trap();
            fv__image_free(&p);
        } else if (!*ctx->message || p.pixels) {
            __builtin_trap();
        }
    }
    fv_context_free(ctx);
    return 0;
}
