/* SPDX-License-Identifier: MIT */
/*
 * pointwise.h - loops.h for an operator whose every output depends on one input: y[i] = f(x[i]).
 *
 * The file says, where others write forward and backward over a whole batch,
 *
 *     static real LOOP(value)(const void *options, real x) { ... }             y
 *     static real LOOP(slope)(const void *options, real x, real y) { ... }     dy/dx
 *
 * and gets forward_f32, forward_f64, backward_f32, backward_f64. `slope` may read what the traits
 * say is kept for it, x or y (FV_KEEP_X, FV_KEEP_Y), and gets 0 for the other. A file that defines
 * FV_FLAT before has no slope, and gets no backward: a function of steps.
 */
#define real       float
#define LOOP(name) name##_f32
#include FV_LOOPS
#include "op/pointwise.inc.h"
#undef real
#undef LOOP
#define real       double
#define LOOP(name) name##_f64
#include FV_LOOPS
#include "op/pointwise.inc.h"
#undef real
#undef LOOP
