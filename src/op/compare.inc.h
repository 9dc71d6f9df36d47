/* SPDX-License-Identifier: MIT */
/*
 * compare.inc.h - the loop of compare.h, for inputs that lie in memory as `stored`.
 */
static void LOOP(compare)(const fv_pass *p) {
    const stored *a = p->x[0].data, *b = p->x[1].data;
    uint8_t *y = p->y[0].data;
    fv_walk w = fv__walk_pair(p, 0, 1);
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++)
            y[w.at[0] + i * w.by[0]] =
                holds((double)a[w.at[1] + i * w.by[1]], (double)b[w.at[2] + i * w.by[2]]);
}
