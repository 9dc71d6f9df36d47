/* SPDX-License-Identifier: MIT */
/*
 * class_scores.c - precision, recall and F1 of each class; which pairs are confused.
 *
 * precision = TP / (TP + FP), recall = TP / (TP + FN), F1 = 2 TP / (2 TP + FP + FN), their harmonic
 * mean (van Rijsbergen, Information Retrieval, 1979).
 */
#include "train/class_scores.h"
#include <math.h>

static double ratio(double part, int64_t whole) {
    return whole > 0 ? part / (double)whole : NAN;
}

fv_class_score fv__class_score(const int64_t *confusion, int64_t classes, int64_t k) {
    fv_class_score s = {.right = confusion[k * classes + k]};
    for (int64_t j = 0; j < classes; j++) {
        s.images += confusion[k * classes + j];
        s.predicted += confusion[j * classes + k];
    }
    s.precision = ratio((double)s.right, s.predicted);
    s.recall = ratio((double)s.right, s.images);
    s.f1 = ratio(2 * (double)s.right, s.images + s.predicted);
    return s;
}

double fv__class_f1(const int64_t *confusion, int64_t classes) {
    double sum = 0;
    int64_t seen = 0;
    for (int64_t k = 0; k < classes; k++) {
        const double f1 = fv__class_score(confusion, classes, k).f1;
        if (isfinite(f1)) sum += f1, seen++;
    }
    return ratio(sum, seen);
}

fv_status fv__class_pairs(fv_arena *arena, const int64_t *confusion, int64_t classes, int64_t most,
                          fv_class_pair **out, int64_t *count) {
    fv_class_pair *pairs = *out = fv__arena_alloc(arena, (size_t)(most + 1) * sizeof *pairs);
    *count = 0;
    if (!pairs) return FV_EXHAUSTED;
    for (int64_t i = 0; i < classes * classes; i++) {
        const fv_class_pair here = {i / classes, i % classes, confusion[i]};
        if (!here.count || here.label == here.predicted) continue;
        int64_t at = *count; /* behind those that are as frequent */
        while (at > 0 && pairs[at - 1].count < here.count) at--;
        if (at == most) continue;
        if (*count < most) ++*count;
        for (int64_t j = *count - 1; j > at; j--) pairs[j] = pairs[j - 1];
        pairs[at] = here;
    }
    return FV_OK;
}
