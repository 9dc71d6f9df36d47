/* SPDX-License-Identifier: MIT */
/*
 * extreme.h - the loops of max and min: y is the one of x_1, x_2, … that beats the others, with
 * broadcasting; the first among equals. A NaN wins, so that it is seen where it arises. The file
 * says
 *
 *     static inline bool beats(double x, double best) { ... }
 *
 * and gets shape, forward_f32, forward_f64, backward_f32, backward_f64, branches. The number of the
 * winner is kept for backward.
 */
#include "op/broadcast.h"

#include <math.h>

static fv_status shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_alike(ctx, site));
    fv__site_saved(site, FV_I32, site->out[0]);
    return FV_OK;
}

#define real       float
#define LOOP(name) name##_f32
#include "op/extreme.inc.h"
#undef real
#undef LOOP
#define real       double
#define LOOP(name) name##_f64
#include "op/extreme.inc.h"
#undef real
#undef LOOP
#define FV_WHOLE
#define real       int32_t
#define LOOP(name) name##_i32
#include "op/extreme.inc.h"
#undef real
#undef LOOP
#undef FV_WHOLE

static void forward_f32(const fv_pass *p) {
    (p->x[0].dtype == FV_I32 ? choose_i32 : choose_f32)(p);
}
static void forward_f64(const fv_pass *p) {
    (p->x[0].dtype == FV_I32 ? choose_i32 : choose_f64)(p);
}

static int64_t order(double a, double b) {
    return a > b ? 1 : a < b ? 2 : 3;
}

/* Another wins only where two change their order. */
static uint64_t branches(const fv_pass *p) {
    uint64_t hash = FV_BRANCHES_START;
    for (int k = 1; k < p->inputs; k++)
        for (int j = 0; j < k; j++)
            hash = fv__branches_add(hash, (int64_t)fv__branches_pairs(p, j, k, order));
    return hash;
}
