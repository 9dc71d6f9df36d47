/* SPDX-License-Identifier: MIT */
/*
 * rows_losses.c - NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss, made of several operators:
 * our own losses give one number, these also one for every place, and their weights may flow.
 */
#include "onnx/steps.h"

#ifdef FV_HAVE_ONNX
#include <string.h>

/* What each place counts; NULL: all the same. */
typedef struct loss {
    fv_onnx_steps s;
    fv_entry *ignored; /* where the label is the one that counts nothing; NULL: there is none */
    fv_entry *labels;  /* with 0 in its place, which can be looked up */
    fv_entry *weight;
} loss;

static fv_status read_labels(fv_onnx_node *n, loss *l) {
    int64_t ignore;
    FV_TRY(fv__onnx_int(n, "ignore_index", 0, &ignore));
    l->labels = n->in[1];
    if (fv__onnx_attribute(n, "ignore_index") == NULL) return FV_OK;
    l->ignored = fv__step2(&l->s, "equal", l->labels, fv__step_whole(&l->s, (double)ignore));
    l->labels = fv__step3(&l->s, "where", l->ignored, fv__step_whole(&l->s, 0), l->labels);
    return l->s.status;
}

static fv_status read_weights(fv_onnx_node *n, loss *l) {
    const fv_ints first = {1, {0}};
    fv_onnx_made o;
    if (fv__onnx_has(n, 2)) {
        fv_entry *const in[] = {n->in[2], l->labels};
        FV_TRY(fv__onnx_plain(n, "gather", &o));
        FV_TRY(fv__onnx_set(n, &o, "axis", (double)first.v[0]));
        l->weight = fv__step_made(&l->s, &o, in, 2);
    } else if (l->ignored) {
        l->weight = fv__step_number(&l->s, 1);
    }
    if (l->ignored)
        l->weight = fv__step3(&l->s, "where", l->ignored, fv__step_number(&l->s, 0), l->weight);
    return l->s.status;
}

/* Minus the logarithm that stands at each label, weighted. */
static fv_entry *each(fv_onnx_node *n, loss *l, fv_entry *logs) {
    const fv_ints classes = {1, {1}};
    fv_entry *in[] = {logs, fv__step_ints(&l->s, "unsqueeze", "axes", &classes, l->labels)};
    fv_onnx_made o;
    if (l->s.status != FV_OK) return NULL;
    l->s.status = fv__onnx_plain(n, "gatherelements", &o); /* along axis 1 */
    fv_entry *picked = fv__step_made(&l->s, &o, in, 2);
    fv_entry *y = fv__step(&l->s, "neg", fv__step_ints(&l->s, "squeeze", "axes", &classes, picked));
    if (l->weight) y = fv__step2(&l->s, "mul", y, l->weight);
    if (l->ignored) /* whatever stood there: infinity times 0 is no number */
        y = fv__step3(&l->s, "where", l->ignored, fv__step_number(&l->s, 0), y);
    return y;
}

static fv_status reduce(fv_onnx_node *n, loss *l, fv_entry *y) {
    char how[FV_WORD_MAX];
    FV_TRY(fv__onnx_word(n, "reduction", "mean", how));
    FV_TRY(fv__onnx_all_read(n));
    FV_TRY(l->s.status);
    const bool mean = strcmp(how, "mean") == 0;
    if (strcmp(how, "none") == 0) return fv__steps_give(&l->s, 0, y);
    if (!mean && strcmp(how, "sum") != 0) return fv__onnx_refuse(n, "its reduction is '%s'", how);
    const fv_ints all = fv__onnx_axes(fv__onnx_shape(n->im, y, NULL), 0);
    if (mean && !l->weight)
        return fv__steps_give(&l->s, 0, fv__step_reduce(&l->s, "reducemean", &all, false, y));
    y = fv__step_reduce(&l->s, "reducesum", &all, false, y);
    if (mean)
        y = fv__step2(&l->s, "div", y, fv__step_reduce(&l->s, "reducesum", &all, false, l->weight));
    return fv__steps_give(&l->s, 0, y);
}

static fv_status take(fv_onnx_node *n, loss *l, fv_entry *logs) {
    FV_TRY(l->s.status);
    FV_TRY(read_labels(n, l));
    FV_TRY(read_weights(n, l));
    return reduce(n, l, each(n, l, logs));
}

static fv_status check(fv_onnx_node *n) {
    if (!fv__onnx_has(n, 0) || !fv__onnx_has(n, 1))
        return fv__onnx_refuse(n, "its scores or its labels are missing");
    if (fv__onnx_shape(n->im, n->in[0], NULL)->rank < 2)
        return fv__onnx_refuse(n, "its scores have no dimension of classes");
    return FV_OK;
}

fv_status fv__onnx_take_nllloss(fv_onnx_node *n) {
    loss l = {.s = {.n = n}};
    FV_TRY(check(n));
    return take(n, &l, n->in[0]);
}

fv_status fv__onnx_take_softmaxloss(fv_onnx_node *n) {
    loss l = {.s = {.n = n}};
    FV_TRY(check(n));
    fv_entry *logs = fv__step_real(&l.s, "logsoftmax", "axis", 1, n->in[0]);
    FV_TRY(take(n, &l, logs));
    return fv__steps_give(&l.s, 1, logs);
}

#endif
