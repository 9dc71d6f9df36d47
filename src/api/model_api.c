/* SPDX-License-Identifier: MIT */
/*
 * model_api.c - the public model: making, reading, writing, describing.
 */
#include "api/given.h"
#include "format/weights.h"
#include "api/views.h"
#include "op/softmax.h"
#include <string.h>

/* The heads that are there in inference, in order: number i of them, or NULL. */
static const fv_head *head(const fv_model *model, int i) {
    if (!model || i < 0) return NULL;
    for (size_t h = 0; h < model->net.graph->head_count; h++) {
        if (!model->net.graph->heads[h].training && i-- == 0) return &model->net.graph->heads[h];
    }
    return NULL;
}

/* A model over a net, which is gone. */
static fv_status model_of(fv_context *ctx, fv_net *net, uint64_t seed, fv_model **out) {
    const fv_net own = *net;
    fv__free(net);
    return fv__model_new(ctx, &own, seed, out);
}

fv_status fv_model_new(fv_context *ctx, fv_net *net, uint64_t seed, fv_model **out) {
    if (out) *out = NULL;
    fv_status status = fv__check_context(ctx);
    if (status == FV_OK) status = fv__check_given(ctx, __func__, "out", out);
    if (status == FV_OK) status = fv__check_given(ctx, __func__, "net", net);
    if (status == FV_OK) return model_of(ctx, net, seed, out);
    fv_net_free(net);
    return status;
}

fv_status fv_model_create(fv_context *ctx, const char *word, const char *settings, uint64_t seed,
                          fv_model **out) {
    fv_net *net;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, word);
    FV_TRY(fv_net_open(ctx, word, settings, &net));
    return model_of(ctx, net, seed, out);
}

fv_status fv_model_parse(fv_context *ctx, const char *text, const char *settings, uint64_t seed,
                         fv_model **out) {
    fv_net *net;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, text);
    FV_TRY(fv_net_parse(ctx, text, settings, &net));
    return model_of(ctx, net, seed, out);
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

void fv_model_free(fv_model *model) {
    fv__model_free(model);
}

const fv_net *fv_model_net(const fv_model *model) {
    return model ? &model->net : NULL;
}

const char *fv_model_name(const fv_model *model) {
    return model ? model->net.graph->name : NULL;
}

int64_t fv_model_input(const fv_model *model, int64_t dims[3]) {
    return model ? fv_net_input(&model->net, dims) : 0;
}

int fv_model_outputs(const fv_model *model) {
    int count = 0;
    while (head(model, count)) count++;
    return count;
}

int fv_model_output(const fv_model *model, int i, int64_t dims[FV_DIMS_MAX]) {
    const fv_head *h = head(model, i);
    if (!h) return 0;
    const fv_shape *s = &model->net.graph->values[h->value].shape;
    for (int d = 1; dims && d < s->rank; d++) dims[d - 1] = s->dim[d];
    return s->rank - 1;
}

fv_dtype fv_model_output_type(const fv_model *model, int i) {
    const fv_head *h = head(model, i);
    return h ? model->net.graph->values[h->value].type.dtype : FV_F32;
}

const char *fv_model_output_name(const fv_model *model, int i) {
    const fv_head *h = head(model, i);
    return h ? h->name : NULL;
}

int fv_model_output_is_softmax(const fv_model *model, int i) {
    const fv_head *h = head(model, i);
    const int n = h ? model->net.graph->values[h->value].node : -1;
    if (n < 0) return 0;
    const fv_node *node = &model->net.graph->nodes[n];
    return fv__softmax_of_classes(node->op, node->options,
                                  &model->net.graph->values[h->value].shape);
}

const char *fv_model_class(const fv_model *model, int64_t i, char *out, size_t size) {
    if (!out || !size) return "";
    if (model) return fv__model_class(model, i, out, size);
    *out = '\0';
    return out;
}

int64_t fv_model_parameters(const fv_model *model) {
    return model ? fv_net_parameters(&model->net) : 0;
}

int fv_model_tensors(const fv_model *model) {
    return model ? (int)model->net.graph->param_count : 0;
}

fv_status fv_model_tensor(fv_context *ctx, const fv_model *model, int i, fv_tensor_view *out) {
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_TRY(fv__view_clear(ctx, out));
    FV_NEED(ctx, model);
    if (i < 0 || (size_t)i >= model->net.graph->param_count)
        return fv__fail(ctx, FV_USAGE, "%s has no tensor number %d; it has %zu, counted from 0",
                        model->net.graph->name, i, model->net.graph->param_count);
    const fv_param *p = &model->net.graph->params[i];
    fv__model_lend(model);
    return fv__view_of_param(ctx, p, model->weights + p->offset, out);
}

fv_status fv_model_tensor_named(fv_context *ctx, const fv_model *model, const char *name,
                                fv_tensor_view *out) {
    int i;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_TRY(fv__view_clear(ctx, out));
    FV_NEED(ctx, model);
    FV_NEED(ctx, name);
    FV_TRY(fv__param_named(ctx, model->net.graph, name, &i));
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
