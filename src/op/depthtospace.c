/* SPDX-License-Identifier: MIT */
/*
 * depthtospace: channels become pixels, y[c, b h + i, b w + j] = x[(i b + j) C + c, h, w] (dcr) or
 * x[c b^2 + i b + j, h, w] (crd), where y has C channels. Shi et al. 2016, there as crd.
 */
#include "op/depth.h"

#include <inttypes.h>

static const char *const modes[] = {"dcr", "crd", NULL};

const fv_field fv__depth_fields[] = {
    {"block", "a block has so many rows and columns", FV_INT, offsetof(fv_depth_options, block),
     NULL, 1, 1e4, FV_POSITIONAL | FV_REQUIRED, NULL, "blocksize"},
    {"mode", "which number of a deep pixel changes first: dcr the channel, crd the place",
     FV_CHOICE, offsetof(fv_depth_options, mode), "dcr", 0, 0, 0, modes, "mode"},
    {0}};

fv_walk fv__depth_pairs(const fv_depth_options *o, const fv_tensor *wide, const fv_tensor *deep,
                        int k) {
    const int64_t b = o->block, pixels = deep->shape.dim[2] * deep->shape.dim[3];
    const int64_t channels = wide->shape.dim[1], width = wide->shape.dim[3];
    const int64_t place = o->mode == FV_DEPTH_DCR ? channels * pixels : pixels;
    fv_walk w = {
        .rank = 6, /* n, c, h, i, w, j */
        .dim = {deep->shape.dim[0], channels, deep->shape.dim[2], b, deep->shape.dim[3], b}};
    const int64_t in_wide[] = {wide->step, b * b * pixels, b * width, width, b, 1};
    const int64_t in_deep[] = {deep->step,
                               o->mode == FV_DEPTH_DCR ? pixels : b * b * pixels,
                               deep->shape.dim[3],
                               b * place,
                               1,
                               place};
    for (int d = 0; d < 6; d++) {
        w.stride[k][d] = in_wide[d];
        w.stride[1 - k][d] = in_deep[d];
    }
    return w;
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const int64_t b = ((const fv_depth_options *)site->options)->block;
    const fv_shape *in = &site->in[0];
    FV_TRY(fv__shape_maps(ctx, site, "depthtospace"));
    FV_TRY(fv__move_shape(ctx, site));
    if (b < 1 || b > 10000 || in->dim[1] % (b * b) != 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "depthtospace makes blocks of %" PRId64 "x%" PRId64 " pixels of channels, "
                        "but their number, %" PRId64 ", is no multiple of %" PRId64 " squared",
                        b, b, in->dim[1], b);
    site->out[0] = fv__shape4(in->dim[0], in->dim[1] / (b * b), in->dim[2] * b, in->dim[3] * b);
    return FV_OK;
}

fv_walk fv__depthtospace_pairs(const void *options, const fv_tensor *x, const fv_tensor *y) {
    return fv__depth_pairs(options, y, x, 0);
}

static void forward(const fv_pass *p) {
    fv__move(p, fv__depthtospace_pairs);
}

static void backward(const fv_pass *p) {
    fv__move_back(p, fv__depthtospace_pairs);
}

static const char *const samples[] = {"2 ; 2x8x2x3", "2 mode crd ; 2x8x2x3", "3 mode crd ; 1x9x1x2",
                                      "1 ; 2x3x2x2", "2 ; below 9 1x4x3x2",  NULL};

const fv_op fv__op_depthtospace = {
    .name = "depthtospace",
    .help = "blocks of channels become pixels of a larger map",
    .about =
        "y[c, b*h + i, b*w + j] = x[(i*b + j)*C + c, h, w] with mode dcr, x[c*b*b + i*b + j, h, "
        "w]\n"
        "with mode crd (the pixel shuffle), where y has C channels. Gradient: dy where it came\n"
        "from. Shi et al. 2016, \"Real-time single image and video super-resolution using an\n"
        "efficient sub-pixel convolutional neural network\"; DepthToSpace of ONNX.",
    .onnx = "DepthToSpace",
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
