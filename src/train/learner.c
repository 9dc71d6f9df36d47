/* SPDX-License-Identifier: MIT */
/*
 * learner.c - a learner made: the executions of each size of shard, the blocks of gradients, sums
 * and states, the places for a batch.
 *
 * Executions of different sizes (shards that differ by a sample, an epoch's last batch) share one
 * workspace and one block of prepared weights, as they never run at the same time.
 */
#include "train/class_weights.h"
#include "train/freeze.h"
#include "train/learner_state.h"
#include "train/metric.h"
#include "train/refit.h"
#include "train/rule.h"
#include <string.h>

/* ---------------------------------------------------------------------------- the shards --- */

int64_t fv__learner_first(const fv_learner *l, int64_t n, int64_t *count) {
    const int64_t first = fv__shard_first(l, n, l->part.first);
    if (count) *count = fv__shard_first(l, n, l->part.first + l->part.count) - first;
    return first;
}

static bool is_tree_node(int shards, fv_shards part) {
    int width = 1;
    if (part.first < 0 || part.count < 1 || part.count > shards - part.first) return false;
    while (width < part.count) width *= 2;
    const bool whole = part.count == width || part.first + part.count == shards;
    return part.first % width == 0 && whole;
}

/* ------------------------------------------------------------------------------- stages --- */

static void drop(fv_stage *s) {
    fv__exec_free(s->exec);
    fv__prepared_free(s->prepared);
    fv__plan_free(s->plan);
    *s = (fv_stage){0};
}

static fv_status make_stage(fv_context *ctx, fv_learner *l, int64_t n, fv_stage *s) {
    const fv_plan_options options = {.batch = n,
                                     .training = true,
                                     .backward = true,
                                     .device = l->device,
                                     .frozen = l->frozen,
                                     .keep = &l->net->heads[0].prediction,
                                     .keep_count = 1};
    drop(s);
    l->prepared_of = -1;
    FV_TRY(fv__plan_new(ctx, l->net, &options, &s->plan));
    FV_TRY(fv__prepared_new(ctx, s->plan, l->weights, &l->packed, &s->prepared));
    const fv_exec_options exec = {
        .prepared = s->prepared, .gradients = l->gradients, .workspace = &l->workspace};
    FV_TRY(fv__exec_new(ctx, s->plan, &exec, &s->exec));
    s->n = n;
    return FV_OK;
}

static fv_status need_stage(fv_context *ctx, fv_learner *l, int64_t n) {
    if (n == 0 || fv__learner_stage(l, n)) return FV_OK;
    fv_stage *s = fv__learner_stage(l, 0); /* one that is free, or the oldest */
    if (!s) s = &l->stages[l->oldest++ % FV_STAGES];
    const fv_status status = make_stage(ctx, l, n, s);
    if (status != FV_OK) drop(s);
    return status;
}

fv_status fv__learner_reserve(fv_context *ctx, fv_learner *l, int64_t n) {
    if (n < 1 || n > l->recipe.batch)
        return fv__fail(ctx, FV_USAGE, "this learner takes batches of 1 to %lld samples, not %lld",
                        (long long)l->recipe.batch, (long long)n);
    if (n < l->recipe.shards)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%lld samples cannot be cut into %lld shards; take fewer shards, or a "
                        "batch that does not leave so few at the end",
                        (long long)n, (long long)l->recipe.shards);
    const int64_t each = n / l->recipe.shards;
    if (n % l->recipe.shards) FV_TRY(need_stage(ctx, l, each + 1));
    return need_stage(ctx, l, each);
}

/* ------------------------------------------------------------------------------- making --- */

/* Neighbouring parameters that are updated alike. */
static fv_status list_spans(fv_context *ctx, fv_learner *l) {
    l->spans = fv__alloc(ctx, (l->net->param_count + 1) * sizeof *l->spans, "a learner");
    if (!l->spans) return FV_EXHAUSTED;
    for (size_t i = 0; i < l->net->param_count; i++) {
        const fv_param *p = &l->net->params[i];
        if (fv__freeze_has(l->net, l->frozen, (int)i)) continue;
        const bool spared = (p->spec.norm || p->spec.bias) && !l->recipe.decay_all;
        const bool last = fv__of_last_layer(l->model->net.graph, (int)i);
        l->spans[l->span_count++] = (fv_update_span){.offset = p->offset,
                                                     .count = p->count,
                                                     .learned = p->spec.learned,
                                                     .momentum = p->spec.momentum,
                                                     .spared = spared,
                                                     .rate = last ? 1 : l->recipe.trunk,
                                                     .decay = spared ? 0 : l->recipe.decay};
    }
    return FV_OK;
}

static fv_status device_block(fv_context *ctx, const fv_learner *l, const char *what, float **out) {
    *out = l->device->alloc(ctx, fv__learner_block(l), what);
    return *out ? FV_OK : FV_EXHAUSTED;
}

/* One more block that follows the weights: on the device, and on the host as of the last fetch. */
static fv_status kept_block(fv_context *ctx, const fv_learner *l, const char *what, float **out,
                            float **host) {
    FV_TRY(device_block(ctx, l, what, out));
    *host = l->device->host ? *out : fv__alloc(ctx, fv__learner_block(l), what);
    return *host ? FV_OK : FV_EXHAUSTED;
}

static fv_status make_blocks(fv_context *ctx, fv_learner *l) {
    l->weights = l->model->weights;
    if (!l->device->host) FV_TRY(device_block(ctx, l, "the weights", &l->weights));
    FV_TRY(device_block(ctx, l, "the gradients", &l->gradients));
    for (int level = 0; level < FV_LEVELS && 1 << level < l->part.count; level++)
        FV_TRY(device_block(ctx, l, "the shards' gradients", &l->sums[level]));
    l->state_count = fv__recipe_states(&l->recipe);
    for (int i = 0; i < l->state_count; i++)
        FV_TRY(kept_block(ctx, l, "the optimiser's memory", &l->states[i], &l->host_states[i]));
    if (l->recipe.average > 0) {
        FV_TRY(kept_block(ctx, l, "the average of the weights", &l->average, &l->host_average));
        memcpy(l->host_average, l->model->weights, fv__learner_block(l));
    }
    fv__learner_store(l);
    return FV_OK;
}

/* Memory on the host for the samples of a batch, and for what is predicted of a shard. */
static fv_status make_host(fv_context *ctx, fv_learner *l) {
    const fv_shape *x = &l->net->values[0].shape;
    const fv_shape *prediction = &l->net->values[l->net->heads[0].prediction].shape;
    (void)fv__learner_first(l, l->recipe.batch, &l->most);
    const size_t n = (size_t)l->most;
    l->prediction =
        fv__alloc(ctx, n * (size_t)fv__shape_sample(prediction) * sizeof(float), "a batch");
    l->divisors = fv__alloc(ctx, l->net->head_count * sizeof *l->divisors, "a batch");
    if (!l->prediction || !l->divisors) return FV_EXHAUSTED;
    if (l->direct) return FV_OK;
    l->x = fv__alloc(ctx, n * (size_t)fv__shape_sample(x) * sizeof(float), "a batch");
    if (!l->x) return FV_EXHAUSTED;
    for (size_t h = 0; h < l->net->head_count; h++) {
        const fv_head *head = &l->net->heads[h];
        const fv_value *t = &l->net->values[head->target];
        if (l->target[head->wants]) continue;
        l->target[head->wants] =
            fv__alloc(ctx, n * (size_t)fv__shape_sample(&t->shape) * fv__dtype_bytes(t->type.dtype),
                      "a batch's targets");
        if (!l->target[head->wants]) return FV_EXHAUSTED;
    }
    return FV_OK;
}

/* The network with its losses, which hold what each class counts. */
static fv_status add_losses(fv_context *ctx, fv_learner *l) {
    fv_recipe *r = &l->recipe;
    fv_long_reals *own = NULL;
    fv_status status = FV_OK;
    if (!r->weights && r->class_weights[0] && strcmp(r->class_weights, "none") != 0) {
        r->weights = own = fv__alloc(ctx, sizeof *own, "what classes count");
        status = own ? fv__class_weights(ctx, r->class_weights, NULL, own) : FV_EXHAUSTED;
    }
    if (status == FV_OK) status = fv__net_to_train(ctx, l->model->net.graph, r, &l->net);
    if (status == FV_OK && r->weights) status = fv__class_weights_fit(ctx, l->net);
    fv__free(own);
    r->weights = NULL;
    return status;
}

static fv_status make(fv_context *ctx, fv_learner *l) {
    if (l->recipe.shards < 1) l->recipe.shards = 1;
    if (l->part.count == 0) l->part = (fv_shards){0, (int)l->recipe.shards};
    if (!is_tree_node((int)l->recipe.shards, l->part))
        return fv__fail(ctx, FV_USAGE,
                        "%d shards from %d on are no node of the tree of %lld shards",
                        l->part.count, l->part.first, (long long)l->recipe.shards);
    FV_TRY(add_losses(ctx, l));
    FV_TRY(fv__rule_fits(ctx, l->net, fv__optimizers[l->recipe.optimizer]));
    l->device = ctx->device;
    l->direct = l->device->host && l->recipe.shards == 1;
    FV_TRY(fv__freeze_find(ctx, l->net, l->recipe.freeze, &l->frozen));
    FV_TRY(list_spans(ctx, l));
    FV_TRY(make_blocks(ctx, l));
    FV_TRY(fv__learner_reserve(ctx, l, l->recipe.batch));
    return make_host(ctx, l);
}

fv_status fv__learner_new_part(fv_context *ctx, fv_model *model, const fv_recipe *recipe,
                               fv_shards part, fv_learner **out) {
    *out = NULL;
    FV_TRY(fv__plan_trains(ctx));
    if (!fv__net_parameters(model->net.graph, false))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the network %s has no weights, so there is nothing it could learn; give "
                        "it a layer that has some, such as fc or conv",
                        model->net.graph->name);
    fv_learner *l = fv__alloc(ctx, sizeof *l, "a learner");
    if (!l) return FV_EXHAUSTED;
    l->model = model;
    l->recipe = *recipe;
    l->part = part;
    l->prepared_of = -1;
    const fv_status status = make(ctx, l);
    if (status != FV_OK) {
        fv__learner_free(l);
        return status;
    }
    *out = l;
    return FV_OK;
}

fv_status fv__learner_new(fv_context *ctx, fv_model *model, const fv_recipe *recipe,
                          fv_learner **out) {
    return fv__learner_new_part(ctx, model, recipe, (fv_shards){0, 0}, out);
}

void fv__learner_free(fv_learner *l) {
    if (!l) return;
    for (int i = 0; i < FV_STAGES; i++) drop(&l->stages[i]);
    fv__workspace_free(&l->workspace);
    fv__workspace_free(&l->packed);
    if (l->device) {
        for (int i = 0; i < FV_OPTIM_STATES; i++) l->device->release(l->states[i]);
        for (int i = 0; i < FV_OPTIM_STATES && !l->device->host; i++) fv__free(l->host_states[i]);
        if (!l->device->host) fv__free(l->host_average);
        l->device->release(l->average);
        for (int i = 0; i < FV_LEVELS; i++) l->device->release(l->sums[i]);
        l->device->release(l->gradients);
        if (!l->device->host) l->device->release(l->weights);
    }
    for (int k = 0; k < FV_TARGET_KINDS && !l->direct; k++) fv__free(l->target[k]);
    if (!l->direct) fv__free(l->x);
    fv__free(l->prediction);
    fv__free(l->divisors);
    fv__free(l->spans);
    fv__free(l->frozen);
    fv__net_free(l->net);
    fv__free(l);
}

/* Where the values of the stage lie that computes the batch. */
static void point_at(fv_learner *l, const fv_stage *s) {
    l->x = fv__exec_value(s->exec, 0).data;
    for (size_t h = 0; h < l->net->head_count; h++)
        l->target[l->net->heads[h].wants] = fv__exec_value(s->exec, l->net->heads[h].target).data;
}

fv_status fv__learner_batch(fv_context *ctx, fv_learner *l, int64_t n, fv_learner_batch *out) {
    FV_TRY(fv__learner_reserve(ctx, l, n));
    if (l->direct) point_at(l, fv__learner_stage(l, n));
    *out = (fv_learner_batch){.x = l->x, .ignored = -1};
    for (size_t h = 0; h < l->net->head_count; h++) {
        const fv_head *head = &l->net->heads[h];
        out->target[head->wants] = l->target[head->wants];
        out->shape[head->wants] = l->net->values[head->target].shape;
        if (head->wants == FV_TARGET_MAP || head->wants == FV_TARGET_SHARES)
            out->ignored = fv__metric_ignored(l->net, head);
    }
    return FV_OK;
}

/* ------------------------------------------------------------------------------ looking --- */

void fv__learner_comes_from(fv_learner *l, const fv_learner_origin *origin) {
    l->origin = *origin;
}
const fv_graph *fv__learner_net(const fv_learner *l) {
    return l->net;
}
int64_t fv__learner_steps(const fv_learner *l) {
    return l->steps;
}
void fv__learner_watch(fv_learner *l, const fv_watcher *watcher) {
    l->watcher = watcher;
}
void fv__learner_set_steps(fv_learner *l, int64_t steps) {
    l->steps = steps;
    l->prepared_of = -1; /* whoever sets them has put other weights there */
}
float *fv__learner_gradients(const fv_learner *l) {
    return l->gradients;
}
int fv__learner_states(const fv_learner *l) {
    return l->state_count;
}
const char *fv__learner_state_name(const fv_learner *l, int i) {
    return fv__optimizers[l->recipe.optimizer]->state_names[i];
}
float *fv__learner_state(const fv_learner *l, int i) {
    return l->host_states[i];
}
fv_workspace *fv__learner_workspace(fv_learner *l) {
    return &l->workspace;
}

float *fv__learner_average(const fv_learner *l) {
    return l->host_average;
}

void fv__learner_show_average(fv_learner *l, bool shown) {
    if (!l->host_average || l->shown == shown) return;
    for (int64_t i = 0; i < l->net->param_elements; i++) {
        const float w = l->model->weights[i];
        l->model->weights[i] = l->host_average[i];
        l->host_average[i] = w;
    }
    l->shown = shown;
}

void fv__learner_fetch(fv_learner *l) {
    if (l->device->host) return;
    l->shown = false;
    if (l->average) l->device->download(l->host_average, l->average, fv__learner_block(l));
    l->device->download(l->model->weights, l->weights, fv__learner_block(l));
    for (int i = 0; i < l->state_count; i++)
        l->device->download(l->host_states[i], l->states[i], fv__learner_block(l));
}

void fv__learner_store(fv_learner *l) {
    l->prepared_of = -1;
    if (l->device->host) return;
    if (l->average) l->device->upload(l->average, l->host_average, fv__learner_block(l));
    l->device->upload(l->weights, l->model->weights, fv__learner_block(l));
    for (int i = 0; i < l->state_count; i++)
        l->device->upload(l->states[i], l->host_states[i], fv__learner_block(l));
}

fv_learner_memory fv__learner_memory(const fv_learner *l) {
    fv_learner_memory m = {.parameters = fv__learner_block(l),
                           .gradients = fv__learner_block(l),
                           .optimizer = ((size_t)l->state_count + (l->average != NULL)) *
                                        fv__learner_block(l),
                           .prepared = l->packed.bytes,
                           .workspace = l->workspace.bytes};
    for (int i = 0; i < FV_LEVELS; i++) m.gradients += l->sums[i] ? fv__learner_block(l) : 0;
    return m;
}
