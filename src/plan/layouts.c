/* SPDX-License-Identifier: MIT */
/*
 * layouts.c - how each value lies in memory.
 *
 * An implementation takes and gives one layout; the value it makes is tagged with it. Where a
 * reader wants the other layout, and where someone outside reads the value, a copy is made once,
 * right after the value is there. Blocked maps have a multiple of 16 channels (cpu/list.c sees to
 * it), so both layouts are of one size, and a slice of a join begins at a whole block.
 */
#include "plan/internal.h"

fv_layout fv__plan_wants(const fv_plan *plan, int node) {
    const fv_node_plan *p = &plan->nodes[node];
    /* what is no step of its own has the layout of what it is made of */
    if (p->view || p->joined || p->fused_into >= 0)
        return plan->layouts[plan->net->nodes[node].in[0]];
    return p->forward ? p->forward->layout : FV_PLAIN;
}

void fv__plan_layouts(fv_plan *plan) {
    for (size_t n = 0; n < plan->net->node_count; n++)
        if (plan->nodes[n].live)
            plan->layouts[plan->net->nodes[n].out] = fv__plan_wants(plan, (int)n);
}

void fv__plan_settle_layouts(fv_plan *plan) {
    const fv_net *net = plan->net;
    for (size_t n = 0; n < net->node_count; n++) {
        const fv_node *node = &net->nodes[n];
        if (!plan->nodes[n].live) continue;
        for (int i = 0; i < node->inputs; i++)
            if (plan->layouts[node->in[i]] != fv__plan_wants(plan, (int)n))
                plan->converted[node->in[i]] = true;
        if (plan->pinned[node->out] && plan->layouts[node->out] != FV_PLAIN)
            plan->converted[node->out] = true;
    }
}
