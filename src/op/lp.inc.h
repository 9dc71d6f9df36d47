/* SPDX-License-Identifier: MIT */
/*
 * lp.inc.h - the loops of pools by the p-norm, for one real type:
 *
 *     y = (sum over the window of |x|^p)^(1/p),   dx = dy sign(x) (|x|/y)^(p-1)
 *
 * What is raised to p is divided by the largest before and y multiplied by it again, so that
 * nothing overflows. Where all x are 0 the gradient is taken as 0.
 *
 * The file that includes it in its second half has
 *
 *     static fv_pooling pooling(const fv_shape *in, const void *options)
 *     static double power(const void *options)
 */

/* The norm of a window of a sample x. */
static double LOOP(norm)(const fv_pooling *g, const fv_pooled *at, double p, const real *x) {
    double most = 0, sum = 0;
    x += at->plane;
    for (int64_t h = at->h0; h < at->h1; h += at->dh)
        for (int64_t w = at->w0; w < at->w1; w += at->dw)
            most = fmax(most, fabs((double)x[h * g->width + w]));
    if (!(most > 0) || isinf(most)) most = 1;
    for (int64_t h = at->h0; h < at->h1; h += at->dh)
        for (int64_t w = at->w0; w < at->w1; w += at->dw)
            sum += pow(fabs((double)x[h * g->width + w]) / most, p);
    return most * pow(sum, 1 / p);
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_pooling g = pooling(&p->x[0].shape, p->options);
    for (fv_pooled at = fv__pooled_first(&g); at.n < g.samples; fv__pooled_next(&g, &at)) {
        real *y = fv__sample(&p->y[0], at.n);
        y[at.out] = (real)LOOP(norm)(&g, &at, power(p->options), fv__sample(&p->x[0], at.n));
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_pooling g = pooling(&p->x[0].shape, p->options);
    const double less = power(p->options) - 1;
    if (p->dx[0].data == NULL) return;
    for (fv_pooled at = fv__pooled_first(&g); at.n < g.samples; fv__pooled_next(&g, &at)) {
        const real *x = (const real *)fv__sample(&p->x[0], at.n) + at.plane;
        const real *y = fv__sample(&p->y[0], at.n), *dy = fv__sample(&p->dy[0], at.n);
        real *dx = (real *)fv__sample(&p->dx[0], at.n) + at.plane;
        for (int64_t h = at.h0; h < at.h1; h += at.dh)
            for (int64_t w = at.w0; w < at.w1; w += at.dw) {
                const int64_t i = h * g.width + w;
                if (x[i] == 0) continue;
                const double slope = pow(fabs((double)x[i]) / y[at.out], less);
                dx[i] += (real)(x[i] > 0 ? dy[at.out] * slope : -dy[at.out] * slope);
            }
    }
}
