/* SPDX-License-Identifier: MIT */
/*
 * setting_advice.c - settings that can have no effect, said before the first step.
 *
 * What was given on purpose and contradicts itself is refused: whoever writes steps=2 wants the
 * rate to fall there. What is merely left over is told to the log, and the run begins. A network's
 * own recipe is not judged: epochs=1 for a trial is no mistake because its text warms up for five.
 */
#include "optim/optim.h"
#include "optim/sgd.h"
#include "train/run.h"
#include <string.h>

/* What was given, and the recipe it made. */
typedef struct advice {
    fv_context *ctx;
    const fv_setting *settings;
    size_t count;
    const fv_recipe *recipe;
} advice;

/* The value given for a setting; NULL: it was not given. */
static const char *given(const advice *a, const char *name) {
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->settings[i].name, name) == 0) return a->settings[i].value;
    return NULL;
}

/* --- the rate ----------------------------------------------------------------------------------
 */

/* Settings that only some schedules read: a bit for each of those. */
static const struct {
    const char *name;
    unsigned schedules;
    const char *needs; /* the schedule to name */
} of_schedule[] = {
    {"steps", 1u << FV_STEPS, "step"},
    {"patience", 1u << FV_PLATEAU, "plateau"},
    {"factor", 1u << FV_STEPS | 1u << FV_PLATEAU, "step or plateau"},
    {"threshold", 1u << FV_PLATEAU, "plateau"},
    {"min_lr",
     1u << FV_PLATEAU | 1u << FV_COSINE | 1u << FV_ONECYCLE | 1u << FV_LINEAR | 1u << FV_POLY,
     "plateau, cosine, onecycle, linear or poly"},
    {"rise", 1u << FV_ONECYCLE, "onecycle"},
    {"div", 1u << FV_ONECYCLE, "onecycle"},
    {"power", 1u << FV_POLY, "poly"},
};

static fv_status check_schedule(const advice *a) {
    const fv_recipe *r = a->recipe;
    const char *schedule = fv__recipe_schedule(r);
    for (size_t i = 0; i < sizeof of_schedule / sizeof *of_schedule; i++) {
        const char *value = given(a, of_schedule[i].name);
        if (!value || of_schedule[i].schedules & 1u << r->schedule) continue;
        return fv__fail(a->ctx, FV_USAGE,
                        "%s=%s has an effect with schedule=%s only, and the schedule is %s; give "
                        "that schedule too, or leave %s out",
                        of_schedule[i].name, value, of_schedule[i].needs, schedule,
                        of_schedule[i].name);
    }
    if (given(a, "schedule") && r->schedule == FV_STEPS && r->steps.count == 0)
        return fv__fail(a->ctx, FV_USAGE,
                        "schedule=step never lowers the rate without steps; give them too: "
                        "steps=30,60 lowers it after epochs 30 and 60");
    if (given(a, "min_lr") && r->min_lr > r->lr)
        return fv__fail(a->ctx, FV_USAGE, "min_lr=%s is more than lr, which is %g",
                        given(a, "min_lr"), r->lr);
    return FV_OK;
}

static fv_status check_warmup(const advice *a) {
    const fv_recipe *r = a->recipe;
    if (r->schedule == FV_ONECYCLE && given(a, "warmup") && r->warmup > 0)
        return fv__fail(a->ctx, FV_USAGE,
                        "warmup=%s: schedule=onecycle rises by itself; rise= says for how long",
                        given(a, "warmup"));
    if (r->schedule == FV_ONECYCLE) return FV_OK;
    if (r->warmup < (double)r->epochs || r->warmup == 0) return FV_OK;
    if (given(a, "warmup"))
        return fv__fail(a->ctx, FV_USAGE,
                        "warmup=%s: the rate would rise for as long as the run lasts (epochs=%lld) "
                        "and never be lr; warm up for less, or train for longer",
                        given(a, "warmup"), (long long)r->epochs);
    fv__log(a->ctx, FV_LOG_WARNING,
            "the network's recipe warms up for %g epochs, and the run lasts %lld: the rate never "
            "becomes lr",
            r->warmup, (long long)r->epochs);
    return FV_OK;
}

static void look_at_steps(const advice *a) {
    const fv_ints *steps = &a->recipe->steps;
    if (!given(a, "steps")) return;
    for (int i = 0; i < steps->count; i++)
        if (steps->v[i] >= a->recipe->epochs)
            fv__log(a->ctx, FV_LOG_WARNING,
                    "steps=%s: epoch %lld has no effect, for the run lasts %lld", given(a, "steps"),
                    (long long)steps->v[i], (long long)a->recipe->epochs);
}

static void look_at_patience(const advice *a) {
    const fv_recipe *r = a->recipe;
    if (given(a, "patience") && r->patience >= r->epochs)
        fv__log(a->ctx, FV_LOG_WARNING, "patience=%s has no effect, for the run lasts %lld",
                given(a, "patience"), (long long)r->epochs);
}

static void look_at_stop(const advice *a) {
    const fv_recipe *r = a->recipe;
    if (given(a, "stop") && r->stop >= r->epochs)
        fv__log(a->ctx, FV_LOG_WARNING, "stop=%s has no effect, for the run lasts %lld epochs",
                given(a, "stop"), (long long)r->epochs);
}

/* --- the optimiser ------------------------------------------------------------------------------
 */

/* Whether a setting is one of optimisers, but not of this one. */
static bool of_another(const char *name, int optimizer) {
    bool any = false;
    for (int o = 0; o < FV_OPTIMIZERS; o++) {
        if (!fv__field_find(fv__optimizers[o]->fields, name)) continue;
        if (o == optimizer) return false;
        any = true;
    }
    return any;
}

static void look_at_optimizer(const advice *a) {
    const fv_recipe *r = a->recipe;
    for (size_t i = 0; i < a->count; i++)
        if (of_another(a->settings[i].name, r->optimizer))
            fv__log(a->ctx, FV_LOG_WARNING, "%s=%s has no effect with optimizer=%s",
                    a->settings[i].name, a->settings[i].value, fv__optimizers[r->optimizer]->name);
    const fv_sgd_options *sgd = fv__recipe_options(r);
    if (given(a, "nesterov") && r->optimizer == FV_OPTIMIZER_sgd && sgd->nesterov &&
        sgd->momentum == 0)
        fv__log(a->ctx, FV_LOG_WARNING, "nesterov=yes has no effect with momentum=0");
    const bool norms = fv__optimizers[r->optimizer]->norms; /* which spares what decay spares */
    if (given(a, "decay_all") && r->decay_all && r->decay == 0 && !norms)
        fv__log(a->ctx, FV_LOG_WARNING, "decay_all=yes has no effect with decay=0");
}

/* --- the start ----------------------------------------------------------------------------------
 */

static void look_at_start(const advice *a) {
    if (given(a, "deviation") && a->recipe->init != FV_NORMAL)
        fv__log(a->ctx, FV_LOG_WARNING, "deviation=%s has no effect without init=normal",
                given(a, "deviation"));
}

/* --- augmentation -------------------------------------------------------------------------------
 */

static void look_at_augmentation(const advice *a) {
    const fv_augment *g = &a->recipe->augment;
    if (given(a, "elastic_sigma") && g->elastic == 0)
        fv__log(a->ctx, FV_LOG_WARNING, "elastic_sigma=%s has no effect without elastic",
                given(a, "elastic_sigma"));
    if (given(a, "aspect") && g->area == 0)
        fv__log(a->ctx, FV_LOG_WARNING, "aspect=%s has no effect without area", given(a, "aspect"));
}

fv_status fv__settings_advise(fv_context *ctx, const fv_setting *settings, size_t count,
                              const fv_recipe *recipe) {
    const advice a = {ctx, settings, count, recipe};
    FV_TRY(check_schedule(&a));
    FV_TRY(check_warmup(&a));
    look_at_steps(&a);
    look_at_patience(&a);
    look_at_stop(&a);
    look_at_optimizer(&a);
    look_at_start(&a);
    look_at_augmentation(&a);
    return FV_OK;
}
