/* SPDX-License-Identifier: MIT */
/*
 * total.inc.h - the loops of total.h, for one `real`.
 */
static void LOOP(total)(const fv_pass *p) {
    const real s = (real)share(p);
    real *y = p->y[0].data;
    for (int k = 0; k < p->inputs; k++) {
        const real *x = p->x[k].data;
        const bool last = k == p->inputs - 1;
        fv_walk w = fv__walk_pair(p, k, k);
        for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
            for (int64_t i = 0; i < w.row; i++) {
                real *to = y + w.at[0] + i * w.by[0];
                const real sum = (k > 0 ? *to : 0) + x[w.at[1] + i * w.by[1]];
                *to = last ? s * sum : sum;
            }
    }
}
