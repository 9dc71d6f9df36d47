/* SPDX-License-Identifier: MIT */
/*
 * axes.c - options that name dimensions.
 */
#include "op/axes.h"

#include <inttypes.h>

fv_status fv__op_axis(fv_context *ctx, int64_t axis, int rank, int *out) {
    if (axis < -rank || axis >= rank)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "axis %" PRId64
                        " does not exist: there are %d dimension%s, numbered from 0 "
                        "to %d, or from -%d to -1",
                        axis, rank, rank == 1 ? "" : "s", rank - 1, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return FV_OK;
}

fv_status fv__list(fv_context *ctx, const char *name, const fv_ints *list, int least) {
    if (list->count >= least && list->count >= 0 && list->count <= FV_LIST_MAX) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT, "%s must hold %d to %d numbers, not %d", name, least,
                    FV_LIST_MAX, list->count);
}

fv_status fv__long_list(fv_context *ctx, const char *name, const fv_long_ints *list) {
    if (list->count >= 0 && list->count <= FV_LONG_MAX) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT, "%s must hold at most %d numbers, not %d", name, FV_LONG_MAX,
                    list->count);
}

fv_status fv__op_axes(fv_context *ctx, const fv_ints *axes, int rank, int out[FV_RANK_MAX],
                      int *count) {
    bool seen[FV_RANK_MAX] = {false};
    FV_TRY(fv__list(ctx, "a list of axes", axes, 0));
    for (int i = 0; i < axes->count; i++) {
        int d = 0;
        FV_TRY(fv__op_axis(ctx, axes->v[i], rank, &d));
        if (seen[d])
            return fv__fail(ctx, FV_BAD_INPUT, "axis %" PRId64 " is given twice", axes->v[i]);
        seen[d] = true;
        out[i] = d;
    }
    *count = axes->count;
    return FV_OK;
}

fv_status fv__not_batch(fv_context *ctx, const fv_site *site, int d, const char *does) {
    if (d != 0 || !site->in_type[0].batched) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s cannot %s the first dimension, which is the batch: its size differs from "
                    "run to run",
                    site->op->name, does);
}
