/* SPDX-License-Identifier: MIT */
/*
 * split: x cut along one dimension; y_1 is the first part, y_2 the next one. The contrary of
 * concat.
 */
#include "op/axes.h"
#include "op/moves.h"

#include <inttypes.h>

typedef struct fv_split_options {
    int64_t parts, axis;
    fv_long_ints sizes;
} fv_split_options;

static const fv_field fields[] = {
    {"parts", "how many parts, all of one size but the last, which may be smaller", FV_INT,
     offsetof(fv_split_options, parts), "0", 0, FV_OP_OUTPUTS, FV_POSITIONAL, NULL, "num_outputs"},
    {"sizes", "or the size of each part", FV_INTS, offsetof(fv_split_options, sizes), NULL, 1, 1e15,
     FV_LONG, NULL, "split"},
    {"axis", "the dimension that is cut: 1, the channels", FV_INT, offsetof(fv_split_options, axis),
     "1", -FV_RANK_MAX, FV_RANK_MAX - 1, 0, NULL, "axis"},
    {0}};

/* The sizes of the parts of a dimension; they are checked against it elsewhere. */
static fv_status cut(fv_context *ctx, const fv_split_options *o, int64_t dim, int *parts,
                     int64_t size[FV_OP_OUTPUTS]) {
    int64_t left = dim;
    FV_TRY(fv__long_list(ctx, "sizes", &o->sizes));
    if (o->sizes.count > FV_OP_OUTPUTS)
        return fv__fail(ctx, FV_BAD_INPUT, "split gives at most %d parts, not %d", FV_OP_OUTPUTS,
                        o->sizes.count);
    if ((o->parts != 0) == (o->sizes.count != 0) || o->parts < 0 || o->parts > FV_OP_OUTPUTS)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "split needs the number of parts, from 1 to %d, or else their sizes",
                        FV_OP_OUTPUTS);
    *parts = o->parts > 0 ? (int)o->parts : o->sizes.count;
    const int64_t even = (dim - 1) / *parts + 1;
    for (int k = 0; k < *parts; k++) {
        size[k] = o->parts == 0 ? o->sizes.v[k] : left < even ? left : even;
        if (size[k] < 1 || size[k] > left)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "split cannot cut a dimension of %" PRId64 " into %d parts: part %d "
                            "would be %" PRId64 " of the %" PRId64 " that are left",
                            dim, *parts, k + 1, size[k], left);
        left -= size[k];
    }
    if (left > 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "split's sizes must add up to the dimension of %" PRId64 "; %" PRId64
                        " are left over",
                        dim, left);
    return FV_OK;
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_split_options *o = site->options;
    const fv_shape *in = &site->in[0];
    int64_t size[FV_OP_OUTPUTS];
    int axis = 0, parts = 0;
    FV_TRY(fv__move_shape(ctx, site));
    FV_TRY(fv__op_axis(ctx, o->axis, in->rank, &axis));
    FV_TRY(fv__not_batch(ctx, site, axis, "cut"));
    FV_TRY(cut(ctx, o, in->dim[axis], &parts, size));
    site->outputs = parts;
    for (int k = 0; k < parts; k++) {
        site->out[k] = *in;
        site->out[k].dim[axis] = size[k];
        site->out_type[k].dtype = site->in_type[0].dtype;
    }
    return FV_OK;
}

static int axis_of(const fv_pass *p) {
    const int64_t axis = ((const fv_split_options *)p->options)->axis;
    return (int)(axis < 0 ? axis + p->x[0].shape.rank : axis);
}

static void forward(const fv_pass *p) {
    const int axis = axis_of(p);
    int64_t first = 0;
    for (int k = 0; k < p->outputs; k++) {
        const fv_walk w = fv__walk_part(&p->y[k], &p->x[0], axis, first, 1);
        if (p->y[k].data != NULL)
            fv__walk_copy(&w, p->y[k].data, p->x[0].data, fv__dtype_bytes(p->y[k].dtype));
        first += p->y[k].shape.dim[axis];
    }
}

static void backward(const fv_pass *p) {
    const int axis = axis_of(p);
    int64_t first = 0;
    for (int k = 0; k < p->outputs && p->dx[0].data != NULL; k++) {
        const fv_walk w = fv__walk_part(&p->dy[k], &p->dx[0], axis, first, 1);
        if (p->dy[k].data != NULL)
            fv__walk_give_back(&w, p->dy[k].data, p->dx[0].data, p->dx[0].dtype);
        first += p->dy[k].shape.dim[axis];
    }
}

static const char *const samples[] = {"2 ; 2x4x3x2",
                                      "2 axis 2 ; 1x2x5x3",
                                      "sizes 1,3,2 ; 2x6x2",
                                      "sizes 1,2 axis -1 ; 3x2x2x3",
                                      "parts 3 axis 0 ; constant 7x2",
                                      "1 ; 3x4",
                                      "4 ; below 5 2x4",
                                      NULL};

const fv_op fv__op_split = {
    .name = "split",
    .help = "cuts a value along one dimension into several outputs",
    .about =
        "y_1 = the first part of x along `axis`, y_2 the next one, and so on: `split 2` makes\n"
        "halves of the channels, `split sizes 16,48` gives 16 and 48 of them. The first goes\n"
        "on, the others are read by name: `split 2 as cut - ...`, then `from cut.2`.\n"
        "Gradient: each part's dy in its place. As Split of ONNX (2017).",
    .onnx = "Split",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = FV_OP_OUTPUTS,
    .takes_first = FV_TAKES_ALL,
    .options_size = sizeof(fv_split_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward, forward},
    .backward = {backward, backward},
    .samples = samples,
};
