/* SPDX-License-Identifier: MIT */
/*
 * learner_step.c - one training step: for each shard forward, loss, backward; the sum of their
 * gradients in a binary tree; the update. Its rules are in optim/.
 */
#include "base/denormal.h"
#include "train/diverge.h"
#include "train/learner_state.h"
#include "train/metric.h"
#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------ a shard --- */

static void *target_at(const fv_learner *l, const fv_head *head, int64_t sample) {
    const fv_value *t = &l->net->values[head->target];
    const int64_t each = fv__shape_sample(&t->shape);
    return (char *)l->target[head->wants] +
           (size_t)(sample * each) * fv__dtype_bytes(t->type.dtype);
}

double fv__learner_divisor(fv_learner *l, int64_t n, size_t h) {
    const fv_head *head = &l->net->heads[h];
    const fv_node *loss = &l->net->nodes[l->net->values[head->value].node];
    if (!loss->op->weigh) return (double)n;
    const fv_value *t = &l->net->values[head->target];
    fv_tensor target = fv__tensor(target_at(l, head, 0), t->type.dtype, t->shape);
    target.shape.dim[0] = n;
    return loss->op->weigh(loss->options, &target);
}

/* Puts the shard's samples, from number `at` of those laid here, on the device. */
static void upload(const fv_learner *l, const fv_stage *s, int64_t at) {
    fv__exec_write(s->exec, 0, l->x + at * fv__shape_sample(&l->net->values[0].shape));
    for (size_t h = 0; h < l->net->head_count; h++)
        fv__exec_write(s->exec, l->net->heads[h].target, target_at(l, &l->net->heads[h], at));
}

static double weighted_loss(const fv_learner *l, const fv_stage *s) {
    double sum = 0;
    for (size_t h = 0; h < l->net->head_count; h++) {
        float loss;
        fv__exec_read(s->exec, l->net->heads[h].value, &loss);
        sum += l->net->heads[h].weight * (double)loss;
    }
    return sum;
}

static void count(const fv_learner *l, const fv_stage *s, int64_t at, fv_tally *tally) {
    const fv_head *head = &l->net->heads[0];
    fv_shape shape = l->net->values[head->prediction].shape;
    shape.dim[0] = s->n;
    if (head->wants == FV_TARGET_VECTOR) return;
    fv__exec_read(s->exec, head->prediction, l->prediction);
    fv__metric_count(l->prediction, &shape, l->net, head, target_at(l, head, at), tally);
}

/* Gradients of one shard into l->gradients. */
static void run_shard(fv_context *ctx, fv_learner *l, const fv_exec_run *run, int64_t n, int64_t at,
                      fv_step_result *result) {
    fv_stage *s = fv__learner_stage(l, n);
    if (l->prepared_of != (int)(s - l->stages)) fv__prepare(ctx, s->prepared);
    l->prepared_of = (int)(s - l->stages);
    upload(l, s, at);
    fv__exec_forward(s->exec, run, at == 0 && l->watcher ? l->watcher->walk : NULL);
    result->loss += weighted_loss(l, s);
    count(l, s, at, &result->tally);
    fv__exec_backward(s->exec, NULL);
}

/* ------------------------------------------------------------------------------- a step --- */

/* Adds shard i's gradients to the tree: like a binary counter, a sum of 2^k shards meets its
   neighbour as soon as that is there; at the end what is left is added from the right. */
static void add_to_tree(fv_context *ctx, fv_learner *l, int i) {
    const int64_t count = l->net->param_elements;
    const size_t bytes = fv__learner_block(l);
    const bool last = i + 1 == l->part.count;
    int level = 0;
    for (; i >> level & 1; level++) l->device->add(ctx, l->gradients, l->sums[level], count);
    if (!last) {
        l->device->copy(l->sums[level], l->gradients, bytes);
        return;
    }
    for (level++; level < FV_LEVELS; level++)
        if (i >> level & 1) l->device->add(ctx, l->gradients, l->sums[level], count);
}

void fv__learner_gradient(fv_context *ctx, fv_learner *l, int64_t n, const double *divisors,
                          fv_step_result *result) {
    const fv_denormal_state denormals = fv__denormals_off();
    const int64_t mine = fv__learner_first(l, n, NULL);
    fv__learner_show_average(l, false);
    *result = (fv_step_result){0};
    for (int i = 0; i < l->part.count; i++) {
        const int64_t first = fv__shard_first(l, n, l->part.first + i);
        const fv_exec_run run = {.seed = (uint64_t)l->recipe.seed,
                                 .time = (uint64_t)l->steps,
                                 .first = first,
                                 .whole = n,
                                 .divisors = divisors};
        run_shard(ctx, l, &run, fv__shard_first(l, n, l->part.first + i + 1) - first, first - mine,
                  result);
        add_to_tree(ctx, l, i);
    }
    fv__denormals_restore(denormals);
}

/* Each gradient to within clip_value of 0; then all by one factor, where the norm of all of them is
   above clip: g clip/|g|. Pascanu, Mikolov & Bengio 2013, algorithm 1. What the statistics of a
   normalisation observed is no gradient. */
static void clip(fv_context *ctx, fv_learner *l) {
    const fv_device *device = l->device;
    const float most = l->recipe.clip_value > 0 ? (float)l->recipe.clip_value : INFINITY;
    double sum = 0;
    for (size_t i = 0; i < l->span_count; i++) {
        const fv_update_span *s = &l->spans[i];
        if (!s->learned) continue;
        if (isfinite(most)) device->shrink(ctx, l->gradients + s->offset, s->count, 1, most);
        if (l->recipe.clip > 0) sum += device->squares(ctx, l->gradients + s->offset, s->count);
    }
    const double norm = sqrt(sum);
    if (!(norm > l->recipe.clip) || l->recipe.clip == 0) return;
    for (size_t i = 0; i < l->span_count; i++) {
        const fv_update_span *s = &l->spans[i];
        if (s->learned)
            device->shrink(ctx, l->gradients + s->offset, s->count, (float)(l->recipe.clip / norm),
                           INFINITY);
    }
}

/* The norms that a rule of whole parameters reads. */
static void measure(fv_context *ctx, fv_learner *l) {
    for (size_t i = 0; i < l->span_count; i++) {
        fv_update_span *s = &l->spans[i];
        if (!s->learned || s->spared) continue;
        s->weight_norm = sqrt(l->device->squares(ctx, l->weights + s->offset, s->count));
        s->gradient_norm = sqrt(l->device->squares(ctx, l->gradients + s->offset, s->count));
    }
}

/* The average follows the weights, and faster at first, when it holds little but their start: after
   step t it keeps min(average, (1 + t)/(10 + t)) of itself, as TensorFlow's
   ExponentialMovingAverage. Running statistics are averaged too: so they are as old as the weights
   that they go with. */
static void follow(fv_context *ctx, fv_learner *l) {
    const double t = (double)l->steps, start = (1 + t) / (10 + t);
    const double keep = start < l->recipe.average ? start : l->recipe.average;
    if (l->average)
        l->device->follow(ctx, l->average, l->weights, l->net->param_elements, (float)(1 - keep));
}

fv_status fv__learner_apply(fv_context *ctx, fv_learner *l, double lr) {
    const fv_denormal_state denormals = fv__denormals_off();
    const bool finite = l->device->finite(ctx, l->gradients, l->net->param_elements);
    if (finite) {
        fv_update u = {.optimizer = fv__optimizers[l->recipe.optimizer],
                       .options = fv__recipe_options(&l->recipe),
                       .spans = l->spans,
                       .span_count = l->span_count,
                       .weights = l->weights,
                       .gradients = l->gradients,
                       .lr = lr,
                       .step = l->steps};
        memcpy(u.states, l->states, sizeof u.states);
        if (l->watcher && l->watcher->before) l->watcher->before(l->watcher->arg, l);
        clip(ctx, l);
        if (u.optimizer->norms) measure(ctx, l);
        l->device->update(ctx, &u);
        if (l->watcher && l->watcher->after) l->watcher->after(l->watcher->arg, l);
        l->prepared_of = -1;
        l->steps++;
        follow(ctx, l);
    }
    fv__denormals_restore(denormals);
    return finite ? FV_OK : fv__fail(ctx, FV_DIVERGED, "a gradient is not a finite number");
}

fv_status fv__learner_diverged(fv_context *ctx, fv_learner *l, int64_t n, double lr) {
    fv_diverged d = {.net = l->net,
                     .recipe = &l->recipe,
                     .origin = &l->origin,
                     .weights = l->model->weights,
                     .x = l->x,
                     .frozen = l->frozen,
                     .n = n,
                     .seed = (uint64_t)l->recipe.seed,
                     .step = (uint64_t)l->steps,
                     .lr = lr};
    fv__learner_fetch(l);
    for (int k = 0; k < FV_TARGET_KINDS; k++) d.target[k] = l->target[k];
    return fv__diverged(ctx, &d);
}

fv_status fv__learner_step(fv_context *ctx, fv_learner *l, int64_t n, double lr,
                           fv_step_result *result) {
    FV_TRY(fv__learner_reserve(ctx, l, n));
    for (size_t h = 0; h < l->net->head_count; h++) l->divisors[h] = fv__learner_divisor(l, n, h);
    fv__learner_gradient(ctx, l, n, l->divisors, result);
    if (isfinite(result->loss) && fv__learner_apply(ctx, l, lr) == FV_OK) return FV_OK;
    return fv__learner_diverged(ctx, l, n, lr);
}
