/* SPDX-License-Identifier: MIT */
/*
 * check_api.c - public: the gradient check.
 */
#include "api/given.h"
#include "look/onnx_case.h"
#include "train/gradient_check.h"
#include <math.h>

/* What is handed out, and all that it points to. */
typedef struct record {
    fv_check told;
    fv_arena arena;
} record;

/* Who is told of each gradient. */
typedef struct watcher {
    void (*watch)(void *user, const fv_checked_gradient *gradient);
    void *user;
} watcher;

static fv_checked_gradient gradient_of(const fv_check_row *row) {
    return (fv_checked_gradient){.name = row->name,
                                 .op = row->op,
                                 .local = row->local,
                                 .error = row->error,
                                 .tried = row->tried,
                                 .skipped = row->skipped,
                                 .wrong = row->wrong};
}

static void watch(void *arg, const fv_check_row *row) {
    const watcher *w = arg;
    const fv_checked_gradient gradient = gradient_of(row);
    if (w->watch) w->watch(w->user, &gradient);
}

/* The report's texts live in its arena and its net; ours are copies. */
static fv_status tell(record *r, const fv_net *net, const fv_check_report *report) {
    fv_check *told = &r->told;
    fv_checked_gradient **list = fv__arena_alloc(&r->arena, report->count * sizeof *list);
    if (!list) return FV_EXHAUSTED;
    for (size_t i = 0; i < report->count; i++) {
        fv_checked_gradient *g = list[i] = fv__arena_alloc(&r->arena, sizeof *g);
        if (!g) return FV_EXHAUSTED;
        *g = gradient_of(&report->rows[i]);
        g->name = fv__arena_text(&r->arena, g->name);
        if (!g->name) return FV_EXHAUSTED;
    }
    told->net = fv__arena_text(&r->arena, net->graph->name);
    told->culprit = report->culprit ? fv__arena_text(&r->arena, report->culprit) : NULL;
    if (!told->net || (report->culprit && !told->culprit)) return FV_EXHAUSTED;
    told->culprit_op = report->culprit_op;
    told->gradients = (const fv_checked_gradient *const *)list;
    told->count = (int)report->count;
    told->worst = report->worst;
    told->wrong = report->wrong;
    return FV_OK;
}

static fv_status check(fv_context *ctx, const fv_net *net, const fv_check_settings *s, record *r) {
    const fv_check_options options = {.batch = s->batch ? s->batch : 2,
                                      .points = s->points ? s->points : 8,
                                      .tolerance = s->tolerance > 0 ? s->tolerance : 1e-7,
                                      .seed = s->seed};
    watcher w = {s->watch, s->user};
    fv_check_report report;
    fv_status status = fv__gradients_check(ctx, net->graph, fv__losses[net->recipe.loss], &options,
                                           watch, &w, &report);
    if (status == FV_OK || status == FV_DIFFERS) {
        const fv_status told = tell(r, net, &report);
        if (told != FV_OK) status = told;
    }
    fv__gradients_free(&report);
    return status;
}

fv_status fv_check_gradients(fv_context *ctx, const fv_net *net, const fv_check_settings *given,
                             fv_check **out) {
    fv_check_settings settings = {0};
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, net);
    FV_TAKE(ctx, given, settings);
    if (settings.batch < 0 || settings.points < 0)
        return fv__fail(ctx, FV_USAGE,
                        "a check takes a batch and a number of points of at least 1");
    if (!isfinite(settings.tolerance) || settings.tolerance < 0)
        return fv__fail(ctx, FV_USAGE, "a tolerance is 0 or more, and finite");
    record *r = fv__alloc(ctx, sizeof *r, "a check");
    if (!r) return FV_EXHAUSTED;
    fv__arena_init(&r->arena, ctx);
    const fv_status status = check(ctx, net, &settings, r);
    if (status == FV_OK || status == FV_DIFFERS)
        *out = &r->told;
    else
        fv_check_free(&r->told);
    return status;
}

void fv_check_free(fv_check *told) {
    if (!told) return;
    record *r = (record *)told;
    fv__arena_free(&r->arena);
    fv__free(r);
}

fv_status fv_check_onnx(fv_context *ctx, const char *folder, const fv_onnx_settings *given,
                        fv_onnx_case *out) {
    fv_onnx_case known = {.size = sizeof known};
    fv_onnx_settings settings = {0};
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, folder);
    FV_NEED(ctx, out);
    FV_TAKE(ctx, given, settings);
    if (!isfinite(settings.norm) || settings.norm < 0)
        return fv__fail(ctx, FV_USAGE, "a tolerance is 0 or more, and finite");
    FV_TRY(fv__onnx_case(ctx, folder, &settings, &known));
    FV_GIVE(ctx, known, out);
    return FV_OK;
}
