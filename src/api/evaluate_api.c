/* SPDX-License-Identifier: MIT */
/*
 * evaluate_api.c - public: how well a model does on labelled samples.
 */
#include "api/evaluate_api.h"
#include "api/given.h"
#include "base/cpu_features.h"
#include "train/class_scores.h"
#include "train/figures.h"
#include <math.h>

#define BATCH 100 /* samples at a time, unless asked for otherwise */

/* What is handed out, and all that it points to. */
typedef struct record {
    fv_evaluation told;
    fv_arena arena;
} record;

/* Room for what is predicted of each sample, and for the confusion matrix. */
static fv_status make_room(fv_arena *arena, const fv_dataset *set, fv_scores *s,
                           int64_t **confusion, int32_t **labels) {
    const size_t n = (size_t)set->count;
    size_t cells, bytes;
    if (!fv__mul_size((size_t)set->classes, (size_t)set->classes, &cells) ||
        !fv__mul_size(cells, sizeof **confusion, &bytes))
        return fv__fail_memory(arena->ctx, SIZE_MAX, "the confusion matrix");
    s->predicted = fv__arena_alloc(arena, n * sizeof *s->predicted);
    s->confidence = fv__arena_alloc(arena, n * sizeof *s->confidence);
    s->label_confidence = fv__arena_alloc(arena, n * sizeof *s->label_confidence);
    *labels = fv__arena_alloc(arena, n * sizeof **labels);
    *confusion = fv__arena_alloc(arena, bytes);
    return s->predicted && s->confidence && s->label_confidence && *labels && *confusion
               ? FV_OK
               : FV_EXHAUSTED;
}

static fv_status tell_each(fv_context *ctx, const fv_dataset *set, const fv_scores *s,
                           int64_t *confusion, int32_t *labels, fv_evaluation *told) {
    FV_TRY(fv__dataset_labels(ctx, set, labels));
    fv__confusion_of(set, &(fv_predictions){s->predicted, labels, s->confidence}, confusion);
    told->predicted = s->predicted;
    told->confidence = s->confidence;
    told->label_probability = s->label_confidence;
    told->labels = labels;
    told->confusion = confusion;
    return FV_OK;
}

static void tell(const fv_dataset *set, const fv_scores *s, double seconds, fv_evaluation *told) {
    const double n = s->images > 0 ? (double)s->images : 1;
    told->images = s->images;
    told->counted = s->tally.counted;
    told->correct = s->tally.right;
    told->correct5 = s->correct5;
    told->accuracy = s->tally.counted > 0 ? (double)s->tally.right / (double)s->tally.counted : 0;
    told->top5 = (double)s->correct5 / n;
    told->loss = s->loss;
    told->seconds = seconds;
    told->classes = set->classes;
}

/* `summed`: as in fv_scores. */
static fv_status evaluate(fv_context *ctx, const fv_model *model, const fv_dataset *set,
                          const fv_evaluation_options *options, float *summed, record *r) {
    const fv_graph *net = model->net.graph;
    fv_evaluator *evaluator = NULL;
    fv_scores scores = {.summed = summed};
    int64_t *confusion = NULL;
    int32_t *labels = NULL;
    const fv_op *loss = fv__losses[model->net.recipe.loss];
    fv_target_kind wants;
    FV_TRY(fv__targets_check(ctx, set, net, loss, false, &wants));
    if ((options->each || summed) && wants != FV_TARGET_CLASS)
        return fv__fail(ctx, FV_USAGE,
                        "what is predicted of each sample is told where a sample has one class, "
                        "and %s learns from something else",
                        net->name);
    scores.views = (int)options->views;
    if (options->each) FV_TRY(make_room(&r->arena, set, &scores, &confusion, &labels));
    FV_TRY(fv__evaluator_new(ctx, model, loss, options->batch ? options->batch : BATCH, NULL,
                             &evaluator));
    const double start = fv__seconds();
    const fv_status status = fv__evaluate(ctx, evaluator, set, &scores);
    const double seconds = fv__seconds() - start;
    fv__evaluator_free(evaluator);
    FV_TRY(status);
    if (!isfinite(scores.loss))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s gives numbers that are not finite for images of %s: its weights are "
                        "too large for them; train it again with a smaller lr, or take an earlier "
                        "model",
                        net->name, set->name);
    tell(set, &scores, seconds, &r->told);
    if (!options->each) return FV_OK;
    return tell_each(ctx, set, &scores, confusion, labels, &r->told);
}

static fv_status new_record(fv_context *ctx, record **out) {
    record *r = *out = fv__alloc(ctx, sizeof *r, "an evaluation");
    if (!r) return FV_EXHAUSTED;
    fv__arena_init(&r->arena, ctx);
    return FV_OK;
}

fv_status fv__evaluation_of(fv_context *ctx, const fv_model *model, const fv_dataset *set,
                            const fv_evaluation_options *options, float *summed,
                            fv_evaluation **out) {
    record *r;
    FV_TRY(new_record(ctx, &r));
    const fv_status status = evaluate(ctx, model, set, options, summed, r);
    if (status == FV_OK)
        *out = &r->told;
    else
        fv_evaluation_free(&r->told);
    return status;
}

fv_status fv__evaluation_options(fv_context *ctx, const fv_evaluation_options *given,
                                 fv_evaluation_options *out) {
    FV_TAKE(ctx, given, *out);
    if (out->batch < 0)
        return fv__fail(ctx, FV_USAGE, "an evaluation takes a batch of at least 1, not %lld",
                        (long long)out->batch);
    if (!fv_views_count(out->views))
        return fv__fail(ctx, FV_USAGE, "there are no views number %d", (int)out->views);
    return FV_OK;
}

static fv_status judge(fv_context *ctx, const fv_ensemble *of, int64_t classes, float *summed,
                       record *r) {
    fv_scores s = {.images = of->set->count, .summed = summed};
    int64_t *confusion = NULL;
    int32_t *labels = fv__arena_alloc(&r->arena, (size_t)of->set->count * sizeof *labels);
    if (!labels) return FV_EXHAUSTED;
    if (of->options->each) FV_TRY(make_room(&r->arena, of->set, &s, &confusion, &labels));
    FV_TRY(fv__dataset_labels(ctx, of->set, labels));
    fv__evaluate_summed(labels, classes, of->count, &s);
    tell(of->set, &s, *of->seconds, &r->told);
    if (!of->options->each) return FV_OK;
    return tell_each(ctx, of->set, &s, confusion, labels, &r->told);
}

fv_status fv__evaluation_summed(fv_context *ctx, const fv_ensemble *of, int64_t classes,
                                float *summed, fv_evaluation **out) {
    record *r;
    FV_TRY(new_record(ctx, &r));
    const fv_status status = judge(ctx, of, classes, summed, r);
    if (status == FV_OK)
        *out = &r->told;
    else
        fv_evaluation_free(&r->told);
    return status;
}

fv_status fv_evaluate(fv_context *ctx, const fv_model *model, const fv_dataset *set,
                      const fv_evaluation_options *given, fv_evaluation **out) {
    fv_evaluation_options options = {0};
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, model);
    FV_NEED(ctx, set);
    FV_TRY(fv__evaluation_options(ctx, given, &options));
    return fv__evaluation_of(ctx, model, set, &options, NULL, out);
}

int fv_evaluation_class(const fv_evaluation *e, int64_t k, fv_class_score *out) {
    if (!e || !out || !e->confusion || k < 0 || k >= e->classes) return 0;
    *out = fv__class_score(e->confusion, e->classes, k);
    return 1;
}

void fv_evaluation_free(fv_evaluation *told) {
    if (!told) return;
    record *r = (record *)told;
    fv__arena_free(&r->arena);
    fv__free(r);
}
