/* SPDX-License-Identifier: MIT */
/*
 * gridsample: reads maps at places that a second input names, so that gradients reach the places
 * too. Jaderberg, Simonyan, Zisserman & Kavukcuoglu 2015, "Spatial transformer networks", section
 * 3.3.
 *
 * grid[n,h,w] is (x, y), -1 at the left and upper edge of the map and 1 at the right and lower one.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <inttypes.h>
#include <math.h>

typedef enum mode { BILINEAR, NEAREST } mode;
typedef enum padding { ZEROS, BORDER, REFLECTION } padding;

typedef struct fv_gridsample_options {
    int mode, padding;
    bool align_corners;
} fv_gridsample_options;

static const char *const modes[] = {"bilinear", "nearest", NULL};
static const char *const paddings[] = {"zeros", "border", "reflection", NULL};

#define AT(field) offsetof(fv_gridsample_options, field)
static const fv_field fields[] = {
    {"mode", "the weighted mean of four pixels, or the nearest one", FV_CHOICE, AT(mode),
     "bilinear", 0, 0, 0, modes, "mode"},
    {"padding", "what lies beyond the map", FV_CHOICE, AT(padding), "zeros", 0, 0, 0, paddings,
     "padding_mode"},
    {"align_corners", "-1 and 1 are the middles of the outermost pixels, not their edges", FV_BOOL,
     AT(align_corners), "no", 0, 0, 0, NULL, "align_corners"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    char text[FV_SHAPE_TEXT];
    const fv_shape *in = &site->in[0], *grid = &site->in[1];
    FV_TRY(fv__shape_maps(ctx, site, "gridsample"));
    if (grid->rank != 4 || grid->dim[0] != in->dim[0] || grid->dim[3] != 2)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "gridsample needs a grid of the shape %" PRId64
                        "xHxWx2, an x and a y for every pixel, and not %s",
                        in->dim[0], fv__dims_text(text, grid));
    site->out[0] = fv__shape4(in->dim[0], in->dim[1], grid->dim[1], grid->dim[2]);
    return fv__shape_fits(ctx, site);
}

/* A place on an axis, in pixels from the middle of the first, and how far it moves when the grid's
   number grows by 1: not at all where it is held at the border. */
typedef struct place {
    double at, slope;
} place;

/* Mirrors a place at both ends of an axis until it lies between them. */
static place reflected(place p, double low, double span) {
    if (!(span > 0)) return (place){0, 0};
    const double d = p.at - low, from = fabs(d), rest = fmod(from, span);
    const bool turned = fmod(floor(from / span), 2) > 0;
    const double slope = (d < 0) != turned ? -p.slope : p.slope;
    return (place){low + (turned ? span - rest : rest), slope};
}

static place place_of(const fv_gridsample_options *o, double g, int64_t size) {
    const double last = (double)(size - 1), span = o->align_corners ? last : (double)size;
    const double low = o->align_corners ? 0 : -0.5;
    place p = {low + (g + 1) / 2 * span, span / 2};
    if (o->padding == REFLECTION) p = reflected(p, low, span);
    if (o->padding == ZEROS) { /* so far out that it can be counted, and still sees nothing */
        if (p.at < -2) p = (place){-2, 0};
        if (p.at > last + 2) p = (place){last + 2, 0};
    } else {
        if (p.at < 0) p = (place){0, 0};
        if (p.at > last) p = (place){last, 0};
    }
    return p;
}

/* A corner of the square of pixels that a place lies in: which pixel, its weight, and how the
   weight grows with the grid's x and y. */
typedef struct corner {
    int64_t pixel;
    double weight, by_x, by_y;
} corner;

static int64_t whole(double v) {
    return isnan(v) ? 0 : (int64_t)v;
}

/* Of (x, y) in a map: its corners that lie in the map and weigh something; returns how many. */
static int corners_of(const fv_gridsample_options *o, const fv_shape *in, double gx, double gy,
                      corner out[4]) {
    const int64_t height = in->dim[2], width = in->dim[3];
    const place x = place_of(o, gx, width), y = place_of(o, gy, height);
    const bool nearest = o->mode == NEAREST;
    const double left = nearest ? nearbyint(x.at) : floor(x.at);
    const double top = nearest ? nearbyint(y.at) : floor(y.at);
    const double tx = nearest && !isnan(x.at) ? 0 : x.at - left;
    const double ty = nearest && !isnan(y.at) ? 0 : y.at - top;
    int count = 0;
    for (int k = 0; k < (nearest ? 1 : 4); k++) {
        const bool right = k % 2 == 1, below = k / 2 == 1;
        const int64_t w = whole(left) + right, h = whole(top) + below;
        const double wx = right ? tx : 1 - tx, wy = below ? ty : 1 - ty;
        if (w < 0 || w >= width || h < 0 || h >= height) continue;
        out[count++] = (corner){h * width + w, wx * wy, nearest ? 0 : (right ? wy : -wy) * x.slope,
                                nearest ? 0 : (below ? wx : -wx) * y.slope};
    }
    return count;
}

/* Another square of pixels, or the other side of a border or mirror. */
static uint64_t branches(const fv_pass *p) {
    const fv_gridsample_options *o = p->options;
    uint64_t hash = FV_BRANCHES_START;
    for (int64_t n = 0; n < fv__samples(&p->x[1]); n++) {
        const double *grid = fv__sample(&p->x[1], n);
        for (int64_t i = 0; i < fv__shape_sample(&p->x[1].shape); i++) {
            const place at = place_of(o, grid[i], p->x[0].shape.dim[i % 2 == 0 ? 3 : 2]);
            hash =
                fv__branches_add(hash, whole(o->mode == NEAREST ? nearbyint(at.at) : floor(at.at)));
            hash = fv__branches_add(hash, at.slope > 0 ? 2 : at.slope < 0);
        }
    }
    return hash;
}

static void cost(const fv_site *site, fv_cost *cost) {
    (void)site;
    fv__cost_nothing(cost);
    cost->global = true; /* a grid may name any place */
}

#define FV_LOOPS "op/gridsample.c"
#include "op/loops.h"

static const char *const samples[] = {
    "; 2x2x1x1, 2x2x2x2",
    "; 2x2x4x5, 2x3x2x2",
    "align_corners ; 1x3x3x4, 1x2x3x2",
    "padding border ; 2x1x3x3, 2x3x3x2",
    "padding reflection ; 1x2x3x2, 1x3x4x2",
    "padding reflection align_corners ; 1x2x2x3, 1x3x3x2",
    "mode nearest ; 2x2x3x4, 2x2x3x2",
    "mode nearest padding border align_corners ; 1x2x3x3, 1x2x2x2",
    "padding border align_corners ; 1x1x1x5, 1x3x2x2",
    NULL};

const fv_op fv__op_gridsample = {
    .name = "gridsample",
    .help = "reads maps at places that a second input names: { maps | grid }",
    .about =
        "y[c,h,w] = x[c] at the place (x, y) = grid[h,w], where -1 is the map's left or upper "
        "edge\n"
        "and 1 its right or lower one (with align_corners the middles of the outermost pixels): "
        "the\n"
        "mean of the four pixels around, weighted by how near they are, or the nearest one. "
        "Beyond\n"
        "the map are zeros, its border, or its mirror image. Gradients: dy by the same weights, "
        "and\n"
        "for the grid by the slope between the four pixels, so that places are learned. "
        "affinegrid\n"
        "makes grids. Jaderberg, Simonyan, Zisserman & Kavukcuoglu 2015, \"Spatial transformer\n"
        "networks\"; GridSample of ONNX.",
    .onnx = "GridSample",
    .inputs_min = 2,
    .inputs_max = 2,
    .traits = FV_KEEP_X,
    .options_size = sizeof(fv_gridsample_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const fv_shape *in = &p->x[0].shape, *out = &p->y[0].shape;
    const int64_t pixels = in->dim[2] * in->dim[3], places = out->dim[2] * out->dim[3];
    corner corners[4];
    for (int64_t n = 0; n < fv__samples(&p->y[0]); n++) {
        const real *x = fv__sample(&p->x[0], n), *grid = fv__sample(&p->x[1], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t i = 0; i < places; i++) {
            const int count =
                corners_of(p->options, in, (double)grid[2 * i], (double)grid[2 * i + 1], corners);
            for (int64_t c = 0; c < in->dim[1]; c++) {
                double sum = 0;
                for (int k = 0; k < count; k++) /* what weighs nothing might be infinite */
                    if (corners[k].weight != 0)
                        sum += corners[k].weight * (double)x[c * pixels + corners[k].pixel];
                y[c * places + i] = (real)sum;
            }
        }
    }
}

/* One place: dx gets dy by the weights, and (dx, dy) of the grid the slopes' sum. */
static void LOOP(give_back)(const corner *corners, int count, const fv_shape *in, int64_t places,
                            const real *x, const real *dy, real *dx, real *dgrid) {
    const int64_t pixels = in->dim[2] * in->dim[3];
    double by_x = 0, by_y = 0;
    for (int64_t c = 0; c < in->dim[1]; c++)
        for (int k = 0; k < count; k++) {
            const int64_t from = c * pixels + corners[k].pixel;
            const double g = (double)dy[c * places];
            if (dx != NULL) dx[from] += (real)(corners[k].weight * g);
            by_x += corners[k].by_x * g * (double)x[from];
            by_y += corners[k].by_y * g * (double)x[from];
        }
    if (dgrid == NULL) return;
    dgrid[0] += (real)by_x;
    dgrid[1] += (real)by_y;
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_shape *in = &p->x[0].shape, *out = &p->dy[0].shape;
    const int64_t places = out->dim[2] * out->dim[3];
    corner corners[4];
    for (int64_t n = 0; n < fv__samples(&p->dy[0]); n++) {
        const real *x = fv__sample(&p->x[0], n), *grid = fv__sample(&p->x[1], n);
        const real *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n), *dgrid = fv__sample(&p->dx[1], n);
        for (int64_t i = 0; i < places; i++) {
            const int count =
                corners_of(p->options, in, (double)grid[2 * i], (double)grid[2 * i + 1], corners);
            LOOP(give_back)
            (corners, count, in, places, x, dy + i, dx, dgrid != NULL ? dgrid + 2 * i : NULL);
        }
    }
}

#endif
