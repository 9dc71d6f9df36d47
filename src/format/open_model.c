/* SPDX-License-Identifier: MIT */
/*
 * open_model.c - from a word to a network or a model.
 */
#include "format/open_model.h"
#include "format/restate.h"
#include <string.h>

/* In a training run's folder the model at the end or, while the run goes on, the best. */
static fv_status find_path(fv_context *ctx, fv_arena *arena, const char *word, const char **out) {
    static const char *const files[] = {"model.safetensors", "best.safetensors"};
    *out = word;
    if (!fv__folder_exists(word)) return FV_OK;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = fv__path_in(arena, word, files[i]);
        if (!path) return FV_EXHAUSTED;
        if (fv__file_exists(path)) {
            *out = path;
            return FV_OK;
        }
    }
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s is a folder, and one that holds no model.safetensors and no "
                    "best.safetensors",
                    word);
}

/* The format of what a path names; NULL for a name of the zoo, and for what is no file. */
static fv_status find_format(fv_context *ctx, const char *path, const fv_format **out) {
    *out = NULL;
    if (fv__zoo_find(path)) return FV_OK;
    *out = fv__format_by_name(path);
    if (*out || !fv__file_exists(path)) return FV_OK;
    FV_TRY(fv__format_of(ctx, path, out));
    if (*out) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s is neither a model nor a network's text, as far as its first bytes tell; "
                    "models end in .safetensors and texts in .net",
                    path);
}

/* Why a word is no trained model. */
static fv_status no_weights(fv_context *ctx, const char *word, const fv_format *format) {
    if (format)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s is the text of a network, without weights; give a trained model "
                        "(.safetensors) or the folder of a training run, or say weights=FILE",
                        word);
    if (fv__zoo_find(word))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s is a network without weights; train it (fovea train %s DATA) and give "
                        "the model.safetensors that comes out, or say weights=FILE",
                        word, word);
    return fv__fail(ctx, FV_BAD_INPUT,
                    "there is no file %s; a trained model (.safetensors) or the folder of a "
                    "training run is expected",
                    word);
}

static fv_status no_net(fv_context *ctx, const char *path) {
    fv__model_no_net(ctx);
    return fv__fail_in(ctx, "%s: ", path);
}

static fv_status read_net(fv_context *ctx, const char *path, const fv_format *format,
                          const fv_open_options *o, fv_net *out) {
    if (format && !format->read_net) return no_net(ctx, path);
    if (format) return format->read_net(ctx, path, o->settings, o->setting_count, out);
    return fv__net_find(ctx, path, o->settings, o->setting_count, &out->graph, &out->recipe);
}

/* A model from a file that may leave open what o->input says. */
static fv_status read_stated(fv_context *ctx, const char *path, const fv_format *format,
                             const fv_open_options *o, fv_model **out) {
    fv_input input;
    FV_TRY(fv__input_parse(ctx, o->input, &input));
    return format->read_model_for(ctx, path, &input, out);
}

/* The model, with weights of its own, of the file beside it, or with none yet. */
static fv_status read_model(fv_context *ctx, const char *path, const fv_format *format,
                            const fv_open_options *o, fv_model **out) {
    fv_net net = {0};
    if (format && format->read_model_for && o->input && !o->setting_count)
        FV_TRY(read_stated(ctx, path, format, o, out));
    else if (format && format->read_model && !o->setting_count)
        FV_TRY(format->read_model(ctx, path, out));
    else {
        FV_TRY(read_net(ctx, path, format, o, &net));
        if (!o->weights) return fv__model_new(ctx, &net, o->seed, out);
        FV_TRY(fv__model_bare(ctx, &net, out));
    }
    if (!o->weights) return FV_OK;
    fv_weight_options how = o->match;
    how.seed = o->seed;
    return fv__weights_read(ctx, *out, o->weights, &how);
}

static fv_status open_path(fv_context *ctx, const char *word, const char *path,
                           const fv_open_options *o, fv_model **out) {
    const fv_format *format;
    FV_TRY(find_format(ctx, path, &format));
    if (format && !format->read_net) return no_net(ctx, path);
    const bool weights = o->weights || (format && format->read_model && fv__file_exists(path));
    if (!weights && !o->fresh)
        return no_weights(ctx, word, format && !format->read_model ? format : NULL);
    FV_TRY(read_model(ctx, path, format, o, out));
    if (o->input) FV_TRY(fv__net_restate_input(ctx, (*out)->net.graph, o->input));
    if (o->classes) FV_TRY(fv__model_read_classes(ctx, *out, o->classes));
    if (!weights || fv__model_check_finite(ctx, *out) == FV_OK) return FV_OK;
    return fv__fail_in(ctx, "%s: ", o->weights ? o->weights : path);
}

fv_status fv__model_open(fv_context *ctx, const char *word, const fv_open_options *options,
                         fv_model **out) {
    fv_arena arena;
    const char *path;
    *out = NULL;
    fv__arena_init(&arena, ctx);
    fv_status status = find_path(ctx, &arena, word, &path);
    if (status == FV_OK) status = open_path(ctx, word, path, options, out);
    fv__arena_free(&arena);
    if (status == FV_OK) return FV_OK;
    fv__model_free(*out);
    *out = NULL;
    return status;
}

static fv_status open_net(fv_context *ctx, fv_arena *arena, const char *word,
                          const fv_open_options *o, fv_net *out) {
    const fv_format *format;
    const char *path;
    FV_TRY(find_path(ctx, arena, word, &path));
    FV_TRY(find_format(ctx, path, &format));
    return read_net(ctx, path, format, o, out);
}

fv_status fv__net_open(fv_context *ctx, const char *word, const fv_open_options *options,
                       fv_net *out) {
    fv_model *model;
    fv_arena arena;
    *out = (fv_net){0};
    if (options->weights) {
        FV_TRY(fv__model_open(ctx, word, options, &model));
        *out = model->net;
        model->net.graph = NULL;
        fv__model_free(model);
        return FV_OK;
    }
    fv__arena_init(&arena, ctx);
    const fv_status status = open_net(ctx, &arena, word, options, out);
    fv__arena_free(&arena);
    return status;
}

fv_status fv__word_weights(fv_context *ctx, fv_arena *arena, const char *word, const char **out) {
    const fv_format *format;
    const char *path;
    *out = NULL;
    FV_TRY(find_path(ctx, arena, word, &path));
    FV_TRY(find_format(ctx, path, &format));
    if (!format || !format->read_model) return FV_OK;
    *out = fv__arena_text(arena, path);
    return *out ? FV_OK : FV_EXHAUSTED;
}

fv_status fv__weights_open(fv_context *ctx, const char *word, fv_tensor_file *file, bool *found) {
    const fv_format *format;
    *found = false;
    if (fv__zoo_find(word) || !fv__file_exists(word)) return FV_OK;
    FV_TRY(fv__format_of(ctx, word, &format));
    if (!format || !format->read_tensors) return FV_OK;
    FV_TRY(format->read_tensors(ctx, word, file));
    *found = !file->metadata || !fv__json_get(file->metadata, "net");
    if (!*found) fv__tensor_file_close(file);
    return FV_OK;
}
