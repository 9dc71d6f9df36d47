/* SPDX-License-Identifier: MIT */
/*
 * pool.inc.h - what pools that add up their windows share, for one real type; included in their
 * second half.
 */

/* The sum of a window of a sample x. */
static double LOOP(sum)(const fv_pooling *g, const fv_pooled *at, const real *x) {
    double sum = 0;
    for (int64_t h = at->h0; h < at->h1; h += at->dh)
        for (int64_t w = at->w0; w < at->w1; w += at->dw) sum += x[at->plane + h * g->width + w];
    return sum;
}

/* Adds to every pixel of a window of a sample dx. */
static void LOOP(spread)(const fv_pooling *g, const fv_pooled *at, real share, real *dx) {
    for (int64_t h = at->h0; h < at->h1; h += at->dh)
        for (int64_t w = at->w0; w < at->w1; w += at->dw) dx[at->plane + h * g->width + w] += share;
}
