/* SPDX-License-Identifier: MIT */
/*
 * winograd.h - the forms of Winograd's transforms, what the convolutions by them know of their work
 * (conv_winograd.c), and their filters (winograd_filters.c).
 */
#ifndef FV_CPU_WINOGRAD_H
#define FV_CPU_WINOGRAD_H

#include "cpu/conv_sizes.h"

#define FV_WINOGRAD_SIDE 6 /* most numbers of a transformed tile along a side */

/* One form. A tile is `tile` x `tile` results. Along a side it becomes `side` numbers; each is
   multiplied by one of the filter's `filters` numbers, and the products of neighbours that mean the
   same are added in one sum: `sums` of them are transformed back. */
typedef struct fv_winograd_form {
    int64_t stride, tile, side, sums, filters;
    int64_t few;                        /* below so many channels or filters it does not pay */
    int8_t first[FV_WINOGRAD_SIDE + 1]; /* a sum's numbers: first[s] ... first[s + 1] - 1 */
    int8_t filter[FV_WINOGRAD_SIDE];    /* what a number is multiplied by */
    /* Of the rows of G between the first and the last: so many pairs, of each pair the first; the
       second has another sign in the middle. None: the two rows of stride 2. */
    int pairs;
    float g[2][3];
} fv_winograd_form;

/* F(4x4, 3x3), F(2x2, 3x3), and F(2x2, 3x3) of stride 2. */
extern const fv_winograd_form fv__winograd_four, fv__winograd_two, fv__winograd_step;

/* All of a transformed tile, filter, and tile of sums. */
static inline int64_t fv__winograd_numbers(const fv_winograd_form *f) {
    return f->side * f->side;
}
static inline int64_t fv__winograd_filters(const fv_winograd_form *f) {
    return f->filters * f->filters;
}
static inline int64_t fv__winograd_sums(const fv_winograd_form *f) {
    return f->sums * f->sums;
}

/* What settle finds of a site. */
typedef struct fv_winograd {
    fv_conv_sizes s;
    const fv_winograd_form *form;
    int64_t high, across;  /* tiles of a map */
    int64_t lines;         /* rows of tiles of all samples */
    int64_t rows;          /* of a band, at most */
    bool whole;            /* one band, whose last tiles may be summed in an order of their own */
    int64_t ld;            /* from a channel's tiles of a band to the next one's */
    int64_t in_step, step; /* from number to number of a tile: before and after the products */
    int64_t strips;        /* of filters */
    bool late;             /* filters are transformed where they are met, not when prepared */
    int64_t frame, pitch;  /* a channel of a band with its padding: floats in all and in a row */
    int64_t work, worker;  /* floats: of the transforms of a channel, and of a worker in all */
    double grain;          /* operations of a piece that is shared out, in twos of FV_GRAIN */
    fv_winograd_maps maps; /* read and written where they lie; wide 0: through frames */
} fv_winograd;

/* Fills in the maps of a form; `wide` stays 0 where rows of tiles do not fit a vector, the padding
   is another, or the instructions have no such transforms. */
void fv__winograd_maps(fv_winograd_maps *maps, const fv_winograd_form *f, const fv_conv_sizes *s,
                       const struct fv_kernels *k);

/* Filters in strips of kernels->mr, [channel][filter of the strip]: transformed, such a strip for
   each [number][strip]; late ones, in blocks of channels. */
size_t fv__winograd_filter_floats(const fv_winograd *g, const struct fv_kernels *k);
void fv__winograd_prepare(const fv_pass *p);

/* The forward pass of all forms. */
void fv__winograd_run(const fv_pass *p);

/* The gradient of the weights, of tiles of 4x4 or of stride 2 (winograd_dw.c). `scratch` and
   `worker` are floats; dw[0] is added to. */
typedef struct fv_winograd_dw {
    fv_conv_sizes s;
    const fv_winograd_form *form;
    int64_t high, across, lines, rows, bands; /* as above; bands of all lines, or of a part */
    int64_t parts; /* lines that a thread sums up to itself; 0: all threads share each band */
    int64_t ld, x_step, y_step, frame, pitch;
    int64_t block;  /* channels of a product */
    bool turned;    /* its sums lie along channels: inputs' numbers are transposed for it */
    int64_t before; /* floats of a worker in front of transformed numbers, where these are his */
    int64_t scratch, worker;
    fv_winograd_maps maps; /* as above */
} fv_winograd_dw;
const char *fv__winograd_dw_settle(fv_winograd_dw *g, const fv_winograd_form *f,
                                   const fv_conv_sizes *s, const struct fv_kernels *k);
void fv__winograd_dw_run(const fv_pass *p, const fv_winograd_dw *g);

/* Late ones, of forms with pairs: blocks of channels, of strips, of rows and columns. Two rows of
   the transformed numbers of such a block, halfway: rows 0 and the last, or a pair of those
   between. From these all numbers of a row, strips for gemm. Both in so many floats of work. */
typedef struct fv_late {
    int64_t row[2];
    const float *half[2]; /* three columns, `step` apart */
    int64_t step[2], n;
    float *work;
    const float *next; /* so many floats that are wanted soon */
    int64_t ahead;
} fv_late;
int64_t fv__winograd_late_channels(const fv_winograd *g, int64_t c); /* of the block from c on */
size_t fv__winograd_late_floats(const fv_winograd *g, const struct fv_kernels *k);
void fv__winograd_late_rows(const fv_pass *p, int64_t strip, int64_t pair, int64_t c, float *work,
                            fv_late *out);
void fv__winograd_late_numbers(const fv_pass *p, const fv_late *late, int i,
                               const float *out[FV_WINOGRAD_SIDE]);
/* Asks for a part of what is wanted soon: piece i of n. */
void fv__winograd_late_fetch(const fv_late *late, int64_t i, int64_t n);

#endif
