/* SPDX-License-Identifier: MIT */
/*
 * writes_shapes.c - what moves numbers about. Options that are attributes in early opsets became
 * inputs later. See write_list.h.
 */
#include "onnx/writer.h"

#ifdef FV_HAVE_ONNX
#include <math.h>
#include <string.h>

/* --------------------------------------------------------------------------------- lists --- */

void fv__onnx_write_reshape(fv_onnx_writer *w) {
    const fv_ints *shape = fv__onnx_option_ints(w, "shape");
    (void)fv__onnx_reshape(w, fv__onnx_y(w, 0), fv__onnx_x(w, 0), shape->v, shape->count);
}

void fv__onnx_write_tile(fv_onnx_writer *w) {
    const fv_ints *repeats = fv__onnx_option_ints(w, "repeats");
    (void)FV_ONNX_PUT(w, "Tile", fv__onnx_y(w, 0), fv__onnx_x(w, 0),
                      fv__onnx_list(w, repeats->v, repeats->count));
}

void fv__onnx_write_expand(fv_onnx_writer *w) {
    const fv_ints *shape = fv__onnx_option_ints(w, "shape");
    (void)FV_ONNX_PUT(w, "Expand", fv__onnx_y(w, 0), fv__onnx_x(w, 0),
                      fv__onnx_list(w, shape->v, shape->count));
}

/* In ascending order, which some readers take for granted. */
static void put_axes(fv_onnx_writer *w, fv_ints *axes) {
    for (int i = 1; i < axes->count; i++)
        for (int k = i; k > 0 && axes->v[k - 1] > axes->v[k]; k--) {
            const int64_t v = axes->v[k];
            axes->v[k] = axes->v[k - 1];
            axes->v[k - 1] = v;
        }
    const char *op = w->layer->op->onnx;
    const bool listed = w->opset >= 13 && axes->count;
    (void)FV_ONNX_PUT(w, op, fv__onnx_y(w, 0), fv__onnx_x(w, 0),
                      listed ? fv__onnx_list(w, axes->v, axes->count) : NULL);
    if (!listed && axes->count) fv__onnx_say_ints(w, "axes", axes->v, axes->count);
}

/* Without axes it is those of 1, but for the batch, which may be 1 there too. */
void fv__onnx_write_squeeze(fv_onnx_writer *w) {
    const fv_shape *x = fv__onnx_x_shape(w, 0);
    const bool batched = w->graph->values[w->layer->in[0]].type.batched;
    fv_ints axes = *fv__onnx_option_ints(w, "axes");
    for (int i = 0; i < axes.count; i++)
        if (axes.v[i] < 0) axes.v[i] += x->rank; /* early opsets count from the front only */
    for (int d = batched, given = axes.count; !given && d < x->rank; d++)
        if (x->dim[d] == 1) axes.v[axes.count++] = d;
    if (axes.count)
        put_axes(w, &axes);
    else
        (void)FV_ONNX_PUT(w, "Identity", fv__onnx_y(w, 0), fv__onnx_x(w, 0));
}

/* The axes are those of the output. */
void fv__onnx_write_unsqueeze(fv_onnx_writer *w) {
    fv_ints axes = *fv__onnx_option_ints(w, "axes");
    for (int i = 0; i < axes.count; i++)
        if (axes.v[i] < 0) axes.v[i] += fv__onnx_y_shape(w, 0)->rank;
    put_axes(w, &axes);
}

void fv__onnx_write_flatten(fv_onnx_writer *w) {
    if (w->graph->values[w->layer->in[0]].type.dtype != FV_F32)
        fv__onnx_since(w, 9, "Flatten of whole numbers");
    fv__onnx_write_as(w, "Flatten");
}

/* Without an order the dimensions are turned round. */
void fv__onnx_write_turn(fv_onnx_writer *w) {
    const int rank = fv__onnx_x_shape(w, 0)->rank;
    fv_ints perm = *fv__onnx_option_ints(w, "perm");
    for (int d = 0; d < rank; d++) {
        if (perm.count < rank) perm.v[d] = rank - 1 - d;
        if (perm.v[d] < 0) perm.v[d] += rank;
    }
    (void)fv__onnx_transpose(w, fv__onnx_y(w, 0), fv__onnx_x(w, 0), perm.v, rank);
}

const char *fv__onnx_slice(fv_onnx_writer *w, const char *out, const char *x, const fv_ints *starts,
                           const fv_ints *ends, const fv_ints *axes, const fv_ints *steps) {
    if (w->opset >= 10)
        return FV_ONNX_PUT(w, "Slice", out, x, fv__onnx_list(w, starts->v, starts->count),
                           fv__onnx_list(w, ends->v, ends->count),
                           axes->count ? fv__onnx_list(w, axes->v, axes->count) : NULL,
                           steps->count ? fv__onnx_list(w, steps->v, steps->count) : NULL);
    for (int i = 0; i < steps->count; i++)
        if (steps->v[i] != 1) fv__onnx_since(w, 10, "steps of a slice");
    const char *y = FV_ONNX_PUT(w, "Slice", out, x);
    fv__onnx_say_ints(w, "starts", starts->v, starts->count);
    fv__onnx_say_ints(w, "ends", ends->v, ends->count);
    if (axes->count) fv__onnx_say_ints(w, "axes", axes->v, axes->count);
    return y;
}

/* What lies beyond every dimension is as far as numbers of 32 bits reach, which all readers take.
 */
static fv_ints held(const fv_ints *list) {
    fv_ints out = *list;
    for (int i = 0; i < out.count; i++) {
        if (out.v[i] > INT32_MAX) out.v[i] = INT32_MAX;
        if (out.v[i] < -INT32_MAX) out.v[i] = -INT32_MAX;
    }
    return out;
}

void fv__onnx_write_slice(fv_onnx_writer *w) {
    const fv_ints starts = held(fv__onnx_option_ints(w, "starts"));
    const fv_ints ends = held(fv__onnx_option_ints(w, "ends"));
    const fv_ints steps = held(fv__onnx_option_ints(w, "steps"));
    (void)fv__onnx_slice(w, fv__onnx_y(w, 0), fv__onnx_x(w, 0), &starts, &ends,
                         fv__onnx_option_ints(w, "axes"), &steps);
}

void fv__onnx_write_crop(fv_onnx_writer *w) {
    const fv_shape *x = fv__onnx_x_shape(w, 0), *y = fv__onnx_y_shape(w, 0);
    int64_t top = fv__onnx_option_int(w, "top"), left = fv__onnx_option_int(w, "left");
    (void)fv__onnx_option(w, "size");
    if (top < 0) top = (x->dim[2] - y->dim[2]) / 2;
    if (left < 0) left = (x->dim[3] - y->dim[3]) / 2;
    const fv_ints starts = {2, {top, left}}, ends = {2, {top + y->dim[2], left + y->dim[3]}};
    const fv_ints axes = {2, {2, 3}}, none = {0};
    (void)fv__onnx_slice(w, fv__onnx_y(w, 0), fv__onnx_x(w, 0), &starts, &ends, &axes, &none);
}

/* `pads` are of all dimensions. */
static const char *put_pad(fv_onnx_writer *w, const char *out, const char *x, const int64_t *pads,
                           int rank, const char *mode, double value) {
    const fv_dtype dtype = w->graph->values[w->layer->in[0]].type.dtype;
    if (dtype != FV_F32) fv__onnx_since(w, 11, "borders of whole numbers");
    const char *y = w->opset >= 11 ? FV_ONNX_PUT(w, "Pad", out, x, fv__onnx_list(w, pads, 2 * rank),
                                                 fv__onnx_number_of(w, dtype, value))
                                   : FV_ONNX_PUT(w, "Pad", out, x);
    fv__onnx_say_word(w, "mode", mode);
    if (w->opset >= 11) return y;
    fv__onnx_say_ints(w, "pads", pads, 2 * rank);
    fv__onnx_say_real(w, "value", value);
    return y;
}

void fv__onnx_write_pad(fv_onnx_writer *w) {
    const fv_ints *given = fv__onnx_option_ints(w, "pads"), *axes = fv__onnx_option_ints(w, "axes");
    const int rank = fv__onnx_x_shape(w, 0)->rank, n = given->count / 2;
    const char *mode = fv__onnx_option_word(w, "mode");
    int64_t pads[2 * FV_RANK_MAX] = {0};
    if (strcmp(mode, "wrap") == 0) fv__onnx_cannot(w, "ONNX has no mode wrap before opset 19");
    for (int i = 0; i < n; i++) {
        const int64_t axis = axes->count ? axes->v[i] : i, d = axis < 0 ? axis + rank : axis;
        pads[d] = given->v[i];
        pads[rank + d] = given->v[n + i];
    }
    (void)put_pad(w, fv__onnx_y(w, 0), fv__onnx_x(w, 0), pads, rank, mode,
                  fv__onnx_option_real(w, "value"));
}

/* Every so many pixels, then zeros as further channels. */
void fv__onnx_write_shortcut(fv_onnx_writer *w) {
    const fv_shape *x = fv__onnx_x_shape(w, 0), *y = fv__onnx_y_shape(w, 0);
    const int64_t stride = fv__onnx_option_int(w, "stride"), more = y->dim[1] - x->dim[1];
    const fv_ints starts = {2, {0, 0}}, ends = {2, {INT32_MAX, INT32_MAX}};
    const fv_ints axes = {2, {2, 3}}, steps = {2, {stride, stride}};
    const int64_t pads[] = {0, more / 2, 0, 0, 0, more - more / 2, 0, 0};
    const char *in = fv__onnx_x(w, 0), *out = fv__onnx_y(w, 0);
    (void)fv__onnx_option(w, "channels");
    if (stride == 1 && more == 0) (void)FV_ONNX_PUT(w, "Identity", out, in);
    if (stride > 1) in = fv__onnx_slice(w, more ? NULL : out, in, &starts, &ends, &axes, &steps);
    if (more) (void)put_pad(w, out, in, pads, 4, "constant", 0);
}

/* The sizes as they come out; all outputs. */
void fv__onnx_write_split(fv_onnx_writer *w) {
    const int64_t axis = fv__onnx_option_int(w, "axis");
    const int rank = fv__onnx_x_shape(w, 0)->rank, count = w->layer->outputs;
    const int d = (int)(axis < 0 ? axis + rank : axis);
    int64_t sizes[FV_OP_OUTPUTS];
    (void)fv__onnx_option(w, "parts");
    (void)fv__onnx_option(w, "sizes");
    for (int i = 0; i < count; i++) sizes[i] = fv__onnx_y_shape(w, i)->dim[d];
    if (w->opset >= 13)
        (void)FV_ONNX_PUT(w, "Split", fv__onnx_y(w, 0), fv__onnx_x(w, 0),
                          fv__onnx_list(w, sizes, count));
    else
        (void)FV_ONNX_PUT(w, "Split", fv__onnx_y(w, 0), fv__onnx_x(w, 0));
    fv__onnx_say_outputs(w, NULL, count);
    fv__onnx_say_int(w, "axis", d);
    if (w->opset < 13) fv__onnx_say_ints(w, "split", sizes, count);
}

/* By a second input, or by its own list. */
void fv__onnx_write_gather(fv_onnx_writer *w) {
    const fv_ints *indices = fv__onnx_option_ints(w, "indices");
    const char *places =
        w->layer->inputs > 1 ? fv__onnx_x(w, 1) : fv__onnx_list(w, indices->v, indices->count);
    (void)FV_ONNX_PUT(w, "Gather", fv__onnx_y(w, 0), fv__onnx_x(w, 0), places);
    fv__onnx_say_options(w);
}

void fv__onnx_write_cast(fv_onnx_writer *w) {
    static const struct {
        const char *word;
        fv_dtype dtype;
    } types[] = {{"float", FV_F32}, {"int32", FV_I32}, {"int64", FV_I64},
                 {"int8", FV_I8},   {"uint8", FV_U8},  {"bool", FV_BOOL8}};
    (void)FV_ONNX_PUT(w, "Cast", fv__onnx_y(w, 0), fv__onnx_x(w, 0));
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (fv__onnx_option_is(w, "to", types[i].word))
            fv__onnx_say_int(w, "to", fv__onnx_type_of(types[i].dtype));
}

/* -------------------------------------------------------------------------------- resize --- */

/* The factor that makes `out` of `in` pixels, rounded down: as a float a third times three may be
   less than one. */
static float factor_of(int64_t in, int64_t out) {
    float f = (float)((double)out / (double)in);
    while (floorf(f * (float)in) < (float)out) f = nextafterf(f, INFINITY);
    return f;
}

static const char *factors(fv_onnx_writer *w, const double scale[2], const int64_t size[2]) {
    const fv_shape *x = fv__onnx_x_shape(w, 0), four = fv__shape1(4);
    float *f = fv__onnx_floats(w, 4);
    for (int i = 0; f && i < 4; i++) {
        f[i] = 1;
        if (i >= 2) f[i] = size ? factor_of(x->dim[i], size[i - 2]) : (float)scale[i - 2];
    }
    return fv__onnx_own_tensor(w, "scales", FV_F32, &four, f);
}

/* Up to opset 10 there was one way to lay the pixels of one map on those of the other. */
static void put_early_resize(fv_onnx_writer *w, const char *scales, bool same) {
    if (!same) fv__onnx_since(w, 11, "resizing with other coordinates than asymmetric");
    (void)FV_ONNX_PUT(w, w->opset < 10 ? "Upsample" : "Resize", fv__onnx_y(w, 0), fv__onnx_x(w, 0),
                      scales);
}

/* Height and width of the output behind whatever the first two dimensions are, of which the batch
   is known only where the file is used. */
static const char *sizes_of(fv_onnx_writer *w) {
    const fv_shape *y = fv__onnx_y_shape(w, 0);
    const fv_ints zero = {1, {0}}, two = {1, {2}}, none = {0};
    const char *all = FV_ONNX_PUT(w, "Shape", NULL, fv__onnx_x(w, 0));
    const char *first = fv__onnx_slice(w, NULL, all, &zero, &two, &zero, &none);
    const char *list = FV_ONNX_PUT(w, "Concat", NULL, first, fv__onnx_list(w, y->dim + 2, 2));
    fv__onnx_say_int(w, "axis", 0);
    return list;
}

static bool makes_smaller(const fv_onnx_writer *w) {
    const fv_shape *x = fv__onnx_x_shape(w, 0), *y = fv__onnx_y_shape(w, 0);
    return y->dim[2] < x->dim[2] || y->dim[3] < x->dim[3];
}

/* The region is for a coordinate mode that is not there, and stays empty. */
static void put_resize(fv_onnx_writer *w, const char *scales, const char *sizes, const char *mode,
                       const char *coordinates, const char *rounding) {
    const bool nearest = strcmp(mode, "nearest") == 0;
    const bool same =
        strcmp(coordinates, "asymmetric") == 0 && (!nearest || strcmp(rounding, "floor") == 0);
    const fv_shape none = fv__shape1(0);
    if (w->opset < 9) fv__onnx_since(w, 9, "resizing");
    if (makes_smaller(w)) fv__onnx_since(w, 10, "resizing to a smaller map");
    if (w->opset < 11)
        put_early_resize(w, scales, same);
    else {
        const char *empty = fv__onnx_own_tensor(w, "empty", FV_F32, &none, fv__onnx_floats(w, 1));
        (void)FV_ONNX_PUT(w, "Resize", fv__onnx_y(w, 0), fv__onnx_x(w, 0), empty,
                          scales ? scales : empty, sizes);
    }
    fv__onnx_say_word(w, "mode", nearest ? mode : "linear");
    if (w->opset < 11) return;
    fv__onnx_say_word(w, "coordinate_transformation_mode", coordinates);
    if (nearest) fv__onnx_say_word(w, "nearest_mode", rounding);
}

void fv__onnx_write_resize(fv_onnx_writer *w) {
    const fv_reals *scales = fv__onnx_option(w, "scale");
    const fv_size *given = fv__onnx_option(w, "size");
    const double scale[] = {scales->v[0], scales->v[scales->count > 1 ? 1 : 0]};
    const int64_t size[] = {given->h, given->w};
    const bool sized = scales->count == 0, listed = sized && w->opset >= 11;
    put_resize(w, listed ? NULL : factors(w, scale, sized ? size : NULL),
               listed ? sizes_of(w) : NULL, fv__onnx_option_word(w, "mode"),
               fv__onnx_option_word(w, "coordinates"), fv__onnx_option_word(w, "rounding"));
}

void fv__onnx_write_upsample(fv_onnx_writer *w) {
    const fv_size *factor = fv__onnx_option(w, "factor");
    const double scale[] = {(double)factor->h, (double)factor->w};
    const char *mode = fv__onnx_option_word(w, "mode");
    const bool corners = fv__onnx_option_bool(w, "align_corners");
    put_resize(w, factors(w, scale, NULL), NULL, mode,
               strcmp(mode, "nearest") == 0 ? "asymmetric"
               : corners                    ? "align_corners"
                                            : "half_pixel",
               "floor");
}

/* One order of the parts there was from the beginning, the other came with opset 11. */
void fv__onnx_write_depthtospace(fv_onnx_writer *w) {
    const bool other = fv__onnx_option_is(w, "mode", "crd");
    (void)FV_ONNX_PUT(w, "DepthToSpace", fv__onnx_y(w, 0), fv__onnx_x(w, 0));
    if (other) fv__onnx_since(w, 11, "the mode CRD");
    if (w->opset >= 11) fv__onnx_say_word(w, "mode", other ? "CRD" : "DCR");
    fv__onnx_say_options(w);
}

/* It has one order only; the other one is a way through six dimensions. */
void fv__onnx_write_spacetodepth(fv_onnx_writer *w) {
    const fv_shape *x = fv__onnx_x_shape(w, 0), *y = fv__onnx_y_shape(w, 0);
    const int64_t b = fv__onnx_option_int(w, "block");
    const int64_t apart[] = {0, x->dim[1], x->dim[2] / b, b, x->dim[3] / b, b};
    const int64_t turn[] = {0, 1, 3, 5, 2, 4}, back[] = {0, y->dim[1], y->dim[2], y->dim[3]};
    if (!fv__onnx_option_is(w, "mode", "crd")) {
        (void)FV_ONNX_PUT(w, "SpaceToDepth", fv__onnx_y(w, 0), fv__onnx_x(w, 0));
        fv__onnx_say_int(w, "blocksize", b);
        return;
    }
    const char *in = fv__onnx_reshape(w, NULL, fv__onnx_x(w, 0), apart, 6);
    in = fv__onnx_transpose(w, NULL, in, turn, 6);
    (void)fv__onnx_reshape(w, fv__onnx_y(w, 0), in, back, 4);
}

#endif
