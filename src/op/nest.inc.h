/* SPDX-License-Identifier: MIT */
/*
 * nest.inc.h - the loops of nest.h, for one `real`.
 */

/*
 * One kernel, between a channel of x and a channel of y. The loops visit every triple (output p,
 * input stride p + dilation q - pad, weight q) that C holds; each reading of the triple is one
 * pass: y[p]  += w[q] x[i]     y = Cx dx[i] += w[q] dy[p]    dx = C'dy dw[q] += dy[p] x[i] What is
 * NULL is not wanted.
 */
static void LOOP(kernel)(const fv_nest *s, const real *x, const real *w, real *y, const real *dy,
                         real *dx, real *dw) {
    const fv_window *high = &s->win[0], *wide = &s->win[1];
    const int64_t area = high->kernel * wide->kernel, step = wide->stride;
    for (int64_t q = 0; q < area; q++) {
        const int64_t qh = q / wide->kernel, qw = q % wide->kernel;
        const int64_t at = s->flip ? area - 1 - q : q;
        int64_t h0, h1, w0, w1; /* the outputs whose input is in the map, not in the padding */
        fv__window_inside(high, s->height, qh, &h0, &h1);
        fv__window_inside(wide, s->width, qw, &w0, &w1);
        double sum = 0; /* of dw[q]; long sums: in double also for float */
        for (int64_t ph = h0; ph < h1; ph++) {
            const int64_t p = ph * wide->out;
            const int64_t i = (ph * high->stride + qh * high->dilation - high->before) * s->width +
                              qw * wide->dilation - wide->before;
            if (y != NULL)
                for (int64_t pw = w0; pw < w1; pw++) y[p + pw] += w[at] * x[i + step * pw];
            if (dx != NULL)
                for (int64_t pw = w0; pw < w1; pw++) dx[i + step * pw] += w[at] * dy[p + pw];
            if (dw != NULL)
                for (int64_t pw = w0; pw < w1; pw++) sum += dy[p + pw] * x[i + step * pw];
        }
        if (dw != NULL) dw[at] += (real)sum;
    }
}

/* All pairs of channels of one sample that a group joins, kernel after kernel: w[y][x of the
   group][q]. */
static inline void LOOP(pairs)(const fv_nest *s, const real *x, const real *w, real *y,
                               const real *dy, real *dx, real *dw) {
    const int64_t pixels = s->height * s->width, area = s->win[0].kernel * s->win[1].kernel;
    for (int64_t k = 0; k < s->groups * s->out; k++)
        for (int64_t c = 0; c < s->in; c++) {
            const int64_t from = (k / s->out * s->in + c) * pixels, to = k * s->plane;
            const int64_t q = (k * s->in + c) * area;
            LOOP(kernel)
            (s, x ? x + from : NULL, w + q, y ? y + to : NULL, dy ? dy + to : NULL,
             dx ? dx + from : NULL, dw ? dw + q : NULL);
        }
}

/* y = the bias: one for each channel, or for each unit; 0 without. */
static void LOOP(start)(const fv_tensor *y, const fv_tensor *bias) {
    const real *b = bias ? bias->data : NULL;
    const int64_t size = fv__shape_sample(&y->shape);
    const int64_t run = b ? size / fv__shape_count(&bias->shape) : size;
    for (int64_t n = 0; n < y->shape.dim[0]; n++) {
        real *to = fv__sample(y, n);
        for (int64_t i = 0; i < size; i++) to[i] = b ? b[i / run] : 0;
    }
}

/* And its gradient. */
static void LOOP(bias)(const fv_tensor *dy, const fv_tensor *dbias) {
    real *db = dbias->data;
    if (db == NULL) return;
    const int64_t count = fv__shape_count(&dbias->shape);
    const int64_t run = fv__shape_sample(&dy->shape) / count;
    for (int64_t n = 0; n < dy->shape.dim[0]; n++) {
        const real *from = fv__sample(dy, n);
        for (int64_t k = 0; k < count; k++) {
            double sum = 0; /* long sums: in double also for float */
            for (int64_t i = 0; i < run; i++) sum += from[k * run + i];
            db[k] += (real)sum;
        }
    }
}
