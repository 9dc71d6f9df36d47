/* SPDX-License-Identifier: MIT */
/*
 * exec.c - one execution's memory: every step bound to pointers once, then run as often as wanted.
 *
 * Nothing here allocates or fails once fv__exec_new has returned.
 */
#include "plan/internal.h"
#include <string.h>

struct fv_exec {
    const fv_plan *plan;
    char *block; /* values, gradients, what is kept for backward */
    void *scratch;
    char *weights, *gradients;
    fv_pass *passes;    /* [steps], and one per fused activation behind them */
    fv_tensor *tensors; /* what the passes' arrays point at */
};

static fv_tensor bind(const fv_exec *e, const fv_region *regions, const fv_span *spans, int value) {
    const fv_plan *plan = e->plan;
    int64_t offset;
    const int root = fv__region_root(regions, value, &offset);
    const fv_span *span = &spans[root];
    fv_tensor t = fv__tensor(NULL, plan->ask.dtype, plan->shapes[value]);
    if (span->first > span->last) return t; /* not in this plan */
    t.data = e->block + span->offset + (size_t)offset * fv__dtype_bytes(plan->ask.dtype);
    if (plan->shapes[root].rank > 1) t.step = fv__shape_sample(&plan->shapes[root]);
    return t;
}

/* The labels are whole numbers in every plan. */
static fv_tensor bind_value(const fv_exec *e, int value) {
    fv_tensor t = bind(e, e->plan->regions, e->plan->spans, value);
    t.layout = e->plan->layouts[value];
    if (value > 0 && e->plan->net->values[value].node < 0) t.dtype = FV_I32;
    return t;
}

/* A value in the layout that is wanted: itself, or its copy. */
static fv_tensor bind_in(const fv_exec *e, int value, fv_layout layout) {
    fv_tensor t = bind_value(e, value);
    const fv_span *copy = &e->plan->copies[value];
    if (t.layout == layout || copy->first > copy->last) return t;
    t = fv__tensor(e->block + copy->offset, t.dtype, t.shape);
    t.layout = layout;
    return t;
}

static fv_tensor bind_gradient(const fv_exec *e, int value) {
    if (!e->plan->ask.backward || !e->plan->needs_gradient[value])
        return (fv_tensor){.dtype = e->plan->ask.dtype, .shape = e->plan->shapes[value]};
    return bind(e, e->plan->gradient_regions, e->plan->gradient_spans, value);
}

static fv_tensor bind_param(const fv_exec *e, char *block, const fv_param *p) {
    const size_t item = fv__dtype_bytes(e->plan->ask.dtype);
    return fv__tensor(block ? block + (size_t)p->offset * item : NULL, e->plan->ask.dtype,
                      p->spec.shape);
}

/* Fills a node's pass; returns how many tensors it took. */
static size_t bind_node(fv_exec *e, int n, const fv_site *site, fv_pass *pass, fv_tensor *t) {
    const fv_plan *plan = e->plan;
    const fv_node *node = &plan->net->nodes[n];
    const fv_node_plan *p = &plan->nodes[n];
    const int in = node->inputs, params = node->params;
    fv_tensor *x = t, *dx = x + in, *w = dx + in, *dw = w + params, *saved = dw + params;
    for (int i = 0; i < in; i++) {
        x[i] = bind_in(e, node->in[i], fv__plan_wants(plan, n));
        dx[i] = bind_gradient(e, node->in[i]);
    }
    for (int i = 0; i < params; i++) {
        const fv_param *param = &plan->net->params[node->param0 + i];
        w[i] = bind_param(e, e->weights, param);
        dw[i] = bind_param(e, param->spec.learned ? e->gradients : NULL, param);
    }
    for (int i = 0; i < site->saved; i++) {
        const bool real = site->saved_dtype[i] == FV_F32;
        saved[i] = fv__tensor(plan->ask.training ? e->block + p->saved[i].offset : NULL,
                              real ? plan->ask.dtype : site->saved_dtype[i], site->saved_shape[i]);
    }
    pass->op = node->op;
    pass->options = node->options;
    pass->inputs = in;
    pass->x = x;
    pass->y = bind_value(e, node->out);
    pass->w = w;
    pass->saved = saved;
    pass->dy = bind_gradient(e, node->out);
    pass->dx = dx;
    pass->dw = dw;
    pass->training = plan->ask.training;
    pass->scratch = e->scratch;
    pass->kernels = plan->kernels;
    return (size_t)(2 * in + 2 * params + site->saved);
}

static size_t tensors_needed(const fv_plan *plan) {
    size_t sum = 1;
    for (size_t s = 0; s < plan->step_count; s++) {
        const fv_step *step = &plan->steps[s];
        if (step->kind != FV_STEP_RUN) continue;
        const fv_node *node = &plan->net->nodes[step->node];
        sum += (size_t)(2 * node->inputs + 2 * node->params + FV_OP_SAVED);
        if (plan->nodes[step->node].fused >= 0) sum += 2 + FV_OP_SAVED;
    }
    return sum;
}

static fv_status bind_steps(fv_context *ctx, fv_exec *e) {
    const fv_plan *plan = e->plan;
    fv_tensor *t = e->tensors;
    for (size_t s = 0; s < plan->step_count; s++) {
        const fv_step *step = &plan->steps[s];
        if (step->kind != FV_STEP_RUN) continue;
        fv_site site;
        fv_pass *pass = &e->passes[s];
        FV_TRY(fv__net_site(ctx, plan->net, &plan->net->nodes[step->node], plan->ask.batch, &site));
        t += bind_node(e, step->node, &site, pass, t);
        pass->pool = ctx->pool;
        memcpy(pass->dx_set, step->dx_set, sizeof pass->dx_set);
        const int fused = plan->nodes[step->node].fused;
        if (step->which == FV_FORWARD && fused >= 0) {
            fv_pass *then = &e->passes[plan->step_count + s];
            FV_TRY(fv__net_site(ctx, plan->net, &plan->net->nodes[fused], plan->ask.batch, &site));
            t += bind_node(e, fused, &site, then, t);
            then->pool = ctx->pool;
            pass->then = then;
        }
    }
    return FV_OK;
}

static fv_status make(fv_context *ctx, fv_exec *e) {
    const fv_plan *plan = e->plan;
    size_t scratch; /* this context may have more workers than the planner's had */
    FV_TRY(fv__plan_scratch(ctx, plan, fv__pool_size(ctx->pool), &scratch));
    if (scratch && !(e->scratch = fv__alloc(ctx, scratch, "the working memory of a run")))
        return FV_EXHAUSTED;
    e->block = fv__alloc(ctx, plan->block_bytes ? plan->block_bytes : 1, "the values of a run");
    e->passes = fv__alloc(ctx, 2 * (plan->step_count + 1) * sizeof *e->passes, "a run's steps");
    e->tensors = fv__alloc(ctx, tensors_needed(plan) * sizeof *e->tensors, "a run's steps");
    if (!e->block || !e->passes || !e->tensors) return FV_EXHAUSTED;
    return bind_steps(ctx, e);
}

fv_status fv__exec_new(fv_context *ctx, const fv_plan *plan, void *weights, void *gradients,
                       fv_exec **out) {
    *out = NULL;
    fv_exec *e = fv__alloc(ctx, sizeof *e, "a run");
    if (!e) return FV_EXHAUSTED;
    e->plan = plan;
    e->weights = weights;
    e->gradients = gradients;
    const fv_status status = make(ctx, e);
    if (status != FV_OK) {
        fv__exec_free(e);
        return status;
    }
    *out = e;
    return FV_OK;
}

void fv__exec_free(fv_exec *e) {
    if (!e) return;
    fv__free(e->scratch);
    fv__free(e->block);
    fv__free(e->passes);
    fv__free(e->tensors);
    fv__free(e);
}

fv_tensor fv__exec_value(const fv_exec *e, int value) {
    return bind_in(e, value, FV_PLAIN);
}

fv_tensor fv__exec_value_gradient(const fv_exec *e, int value) {
    return bind_gradient(e, value);
}

static void clear(const fv_exec *e, int root) {
    const fv_tensor t = bind(e, e->plan->gradient_regions, e->plan->gradient_spans, root);
    if (t.data) memset(t.data, 0, (size_t)fv__shape_count(&t.shape) * fv__dtype_bytes(t.dtype));
}

void fv__exec_run_step(fv_exec *e, int s) {
    const fv_step *step = &e->plan->steps[s];
    if (step->kind == FV_STEP_CLEAR) {
        clear(e, step->value);
        return;
    }
    if (step->kind == FV_STEP_CONVERT) {
        const fv_tensor from = bind_value(e, step->value);
        const fv_tensor to =
            bind_in(e, step->value, from.layout == FV_PLAIN ? FV_BLOCK16 : FV_PLAIN);
        fv__tensor_convert(&from, &to);
        return;
    }
    const fv_node_plan *p = &e->plan->nodes[step->node];
    (step->which == FV_FORWARD ? p->forward : p->backward)->run(&e->passes[s]);
}

void fv__exec_begin(fv_exec *e, uint64_t seed, uint64_t time) {
    for (size_t s = 0; s < e->plan->step_count; s++)
        e->passes[s].random =
            fv__key(seed, FV_STREAM_DROPOUT, (uint64_t)e->plan->steps[s].node, time);
}

void fv__exec_forward(fv_exec *e, uint64_t seed, uint64_t time) {
    fv__exec_begin(e, seed, time);
    for (size_t s = 0; s < e->plan->forward_steps; s++) fv__exec_run_step(e, (int)s);
}

/* d(sum of weight * loss)/d(loss) = weight */
static void seed_losses(fv_exec *e) {
    for (size_t h = 0; h < e->plan->net->head_count; h++) {
        const fv_head *head = &e->plan->net->heads[h];
        const fv_tensor t = bind_gradient(e, head->value);
        if (!t.data) continue;
        if (t.dtype == FV_F64)
            *(double *)t.data = head->weight;
        else
            *(float *)t.data = (float)head->weight;
    }
}

void fv__exec_backward_begin(fv_exec *e) {
    if (e->gradients)
        memset(e->gradients, 0,
               (size_t)e->plan->net->param_elements * fv__dtype_bytes(e->plan->ask.dtype));
    seed_losses(e);
}

void fv__exec_backward(fv_exec *e) {
    fv__exec_backward_begin(e);
    for (size_t s = e->plan->forward_steps; s < e->plan->step_count; s++)
        fv__exec_run_step(e, (int)s);
}

int fv__exec_steps(const fv_exec *e) {
    return (int)e->plan->step_count;
}

fv_step_view fv__exec_step(const fv_exec *e, int s) {
    const fv_step *step = &e->plan->steps[s];
    fv_step_view view = {.node = -1, .which = step->which, .impl = "clear"};
    if (step->kind == FV_STEP_CONVERT) view.impl = "convert";
    if (step->kind != FV_STEP_RUN) return view;
    const fv_node_plan *p = &e->plan->nodes[step->node];
    view.node = step->node;
    view.impl = (step->which == FV_FORWARD ? p->forward : p->backward)->name;
    view.pass = &e->passes[s];
    if (step->which == FV_FORWARD && p->fused >= 0) view.fused = e->plan->net->nodes[p->fused].name;
    return view;
}
