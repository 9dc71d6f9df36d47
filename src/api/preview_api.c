/* SPDX-License-Identifier: MIT */
/*
 * preview_api.c - public: a batch as a network sees it in training.
 */
#include "api/blob.h"
#include "api/given.h"
#include "train/preview.h"

fv_status fv_preview_make(fv_context *ctx, const fv_preview_options *given, fv_preview **out) {
    fv_preview_options options = {0};
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, given);
    FV_TAKE(ctx, given, options);
    if (!options.data)
        return fv__fail(ctx, FV_USAGE, "a batch is one of a data set: `data` is NULL");
    fv_preview *p = fv__alloc(ctx, sizeof *p, "a batch to look at");
    if (!p) return FV_EXHAUSTED;
    p->ctx = ctx;
    fv__arena_init(&p->arena, ctx);
    const fv_status status = fv__preview_make(p, &options);
    if (status == FV_OK)
        *out = p;
    else
        fv_preview_free(p);
    return status;
}

void fv_preview_free(fv_preview *p) {
    if (!p) return;
    fv__preview_free(p);
    fv__free(p);
}

const fv_preview_facts *fv_preview_describe(const fv_preview *p) {
    return p ? &p->facts : NULL;
}

int fv_preview_at(const fv_preview *p, int64_t i, fv_preview_sample *out) {
    if (!p || !out || i < 0 || i >= p->facts.count) return 0;
    const fv_preview_sample known = fv__preview_at(p, i);
    return fv__give_struct(NULL, __func__, &known, sizeof known, out) == FV_OK;
}

fv_status fv_draw_preview(fv_context *ctx, const fv_preview *p, fv_blob **out) {
    fv_canvas canvas;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, p);
    FV_TRY(fv__preview_draw(ctx, p, &canvas));
    return fv__blob_of_canvas(ctx, &canvas, out);
}
