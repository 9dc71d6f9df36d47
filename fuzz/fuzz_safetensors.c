/* SPDX-License-Identifier: MIT */
/*
 * fuzz_safetensors.c - bytes from anywhere as a model file. libFuzzer's entry:
 *     clang -g -fsanitize=fuzzer,address,undefined … fuzz/fuzz_safetensors.c libfovea.a
 */
#include "format/model.h"
#include "format/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fv_context *ctx;
    fv_tensor_file st;
    fv_model *model;
    if (fv_context_new(1, &ctx) == FV_OK) {
        if (fv__safetensors_parse(ctx, "fuzz", data, size, &st) == FV_OK) {
            for (size_t i = 0; i < st.count; i++) {
                const fv_tensor_entry *e = &st.entries[i];
                float *out = fv__alloc(ctx, 4 * e->bytes, "a tensor");
                if (fv__tensor_file_find(&st, e->name) != e) __builtin_trap();
                if (out && fv__tensor_file_floats(ctx, e, out) != FV_OK && !*ctx->message)
                    __builtin_trap();
                fv__free(out);
            }
            fv__tensor_file_close(&st);
        }
        if (fv__model_load_memory(ctx, "fuzz", data, size, &model) == FV_OK)
            fv__model_free(model);
        else if (!*ctx->message)
            __builtin_trap();
    }
    fv_context_free(ctx);
    return 0;
}
