/* SPDX-License-Identifier: MIT */
/*
 * numberloss.inc.h - the loops of a loss that compares number by number; see numberloss.h.
 */
#ifndef FV_LOOPS
#define FV_LOOPS "op/numberloss.inc.h"
#include "op/loops.h"
#else

static void LOOP(forward)(const fv_pass *p) {
    double loss = 0;
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        for (int64_t c = 0; c < fv__shape_sample(&p->x[0].shape); c++)
            loss += value(p->options, x[c], fv__numberloss_wanted(p, n, c));
    }
    *(real *)p->y[0].data = (real)(loss / fv__numberloss_divisor(p));
}

static void LOOP(backward)(const fv_pass *p) {
    const real dy = *(const real *)p->dy[0].data, divisor = (real)fv__numberloss_divisor(p);
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t c = 0; c < fv__shape_sample(&p->x[0].shape); c++)
            dx[c] += (real)slope(p->options, x[c], fv__numberloss_wanted(p, n, c)) / divisor * dy;
    }
}

#endif
