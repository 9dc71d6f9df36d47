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

void fv__metric_count(const float *scores, const fv_shape *shape, const int32_t *labels,
                      int32_t ignored, fv_tally *tally) {
    const int64_t classes = shape->dim[1], pixels = fv__shape_sample(shape) / classes;
    for (int64_t n = 0; n < shape->dim[0]; n++)
        for (int64_t i = 0; i < pixels; i++) {
            const float *x = scores + n * classes * pixels + i;
            const int32_t label = labels[n * pixels + i];
            int64_t best = 0;
            if (label == ignored) continue;
            for (int64_t k = 1; k < classes; k++)
                if (x[k * pixels] > x[best * pixels]) best = k;
            tally->right += best == label;
            tally->counted++;
        }
}
