/* SPDX-License-Identifier: MIT */
/*
 * crossentropy: y = 1/N * sum over the batch of -log softmax(x)_label, the loss of a classifier; of
 * maps, over the pixels of the batch. It reads the numbers before softmax: exp and log cancel and
 * nothing underflows,
 *     -log softmax(x)_t = log(sum of exp(x_j - max)) - (x_t - max).
 * N counts the samples (pixels) of the whole batch whose label is not the ignored one.
 * Gradient: dx = (p - onehot)/N * dy with the probabilities p = softmax(x). Bridle 1990; per pixel:
 * Long, Shelhamer & Darrell 2015.
 */
#ifndef FV_LOOPS
#include "op/crossentropy.h"
#include "op/shapes.h"

#include <math.h>

static const fv_field fields[] = {
    {"ignore", "label that counts nothing, such as 255 for pixels that nobody labelled", FV_INT,
     offsetof(fv_crossentropy_options, ignore), "-100", -1e9, 1e9, 0, NULL, "ignore_index"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_labels(ctx, site, "crossentropy", true));
    site->out[0] = fv__shape1(1);
    site->out_type[0].batched = false;
    fv__site_saved(site, FV_F32, site->in[0]); /* the probabilities */
    return FV_OK;
}

double fv__crossentropy_weigh(const void *options, const fv_tensor *target) {
    const fv_crossentropy_options *o = options;
    int64_t counted = 0;
    for (int64_t n = 0; n < target->shape.dim[0]; n++) {
        const int32_t *label = fv__sample(target, n);
        for (int64_t i = 0; i < fv__shape_sample(&target->shape); i++)
            counted += label[i] != o->ignore;
    }
    return (double)counted;
}

#define FV_LOOPS "op/crossentropy.c"
#include "op/loops.h"

static const char *const samples[] = {"; 4x5",     "; 3x10x1x1",         "ignore 1 ; 5x3",
                                      "; 2x3x4x5", "ignore 2 ; 2x4x3x3", NULL};

const fv_op fv__op_crossentropy = {
    .name = "crossentropy",
    .help = "loss: -log of the probability given to the right class",
    .about = "y = mean over the batch of -log softmax(x)_label; of maps, over the pixels of the\n"
             "batch. Reads the numbers before softmax and the labels 0 ... classes - 1; a label\n"
             "outside gives a loss that is no number, the ignored label counts nothing.\n"
             "Gradient: dx = (softmax(x) - onehot)/N * dy. Bridle 1990.",
    .onnx = "SoftmaxCrossEntropyLoss",
    .inputs_min = 2,
    .inputs_max = 2,
    .takes_others = FV_TAKES(FV_I32),
    .traits = FV_LOSS | FV_KEEP_X, /* of x only the labels */
    .options_size = sizeof(fv_crossentropy_options),
    .fields = fields,
    .shape = shape,
    .target = fv__labels_target,
    .weigh = fv__crossentropy_weigh,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const fv_crossentropy_options *o = p->options;
    const int64_t batch = p->x[0].shape.dim[0], classes = p->x[0].shape.dim[1];
    const int64_t pixels = fv__shape_sample(&p->x[0].shape) / classes;
    double loss = 0;
    for (int64_t n = 0; n < batch; n++)
        for (int64_t i = 0; i < pixels; i++) {
            const real *x = (const real *)fv__sample(&p->x[0], n) + i;
            const int32_t label = ((const int32_t *)fv__sample(&p->x[1], n))[i];
            real *probability = p->training ? fv__sample(&p->saved[0], n) : NULL;
            double max = x[0], sum = 0;
            for (int64_t c = 1; c < classes; c++)
                if (x[c * pixels] > max) max = x[c * pixels];
            for (int64_t c = 0; c < classes; c++) sum += exp(x[c * pixels] - max);
            for (int64_t c = 0; probability != NULL && c < classes; c++)
                probability[c * pixels + i] = (real)(exp(x[c * pixels] - max) / sum);
            if (label == o->ignore) continue;
            loss +=
                label >= 0 && label < classes ? log(sum) - (x[label * pixels] - max) : (double)NAN;
        }
    *(real *)p->y[0].data = p->divisor > 0 ? (real)(loss / p->divisor) : (real)loss;
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_crossentropy_options *o = p->options;
    const int64_t batch = p->x[0].shape.dim[0], classes = p->x[0].shape.dim[1];
    const int64_t pixels = fv__shape_sample(&p->x[0].shape) / classes;
    const real dy = *(const real *)p->dy[0].data;
    if (p->dx[0].data == NULL || !(p->divisor > 0)) return;
    for (int64_t n = 0; n < batch; n++)
        for (int64_t i = 0; i < pixels; i++) {
            const int32_t label = ((const int32_t *)fv__sample(&p->x[1], n))[i];
            const real *probability = (const real *)fv__sample(&p->saved[0], n) + i;
            real *dx = (real *)fv__sample(&p->dx[0], n) + i;
            if (label == o->ignore) continue;
            for (int64_t c = 0; c < classes; c++)
                dx[c * pixels] +=
                    (probability[c * pixels] - (c == label ? 1 : 0)) / (real)p->divisor * dy;
        }
}

#endif
