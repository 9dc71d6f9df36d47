/* SPDX-License-Identifier: MIT */
/*
 * open.c - from a word to a network or a model.
 */
#include "api/open.h"
#include <math.h>
#include <string.h>

static bool ends_with(const char *word, const char *end) {
    const size_t n = strlen(word), m = strlen(end);
    return n > m && strcmp(word + n - m, end) == 0;
}

bool fv__is_model_file(const char *word) {
    return ends_with(word, ".safetensors");
}

const char *fv__open_path(fv_arena *arena, const char *word) {
    /* the model at the end of a run or, while it goes on, the best */
    static const char *const files[] = {"model.safetensors", "best.safetensors"};
    for (size_t i = 0; i < sizeof files / sizeof *files && fv__folder_exists(word); i++) {
        const char *path = fv__arena_format(arena, "%s/%s", word, files[i]);
        if (!path || fv__file_exists(path)) return path;
    }
    return word;
}

static fv_status net_of_model(fv_context *ctx, const char *path, const char *settings,
                              fv_net *out) {
    fv_model *model = NULL;
    if (settings && *settings)
        return fv__fail(ctx, FV_USAGE,
                        "%s: the network inside a model is what it was trained as; give settings "
                        "with a network's name or .net file",
                        settings);
    FV_TRY(fv__model_load(ctx, path, &model));
    *out = model->net;
    model->net.graph = NULL;
    fv__model_free(model);
    return FV_OK;
}

static fv_status open_net(fv_context *ctx, fv_arena *arena, const char *word, const char *settings,
                          fv_net *out) {
    const char *path = fv__open_path(arena, word);
    fv_setting *list;
    size_t count;
    if (!path) return FV_EXHAUSTED;
    if (fv__is_model_file(path)) return net_of_model(ctx, path, settings, out);
    FV_TRY(fv__settings_split(ctx, arena, settings, &list, &count));
    return fv__net_find(ctx, path, list, count, &out->graph, &out->recipe);
}

fv_status fv__open_net(fv_context *ctx, const char *word, const char *settings, fv_net **out) {
    fv_arena arena;
    fv_net net = {0};
    fv__arena_init(&arena, ctx);
    const fv_status status = open_net(ctx, &arena, word, settings, &net);
    fv__arena_free(&arena);
    return status == FV_OK ? fv__net_handle(ctx, &net, out) : status;
}

/* One number that is none makes every answer nonsense: it is said at once, with its place. */
static fv_status check_finite(fv_context *ctx, const char *path, const fv_model *model) {
    const fv_graph *net = model->net.graph;
    for (size_t p = 0; p < net->param_count; p++) {
        const float *w = model->weights + net->params[p].offset;
        for (int64_t i = 0; i < net->params[p].count; i++)
            if (!isfinite(w[i]))
                return fv__fail(ctx, FV_BAD_INPUT,
                                "%s: %s holds numbers that are not finite (the first is value "
                                "%lld); the model is damaged or its training diverged: train it "
                                "again, or take an earlier one",
                                path, net->params[p].name, (long long)i + 1);
    }
    return FV_OK;
}

/* What the word is instead of a trained model. */
static fv_status no_model(fv_context *ctx, const char *word) {
    if (ends_with(word, ".net"))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s is the text of a network, without weights; give a trained model "
                        "(.safetensors) or the folder of a training run",
                        word);
    if (fv__folder_exists(word))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: this folder holds no model.safetensors and no best.safetensors", word);
    if (fv_zoo_find(word))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s is a network without weights; train it (fovea train %s DATA) and "
                        "give the model.safetensors that comes out",
                        word, word);
    return fv__fail(ctx, FV_BAD_INPUT,
                    "there is no file %s; a trained model (.safetensors) or the folder of a "
                    "training run is expected",
                    word);
}

static fv_status load(fv_context *ctx, const char *path, const char *settings, fv_model **out) {
    if (settings && *settings)
        return fv__fail(ctx, FV_USAGE,
                        "%s: the network inside a model is what it was trained as; give settings "
                        "with a network's name or .net file",
                        settings);
    return fv__model_load(ctx, path, out);
}

static fv_status open_any(fv_context *ctx, fv_arena *arena, const char *word,
                          const fv_model_options *o, fv_model **out) {
    const char *path = fv__open_path(arena, word);
    fv_net net = {0};
    if (!path) return FV_EXHAUSTED;
    const bool text = ends_with(path, ".net") || fv_zoo_find(path);
    if (fv__is_model_file(path) ? o->fresh || fv__file_exists(path)
                                : !text && fv__file_exists(path)) {
        FV_TRY(load(ctx, path, o->settings, out));
    } else if (o->fresh || o->weights) {
        FV_TRY(open_net(ctx, arena, word, o->settings, &net));
        FV_TRY(fv__model_new(ctx, &net, o->seed, out));
    } else {
        return no_model(ctx, word);
    }
    if (o->weights) FV_TRY(fv__model_load_weights(ctx, *out, o->weights));
    return check_finite(ctx, o->weights ? o->weights : path, *out);
}

fv_status fv__open_model(fv_context *ctx, const char *word, const fv_model_options *options,
                         fv_model **out) {
    fv_arena arena;
    *out = NULL;
    fv__arena_init(&arena, ctx);
    const fv_status status = open_any(ctx, &arena, word, options, out);
    fv__arena_free(&arena);
    if (status == FV_OK) return FV_OK;
    fv__model_free(*out);
    *out = NULL;
    return status;
}
