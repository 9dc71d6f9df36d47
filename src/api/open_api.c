/* SPDX-License-Identifier: MIT */
/*
 * open_api.c - public: networks and models opened by a word, saved by a name, and files of weights
 * looked at.
 */
#include "api/open_api.h"
#include "api/given.h"
#include <string.h>

fv_status fv__take_model_options(fv_context *ctx, const fv_model_options *given, fv_arena *arena,
                                 fv_open_options *out) {
    fv_setting *settings;
    size_t count;
    if (given->match < FV_MATCH_AUTO || given->match > FV_MATCH_KERAS)
        return fv__fail(ctx, FV_USAGE, "there is no way %d of matching weights", (int)given->match);
    FV_TRY(fv__settings_split(ctx, arena, given->settings, &settings, &count));
    *out = (fv_open_options){
        .settings = settings,
        .setting_count = count,
        .weights = given->weights,
        .match = {.match = given->match, .map = given->map, .report = given->report},
        .input = given->input,
        .classes = given->classes,
        .seed = given->seed,
        .fresh = given->fresh};
    return FV_OK;
}

fv_status fv__net_handle(fv_context *ctx, const fv_net *net, fv_net **out) {
    *out = fv__alloc(ctx, sizeof **out, "a network");
    if (*out) {
        **out = *net;
        return FV_OK;
    }
    fv__net_free(net->graph);
    return FV_EXHAUSTED;
}

fv_status fv_net_open(fv_context *ctx, const char *word, const char *settings, fv_net **out) {
    const fv_model_options given = {.settings = settings};
    fv_open_options options;
    fv_net net = {0};
    fv_arena arena;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, word);
    fv__arena_init(&arena, ctx);
    fv_status status = fv__take_model_options(ctx, &given, &arena, &options);
    if (status == FV_OK) status = fv__net_open(ctx, word, &options, &net);
    fv__arena_free(&arena);
    return status == FV_OK ? fv__net_handle(ctx, &net, out) : status;
}

fv_status fv_model_open(fv_context *ctx, const char *word, const fv_model_options *given,
                        fv_model **out) {
    fv_model_options known = {0};
    fv_open_options options;
    fv_arena arena;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, word);
    FV_TAKE(ctx, given, known);
    if (known.report) *known.report = NULL;
    fv__arena_init(&arena, ctx);
    fv_status status = fv__take_model_options(ctx, &known, &arena, &options);
    if (status == FV_OK) status = fv__model_open(ctx, word, &options, out);
    fv__arena_free(&arena);
    if (status != FV_OK && known.report) {
        fv_weight_report_free(*known.report);
        *known.report = NULL;
    }
    return status;
}

/* --------------------------------------------------------------------------------- saving --- */

static fv_status no_format(fv_context *ctx, const char *path) {
    fv_text ends = {.ctx = ctx};
    fv__format_ends(&ends, false);
    const fv_status status =
        fv__fail(ctx, FV_USAGE, "the end of '%s' does not tell what it is to be; it must be %s",
                 path, ends.data ? ends.data : "another");
    fv__text_free(&ends);
    return status;
}

fv_status fv_net_save(fv_context *ctx, const fv_net *net, const char *path) {
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, net);
    FV_NEED(ctx, path);
    const fv_format *format = fv__format_by_name(path);
    if (format && format->write_net) return format->write_net(ctx, net, path);
    if (!format || !format->write_model) return no_format(ctx, path);
    return fv__fail(ctx, FV_USAGE, "'%s' is to be %s, and a network alone has no weights", path,
                    format->what);
}

static fv_status save_as(fv_context *ctx, const fv_format *format, const fv_model *model,
                         const char *path, const fv_save_options *o) {
    const fv_write_options options = {.opset = o->opset, .logits = o->logits};
    if (format && format->write_model_as) return format->write_model_as(ctx, model, path, &options);
    return fv__fail(ctx, FV_USAGE, "opset and logits are said of an ONNX file; '%s' is another",
                    path);
}

fv_status fv_model_save_as(fv_context *ctx, const fv_model *model, const char *path,
                           const fv_save_options *given) {
    fv_save_options known = {0};
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, model);
    FV_NEED(ctx, path);
    FV_TAKE(ctx, given, known);
    const fv_format *format = fv__format_by_name(path);
    if (known.opset || known.logits) return save_as(ctx, format, model, path, &known);
    return fv_model_save(ctx, model, path);
}

fv_status fv_model_save(fv_context *ctx, const fv_model *model, const char *path) {
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, model);
    FV_NEED(ctx, path);
    const fv_format *format = fv__format_by_name(path);
    if (format && format->write_model) return format->write_model(ctx, model, path);
    if (format && format->write_net) return format->write_net(ctx, &model->net, path);
    return no_format(ctx, path);
}

int fv_format_has_weights(const char *path) {
    const fv_format *format = path ? fv__format_by_name(path) : NULL;
    return format && format->write_model && !format->write_net;
}

const char *fv_format_extension(int i, const char **help) {
    if (help) *help = NULL;
    for (const fv_format *const *f = fv__formats; *f && i >= 0; f++) {
        if (!(*f)->write_net && !(*f)->write_model) continue; /* is read only */
        if (i-- > 0) continue;
        if (help) *help = (*f)->help;
        return (*f)->extension;
    }
    return NULL;
}

/* -------------------------------------------------------------------------------- weights --- */

/* What is handed out, and all that it points to. */
typedef struct record {
    fv_weights told;
    fv_arena arena;
} record;

static fv_status tell_weights(const fv_tensor_file *st, record *r) {
    fv_weight_facts **list = fv__arena_alloc(&r->arena, st->count * sizeof(*list));
    if (!list) return FV_EXHAUSTED;
    for (size_t i = 0; i < st->count; i++) {
        const fv_tensor_entry *e = &st->entries[i];
        fv_weight_facts *f = list[i] = fv__arena_alloc(&r->arena, sizeof *f);
        if (!f) return FV_EXHAUSTED;
        *f = (fv_weight_facts){.name = fv__arena_text(&r->arena, e->name),
                               .type = e->type->name,
                               .count = (int64_t)(e->bytes / e->type->bytes),
                               .bytes = e->bytes,
                               .rank = e->shape.rank};
        if (!f->name) return FV_EXHAUSTED;
        memcpy(f->dims, e->shape.dim, (size_t)f->rank * sizeof *f->dims);
    }
    r->told.tensors = (const fv_weight_facts *const *)list;
    r->told.count = (int)st->count;
    return FV_OK;
}

fv_status fv_weights_read(fv_context *ctx, const char *path, fv_weights **out) {
    fv_tensor_file st;
    bool found;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, path);
    FV_TRY(fv__weights_open(ctx, path, &st, &found));
    if (!found) return FV_OK;
    record *r = fv__alloc(ctx, sizeof *r, "a list of weights");
    if (r) fv__arena_init(&r->arena, ctx);
    const fv_status status = r ? tell_weights(&st, r) : FV_EXHAUSTED;
    fv__tensor_file_close(&st);
    if (status == FV_OK)
        *out = &r->told;
    else if (r)
        fv_weights_free(&r->told);
    return status;
}

void fv_weights_free(fv_weights *told) {
    if (!told) return;
    record *r = (record *)told;
    fv__arena_free(&r->arena);
    fv__free(r);
}
