/* SPDX-License-Identifier: MIT */
/*
 * implementations.c - who computes each node, settled once, and the layouts that follow.
 */
#include "device/tuning.h"
#include "plan/plan_internal.h"
#include <string.h>

fv_request fv__plan_request(const fv_plan *plan, int node, fv_which which, bool *wants) {
    const fv_plan_node *p = &plan->nodes[node];
    const fv_layout lies = plan->values[plan->net->nodes[node].out[0]].layout;
    for (int i = 0; i < plan->net->nodes[node].inputs; i++)
        wants[i] = plan->values[p->in[i]].needs_gradient;
    return (fv_request){.which = which,
                        .real = plan->options.dtype,
                        .training = plan->options.training,
                        .precision = plan->precision,
                        .kernels = plan->kernels,
                        .wants_dx = wants,
                        /* gradients lie as their values do */
                        .prefer = which == FV_BACKWARD ? lies : plan->options.prefer};
}

/* A value needs a gradient when something learned, or the image if asked, lies before it. */
static void mark_gradients(fv_plan *plan) {
    const fv_graph *net = plan->net;
    plan->values[0].needs_gradient = plan->options.input_gradient;
    for (size_t n = 0; n < net->node_count; n++) {
        const fv_node *node = &net->nodes[n];
        fv_plan_node *p = &plan->nodes[n];
        if (!p->live || !node->op->backward[0]) continue;
        for (int i = 0; i < node->inputs; i++)
            if (plan->values[p->in[i]].needs_gradient) p->needs_backward = true;
        for (int i = 0; i < node->params; i++)
            if (net->params[node->param[i]].spec.learned && !p->frozen) p->needs_backward = true;
        for (int o = 0; o < node->outputs; o++)
            plan->values[node->out[o]].needs_gradient =
                p->needs_backward && plan->values[node->out[o]].dtype == plan->options.dtype;
    }
}

fv_status fv__plan_site(fv_context *ctx, const fv_plan *plan, int n, fv_site_room *room) {
    const fv_plan_node *p = &plan->nodes[n];
    FV_TRY(fv__net_site(ctx, plan->net, &plan->net->nodes[n], p->group, room));
    if (!p->options) return FV_OK;
    room->site.options = p->options;
    room->in[0] = plan->values[p->in[0]].shape;
    if (plan->values[p->in[0]].batched) room->in[0].dim[0] = p->group;
    return FV_OK;
}

/* The plan's own copy of a site, with the prologue and the epilogue that the node's step got. */
static fv_status keep_site(fv_plan *plan, int n, const fv_site *found) {
    const fv_plan_node *p = &plan->nodes[n];
    const size_t in = (size_t)found->inputs + 1, out = (size_t)found->outputs + 1;
    fv_site *site = fv__arena_alloc(&plan->arena, sizeof *site);
    fv_shape *in_shape = fv__arena_alloc(&plan->arena, in * sizeof *in_shape);
    fv_type *in_type = fv__arena_alloc(&plan->arena, in * sizeof *in_type);
    fv_shape *out_shape = fv__arena_alloc(&plan->arena, out * sizeof *out_shape);
    fv_type *out_type = fv__arena_alloc(&plan->arena, out * sizeof *out_type);
    if (!site || !in_shape || !in_type || !out_shape || !out_type) return FV_EXHAUSTED;
    memcpy(in_shape, found->in, (in - 1) * sizeof *in_shape);
    memcpy(in_type, found->in_type, (in - 1) * sizeof *in_type);
    memcpy(out_shape, found->out, (out - 1) * sizeof *out_shape);
    memcpy(out_type, found->out_type, (out - 1) * sizeof *out_type);
    *site = *found;
    site->in = in_shape;
    site->in_type = in_type;
    site->out = out_shape;
    site->out_type = out_type;
    site->prologue = (fv_prologue){.there = p->front >= 0, .relu = p->front_act >= 0};
    site->inner = p->inner >= 0 ? plan->nodes[p->inner].site : NULL;
    site->epilogue.add = p->add >= 0;
    if (p->act >= 0) {
        site->epilogue.act = plan->net->nodes[p->act].op;
        site->epilogue.act_options = plan->net->nodes[p->act].options;
    }
    plan->nodes[n].site = site;
    return FV_OK;
}

static fv_status size_saved(fv_context *ctx, fv_plan *plan, int n) {
    fv_plan_node *p = &plan->nodes[n];
    for (int i = 0; i < p->site->saved && plan->options.training; i++) {
        fv_dtype dtype = p->site->saved_dtype[i];
        if (dtype == FV_F32) dtype = plan->options.dtype;
        const int64_t count = fv__shape_count(&p->site->saved_shape[i]);
        if (count < 0 || !fv__mul_size((size_t)count, fv__dtype_bytes(dtype), &p->saved[i].bytes))
            return fv__fail(ctx, FV_BAD_INPUT, "%s does not fit in memory",
                            plan->net->nodes[n].name);
    }
    return FV_OK;
}

/* Another variant of what was chosen: the one asked for, or the one that was measured. */
static fv_status vary(fv_context *ctx, fv_plan *plan, int n, fv_request *request,
                      const fv_impl *impl, fv_settled *settled) {
    const fv_site *site = plan->nodes[n].site;
    const unsigned char *asked = plan->options.variants;
    if (asked)
        request->variant = asked[2 * n + (request->which == FV_BACKWARD)];
    else
        FV_TRY(fv__tuned_variant(ctx, impl, site, request, &request->variant));
    return fv__impl_vary(impl, site, request, &plan->arena, settled);
}

/* Bytes, so that threads share no line of a cache. */
static size_t whole_lines(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

static fv_status choose_pass(fv_context *ctx, fv_plan *plan, int n, fv_which which, bool *wants) {
    fv_plan_node *p = &plan->nodes[n];
    fv_request request = fv__plan_request(plan, n, which, wants);
    const fv_op *op = plan->net->nodes[n].op;
    const fv_impl **impl = which == FV_FORWARD ? &p->forward : &p->backward;
    fv_settled *settled = &p->settled[which];
    FV_TRY(fv__impl_choose(ctx, plan->device, op, p->site, &request, &plan->arena, impl, settled,
                           NULL));
    FV_TRY(vary(ctx, plan, n, &request, *impl, settled));
    if (p->inner >= 0) plan->nodes[p->inner].settled[which].packed = true;
    settled->scratch = whole_lines(settled->scratch);
    settled->worker = whole_lines(settled->worker);
    if (fv__plan_packs_anew(plan, n)) p->packed[which].bytes = settled->prepared;
    if (settled->scratch > plan->scratch_bytes) plan->scratch_bytes = settled->scratch;
    if (settled->worker > plan->worker_bytes) plan->worker_bytes = settled->worker;
    return FV_OK;
}

/* Vectors lie one way only. */
static void tag(fv_plan_value *v, fv_layout layout) {
    v->layout = v->shape.rank < 3 ? FV_PLAIN : layout;
}

/* Layouts of what the step writes. What is no step of its own has the layout of what it is made of;
   regions.c, which decides that, tags it. */
static void tag_layouts(fv_plan *plan, int n) {
    const fv_plan_node *p = &plan->nodes[n];
    const fv_node *node = &plan->net->nodes[n];
    for (int o = 0; o < node->outputs; o++)
        tag(&plan->values[node->out[o]], fv__impl_out(p->forward, &p->settled[FV_FORWARD], o));
    const fv_layout first = plan->values[node->out[0]].layout;
    /* what a step leaves unwritten has a gradient all the same, which lies as if it were there */
    if (p->add >= 0) plan->values[plan->net->nodes[p->add].out[0]].layout = first;
    plan->values[p->writes].layout = first;
}

static fv_status choose_node(fv_context *ctx, fv_plan *plan, int n, fv_site_room *room,
                             bool *wants) {
    const fv_node *node = &plan->net->nodes[n];
    fv_plan_node *p = &plan->nodes[n];
    FV_TRY(fv__plan_site(ctx, plan, n, room));
    if (plan->options.training && !p->frozen && node->op->trains)
        if (node->op->trains(ctx, &room->site) != FV_OK)
            return fv__fail_in(ctx, "%s: ", node->name);
    for (int o = 0; o < node->outputs; o++) {
        fv_plan_value *y = &plan->values[node->out[o]];
        y->shape = room->site.out[o];
        if (y->batched) y->shape.dim[0] = plan->options.batch;
    }
    FV_TRY(keep_site(plan, n, &room->site));
    FV_TRY(size_saved(ctx, plan, n));
    if (p->part_of < 0) {
        FV_TRY(choose_pass(ctx, plan, n, FV_FORWARD, wants));
        tag_layouts(plan, n);
    }
    if (p->needs_backward && plan->options.backward)
        FV_TRY(choose_pass(ctx, plan, n, FV_BACKWARD, wants));
    return FV_OK;
}

fv_status fv__plan_choose(fv_context *ctx, fv_plan *plan) {
    fv_site_room room;
    int most = 1;
    if (plan->options.backward) mark_gradients(plan);
    for (size_t n = 0; n < plan->net->node_count; n++)
        if (plan->net->nodes[n].inputs > most) most = plan->net->nodes[n].inputs;
    bool *wants = fv__arena_alloc(&plan->arena, (size_t)most * sizeof *wants);
    if (!wants) return FV_EXHAUSTED;
    FV_TRY(fv__net_site_room(ctx, plan->net, &room));
    fv_status status = FV_OK;
    for (size_t n = 0; status == FV_OK && n < plan->net->node_count; n++)
        if (plan->nodes[n].live) status = choose_node(ctx, plan, (int)n, &room, wants);
    fv__net_site_free(&room);
    return status;
}
