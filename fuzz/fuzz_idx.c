/* SPDX-License-Identifier: MIT */
/*
 * fuzz_idx.c - bytes from anywhere as a pair of IDX files, plain or gzip: the first two bytes say
 * where the images end and the labels begin. libFuzzer's entry:
 *     clang -g -fsanitize=fuzzer,address,undefined … fuzz/fuzz_idx.c libfovea.a
 */
#include "data/sets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fv_context *ctx;
    if (size < 2) return 0;
    size_t split = (size_t)(data[0] << 8 | data[1]), rest = size - 2;
    if (split > rest) split = rest;
    if (fv_context_new(1, &ctx) == FV_OK) {
        /* Without an owner, the set releases nothing of these. */
        fv_dataset set = {.files = {{.data = data + 2, .size = split},
                                    {.data = data + 2 + split, .size = rest - split}}};
        if (fv__idx_parse(ctx, "images", "labels", 0, &set) == FV_OK) {
            uint64_t sum =
                fv__fnv64(FV_FNV_START, set.pixels, (size_t)(set.count * set.height * set.width));
            for (int64_t i = 0; i < set.count; i++)
                if (set.labels[i] < 0 || set.labels[i] >= set.classes) __builtin_trap();
            if (sum == 0) __builtin_trap();
        } else if (!*ctx->message) {
            __builtin_trap();
        }
        fv__dataset_close(&set);
    }
    fv_context_free(ctx);
    return 0;
}
