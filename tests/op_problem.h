/* SPDX-License-Identifier: MIT */
/*
 * op_problem.h - a sample problem of an operator, with memory of its own, ready to run forward and
 * backward. Uses the rooms base, tensor and op alone and no test framework, so that it runs on
 * every target.
 */
#ifndef OP_PROBLEM_H
#define OP_PROBLEM_H

#include "op/op.h"

/* Counts what held and what did not; a failure is printed unless quiet. */
typedef struct op_tally {
    int passed, failed;
    bool quiet;
} op_tally;
bool op_check(op_tally *t, bool holds, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define OPTION_BYTES 256

typedef struct op_problem {
    fv_context ctx;
    const fv_op *op;
    const char *sample;
    union {
        char bytes[OPTION_BYTES];
        double align;
    } options;
    fv_site site;
    fv_dtype dtype;
    int64_t gap; /* elements between samples */
    fv_tensor x[FV_OP_INPUTS], dx[FV_OP_INPUTS], w[FV_OP_PARAMS], dw[FV_OP_PARAMS];
    fv_tensor saved[FV_OP_SAVED];
    fv_pass pass;
} op_problem;

/* Options as the language writes them, "4 3x3 stride 2 pad 1". */
FV_MUST_USE fv_status op_options(fv_context *ctx, const fv_op *op, const char *text, void *options);
/* "options ; shape, shape": fills options and input shapes; labels of a loss are added. */
FV_MUST_USE fv_status op_read_sample(op_problem *p, const fv_op *op, const char *sample);
/* Asks the shape rule, allocates and fills everything; gradients are zero. Release in any case. */
FV_MUST_USE fv_status op_build(op_problem *p, fv_dtype dtype, int64_t gap);
FV_MUST_USE fv_status op_make(op_problem *p, const fv_op *op, const char *sample, fv_dtype dtype,
                              int64_t gap);
void op_release(op_problem *p);

/* Fills inputs, parameters and dy with the numbers that tests/oracle/ops_torch.py makes too. */
void op_fill(op_problem *p);
/* Element i of tensor `id` (inputs from 0, parameters from 16, dy 32): in [-1, 1), exact in float.
 */
double op_number(int id, int64_t i);

void op_forward(op_problem *p);
void op_backward(op_problem *p);

/* Element i of a tensor in the order of its shape, whatever its dtype and step. */
double op_get(const fv_tensor *t, int64_t i);
void op_set(const fv_tensor *t, int64_t i, double v);
int64_t op_count(const fv_tensor *t);
void op_zero(const fv_tensor *t);
bool op_is_real(const fv_tensor *t);
/* Every produced tensor: y, saved, gradients. False when one of the gaps was written to. */
bool op_gaps_intact(const op_problem *p);

/* The gradients: inputs, then parameters. NULL at the end; *name, if not NULL, receives "dx1". */
fv_tensor *op_gradient(op_problem *p, int slot, char name[64]);
fv_tensor *op_gradient_of(op_problem *p, int slot); /* the input or parameter it belongs to */

/* ||a - b|| / max(||a||, ||b||, 1e-3) over the elements. */
double op_distance(const fv_tensor *a, const fv_tensor *b);

#endif
