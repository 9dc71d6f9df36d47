/* SPDX-License-Identifier: MIT */
/*
 * binary.h - loops.h for an operator of two inputs that computes element by element with
 * broadcasting: y = f(a, b). The file says
 *
 *     static inline real LOOP(value)(const void *options, real a, real b) { ... }        y
 *     static inline real LOOP(slope)(const void *options, bool of_a, real a, real b)     dy/da or
 *     { ... }                                                                            dy/db
 *
 * and gets forward_f32, forward_f64, backward_f32, backward_f64. For `slope` a and b are 0 unless
 * the operator has FV_KEEP_X. Forward computes whole numbers (int32) too, with `real` an int64_t
 * and FV_WHOLE 1; what comes out wraps round.
 */
#include "op/broadcast.h"

#define FV_WHOLE   0
#define STORED(v)  (v)
#define real       float
#define stored     float
#define LOOP(name) name##_f32
#include FV_LOOPS
#include "op/binary.inc.h"
#undef real
#undef stored
#undef LOOP
#define real       double
#define stored     double
#define LOOP(name) name##_f64
#include FV_LOOPS
#include "op/binary.inc.h"
#undef real
#undef stored
#undef LOOP
#undef STORED
#undef FV_WHOLE

#define FV_WHOLE   1
#define STORED(v)  fv__wrap_i32(v)
#define real       int64_t
#define stored     int32_t
#define LOOP(name) name##_i32
#include FV_LOOPS
#include "op/binary.inc.h"
#undef real
#undef stored
#undef LOOP
#undef STORED
#undef FV_WHOLE

static void forward_f32(const fv_pass *p) {
    (p->x[0].dtype == FV_I32 ? compute_i32 : compute_f32)(p);
}
static void forward_f64(const fv_pass *p) {
    (p->x[0].dtype == FV_I32 ? compute_i32 : compute_f64)(p);
}
