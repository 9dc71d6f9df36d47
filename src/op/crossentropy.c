/* SPDX-License-Identifier: MIT */
/*
 * crossentropy: y = 1/N * sum over the batch of -sum_c q_c log softmax(x)_c, the loss of a
 * classifier; of maps, over the pixels of the batch. The target q is 1 at the label t and 0
 * elsewhere; `smooth` e takes e of it and gives every class e/K (Szegedy et al. 2016, section 7);
 * `weights` w make it w_c q_c. It reads the numbers before softmax: exp and log cancel and nothing
 * underflows,
 *     log softmax(x)_c = x_c - (max + log(sum of exp(x_j - max))),
 * or with `reads logprobabilities` these logarithms themselves. N is the sum of w_t over the whole
 * batch, without samples (pixels) whose label is the ignored one. With `target shares` the target
 * is given, a number for each class, as PyTorch takes probabilities: smoothed and weighted alike,
 * and N is the number of samples (pixels), without those of which all shares are 0. Gradient: dx =
 * (p sum(q) - q)/N * dy with the probabilities p = softmax(x); of logarithms, dx = -q/N * dy.
 * Bridle 1990; per pixel: Long, Shelhamer & Darrell 2015.
 */
#ifndef FV_LOOPS
#include "op/crossentropy.h"
#include "op/shapes.h"

#include <inttypes.h>
#include <math.h>

static const char *const kinds[] = {"logits", "logprobabilities", NULL};
static const char *const targets[] = {"class", "shares", NULL};

static const fv_field fields[] = {
    {"ignore", "label that counts nothing, such as 255 for pixels that nobody labelled", FV_INT,
     offsetof(fv_crossentropy_options, ignore), "-100", -1e9, 1e9, 0, NULL, "ignore_index"},
    {"weights", "how much each class counts, 1,2,0.5; one number: all alike", FV_REALS,
     offsetof(fv_crossentropy_options, weights), "1", 0, 1e6, FV_LONG, NULL, NULL},
    {"smooth", "label smoothing: the share of the target that all classes have alike", FV_REAL,
     offsetof(fv_crossentropy_options, smooth), "0", 0, 1, 0, NULL, NULL},
    {"reads", "numbers before softmax, or logarithms of probabilities", FV_CHOICE,
     offsetof(fv_crossentropy_options, reads), "logits", 0, 0, 0, kinds, NULL},
    {"target", "the label, or how much of each class there is", FV_CHOICE,
     offsetof(fv_crossentropy_options, target), "class", 0, 0, 0, targets, NULL},
    {0}};

/* Shares are as x is: [N,K], or [N,K,H,W] for every pixel. */
static fv_status shape_of_shares(fv_context *ctx, fv_site *site) {
    char mine[FV_SHAPE_TEXT], theirs[FV_SHAPE_TEXT];
    FV_TRY(fv__shape_inputs(ctx, site));
    if (site->in[0].rank < 2)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "crossentropy reads one number per class, but %s flows in; end with fc or "
                        "with globalavgpool",
                        fv__shape_text(mine, &site->in[0]));
    if (fv__shape_equal(&site->in[0], &site->in[1])) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "crossentropy compares %s with shares of %s; they must agree",
                    fv__shape_text(mine, &site->in[0]), fv__shape_text(theirs, &site->in[1]));
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_crossentropy_options *o = site->options;
    const bool shares = o->target == FV_CROSSENTROPY_SHARES;
    FV_TRY(shares ? shape_of_shares(ctx, site) : fv__shape_labels(ctx, site, "crossentropy", true));
    if ((site->in_type[1].dtype == FV_I32) == shares)
        return fv__fail(ctx, FV_BAD_INPUT, "crossentropy with target %s does not take %s values",
                        targets[o->target], fv__dtype_name(site->in_type[1].dtype));
    if (o->weights.count != 1 &&
        (o->weights.count != site->in[0].dim[1] || o->weights.count > FV_LONG_MAX))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "crossentropy has weights for %d classes, and %" PRId64
                        " come in; give one number for each",
                        o->weights.count, site->in[0].dim[1]);
    if (!(o->smooth >= 0 && o->smooth <= 1))
        return fv__fail(ctx, FV_BAD_INPUT, "smooth must be between 0 and 1, not %g", o->smooth);
    site->out[0] = fv__shape1(1);
    site->out_type[0].batched = false;
    if (o->reads == FV_CROSSENTROPY_LOGITS)
        fv__site_saved(site, FV_F32, site->in[0]); /* the probabilities */
    return FV_OK;
}

/* What class c counts; a label that is no class counts 1, as one weight for all does. */
static double weight(const fv_crossentropy_options *o, int64_t c) {
    return c >= 0 && c < o->weights.count && o->weights.count > 1 ? o->weights.v[c] : 1;
}

/* One target: a label, or a share of each class, every `step` numbers. */
typedef struct told {
    int32_t label;
    const void *shares; /* NULL: the label */
    fv_dtype dtype;
    int64_t step;
} told;

static double share(const told *t, int64_t c) {
    if (!t->shares) return c == t->label ? 1 : 0;
    return t->dtype == FV_F64 ? ((const double *)t->shares)[c * t->step]
                              : (double)((const float *)t->shares)[c * t->step];
}

static bool counts(const fv_crossentropy_options *o, const told *t, int64_t classes) {
    if (!t->shares) return t->label != o->ignore;
    for (int64_t c = 0; c < classes; c++)
        if (share(t, c) != 0) return true;
    return false;
}

/* That of pixel i of sample n. */
static told told_at(const fv_tensor *target, int64_t n, int64_t i, int64_t pixels) {
    const void *at = fv__sample(target, n);
    if (target->dtype == FV_I32) return (told){.label = ((const int32_t *)at)[i]};
    return (told){-1, (const char *)at + (size_t)i * fv__dtype_bytes(target->dtype), target->dtype,
                  pixels};
}

/* The target's share of class c, weighted: q_c. */
static double wanted(const fv_crossentropy_options *o, int64_t classes, const told *t, int64_t c) {
    return weight(o, c) * (o->smooth / (double)classes + (1 - o->smooth) * share(t, c));
}

static double weigh_shares(const fv_crossentropy_options *o, const fv_tensor *target) {
    const int64_t classes = target->shape.dim[1];
    const int64_t pixels = fv__shape_sample(&target->shape) / classes;
    double counted = 0;
    for (int64_t n = 0; n < target->shape.dim[0]; n++)
        for (int64_t i = 0; i < pixels; i++) {
            const told t = told_at(target, n, i, pixels);
            counted += counts(o, &t, classes);
        }
    return counted;
}

static fv_target_kind target_of(const void *options, const fv_shape *x, fv_shape *shape,
                                fv_dtype *dtype) {
    const fv_crossentropy_options *o = options;
    if (o->target == FV_CROSSENTROPY_CLASS) return fv__labels_target(options, x, shape, dtype);
    *shape = *x;
    *dtype = FV_F32;
    return FV_TARGET_SHARES;
}

double fv__crossentropy_weigh(const void *options, const fv_tensor *target) {
    const fv_crossentropy_options *o = options;
    double counted = 0;
    if (o->target == FV_CROSSENTROPY_SHARES) return weigh_shares(o, target);
    for (int64_t n = 0; n < target->shape.dim[0]; n++) {
        const int32_t *label = fv__sample(target, n);
        for (int64_t i = 0; i < fv__shape_sample(&target->shape); i++)
            if (label[i] != o->ignore) counted += weight(o, label[i]);
    }
    return counted;
}

#define FV_LOOPS "op/crossentropy.c"
#include "op/loops.h"

static const char *const samples[] = {"; 4x5",
                                      "; 3x10x1x1",
                                      "ignore 1 ; 5x3",
                                      "; 2x3x4x5",
                                      "ignore 2 ; 2x4x3x3",
                                      "weights 1,2,0.5 ; 5x3",
                                      "smooth 0.1 ; 4x5",
                                      "weights 1,0,3,0.25 smooth 0.3 ignore 2 ; 2x4x3x2",
                                      "reads logprobabilities smooth 0.2 ; 1x4",
                                      "reads logprobabilities weights 2,1,3 ; 2x3x2x2",
                                      "target shares ; 4x5",
                                      "target shares smooth 0.2 weights 1,2,0.5 ; 5x3",
                                      "target shares reads logprobabilities ; 2x3x2x2",
                                      "target shares ; 2x4x3x3",
                                      NULL};

const fv_op fv__op_crossentropy = {
    .name = "crossentropy",
    .help = "loss: -log of the probability given to the right class",
    .about =
        "y = mean over the batch of -log softmax(x)_label; of maps, over the pixels of the\n"
        "batch. Reads the numbers before softmax and the labels 0 ... classes - 1; a label\n"
        "outside gives a loss that is no number, the ignored label counts nothing.\n"
        "`weights` count a label as much as its class weighs, and the mean is divided by what\n"
        "was counted; `smooth` e leaves 1 - e of the target at the label and gives each of\n"
        "the K classes e/K. As PyTorch's CrossEntropyLoss (weight, ignore_index,\n"
        "label_smoothing) with the reduction mean. With `target shares` the target is not a\n"
        "label but a number for each class, in the shape of x, such as 0.7 of one and 0.3 of\n"
        "another, and where all are 0 counts nothing; as PyTorch takes probabilities, which\n"
        "divides by the samples, whatever their classes weigh. With `reads logprobabilities` as "
        "its\n"
        "NLLLoss and ONNX's NegativeLogLikelihoodLoss, for what ends in a logarithm of\n"
        "softmax. Gradient: dx = (softmax(x) - onehot)/N * dy. Bridle 1990; smoothing:\n"
        "Szegedy, Vanhoucke, Ioffe, Shlens & Wojna 2016, section 7.",
    .onnx = "SoftmaxCrossEntropyLoss",
    .inputs_min = 2,
    .inputs_max = 2,
    .takes_others = FV_TAKES(FV_I32) | FV_TAKES(FV_F32) | FV_TAKES(FV_F64),
    .traits = FV_LOSS | FV_KEEP_X, /* of x only the target */
    .options_size = sizeof(fv_crossentropy_options),
    .fields = fields,
    .shape = shape,
    .target = target_of,
    .weigh = fv__crossentropy_weigh,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

/* What is taken from x_c to have the logarithm of its probability; x has a number every `pixels`.
 */
static double LOOP(log_sum)(const real *x, int64_t classes, int64_t pixels) {
    double max = x[0], sum = 0;
    for (int64_t c = 1; c < classes; c++)
        if (x[c * pixels] > max) max = x[c * pixels];
    for (int64_t c = 0; c < classes; c++) sum += exp(x[c * pixels] - max);
    return max + log(sum);
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_crossentropy_options *o = p->options;
    const int64_t batch = p->x[0].shape.dim[0], classes = p->x[0].shape.dim[1];
    const int64_t pixels = fv__shape_sample(&p->x[0].shape) / classes;
    const bool logits = o->reads == FV_CROSSENTROPY_LOGITS;
    double loss = 0;
    for (int64_t n = 0; n < batch; n++)
        for (int64_t i = 0; i < pixels; i++) {
            const real *x = (const real *)fv__sample(&p->x[0], n) + i;
            const told t = told_at(&p->x[1], n, i, pixels);
            const double shift = logits ? LOOP(log_sum)(x, classes, pixels) : 0;
            real *probability = logits && p->training ? fv__sample(&p->saved[0], n) : NULL;
            for (int64_t c = 0; probability != NULL && c < classes; c++)
                probability[c * pixels + i] = (real)exp(x[c * pixels] - shift);
            if (!counts(o, &t, classes)) continue;
            if (!t.shares && (t.label < 0 || t.label >= classes)) loss = (double)NAN;
            for (int64_t c = 0; c < classes; c++) {
                const double q = wanted(o, classes, &t, c);
                if (q != 0) loss += q * (shift - x[c * pixels]); /* 0 of infinity is 0 */
            }
        }
    *(real *)p->y[0].data = p->divisor > 0 ? (real)(loss / p->divisor) : (real)loss;
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_crossentropy_options *o = p->options;
    const int64_t batch = p->x[0].shape.dim[0], classes = p->x[0].shape.dim[1];
    const int64_t pixels = fv__shape_sample(&p->x[0].shape) / classes;
    const bool logits = o->reads == FV_CROSSENTROPY_LOGITS;
    const real dy = *(const real *)p->dy[0].data;
    if (p->dx[0].data == NULL || !(p->divisor > 0)) return;
    for (int64_t n = 0; n < batch; n++)
        for (int64_t i = 0; i < pixels; i++) {
            const told t = told_at(&p->x[1], n, i, pixels);
            const real *probability = logits ? (const real *)fv__sample(&p->saved[0], n) + i : NULL;
            real *dx = (real *)fv__sample(&p->dx[0], n) + i;
            double all = 0;
            if (!counts(o, &t, classes)) continue;
            for (int64_t c = 0; c < classes; c++) all += wanted(o, classes, &t, c);
            for (int64_t c = 0; c < classes; c++) {
                const real q = (real)wanted(o, classes, &t, c);
                const real given = probability ? (real)all * probability[c * pixels] : 0;
                dx[c * pixels] += (given - q) / (real)p->divisor * dy;
            }
        }
}

#endif
