/* SPDX-License-Identifier: MIT */
/*
 * refit.c - the end of a network, and the same network for another number of classes.
 */
#include "train/refit.h"
#include "op/conv.h"
#include "op/fc.h"
#include <string.h>

static bool learns(const fv_graph *net, const fv_node *node) {
    for (int k = 0; k < node->params; k++)
        if (net->params[node->param[k]].spec.learned) return true;
    return false;
}

int fv__last_layer(const fv_graph *net, const fv_head *head) {
    int n = net->values[head->value].node;
    while (n >= 0 && !learns(net, &net->nodes[n])) {
        const fv_node *node = &net->nodes[n];
        for (int i = 1; i < node->inputs; i++)
            if (!net->values[node->in[i]].data) return -1;
        n = node->inputs > 0 ? net->values[node->in[0]].node : -1;
    }
    return n;
}

bool fv__of_last_layer(const fv_graph *net, int param) {
    for (size_t h = 0; h < net->head_count; h++) {
        const int n = fv__last_layer(net, &net->heads[h]);
        for (int k = 0; n >= 0 && k < net->nodes[n].params; k++)
            if (net->nodes[n].param[k] == param) return true;
    }
    return false;
}

/* Its options with another number of outputs, in the arena; *out NULL: it has no such number, or
   has it of something else than the classes. */
static fv_status change(fv_context *ctx, const fv_node *node, int64_t was, int64_t classes,
                        fv_arena *arena, void **out) {
    const size_t at = node->op == &fv__op_conv ? offsetof(fv_conv_options, channels)
                                               : offsetof(fv_fc_options, outputs);
    *out = NULL;
    if (node->op != &fv__op_conv && node->op != &fv__op_fc) return FV_OK;
    int64_t outputs;
    memcpy(&outputs, (const char *)node->options + at, sizeof outputs);
    if (outputs != was) return FV_OK;
    *out = fv__arena_alloc(arena, node->op->options_size);
    if (!*out) return fv__fail_memory(ctx, node->op->options_size, "a layer's options");
    memcpy(*out, node->options, node->op->options_size);
    memcpy((char *)*out + at, &classes, sizeof classes);
    return FV_OK;
}

/* A copy of the network, one of whose nodes has these options. */
static fv_status copy(fv_context *ctx, const fv_graph *net, int node, const void *options,
                      fv_arena *arena, fv_graph *out) {
    fv_graph with = *net;
    with.nodes = fv__arena_alloc(arena, net->node_count * sizeof *with.nodes);
    if (!with.nodes) return fv__fail_memory(ctx, 0, "a network");
    memcpy(with.nodes, net->nodes, net->node_count * sizeof *with.nodes);
    with.nodes[node].options = options;
    FV_TRY(fv__net_replay(ctx, &with, out));
    for (size_t h = 0; h < net->head_count; h++) FV_TRY(fv__net_add_head(ctx, out, &net->heads[h]));
    return fv__net_freeze(ctx, out);
}

static fv_status refit(fv_context *ctx, const fv_graph *net, int64_t classes, fv_arena *arena,
                       fv_graph **out) {
    const int node = fv__last_layer(net, &net->heads[0]);
    const int64_t was = fv__channels(&net->values[net->heads[0].value].shape);
    void *options = NULL;
    if (node >= 0) FV_TRY(change(ctx, &net->nodes[node], was, classes, arena, &options));
    if (!options) return FV_OK;
    FV_TRY(fv__net_new(ctx, net->name, &net->input, out));
    if (copy(ctx, net, node, options, arena, *out) == FV_OK) return FV_OK;
    fv__net_free(*out);
    *out = NULL;
    return fv__fail_in(ctx, "%s with %lld classes instead of %lld: ", net->name, (long long)classes,
                       (long long)was);
}

fv_status fv__net_refit(fv_context *ctx, const fv_graph *net, int64_t classes, fv_graph **out) {
    fv_arena arena;
    *out = NULL;
    fv__arena_init(&arena, ctx);
    const fv_status status = refit(ctx, net, classes, &arena, out);
    fv__arena_free(&arena);
    return status;
}
