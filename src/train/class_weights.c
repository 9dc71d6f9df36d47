/* SPDX-License-Identifier: MIT */
/*
 * class_weights.c - how much each class counts for crossentropy, from the setting `class_weights`.
 */
#include "train/class_weights.h"
#include <string.h>

static const fv_field numbers = {"class_weights", "",   FV_REALS, 0, NULL, 0, 1e6,
                                 FV_LONG,         NULL, NULL};

/* Adds what the set has of each class to counts[0 … classes - 1]. */
static fv_status count(fv_context *ctx, const fv_dataset *set, double *counts) {
    const int index = fv__dataset_target(set, FV_TARGET_CLASS);
    fv_status status = FV_OK;
    for (int64_t i = 0; status == FV_OK && i < set->count; i++) {
        fv_arena scratch;
        fv_sample sample;
        int32_t label = set->labels ? set->labels[i] : -1;
        fv__arena_init(&scratch, ctx);
        if (!set->labels) status = fv__dataset_sample(ctx, set, i, &scratch, &sample);
        if (!set->labels && status == FV_OK) label = fv__sample_class(&sample, index);
        fv__arena_free(&scratch);
        if (label >= 0 && label < set->classes) counts[label]++;
    }
    return status;
}

static fv_status balance(fv_context *ctx, const fv_dataset *set, fv_long_reals *out) {
    if (!set)
        return fv__fail(ctx, FV_USAGE,
                        "class_weights=balanced counts the images of a data set, and there is none "
                        "here; give a number for each class: class_weights=1,2,0.5");
    if (fv__dataset_target(set, FV_TARGET_CLASS) < 0 || set->classes < 1 ||
        set->classes > FV_LONG_MAX)
        return fv__fail(
            ctx, FV_BAD_INPUT,
            "class_weights=balanced counts the classes of images, of which the data set "
            "%s has %lld; up to %d can be counted",
            set->name, (long long)set->classes, FV_LONG_MAX);
    FV_TRY(count(ctx, set, out->v));
    out->count = (int)set->classes;
    for (int c = 0; c < out->count; c++)
        if (out->v[c] > 0) out->v[c] = (double)set->count / ((double)out->count * out->v[c]);
    return FV_OK;
}

fv_status fv__class_weights(fv_context *ctx, const char *text, const fv_dataset *set,
                            fv_long_reals *out) {
    memset(out, 0, sizeof *out);
    if (strcmp(text, "balanced") == 0) return balance(ctx, set, out);
    if (fv__field_set_text(ctx, &numbers, out, text) == FV_OK) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "class_weights must be balanced or a number from 0 for each class with commas "
                    "between (1,2,0.5), not '%.64s'",
                    text);
}

fv_status fv__class_weights_fit(fv_context *ctx, const fv_graph *net) {
    for (size_t h = 0; h < net->head_count; h++)
        if (net->nodes[net->values[net->heads[h].value].node].op == &fv__op_crossentropy)
            return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "class_weights are of the loss crossentropy, which the network %s has not",
                    net->name);
}
