/* SPDX-License-Identifier: MIT */
/*
 * rows_resize.c - Upsample, which became Resize, whose words and inputs changed with the opsets.
 */
#include "onnx/importer.h"

#ifdef FV_HAVE_ONNX
#include <string.h>

/* Height and width of a list for all four dimensions, of which the first two stay as they are. */
static fv_status last_two(fv_onnx_node *n, const fv_constant *c, bool sizes, double out[2]) {
    const fv_shape *x = fv__onnx_shape(n->im, n->in[0], NULL);
    if (x->rank != 4 || fv__shape_count(&c->shape) != 4)
        return fv__onnx_refuse(n, "it is computed here for maps with height and width");
    for (int d = 0; d < 4; d++) {
        const double v = fv__constant_get(c, d), still = sizes ? (double)x->dim[d] : 1;
        if (d < 2 && v != still)
            return fv__onnx_refuse(n, "the batch and the channels cannot be resized here");
        if (d >= 2) out[d - 2] = v;
    }
    return FV_OK;
}

static fv_status set_scale(fv_onnx_node *n, fv_onnx_made *o, const fv_constant *scales) {
    double s[2];
    FV_TRY(last_two(n, scales, false, s));
    const fv_arg arg = {.is = FV_ARG_NUMBERS, .count = 2, .v = {s[0], s[1]}};
    return fv__onnx_set_arg(n, o, "scale", &arg);
}

static fv_status set_size(fv_onnx_node *n, fv_onnx_made *o, const fv_constant *sizes) {
    double s[2];
    FV_TRY(last_two(n, sizes, true, s));
    const fv_ints size = {2, {(int64_t)s[0], (int64_t)s[1]}};
    return fv__onnx_set_ints(n, o, "size", &size, true);
}

/* Upsample of opset 7: an attribute; before, one for each side. */
static fv_status scales_of_attributes(fv_onnx_node *n, fv_constant *out) {
    const Onnx__AttributeProto *a = fv__onnx_attribute(n, "scales");
    const fv_shape four = fv__shape1(4);
    double high, wide;
    FV_TRY(fv__onnx_real(n, "height_scale", 1, &high));
    FV_TRY(fv__onnx_real(n, "width_scale", 1, &wide));
    FV_TRY(fv__constant_new(n->im->ctx, &n->im->arena, FV_F32, &four, out));
    if (a && a->n_floats != 4) return fv__onnx_refuse(n, "its scales are not four numbers");
    for (int i = 0; i < 4; i++)
        fv__constant_set(out, i, a ? (double)a->floats[i] : i < 2 ? 1 : i == 2 ? high : wide);
    return FV_OK;
}

static fv_status set_words(fv_onnx_node *n, fv_onnx_made *o, bool old) {
    char mode[FV_WORD_MAX], where[FV_WORD_MAX], nearest[FV_WORD_MAX];
    int64_t outside;
    double ignored;
    FV_TRY(fv__onnx_word(n, "mode", "nearest", mode));
    FV_TRY(fv__onnx_word(n, "coordinate_transformation_mode", old ? "asymmetric" : "half_pixel",
                         where));
    FV_TRY(fv__onnx_word(n, "nearest_mode", old ? "floor" : "round_prefer_floor", nearest));
    FV_TRY(fv__onnx_int(n, "exclude_outside", 0, &outside));
    FV_TRY(fv__onnx_real(n, "cubic_coeff_a", 0, &ignored));
    FV_TRY(fv__onnx_real(n, "extrapolation_value", 0, &ignored));
    if (strcmp(mode, "linear") == 0) (void)strcpy(mode, "bilinear");
    FV_TRY(fv__onnx_set_word(n, o, "mode", mode));
    FV_TRY(fv__onnx_set_word(n, o, "coordinates", where));
    return fv__onnx_set_word(n, o, "rounding", nearest);
}

fv_status fv__onnx_take_resize(fv_onnx_node *n) {
    const bool upsample = strcmp(n->proto->op_type, "Upsample") == 0;
    const bool old = upsample || n->im->opset < 11;
    const int in[] = {0}, at = old ? 1 : 2; /* from opset 11 on a region stands before the scales */
    const fv_constant *c;
    fv_constant scales;
    fv_onnx_made o;
    FV_TRY(fv__onnx_plain(n, "resize", &o));
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    FV_TRY(set_words(n, &o, old));
    if (upsample && !fv__onnx_has(n, 1)) {
        FV_TRY(scales_of_attributes(n, &scales));
        FV_TRY(set_scale(n, &o, &scales));
    } else if (fv__onnx_has(n, 3)) {
        FV_TRY(fv__onnx_known(n, 3, "sizes", &c));
        FV_TRY(set_size(n, &o, c));
    } else {
        FV_TRY(fv__onnx_known(n, at, "scales", &c));
        FV_TRY(set_scale(n, &o, c));
    }
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

#endif
