/* SPDX-License-Identifier: MIT */
/*
 * smoothl1: y = 1/N * sum over the batch of the mean (with `average no` the sum) of
 *     d^2/(2 beta) where |d| < beta, |d| - beta/2 elsewhere, d = x_c - t_c:
 * squares near the target, distances far from it, joined without a kink. Girshick 2015, "Fast
 * R-CNN", equation 3; times beta it is Huber's loss (1964), which `huber` says. Gradient:
 * d/beta where |d| < beta, the sign of d elsewhere.
 */
#include "op/numberloss.h"

#include <math.h>

typedef struct smoothl1_options {
    fv_numberloss_options loss;
    double beta;
    bool huber;
} smoothl1_options;

static const fv_field fields[] = {
    {"beta", "how far squares reach; 0: distances everywhere", FV_REAL,
     offsetof(smoothl1_options, beta), "1", 0, 1e6, FV_POSITIONAL, NULL, NULL},
    {"huber", "whether all is multiplied by beta: Huber's loss", FV_BOOL,
     offsetof(smoothl1_options, huber), "no", 0, 0, 0, NULL, NULL},
    FV_NUMBERLOSS_FIELDS("vector", "yes"),
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const smoothl1_options *o = site->options;
    if (!(o->beta >= 0) || isinf(o->beta))
        return fv__fail(ctx, FV_BAD_INPUT, "beta must be at least 0, not %g", o->beta);
    return fv__numberloss_shape(ctx, site);
}

static double value(const void *options, double x, double t) {
    const smoothl1_options *o = options;
    const double d = fabs(x - t), scale = o->huber ? o->beta : 1;
    return scale * (d < o->beta ? d * d / (2 * o->beta) : d - o->beta / 2);
}

/* 0 below the target's squares, 1 among them, 2 above. */
static int piece(const void *options, double x, double t) {
    const smoothl1_options *o = options;
    return fabs(x - t) < o->beta ? 1 : x > t ? 2 : 0;
}

static double slope(const void *options, double x, double t) {
    const smoothl1_options *o = options;
    const double d = x - t, scale = o->huber ? o->beta : 1;
    if (fabs(d) < o->beta) return scale * d / o->beta;
    return d > 0 ? scale : d < 0 ? -scale : d; /* NaN stays what it is */
}

static uint64_t branches(const fv_pass *p) {
    return fv__numberloss_branches(p, piece);
}

#include "op/numberloss.inc.h"

static const char *const samples[] = {
    "; 4x5",   "0.3 ; 1x2x3x3",          "0.5 huber average no ; 3x4",
    "0 ; 2x5", "0.5 target class ; 3x5", NULL};

const fv_op fv__op_smoothl1 = {
    .name = "smoothl1",
    .help = "loss: squares near the target, distances far from it (Huber)",
    .about =
        "y = mean over the batch of the mean of d^2/(2*beta) where |d| < beta, |d| - beta/2\n"
        "elsewhere, d = x_c - t_c; the target t are numbers of the data set, or with `target\n"
        "class` 1 at the label and 0 elsewhere. As PyTorch's SmoothL1Loss with the reduction "
        "mean,\n"
        "with `huber` (times beta) its HuberLoss; with `average no` the numbers of a sample are\n"
        "added up and the samples averaged. Gradient: d/beta, beyond beta the sign of d.\n"
        "Huber 1964, \"Robust estimation of a location parameter\"; Girshick 2015, \"Fast "
        "R-CNN\",\n"
        "equation 3.",
    .inputs_min = 2,
    .inputs_max = 2,
    .takes_others = FV_NUMBERLOSS_TAKES,
    .traits = FV_LOSS | FV_KEEP_X,
    .options_size = sizeof(smoothl1_options),
    .fields = fields,
    .shape = shape,
    .target = fv__numberloss_target,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};
