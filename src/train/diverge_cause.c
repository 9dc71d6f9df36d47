/* SPDX-License-Identifier: MIT */
/*
 * diverge_cause.c - why a training diverged: one suggestion, the first whose evidence is there.
 *
 * What comes from outside is looked at before what the training made of it: the batch, the layer's
 * own domain, weights that were too large from the start, losses weighed too much; then weights
 * that have grown, which a large rate does, and gradients that overflow though the forward pass is
 * finite.
 */
#include "train/diverge.h"
#include <math.h>
#include <string.h>

#define FAR        20.0 /* inputs beyond this were not brought to a few units */
#define FAR_TARGET 1e4  /* targets of a squared error */
#define HEAVY      1e4  /* the weight of a loss */
#define GROWN      30.0 /* times the weights of a fresh network */
#define FAST       0.5  /* a rate above this is the first suspect */

static double largest(const float *v, int64_t count) {
    double most = 0;
    for (int64_t i = 0; i < count; i++)
        if (fabs((double)v[i]) > most) most = fabs((double)v[i]);
    return most;
}

/* Root of the mean square. */
static double rms(const float *v, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += (double)v[i] * (double)v[i];
    return count > 0 ? sqrt(sum / (double)count) : 0;
}

/* The parameter that is larger than in a fresh network by the most; -1: none by GROWN. */
static int grown(fv_context *ctx, const fv_diverged *d, double *now, double *fresh) {
    const fv_graph *net = d->net;
    float *start = fv__alloc(ctx, (size_t)net->param_elements * sizeof *start, "fresh weights");
    int worst = -1;
    double by = GROWN;
    if (!start) return -1;
    fv__net_start(net, d->recipe, d->seed, start);
    for (size_t p = 0; p < net->param_count; p++) {
        const fv_param *param = &net->params[p];
        const double a = rms(start + param->offset, param->count);
        const double b = rms(d->weights + param->offset, param->count);
        if (!param->spec.learned || !(a > 0) || b / a < by) continue;
        by = b / a;
        worst = (int)p;
        *now = b;
        *fresh = a;
    }
    fv__free(start);
    return worst;
}

/* The layer computes what is not defined, or not finite, for what it has read. */
static bool out_of_domain(const fv_diverged *d, const fv_culprit *c, fv_text *out) {
    static const struct {
        const char *op;
        bool at_zero, below; /* which inputs it cannot take: a zero (a divisor), those below */
        double above;        /* or above this; 0: any */
        const char *why;
    } domains[] = {
        {"log", true, true, 0, "log takes numbers above 0; add a small one first"},
        {"reducelogsum", true, true, 0, "log takes numbers above 0; add a small one first"},
        {"sqrt", true, true, 0,
         "the slope of sqrt has no end at 0, and below it has no value; add "
         "a small number first"},
        {"div", true, false, 0, "it divides by 0; add a small number to the divisor"},
        {"reciprocal", true, false, 0, "it divides by 0; add a small number to the divisor"},
        {"mod", true, false, 0, "it divides by 0; add a small number to the divisor"},
        {"pow", true, true, 0,
         "a power of 0 or of a number below has no value or no slope; keep "
         "its input above 0"},
        {"exp", false, false, 80, "exp overflows above 88; scale its input down, or clip it"},
        {"reducelogsumexp", false, false, 80, "exp overflows above 88; scale its input down"},
    };
    if (c->node < 0) return false;
    const char *op = d->net->nodes[c->node].op->name;
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
        if (strcmp(op, domains[i].op) != 0) continue;
        const bool fits = (domains[i].at_zero && c->zero) || (domains[i].below && c->least <= 0) ||
                          (domains[i].above > 0 && c->most > domains[i].above);
        if (fits)
            fv__text_addf(out, "it read numbers from %.4g to %.4g, and %s", c->least, c->most,
                          domains[i].why);
        return fits;
    }
    return false;
}

static bool targets_are_far(const fv_diverged *d, fv_text *out) {
    for (size_t h = 0; h < d->net->head_count; h++) {
        const fv_head *head = &d->net->heads[h];
        const fv_value *t = &d->net->values[head->target];
        if (t->type.dtype != FV_F32 || !d->target[head->wants]) continue;
        const double most = largest(d->target[head->wants], d->n * fv__shape_sample(&t->shape));
        if (most <= FAR_TARGET) continue;
        fv__text_addf(out,
                      "the targets of '%s' reach %.3g; divide them by as much, so that they are "
                      "about 1",
                      head->name, most);
        return true;
    }
    return false;
}

static bool loss_is_heavy(const fv_diverged *d, fv_text *out) {
    for (size_t h = 0; h < d->net->head_count; h++) {
        if (fabs(d->net->heads[h].weight) <= HEAVY) continue;
        fv__text_addf(out, "the loss of '%s' has the weight %g; give it one of about 1",
                      d->net->heads[h].name, d->net->heads[h].weight);
        return true;
    }
    return false;
}

static void about_weights(const fv_diverged *d, int param, double now, double fresh, fv_text *out) {
    const char *name = d->net->params[param].name;
    if (d->step > 0)
        fv__text_addf(out,
                      "%s has grown to %.3g (root mean square; %.3g in a fresh network), so it "
                      "takes a smaller learning rate: a tenth of lr=%g, or lr=auto",
                      name, now, fresh, d->lr);
    else
        fv__text_addf(out,
                      "the weights it began with%s%s are too large: %s is %.3g (root mean square; "
                      "%.3g in a fresh network); begin with others",
                      d->origin->weights ? ", those of " : "",
                      d->origin->weights ? d->origin->weights : "", name, now, fresh);
}

/* Nothing from outside explains it. */
static void after_all(fv_context *ctx, const fv_diverged *d, const fv_culprit *c, fv_text *out) {
    double now = 0, fresh = 0;
    const int param = grown(ctx, d, &now, &fresh);
    if (param >= 0)
        about_weights(d, param, now, fresh, out);
    else if (strcmp(c->pass, "backward") == 0)
        fv__text_addf(out,
                      "the forward pass is finite, so gradients have exploded; clip them (clip=1), "
                      "or take a smaller learning rate than lr=%g",
                      d->lr);
    else
        fv__text_addf(out,
                      "a smaller learning rate (now lr=%g), warmup=1 or another init usually helps",
                      d->lr);
}

void fv__diverge_advise(fv_context *ctx, const fv_diverged *d, const fv_culprit *c, fv_text *out) {
    const int64_t each = fv__shape_sample(&d->net->values[0].shape);
    const double input = largest(d->x, d->n * each);
    const bool far = input > FAR && d->lr <= FAST;
    if (!*c->pass && strncmp(c->what, "the input", 9) == 0) {
        fv__text_add(out, "this image holds a number that is none or has no end (or its std is so "
                          "small that it has none); mend it or leave it out");
    } else if (strncmp(c->what, "the target", 10) == 0) {
        fv__text_add(out, "mend this target or leave the sample out");
    } else if (strcmp(c->pass, "update") == 0 && d->step > 0 && !far) {
        fv__text_addf(out, "the step was too large; take a smaller learning rate, a tenth of lr=%g",
                      d->lr);
    } else if (out_of_domain(d, c, out) || loss_is_heavy(d, out) || targets_are_far(d, out)) {
        return;
    } else if (far) {
        fv__text_addf(out,
                      "the numbers of the input reach %.4g; bring them to about 1 in the network's "
                      "input line, with scale 1/255 or mean and std",
                      input);
    } else {
        after_all(ctx, d, c, out);
    }
}
