/* SPDX-License-Identifier: MIT */
/*
 * weights.c - weights from files into models, and the report of it.
 */
#include "format/weights.h"
#include "format/format.h"
#include <string.h>

/* ------------------------------------------------------------------------------- the report --- */

/* What is handed out, and all that it points to. */
typedef struct record {
    fv_weight_report told;
    fv_arena arena;
} record;

void fv_weight_report_free(fv_weight_report *told) {
    if (!told) return;
    record *r = (record *)told;
    fv__arena_free(&r->arena);
    fv__free(r);
}

static fv_status tell_pair(record *r, const fv_param *p, const fv_tensor_entry *e, bool keras,
                           const fv_weight_pair **out) {
    fv_weight_pair *pair = fv__arena_alloc(&r->arena, sizeof *pair);
    if (!pair) return FV_EXHAUSTED;
    *pair = (fv_weight_pair){.parameter = fv__arena_text(&r->arena, p->name),
                             .tensor = fv__arena_text(&r->arena, e->name),
                             .type = e->type->name};
    *out = pair;
    r->told.converted += strcmp(e->type->name, "F32") != 0;
    r->told.strided += e->strided;
    r->told.reshaped += !keras && !fv__shape_equal(&e->shape, &p->spec.shape);
    r->told.turned += keras && p->spec.shape.rank > 1;
    return pair->parameter && pair->tensor ? FV_OK : FV_EXHAUSTED;
}

static fv_status tell(record *r, const fv_weight_match *m) {
    const size_t params = m->net->param_count;
    const fv_weight_pair **pairs = fv__arena_alloc(&r->arena, (params + 1) * sizeof *pairs);
    const char **missing = fv__arena_alloc(&r->arena, (params + 1) * sizeof *missing);
    const char **ignored = fv__arena_alloc(&r->arena, (m->file->count + 1) * sizeof *ignored);
    if (!pairs || !missing || !ignored) return FV_EXHAUSTED;
    for (size_t i = 0; i < params; i++) {
        const fv_param *p = &m->net->params[i];
        if (m->from[i])
            FV_TRY(tell_pair(r, p, m->from[i], m->keras, &pairs[r->told.matched++]));
        else if (!(missing[r->told.missing++] = fv__arena_text(&r->arena, p->name)))
            return FV_EXHAUSTED;
    }
    for (size_t i = 0; i < m->file->count; i++) {
        if (m->used[i]) continue;
        const char *name = fv__arena_text(&r->arena, m->file->entries[i].name);
        if (!name) return FV_EXHAUSTED;
        ignored[r->told.ignored++] = name;
    }
    r->told.pairs = pairs;
    r->told.missing_names = missing;
    r->told.ignored_names = ignored;
    return FV_OK;
}

static fv_status report(const fv_weight_match *m, const char *path, fv_weight_report **out) {
    record *r = fv__alloc(m->ctx, sizeof *r, "a report on weights");
    *out = NULL;
    if (!r) return FV_EXHAUSTED;
    fv__arena_init(&r->arena, m->ctx);
    r->told.file = fv__arena_text(&r->arena, path);
    r->told.match = m->how;
    r->told.mapped = m->mapped;
    r->told.parameters = (int)m->net->param_count;
    const fv_status status = r->told.file ? tell(r, m) : FV_EXHAUSTED;
    if (status == FV_OK)
        *out = &r->told;
    else
        fv_weight_report_free(&r->told);
    return status;
}

/* ---------------------------------------------------------------------------------- reading --- */

/* The numbers of all that found a place; what is missing stays, or is fresh. */
static fv_status copy(const fv_weight_match *m, fv_model *model, uint64_t seed) {
    if (!model->weights) {
        FV_TRY(fv__model_make_weights(m->ctx, model));
        for (size_t i = 0; i < m->net->param_count; i++) {
            if (m->from[i]) continue;
            fv__net_start(m->net, &model->net.recipe, seed, model->weights);
            break;
        }
    }
    fv__model_lend(model);
    for (size_t i = 0; i < m->net->param_count; i++)
        if (m->from[i]) {
            float *to = model->weights + m->net->params[i].offset;
            FV_TRY(m->keras ? fv__weights_turned(m, (int)i, to)
                            : fv__tensor_file_floats(m->ctx, m->from[i], to));
        }
    return FV_OK;
}

/* A file of ours, or one with our names: every tensor has its place. */
static fv_status match_exact(fv_weight_match *m, bool *old) {
    FV_TRY(fv__model_check_file(m->ctx, m->net, m->file, old));
    for (size_t i = 0; i < m->net->param_count; i++)
        m->from[i] = fv__model_entry(m->file, &m->net->params[i], *old);
    memset(m->used, 1, m->file->count * sizeof *m->used);
    m->how = FV_MATCH_NAME;
    return FV_OK;
}

static fv_status take(fv_weight_match *m, fv_model *model, const char *path, fv_tensor_file *file,
                      const fv_weight_options *o) {
    fv_weight_report *told = NULL;
    bool old;
    fv_status status = FV_BAD_INPUT;
    if (o->match < FV_MATCH_ORDER && !o->map) status = match_exact(m, &old);
    const bool exact = status == FV_OK;
    if (status == FV_BAD_INPUT) status = fv__weights_match(m, o);
    if (status == FV_OK && o->report) status = report(m, path, &told);
    if (status == FV_OK)
        status = exact ? fv__model_take_weights(m->ctx, model, file, old) : copy(m, model, o->seed);
    if (status != FV_OK)
        fv_weight_report_free(told);
    else if (o->report)
        *o->report = told;
    else if (m->how == FV_MATCH_ORDER)
        fv__log(m->ctx, FV_LOG_NOTE, "%s: its %zu tensors were matched by their order, not by name",
                path, m->net->param_count);
    return status;
}

static fv_status room(fv_weight_match *m) {
    m->from = fv__arena_alloc(m->arena, m->net->param_count * sizeof *m->from);
    m->used = fv__arena_alloc(m->arena, m->file->count * sizeof *m->used);
    m->left_out = fv__arena_alloc(m->arena, m->file->count * sizeof *m->left_out);
    m->fresh = fv__arena_alloc(m->arena, m->net->param_count * sizeof *m->fresh);
    return m->from && m->used && m->left_out && m->fresh ? FV_OK : FV_EXHAUSTED;
}

static fv_status open_file(fv_context *ctx, const char *path, fv_tensor_file *out) {
    const fv_format *format;
    FV_TRY(fv__format_of(ctx, path, &format));
    if (format && format->read_tensors) return format->read_tensors(ctx, path, out);
    fv_text ends = {.ctx = ctx};
    fv__format_ends(&ends, true);
    const fv_status status = fv__fail(ctx, FV_BAD_INPUT, "%s holds no weights; weights=FILE is %s",
                                      path, ends.data ? ends.data : "");
    fv__text_free(&ends);
    return status;
}

fv_status fv__weights_read(fv_context *ctx, fv_model *model, const char *path,
                           const fv_weight_options *options) {
    fv_tensor_file file;
    fv_arena arena;
    fv_status status;
    FV_TRY(open_file(ctx, path, &file));
    fv__arena_init(&arena, ctx);
    fv_weight_match match = {.ctx = ctx, .arena = &arena, .net = model->net.graph, .file = &file};
    status = room(&match);
    if (status == FV_OK) status = take(&match, model, path, &file, options);
    fv__arena_free(&arena);
    fv__tensor_file_close(&file);
    return status == FV_OK ? FV_OK : fv__fail_in(ctx, "%s: ", path);
}

fv_status fv__model_load_weights(fv_context *ctx, fv_model *model, const char *path) {
    return fv__weights_read(ctx, model, path, &(fv_weight_options){0});
}
