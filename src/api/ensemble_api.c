/* SPDX-License-Identifier: MIT */
/*
 * ensemble_api.c - public: several models as one, the mean of their softmax outputs.
 */
#include "api/evaluate_api.h"
#include "api/given.h"
#include "train/figures.h"
#include <string.h>

static int64_t classes_of(const fv_model *model) {
    const fv_graph *net = model->net.graph;
    return fv__channels(&net->values[net->heads[0].value].shape);
}

/* Whether two models mean the same by class k; names count where both have them. */
static fv_status check_same(fv_context *ctx, const fv_model *first, const fv_model *other) {
    char a[FV_WORD_MAX], b[FV_WORD_MAX];
    const int64_t classes = classes_of(first);
    if (classes_of(other) != classes)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "models of an ensemble have the same classes: %s has %lld, and %s has %lld",
                        first->net.graph->name, (long long)classes, other->net.graph->name,
                        (long long)classes_of(other));
    for (int64_t k = 0; first->class_count && other->class_count && k < classes; k++) {
        const char *one = fv__model_class(first, k, a, sizeof a);
        const char *two = fv__model_class(other, k, b, sizeof b);
        if (strcmp(one, two) != 0)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "models of an ensemble have the same classes: class %lld is \"%s\" in "
                            "%s and \"%s\" in %s",
                            (long long)k, one, first->net.graph->name, two, other->net.graph->name);
    }
    return FV_OK;
}

static fv_status evaluate_all(fv_context *ctx, const fv_ensemble *of, float *summed) {
    for (int i = 0; i < of->count; i++) {
        fv_evaluation *one = NULL;
        FV_TRY(fv__evaluation_of(ctx, of->models[i], of->set, of->options, summed, &one));
        of->seconds[0] += one->seconds;
        if (of->each)
            of->each[i] = one;
        else
            fv_evaluation_free(one);
    }
    return FV_OK;
}

fv_status fv_evaluate_ensemble(fv_context *ctx, const fv_model *const *models, int count,
                               const fv_dataset *set, const fv_evaluation_options *given,
                               fv_evaluation **each, fv_evaluation **out) {
    fv_evaluation_options options = {0};
    double seconds = 0;
    size_t cells, bytes;
    if (out) *out = NULL;
    for (int i = 0; each && i < count; i++) each[i] = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, models);
    FV_NEED(ctx, set);
    FV_TRY(fv__evaluation_options(ctx, given, &options));
    if (count < 1) return fv__fail(ctx, FV_USAGE, "an ensemble has at least one model");
    for (int i = 0; i < count; i++) FV_NEED(ctx, models[i]);
    for (int i = 1; i < count; i++) FV_TRY(check_same(ctx, models[0], models[i]));
    if (!fv__mul_size((size_t)set->count, (size_t)classes_of(models[0]), &cells) ||
        !fv__mul_size(cells, sizeof(float), &bytes))
        return fv__fail_memory(ctx, SIZE_MAX, "what the models predict");
    float *summed = fv__alloc(ctx, bytes, "what the models predict");
    if (!summed) return FV_EXHAUSTED;
    const fv_ensemble of = {models, count, set, &options, each, &seconds};
    fv_status status = evaluate_all(ctx, &of, summed);
    if (status == FV_OK)
        status = fv__evaluation_summed(ctx, &of, classes_of(models[0]), summed, out);
    fv__free(summed);
    for (int i = 0; status != FV_OK && each && i < count; i++) {
        fv_evaluation_free(each[i]);
        each[i] = NULL;
    }
    return status;
}
