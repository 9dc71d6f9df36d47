/* SPDX-License-Identifier: MIT */
/*
 * fuzz_onnx.c - bytes from anywhere as an ONNX model. libFuzzer's entry:
 *     clang -g -fsanitize=fuzzer,address,undefined … fuzz/fuzz_onnx.c libfovea.a -lprotobuf-c
 */
#include "onnx/onnx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fv_context *ctx;
#ifdef FV_HAVE_ONNX
    const fv_onnx_options options = {0};
    fv_onnx_import model;
    if (fv_context_new(1, &ctx) == FV_OK) {
        const fv_status status = fv__onnx_parse(ctx, "fuzz", data, size, &options, &model);
        if (status == FV_OK) {
            if (!model.graph->frozen || !model.weights) __builtin_trap();
            fv__onnx_import_free(&model);
        } else if (!*ctx->message || model.graph) {
            __builtin_trap();
        }
    }
    fv_context_free(ctx);
#else
    (void)data, (void)size, (void)ctx;
#endif
    return 0;
}
