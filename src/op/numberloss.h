/* SPDX-License-Identifier: MIT */
/*
 * numberloss.h - losses that compare number by number: y = 1/N * sum over the batch, and over the
 * numbers of a sample, of value(x_c, t_c). N is the number of samples of the whole batch, and with
 * `average` times the numbers of one.
 *
 * Such an operator's options begin with fv_numberloss_options and its fields with
 * FV_NUMBERLOSS_FIELDS. Its file says
 *
 *     static double value(const void *options, double x, double t) { ... }
 *     static double slope(const void *options, double x, double t) { ... }     d value / dx
 *     #include "op/numberloss.inc.h"
 *
 * and gets forward_f32, forward_f64, backward_f32, backward_f64.
 */
#ifndef FV_OP_NUMBERLOSS_H
#define FV_OP_NUMBERLOSS_H

#include "op/shapes.h"

enum { FV_NUMBERLOSS_CLASS, FV_NUMBERLOSS_VECTOR };

typedef struct fv_numberloss_options {
    int target;
    bool average;
    double other; /* the target of the classes that are not the label */
} fv_numberloss_options;

extern const char *const fv__numberloss_targets[];

#define FV_NUMBERLOSS_FIELDS(target_initial, average_initial)                                      \
    {"target",                                                                                     \
     "what x should come to: 1 at the label and 0 elsewhere, or numbers of the data",              \
     FV_CHOICE,                                                                                    \
     offsetof(fv_numberloss_options, target),                                                      \
     target_initial,                                                                               \
     0,                                                                                            \
     0,                                                                                            \
     0,                                                                                            \
     fv__numberloss_targets,                                                                       \
     NULL},                                                                                        \
    {                                                                                              \
        "average", "whether the numbers of a sample are averaged, and not added up", FV_BOOL,      \
            offsetof(fv_numberloss_options, average), average_initial, 0, 0, 0, NULL, NULL         \
    }

#define FV_NUMBERLOSS_TAKES (FV_TAKES(FV_I32) | FV_TAKES(FV_F32) | FV_TAKES(FV_F64))

/* Labels, or numbers in the shape of x; one number comes out. As fv_op.target. */
FV_MUST_USE fv_status fv__numberloss_shape(fv_context *ctx, fv_site *site);
fv_target_kind fv__numberloss_target(const void *options, const fv_shape *x, fv_shape *shape,
                                     fv_dtype *dtype);

/* The target of number c of sample n. NaN where the sample's label is no class. */
double fv__numberloss_wanted(const fv_pass *p, int64_t n, int64_t c);
/* What the sum of all values is divided by. */
double fv__numberloss_divisor(const fv_pass *p);

/* As fv_op.branches, for a value that is smooth in pieces: which of them has x. */
uint64_t fv__numberloss_branches(const fv_pass *p,
                                 int (*piece)(const void *options, double x, double t));

#endif
