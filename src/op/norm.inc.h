/* SPDX-License-Identifier: MIT */
/*
 * norm.inc.h - the loops of a normalisation by mean and variance, for one real type:
 *
 *     xhat = (x - mean) scale,   y = weight xhat + bias
 *
 * with mean and variance of each run, scale a function of the variance, and weight 1 and bias 0
 * where the operator has none. With g = weight dy and m numbers in a run,
 *
 *     dx = scale (g - sum g/m) + 2 scale'/m (x - mean) sum g (x - mean)
 *
 * The file that includes it in its second half has
 *
 *     static fv_norm runs_of(const fv_shape *in, const void *options)
 */

/* Mean and variance of the run that begins at x. */
static double LOOP(mean)(const fv_norm *g, const real *x, double *variance) {
    double sum = 0, square = 0;
    for (int64_t i = 0; i < g->length; i++) sum += x[fv__norm_at(&g->within, i)];
    const double mean = sum / (double)g->length;
    for (int64_t i = 0; i < g->length; i++) {
        const double d = x[fv__norm_at(&g->within, i)] - mean;
        square += d * d;
    }
    *variance = square / (double)g->length;
    return mean;
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_norm g = runs_of(&p->x[0].shape, p->options);
    const real *weight = p->params > 0 ? p->w[0].data : NULL;
    const real *bias = p->params > 0 ? p->w[1].data : NULL;
    for (int64_t n = 0; n < g.samples; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t r = 0; r < g.runs; r++) {
            const int64_t start = fv__norm_at(&g.between, r);
            double variance, slope;
            const double mean = LOOP(mean)(&g, x + start, &variance);
            const double scale = g.scale(variance, g.epsilon, &slope);
            for (int64_t i = 0; i < g.length; i++) {
                const int64_t e = start + fv__norm_at(&g.within, i), k = e / g.repeat % g.weights;
                const double xhat = (x[e] - mean) * scale;
                y[e] = (real)(weight != NULL ? weight[k] * xhat + bias[k] : xhat);
            }
        }
    }
}

/* Backward of the run that begins at `start` of sample n. */
static void LOOP(back_run)(const fv_pass *p, const fv_norm *g, int64_t n, int64_t start) {
    const real *x = fv__sample(&p->x[0], n), *dy = fv__sample(&p->dy[0], n);
    const real *weight = p->params > 0 ? p->w[0].data : NULL;
    real *dw = p->params > 0 ? p->dw[0].data : NULL, *db = p->params > 0 ? p->dw[1].data : NULL;
    real *dx = fv__sample(&p->dx[0], n);
    const double m = (double)g->length;
    double variance, slope, sum = 0, product = 0; /* sum g, sum g (x - mean) */
    const double mean = LOOP(mean)(g, x + start, &variance);
    const double scale = g->scale(variance, g->epsilon, &slope);
    for (int64_t i = 0; i < g->length; i++) {
        const int64_t e = start + fv__norm_at(&g->within, i), k = e / g->repeat % g->weights;
        const double v = weight != NULL ? weight[k] * (double)dy[e] : dy[e];
        sum += v;
        product += v * (x[e] - mean);
        if (dw != NULL) dw[k] += (real)(dy[e] * (x[e] - mean) * scale);
        if (db != NULL) db[k] += dy[e];
    }
    for (int64_t i = 0; dx != NULL && i < g->length; i++) {
        const int64_t e = start + fv__norm_at(&g->within, i), k = e / g->repeat % g->weights;
        const double v = weight != NULL ? weight[k] * (double)dy[e] : dy[e];
        dx[e] += (real)(scale * (v - sum / m) + 2 * slope / m * (x[e] - mean) * product);
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_norm g = runs_of(&p->x[0].shape, p->options);
    for (int64_t n = 0; n < g.samples; n++)
        for (int64_t r = 0; r < g.runs; r++) LOOP(back_run)(p, &g, n, fv__norm_at(&g.between, r));
}
