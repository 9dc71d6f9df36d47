/* SPDX-License-Identifier: MIT */
/*
 * learner.c - one training step: forward, loss, backward, update.
 *
 * sgd       v = momentum v + g;  w -= lr v        (Nesterov: w -= lr (g + momentum v)), v0 = g
 * adam      Kingma & Ba 2015, algorithm 1
 * adadelta  Zeiler 2012, algorithm 1, times lr
 * where g has the weight decay decay*w added, as PyTorch does.
 */
#include "train/learner.h"
#include "kern/kern.h"
#include "train/diverge.h"
#include <math.h>
#include <string.h>

#define STATES_MAX 2
#define CHUNK      32768 /* floats an update job works on: 128 KB of weights */

typedef struct stage {
    int64_t n;
    fv_plan *plan;
    fv_exec *exec;
} stage;

struct fv_learner {
    fv_model *model;
    fv_recipe recipe;
    fv_net *net;     /* with losses */
    stage stages[2]; /* full batches; the last, smaller one of an epoch */
    float *gradients;
    float *statistics; /* running ones as they were before the step */
    float *states[STATES_MAX];
    int state_count;
    int64_t steps;
};

static const char *const state_names[3][STATES_MAX] = {
    [FV_SGD] = {"velocity", NULL},
    [FV_ADAM] = {"mean", "square"},
    [FV_ADADELTA] = {"square", "delta"},
};

static fv_status make_stage(fv_context *ctx, fv_learner *l, int64_t n, stage *s) {
    fv__exec_free(s->exec);
    fv__plan_free(s->plan);
    *s = (stage){0};
    const int logits = fv__net_logits(l->net, 0);
    const fv_plan_ask ask = {.batch = n,
                             .training = true,
                             .backward = true,
                             .dtype = FV_F32,
                             .keep = &logits,
                             .keep_count = 1};
    FV_TRY(fv__plan_new(ctx, l->net, &ask, &s->plan));
    FV_TRY(fv__exec_new(ctx, s->plan, l->model->weights, l->gradients, &s->exec));
    s->n = n;
    return FV_OK;
}

/* Forward changes running statistics before a step is known to be good: copies them out of the
   weights, or back. Returns how many floats they are. */
static size_t copy_statistics(const fv_learner *l, float *kept, bool back) {
    size_t count = 0;
    for (size_t i = 0; i < l->net->param_count; i++) {
        const fv_param *p = &l->net->params[i];
        if (p->spec.learned) continue;
        float *w = l->model->weights + p->offset;
        if (kept)
            memcpy(back ? w : kept + count, back ? kept + count : w, (size_t)p->count * sizeof *w);
        count += (size_t)p->count;
    }
    return count;
}

static fv_status make(fv_context *ctx, fv_learner *l) {
    fv_net described = *l->model->net; /* the recipe's loss, without touching the model's net */
    described.recipe.loss = l->recipe.loss;
    FV_TRY(fv__net_with_loss(ctx, &described, &l->net));
    const size_t bytes = (size_t)l->net->param_elements * sizeof(float);
    l->gradients = fv__alloc(ctx, bytes ? bytes : 1, "the gradients");
    l->statistics = fv__alloc(ctx, copy_statistics(l, NULL, false) * sizeof(float) + 1,
                              "the running statistics");
    if (!l->gradients || !l->statistics) return FV_EXHAUSTED;
    l->state_count = fv__recipe_states(&l->recipe);
    for (int i = 0; i < l->state_count; i++) {
        l->states[i] = fv__alloc(ctx, bytes ? bytes : 1, "the optimiser's memory");
        if (!l->states[i]) return FV_EXHAUSTED;
    }
    return make_stage(ctx, l, l->recipe.batch, &l->stages[0]);
}

fv_status fv__learner_new(fv_context *ctx, fv_model *model, const fv_recipe *recipe,
                          fv_learner **out) {
    *out = NULL;
    if (!fv__net_parameters(model->net, false))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the network %s has no weights, so there is nothing it could learn; give "
                        "it a layer that has some, such as fc or conv",
                        model->net->name);
    fv_learner *l = fv__alloc(ctx, sizeof *l, "a learner");
    if (!l) return FV_EXHAUSTED;
    l->model = model;
    l->recipe = *recipe;
    const fv_status status = make(ctx, l);
    if (status != FV_OK) {
        fv__learner_free(l);
        return status;
    }
    *out = l;
    return FV_OK;
}

void fv__learner_free(fv_learner *l) {
    if (!l) return;
    for (int i = 0; i < 2; i++) {
        fv__exec_free(l->stages[i].exec);
        fv__plan_free(l->stages[i].plan);
    }
    for (int i = 0; i < STATES_MAX; i++) fv__free(l->states[i]);
    fv__free(l->gradients);
    fv__free(l->statistics);
    fv__net_free(l->net);
    fv__free(l);
}

static fv_status stage_for(fv_context *ctx, fv_learner *l, int64_t n, stage **out) {
    *out = NULL;
    for (int i = 0; i < 2; i++)
        if (l->stages[i].n == n) *out = &l->stages[i];
    if (*out) return FV_OK;
    if (n < 1 || n > l->recipe.batch)
        return fv__fail(ctx, FV_USAGE, "this learner takes batches of 1 to %lld pictures, not %lld",
                        (long long)l->recipe.batch, (long long)n);
    FV_TRY(make_stage(ctx, l, n, &l->stages[1]));
    *out = &l->stages[1];
    return FV_OK;
}

fv_status fv__learner_batch(fv_context *ctx, fv_learner *l, int64_t n, float **x,
                            int32_t **labels) {
    stage *s;
    FV_TRY(stage_for(ctx, l, n, &s));
    *x = fv__exec_value(s->exec, 0).data;
    *labels = fv__exec_value(s->exec, fv__net_labels(l->net)).data;
    return FV_OK;
}

static double weighted_loss(const fv_learner *l, const stage *s) {
    double sum = 0;
    for (size_t h = 0; h < l->net->head_count; h++) {
        const fv_tensor t = fv__exec_value(s->exec, l->net->heads[h].value);
        sum += l->net->heads[h].weight * (double)*(const float *)t.data;
    }
    return sum;
}

static int64_t count_correct(const fv_learner *l, const stage *s) {
    const fv_tensor logits = fv__exec_value(s->exec, fv__net_logits(l->net, 0));
    const int32_t *labels = fv__exec_value(s->exec, fv__net_labels(l->net)).data;
    const int64_t classes = fv__shape_sample(&logits.shape);
    int64_t correct = 0;
    for (int64_t n = 0; n < s->n; n++) {
        const float *x = (const float *)logits.data + n * logits.step;
        int64_t best = 0;
        for (int64_t k = 1; k < classes; k++)
            if (x[k] > x[best]) best = k;
        correct += best == labels[n];
    }
    return correct;
}

/* v * 0 is 0 for every finite v and NaN for the others. */
static bool all_finite(const float *v, int64_t count) {
    float sums[16] = {0};
    int64_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (int j = 0; j < 16; j++) sums[j] += v[i + j] * 0.0f;
    float sum = 0;
    for (; i < count; i++) sum += v[i] * 0.0f;
    for (int j = 0; j < 16; j++) sum += sums[j];
    return sum == 0.0f;
}

typedef struct update {
    const fv_learner *l;
    const fv_kernels *kernels;
    float lr, correction1, correction2;
} update;

/* Job j is a chunk of the flat block, whatever parameters lie in it. */
static void update_job(void *arg, int64_t job, int worker) {
    (void)worker;
    const update *u = arg;
    const fv_learner *l = u->l;
    const fv_recipe *r = &l->recipe;
    const int64_t from = job * CHUNK, to = from + CHUNK;
    for (size_t i = 0; i < l->net->param_count; i++) {
        const fv_param *p = &l->net->params[i];
        const int64_t start = p->offset > from ? p->offset : from;
        const int64_t end = p->offset + p->count < to ? p->offset + p->count : to;
        if (!p->spec.learned || start >= end) continue;
        const int64_t n = end - start;
        float *w = l->model->weights + start;
        const float *g = l->gradients + start;
        float *s0 = l->states[0] ? l->states[0] + start : NULL;
        float *s1 = l->states[1] ? l->states[1] + start : NULL;
        const bool spared = (p->spec.norm || p->spec.bias) && !r->decay_all;
        const float decay = spared ? 0.0f : (float)r->decay;
        if (r->optimizer == FV_SGD)
            u->kernels->sgd(n, w, s0, g, u->lr, (float)r->momentum, decay, r->nesterov);
        else if (r->optimizer == FV_ADAM)
            u->kernels->adam(n, w, s0, s1, g, u->lr, (float)r->beta1, (float)r->beta2,
                             (float)r->epsilon, decay, u->correction1, u->correction2);
        else
            u->kernels->adadelta(n, w, s0, s1, g, u->lr, (float)r->rho, (float)r->epsilon, decay);
    }
}

static void apply(fv_context *ctx, fv_learner *l, double lr) {
    const double t = (double)(l->steps + 1);
    const update u = {.l = l,
                      .kernels = fv__kernels((fv_isa)ctx->isa),
                      .lr = (float)lr,
                      .correction1 = (float)(1.0 - pow(l->recipe.beta1, t)),
                      .correction2 = (float)(1.0 - pow(l->recipe.beta2, t))};
    const int64_t jobs = (l->net->param_elements + CHUNK - 1) / CHUNK;
    fv__pool_run(ctx->pool, jobs, update_job, (void *)&u);
}

fv_status fv__learner_diverged(fv_context *ctx, fv_learner *l, int64_t n, double lr) {
    stage *s;
    FV_TRY(stage_for(ctx, l, n, &s));
    return fv__diverged(ctx, l->net, l->model->weights, fv__exec_value(s->exec, 0).data,
                        fv__exec_value(s->exec, fv__net_labels(l->net)).data, n,
                        (uint64_t)l->recipe.seed, (uint64_t)l->steps, lr);
}

fv_status fv__learner_step(fv_context *ctx, fv_learner *l, int64_t n, double lr,
                           fv_step_result *result) {
    stage *s;
    FV_TRY(stage_for(ctx, l, n, &s));
    const uint64_t seed = (uint64_t)l->recipe.seed, time = (uint64_t)l->steps;
    copy_statistics(l, l->statistics, false);
    fv__exec_forward(s->exec, seed, time);
    result->loss = weighted_loss(l, s);
    result->correct = count_correct(l, s);
    bool finite = isfinite(result->loss);
    if (finite) {
        fv__exec_backward(s->exec);
        finite = all_finite(l->gradients, l->net->param_elements);
    }
    if (!finite) {
        copy_statistics(l, l->statistics, true);
        return fv__learner_diverged(ctx, l, n, lr);
    }
    apply(ctx, l, lr);
    l->steps++;
    return FV_OK;
}

int64_t fv__learner_steps(const fv_learner *l) {
    return l->steps;
}
void fv__learner_set_steps(fv_learner *l, int64_t steps) {
    l->steps = steps;
}
const float *fv__learner_gradients(const fv_learner *l) {
    return l->gradients;
}
int fv__learner_states(const fv_learner *l) {
    return l->state_count;
}
const char *fv__learner_state_name(const fv_learner *l, int i) {
    return state_names[l->recipe.optimizer][i];
}
float *fv__learner_state(const fv_learner *l, int i) {
    return l->states[i];
}
fv_plan_memory fv__learner_memory(const fv_learner *l) {
    return fv__plan_memory(l->stages[0].plan);
}
