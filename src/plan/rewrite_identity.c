/* SPDX-License-Identifier: MIT */
/*
 * identity: who reads the output of an identity, or of dropout in inference, reads its input.
 */
#include "plan/plan_internal.h"

static bool same(const fv_plan *plan, const fv_node *node) {
    if (node->op->traits & FV_IDENTITY) return true;
    return (node->op->traits & FV_DROPS) && !plan->options.training;
}

static fv_status apply(fv_context *ctx, fv_plan *plan) {
    const fv_graph *net = plan->net;
    int *stands_for = fv__alloc(ctx, net->value_count * sizeof *stands_for, "a plan");
    if (!stands_for) return FV_EXHAUSTED;
    for (size_t v = 0; v < net->value_count; v++) stands_for[v] = (int)v;
    for (size_t n = 0; n < net->node_count; n++) {
        const fv_node *node = &net->nodes[n];
        int *in = plan->nodes[n].in;
        for (int i = 0; i < node->inputs; i++) in[i] = stands_for[in[i]];
        if (!plan->nodes[n].live || !same(plan, node) || plan->values[node->out[0]].pinned)
            continue;
        stands_for[node->out[0]] = in[0];
        fv__plan_note(plan, &fv__rewrite_identity, "%s gone", node->name);
    }
    fv__free(stands_for);
    return FV_OK;
}

const fv_rewrite fv__rewrite_identity = {
    .name = "identity",
    .help = "identities, and dropout in inference, are gone",
    .apply = apply,
};
