/* SPDX-License-Identifier: MIT */
/*
 * schedule.c - the learning rate of a step.
 *
 * A function of the epoch and the place within it alone (plateau: and of the test losses so far),
 * so that a run that was killed goes on exactly. With t = the share of all epochs that is behind,
 * and the rate going from lr to m = min_lr:
 *
 *   cosine    m + (lr - m) (1 + cos(pi t)) / 2            Loshchilov and Hutter 2017, eq. 5
 *   linear    m + (lr - m) (1 - t)
 *   poly      m + (lr - m) (1 - t)^power                  Chen et al. 2018 (DeepLab), section 3
 *   onecycle  up from lr/div to lr, a straight line over `rise` of the run; then the half cosine
 *             down to m                                   Smith 2018, section 4; the fall as in
 * fast.ai
 */
#include "net/settings.h"
#include <math.h>

/* From `high` to `low` as `now` goes from 0 to `whole`. */
static double half_cosine(double high, double low, double now, double whole) {
    const double pi = 3.14159265358979323846;
    return low + (high - low) * (0.5 * (1.0 + cos(pi * now / whole)));
}

static double one_cycle(const fv_recipe *r, double t) {
    const double low = r->lr / r->div;
    if (t < r->rise) return low + (r->lr - low) * (t / r->rise);
    return r->rise < 1 ? half_cosine(r->lr, r->min_lr, t - r->rise, 1 - r->rise) : r->lr;
}

static double stepped(const fv_recipe *r, int64_t epoch) {
    double rate = r->lr;
    for (int i = 0; i < r->steps.count; i++)
        if (epoch >= r->steps.v[i]) rate *= r->factor;
    return rate;
}

double fv__recipe_rate(const fv_recipe *r, int64_t epoch, double progress, double plateau_factor) {
    const double now = (double)epoch + progress;
    const double t = now / (double)r->epochs;
    double rate = r->lr;
    switch (r->schedule) {
    case FV_STEPS:
        rate = stepped(r, epoch);
        break;
    case FV_PLATEAU:
        rate = fmax(rate * plateau_factor, r->min_lr);
        break;
    case FV_COSINE:
        rate = half_cosine(rate, r->min_lr, now, (double)r->epochs);
        break;
    case FV_LINEAR:
        rate = r->min_lr + (rate - r->min_lr) * (1 - t);
        break;
    case FV_POLY:
        rate = r->min_lr + (rate - r->min_lr) * pow(1 - t, r->power);
        break;
    case FV_ONECYCLE:
        return one_cycle(r, t); /* which rises by itself */
    default:
        break;
    }
    if (now < r->warmup) rate *= now / r->warmup;
    return rate;
}

bool fv__recipe_spans(const fv_recipe *r) {
    return r->schedule == FV_COSINE || r->schedule == FV_LINEAR || r->schedule == FV_POLY ||
           r->schedule == FV_ONECYCLE;
}
