/* SPDX-License-Identifier: MIT */
/*
 * compare.h - two models side by side: the same numbers go into both, and what comes out of each
 * layer is compared.
 */
#ifndef FOVEA_COMPARE_H
#define FOVEA_COMPARE_H

#include "common.h"

FV_BEGIN

/* What a layer, or an output, gives in both models. */
typedef struct fv_compared {
    const char *name;        /* of the layer, in both; of an output that of a: "output" */
    const char *op_a, *op_b; /* "conv" */
    int rank;                /* of what comes out in a, one sample */
    int64_t dims[FV_DIMS_MAX];
    int fits; /* 1: as many numbers in both. Otherwise nothing below is known, and it differs */
    double largest;     /* of |a - b|, over the numbers that are finite in both */
    double relative;    /* |a - b| / |b|, lengths of all these numbers as vectors; with the larger
                           of |a| and |b| below, so that it is never infinite */
    int64_t not_finite; /* numbers that are infinite or none in one and not the same in the other */
    int differs;        /* relative is above the tolerance, or one of the above says so */
} fv_compared;

typedef struct fv_comparison {
    const char *name_a, *name_b;
    int layer_count; /* that both have, by name, in the order of a */
    const fv_compared *const *layers;
    int first;          /* the first of them that differs; -1: none */
    int only_a, only_b; /* layers whose name the other does not have */
    int output_count;   /* by name, or else by number */
    const fv_compared *const *outputs;
    int outputs_a, outputs_b; /* how many each has */
    int outputs_differ;       /* how many of output_count do, and those that one alone has */
    /* named tensors of weights */
    int same, different, reshaped; /* number for number; in numbers; in shape */
    int tensors_a, tensors_b;      /* that one alone has */
    const char *tensor;            /* the first that is not the same in both; NULL: none */
    double largest_weight;         /* of |a - b|, over those of the same shape */
} fv_comparison;

typedef struct fv_compare_options {
    size_t size;        /* FV_INIT(fv_compare_options) */
    const float *input; /* fv_model_input() floats of a, C, H, W; NULL: random, N(0, 1) */
    uint64_t seed;      /* of these */
    double tolerance;   /* largest relative difference that still agrees; 0: 1e-4 */
} fv_compare_options;

/* FV_OK when every output agrees and both have the same ones, FV_DIFFERS with a sentence when not;
   in both cases *out is there. Weights and inner layers may differ as they like. The models take
   the same input; where b is made for images of another size, it has to be a network that takes any
   (see fv_run_new_sized): FV_BAD_INPUT. Further inputs, which an ONNX file may have, get random
   numbers too. */
FV_MUST_USE FV_API fv_status fv_compare(fv_context *ctx, const fv_model *a, const fv_model *b,
                                        const fv_compare_options *options, fv_comparison **out);
FV_API void fv_comparison_free(fv_comparison *comparison); /* NULL is allowed */

FV_END
#endif
