/* SPDX-License-Identifier: MIT */
/*
 * reduce.inc.h - the loops of reduce_loops.h, for x of one type.
 */
static fv_group LOOP(look)(const void *options, const fv_walk *group, const real *x) {
    fv_group g = {0};
    fv_walk w = *group;
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++, g.count++)
            step(options, &g, (double)x[w.at[0] + i * w.by[0]]);
    return g;
}

static void LOOP(reduce)(const fv_pass *p) {
    const real *x = p->x[0].data;
    const fv_ints axes = AXES_OF(p->options);
    const fv_walk all = fv__walk_reduce(&p->x[0], &p->y[0], &axes);
    fv_walk w, group;
    fv__walk_split(&all, 1, &w, &group);
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++) {
            const fv_group g = LOOP(look)(p->options, &group, x + w.at[0] + i * w.by[0]);
            const int64_t at = w.at[1] + i * w.by[1];
            if (p->y[0].dtype == FV_I32)
                ((int32_t *)p->y[0].data)[at] = fv__whole_i32(end(&g));
            else
                ((real *)p->y[0].data)[at] = (real)end(&g);
        }
}

#if !defined FV_FLAT && !defined FV_WHOLE
/* Tensor 0 of the group is x, tensor 2 is dx. */
static void LOOP(give)(const fv_walk *group, const fv_group *g, const real *x, double dy,
                       real *dx) {
    int64_t at = 0;
    fv_walk w = *group;
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++)
            dx[w.at[2] + i * w.by[2]] +=
                (real)(dy * slope(g, (double)x[w.at[0] + i * w.by[0]], at++));
}

static void LOOP(backward)(const fv_pass *p) {
    const real *x = p->x[0].data, *dy = p->dy[0].data;
    real *dx = p->dx[0].data;
    const fv_ints axes = AXES_OF(p->options);
    fv_walk all = fv__walk_reduce(&p->x[0], &p->dy[0], &axes), w, group;
    if (dx == NULL) return;
    fv__walk_aligned(&all, 2, &p->dx[0]);
    fv__walk_split(&all, 1, &w, &group);
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++) {
            const real *from = x + w.at[0] + i * w.by[0];
            const fv_group g = LOOP(look)(p->options, &group, from);
            LOOP(give)
            (&group, &g, from, (double)dy[w.at[1] + i * w.by[1]], dx + w.at[2] + i * w.by[2]);
        }
}
#endif
