/* SPDX-License-Identifier: MIT */
/*
 * squarederror: y = 1/N * sum over the batch of 1/2 sum of (x_c - t_c)^2. The target t is 1 at the
 * label and 0 elsewhere, or with `target vector` a vector of numbers. Gradient: dx = (x - t)/N *
 * dy. N is the number of samples of the whole batch. Rumelhart, Hinton & Williams 1986, equation 3.
 */
#ifndef FV_LOOPS
#include "op/squarederror.h"
#include "op/shapes.h"

#include <math.h>

static const char *const targets[] = {"class", "vector", NULL};

static const fv_field fields[] = {
    {"target", "what x should come to: 1 at the label and 0 elsewhere, or numbers of the data",
     FV_CHOICE, offsetof(fv_squarederror_options, target), "class", 0, 0, 0, targets, NULL},
    {0}};

static fv_target_kind target(const void *options, const fv_shape *x, fv_shape *shape,
                             fv_dtype *dtype) {
    const fv_squarederror_options *o = options;
    if (o->target == FV_SQUARED_CLASS) return fv__labels_target(options, x, shape, dtype);
    *shape = *x;
    *dtype = FV_F32;
    return FV_TARGET_VECTOR;
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_squarederror_options *o = site->options;
    const bool labels = o->target == FV_SQUARED_CLASS;
    char mine[FV_SHAPE_TEXT], theirs[FV_SHAPE_TEXT];
    if (labels)
        FV_TRY(fv__shape_labels(ctx, site, "squarederror", false));
    else
        FV_TRY(fv__shape_inputs(ctx, site));
    if ((site->in_type[1].dtype == FV_I32) != labels)
        return fv__fail(ctx, FV_BAD_INPUT, "squarederror with target %s does not take %s values",
                        targets[o->target], fv__dtype_name(site->in_type[1].dtype));
    if (!labels && !fv__shape_equal(&site->in[0], &site->in[1]))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "squarederror compares %s with a target of %s; they must agree",
                        fv__shape_text(mine, &site->in[0]), fv__shape_text(theirs, &site->in[1]));
    site->out[0] = fv__shape1(1);
    site->out_type[0].batched = false;
    return FV_OK;
}

#define FV_LOOPS "op/squarederror.c"
#include "op/loops.h"

static const char *const samples[] = {"; 4x5", "; 3x10x1x1", "target vector ; 4x5",
                                      "target vector ; 2x2x3x3", NULL};

const fv_op fv__op_squarederror = {
    .name = "squarederror",
    .help = "loss: half the squared distance to the target",
    .about =
        "y = mean over the batch of 1/2 * sum of (x_c - t_c)^2, the target t being 1 at the\n"
        "label and 0 elsewhere, or with `target vector` numbers of the data set. A label outside\n"
        "0 ... classes - 1 gives a loss that is no number. Gradient: dx = (x - t)/N * dy.\n"
        "Rumelhart, Hinton & Williams 1986, equation 3.",
    .inputs_min = 2,
    .inputs_max = 2,
    .takes_others = FV_TAKES(FV_I32) | FV_TAKES(FV_F32) | FV_TAKES(FV_F64),
    .traits = FV_LOSS | FV_KEEP_X,
    .options_size = sizeof(fv_squarederror_options),
    .fields = fields,
    .shape = shape,
    .target = target,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

/* x_c - t_c of sample n; NaN when its label is no class. */
static double LOOP(error)(const fv_pass *p, int64_t n, int64_t c) {
    const fv_squarederror_options *o = p->options;
    const double x = ((const real *)fv__sample(&p->x[0], n))[c];
    if (o->target == FV_SQUARED_VECTOR) return x - ((const real *)fv__sample(&p->x[1], n))[c];
    const int32_t label = *(const int32_t *)fv__sample(&p->x[1], n);
    if (label < 0 || label >= fv__shape_sample(&p->x[0].shape)) return (double)NAN;
    return x - (c == label ? 1 : 0);
}

static void LOOP(forward)(const fv_pass *p) {
    const int64_t batch = p->x[0].shape.dim[0], each = fv__shape_sample(&p->x[0].shape);
    double loss = 0;
    for (int64_t n = 0; n < batch; n++)
        for (int64_t c = 0; c < each; c++) loss += LOOP(error)(p, n, c) * LOOP(error)(p, n, c) / 2;
    *(real *)p->y[0].data = (real)(loss / p->divisor);
}

static void LOOP(backward)(const fv_pass *p) {
    const int64_t batch = p->x[0].shape.dim[0], each = fv__shape_sample(&p->x[0].shape);
    const real dy = *(const real *)p->dy[0].data;
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < batch; n++) {
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t c = 0; c < each; c++)
            dx[c] += (real)LOOP(error)(p, n, c) / (real)p->divisor * dy;
    }
}

#endif
