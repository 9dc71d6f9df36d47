/* SPDX-License-Identifier: MIT */
/*
 * broadcast.c - shape rules and walks of operators that compute element by element.
 */
#include "op/broadcast.h"

/* The first input of the batch; -1: there is none. */
static int of_batch(const fv_site *site) {
    for (int i = 0; i < site->inputs; i++)
        if (site->in_type[i].batched) return i;
    return -1;
}

/* Whether the first dimension of what comes out is the batch, all of it and nothing else. */
static fv_status keeps_batch(fv_context *ctx, const fv_site *site) {
    char one[FV_SHAPE_TEXT], two[FV_SHAPE_TEXT];
    const int b = of_batch(site);
    if (b < 0) return FV_OK;
    const fv_shape *batch = &site->in[b];
    for (int i = 0; i < site->inputs; i++) {
        const fv_shape *s = &site->in[i];
        const bool fits = site->in_type[i].batched
                              ? s->rank == batch->rank && s->dim[0] == batch->dim[0]
                              : s->rank < batch->rank || (s->rank == batch->rank && s->dim[0] == 1);
        if (!fits)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "the first dimension is the batch: beside input %d of %s, input %d of "
                            "%s would move or repeat it; reshape it%s",
                            b + 1, fv__dims_text(one, batch), i + 1, fv__dims_text(two, s),
                            site->in_type[i].batched ? " to as many dimensions"
                                                     : " to begin with 1, or to fewer dimensions");
    }
    return FV_OK;
}

fv_status fv__shape_broadcast(fv_context *ctx, fv_site *site) {
    char before[FV_SHAPE_TEXT], other[FV_SHAPE_TEXT];
    FV_TRY(fv__shape_inputs(ctx, site));
    FV_TRY(keeps_batch(ctx, site));
    fv_shape out = site->in[0];
    for (int i = 1; i < site->inputs; i++)
        if (!fv__broadcast(&out, &site->in[i], &out))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s cannot join %s and %s of input %d: counted from the end, "
                            "dimensions must be equal, or 1 in one of them",
                            site->op->name, fv__dims_text(before, &out),
                            fv__dims_text(other, &site->in[i]), i + 1);
    site->out[0] = out;
    return fv__shape_fits(ctx, site);
}

fv_status fv__shape_alike_from(fv_context *ctx, fv_site *site, int first) {
    FV_TRY(fv__shape_broadcast(ctx, site));
    site->out_type[0].dtype = site->in_type[first].dtype;
    for (int i = first + 1; i < site->inputs; i++)
        if (site->in_type[i].dtype != site->in_type[first].dtype)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s needs values of one type, but input %d is %s and input %d is %s; "
                            "cast makes one of the other",
                            site->op->name, first + 1, fv__dtype_name(site->in_type[first].dtype),
                            i + 1, fv__dtype_name(site->in_type[i].dtype));
    return FV_OK;
}

fv_status fv__shape_alike(fv_context *ctx, fv_site *site) {
    return fv__shape_alike_from(ctx, site, 0);
}

fv_status fv__shape_compare(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_alike(ctx, site));
    site->out_type[0].dtype = FV_BOOL8;
    return FV_OK;
}

fv_walk fv__walk_pair(const fv_pass *p, int j, int k) {
    fv_walk w = fv__walk_over(&p->y[0].shape);
    fv__walk_aligned(&w, 0, &p->y[0]);
    fv__walk_aligned(&w, 1, &p->x[j]);
    fv__walk_aligned(&w, 2, &p->x[k]);
    return w;
}

uint64_t fv__branches_pairs(const fv_pass *p, int j, int k, int64_t (*branch)(double, double)) {
    const double *a = p->x[j].data, *b = p->x[k].data;
    uint64_t hash = FV_BRANCHES_START;
    fv_walk w = fv__walk_pair(p, j, k);
    if (p->x[j].dtype != FV_F64) return hash;
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++)
            hash =
                fv__branches_add(hash, branch(a[w.at[1] + i * w.by[1]], b[w.at[2] + i * w.by[2]]));
    return hash;
}
