/* SPDX-License-Identifier: MIT */
/*
 * pick.inc.h - the loops of pools that pick one pixel of each window, for one real type. Its place
 * in its channel's plane, row * width + column, is kept for backward (saved[0], I32), and given as
 * second output where there is one. The gradient goes to that pixel.
 *
 * The file that includes it in its second half has
 *
 *     static fv_pooling pooling(const fv_shape *in, const void *options)
 *     static bool LOOP(wins)(real v, real held)    whether v takes the place of the best so far
 */

/* The place of the pixel picked in the plane x. A NaN wins, so that it is seen where it arises and
   not lost. */
static int64_t LOOP(pick)(const fv_pooling *g, const fv_pooled *at, const real *x) {
    int64_t best = -1;
    for (int64_t h = at->h0; h < at->h1; h += at->dh)
        for (int64_t w = at->w0; w < at->w1; w += at->dw) {
            const int64_t i = h * g->width + w;
            if (best < 0 || LOOP(wins)(x[i], x[best]) || isnan(x[i])) best = i;
        }
    return best;
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_pooling g = pooling(&p->x[0].shape, p->options);
    for (fv_pooled at = fv__pooled_first(&g); at.n < g.samples; fv__pooled_next(&g, &at)) {
        const real *x = (const real *)fv__sample(&p->x[0], at.n) + at.plane;
        real *y = fv__sample(&p->y[0], at.n);
        int32_t *won = p->training ? fv__sample(&p->saved[0], at.n) : NULL;
        int32_t *told = p->outputs > 1 ? fv__sample(&p->y[1], at.n) : NULL;
        const int64_t i = LOOP(pick)(&g, &at, x);
        y[at.out] = x[i];
        if (won != NULL) won[at.out] = (int32_t)i;
        if (told != NULL) told[at.out] = (int32_t)i;
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_pooling g = pooling(&p->x[0].shape, p->options);
    if (p->dx[0].data == NULL || p->dy[0].data == NULL) return;
    for (fv_pooled at = fv__pooled_first(&g); at.n < g.samples; fv__pooled_next(&g, &at)) {
        const int32_t *won = fv__sample(&p->saved[0], at.n);
        const real *dy = fv__sample(&p->dy[0], at.n);
        real *dx = (real *)fv__sample(&p->dx[0], at.n) + at.plane;
        dx[won[at.out]] += dy[at.out];
    }
}

/* As fv_op.branches: all picks. */
static inline uint64_t LOOP(branches)(const fv_pass *p) {
    const fv_pooling g = pooling(&p->x[0].shape, p->options);
    uint64_t hash = FV_BRANCHES_START;
    for (fv_pooled at = fv__pooled_first(&g); at.n < g.samples; fv__pooled_next(&g, &at)) {
        const real *x = (const real *)fv__sample(&p->x[0], at.n) + at.plane;
        hash = fv__branches_add(hash, LOOP(pick)(&g, &at, x));
    }
    return hash;
}
