/* SPDX-License-Identifier: MIT */
/*
 * step.h - one convolution or pooling on a few numbers, window by window, forward and backward; and
 * a convolution written out as the matrix it is.
 *
 * The results (y, dx, dw) are computed by the operator itself, as everywhere; the windows say which
 * products they are made of.
 */
#ifndef FOVEA_STEP_H
#define FOVEA_STEP_H

#include "matrix.h"

FV_BEGIN

/* Number i of the operators that can be walked through ("conv"); NULL when there is none. */
FV_API const char *fv_step_operator(int i);

typedef struct fv_step_options {
    size_t size;        /* FV_INIT(fv_step_options) */
    const char *op;     /* one of those */
    const fv_matrix *x; /* rank 1: one row; 2: rows, columns; 3: channels, rows, columns */
    const fv_matrix *w; /* of convolutions. rank 1: one row; 2: one filter; 3: of several channels,
                           or, over one channel, several filters; 4: filters, channels, rows,
                           columns. Of convtranspose rank 4 is channels, filters, rows, columns,
                           and rank 3 over one channel several filters */
    const char *settings;  /* "stride=2 pad=1", a pool's window "kernel=2x2"; NULL: none */
    const fv_matrix *bias; /* of convolutions, a number a filter; NULL: no bias */
    const fv_matrix *dy;   /* of the shape of y, or as many numbers; NULL: ones */
    int matrix;            /* 1: the matrix C too */
} fv_step_options;

/* One number of the map that a window lies on. */
typedef struct fv_step_term {
    int64_t channel, row, column; /* where it is; row and column may lie outside */
    int inside;                   /* 0: on the padding, where everything is 0 */
    int64_t weight;               /* which number of w meets it; -1: a pool has none */
} fv_step_term;

/* One place where the window stands. Of conv and pools the place is a number of y, and the window
   lies on x:
       y[place] = sum over terms of w x, the largest x, their mean
       dx[term] += w dy[place],  dw[weight] += x[term] dy[place]
   Of convtranspose it is a number of x, and the window lies on y:
       y[term] += w x[place]
       dx[place] = sum over terms of w dy[term],  dw[weight] += x[place] dy[term] */
typedef struct fv_step_window {
    int64_t channel, row, column;                           /* the place */
    int64_t first_row, first_column, last_row, last_column; /* under the window */
    int term_count;
    const fv_step_term *terms; /* row by row in each channel, padding too */
    int winner;                /* of maxpool and minpool: which term; else -1 */
    int64_t divisor;           /* of avgpool: how many numbers count; else 0 */
} fv_step_window;

/* All of it; freed by fv_steps_free. */
typedef struct fv_steps {
    const char *op;
    const char *options;              /* as in the language: "1 3x3 stride 2 bias no" */
    int transposed;                   /* convtranspose: the windows lie on y */
    const fv_matrix *x, *y, *dy, *dx; /* rank 3: channels, rows, columns */
    const fv_matrix *w, *dw;          /* rank 4 as the operator has it; NULL: it has none */
    const fv_matrix *bias, *dbias;    /* rank 1; NULL: it has none */
    int window_count;
    const fv_step_window *const *windows; /* in the order of the places */
    /* conv: y = C x + bias, dx = C' dy. convtranspose: y = C' x + bias, dx = C dy. Rows are places,
       columns the numbers of the map. NULL unless asked for. */
    const fv_matrix *matrix;
} fv_steps;

/* FV_USAGE: an operator that cannot be walked through, a setting it has not ("did you mean"),
   weights for a pool or none for a convolution. FV_BAD_INPUT: shapes that do not fit, values out of
   range, more than 4096 numbers on either side or 2^20 products. */
FV_MUST_USE FV_API fv_status fv_step_through(fv_context *ctx, const fv_step_options *options,
                                             fv_steps **out);
FV_API void fv_steps_free(fv_steps *steps); /* NULL is allowed */

FV_END
#endif
