/* SPDX-License-Identifier: MIT */
/*
 * winograd.h - the forms of Winograd's transforms that cpu/conv_winograd.c knows, and their
 * filters.
 */
#ifndef FV_CPU_WINOGRAD_H
#define FV_CPU_WINOGRAD_H

#include <stdint.h>

#define FV_WINOGRAD_SIDE 6 /* most numbers of a transformed tile along a side */

/* One form. A tile is `tile` x `tile` results. Along a side it becomes `side` numbers; each is
   multiplied by one of the filter's `filters` numbers, and the products of neighbours that mean the
   same are added in one sum: `sums` of them are transformed back. */
typedef struct fv_winograd_form {
    int64_t stride, tile, side, sums, filters;
    int64_t few;                        /* below so many channels or filters it does not pay */
    int8_t first[FV_WINOGRAD_SIDE + 1]; /* a sum's numbers: first[s] ... first[s + 1] - 1 */
    int8_t filter[FV_WINOGRAD_SIDE];    /* what a number is multiplied by */
    void (*line)(const double x[3], double *t); /* transforms three weights of a filter */
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

/* Transforms a filter of 3x3 weights; its numbers go to `out`, `step` apart. */
void fv__winograd_filter(const fv_winograd_form *f, const float *g, float *out, int64_t step);

#endif
