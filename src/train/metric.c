/* SPDX-License-Identifier: MIT */
/*
 * metric.c - what is counted of a head's predictions.
 */
#include "train/metric.h"
#include "op/crossentropy.h"

int32_t fv__metric_ignored(const fv_graph *net, const fv_head *head) {
    const fv_node *loss = &net->nodes[net->values[head->value].node];
    if (loss->op != &fv__op_crossentropy) return INT32_MIN;
    return (int32_t)((const fv_crossentropy_options *)loss->options)->ignore;
}

static int64_t largest(const float *x, int64_t classes, int64_t pixels) {
    int64_t best = 0;
    for (int64_t k = 1; k < classes; k++)
        if (x[k * pixels] > x[best * pixels]) best = k;
    return best;
}

/* The class of a pixel's shares; where all are 0 it counts nothing. */
static int64_t of_shares(const float *shares, int64_t classes, int64_t pixels, int32_t ignored) {
    const int64_t best = largest(shares, classes, pixels);
    return shares[best * pixels] > 0 ? best : ignored;
}

void fv__metric_count(const float *scores, const fv_shape *shape, const fv_graph *net,
                      const fv_head *head, const void *target, fv_tally *tally) {
    const int64_t classes = shape->dim[1], pixels = fv__shape_sample(shape) / classes;
    const int32_t ignored = fv__metric_ignored(net, head);
    for (int64_t n = 0; n < shape->dim[0]; n++)
        for (int64_t i = 0; i < pixels; i++) {
            const int64_t at = n * classes * pixels + i;
            const int64_t label =
                head->wants == FV_TARGET_SHARES
                    ? of_shares((const float *)target + at, classes, pixels, ignored)
                    : ((const int32_t *)target)[n * pixels + i];
            if (label == ignored) continue;
            tally->right += largest(scores + at, classes, pixels) == label;
            tally->counted++;
        }
}
