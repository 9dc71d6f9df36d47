/* SPDX-License-Identifier: MIT */
/*
 * planned_memory.c - asks the planner what a network takes, as a run or a training would.
 */
#include "look/planned_memory.h"
#include "plan/plan.h"

static fv_status planned_bytes(fv_context *ctx, const fv_graph *net, int64_t batch, bool training,
                               fv_plan_memory *memory) {
    const fv_plan_options options = {.batch = batch, .training = training, .backward = training};
    fv_plan *plan = NULL;
    FV_TRY(fv__plan_new(ctx, net, &options, &plan));
    *memory = fv__plan_memory(plan);
    fv__plan_free(plan);
    return FV_OK;
}

/* The network with its losses. One that ends in a map, say, has none: that is told, not an error.
 */
static fv_status trained_net(fv_context *ctx, const fv_net *net, fv_arena *arena,
                             fv_explanation *out, fv_graph **trained) {
    const fv_status status = fv__net_to_train(ctx, net->graph, &net->recipe, trained);
    if (status != FV_BAD_INPUT) return status;
    *trained = NULL;
    out->untrainable = fv__arena_text(arena, fv_context_error(ctx));
    return out->untrainable ? FV_OK : FV_EXHAUSTED;
}

static fv_status plan_batch(fv_context *ctx, const fv_graph *net, const fv_graph *trained,
                            fv_memory_plan *p, fv_explanation *out) {
    fv_plan_memory memory = {0};
    FV_TRY(planned_bytes(ctx, net, p->batch, false, &memory));
    p->inference = memory.activations;
    p->inference_scratch = memory.scratch;
    out->parameter_bytes = memory.parameters;
    if (!trained) return FV_OK;
    FV_TRY(planned_bytes(ctx, trained, p->batch, true, &memory));
    p->training = memory.activations;
    p->training_scratch = memory.scratch;
    out->gradient_bytes = memory.gradients;
    return FV_OK;
}

static fv_status plan_both(fv_context *ctx, const fv_graph *net, const fv_graph *trained,
                           int64_t batch, fv_memory_plan **plans, fv_explanation *out) {
    out->plan_count = batch == 1 ? 1 : 2;
    for (int i = 0; i < out->plan_count; i++) {
        plans[i]->batch = i == 0 ? 1 : batch;
        FV_TRY(plan_batch(ctx, net, trained, plans[i], out));
    }
    return FV_OK;
}

fv_status fv__planned_memory(fv_context *ctx, const fv_net *net, int64_t batch, fv_arena *arena,
                             fv_explanation *out) {
    fv_memory_plan **plans = fv__arena_alloc(arena, 2 * sizeof *plans);
    fv_memory_plan *both = fv__arena_alloc(arena, 2 * sizeof *both);
    fv_graph *trained = NULL;
    if (!plans || !both) return FV_EXHAUSTED;
    for (int i = 0; i < 2; i++) plans[i] = &both[i];
    FV_TRY(trained_net(ctx, net, arena, out, &trained));
    int64_t size = batch ? batch : net->recipe.batch;
    fv_status status = plan_both(ctx, net->graph, trained, size, plans, out);
    while (status == FV_BAD_INPUT && !batch && size > 1)
        status = plan_both(ctx, net->graph, trained, size /= 2, plans, out);
    out->plans = (const fv_memory_plan *const *)plans;
    const int states = fv__recipe_states(&net->recipe) + (net->recipe.average > 0);
    out->optimizer_bytes = out->gradient_bytes * (size_t)states;
    fv__net_free(trained);
    return status;
}
