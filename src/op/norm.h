/* SPDX-License-Identifier: MIT */
/*
 * norm.h - what the normalisations of a sample share: which numbers are normalised together, the
 * options and the parameters. op/norm.inc.h has the loops.
 *
 * A *run* is a set of numbers with one mean and one variance, or one norm: a channel's map, a group
 * of channels, the numbers along an axis.
 */
#ifndef FV_OP_NORM_H
#define FV_OP_NORM_H

#include "op/op.h"

/* Some dimensions of a tensor: their sizes, and the elements from one place to the next. */
typedef struct fv_norm_dims {
    int count;
    int64_t size[FV_RANK_MAX], stride[FV_RANK_MAX];
} fv_norm_dims;

typedef struct fv_norm {
    int64_t samples;              /* 1 where runs reach over dimension 0 */
    int64_t runs, length;         /* runs in a sample, numbers in a run */
    fv_norm_dims between, within; /* from one run to the next; from number to number of a run */
    int64_t repeat, weights;      /* element e of a sample has the weight e / repeat % weights */
    double epsilon;
    /* What x - mean is multiplied by, and the derivative of that by the variance. */
    double (*scale)(double variance, double epsilon, double *slope);
} fv_norm;

/* The options that instancenorm, groupnorm and layernorm begin with. */
typedef struct fv_norm_options {
    double epsilon;
    bool affine;
} fv_norm_options;

#define FV_NORM_FIELDS(options, member)                                                            \
    {"epsilon", "added to the variance, so that constant numbers are no division by zero",         \
     FV_REAL,   offsetof(options, member.epsilon),                                                 \
     "1e-5",    1e-12,                                                                             \
     1,         0,                                                                                 \
     NULL,      "epsilon"},                                                                        \
    {                                                                                              \
        "affine", "whether a weight and a bias follow", FV_BOOL, offsetof(options, member.affine), \
            "yes", 0, 0, 0, NULL, NULL                                                             \
    }

/* The runs along some dimensions (bit d: dimension d) of a shape. */
fv_norm fv__norm_along(const fv_shape *s, unsigned axes);
/* The element where run r begins in a sample, or number i of a run lies behind its beginning. */
int64_t fv__norm_at(const fv_norm_dims *dims, int64_t i);
/* 1/sqrt(variance + epsilon) */
double fv__norm_root(double variance, double epsilon, double *slope);

/* The runs of an operator, which its loops call runs_of. */
typedef fv_norm fv_norm_runs_fn(const fv_shape *in, const void *options);
fv_norm_runs_fn fv__layernorm_runs, fv__instancenorm_runs, fv__groupnorm_runs,
    fv__meanvariance_runs, fv__l2norm_runs;

typedef struct fv_l2norm_options {
    int64_t axis, p;
    double epsilon;
} fv_l2norm_options;

/* An axis as written, negative from the end, as a number from 0; refuses the batch's. */
FV_MUST_USE fv_status fv__norm_axis(fv_context *ctx, const fv_site *site, int64_t axis, int *out);
/* Checks the options, gives the output its shape, and adds the parameters of that shape. */
FV_MUST_USE fv_status fv__norm_shape(fv_context *ctx, fv_site *site, const fv_norm_options *o,
                                     const fv_shape *weights);
/* As fv_op.trains: refuses runs of one number. */
FV_MUST_USE fv_status fv__norm_trains(fv_context *ctx, const fv_site *site, int64_t length);

#endif
