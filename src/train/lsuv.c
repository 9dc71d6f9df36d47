/* SPDX-License-Identifier: MIT */
/*
 * lsuv.c - layer-sequential unit variance: Mishkin & Matas 2016, "All you need is a good init",
 * algorithm 1.
 *
 * A layer is a node with a weight that starts by chance; what counts is what it gives before any
 * activation. Normalisations see the batch, as in training. All follows from the seed and the data.
 */
#include "train/lsuv.h"
#include "base/denormal.h"
#include "plan/plan.h"
#include <math.h>

#define TRIES     10  /* the paper's T_max */
#define TOLERANCE 0.1 /* and Tol_var */

typedef struct lsuv {
    fv_context *ctx;
    fv_model *model;
    fv_graph *net; /* with losses */
    fv_plan *plan;
    fv_exec *exec;
    int64_t n;   /* images */
    int *values; /* what the layers give */
    int count;
    float *y; /* one of them */
} lsuv;

/* The parameter of a node that is to be scaled: a weight drawn by chance; -1: none. */
static int weight_of(const fv_graph *net, const fv_node *node) {
    for (int k = 0; k < node->params; k++)
        if (net->params[node->param[k]].spec.init == FV_INIT_WEIGHT) return node->param[k];
    return -1;
}

/* Layers whose weight no layer before has. */
static fv_status list(lsuv *l, int64_t n) {
    const fv_graph *net = l->net;
    int64_t most = 1;
    l->values = fv__alloc(l->ctx, (net->node_count + 1) * sizeof *l->values, "layers");
    if (!l->values) return FV_EXHAUSTED;
    l->n = n;
    for (size_t i = 0; i < net->node_count; i++) {
        const int p = weight_of(net, &net->nodes[i]);
        if (p < 0 || net->params[p].node != (int)i) continue;
        const int value = net->nodes[i].out[0];
        l->values[l->count++] = value;
        const int64_t size = fv__shape_sample(&net->values[value].shape);
        if (size > most) most = size;
    }
    l->y = fv__alloc(l->ctx, (size_t)(n * most) * sizeof *l->y, "a layer's output");
    return l->y ? FV_OK : FV_EXHAUSTED;
}

static fv_status make(lsuv *l, int64_t n) {
    const fv_plan_options options = {
        .batch = n, .training = true, .keep = l->values, .keep_count = l->count};
    const fv_exec_options memory = {.host_weights = l->model->weights};
    FV_TRY(fv__plan_new(l->ctx, l->net, &options, &l->plan));
    return fv__exec_new(l->ctx, l->plan, &memory, &l->exec);
}

static fv_status load(lsuv *l, const fv_dataset *set, int64_t n, uint64_t seed) {
    const fv_graph *net = l->net;
    const size_t each = (size_t)fv__shape_sample(&net->values[0].shape) * sizeof(float);
    uint32_t *order = fv__alloc(l->ctx, (size_t)set->count * sizeof *order, "an epoch's order");
    float *x = fv__alloc(l->ctx, (size_t)n * each, "a batch");
    fv_status status = order && x ? FV_OK : FV_EXHAUSTED;
    if (status == FV_OK) {
        fv__random_permutation(fv__key(seed, FV_STREAM_SHUFFLE, 0, 0), order, (uint32_t)set->count);
        const fv_batch batch = {.order = order, .n = n, .seed = seed};
        status = fv__batch_fill(l->ctx, set, &net->input, &batch, x, NULL, 0);
    }
    if (status == FV_OK) fv__exec_write(l->exec, 0, x);
    fv__free(order);
    fv__free(x);
    return status;
}

/* A walk ends behind the layer. */
static bool goes_on(void *arg, const fv_step_view *step) {
    return step->node != *(const int *)arg;
}

/* The variance of all that a layer gives. */
static double variance_of(lsuv *l, int value, uint64_t seed) {
    const int64_t count = l->n * fv__shape_sample(&l->net->values[value].shape);
    int node = l->net->values[value].node;
    const fv_exec_run run = {.seed = seed};
    const fv_walk walk = {.after = goes_on, .arg = &node};
    double sum = 0, square = 0;
    (void)fv__exec_forward(l->exec, &run, &walk);
    fv__exec_read(l->exec, value, l->y);
    for (int64_t i = 0; i < count; i++) sum += (double)l->y[i];
    const double mean = sum / (double)count;
    for (int64_t i = 0; i < count; i++)
        square += ((double)l->y[i] - mean) * ((double)l->y[i] - mean);
    return square / (double)count;
}

static void scale(lsuv *l, int value, uint64_t seed) {
    const fv_param *p =
        &l->net->params[weight_of(l->net, &l->net->nodes[l->net->values[value].node])];
    float *w = l->model->weights + p->offset;
    for (int i = 0; i < TRIES; i++) {
        const double variance = variance_of(l, value, seed);
        if (!(variance > 0) || !isfinite(variance) || fabs(variance - 1) < TOLERANCE) return;
        for (int64_t k = 0; k < p->count; k++) w[k] = (float)((double)w[k] / sqrt(variance));
        fv__prepare(l->ctx, fv__exec_prepared(l->exec));
    }
}

static fv_status run(lsuv *l, const fv_op *loss, const fv_dataset *set, int64_t most,
                     uint64_t seed) {
    const int64_t n = set->count < most ? set->count : most;
    FV_TRY(fv__net_with_loss(l->ctx, l->model->net.graph, loss, &l->net));
    FV_TRY(list(l, n));
    FV_TRY(make(l, n));
    FV_TRY(load(l, set, n, seed));
    const fv_denormal_state denormals = fv__denormals_off();
    for (int i = 0; i < l->count; i++) scale(l, l->values[i], seed);
    fv__denormals_restore(denormals);
    return FV_OK;
}

fv_status fv__lsuv(fv_context *ctx, fv_model *model, const fv_op *loss, const fv_dataset *set,
                   int64_t most, uint64_t seed) {
    lsuv l = {.ctx = ctx, .model = model};
    const fv_status status = run(&l, loss, set, most, seed);
    fv__exec_free(l.exec);
    fv__plan_free(l.plan);
    fv__free(l.values);
    fv__free(l.y);
    fv__net_free(l.net);
    return status;
}
