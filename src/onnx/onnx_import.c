/* SPDX-License-Identifier: MIT */
/*
 * onnx_import.c - an ONNX file from its bytes to a graph with weights. See onnx.h.
 */
#include "onnx/onnx.h"
#include "base/file.h"
#include "onnx/importer.h"

#include <string.h>

bool fv__onnx_recognise(const uint8_t *bytes, size_t size) {
    /* ModelProto begins with ir_version, field 1, a small number, and goes on with field 2 … 8. */
    return size > 8 && bytes[0] == 0x08 && bytes[1] >= 1 && bytes[1] <= 20 && (bytes[2] & 7) != 3 &&
           (bytes[2] & 7) != 4 && bytes[2] >> 3 >= 2 && bytes[2] >> 3 <= 8;
}

void fv__onnx_import_free(fv_onnx_import *import) {
    fv__net_free(import->graph);
    fv__free(import->weights);
    fv__arena_free(&import->arena);
    *import = (fv_onnx_import){0};
}

#ifdef FV_HAVE_ONNX

#define OPSET_LAST 17
#define NOTES_MOST 1000 /* further lines of metadata are not looked at */

/* What may be computed while reading, in numbers and products: a tenth of a second's work, or what
   the file's own numbers need. */
#define WORK_LEAST 1e8
#define WORK_TIMES 16

static const fv_onnx_row rows[] = {
#define FV_ONNX_ROW(op, since, name) {#op, since, fv__onnx_take_##name},
#include "onnx/row_list.h"
#undef FV_ONNX_ROW
};

static const fv_onnx_row *row_of(const fv_importer *im, const char *op) {
    const fv_onnx_row *best = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].op, op) == 0 && rows[i].since <= im->opset &&
            (!best || rows[i].since >= best->since))
            best = &rows[i];
    return best;
}

static const fv_op *op_of(const char *onnx) {
    for (int i = 0; fv__ops[i]; i++)
        if (fv__ops[i]->onnx && strcmp(fv__ops[i]->onnx, onnx) == 0) return fv__ops[i];
    return NULL;
}

/* --------------------------------------------------------------------- before the nodes --- */

static bool is_onnx_domain(const char *domain) {
    return !domain || !*domain || strcmp(domain, "ai.onnx") == 0;
}

/* 0: the file is of other operators alone. The first version did not say. */
static void find_opset(fv_importer *im) {
    const Onnx__ModelProto *m = im->model;
    im->opset = m->n_opset_import ? 0 : 1;
    for (size_t i = 0; i < m->n_opset_import; i++)
        if (is_onnx_domain(m->opset_import[i]->domain)) im->opset = m->opset_import[i]->version;
}

static fv_status check_opset(fv_importer *im) {
    if (im->opset >= 1 && im->opset <= OPSET_LAST) return FV_OK;
    return fv__fail(im->ctx, FV_BAD_INPUT,
                    "the file is of ONNX's opset %lld; 1 to %d are read: export it with such an "
                    "opset_version",
                    (long long)im->opset, OPSET_LAST);
}

/* All operators that there are not, at once, each with its first node. */
static fv_status check_operators(fv_importer *im) {
    const Onnx__GraphProto *g = im->model->graph;
    fv_names told = {0};
    fv_text text = {.ctx = im->ctx};
    fv_status status = FV_OK;
    int count = 0;
    for (size_t i = 0; i < g->n_node && status == FV_OK; i++) {
        const Onnx__NodeProto *n = g->node[i];
        const char *op = n->op_type ? n->op_type : "";
        if (!im->needed[i] || (is_onnx_domain(n->domain) && (row_of(im, op) || op_of(op))))
            continue;
        if (fv__names_get(&told, op)) continue;
        status = fv__names_add(im->ctx, &told, op, 0);
        fv__text_addf(&text, "%s%.40s%s%.40s (node %.60s)", count++ ? ", " : "",
                      n->domain ? n->domain : "", n->domain && *n->domain ? "." : "", op,
                      n->name && *n->name ? n->name
                      : n->n_output       ? n->output[0]
                                          : "?");
    }
    if (status == FV_OK && count)
        status = fv__fail(im->ctx, FV_BAD_INPUT, "operators that there are not: %.600s",
                          text.data ? text.data : "");
    fv__names_free(&told);
    fv__text_free(&text);
    return status;
}

static fv_status read_constants(fv_importer *im) {
    const Onnx__GraphProto *g = im->model->graph;
    if (g->n_sparse_initializer)
        return fv__fail(im->ctx, FV_BAD_INPUT, "sparse weights are not read");
    for (size_t i = 0; i < g->n_initializer; i++) {
        fv_entry *e;
        FV_TRY(fv__importer_name(im, g->initializer[i]->name ? g->initializer[i]->name : "", &e));
        FV_TRY(fv__constant_read(im->ctx, &im->arena, im->folder, g->initializer[i], &e->constant));
        if (im->mapped) /* what was read of the file needs no memory any more */
            fv__file_forget(g->initializer[i]->raw_data.data, g->initializer[i]->raw_data.len);
        e->known = true;
        im->bytes += (size_t)fv__shape_count(&e->constant.shape) * sizeof(float);
    }
    return FV_OK;
}

/* ----------------------------------------------------------------------------------- nodes --- */

/* As the descriptor has it. */
static fv_status take_by_descriptor(fv_onnx_node *n) {
    const fv_op *op = op_of(n->proto->op_type);
    const fv_constant *params[FV_OP_PARAMS];
    int in[FV_ONNX_INPUTS], count = n->inputs, from = op->inputs_max;
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, op->name, &o));
    if (from > count) from = count;
    for (int i = 0; i < from; i++) in[i] = i;
    if (count - from > FV_OP_PARAMS)
        return fv__onnx_refuse(n, "%d inputs are more than it has here", count);
    for (int i = from; i < count; i++) FV_TRY(fv__onnx_known(n, i, "a weight", &params[i - from]));
    return fv__onnx_add(n, &o, in, from, params, count - from);
}

static fv_status take_node(fv_importer *im, const Onnx__NodeProto *proto) {
    fv_onnx_node n = {.im = im, .proto = proto};
    n.name = proto->name && *proto->name ? proto->name : proto->n_output ? proto->output[0] : "?";
    if (proto->n_input > FV_ONNX_INPUTS)
        return fv__onnx_refuse(&n, "%zu inputs; at most %d are read", proto->n_input,
                               FV_ONNX_INPUTS);
    for (size_t i = 0; i < proto->n_input; i++) {
        if (!proto->input[i][0]) continue;
        n.in[i] = fv__importer_find(im, proto->input[i]);
        if (!n.in[i] || (n.in[i]->value < 0 && !n.in[i]->known))
            return fv__onnx_refuse(&n, "its input %.80s is not there, or comes later",
                                   proto->input[i]);
        n.inputs = (int)i + 1;
    }
    const fv_onnx_row *row = row_of(im, proto->op_type);
    return row ? row->take(&n) : take_by_descriptor(&n);
}

/* --------------------------------------------------------------------------- afterwards --- */

static fv_status add_heads(fv_importer *im) {
    const Onnx__GraphProto *g = im->model->graph;
    int heads = 0;
    for (size_t i = 0; i < g->n_output; i++) {
        const fv_entry *e = fv__importer_find(im, g->output[i]->name ? g->output[i]->name : "");
        if (!e)
            return fv__fail(im->ctx, FV_BAD_INPUT, "nothing computes the output %.80s",
                            g->output[i]->name ? g->output[i]->name : "?");
        if (e->value < 0 || (e->known && !e->given)) continue; /* nothing to compute */
        if (!im->fixed && !im->graph->values[e->value].type.batched)
            return fv__fail(im->ctx, FV_BAD_INPUT,
                            "the output %.80s is computed from constants alone: it is the same for "
                            "every image",
                            e->name);
        char name[32];
        heads++;
        (void)fv__format(name, sizeof name, heads > 1 ? "output%d" : "output", heads);
        const fv_head head = {.name = name, .value = e->value, .weight = 1};
        FV_TRY(fv__net_add_head(im->ctx, im->graph, &head));
    }
    if (heads == 0 && !im->fixed)
        return fv__fail(im->ctx, FV_BAD_INPUT, "no output of the file depends on its input");
    if (heads == 0) {
        const fv_head head = {.name = "output", .value = 0, .weight = 1};
        FV_TRY(fv__net_add_head(im->ctx, im->graph, &head));
    }
    return fv__net_freeze(im->ctx, im->graph);
}

/* Every layer has weights of its own, though many may be one tensor in the file. */
static fv_status check_weights(fv_importer *im) {
    const size_t bytes = (size_t)im->graph->param_elements * sizeof(float); /* below 2^42 */
    if (bytes <= FV_ONNX_ALLOWANCE(im->bytes)) return FV_OK;
    return fv__fail(im->ctx, FV_BAD_INPUT,
                    "its layers have weights of %zu MB, and the file holds %zu MB: too many of "
                    "them share one tensor",
                    bytes >> 20, im->bytes >> 20);
}

static fv_status gather_weights(fv_importer *im, float **out) {
    FV_TRY(check_weights(im));
    *out = fv__alloc(im->ctx, (size_t)im->graph->param_elements * sizeof **out, "weights");
    if (!*out) return FV_EXHAUSTED;
    for (size_t i = 0; i < im->source_count; i++) {
        const fv_param *p = &im->graph->params[im->sources[i].param];
        memcpy(*out + p->offset, im->sources[i].constant.data, (size_t)p->count * sizeof **out);
    }
    return FV_OK;
}

static fv_status ports(fv_importer *im, Onnx__ValueInfoProto **infos, size_t count,
                       fv_onnx_port **out, int *port_count) {
    *out = fv__arena_alloc(&im->arena, (count + 1) * sizeof **out);
    if (!*out) return FV_EXHAUSTED;
    for (size_t i = 0; i < count; i++) {
        const fv_entry *e = fv__importer_find(im, infos[i]->name ? infos[i]->name : "");
        if (e)
            (*out)[(*port_count)++] =
                (fv_onnx_port){e->name, e->value, e->known ? &e->constant : NULL};
    }
    return FV_OK;
}

static fv_status read_notes(fv_importer *im, fv_onnx_import *out) {
    const Onnx__ModelProto *m = im->model;
    fv_onnx_note *notes = fv__arena_alloc(&im->arena, (m->n_metadata_props + 1) * sizeof *notes);
    if (!notes) return FV_EXHAUSTED;
    out->notes = notes;
    for (size_t i = 0; i < m->n_metadata_props && i < NOTES_MOST; i++)
        if (m->metadata_props[i]->key && m->metadata_props[i]->value)
            notes[out->note_count++] =
                (fv_onnx_note){m->metadata_props[i]->key, m->metadata_props[i]->value};
    return FV_OK;
}

static fv_status import_graph(fv_importer *im, const fv_onnx_options *o, fv_onnx_import *out) {
    const Onnx__GraphProto *g = im->model->graph;
    if (!g) return fv__fail(im->ctx, FV_BAD_INPUT, "the file holds no graph");
    find_opset(im);
    if (im->opset != 0) FV_TRY(check_opset(im));
    FV_TRY(fv__importer_needed(im));
    FV_TRY(check_operators(im));
    FV_TRY(check_opset(im));
    FV_TRY(read_constants(im));
    FV_TRY(fv__onnx_read_inputs(im, o));
    for (size_t i = 0; i < g->n_node; i++)
        if (im->needed[i]) FV_TRY(take_node(im, g->node[i]));
    FV_TRY(add_heads(im));
    FV_TRY(gather_weights(im, &out->weights));
    FV_TRY(read_notes(im, out));
    FV_TRY(ports(im, g->input, g->n_input, &out->inputs, &out->input_count));
    return ports(im, g->output, g->n_output, &out->outputs, &out->output_count);
}

/* "folder" of "folder/file"; "" for a file here. */
static const char *folder_of(fv_arena *arena, const char *path) {
    const char *slash = strrchr(path, '/');
    return fv__arena_textn(arena, path, slash ? (size_t)(slash - path) + 1 : 0);
}

/* What the message in im->model says; `name` begins its sentences. */
static fv_status import_model(fv_importer *im, const char *name, const fv_onnx_options *options,
                              fv_onnx_import *out) {
    im->folder = folder_of(&im->arena, name);
    if (!im->folder) return FV_EXHAUSTED;
    fv__arena_limit(&im->arena, FV_ONNX_ALLOWANCE(im->bytes));
    fv_status status = import_graph(im, options, out);
    if (im->arena.overdrawn)
        status = fv__fail(im->ctx, FV_BAD_INPUT,
                          "what it computes from constants takes more than %zu MB, which is too "
                          "much for a file of its size",
                          FV_ONNX_ALLOWANCE(im->bytes) >> 20);
    im->arena.limited = false;
    return status == FV_OK ? FV_OK : fv__fail_in(im->ctx, "%.100s: ", name);
}

static fv_status parse(fv_context *ctx, const char *name, const fv_bytes *file,
                       const fv_onnx_options *options, fv_onnx_import *out) {
    const size_t size = file->size;
    fv_importer im = {.ctx = ctx,
                      .fixed = options->fixed,
                      .mapped = file->mapped,
                      .bytes = size,
                      .work = WORK_LEAST + WORK_TIMES * (double)size};
    const ProtobufCMessage *message = NULL;
    *out = (fv_onnx_import){0};
    fv__arena_init(&im.arena, ctx);
    fv_status status = fv__onnx_unpack(ctx, &im.arena, name, &onnx__model_proto__descriptor,
                                       file->data, size, true, &message);
    im.model = (const Onnx__ModelProto *)message;
    if (status == FV_OK) status = import_model(&im, name, options, out);
    fv__names_free(&im.names);
    fv__names_free(&im.taken);
    fv__free(im.entries);
    fv__free(im.sources);
    out->graph = im.graph;
    out->arena = im.arena;
    if (status != FV_OK) fv__onnx_import_free(out);
    return status;
}

fv_status fv__onnx_parse(fv_context *ctx, const char *name, const uint8_t *bytes, size_t size,
                         const fv_onnx_options *options, fv_onnx_import *out) {
    return parse(ctx, name, &(fv_bytes){.data = bytes, .size = size}, options, out);
}

fv_status fv__onnx_import(fv_context *ctx, const char *path, const fv_onnx_options *options,
                          fv_onnx_import *out) {
    fv_bytes file;
    *out = (fv_onnx_import){0};
    FV_TRY(fv__file_read(ctx, path, 0, &file));
    const fv_status status = parse(ctx, path, &file, options, out);
    fv__file_release(&file);
    return status;
}

#else

fv_status fv__onnx_import(fv_context *ctx, const char *path, const fv_onnx_options *options,
                          fv_onnx_import *out) {
    (void)options;
    *out = (fv_onnx_import){0};
    return fv__fail(
        ctx, FV_USAGE,
        "%.100s is an ONNX file, and this was built without ONNX (protobuf-c and ONNX's "
        "description were not found)",
        path);
}

#endif
