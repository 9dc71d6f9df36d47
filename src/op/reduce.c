/* SPDX-License-Identifier: MIT */
/*
 * reduce.c - options, shape rules and walks of operators that make one number of many.
 */
#include "op/reduce.h"

const fv_field fv__reduce_fields[] = {
    {"axes",
     "the dimensions to go over, counted from the batch, 0, which must stay, or from the end, -1; "
     "unless given all, of a constant",
     FV_INTS, offsetof(fv_reduce_options, axes), NULL, -FV_RANK_MAX, FV_RANK_MAX - 1, FV_POSITIONAL,
     NULL, "axes"},
    {"keep", "leave a 1 where a dimension was", FV_BOOL, offsetof(fv_reduce_options, keep), "yes",
     0, 0, 0, NULL, "keepdims"},
    {0}};

const fv_field fv__pick_fields[] = {
    {"axis", "the dimension to look along: 1 is the channels, -1 the last", FV_INT,
     offsetof(fv_pick_options, axis), "1", -FV_RANK_MAX, FV_RANK_MAX - 1, FV_POSITIONAL, NULL,
     "axis"},
    {"keep", "leave a 1 where the dimension was", FV_BOOL, offsetof(fv_pick_options, keep), "yes",
     0, 0, 0, NULL, "keepdims"},
    {"last", "the last among equals, not the first", FV_BOOL, offsetof(fv_pick_options, last), "no",
     0, 0, 0, NULL, "select_last_index"},
    {0}};

/* Which of the dimensions of x are gone over. */
static void mark(const fv_ints *axes, int rank, bool gone[FV_RANK_MAX]) {
    for (int d = 0; d < rank; d++) gone[d] = axes->count == 0;
    for (int i = 0; i < axes->count; i++)
        gone[axes->v[i] < 0 ? axes->v[i] + rank : axes->v[i]] = true;
}

static fv_status reduce(fv_context *ctx, fv_site *site, const fv_ints *axes, bool keep) {
    int count, d[FV_RANK_MAX];
    bool gone[FV_RANK_MAX];
    const fv_shape *x = &site->in[0];
    FV_TRY(fv__shape_inputs(ctx, site));
    FV_TRY(fv__op_axes(ctx, axes, x->rank, d, &count));
    mark(axes, x->rank, gone);
    if (gone[0] && site->in_type[0].batched && count == 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s goes over all dimensions unless told which, and the first one is the "
                        "batch; name the axes, of a map 1,2,3",
                        site->op->name);
    if (gone[0]) FV_TRY(fv__not_batch(ctx, site, 0, "go over"));
    site->out[0].rank = 0;
    for (int k = 0; k < x->rank; k++)
        if (!gone[k] || keep) site->out[0].dim[site->out[0].rank++] = gone[k] ? 1 : x->dim[k];
    return FV_OK;
}

fv_status fv__shape_reduce(fv_context *ctx, fv_site *site) {
    const fv_reduce_options *o = site->options;
    site->out_type[0].dtype = site->in_type[0].dtype;
    return reduce(ctx, site, &o->axes, o->keep);
}

fv_status fv__shape_pick(fv_context *ctx, fv_site *site) {
    const fv_pick_options *o = site->options;
    const fv_ints axes = {1, {o->axis}};
    site->out_type[0].dtype = FV_I32;
    FV_TRY(reduce(ctx, site, &axes, o->keep));
    if (site->in[0].dim[o->axis < 0 ? o->axis + site->in[0].rank : o->axis] <= INT32_MAX)
        return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT, "%s counts at most 2,147,483,647 elements", site->op->name);
}

static void see(const fv_site *site, const fv_ints *axes, fv_cost *cost) {
    bool gone[FV_RANK_MAX];
    fv__cost_nothing(cost);
    mark(axes, site->in[0].rank, gone);
    for (int d = 2; d < site->in[0].rank; d++) cost->global = cost->global || gone[d];
}

void fv__cost_reduce(const fv_site *site, fv_cost *cost) {
    see(site, &((const fv_reduce_options *)site->options)->axes, cost);
}

void fv__cost_pick(const fv_site *site, fv_cost *cost) {
    see(site, &(const fv_ints){1, {((const fv_pick_options *)site->options)->axis}}, cost);
}

fv_walk fv__walk_reduce(const fv_tensor *x, const fv_tensor *y, const fv_ints *axes) {
    bool gone[FV_RANK_MAX];
    int64_t stride[FV_RANK_MAX];
    fv_walk w = fv__walk_over(&x->shape);
    const bool keeps = y->shape.rank == x->shape.rank;
    int at = 0; /* the dimension of y */
    mark(axes, x->shape.rank, gone);
    fv__strides(y, stride);
    fv__walk_aligned(&w, 0, x);
    for (int d = 0; d < x->shape.rank; d++) {
        w.stride[1][d] = gone[d] ? 0 : stride[at];
        if (!gone[d] || keeps) at++;
    }
    return w;
}
