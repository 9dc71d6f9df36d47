/* SPDX-License-Identifier: MIT */
/*
 * fuzz_torch.c - bytes from anywhere as a file of PyTorch. libFuzzer's entry:
 *     clang -g -fsanitize=fuzzer,address,undefined … fuzz/fuzz_torch.c libfovea.a
 */
#include "format/torch_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fv_context *ctx;
    fv_tensor_file file;
    if (fv_context_new(1, &ctx) == FV_OK) {
        if (fv__torch_parse(ctx, "fuzz", data, size, &file) == FV_OK) {
            for (size_t i = 0; i < file.count; i++) {
                const fv_tensor_entry *e = &file.entries[i];
                if (e->bytes > size) __builtin_trap(); /* more than the file holds */
                float *out = fv__alloc(ctx, 4 * e->bytes, "a tensor");
                if (fv__tensor_file_find(&file, e->name) != e) __builtin_trap();
                if (out && fv__tensor_file_floats(ctx, e, out) != FV_OK && !*ctx->message)
                    __builtin_trap();
                fv__free(out);
            }
            fv__tensor_file_close(&file);
        } else if (!*ctx->message) {
            __builtin_trap();
        }
    }
    fv_context_free(ctx);
    return 0;
}
