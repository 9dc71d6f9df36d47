/* SPDX-License-Identifier: MIT */
/*
 * spacetodepth: blocks of pixels become channels, y[(i b + j) C + c, h, w] = x[c, b h + i, b w + j]
 * (dcr) or y[c b^2 + i b + j, h, w] (crd), where x has C channels. The contrary of depthtospace.
 */
#include "op/depth.h"

#include <inttypes.h>

static fv_status shape(fv_context *ctx, fv_site *site) {
    const int64_t b = ((const fv_depth_options *)site->options)->block;
    const fv_shape *in = &site->in[0];
    FV_TRY(fv__shape_maps(ctx, site, "spacetodepth"));
    FV_TRY(fv__move_shape(ctx, site));
    if (b < 1 || b > 10000 || in->dim[2] % b != 0 || in->dim[3] % b != 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "spacetodepth cannot cut a map of %" PRId64 "x%" PRId64 " into blocks of "
                        "%" PRId64 "x%" PRId64 "; pad or crop it first",
                        in->dim[2], in->dim[3], b, b);
    site->out[0] = fv__shape4(in->dim[0], in->dim[1] * b * b, in->dim[2] / b, in->dim[3] / b);
    return FV_OK;
}

fv_walk fv__spacetodepth_pairs(const void *options, const fv_tensor *x, const fv_tensor *y) {
    return fv__depth_pairs(options, x, y, 1);
}

static void forward(const fv_pass *p) {
    fv__move(p, fv__spacetodepth_pairs);
}

static void backward(const fv_pass *p) {
    fv__move_back(p, fv__spacetodepth_pairs);
}

static const char *const samples[] = {"2 ; 2x2x4x6", "2 mode crd ; 2x2x4x6", "3 mode crd ; 1x2x3x6",
                                      "1 ; 2x3x2x2", "2 ; below 9 1x2x2x4",  NULL};

const fv_op fv__op_spacetodepth = {
    .name = "spacetodepth",
    .help = "blocks of pixels become channels of a smaller map",
    .about =
        "y[(i*b + j)*C + c, h, w] = x[c, b*h + i, b*w + j] with mode dcr (as ONNX),\n"
        "y[c*b*b + i*b + j, h, w] with mode crd, where x has C channels. Gradient: dy where it\n"
        "came from. The contrary of depthtospace: Shi et al. 2016; Redmon & Farhadi 2017 put\n"
        "fine maps beside coarse ones in this way.",
    .onnx = "SpaceToDepth",
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_first = FV_TAKES_ALL,
    .options_size = sizeof(fv_depth_options),
    .fields = fv__depth_fields,
    .shape = shape,
    .forward = {forward, forward},
    .backward = {backward, backward},
    .samples = samples,
};
