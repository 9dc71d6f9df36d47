/* SPDX-License-Identifier: MIT */
/*
 * regions.c - which values share memory.
 *
 * view      flatten, identity, dropout in use: y is x
 * in place  a pointwise y overwrites x, when nobody else reads x and no backward needs it
 * fused     the same, done by the step that makes x while the numbers are in cache
 * joined    concat: each input is written where it belongs in the output (DenseNet's blocks are
 *           one buffer); its gradient is read from there
 */
#include "plan/internal.h"

int fv__region_root(const fv_region *regions, int value, int64_t *offset) {
    int64_t sum = 0;
    while (regions[value].parent != value) {
        sum += regions[value].offset;
        value = regions[value].parent;
    }
    if (offset) *offset = sum;
    return value;
}

static bool is_view(const fv_plan *plan, const fv_node *node) {
    if (node->op->traits & FV_VIEW) return true;
    return (node->op->traits & FV_VIEW_IN_USE) && !plan->ask.training;
}

/* Whether y of a pointwise `node` may overwrite its input: every value in that memory is read by
   the next one alone, and backward needs none of them. */
static bool may_overwrite(const fv_plan *plan, const fv_node *node) {
    if (!(node->op->traits & FV_POINTWISE) || node->inputs != 1) return false;
    if (plan->ask.backward && (node->op->traits & FV_KEEP_X)) return false;
    for (int v = node->in[0];; v = plan->regions[v].parent) {
        const int producer = plan->net->values[v].node;
        if (plan->readers[v] != 1 || plan->pinned[v] || producer < 0) return false;
        if (plan->ask.backward && (plan->net->nodes[producer].op->traits & FV_KEEP_Y)) return false;
        if (plan->regions[v].joined) return false;
        if (plan->regions[v].parent == v) return true;
    }
}

static bool may_fuse(const fv_plan *plan, const fv_node *node) {
    const int producer = plan->net->values[node->in[0]].node;
    if (plan->regions[node->in[0]].parent != node->in[0]) return false;
    const fv_node_plan *p = &plan->nodes[producer];
    return !p->view && !p->joined && p->fused < 0 && p->fused_into < 0 && p->forward &&
           p->forward->fuses && p->forward->fuses(node->op);
}

/* Whether all inputs of a concat can be written straight into its output. */
static bool may_join(const fv_plan *plan, const fv_node *node) {
    if (!(node->op->traits & FV_JOIN) || node->inputs < 2) return false;
    for (int i = 0; i < node->inputs; i++) {
        if (plan->layouts[node->in[i]] != plan->layouts[node->in[0]]) return false;
        int64_t offset;
        const int root = fv__region_root(plan->regions, node->in[i], &offset);
        if (plan->pinned[root] || plan->pinned[node->in[i]] || offset != 0) return false;
        if (plan->net->values[root].node < 0) return false;
        if (fv__shape_sample(&plan->shapes[root]) != fv__shape_sample(&plan->shapes[node->in[i]]))
            return false;
        for (int j = 0; j < i; j++)
            if (fv__region_root(plan->regions, node->in[j], NULL) == root) return false;
    }
    return true;
}

static void attach(fv_region *regions, int child, int parent, int64_t offset) {
    regions[child].parent = parent;
    regions[child].offset = offset;
}

static void join(fv_plan *plan, const fv_node *node) {
    int64_t offset = 0;
    for (int i = 0; i < node->inputs; i++) {
        const int root = fv__region_root(plan->regions, node->in[i], NULL);
        const int gradient = fv__region_root(plan->gradient_regions, node->in[i], NULL);
        attach(plan->regions, root, node->out, offset);
        attach(plan->gradient_regions, gradient, node->out, offset);
        offset += fv__shape_sample(&plan->shapes[node->in[i]]);
    }
    plan->regions[node->out].joined = true;
    plan->gradient_regions[node->out].joined = true;
}

void fv__plan_regions(fv_plan *plan) {
    if (plan->ask.reference || plan->ask.keep_values) return;
    for (size_t n = 0; n < plan->net->node_count; n++) {
        const fv_node *node = &plan->net->nodes[n];
        fv_node_plan *p = &plan->nodes[n];
        if (!p->live) continue;
        const fv_layout layout = plan->layouts[node->in[0]];
        if (is_view(plan, node) && plan->net->values[node->in[0]].node >= 0 &&
            (layout == FV_PLAIN ||
             fv__shape_equal(&plan->shapes[node->in[0]], &plan->shapes[node->out]))) {
            p->view = true;
            plan->layouts[node->out] = layout;
            attach(plan->regions, node->out, node->in[0], 0);
            attach(plan->gradient_regions, node->out, node->in[0], 0);
        } else if (may_overwrite(plan, node) &&
                   (may_fuse(plan, node) || p->forward->layout == layout)) {
            if (may_fuse(plan, node)) {
                p->fused_into = plan->net->values[node->in[0]].node;
                plan->nodes[p->fused_into].fused = (int)n;
                plan->layouts[node->out] = layout;
            }
            p->in_place = true;
            attach(plan->regions, node->out, node->in[0], 0);
            if (p->backward && p->backward->honours_dx_set) {
                p->gradient_in_place = true;
                attach(plan->gradient_regions, node->out, node->in[0], 0);
            }
        } else if (may_join(plan, node)) {
            p->joined = true;
            plan->layouts[node->out] = layout;
            join(plan, node);
        }
    }
}
