/* SPDX-License-Identifier: MIT */
/*
 * op_list.c - all operators, from op_list.h.
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
