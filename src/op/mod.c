/* SPDX-License-Identifier: MIT */
/*
 * mod: y = a - b q, element by element with broadcasting. q is a / b rounded down, and y has b's
 * sign (Python's %); with fmod it is a / b cut towards 0, and y has a's sign (C's fmod).
 * da = dy, db = -dy q, summed over what was broadcast.
 */
#ifndef FV_LOOPS
#include "op/broadcast.h"

#include <math.h>

typedef struct fv_mod_options {
    bool fmod;
} fv_mod_options;

#define FV_LOOPS "op/mod.c"
#include "op/binary.h"

static const fv_field fields[] = {{"fmod", "y has the sign of a, not of b", FV_BOOL,
                                   offsetof(fv_mod_options, fmod), "no", 0, 0, 0, NULL, "fmod"},
                                  {0}};

/* Which whole number of b's fits, and of which sign a is: where y jumps. */
static int64_t piece(double a, double b) {
    return (int64_t)fmax(-1e15, fmin(1e15, floor(a / b))) * 2 + (a < 0);
}

static uint64_t branches(const fv_pass *p) {
    return fv__branches_pairs(p, 0, 1, piece);
}

static const char *const samples[] = {"; 2x3x4, positive 2x3x4",
                                      "; 2x3x2, positive 2x1x2",
                                      "fmod ; 2x1x3, 2x4x1",
                                      "; below 9 3x4, below 4 3x1",
                                      "fmod ; positive 3x4, constant positive 4",
                                      "; constant 4x1, constant positive 3",
                                      "fmod ; below 9 1x5, constant below 4 1",
                                      NULL};

const fv_op fv__op_mod = {
    .name = "mod",
    .help = "what is left of a when divided by b",
    .about = "y = a - b*q, element by element; a dimension that is missing or 1 in one of\n"
             "them is repeated. q is a/b rounded down, so y has b's sign; with `fmod` it is\n"
             "a/b cut towards 0, so y has a's sign. Of whole numbers divided by 0 nothing is\n"
             "left: 0. Gradient: da = dy, db = -dy*q, summed over what was repeated.\n"
             "ISO C 2011, fmod; Python's %. ONNX operator set 10, 2019.",
    .onnx = "Mod",
    .inputs_min = 2,
    .inputs_max = 2,
    .traits = FV_MIXES | FV_KEEP_X,
    .takes_first = FV_NUMBERS,
    .takes_others = FV_NUMBERS,
    .options_size = sizeof(fv_mod_options),
    .fields = fields,
    .shape = fv__shape_alike,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else

static inline real LOOP(value)(const void *options, real a, real b) {
    if (FV_WHOLE && b == 0) return 0;
    const real y = (real)fmod((double)a, (double)b); /* of whole numbers exact in double */
    const bool turn = !((const fv_mod_options *)options)->fmod && y != 0 && (y < 0) != (b < 0);
    return turn ? y + b : y;
}

static inline real LOOP(slope)(const void *options, bool of_a, real a, real b) {
    return of_a ? 1 : (LOOP(value)(options, a, b) - a) / b;
}

#endif
