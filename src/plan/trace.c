/* SPDX-License-Identifier: MIT */
/*
 * trace.c - what was rewritten, and which implementation every step got.
 */
#include "device/tuning.h"
#include "plan/plan_internal.h"

static fv_status reasons_of(fv_context *ctx, const fv_plan *plan, const fv_step *step,
                            fv_text *reasons) {
    const fv_op *op = plan->net->nodes[step->node].op;
    const fv_impl *impl;
    fv_settled settled;
    fv_arena arena;
    fv__arena_init(&arena, ctx);
    bool *wants =
        fv__arena_alloc(&arena, (size_t)plan->net->nodes[step->node].inputs * sizeof *wants);
    fv_status status = wants ? FV_OK : FV_EXHAUSTED;
    if (status == FV_OK) {
        const fv_request request = fv__plan_request(plan, step->node, step->which, wants);
        status = fv__impl_choose(ctx, plan->device, op, plan->nodes[step->node].site, &request,
                                 &arena, &impl, &settled, reasons);
    }
    fv__arena_free(&arena);
    return status;
}

static fv_status trace_step(fv_context *ctx, const fv_plan *plan, const fv_step *step, bool why,
                            fv_text *out) {
    const fv_plan_node *p = &plan->nodes[step->node];
    const bool forward = step->which == FV_FORWARD;
    const fv_impl *impl = forward ? p->forward : p->backward;
    const int variant = p->settled[step->which].variant;
    fv__text_addf(out, "%-8s %-24s %s", forward ? "forward" : "backward",
                  plan->net->nodes[step->node].name, impl->name);
    if (variant) fv__text_addf(out, ", %s", fv__variant_name(impl, variant));
    if (forward && p->parts)
        fv__text_addf(out, " + %s", p->parts);
    else if (forward && p->in_place)
        fv__text_add(out, " (in place)");
    fv_text reasons = {.ctx = ctx};
    fv_status status = why ? reasons_of(ctx, plan, step, &reasons) : FV_OK;
    if (status == FV_OK) status = fv__text_done(ctx, &reasons);
    if (status == FV_OK && reasons.length) fv__text_addf(out, "   [%s]", reasons.data);
    fv__text_free(&reasons);
    fv__text_add(out, "\n");
    return status;
}

static void trace_conversion(const fv_plan *plan, const fv_step *step, fv_text *out) {
    const fv_ref *to = &step->to;
    const int value = to->kind == FV_REF_TEMP ? plan->temps[to->index].value : to->index;
    const bool gradient = step->which == FV_BACKWARD && step->from.kind != FV_REF_VALUE;
    fv__text_addf(out, "%-8s %s%s: %s to %s\n", "convert", gradient ? "gradient of " : "",
                  plan->net->values[value].name, fv__layout_name(step->from.layout),
                  fv__layout_name(to->layout));
}

fv_status fv__plan_trace(fv_context *ctx, const fv_plan *plan, bool why, fv_text *out) {
    if (plan->notes.length) fv__text_add(out, plan->notes.data);
    for (size_t s = 0; s < plan->step_count; s++) {
        const fv_step *step = &plan->steps[s];
        if (step->kind == FV_STEP_RUN) FV_TRY(trace_step(ctx, plan, step, why, out));
        if (step->kind == FV_STEP_CONVERT) trace_conversion(plan, step, out);
    }
    return FV_OK;
}
