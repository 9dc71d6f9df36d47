/* SPDX-License-Identifier: MIT */
/*
 * softmax: y_i = exp(x_i) / sum of exp(x_j) along an axis, at every place of the others. Bridle
 * 1990. The largest x is subtracted first: the quotient stays the same and exp cannot overflow.
 * Gradient: dx_i = y_i (dy_i - sum of dy_j y_j).
 */
#ifndef FV_LOOPS
#include "op/softmax.h"
#include "op/shapes.h"

#include <inttypes.h>
#include <math.h>

const fv_field fv__softmax_fields[] = {
    {"axis", "dimension whose numbers belong together, the batch being 0; below 0: from the end",
     FV_INT, offsetof(fv_softmax_options, axis), "1", -FV_RANK_MAX, FV_RANK_MAX - 1, 0, NULL,
     "axis"},
    {0}};

int64_t fv__softmax_axis(const void *options, const fv_shape *shape) {
    const int64_t axis = ((const fv_softmax_options *)options)->axis;
    return axis < 0 ? axis + shape->rank : axis;
}

fv_status fv__softmax_shape(fv_context *ctx, fv_site *site) {
    const fv_softmax_options *o = site->options;
    const char *who = site->op->name;
    FV_TRY(fv__shape_same(ctx, site));
    const fv_shape *s = &site->in[0];
    const int64_t axis = fv__softmax_axis(o, s);
    if (site->in_type[0].batched && s->rank < 2)
        return fv__fail(ctx, FV_BAD_INPUT, "%s reads a map or a vector, not single numbers", who);
    if (axis < 0 || axis >= s->rank)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s along axis %" PRId64 ": the input's axes are 0 to %d, or -%d to -1 "
                        "from the end",
                        who, o->axis, s->rank - 1, s->rank);
    if (site->in_type[0].batched && axis == 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s along axis %" PRId64 ": the first dimension is the batch, whose "
                        "samples do not see each other; take an axis from 1 to %d",
                        who, o->axis, s->rank - 1);
    return FV_OK;
}

bool fv__softmax_of_classes(const fv_op *op, const void *options, const fv_shape *shape) {
    return op == &fv__op_softmax && fv__softmax_axis(options, shape) == 1;
}

fv_lines fv__softmax_lines(const void *options, const fv_shape *shape) {
    const int64_t axis = fv__softmax_axis(options, shape);
    fv_lines l = {.samples = axis == 0 ? 1 : shape->dim[0], .length = shape->dim[axis], .apart = 1};
    for (int d = (int)axis + 1; d < shape->rank; d++) l.apart *= shape->dim[d];
    l.count = axis == 0 ? l.apart : fv__shape_sample(shape) / l.length;
    return l;
}

#define FV_LOOPS "op/softmax.c"
#include "op/loops.h"

static const char *const samples[] = {
    "; 3x5", "; 2x4x2x3", "axis -1 ; 2x3x2x5", "axis 2 ; 1x2x4x3", "axis 0 ; constant 4x3", NULL};

const fv_op fv__op_softmax = {
    .name = "softmax",
    .help = "turns numbers into probabilities, over the channels",
    .about = "y_i = exp(x_i) / sum of exp(x_j) along the axis: over the channels, at every pixel.\n"
             "Gradient: dx_i = y_i*(dy_i - sum of dy_j*y_j).\n"
             "Bridle 1990, \"Probabilistic interpretation of feedforward classification network\n"
             "outputs\".",
    .onnx = "Softmax",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_Y,
    .options_size = sizeof(fv_softmax_options),
    .fields = fv__softmax_fields,
    .shape = fv__softmax_shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else
#include "op/softmax.inc.h"

static void LOOP(forward)(const fv_pass *p) {
    const fv_lines lines = fv__softmax_lines(p->options, &p->y[0].shape);
    for (int64_t n = 0; n < lines.samples; n++)
        for (int64_t l = 0; l < lines.count; l++) {
            const real *x = (const real *)fv__sample(&p->x[0], n) + fv__line(&lines, l);
            real *y = (real *)fv__sample(&p->y[0], n) + fv__line(&lines, l);
            double max;
            const double sum = LOOP(sum_exp)(x, &lines, &max);
            for (int64_t i = 0; i < lines.length; i++)
                y[i * lines.apart] = (real)(exp(x[i * lines.apart] - max) / sum);
        }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_lines lines = fv__softmax_lines(p->options, &p->dy[0].shape);
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < lines.samples; n++)
        for (int64_t l = 0; l < lines.count; l++) {
            const real *y = (const real *)fv__sample(&p->y[0], n) + fv__line(&lines, l);
            const real *dy = (const real *)fv__sample(&p->dy[0], n) + fv__line(&lines, l);
            real *dx = (real *)fv__sample(&p->dx[0], n) + fv__line(&lines, l);
            double sum = 0;
            for (int64_t i = 0; i < lines.length; i++)
                sum += dy[i * lines.apart] * y[i * lines.apart];
            for (int64_t i = 0; i < lines.length; i++)
                dx[i * lines.apart] += (real)(y[i * lines.apart] * (dy[i * lines.apart] - sum));
        }
}

#endif
