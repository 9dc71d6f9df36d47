/* SPDX-License-Identifier: MIT */
/*
 * run_history.c - what follows from the epochs that are behind: which was the best, what plateau
 * makes of the rate, whether the run is at its end. Nothing of it is kept elsewhere, so that a run
 * that was killed decides alike.
 */
#include "train/run.h"
#include <math.h>

/* Rows of epochs that are whole; before the first one, that of an epoch that `limit` has cut short.
 */
static size_t rows(const fv_position *at) {
    return at->epoch > 0 ? (size_t)at->epoch : at->history_count;
}

/* By the measure that best.safetensors goes by; vectors have no accuracy. */
static bool better(const fv_position *at, const fv_epoch *a, const fv_epoch *b) {
    return at->by_loss ? a->test_loss < b->test_loss : a->test_accuracy > b->test_accuracy;
}

int64_t fv__train_best(const fv_position *at) {
    int64_t best = -1;
    for (size_t e = 0; e < rows(at); e++)
        if (best < 0 || better(at, &at->history[e], &at->history[best])) best = (int64_t)e;
    return best;
}

/* After `patience` epochs in a row without a better loss the rate falls, and the count begins anew.
   Better: less than (1 - threshold) of the least so far. */
double fv__train_plateau(const fv_recipe *r, const fv_position *at) {
    double factor = 1, best = INFINITY;
    int64_t waited = 0;
    for (size_t e = 0; e < at->history_count; e++) {
        if (at->history[e].test_loss < best * (1 - r->threshold)) {
            best = at->history[e].test_loss;
            waited = 0;
        } else if (++waited >= r->patience) {
            factor *= r->factor;
            waited = 0;
        }
    }
    return factor;
}

int64_t fv__train_steps(const fv_train_job *job) {
    return (job->train.count + job->recipe.batch - 1) / job->recipe.batch;
}

bool fv__train_at_limit(const fv_train_job *job) {
    return job->recipe.limit > 0 && job->at.steps >= job->recipe.limit;
}

fv_ended fv__train_ended(const fv_train_job *job) {
    const fv_position *at = &job->at;
    const fv_recipe *r = &job->recipe;
    const bool cut = at->history_count > (size_t)at->epoch; /* tested within an epoch */
    if (at->epoch >= r->epochs) return FV_ENDED_EPOCHS;
    if (fv__train_at_limit(job) && (at->step == 0 || cut)) return FV_ENDED_LIMIT;
    const int64_t best = fv__train_best(at);
    if (r->stop && best >= 0 && at->step == 0 && at->epoch - 1 - best >= r->stop)
        return FV_ENDED_STOP;
    return FV_ENDED_NOT;
}
