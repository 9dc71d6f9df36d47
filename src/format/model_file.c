/* SPDX-License-Identifier: MIT */
/*
 * model_file.c - a model in a file, and back.
 *
 * What the file says of its network is checked before memory for its weights is taken: a file can
 * describe a network of any size in a few words, but its weights it must bring along.
 */
#include "format/model.h"
#include "base/utf8.h"
#include "format/model_constants.h"
#include <string.h>

#define FORMAT "fovea 1"

/* Metadata of files whose network has parameters that version 0.1.0 called otherwise: their names
   are those of now. */
#define NAMES     "names"
#define NAMES_NOW "2"

/* The name after "net " in a network's text, for messages: its length, 0 when there is none. */
static size_t net_name(const char *text, const char **name) {
    for (const char *line = text; line; line = strchr(line, '\n')) {
        if (line != text) line++;
        line += strspn(line, " \t");
        if (strncmp(line, "net ", 4) != 0) continue;
        *name = line + 4 + strspn(line + 4, " \t");
        size_t length = strcspn(*name, " \t\r\n(#");
        return length < FV_WORD_MAX ? length : FV_WORD_MAX;
    }
    return 0;
}

/* "these are not the weights of lenet5: WHAT. REMEDY" over the message WHAT, where the remedy is
   what the file itself suggests. */
static fv_status of_another(fv_context *ctx, const fv_graph *net, const fv_tensor_file *st,
                            bool own) {
    char what[1024];
    size_t n = strlen(ctx->message);
    if (n >= sizeof what) n = sizeof what - 1;
    memcpy(what, ctx->message, n);
    what[n] = '\0';
    if (own)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the weights do not fit the network in the same file (%s): %s. The file "
                        "was put together wrongly; save it again from where it was trained",
                        net->name, what);
    const char *name = NULL, *given = "";
    size_t length = 0;
    if (st->metadata) {
        given = fv__json_string(st->metadata, "given", "");
        length = net_name(fv__json_string(st->metadata, "net", ""), &name);
    }
    if (!length)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "these are not the weights of %s: %s. Take a file that was saved from this "
                        "very network; where it only has other names, map=FILE says which is which",
                        net->name, what);
    return fv__fail(
        ctx, FV_BAD_INPUT,
        "these are not the weights of %s%s%s: %s. The file was saved from %.*s%s%.200s; "
        "use it with that network",
        net->name, *net->given ? " " : "", net->given, what, (int)length, name, *given ? " " : "",
        given);
}

fv_status fv__model_of_another(fv_context *ctx, const fv_graph *net, const fv_tensor_file *file) {
    return of_another(ctx, net, file, false);
}

static bool renamed(const fv_graph *net) {
    for (size_t i = 0; i < net->param_count; i++)
        if (net->params[i].old_name) return true;
    return false;
}

/* A parameter in a file, by its name of now or of old. */
const fv_tensor_entry *fv__model_entry(const fv_tensor_file *st, const fv_param *p, bool old) {
    return fv__tensor_file_find(st, old && p->old_name ? p->old_name : p->name);
}

/* Whether a shape is another's with its dimensions in Keras' order: inputs before outputs. */
static bool in_keras_order(const fv_shape *from, const fv_shape *to) {
    if (from->rank != to->rank) return false;
    const int64_t *f = from->dim, *t = to->dim;
    if (to->rank == 2) return f[0] == t[1] && f[1] == t[0];
    return to->rank == 4 && f[0] == t[2] && f[1] == t[3] && f[2] == t[1] && f[3] == t[0];
}

fv_status fv__model_check_param(fv_context *ctx, const fv_param *p, const fv_tensor_entry *e) {
    char there[FV_SHAPE_TEXT], here[FV_SHAPE_TEXT];
    fv__dims_text(here, &p->spec.shape);
    if (!e) return fv__fail(ctx, FV_BAD_INPUT, "'%s' (%s) is missing in the file", p->name, here);
    const bool same = strcmp(e->name, p->name) == 0;
    if (!fv__shape_equal(&e->shape, &p->spec.shape))
        return fv__fail(
            ctx, FV_BAD_INPUT, "'%s' is %s in the file and %s%s%s%s in the network%s", e->name,
            fv__dims_text(there, &e->shape), same ? "" : "'", same ? "" : p->name, same ? "" : "' ",
            here,
            in_keras_order(&e->shape, &p->spec.shape)
                ? " (inputs stand before outputs there, as Keras has them: outputs come "
                  "first here, transpose it where the file is made)"
                : "");
    if (!e->type->to_floats)
        return fv__fail(ctx, FV_BAD_INPUT, "'%s' is of dtype %s; weights are F32, F64, F16 or BF16",
                        p->name, e->type->name);
    return FV_OK;
}

/* Every parameter is there in its shape, and nothing else. `used` has one flag per entry. */
static fv_status compare(fv_context *ctx, const fv_graph *net, const fv_tensor_file *st, bool old,
                         bool *used) {
    memset(used, 0, st->count);
    for (size_t i = 0; i < net->param_count; i++) {
        const fv_tensor_entry *e = fv__model_entry(st, &net->params[i], old);
        FV_TRY(fv__model_check_param(ctx, &net->params[i], e));
        used[e - st->entries] = true;
    }
    FV_TRY(fv__constants_compare(ctx, net, st, used));
    for (size_t i = 0; i < st->count; i++) {
        char dims[FV_SHAPE_TEXT];
        if (!used[i])
            return fv__fail(ctx, FV_BAD_INPUT, "'%s' (%s) in the file has no place in the network",
                            st->entries[i].name, fv__dims_text(dims, &st->entries[i].shape));
    }
    return FV_OK;
}

/* *old: the file has the names of version 0.1.0. Where a network has layers called otherwise since,
   one of our files says so; of others' both are tried, those of now first. */
static fv_status check_weights(fv_context *ctx, const fv_graph *net, const fv_tensor_file *st,
                               bool own, bool *old) {
    const fv_json *meta = st->metadata;
    const bool both = renamed(net) && !(meta && fv__json_string(meta, NAMES, NULL));
    const bool ours = meta && fv__json_string(meta, "format", NULL);
    bool *used = fv__alloc(ctx, st->count + 1, "the names of weights");
    if (!used) return FV_EXHAUSTED;
    *old = both && ours;
    fv_status status = compare(ctx, net, st, *old, used);
    if (status == FV_BAD_INPUT && both) {
        *old = !*old;
        status = compare(ctx, net, st, *old, used);
    }
    if (status == FV_BAD_INPUT && *old) status = compare(ctx, net, st, false, used); /* its words */
    fv__free(used);
    return status == FV_OK ? FV_OK : of_another(ctx, net, st, own);
}

/* After check_weights nothing here can fail. */
static fv_status copy_weights(fv_context *ctx, const fv_graph *net, const fv_tensor_file *st,
                              bool old, float *weights) {
    for (size_t i = 0; i < net->param_count; i++) {
        const fv_param *p = &net->params[i];
        FV_TRY(fv__tensor_file_floats(ctx, fv__model_entry(st, p, old), weights + p->offset));
    }
    return FV_OK;
}

/* Where the file's bytes are the block of weights: its first number. So it is in a file that
   fv__model_save wrote, unless a parameter's size is odd and the next one's offset rounded up.
   NULL: in another order, type or byte order. Others' files may be aligned to 8 bytes only; what
   reads weights asks for no more than a float's 4, and copying takes longer than it would save. */
static const uint8_t *as_block(const fv_graph *net, const fv_tensor_file *st, bool old) {
    if (!FV_FLOATS_AS_IN_FILES || !st->count) return NULL;
    const uint8_t *first = st->entries[0].data;
    if ((uintptr_t)first % _Alignof(float) != 0) return NULL;
    for (size_t i = 0; i < net->param_count; i++) {
        const fv_tensor_entry *e = fv__model_entry(st, &net->params[i], old);
        if (strcmp(e->type->name, "F32") != 0 || e->strided) return NULL;
        if (e->data != first + (size_t)net->params[i].offset * sizeof(float)) return NULL;
    }
    const size_t end =
        (size_t)(first - st->file.data) + (size_t)net->param_elements * sizeof(float);
    return end <= fv__file_mapped_size(&st->file) ? first : NULL;
}

/* Large files are mapped: then the weights are used where they lie, and only what is read of them
   takes memory. Who changes such a file rather than to put another in its place changes the model.
 */
static fv_status take_weights(fv_context *ctx, fv_model *model, fv_tensor_file *st, bool old) {
    const uint8_t *block = as_block(model->net.graph, st, old);
    if (block && fv__file_writable(&st->file)) {
        model->weights = (float *)(void *)((uint8_t *)st->file.owner + (block - st->file.data));
        model->file = st->file;
        st->file = (fv_bytes){0};
        return FV_OK;
    }
    FV_TRY(fv__model_make_weights(ctx, model));
    return copy_weights(ctx, model->net.graph, st, old, model->weights);
}

/* Metadata that is not the network: kept, to be written again. */
static fv_status keep_metadata(fv_context *ctx, fv_model *model, const fv_json *metadata) {
    for (const fv_json *v = metadata->child; v; v = v->next) {
        if (strcmp(v->name, "format") != 0 && strcmp(v->name, "net") != 0 &&
            strcmp(v->name, "given") != 0 && strcmp(v->name, NAMES) != 0)
            FV_TRY(fv__model_set(ctx, model, v->name, v->string));
    }
    return FV_OK;
}

fv_status fv__model_no_net(fv_context *ctx) {
    return fv__fail(ctx, FV_BAD_INPUT,
                    "these are weights without a network. Name their network and give them beside "
                    "it, weights=FILE; `fovea explain FILE` lists them");
}

static fv_status parse_net(fv_context *ctx, const fv_tensor_file *st, fv_net *net) {
    const char *format = fv__json_string(st->metadata, "format", "");
    const char *text = fv__json_string(st->metadata, "net", NULL);
    if (!text) return fv__model_no_net(ctx);
    if (strcmp(format, FORMAT) != 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the metadata says \"format\": \"%.32s\"; this version reads \"%s\"",
                        format, FORMAT);
    const fv_numbers numbers = fv__numbers_of(st);
    fv_arena arena;
    fv_setting *settings;
    size_t count;
    fv__arena_init(&arena, ctx);
    fv_status status = fv__settings_split(ctx, &arena, fv__json_string(st->metadata, "given", ""),
                                          &settings, &count);
    if (status == FV_OK)
        status = fv__net_parse_with(ctx, "its network", text, strlen(text), settings, count,
                                    &numbers, &net->graph, &net->recipe);
    fv__arena_free(&arena);
    /* What is wrong in a file is never the caller's usage. */
    if (status == FV_USAGE) ctx->status = status = FV_BAD_INPUT;
    return status;
}

/* The network of a file whose weights are its own. */
static fv_status load_net(fv_context *ctx, const fv_tensor_file *st, fv_net *out, bool *old) {
    FV_TRY(parse_net(ctx, st, out));
    const fv_status status = check_weights(ctx, out->graph, st, true, old);
    if (status == FV_OK) return FV_OK;
    fv__net_free(out->graph);
    *out = (fv_net){0};
    return status;
}

static fv_status load(fv_context *ctx, fv_tensor_file *st, fv_model **out) {
    fv_net net = {0};
    fv_status status;
    bool old;
    FV_TRY(load_net(ctx, st, &net, &old));
    fv_model *model;
    FV_TRY(fv__model_bare(ctx, &net, &model));
    FV_GO(take_weights(ctx, model, st, old));
    FV_GO(keep_metadata(ctx, model, st->metadata));
    *out = model;
    return FV_OK;
done:
    fv__model_free(model);
    return status;
}

fv_status fv__model_load(fv_context *ctx, const char *path, fv_model **out) {
    fv_tensor_file st;
    *out = NULL;
    FV_TRY(fv__safetensors_open(ctx, path, &st));
    fv_status status = load(ctx, &st, out);
    fv__tensor_file_close(&st);
    return status == FV_OK ? FV_OK : fv__fail_in(ctx, "%s: ", path);
}

fv_status fv__model_load_net(fv_context *ctx, const char *path, fv_net *out) {
    fv_tensor_file st;
    *out = (fv_net){0};
    FV_TRY(fv__safetensors_open(ctx, path, &st));
    bool old;
    const fv_status status = load_net(ctx, &st, out, &old);
    fv__tensor_file_close(&st);
    return status == FV_OK ? FV_OK : fv__fail_in(ctx, "%s: ", path);
}

fv_status fv__model_load_memory(fv_context *ctx, const char *name, const void *data, size_t size,
                                fv_model **out) {
    fv_tensor_file st;
    *out = NULL;
    FV_TRY(fv__safetensors_parse(ctx, name, data, size, &st));
    fv_status status = load(ctx, &st, out);
    fv__tensor_file_close(&st);
    return status == FV_OK ? FV_OK : fv__fail_in(ctx, "%s: ", name);
}

fv_status fv__model_check_file(fv_context *ctx, const fv_graph *net, const fv_tensor_file *file,
                               bool *old) {
    return check_weights(ctx, net, file, false, old);
}

fv_status fv__model_take_weights(fv_context *ctx, fv_model *model, fv_tensor_file *file, bool old) {
    if (!model->weights) return take_weights(ctx, model, file, old);
    fv__model_lend(model);
    return copy_weights(ctx, model->net.graph, file, old, model->weights);
}

/* The network's text: as written, or printed when it was built by calls or when a comment in it is
   not UTF-8, which the file's header has to be. */
static fv_status net_text(fv_context *ctx, const fv_net *whole, fv_text *printed,
                          fv_st_meta *entry) {
    const fv_graph *net = whole->graph;
    entry->name = "net";
    entry->value = net->source;
    if (net->source && fv__utf8_valid(net->source, strlen(net->source))) return FV_OK;
    FV_TRY(fv__net_print_beside(ctx, net, &whole->recipe, printed));
    FV_TRY(fv__text_done(ctx, printed));
    entry->value = printed->data;
    return FV_OK;
}

fv_status fv__model_save(fv_context *ctx, const fv_model *model, const char *path) {
    const fv_graph *net = model->net.graph;
    fv_text printed = {.ctx = ctx};
    fv_status status = FV_EXHAUSTED;
    size_t n = 0, count = net->param_count;
    fv_st_tensor *tensors =
        fv__alloc(ctx, (net->param_count + net->value_count) * sizeof *tensors, "a file");
    fv_st_meta *meta = fv__alloc(ctx, (model->extra_count + 5) * sizeof *meta, "a file");
    if (!tensors || !meta) goto done;
    for (size_t i = 0; i < net->param_count; i++) {
        const fv_param *p = &net->params[i];
        tensors[i] = (fv_st_tensor){p->name, p->spec.shape, model->weights + p->offset, FV_F32};
    }
    meta[n++] = (fv_st_meta){"format", FORMAT};
    FV_GO(net_text(ctx, &model->net, &printed, &meta[n++]));
    count += fv__constants_list(net, printed.length > 0, tensors + count);
    if (*net->given) meta[n++] = (fv_st_meta){"given", net->given};
    if (renamed(net)) meta[n++] = (fv_st_meta){NAMES, NAMES_NOW};
    const char *classes = fv__model_get(model, "classes");
    if (classes) meta[n++] = (fv_st_meta){"classes", classes};
    for (size_t i = 0; i < model->extra_count; i++)
        if (model->extra[i].value != classes) meta[n++] = model->extra[i];
    status = fv__safetensors_write(ctx, path, tensors, count, meta, n);
done:
    fv__text_free(&printed);
    fv__free(tensors);
    fv__free(meta);
    return status;
}
