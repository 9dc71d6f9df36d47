/* SPDX-License-Identifier: MIT */
/*
 * evaluate.c - how well a model does on labelled samples.
 */
#include "train/evaluate.h"
#include "base/denormal.h"
#include "train/mean_views.h"
#include "train/metric.h"
#include <float.h>
#include <math.h>
#include <string.h>

typedef struct stage {
    int64_t n;
    fv_plan *plan;
    fv_exec *exec;
} stage;

struct fv_evaluator {
    const fv_model *model;
    fv_graph *net; /* with losses */
    int64_t batch;
    fv_workspace *workspace;
    stage stages[2]; /* full batches; the last, smaller one of a set */
    fv_learner_batch in;
    float *prediction; /* of the main head, on the host */
    double *divisors;  /* [heads] of a batch */
    double *mean;      /* of the views' probabilities; NULL: there is one view */
};

static void drop(stage *s) {
    fv__exec_free(s->exec);
    fv__plan_free(s->plan);
    *s = (stage){0};
}

void fv__evaluator_free(fv_evaluator *e) {
    if (!e) return;
    drop(&e->stages[0]);
    drop(&e->stages[1]);
    for (int k = 0; k < FV_TARGET_KINDS; k++) fv__free(e->in.target[k]);
    fv__free(e->in.x);
    fv__free(e->prediction);
    fv__free(e->divisors);
    fv__free(e->mean);
    fv__net_free(e->net);
    fv__free(e);
}

static fv_status make(fv_context *ctx, fv_evaluator *e, const fv_op *loss) {
    FV_TRY(
        fv__net_with_loss(ctx, e->model->net.graph, loss ? loss : &fv__op_crossentropy, &e->net));
    const fv_head *head = &e->net->heads[0];
    const fv_value *x = &e->net->values[0], *y = &e->net->values[head->prediction];
    const size_t n = (size_t)e->batch;
    e->in.ignored = -1;
    e->in.x = fv__alloc(ctx, n * (size_t)fv__shape_sample(&x->shape) * sizeof(float), "a batch");
    e->prediction =
        fv__alloc(ctx, n * (size_t)fv__shape_sample(&y->shape) * sizeof(float), "a batch");
    e->divisors = fv__alloc(ctx, e->net->head_count * sizeof *e->divisors, "a batch");
    for (size_t h = 0; h < e->net->head_count; h++) {
        const fv_head *other = &e->net->heads[h];
        const fv_value *t = &e->net->values[other->target];
        const size_t each = (size_t)fv__shape_sample(&t->shape) * fv__dtype_bytes(t->type.dtype);
        if (other->training || e->in.target[other->wants]) continue;
        if (other->wants == FV_TARGET_MAP || other->wants == FV_TARGET_SHARES)
            e->in.ignored = fv__metric_ignored(e->net, other);
        e->in.shape[other->wants] = t->shape;
        e->in.target[other->wants] = fv__alloc(ctx, n * each, "a batch's targets");
        if (!e->in.target[other->wants]) return FV_EXHAUSTED;
    }
    return e->in.x && e->prediction && e->divisors ? FV_OK : FV_EXHAUSTED;
}

fv_status fv__evaluator_new(fv_context *ctx, const fv_model *model, const fv_op *loss,
                            int64_t batch, fv_workspace *workspace, fv_evaluator **out) {
    *out = NULL;
    fv_evaluator *e = fv__alloc(ctx, sizeof *e, "an evaluation");
    if (!e) return FV_EXHAUSTED;
    e->model = model;
    e->batch = batch;
    e->workspace = workspace;
    const fv_status status = make(ctx, e, loss);
    if (status != FV_OK) {
        fv__evaluator_free(e);
        return status;
    }
    *out = e;
    return FV_OK;
}

static fv_status stage_for(fv_context *ctx, fv_evaluator *e, int64_t n, fv_exec **out) {
    stage *s = &e->stages[n == e->batch ? 0 : 1];
    if (s->n != n) {
        drop(s);
        const int prediction = e->net->heads[0].prediction;
        const fv_plan_options options = {.batch = n, .keep = &prediction, .keep_count = 1};
        FV_TRY(fv__plan_new(ctx, e->net, &options, &s->plan));
        const fv_exec_options exec = {.host_weights = e->model->weights, .workspace = e->workspace};
        FV_TRY(fv__exec_new(ctx, s->plan, &exec, &s->exec));
        s->n = n;
    }
    *out = s->exec;
    return FV_OK;
}

/* One sample's scores against its label. */
static void score(const float *x, int64_t classes, int32_t label, int64_t index, fv_scores *s) {
    int64_t best = 0, better = 0;
    for (int64_t k = 0; k < classes; k++) {
        if (x[k] > x[best]) best = k;
        if (x[k] > x[label] || (x[k] == x[label] && k < label)) better++;
    }
    s->correct5 += better < 5;
    if (s->predicted) s->predicted[index] = (int32_t)best;
    if (!s->confidence && !s->label_confidence) return;
    double sum = 0;
    for (int64_t k = 0; k < classes; k++) sum += exp((double)x[k] - (double)x[best]);
    if (s->confidence) s->confidence[index] = (float)(1.0 / sum);
    if (s->label_confidence)
        s->label_confidence[index] = (float)(exp((double)x[label] - (double)x[best]) / sum);
}

/* Adds the softmax of x to `sum`. */
static void add_softmax(const float *x, int64_t classes, float *sum) {
    double total = 0, most = (double)x[0];
    for (int64_t k = 1; k < classes; k++) most = (double)x[k] > most ? (double)x[k] : most;
    for (int64_t k = 0; k < classes; k++) total += exp((double)x[k] - most);
    for (int64_t k = 0; k < classes; k++) sum[k] += (float)(exp((double)x[k] - most) / total);
}

void fv__evaluate_summed(const int32_t *labels, int64_t classes, int models, fv_scores *s) {
    double loss = 0;
    s->tally = (fv_tally){0, 0};
    s->correct5 = 0;
    for (int64_t i = 0; i < s->images; i++) {
        const float *x = s->summed + i * classes;
        const int32_t label = labels[i];
        if (label < 0 || label >= classes) continue;
        int64_t best = 0, better = 0;
        for (int64_t k = 0; k < classes; k++) {
            if (x[k] > x[best]) best = k;
            if (x[k] > x[label] || (x[k] == x[label] && k < label)) better++;
        }
        const double mine = (double)x[label] / models;
        s->tally.counted++;
        s->tally.right += best == label;
        s->correct5 += better < 5;
        if (s->predicted) s->predicted[i] = (int32_t)best;
        if (s->confidence) s->confidence[i] = x[best] / (float)models;
        if (s->label_confidence) s->label_confidence[i] = (float)mine;
        loss -=
            log(mine > FLT_MIN ? mine : FLT_MIN); /* what has underflowed to zero is no infinity */
    }
    s->loss = s->tally.counted ? loss / (double)s->tally.counted : 0;
}

/* What a loss divides by for the samples laid in e->in. */
static double divisor_of(const fv_evaluator *e, const fv_head *head, int64_t n) {
    const fv_node *loss = &e->net->nodes[e->net->values[head->value].node];
    const fv_value *t = &e->net->values[head->target];
    if (!loss->op->weigh) return (double)n;
    fv_tensor target = fv__tensor(e->in.target[head->wants], t->type.dtype, t->shape);
    target.shape.dim[0] = n;
    return loss->op->weigh(loss->options, &target);
}

/* Counts what the n samples laid in e->in got, whose scores are in e->prediction. */
static void count(fv_evaluator *e, int64_t start, int64_t n, fv_scores *s) {
    const fv_head *head = &e->net->heads[0];
    fv_shape shape = e->net->values[head->prediction].shape;
    const int64_t classes = fv__shape_sample(&shape);
    shape.dim[0] = n;
    if (head->wants == FV_TARGET_VECTOR) return;
    const int32_t *labels = e->in.target[head->wants];
    fv__metric_count(e->prediction, &shape, e->net, head, labels, &s->tally);
    for (int64_t i = 0; s->summed && i < n; i++)
        add_softmax(e->prediction + i * classes, classes, s->summed + (start + i) * classes);
    for (int64_t i = 0; head->wants == FV_TARGET_CLASS && i < n; i++)
        if (labels[i] >= 0 && labels[i] < classes)
            score(e->prediction + i * classes, classes, labels[i], start + i, s);
}

/* The n samples from `start` on, in one of their views, through the network. */
static fv_status run_batch(fv_context *ctx, fv_evaluator *e, fv_exec *exec, const fv_dataset *set,
                           const fv_batch *batch) {
    FV_TRY(fv__targets_fill(ctx, set, &e->model->net.graph->input, batch, &e->in));
    fv__exec_write(exec, 0, e->in.x);
    for (size_t h = 0; h < e->net->head_count; h++) {
        const fv_head *head = &e->net->heads[h];
        if (head->training) continue;
        fv__exec_write(exec, head->target, e->in.target[head->wants]);
        e->divisors[h] = divisor_of(e, head, batch->n);
    }
    const fv_exec_run run = {.divisors = e->divisors};
    fv__exec_forward(exec, &run, NULL);
    return FV_OK;
}

static fv_status evaluate_batch(fv_context *ctx, fv_evaluator *e, const fv_dataset *set,
                                int64_t start, int64_t n, fv_scores *s, double *loss,
                                double *weight) {
    const fv_head *head = &e->net->heads[0];
    const int64_t classes = fv__shape_sample(&e->net->values[head->prediction].shape);
    const int views = fv_views_count((fv_views)s->views);
    fv_exec *exec;
    float mean;
    FV_TRY(stage_for(ctx, e, n, &exec));
    if (e->mean) memset(e->mean, 0, (size_t)(n * classes) * sizeof *e->mean);
    for (int v = 0; v < views; v++) {
        const fv_batch batch = {.start = start, .n = n, .views = s->views, .view = v};
        FV_TRY(run_batch(ctx, e, exec, set, &batch));
        fv__exec_read(exec, head->prediction, e->prediction);
        if (e->mean) fv__views_add(e->prediction, n, classes, views, e->mean);
    }
    fv__exec_read(exec, head->value, &mean);
    if (e->mean)
        mean = fv__views_loss(e->net, e->mean, e->in.target[head->wants], n, e->divisors[0],
                              e->prediction);
    *loss += e->divisors[0] * (double)mean;
    count(e, start, n, s);
    *weight += e->divisors[0];
    return FV_OK;
}

/* Room for the mean of several views. */
static fv_status prepare_views(fv_context *ctx, fv_evaluator *e, int views) {
    const fv_head *head = &e->net->heads[0];
    fv__free(e->mean);
    e->mean = NULL;
    if (views == FV_VIEWS_ONE) return FV_OK;
    FV_TRY(fv__views_fit(ctx, e->net));
    const int64_t each = fv__shape_sample(&e->net->values[head->prediction].shape);
    e->mean = fv__alloc(ctx, (size_t)(e->batch * each) * sizeof *e->mean, "the mean of views");
    return e->mean ? FV_OK : FV_EXHAUSTED;
}

fv_status fv__evaluate(fv_context *ctx, fv_evaluator *e, const fv_dataset *set, fv_scores *s) {
    const fv_denormal_state denormals = fv__denormals_off();
    double loss = 0, weight = 0;
    fv_status status = prepare_views(ctx, e, s->views);
    s->images = set->count;
    s->tally = (fv_tally){0, 0};
    s->correct5 = 0;
    /* the weights may be others than at the last call */
    for (int i = 0; i < 2; i++)
        if (e->stages[i].exec) fv__prepare(ctx, fv__exec_prepared(e->stages[i].exec));
    for (int64_t start = 0; status == FV_OK && start < set->count; start += e->batch) {
        const int64_t n = set->count - start < e->batch ? set->count - start : e->batch;
        if (s->stop && s->stop(s->stop_arg))
            status = fv__fail(ctx, FV_INTERRUPTED, "stopped within a test");
        else
            status = evaluate_batch(ctx, e, set, start, n, s, &loss, &weight);
    }
    s->loss = weight > 0 ? loss / weight : 0;
    fv__denormals_restore(denormals);
    return status;
}
