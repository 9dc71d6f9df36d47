/* SPDX-License-Identifier: MIT */
/*
 * extreme.inc.h - the loops of extreme.h, for one `real`. Tensor 3 of the walks is the winner.
 */
static void LOOP(choose)(const fv_pass *p) {
    real *y = p->y[0].data;
    int32_t *winner = p->training && p->saved[0].data ? p->saved[0].data : NULL;
    for (int k = 0; k < p->inputs; k++) {
        const real *x = p->x[k].data;
        fv_walk w = fv__walk_pair(p, k, k);
        if (winner) fv__walk_aligned(&w, 3, &p->saved[0]);
        for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
            for (int64_t i = 0; i < w.row; i++) {
                real *best = y + w.at[0] + i * w.by[0];
                const real v = x[w.at[1] + i * w.by[1]];
                if (k > 0 && !beats((double)v, (double)*best) && !isnan((double)v)) continue;
                *best = v;
                if (winner) winner[w.at[3] + i * w.by[3]] = k;
            }
    }
}

#ifndef FV_WHOLE
/* The sum of dy where input k won, over the places that read one element of it. */
static double LOOP(won)(const fv_walk *still, int k, const real *dy, const int32_t *winner) {
    double sum = 0;
    if (still->rank == 0) return *winner == k ? *dy : 0;
    fv_walk w = *still;
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++)
            if (winner[w.at[3] + i * w.by[3]] == k) sum += dy[w.at[0] + i * w.by[0]];
    return sum;
}

static void LOOP(backward)(const fv_pass *p) {
    const int32_t *winner = p->saved[0].data;
    for (int k = 0; k < p->inputs; k++) {
        const real *dy = p->dy[0].data;
        real *dx = p->dx[k].data;
        fv_walk all = fv__walk_over(&p->dy[0].shape), w, still;
        if (dx == NULL) continue;
        fv__walk_aligned(&all, 0, &p->dy[0]);
        fv__walk_aligned(&all, 1, &p->dx[k]);
        fv__walk_aligned(&all, 3, &p->saved[0]);
        fv__walk_split(&all, 1, &w, &still);
        for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
            for (int64_t i = 0; i < w.row; i++)
                dx[w.at[1] + i * w.by[1]] += (real)LOOP(won)(&still, k, dy + w.at[0] + i * w.by[0],
                                                             winner + w.at[3] + i * w.by[3]);
    }
}
#endif
