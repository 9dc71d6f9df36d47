/* SPDX-License-Identifier: MIT */
/*
 * receptive_field.c - how much of the image a value sees.
 *
 *   size_out = size_in + (kernel - 1) * jump_in,   jump_out = jump_in * stride / upscale
 *
 * The derivation is in docs/receptive-fields.md. Where branches join, the largest field counts.
 * Strides of no use (on a map of one pixel) can make numbers that no integer holds: they stop at
 * the largest. What enlarges the image itself has outputs less than a pixel apart: that counts
 * as 1.
 */
#include "net/net.h"

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* a * b + c, all at least 0. */
static int64_t grown(int64_t a, int64_t b, int64_t c) {
    int64_t product, sum;
    if (!fv__mul_i64(a, b, &product) || __builtin_add_overflow(product, c, &sum)) return INT64_MAX;
    return sum;
}

static int64_t closer(int64_t jump, int64_t upscale) {
    return upscale > 1 ? (jump - 1) / upscale + 1 : jump;
}

static fv_receptive_field widest(const fv_node *node, const fv_receptive_field *fields) {
    fv_receptive_field v = fields[node->in[0]];
    for (int i = 1; i < node->inputs; i++) {
        const fv_receptive_field *u = &fields[node->in[i]];
        v.size_h = larger(v.size_h, u->size_h);
        v.size_w = larger(v.size_w, u->size_w);
        v.jump_h = larger(v.jump_h, u->jump_h);
        v.jump_w = larger(v.jump_w, u->jump_w);
        v.global = v.global || u->global;
    }
    return v;
}

static fv_status visit(fv_context *ctx, const fv_graph *net, const fv_node *node,
                       fv_receptive_field *fields, fv_site_room *room) {
    fv_receptive_field v = widest(node, fields);
    fv_cost cost;
    FV_TRY(fv__net_site(ctx, net, node, 1, room));
    fv__op_cost(&room->site, &cost);
    v.global = v.global || cost.global;
    v.size_h = grown(cost.kernel_h - 1, v.jump_h, v.size_h);
    v.size_w = grown(cost.kernel_w - 1, v.jump_w, v.size_w);
    v.jump_h = closer(grown(cost.stride_h, v.jump_h, 0), cost.upscale_h);
    v.jump_w = closer(grown(cost.stride_w, v.jump_w, 0), cost.upscale_w);
    if (v.global) {
        v.size_h = net->input.height;
        v.size_w = net->input.width;
    }
    for (int o = 0; o < node->outputs; o++) fields[node->out[o]] = v;
    return FV_OK;
}

fv_status fv__net_receptive_fields(fv_context *ctx, const fv_graph *net,
                                   fv_receptive_field *fields) {
    fv_site_room room;
    FV_TRY(fv__net_site_room(ctx, net, &room));
    for (size_t v = 0; v < net->value_count; v++)
        fields[v] = (fv_receptive_field){.size_h = 1, .size_w = 1, .jump_h = 1, .jump_w = 1};
    fv_status status = FV_OK;
    for (size_t n = 0; status == FV_OK && n < net->node_count; n++)
        status = visit(ctx, net, &net->nodes[n], fields, &room);
    fv__net_site_free(&room);
    return status;
}
