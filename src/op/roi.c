/* SPDX-License-Identifier: MIT */
/*
 * roi.c - what operators share that read regions of maps.
 */
#include "op/roi.h"
#include "op/shapes.h"

#include <math.h>

static bool is_real(fv_dtype dtype) {
    return dtype == FV_F32 || dtype == FV_F64;
}

static fv_status check_options(fv_context *ctx, const fv_site *site) {
    const fv_roi_options *o = site->options;
    if (o->size.h < 1 || o->size.w < 1)
        return fv__fail(ctx, FV_BAD_INPUT, "%s makes regions of at least 1x1 pixels",
                        site->op->name);
    if (!isfinite(o->scale)) return fv__fail(ctx, FV_BAD_INPUT, "scale must be a finite number");
    return FV_OK;
}

/* Maps, regions [R,4] and the numbers of their maps. */
static fv_status check_numbered(fv_context *ctx, const fv_site *site) {
    const fv_shape *regions = &site->in[1], *images = &site->in[2];
    char text[FV_SHAPE_TEXT], other[FV_SHAPE_TEXT];
    if (site->in_type[0].batched)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the first dimension is the batch, and a sample cannot read another's "
                        "maps; give %s regions [N,R,4], so many for every sample, and no third "
                        "input",
                        site->op->name);
    if (is_real(site->in_type[2].dtype))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s needs whole numbers as input 3, the map of each region, not %s values",
                        site->op->name, fv__dtype_name(site->in_type[2].dtype));
    if (regions->rank != 2 || regions->dim[1] != 4 || images->rank != 1 ||
        images->dim[0] != regions->dim[0])
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s needs regions of R x 4 numbers and R numbers of maps, not %s and %s",
                        site->op->name, fv__dims_text(text, regions), fv__dims_text(other, images));
    return FV_OK;
}

static fv_status check_regions(fv_context *ctx, const fv_site *site) {
    const fv_shape *regions = &site->in[1];
    char text[FV_SHAPE_TEXT];
    if (regions->rank == 3 && regions->dim[0] == site->in[0].dim[0] && regions->dim[2] == 4)
        return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s needs R regions of 4 numbers, x1 y1 x2 y2, for each of the %lld samples, "
                    "not %s",
                    site->op->name, (long long)site->in[0].dim[0], fv__dims_text(text, regions));
}

fv_status fv__roi_shape(fv_context *ctx, fv_site *site, bool whole) {
    const fv_roi_options *o = site->options;
    FV_TRY(fv__shape_maps(ctx, site, site->op->name));
    FV_TRY(check_options(ctx, site));
    if (!whole && !is_real(site->in_type[1].dtype))
        return fv__fail(ctx, FV_BAD_INPUT, "%s reads regions of real numbers, not %s values",
                        site->op->name, fv__dtype_name(site->in_type[1].dtype));
    const fv_shape *x = &site->in[0], *regions = &site->in[1];
    if (site->inputs == 3) {
        FV_TRY(check_numbered(ctx, site));
        site->out[0] = fv__shape4(regions->dim[0], x->dim[1], o->size.h, o->size.w);
    } else {
        FV_TRY(check_regions(ctx, site));
        site->out[0] = (fv_shape){5, {x->dim[0], regions->dim[1], x->dim[1], o->size.h, o->size.w}};
    }
    return fv__shape_fits(ctx, site);
}

static double number_at(const fv_tensor *t, int64_t n, int64_t i) {
    const void *at = fv__sample(t, n);
    switch (t->dtype) {
    case FV_F32:
        return (double)((const float *)at)[i];
    case FV_F64:
        return ((const double *)at)[i];
    case FV_I64:
        return (double)((const int64_t *)at)[i];
    default:
        return (double)((const int32_t *)at)[i];
    }
}

int64_t fv__roi_each(const fv_pass *p) {
    return p->inputs == 3 ? 1 : p->x[1].shape.dim[1];
}

fv_roi fv__roi_at(const fv_pass *p, int64_t n, int64_t k) {
    fv_roi roi = {.image = n};
    for (int i = 0; i < 4; i++) roi.box[i] = number_at(&p->x[1], n, 4 * k + i);
    if (p->inputs == 3) {
        const double image = number_at(&p->x[2], n, 0);
        const bool there = image >= 0 && image < (double)p->x[0].shape.dim[0];
        roi.image = there ? (int64_t)image : -1;
    }
    return roi;
}
