/* SPDX-License-Identifier: MIT */
/*
 * pointwise.inc.h - the loops of pointwise.h, for one `real`.
 */
static void LOOP(forward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->y[0].shape), count = fv__samples(&p->y[0]);
    for (int64_t n = 0; n < count; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t i = 0; i < size; i++) y[i] = LOOP(value)(p->options, x[i]);
    }
}

#ifndef FV_FLAT
static void LOOP(backward)(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->dy[0].shape), count = fv__samples(&p->dy[0]);
    const bool keeps_x = p->op->traits & FV_KEEP_X, keeps_y = p->op->traits & FV_KEEP_Y;
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < count; n++) {
        const real *x = fv__sample(&p->x[0], n), *y = fv__sample(&p->y[0], n);
        const real *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t i = 0; i < size; i++)
            dx[i] += dy[i] * LOOP(slope)(p->options, keeps_x ? x[i] : 0, keeps_y ? y[i] : 0);
    }
}
#endif
