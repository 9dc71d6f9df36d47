/* SPDX-License-Identifier: MIT */
/*
 * model.c - a network with its weights: making it, naming its classes, its metadata. The file is in
 * model_file.c.
 */
#include "format/model.h"
#include "base/utf8.h"
#include <stdio.h>
#include <string.h>

fv_status fv__model_bare(fv_context *ctx, const fv_net *net, fv_model **out) {
    fv_model *model = *out = fv__alloc(ctx, sizeof *model, "a model");
    if (!model) {
        fv__net_free(net->graph);
        return FV_EXHAUSTED;
    }
    fv__arena_init(&model->arena, ctx);
    model->net = *net;
    model->runs = fv__alloc(ctx, sizeof *model->runs, "a model");
    if (model->runs) {
        fv__mutex_init(&model->runs->lock);
        return FV_OK;
    }
    fv__model_free(model);
    *out = NULL;
    return FV_EXHAUSTED;
}

fv_status fv__model_make_weights(fv_context *ctx, fv_model *model) {
    size_t bytes;
    if (!fv__mul_size((size_t)model->net.graph->param_elements, sizeof(float), &bytes))
        bytes = SIZE_MAX;
    model->weights = fv__alloc(ctx, bytes, "weights");
    return model->weights ? FV_OK : FV_EXHAUSTED;
}

fv_status fv__model_new(fv_context *ctx, const fv_net *net, uint64_t seed, fv_model **out) {
    fv_model *model;
    *out = NULL;
    FV_TRY(fv__model_bare(ctx, net, &model));
    fv_status status = fv__net_check_start(ctx, net->graph, &net->recipe);
    if (status == FV_OK) status = fv__model_make_weights(ctx, model);
    if (status != FV_OK) {
        fv__model_free(model);
        return status;
    }
    fv__net_start(net->graph, &net->recipe, seed, model->weights);
    *out = model;
    return FV_OK;
}

void fv__model_lend(const fv_model *model) {
    fv__lock(&model->runs->lock);
    model->runs->lent = true;
    fv__unlock(&model->runs->lock);
}

bool fv__model_rests(const fv_model *model) {
    fv__lock(&model->runs->lock);
    const bool rests = model->file.mapped && !model->runs->lent;
    fv__unlock(&model->runs->lock);
    return rests;
}

void fv__model_free(fv_model *model) {
    if (!model) return;
    fv__net_free(model->net.graph);
    if (model->runs) fv__mutex_destroy(&model->runs->lock);
    fv__free(model->runs);
    if (model->file.data)
        fv__file_release(&model->file);
    else
        fv__free(model->weights);
    fv__arena_free(&model->arena);
    fv__free(model);
}

/* Room for one more entry. The old array stays in the arena; doubling keeps that small. */
static fv_status make_room(fv_context *ctx, fv_model *model) {
    if (model->extra_count < model->extra_capacity) return FV_OK;
    size_t capacity = model->extra_capacity ? 2 * model->extra_capacity : 8;
    fv_st_meta *grown = fv__arena_alloc(&model->arena, capacity * sizeof *grown);
    if (!grown) return fv__fail_memory(ctx, capacity * sizeof *grown, "metadata");
    if (model->extra_count) memcpy(grown, model->extra, model->extra_count * sizeof *grown);
    model->extra = grown;
    model->extra_capacity = capacity;
    return FV_OK;
}

static fv_st_meta *find(const fv_model *model, const char *name) {
    for (size_t i = 0; i < model->extra_count; i++) {
        if (strcmp(model->extra[i].name, name) == 0) return &model->extra[i];
    }
    return NULL;
}

static void forget(fv_model *model, const char *name) {
    fv_st_meta *entry = find(model, name);
    if (!entry) return;
    size_t behind = (size_t)(model->extra + model->extra_count - entry - 1);
    memmove(entry, entry + 1, behind * sizeof *entry);
    model->extra_count--;
}

/* The list of names from their text, one per line; a text of nothing names none. */
static fv_status split_classes(fv_context *ctx, fv_model *model, const char *text) {
    int64_t count = *text ? 1 : 0;
    for (const char *c = text; *c; c++) count += *c == '\n' && c[1];
    const char **names = fv__arena_alloc(&model->arena, ((size_t)count + 1) * sizeof *names);
    char *copy = fv__arena_text(&model->arena, text);
    if (!names || !copy) return fv__fail_memory(ctx, strlen(text) + 1, "the classes' names");
    for (int64_t i = 0; i < count; i++) {
        const size_t line = strcspn(copy, "\n"), name = strcspn(copy, "\r\n");
        names[i] = copy;
        const bool more = copy[line] != '\0';
        copy[name] = '\0';
        copy += line + (more ? 1 : 0);
    }
    model->class_names = count ? names : NULL;
    model->class_count = count;
    return FV_OK;
}

static fv_status add_extra(fv_context *ctx, fv_model *model, const char *name, const char *value) {
    model->arena.ctx = ctx; /* the one it was made with may be gone */
    if (strcmp(name, "classes") == 0) FV_TRY(split_classes(ctx, model, value));
    const char *copy = fv__arena_text(&model->arena, value);
    if (!copy) return fv__fail_memory(ctx, strlen(value) + 1, "metadata");
    fv_st_meta *entry = find(model, name);
    if (entry) {
        entry->value = copy;
        return FV_OK;
    }
    FV_TRY(make_room(ctx, model));
    const char *key = fv__arena_text(&model->arena, name);
    if (!key) return fv__fail_memory(ctx, strlen(name) + 1, "metadata");
    model->extra[model->extra_count++] = (fv_st_meta){key, copy};
    return FV_OK;
}

fv_status fv__model_set(fv_context *ctx, fv_model *model, const char *name, const char *value) {
    if (strcmp(name, "format") == 0 || strcmp(name, "net") == 0 || strcmp(name, "given") == 0 ||
        strcmp(name, "names") == 0)
        return fv__fail(ctx, FV_USAGE,
                        "the metadata '%s' follows from the network: it cannot be set", name);
    if (!fv__utf8_valid(name, strlen(name)) || (value && !fv__utf8_valid(value, strlen(value))))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the metadata '%.64s' is not UTF-8 text; convert it first", name);
    if (value) return add_extra(ctx, model, name, value);
    forget(model, name);
    if (strcmp(name, "classes") == 0) {
        model->class_names = NULL;
        model->class_count = 0;
    }
    return FV_OK;
}

fv_status fv__model_set_classes(fv_context *ctx, fv_model *model, const char *const *names,
                                int64_t count) {
    fv_text text = {.ctx = ctx};
    fv_status status = FV_OK;
    for (int64_t i = 0; i < count && status == FV_OK; i++) {
        if (strpbrk(names[i], "\r\n"))
            status = fv__fail(ctx, FV_BAD_INPUT, "the name of class %lld has more than one line",
                              (long long)i);
        fv__text_add(&text, i ? "\n" : "");
        fv__text_add(&text, names[i]);
    }
    if (status == FV_OK) status = fv__text_done(ctx, &text);
    if (status == FV_OK) status = fv__model_set(ctx, model, "classes", count ? text.data : NULL);
    fv__text_free(&text);
    return status;
}

const char *fv__model_get(const fv_model *model, const char *name) {
    if (strcmp(name, "net") == 0) return model->net.graph->source;
    if (strcmp(name, "given") == 0) return model->net.graph->given;
    const fv_st_meta *entry = find(model, name);
    return entry ? entry->value : NULL;
}

const char *fv__model_class(const fv_model *model, int64_t i, char *out, size_t size) {
    if (!size) return out;
    const char *name = i >= 0 && i < model->class_count ? model->class_names[i] : "";
    size_t length = strlen(name);
    if (!length) {
        snprintf(out, size, "%lld", (long long)i);
        return out;
    }
    if (length >= size) length = fv__utf8_whole(name, size - 1);
    memcpy(out, name, length);
    out[length] = '\0';
    return out;
}

/* Weights in pieces: who looks at one gives a mapped file's memory back behind him. */
#define FINITE_PIECE ((int64_t)1 << 18)

typedef struct search {
    const float *weights;
    int64_t count;
    bool rests;
    bool *bad; /* [pieces] */
} search;

static void search_piece(void *arg, int64_t job, int worker) {
    const search *s = arg;
    const int64_t from = job * FINITE_PIECE, left = s->count - from;
    const int64_t n = left < FINITE_PIECE ? left : FINITE_PIECE;
    (void)worker;
    s->bad[job] = fv__first_not_finite(s->weights + from, n) >= 0;
    if (s->rests) fv__file_forget(s->weights + from, (size_t)n * sizeof *s->weights);
}

/* Whether all weights are finite, on all threads. */
static fv_status all_finite(fv_context *ctx, const fv_model *model, bool *all) {
    search s = {model->weights, model->net.graph->param_elements, fv__model_rests(model), NULL};
    const int64_t pieces = (s.count + FINITE_PIECE - 1) / FINITE_PIECE;
    s.bad = fv__alloc(ctx, (size_t)pieces * sizeof *s.bad, "a look at the weights");
    if (!s.bad) return FV_EXHAUSTED;
    fv__pool_run(ctx->pool, pieces, search_piece, &s);
    *all = true;
    for (int64_t i = 0; i < pieces; i++) *all = *all && !s.bad[i];
    fv__free(s.bad);
    return FV_OK;
}

fv_status fv__model_check_finite(fv_context *ctx, const fv_model *model) {
    const fv_graph *net = model->net.graph;
    bool all;
    FV_TRY(all_finite(ctx, model, &all));
    for (size_t p = 0; p < net->param_count && !all; p++) {
        const fv_param *param = &net->params[p];
        const int64_t bad = fv__first_not_finite(model->weights + param->offset, param->count);
        if (bad >= 0)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s holds numbers that are not finite (the first is value %lld); the "
                            "model is damaged or its training diverged: train it again, or take "
                            "an earlier one",
                            param->name, (long long)bad + 1);
    }
    return FV_OK;
}
