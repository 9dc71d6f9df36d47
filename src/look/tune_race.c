/* SPDX-License-Identifier: MIT */
/*
 * tune_race.c - two plans of the same steps, run in turn and timed step by step.
 *
 * A whole run is timed and not a step again and again, so that a step finds the caches as it finds
 * them in the network.
 */
#include "base/cpu_features.h"
#include "base/denormal.h"
#include "base/random.h"
#include "look/tune.h"
#include <stdlib.h>
#include <string.h>

#define ROUNDS_LEAST 5
#define APART        0.03  /* so far apart are two medians that tell */
#define ROUND        1e-3  /* seconds of a round, for which a small network runs several times */
#define REPEATS      64    /* at most */
#define SECONDS      4.0   /* of a race, beyond the least rounds */
#define SHARE        0.002 /* of the time: a step of less need not be told apart */

/* ------------------------------------------------------------------------------------ sides --- */

/* Random numbers; whole numbers are 0, which every table of classes or places has. */
static fv_status fill_inputs(fv_context *ctx, const fv_graph *net, int64_t batch, fv_exec *exec) {
    const fv_key key = fv__key(1, FV_STREAM_CHECK, 0, 0);
    for (size_t v = 0; v < net->value_count; v++) {
        const fv_value *value = &net->values[v];
        if (value->node >= 0 || value->data) continue;
        const int64_t n = batch * fv__shape_sample(&value->shape);
        float *x = fv__alloc(ctx, (size_t)n * fv__dtype_bytes(value->type.dtype), "an input");
        if (!x) return FV_EXHAUSTED;
        for (int64_t i = 0; value->type.dtype == FV_F32 && i < n; i++)
            x[i] = (float)fv__random_normal(key, (uint64_t)i);
        fv__exec_write(exec, (int)v, x);
        fv__free(x);
    }
    return FV_OK;
}

fv_status fv__tune_side(fv_context *ctx, const fv_graph *net, int64_t batch, void *weights,
                        const unsigned char *variants, fv_tune_side *out) {
    const fv_plan_options options = {.batch = batch, .variants = variants};
    const fv_exec_options exec = {.weights = weights};
    *out = (fv_tune_side){0};
    fv_status status = fv__plan_new(ctx, net, &options, &out->plan);
    if (status == FV_OK) status = fv__exec_new(ctx, out->plan, &exec, &out->exec);
    if (status == FV_OK) status = fill_inputs(ctx, net, batch, out->exec);
    if (status != FV_OK) fv__tune_side_free(out);
    return status;
}

void fv__tune_side_free(fv_tune_side *side) {
    fv__exec_free(side->exec);
    fv__plan_free(side->plan);
    *side = (fv_tune_side){0};
}

/* ----------------------------------------------------------------------------------- racing --- */

static double machine_clock(void *arg, const fv_step_view *step) {
    (void)arg, (void)step;
    return fv__seconds();
}

/* One run; a step keeps the least of its times. */
typedef struct lap {
    const fv_tune_clock *clock;
    double *times; /* of the round, one step FV_TUNE_ROUNDS behind the other */
    double start, sum;
} lap;

static void before(void *arg, const fv_step_view *step) {
    lap *l = arg;
    l->start = l->clock->seconds(l->clock->arg, step);
}

static bool after(void *arg, const fv_step_view *step) {
    lap *l = arg;
    const double took = l->clock->seconds(l->clock->arg, step) - l->start;
    double *at = l->times + step->step * FV_TUNE_ROUNDS;
    if (*at == 0 || took < *at) *at = took;
    l->sum += took;
    return true;
}

/* Returns the seconds of one of the runs. */
static double run_round(const fv_tune_side *side, const fv_tune_clock *clock, double *times,
                        int repeats) {
    const fv_exec_run run = {.seed = 1};
    lap l = {.clock = clock, .times = times};
    const fv_walk walk = {before, after, &l};
    const fv_denormal_state denormals = fv__denormals_off();
    for (int i = 0; i < repeats; i++) fv__exec_forward(side->exec, &run, &walk);
    fv__denormals_restore(denormals);
    return l.sum / repeats;
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static const double *times_of(const fv_tune_times *t, int side, int step) {
    return t->times + ((size_t)side * (size_t)t->steps + (size_t)step) * FV_TUNE_ROUNDS;
}

double fv__tune_median(const fv_tune_times *t, int side, int step) {
    double sorted[FV_TUNE_ROUNDS];
    memcpy(sorted, times_of(t, side, step), sizeof sorted);
    qsort(sorted, (size_t)t->rounds, sizeof *sorted, by_size);
    return sorted[t->rounds / 2];
}

double fv__tune_total(const fv_tune_times *t, int side) {
    double sum = 0;
    for (int s = 0; s < t->steps; s++) sum += fv__tune_median(t, side, s);
    return sum;
}

static double least(const fv_tune_times *t, int side, int step) {
    const double *times = times_of(t, side, step);
    double l = times[0];
    for (int r = 1; r < t->rounds; r++) l = times[r] < l ? times[r] : l;
    return l;
}

bool fv__tune_faster(const fv_tune_times *t, const int *kind, int step) {
    double middle[2] = {0}, best[2] = {0};
    for (int s = 0; s < t->steps; s++)
        for (int k = 0; k < 2 && kind[s] == kind[step]; k++) {
            middle[k] += fv__tune_median(t, k, s);
            best[k] += least(t, k, s);
        }
    return middle[1] < (1 - APART) * middle[0] && best[1] < best[0];
}

/* Whether more rounds would tell more. */
static bool undecided(const fv_tune_side sides[2], const fv_tune_times *t) {
    const double all = fv__tune_total(t, 0);
    for (int s = 0; s < t->steps; s++) {
        if (fv__exec_step(sides[0].exec, s).variant == fv__exec_step(sides[1].exec, s).variant)
            continue;
        const double a = fv__tune_median(t, 0, s), b = fv__tune_median(t, 1, s);
        const double apart = a > b ? a - b : b - a;
        if (a > SHARE * all && apart < APART * a) return true;
    }
    return false;
}

void fv__tune_race(const fv_tune_side sides[2], const fv_tune_clock *clock, fv_tune_times *out) {
    static const fv_tune_clock machine = {machine_clock, NULL};
    const size_t one = (size_t)out->steps * FV_TUNE_ROUNDS;
    double begin[2], spent = 0;
    if (!clock) clock = &machine;
    memset(out->times, 0, 2 * one * sizeof *out->times);
    for (int k = 0; k < 2; k++) begin[k] = run_round(&sides[k], clock, out->times + one, 1);
    const double one_run = begin[0] > 0 ? begin[0] : ROUND;
    const int repeats = one_run < ROUND / REPEATS ? REPEATS : 1 + (int)(ROUND / one_run);
    memset(out->times, 0, 2 * one * sizeof *out->times); /* memory is touched, caches are warm */
    for (out->rounds = 0; out->rounds < FV_TUNE_ROUNDS;) {
        for (int turn = 0; turn < 2; turn++) {
            const int k = (turn + out->rounds) % 2; /* neither is always the first */
            double *times = out->times + (size_t)k * one + out->rounds;
            spent += repeats * run_round(&sides[k], clock, times, repeats);
        }
        if (++out->rounds >= ROUNDS_LEAST && (spent > SECONDS || !undecided(sides, out))) break;
    }
}
