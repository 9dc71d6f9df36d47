/* SPDX-License-Identifier: MIT */
/*
 * crossentropy: y = 1/N * sum over the batch of -log softmax(x)_label, the loss of a classifier.
 * It reads the numbers before softmax: exp and log cancel and nothing underflows,
 *     -log softmax(x)_t = log(sum of exp(x_j - max)) - (x_t - max).
 * Gradient: dx = (p - onehot)/N * dy with the probabilities p = softmax(x). Bridle 1990.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <math.h>

static fv_status shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_labels(ctx, site, "crossentropy"));
    site->out = fv__shape1(1);
    /* the probabilities */
    fv__site_saved(site, FV_F32, fv__shape2(site->in[0].dim[0], site->in[0].dim[1]));
    return FV_OK;
}

#define FV_LOOPS "op/crossentropy.c"
#include "op/loops.h"

static const char *const samples[] = {"; 4x5", "; 3x10x1x1", NULL};

const fv_op fv__op_crossentropy = {
    .name = "crossentropy",
    .help = "loss: -log of the probability given to the right class",
    .about = "y = mean over the batch of -log softmax(x)_label. Reads the numbers before softmax\n"
             "and the labels 0 ... classes - 1; a label outside gives a loss that is no number.\n"
             "Gradient: dx = (softmax(x) - onehot)/N * dy. Bridle 1990.",
    .onnx = "SoftmaxCrossEntropyLoss",
    .inputs_min = 2,
    .inputs_max = 2,
    .traits = FV_LOSS | FV_KEEP_X, /* of x only the labels */
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const int64_t batch = p->x[0].shape.dim[0], classes = p->x[0].shape.dim[1];
    double loss = 0;
    for (int64_t n = 0; n < batch; n++) {
        const real *x = fv__sample(&p->x[0], n);
        const int32_t label = *(const int32_t *)fv__sample(&p->x[1], n);
        real *probability = p->training ? fv__sample(&p->saved[0], n) : NULL;
        double max = x[0], sum = 0;
        for (int64_t c = 1; c < classes; c++)
            if (x[c] > max) max = x[c];
        for (int64_t c = 0; c < classes; c++) sum += exp(x[c] - max);
        for (int64_t c = 0; probability != NULL && c < classes; c++)
            probability[c] = (real)(exp(x[c] - max) / sum);
        loss += label >= 0 && label < classes ? log(sum) - (x[label] - max) : (double)NAN;
    }
    *(real *)p->y.data = (real)(loss / (double)batch);
}

static void LOOP(backward)(const fv_pass *p) {
    const int64_t batch = p->x[0].shape.dim[0], classes = p->x[0].shape.dim[1];
    const real dy = *(const real *)p->dy.data;
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < batch; n++) {
        const int32_t label = *(const int32_t *)fv__sample(&p->x[1], n);
        const real *probability = fv__sample(&p->saved[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t c = 0; c < classes; c++)
            dx[c] += (probability[c] - (c == label ? 1 : 0)) / (real)batch * dy;
    }
}

#endif
