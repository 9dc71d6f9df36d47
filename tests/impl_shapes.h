/* SPDX-License-Identifier: MIT */
/*
 * impl_shapes.h - layers of networks as lines of a file (bench/shapes/), each tried on all
 * implementations that take it.
 *
 *     2 conv 64 3x3 pad 1 ; 1x64x56x56 | add | relu
 *
 * How often the layer occurs; an operator; its options and inputs as operators write their samples;
 * then what the step does behind it: a sum, an activation with its options. The word `first` there
 * says that nobody wants the gradient of its input. Empty lines and those that begin with # are
 * passed over.
 */
#ifndef IMPL_SHAPES_H
#define IMPL_SHAPES_H

#include "impl_trial.h"
#include "op_draw.h"

typedef struct impl_shape {
    char line[OP_SAMPLE]; /* without the count */
    int times;
    const fv_op *op;
    const char *sample; /* "64 3x3 pad 1 ; 1x64x56x56", lent */
    char text[OP_SAMPLE];
    bool first;
    fv_epilogue epilogue;
    union {
        char bytes[OPTION_BYTES];
        double align;
    } act_options;
} impl_shape;

/* Reads a line. FV_BAD_INPUT with what is wrong in the context. */
FV_MUST_USE fv_status impl_shape_read(fv_context *ctx, const char *line, impl_shape *out);

/* A file's lines in turn. */
typedef void impl_shape_fn(void *arg, const impl_shape *shape);
FV_MUST_USE fv_status impl_shapes_read(fv_context *ctx, const char *path, impl_shape_fn *fn,
                                       void *arg);

/* The problem of a shape, for so many samples (0: as the line says); its shape rule has accepted
   it. */
FV_MUST_USE fv_status impl_shape_problem(const impl_shape *shape, int64_t batch, op_problem *out);
/* Multiply-adds, or where nothing is counted four for every number that is written. */
double impl_shape_work(const op_problem *problem);

/* What is found out of one implementation on one shape. */
typedef struct impl_finding {
    const fv_impl *impl;
    double error[FV_PRECISIONS]; /* the largest of all its outputs, by contract; negative: it was
                                    not tried so (of what keeps the strict one only that is) */
    int failed;                  /* checks */
} impl_finding;

/* How shapes are tried. */
typedef struct impl_walk {
    op_tally *tally;
    const fv_device *device;
    const char *impl;    /* those whose name contains it; "": all */
    int isa;             /* this level alone; negative: every level that is here */
    bool training;       /* forward and backward too, on the line's own batch */
    bool reference;      /* the float loops too */
    impl_finding *found; /* [implementations of the device] */
} impl_walk;

/* Every implementation on the shape: with 1 sample, with 2 and with the line's own batch, each with
   1 thread and with 2. */
void impl_shape_try(const impl_walk *walk, const impl_shape *shape);

#endif
