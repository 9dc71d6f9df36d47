/* SPDX-License-Identifier: MIT */
/*
 * evaluate.c - how well a model does on labelled images.
 */
#include "train/evaluate.h"
#include "plan/plan.h"
#include <math.h>

struct fv_evaluator {
    const fv_model *model;
    fv_net *net; /* with losses */
    int64_t batch;
    struct {
        int64_t n;
        fv_plan *plan;
        fv_exec *exec;
    } stages[2]; /* full batches; the last, smaller one of a set */
};

fv_status fv__evaluator_new(fv_context *ctx, const fv_model *model, int64_t batch,
                            fv_evaluator **out) {
    *out = NULL;
    fv_evaluator *e = fv__alloc(ctx, sizeof *e, "an evaluation");
    if (!e) return FV_EXHAUSTED;
    e->model = model;
    e->batch = batch;
    const fv_status status = fv__net_with_loss(ctx, model->net, &e->net);
    if (status != FV_OK) {
        fv__evaluator_free(e);
        return status;
    }
    *out = e;
    return FV_OK;
}

static void drop(fv_evaluator *e, int i) {
    fv__exec_free(e->stages[i].exec);
    fv__plan_free(e->stages[i].plan);
    e->stages[i].exec = NULL;
    e->stages[i].plan = NULL;
    e->stages[i].n = 0;
}

void fv__evaluator_free(fv_evaluator *e) {
    if (!e) return;
    drop(e, 0);
    drop(e, 1);
    fv__net_free(e->net);
    fv__free(e);
}

static fv_status stage_for(fv_context *ctx, fv_evaluator *e, int64_t n, fv_exec **out) {
    const int i = n == e->batch ? 0 : 1;
    if (e->stages[i].n != n) {
        drop(e, i);
        const int logits = fv__net_logits(e->net, 0);
        const fv_plan_ask ask = {.batch = n, .dtype = FV_F32, .keep = &logits, .keep_count = 1};
        FV_TRY(fv__plan_new(ctx, e->net, &ask, &e->stages[i].plan));
        /* in inference, a plan writes no weights */
        FV_TRY(fv__exec_new(ctx, e->stages[i].plan, (void *)e->model->weights, NULL,
                            &e->stages[i].exec));
        e->stages[i].n = n;
    }
    *out = e->stages[i].exec;
    return FV_OK;
}

/* One image's logits against its label. */
static void score(const float *x, int64_t classes, int32_t label, int64_t index, fv_scores *s) {
    int64_t best = 0, better = 0;
    for (int64_t k = 0; k < classes; k++) {
        if (x[k] > x[best]) best = k;
        if (x[k] > x[label] || (x[k] == x[label] && k < label)) better++;
    }
    s->correct += best == label;
    s->correct5 += better < 5;
    if (s->predicted) s->predicted[index] = (int32_t)best;
    if (!s->confidence) return;
    double sum = 0;
    for (int64_t k = 0; k < classes; k++) sum += exp((double)x[k] - (double)x[best]);
    s->confidence[index] = (float)(1.0 / sum);
}

fv_status fv__evaluate(fv_context *ctx, fv_evaluator *e, const fv_dataset *set, fv_scores *s) {
    double loss = 0;
    s->images = set->count;
    s->correct = s->correct5 = 0;
    for (int64_t start = 0; start < set->count; start += e->batch) {
        const int64_t n = set->count - start < e->batch ? set->count - start : e->batch;
        fv_exec *exec;
        FV_TRY(stage_for(ctx, e, n, &exec));
        int32_t *labels = fv__exec_value(exec, fv__net_labels(e->net)).data;
        FV_TRY(fv__batch_fill(ctx, set, &e->model->net->input, NULL, start, n, NULL, 0, 0,
                              fv__exec_value(exec, 0).data, labels));
        fv__exec_forward(exec, 0, 0);
        const fv_tensor logits = fv__exec_value(exec, fv__net_logits(e->net, 0));
        const int64_t classes = fv__shape_sample(&logits.shape);
        for (int64_t i = 0; i < n; i++)
            score((const float *)logits.data + i * logits.step, classes, labels[i], start + i, s);
        loss +=
            (double)n * (double)*(const float *)fv__exec_value(exec, e->net->heads[0].value).data;
    }
    s->loss = set->count > 0 ? loss / (double)set->count : 0;
    return FV_OK;
}
