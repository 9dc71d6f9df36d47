/* SPDX-License-Identifier: MIT */
/*
 * cumsum: y_i = x_0 + … + x_i along a dimension; exclusive: without x_i itself; reverse: from the
 * end. dx is the sum of dy from the other side.
 */
#ifndef FV_LOOPS
#include "op/axes.h"
#include "op/broadcast.h"

typedef struct fv_cumsum_options {
    int64_t axis;
    bool exclusive, reverse;
} fv_cumsum_options;

static const fv_field fields[] = {
    {"axis", "the dimension to add up along: 1 is the channels, -1 the last", FV_INT,
     offsetof(fv_cumsum_options, axis), "1", -FV_RANK_MAX, FV_RANK_MAX - 1, FV_POSITIONAL, NULL,
     NULL},
    {"exclusive", "the elements before each, without itself", FV_BOOL,
     offsetof(fv_cumsum_options, exclusive), "no", 0, 0, 0, NULL, "exclusive"},
    {"reverse", "from the end to the beginning", FV_BOOL, offsetof(fv_cumsum_options, reverse),
     "no", 0, 0, 0, NULL, "reverse"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_cumsum_options *o = site->options;
    int axis;
    FV_TRY(fv__shape_same(ctx, site));
    FV_TRY(fv__op_axis(ctx, o->axis, site->in[0].rank, &axis));
    site->out_type[0].dtype = site->in_type[0].dtype;
    return fv__not_batch(ctx, site, axis, "add up along");
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_cumsum_options *o = site->options;
    fv__cost_nothing(cost);
    cost->global = (o->axis < 0 ? o->axis + site->in[0].rank : o->axis) >= 2;
}

/* Over all lines along the axis: where each begins in tensor 0 and 1, which `by` and its length
   then run through. Backwards, a line begins at its end. */
static fv_walk lines(const fv_tensor *from, const fv_tensor *to, int64_t axis, bool back,
                     int64_t by[2], int64_t *length) {
    fv_walk w = fv__walk_over(&from->shape);
    const int64_t d = axis < 0 ? axis + w.rank : axis;
    fv__walk_aligned(&w, 0, from);
    fv__walk_aligned(&w, 1, to);
    *length = w.dim[d];
    for (int k = 0; k < 2; k++) {
        by[k] = back ? -w.stride[k][d] : w.stride[k][d];
        w.start[k] = back ? w.stride[k][d] * (*length - 1) : 0;
    }
    w.dim[d] = 1;
    return w;
}

#define FV_LOOPS   "op/cumsum.c"
#define real       float
#define LOOP(name) name##_f32
#include FV_LOOPS
#undef real
#undef LOOP
#define real       double
#define LOOP(name) name##_f64
#include FV_LOOPS
#undef real
#undef LOOP
#define FV_WHOLE
#define real       int32_t
#define LOOP(name) name##_i32
#include FV_LOOPS
#undef real
#undef LOOP

static void forward_f32(const fv_pass *p) {
    const fv_cumsum_options *o = p->options;
    (p->x[0].dtype == FV_I32 ? run_i32 : run_f32)(o, &p->x[0], &p->y[0], o->reverse, false);
}
static void forward_f64(const fv_pass *p) {
    const fv_cumsum_options *o = p->options;
    (p->x[0].dtype == FV_I32 ? run_i32 : run_f64)(o, &p->x[0], &p->y[0], o->reverse, false);
}

static const char *const samples[] = {"; 2x3x4",
                                      "-1 exclusive ; 2x3x5",
                                      "2 reverse ; 2x3x4",
                                      "1 exclusive reverse ; 1x7x2",
                                      "0 ; constant 5x3",
                                      "1 ; below 9 2x5",
                                      NULL};

const fv_op fv__op_cumsum = {
    .name = "cumsum",
    .help = "the sum of all elements up to each, along a dimension",
    .about = "y_i = x_0 + ... + x_i along `axis`; with `exclusive` without x_i itself, with\n"
             "`reverse` from the end. Gradient: dx_i = the sum of dy from i on (in the same\n"
             "manner). ONNX operator set 11, 2019.",
    .onnx = "CumSum",
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_first = FV_NUMBERS,
    .options_size = sizeof(fv_cumsum_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

#ifdef FV_WHOLE
#define SUM   int64_t
#define TO(v) fv__wrap_i32(v)
#else
#define SUM   double
#define TO(v) ((real)(v))
#endif

/* Forward it writes y; backward (`add`) it adds to dx. */
static void LOOP(run)(const fv_cumsum_options *o, const fv_tensor *x, const fv_tensor *y, bool back,
                      bool add) {
    const real *from = x->data;
    real *to = y->data;
    int64_t by[2], length;
    fv_walk w = lines(x, y, o->axis, back, by, &length);
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++) {
            const real *a = from + w.at[0] + i * w.by[0];
            real *b = to + w.at[1] + i * w.by[1];
            SUM sum = 0;
            for (int64_t k = 0; k < length; k++, a += by[0], b += by[1]) {
                const SUM before = sum;
                sum += *a;
                const SUM v = o->exclusive ? before : sum;
                *b = add ? *b + TO(v) : TO(v);
            }
        }
}

#undef SUM
#undef TO

#ifndef FV_WHOLE
static void LOOP(backward)(const fv_pass *p) {
    const fv_cumsum_options *o = p->options;
    if (p->dx[0].data) LOOP(run)(o, &p->dy[0], &p->dx[0], !o->reverse, true);
}
#endif

#endif
