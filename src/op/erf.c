/* SPDX-License-Identifier: MIT */
/*
 * erf: y = 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x, the error function.
 * Its slope is 2/sqrt(pi) exp(-x^2).
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <tgmath.h>

#define FV_LOOPS "op/erf.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4", "; 1x5", "; constant 7", "; 3x2x1x3", NULL};

const fv_op fv__op_erf = {
    .name = "erf",
    .help = "the error function",
    .about = "y = 2/sqrt(pi) * integral from 0 to x of exp(-t^2) dt.\n"
             "Gradient: dx = dy * 2/sqrt(pi) * exp(-x^2).\n"
             "Abramowitz & Stegun 1964, \"Handbook of Mathematical Functions\", 7.1.1.",
    .onnx = "Erf",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE | FV_KEEP_X,
    .shape = fv__shape_same,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static real LOOP(value)(const void *options, real x) {
    (void)options;
    return erf(x);
}

static real LOOP(slope)(const void *options, real x, real y) {
    (void)options;
    (void)y;
    return (real)1.12837916709551257390 * exp(-x * x);
}

#endif
