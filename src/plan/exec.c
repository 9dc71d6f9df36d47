/* SPDX-License-Identifier: MIT */
/*
 * exec.c - one execution's memory: every step bound to pointers, then run as often as wanted.
 *
 * Nothing here allocates or fails once fv__exec_new has returned. Executions may share a workspace;
 * when another one makes it grow, the passes are bound anew before the next run.
 */
#include "plan/plan_internal.h"
#include <string.h>

/* Scratch lies behind the values. */
static size_t workspace_bytes(const fv_plan *plan, const fv_pool *pool) {
    const size_t threads = (size_t)fv__pool_size(pool);
    return plan->block_bytes + plan->scratch_bytes + threads * fv__worker_step(plan, threads);
}

void fv__workspace_free(fv_workspace *w) {
    if (w->block) w->device->release(w->block);
    *w = (fv_workspace){0};
}

fv_status fv__workspace_reserve(fv_context *ctx, fv_workspace *w, const fv_device *device,
                                size_t bytes) {
    if (w->block && w->bytes >= bytes) return FV_OK;
    void *larger = device->alloc(ctx, bytes, "a run");
    if (!larger) return FV_EXHAUSTED;
    if (w->block) w->device->release(w->block);
    *w = (fv_workspace){device, larger, bytes};
    return FV_OK;
}

/* The shape and type of a value, with samples as far apart as they lie in their region. */
static fv_tensor shaped(const fv_exec *e, int value, fv_layout layout) {
    const fv_plan_value *v = &e->plan->values[value];
    fv_tensor t = fv__tensor(NULL, v->dtype, v->shape);
    t.layout = layout;
    t.step = fv__layout_sample(layout, &v->shape);
    return t;
}

static char *block(const fv_exec *e) {
    return e->workspace->block;
}

/* A value or gradient in its region. */
static fv_tensor in_region(const fv_exec *e, int value, bool gradient) {
    const fv_plan *plan = e->plan;
    fv_tensor t = shaped(e, value, plan->values[value].layout);
    int64_t offset;
    const int root = gradient ? fv__plan_gradient_root(plan, value, &offset)
                              : fv__plan_root(plan, value, &offset);
    const fv_plan_value *r = &plan->values[root];
    const fv_span *span = gradient ? &r->gradient_span : &r->span;
    if (span->first > span->last) return t; /* not in this plan */
    t.data = block(e) + span->offset + (size_t)offset * fv__dtype_bytes(t.dtype);
    /* a slice of a joined buffer; a view of values without a batch may have other dimensions */
    if (r->shape.rank > 1 && t.shape.rank > 0 && r->shape.dim[0] == t.shape.dim[0])
        t.step = fv__layout_sample(r->layout, &r->shape);
    return t;
}

static fv_tensor bind_whole(const fv_exec *e, const fv_ref *ref, int value) {
    fv_tensor t;
    switch (ref->kind) {
    case FV_REF_VALUE:
        if (e->plan->values[ref->index].constant_data) {
            t = shaped(e, ref->index, FV_PLAIN);
            t.data = fv__prepared_at(e->prepared, e->plan->values[ref->index].constant);
            return t;
        }
        return in_region(e, ref->index, false);
    case FV_REF_COPY:
        t = shaped(e, ref->index, ref->layout);
        t.data = block(e) + e->plan->values[ref->index].copies[ref->layout].offset;
        return t;
    case FV_REF_GRADIENT:
        return in_region(e, ref->index, true);
    case FV_REF_TEMP:
        t = shaped(e, e->plan->temps[ref->index].value, ref->layout);
        t.data = block(e) + e->plan->temps[ref->index].span.offset;
        return t;
    case FV_REF_NONE:
        break;
    }
    return shaped(e, value, e->plan->values[value].layout);
}

/* As much of it as a step takes at a time. */
static fv_tensor bind_ref(const fv_exec *e, const fv_ref *ref, int value, int64_t group) {
    fv_tensor t = bind_whole(e, ref, value);
    const int of = ref->kind == FV_REF_TEMP   ? e->plan->temps[ref->index].value
                   : ref->kind == FV_REF_NONE ? value
                                              : ref->index;
    if (e->plan->values[of].batched && t.shape.rank > 0 && group < t.shape.dim[0])
        t.shape.dim[0] = group;
    return t;
}

static fv_tensor bind_gradient_param(const fv_exec *e, int node, const fv_param *p,
                                     fv_which which) {
    const fv_dtype dtype = e->plan->options.dtype;
    fv_tensor t = fv__tensor(NULL, dtype, p->spec.shape);
    /* what forward observes of statistics, what backward finds of the others */
    if (e->gradients && e->plan->options.training && !e->plan->nodes[node].frozen &&
        p->spec.learned == (which == FV_BACKWARD))
        t.data = e->gradients + (size_t)p->offset * fv__dtype_bytes(dtype);
    return t;
}

static fv_tensor bind_saved(const fv_exec *e, int node, int i) {
    const fv_site *site = e->plan->nodes[node].site;
    const bool real = site->saved_dtype[i] == FV_F32;
    fv_tensor t = fv__tensor(NULL, real ? e->plan->options.dtype : site->saved_dtype[i],
                             site->saved_shape[i]);
    if (e->plan->options.training) t.data = block(e) + e->plan->nodes[node].saved[i].offset;
    return t;
}

static const fv_node *inner_of(const fv_plan *plan, int node) {
    const int inner = plan->nodes[node].inner;
    return inner >= 0 ? &plan->net->nodes[inner] : NULL;
}

/* Tensors that a step's pass points at. */
static size_t step_tensors(const fv_plan *plan, const fv_step *step) {
    if (step->kind != FV_STEP_RUN) return 2;
    const fv_node *node = &plan->net->nodes[step->node], *inner = inner_of(plan, step->node);
    return (size_t)(2 * node->inputs + 2 * node->outputs + 2 * (node->params + 1) + 1 +
                    FV_OP_SAVED + (inner ? inner->params + 1 : 0));
}

/* The weights that a node's step reads: its own, or what became of them when others were folded in.
   Gives how many there are. */
static int bind_weights(const fv_exec *e, int n, bool folded, fv_tensor *w) {
    const fv_plan *plan = e->plan;
    const int own = plan->net->nodes[n].params, params = folded && own < 2 ? 2 : own;
    for (int i = 0; i < params; i++)
        w[i] =
            folded ? fv__prepared_param(e->prepared, n, i) : fv__prepared_weight(e->prepared, n, i);
    return params;
}

/* What a step computes on its way to its own operator's input. */
static void bind_inner(fv_exec *e, const fv_pass *outer, fv_pass *pass, int n, fv_tensor *w) {
    const fv_plan *plan = e->plan;
    const fv_plan_node *p = &plan->nodes[n];
    *pass = *outer;
    pass->op = plan->net->nodes[n].op;
    pass->options = fv__plan_options_of(plan, n);
    pass->inputs = plan->net->nodes[n].inputs;
    pass->params = bind_weights(e, n, p->folds != NULL, w);
    pass->w = w;
    pass->epilogue = p->act >= 0 ? &p->site->epilogue : NULL;
    pass->added = NULL;
}

/* Scratch ends where every step's does; there the workers' memory begins, each one's where it is in
   every step. So what a thread makes for himself never lies where another one has read or written:
   such a line is written at a third of the speed, and at a tenth from one chip to the other. */
static void bind_scratch(const fv_exec *e, const fv_settled *settled, fv_pass *pass) {
    char *end = block(e) + e->plan->block_bytes + e->plan->scratch_bytes;
    pass->scratch = end - settled->scratch;
    pass->worker_step = fv__worker_step(e->plan, (size_t)fv__pool_size(e->pool));
    pass->workers = end + pass->worker_step - e->plan->worker_bytes;
}

static void bind_run(fv_exec *e, const fv_step *step, fv_pass *pass, fv_tensor *t) {
    const fv_plan *plan = e->plan;
    const fv_node *node = &plan->net->nodes[step->node];
    const fv_plan_node *p = &plan->nodes[step->node];
    const int in = node->inputs, out = node->outputs, params = node->params;
    const int64_t g = step->group;
    const bool forward = step->which == FV_FORWARD, folded = forward && p->folds;
    fv_tensor *x = t, *dx = x + in, *y = dx + in, *dy = y + out, *w = dy + out;
    fv_tensor *dw = w + params + 1, *saved = dw + params + 1, *added = saved + FV_OP_SAVED;
    const fv_ref none = {FV_REF_NONE, 0, FV_PLAIN};
    for (int i = 0; i < in; i++) {
        x[i] = bind_ref(e, &step->x[i], p->in[i], g);
        dx[i] = bind_ref(e, step->dx ? &step->dx[i] : &none, p->in[i], g);
    }
    for (int o = 0; o < out; o++) {
        y[o] = bind_ref(e, &step->y[o], node->out[o], g);
        dy[o] = bind_ref(e, step->dy ? &step->dy[o] : &none, node->out[o], g);
    }
    pass->params = bind_weights(e, step->node, folded, w);
    for (int i = 0; i < pass->params; i++)
        dw[i] = bind_gradient_param(
            e, step->node, &plan->net->params[node->param[i < params ? i : 0]], step->which);
    for (int i = 0; i < p->site->saved; i++) saved[i] = bind_saved(e, step->node, i);
    if (step->added.kind != FV_REF_NONE) *added = bind_ref(e, &step->added, p->added, g);
    pass->op = node->op;
    pass->options = fv__plan_options_of(plan, step->node);
    pass->inputs = in;
    pass->outputs = out;
    pass->x = x;
    pass->y = y;
    pass->dx = dx;
    pass->dy = dy;
    pass->w = w;
    pass->dw = dw;
    pass->saved = saved;
    bind_scratch(e, &p->settled[step->which], pass);
    pass->state = p->settled[step->which].state;
    pass->prepared = fv__plan_packs_anew(plan, step->node)
                         ? block(e) + p->packed[step->which].offset
                         : fv__prepared_at(e->prepared, p->prepared[step->which]);
    pass->overwrite = step->overwrite;
    pass->prologue = forward && p->front >= 0 ? &p->site->prologue : NULL;
    pass->before = pass->prologue ? fv__prepared_at(e->prepared, p->before) : NULL;
    pass->epilogue = forward && (p->add >= 0 || p->act >= 0) ? &p->site->epilogue : NULL;
    pass->added = step->added.kind != FV_REF_NONE ? added : NULL;
    if (forward && p->inner >= 0) {
        fv_pass *inner = &e->inner[step - plan->steps];
        bind_inner(e, pass, inner, p->inner, added + 1);
        pass->inner = inner;
    }
}

static void bind_convert(fv_exec *e, const fv_step *step, fv_pass *pass, fv_tensor *t) {
    t[0] = bind_ref(e, &step->from, step->from.index, step->group);
    t[1] = bind_ref(e, &step->to, step->to.index, step->group);
    pass->op = &fv__op_convert;
    pass->inputs = pass->outputs = 1;
    pass->x = pass->dy = &t[0];
    pass->y = pass->dx = &t[1];
}

/* Whether a step is a frozen normalisation's, which computes with its running statistics. */
static bool keeps_statistics(const fv_plan *plan, const fv_step *step) {
    if (step->kind != FV_STEP_RUN || !plan->nodes[step->node].frozen) return false;
    const fv_node *node = &plan->net->nodes[step->node];
    for (int i = 0; i < node->params; i++)
        if (!plan->net->params[node->param[i]].spec.learned) return true;
    return false;
}

void fv__exec_bind(fv_exec *e) {
    const fv_plan *plan = e->plan;
    fv_tensor *t = e->tensors;
    const void *prepared = e->prepared->block->block;
    if (e->bound == e->workspace->block && e->bound_prepared == prepared) return;
    for (size_t s = 0; s < plan->step_count; s++) {
        const fv_step *step = &plan->steps[s];
        fv_pass *pass = &e->passes[s];
        pass->training = plan->options.training && !keeps_statistics(plan, step);
        pass->pool = e->pool;
        pass->kernels = plan->kernels;
        if (step->kind == FV_STEP_RUN)
            bind_run(e, step, pass, t);
        else if (step->kind == FV_STEP_CONVERT)
            bind_convert(e, step, pass, t);
        else
            t[0] = bind_ref(e, &step->to, step->to.index, step->group);
        if (step->kind == FV_STEP_CLEAR) pass->y = &t[0];
        t += step_tensors(plan, step);
    }
    for (size_t i = 0; e->starts && i < e->tensor_count; i++) e->starts[i] = e->tensors[i].data;
    e->bound = e->workspace->block;
    e->bound_prepared = prepared;
}

/* ------------------------------------------------------------------------------ lifetime --- */

static bool has_inner(const fv_plan *plan) {
    for (size_t s = 0; s < plan->step_count; s++)
        if (plan->steps[s].kind == FV_STEP_RUN && inner_of(plan, plan->steps[s].node)) return true;
    return false;
}

static fv_status make(fv_context *ctx, fv_exec *e, const fv_exec_options *o) {
    const fv_plan *plan = e->plan;
    if (!e->prepared) {
        FV_TRY(o->host_weights
                   ? fv__prepared_from_host(ctx, plan, o->host_weights, false, &e->prepared)
                   : fv__prepared_new(ctx, plan, o->weights, NULL, &e->prepared));
        e->own_prepared = true;
    }
    if (!e->workspace) {
        e->workspace = fv__alloc(ctx, sizeof *e->workspace, "a run");
        if (!e->workspace) return FV_EXHAUSTED;
        e->own_workspace = true;
    }
    FV_TRY(
        fv__workspace_reserve(ctx, e->workspace, plan->device, workspace_bytes(plan, ctx->pool)));
    for (size_t s = 0; s < plan->step_count; s++)
        e->tensor_count += step_tensors(plan, &plan->steps[s]);
    e->passes = fv__alloc(ctx, (plan->step_count + 1) * sizeof *e->passes, "a run's steps");
    e->tensors = fv__alloc(ctx, (e->tensor_count + 1) * sizeof *e->tensors, "a run's steps");
    if (!e->passes || !e->tensors) return FV_EXHAUSTED;
    if (has_inner(plan)) {
        e->inner = fv__alloc(ctx, (plan->step_count + 1) * sizeof *e->inner, "a run's steps");
        if (!e->inner) return FV_EXHAUSTED;
    }
    if (fv__plan_grouped(plan)) {
        e->starts = fv__alloc(ctx, (e->tensor_count + 1) * sizeof *e->starts, "a run's steps");
        if (!e->starts) return FV_EXHAUSTED;
    }
    fv__exec_bind(e);
    return FV_OK;
}

fv_status fv__exec_new(fv_context *ctx, const fv_plan *plan, const fv_exec_options *options,
                       fv_exec **out) {
    *out = NULL;
    fv_exec *e = fv__alloc(ctx, sizeof *e, "a run");
    if (!e) return FV_EXHAUSTED;
    e->plan = plan;
    e->pool = ctx->pool;
    e->prepared = options->prepared;
    e->gradients = options->gradients;
    e->workspace = options->workspace;
    const fv_status status = make(ctx, e, options);
    if (status != FV_OK) {
        fv__exec_free(e);
        return status;
    }
    *out = e;
    return FV_OK;
}

void fv__exec_free(fv_exec *e) {
    if (!e) return;
    if (e->own_prepared) fv__prepared_free(e->prepared);
    if (e->own_workspace && e->workspace) fv__workspace_free(e->workspace);
    if (e->own_workspace) fv__free(e->workspace);
    fv__free(e->passes);
    fv__free(e->inner);
    fv__free(e->tensors);
    fv__free(e->starts);
    fv__free(e);
}

const fv_plan *fv__exec_plan(const fv_exec *e) {
    return e->plan;
}

fv_prepared *fv__exec_prepared(const fv_exec *e) {
    return e->prepared;
}

/* -------------------------------------------------------------------------------- values --- */

fv_tensor fv__exec_value(fv_exec *e, int value) {
    const fv_plan_value *v = &e->plan->values[value];
    const fv_span *copy = &v->copies[FV_PLAIN];
    const bool copied = v->layout != FV_PLAIN && copy->first <= copy->last;
    const fv_ref ref = {copied ? FV_REF_COPY : FV_REF_VALUE, value, FV_PLAIN};
    fv__exec_bind(e);
    return bind_whole(e, &ref, value);
}

fv_tensor fv__exec_value_gradient(fv_exec *e, int value) {
    const bool there = e->plan->options.backward && e->plan->values[value].needs_gradient;
    const fv_ref ref = {there ? FV_REF_GRADIENT : FV_REF_NONE, value, FV_PLAIN};
    fv__exec_bind(e);
    return bind_whole(e, &ref, value);
}

/* Sample by sample: a slice of a joined buffer has gaps between them. */
static void transfer(fv_exec *e, int value, char *to, const char *from) {
    const fv_tensor t = fv__exec_value(e, value);
    const size_t item = fv__dtype_bytes(t.dtype);
    const int64_t samples = t.shape.rank > 0 ? t.shape.dim[0] : 1;
    const size_t bytes = (size_t)(fv__shape_count(&t.shape) / samples) * item;
    if (!t.data) return;
    for (int64_t n = 0; n < samples; n++) {
        char *at = (char *)t.data + (size_t)(n * t.step) * item;
        if (to)
            e->plan->device->download(to + (size_t)n * bytes, at, bytes);
        else
            e->plan->device->upload(at, from + (size_t)n * bytes, bytes);
    }
}

void fv__exec_read(fv_exec *e, int value, void *to) {
    transfer(e, value, to, NULL);
}

void fv__exec_write(fv_exec *e, int value, const void *from) {
    transfer(e, value, NULL, from);
}
