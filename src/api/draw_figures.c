/* SPDX-License-Identifier: MIT */
/*
 * draw_figures.c - public: samples, mistakes, confusion and curves as PNG files in memory.
 */
#include "api/blob.h"
#include "api/given.h"
#include "api/training_api.h"
#include "train/figures.h"

/* A gallery that lives in an arena. */
static fv_status draw(fv_context *ctx, const fv_gallery *gallery, fv_blob **out) {
    fv_canvas canvas;
    FV_TRY(fv__draw_gallery(ctx, gallery, &canvas));
    return fv__blob_of_canvas(ctx, &canvas, out);
}

fv_status fv_draw_samples(fv_context *ctx, const fv_dataset *set, int rows, fv_blob **out) {
    fv_gallery gallery;
    fv_arena arena;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, set);
    if (rows < 1 || rows > 1000)
        return fv__fail(ctx, FV_USAGE, "a sheet has 1 to 1000 rows, not %d", rows);
    fv__arena_init(&arena, ctx);
    fv_status status = fv__samples_of(&arena, set, rows, &gallery);
    if (status == FV_OK) status = draw(ctx, &gallery, out);
    fv__arena_free(&arena);
    return status;
}

/* The evaluation is of this set, and tells of each sample. */
static fv_status check_each(fv_context *ctx, const fv_dataset *set, const fv_evaluation *e) {
    if (!e->predicted)
        return fv__fail(ctx, FV_USAGE,
                        "the evaluation does not tell what is predicted of each sample; ask for it "
                        "with `each`");
    if (set && set->count != e->images)
        return fv__fail(ctx, FV_USAGE, "the evaluation is of another set than %s", set->name);
    return FV_OK;
}

fv_status fv_draw_mistakes(fv_context *ctx, const fv_model *model, const fv_dataset *set,
                           const fv_evaluation *evaluation, int most, fv_blob **out) {
    fv_gallery gallery;
    fv_arena arena;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, model);
    FV_NEED(ctx, set);
    FV_NEED(ctx, evaluation);
    FV_TRY(check_each(ctx, set, evaluation));
    const fv_predictions each = {evaluation->predicted, evaluation->labels, evaluation->confidence};
    fv__arena_init(&arena, ctx);
    fv_status status = fv__mistakes_of(&arena, model, set, &each, most, &gallery);
    if (status == FV_OK && !gallery.count)
        status = fv__fail(
            ctx, FV_BAD_INPUT,
            "there are no mistakes to draw, or images of %s cannot stand side by side", set->name);
    if (status == FV_OK) status = draw(ctx, &gallery, out);
    fv__arena_free(&arena);
    return status;
}

fv_status fv_draw_confusion(fv_context *ctx, const fv_model *model, const fv_evaluation *evaluation,
                            fv_blob **out) {
    fv_canvas canvas;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, model);
    FV_NEED(ctx, evaluation);
    FV_TRY(check_each(ctx, NULL, evaluation));
    const bool named = model->class_names && model->class_count >= evaluation->classes;
    FV_TRY(fv__draw_confusion(ctx, evaluation->confusion, evaluation->classes,
                              named ? model->class_names : NULL, &canvas));
    return fv__blob_of_canvas(ctx, &canvas, out);
}

fv_status fv_draw_curves(fv_context *ctx, const fv_training *training, fv_blob **out) {
    fv_canvas canvas;
    fv_curves curves;
    size_t count;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, training);
    const fv_epoch *history = fv__training_history(training, &count);
    if (!count) return fv__fail(ctx, FV_USAGE, "there are no curves before an epoch is behind");
    FV_TRY(fv__curves_of(ctx, history, count, &curves));
    const fv_status status = fv__draw_plots(ctx, curves.plot, FV_CURVES_LEARNING, &canvas);
    fv__free(curves.y);
    return status == FV_OK ? fv__blob_of_canvas(ctx, &canvas, out) : status;
}
