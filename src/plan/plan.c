/* SPDX-License-Identifier: MIT */
/*
 * plan.c - from a net to a list of steps: what is needed, who computes it, in which order.
 */
#include "plan/internal.h"
#include "kern/kern.h"
#include <limits.h>
#include <string.h>

/* Marks what the heads (and kept values) need, from the end to the beginning. */
static void mark_live(fv_plan *plan) {
    const fv_net *net = plan->net;
    for (size_t h = 0; h < net->head_count; h++) {
        if (net->heads[h].training && !plan->ask.training) continue;
        plan->pinned[net->heads[h].value] = true;
    }
    for (int k = 0; k < plan->ask.keep_count; k++) plan->pinned[plan->ask.keep[k]] = true;
    for (size_t n = net->node_count; n-- > 0;) {
        const fv_node *node = &net->nodes[n];
        fv_node_plan *p = &plan->nodes[n];
        p->fused = p->fused_into = -1;
        p->live = plan->pinned[node->out] || plan->readers[node->out] > 0;
        if (p->live)
            for (int i = 0; i < node->inputs; i++) plan->readers[node->in[i]]++;
    }
    for (size_t v = 0; v < net->value_count; v++)
        if (net->values[v].node < 0) plan->pinned[v] = true;
}

/* A value needs a gradient when something learned, or the picture if asked, lies before it. */
static void mark_gradients(fv_plan *plan) {
    const fv_net *net = plan->net;
    plan->needs_gradient[0] = plan->ask.input_gradient;
    for (size_t n = 0; n < net->node_count; n++) {
        const fv_node *node = &net->nodes[n];
        fv_node_plan *p = &plan->nodes[n];
        if (!p->live || !node->op->backward[0]) continue;
        for (int i = 0; i < node->inputs; i++)
            if (plan->needs_gradient[node->in[i]]) p->needs_backward = true;
        for (int i = 0; i < node->params; i++)
            if (net->params[node->param0 + i].spec.learned) p->needs_backward = true;
        plan->needs_gradient[node->out] = p->needs_backward;
    }
}

fv_ask fv__plan_question(const fv_plan *plan, int node, fv_which which, int workers) {
    fv_ask ask = {.dtype = plan->ask.dtype,
                  .which = which,
                  .training = plan->ask.training,
                  .plain = plan->ask.training || plan->ask.reference || plan->ask.keep_values,
                  .impls = plan->ask.impls,
                  .kernels = plan->kernels,
                  .workers = workers};
    const fv_node *n = &plan->net->nodes[node];
    for (int i = 0; i < n->inputs; i++) ask.wants_dx[i] = plan->needs_gradient[n->in[i]];
    return ask;
}

/* Shapes at this batch, implementations, the sizes of what is kept for backward. */
static fv_status choose(fv_context *ctx, fv_plan *plan) {
    const fv_net *net = plan->net;
    for (size_t v = 0; v < net->value_count; v++) {
        plan->shapes[v] = net->values[v].shape;
        plan->shapes[v].dim[0] = plan->ask.batch;
    }
    for (size_t n = 0; n < net->node_count; n++) {
        const fv_node *node = &net->nodes[n];
        fv_node_plan *p = &plan->nodes[n];
        if (!p->live) continue;
        fv_site site;
        FV_TRY(fv__net_site(ctx, net, node, plan->ask.batch, &site));
        plan->shapes[node->out] = site.out;
        const fv_ask forward = fv__plan_question(plan, (int)n, FV_FORWARD, plan->workers);
        p->forward = fv__cpu_choose(node->op, &site, &forward, NULL);
        if (p->needs_backward && plan->ask.backward) {
            const fv_ask backward = fv__plan_question(plan, (int)n, FV_BACKWARD, plan->workers);
            p->backward = fv__cpu_choose(node->op, &site, &backward, NULL);
        }
        for (int i = 0; i < FV_OP_SAVED; i++) {
            p->saved[i].first = INT_MAX;
            p->saved[i].last = -1;
            if (i >= site.saved || !plan->ask.training) continue;
            fv_dtype dtype = site.saved_dtype[i];
            if (dtype == FV_F32) dtype = plan->ask.dtype;
            const int64_t count = fv__shape_count(&site.saved_shape[i]);
            if (count < 0 ||
                !fv__mul_size((size_t)count, fv__dtype_bytes(dtype), &p->saved[i].bytes))
                return fv__fail(ctx, FV_BAD_INPUT, "%s does not fit in memory", node->name);
        }
    }
    return FV_OK;
}

static fv_status add_step(fv_context *ctx, fv_plan *plan, fv_step step) {
    FV_TRY(fv__grow(ctx, (void **)&plan->steps, &plan->step_capacity, plan->step_count + 1,
                    sizeof *plan->steps, "a plan's steps"));
    plan->steps[plan->step_count++] = step;
    return FV_OK;
}

static fv_status convert(fv_context *ctx, fv_plan *plan, int value) {
    plan->converted[value] = false; /* once */
    return add_step(ctx, plan,
                    (fv_step){.kind = FV_STEP_CONVERT, .value = value, .which = FV_FORWARD});
}

static fv_status convert_inputs(fv_context *ctx, fv_plan *plan, int n) {
    const fv_node *node = &plan->net->nodes[n];
    for (int i = 0; i < node->inputs; i++)
        if (plan->converted[node->in[i]] && fv__plan_wants(plan, n) != plan->layouts[node->in[i]])
            FV_TRY(convert(ctx, plan, node->in[i]));
    return FV_OK;
}

static fv_status list_forward(fv_context *ctx, fv_plan *plan) {
    for (size_t n = 0; n < plan->net->node_count; n++) {
        const fv_node_plan *p = &plan->nodes[n];
        if (!p->live) continue;
        FV_TRY(convert_inputs(ctx, plan, (int)n));
        if (p->view || p->joined || p->fused_into >= 0) continue;
        FV_TRY(add_step(ctx, plan,
                        (fv_step){.kind = FV_STEP_RUN, .node = (int)n, .which = FV_FORWARD}));
    }
    for (size_t v = 0; v < plan->net->value_count; v++) /* what someone outside reads */
        if (plan->converted[v]) FV_TRY(convert(ctx, plan, (int)v));
    plan->forward_steps = plan->step_count;
    return FV_OK;
}

static fv_status clear(fv_context *ctx, fv_plan *plan, int root) {
    return add_step(ctx, plan,
                    (fv_step){.kind = FV_STEP_CLEAR, .value = root, .which = FV_BACKWARD});
}

/* One node's backward: whoever writes a gradient first may overwrite, later ones add. */
static fv_status list_backward_of(fv_context *ctx, fv_plan *plan, int n) {
    const fv_node *node = &plan->net->nodes[n];
    const fv_node_plan *p = &plan->nodes[n];
    fv_step step = {.kind = FV_STEP_RUN, .node = n, .which = FV_BACKWARD};
    for (int i = 0; i < node->inputs; i++) {
        if (!plan->needs_gradient[node->in[i]]) continue;
        const int root = fv__region_root(plan->gradient_regions, node->in[i], NULL);
        fv_region *region = &plan->gradient_regions[root];
        if (p->gradient_in_place) {
            step.dx_set[i] = true;
        } else if (!region->touched) {
            if (p->backward->honours_dx_set && !region->joined)
                step.dx_set[i] = true;
            else
                FV_TRY(clear(ctx, plan, root));
        }
        region->touched = true;
    }
    return add_step(ctx, plan, step);
}

static fv_status list_backward(fv_context *ctx, fv_plan *plan) {
    for (size_t h = 0; h < plan->net->head_count; h++) {
        const int value = plan->net->heads[h].value;
        plan->gradient_regions[fv__region_root(plan->gradient_regions, value, NULL)].touched = true;
    }
    for (size_t n = plan->net->node_count; n-- > 0;) {
        const fv_node_plan *p = &plan->nodes[n];
        if (!p->live || !p->needs_backward || p->view || p->joined) continue;
        FV_TRY(list_backward_of(ctx, plan, (int)n));
    }
    return FV_OK;
}

static fv_status allocate(fv_context *ctx, fv_plan *plan) {
    const size_t values = plan->net->value_count, nodes = plan->net->node_count + 1;
    plan->shapes = fv__alloc(ctx, values * sizeof *plan->shapes, "a plan");
    plan->readers = fv__alloc(ctx, values * sizeof *plan->readers, "a plan");
    plan->pinned = fv__alloc(ctx, values * sizeof *plan->pinned, "a plan");
    plan->needs_gradient = fv__alloc(ctx, values * sizeof *plan->needs_gradient, "a plan");
    plan->layouts = fv__alloc(ctx, values * sizeof *plan->layouts, "a plan");
    plan->converted = fv__alloc(ctx, values * sizeof *plan->converted, "a plan");
    plan->copies = fv__alloc(ctx, values * sizeof *plan->copies, "a plan");
    plan->regions = fv__alloc(ctx, values * sizeof *plan->regions, "a plan");
    plan->gradient_regions = fv__alloc(ctx, values * sizeof *plan->regions, "a plan");
    plan->spans = fv__alloc(ctx, values * sizeof *plan->spans, "a plan");
    plan->gradient_spans = fv__alloc(ctx, values * sizeof *plan->spans, "a plan");
    plan->nodes = fv__alloc(ctx, nodes * sizeof *plan->nodes, "a plan");
    if (!plan->shapes || !plan->readers || !plan->pinned || !plan->needs_gradient ||
        !plan->layouts || !plan->converted || !plan->copies || !plan->regions ||
        !plan->gradient_regions || !plan->spans || !plan->gradient_spans || !plan->nodes)
        return FV_EXHAUSTED;
    for (size_t v = 0; v < values; v++) {
        plan->regions[v].parent = plan->gradient_regions[v].parent = (int)v;
        plan->spans[v] = plan->gradient_spans[v] = plan->copies[v] =
            (fv_span){.first = INT_MAX, .last = -1};
    }
    return FV_OK;
}

fv_status fv__plan_scratch(fv_context *ctx, const fv_plan *plan, int workers, size_t *most) {
    *most = 0;
    for (size_t s = 0; s < plan->step_count; s++) {
        const fv_step *step = &plan->steps[s];
        if (step->kind != FV_STEP_RUN) continue;
        const fv_node_plan *p = &plan->nodes[step->node];
        const fv_impl *impl = step->which == FV_FORWARD ? p->forward : p->backward;
        if (!impl->scratch) continue;
        fv_site site;
        FV_TRY(fv__net_site(ctx, plan->net, &plan->net->nodes[step->node], plan->ask.batch, &site));
        const fv_ask ask = fv__plan_question(plan, step->node, step->which, workers);
        const size_t bytes = impl->scratch(&site, &ask);
        if (bytes > *most) *most = bytes;
    }
    return FV_OK;
}

static fv_status make(fv_context *ctx, fv_plan *plan) {
    FV_TRY(allocate(ctx, plan));
    mark_live(plan);
    if (plan->ask.backward) mark_gradients(plan);
    FV_TRY(choose(ctx, plan));
    fv__plan_layouts(plan);
    fv__plan_regions(plan);
    fv__plan_settle_layouts(plan);
    FV_TRY(list_forward(ctx, plan));
    if (plan->ask.backward) FV_TRY(list_backward(ctx, plan));
    FV_TRY(fv__plan_place(ctx, plan));
    return fv__plan_scratch(ctx, plan, plan->workers, &plan->scratch_bytes);
}

fv_status fv__plan_new(fv_context *ctx, const fv_net *net, const fv_plan_ask *ask, fv_plan **out) {
    *out = NULL;
    if (ask->batch < 1)
        return fv__fail(ctx, FV_BAD_INPUT, "a batch has at least 1 picture, not %lld",
                        (long long)ask->batch);
    fv_plan *plan = fv__alloc(ctx, sizeof *plan, "a plan");
    if (!plan) return FV_EXHAUSTED;
    plan->net = net;
    plan->ask = *ask;
    plan->workers = fv__pool_size(ctx->pool);
    if (ask->dtype == FV_F32 && !ask->reference) plan->kernels = fv__kernels((fv_isa)ctx->isa);
    fv_status status = make(ctx, plan);
    plan->ask.keep = NULL; /* the caller's; marked by now */
    plan->ask.keep_count = 0;
    if (status != FV_OK) {
        fv__plan_free(plan);
        return status;
    }
    *out = plan;
    return FV_OK;
}

void fv__plan_free(fv_plan *plan) {
    if (!plan) return;
    fv__free(plan->shapes);
    fv__free(plan->readers);
    fv__free(plan->pinned);
    fv__free(plan->needs_gradient);
    fv__free(plan->layouts);
    fv__free(plan->converted);
    fv__free(plan->copies);
    fv__free(plan->regions);
    fv__free(plan->gradient_regions);
    fv__free(plan->spans);
    fv__free(plan->gradient_spans);
    fv__free(plan->nodes);
    fv__free(plan->steps);
    fv__free(plan);
}

fv_plan_memory fv__plan_memory(const fv_plan *plan) {
    const size_t parameters = (size_t)plan->net->param_elements * fv__dtype_bytes(plan->ask.dtype);
    return (fv_plan_memory){.activations = plan->block_bytes,
                            .scratch = plan->scratch_bytes,
                            .parameters = parameters,
                            .gradients = plan->ask.backward ? parameters : 0,
                            .values_unshared = plan->values_unshared};
}

static void trace_step(fv_context *ctx, const fv_plan *plan, const fv_step *step, bool why,
                       fv_text *out) {
    const fv_node *node = &plan->net->nodes[step->node];
    const fv_node_plan *p = &plan->nodes[step->node];
    const fv_impl *impl = step->which == FV_FORWARD ? p->forward : p->backward;
    fv__text_addf(out, "%-8s %-24s %s", step->which == FV_FORWARD ? "forward" : "backward",
                  node->name, impl->name);
    if (step->which == FV_FORWARD && p->fused >= 0)
        fv__text_addf(out, " + %s", plan->net->nodes[p->fused].name);
    else if (step->which == FV_FORWARD && p->in_place)
        fv__text_add(out, " (in place)");
    fv_site site;
    if (why && fv__net_site(ctx, plan->net, node, plan->ask.batch, &site) == FV_OK) {
        const fv_ask ask = fv__plan_question(plan, step->node, step->which, plan->workers);
        fv_text reasons = {0};
        fv__cpu_choose(node->op, &site, &ask, &reasons);
        if (reasons.length) fv__text_addf(out, "   [%s]", reasons.data);
        fv__text_free(&reasons);
    }
    fv__text_add(out, "\n");
}

void fv__plan_trace(fv_context *ctx, const fv_plan *plan, bool why, fv_text *out) {
    for (size_t s = 0; s < plan->step_count; s++)
        if (plan->steps[s].kind == FV_STEP_RUN) trace_step(ctx, plan, &plan->steps[s], why, out);
}
