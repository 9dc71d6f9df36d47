/* SPDX-License-Identifier: MIT */
/*
 * roipool: every region becomes a map of `size`: its corners are rounded to pixels of the map, both
 * ends belong to it, bin i of n of a side of L pixels reaches from floor(i L/n) to ceil((i + 1)
 * L/n), and the largest pixel of each bin wins; 0 where a bin lies outside the map. Girshick 2015,
 * "Fast R-CNN", section 2.1. The gradient goes to the winner, the first in reading order among
 * equals; the regions have none, as their corners are rounded.
 */
#ifndef FV_LOOPS
#include "op/roi.h"
#include "op/shapes.h"

#include <math.h>

static const fv_field fields[] = {FV_ROI_FIELDS, {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    return fv__roi_shape(ctx, site, true);
}

/* Pixels of the map under bin `bin` of `bins` on one axis of `size` pixels. Corners beyond a
   billion pixels are as good as these. */
static void span(double low, double high, double scale, int64_t size, int64_t bin, int64_t bins,
                 int64_t *first, int64_t *end) {
    const double start = round(fmax(-1e9, fmin(1e9, low * scale)));
    const double last = round(fmax(-1e9, fmin(1e9, high * scale)));
    const double length = fmax(last - start + 1, 1);
    const double each = length / (double)bins;
    const double from = start + floor((double)bin * each);
    const double to = start + ceil((double)(bin + 1) * each);
    *first = (int64_t)fmax(0, fmin((double)size, from));
    *end = (int64_t)fmax(0, fmin((double)size, to));
}

#define FV_LOOPS "op/roipool.c"
#include "op/loops.h"

static uint64_t branches(const fv_pass *p) {
    const fv_roi_options *o = p->options;
    const fv_shape *in = &p->x[0].shape;
    const int64_t bins = o->size.h * o->size.w;
    uint64_t hash = FV_BRANCHES_START;
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++)
        for (int64_t k = 0; k < fv__roi_each(p); k++) {
            const fv_roi roi = fv__roi_at(p, n, k);
            for (int64_t c = 0; roi.image >= 0 && c < in->dim[1]; c++) {
                const double *x = fv__sample(&p->x[0], roi.image);
                x += c * in->dim[2] * in->dim[3];
                for (int64_t bin = 0; bin < bins; bin++)
                    hash = fv__branches_add(hash, winner_f64(p, &roi, x, bin));
            }
        }
    return hash;
}

static const char *const samples[] = {"2 ; 2x2x3x3, below 2 2x7x4",
                                      "3x2 scale 0.5 ; 1x2x4x5, below 6 1x3x4",
                                      "1 ; 3x1x3x3, below 4 3x1x4",
                                      "2x1 scale 2 ; 1x1x4x4, below 2 1x2x4",
                                      "2x3 ; constant 1x2x6x5, constant below 6 3x4, "
                                      "constant below 1 3",
                                      NULL};

const fv_op fv__op_roipool = {
    .name = "roipool",
    .help = "the largest values of the parts of each region (Fast R-CNN)",
    .about =
        "Reads maps [N,C,H,W] and regions [N,R,4], x1 y1 x2 y2 in pixels of the image (`scale`\n"
        "makes them pixels of the map, such as 1/16): roipool 7x7 scale 1/16 { identity | from\n"
        "regions }. Gives [N,R,C,height,width]. Corners are rounded; bin i of n of a side of L\n"
        "pixels reaches from floor(i*L/n) to ceil((i + 1)*L/n); its largest pixel wins, and a bin\n"
        "outside the map gives 0. Values without a batch may have the map's number of each region\n"
        "as a third input: regions [R,4], numbers [R], which gives [R,C,height,width]; a number\n"
        "without a map gives what is no number. Gradient: dy goes to the winner, the first among\n"
        "equals; regions have none. Girshick 2015, \"Fast R-CNN\", section 2.1.",
    .onnx = "MaxRoiPool",
    .inputs_min = 2,
    .inputs_max = 3,
    .takes_others = FV_ROI_TAKES,
    .traits = FV_KEEP_X,
    .options_size = sizeof(fv_roi_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else

/* The place in the plane x of the largest pixel of a bin; -1: it has none. A NaN wins, so that it
   is seen where it arises. */
static int64_t LOOP(winner)(const fv_pass *p, const fv_roi *roi, const real *x, int64_t bin) {
    const fv_roi_options *o = p->options;
    const fv_shape *in = &p->x[0].shape;
    int64_t h0, h1, w0, w1, best = -1;
    span(roi->box[1], roi->box[3], o->scale, in->dim[2], bin / o->size.w, o->size.h, &h0, &h1);
    span(roi->box[0], roi->box[2], o->scale, in->dim[3], bin % o->size.w, o->size.w, &w0, &w1);
    for (int64_t h = h0; h < h1; h++)
        for (int64_t w = w0; w < w1; w++) {
            const int64_t i = h * in->dim[3] + w;
            if (best < 0 || x[i] > x[best] || isnan(x[i])) best = i;
        }
    return best;
}

/* All bins of one region: forward writes y, backward (y NULL) gives dy to the winners. */
static void LOOP(region)(const fv_pass *p, const fv_roi *roi, real *y, const real *dy) {
    const fv_roi_options *o = p->options;
    const fv_shape *in = &p->x[0].shape;
    const int64_t pixels = in->dim[2] * in->dim[3], bins = o->size.h * o->size.w;
    const real *x = roi->image < 0 ? NULL : fv__sample(&p->x[0], roi->image);
    real *dx = y != NULL || roi->image < 0 ? NULL : fv__sample(&p->dx[0], roi->image);
    for (int64_t i = 0; i < in->dim[1] * bins; i++) {
        const int64_t c = i / bins * pixels;
        const int64_t won = x == NULL ? -1 : LOOP(winner)(p, roi, x + c, i % bins);
        if (y != NULL) y[i] = x == NULL ? (real)NAN : won < 0 ? 0 : x[c + won];
        if (dx != NULL && won >= 0) dx[c + won] += dy[i];
    }
}

static void LOOP(forward)(const fv_pass *p) {
    const int64_t each = fv__roi_each(p);
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++)
        for (int64_t k = 0; k < each; k++) {
            const fv_roi roi = fv__roi_at(p, n, k);
            real *y = fv__sample(&p->y[0], n);
            LOOP(region)(p, &roi, y + k * fv__shape_sample(&p->y[0].shape) / each, NULL);
        }
}

static void LOOP(backward)(const fv_pass *p) {
    const int64_t each = fv__roi_each(p);
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++)
        for (int64_t k = 0; k < each; k++) {
            const fv_roi roi = fv__roi_at(p, n, k);
            const real *dy = fv__sample(&p->dy[0], n);
            LOOP(region)(p, &roi, NULL, dy + k * fv__shape_sample(&p->dy[0].shape) / each);
        }
}

#endif
