/* SPDX-License-Identifier: MIT */
/*
 * compare.h - loops.h for an operator of two inputs that says of every pair of elements whether
 * something holds, with broadcasting. The file says
 *
 *     static inline bool holds(double a, double b) { ... }
 *
 * and gets forward: real and whole numbers and truth values, all of which a double holds exactly.
 */
#include "op/broadcast.h"

#define stored     float
#define LOOP(name) name##_f32
#include "op/compare.inc.h"
#undef stored
#undef LOOP
#define stored     double
#define LOOP(name) name##_f64
#include "op/compare.inc.h"
#undef stored
#undef LOOP
#define stored     int32_t
#define LOOP(name) name##_i32
#include "op/compare.inc.h"
#undef stored
#undef LOOP
#define stored     uint8_t
#define LOOP(name) name##_bool
#include "op/compare.inc.h"
#undef stored
#undef LOOP

static void forward(const fv_pass *p) {
    switch (p->x[0].dtype) {
    case FV_F64:
        compare_f64(p);
        return;
    case FV_I32:
        compare_i32(p);
        return;
    case FV_BOOL8:
        compare_bool(p);
        return;
    default:
        compare_f32(p);
    }
}
