/* SPDX-License-Identifier: MIT */
/*
 * xor: y = whether either a or b holds, element by element with broadcasting.
 */
#include "op/broadcast.h"

static inline bool holds(double a, double b) {
    return (a != 0) != (b != 0);
}

#include "op/compare.h"

static const char *const samples[] = {
    "; bool 2x3x4, bool 2x3x4", "; bool 3x5, constant bool 5",          "; bool 2x3x2, bool 2x1x2",
    "; bool 1x4, bool 1x4",     "; constant bool 4x1, constant bool 3", NULL};

const fv_op fv__op_xor = {
    .name = "xor",
    .help = "whether either a or b holds",
    .about =
        "y = whether either a or b holds, element by element; a dimension that is missing or 1\n"
        "in one of them is repeated. Has no gradient.\n"
        "Broadcasting: Harris et al. 2020, \"Array programming with NumPy\".",
    .onnx = "Xor",
    .inputs_min = 2,
    .inputs_max = 2,
    .traits = FV_MIXES,
    .takes_first = FV_TAKES(FV_BOOL8),
    .takes_others = FV_TAKES(FV_BOOL8),
    .shape = fv__shape_compare,
    .forward = {forward, forward},
    .samples = samples,
};
