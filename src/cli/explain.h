/* SPDX-License-Identifier: MIT */
/*
 * explain.h - a network taken apart for `fovea explain`: one row per layer, totals, planned memory.
 */
#ifndef FV_CLI_EXPLAIN_H
#define FV_CLI_EXPLAIN_H

#include "cli/cli.h"
#include "plan/plan.h"

typedef struct fv_row {
    const fv_node *node; /* NULL: the image itself */
    int value;           /* what it puts out */
    int shown_in;        /* row whose line tells of it: itself, or the one before for "+ relu" */
    bool in_place;       /* its output lies where its input lay: no memory of its own */
    int64_t values;      /* numbers in its output */
    int64_t weights, biases, statistics; /* biases: with the shifts of normalisations */
    fv_cost cost;
    fv_receptive_field view;
    fv_misfit misfit[2];
} fv_row;

/* Bytes for a batch, as planned. */
typedef struct fv_planned {
    int64_t batch;
    size_t inference, inference_scratch; /* values; working space of the layers */
    size_t training, training_scratch;   /* values, what backward needs, gradients of values */
} fv_planned;

typedef struct fv_explained {
    const fv_net *net;
    bool training; /* heads that only training has are among the rows */
    fv_row *rows;
    int count;
    int64_t weights, biases, statistics, macs;
    int64_t values;        /* numbers in all outputs that have memory of their own */
    size_t parameters;     /* bytes of weights, biases and statistics */
    size_t gradients;      /* bytes */
    size_t optimizer;      /* bytes of its state */
    fv_planned planned[2]; /* one image, a batch */
    int planned_count;
    const char *untrainable; /* why there is no training to plan, or NULL */
} fv_explained;

/* "CONV3-64", "POOL2", "FC-4096", "NORM": a layer as the lectures write it; then the options that
   this does not tell, "stride 2 pad 1". */
void fv__lecture_name(fv_text *out, const fv_node *node);
void fv__lecture_options(fv_text *out, const fv_node *node);
/* "(7 - 3)/3 + 1 = 2.33: 2 are used, the last column of the image is ignored" */
void fv__lecture_misfit(fv_text *out, const fv_misfit *m);
/* Whether a window of the row leaves part of the image out. */
bool fv__row_misfits(const fv_row *row);

/* The human table, at most `columns` wide (0: as wide as it wants), and JSON. */
FV_MUST_USE fv_status fv__explain_text(fv_cli *cli, const fv_explained *e, int columns,
                                       fv_text *out);
void fv__explain_json(const fv_explained *e, fv_text *out);

/* A file of weights without a network. */
FV_MUST_USE fv_status fv__explain_weights(fv_cli *cli, const char *file, const fv_safetensors *st);

#endif
