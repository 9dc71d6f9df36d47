/* SPDX-License-Identifier: MIT */
/*
 * replay.c - a graph again: the same values and nodes in the same order, over another input.
 */
#include "net/net.h"

static fv_status replay_node(fv_context *ctx, const fv_node *n, fv_graph *to) {
    fv_node_spec spec = {.op = n->op,
                         .options = n->options,
                         .name = n->name,
                         .param_name = n->param_name,
                         .old_name = n->old_name,
                         .in = n->in,
                         .inputs = n->inputs,
                         .location = n->location,
                         .training = n->training,
                         .open = n->open};
    int shared[FV_OP_PARAMS], made;
    for (int i = 0; i < FV_OP_PARAMS; i++) {
        const bool there = i < n->params && (size_t)n->param[i] < to->param_count;
        shared[i] = there ? n->param[i] : -1;
    }
    spec.param = shared;
    const fv_status status = fv__net_add(ctx, to, &spec, &made);
    return status == FV_OK ? FV_OK : fv__fail_in(ctx, "%s: ", n->name);
}

/* An output has the name of its layer unless a label gave it another. */
static fv_status name_values(fv_context *ctx, const fv_graph *from, fv_graph *to) {
    for (size_t v = 0; v < from->value_count; v++) {
        to->values[v].name = fv__arena_text(&to->arena, from->values[v].name);
        if (!to->values[v].name) return fv__fail_memory(ctx, 0, "the network's names");
    }
    return FV_OK;
}

fv_status fv__net_replay(fv_context *ctx, const fv_graph *from, fv_graph *to) {
    for (size_t v = 1; v < from->value_count; v++) {
        const fv_value *value = &from->values[v];
        int made;
        if (value->node >= 0) {
            if (value->output > 0) continue; /* came with the first */
            FV_TRY(replay_node(ctx, &from->nodes[value->node], to));
        } else if (value->data) {
            FV_TRY(fv__net_add_constant(ctx, to, value->name, value->type.dtype, &value->shape,
                                        value->data, &made));
        } else {
            FV_TRY(fv__net_add_input(ctx, to, value->name, value->type, &value->shape, &made));
        }
    }
    return name_values(ctx, from, to);
}

/* The weights are there: every parameter must be what it was. */
static fv_status same_params(fv_context *ctx, const fv_graph *net, const fv_graph *other) {
    char mine[FV_SHAPE_TEXT], theirs[FV_SHAPE_TEXT];
    for (size_t p = 0; p < net->param_count; p++) {
        const fv_shape *was = &net->params[p].spec.shape, *is = &other->params[p].spec.shape;
        if (!fv__shape_equal(was, is))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s would be %s instead of %s; a network for images of any size ends "
                            "its maps with globalavgpool",
                            net->params[p].name, fv__dims_text(mine, is),
                            fv__dims_text(theirs, was));
    }
    return FV_OK;
}

static fv_status make_resized(fv_context *ctx, const fv_graph *net, fv_graph *copy) {
    FV_TRY(fv__net_replay(ctx, net, copy));
    FV_TRY(same_params(ctx, net, copy));
    for (size_t h = 0; h < net->head_count; h++)
        FV_TRY(fv__net_add_head(ctx, copy, &net->heads[h]));
    return fv__net_freeze(ctx, copy);
}

fv_status fv__net_resized(fv_context *ctx, const fv_graph *net, int64_t height, int64_t width,
                          fv_graph **out) {
    fv_input input = net->input;
    input.height = height;
    input.width = width;
    *out = NULL;
    FV_TRY(fv__net_new(ctx, net->name, &input, out));
    if (make_resized(ctx, net, *out) == FV_OK) return FV_OK;
    fv__net_free(*out);
    *out = NULL;
    return fv__fail_in(ctx, "%s for images of %lldx%lld: ", net->name, (long long)height,
                       (long long)width);
}
