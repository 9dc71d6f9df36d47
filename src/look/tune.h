/* SPDX-License-Identifier: MIT */
/*
 * tune.h - which variants are the fastest, as fovea/tune.h describes it.
 */
#ifndef FV_LOOK_TUNE_H
#define FV_LOOK_TUNE_H

#include "device/tuning.h"
#include "format/model.h"
#include "plan/plan.h"

/* Told before and after each step; the difference is what the step took. */
typedef struct fv_tune_clock {
    double (*seconds)(void *arg, const fv_step_view *step);
    void *arg;
} fv_tune_clock;

/* `options` is complete. clock NULL: the machine's. Findings go into the context's tuning. */
FV_MUST_USE fv_status fv__tune(fv_context *ctx, const fv_net *net, const fv_tune_options *options,
                               const fv_tune_clock *clock, fv_tuned **out);
void fv__tuned_free(fv_tuned *tuned);

/* Two ways of running the same steps, timed in turn. */
typedef struct fv_tune_side {
    fv_plan *plan;
    fv_exec *exec;
} fv_tune_side;
#define FV_TUNE_ROUNDS 15 /* at most */
typedef struct fv_tune_times {
    int steps, rounds;
    double *times; /* [2][steps][FV_TUNE_ROUNDS] */
} fv_tune_times;

/* A plan with these variants (fv_plan_options.variants), ready to run on random numbers. */
FV_MUST_USE fv_status fv__tune_side(fv_context *ctx, const fv_graph *net, int64_t batch,
                                    void *weights, const unsigned char *variants,
                                    fv_tune_side *out);
void fv__tune_side_free(fv_tune_side *side);
/* Runs both in turn until those steps that have different variants are told apart, or long enough.
 */
void fv__tune_race(const fv_tune_side sides[2], const fv_tune_clock *clock, fv_tune_times *out);
/* A step's median; of all steps together; and whether side 1 is the faster one beyond doubt in the
   steps that are of one kind with this one: kind[s] is the first of them. */
double fv__tune_median(const fv_tune_times *t, int side, int step);
double fv__tune_total(const fv_tune_times *t, int side);
bool fv__tune_faster(const fv_tune_times *t, const int *kind, int step);

#endif
