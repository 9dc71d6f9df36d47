/* SPDX-License-Identifier: MIT */
/*
 * op_problem.h - a sample problem of an operator, with memory of its own, ready to run forward and
 * backward. Uses the rooms up to device and no test framework, so that it runs on
 * every target.
 */
#ifndef OP_PROBLEM_H
#define OP_PROBLEM_H

#include "op/op.h"

/* Counts what held, what did not, and what this machine cannot try, and of how many drawn problems
   a share was tried; a failure is printed unless quiet. */
typedef struct op_tally {
    int passed, failed, skipped;
    int tried, drawn;
    bool quiet;
} op_tally;
bool op_check(op_tally *t, bool holds, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define OPTION_BYTES (1024 + sizeof(fv_long_ints))
#define OP_INPUTS    8 /* most of a sample problem */
#define OP_OUTPUTS   FV_OP_OUTPUTS
#define OP_YS        8 /* outputs that are given memory: most of a sample problem */

typedef struct op_problem {
    fv_context ctx;
    const fv_op *op;
    const char *sample;
    union {
        char bytes[OPTION_BYTES];
        double align;
    } options;
    fv_site site; /* its arrays are those below */
    fv_shape in[OP_INPUTS], out[OP_OUTPUTS];
    fv_type in_type[OP_INPUTS], out_type[OP_OUTPUTS];
    bool positive[OP_INPUTS]; /* the input has no number below 0.5 */
    int64_t below[OP_INPUTS]; /* whole numbers from 0 to one less; 0: of a loss, the channels */
    fv_layout in_layout[OP_INPUTS], out_layout[OP_YS]; /* of the memory; plain unless set */
    fv_dtype dtype;                                    /* of what is real */
    int64_t gap;                                       /* elements between samples */
    int seed;                                          /* other numbers */
    bool forward_only;                                 /* no memory for gradients */
    bool aligned; /* memory as a plan's, at multiples of 64 bytes; else one element behind */
    bool overwrite[OP_INPUTS];
    fv_tensor x[OP_INPUTS], dx[OP_INPUTS], y[OP_YS], dy[OP_YS];
    fv_tensor w[FV_OP_PARAMS], dw[FV_OP_PARAMS], saved[FV_OP_SAVED];
    fv_pass pass;
} op_problem;

/* Operator i, counted from 0: those of the language, then those that only plans use; NULL: no
   more. */
const fv_op *op_number_of(int i);

/* Options as the language writes them, "4 3x3 stride 2 pad 1". */
FV_MUST_USE fv_status op_options(fv_context *ctx, const fv_op *op, const char *text, void *options);
/* "options ; shape, shape": fills options and inputs; the target of a loss is added. Before a shape
   may stand `constant` (one and the same for all samples), and then `positive`, `bool`, or `below
   N`: whole numbers from 0 to N - 1. */
FV_MUST_USE fv_status op_read_sample(op_problem *p, const fv_op *op, const char *sample);
/* The same problem without its memory. */
void op_copy(op_problem *to, const op_problem *from);
/* The pass over its tensors, in training, on a whole batch. */
void op_bind(op_problem *p);
/* Asks the shape rule, allocates and fills everything; gradients are zero. Release in any case. */
FV_MUST_USE fv_status op_build(op_problem *p, fv_dtype dtype, int64_t gap);
FV_MUST_USE fv_status op_make(op_problem *p, const fv_op *op, const char *sample, fv_dtype dtype,
                              int64_t gap);
/* A built problem once more, memory and all. */
FV_MUST_USE fv_status op_clone(op_problem *to, const op_problem *from);
void op_release(op_problem *p);

/* Memory of a tensor, from op_lend: dense samples `gap` apart, filled with a pattern. */
FV_MUST_USE fv_status op_allot(op_problem *p, fv_tensor *t, fv_dtype dtype, const fv_shape *shape,
                               const fv_type *type, fv_layout layout, int64_t gap);
size_t op_bytes(const fv_tensor *t); /* of all of it, gaps too */

/* Fills inputs, parameters and dy with the numbers that tests/oracle/ops_torch.py makes too. */
void op_fill(op_problem *p);
/* What a loss divides by: again, when labels have changed. */
void op_weigh(op_problem *p);
/* Element i of tensor `id`: in [-1, 1), exact in float. */
enum { OP_ID_X = 0, OP_ID_W = 16, OP_ID_DY = 32, OP_ID_HELD = 40, OP_ID_ADDED = 60, OP_IDS = 64 };
double op_number(int id, int64_t i);
void op_numbers(const op_problem *p, const fv_tensor *t, int id); /* all of a tensor */

void op_forward(op_problem *p);
void op_backward(op_problem *p); /* nothing for an operator without gradient */
/* Running statistics follow what forward observed, as a device's update has them do. */
void op_follow(op_problem *p);

/* Element i of a tensor in the order of its shape, whatever its dtype, layout and step. */
double op_get(const fv_tensor *t, int64_t i);
void op_set(const fv_tensor *t, int64_t i, double v);
int64_t op_count(const fv_tensor *t);
/* `count` elements from the first on, many times faster than one by one; and all of a tensor's into
   another of the same shape. */
#define OP_MANY 512 /* a good number of them */
void op_read(const fv_tensor *t, int64_t first, int64_t count, double *out);
void op_write(const fv_tensor *t, int64_t first, int64_t count, const double *from);
void op_transfer(const fv_tensor *to, const fv_tensor *from);
void op_zero(const fv_tensor *t);
void op_poison(const fv_tensor *t); /* NaN, where it holds real numbers */
bool op_is_real(const fv_tensor *t);
/* False when one of the gaps of y or of the inputs' gradients was written to. */
bool op_gaps_intact(const op_problem *p);
/* False when something was written before or behind a tensor, read ones too. */
bool op_guards_intact(const op_problem *p);

/* The gradients: inputs, then parameters, of which those that are not learned receive what forward
   observes. NULL at the end; *name, if not NULL, receives "dx1". */
fv_tensor *op_gradient(op_problem *p, int slot, char name[64]);
fv_tensor *op_gradient_of(op_problem *p, int slot); /* the input or parameter it belongs to */
bool op_is_learned(const op_problem *p, int slot);  /* a gradient, and not an observation */

/* ||a - b|| / max(||a||, ||b||, 1e-3) over the elements. */
double op_distance(const fv_tensor *a, const fv_tensor *b);

#endif
