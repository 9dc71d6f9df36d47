/* SPDX-License-Identifier: MIT */
/*
 * hinge: y = 1/N * sum over the batch of sum over the wrong classes j of
 *     max(0, margin - x_t + x_j)^p,
 * the loss of a multi-class support vector machine (Weston & Watkins 1999): the right class t is to
 * lead every other by the margin. With `target vector` each number is an answer of its own that is
 * to be -1 or +1, max(0, margin - t_c x_c)^p (Cortes & Vapnik 1995). Gradient, with the margin's
 * lack m: p m^(p-1) for x_j and minus that for x_t; -t p m^(p-1) for a number's own.
 */
#ifndef FV_LOOPS
#include "op/numberloss.h"
#include "op/shapes.h"

#include <inttypes.h>
#include <math.h>

typedef struct hinge_options {
    fv_numberloss_options loss;
    double margin;
    int64_t p;
} hinge_options;

static const fv_field fields[] = {{"margin", "how far the right class is to lead", FV_REAL,
                                   offsetof(hinge_options, margin), "1", 0, 1e6, FV_POSITIONAL,
                                   NULL, NULL},
                                  {"p", "1: what lacks; 2: its square", FV_INT,
                                   offsetof(hinge_options, p), "1", 1, 2, 0, NULL, NULL},
                                  FV_NUMBERLOSS_FIELDS("class", "no"),
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const hinge_options *o = site->options;
    if (o->p != 1 && o->p != 2)
        return fv__fail(ctx, FV_BAD_INPUT, "p must be 1 or 2, not %" PRId64, o->p);
    if (!isfinite(o->margin)) return fv__fail(ctx, FV_BAD_INPUT, "margin must be a finite number");
    return fv__numberloss_shape(ctx, site);
}

/* The loss of a margin's lack and, with d, its slope. */
static double lacks(const hinge_options *o, double lack, double *d) {
    if (d) *d = lack <= 0 ? 0 : o->p == 2 ? 2 * lack : 1;
    return lack <= 0 ? 0 : o->p == 2 ? lack * lack : lack;
}

#define FV_LOOPS "op/hinge.c"
#include "op/loops.h"

static uint64_t branches(const fv_pass *p) {
    uint64_t hash = FV_BRANCHES_START;
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++)
        for (int64_t c = 0; c < fv__shape_sample(&p->x[0].shape); c++)
            hash = fv__branches_add(hash, lack_f64(p, n, c) > 0);
    return hash;
}

static const char *const samples[] = {"; 4x5",
                                      "p 2 ; 3x4x1x1",
                                      "0.5 average ; 1x6",
                                      "target vector ; 3x4",
                                      "0.7 p 2 average target vector ; 2x2x3x1",
                                      NULL};

const fv_op fv__op_hinge = {
    .name = "hinge",
    .help = "loss: how much the right class lacks of leading by a margin (SVM)",
    .about =
        "y = mean over the batch of the sum over the wrong classes j of\n"
        "max(0, margin - x_label + x_j)^p. A label outside 0 ... classes - 1 gives a loss that is\n"
        "no number. With `average` divided by the number of classes, as PyTorch's MultiMarginLoss\n"
        "with the reduction mean. With `target vector` the sum over all numbers of\n"
        "max(0, margin - t_c*x_c)^p, the target t being -1 and +1. Gradient: p*m^(p-1), what "
        "lacks\n"
        "being m, for the wrong classes, and minus their sum for the right one.\n"
        "Cortes & Vapnik 1995, \"Support-vector networks\"; Weston & Watkins 1999.",
    .inputs_min = 2,
    .inputs_max = 2,
    .takes_others = FV_NUMBERLOSS_TAKES,
    .traits = FV_LOSS | FV_KEEP_X,
    .options_size = sizeof(hinge_options),
    .fields = fields,
    .shape = shape,
    .target = fv__numberloss_target,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else

/* What number c of sample n lacks of its margin; of the right class: nothing. */
static double LOOP(lack)(const fv_pass *p, int64_t n, int64_t c) {
    const hinge_options *o = p->options;
    const real *x = fv__sample(&p->x[0], n);
    const double wanted = fv__numberloss_wanted(p, n, c);
    if (o->loss.target == FV_NUMBERLOSS_VECTOR) return o->margin - wanted * x[c];
    if (isnan(wanted)) return wanted;
    const int32_t label = *(const int32_t *)fv__sample(&p->x[1], n);
    return c == label ? 0 : o->margin - x[label] + x[c];
}

static void LOOP(forward)(const fv_pass *p) {
    double loss = 0;
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++)
        for (int64_t c = 0; c < fv__shape_sample(&p->x[0].shape); c++)
            loss += lacks(p->options, LOOP(lack)(p, n, c), NULL);
    *(real *)p->y[0].data = (real)(loss / fv__numberloss_divisor(p));
}

static void LOOP(backward)(const fv_pass *p) {
    const hinge_options *o = p->options;
    const double scale = *(const real *)p->dy[0].data / fv__numberloss_divisor(p);
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++) {
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t c = 0; c < fv__shape_sample(&p->x[0].shape); c++) {
            const double wanted = fv__numberloss_wanted(p, n, c);
            double d;
            (void)lacks(o, LOOP(lack)(p, n, c), &d);
            if (o->loss.target == FV_NUMBERLOSS_VECTOR) {
                dx[c] -= (real)(wanted * d * scale);
                continue;
            }
            dx[c] += (real)(d * scale);
            if (!isnan(wanted)) dx[*(const int32_t *)fv__sample(&p->x[1], n)] -= (real)(d * scale);
        }
    }
}

#endif
