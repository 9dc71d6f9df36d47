/* SPDX-License-Identifier: MIT */
/*
 * walk.c - the one walk over a plan's steps, with hooks before and after each.
 */
#include "plan/plan_internal.h"
#include <stdio.h>

static void run_step(fv_exec *e, size_t s) {
    const fv_plan *plan = e->plan;
    const fv_step *step = &plan->steps[s];
    fv_pass *pass = &e->passes[s];
    if (step->kind == FV_STEP_CLEAR) {
        const fv_tensor *t = &pass->y[0];
        if (t->data)
            plan->device->clear(t->data,
                                (size_t)fv__shape_count(&t->shape) * fv__dtype_bytes(t->dtype));
    } else if (step->kind == FV_STEP_CONVERT) {
        plan->device->launch(step->impl->run, pass);
    } else {
        const fv_plan_node *p = &plan->nodes[step->node];
        const fv_impl *impl = step->which == FV_FORWARD ? p->forward : p->backward;
        if (impl->prepare && fv__plan_packs_anew(plan, step->node))
            plan->device->launch(impl->prepare, pass);
        plan->device->launch(impl->run, pass);
    }
}

fv_step_view fv__exec_step(fv_exec *e, int s) {
    const fv_plan *plan = e->plan;
    const fv_step *step = &plan->steps[s];
    fv_step_view view = {.step = s, .node = -1, .which = step->which, .impl = "clear", .value = -1};
    fv__exec_bind(e);
    if (step->kind == FV_STEP_CONVERT) view.impl = "convert";
    if (step->kind != FV_STEP_RUN) return view;
    const fv_plan_node *p = &plan->nodes[step->node];
    view.node = step->node;
    view.pass = &e->passes[s];
    view.by = step->which == FV_FORWARD ? p->forward : p->backward;
    view.impl = view.by->name;
    view.variant = p->settled[step->which].variant;
    view.site = p->site;
    view.fused = step->which == FV_FORWARD ? p->parts : NULL;
    if (step->which == FV_FORWARD) view.value = step->y[0].index;
    return view;
}

static bool walk(fv_exec *e, size_t from, size_t end, const fv_walk *hooks) {
    for (size_t s = from; s < end; s++) {
        if (!hooks) {
            run_step(e, s);
            continue;
        }
        const fv_step_view view = fv__exec_step(e, (int)s);
        if (hooks->before) hooks->before(hooks->arg, &view);
        run_step(e, s);
        if (hooks->after && !hooks->after(hooks->arg, &view)) return false;
    }
    return true;
}

/* What a loss divides by: of head h as told, or the samples of the whole batch. */
static double divisor_of(const fv_plan *plan, const fv_exec_run *run, int node, int64_t whole) {
    for (size_t h = 0; run->divisors && h < plan->net->head_count; h++)
        if (plan->net->values[plan->net->heads[h].value].node == node) return run->divisors[h];
    return (double)whole;
}

/* A statistic that several nodes share is the mean of what they observe. */
static double share_of(const fv_plan *plan, int node, double part) {
    const fv_node *n = &plan->net->nodes[node];
    int uses = 1;
    for (int i = 0; i < n->params; i++)
        if (plan->net->params[n->param[i]].uses > uses) uses = plan->net->params[n->param[i]].uses;
    return part / uses;
}

static void begin(fv_exec *e, const fv_exec_run *run) {
    const fv_plan *plan = e->plan;
    const int64_t batch = plan->options.batch, whole = run->whole ? run->whole : batch;
    fv__exec_bind(e);
    for (size_t s = 0; s < plan->step_count; s++) {
        const int node = plan->steps[s].node;
        fv_pass *pass = &e->passes[s];
        if (node < 0) continue;
        pass->random = fv__key(run->seed, FV_STREAM_DROPOUT, (uint64_t)node, run->time);
        pass->first = run->first;
        pass->divisor = divisor_of(plan, run, node, whole);
        pass->share = share_of(plan, node, (double)batch / (double)whole);
    }
    if (e->gradients && plan->options.training)
        plan->device->clear(e->gradients, (size_t)plan->net->param_elements *
                                              fv__dtype_bytes(plan->options.dtype));
}

/* A tensor of a step's pass goes to where samples from `first` on lie in its value's buffer. */
static void move_to(fv_exec *e, const fv_tensor *at, int value, int64_t first) {
    fv_tensor *t = &e->tensors[at - e->tensors];
    char *start = e->starts[at - e->tensors];
    const fv_plan_value *v = &e->plan->values[value];
    if (start && v->batched)
        t->data = start + (size_t)(first % v->held * t->step) * fv__dtype_bytes(t->dtype);
}

static void move_step(fv_exec *e, size_t s, int64_t first) {
    const fv_step *step = &e->plan->steps[s];
    const fv_pass *pass = &e->passes[s];
    for (int i = 0; i < pass->inputs; i++)
        move_to(e, &pass->x[i], step->node < 0 ? step->from.index : step->x[i].index, first);
    for (int o = 0; o < pass->outputs; o++)
        move_to(e, &pass->y[o], step->node < 0 ? step->to.index : step->y[o].index, first);
    if (pass->added) move_to(e, pass->added, step->added.index, first);
}

/* Makes what segment k makes of samples `first` to `first` + its group. */
static bool walk_segment(fv_exec *e, size_t k, int64_t first, const fv_walk *hooks) {
    const fv_segment *segment = &e->plan->segments[k];
    for (int64_t n = 0; k > 0 && n < segment->group; n += segment[-1].group)
        if (!walk_segment(e, k - 1, first + n, hooks)) return false;
    for (size_t s = segment->first; s < segment->end; s++) {
        move_step(e, s, first);
        e->passes[s].first = e->first + first;
    }
    return walk(e, segment->first, segment->end, hooks);
}

bool fv__exec_forward(fv_exec *e, const fv_exec_run *run, const fv_walk *hooks) {
    const fv_plan *plan = e->plan;
    begin(e, run);
    e->first = run->first;
    if (!fv__plan_grouped(plan)) return walk(e, 0, plan->forward_steps, hooks);
    const size_t last = plan->segment_count - 1;
    for (int64_t n = 0; n < plan->options.batch; n += plan->segments[last].group)
        if (!walk_segment(e, last, n, hooks)) return false;
    return true;
}

/* d(sum of weight * loss)/d(loss) = weight */
static void seed_losses(fv_exec *e) {
    const fv_plan *plan = e->plan;
    for (size_t h = 0; h < plan->net->head_count; h++) {
        const fv_head *head = &plan->net->heads[h];
        const fv_tensor t = fv__exec_value_gradient(e, head->value);
        const double exact = head->weight;
        const float rounded = (float)exact;
        if (!t.data) continue;
        if (t.dtype == FV_F64)
            plan->device->upload(t.data, &exact, sizeof exact);
        else
            plan->device->upload(t.data, &rounded, sizeof rounded);
    }
}

bool fv__exec_backward(fv_exec *e, const fv_walk *hooks) {
    seed_losses(e);
    return walk(e, e->plan->forward_steps, e->plan->step_count, hooks);
}

void fv__exec_again(fv_exec *e, int step) {
    fv__exec_bind(e);
    run_step(e, (size_t)step);
}

int fv__plan_steps(const fv_plan *plan) {
    return (int)plan->step_count;
}
