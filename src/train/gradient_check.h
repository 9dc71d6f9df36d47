/* SPDX-License-Identifier: MIT */
/*
 * gradient_check.h - the gradient check: backward against differences of forward, in double.
 */
#ifndef FV_TRAIN_GRADIENT_CHECK_H
#define FV_TRAIN_GRADIENT_CHECK_H

#include "net/net.h"

typedef struct fv_check_options {
    int64_t batch;    /* samples, random */
    int64_t points;   /* coordinates tried per tensor */
    double tolerance; /* relative error that is still right, 1e-7 */
    uint64_t seed;    /* of weights, samples, targets and coordinates */
} fv_check_options;

/* One gradient: of a parameter of the whole network's loss, or of one node's input or parameter
   looked at alone, which tells whose backward is wrong. */
typedef struct fv_check_row {
    const char *name;       /* "conv1.weight"; "conv1, input 0"  */
    const char *op;         /* of the node: "conv" */
    bool local;             /* the node alone */
    double error;           /* |backward - difference| / |difference|, over the coordinates tried */
    int64_t tried, skipped; /* skipped: a kink or a tie lay within every step size */
    bool wrong;
} fv_check_row;

typedef struct fv_check_report {
    fv_check_row *rows;
    size_t count, capacity;
    double worst;           /* of all rows */
    int64_t wrong;          /* rows */
    const char *culprit;    /* the first node whose own backward is wrong, or NULL */
    const char *culprit_op; /* its operator */
    fv_arena arena;
} fv_check_report;

/* FV_OK when every gradient agrees, FV_DIFFERS with a sentence that names the operator when not;
   the report is filled either way and released by fv__gradients_free. `loss`: of heads that name
   none (NULL: cross-entropy). `watch` (may be NULL) is told after each tensor. */
FV_MUST_USE fv_status fv__gradients_check(fv_context *ctx, const fv_graph *net, const fv_op *loss,
                                          const fv_check_options *options,
                                          void (*watch)(void *arg, const fv_check_row *row),
                                          void *arg, fv_check_report *report);
void fv__gradients_free(fv_check_report *report);

#endif
