/* SPDX-License-Identifier: MIT */
/*
 * slice: y[i] = x[start + step i] along each of the dimensions named, up to, not including, end.
 */
#include "op/slice.h"
#include "op/axes.h"
#include "op/moves.h"

#include <inttypes.h>

#define AT(field) offsetof(fv_slice_options, field)
static const fv_field fields[] = {
    {"starts", "where each dimension begins; negative: from its end", FV_INTS, AT(starts), NULL,
     -1e15, 1e15, FV_POSITIONAL | FV_REQUIRED, NULL, "starts"},
    {"ends", "where it ends, without that place; as large as one likes: to the end", FV_INTS,
     AT(ends), NULL, -1e15, 1e15, FV_POSITIONAL | FV_REQUIRED, NULL, "ends"},
    {"axes", "which dimensions these are; otherwise the first ones", FV_INTS, AT(axes), NULL,
     -FV_RANK_MAX, FV_RANK_MAX - 1, FV_POSITIONAL, NULL, "axes"},
    {"steps", "every so many places one is taken; negative: backwards; otherwise 1", FV_INTS,
     AT(steps), NULL, -1e15, 1e15, 0, NULL, "steps"},
    {0}};

/* What is taken of one dimension. */
typedef struct range {
    int64_t start, step, count;
} range;

static int64_t clamp(int64_t v, int64_t low, int64_t high) {
    return v < low ? low : v > high ? high : v;
}

/* As ONNX and Python: counted from the end where negative, then held within the dimension. */
static range range_of(int64_t start, int64_t end, int64_t step, int64_t dim) {
    const bool back = step < 0;
    const int64_t low = back ? -1 : 0, high = back ? dim - 1 : dim;
    const int64_t from = clamp(start < 0 ? start + dim : start, back ? 0 : low, high);
    const int64_t to = clamp(end < 0 ? end + dim : end, low, high);
    const int64_t span = back ? from - to : to - from;
    const int64_t by = step > INT32_MIN ? (back ? -step : step) : INT32_MAX; /* no overflow */
    return (range){from, step, span > 0 ? (span - 1) / by + 1 : 0};
}

int64_t fv__slice_count(int64_t start, int64_t end, int64_t step, int64_t dim) {
    return range_of(start, end, step, dim).count;
}

/* The ranges of all dimensions; the options were checked. */
static void ranges(const fv_slice_options *o, const fv_shape *in, range out[FV_RANK_MAX]) {
    for (int d = 0; d < in->rank; d++) out[d] = (range){0, 1, in->dim[d]};
    for (int i = 0; i < o->starts.count; i++) {
        const int64_t axis = o->axes.count > 0 ? o->axes.v[i] : i;
        const int d = (int)(axis < 0 ? axis + in->rank : axis);
        out[d] = range_of(o->starts.v[i], o->ends.v[i], o->steps.count > 0 ? o->steps.v[i] : 1,
                          in->dim[d]);
    }
}

static fv_status check(fv_context *ctx, const fv_site *site, const fv_slice_options *o) {
    const int rank = site->in[0].rank, n = o->starts.count;
    int axes[FV_RANK_MAX], count = 0;
    FV_TRY(fv__op_axes(ctx, &o->axes, rank, axes, &count));
    if (n < 1 || n > rank || o->ends.count != n || (count != 0 && count != n) ||
        (o->steps.count != 0 && o->steps.count != n))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "slice needs a start and an end for each dimension it cuts, and an axis "
                        "and a step for each or for none: %d starts, %d ends, %d axes and %d steps "
                        "are given for %d dimensions",
                        n, o->ends.count, count, o->steps.count, rank);
    for (int i = 0; i < n; i++) {
        const int64_t step = o->steps.count > 0 ? o->steps.v[i] : 1;
        const bool whole = o->starts.v[i] == 0 && o->ends.v[i] >= INT32_MAX && step == 1;
        if (step == 0) return fv__fail(ctx, FV_BAD_INPUT, "slice takes no steps of 0");
        if (!whole) FV_TRY(fv__not_batch(ctx, site, count > 0 ? axes[i] : i, "cut"));
    }
    return FV_OK;
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    range part[FV_RANK_MAX];
    FV_TRY(fv__move_shape(ctx, site));
    FV_TRY(check(ctx, site, site->options));
    ranges(site->options, &site->in[0], part);
    for (int d = 0; d < site->in[0].rank; d++) {
        if (part[d].count < 1)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "slice leaves nothing of dimension %d, which is %" PRId64, d,
                            site->in[0].dim[d]);
        site->out[0].dim[d] = part[d].count;
    }
    return FV_OK;
}

fv_walk fv__slice_pairs(const void *options, const fv_tensor *x, const fv_tensor *y) {
    int64_t stride[FV_RANK_MAX];
    range part[FV_RANK_MAX];
    fv_walk w = fv__walk_over(&y->shape);
    fv__walk_aligned(&w, 0, y);
    fv__strides(x, stride);
    ranges(options, &x->shape, part);
    for (int d = 0; d < w.rank; d++) {
        w.start[1] += part[d].start * stride[d];
        w.stride[1][d] = part[d].count > 1 ? part[d].step * stride[d] : 0;
    }
    return w;
}

static void forward(const fv_pass *p) {
    fv__move(p, fv__slice_pairs);
}

static void backward(const fv_pass *p) {
    fv__move_back(p, fv__slice_pairs);
}

static const char *const samples[] = {"0 3 1 steps 2 ; 2x4x3x2",
                                      "1 3 1 ; 2x4x3x2",
                                      "0,-2 4,9999 2,3 steps 2,1 ; 1x2x5x4",
                                      "-1 -9999 -1 steps -2 ; 2x3x6",
                                      "2,1 3,0 1,2 steps 1,-1 ; 3x4x3",
                                      "0,0,1 4000000000,2,3 ; 2x3x4",
                                      "1 3 ; constant 4x3",
                                      "1 3 1 ; below 5 2x4",
                                      NULL};

const fv_op fv__op_slice = {
    .name = "slice",
    .help = "a part of a value, from start to end along some dimensions",
    .about = "y[i] = x[start + step*i] along each dimension named, up to, not including, end.\n"
             "Negative starts and ends count from the end; those beyond the dimension are held\n"
             "within it. `slice 0 16 1` takes the first 16 channels, `slice -1 -99999 3 steps -1`\n"
             "turns a map round. Gradient: dy where it came from, elsewhere 0.\n"
             "As Slice of ONNX (2017).",
    .onnx = "Slice",
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_first = FV_TAKES_ALL,
    .options_size = sizeof(fv_slice_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward, forward},
    .backward = {backward, backward},
    .samples = samples,
};
