/* SPDX-License-Identifier: MIT */
/*
 * reduce_loops.h - loops.h for an operator that makes one number of a group of elements. The file
 * says
 *
 *     static inline void step(const void *options, fv_group *g, double x)    one more element
 *     static inline double end(const fv_group *g)                            y
 *     static inline double slope(const fv_group *g, double x, int64_t i)     dy/dx of element i
 *
 * and gets forward_f32, forward_f64, backward_f32, backward_f64, all of which compute in double.
 * x may be of whole numbers (int32), and y, whatever x is. Before, it may define
 *
 *     FV_FLAT     it has no slope and gets no backward
 *     FV_PICKS    g->best is the winner of the group; it gets `branches`
 *     AXES_OF     where its options have the axes, if they are not fv_reduce_options
 */
#include "op/reduce.h"

#ifndef AXES_OF
#define AXES_OF(options) (((const fv_reduce_options *)(options))->axes)
#endif

#define real       float
#define LOOP(name) name##_f32
#include "op/reduce.inc.h"
#undef real
#undef LOOP
#define real       double
#define LOOP(name) name##_f64
#include "op/reduce.inc.h"
#undef real
#undef LOOP
#define FV_WHOLE
#define real       int32_t
#define LOOP(name) name##_i32
#include "op/reduce.inc.h"
#undef real
#undef LOOP
#undef FV_WHOLE

static void forward_f32(const fv_pass *p) {
    (p->x[0].dtype == FV_I32 ? reduce_i32 : reduce_f32)(p);
}
static void forward_f64(const fv_pass *p) {
    (p->x[0].dtype == FV_I32 ? reduce_i32 : reduce_f64)(p);
}

#ifdef FV_PICKS
static uint64_t branches(const fv_pass *p) {
    const double *x = p->x[0].data;
    const fv_ints axes = AXES_OF(p->options);
    const fv_walk all = fv__walk_reduce(&p->x[0], &p->y[0], &axes);
    uint64_t hash = FV_BRANCHES_START;
    fv_walk w, group;
    fv__walk_split(&all, 1, &w, &group);
    for (bool row = p->x[0].dtype == FV_F64 && fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++)
            hash = fv__branches_add(hash,
                                    look_f64(p->options, &group, x + w.at[0] + i * w.by[0]).best);
    return hash;
}
#endif
