/* SPDX-License-Identifier: MIT */
/*
 * gather: parts of x along one dimension, those that the indices name, in their order.
 */
#include "op/gather.h"

#include <inttypes.h>
#include <math.h>

typedef struct fv_gather_options {
    int64_t axis;
    fv_long_ints indices;
} fv_gather_options;

static const fv_field fields[] = {
    {"indices", "which places, where no second input says it; negative: from the end", FV_INTS,
     offsetof(fv_gather_options, indices), NULL, -1e15, 1e15, FV_POSITIONAL | FV_LONG, NULL, NULL},
    {"axis", "the dimension that is gathered from; 1: channels", FV_INT,
     offsetof(fv_gather_options, axis), "0", -FV_RANK_MAX, FV_RANK_MAX - 1, 0, NULL, "axis"},
    {0}};

int64_t fv__index_at(const fv_tensor *indices, int64_t i, int64_t places) {
    const int64_t v = indices->dtype == FV_I32 ? ((const int32_t *)indices->data)[i]
                                               : ((const int64_t *)indices->data)[i];
    if (v < -places || v >= places) return -1;
    return v < 0 ? v + places : v;
}

/* The options' own list as a tensor. */
static fv_tensor listed(const fv_long_ints *list) {
    return fv__tensor((void *)(uintptr_t)list->v, FV_I64, fv__shape1(list->count));
}

/* Index by index: the part of x that it names, and where the part lies in y. */
static void each(const fv_tensor *x, const fv_tensor *indices, int axis, const fv_tensor *y,
                 bool back) {
    int64_t in[FV_RANK_MAX], out[FV_RANK_MAX];
    const int more = indices->shape.rank - 1; /* dimensions that y has more than x */
    fv_walk at = fv__walk_over(&indices->shape), part = fv__walk_over(&x->shape);
    fv__strides(x, in);
    fv__strides(y, out);
    fv__walk_aligned(&at, 0, indices);
    for (int d = 0; d < at.rank; d++) at.stride[1][d] = out[axis + d];
    part.dim[axis] = 1;
    for (int d = 0; d < part.rank; d++) {
        part.stride[0][d] = d < axis ? out[d] : d > axis ? out[d + more] : 0;
        part.stride[1][d] = in[d];
    }
    for (bool row = fv__walk_begin(&at); row; row = fv__walk_next(&at))
        for (int64_t i = 0; i < at.row; i++) {
            const int64_t v = fv__index_at(indices, at.at[0] + i * at.by[0], x->shape.dim[axis]);
            part.start[0] = at.at[1] + i * at.by[1];
            part.start[1] = v * in[axis];
            if (back && v >= 0)
                fv__walk_give_back(&part, y->data, x->data, x->dtype);
            else if (!back && v >= 0)
                fv__walk_copy(&part, y->data, x->data, fv__dtype_bytes(y->dtype));
            else if (!back)
                fv__walk_fill(&part, y, (double)NAN);
        }
}

void fv__gather(const fv_tensor *x, const fv_tensor *indices, int axis, const fv_tensor *y) {
    each(x, indices, axis, y, false);
}

void fv__gather_back(const fv_tensor *dx, const fv_tensor *indices, int axis, const fv_tensor *dy) {
    if (dx->data != NULL && dy->data != NULL) each(dx, indices, axis, dy, true);
}

/* Batched x takes constant indices along another dimension than the batch; batched indices look up
   in a constant, along its first one. */
static fv_status check_batch(fv_context *ctx, const fv_site *site, int axis) {
    const bool batched = site->inputs > 1 && site->in_type[1].batched;
    FV_TRY(fv__not_batch(ctx, site, axis, "gather from"));
    if (batched && site->in_type[0].batched)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "gather takes the same places of all samples, so its indices must be a "
                        "constant; gatherelements takes other ones of each");
    if (batched && axis != 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "indices of the batch look up along dimension 0 of a constant, not %d: the "
                        "batch comes first in what is gathered",
                        axis);
    return FV_OK;
}

/* Places that the options name can be checked here. */
static fv_status check_list(fv_context *ctx, const fv_site *site, int axis) {
    const fv_long_ints *list = &((const fv_gather_options *)site->options)->indices;
    const int64_t places = site->in[0].dim[axis];
    FV_TRY(fv__long_list(ctx, "indices", list));
    if ((site->inputs == 1) != (list->count > 0))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "gather needs indices, listed or as a second input, and not both");
    for (int i = 0; i < list->count; i++)
        if (list->v[i] < -places || list->v[i] >= places)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "gather cannot take place %" PRId64
                            " of dimension %d, which has %" PRId64,
                            list->v[i], axis, places);
    return FV_OK;
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_gather_options *o = site->options;
    const fv_shape *in = &site->in[0], list = fv__shape1(o->indices.count);
    int axis = 0;
    FV_TRY(fv__move_shape(ctx, site));
    FV_TRY(fv__op_axis(ctx, o->axis, in->rank, &axis));
    FV_TRY(check_batch(ctx, site, axis));
    FV_TRY(check_list(ctx, site, axis));
    const fv_shape *indices = site->inputs > 1 ? &site->in[1] : &list;
    fv_shape out = {.rank = in->rank - 1 + indices->rank};
    if (out.rank > FV_RANK_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "gather would give %d dimensions; %d are the most",
                        out.rank, FV_RANK_MAX);
    for (int d = 0; d < axis; d++) out.dim[d] = in->dim[d];
    for (int d = 0; d < indices->rank; d++) out.dim[axis + d] = indices->dim[d];
    for (int d = axis + 1; d < in->rank; d++) out.dim[indices->rank - 1 + d] = in->dim[d];
    site->out[0] = out;
    return fv__shape_fits(ctx, site);
}

static int axis_of(const fv_pass *p) {
    const int64_t axis = ((const fv_gather_options *)p->options)->axis;
    return (int)(axis < 0 ? axis + p->x[0].shape.rank : axis);
}

static void forward(const fv_pass *p) {
    const fv_tensor list = listed(&((const fv_gather_options *)p->options)->indices);
    fv__gather(&p->x[0], p->inputs > 1 ? &p->x[1] : &list, axis_of(p), &p->y[0]);
}

static void backward(const fv_pass *p) {
    const fv_tensor list = listed(&((const fv_gather_options *)p->options)->indices);
    fv__gather_back(&p->dx[0], p->inputs > 1 ? &p->x[1] : &list, axis_of(p), &p->dy[0]);
}

static const char *const samples[] = {"2,0,0,-1 axis 1 ; 2x3x2x2",
                                      "axis 1 ; 2x4x3, constant below 4 2x3",
                                      "axis -1 ; 1x2x5, constant below 5 4",
                                      "1 axis 2 ; 2x2x3",
                                      "; constant 5x3, below 5 4",
                                      "; constant 6x2x2, below 6 3x2",
                                      "axis 1 ; constant 2x4, constant below 4 2x2",
                                      "axis 1 ; below 7 2x3, constant below 3 2",
                                      NULL};

const fv_op fv__op_gather = {
    .name = "gather",
    .help = "those parts along one dimension that indices name",
    .about =
        "y[a,i,b] = x[a, indices[i], b], where a and b stand for the dimensions before and\n"
        "behind `axis`: `gather 2,0 axis 1` takes channels 2 and 0. Negative indices count\n"
        "from the end. As a second input, indices of any shape; those of the batch look up in\n"
        "a constant. One that names no place gives NaN. Gradient: dy added where it came from.\n"
        "As Gather of ONNX (2017).",
    .onnx = "Gather",
    .inputs_min = 1,
    .inputs_max = 2,
    .traits = FV_MIXES | FV_KEEP_X,
    .takes_first = FV_TAKES_ALL,
    .takes_others = FV_TAKES_INDICES,
    .options_size = sizeof(fv_gather_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward, forward},
    .backward = {backward, backward},
    .samples = samples,
};
