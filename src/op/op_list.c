/* SPDX-License-Identifier: MIT */
/*
 * op_list.c - all operators, from op_list.h, and those that a context brings.
 */
#include "op/op.h"

#include <string.h>

const fv_op *const fv__ops[] = {
#define FV_OP(name) &fv__op_##name,
#include "op/op_list.h"
#undef FV_OP
    NULL,
};

const fv_op *const fv__losses[] = {
#define FV_OP(name)
#define FV_LOSS_OP(name) &fv__op_##name,
#include "op/op_list.h"
#undef FV_OP
#undef FV_LOSS_OP
    NULL,
};

#define OP_COUNT (sizeof fv__ops / sizeof *fv__ops - 1)

const fv_op *fv__op_find(const char *name) {
    for (size_t i = 0; i < OP_COUNT; i++)
        if (strcmp(fv__ops[i]->name, name) == 0) return fv__ops[i];
    return NULL;
}

const char *fv__op_nearest(const char *name) {
    const char *words[OP_COUNT];
    for (size_t i = 0; i < OP_COUNT; i++) words[i] = fv__ops[i]->name;
    return fv__nearest(name, words, OP_COUNT);
}

const fv_op *fv__op_find_in(const fv_context *ctx, const char *name) {
    const fv_op *built_in = fv__op_find(name);
    if (built_in != NULL || ctx == NULL || ctx->ops == NULL) return built_in;
    for (const fv_op *const *op = ctx->ops; *op != NULL; op++)
        if (strcmp((*op)->name, name) == 0) return *op;
    return NULL;
}

const char *fv__op_nearest_in(const fv_context *ctx, const char *name) {
    const char *best = fv__op_nearest(name);
    if (ctx == NULL || ctx->ops == NULL) return best;
    for (const fv_op *const *op = ctx->ops; *op != NULL; op++) {
        const char *const two[2] = {(*op)->name, best};
        const char *near = fv__nearest(name, two, best != NULL ? 2 : 1);
        if (near != NULL) best = near;
    }
    return best;
}

size_t fv__op_options_size(const fv_context *ctx) {
    size_t bytes = 1;
    for (int extra = 0; extra < 2; extra++)
        for (const fv_op *const *op = extra ? ctx->ops : fv__ops; op != NULL && *op != NULL; op++)
            if ((*op)->options_size > bytes) bytes = (*op)->options_size;
    return bytes;
}
