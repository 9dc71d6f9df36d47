/* SPDX-License-Identifier: MIT */
/*
 * dims: y = the dimensions of x, the batch first, as whole numbers; or some of them. y is one and
 * the same for all samples.
 */
#include "op/shapes.h"

#define ALL 0xffffffffu

typedef struct fv_dims_options {
    int64_t start, end;
} fv_dims_options;

static const fv_field fields[] = {
    {"start", "the first dimension to give; negative: counted from the end", FV_INT,
     offsetof(fv_dims_options, start), "0", -FV_RANK_MAX, FV_RANK_MAX, 0, NULL, "start"},
    {"end", "the one after the last; negative: counted from the end", FV_INT,
     offsetof(fv_dims_options, end), "8", -FV_RANK_MAX, FV_RANK_MAX, 0, NULL, "end"},
    {0}};

/* As a slice of Python: what lies outside is left out. */
static int64_t inside(int64_t at, int rank) {
    if (at < -rank) return 0;
    if (at < 0) return at + rank;
    return at < rank ? at : rank;
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_dims_options *o = site->options;
    FV_TRY(fv__shape_inputs(ctx, site));
    const int rank = site->in[0].rank;
    const int64_t count = inside(o->end, rank) - inside(o->start, rank);
    if (count < 1)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "there are %d dimensions, and none lies between start and end", rank);
    for (int d = 0; d < rank; d++)
        if (site->in[0].dim[d] > INT32_MAX)
            return fv__fail(ctx, FV_BAD_INPUT, "dims counts up to 2,147,483,647");
    site->out[0] = fv__shape1(count);
    site->out_type[0] = (fv_type){FV_I32, false};
    return FV_OK;
}

static void forward(const fv_pass *p) {
    const fv_dims_options *o = p->options;
    const fv_shape *x = &p->x[0].shape;
    int32_t *y = p->y[0].data;
    for (int64_t d = inside(o->start, x->rank); d < inside(o->end, x->rank); d++)
        *y++ = (int32_t)x->dim[d];
}

static const char *const samples[] = {
    "; 1x3x4",        "start 1 ; 1x2x5x3", "start -2 end -1 ; 1x7x2",
    "; constant 4x3", "end 1 ; bool 1x5",  NULL};

const fv_op fv__op_dims = {
    .name = "dims",
    .help = "the dimensions of a value, as whole numbers",
    .about = "y = the dimensions of x from `start` up to, not including, `end`, the batch first.\n"
             "y is one and the same for all samples. Has no gradient.\n"
             "ONNX operator set 15, 2021.",
    .onnx = "Shape",
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_first = ALL,
    .options_size = sizeof(fv_dims_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward, forward},
    .samples = samples,
};
