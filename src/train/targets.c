/* SPDX-License-Identifier: MIT */
/*
 * targets.c - what a data set gives and what a network's heads want, brought together.
 */
#include "train/evaluate.h"

static const char *const kinds[FV_TARGET_KINDS] = {[FV_TARGET_NONE] = "nothing",
                                                   [FV_TARGET_CLASS] = "a class for every image",
                                                   [FV_TARGET_MAP] = "a class for every pixel",
                                                   [FV_TARGET_VECTOR] = "numbers"};

static fv_status check_head(fv_context *ctx, const fv_dataset *set, const fv_graph *net,
                            const fv_head *head) {
    const int index = fv__dataset_target(set, head->wants);
    const int64_t wanted = fv__shape_sample(&net->values[head->target].shape);
    if (index < 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the output '%s' learns from %s, which the data set %s does not have",
                        head->name, kinds[head->wants], set->name);
    if (head->wants == FV_TARGET_VECTOR && set->target[index].length != wanted)
        return fv__fail(
            ctx, FV_BAD_INPUT, "the output '%s' has %lld numbers, and the data set %s gives %lld",
            head->name, (long long)wanted, set->name, (long long)set->target[index].length);
    return FV_OK;
}

fv_status fv__targets_fit(fv_context *ctx, const fv_dataset *set, const fv_graph *net) {
    for (size_t h = 0; h < net->head_count; h++) FV_TRY(check_head(ctx, set, net, &net->heads[h]));
    return FV_OK;
}

fv_status fv__targets_fill(fv_context *ctx, const fv_dataset *set, const fv_input *input,
                           const fv_batch *batch, const fv_learner_batch *to) {
    fv_batch_target targets[FV_TARGET_KINDS];
    int count = 0;
    for (int kind = 0; kind < FV_TARGET_KINDS; kind++) {
        if (!to->target[kind]) continue;
        const int index = fv__dataset_target(set, (fv_target_kind)kind);
        if (index < 0)
            return fv__fail(ctx, FV_BAD_INPUT, "the data set %s has no %s", set->name, kinds[kind]);
        targets[count++] = (fv_batch_target){index, to->ignored, to->target[kind]};
    }
    return fv__batch_fill(ctx, set, input, batch, to->x, targets, count);
}
