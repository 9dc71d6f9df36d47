/* SPDX-License-Identifier: MIT */
/*
 * roialign: every region becomes a map of `size`, each pixel the average (or the largest) of the
 * map's values at points spread evenly over its part of the region, read between pixels by bilinear
 * interpolation; nothing is rounded. He, Gkioxari, Dollar & Girshick 2017, "Mask R-CNN", section 3.
 *
 * Point i of m of bin b of n on a side that begins at s and is L long lies at
 * s + L (b + (i + 1/2)/m)/n. Up to a pixel beyond the map a point reads the edge, farther out 0.
 * Gradients: of the maps the weights of the interpolation; of the regions, along each axis, its
 * slope times the point's share in either end.
 */
#ifndef FV_LOOPS
#include "op/roi.h"
#include "op/shapes.h"

#include <math.h>

enum { AVERAGE, LARGEST };
enum { HALF_PIXEL, OUTPUT_HALF_PIXEL };

#define POINTS_MOST 1024 /* on an axis of a bin */

typedef struct roialign_options {
    fv_roi_options roi;
    int64_t sampling;
    int mode, coordinates;
} roialign_options;

static const char *const modes[] = {"avg", "max", NULL};
static const char *const systems[] = {"half_pixel", "output_half_pixel", NULL};

static const fv_field fields[] = {
    FV_ROI_FIELDS,
    {"sampling", "points on each axis of a bin; 0: one per pixel of the map", FV_INT,
     offsetof(roialign_options, sampling), "0", 0, POINTS_MOST, 0, NULL, "sampling_ratio"},
    {"mode", "what a bin's points give: their average or the largest", FV_CHOICE,
     offsetof(roialign_options, mode), "avg", 0, 0, 0, modes, "mode"},
    {"coordinates", "whether a pixel's middle is at 0.5 in regions as well, or at 0", FV_CHOICE,
     offsetof(roialign_options, coordinates), "half_pixel", 0, 0, 0, systems,
     "coordinate_transformation_mode"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const roialign_options *o = site->options;
    if (o->sampling < 0 || o->sampling > POINTS_MOST)
        return fv__fail(ctx, FV_BAD_INPUT, "sampling must be between 0 and %d, not %lld",
                        POINTS_MOST, (long long)o->sampling);
    return fv__roi_shape(ctx, site, false);
}

/* One axis of a region in the map: where it begins, how long it is, points in each bin. */
typedef struct side {
    double start, length;
    int64_t bins, points, size;
    bool held; /* at the least length, whatever the region's end */
} side;

/* Axis 0: rows, 1: columns. */
static side side_of(const roialign_options *o, const fv_roi *roi, const fv_shape *in, int axis) {
    const double scale = o->roi.scale, shift = o->coordinates == HALF_PIXEL ? 0.5 : 0;
    side s = {.start = roi->box[1 - axis] * scale - shift,
              .length = (roi->box[3 - axis] - roi->box[1 - axis]) * scale,
              .bins = axis == 0 ? o->roi.size.h : o->roi.size.w,
              .points = o->sampling,
              .size = in->dim[2 + axis]};
    s.held = o->coordinates == OUTPUT_HALF_PIXEL && s.length < 1;
    if (s.held) s.length = 1;
    if (o->sampling > 0) return s;
    const double each = ceil(s.length / (double)s.bins);
    s.points = each > POINTS_MOST ? POINTS_MOST : each > 0 ? (int64_t)each : isnan(each) ? 1 : 0;
    return s;
}

/* The pixels that a point reads on one axis: `part` of the second, the rest of the first. */
typedef struct tap {
    double at, share; /* its place, and how far along the side that is */
    int64_t low, high;
    double part;
    bool inside, moves; /* on the map; and what it reads changes with its place */
} tap;

static tap tap_at(const side *s, int64_t bin, int64_t point) {
    tap t = {.share = ((double)bin + ((double)point + 0.5) / (double)s->points) / (double)s->bins};
    t.at = s->start + s->length * t.share;
    t.inside = t.at >= -1 && t.at <= (double)s->size;
    if (!t.inside || t.at <= 0) {
        t.high = s->size > 1;
        return t;
    }
    t.low = (int64_t)t.at < s->size - 1 ? (int64_t)t.at : s->size - 1;
    t.moves = t.low < s->size - 1;
    t.high = t.moves ? t.low + 1 : t.low;
    t.part = t.moves ? t.at - (double)t.low : 0;
    return t;
}

/* What points [first, end) of a bin read of pixel i of an axis. */
static double weight_of(const side *s, int64_t bin, int64_t first, int64_t end, int64_t i) {
    double sum = 0;
    for (int64_t k = first; k < end; k++) {
        const tap t = tap_at(s, bin, k);
        if (t.inside && t.low == i) sum += 1 - t.part;
        if (t.inside && t.high == i) sum += t.part;
    }
    return sum;
}

/* One bin of one region. */
typedef struct bin {
    side h, w;
    int64_t row, column;
    int mode;
} bin;

static int64_t points_of(const bin *b) {
    return b->h.points * b->w.points;
}
static tap row_of(const bin *b, int64_t point) {
    return tap_at(&b->h, b->row, point / b->w.points);
}
static tap column_of(const bin *b, int64_t point) {
    return tap_at(&b->w, b->column, point % b->w.points);
}

static bin bin_of(const fv_pass *p, const fv_roi *roi, int64_t i) {
    const roialign_options *o = p->options;
    const fv_shape *in = &p->x[0].shape;
    return (bin){.h = side_of(o, roi, in, 0),
                 .w = side_of(o, roi, in, 1),
                 .row = i / o->roi.size.w % o->roi.size.h,
                 .column = i % o->roi.size.w,
                 .mode = o->mode};
}

#define FV_LOOPS "op/roialign.c"
#include "op/loops.h"

static uint64_t branches_of(uint64_t hash, const bin *b, const double *x) {
    hash = fv__branches_add(hash, b->mode == LARGEST ? largest_f64(b, x) : 0);
    hash = fv__branches_add(fv__branches_add(hash, b->h.held), b->w.held);
    for (int64_t k = 0; k < points_of(b); k++) {
        const tap h = row_of(b, k), w = column_of(b, k);
        hash = fv__branches_add(hash, 4 * h.low + 2 * h.moves + h.inside);
        hash = fv__branches_add(hash, 4 * w.low + 2 * w.moves + w.inside);
    }
    return hash;
}

static uint64_t branches(const fv_pass *p) {
    const fv_shape *in = &p->x[0].shape, *out = &p->y[0].shape;
    const int64_t each = fv__roi_each(p), size = fv__shape_sample(out) / each;
    uint64_t hash = FV_BRANCHES_START;
    for (int64_t n = 0; n < out->dim[0]; n++)
        for (int64_t i = 0; i < each * size; i++) {
            const fv_roi roi = fv__roi_at(p, n, i / size);
            const bin b = bin_of(p, &roi, i);
            if (roi.image < 0) continue;
            const double *x = fv__sample(&p->x[0], roi.image);
            const int64_t c = i % size / (b.h.bins * b.w.bins);
            hash = branches_of(hash, &b, x + c * in->dim[2] * in->dim[3]);
        }
    return hash;
}

static const char *const samples[] = {
    "2 sampling 2 ; 2x2x3x4, positive 2x2x4",
    "2 scale 2 ; 2x2x5x4, positive 2x3x4",
    "1x2 scale 3 sampling 2 ; 1x3x4x5, 1x2x4",
    "2 sampling 2 mode max scale 2 ; 3x1x4x3, positive 3x1x4",
    "2x1 coordinates output_half_pixel scale 2 ; 2x1x4x4, positive 2x2x4",
    "2 sampling 3 ; constant 1x2x4x3, constant 2x4, constant below 1 2",
    NULL};

const fv_op fv__op_roialign = {
    .name = "roialign",
    .help = "each region of a map, read between pixels (Mask R-CNN)",
    .about =
        "Reads maps [N,C,H,W] and regions [N,R,4], x1 y1 x2 y2 in pixels of the image (`scale`\n"
        "makes them pixels of the map, such as 1/16): roialign 7x7 scale 1/16 { identity | from\n"
        "regions }. Gives [N,R,C,height,width]: each region is cut into height x width bins, and\n"
        "a bin is the average, or with `mode max` the largest, of `sampling` x `sampling` points,\n"
        "each read between four pixels by bilinear interpolation (0: as many points as the bin "
        "has\n"
        "pixels, rounded up, at most 1024 an axis). Beyond the map's edge by more than a pixel "
        "lie\n"
        "zeros. `coordinates output_half_pixel` is that of the first versions: regions are not\n"
        "moved by half a pixel, and none is smaller than a pixel. Values without a batch may have\n"
        "the map's number of each region as a third input: regions [R,4], numbers [R], which "
        "gives\n"
        "[R,C,height,width]; a number without a map gives what is no number. Gradients go to the\n"
        "pixels as they were weighted, and to the regions. He, Gkioxari, Dollar & Girshick 2017,\n"
        "\"Mask R-CNN\", section 3.",
    .onnx = "RoiAlign",
    .inputs_min = 2,
    .inputs_max = 3,
    .takes_others = FV_ROI_TAKES,
    .traits = FV_KEEP_X,
    .options_size = sizeof(roialign_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else

/* What point k of a bin reads in the plane x; NaN where its place is none. */
static double LOOP(read)(const bin *b, const real *x, int64_t k) {
    const tap h = row_of(b, k), w = column_of(b, k);
    const int64_t width = b->w.size;
    if (!h.inside || !w.inside) return h.at - h.at + (w.at - w.at);
    return (1 - h.part) *
               ((1 - w.part) * x[h.low * width + w.low] + w.part * x[h.low * width + w.high]) +
           h.part *
               ((1 - w.part) * x[h.high * width + w.low] + w.part * x[h.high * width + w.high]);
}

/* The point that reads the largest value, the first among equals. */
static int64_t LOOP(largest)(const bin *b, const real *x) {
    int64_t best = 0;
    for (int64_t k = 1; k < points_of(b); k++)
        if (LOOP(read)(b, x, k) > LOOP(read)(b, x, best)) best = k;
    return best;
}

static real LOOP(value)(const bin *b, const real *x) {
    double sum = 0;
    if (points_of(b) == 0) return 0;
    if (b->mode == LARGEST) return (real)LOOP(read)(b, x, LOOP(largest)(b, x));
    for (int64_t k = 0; k < points_of(b); k++) sum += LOOP(read)(b, x, k);
    return (real)(sum / (double)points_of(b));
}

/* What moves a point along an axis moves the region's ends, low and high, by their shares in it. */
static void LOOP(move)(const side *s, const tap *t, double d, double *low, double *high) {
    if (!t->moves) return;
    *low += s->held ? d : d * (1 - t->share);
    *high += s->held ? 0 : d * t->share;
}

/* Adds to the region's corners what g, flowing back to point k, asks of them. */
static void LOOP(pull)(const bin *b, const real *x, int64_t k, double g, double corners[4]) {
    const tap h = row_of(b, k), w = column_of(b, k);
    const int64_t top = h.low * b->w.size, bottom = h.high * b->w.size;
    if (!h.inside || !w.inside) return;
    const double down = (1 - w.part) * (x[bottom + w.low] - x[top + w.low]) +
                        w.part * (x[bottom + w.high] - x[top + w.high]);
    const double right = (1 - h.part) * (x[top + w.high] - x[top + w.low]) +
                         h.part * (x[bottom + w.high] - x[bottom + w.low]);
    LOOP(move)(&b->h, &h, g * down, &corners[1], &corners[3]);
    LOOP(move)(&b->w, &w, g * right, &corners[0], &corners[2]);
}

/* Gives g to the pixels that points [first, end) of a bin read. Points lie in a grid, so that a
   pixel's weight is that of its row times that of its column. */
static void LOOP(give)(const bin *b, int64_t first, int64_t end, double g, real *dx) {
    const int64_t wide = b->w.points, all = end - first == points_of(b);
    for (int64_t h = 0; h < b->h.size; h++) {
        const double row = all ? weight_of(&b->h, b->row, 0, b->h.points, h)
                               : weight_of(&b->h, b->row, first / wide, first / wide + 1, h);
        for (int64_t w = 0; row != 0 && w < b->w.size; w++)
            dx[h * b->w.size + w] +=
                (real)(g * row *
                       (all ? weight_of(&b->w, b->column, 0, wide, w)
                            : weight_of(&b->w, b->column, first % wide, first % wide + 1, w)));
    }
}

/* One bin of a region: dx is of its plane, corners of its region; NULL: not wanted. */
static void LOOP(back)(const bin *b, const real *x, double dy, double scale, real *dx,
                       real *corners) {
    const bool average = b->mode == AVERAGE;
    const int64_t first = average ? 0 : LOOP(largest)(b, x);
    const int64_t end = average ? points_of(b) : first + 1;
    const double g = dy / (double)(end - first);
    double pulls[4] = {0};
    if (dx != NULL) LOOP(give)(b, first, end, g, dx);
    for (int64_t k = first; corners != NULL && k < end; k++) LOOP(pull)(b, x, k, g * scale, pulls);
    for (int i = 0; corners != NULL && i < 4; i++) corners[i] += (real)pulls[i];
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_shape *in = &p->x[0].shape, *out = &p->y[0].shape;
    const int64_t each = fv__roi_each(p), size = fv__shape_sample(out) / each;
    for (int64_t n = 0; n < out->dim[0]; n++) {
        real *y = fv__sample(&p->y[0], n);
        for (int64_t i = 0; i < each * size; i++) {
            const fv_roi roi = fv__roi_at(p, n, i / size);
            const bin b = bin_of(p, &roi, i);
            const int64_t c = i % size / (b.h.bins * b.w.bins) * in->dim[2] * in->dim[3];
            y[i] = roi.image < 0
                       ? (real)NAN
                       : LOOP(value)(&b, (const real *)fv__sample(&p->x[0], roi.image) + c);
        }
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_shape *in = &p->x[0].shape, *out = &p->dy[0].shape;
    const int64_t each = fv__roi_each(p), size = fv__shape_sample(out) / each;
    const double scale = ((const roialign_options *)p->options)->roi.scale;
    for (int64_t n = 0; n < out->dim[0]; n++) {
        const real *dy = fv__sample(&p->dy[0], n);
        real *regions = fv__sample(&p->dx[1], n);
        for (int64_t i = 0; i < each * size; i++) {
            const fv_roi roi = fv__roi_at(p, n, i / size);
            const bin b = bin_of(p, &roi, i);
            const int64_t c = i % size / (b.h.bins * b.w.bins) * in->dim[2] * in->dim[3];
            if (roi.image < 0 || points_of(&b) == 0) continue;
            const real *x = (const real *)fv__sample(&p->x[0], roi.image) + c;
            real *dx = p->dx[0].data ? (real *)fv__sample(&p->dx[0], roi.image) + c : NULL;
            real *corners = regions ? regions + i / size * 4 : NULL;
            LOOP(back)(&b, x, dy[i], scale, dx, corners);
        }
    }
}

#endif
