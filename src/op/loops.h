/* SPDX-License-Identifier: MIT */
/*
 * loops.h - compiles the loops of an operator's file twice, for float and for double.
 *
 * The file says, after its options and shape rule:
 *
 *     #define FV_LOOPS "op/conv.c"
 *     #include "op/loops.h"
 *     const fv_op fv__op_conv = {…, .forward = {forward_f32, forward_f64}, …};
 *     #else
 *     … static void LOOP(forward)(const fv_pass *p) { const real *x = p->x[0].data; … }
 *     #endif
 *
 * and starts with #ifndef FV_LOOPS. Inside the loops, `real` is the type and LOOP(name) the name.
 */
#define real       float
#define LOOP(name) name##_f32
#include FV_LOOPS
#undef real
#undef LOOP
#define real       double
#define LOOP(name) name##_f64
#include FV_LOOPS
#undef real
#undef LOOP
