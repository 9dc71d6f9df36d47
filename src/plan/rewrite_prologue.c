/* SPDX-License-Identifier: MIT */
/*
 * prologue: in inference a batch normalisation, and a relu behind it, that only a convolution reads
 * are applied by the convolution to what it brings into the caches (DenseNet, ResNet v2): their
 * output is never written. Only where the implementation that would take the convolution does so
 * itself: another one would be slower than what is saved. (Taken in smaller groups of samples,
 * another one may be the first that does; conv_gemm.c always does.) Bits stay what they are.
 */
#include "op/conv.h"
#include "plan/plan_internal.h"

/* The operators whose work goes: bn -> relu -> convolution; relu -1: there is none. */
typedef struct front {
    int bn, relu;
} front;

/* The node whose step writes what node n reads; -1: others read it too, or others wrote it. */
static int maker_of(const fv_plan *plan, int n) {
    const int value = plan->nodes[n].in[0], owner = plan->values[value].owner;
    if (owner < 0 || fv__plan_only_reader(plan, value) != n) return -1;
    return plan->nodes[owner].writes == plan->net->nodes[owner].out[0] ? owner : -1;
}

static bool find(const fv_plan *plan, int n, front *found) {
    int maker = maker_of(plan, n);
    found->relu = -1;
    if (maker >= 0 && plan->net->nodes[maker].op == &fv__op_relu) {
        found->relu = maker;
        maker = maker_of(plan, maker);
    }
    found->bn = maker;
    return maker >= 0 && plan->net->nodes[maker].op == &fv__op_bn;
}

/* The implementation that takes the convolution with such a prologue; NULL: none does. */
static fv_status taker(fv_context *ctx, fv_plan *plan, int n, fv_site *site, fv_prologue prologue,
                       const fv_impl **impl) {
    bool wants[1];
    const fv_request request = fv__plan_request(plan, n, FV_FORWARD, wants);
    fv_settled settled;
    fv_arena arena;
    fv__arena_init(&arena, ctx);
    *impl = NULL;
    site->prologue = prologue;
    const fv_status status = fv__impl_choose(ctx, plan->device, plan->net->nodes[n].op, site,
                                             &request, &arena, impl, &settled, NULL);
    fv__arena_free(&arena);
    return status == FV_FAILED ? FV_OK : status;
}

static void join(fv_plan *plan, int n, const front *found) {
    const fv_graph *net = plan->net;
    fv_plan_node *p = &plan->nodes[n];
    p->front = found->bn;
    p->front_act = found->relu;
    p->in[0] = plan->nodes[found->bn].in[0];
    fv__plan_note(plan, &fv__rewrite_prologue, "%s%s%s into %s", net->nodes[found->bn].name,
                  found->relu < 0 ? "" : ", ", found->relu < 0 ? "" : net->nodes[found->relu].name,
                  net->nodes[n].name);
}

static fv_status visit(fv_context *ctx, fv_plan *plan, int n, fv_site_room *room) {
    front found;
    const fv_impl *without, *with;
    if (!plan->nodes[n].live || plan->net->nodes[n].op != &fv__op_conv) return FV_OK;
    if (!find(plan, n, &found)) return FV_OK;
    FV_TRY(fv__plan_site(ctx, plan, n, room));
    FV_TRY(taker(ctx, plan, n, &room->site, (fv_prologue){0}, &without));
    FV_TRY(taker(ctx, plan, n, &room->site, (fv_prologue){true, found.relu >= 0}, &with));
    if (with && with == without) join(plan, n, &found);
    return FV_OK;
}

static fv_status apply(fv_context *ctx, fv_plan *plan) {
    fv_site_room room;
    if (plan->options.training || plan->options.backward) return FV_OK;
    FV_TRY(fv__net_site_room(ctx, plan->net, &room));
    fv_status status = FV_OK;
    for (size_t n = 0; status == FV_OK && n < plan->net->node_count; n++)
        status = visit(ctx, plan, (int)n, &room);
    fv__net_site_free(&room);
    return status;
}

const fv_rewrite fv__rewrite_prologue = {
    .name = "prologue",
    .help = "batch normalisation, and relu, are applied by the convolution behind them (inference)",
    .apply = apply,
};
