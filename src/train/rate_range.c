/* SPDX-License-Identifier: MIT */
/*
 * rate_range.c - lr=auto: a learning rate found by a range test (Smith 2017, "Cyclical learning
 * rates for training neural networks", section 3.3; the smoothing as Gugger 2018 has it).
 *
 * The network is trained over rates that grow by the same factor each step, on the batches with
 * which the run will begin. The loss falls, then rises. Its mean, of which each step leaves BETA
 * and which is divided by what it has seen, is least at some rate; a tenth of that is taken, two
 * digits of it. The test ends when the mean is four times its least or a number is not finite. All
 * of it is a trial: weights and optimiser are then those of the start.
 */
#include "train/forecast.h"
#include "train/run_wishes.h"
#include "view/view.h"
#include <math.h>
#include <string.h>

#define POINTS 100  /* steps */
#define LEAST  1e-6 /* the first rate */
#define MOST   10.0 /* the last one */
#define BETA   0.9
#define RISEN  4.0 /* times the least mean: it has risen */
#define BELOW  0.1 /* of the rate with the least mean */

/* Rate, loss and mean of each step. */
struct fv_rate_range {
    int64_t count, best;
    double rate[POINTS], loss[POINTS], mean[POINTS];
};

static double rate_of(int64_t i) {
    return LEAST * pow(MOST / LEAST, (double)i / (POINTS - 1));
}

/* The loss of one more step; false: it was not finite. */
static fv_status one_more(fv_context *ctx, fv_train_job *job, fv_rate_range *range, bool *finite) {
    fv_position *at = &job->at;
    const int64_t i = range->count, each = fv__train_steps(job);
    if (at->step == each) at->step = 0; /* from the first batch again */
    const double before = at->loss_sum;
    const int64_t seen = at->seen;
    const fv_status status = fv__train_step(ctx, job, rate_of(i));
    *finite = status != FV_DIVERGED;
    if (status != FV_OK) return *finite ? status : FV_OK;
    range->rate[i] = rate_of(i);
    range->loss[i] = (at->loss_sum - before) / (double)(at->seen - seen);
    range->count++;
    return FV_OK;
}

static fv_status walk(fv_context *ctx, fv_train_job *job, fv_rate_range *range) {
    double sum = 0, weight = 0;
    bool finite = true;
    fv__train_shuffle(job);
    while (finite && range->count < POINTS) {
        FV_TRY(one_more(ctx, job, range, &finite));
        if (!finite) break;
        const int64_t i = range->count - 1;
        sum = BETA * sum + (1 - BETA) * range->loss[i];
        weight = BETA * weight + (1 - BETA);
        range->mean[i] = sum / weight;
        if (range->mean[i] < range->mean[range->best]) range->best = i;
        if (range->mean[i] > RISEN * range->mean[range->best]) break;
    }
    return FV_OK;
}

/* Two digits, so that it reads as a setting. */
static double two_digits(double v) {
    const double unit = pow(10, floor(log10(v)) - 1);
    return unit < 1 ? round(v / unit) / round(1 / unit) : round(v / unit) * unit;
}

static fv_status choose(fv_context *ctx, const fv_rate_range *range, double *rate) {
    if (range->count < 2 || range->best == 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "lr=auto found no rate between %g and %g at which the loss falls; look at "
                        "the data and at the network's input (scale 1/255?), or give lr=",
                        LEAST, MOST);
    *rate = two_digits(BELOW * range->rate[range->best]);
    return FV_OK;
}

fv_status fv__wish_rate(fv_context *ctx, fv_train_job *job) {
    fv_trial trial = {0};
    if (!job->wish.rate) return FV_OK;
    job->range = fv__arena_alloc(&job->arena, sizeof *job->range);
    if (!job->range) return FV_EXHAUSTED;
    FV_TRY(fv__trial_begin(ctx, job, &trial));
    fv_status status = walk(ctx, job, job->range);
    if (status == FV_OK) status = choose(ctx, job->range, &job->recipe.lr);
    if (status != FV_OK) {
        fv__free(trial.weights);
        return status;
    }
    fv__log(ctx, FV_LOG_NOTE,
            "lr=auto: the mean loss was least at %.2g; a tenth of that is lr=%g (lr.png, lr.csv)",
            job->range->rate[job->range->best], job->recipe.lr);
    return fv__trial_end(ctx, job, &trial);
}

/* --- the curve ---------------------------------------------------------------------------------
 */

static fv_status write_numbers(fv_context *ctx, fv_train_job *job, const fv_rate_range *range) {
    fv_text out = {.ctx = ctx};
    fv__text_add(&out, "lr,loss,mean\n");
    for (int64_t i = 0; i < range->count; i++)
        fv__text_addf(&out, "%.6g,%.6f,%.6f\n", range->rate[i], range->loss[i], range->mean[i]);
    char *path = fv__train_path(job, "lr.csv");
    fv_status status = fv__text_done(ctx, &out);
    if (status == FV_OK)
        status = path ? fv__file_write(ctx, path, out.data, out.length) : FV_EXHAUSTED;
    fv__text_free(&out);
    return status;
}

static fv_status draw(fv_context *ctx, fv_train_job *job, const fv_rate_range *range) {
    double x[POINTS];
    const fv_curve curves[] = {{.name = "loss", .y = range->loss},
                               {.name = "mean", .y = range->mean}};
    const fv_plot plot = {.title = "Loss over the learning rate",
                          .x_label = "log10 of the rate",
                          .n = range->count,
                          .x = x,
                          .curves = curves,
                          .curve_count = 2,
                          .log_y = true};
    fv_canvas canvas;
    char *path = fv__train_path(job, "lr.png");
    if (!path) return FV_EXHAUSTED;
    for (int64_t i = 0; i < range->count; i++) x[i] = log10(range->rate[i]);
    FV_TRY(fv__draw_plots(ctx, &plot, 1, &canvas));
    const fv_status status = fv__png_write(ctx, &canvas, path);
    fv__canvas_free(&canvas);
    return status;
}

fv_status fv__rate_range_write(fv_context *ctx, fv_train_job *job) {
    if (!job->range) return FV_OK;
    FV_TRY(write_numbers(ctx, job, job->range));
    return draw(ctx, job, job->range);
}
