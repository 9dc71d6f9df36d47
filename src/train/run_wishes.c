/* SPDX-License-Identifier: MIT */
/*
 * run_wishes.c - settings of a run alone: memory=2G and time=30m, turned into settings of the
 * recipe, weights= and from=, cache=.
 */
#include "train/run_wishes.h"
#include "format/open_model.h"
#include "train/forecast.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TIME_USED 0.97 /* of the time that is given: files and the report take some */

/* --- what was wished ---------------------------------------------------------------------------
 */

/* A number and the unit behind it: the factor of its letter in `units`, which are `factors`. */
static bool with_unit(const char *text, const char *units, const double *factors, double *out) {
    char number[FV_WORD_MAX];
    const size_t n = strlen(text);
    const char *unit = n > 1 ? strchr(units, text[n - 1]) : NULL;
    if (!unit || !*unit || n >= sizeof number) return false;
    memcpy(number, text, n - 1);
    number[n - 1] = 0;
    if (!fv__parse_real(number, out) || !(*out > 0)) return false;
    *out *= factors[unit - units];
    return isfinite(*out) && *out < 9e15;
}

static fv_status read_time(fv_context *ctx, const char *text, double *out) {
    static const double seconds[] = {1, 60, 3600, 86400};
    if (with_unit(text, "smhd", seconds, out)) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "time=%.40s: a time is a number and its unit, as in 90s, 30m, 2h or 1.5d",
                    text);
}

static fv_status read_memory(fv_context *ctx, const char *text, double *out) {
    static const double bytes[] = {1e3, 1e6, 1e9, 1e12};
    if (with_unit(text, "KMGT", bytes, out)) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "memory=%.40s: an amount of memory is a number and its unit, as in 500M or 2G",
                    text);
}

static const char *given(const fv_setting *settings, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(settings[i].name, name) == 0) return settings[i].value;
    return NULL;
}

/* What a wish finds cannot be given. */
static fv_status check_apart(fv_context *ctx, const fv_train_job *job, const fv_setting *settings,
                             size_t count) {
    static const char *const by_time[] = {"epochs", "limit"}, *const by_memory[] = {"shards",
                                                                                    "tests"};
    for (size_t i = 0; i < 2; i++) {
        if (job->wish.time > 0 && given(settings, count, by_time[i]))
            return fv__fail(ctx, FV_USAGE, "time= finds %s; give one of the two", by_time[i]);
        if (job->wish.memory > 0 && given(settings, count, by_memory[i]))
            return fv__fail(ctx, FV_USAGE, "memory= finds %s; give one of the two", by_memory[i]);
    }
    return FV_OK;
}

/* The settings `weights` and `from`. */
static fv_status take_weights(fv_context *ctx, fv_train_job *job, const fv_setting *s, bool from) {
    if (job->weights)
        return fv__fail(ctx, FV_USAGE,
                        "a run begins with one model's weights: give weights=FILE, of this very "
                        "network, or from=MODEL, whose last layer may be another");
    job->transfer = from;
    job->weights = fv__arena_text(&job->arena, s->value);
    if (!job->weights) return FV_EXHAUSTED;
    const char *file = NULL; /* of a run's folder */
    if (from) FV_TRY(fv__word_weights(ctx, &job->arena, job->weights, &file));
    if (file) job->weights = file;
    return FV_OK;
}

/* The folder as it is meant from here, which a run that goes on elsewhere needs. */
static fv_status take_cache(fv_context *ctx, fv_train_job *job, const char *folder) {
    char here[4096];
    if (!*folder) return fv__fail(ctx, FV_BAD_INPUT, "cache= takes a folder; write cache=DIR");
    const char *from = folder[0] != '/' && getcwd(here, sizeof here) ? here : "";
    job->cache_folder =
        *from ? fv__path_in(&job->arena, from, folder) : fv__arena_text(&job->arena, folder);
    return job->cache_folder ? FV_OK : FV_EXHAUSTED;
}

fv_status fv__wishes_take(fv_context *ctx, fv_train_job *job, fv_setting *settings, size_t *count) {
    size_t rest = 0;
    for (size_t i = 0; i < *count; i++) {
        const fv_setting *s = &settings[i];
        const bool from = strcmp(s->name, "from") == 0;
        if (from || strcmp(s->name, "weights") == 0) {
            FV_TRY(take_weights(ctx, job, s, from));
        } else if (strcmp(s->name, "time") == 0) {
            FV_TRY(read_time(ctx, s->value, &job->wish.time));
        } else if (strcmp(s->name, "memory") == 0) {
            FV_TRY(read_memory(ctx, s->value, &job->wish.memory));
        } else if (strcmp(s->name, "cache") == 0) {
            FV_TRY(take_cache(ctx, job, s->value));
        } else if (strcmp(s->name, "lr") == 0 && strcmp(s->value, "auto") == 0) {
            job->wish.rate = true;
        } else {
            settings[rest++] = *s;
        }
    }
    *count = rest;
    return check_apart(ctx, job, settings, rest);
}

/* --- memory ------------------------------------------------------------------------------------
 */

/* Whether something is computed from all samples of a batch together. */
static bool normalises_batches(const fv_graph *net) {
    for (size_t i = 0; i < net->node_count; i++)
        if (net->nodes[i].op == &fv__op_bn) return true;
    return false;
}

static fv_status too_little(fv_context *ctx, const fv_train_job *job, const fv_forecast *least) {
    char asked[32], needed[32], weights[32], space[32];
    const int64_t last = job->train.count % job->recipe.batch;
    char why[128] = "";
    if (last && least->shards * 2 > last)
        snprintf(why, sizeof why,
                 " (no more, for the last batch of an epoch has %lld images; a batch that divides "
                 "%lld has none such)",
                 (long long)last, (long long)job->train.count);
    return fv__fail(ctx, FV_USAGE,
                    "memory=%s is too little: with a batch of %lld in shards=%lld%s training plans "
                    "%s, %s of it for weights, gradients and optimiser, %s for the working space; "
                    "give that much, or take a smaller network",
                    fv__short_bytes(asked, job->wish.memory), (long long)job->recipe.batch,
                    (long long)least->shards, why, fv__short_bytes(needed, (double)least->memory),
                    fv__short_bytes(weights, (double)(least->weights + least->gradients +
                                                      least->optimizer + least->packed)),
                    fv__short_bytes(space, (double)(least->workspace + least->input)));
}

/* The least power of two: shards of one size, and a whole tree. */
fv_status fv__wish_memory(fv_context *ctx, fv_train_job *job) {
    const fv_graph *net = job->model->net.graph;
    fv_recipe *r = &job->recipe;
    if (!(job->wish.memory > 0)) return FV_OK;
    if (r->batch > job->train.count) r->batch = job->train.count;
    const int64_t last = job->train.count % r->batch, most = last ? last : r->batch;
    fv_forecast f = {0}, least = {0};
    for (int64_t shards = 1; shards <= most; shards *= 2) {
        const int64_t each = (r->batch + shards - 1) / shards;
        r->shards = shards;
        r->tests = shards > 1 ? each : 0; /* testing takes less than a step with as many */
        FV_TRY(fv__forecast_memory(ctx, net, r, job->test.count, &f));
        f.shards = shards;
        if (!least.memory || f.memory < least.memory) least = f;
        if ((double)f.memory <= job->wish.memory) break;
    }
    if ((double)f.memory > job->wish.memory) return too_little(ctx, job, &least);
    char planned[32];
    fv__log(ctx, FV_LOG_NOTE, "memory: %s planned with shards=%lld%s",
            fv__short_bytes(planned, (double)f.memory), (long long)r->shards,
            r->shards > 1 ? "; the same again without memory=: these and tests= of run.json" : "");
    if (r->shards > 1 && normalises_batches(net))
        fv__log(ctx, FV_LOG_WARNING,
                "batch normalisation sees %lld images at a time, a shard, not the batch of %lld",
                (long long)(r->batch / r->shards), (long long)r->batch);
    return FV_OK;
}

/* --- time --------------------------------------------------------------------------------------
 */

/* What a recipe counts in epochs is stretched with them. */
static void stretch(fv_recipe *r, int64_t epochs) {
    const double by = (double)epochs / (double)r->epochs;
    int64_t before = 0;
    for (int i = 0; i < r->steps.count; i++) {
        const int64_t at = llround((double)r->steps.v[i] * by);
        r->steps.v[i] = at > before ? at : before + 1;
        before = r->steps.v[i];
    }
    if (by < 1) r->warmup *= by;
    r->epochs = epochs;
}

fv_status fv__wish_time(fv_context *ctx, fv_train_job *job) {
    const double seconds = TIME_USED * job->wish.time;
    fv_recipe *r = &job->recipe;
    fv_forecast f = {0};
    fv_text steps = {.ctx = ctx};
    if (!(job->wish.time > 0)) return FV_OK;
    FV_TRY(fv__forecast(ctx, job, &f));
    double epochs = floor(seconds / f.epoch_seconds);
    if (epochs < 1) { /* a part of one */
        const double room = floor((seconds - f.test_seconds) / f.step_seconds);
        r->limit = room < 1 ? 1 : (int64_t)room;
    }
    if (epochs > 1e6) epochs = 1e6;
    stretch(r, epochs < 1 ? 1 : (int64_t)epochs);
    for (int i = 0; i < r->steps.count; i++)
        fv__text_addf(&steps, "%s%lld", i ? "," : " steps=", (long long)r->steps.v[i]);
    if (r->limit > 0) fv__text_addf(&steps, " limit=%lld", (long long)r->limit);
    fv__log(ctx, FV_LOG_NOTE,
            "time: an epoch takes about %.3g s; the same again without time=: epochs=%lld%s",
            f.epoch_seconds, (long long)r->epochs, steps.data ? steps.data : "");
    fv__text_free(&steps);
    return fv__train_describe(ctx, job);
}
