/* SPDX-License-Identifier: MIT */
/*
 * size: y = how many elements x has, of all samples together, as a whole number. y is one and the
 * same for all samples.
 */
#include "op/shapes.h"

#define ALL 0xffffffffu

static fv_status shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_inputs(ctx, site));
    if (fv__shape_count(&site->in[0]) > INT32_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "size counts up to 2,147,483,647");
    site->out[0] = fv__shape1(1);
    site->out_type[0] = (fv_type){FV_I32, false};
    return FV_OK;
}

static void forward(const fv_pass *p) {
    *(int32_t *)p->y[0].data = (int32_t)fv__shape_count(&p->x[0].shape);
}

static const char *const samples[] = {"; 1x3x4", "; constant 4x3", "; bool 1x5", NULL};

const fv_op fv__op_size = {
    .name = "size",
    .help = "how many elements a value has",
    .about = "y = the number of elements of x, of all samples together. y is one and the same\n"
             "for all samples. Has no gradient. ONNX operator set 1, 2017.",
    .onnx = "Size",
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_first = ALL,
    .shape = shape,
    .forward = {forward, forward},
    .samples = samples,
};
