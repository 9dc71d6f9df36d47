/* SPDX-License-Identifier: MIT */
/*
 * explain.h - what a network is: each layer in the words of the lectures, with its shape, numbers,
 * work and receptive field; the totals; the memory it takes as really planned.
 */
#ifndef FOVEA_EXPLAIN_H
#define FOVEA_EXPLAIN_H

#include "common.h"

FV_BEGIN

/* A window that does not tile its input: rows or columns at the end that no window covers. */
typedef struct fv_misfit_facts {
    char axis;         /* 'h' or 'w' */
    int64_t used;      /* the output's size */
    int64_t ignored;   /* rows or columns of the image, not of padding, that are left out */
    const char *words; /* "width: (7 - 3)/3 + 1 = 2.33; 2 are used, the last column …" */
} fv_misfit_facts;

/* One value of an option that the text leaves open, `pad ?` or `stride ?`. */
typedef struct fv_trial_facts {
    const char *value;    /* "1", "0,0,1,1" */
    double height, width; /* of the output: (in + pads - kernel)/stride + 1, whole or not */
    int fits;             /* both are whole: the windows reach exactly to the end */
    int chosen;
} fv_trial_facts;

/* One layer; the first one is the input. Shapes are of one sample. */
typedef struct fv_layer {
    const char *name;  /* "conv1"; "input" */
    const char *label; /* the name of its value where the text gives one with `as`, else its name */
    const char *op;    /* "conv"; "input" */
    const char *options;         /* as the language writes them: "64 3x3 pad 1" */
    const char *lecture;         /* "CONV3-64"; */
    const char *lecture_options; /* what that leaves out: "pad 1" */
    int rank;
    int64_t output[FV_DIMS_MAX]; /* channels, height, width */
    int64_t values;              /* numbers in the output */
    int in_place; /* the output lies where the input lay and has no memory of its own */
    int shown_in; /* the layer whose line tells of this one, as "conv1 …, relu"; else itself */
    int training; /* only training has it */
    int64_t weights, biases, statistics; /* biases: with the shifts of normalisations */
    const char *product;                 /* how many weights: "(3*3*64)*128"; "" */
    int64_t macs;                        /* multiply-accumulates of conv and fc */
    int64_t connections; /* what its units read together, each its bias too, as LeCun counts them;
                            0 of what has no units, such as a relu */
    int64_t field_h, field_w; /* receptive field: pixels of the image that one output sees */
    int64_t jump_h, jump_w;   /* pixels between the fields of neighbours */
    int sees_all;             /* the whole image, whatever its size */
    int input_count;
    const char *const *inputs; /* names of the layers it reads */
    int misfit_count;
    const fv_misfit_facts *const *misfits;
    const char *open; /* the option that the text leaves open, "pad" or "stride"; NULL: none */
    int trial_count;  /* what it could be, in rising order */
    const fv_trial_facts *const *trials;
} fv_layer;

typedef struct fv_output_facts {
    const char *name;
    int rank;
    int64_t dims[FV_DIMS_MAX]; /* of one sample */
    double weight;             /* of its loss in the sum */
    int training;              /* only training has it */
} fv_output_facts;

/* Bytes for a batch, as planned: what a run, or a training step, really takes. */
typedef struct fv_memory_plan {
    int64_t batch;
    size_t inference, inference_scratch; /* values; working space of the layers */
    size_t training, training_scratch;   /* values, what backward keeps, gradients of values */
} fv_memory_plan;

typedef struct fv_explanation {
    const char *name, *given; /* "lenet5"; the values its text was given, "classes=10" */
    int layer_count;
    const fv_layer *const *layers;
    int output_count;
    const fv_output_facts *const *outputs;
    int training_outputs; /* how many more only training has */
    /* totals */
    int64_t weights, biases, statistics, macs, connections;
    int64_t fixed_connections; /* those of them in layers that learn nothing: pools, fixed rbf */
    int64_t values;            /* numbers in all outputs that have memory of their own */
    /* memory */
    int plan_count;
    const fv_memory_plan *const *plans;     /* of one sample, then of the batch */
    size_t parameter_bytes;                 /* weights, biases and statistics */
    size_t gradient_bytes, optimizer_bytes; /* training */
    const char *untrainable;                /* why there is no training to plan, or NULL */
} fv_explanation;

typedef struct fv_explain_options {
    size_t size;   /* FV_INIT(fv_explain_options) */
    int64_t batch; /* of the second memory plan; 0: the recipe's, or as much of it as this machine's
                      addresses can count */
    int training;  /* 1: with what only training has */
    int apart;     /* 1: relu and the like have a line of their own: shown_in is each one itself */
} fv_explain_options;

/* FV_BAD_INPUT: numbers that cannot be counted in 64 bits, a batch that cannot be planned. */
FV_MUST_USE FV_API fv_status fv_explain(fv_context *ctx, const fv_net *net,
                                        const fv_explain_options *options, fv_explanation **out);
FV_API void fv_explanation_free(fv_explanation *explanation); /* NULL is allowed */

/* How the units of a layer are wired to the numbers that they read. */
typedef struct fv_wiring {
    int64_t weights, biases; /* 4 bytes each in memory */
    int64_t connections;     /* as in fv_layer */
} fv_wiring;

/* A layer beside those that would do its job. */
typedef struct fv_as_fc {
    size_t size;                 /* FV_INIT(fv_as_fc) */
    int64_t input[3], output[3]; /* channels, height, width */
    fv_wiring own;               /* as it is: all places share their weights */
    fv_wiring local;             /* the same windows, every place with weights of its own */
    fv_wiring full;              /* every unit reads every number: a fully connected layer */
} fv_as_fc;

/* Of a layer whose windows slide, by its name or label. FV_BAD_INPUT: no such layer ("did you
   mean"), one without weights or without windows, more connections than 64 bits count. */
FV_MUST_USE FV_API fv_status fv_explain_as_fc(fv_context *ctx, const fv_net *net, const char *layer,
                                              fv_as_fc *out);

FV_END
#endif
