/* SPDX-License-Identifier: MIT */
/*
 * model.c - the public model: making, reading, writing, asking.
 */
#include "api/check.h"
#include "format/model.h"
#include <string.h>

/* The heads that are there in use, in order: number i of them, or NULL. */
static const fv_head *head(const fv_model *model, int i) {
    if (!model || i < 0) return NULL;
    for (size_t h = 0; h < model->net->head_count; h++) {
        if (!model->net->heads[h].training && i-- == 0) return &model->net->heads[h];
    }
    return NULL;
}

/* One of text (parsed) and name (found) is given. */
static fv_status make(fv_context *ctx, const char *name, const char *text, const char *settings,
                      uint64_t seed, fv_model **out) {
    fv_arena arena;
    fv_setting *list;
    size_t count;
    fv_net *net = NULL;
    fv__arena_init(&arena, ctx);
    fv_status status = fv__settings_split(ctx, &arena, settings, &list, &count);
    if (status == FV_OK && text)
        status = fv__net_parse(ctx, "network", text, strlen(text), list, count, &net);
    else if (status == FV_OK)
        status = fv__net_find(ctx, name, list, count, &net);
    fv__arena_free(&arena);
    return status == FV_OK ? fv__model_new(ctx, net, seed, out) : status;
}

fv_status fv_model_create(fv_context *ctx, const char *name, const char *settings, uint64_t seed,
                          fv_model **out) {
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, name);
    return make(ctx, name, NULL, settings, seed, out);
}

fv_status fv_model_parse(fv_context *ctx, const char *text, const char *settings, uint64_t seed,
                         fv_model **out) {
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, text);
    return make(ctx, NULL, text, settings, seed, out);
}

fv_status fv_model_load(fv_context *ctx, const char *path, fv_model **out) {
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, path);
    return fv__model_load(ctx, path, out);
}

fv_status fv_model_load_memory(fv_context *ctx, const void *data, size_t size, fv_model **out) {
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, data);
    return fv__model_load_memory(ctx, "the model in memory", data, size, out);
}

fv_status fv_model_load_weights(fv_context *ctx, fv_model *model, const char *path) {
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, model);
    FV_NEED(ctx, path);
    return fv__model_load_weights(ctx, model, path);
}

fv_status fv_model_save(fv_context *ctx, const fv_model *model, const char *path) {
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, model);
    FV_NEED(ctx, path);
    return fv__model_save(ctx, model, path);
}

void fv_model_free(fv_model *model) {
    fv__model_free(model);
}

const char *fv_model_name(const fv_model *model) {
    return model ? model->net->name : NULL;
}

int64_t fv_model_input(const fv_model *model, int64_t dims[3]) {
    if (!model) return 0;
    const fv_shape *s = &model->net->values[0].shape;
    if (dims) {
        dims[0] = fv__channels(s);
        dims[1] = fv__height(s);
        dims[2] = fv__width(s);
    }
    return fv__shape_sample(s);
}

int fv_model_outputs(const fv_model *model) {
    int count = 0;
    while (head(model, count)) count++;
    return count;
}

int fv_model_output(const fv_model *model, int i, int64_t dims[FV_DIMS_MAX]) {
    const fv_head *h = head(model, i);
    if (!h) return 0;
    const fv_shape *s = &model->net->values[h->value].shape;
    for (int d = 1; dims && d < s->rank; d++) dims[d - 1] = s->dim[d];
    return s->rank - 1;
}

const char *fv_model_output_name(const fv_model *model, int i) {
    const fv_head *h = head(model, i);
    return h ? h->name : NULL;
}

const char *fv_model_class(const fv_model *model, int64_t i, char *out, size_t size) {
    if (!out || !size) return "";
    if (model) return fv__model_class(model, i, out, size);
    *out = '\0';
    return out;
}

int64_t fv_model_parameters(const fv_model *model) {
    return model ? fv__net_parameters(model->net, false) : 0;
}

int fv_model_tensors(const fv_model *model) {
    return model ? (int)model->net->param_count : 0;
}

fv_status fv_model_tensor(fv_context *ctx, const fv_model *model, int i, fv_tensor_view *out) {
    if (out) memset(out, 0, sizeof *out);
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, model);
    if (i < 0 || (size_t)i >= model->net->param_count)
        return fv__fail(ctx, FV_USAGE, "%s has no tensor number %d; it has %zu, counted from 0",
                        model->net->name, i, model->net->param_count);
    const fv_param *p = &model->net->params[i];
    out->name = p->name;
    out->data = model->weights + p->offset;
    out->count = p->count;
    out->rank = p->spec.shape.rank;
    memcpy(out->dims, p->spec.shape.dim, sizeof *out->dims * (size_t)out->rank);
    out->learned = p->spec.learned;
    return FV_OK;
}

/* "did you mean" over the parameters' names. */
static fv_status no_tensor(fv_context *ctx, const fv_net *net, const char *name) {
    const char **names = fv__alloc(ctx, (net->param_count + 1) * sizeof *names, "names");
    if (!names) return FV_EXHAUSTED;
    for (size_t i = 0; i < net->param_count; i++) names[i] = net->params[i].name;
    const char *near = fv__nearest(name, names, net->param_count);
    fv_status status =
        near ? fv__fail(ctx, FV_BAD_INPUT, "%s has no tensor '%.64s'; did you mean '%s'?",
                        net->name, name, near)
             : fv__fail(ctx, FV_BAD_INPUT, "%s has no tensor '%.64s'; the first of %zu is '%s'",
                        net->name, name, net->param_count,
                        net->param_count ? net->params[0].name : "none");
    fv__free(names);
    return status;
}

fv_status fv_model_tensor_named(fv_context *ctx, const fv_model *model, const char *name,
                                fv_tensor_view *out) {
    if (out) memset(out, 0, sizeof *out);
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, model);
    FV_NEED(ctx, name);
    int i = fv__net_find_param(model->net, name);
    if (i < 0) return no_tensor(ctx, model->net, name);
    return fv_model_tensor(ctx, model, i, out);
}

const char *fv_model_get(const fv_model *model, const char *name) {
    return model && name ? fv__model_get(model, name) : NULL;
}

fv_status fv_model_set(fv_context *ctx, fv_model *model, const char *name, const char *value) {
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, model);
    FV_NEED(ctx, name);
    return fv__model_set(ctx, model, name, value);
}
