/* SPDX-License-Identifier: MIT */
/*
 * pad: a border around x, of one number, of its edge repeated, of x mirrored at its edge, or of its
 * other end. Along each dimension a padded value is up to three pieces, each of which is a run
 * through x: forwards, backwards (mirrored) or standing still (edge). y is all their combinations.
 */
#include "op/axes.h"
#include "op/moves.h"
#include "op/pad.h"

#include <inttypes.h>

typedef enum pad_mode { CONSTANT, REFLECT, EDGE, WRAP } pad_mode;

typedef struct fv_pad_options {
    fv_ints pads, axes;
    int mode;
    double value;
} fv_pad_options;

static const char *const modes[] = {"constant", "reflect", "edge", "wrap", NULL};

#define AT(field) offsetof(fv_pad_options, field)
static const fv_field fields[] = {
    {"pads", "what is added before each dimension, then behind each; negative: cut off", FV_INTS,
     AT(pads), NULL, -1e9, 1e9, FV_POSITIONAL | FV_REQUIRED, NULL, "pads"},
    {"axes", "which dimensions these are (2,3: rows and columns); otherwise all of them", FV_INTS,
     AT(axes), NULL, -FV_RANK_MAX, FV_RANK_MAX - 1, 0, NULL, "axes"},
    {"mode", "what the border holds", FV_CHOICE, AT(mode), "constant", 0, 0, 0, modes, "mode"},
    {"value", "of a constant border", FV_REAL, AT(value), "0", -1e30, 1e30, 0, NULL, "value"},
    {0}};

/* What is added before and behind each dimension; the options were checked. */
static void borders(const fv_pad_options *o, int rank, int64_t before[FV_RANK_MAX],
                    int64_t after[FV_RANK_MAX]) {
    const int n = o->pads.count / 2;
    for (int d = 0; d < rank; d++) before[d] = after[d] = 0;
    for (int i = 0; i < n; i++) {
        const int64_t axis = o->axes.count > 0 ? o->axes.v[i] : i;
        const int64_t d = axis < 0 ? axis + rank : axis;
        before[d] = o->pads.v[i];
        after[d] = o->pads.v[n + i];
    }
}

bool fv__pad_of_zeros(const void *options, int rank, fv_pad *pad) {
    const fv_pad_options *o = options;
    int64_t before[FV_RANK_MAX], after[FV_RANK_MAX];
    if (o->mode != CONSTANT || o->value != 0 || rank < 3 || rank > 4) return false;
    borders(o, rank, before, after);
    for (int d = 0; d < rank; d++) {
        const bool pixels = d >= 2;
        if (before[d] < 0 || after[d] < 0) return false;
        if (!pixels && (before[d] > 0 || after[d] > 0)) return false;
    }
    *pad = (fv_pad){.left = before[rank - 1], .right = after[rank - 1]};
    if (rank == 4) pad->top = before[2], pad->bottom = after[2];
    return true;
}

/* A dimension of `in` with its border: how much of x is left, or a sentence. */
static fv_status check(fv_context *ctx, int mode, int d, int64_t in, int64_t before,
                       int64_t after) {
    const int64_t left = in + (before < 0 ? before : 0) + (after < 0 ? after : 0);
    const int64_t most = before > after ? before : after;
    const int64_t may = mode == REFLECT ? left - 1 : left;
    if (left < 1)
        return fv__fail(ctx, FV_BAD_INPUT, "pad cuts off all of dimension %d, which is %" PRId64, d,
                        in);
    if ((mode == REFLECT || mode == WRAP) && most > may)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "with mode %s a border is at most %" PRId64
                        " where dimension %d is %" PRId64 ", not %" PRId64,
                        modes[mode], may, d, in, most);
    return FV_OK;
}

static fv_status check_lists(fv_context *ctx, const fv_site *site, const fv_pad_options *o) {
    const int rank = site->in[0].rank;
    int axes[FV_RANK_MAX], count = 0;
    FV_TRY(fv__op_axes(ctx, &o->axes, rank, axes, &count));
    if (count == 0) count = rank;
    if (o->pads.count != 2 * count)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "pad needs %d numbers here, what comes before each dimension and then what "
                        "comes behind each, not %d",
                        2 * count, o->pads.count);
    for (int i = 0; i < 2 * count; i++)
        if (o->pads.v[i] < -1000000000 || o->pads.v[i] > 1000000000)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "a border must be between -1000000000 and 1000000000, not %" PRId64,
                            o->pads.v[i]);
    if (o->mode < CONSTANT || o->mode > WRAP)
        return fv__fail(ctx, FV_BAD_INPUT, "pad knows no mode %d", o->mode);
    const fv_dtype dtype = site->in_type[0].dtype;
    if ((dtype == FV_F16 || dtype == FV_BF16) && o->value != 0)
        return fv__fail(ctx, FV_BAD_INPUT, "pad fills a border of %s values with 0 only",
                        fv__dtype_name(dtype));
    return FV_OK;
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_pad_options *o = site->options;
    int64_t before[FV_RANK_MAX], after[FV_RANK_MAX];
    FV_TRY(fv__move_shape(ctx, site));
    FV_TRY(check_lists(ctx, site, o));
    fv_shape *out = &site->out[0];
    borders(o, out->rank, before, after);
    for (int d = 0; d < out->rank; d++) {
        if (before[d] != 0 || after[d] != 0) FV_TRY(fv__not_batch(ctx, site, d, "pad"));
        FV_TRY(check(ctx, o->mode, d, out->dim[d], before[d], after[d]));
        out->dim[d] += before[d] + after[d];
    }
    return fv__shape_fits(ctx, site);
}

/* Along one dimension: `count` places of y from `to` on read x from `from` on in steps. */
typedef struct piece {
    int64_t to, from, step, count;
} piece;

static void pieces(int mode, int64_t in, int64_t before, int64_t after, piece out[3]) {
    const int64_t low = before < 0 ? -before : 0, high = in - 1 + (after < 0 ? after : 0);
    const int64_t front = before > 0 ? before : 0, middle = high - low + 1;
    const int64_t step = mode == EDGE ? 0 : mode == REFLECT ? -1 : 1;
    out[0] = (piece){0, low, step, mode == CONSTANT ? 0 : front};
    out[1] = (piece){front, low, 1, middle};
    out[2] = (piece){front + middle, high, step, mode == CONSTANT || after < 0 ? 0 : after};
    if (mode == REFLECT) out[0].from = low + front, out[2].from = high - 1;
    if (mode == WRAP) out[0].from = high - front + 1, out[2].from = low;
}

/* The combination of pieces with this number; false when one of them is empty. */
static bool combine(const fv_pad_options *o, const fv_tensor *x, const fv_tensor *y, int number,
                    fv_walk *w) {
    int64_t before[FV_RANK_MAX], after[FV_RANK_MAX], from[FV_RANK_MAX], to[FV_RANK_MAX];
    fv__strides(x, from);
    fv__strides(y, to);
    borders(o, x->shape.rank, before, after);
    *w = fv__walk_over(&x->shape);
    for (int d = 0; d < w->rank; d++) {
        piece all[3];
        pieces(o->mode, x->shape.dim[d], before[d], after[d], all);
        const piece *one = &all[number % 3];
        if (one->count == 0) return false;
        number /= 3;
        w->dim[d] = one->count;
        w->start[0] += one->to * to[d];
        w->start[1] += one->from * from[d];
        w->stride[0][d] = to[d];
        w->stride[1][d] = one->step * from[d];
    }
    return true;
}

static int combinations(int rank) {
    int n = 1;
    for (int d = 0; d < rank; d++) n *= 3;
    return n;
}

static void forward(const fv_pass *p) {
    const fv_pad_options *o = p->options;
    fv_walk w = fv__walk_over(&p->y[0].shape);
    fv__walk_aligned(&w, 0, &p->y[0]);
    if (o->mode == CONSTANT) fv__walk_fill(&w, &p->y[0], o->value);
    for (int k = 0; k < combinations(p->x[0].shape.rank); k++)
        if (combine(o, &p->x[0], &p->y[0], k, &w))
            fv__walk_copy(&w, p->y[0].data, p->x[0].data, fv__dtype_bytes(p->y[0].dtype));
}

static void backward(const fv_pass *p) {
    fv_walk w;
    if (p->dx[0].data == NULL) return;
    for (int k = 0; k < combinations(p->dx[0].shape.rank); k++)
        if (combine(p->options, &p->dx[0], &p->dy[0], k, &w))
            fv__walk_give_back(&w, p->dy[0].data, p->dx[0].data, p->dx[0].dtype);
}

static const char *const samples[] = {"0,0,1,2,0,0,2,1 ; 2x2x3x4",
                                      "1,2,2,1 axes 2,3 mode reflect ; 1x2x3x4",
                                      "2,1,1,3 axes -2,-1 mode edge ; 2x1x2x3",
                                      "2,1,1,3 axes 2,3 mode wrap ; 1x2x3x3",
                                      "0,2,0,1 value -1.5 ; 3x4",
                                      "-1,2 axes 2 mode reflect ; 1x2x5x2",
                                      "1,-1,0,2 axes 2,3 ; 2x1x3x4",
                                      "1,1,1,0 mode edge ; constant 2x3",
                                      "0,1,0,1 value 2 ; below 9 2x3",
                                      NULL};

const fv_op fv__op_pad = {
    .name = "pad",
    .help = "a border around a value, along any dimensions",
    .about =
        "y = x with so much before and behind each dimension, as ONNX lists them: first what\n"
        "comes before each of them, then what comes behind; `pad 1,2,1,2 axes 2,3` adds a row\n"
        "above and below and two columns left and right. The border holds `value`, or with\n"
        "mode edge the nearest number of x, with reflect x mirrored at its edge, with wrap its\n"
        "other end. Negative borders cut off. Gradient: every number of dy goes back to where\n"
        "it came from. As Pad of ONNX (2017).",
    .onnx = "Pad",
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_first = FV_TAKES_ALL,
    .options_size = sizeof(fv_pad_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward, forward},
    .backward = {backward, backward},
    .samples = samples,
};
