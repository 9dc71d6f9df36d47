/* SPDX-License-Identifier: MIT */
/*
 * rule.c - whether a network is one that an optimiser's rule is made for.
 */
#include "train/rule.h"
#include <string.h>

static bool learns(const fv_graph *net, const fv_node *node) {
    for (int k = 0; k < node->params; k++)
        if (net->params[node->param[k]].spec.learned) return true;
    return false;
}

/* The node that computes a value, past those that only pass it on; -1: an input. */
static int maker_of(const fv_graph *net, int value) {
    int node = net->values[value].node;
    while (node >= 0 && net->nodes[node].op->traits & (FV_VIEW | FV_IDENTITY))
        node = net->values[net->nodes[node].in[0]].node;
    return node;
}

static fv_status check_head(fv_context *ctx, const fv_graph *net, const fv_optimizer *rule,
                            const fv_head *head) {
    const fv_node *loss = &net->nodes[net->values[head->value].node];
    const int maker = maker_of(net, head->prediction);
    if (strcmp(loss->op->name, rule->loss) != 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "optimizer=%s is its rule with the loss %s alone, and the output '%s' has "
                        "%s; say loss=%s, or take optimizer=sgd",
                        rule->name, rule->loss, head->name, loss->op->name, rule->loss);
    if (maker >= 0 && (net->nodes[maker].op == &fv__op_fc || net->nodes[maker].op == &fv__op_conv))
        return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "optimizer=%s teaches what fc or conv give, but the output '%s' comes from %s; "
                    "end the network with its layer, or take optimizer=sgd",
                    rule->name, head->name, maker < 0 ? "the input" : net->nodes[maker].name);
}

fv_status fv__rule_fits(fv_context *ctx, const fv_graph *net, const fv_optimizer *rule) {
    int layers = 0;
    if (!rule->loss) return FV_OK;
    for (size_t i = 0; i < net->node_count; i++) layers += learns(net, &net->nodes[i]);
    if (layers != 1)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "optimizer=%s is a rule for one layer, and the network %s has %d with "
                        "weights; take optimizer=sgd, whose gradients pass through layers",
                        rule->name, net->name, layers);
    for (size_t h = 0; h < net->head_count; h++) FV_TRY(check_head(ctx, net, rule, &net->heads[h]));
    return FV_OK;
}
