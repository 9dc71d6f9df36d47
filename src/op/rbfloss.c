/* SPDX-License-Identifier: MIT */
/*
 * rbfloss: y = 1/N * sum over the batch of d_t + log(e^-j + sum over the classes of e^-d_i), the
 * loss of LeNet-5's radial basis units: d_t, the distance of the label's unit, is to be small, and
 * the second term, which competes, pushes the other units away, but none further than about j.
 * It is -log of the probability of the label where exp(-d_i) is the likelihood of class i and e^-j
 * that of no class at all. LeCun, Bottou, Bengio & Haffner 1998, section II.C, equation 9.
 * Gradient: dd_i = ((1 at the label) - e^-d_i/(e^-j + sum))/N * dy. With `reads scores` x = -d.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <math.h>

enum { DISTANCES, SCORES };

typedef struct rbfloss_options {
    double j;
    int reads;
} rbfloss_options;

static const char *const kinds[] = {"distances", "scores", NULL};

static const fv_field fields[] = {
    {"j", "about as far wrong units are pushed away, and no further", FV_REAL,
     offsetof(rbfloss_options, j), "1", 0, 1e6, FV_POSITIONAL, NULL, NULL},
    {"reads", "distances, the least wins; or scores, which are minus that", FV_CHOICE,
     offsetof(rbfloss_options, reads), "distances", 0, 0, 0, kinds, NULL},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const rbfloss_options *o = site->options;
    if (!isfinite(o->j)) return fv__fail(ctx, FV_BAD_INPUT, "j must be a finite number");
    FV_TRY(fv__shape_labels(ctx, site, "rbfloss", false));
    site->out[0] = fv__shape1(1);
    site->out_type[0].batched = false;
    return FV_OK;
}

#define FV_LOOPS "op/rbfloss.c"
#include "op/loops.h"

static const char *const samples[] = {"; 4x5", "0.1 reads scores ; 3x10x1x1", "3 ; 1x4", NULL};

const fv_op fv__op_rbfloss = {
    .name = "rbfloss",
    .help = "loss: the distance of the right radial basis unit, wrong ones competing",
    .about =
        "y = mean over the batch of d_label + log(e^-j + sum of e^-d_i), d being the distances\n"
        "that `rbf` computes: the right unit's is made small, wrong ones are pushed away to about\n"
        "j, and not further. A label outside 0 ... classes - 1 gives a loss that is no number.\n"
        "What counts right answers takes the largest number for the nearest; behind `rbf 10\n"
        "negative` the loss is `rbfloss reads scores`, x = -d.\n"
        "Gradient: dd = (onehot - e^-d/(e^-j + sum))/N * dy.\n"
        "LeCun, Bottou, Bengio & Haffner 1998, section II.C, equation 9.",
    .inputs_min = 2,
    .inputs_max = 2,
    .takes_others = FV_TAKES(FV_I32),
    .traits = FV_LOSS | FV_KEEP_X,
    .options_size = sizeof(rbfloss_options),
    .fields = fields,
    .shape = shape,
    .target = fv__labels_target,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

/* log(e^-j + sum of e^-d_i), from the largest of them. */
static double LOOP(compete)(const rbfloss_options *o, const real *x, int64_t classes, double sign) {
    double largest = -o->j, sum = 0;
    for (int64_t c = 0; c < classes; c++)
        if (-sign * x[c] > largest) largest = -sign * x[c];
    for (int64_t c = 0; c < classes; c++) sum += exp(-sign * x[c] - largest);
    return largest + log(sum + exp(-o->j - largest));
}

static void LOOP(forward)(const fv_pass *p) {
    const rbfloss_options *o = p->options;
    const int64_t classes = p->x[0].shape.dim[1];
    const double sign = o->reads == SCORES ? -1 : 1;
    double loss = 0;
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        const int32_t label = *(const int32_t *)fv__sample(&p->x[1], n);
        loss += label >= 0 && label < classes ? sign * x[label] + LOOP(compete)(o, x, classes, sign)
                                              : (double)NAN;
    }
    *(real *)p->y[0].data = (real)(loss / p->divisor);
}

static void LOOP(backward)(const fv_pass *p) {
    const rbfloss_options *o = p->options;
    const int64_t classes = p->x[0].shape.dim[1];
    const double sign = o->reads == SCORES ? -1 : 1;
    const double scale = sign * *(const real *)p->dy[0].data / p->divisor;
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        const int32_t label = *(const int32_t *)fv__sample(&p->x[1], n);
        const double all = LOOP(compete)(o, x, classes, sign);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t c = 0; c < classes; c++)
            dx[c] += (real)(scale * ((c == label ? 1 : 0) - exp(-sign * x[c] - all)));
    }
}

#endif
