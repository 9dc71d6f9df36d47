/* SPDX-License-Identifier: MIT */
/*
 * keras_options.c - options of Keras' layers that are no single option of ours.
 */
#include "foreign/keras_layers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ARGS                                                                                       \
    const fv_keras *k, const fv_keras_layer *layer, const fv_op *op, void *options,                \
        const fv_shape *x, const fv_json *value

/* "same" and "valid" are our words, too. A pool's average never counts the padding there. */
static fv_status read_pad(ARGS) {
    (void)x;
    if (op == &fv__op_avgpool) FV_TRY(fv__keras_set_text(k, layer, op, options, "count_pad", "no"));
    return value ? fv__keras_set(k, layer, op, options, "pad", value) : FV_OK;
}

/* Of a transposed convolution; where the stride is larger than the kernel, "valid" ends with the
   stride. */
static fv_status read_back(ARGS) {
    const fv_size *kernel, *stride, *dilation;
    char more[64];
    FV_TRY(read_pad(k, layer, op, options, x, value));
    if (value && value->kind == FV_JSON_STRING && strcmp(value->string, "same") == 0) return FV_OK;
    kernel = (const fv_size *)((char *)options + fv__field_find(op->fields, "kernel")->offset);
    stride = (const fv_size *)((char *)options + fv__field_find(op->fields, "stride")->offset);
    dilation = (const fv_size *)((char *)options + fv__field_find(op->fields, "dilation")->offset);
    const int64_t h = stride->h - dilation->h * (kernel->h - 1) - 1;
    const int64_t w = stride->w - dilation->w * (kernel->w - 1) - 1;
    (void)snprintf(more, sizeof more, "%" PRId64 "x%" PRId64, h > 0 ? h : 0, w > 0 ? w : 0);
    return fv__keras_set_text(k, layer, op, options, "output_pad", more);
}

/* Of a depthwise convolution: filters for each channel. */
static fv_status read_multiplier(ARGS) {
    const double times = value && value->kind == FV_JSON_NUMBER ? value->number : 1;
    char text[32];
    int64_t filters;
    if (times < 1 || times > 1e6 || times != (double)(int64_t)times ||
        !fv__mul_i64((int64_t)times, x->dim[1], &filters))
        return fv__keras_refuse(k, layer, "a depth_multiplier that is no number of filters");
    (void)snprintf(text, sizeof text, "%" PRId64, filters);
    FV_TRY(fv__keras_set_text(k, layer, op, options, "filters", text));
    (void)snprintf(text, sizeof text, "%" PRId64, x->dim[1]);
    return fv__keras_set_text(k, layer, op, options, "groups", text);
}

/* Whether it names the last dimension, the channels, as 3, -1 or [3]. */
static bool is_last(const fv_shape *x, const fv_json *value) {
    if (!value || value->kind == FV_JSON_NULL) return true;
    if (value->kind == FV_JSON_ARRAY) return value->count == 1 && is_last(x, value->child);
    if (value->kind != FV_JSON_NUMBER) return false;
    const bool flat = fv__shape_sample(x) == x->dim[1]; /* a vector, whatever its rank here */
    return value->number == -1 || value->number == (double)(x->rank - 1) ||
           (flat && value->number == 1);
}

static fv_status read_axis(ARGS) {
    char text[16];
    if (is_last(x, value)) return fv__keras_set_text(k, layer, op, options, "axis", "1");
    const double axis = value->kind == FV_JSON_NUMBER ? value->number : 0;
    const double from = axis < 0 ? axis + x->rank : axis;
    if (x->rank != 4 || (from != 1 && from != 2))
        return fv__keras_refuse(k, layer, "an axis that is no dimension of a sample");
    (void)snprintf(text, sizeof text, "%d", (int)from + 1);
    return fv__keras_set_text(k, layer, op, options, "axis", text);
}

/* LayerNormalization: over the last axis of a vector, or over all of a map. */
static fv_status read_tail(ARGS) {
    const bool vector = fv__shape_sample(x) == x->dim[1];
    if (!(vector ? is_last(x, value) : value && value->kind == FV_JSON_ARRAY && value->count == 3))
        return fv__keras_refuse(k, layer,
                                "maps are normalised over all three axes, vectors over "
                                "their one");
    return fv__keras_set_text(k, layer, op, options, "axis", "1");
}

/* The axes that slopes are shared along: all but the channels, or all. */
static fv_status read_shared(ARGS) {
    const int count = value && value->kind == FV_JSON_ARRAY ? value->count : 0;
    const bool vector = fv__shape_sample(x) == x->dim[1];
    if (count != (vector ? 0 : 2) && count != (vector ? 1 : 3))
        return fv__keras_refuse(k, layer,
                                "slopes are one for each channel, or one for all: "
                                "shared_axes=[1, 2], or [1, 2, 3]");
    return fv__keras_set_text(k, layer, op, options, "slopes",
                              count == (vector ? 0 : 2) ? "channels" : "one");
}

/* A number; rows and columns; or the sides of each: top, bottom, left, right. */
static bool read_sides(const fv_json *value, int64_t out[4]) {
    const fv_json *pair = value && value->kind == FV_JSON_ARRAY ? value->child : NULL;
    if (value && value->kind == FV_JSON_ARRAY && value->count != 2) return false;
    for (int d = 0; d < 2; d++) {
        const fv_json *v = pair ? pair : value;
        for (int side = 0; side < 2; side++) {
            const fv_json *n = v && v->kind == FV_JSON_ARRAY ? v->child : v;
            if (v && v->kind == FV_JSON_ARRAY && v->count != 2) return false;
            if (v && v->kind == FV_JSON_ARRAY && side) n = n->next;
            if (!n || n->kind != FV_JSON_NUMBER || n->number < 0 || n->number > 1e6) return false;
            out[2 * d + side] = (int64_t)n->number;
        }
        if (pair) pair = pair->next;
    }
    return true;
}

static fv_status read_pads(ARGS) {
    char text[128];
    int64_t s[4];
    (void)x;
    if (!read_sides(value, s)) return fv__keras_refuse(k, layer, "a padding that is none");
    (void)snprintf(text, sizeof text, "%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64, s[0], s[2],
                   s[1], s[3]);
    FV_TRY(fv__keras_set_text(k, layer, op, options, "pads", text));
    return fv__keras_set_text(k, layer, op, options, "axes", "2,3");
}

static fv_status read_crop(ARGS) {
    char text[64];
    int64_t s[4];
    if (!read_sides(value, s) || x->rank != 4)
        return fv__keras_refuse(k, layer, "a cropping that is none");
    (void)snprintf(text, sizeof text, "%" PRId64 "x%" PRId64, x->dim[2] - s[0] - s[1],
                   x->dim[3] - s[2] - s[3]);
    FV_TRY(fv__keras_set_text(k, layer, op, options, "size", text));
    (void)snprintf(text, sizeof text, "%" PRId64, s[0]);
    FV_TRY(fv__keras_set_text(k, layer, op, options, "top", text));
    (void)snprintf(text, sizeof text, "%" PRId64, s[2]);
    return fv__keras_set_text(k, layer, op, options, "left", text);
}

const fv_keras_option fv__keras_options[] = {
    {"pad", read_pad},   {"back", read_back}, {"multiplier", read_multiplier},
    {"axis", read_axis}, {"tail", read_tail}, {"shared", read_shared},
    {"pads", read_pads}, {"crop", read_crop}, {NULL, NULL},
};
