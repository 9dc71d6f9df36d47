/* SPDX-License-Identifier: MIT */
/*
 * upsample: maps so many times as high and wide. A resize whose places are the usual ones: every
 * pixel repeated, or the means of four.
 */
#include "op/moves.h"
#include "op/resize.h"

#include <inttypes.h>

typedef struct fv_upsample_options {
    fv_size factor;
    int mode;
    bool align_corners;
} fv_upsample_options;

static const char *const modes[] = {"nearest", "bilinear", NULL};

static const fv_field fields[] = {
    {"factor", "how many times as high and wide: 2, 1x2", FV_SIZE,
     offsetof(fv_upsample_options, factor), "2", 1, 1e6, FV_POSITIONAL, NULL, "scales"},
    {"mode", "pixels repeated, or weighted means of four", FV_CHOICE,
     offsetof(fv_upsample_options, mode), "nearest", 0, 0, 0, modes, "mode"},
    {"align_corners", "bilinear: the corners of both maps lie on each other", FV_BOOL,
     offsetof(fv_upsample_options, align_corners), "no", 0, 0, 0, NULL, NULL},
    {0}};

fv_resize_options fv__upsample_as_resize(const void *options) {
    const fv_upsample_options *o = options;
    const bool nearest = o->mode == FV_RESIZE_NEAREST;
    return (fv_resize_options){.scale = {2, {(double)o->factor.h, (double)o->factor.w}},
                               .mode = o->mode,
                               .coordinates = nearest            ? FV_RESIZE_ASYMMETRIC
                                              : o->align_corners ? FV_RESIZE_ALIGN_CORNERS
                                                                 : FV_RESIZE_HALF_PIXEL,
                               .rounding = FV_RESIZE_FLOOR};
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_upsample_options *o = site->options;
    const fv_resize_options resize = fv__upsample_as_resize(o);
    if (o->factor.h < 1 || o->factor.w < 1)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "upsample makes maps larger: its factor must be at least 1, not %" PRId64
                        "x%" PRId64,
                        o->factor.h, o->factor.w);
    site->options = &resize;
    const fv_status status = fv__op_resize.shape(ctx, site);
    site->options = o;
    return status;
}

static void cost(const fv_site *site, fv_cost *cost) {
    fv__cost_nothing(cost);
    if (((const fv_upsample_options *)site->options)->mode == FV_RESIZE_BILINEAR)
        cost->kernel_h = cost->kernel_w = 2;
}

static void run(const fv_pass *p, fv_pass_fn *of_resize) {
    const fv_resize_options resize = fv__upsample_as_resize(p->options);
    fv_pass told = *p;
    told.options = &resize;
    of_resize(&told);
}

#define FV_RUN(name, pass, real)                                                                   \
    static void name(const fv_pass *p) {                                                           \
        run(p, fv__op_resize.pass[real]);                                                          \
    }
FV_RUN(forward_f32, forward, 0)
FV_RUN(forward_f64, forward, 1)
FV_RUN(backward_f32, backward, 0)
FV_RUN(backward_f64, backward, 1)

static const char *const samples[] = {"; 2x2x2x3",
                                      "3x1 ; 1x2x2x2",
                                      "2 mode bilinear ; 2x1x3x2",
                                      "1x3 mode bilinear align_corners ; 1x2x2x3",
                                      "2 ; below 9 1x2x2x2",
                                      NULL};

const fv_op fv__op_upsample = {
    .name = "upsample",
    .help = "maps so many times as high and wide",
    .about =
        "y[c,h,w] = x[c, h/factor, w/factor], rounded down: every pixel repeated. With mode\n"
        "bilinear the mean of the four pixels around (h + 0.5)/factor - 0.5, weighted by how\n"
        "near they are, or with align_corners around h*(in - 1)/(out - 1). resize does the same\n"
        "for any size. Gradient: dy by the same weights. Long, Shelhamer & Darrell 2015,\n"
        "\"Fully convolutional networks for semantic segmentation\".",
    .onnx = "Upsample",
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_first = FV_TAKES_ALL,
    .options_size = sizeof(fv_upsample_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};
