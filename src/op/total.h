/* SPDX-License-Identifier: MIT */
/*
 * total.h - the loops of sum and mean: y = s * (x_1 + x_2 + …) with broadcasting. The file says
 *
 *     static double share(const fv_pass *p) { ... }      s
 *
 * and gets forward_f32, forward_f64, backward. Whole numbers are added up as they are and
 * wrap round.
 */
#include "op/broadcast.h"
#include "op/product.h"

#define FV_LOOPS "op/total.inc.h"
#include "op/loops.h"

static void add_whole(const fv_pass *p) {
    int32_t *y = p->y[0].data;
    for (int k = 0; k < p->inputs; k++) {
        const int32_t *x = p->x[k].data;
        fv_walk w = fv__walk_pair(p, k, k);
        for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
            for (int64_t i = 0; i < w.row; i++) {
                int32_t *to = y + w.at[0] + i * w.by[0];
                const int64_t before = k > 0 ? *to : 0;
                *to = fv__wrap_i32(before + x[w.at[1] + i * w.by[1]]);
            }
    }
}

static void forward_f32(const fv_pass *p) {
    (p->x[0].dtype == FV_I32 ? add_whole : total_f32)(p);
}
static void forward_f64(const fv_pass *p) {
    (p->x[0].dtype == FV_I32 ? add_whole : total_f64)(p);
}

static void backward(const fv_pass *p) {
    for (int k = 0; k < p->inputs; k++)
        if (p->dx[k].data) fv__product_broadcast(&p->dy[0], &p->dx[k], FV_OF_A, share(p));
}
