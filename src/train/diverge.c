/* SPDX-License-Identifier: MIT */
/*
 * diverge.c - where the first number that is not finite came from.
 *
 * The batch is run once more, on the host, in a plan that keeps every value, and each step's
 * outputs are looked at as soon as they are there.
 */
#include "train/diverge.h"
#include "cpu/cpu.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The first sample of t with a number that is not finite; -1: none. */
static int64_t first_bad(const fv_tensor *t) {
    if (!t->data || t->dtype != FV_F32) return -1;
    const int64_t samples = t->shape.rank > 0 ? t->shape.dim[0] : 1;
    const int64_t each = fv__shape_sample(&t->shape);
    for (int64_t n = 0; n < samples; n++)
        for (int64_t i = 0; i < each; i++)
            if (!isfinite(((const float *)t->data)[n * t->step + i])) return n;
    return -1;
}

/* What a walk looks for, and what it found. */
typedef struct search {
    fv_context *ctx;
    const fv_diverged *d;
} search;

static void report(const search *s, int node, const char *pass, const char *what, int64_t sample,
                   int64_t samples) {
    const fv_node *n = &s->d->net->nodes[node];
    char where[64] = "";
    if (samples > 1) /* a loss or a weight has no sample */
        snprintf(where, sizeof where, ", sample %lld of the batch", (long long)sample);
    (void)fv__fail(s->ctx, FV_DIVERGED,
                   "training diverged at step %llu: %s of '%s' (%s) is not a finite number, "
                   "first in its %s pass%s; a smaller learning rate (now lr=%g), warmup=1 or "
                   "another init usually helps",
                   (unsigned long long)s->d->step, what, n->name, n->op->name, pass, where,
                   s->d->lr);
}

/* Looks at what a step wrote: false ends the walk. */
static bool look_forward(const search *s, const fv_step_view *v) {
    for (int o = 0; o < v->pass->outputs; o++) {
        const int64_t bad = first_bad(&v->pass->y[o]);
        if (bad < 0) continue;
        report(s, v->node, "forward", "the output", bad, v->pass->y[o].shape.dim[0]);
        return false;
    }
    return true;
}

static bool look_backward(const search *s, const fv_step_view *v) {
    const fv_node *node = &s->d->net->nodes[v->node];
    for (int i = 0; i < node->params; i++) {
        char what[128];
        if (first_bad(&v->pass->dw[i]) < 0) continue;
        snprintf(what, sizeof what, "the gradient of the %s",
                 s->d->net->params[node->param[i]].spec.name);
        report(s, v->node, "backward", what, 0, 1);
        return false;
    }
    for (int i = 0; i < node->inputs; i++) {
        const int64_t bad = first_bad(&v->pass->dx[i]);
        if (bad < 0) continue;
        report(s, v->node, "backward", "the gradient of the input", bad,
               v->pass->dx[i].shape.dim[0]);
        return false;
    }
    return true;
}

static bool look(void *arg, const fv_step_view *v) {
    if (v->node < 0) return true;
    return v->which == FV_FORWARD ? look_forward(arg, v) : look_backward(arg, v);
}

static fv_status check_weights(fv_context *ctx, const fv_diverged *d) {
    const fv_graph *net = d->net;
    for (size_t p = 0; p < net->param_count; p++)
        for (int64_t i = 0; net->params[p].spec.learned && i < net->params[p].count; i++)
            if (!isfinite(d->weights[net->params[p].offset + i]))
                return fv__fail(ctx, FV_DIVERGED,
                                "training diverged before step %llu: %s is not finite after the "
                                "last update; a smaller learning rate (now lr=%g) usually helps",
                                (unsigned long long)d->step, net->params[p].name, d->lr);
    return FV_OK;
}

static fv_status walk(fv_context *ctx, const fv_diverged *d, fv_exec *exec) {
    search s = {ctx, d};
    const fv_walk hooks = {.after = look, .arg = &s};
    const fv_exec_run run = {.seed = d->seed, .time = d->step};
    fv__exec_write(exec, 0, d->x);
    for (size_t h = 0; h < d->net->head_count; h++)
        fv__exec_write(exec, d->net->heads[h].target, d->target[d->net->heads[h].wants]);
    if (!fv__exec_forward(exec, &run, &hooks) || !fv__exec_backward(exec, &hooks))
        return FV_DIVERGED;
    return fv__fail(ctx, FV_DIVERGED, "training diverged at step %llu: the loss is not finite",
                    (unsigned long long)d->step);
}

fv_status fv__diverged(fv_context *ctx, const fv_diverged *d) {
    FV_TRY(check_weights(ctx, d));
    fv_plan *plan = NULL;
    fv_exec *exec = NULL;
    const size_t bytes = (size_t)d->net->param_elements * sizeof(float);
    float *gradients = fv__alloc(ctx, bytes + 1, "the gradients");
    fv_status status = gradients ? FV_OK : FV_EXHAUSTED;
    const fv_plan_options options = {.batch = d->n,
                                     .training = true,
                                     .backward = true,
                                     .keep_values = true,
                                     .frozen = d->frozen,
                                     .device = &fv__cpu_device};
    const fv_exec_options memory = {.weights = d->weights, .gradients = gradients};
    if (status == FV_OK) status = fv__plan_new(ctx, d->net, &options, &plan);
    if (status == FV_OK) status = fv__exec_new(ctx, plan, &memory, &exec);
    if (status == FV_OK)
        status = walk(ctx, d, exec);
    else
        status = fv__fail(ctx, FV_DIVERGED,
                          "training diverged at step %llu: the loss or a gradient is not finite "
                          "(no memory was left to find the layer); try a smaller learning rate",
                          (unsigned long long)d->step);
    fv__exec_free(exec);
    fv__plan_free(plan);
    fv__free(gradients);
    return status;
}
