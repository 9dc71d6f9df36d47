/* SPDX-License-Identifier: MIT */
/*
 * runs_api.c - public: training runs beside each other.
 */
#include "api/blob.h"
#include "api/given.h"
#include "train/run_list.h"

fv_status fv_runs_read(fv_context *ctx, const char *const *folders, int count, fv_runs_order order,
                       fv_runs **out) {
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    if (count > 0) FV_NEED(ctx, folders);
    if (count < 0) return fv__fail(ctx, FV_USAGE, "there are no %d folders", count);
    for (int i = 0; i < count; i++) FV_NEED(ctx, folders[i]);
    if (order < FV_RUNS_BY_ACCURACY || order > FV_RUNS_BY_NAME)
        return fv__fail(ctx, FV_USAGE, "runs have no order %d", (int)order);
    fv_runs *l = fv__alloc(ctx, sizeof *l, "a list of runs");
    if (!l) return FV_EXHAUSTED;
    l->ctx = ctx;
    fv__arena_init(&l->arena, ctx);
    const fv_status status = fv__runs_read(l, folders, count, order);
    if (status == FV_OK)
        *out = l;
    else
        fv_runs_free(l);
    return status;
}

void fv_runs_free(fv_runs *l) {
    if (!l) return;
    fv__runs_free(l);
    fv__free(l);
}

static const fv_run_entry *entry(const fv_runs *l, int i) {
    return l && i >= 0 && (size_t)i < l->count ? &l->run[i] : NULL;
}

const fv_run_facts *fv_runs_at(const fv_runs *l, int i) {
    const fv_run_entry *e = entry(l, i);
    return e ? &e->facts : NULL;
}

const fv_epoch *fv_runs_epoch(const fv_runs *l, int i, int64_t epoch) {
    const fv_run_entry *e = entry(l, i);
    if (!e || epoch < 0 || (size_t)epoch >= e->at.history_count) return NULL;
    return &e->at.history[epoch];
}

const char *fv_runs_setting(const fv_runs *l, int k) {
    return l && k >= 0 && (size_t)k < l->setting_count ? l->setting[k] : NULL;
}

const char *fv_runs_value(const fv_runs *l, int k, int i) {
    const fv_run_entry *e = entry(l, i);
    return e && fv_runs_setting(l, k) ? e->value[k] : NULL;
}

fv_status fv_draw_runs(fv_context *ctx, const fv_runs *l, int *drawn, fv_blob **out) {
    fv_canvas canvas;
    if (out) *out = NULL;
    if (drawn) *drawn = 0;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, l);
    FV_TRY(fv__runs_draw(ctx, l, drawn, &canvas));
    return fv__blob_of_canvas(ctx, &canvas, out);
}
