/* SPDX-License-Identifier: MIT */
/*
 * prepared.c - weights as a plan's steps read them: folded, packed; and the plan's constants.
 *
 * One block on the device. A folded weight stays in it only where run reads it; where it is packed,
 * it lies at the block's end while packing goes on.
 */
#include "base/file.h"
#include "op/bn.h"
#include "plan/plan_internal.h"
#include <string.h>

static bool reserve(size_t *total, size_t bytes, size_t *offset) {
    *offset = *total;
    if (!fv__add_size(*total, (bytes + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN, total)) return false;
    return bytes <= SIZE_MAX - FV_ALIGN;
}

static const fv_param *param_of(const fv_plan *plan, int node, int i) {
    return &plan->net->params[plan->net->nodes[node].param[i]];
}

/* All weights of a node into which others are folded, and what those bring. */
static bool reserve_folded(fv_plan *plan, int n) {
    fv_plan_node *p = &plan->nodes[n];
    const size_t item = fv__dtype_bytes(plan->options.dtype);
    const fv_param *w = param_of(plan, n, 0);
    const size_t weight = (size_t)w->count * item, bias = (size_t)w->spec.shape.dim[0] * item;
    const bool packed = p->settled[FV_FORWARD].packed;
    if (weight > plan->fold_bytes) plan->fold_bytes = weight;
    for (fv_fold *f = p->folds; f; f = f->next)
        if (f->numbers && !reserve(&plan->prepared_bytes, 4 * bias, &f->at)) return false;
    return reserve(&plan->prepared_bytes, packed ? 0 : weight, &p->folded[0]) &&
           reserve(&plan->prepared_bytes, bias, &p->folded[1]);
}

/* Who computes, while weights are prepared, an operator that only plans use. */
static fv_status choose_for(fv_context *ctx, fv_plan *plan, const fv_op *op, const fv_impl **impl) {
    const fv_site site = {0};
    const fv_request request = {.which = FV_FORWARD, .real = plan->options.dtype};
    fv_settled settled;
    return fv__impl_choose(ctx, plan->device, op, &site, &request, &plan->arena, impl, &settled,
                           NULL);
}

static fv_status choose_and_reserve(fv_context *ctx, fv_plan *plan, int n, bool *fits) {
    fv_plan_node *p = &plan->nodes[n];
    if (p->folds) {
        FV_TRY(choose_for(ctx, plan, &fv__op_fold, &p->fold_impl));
        *fits = *fits && reserve_folded(plan, n);
    }
    if (p->front >= 0) {
        const size_t each = (size_t)param_of(plan, p->front, 0)->count;
        FV_TRY(choose_for(ctx, plan, &fv__op_before, &p->before_impl));
        *fits = *fits && reserve(&plan->prepared_bytes,
                                 3 * each * fv__dtype_bytes(plan->options.dtype), &p->before);
    }
    for (int which = 0; which < 2 && !fv__plan_packs_anew(plan, n); which++)
        *fits = *fits &&
                reserve(&plan->prepared_bytes, p->settled[which].prepared, &p->prepared[which]);
    return FV_OK;
}

/* A constant of real numbers becomes the plan's. */
static fv_status place_constant(fv_context *ctx, fv_plan *plan, int v) {
    const fv_value *from = &plan->net->values[v];
    fv_plan_value *value = &plan->values[v];
    const size_t bytes = (size_t)fv__shape_count(&value->shape) * fv__dtype_bytes(value->dtype);
    if (!reserve(&plan->prepared_bytes, bytes, &value->constant))
        return fv__fail(ctx, FV_BAD_INPUT, "the constant %s does not fit in memory", from->name);
    if (value->dtype == from->type.dtype) return FV_OK;
    const fv_tensor x =
        fv__tensor((void *)(uintptr_t)value->constant_data, from->type.dtype, value->shape);
    const fv_tensor y =
        fv__tensor(fv__arena_alloc(&plan->arena, bytes), value->dtype, value->shape);
    if (!y.data) return FV_EXHAUSTED;
    fv__tensor_convert(&x, &y, 0, value->shape.rank > 0 ? value->shape.dim[0] : 1, false);
    value->constant_data = y.data;
    return FV_OK;
}

fv_status fv__plan_prepared(fv_context *ctx, fv_plan *plan) {
    bool fits = true;
    for (size_t n = 0; n < plan->net->node_count; n++)
        if (plan->nodes[n].live) FV_TRY(choose_and_reserve(ctx, plan, (int)n, &fits));
    for (size_t v = 0; v < plan->net->value_count; v++)
        if (plan->values[v].constant_data && plan->values[v].readers)
            FV_TRY(place_constant(ctx, plan, (int)v));
    return fits ? FV_OK : fv__fail(ctx, FV_BAD_INPUT, "the network's weights do not fit in memory");
}

/* ----------------------------------------------------------------------------- the block --- */

fv_tensor fv__prepared_weight(const fv_prepared *p, int node, int i) {
    const fv_param *param = param_of(p->plan, node, i);
    const fv_dtype dtype = p->plan->options.dtype;
    return fv__tensor(p->weights + (size_t)param->offset * fv__dtype_bytes(dtype), dtype,
                      param->spec.shape);
}

fv_tensor fv__prepared_param(const fv_prepared *p, int node, int i) {
    const fv_plan_node *n = &p->plan->nodes[node];
    if (!n->folds || i > 1) return fv__prepared_weight(p, node, i);
    fv_tensor t = fv__prepared_weight(p, node, 0);
    if (i == 1) t.shape = fv__shape1(t.shape.dim[0]);
    t = fv__tensor(NULL, t.dtype, t.shape);
    const bool there = i == 1 || !n->settled[FV_FORWARD].packed;
    t.data = fv__prepared_at(p, there ? n->folded[i] : p->plan->prepared_bytes);
    return t;
}

static fv_pass pass_of(const fv_prepared *p, int node) {
    const fv_node *n = &p->plan->net->nodes[node];
    return (fv_pass){.op = n->op,
                     .options = fv__plan_options_of(p->plan, node),
                     .params = n->params,
                     .pool = p->ctx->pool,
                     .kernels = p->plan->kernels};
}

/* The numbers of a bn, or of what is like one, into x; its options. */
static const void *numbers_of(const fv_prepared *p, const fv_fold *f, int64_t filters,
                              fv_tensor x[4]) {
    static const fv_bn_options constant = {0};
    const fv_dtype dtype = p->plan->options.dtype;
    const size_t bytes = (size_t)filters * fv__dtype_bytes(dtype);
    if (f->numbers) p->plan->device->upload(fv__prepared_at(p, f->at), f->numbers, 4 * bytes);
    for (int i = 0; i < 4; i++)
        x[i] = f->numbers ? fv__tensor(fv__prepared_at(p, f->at + (size_t)i * bytes), dtype,
                                       fv__shape1(filters))
                          : fv__prepared_weight(p, f->node, i);
    return f->numbers ? &constant : p->plan->net->nodes[f->node].options;
}

/* w' and b' of a node with what is behind it: of its own, then of w' and b'. */
static void fold(const fv_prepared *p, int node) {
    const fv_plan_node *n = &p->plan->nodes[node];
    int own = p->plan->net->nodes[node].params;
    fv_tensor x[6], y[2] = {fv__prepared_param(p, node, 0), fv__prepared_param(p, node, 1)};
    for (int i = 0; i < own; i++) x[i] = fv__prepared_weight(p, node, i);
    for (const fv_fold *f = n->folds; f; f = f->next) {
        fv_pass pass = pass_of(p, node);
        pass.op = &fv__op_fold;
        pass.options = numbers_of(p, f, y[1].shape.dim[0], x + own);
        pass.inputs = own + 4;
        pass.outputs = 2;
        pass.x = x;
        pass.y = y;
        p->plan->device->launch(n->fold_impl->run, &pass);
        x[0] = y[0];
        x[1] = y[1];
        own = 2;
    }
}

/* The numbers of the bn in front of a node. */
static void before(const fv_prepared *p, int node) {
    const fv_plan_node *n = &p->plan->nodes[node];
    fv_tensor x[4];
    for (int i = 0; i < 4; i++) x[i] = fv__prepared_weight(p, n->front, i);
    fv_tensor y =
        fv__tensor(fv__prepared_at(p, n->before), x[0].dtype, fv__shape2(3, x[0].shape.dim[0]));
    fv_pass pass = pass_of(p, n->front);
    pass.op = &fv__op_before;
    pass.inputs = 4;
    pass.outputs = 1;
    pass.x = x;
    pass.y = &y;
    p->plan->device->launch(n->before_impl->run, &pass);
}

/* The same with the weights that prepare reads, into w. */
static fv_pass weighed(const fv_prepared *p, int node, bool folded, fv_tensor w[FV_OP_PARAMS]) {
    fv_pass pass = pass_of(p, node);
    if (folded && pass.params < 2) pass.params = 2;
    for (int i = 0; i < pass.params; i++)
        w[i] = folded ? fv__prepared_param(p, node, i) : fv__prepared_weight(p, node, i);
    pass.w = w;
    return pass;
}

static void prepare_pass(fv_prepared *p, int node, fv_which which) {
    const fv_plan_node *n = &p->plan->nodes[node];
    const fv_impl *impl = which == FV_FORWARD ? n->forward : n->backward;
    if (!impl || !impl->prepare || fv__plan_packs_anew(p->plan, node)) return;
    fv_tensor w[FV_OP_PARAMS], inner_w[FV_OP_PARAMS];
    fv_pass pass = weighed(p, node, which == FV_FORWARD && n->folds, w), inner;
    if (n->inner >= 0) {
        inner = weighed(p, n->inner, p->plan->nodes[n->inner].folds != NULL, inner_w);
        pass.inner = &inner;
    }
    pass.state = n->settled[which].state;
    pass.prepared = fv__prepared_at(p, n->prepared[which]);
    p->plan->device->launch(impl->prepare, &pass);
    p->count++;
}

/* The memory of weights that no step reads where they lie: of a node's first, the others are small.
   Other nodes may share them; they are read again then. */
static void forget(const fv_prepared *p, int node) {
    const fv_plan_node *n = &p->plan->nodes[node];
    if (!p->rests || p->host || p->plan->net->nodes[node].params == 0) return;
    if (!n->folds && !n->settled[FV_FORWARD].packed) return;
    const fv_tensor w = fv__prepared_weight(p, node, 0);
    fv__file_forget(w.data, (size_t)fv__shape_count(&w.shape) * fv__dtype_bytes(w.dtype));
}

static void upload_constants(const fv_prepared *p) {
    for (size_t v = 0; v < p->plan->net->value_count; v++) {
        const fv_plan_value *value = &p->plan->values[v];
        if (!value->constant_data || !value->readers) continue;
        p->plan->device->upload(fv__prepared_at(p, value->constant), value->constant_data,
                                (size_t)fv__shape_count(&value->shape) *
                                    fv__dtype_bytes(value->dtype));
    }
}

static size_t weight_bytes(const fv_plan *plan) {
    return (size_t)plan->net->param_elements * fv__dtype_bytes(plan->options.dtype);
}

/* Whether another node's step computes this one on its way: it is prepared there, where a folded
   weight at the block's end is still what it should be. */
static bool is_inner(const fv_plan *plan, int n) {
    const int outer = plan->nodes[n].part_of;
    return outer >= 0 && plan->nodes[outer].inner == n;
}

static void prepare_node(fv_prepared *p, int n) {
    const fv_plan_node *node = &p->plan->nodes[n];
    if (node->inner >= 0 && p->plan->nodes[node->inner].folds) fold(p, node->inner);
    if (node->folds) fold(p, n);
    if (node->front >= 0) before(p, n);
    prepare_pass(p, n, FV_FORWARD);
    prepare_pass(p, n, FV_BACKWARD);
    forget(p, n);
    if (node->inner >= 0) forget(p, node->inner);
}

void fv__prepare(fv_context *ctx, fv_prepared *p) {
    p->ctx = ctx;
    if (p->host) p->plan->device->upload(p->weights, p->host, weight_bytes(p->plan));
    upload_constants(p);
    for (size_t n = 0; n < p->plan->net->node_count; n++)
        if (p->plan->nodes[n].live && !is_inner(p->plan, (int)n)) prepare_node(p, (int)n);
}

int64_t fv__prepared_count(const fv_prepared *p) {
    return p->count;
}

static fv_status make(fv_context *ctx, fv_prepared *p) {
    const fv_plan *plan = p->plan;
    if (p->host) {
        p->weights = plan->device->alloc(ctx, weight_bytes(plan), "the weights");
        if (!p->weights) return FV_EXHAUSTED;
    }
    FV_TRY(fv__workspace_reserve(ctx, p->block, plan->device,
                                 plan->prepared_bytes + plan->fold_bytes));
    fv__prepare(ctx, p);
    return FV_OK;
}

static fv_status new_prepared(fv_context *ctx, const fv_plan *plan, void *weights, const void *host,
                              bool rests, fv_workspace *shared, fv_prepared **out) {
    *out = NULL;
    fv_prepared *p = fv__alloc(ctx, sizeof *p, "prepared weights");
    if (!p) return FV_EXHAUSTED;
    p->plan = plan;
    p->weights = weights;
    p->host = host;
    p->rests = rests;
    p->block = shared ? shared : &p->own;
    const fv_status status = make(ctx, p);
    if (status != FV_OK) {
        fv__prepared_free(p);
        return status;
    }
    *out = p;
    return FV_OK;
}

fv_status fv__prepared_new(fv_context *ctx, const fv_plan *plan, void *weights,
                           fv_workspace *shared, fv_prepared **out) {
    return new_prepared(ctx, plan, weights, NULL, false, shared, out);
}

fv_status fv__prepared_from_host(fv_context *ctx, const fv_plan *plan, const void *weights,
                                 bool rests, fv_prepared **out) {
    if (plan->device->host)
        return new_prepared(ctx, plan, (void *)(uintptr_t)weights, NULL, rests, NULL, out);
    return new_prepared(ctx, plan, NULL, weights, rests, NULL, out);
}

void fv__prepared_free(fv_prepared *p) {
    if (!p) return;
    fv__workspace_free(&p->own);
    if (p->host) p->plan->device->release(p->weights);
    fv__free(p);
}
