/* SPDX-License-Identifier: MIT */
/*
 * numberloss.c - what losses that compare number by number share: their targets, their shape rule.
 */
#include "op/numberloss.h"
#include "op/shapes.h"

#include <math.h>

const char *const fv__numberloss_targets[] = {"class", "vector", NULL};

fv_target_kind fv__numberloss_target(const void *options, const fv_shape *x, fv_shape *shape,
                                     fv_dtype *dtype) {
    const fv_numberloss_options *o = options;
    if (o->target == FV_NUMBERLOSS_CLASS) return fv__labels_target(options, x, shape, dtype);
    *shape = *x;
    *dtype = FV_F32;
    return FV_TARGET_VECTOR;
}

fv_status fv__numberloss_shape(fv_context *ctx, fv_site *site) {
    const fv_numberloss_options *o = site->options;
    const bool labels = o->target == FV_NUMBERLOSS_CLASS;
    const char *who = site->op->name;
    char mine[FV_SHAPE_TEXT], theirs[FV_SHAPE_TEXT];
    if (labels)
        FV_TRY(fv__shape_labels(ctx, site, who, false));
    else
        FV_TRY(fv__shape_inputs(ctx, site));
    if ((site->in_type[1].dtype == FV_I32) != labels)
        return fv__fail(ctx, FV_BAD_INPUT, "%s with target %s does not take %s values", who,
                        fv__numberloss_targets[o->target], fv__dtype_name(site->in_type[1].dtype));
    if (!labels && !fv__shape_equal(&site->in[0], &site->in[1]))
        return fv__fail(ctx, FV_BAD_INPUT, "%s compares %s with a target of %s; they must agree",
                        who, fv__shape_text(mine, &site->in[0]),
                        fv__shape_text(theirs, &site->in[1]));
    site->out[0] = fv__shape1(1);
    site->out_type[0].batched = false;
    return FV_OK;
}

double fv__numberloss_wanted(const fv_pass *p, int64_t n, int64_t c) {
    const fv_numberloss_options *o = p->options;
    const void *target = fv__sample(&p->x[1], n);
    if (o->target == FV_NUMBERLOSS_VECTOR)
        return p->x[1].dtype == FV_F64 ? ((const double *)target)[c]
                                       : (double)((const float *)target)[c];
    const int32_t label = *(const int32_t *)target;
    if (label < 0 || label >= fv__shape_sample(&p->x[0].shape)) return (double)NAN;
    return c == label ? 1 : o->other;
}

double fv__numberloss_divisor(const fv_pass *p) {
    const fv_numberloss_options *o = p->options;
    return o->average ? p->divisor * (double)fv__shape_sample(&p->x[0].shape) : p->divisor;
}

uint64_t fv__numberloss_branches(const fv_pass *p,
                                 int (*piece)(const void *options, double x, double t)) {
    uint64_t hash = FV_BRANCHES_START;
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++) {
        const double *x = fv__sample(&p->x[0], n);
        for (int64_t c = 0; c < fv__shape_sample(&p->x[0].shape); c++)
            hash = fv__branches_add(hash, piece(p->options, x[c], fv__numberloss_wanted(p, n, c)));
    }
    return hash;
}
