/* SPDX-License-Identifier: MIT */
/*
 * boxes.c - what boxdecode and boxencode share: their shape rule, the way to an anchor.
 */
#include "op/boxes.h"
#include "op/shapes.h"

fv_status fv__boxes_shape(fv_context *ctx, fv_site *site) {
    const fv_boxes_options *o = site->options;
    const fv_shape *x = &site->in[0], *anchors = &site->in[1];
    const char *who = site->op->name;
    char mine[FV_SHAPE_TEXT], theirs[FV_SHAPE_TEXT];
    FV_TRY(fv__shape_inputs(ctx, site));
    if (o->variances.count != 1 && o->variances.count != 4)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "variances are 4 numbers, of x, y, width, height, or one for all, not %d",
                        o->variances.count);
    if (x->rank != 3 || x->dim[2] != 4)
        return fv__fail(ctx, FV_BAD_INPUT, "%s reads A boxes of 4 numbers a sample, not %s", who,
                        fv__dims_text(mine, x));
    const bool alone = anchors->rank == 2 && !site->in_type[1].batched;
    const bool one = anchors->rank == 3 && anchors->dim[0] == 1 && !site->in_type[1].batched;
    const bool own = anchors->rank == 3 && anchors->dim[0] == x->dim[0] &&
                     site->in_type[1].batched == site->in_type[0].batched;
    if (!(alone || one || own) || anchors->dim[anchors->rank - 2] != x->dim[1] ||
        anchors->dim[anchors->rank - 1] != 4)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s needs an anchor of 4 numbers for each of the %lld boxes of %s: a "
                        "constant [A,4], or [N,A,4] of each sample's own, not %s",
                        who, (long long)x->dim[1], fv__dims_text(mine, x),
                        fv__dims_text(theirs, anchors));
    site->out[0] = *x;
    site->out_type[0].batched = site->in_type[0].batched;
    return fv__shape_fits(ctx, site);
}

void *fv__boxes_anchor(const fv_tensor *anchors, int64_t n, int64_t a) {
    if (anchors->data == NULL) return NULL;
    const int64_t samples = anchors->shape.dim[0];
    const int64_t at = anchors->shape.rank == 2 ? a * anchors->step
                                                : (samples == 1 ? 0 : n) * anchors->step + 4 * a;
    return (char *)anchors->data + (size_t)at * fv__dtype_bytes(anchors->dtype);
}
