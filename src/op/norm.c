/* SPDX-License-Identifier: MIT */
/*
 * norm.c - what the normalisations of a sample share: runs, axes, parameters.
 */
#include "op/norm.h"
#include "op/shapes.h"

#include <inttypes.h>
#include <math.h>

fv_norm fv__norm_along(const fv_shape *s, unsigned axes) {
    fv_norm g = {.samples = 1, .runs = 1, .length = 1, .repeat = 1, .weights = 1};
    const bool whole = (axes & 1) != 0; /* dimension 0 is one among others */
    int64_t stride = 1;
    for (int d = 0; d < s->rank; d++)
        if (d > 0 || whole) stride *= s->dim[d];
    if (!whole) g.samples = s->dim[0];
    for (int d = whole ? 0 : 1; d < s->rank; d++) {
        const bool reduced = (axes >> d & 1) != 0;
        fv_norm_dims *dims = reduced ? &g.within : &g.between;
        stride /= s->dim[d];
        dims->size[dims->count] = s->dim[d];
        dims->stride[dims->count++] = stride;
        *(reduced ? &g.length : &g.runs) *= s->dim[d];
    }
    return g;
}

int64_t fv__norm_at(const fv_norm_dims *dims, int64_t i) {
    int64_t at = 0;
    for (int d = dims->count - 1; d >= 0; i /= dims->size[d--])
        at += i % dims->size[d] * dims->stride[d];
    return at;
}

double fv__norm_root(double variance, double epsilon, double *slope) {
    const double scale = 1 / sqrt(variance + epsilon);
    *slope = -scale / (2 * (variance + epsilon));
    return scale;
}

fv_status fv__norm_axis(fv_context *ctx, const fv_site *site, int64_t axis, int *out) {
    const int rank = site->in[0].rank;
    if (axis < -rank || axis >= rank)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: the axis must be between %d and %d where %d dimensions come in, not "
                        "%" PRId64,
                        site->op->name, -rank, rank - 1, rank, axis);
    *out = (int)(axis < 0 ? axis + rank : axis);
    if (*out == 0 && site->in_type[0].batched)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s cannot normalise along dimension 0: the first dimension is the batch; "
                        "take an axis from 1 on",
                        site->op->name);
    return FV_OK;
}

fv_status fv__norm_shape(fv_context *ctx, fv_site *site, const fv_norm_options *o,
                         const fv_shape *weights) {
    if (!(o->epsilon > 0) || isinf(o->epsilon))
        return fv__fail(ctx, FV_BAD_INPUT, "epsilon must be larger than 0, not %g", o->epsilon);
    site->out[0] = site->in[0];
    if (!o->affine) return FV_OK;
    fv__site_param(site, &(fv_param_spec){.name = "weight",
                                          .shape = *weights,
                                          .init = FV_INIT_ONE,
                                          .learned = true,
                                          .norm = true});
    fv__site_param(site, &(fv_param_spec){.name = "bias",
                                          .shape = *weights,
                                          .init = FV_INIT_ZERO,
                                          .learned = true,
                                          .norm = true,
                                          .bias = true});
    return FV_OK;
}

fv_status fv__norm_trains(fv_context *ctx, const fv_site *site, int64_t length) {
    if (length > 1) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s cannot be trained where it normalises one number alone, which always "
                    "becomes 0; let it stand before the maps shrink to a pixel",
                    site->op->name);
}
