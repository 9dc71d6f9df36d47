/* SPDX-License-Identifier: MIT */
/*
 * concat: y = the channels of x_1, then those of x_2, and so on; every input gets its part of dy.
 * The join of Inception modules (Szegedy et al. 2015) and dense blocks (Huang et al. 2017). With
 * `axis` along another dimension.
 */
#include "op/concat.h"
#include "op/axes.h"
#include "op/moves.h"

#include <stdio.h>

static const fv_field fields[] = {
    {"axis", "the dimension along which they are joined: 1, the channels", FV_INT,
     offsetof(fv_concat_options, axis), "1", -FV_RANK_MAX, FV_RANK_MAX - 1, 0, NULL, "axis"},
    {0}};

/* Branch i, counted from 0, against branch 0. */
static fv_status differs(fv_context *ctx, const fv_site *site, int i, int axis) {
    char first[FV_SHAPE_TEXT], other[FV_SHAPE_TEXT], where[32];
    if (site->in_type[i].dtype != site->in_type[0].dtype)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "concat joins values of one type, but branch 1 gives %s and branch %d "
                        "gives %s",
                        fv__dtype_name(site->in_type[0].dtype), i + 1,
                        fv__dtype_name(site->in_type[i].dtype));
    (void)snprintf(where, sizeof where, axis == 1 ? "channels" : "dimension %d", axis);
    char *(*const text)(char *, const fv_shape *) = axis == 1 ? fv__shape_text : fv__dims_text;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "concat needs branches that differ in %s only, but branch 1 gives %s and "
                    "branch %d gives %s",
                    where, text(first, &site->in[0]), i + 1, text(other, &site->in[i]));
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const int64_t wish = ((const fv_concat_options *)site->options)->axis;
    int axis = 0;
    FV_TRY(fv__move_shape(ctx, site));
    if (site->in_type[0].batched && wish == 1 && site->in[0].rank < 2)
        return fv__fail(ctx, FV_BAD_INPUT, "concat joins maps or vectors, not single numbers");
    FV_TRY(fv__op_axis(ctx, wish, site->in[0].rank, &axis));
    FV_TRY(fv__not_batch(ctx, site, axis, "join along"));
    for (int i = 1; i < site->inputs; i++) {
        fv_shape same = site->in[i];
        same.dim[axis] = site->in[0].dim[axis];
        if (site->in_type[i].dtype != site->in_type[0].dtype ||
            !fv__shape_equal(&site->in[0], &same))
            return differs(ctx, site, i, axis);
        /* the inputs can be counted in memory, so sixteen of them fit into 64 bits */
        site->out[0].dim[axis] += site->in[i].dim[axis];
    }
    return fv__shape_fits(ctx, site);
}

static int axis_of(const fv_pass *p) {
    const int64_t axis = ((const fv_concat_options *)p->options)->axis;
    return (int)(axis < 0 ? axis + p->x[0].shape.rank : axis);
}

static void forward(const fv_pass *p) {
    const int axis = axis_of(p);
    int64_t first = 0;
    for (int i = 0; i < p->inputs; i++) {
        const fv_walk w = fv__walk_part(&p->x[i], &p->y[0], axis, first, 0);
        fv__walk_copy(&w, p->y[0].data, p->x[i].data, fv__dtype_bytes(p->y[0].dtype));
        first += p->x[i].shape.dim[axis];
    }
}

static void backward(const fv_pass *p) {
    const int axis = axis_of(p);
    int64_t first = 0;
    for (int i = 0; i < p->inputs; i++) {
        const fv_walk w = fv__walk_part(&p->dx[i], &p->dy[0], axis, first, 0);
        if (p->dx[i].data != NULL)
            fv__walk_give_back(&w, p->dy[0].data, p->dx[i].data, p->dx[i].dtype);
        first += p->x[i].shape.dim[axis];
    }
}

static const char *const samples[] = {"; 2x3x4x5, 2x2x4x5",
                                      "; 3x4, 3x1, 3x2",
                                      "; 1x2x3x3, 1x2x3x3",
                                      "; 2x16x3x2, 2x32x3x2",
                                      "axis -1 ; 2x2x3x2, 2x2x3x4",
                                      "axis 2 ; 1x2x3x4, 1x2x1x4, 1x2x2x4",
                                      "axis 0 ; constant 2x3, constant 1x3",
                                      "axis 1 ; below 8 2x3, below 8 2x2",
                                      NULL};

const fv_op fv__op_concat = {
    .name = "concat",
    .help = "the channels of all branches, one after the other",
    .about = "y = the channels of x_1, then those of x_2, and so on; with `axis` along another\n"
             "dimension than 1. Gradient: every branch gets its part of dy.\n"
             "Szegedy et al. 2015, \"Going deeper with convolutions\"; Huang, Liu,\n"
             "van der Maaten & Weinberger 2017, \"Densely connected convolutional networks\".",
    .onnx = "Concat",
    .inputs_min = 2,
    .inputs_max = FV_OP_MANY,
    .traits = FV_VARIADIC | FV_JOIN,
    .takes_first = FV_TAKES_ALL,
    .takes_others = FV_TAKES_ALL,
    .options_size = sizeof(fv_concat_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward, forward},
    .backward = {backward, backward},
    .samples = samples,
};
