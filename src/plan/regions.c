/* SPDX-License-Identifier: MIT */
/*
 * regions.c - which values share memory.
 *
 * view      flatten, and identities that rewriting left: y is x
 * in place  a pointwise y overwrites x, when nobody else reads x and no backward needs it; where a
 *           step's epilogue does it, only the gradients share
 * over      in inference a sum overwrites what the epilogue adds, when all others have read that:
 *           blocks of a residual net that are of one size work on one buffer, which the caches have
 * joined    concat: each input is written where it belongs in the output (DenseNet's blocks are
 *           one buffer); its gradient is read from there
 */
#include "plan/plan_internal.h"

static int root_of(const fv_plan *plan, bool gradient, int value, int64_t *offset) {
    int64_t sum = 0;
    for (;;) {
        const fv_plan_value *v = &plan->values[value];
        const fv_region *r = gradient ? &v->gradient_region : &v->region;
        if (r->parent == value) break;
        sum += r->offset;
        value = r->parent;
    }
    if (offset) *offset = sum;
    return value;
}

int fv__plan_root(const fv_plan *plan, int value, int64_t *offset) {
    return root_of(plan, false, value, offset);
}

int fv__plan_gradient_root(const fv_plan *plan, int value, int64_t *offset) {
    return root_of(plan, true, value, offset);
}

static bool is_view(const fv_plan *plan, int n) {
    const fv_node *node = &plan->net->nodes[n];
    const fv_plan_value *x = &plan->values[plan->nodes[n].in[0]];
    const fv_plan_value *y = &plan->values[node->out[0]];
    const unsigned traits = node->op->traits;
    const bool same =
        (traits & (FV_VIEW | FV_IDENTITY)) || ((traits & FV_DROPS) && !plan->options.training);
    /* another layout means another order of the numbers, unless the shape is the same too */
    return same && x->owner >= 0 &&
           (x->layout == FV_PLAIN || fv__shape_equal(&x->shape, &y->shape));
}

/* Whether y of a pointwise node may overwrite its input: every value in that memory is read by the
   next one alone, and backward needs none of them. */
static bool may_overwrite(const fv_plan *plan, int n) {
    const fv_node *node = &plan->net->nodes[n];
    if (!(node->op->traits & FV_POINTWISE) || node->inputs != 1) return false;
    if (plan->options.backward && (node->op->traits & FV_KEEP_X)) return false;
    for (int v = plan->nodes[n].in[0];; v = plan->values[v].region.parent) {
        const fv_plan_value *x = &plan->values[v];
        if (x->readers != 1 || x->pinned || x->owner < 0) return false;
        const int maker = plan->net->values[v].node;
        if (plan->options.backward && (plan->net->nodes[maker].op->traits & FV_KEEP_Y))
            return false;
        if (x->region.joined) return false;
        if (x->region.parent == v) return true;
    }
}

/* At whose turn the step runs that does a node's work. */
static int turn_of(const fv_plan *plan, int n) {
    while (plan->nodes[n].part_of >= 0) n = plan->nodes[n].part_of;
    return plan->nodes[n].order;
}

/* Whether nothing reads what a step's epilogue adds from that step on but the epilogue, and no
   other value is made of it where it lies. */
static bool ends_with_sum(const fv_plan *plan, const fv_plan_node *step) {
    const unsigned lies_there = FV_VIEW | FV_IDENTITY | FV_DROPS | FV_JOIN | FV_POINTWISE;
    for (int m = 0; m < (int)plan->net->node_count; m++) {
        const fv_plan_node *p = &plan->nodes[m];
        bool reads = false;
        for (int i = 0; i < plan->net->nodes[m].inputs; i++)
            reads = reads || p->in[i] == step->added;
        if (!p->live || !reads || m == step->add) continue;
        if (turn_of(plan, m) >= step->order) return false;
        if (p->part_of < 0 && (plan->net->nodes[m].op->traits & lies_there)) return false;
    }
    return true;
}

/* Whether a step may write over what its epilogue adds: nobody needs it any more, nor the values
   that it was written over itself. */
static bool may_overwrite_added(const fv_plan *plan, int n) {
    const fv_plan_node *p = &plan->nodes[n];
    if (p->add < 0 || !p->settled[FV_FORWARD].over_added) return false;
    if (plan->options.training || plan->options.backward) return false;
    const fv_plan_value *y = &plan->values[p->writes], *added = &plan->values[p->added];
    if (y->layout != added->layout || y->dtype != added->dtype) return false;
    if (y->batched != added->batched || !fv__shape_equal(&y->shape, &added->shape)) return false;
    for (int v = p->added;; v = plan->values[v].region.parent) {
        const fv_plan_value *x = &plan->values[v];
        if (x->pinned || x->owner < 0 || x->region.joined || x->region.offset != 0) return false;
        if (plan->nodes[plan->net->values[v].node].view) return false;
        if (x->region.parent == v) return ends_with_sum(plan, p);
    }
}

/* Whether all inputs of a concat can be written straight into its output. */
static bool may_join(const fv_plan *plan, int n) {
    const fv_node *node = &plan->net->nodes[n];
    const int *in = plan->nodes[n].in;
    const fv_shape *first = &plan->values[in[0]].shape;
    const fv_shape *all = &plan->values[node->out[0]].shape;
    if (!fv__joins_channels(node->op, first, all) || node->inputs < 2) return false;
    for (int i = 0; i < node->inputs; i++) {
        const fv_plan_value *x = &plan->values[in[i]];
        if (x->layout != plan->values[in[0]].layout) return false;
        int64_t offset;
        const int r = fv__plan_root(plan, in[i], &offset);
        const fv_plan_value *root = &plan->values[r];
        if (root->pinned || x->pinned || offset != 0 || root->owner < 0) return false;
        if (fv__shape_sample(&root->shape) != fv__shape_sample(&x->shape)) return false;
        for (int j = 0; j < i; j++)
            if (fv__plan_root(plan, in[j], NULL) == r) return false;
    }
    return plan->values[in[0]].layout != FV_CHANNELS_LAST;
}

static void attach(fv_region *child, int parent, int64_t offset) {
    child->parent = parent;
    child->offset = offset;
}

static void join(fv_plan *plan, int n) {
    const int out = plan->net->nodes[n].out[0], *in = plan->nodes[n].in;
    int64_t offset = 0;
    for (int i = 0; i < plan->net->nodes[n].inputs; i++) {
        const int root = fv__plan_root(plan, in[i], NULL);
        const int gradient = fv__plan_gradient_root(plan, in[i], NULL);
        attach(&plan->values[root].region, out, offset);
        attach(&plan->values[gradient].gradient_region, out, offset);
        offset += fv__shape_sample(&plan->values[in[i]].shape);
    }
    plan->values[out].region.joined = true;
    plan->values[out].gradient_region.joined = true;
}

/* Its gradient overwrites dy, where its backward can do so and both lie as it takes them. */
static void share_gradient(fv_plan *plan, int n) {
    fv_plan_node *p = &plan->nodes[n];
    const fv_settled *settled = &p->settled[FV_BACKWARD];
    const int x = p->in[0], y = plan->net->nodes[n].out[0];
    if (!p->backward || !p->backward->overwrites) return;
    if (plan->values[x].layout != fv__impl_in(p->backward, settled, 0)) return;
    if (plan->values[y].layout != fv__impl_out(p->backward, settled, 0)) return;
    if (plan->values[x].layout != plan->values[y].layout) return;
    p->gradient_in_place = true;
    attach(&plan->values[y].gradient_region, x, 0);
}

static void visit(fv_plan *plan, int n) {
    fv_plan_node *p = &plan->nodes[n];
    const int x = p->in[0], y = plan->net->nodes[n].out[0];
    if (p->part_of >= 0) {
        if (plan->net->nodes[n].op->traits & FV_POINTWISE) share_gradient(plan, n);
    } else if (is_view(plan, n)) {
        p->view = true;
        plan->values[y].layout = plan->values[x].layout;
        attach(&plan->values[y].region, x, 0);
        attach(&plan->values[y].gradient_region, x, 0);
    } else if (may_overwrite_added(plan, n)) {
        p->in_place = true;
        attach(&plan->values[p->writes].region, p->added, 0);
    } else if (may_overwrite(plan, n) &&
               fv__impl_in(p->forward, &p->settled[FV_FORWARD], 0) == plan->values[x].layout &&
               plan->values[x].layout == plan->values[y].layout) {
        p->in_place = true;
        attach(&plan->values[y].region, x, 0);
        share_gradient(plan, n);
    } else if (may_join(plan, n)) {
        p->joined = true;
        plan->values[y].layout = plan->values[x].layout;
        join(plan, n);
    }
}

void fv__plan_regions(fv_plan *plan) {
    if (fv__plan_everything_stays(plan)) return;
    for (size_t n = 0; n < plan->net->node_count; n++)
        if (plan->nodes[n].live) visit(plan, (int)n);
}
