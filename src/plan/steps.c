/* SPDX-License-Identifier: MIT */
/*
 * steps.c - the list of steps. Forward in the order of the nodes; backward reversed. A value in
 * another layout than its reader wants is copied once, right before the first who reads it. A
 * gradient lies as its value does: a step that wants it otherwise works on a buffer of its own with
 * a conversion before (dy) or behind (dx).
 */
#include "plan/plan_internal.h"

static fv_ref *new_refs(fv_plan *plan, int count) {
    return fv__arena_alloc(&plan->arena, sizeof(fv_ref) * (size_t)(count + 1));
}

static fv_status add_step(fv_context *ctx, fv_plan *plan, const fv_step *step) {
    FV_TRY(fv__grow(ctx, (void **)&plan->steps, &plan->step_capacity, plan->step_count + 1,
                    sizeof *plan->steps, "a plan's steps"));
    plan->steps[plan->step_count++] = *step;
    return FV_OK;
}

static fv_status add_temp(fv_context *ctx, fv_plan *plan, int value, fv_layout layout,
                          fv_ref *ref) {
    FV_TRY(fv__grow(ctx, (void **)&plan->temps, &plan->temp_capacity, plan->temp_count + 1,
                    sizeof *plan->temps, "a plan's buffers"));
    *ref = (fv_ref){FV_REF_TEMP, (int)plan->temp_count, layout};
    plan->temps[plan->temp_count++] =
        (fv_temp){.value = value, .layout = layout, .span = {.first = INT_MAX, .last = -1}};
    return FV_OK;
}

/* A step that copies one layout into another. */
static fv_status convert(fv_context *ctx, fv_plan *plan, fv_which which, int value, fv_ref from,
                         fv_ref to, bool accumulate) {
    const fv_plan_value *v = &plan->values[value];
    const fv_type type = {v->dtype, v->batched};
    fv_shape out = v->shape;
    fv_type out_type = type;
    const fv_site site = {.inputs = 1,
                          .in = &v->shape,
                          .in_type = &type,
                          .outputs = 1,
                          .out = &out,
                          .out_type = &out_type};
    const fv_request request = {.which = accumulate ? FV_BACKWARD : FV_FORWARD,
                                .real = plan->options.dtype,
                                .kernels = plan->kernels};
    fv_step step = {.kind = FV_STEP_CONVERT,
                    .which = which,
                    .node = -1,
                    .group = plan->listed,
                    .from = from,
                    .to = to,
                    .accumulate = accumulate};
    fv_settled settled;
    FV_TRY(fv__impl_choose(ctx, plan->device, &fv__op_convert, &site, &request, &plan->arena,
                           &step.impl, &settled, NULL));
    return add_step(ctx, plan, &step);
}

static fv_status clear(fv_context *ctx, fv_plan *plan, fv_ref what) {
    return add_step(ctx, plan,
                    &(fv_step){.kind = FV_STEP_CLEAR,
                               .which = FV_BACKWARD,
                               .node = -1,
                               .group = plan->listed,
                               .to = what});
}

/* A value in the layout that is wanted: itself, or its copy, which is made if it is not there. */
static fv_status value_in(fv_context *ctx, fv_plan *plan, fv_which which, int value,
                          fv_layout layout, fv_ref *ref) {
    fv_plan_value *v = &plan->values[value];
    *ref = (fv_ref){FV_REF_VALUE, value, v->layout};
    if (v->layout == layout || v->shape.rank < 3) return FV_OK;
    const fv_ref copy = {FV_REF_COPY, value, layout};
    if (v->copies[layout].bytes == 0) {
        v->copies[layout].bytes = 1; /* sized in offsets.c */
        FV_TRY(convert(ctx, plan, which, value, *ref, copy, false));
    }
    *ref = copy;
    return FV_OK;
}

static fv_status list_forward_of(fv_context *ctx, fv_plan *plan, int n) {
    const fv_node *node = &plan->net->nodes[n];
    const fv_plan_node *p = &plan->nodes[n];
    const fv_settled *settled = &p->settled[FV_FORWARD];
    fv_step step = {.kind = FV_STEP_RUN,
                    .which = FV_FORWARD,
                    .node = n,
                    .group = p->group,
                    .x = new_refs(plan, node->inputs),
                    .y = new_refs(plan, node->outputs)};
    if (!step.x || !step.y) return FV_EXHAUSTED;
    plan->listed = p->group;
    for (int i = 0; i < node->inputs; i++)
        FV_TRY(value_in(ctx, plan, FV_FORWARD, fv__plan_reads(plan, n, i),
                        fv__impl_in(p->forward, settled, i), &step.x[i]));
    if (p->add >= 0)
        FV_TRY(
            value_in(ctx, plan, FV_FORWARD, p->added, plan->values[p->writes].layout, &step.added));
    for (int o = 0; o < node->outputs; o++) {
        const int value = o == 0 ? p->writes : node->out[o];
        step.y[o] = (fv_ref){FV_REF_VALUE, value, plan->values[value].layout};
    }
    return add_step(ctx, plan, &step);
}

static fv_status list_forward(fv_context *ctx, fv_plan *plan) {
    for (size_t n = 0; n < plan->net->node_count; n++) {
        const fv_plan_node *p = &plan->nodes[n];
        const int step_of = fv__plan_step_at(plan, (int)n);
        if (step_of < 0 || p->view || p->joined) continue;
        FV_TRY(list_forward_of(ctx, plan, step_of));
    }
    plan->listed = plan->options.batch;
    for (size_t v = 0; v < plan->net->value_count; v++) { /* what someone outside reads */
        fv_ref ref;
        if (fv__plan_seen(plan, (int)v))
            FV_TRY(value_in(ctx, plan, FV_FORWARD, (int)v, FV_PLAIN, &ref));
    }
    plan->forward_steps = plan->step_count;
    return FV_OK;
}

static fv_region *gradient_region(fv_plan *plan, int value) {
    return &plan->values[fv__plan_gradient_root(plan, value, NULL)].gradient_region;
}

/* dy of an output: the gradient as it lies, or its copy. NONE where nobody wrote one. */
static fv_status list_dy(fv_context *ctx, fv_plan *plan, int value, fv_layout layout, fv_ref *dy) {
    const fv_plan_value *v = &plan->values[value];
    if (!v->needs_gradient || !gradient_region(plan, value)->touched) return FV_OK;
    const fv_ref as_it_lies = {FV_REF_GRADIENT, value, v->layout};
    *dy = as_it_lies;
    if (v->layout == layout || v->shape.rank < 3) return FV_OK;
    FV_TRY(add_temp(ctx, plan, value, layout, dy));
    return convert(ctx, plan, FV_BACKWARD, value, as_it_lies, *dy, false);
}

/* Whoever writes a gradient first may overwrite, later ones add. *overwrite: whether this one may;
   clears the buffer first where it cannot. */
static fv_status claim(fv_context *ctx, fv_plan *plan, int value, bool can_overwrite,
                       bool *overwrite) {
    fv_region *region = gradient_region(plan, value);
    const int root = fv__plan_gradient_root(plan, value, NULL);
    *overwrite = false;
    if (!region->touched) {
        *overwrite = can_overwrite && !region->joined;
        if (!*overwrite)
            FV_TRY(clear(ctx, plan, (fv_ref){FV_REF_GRADIENT, root, plan->values[root].layout}));
    }
    region->touched = true;
    return FV_OK;
}

/* dx of an input: where the gradient lies, or a buffer that is converted and added afterwards. */
static fv_status list_dx(fv_context *ctx, fv_plan *plan, int n, int i, fv_ref *dx,
                         bool *overwrite) {
    const fv_plan_node *p = &plan->nodes[n];
    const int value = p->in[i];
    const fv_plan_value *v = &plan->values[value];
    const fv_layout layout = fv__impl_in(p->backward, &p->settled[FV_BACKWARD], i);
    if (!v->needs_gradient) return FV_OK;
    if (p->gradient_in_place) {
        *dx = (fv_ref){FV_REF_GRADIENT, value, v->layout};
        *overwrite = true;
        gradient_region(plan, value)->touched = true;
        return FV_OK;
    }
    if (v->layout == layout || v->shape.rank < 3) {
        *dx = (fv_ref){FV_REF_GRADIENT, value, v->layout};
        return claim(ctx, plan, value, p->backward->overwrites, overwrite);
    }
    FV_TRY(add_temp(ctx, plan, value, layout, dx));
    *overwrite = p->backward->overwrites;
    return *overwrite ? FV_OK : clear(ctx, plan, *dx);
}

/* Behind the step: what it wrote into buffers of its own goes to the gradients. */
static fv_status settle_dx(fv_context *ctx, fv_plan *plan, const fv_step *step) {
    for (int i = 0; i < plan->net->nodes[step->node].inputs; i++) {
        if (step->dx[i].kind != FV_REF_TEMP) continue;
        const int value = plan->nodes[step->node].in[i];
        const fv_ref to = {FV_REF_GRADIENT, value, plan->values[value].layout};
        bool overwrite;
        FV_TRY(claim(ctx, plan, value, true, &overwrite));
        FV_TRY(convert(ctx, plan, FV_BACKWARD, value, step->dx[i], to, !overwrite));
    }
    return FV_OK;
}

static fv_status list_backward_of(fv_context *ctx, fv_plan *plan, int n) {
    const fv_node *node = &plan->net->nodes[n];
    const fv_plan_node *p = &plan->nodes[n];
    const fv_settled *settled = &p->settled[FV_BACKWARD];
    fv_step step = {.kind = FV_STEP_RUN,
                    .which = FV_BACKWARD,
                    .node = n,
                    .group = p->group,
                    .x = new_refs(plan, node->inputs),
                    .y = new_refs(plan, node->outputs),
                    .dx = new_refs(plan, node->inputs),
                    .dy = new_refs(plan, node->outputs),
                    .overwrite = fv__arena_alloc(&plan->arena, (size_t)node->inputs + 1)};
    bool reached = false;
    if (!step.x || !step.y || !step.dx || !step.dy || !step.overwrite) return FV_EXHAUSTED;
    for (int o = 0; o < node->outputs; o++) {
        FV_TRY(
            list_dy(ctx, plan, node->out[o], fv__impl_out(p->backward, settled, o), &step.dy[o]));
        reached = reached || step.dy[o].kind != FV_REF_NONE;
        if (node->op->traits & FV_KEEP_Y)
            FV_TRY(value_in(ctx, plan, FV_BACKWARD, node->out[o],
                            fv__impl_out(p->backward, settled, o), &step.y[o]));
    }
    if (!reached) return FV_OK; /* no loss depends on it */
    for (int i = 0; i < node->inputs; i++) {
        if (node->op->traits & FV_KEEP_X)
            FV_TRY(value_in(ctx, plan, FV_BACKWARD, p->in[i], fv__impl_in(p->backward, settled, i),
                            &step.x[i]));
        FV_TRY(list_dx(ctx, plan, n, i, &step.dx[i], &step.overwrite[i]));
    }
    FV_TRY(add_step(ctx, plan, &step));
    return settle_dx(ctx, plan, &step);
}

static fv_status list_backward(fv_context *ctx, fv_plan *plan) {
    for (size_t h = 0; h < plan->net->head_count; h++)
        gradient_region(plan, plan->net->heads[h].value)->touched = true;
    for (size_t n = plan->net->node_count; n-- > 0;) {
        const fv_plan_node *p = &plan->nodes[n];
        if (!p->live || !p->needs_backward || p->view || p->joined) continue;
        FV_TRY(list_backward_of(ctx, plan, (int)n));
    }
    return FV_OK;
}

fv_status fv__plan_list_steps(fv_context *ctx, fv_plan *plan) {
    FV_TRY(list_forward(ctx, plan));
    return plan->options.backward ? list_backward(ctx, plan) : FV_OK;
}
