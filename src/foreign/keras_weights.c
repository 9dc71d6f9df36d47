/* SPDX-License-Identifier: MIT */
/*
 * keras_weights.c - how Keras calls, shapes and orders the parameters of a network.
 *
 *     kernel of a convolution    height, width, in, out       ours: out, in, height, width
 *     of a depthwise one         height, width, channel, m    ours: channel*m, 1, height, width
 *     of a transposed one        height, width, out, in       ours: in, out, height, width
 *     of Dense                   in, out                      ours: out, in
 *
 * What reads a flattened map, directly or behind layers that keep each number where it is, has its
 * inputs in the order rows, columns, channels.
 */
#include "foreign/keras.h"
#include "op/conv.h"

#include <string.h>

static const struct {
    const fv_op *op;
    const char *ours, *theirs;
} names[] = {
    {&fv__op_conv, "weight", "kernel"},
    {&fv__op_convtranspose, "weight", "kernel"},
    {&fv__op_fc, "weight", "kernel"},
    {&fv__op_bn, "weight", "gamma"},
    {&fv__op_bn, "bias", "beta"},
    {&fv__op_bn, "mean", "moving_mean"},
    {&fv__op_bn, "variance", "moving_variance"},
    {&fv__op_groupnorm, "weight", "gamma"},
    {&fv__op_groupnorm, "bias", "beta"},
    {&fv__op_layernorm, "weight", "gamma"},
    {&fv__op_layernorm, "bias", "beta"},
    {&fv__op_prelu, "slope", "alpha"},
    {&fv__op_embedding, "weight", "embeddings"},
};

static const fv_node *node_of(const fv_graph *net, int param) {
    return &net->nodes[net->params[param].node];
}

/* A convolution of each channel by itself. */
static bool is_depthwise(const fv_graph *net, const fv_node *node) {
    if (node->op != &fv__op_conv) return false;
    const int64_t groups = ((const fv_conv_options *)node->options)->groups;
    return groups > 1 && groups == net->values[node->in[0]].shape.dim[1];
}

const char *fv__keras_param(const fv_graph *net, int param) {
    const fv_node *node = node_of(net, param);
    const char *ours = net->params[param].spec.name;
    if (strcmp(ours, "weight") == 0 && is_depthwise(net, node)) return "depthwise_kernel";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].op == node->op && strcmp(names[i].ours, ours) == 0) return names[i].theirs;
    return ours;
}

fv_shape fv__keras_shape(const fv_graph *net, int param) {
    const fv_node *node = node_of(net, param);
    const fv_shape *s = &net->params[param].spec.shape;
    if (is_depthwise(net, node) && s->rank == 4) {
        const int64_t channels = net->values[node->in[0]].shape.dim[1];
        return fv__shape4(s->dim[2], s->dim[3], channels, s->dim[0] / channels);
    }
    if (s->rank == 4 && (node->op == &fv__op_conv || node->op == &fv__op_convtranspose))
        return fv__shape4(s->dim[2], s->dim[3], s->dim[1], s->dim[0]);
    if (node->op == &fv__op_fc && s->rank == 2) return fv__shape2(s->dim[1], s->dim[0]);
    if (node->op == &fv__op_layernorm && s->rank == 3)
        return (fv_shape){.rank = 3, .dim = {s->dim[1], s->dim[2], s->dim[0]}};
    return *s;
}

/* -------------------------------------------------------------------------------- turning --- */

/* Where number i of a sample's map lies, channels last. */
static int64_t in_map(const fv_shape *s, int64_t i) {
    const int64_t area = s->dim[2] * s->dim[3];
    return i % area * s->dim[1] + i / area;
}

/* Whether every number of its first input stays in its place, and is number i of the output. */
static bool keeps_places(const fv_node *node) {
    return (node->op->traits & (FV_POINTWISE | FV_VIEW | FV_IDENTITY | FV_DROPS | FV_SUM)) ||
           node->op == &fv__op_bn || node->op == &fv__op_layernorm;
}

/* Where number i of a sample lies in Keras. */
static int64_t place(const fv_graph *net, int value, int64_t i) {
    for (int64_t before = 0;;) {
        const fv_value *v = &net->values[value];
        const fv_node *node = v->node < 0 ? NULL : &net->nodes[v->node];
        if (v->shape.rank == 4) return before + in_map(&v->shape, i);
        if (!node) return before + i;
        int k = 0;
        if (node->op->traits & FV_JOIN) {
            for (int64_t n; k + 1 < node->inputs; k++) {
                n = fv__shape_sample(&net->values[node->in[k]].shape);
                if (i < n) break;
                i -= n;
                before += n;
            }
        } else if (!keeps_places(node)) {
            return before + i;
        }
        value = node->in[k];
    }
}

static void turn_kernel(const fv_shape *s, bool depthwise, const float *theirs, float *ours) {
    const int64_t a = s->dim[0], b = s->dim[1], area = s->dim[2] * s->dim[3];
    for (int64_t o = 0; o < a; o++)
        for (int64_t i = 0; i < b; i++)
            for (int64_t q = 0; q < area; q++) /* depthwise: b is 1, and o is channel and m */
                ours[(o * b + i) * area + q] = theirs[depthwise ? q * a + o : (q * b + i) * a + o];
}

void fv__keras_turn(const fv_graph *net, int param, const float *theirs, float *ours) {
    const fv_node *node = node_of(net, param);
    const fv_shape *s = &net->params[param].spec.shape;
    const int64_t count = net->params[param].count;
    if (s->rank == 4 && (node->op == &fv__op_conv || node->op == &fv__op_convtranspose)) {
        turn_kernel(s, is_depthwise(net, node), theirs, ours);
        return;
    }
    const int input = node->in[0];
    if (node->op == &fv__op_fc && s->rank == 2) {
        for (int64_t i = 0; i < s->dim[1]; i++) {
            const float *from = theirs + place(net, input, i) * s->dim[0];
            for (int64_t o = 0; o < s->dim[0]; o++) ours[o * s->dim[1] + i] = from[o];
        }
        return;
    }
    /* one for each number of what is read */
    const bool each =
        count > 1 && count == fv__shape_sample(&net->values[input].shape) && keeps_places(node);
    for (int64_t i = 0; i < count; i++) ours[i] = theirs[each ? place(net, input, i) : i];
}
