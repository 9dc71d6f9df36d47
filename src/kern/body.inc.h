/* SPDX-License-Identifier: MIT */
/*
 * body.inc.h - everything one instruction set provides. A file that includes it has defined
 * FV_LEVEL and FV_FILL, the name of the function that fills the table.
 */
#include "kern/kern.h"
#include "kern/vec.h"

#include "kern/gemm.inc.h"
#include "kern/math.inc.h"
#include "kern/element.inc.h"
#include "kern/point.inc.h"
#include "kern/pool.inc.h"
#include "kern/patch.inc.h"
#include "kern/peak.inc.h"
#include "kern/winograd.inc.h"
#include "kern/winograd_maps.inc.h"
#include "kern/winograd5.inc.h"
#include "kern/depthwise.inc.h"
#include "kern/pairs.inc.h"

static const fv_kernels all = {
    .lanes = LANES,
    .mr = MR,
    .nr = NV * LANES,
    .gemm = gemm,
    .gemm_then = gemm_then,
    .pack = pack,
    .dot = dot,
    .dot_at = dot_at,
    .patches = patches,
    .unpatch = unpatch,
    .frame = frame,
    .winograd_in = winograd_in,
    .winograd_out = winograd_out,
    .winograd2_in = winograd2_in,
    .winograd2_out = winograd2_out,
    .winograd_step_in = winograd_step_in,
    .winograd_step_out = winograd_step_out,
    .winograd_filter = winograd_filter,
    .winograd_dy = winograd_dy,
#if LANES >= 8
    .winograd_maps_in = winograd_maps_in,
    .winograd_maps_dy = winograd_maps_dy,
    .winograd_maps_out = winograd_maps_out,
    .winograd_maps_step_in = winograd_maps_step_in,
    .winograd_maps_step_dy = winograd_maps_step_dy,
#endif
    .winograd5_in = winograd5_in,
    .winograd5 = winograd5,
    .winograd5_part = W5_PART,
    .depthwise = depthwise,
    .depthwise_narrow = depthwise,
    .pairs_pack = pairs_pack,
    .pairs_out = pairs_out,
    .dot_halves = dot_halves,
    .peak = peak,
    .act = act,
    .act_grad = act_grad,
    .add = add,
    .add2 = add2,
    .mul = mul,
    .axpy = axpy,
    .to_seconds = to_seconds,
    .sum = sum,
    .largest = largest,
    .exp_shift = exp_shift,
    .unary = unary,
    .binary = binary,
    .transpose = transpose,
    .affine = affine,
    .affine_rows = affine_rows,
    .square_sum = square_sum,
    .bn_sums = bn_sums,
    .bn_grad = bn_grad,
    .lrn_sums = lrn_sums,
    .lrn_scale = lrn_scale,
    .lrn_terms = lrn_terms,
    .lrn_grad = lrn_grad,
    .mask = mask,
    .maxpool = maxpool,
    .avgpool = avgpool,
    .avgpool_back = avgpool_back,
    .sgd = sgd,
    .adam = adam,
    .adadelta = adadelta,
    .rmsprop = rmsprop,
    .lars = lars,
};

void FV_FILL(fv_kernels *kernels);
void FV_FILL(fv_kernels *kernels) {
#if FV_LEVEL == 2
    void (*narrow)(const fv_depthwise *, int64_t, int64_t, int64_t, const float *, const float *,
                   const float *, const fv_gemm_after *, float *, float *) =
        kernels->depthwise_narrow; /* that of the set before this one */
    *kernels = all;
    kernels->depthwise_narrow = narrow;
#else
    *kernels = all;
#endif
}
