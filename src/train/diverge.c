/* SPDX-License-Identifier: MIT */
/*
 * diverge.c - where the first number that is not finite came from.
 *
 * What a step reads is looked at first: weights, images, targets. Then the batch is run once more,
 * on the host, in a plan that keeps every value, and each step's outputs are looked at as soon as
 * they are there.
 */
#include "train/diverge.h"
#include "data/data.h"
#include "cpu/cpu.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

int64_t fv__first_bad(const float *v, int64_t n, int64_t each, int64_t step) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < each; k++)
            if (!isfinite(v[i * step + k])) return i;
    return -1;
}

/* The first sample of t with a number that is not finite; -1: none. */
static int64_t first_bad(const fv_tensor *t) {
    if (!t->data || t->dtype != FV_F32) return -1;
    const int64_t samples = t->shape.rank > 0 ? t->shape.dim[0] : 1;
    return fv__first_bad(t->data, samples, fv__shape_sample(&t->shape), t->step);
}

/* --- the report --------------------------------------------------------------------------------
 */

/* ", sample 3 of the batch (number 1234 of digits)" */
static void where(const fv_diverged *d, int64_t sample, fv_text *out) {
    const fv_learner_origin *o = d->origin;
    if (sample < 0 || d->n < 2) return;
    fv__text_addf(out, ", sample %lld of the batch", (long long)sample);
    if (!o->order) return;
    const int64_t number = o->order[o->start + sample];
    const char *file = fv__dataset_file(o->set, number);
    fv__text_addf(out, " (number %lld of %s%s%s)", (long long)number, o->set->name,
                  file ? ", " : "", file ? file : "");
}

static fv_status report(fv_context *ctx, const fv_diverged *d, const fv_culprit *c) {
    fv_text text = {.ctx = ctx};
    fv__text_addf(&text, "%s is not a finite number", c->what);
    if (*c->pass) fv__text_addf(&text, ", first in its %s pass", c->pass);
    where(d, c->sample, &text);
    fv__text_add(&text, ": ");
    fv__diverge_advise(ctx, d, c, &text);
    const fv_status status = fv__text_done(ctx, &text);
    if (status == FV_OK)
        (void)!fv__fail(ctx, FV_DIVERGED, "training diverged at step %llu: %s",
                        (unsigned long long)d->step, text.data);
    fv__text_free(&text);
    return FV_DIVERGED;
}

/* --- what a step reads -------------------------------------------------------------------------
 */

static bool find_in_weights(const fv_diverged *d, fv_culprit *c) {
    const fv_graph *net = d->net;
    for (size_t p = 0; p < net->param_count; p++) {
        const fv_param *param = &net->params[p];
        if (fv__first_bad(d->weights + param->offset, 1, param->count, 0) < 0) continue;
        snprintf(c->what, sizeof c->what, "%.100s after the last update", param->name);
        c->pass = "update";
        return true;
    }
    return false;
}

static bool find_in_batch(const fv_diverged *d, fv_culprit *c) {
    const fv_graph *net = d->net;
    const int64_t each = fv__shape_sample(&net->values[0].shape);
    c->sample = fv__first_bad(d->x, d->n, each, each);
    if (c->sample >= 0) {
        snprintf(c->what, sizeof c->what, "the input of '%.64s'", net->nodes[0].name);
        return true;
    }
    for (size_t h = 0; h < net->head_count; h++) {
        const fv_value *t = &net->values[net->heads[h].target];
        const int64_t numbers = fv__shape_sample(&t->shape);
        const void *target = d->target[net->heads[h].wants];
        if (!target || t->type.dtype != FV_F32) continue;
        c->sample = fv__first_bad(target, d->n, numbers, numbers);
        if (c->sample < 0) continue;
        snprintf(c->what, sizeof c->what, "the target of '%.64s'", net->heads[h].name);
        return true;
    }
    return false;
}

/* --- the walk ----------------------------------------------------------------------------------
 */

/* What a walk looks for, and what it found. */
typedef struct search {
    const fv_diverged *d;
    fv_culprit *found;
} search;

/* What the layer read: its range, and whether its last input, a divisor, has a zero. */
static void look_at_inputs(const fv_pass *pass, fv_culprit *c) {
    for (int i = 0; i < pass->inputs; i++) {
        const fv_tensor *t = &pass->x[i];
        if (!t->data || t->dtype != FV_F32) continue;
        const int64_t samples = t->shape.rank > 0 ? t->shape.dim[0] : 1;
        const int64_t each = fv__shape_sample(&t->shape);
        for (int64_t n = 0; n < samples; n++)
            for (int64_t k = 0; k < each; k++) {
                const double v = (double)((const float *)t->data)[n * t->step + k];
                if (v < c->least) c->least = v;
                if (v > c->most) c->most = v;
                if (i == pass->inputs - 1 && v == 0) c->zero = true;
            }
    }
}

static bool found(const search *s, const fv_step_view *v, const char *pass, const char *what,
                  int64_t sample, int64_t samples) {
    const fv_node *n = &s->d->net->nodes[v->node];
    fv_culprit *c = s->found;
    c->node = v->node;
    c->pass = pass;
    c->sample = samples > 1 ? sample : -1; /* a loss or a weight has no sample */
    snprintf(c->what, sizeof c->what, "%s of '%.64s' (%s)", what, n->name, n->op->name);
    look_at_inputs(v->pass, c);
    return false; /* ends the walk */
}

/* Looks at what a step wrote: false ends the walk. */
static bool look_forward(const search *s, const fv_step_view *v) {
    const fv_op *op = s->d->net->nodes[v->node].op;
    for (int o = 0; o < v->pass->outputs; o++) {
        const int64_t bad = first_bad(&v->pass->y[o]);
        if (bad >= 0)
            return found(s, v, op->traits & FV_LOSS ? "loss" : "forward", "the output", bad,
                         v->pass->y[o].shape.dim[0]);
    }
    return true;
}

static bool look_backward(const search *s, const fv_step_view *v) {
    const fv_node *node = &s->d->net->nodes[v->node];
    for (int i = 0; i < node->params; i++) {
        char what[64];
        if (first_bad(&v->pass->dw[i]) < 0) continue;
        snprintf(what, sizeof what, "the gradient of the %.40s",
                 s->d->net->params[node->param[i]].spec.name);
        return found(s, v, "backward", what, 0, 1);
    }
    for (int i = 0; i < node->inputs; i++) {
        const int64_t bad = first_bad(&v->pass->dx[i]);
        if (bad >= 0)
            return found(s, v, "backward", "the gradient of the input", bad,
                         v->pass->dx[i].shape.dim[0]);
    }
    return true;
}

static bool look(void *arg, const fv_step_view *v) {
    if (v->node < 0) return true;
    return v->which == FV_FORWARD ? look_forward(arg, v) : look_backward(arg, v);
}

static void walk(const fv_diverged *d, fv_exec *exec, fv_culprit *c) {
    search s = {d, c};
    const fv_walk hooks = {.after = look, .arg = &s};
    const fv_exec_run run = {.seed = d->seed, .time = d->step};
    fv__exec_write(exec, 0, d->x);
    for (size_t h = 0; h < d->net->head_count; h++)
        fv__exec_write(exec, d->net->heads[h].target, d->target[d->net->heads[h].wants]);
    if (!fv__exec_forward(exec, &run, &hooks) || !fv__exec_backward(exec, &hooks)) return;
    snprintf(c->what, sizeof c->what, "the sum of the losses");
}

fv_status fv__diverged(fv_context *ctx, const fv_diverged *d) {
    fv_culprit c = {.node = -1, .pass = "", .sample = -1, .least = INFINITY, .most = -INFINITY};
    if (find_in_weights(d, &c) || find_in_batch(d, &c)) return report(ctx, d, &c);
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
    if (status == FV_OK) walk(d, exec, &c);
    if (status == FV_OK)
        status = report(ctx, d, &c);
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
