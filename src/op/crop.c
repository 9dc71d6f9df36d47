/* SPDX-License-Identifier: MIT */
/*
 * crop: y[c,h,w] = x[c, h + top, w + left], a part of every map; centred unless told where.
 */
#include "op/moves.h"

#include <inttypes.h>

typedef struct fv_crop_options {
    fv_size size;
    int64_t top, left;
} fv_crop_options;

static const fv_field fields[] = {
    {"size", "height x width that is left", FV_SIZE, offsetof(fv_crop_options, size), NULL, 1, 1e9,
     FV_POSITIONAL | FV_REQUIRED, NULL, NULL},
    {"top", "rows left out above; -1: as many as below", FV_INT, offsetof(fv_crop_options, top),
     "-1", -1, 1e9, 0, NULL, NULL},
    {"left", "columns left out on the left; -1: as many as on the right", FV_INT,
     offsetof(fv_crop_options, left), "-1", -1, 1e9, 0, NULL, NULL},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_crop_options *o = site->options;
    const fv_shape *in = &site->in[0];
    FV_TRY(fv__shape_maps(ctx, site, "crop"));
    FV_TRY(fv__move_shape(ctx, site));
    const int64_t top = o->top < 0 ? 0 : o->top, left = o->left < 0 ? 0 : o->left;
    if (o->size.h < 1 || o->size.w < 1 || o->size.h > in->dim[2] || o->size.w > in->dim[3] ||
        top > in->dim[2] - o->size.h || left > in->dim[3] - o->size.w)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "crop cannot take %" PRId64 "x%" PRId64 " out of %" PRId64 "x%" PRId64
                        " from row %" PRId64 " and column %" PRId64 " on",
                        o->size.h, o->size.w, in->dim[2], in->dim[3], top, left);
    site->out[0].dim[2] = o->size.h;
    site->out[0].dim[3] = o->size.w;
    return FV_OK;
}

fv_walk fv__crop_pairs(const void *options, const fv_tensor *x, const fv_tensor *y) {
    const fv_crop_options *o = options;
    const int64_t *in = x->shape.dim, *out = y->shape.dim;
    const int64_t top = o->top < 0 ? (in[2] - out[2]) / 2 : o->top;
    const int64_t left = o->left < 0 ? (in[3] - out[3]) / 2 : o->left;
    return fv__walk_part(y, x, 3, top * in[3] + left, 1);
}

static void forward(const fv_pass *p) {
    fv__move(p, fv__crop_pairs);
}

static void backward(const fv_pass *p) {
    fv__move_back(p, fv__crop_pairs);
}

static const char *const samples[] = {"2x3 top 0 left 0 ; 2x2x3x4",
                                      "2x3 ; 2x2x5x4",
                                      "3 top 0 left 2 ; 1x3x4x5",
                                      "1 left 0 ; 3x2x3x2",
                                      "2 top 1 ; 1x1x3x4",
                                      "2 ; below 9 2x1x3x3",
                                      NULL};

const fv_op fv__op_crop = {
    .name = "crop",
    .help = "a part of every map: the middle, or from a row and column on",
    .about =
        "y[c,h,w] = x[c, h + top, w + left]. Without top or left from the middle; where one row\n"
        "or column is too many, it is left out at the end. Gradient: dy in its place, 0 around\n"
        "it. So maps of a U-Net are cut to the size they are joined with: Ronneberger, Fischer\n"
        "& Brox 2015.",
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_first = FV_TAKES_ALL,
    .options_size = sizeof(fv_crop_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward, forward},
    .backward = {backward, backward},
    .samples = samples,
};
