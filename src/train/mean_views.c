/* SPDX-License-Identifier: MIT */
/*
 * mean_views.c - the mean of the probabilities of several views, and its loss: softmax(log p) = p,
 * so that cross-entropy of log p is that of p.
 */
#include "train/mean_views.h"
#include "op/crossentropy.h"
#include <float.h>
#include <math.h>

static const fv_node *loss_of(const fv_graph *net) {
    return &net->nodes[net->values[net->heads[0].value].node];
}

fv_status fv__views_fit(fv_context *ctx, const fv_graph *net) {
    const fv_node *loss = loss_of(net);
    if (net->heads[0].wants == FV_TARGET_CLASS && loss->op == &fv__op_crossentropy &&
        ((const fv_crossentropy_options *)loss->options)->reads == FV_CROSSENTROPY_LOGITS)
        return FV_OK;
    return fv__fail(ctx, FV_USAGE,
                    "several views are averaged where a network tells one class per image by "
                    "crossentropy, and %s does not",
                    net->name);
}

void fv__views_add(const float *logits, int64_t n, int64_t classes, int views, double *mean) {
    for (int64_t i = 0; i < n; i++) {
        const float *x = logits + i * classes;
        double most = (double)x[0], sum = 0;
        for (int64_t c = 1; c < classes; c++)
            if ((double)x[c] > most) most = (double)x[c];
        for (int64_t c = 0; c < classes; c++) sum += exp((double)x[c] - most);
        for (int64_t c = 0; c < classes; c++)
            mean[i * classes + c] += exp((double)x[c] - most) / sum / views;
    }
}

float fv__views_loss(const fv_graph *net, const double *mean, void *target, int64_t n,
                     double divisor, float *logits) {
    const fv_node *loss = loss_of(net);
    fv_shape shape = net->values[net->heads[0].prediction].shape;
    fv_shape labels = net->values[net->heads[0].target].shape;
    float y;
    shape.dim[0] = labels.dim[0] = n;
    /* what underflows is as unlikely as float can say */
    for (int64_t i = 0; i < fv__shape_count(&shape); i++)
        logits[i] = mean[i] == mean[i] ? (float)log(fmax(mean[i], DBL_MIN)) : NAN;
    const fv_tensor x[2] = {fv__tensor(logits, FV_F32, shape), fv__tensor(target, FV_I32, labels)};
    fv_tensor out = fv__tensor(&y, FV_F32, fv__shape1(1));
    const fv_pass pass = {.op = loss->op,
                          .options = loss->options,
                          .inputs = 2,
                          .outputs = 1,
                          .x = x,
                          .y = &out,
                          .divisor = divisor};
    loss->op->forward[0](&pass);
    return y;
}
