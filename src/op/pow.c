/* SPDX-License-Identifier: MIT */
/*
 * pow: y = a^b, element by element with broadcasting; da = dy b a^(b-1), db = dy y log(a), summed
 * over what was broadcast. Where a is 0, y does not move with b (b at least 0). Whole numbers are
 * multiplied, and 1/a^|b| is cut towards 0.
 */
#ifndef FV_LOOPS
#include "op/broadcast.h"

#include <tgmath.h>

/* By squaring; what does not fit 32 bits wraps round at every step. */
static int64_t whole_power(int64_t a, int64_t b) {
    int64_t y = 1;
    if (b < 0) return a == 1 ? 1 : a != -1 ? 0 : b % 2 == 0 ? 1 : -1;
    for (; b > 0; b /= 2, a = fv__wrap_i32(a * a))
        if (b % 2 == 1) y = fv__wrap_i32(y * a);
    return y;
}

#define FV_LOOPS "op/pow.c"
#include "op/binary.h"

static const char *const samples[] = {
    "; positive 2x3x4, 2x3x4",          "; positive 3x4, constant 4",
    "; positive 2x3x2, positive 2x1x2", "; positive 2x1x3, 2x4x1",
    "; positive 1x5, constant 1x5",     "; constant positive 4x1, constant 3",
    "; below 9 3x4, below 7 3x1",       NULL};

const fv_op fv__op_pow = {
    .name = "pow",
    .help = "a to the power of b, element by element",
    .about = "y = a^b, element by element; a dimension that is missing or 1 in one of them\n"
             "is repeated. A negative a has powers of whole numbers only; others are NaN.\n"
             "Whole numbers (int32) wrap round; negative powers of them are cut towards 0.\n"
             "Gradient: da = dy*b*a^(b-1), db = dy*y*log(a) (0 where a is 0 and b is not\n"
             "negative), summed over what was repeated.\n"
             "Broadcasting: Harris et al. 2020, \"Array programming with NumPy\".",
    .onnx = "Pow",
    .inputs_min = 2,
    .inputs_max = 2,
    .traits = FV_MIXES | FV_KEEP_X,
    .takes_first = FV_NUMBERS,
    .takes_others = FV_NUMBERS,
    .shape = fv__shape_alike,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

#if FV_WHOLE
static inline real LOOP(value)(const void *options, real a, real b) {
    (void)options;
    return whole_power(a, b);
}
#else
static inline real LOOP(value)(const void *options, real a, real b) {
    (void)options;
    return pow(a, b);
}

static inline real LOOP(slope)(const void *options, bool of_a, real a, real b) {
    (void)options;
    if (of_a) return b == 0 ? 0 : b * pow(a, b - 1);
    return a == 0 && b >= 0 ? 0 : pow(a, b) * log(a);
}
#endif

#endif
