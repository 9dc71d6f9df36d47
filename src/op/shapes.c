/* SPDX-License-Identifier: MIT */
/*
 * shapes.c - what several operators share: shape rules, checks with their sentences, branch counts.
 */
#include "op/shapes.h"

#include <inttypes.h>

/* So many elements that their bytes, as doubles, no longer fit the address space, cannot be had. */
#define COUNT_MAX (PTRDIFF_MAX / 8)

static bool countable(const fv_shape *s) {
    int64_t count = fv__shape_count(s);
    return count >= 1 && count <= COUNT_MAX;
}

fv_status fv__shape_inputs(fv_context *ctx, fv_site *site) {
    char dims[FV_SHAPE_TEXT];
    site->params = site->saved = 0;
    site->misfit[0] = site->misfit[1] = (fv_misfit){0};
    for (int i = 0; i < site->inputs; i++) {
        const fv_shape *s = &site->in[i];
        const int least = site->in_type[i].batched ? 1 : 0; /* a constant may be one number */
        if (s->rank < least || s->rank > FV_RANK_MAX)
            return fv__fail(ctx, FV_BAD_INPUT, "an input must have 1 to %d dimensions, not %d",
                            FV_RANK_MAX, s->rank);
        for (int d = 0; d < s->rank; d++)
            if (s->dim[d] < 1)
                return fv__fail(ctx, FV_BAD_INPUT,
                                "an input has a dimension of %" PRId64 "; the least is 1",
                                s->dim[d]);
        if (!countable(s))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "an input of %s numbers is too large for this machine's addresses",
                            fv__dims_text(dims, s));
    }
    return FV_OK;
}

fv_status fv__shape_maps(fv_context *ctx, fv_site *site, const char *who) {
    char text[FV_SHAPE_TEXT];
    FV_TRY(fv__shape_inputs(ctx, site));
    if (site->in[0].rank == 4) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s reads maps with height and width, but a vector %s flows in; it must stand "
                    "before fc, flatten and the like",
                    who, fv__shape_text(text, &site->in[0]));
}

fv_status fv__shape_labels(fv_context *ctx, fv_site *site, const char *who, bool maps) {
    char text[FV_SHAPE_TEXT];
    FV_TRY(fv__shape_inputs(ctx, site));
    const fv_shape *x = &site->in[0], *labels = &site->in[1];
    if (x->rank < 2 || (!maps && fv__shape_sample(x) != x->dim[1]))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s reads one number per class, but %s flows in; end with fc or with "
                        "globalavgpool",
                        who, fv__shape_text(text, x));
    if (x->dim[1] > INT32_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "%s counts at most 2,147,483,647 classes", who);
    const fv_shape wanted = fv__labels_shape(x);
    if (!fv__shape_equal(labels, &wanted))
        return fv__fail(
            ctx, FV_BAD_INPUT,
            "%s needs one label per %s: a batch of %" PRId64 " came with labels of the shape %s",
            who, wanted.rank == 1 ? "sample" : "pixel", x->dim[0], fv__dims_text(text, labels));
    return FV_OK;
}

fv_shape fv__labels_shape(const fv_shape *x) {
    fv_shape labels = fv__shape1(x->dim[0]);
    if (fv__shape_sample(x) == x->dim[1]) return labels;
    for (int d = 2; d < x->rank; d++) labels.dim[labels.rank++] = x->dim[d];
    return labels;
}

fv_target_kind fv__labels_target(const void *options, const fv_shape *x, fv_shape *shape,
                                 fv_dtype *dtype) {
    (void)options;
    *shape = fv__labels_shape(x);
    *dtype = FV_I32;
    return shape->rank == 1 ? FV_TARGET_CLASS : FV_TARGET_MAP;
}

/* The sentence for an input of a type that an operator has no loops for. */
static fv_status refuse_type(fv_context *ctx, const fv_op *op, int input, fv_dtype dtype) {
    if (op->inputs_max == 1)
        return fv__fail(ctx, FV_BAD_INPUT, "%s does not compute with %s values", op->name,
                        fv__dtype_name(dtype));
    return fv__fail(ctx, FV_BAD_INPUT, "%s does not take %s values as input %d", op->name,
                    fv__dtype_name(dtype), input + 1);
}

fv_status fv__op_shape(fv_context *ctx, const fv_op *op, fv_site *site) {
    const unsigned reals = FV_TAKES(FV_F32) | FV_TAKES(FV_F64);
    bool batched = false;
    site->op = op;
    for (int i = 0; i < site->inputs; i++) {
        const fv_type *t = &site->in_type[i];
        const unsigned takes = i == 0 ? op->takes_first : op->takes_others;
        if (!((takes ? takes : reals) & FV_TAKES(t->dtype)))
            return refuse_type(ctx, op, i, t->dtype);
        if (t->batched != site->in_type[0].batched && !(op->traits & FV_MIXES))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s cannot join values of the batch with a constant that is one and "
                            "the same for all samples",
                            op->name);
        batched = batched || t->batched;
    }
    site->outputs = 1;
    for (int o = 0; o < fv__op_outputs(op); o++) site->out_type[o] = (fv_type){FV_F32, batched};
    return op->shape(ctx, site);
}

fv_status fv__shape_fits(fv_context *ctx, const fv_site *site) {
    char dims[FV_SHAPE_TEXT];
    for (int o = 0; o < site->outputs; o++)
        if (!countable(&site->out[o]))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "the output of %s numbers is too large for this machine's addresses",
                            fv__dims_text(dims, &site->out[o]));
    for (int i = 0; i < site->params; i++)
        if (!countable(&site->param[i].shape))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s of %s numbers is too large for this machine's addresses",
                            site->param[i].name, fv__dims_text(dims, &site->param[i].shape));
    return FV_OK;
}

fv_status fv__shape_same(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_inputs(ctx, site));
    site->out[0] = site->in[0];
    return FV_OK;
}

void fv__site_param(fv_site *site, const fv_param_spec *spec) {
    site->param[site->params++] = *spec;
}

void fv__site_saved(fv_site *site, fv_dtype dtype, fv_shape shape) {
    site->saved_dtype[site->saved] = dtype;
    site->saved_shape[site->saved++] = shape;
}

void fv__cost_nothing(fv_cost *cost) {
    *cost = (fv_cost){.kernel_h = 1, .kernel_w = 1, .stride_h = 1, .stride_w = 1};
}

void fv__cost_windows(fv_cost *cost, const fv_window window[2]) {
    *cost = (fv_cost){.kernel_h = window[0].dilation * (window[0].kernel - 1) + 1,
                      .kernel_w = window[1].dilation * (window[1].kernel - 1) + 1,
                      .stride_h = window[0].stride,
                      .stride_w = window[1].stride,
                      .pad_top = window[0].before,
                      .pad_left = window[1].before};
}

static bool has_bias(const fv_site *site) {
    for (int i = 0; i < site->params; i++)
        if (site->param[i].bias) return true;
    return false;
}

void fv__op_cost(const fv_site *site, fv_cost *cost) {
    fv__cost_nothing(cost);
    if (site->op->cost) site->op->cost(site, cost);
    if (cost->connections != 0 || cost->macs == 0) return;
    cost->connections = cost->macs;
    if (has_bias(site)) fv__cost_connect(cost, 1, fv__shape_sample(&site->out[0]));
}

void fv__cost_connect(fv_cost *cost, int64_t inputs, int64_t units) {
    int64_t count;
    if (!fv__mul_i64(inputs, units, &count) ||
        __builtin_add_overflow(cost->connections, count, &cost->connections))
        cost->connections = INT64_MAX;
}

static int sign_of(double v) {
    return v > 0 ? 2 : v < 0 ? 1 : 0;
}

uint64_t fv__branches_at(const fv_pass *pass, double one, double other) {
    uint64_t hash = FV_BRANCHES_START;
    for (int64_t n = 0; n < fv__samples(&pass->x[0]); n++) {
        const double *x = fv__sample(&pass->x[0], n);
        for (int64_t i = 0; i < fv__shape_sample(&pass->x[0].shape); i++)
            hash = fv__branches_add(hash, 3 * sign_of(x[i] - one) + sign_of(x[i] - other));
    }
    return hash;
}

uint64_t fv__branches_sign(const fv_pass *pass) {
    return fv__branches_at(pass, 0, 0);
}

fv_status fv__shape_sequence(fv_context *ctx, const fv_site *site, fv_size kernel, fv_size stride,
                             fv_size dilation, const fv_pad *pad) {
    const struct {
        const char *name;
        fv_size size;
    } sizes[] = {{"kernel", kernel}, {"stride", stride}, {"dilation", dilation}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i].size.h != 1 && sizes[i].size.h != sizes[i].size.w)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s reads a sequence here, which has a width and no height: write its "
                            "%s as 3 or 1x3, not %" PRId64 "x%" PRId64,
                            site->op->name, sizes[i].name, sizes[i].size.h, sizes[i].size.w);
    if (pad->mode == FV_PAD_SIDES && ((pad->top != 0 && pad->top != pad->left) ||
                                      (pad->bottom != 0 && pad->bottom != pad->right)))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s reads a sequence here, which has a width and no height: write its pad "
                        "as 1, 0x1 or 0,1,0,2, without rows above and below",
                        site->op->name);
    return FV_OK;
}
