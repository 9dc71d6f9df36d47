/* SPDX-License-Identifier: MIT */
/*
 * shared_plan.c - a model's plans in use, in a list that hangs on the model under its lock.
 */
#include "api/shared_plan.h"

static void destroy(fv_shared_plan *shared) {
    fv__prepared_free(shared->prepared);
    fv__plan_free(shared->plan);
    fv__net_free(shared->resized);
    fv__free(shared);
}

/* Under the lock: nobody is lent the weights while they are prepared. */
static fv_status create(fv_context *ctx, const fv_model *model, const fv_shared_plan *like,
                        fv_shared_plan **out) {
    const fv_plan_options options = {
        .batch = like->batch, .keep_values = like->keeps, .device = like->device};
    fv_shared_plan *shared = fv__alloc(ctx, sizeof *shared, "a run");
    if (!shared) return FV_EXHAUSTED;
    *shared = *like;
    const fv_graph *net = model->net.graph;
    const bool rests = model->file.mapped && !model->runs->lent;
    fv_status status = FV_OK;
    if (like->height || like->width) {
        status = fv__net_resized(ctx, net, like->height, like->width, &shared->resized);
        net = shared->resized;
    }
    if (status == FV_OK) status = fv__plan_new(ctx, net, &options, &shared->plan);
    if (status == FV_OK)
        status =
            fv__prepared_from_host(ctx, shared->plan, model->weights, rests, &shared->prepared);
    if (status == FV_OK)
        *out = shared;
    else
        destroy(shared);
    return status;
}

static bool fits(const fv_shared_plan *a, const fv_shared_plan *b) {
    return a->batch == b->batch && a->height == b->height && a->width == b->width &&
           a->keeps == b->keeps && a->isa == b->isa && a->precision == b->precision &&
           a->device == b->device;
}

fv_status fv__shared_plan_take(fv_context *ctx, const fv_model *model, const fv_shared_plan *wanted,
                               fv_shared_plan **out) {
    fv_shared_plan like = *wanted;
    like.isa = ctx->isa;
    like.precision = ctx->precision;
    like.device = ctx->device;
    fv_model_runs *runs = model->runs;
    fv_status status = FV_OK;
    fv__lock(&runs->lock);
    fv_shared_plan *shared = runs->first;
    while (shared && !fits(shared, &like)) shared = shared->next;
    if (!shared) {
        status = create(ctx, model, &like, &shared);
        if (status == FV_OK) {
            shared->next = runs->first;
            runs->first = shared;
        }
    }
    if (status == FV_OK) {
        shared->users++;
        *out = shared;
    }
    fv__unlock(&runs->lock);
    return status;
}

void fv__shared_plan_give(const fv_model *model, fv_shared_plan *shared) {
    if (!shared) return;
    fv_model_runs *runs = model->runs;
    fv__lock(&runs->lock);
    if (--shared->users == 0) {
        struct fv_shared_plan **at = &runs->first;
        while (*at != shared) at = &(*at)->next;
        *at = shared->next;
        destroy(shared);
    }
    fv__unlock(&runs->lock);
}
