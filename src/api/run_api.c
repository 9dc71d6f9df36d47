/* SPDX-License-Identifier: MIT */
/*
 * run_api.c - the public run: a plan for inference and the memory of its execution.
 *
 * The caller sees dense N,C,H,W on the host. Where a value lies otherwise (on another device, in a
 * slice of a joined buffer) the run has a buffer of its own and copies.
 */
#include "api/run_api.h"
#include "api/given.h"
#include "api/shared_plan.h"
#include "api/views.h"

/* A value as the caller sees it. */
typedef struct window {
    int value;
    fv_tensor outside; /* dense, on the host */
    void *copy;        /* its memory; NULL: it is the plan's own */
    float *numbers;    /* of an output that holds no float32: the same as float32 */
} window;

struct fv_run {
    fv_context *ctx;
    const fv_model *model;
    int64_t batch;
    bool keeps; /* every value */
    fv_shared_plan *shared;
    fv_exec *exec;
    window input;
    window *outputs;
    int output_count;
    window *values; /* of a run that keeps them: opened when they are looked at */
};

static fv_status open_window(fv_context *ctx, fv_run *run, int value, window *w) {
    const fv_tensor inside = fv__exec_value(run->exec, value);
    w->value = value;
    w->outside = inside;
    /* an image that no output depends on has no place in the plan */
    if (inside.data && run->shared->device->host && inside.layout == FV_PLAIN &&
        inside.step == fv__shape_sample(&inside.shape))
        return FV_OK;
    size_t bytes;
    int64_t count = fv__shape_count(&inside.shape);
    if (count < 0 || !fv__mul_size((size_t)count, fv__dtype_bytes(inside.dtype), &bytes))
        return fv__fail_memory(ctx, SIZE_MAX, "the outputs of a run");
    w->copy = fv__alloc(ctx, bytes, "the outputs of a run");
    if (!w->copy) return FV_EXHAUSTED;
    w->outside = fv__tensor(w->copy, inside.dtype, inside.shape);
    return FV_OK;
}

static void read_window(fv_run *run, const window *w) {
    if (w->copy) fv__exec_read(run->exec, w->value, w->copy);
}

static fv_status open_output(fv_context *ctx, fv_run *run, int value, window *w) {
    FV_TRY(open_window(ctx, run, value, w));
    if (w->outside.dtype == FV_F32) return FV_OK;
    const size_t count = (size_t)fv__shape_count(&w->outside.shape);
    w->numbers = fv__alloc(ctx, count * sizeof *w->numbers, "the outputs of a run");
    return w->numbers ? FV_OK : FV_EXHAUSTED;
}

static void read_output(fv_run *run, const window *w) {
    read_window(run, w);
    if (!w->numbers) return;
    for (int64_t i = 0, count = fv__shape_count(&w->outside.shape); i < count; i++)
        w->numbers[i] = (float)fv__element(w->outside.dtype, w->outside.data, i);
}

/* Of a network from elsewhere there may be more inputs than the image. */
static fv_status check_inputs(fv_context *ctx, const fv_graph *net) {
    for (size_t v = 1; v < net->value_count; v++)
        if (net->values[v].node < 0 && !net->values[v].data)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s reads a further input beside the image, of %s values; only "
                            "networks with one input are run",
                            net->name, fv__dtype_name(net->values[v].type.dtype));
    return FV_OK;
}

static fv_status make(fv_context *ctx, const fv_model *model, const fv_shared_plan *wanted,
                      fv_run *run) {
    const fv_graph *net = model->net.graph;
    FV_TRY(fv__shared_plan_take(ctx, model, wanted, &run->shared));
    const fv_exec_options options = {.prepared = run->shared->prepared};
    FV_TRY(fv__exec_new(ctx, run->shared->plan, &options, &run->exec));
    FV_TRY(open_window(ctx, run, 0, &run->input));
    run->outputs = fv__alloc(ctx, net->head_count * sizeof *run->outputs, "the outputs of a run");
    if (!run->outputs) return FV_EXHAUSTED;
    for (size_t h = 0; h < net->head_count; h++) {
        if (net->heads[h].training) continue;
        FV_TRY(open_output(ctx, run, net->heads[h].value, &run->outputs[run->output_count]));
        run->output_count++;
    }
    if (!run->keeps) return FV_OK;
    run->values = fv__alloc(ctx, net->value_count * sizeof *run->values, "the values of a run");
    return run->values ? FV_OK : FV_EXHAUSTED;
}

static fv_status new_run(fv_context *ctx, const fv_model *model, const fv_shared_plan *wanted,
                         fv_run **out) {
    if (wanted->batch < 1)
        return fv__fail(ctx, FV_USAGE, "a run needs a batch of at least 1, not %lld",
                        (long long)wanted->batch);
    FV_TRY(check_inputs(ctx, model->net.graph));
    fv_run *run = fv__alloc(ctx, sizeof *run, "a run");
    if (!run) return FV_EXHAUSTED;
    *run = (fv_run){.ctx = ctx, .model = model, .batch = wanted->batch, .keeps = wanted->keeps};
    fv_status status = make(ctx, model, wanted, run);
    if (status != FV_OK) {
        fv_run_free(run);
        return status;
    }
    *out = run;
    return FV_OK;
}

fv_status fv_run_new(fv_context *ctx, const fv_model *model, int64_t batch, fv_run **out) {
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, model);
    return new_run(ctx, model, &(fv_shared_plan){.batch = batch}, out);
}

fv_status fv_run_new_sized(fv_context *ctx, const fv_model *model, int64_t batch, int64_t height,
                           int64_t width, fv_run **out) {
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, model);
    if (height < 1 || width < 1)
        return fv__fail(ctx, FV_USAGE, "images of %lldx%lld are none", (long long)height,
                        (long long)width);
    const fv_shared_plan wanted = {.batch = batch, .height = height, .width = width};
    return new_run(ctx, model, &wanted, out);
}

fv_status fv_run_new_keeping(fv_context *ctx, const fv_model *model, int64_t batch, fv_run **out) {
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, model);
    return new_run(ctx, model, &(fv_shared_plan){.batch = batch, .keeps = true}, out);
}

void fv_run_free(fv_run *run) {
    if (!run) return;
    for (int i = 0; run->outputs && i < (int)run->model->net.graph->head_count; i++) {
        fv__free(run->outputs[i].copy);
        fv__free(run->outputs[i].numbers);
    }
    for (size_t v = 0; run->values && v < run->model->net.graph->value_count; v++)
        fv__free(run->values[v].copy);
    fv__free(run->outputs);
    fv__free(run->values);
    fv__free(run->input.copy);
    fv__exec_free(run->exec);
    fv__shared_plan_give(run->model, run->shared);
    fv__free(run);
}

float *fv_run_input(fv_run *run) {
    return run ? run->input.outside.data : NULL;
}

fv_status fv_run_forward(fv_run *run, int64_t n) {
    if (!run) return FV_USAGE;
    if (n < 1 || n > run->batch)
        return fv__fail(run->ctx, FV_USAGE, "forward takes 1 to %lld samples in this run, not %lld",
                        (long long)run->batch, (long long)n);
    const fv_exec_run once = {0};
    if (run->input.copy) fv__exec_write(run->exec, 0, run->input.copy);
    fv__exec_forward(run->exec, &once, NULL);
    for (int i = 0; i < run->output_count; i++) read_output(run, &run->outputs[i]);
    return FV_OK;
}

const fv_tensor *fv__run_output(const fv_run *run, int i) {
    return i >= 0 && i < run->output_count ? &run->outputs[i].outside : NULL;
}

const float *fv_run_output(fv_run *run, int i, int64_t *count) {
    if (count) *count = 0;
    if (!run) return NULL;
    if (i < 0 || i >= run->output_count) {
        (void)fv__fail(run->ctx, FV_USAGE, "there is no output %d; this network has %d, from 0", i,
                       run->output_count);
        return NULL;
    }
    if (count) *count = fv__shape_sample(&run->outputs[i].outside.shape);
    return run->outputs[i].numbers ? run->outputs[i].numbers : run->outputs[i].outside.data;
}

int fv_run_values(const fv_run *run) {
    return run && run->keeps ? (int)run->model->net.graph->value_count : 0;
}

const char *fv_run_value_name(const fv_run *run, int i) {
    return i >= 0 && i < fv_run_values(run) ? run->model->net.graph->values[i].name : NULL;
}

fv_status fv__run_tensor(fv_context *ctx, fv_run *run, int value, fv_tensor *out) {
    if (!run->keeps)
        return fv__fail(ctx, FV_USAGE,
                        "this run keeps no values; make it with fv_run_new_keeping()");
    if (!fv__exec_value(run->exec, value).data)
        return fv__fail(ctx, FV_USAGE, "'%s' is there in training only",
                        run->model->net.graph->values[value].name);
    window *w = &run->values[value];
    if (!w->outside.data) FV_TRY(open_window(ctx, run, value, w));
    read_window(run, w);
    *out = w->outside;
    return FV_OK;
}

fv_status fv_run_value(fv_run *run, const char *name, fv_tensor_view *out) {
    fv_tensor t;
    int value;
    if (!run) return FV_USAGE;
    FV_NEED(run->ctx, name);
    FV_NEED(run->ctx, out);
    FV_TRY(fv__view_clear(run->ctx, out));
    FV_TRY(fv__value_named(run->ctx, run->model->net.graph, name, &value));
    FV_TRY(fv__run_tensor(run->ctx, run, value, &t));
    return fv__view_of_tensor(run->ctx, run->model->net.graph->values[value].name, &t, out);
}

const fv_model *fv__run_model(const fv_run *run) {
    return run->model;
}

int64_t fv_best(const float *scores, int64_t count, int64_t k, int64_t *best) {
    int64_t stored = 0;
    if (!scores || !best) return 0;
    /* Insertion into a short sorted list: k is small where people look. NaN sorts last. */
    for (int64_t i = 0; i < count; i++) {
        int64_t at = stored;
        while (at > 0 && (scores[i] > scores[best[at - 1]] ||
                          (scores[best[at - 1]] != scores[best[at - 1]] && scores[i] == scores[i])))
            at--;
        if (at >= k) continue;
        if (stored < k) stored++;
        for (int64_t j = stored - 1; j > at; j--) best[j] = best[j - 1];
        best[at] = i;
    }
    return stored;
}
