/* SPDX-License-Identifier: MIT */
/*
 * resize: maps of another height and width, each pixel the nearest one of x or the mean of the four
 * around its place, weighted by how near they are. How a pixel's place in x follows from its number
 * (`coordinates`) is as Resize of ONNX has it.
 */
#ifndef FV_LOOPS
#include "op/resize.h"
#include "op/moves.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const modes[] = {"nearest", "bilinear", NULL};
static const char *const coordinates[] = {"half_pixel", "pytorch_half_pixel", "align_corners",
                                          "asymmetric", NULL};
static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil",
                                        NULL};

#define AT(field) offsetof(fv_resize_options, field)
static const fv_field fields[] = {
    {"size", "height x width of the output; 0: as scale says", FV_SIZE, AT(size), "0", 0, 1e9,
     FV_POSITIONAL, NULL, "sizes"},
    {"scale", "or how many times as large: one number, or height,width", FV_REALS, AT(scale), NULL,
     1e-9, 1e9, 0, NULL, "scales"},
    {"mode", "the nearest pixel, or the weighted mean of four", FV_CHOICE, AT(mode), "nearest", 0,
     0, 0, modes, "mode"},
    {"coordinates", "where a pixel of the output lies in the input", FV_CHOICE, AT(coordinates),
     "half_pixel", 0, 0, 0, coordinates, "coordinate_transformation_mode"},
    {"rounding", "which pixel is the nearest", FV_CHOICE, AT(rounding), "round_prefer_floor", 0, 0,
     0, roundings, "nearest_mode"},
    {0}};

static double scale_of(const fv_resize_options *o, int axis) {
    return o->scale.v[o->scale.count > 1 ? axis : 0];
}

/* One axis of the output. Scales are float32 in files, where 0.7 times 10 is 7 and not a little
   less; so they are multiplied here. */
static fv_status extent(fv_context *ctx, const fv_resize_options *o, int axis, int64_t in,
                        int64_t *out) {
    const int64_t size = axis == 0 ? o->size.h : o->size.w;
    const double scaled =
        o->scale.count > 0 ? floor((double)(float)((double)in * scale_of(o, axis))) : (double)size;
    if (!(scaled >= 1 && scaled <= 1e9))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "a %s of %" PRId64 " would become %g; it must be between 1 and 1000000000",
                        axis == 0 ? "height" : "width", in, scaled);
    *out = (int64_t)scaled;
    return FV_OK;
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_resize_options *o = site->options;
    const char *who = site->op->name;
    FV_TRY(fv__shape_maps(ctx, site, who));
    FV_TRY(fv__move_shape(ctx, site));
    const fv_dtype dtype = site->in_type[0].dtype;
    const bool sized = o->size.h != 0 || o->size.w != 0;
    if (o->scale.count < 0 || o->scale.count > 2 || sized == (o->scale.count > 0))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s needs the size of the output or else a scale, one number or two", who);
    if (o->mode != FV_RESIZE_NEAREST && dtype != FV_F32 && dtype != FV_F64)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s cannot take means of %s values; mode nearest only moves them", who,
                        fv__dtype_name(dtype));
    for (int axis = 0; axis < 2; axis++)
        FV_TRY(extent(ctx, o, axis, site->in[0].dim[2 + axis], &site->out[0].dim[2 + axis]));
    return fv__shape_fits(ctx, site);
}

/* Divides last, so that whole places are hit exactly. */
double fv__resize_place(const fv_resize_options *o, int axis, int64_t in, int64_t out, int64_t at) {
    const bool corners = o->coordinates == FV_RESIZE_ALIGN_CORNERS;
    const bool whole = corners || o->coordinates == FV_RESIZE_ASYMMETRIC;
    if (out == 1 && (corners || o->coordinates == FV_RESIZE_PYTORCH_HALF_PIXEL)) return 0;
    if (corners) { /* the output as large as the scale has it, before it is rounded down */
        const double whole = o->scale.count > 0 ? (double)in * scale_of(o, axis) : (double)out;
        return (double)at * (double)(in - 1) / (whole - 1);
    }
    const double x = whole ? (double)at : (double)at + 0.5;
    const double to = o->scale.count > 0 ? x / scale_of(o, axis) : x * (double)in / (double)out;
    return whole ? to : to - 0.5;
}

static int64_t clamp(double v, int64_t in) {
    return v < 0 ? 0 : v > (double)(in - 1) ? in - 1 : (int64_t)v;
}

int64_t fv__resize_nearest(const fv_resize_options *o, int64_t in, double place) {
    const double v = o->rounding == FV_RESIZE_FLOOR          ? floor(place)
                     : o->rounding == FV_RESIZE_CEIL         ? ceil(place)
                     : o->rounding == FV_RESIZE_PREFER_FLOOR ? ceil(place - 0.5)
                                                             : floor(place + 0.5);
    return clamp(v, in);
}

fv_resize_taps fv__resize_taps(const fv_resize_options *o, int axis, int64_t in, int64_t out,
                               int64_t at) {
    const double x = fv__resize_place(o, axis, in, out, at), low = floor(x);
    if (o->mode == FV_RESIZE_NEAREST) {
        const int64_t nearest = fv__resize_nearest(o, in, x);
        return (fv_resize_taps){nearest, nearest, 0};
    }
    /* with nothing of the higher one, it is not read: it might be infinite */
    return (fv_resize_taps){clamp(low, in), clamp(x > low ? low + 1 : low, in), x - low};
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_resize_options *o = site->options;
    const int64_t *in = site->in[0].dim, *out = site->out[0].dim;
    fv__cost_nothing(cost);
    cost->kernel_h = cost->kernel_w = o->mode == FV_RESIZE_BILINEAR ? 2 : 1;
    if (in[2] > out[2]) cost->stride_h = in[2] / out[2];
    if (in[3] > out[3]) cost->stride_w = in[3] / out[3];
}

/* One plane of any type, whose pixels are moved. */
static void nearest(const fv_resize_options *o, const int64_t in[2], const int64_t out[2],
                    const char *x, char *y, size_t bytes) {
    for (int64_t h = 0; h < out[0]; h++) {
        const int64_t row = fv__resize_taps(o, 0, in[0], out[0], h).low * in[1];
        for (int64_t w = 0; w < out[1]; w++, y += bytes)
            memcpy(y, x + (size_t)(row + fv__resize_taps(o, 1, in[1], out[1], w).low) * bytes,
                   bytes);
    }
}

#define FV_LOOPS "op/resize.c"
#include "op/loops.h"

static const char *const samples[] = {
    "4x6 ; 2x2x2x3",
    "3x2 rounding floor coordinates asymmetric ; 1x2x5x4",
    "scale 2 mode bilinear ; 2x1x3x2",
    "scale 0.6,1.5 mode bilinear coordinates pytorch_half_pixel ; 1x2x5x4",
    "5x3 mode bilinear coordinates align_corners ; 2x1x3x5",
    "1x7 mode bilinear coordinates asymmetric ; 1x2x4x3",
    "scale 1.5 rounding round_prefer_ceil ; 1x1x4x3",
    "7x1 rounding ceil coordinates align_corners ; 2x1x3x4",
    "3x5 ; below 9 1x2x2x3",
    NULL};

const fv_op fv__op_resize = {
    .name = "resize",
    .help = "maps of another height and width: nearest pixels or means of four",
    .about =
        "y[c,h,w] = x at the place of pixel (h,w): the nearest pixel, or with mode bilinear the\n"
        "mean of the four around it, weighted by how near they are; beyond the edge the edge\n"
        "counts. Along an axis of size `in`, with scale = out/in or as given, the place is\n"
        "  half_pixel          (h + 0.5)/scale - 0.5\n"
        "  pytorch_half_pixel  the same, 0 where there is one pixel\n"
        "  align_corners       h*(in - 1)/(out - 1), where out may be in*scale\n"
        "  asymmetric          h/scale\n"
        "The output's size is in*scale rounded down. Gradient: dy by the same weights.\n"
        "As Resize of ONNX (2019); bilinear as in Long, Shelhamer & Darrell 2015.",
    .onnx = "Resize",
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_first = FV_TAKES_ALL,
    .options_size = sizeof(fv_resize_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

/* One plane: forward (dx NULL) y = the means of x, backward dx += dy by the same weights. */
static void LOOP(plane)(const fv_resize_options *o, const int64_t in[2], const int64_t out[2],
                        const real *x, real *y, const real *dy, real *dx) {
    for (int64_t h = 0; h < out[0]; h++) {
        const fv_resize_taps r = fv__resize_taps(o, 0, in[0], out[0], h);
        const int64_t above = r.low * in[1], below = r.high * in[1];
        for (int64_t w = 0; w < out[1]; w++) {
            const fv_resize_taps c = fv__resize_taps(o, 1, in[1], out[1], w);
            const int64_t from[4] = {above + c.low, above + c.high, below + c.low, below + c.high};
            const double weight[4] = {(1 - r.t) * (1 - c.t), (1 - r.t) * c.t, r.t * (1 - c.t),
                                      r.t * c.t};
            double sum = 0;
            for (int k = 0; k < 4; k++)
                if (dx != NULL)
                    dx[from[k]] += (real)(weight[k] * (double)dy[h * out[1] + w]);
                else
                    sum += weight[k] * (double)x[from[k]];
            if (dx == NULL) y[h * out[1] + w] = (real)sum;
        }
    }
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_resize_options *o = p->options;
    const int64_t *in = &p->x[0].shape.dim[2], *out = &p->y[0].shape.dim[2];
    const size_t bytes = fv__dtype_bytes(p->y[0].dtype);
    for (int64_t n = 0; n < fv__samples(&p->y[0]); n++) {
        const char *x = fv__sample(&p->x[0], n);
        char *y = fv__sample(&p->y[0], n);
        for (int64_t c = 0; c < p->y[0].shape.dim[1]; c++) {
            if (o->mode == FV_RESIZE_NEAREST)
                nearest(o, in, out, x, y, bytes);
            else
                LOOP(plane)(o, in, out, (const void *)x, (void *)y, NULL, NULL);
            x += (size_t)(in[0] * in[1]) * bytes;
            y += (size_t)(out[0] * out[1]) * bytes;
        }
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const int64_t *in = &p->dx[0].shape.dim[2], *out = &p->dy[0].shape.dim[2];
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < fv__samples(&p->dy[0]); n++) {
        const real *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t c = 0; c < p->dy[0].shape.dim[1]; c++) LOOP(plane)
        (p->options, in, out, NULL, NULL, dy + c * out[0] * out[1], dx + c * in[0] * in[1]);
    }
}

#endif
