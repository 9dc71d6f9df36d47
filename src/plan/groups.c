/* SPDX-License-Identifier: MIT */
/*
 * groups.c - a batch in groups of samples, in inference.
 *
 * Layers with large maps take a few samples at a time, so that what one writes is still in the
 * cache when the next one reads it; layers with large weights and small maps, which come later,
 * take more, so that a weight that was read is worth it. The steps fall into segments, each with a
 * group that the next one's group is a multiple of; a segment runs whenever the one before has made
 * as many samples as it takes (plan/walk.c). A value that a later segment reads has room for that
 * segment's group.
 *
 * Groups follow from shapes, weights and batch alone.
 */
#include "plan/plan_internal.h"

#define NEAR_BYTES  6291456 /* of maps that a step works on: so many stay near in the last cache */
#define GROUPS_MOST 1024    /* of a segment in the next one's group */

/* Bytes of a value that one sample has; what has no batch counts once, as weights do. */
static double sample_bytes(const fv_plan *plan, int value) {
    const fv_value *v = &plan->net->values[value];
    if (!v->type.batched) return 0;
    return (double)fv__shape_sample(&v->shape) * (double)fv__dtype_bytes(v->type.dtype);
}

static double weight_bytes(const fv_plan *plan, int n) {
    const fv_node *node = &plan->net->nodes[n];
    const int inner = plan->nodes[n].inner;
    double sum = inner < 0 ? 0 : weight_bytes(plan, inner);
    for (int i = 0; i < node->params; i++)
        sum += (double)plan->net->params[node->param[i]].count * sizeof(float);
    return sum;
}

/* How many samples a node's step should take at a time, a divisor of `most`: so many that the
   fewest bytes come from memory, where every group reads the weights anew, and what of its maps
   the caches do not hold. */
static int64_t wish(const fv_plan *plan, int n, int64_t most) {
    const double near = plan->options.near ? (double)plan->options.near : NEAR_BYTES;
    const fv_node *node = &plan->net->nodes[n];
    const fv_plan_node *p = &plan->nodes[n];
    if (node->op->traits & (FV_VIEW | FV_JOIN)) return most;
    double maps = sample_bytes(plan, p->writes), least = 0;
    for (int i = 0; i < node->inputs; i++) maps += sample_bytes(plan, fv__plan_reads(plan, n, i));
    if (p->add >= 0) maps += sample_bytes(plan, p->added);
    int64_t best = most;
    for (int64_t groups = 1; groups <= most && groups <= GROUPS_MOST; groups++) {
        const int64_t samples = most / groups;
        if (most % groups != 0) continue;
        const double over = (double)samples * maps - near;
        const double bytes = (weight_bytes(plan, n) + (over > 0 ? over : 0)) / (double)samples;
        if (samples < most && bytes >= least) continue;
        least = bytes;
        best = samples;
    }
    return best;
}

/* Whether every sample goes its own way from the inputs to the heads. */
static bool may_group(const fv_plan *plan) {
    const fv_plan_options *o = &plan->options;
    if (o->batch < 2 || o->training || o->backward || o->input_gradient) return false;
    if (fv__plan_everything_stays(plan) || o->prefer != FV_PLAIN) return false;
    for (size_t n = 0; n < plan->net->node_count; n++) {
        const fv_node *node = &plan->net->nodes[n];
        if (!plan->nodes[n].live) continue;
        if (node->op->traits & FV_LOSS) return false;
        bool batched = false;
        for (int i = 0; i < node->inputs; i++)
            batched = batched || plan->values[plan->nodes[n].in[i]].batched;
        for (int i = 0; i < node->outputs; i++)
            if (plan->values[node->out[i]].batched != batched) return false;
    }
    return true;
}

int fv__plan_step_at(const fv_plan *plan, int n) {
    int of = n;
    while (plan->nodes[of].part_of >= 0) of = plan->nodes[of].part_of;
    return plan->nodes[n].live && plan->nodes[of].order == n ? of : -1;
}

void fv__plan_groups(fv_plan *plan) {
    const int64_t batch = plan->options.batch;
    if (!may_group(plan)) return;
    /* From the end: a step takes no more than those behind it, and a divisor of what they take. */
    int64_t group = batch;
    for (int n = (int)plan->net->node_count; n-- > 0;) {
        const int of = fv__plan_step_at(plan, n);
        if (of < 0) continue;
        group = wish(plan, of, group);
        for (int m = of; m >= 0; m = plan->nodes[m].inner) plan->nodes[m].group = group;
    }
}

fv_status fv__plan_segments(fv_plan *plan) {
    plan->segments =
        fv__arena_alloc(&plan->arena, (plan->forward_steps + 1) * sizeof *plan->segments);
    if (!plan->segments) return FV_EXHAUSTED;
    for (size_t s = 0; s < plan->forward_steps; s++) {
        const int64_t group = plan->steps[s].group;
        if (plan->segment_count == 0 || plan->segments[plan->segment_count - 1].group != group)
            plan->segments[plan->segment_count++] = (fv_segment){.first = s, .group = group};
        plan->segments[plan->segment_count - 1].end = s + 1;
    }
    return FV_OK;
}

/* Samples that the buffers of values have room for: as many as any step that touches them takes.
   A value that one step writes and another reads in larger groups is there from the beginning, as
   the steps before it run again while it fills. */
static void hold(fv_plan *plan, int value, int64_t group) {
    fv_plan_value *root = &plan->values[fv__plan_root(plan, value, NULL)];
    if (group > root->held) root->held = group;
}

static void hold_ref(fv_plan *plan, const fv_ref *ref, int64_t group) {
    if (ref->kind == FV_REF_VALUE || ref->kind == FV_REF_COPY) hold(plan, ref->index, group);
}

void fv__plan_hold(fv_plan *plan) {
    const int64_t batch = plan->options.batch;
    for (size_t v = 0; v < plan->net->value_count; v++)
        if (fv__plan_seen(plan, (int)v)) hold(plan, (int)v, batch);
    for (size_t s = 0; s < plan->step_count; s++) {
        const fv_step *step = &plan->steps[s];
        const fv_node *node = step->node >= 0 ? &plan->net->nodes[step->node] : NULL;
        for (int i = 0; node && i < node->inputs; i++) hold_ref(plan, &step->x[i], step->group);
        for (int o = 0; node && o < node->outputs; o++) hold_ref(plan, &step->y[o], step->group);
        hold_ref(plan, &step->added, step->group);
        hold_ref(plan, &step->from, step->group);
        hold_ref(plan, &step->to, step->group);
    }
    for (size_t v = 0; v < plan->net->value_count; v++) {
        fv_plan_value *value = &plan->values[v];
        const fv_plan_value *root = &plan->values[fv__plan_root(plan, (int)v, NULL)];
        if (!value->batched) continue;
        value->held = fv__plan_grouped(plan) && root->held ? root->held : batch;
        value->shape.dim[0] = value->held;
    }
}
