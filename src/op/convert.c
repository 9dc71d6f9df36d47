/* SPDX-License-Identifier: MIT */
/*
 * convert: y = x, in another layout. Only plans use it, between implementations that want maps to
 * lie differently; its loops are fv__tensor_convert. Backward carries a gradient back: dx += dy.
 */
#include "op/shapes.h"

static fv_status shape(fv_context *ctx, fv_site *site) {
    return fv__shape_same(ctx, site);
}

static void forward(const fv_pass *p) {
    fv__tensor_convert(&p->x[0], &p->y[0], 0, p->y[0].shape.dim[0], false);
}

static void backward(const fv_pass *p) {
    fv__tensor_convert(&p->dy[0], &p->dx[0], 0, p->dx[0].shape.dim[0], true);
}

static const char *const samples[] = {"; 2x16x3x4", "; 1x32x2x2", NULL};

const fv_op fv__op_convert = {
    .name = "convert",
    .help = "the same values in another layout",
    .about = "y = x, laid out differently in memory.",
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = shape,
    .forward = {forward, forward},
    .backward = {backward, backward},
    .samples = samples,
};
