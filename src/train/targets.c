/* SPDX-License-Identifier: MIT */
/*
 * targets.c - what a data set gives and what a network's heads want, brought together.
 */
#include "train/evaluate.h"

static const char *const kinds[FV_TARGET_KINDS] = {[FV_TARGET_NONE] = "nothing",
                                                   [FV_TARGET_CLASS] = "a class for every image",
                                                   [FV_TARGET_MAP] = "a class for every pixel",
                                                   [FV_TARGET_VECTOR] = "numbers",
                                                   [FV_TARGET_SHARES] = "shares of classes"};

/* The set's target that such a one (`shape` with the batch) is made of: itself, or of shares the
   class of the sample or of its pixels, or a vector of as many numbers. -1: there is none. */
static int source_of(const fv_dataset *set, fv_target_kind kind, const fv_shape *shape) {
    if (kind != FV_TARGET_SHARES) return fv__dataset_target(set, kind);
    const bool pixels = fv__shape_sample(shape) > shape->dim[1];
    const int classes = fv__dataset_target(set, pixels ? FV_TARGET_MAP : FV_TARGET_CLASS);
    const int numbers = fv__dataset_target(set, FV_TARGET_VECTOR);
    if ((classes >= 0 && set->classes == shape->dim[1]) || numbers < 0) return classes;
    return set->target[numbers].length == fv__shape_sample(shape) ? numbers : classes;
}

static fv_status check_head(fv_context *ctx, const fv_dataset *set, const fv_graph *net,
                            const fv_head *head) {
    const fv_shape *shape = &net->values[head->target].shape;
    const int index = source_of(set, head->wants, shape);
    const int64_t wanted = fv__shape_sample(shape);
    if (index < 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the output '%s' learns from %s, which the data set %s does not have",
                        head->name, kinds[head->wants], set->name);
    if (head->wants == FV_TARGET_VECTOR && set->target[index].length != wanted)
        return fv__fail(
            ctx, FV_BAD_INPUT, "the output '%s' has %lld numbers, and the data set %s gives %lld",
            head->name, (long long)wanted, set->name, (long long)set->target[index].length);
    const int64_t outputs = fv__channels(&net->values[head->prediction].shape);
    const bool classes = set->target[index].kind == FV_TARGET_CLASS;
    return fv__dataset_fits(ctx, set, &net->input, classes ? outputs : 0);
}

fv_status fv__targets_fit(fv_context *ctx, const fv_dataset *set, const fv_graph *net) {
    for (size_t h = 0; h < net->head_count; h++) FV_TRY(check_head(ctx, set, net, &net->heads[h]));
    return FV_OK;
}

fv_status fv__targets_check(fv_context *ctx, const fv_dataset *set, const fv_graph *net,
                            const fv_op *loss, bool training, fv_target_kind *wants) {
    fv_graph *with;
    FV_TRY(fv__net_with_loss(ctx, net, loss, &with));
    fv_status status = FV_OK;
    for (size_t h = 0; status == FV_OK && h < with->head_count; h++)
        if (training || !with->heads[h].training)
            status = check_head(ctx, set, with, &with->heads[h]);
    if (wants) *wants = with->heads[0].wants;
    fv__net_free(with);
    return status;
}

fv_status fv__targets_fill(fv_context *ctx, const fv_dataset *set, const fv_input *input,
                           const fv_batch *batch, const fv_learner_batch *to) {
    fv_batch_target targets[FV_TARGET_KINDS];
    int count = 0;
    for (int kind = 0; kind < FV_TARGET_KINDS; kind++) {
        if (!to->target[kind]) continue;
        const int index = source_of(set, (fv_target_kind)kind, &to->shape[kind]);
        if (index < 0)
            return fv__fail(ctx, FV_BAD_INPUT, "the data set %s has no %s", set->name, kinds[kind]);
        targets[count++] =
            (fv_batch_target){.index = index,
                              .ignored = to->ignored,
                              .classes = kind == FV_TARGET_SHARES ? to->shape[kind].dim[1] : 0,
                              .data = to->target[kind]};
    }
    return fv__batch_fill(ctx, set, input, batch, to->x, targets, count);
}
