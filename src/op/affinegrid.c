/* SPDX-License-Identifier: MIT */
/*
 * affinegrid: the places at which gridsample reads a map that is moved, turned, stretched or
 * sheared, (x', y') = theta (x, y, 1). Jaderberg, Simonyan, Zisserman & Kavukcuoglu 2015, "Spatial
 * transformer networks", section 3.2.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <inttypes.h>

typedef struct fv_affinegrid_options {
    fv_size size;
    bool align_corners;
} fv_affinegrid_options;

static const fv_field fields[] = {
    {"size", "height x width of the grid, and so of what is read by it", FV_SIZE,
     offsetof(fv_affinegrid_options, size), NULL, 1, 1e9, FV_POSITIONAL | FV_REQUIRED, NULL, NULL},
    {"align_corners", "-1 and 1 are the middles of the outermost pixels, not their edges", FV_BOOL,
     offsetof(fv_affinegrid_options, align_corners), "no", 0, 0, 0, NULL, "align_corners"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_affinegrid_options *o = site->options;
    char text[FV_SHAPE_TEXT];
    FV_TRY(fv__shape_inputs(ctx, site));
    if (site->in[0].rank < 2 || fv__shape_sample(&site->in[0]) != 6)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "affinegrid reads six numbers of each sample, two rows of three, and not "
                        "%s; fc 6 gives them",
                        fv__shape_text(text, &site->in[0]));
    if (o->size.h < 1 || o->size.w < 1)
        return fv__fail(ctx, FV_BAD_INPUT, "a grid must be at least 1x1, not %" PRId64 "x%" PRId64,
                        o->size.h, o->size.w);
    site->out[0] = fv__shape4(site->in[0].dim[0], o->size.h, o->size.w, 2);
    return fv__shape_fits(ctx, site);
}

/* Where pixel i of so many lies between -1 and 1. */
static double middle(bool align_corners, int64_t i, int64_t size) {
    if (!align_corners) return (double)(2 * i + 1) / (double)size - 1;
    return size > 1 ? (double)(2 * i) / (double)(size - 1) - 1 : 0;
}

#define FV_LOOPS "op/affinegrid.c"
#include "op/loops.h"

static const char *const samples[] = {"2x3 ; 2x2x3", "3x4 align_corners ; 1x6", "1x2 ; 3x6x1x1",
                                      "4x1 align_corners ; 2x6", NULL};

const fv_op fv__op_affinegrid = {
    .name = "affinegrid",
    .help = "the grid by which gridsample moves, turns and stretches a map",
    .about = "y[h,w] = theta*(x_w, y_h, 1), where x_w and y_h run from -1 to 1 over the grid and "
             "theta is\n"
             "the sample's six numbers, two rows of three: 1,0,0 0,1,0 leaves a map as it is, "
             "s,0,x 0,s,y\n"
             "is a glimpse of size s at (x, y). Gradient: dtheta = sum over the grid of dy*(x_w, "
             "y_h, 1).\n"
             "Jaderberg, Simonyan, Zisserman & Kavukcuoglu 2015, \"Spatial transformer networks\".",
    .onnx = "AffineGrid",
    .inputs_min = 1,
    .inputs_max = 1,
    .options_size = sizeof(fv_affinegrid_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const fv_affinegrid_options *o = p->options;
    for (int64_t n = 0; n < fv__samples(&p->y[0]); n++) {
        const real *theta = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t h = 0; h < o->size.h; h++)
            for (int64_t w = 0; w < o->size.w; w++)
                for (int k = 0; k < 6; k += 3)
                    *y++ = (real)((double)theta[k] * middle(o->align_corners, w, o->size.w) +
                                  (double)theta[k + 1] * middle(o->align_corners, h, o->size.h) +
                                  (double)theta[k + 2]);
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_affinegrid_options *o = p->options;
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < fv__samples(&p->dy[0]); n++) {
        const real *dy = fv__sample(&p->dy[0], n);
        real *dtheta = fv__sample(&p->dx[0], n);
        double sum[6] = {0};
        for (int64_t h = 0; h < o->size.h; h++)
            for (int64_t w = 0; w < o->size.w; w++)
                for (int k = 0; k < 6; k += 3, dy++) {
                    sum[k] += (double)*dy * middle(o->align_corners, w, o->size.w);
                    sum[k + 1] += (double)*dy * middle(o->align_corners, h, o->size.h);
                    sum[k + 2] += (double)*dy;
                }
        for (int k = 0; k < 6; k++) dtheta[k] += (real)sum[k];
    }
}

#endif
