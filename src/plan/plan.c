/* SPDX-License-Identifier: MIT */
/*
 * plan.c - from a net to a list of steps: the passes of plan_internal.h, one after the other.
 */
#include "plan/plan_internal.h"
#include <string.h>

static fv_dtype dtype_of(const fv_plan *plan, fv_dtype dtype) {
    return dtype == FV_F32 ? plan->options.dtype : dtype;
}

static const fv_span unused = {.first = INT_MAX, .last = -1};

static void start_value(fv_plan *plan, int v) {
    const fv_value *from = &plan->net->values[v];
    fv_plan_value *value = &plan->values[v];
    value->shape = from->shape;
    if (from->type.batched) value->shape.dim[0] = plan->options.batch;
    value->dtype = dtype_of(plan, from->type.dtype);
    value->batched = from->type.batched;
    value->constant_data = from->data;
    value->owner = from->node;
    value->pinned = from->node < 0;
    value->region.parent = value->gradient_region.parent = v;
    value->span = value->gradient_span = unused;
    for (int l = 0; l < FV_LAYOUTS; l++) value->copies[l] = unused;
}

static fv_status start_node(fv_plan *plan, int n) {
    const fv_node *from = &plan->net->nodes[n];
    fv_plan_node *node = &plan->nodes[n];
    node->in = fv__arena_alloc(&plan->arena, sizeof *node->in * (size_t)(from->inputs + 1));
    if (!node->in) return FV_EXHAUSTED;
    memcpy(node->in, from->in, sizeof *node->in * (size_t)from->inputs);
    node->part_of = node->add = node->act = -1;
    node->front = node->front_act = node->inner = -1;
    node->writes = from->out[0];
    node->order = n;
    node->group = plan->options.batch;
    node->frozen = plan->options.frozen && plan->options.frozen[n];
    for (int i = 0; i < FV_OP_SAVED; i++) node->saved[i] = unused;
    for (int which = 0; which < 2; which++) node->packed[which] = unused;
    return FV_OK;
}

/* Values that someone outside reads or writes. */
static void pin(fv_plan *plan) {
    for (size_t h = 0; h < plan->net->head_count; h++) {
        const fv_head *head = &plan->net->heads[h];
        if (!head->training || plan->options.training) plan->values[head->value].pinned = true;
    }
    for (int k = 0; k < plan->options.keep_count; k++)
        plan->values[plan->options.keep[k]].pinned = true;
}

static fv_status start(fv_plan *plan) {
    const size_t values = plan->net->value_count, nodes = plan->net->node_count + 1;
    plan->values = fv__arena_alloc(&plan->arena, values * sizeof *plan->values);
    plan->nodes = fv__arena_alloc(&plan->arena, nodes * sizeof *plan->nodes);
    if (!plan->values || !plan->nodes) return FV_EXHAUSTED;
    for (size_t v = 0; v < values; v++) start_value(plan, (int)v);
    for (size_t n = 0; n < plan->net->node_count; n++) FV_TRY(start_node(plan, (int)n));
    pin(plan);
    return FV_OK;
}

static fv_status name_part(fv_plan *plan, fv_plan_node *p, int part) {
    if (part < 0) return FV_OK;
    const char *name = plan->net->nodes[part].name;
    p->parts = p->parts ? fv__arena_format(&plan->arena, "%s, %s", p->parts, name)
                        : fv__arena_text(&plan->arena, name);
    return p->parts ? FV_OK : FV_EXHAUSTED;
}

/* What is done behind node n, or (its `inner`) before. */
static fv_status name_behind(fv_plan *plan, fv_plan_node *p, int n) {
    const fv_plan_node *of = &plan->nodes[n];
    for (const fv_fold *f = of->folds; f; f = f->next) FV_TRY(name_part(plan, p, f->node));
    FV_TRY(name_part(plan, p, of->add));
    return name_part(plan, p, of->act);
}

/* "bn1, add1, relu1": what a node's step does beside, before it and behind. */
static fv_status name_parts(fv_plan *plan) {
    for (size_t n = 0; n < plan->net->node_count; n++) {
        fv_plan_node *p = &plan->nodes[n];
        FV_TRY(name_part(plan, p, p->front));
        FV_TRY(name_part(plan, p, p->front_act));
        FV_TRY(name_part(plan, p, p->inner));
        if (p->inner >= 0) FV_TRY(name_behind(plan, p, p->inner));
        FV_TRY(name_behind(plan, p, (int)n));
    }
    return FV_OK;
}

static fv_status make(fv_context *ctx, fv_plan *plan) {
    FV_TRY(start(plan));
    FV_TRY(fv__plan_rewrite(ctx, plan));
    FV_TRY(name_parts(plan));
    fv__plan_groups(plan);
    FV_TRY(fv__plan_choose(ctx, plan));
    fv__plan_regions(plan);
    FV_TRY(fv__plan_list_steps(ctx, plan));
    FV_TRY(fv__plan_segments(plan));
    fv__plan_hold(plan);
    FV_TRY(fv__plan_offsets(ctx, plan));
    return fv__plan_prepared(ctx, plan);
}

fv_status fv__plan_new(fv_context *ctx, const fv_graph *net, const fv_plan_options *options,
                       fv_plan **out) {
    *out = NULL;
    if (options->batch < 1)
        return fv__fail(ctx, FV_BAD_INPUT, "a batch has at least 1 image, not %lld",
                        (long long)options->batch);
    const fv_device *device = options->device ? options->device : ctx->device;
    if (!device) return fv__fail(ctx, FV_FAILED, "a plan needs a device, and there is none");
    fv_plan *plan = fv__alloc(ctx, sizeof *plan, "a plan");
    if (!plan) return FV_EXHAUSTED;
    fv__arena_init(&plan->arena, ctx);
    plan->notes.ctx = ctx;
    plan->net = net;
    plan->options = *options;
    plan->device = device;
    plan->precision = options->training ? FV_PRECISION_FP32 : (fv_precision)ctx->precision;
    plan->workers = (size_t)fv__pool_size(ctx->pool);
    if (options->dtype == FV_F32 && !options->reference && device->kernels)
        plan->kernels = device->kernels(ctx->isa, &plan->table);
    const fv_status status = make(ctx, plan);
    plan->options.variants = NULL;
    plan->options.frozen = NULL;
    plan->options.keep = NULL; /* the caller's; marked by now */
    plan->options.keep_count = 0;
    if (status != FV_OK) {
        fv__plan_free(plan);
        return status;
    }
    *out = plan;
    return FV_OK;
}

void fv__plan_free(fv_plan *plan) {
    if (!plan) return;
    fv__free(plan->steps);
    fv__free(plan->temps);
    fv__text_free(&plan->notes);
    fv__arena_free(&plan->arena);
    fv__free(plan);
}

fv_precision fv__plan_precision(const fv_plan *plan) {
    return plan->precision;
}

fv_status fv__plan_trains(fv_context *ctx) {
    if (ctx->precision == FV_PRECISION_FP32) return FV_OK;
    return fv__fail(ctx, FV_USAGE,
                    "training is computed in fp32; the precision %s is for inference, of what has "
                    "been trained",
                    fv__precision_name(ctx->precision));
}

fv_plan_memory fv__plan_memory(const fv_plan *plan) {
    const size_t workers = plan->workers * fv__worker_step(plan, plan->workers);
    const size_t parameters =
        (size_t)plan->net->param_elements * fv__dtype_bytes(plan->options.dtype);
    return (fv_plan_memory){.activations = plan->block_bytes,
                            .scratch = plan->scratch_bytes + workers,
                            .parameters = parameters,
                            .gradients = plan->options.backward ? parameters : 0,
                            .prepared = plan->prepared_bytes + plan->fold_bytes,
                            .values_unshared = plan->values_unshared};
}
