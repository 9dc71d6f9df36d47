/* SPDX-License-Identifier: MIT */
/*
 * trainer_api.c - public: a learner (train/learner.h) with settings as text and checks of what the
 * caller gives.
 */
#include "api/dataset_api.h"
#include "api/given.h"
#include "api/settings_api.h"
#include "api/views.h"
#include "train/evaluate.h"
#include "train/metric.h"
#include <math.h>
#include <string.h>

struct fv_trainer {
    fv_context *ctx;
    const fv_model *model;
    fv_learner *learner;
    int64_t batch;  /* most samples of a step */
    int64_t sample; /* floats of one */
    int targets;    /* what the heads want, each kind once */
    fv_target_kind wants[FV_TARGET_KINDS];
    int value[FV_TARGET_KINDS]; /* of the network with losses */
    double rate;
    float *gradients; /* on the host, where the device is not; NULL: the learner's own are */
};

static void list_targets(fv_trainer *t) {
    const fv_graph *net = fv__learner_net(t->learner);
    for (size_t h = 0; h < net->head_count; h++) {
        int i = 0;
        while (i < t->targets && t->wants[i] != net->heads[h].wants) i++;
        if (i < t->targets) continue;
        t->wants[i] = net->heads[h].wants;
        t->value[i] = net->heads[h].target;
        t->targets = i + 1;
    }
}

static size_t gradient_bytes(const fv_trainer *t) {
    return (size_t)t->model->net.graph->param_elements * sizeof(float);
}

static fv_status make(fv_context *ctx, fv_model *model, const char *settings, fv_trainer *t) {
    fv_recipe recipe = model->net.recipe;
    FV_TRY(fv__recipe_change(ctx, settings, &recipe));
    recipe.augment.mixup = recipe.augment.cutmix = 0; /* batches are taken as they are given */
    t->ctx = ctx;
    t->model = model;
    t->batch = recipe.batch;
    t->rate = recipe.lr;
    t->sample = fv__shape_sample(&model->net.graph->values[0].shape);
    FV_TRY(fv__learner_new(ctx, model, &recipe, &t->learner));
    list_targets(t);
    if (ctx->device->host) return FV_OK;
    t->gradients = fv__alloc(ctx, gradient_bytes(t), "the gradients");
    return t->gradients ? FV_OK : FV_EXHAUSTED;
}

fv_status fv_trainer_new(fv_context *ctx, fv_model *model, const char *settings, fv_trainer **out) {
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, model);
    fv_trainer *t = fv__alloc(ctx, sizeof *t, "a trainer");
    if (!t) return FV_EXHAUSTED;
    fv_status status = make(ctx, model, settings, t);
    if (status != FV_OK) {
        fv_trainer_free(t);
        return status;
    }
    *out = t;
    return FV_OK;
}

void fv_trainer_free(fv_trainer *t) {
    if (!t) return;
    fv__learner_free(t->learner);
    fv__free(t->gradients);
    fv__free(t);
}

int64_t fv_trainer_batch(const fv_trainer *t) {
    return t ? t->batch : 0;
}

/* ------------------------------------------------------------------------------ targets --- */

int fv_trainer_targets(const fv_trainer *t) {
    return t ? t->targets : 0;
}

int fv_trainer_target(const fv_trainer *t, int i, fv_target_view *out) {
    if (!t || !out || i < 0 || i >= t->targets) return 0;
    const fv_shape *shape = &fv__learner_net(t->learner)->values[t->value[i]].shape;
    *out = (fv_target_view){.kind = t->wants[i], .rank = shape->rank - 1};
    for (int d = 1; d < shape->rank; d++) out->dims[d - 1] = shape->dim[d];
    return 1;
}

/* Every head that reads these labels has to know each of them, or to ignore it. */
static fv_status check_labels(const fv_trainer *t, const fv_head *head, const int32_t *labels,
                              int64_t n) {
    const fv_graph *net = fv__learner_net(t->learner);
    const int64_t classes = net->values[head->prediction].shape.dim[1];
    const int64_t each = fv__shape_sample(&net->values[head->target].shape);
    const int32_t ignored = fv__metric_ignored(net, head);
    for (int64_t i = 0; i < n * each; i++)
        if ((labels[i] < 0 || labels[i] >= classes) && labels[i] != ignored)
            return fv__fail(t->ctx, FV_BAD_INPUT,
                            "%s of sample %lld is %d; this network has classes 0 to %lld",
                            each > 1 ? "a label" : "the label", (long long)(i / each), labels[i],
                            (long long)classes - 1);
    return FV_OK;
}

static fv_status check_targets(const fv_trainer *t, const void *const *targets, int64_t n) {
    const fv_graph *net = fv__learner_net(t->learner);
    for (int i = 0; i < t->targets; i++) {
        FV_NEED(t->ctx, targets[i]);
        for (size_t h = 0; h < net->head_count; h++)
            if (net->heads[h].wants == t->wants[i] &&
                (t->wants[i] == FV_TARGET_CLASS || t->wants[i] == FV_TARGET_MAP))
                FV_TRY(check_labels(t, &net->heads[h], targets[i], n));
    }
    return FV_OK;
}

/* -------------------------------------------------------------------------------- steps --- */

static fv_status check_count(const fv_trainer *t, int64_t n) {
    if (n >= 1 && n <= t->batch) return FV_OK;
    return fv__fail(t->ctx, FV_USAGE,
                    "a step takes 1 to %lld samples, the batch of the settings, not %lld",
                    (long long)t->batch, (long long)n);
}

static fv_status step(fv_trainer *t, int64_t n, double *loss) {
    fv_step_result result;
    FV_TRY(fv__learner_step(t->ctx, t->learner, n, t->rate, &result));
    fv__learner_fetch(t->learner); /* the model's weights are the caller's to read */
    if (loss) *loss = result.loss;
    return FV_OK;
}

fv_status fv_trainer_step_on(fv_trainer *t, const float *x, const void *const *targets, int64_t n,
                             double *loss) {
    if (!t) return FV_USAGE;
    fv_learner_batch to;
    FV_NEED(t->ctx, x);
    FV_NEED(t->ctx, targets);
    FV_TRY(check_count(t, n));
    FV_TRY(check_targets(t, targets, n));
    FV_TRY(fv__learner_batch(t->ctx, t->learner, n, &to));
    memcpy(to.x, x, (size_t)n * (size_t)t->sample * sizeof *x);
    for (int i = 0; i < t->targets; i++) {
        const fv_value *v = &fv__learner_net(t->learner)->values[t->value[i]];
        /* check_targets has seen to it. NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
        memcpy(to.target[t->wants[i]], targets[i],
               (size_t)(n * fv__shape_sample(&v->shape)) * fv__dtype_bytes(v->type.dtype));
    }
    return step(t, n, loss);
}

fv_status fv_trainer_step_from(fv_trainer *t, const fv_dataset *set, const int64_t *which,
                               int64_t start, int64_t n, double *loss) {
    if (!t) return FV_USAGE;
    fv_learner_batch to;
    uint32_t *order;
    FV_NEED(t->ctx, set);
    FV_TRY(check_count(t, n));
    FV_TRY(fv__targets_fit(t->ctx, set, fv__learner_net(t->learner)));
    FV_TRY(fv__learner_batch(t->ctx, t->learner, n, &to));
    fv_status status = fv__take_order(t->ctx, set, which, start, n, &order);
    const fv_batch batch = {.order = order, .start = which ? 0 : start, .n = n};
    if (status == FV_OK)
        status = fv__targets_fill(t->ctx, set, &t->model->net.graph->input, &batch, &to);
    fv__free(order);
    return status == FV_OK ? step(t, n, loss) : status;
}

fv_status fv_trainer_step(fv_trainer *t, const float *x, const int32_t *labels, int64_t n,
                          double *loss) {
    if (!t) return FV_USAGE;
    FV_NEED(t->ctx, labels);
    if (t->targets != 1 || t->wants[0] != FV_TARGET_CLASS)
        return fv__fail(t->ctx, FV_USAGE,
                        "this network learns from something else than one label per sample: "
                        "fv_trainer_target() says from what, fv_trainer_step_on() takes it");
    const void *const targets[] = {labels};
    return fv_trainer_step_on(t, x, targets, n, loss);
}

fv_status fv_trainer_gradient(fv_trainer *t, const char *name, fv_tensor_view *out) {
    int i;
    if (!t) return FV_USAGE;
    FV_NEED(t->ctx, name);
    FV_NEED(t->ctx, out);
    FV_TRY(fv__view_clear(t->ctx, out));
    FV_TRY(fv__param_named(t->ctx, t->model->net.graph, name, &i));
    const fv_param *p = &t->model->net.graph->params[i];
    if (!p->spec.learned)
        return fv__fail(t->ctx, FV_USAGE, "%s is not learned by gradients: it has none", p->name);
    if (!fv__learner_steps(t->learner))
        return fv__fail(t->ctx, FV_USAGE, "there is no gradient before the first step");
    float *all = fv__learner_gradients(t->learner);
    if (t->gradients) {
        t->ctx->device->download(t->gradients, all, gradient_bytes(t));
        all = t->gradients;
    }
    return fv__view_of_param(t->ctx, p, all + p->offset, out);
}

fv_status fv_trainer_set_rate(fv_trainer *t, double rate) {
    if (!t) return FV_USAGE;
    if (!isfinite(rate) || rate < 0)
        return fv__fail(t->ctx, FV_USAGE, "a learning rate is 0 or more, and finite");
    t->rate = rate;
    return FV_OK;
}
