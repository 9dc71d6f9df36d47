/* SPDX-License-Identifier: MIT */
/*
 * fold_bn: in inference a batch normalisation is a product and a sum per channel, which go into the
 * weights of the convolution or fully connected layer in front of it (op/fold.c).
 */
#include "op/conv.h"
#include "op/fc.h"
#include "plan/plan_internal.h"

static bool linear(const fv_op *op) {
    return op == &fv__op_conv || op == &fv__op_fc;
}

static fv_status apply(fv_context *ctx, fv_plan *plan) {
    const fv_graph *net = plan->net;
    (void)ctx;
    if (plan->options.training || plan->options.backward) return FV_OK;
    for (size_t n = 0; n < net->node_count; n++) {
        const fv_node *node = &net->nodes[n];
        fv_plan_node *p = &plan->nodes[n];
        if (!p->live || !linear(node->op)) continue;
        const int reader = fv__plan_only_reader(plan, p->writes);
        if (reader < 0 || net->nodes[reader].op != &fv__op_bn) continue;
        p->fold = reader;
        p->writes = net->nodes[reader].out[0];
        plan->values[p->writes].owner = (int)n;
        plan->nodes[reader].part_of = (int)n;
        fv__plan_note(plan, &fv__rewrite_fold_bn, "%s into %s", net->nodes[reader].name,
                      node->name);
    }
    return FV_OK;
}

const fv_rewrite fv__rewrite_fold_bn = {
    .name = "fold_bn",
    .help = "batch normalisation goes into the weights in front of it (inference)",
    .apply = apply,
};
