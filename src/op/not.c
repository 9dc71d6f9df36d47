/* SPDX-License-Identifier: MIT */
/*
 * not: y = whether x does not hold, element by element.
 */
#include "op/shapes.h"

static fv_status shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_same(ctx, site));
    site->out_type[0].dtype = FV_BOOL8;
    return FV_OK;
}

static void forward(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->y[0].shape), count = fv__samples(&p->y[0]);
    for (int64_t n = 0; n < count; n++) {
        const uint8_t *x = fv__sample(&p->x[0], n);
        uint8_t *y = fv__sample(&p->y[0], n);
        for (int64_t i = 0; i < size; i++) y[i] = x[i] == 0;
    }
}

static const char *const samples[] = {"; bool 2x3x4", "; bool 1x5", "; constant bool 7", NULL};

const fv_op fv__op_not = {
    .name = "not",
    .help = "whether x does not hold",
    .about = "y = whether x does not hold, element by element. Has no gradient.\n"
             "ONNX operator set 1, 2017.",
    .onnx = "Not",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_POINTWISE,
    .takes_first = FV_TAKES(FV_BOOL8),
    .shape = shape,
    .forward = {forward, forward},
    .samples = samples,
};
