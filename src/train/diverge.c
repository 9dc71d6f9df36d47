/* SPDX-License-Identifier: MIT */
/*
 * diverge.c - where the first number that is not finite came from.
 *
 * The batch is run once more in a plan that keeps every value, and each step's outputs are looked
 * at as soon as they are there.
 */
#include "train/diverge.h"
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

static fv_status report(fv_context *ctx, const fv_net *net, int node, const char *pass,
                        const char *what, int64_t sample, int64_t samples, uint64_t step,
                        double lr) {
    char where[64] = "";
    if (samples > 1) /* a loss or a weight has no sample */
        snprintf(where, sizeof where, ", sample %lld of the batch", (long long)sample);
    return fv__fail(ctx, FV_DIVERGED,
                    "training diverged at step %llu: %s of '%s' (%s) is not a finite number, "
                    "first in its %s pass%s; a smaller learning rate (now lr=%g), warmup=1 or "
                    "another init usually helps",
                    (unsigned long long)step, what, net->nodes[node].name,
                    net->nodes[node].op->name, pass, where, lr);
}

/* Looks at what a step wrote. FV_OK: all finite. */
static fv_status look(fv_context *ctx, const fv_net *net, const fv_step_view *v, uint64_t step,
                      double lr) {
    if (v->node < 0) return FV_OK;
    const fv_node *node = &net->nodes[v->node];
    if (v->which == FV_FORWARD) {
        const int64_t bad = first_bad(&v->pass->y);
        if (bad < 0) return FV_OK;
        return report(ctx, net, v->node, "forward", "the output", bad, v->pass->y.shape.dim[0],
                      step, lr);
    }
    for (int i = 0; i < node->params; i++)
        if (first_bad(&v->pass->dw[i]) >= 0) {
            char what[128];
            snprintf(what, sizeof what, "the gradient of the %s",
                     net->params[node->param[i]].spec.name);
            return report(ctx, net, v->node, "backward", what, 0, 1, step, lr);
        }
    for (int i = 0; i < node->inputs; i++) {
        const int64_t bad = first_bad(&v->pass->dx[i]);
        if (bad >= 0)
            return report(ctx, net, v->node, "backward", "the gradient of the input", bad,
                          v->pass->dx[i].shape.dim[0], step, lr);
    }
    return FV_OK;
}

static fv_status check_weights(fv_context *ctx, const fv_net *net, const float *weights,
                               uint64_t step, double lr) {
    for (size_t p = 0; p < net->param_count; p++)
        for (int64_t i = 0; net->params[p].spec.learned && i < net->params[p].count; i++)
            if (!isfinite(weights[net->params[p].offset + i]))
                return fv__fail(ctx, FV_DIVERGED,
                                "training diverged before step %llu: %s is not finite after the "
                                "last update; a smaller learning rate (now lr=%g) usually helps",
                                (unsigned long long)step, net->params[p].name, lr);
    return FV_OK;
}

static fv_status walk(fv_context *ctx, const fv_net *net, fv_exec *exec, uint64_t seed,
                      uint64_t step, double lr) {
    bool forward = true;
    fv__exec_begin(exec, seed, step);
    for (int s = 0; s < fv__exec_steps(exec); s++) {
        const fv_step_view view = fv__exec_step(exec, s);
        if (view.which == FV_BACKWARD && forward) {
            forward = false;
            fv__exec_backward_begin(exec);
        }
        fv__exec_run_step(exec, s);
        FV_TRY(look(ctx, net, &view, step, lr));
    }
    return fv__fail(ctx, FV_DIVERGED, "training diverged at step %llu: the loss is not finite",
                    (unsigned long long)step);
}

fv_status fv__diverged(fv_context *ctx, const fv_net *net, float *weights, const float *x,
                       const int32_t *labels, int64_t n, uint64_t seed, uint64_t step, double lr) {
    FV_TRY(check_weights(ctx, net, weights, step, lr));
    fv_plan *plan = NULL;
    fv_exec *exec = NULL;
    const size_t bytes = (size_t)net->param_elements * sizeof(float);
    /* copies: running statistics must stay as they were */
    float *copy = fv__alloc(ctx, bytes + 1, "a copy of the weights");
    float *gradients = fv__alloc(ctx, bytes + 1, "the gradients");
    fv_status status = copy && gradients ? FV_OK : FV_EXHAUSTED;
    const fv_plan_ask ask = {
        .batch = n, .training = true, .backward = true, .dtype = FV_F32, .keep_values = true};
    if (status == FV_OK) status = fv__plan_new(ctx, net, &ask, &plan);
    if (status == FV_OK) status = fv__exec_new(ctx, plan, copy, gradients, &exec);
    if (status == FV_OK) {
        memcpy(copy, weights, bytes);
        const fv_tensor in = fv__exec_value(exec, 0);
        memcpy(in.data, x, (size_t)fv__shape_count(&in.shape) * sizeof(float));
        memcpy(fv__exec_value(exec, fv__net_labels(net)).data, labels, (size_t)n * sizeof *labels);
        status = walk(ctx, net, exec, seed, step, lr);
    } else {
        status = fv__fail(ctx, FV_DIVERGED,
                          "training diverged at step %llu: the loss or a gradient is not finite "
                          "(no memory was left to find the layer); try a smaller learning rate",
                          (unsigned long long)step);
    }
    fv__exec_free(exec);
    fv__plan_free(plan);
    fv__free(copy);
    fv__free(gradients);
    return status;
}
