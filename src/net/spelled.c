/* SPDX-License-Identifier: MIT */
/*
 * spelled.c - a graph whose constants are layers, so that all of it can be written as text.
 */
#include "net/net.h"
#include "op/constant.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static double number(const fv_value *v, int64_t i) {
    switch (v->type.dtype) {
    case FV_F32:
        return (double)((const float *)v->data)[i];
    case FV_I32:
        return ((const int32_t *)v->data)[i];
    case FV_I64:
        return (double)((const int64_t *)v->data)[i];
    default:
        return ((const uint8_t *)v->data)[i] != 0;
    }
}

/* All numbers, or one where they are alike. */
static fv_status take_values(fv_context *ctx, const fv_value *v, fv_long_reals *out) {
    const int64_t count = fv__shape_count(&v->shape);
    bool alike = true;
    for (int64_t i = 0; i < count; i++) {
        const double x = number(v, i);
        if (!isfinite(x))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "the constant '%s' cannot be written as text: it holds what is no "
                            "finite number",
                            v->name);
        alike = alike && x == number(v, 0) && !signbit(x) == !signbit(number(v, 0));
        if (i < FV_LONG_MAX) out->v[i] = x;
    }
    out->count = alike ? 1 : (int)(count < FV_LONG_MAX ? count : FV_LONG_MAX);
    if (alike || count <= FV_LONG_MAX) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "the constant '%s' cannot be written as text: it has %" PRId64
                    " numbers, and the layer `constant` takes %d",
                    v->name, count, FV_LONG_MAX);
}

/* The layer in the constant's place, so that all values keep their numbers. */
static fv_status spell(fv_context *ctx, const fv_value *v, fv_graph *to) {
    fv_constant_options o = {.type = 0};
    const int in = 0;
    int made;
    while (o.type < FV_CONSTANT_TYPES && fv__constant_types[o.type] != v->type.dtype) o.type++;
    if (o.type == FV_CONSTANT_TYPES)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the constant '%s' cannot be written as text: there is no `constant` of "
                        "%s",
                        v->name, fv__dtype_name(v->type.dtype));
    FV_TRY(take_values(ctx, v, &o.values));
    o.shape.count = v->shape.rank;
    for (int d = 0; d < v->shape.rank; d++) o.shape.v[d] = v->shape.dim[d];
    if (v->shape.rank == 1 && o.values.count == v->shape.dim[0]) o.shape.count = 0;
    const fv_node_spec spec = {
        .op = &fv__op_constant, .options = &o, .name = v->name, .in = &in, .inputs = 1};
    return fv__net_add(ctx, to, &spec, &made);
}

/* A single number has become a list of one; nothing behind it may look otherwise. */
static fv_status same_shapes(fv_context *ctx, const fv_graph *from, const fv_graph *to) {
    for (size_t v = 1; v < from->value_count; v++)
        if (from->values[v].node >= 0 &&
            !fv__shape_equal(&from->values[v].shape, &to->values[v].shape))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "the constants of this network cannot be written as text: '%s' reads "
                            "a single number, where text has a list of one",
                            from->values[v].name);
    return FV_OK;
}

static fv_status make(fv_context *ctx, const fv_graph *net, fv_graph *copy) {
    FV_TRY(fv__net_replay(ctx, net, copy, spell));
    FV_TRY(same_shapes(ctx, net, copy));
    for (size_t h = 0; h < net->head_count; h++)
        FV_TRY(fv__net_add_head(ctx, copy, &net->heads[h]));
    return fv__net_freeze(ctx, copy);
}

fv_status fv__net_spelled(fv_context *ctx, const fv_graph *net, fv_graph **out) {
    *out = NULL;
    FV_TRY(fv__net_new(ctx, net->name, &net->input, out));
    const fv_status status = make(ctx, net, *out);
    if (status == FV_OK) return FV_OK;
    fv__net_free(*out);
    *out = NULL;
    return status;
}
