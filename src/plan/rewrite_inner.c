/* SPDX-License-Identifier: MIT */
/*
 * inner: in inference a convolution that only another one reads is computed by the other one's step
 * on its way, as much of it as is needed at a time, so that the map between them is never written
 * (the 1x1 that makes many channels for a depthwise convolution: MobileNet v2 and v3,
 * EfficientNet). The device's implementations know where they do so and where it pays. What is
 * folded into the first, and the activation behind it, go with it.
 */
#include "op/conv.h"
#include "plan/plan_internal.h"

/* The convolution whose step writes what node n alone reads; -1: there is none, or it does what
   cannot be done by the way. */
static int maker_of(const fv_plan *plan, int n) {
    const int value = plan->nodes[n].in[0], owner = plan->values[value].owner;
    if (owner < 0 || fv__plan_only_reader(plan, value) != n) return -1;
    const fv_plan_node *p = &plan->nodes[owner];
    const bool alone = p->writes == value && p->part_of < 0 && p->inner < 0;
    return alone && plan->net->nodes[owner].op == &fv__op_conv && p->add < 0 && p->front < 0 ? owner
                                                                                             : -1;
}

static void give(const fv_plan *plan, int n, fv_epilogue *epilogue) {
    const fv_plan_node *p = &plan->nodes[n];
    epilogue->add = p->add >= 0;
    if (p->act < 0) return;
    epilogue->act = plan->net->nodes[p->act].op;
    epilogue->act_options = plan->net->nodes[p->act].options;
}

/* Whether one of the device's implementations takes node n with the other inside. */
static fv_status taken(fv_context *ctx, fv_plan *plan, int n, const fv_site *site, bool *yes) {
    bool wants[1];
    const fv_request request = fv__plan_request(plan, n, FV_FORWARD, wants);
    const fv_impl *impl = NULL;
    fv_settled settled;
    fv_arena arena;
    fv__arena_init(&arena, ctx);
    const fv_status status = fv__impl_choose(ctx, plan->device, plan->net->nodes[n].op, site,
                                             &request, &arena, &impl, &settled, NULL);
    *yes = impl && !settled.packed;
    fv__arena_free(&arena);
    return status == FV_FAILED ? FV_OK : status;
}

static fv_status visit(fv_context *ctx, fv_plan *plan, int n, fv_site_room rooms[2]) {
    fv_plan_node *p = &plan->nodes[n];
    bool yes;
    if (!p->live || p->part_of >= 0 || plan->net->nodes[n].op != &fv__op_conv) return FV_OK;
    const int inner = p->front < 0 ? maker_of(plan, n) : -1;
    if (inner < 0) return FV_OK;
    FV_TRY(fv__plan_site(ctx, plan, n, &rooms[0]));
    FV_TRY(fv__plan_site(ctx, plan, inner, &rooms[1]));
    give(plan, n, &rooms[0].site.epilogue);
    give(plan, inner, &rooms[1].site.epilogue);
    rooms[0].site.inner = &rooms[1].site;
    FV_TRY(taken(ctx, plan, n, &rooms[0].site, &yes));
    if (!yes) return FV_OK;
    p->inner = inner;
    plan->nodes[inner].part_of = n;
    fv__plan_note(plan, &fv__rewrite_inner, "%s into %s", plan->net->nodes[inner].name,
                  plan->net->nodes[n].name);
    return FV_OK;
}

static fv_status apply(fv_context *ctx, fv_plan *plan) {
    fv_site_room rooms[2];
    if (plan->options.training || plan->options.backward) return FV_OK;
    FV_TRY(fv__net_site_room(ctx, plan->net, &rooms[0]));
    fv_status status = fv__net_site_room(ctx, plan->net, &rooms[1]);
    for (size_t n = 0; status == FV_OK && n < plan->net->node_count; n++)
        status = visit(ctx, plan, (int)n, rooms);
    fv__net_site_free(&rooms[0]);
    fv__net_site_free(&rooms[1]);
    return status;
}

const fv_rewrite fv__rewrite_inner = {
    .name = "inner",
    .help = "a convolution is computed by the one behind it, a few channels at a time (inference)",
    .apply = apply,
};
