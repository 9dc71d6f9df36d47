/* SPDX-License-Identifier: MIT */
/*
 * silu: y = x s with s = 1/(1 + exp(-x)); dx = dy (s + y (1 - s)).
 * Elfwing, Uchibe & Doya 2018; Ramachandran, Zoph & Le 2017 call it swish.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <tgmath.h>

#define FV_LOOPS "op/silu.c"
#include "op/pointwise.h"

static const char *const samples[] = {"; 2x3x4x5", "; 3x7", "; 1x2x3x1x3", NULL};

const fv_op fv__op_silu = {
    .name = "silu",
    .help = "y = x*sigmoid(x), also called swish",
    .about = "y = x*s with s = 1/(1 + exp(-x)). Gradient: dx = dy*(s + x*s*(1 - s)).\n"
             "Elfwing, Uchibe & Doya 2018, \"Sigmoid-weighted linear units for neural network\n"
             "function approximation in reinforcement learning\"; Ramachandran, Zoph & Le 2017,\n"
             "\"Searching for activation functions\", call it swish.",
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
    return x / (1 + exp(-x));
}

static real LOOP(slope)(const void *options, real x, real y) {
    const real s = 1 / (1 + exp(-x));
    (void)options, (void)y;
    return s * (1 + x * (1 - s));
}

#endif
