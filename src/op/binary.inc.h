/* SPDX-License-Identifier: MIT */
/*
 * binary.inc.h - the loops of binary.h, for one `real`; numbers lie in memory as `stored`.
 */
static void LOOP(compute)(const fv_pass *p) {
    const stored *a = p->x[0].data, *b = p->x[1].data;
    stored *y = p->y[0].data;
    fv_walk w = fv__walk_pair(p, 0, 1);
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++)
            y[w.at[0] + i * w.by[0]] =
                STORED(LOOP(value)(p->options, a[w.at[1] + i * w.by[1]], b[w.at[2] + i * w.by[2]]));
}

#if !FV_WHOLE
/* The sum of dy times the slope over the places of `still`, counted from where the tensors are
   given; a and b are NULL when the slope does not read them. */
static double LOOP(slopes)(const fv_pass *p, const fv_walk *still, bool of_a, const real *dy,
                           const real *a, const real *b) {
    double sum = 0;
    if (still->rank == 0) return *dy * LOOP(slope)(p->options, of_a, a ? *a : 0, b ? *b : 0);
    fv_walk w = *still;
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++)
            sum += dy[w.at[0] + i * w.by[0]] * LOOP(slope)(p->options, of_a,
                                                           a ? a[w.at[1] + i * w.by[1]] : 0,
                                                           b ? b[w.at[2] + i * w.by[2]] : 0);
    return sum;
}

/* One element of dx may have been read at many places: the walk is split into one over dx, and one
   over the places of each element. */
static void LOOP(backward)(const fv_pass *p) {
    const bool keeps = p->op->traits & FV_KEEP_X;
    for (int k = 0; k < 2; k++) {
        real *dx = p->dx[k].data;
        const real *dy = p->dy[0].data, *a = p->x[0].data, *b = p->x[1].data;
        fv_walk all = fv__walk_pair(p, 0, 1), w, still;
        if (dx == NULL) continue;
        fv__walk_aligned(&all, 0, &p->dy[0]);
        fv__walk_aligned(&all, 3, &p->dx[k]);
        fv__walk_split(&all, 3, &w, &still);
        for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
            for (int64_t i = 0; i < w.row; i++)
                dx[w.at[3] + i * w.by[3]] +=
                    (real)LOOP(slopes)(p, &still, k == 0, dy + w.at[0] + i * w.by[0],
                                       keeps ? a + w.at[1] + i * w.by[1] : NULL,
                                       keeps ? b + w.at[2] + i * w.by[2] : NULL);
    }
}
#endif
