/* SPDX-License-Identifier: MIT */
/*
 * wiring.c - a layer whose places share their weights beside those that share none.
 *
 * The layer itself says how many multiplications one sample takes (its cost rule). Where every
 * place has weights of its own, there are as many weights as multiplications; where every unit
 * reads everything, inputs times units.
 */
#include "look/wiring.h"

static void dims(const fv_shape *s, int64_t out[3]) {
    out[0] = fv__channels(s);
    out[1] = fv__height(s);
    out[2] = fv__width(s);
}

/* Adds up; false: more than 64 bits count. */
static bool connect(fv_wiring *w) {
    return !__builtin_add_overflow(w->weights, w->biases, &w->connections);
}

static fv_status count(fv_context *ctx, const fv_site *site, const fv_cost *cost, fv_as_fc *out) {
    const int64_t units = fv__shape_sample(&site->out[0]);
    int64_t bytes;
    dims(&site->in[0], out->input);
    dims(&site->out[0], out->output);
    for (int i = 0; i < site->params; i++) {
        const int64_t n = fv__shape_count(&site->param[i].shape);
        if (site->param[i].bias)
            out->own.biases += n;
        else
            out->own.weights += n;
    }
    out->local.weights = cost->macs;
    out->own.connections = cost->connections;
    out->local.biases = out->full.biases = out->own.biases ? units : 0;
    const bool counted = fv__mul_i64(fv__shape_sample(&site->in[0]), units, &out->full.weights) &&
                         connect(&out->local) && connect(&out->full) &&
                         fv__mul_i64(out->full.connections, 4, &bytes);
    if (counted) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "fully connected it would have more weights than can be counted; a smaller "
                    "input or fewer filters can be");
}

fv_status fv__as_fc(fv_context *ctx, const fv_graph *net, int node, fv_as_fc *out) {
    const fv_node *n = &net->nodes[node];
    fv_cost cost = {0};
    fv_site_room room;
    *out = (fv_as_fc){0};
    FV_TRY(fv__net_site_room(ctx, net, &room));
    fv_status status = fv__net_site(ctx, net, n, 1, &room);
    if (status == FV_OK) fv__op_cost(&room.site, &cost);
    const bool slides = fv__field_find(n->op->fields, "kernel") && cost.macs > 0;
    if (status == FV_OK && !slides)
        status = fv__fail(ctx, FV_BAD_INPUT,
                          "%s, which is %s, slides no weights over its input; name a convolution",
                          n->name, n->op->name);
    if (status == FV_OK) status = count(ctx, &room.site, &cost, out);
    fv__net_site_free(&room);
    return status == FV_BAD_INPUT ? fv__fail_in(ctx, "%s: ", net->name) : status;
}
