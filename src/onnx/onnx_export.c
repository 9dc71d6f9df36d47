/* SPDX-License-Identifier: MIT */
/*
 * onnx_export.c - the walk over a graph that becomes an ONNX file. See export.h.
 */
#include "onnx/export.h"
#include "onnx/writer.h"

#ifdef FV_HAVE_ONNX
#include "base/file.h"
#include "fovea.h"

#include <string.h>

#define BYTES_MOST (((size_t)1 << 31) - 1) /* of a protobuf message */

typedef struct row {
    const char *op;
    int64_t since;
    fv_onnx_write_fn *write;
} row;

static const row rows[] = {
#define FV_ONNX_WRITE(op, since, name) {#op, since, fv__onnx_write_##name},
#include "onnx/write_list.h"
#undef FV_ONNX_WRITE
};

static const row *row_of(const fv_op *op) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].op, op->name) == 0) return &rows[i];
    return NULL;
}

void fv__onnx_write_plain(fv_onnx_writer *w) {
    fv__onnx_write_as(w, w->layer->op->onnx);
}

void fv__onnx_write_refused(fv_onnx_writer *w) {
    (void)w; /* told before the first is written */
}

/* ---------------------------------------------------------------------- before the layers --- */

static bool is_written(const fv_op *op) {
    const row *r = row_of(op);
    return r ? r->write != fv__onnx_write_refused : op->onnx != NULL;
}

/* All layers that cannot be written, at once. */
static void check_layers(fv_onnx_writer *w) {
    fv_text text = {.ctx = w->ctx};
    int count = 0;
    for (size_t i = 0; i < w->graph->node_count; i++) {
        const fv_node *n = &w->graph->nodes[i];
        if (n->training || is_written(n->op)) continue;
        fv__text_addf(&text, "%s%.40s (layer %.60s)", count++ ? ", " : "", n->op->name, n->name);
    }
    if (count)
        w->status =
            fv__fail(w->ctx, FV_BAD_INPUT, "ONNX has no operators, up to opset %d, for %.600s",
                     FV_ONNX_OPSET_LAST, text.data ? text.data : "");
    fv__text_free(&text);
}

static void choose_opset(fv_onnx_writer *w, int64_t wanted) {
    const fv_node *young = NULL;
    int64_t least = FV_ONNX_OPSET_FIRST;
    for (size_t i = 0; i < w->graph->node_count; i++) {
        const row *r = row_of(w->graph->nodes[i].op);
        if (!r || w->graph->nodes[i].training || r->since <= least) continue;
        least = r->since;
        young = &w->graph->nodes[i];
    }
    w->opset = wanted ? wanted : least > FV_ONNX_OPSET ? least : FV_ONNX_OPSET;
    if (w->opset < FV_ONNX_OPSET_FIRST || w->opset > FV_ONNX_OPSET_LAST)
        w->status = fv__fail(w->ctx, FV_USAGE, "opset must be from %d to %d, not %lld",
                             FV_ONNX_OPSET_FIRST, FV_ONNX_OPSET_LAST, (long long)w->opset);
    else if (young && w->opset < least)
        w->status =
            fv__fail(w->ctx, FV_USAGE, "layer %.80s (%.40s) needs opset %lld or later, not %lld",
                     young->name, young->op->name, (long long)least, (long long)w->opset);
}

/* ------------------------------------------------------------------------- ports, constants --- */

static void *take(fv_onnx_writer *w, size_t bytes) {
    void *p = w->status == FV_OK ? fv__arena_alloc(&w->arena, bytes) : NULL;
    if (!p && w->status == FV_OK) w->status = FV_EXHAUSTED;
    return p;
}

static char *text(fv_onnx_writer *w, const char *s) {
    char *p = take(w, strlen(s) + 1);
    if (p) memcpy(p, s, strlen(s) + 1);
    return p;
}

/* A dimension; of the batch the name "N", so that any size will do. */
static Onnx__TensorShapeProto__Dimension *dimension(fv_onnx_writer *w, int64_t size, bool batch) {
    Onnx__TensorShapeProto__Dimension *d = take(w, sizeof *d);
    if (!d) return NULL;
    onnx__tensor_shape_proto__dimension__init(d);
    d->value_case = batch ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM
                          : ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    if (batch)
        d->dim_param = text(w, "N");
    else
        d->dim_value = size;
    return d;
}

static Onnx__ValueInfoProto *port(fv_onnx_writer *w, const char *name, const fv_value *v) {
    Onnx__ValueInfoProto *info = take(w, sizeof *info);
    Onnx__TypeProto *type = take(w, sizeof *type);
    Onnx__TypeProto__Tensor *tensor = take(w, sizeof *tensor);
    Onnx__TensorShapeProto *shape = take(w, sizeof *shape);
    Onnx__TensorShapeProto__Dimension **dims = take(w, (size_t)(v->shape.rank + 1) * sizeof *dims);
    if (w->status != FV_OK) return NULL;
    onnx__value_info_proto__init(info);
    onnx__type_proto__init(type);
    onnx__type_proto__tensor__init(tensor);
    onnx__tensor_shape_proto__init(shape);
    for (int d = 0; d < v->shape.rank; d++)
        dims[d] = dimension(w, v->shape.dim[d], d == 0 && v->type.batched);
    shape->n_dim = (size_t)v->shape.rank, shape->dim = dims;
    tensor->has_elem_type = 1, tensor->elem_type = fv__onnx_type_of(v->type.dtype);
    tensor->shape = shape;
    type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE, type->tensor_type = tensor;
    info->name = (char *)(uintptr_t)name, info->type = type;
    return info;
}

/* Whether a node of inference, or a head of it, reads a value. */
static bool is_read(const fv_graph *g, int value) {
    for (size_t i = 0; i < g->node_count; i++)
        for (int k = 0; k < g->nodes[i].inputs && !g->nodes[i].training; k++)
            if (g->nodes[i].in[k] == value) return true;
    for (size_t i = 0; i < g->head_count; i++)
        if (!g->heads[i].training && g->heads[i].value == value) return true;
    return false;
}

/* The inputs of the net become inputs of the file, its constants tensors. */
static void write_sources(fv_onnx_writer *w, Onnx__GraphProto *g) {
    Onnx__ValueInfoProto **inputs = take(w, (w->graph->value_count + 1) * sizeof(*inputs));
    for (size_t i = 0; i < w->graph->value_count && w->status == FV_OK; i++) {
        const fv_value *v = &w->graph->values[i];
        if (v->node >= 0 || !is_read(w->graph, (int)i)) continue;
        if (v->data) {
            w->value[i] = fv__onnx_tensor(w, v->name, v->type.dtype, &v->shape, v->data);
            continue;
        }
        w->value[i] = v->name;
        w->status = fv__names_add(w->ctx, &w->tensor_names, v->name, 0);
        inputs[g->n_input++] = port(w, v->name, v);
    }
    g->input = inputs;
}

/* -------------------------------------------------------------------------------- layers --- */

/* Whatever is not as usual has to be in the file. */
static void check_told(fv_onnx_writer *w) {
    const fv_field *fields = w->layer->op->fields;
    for (const fv_field *f = fields; f && f->name; f++)
        if (!(w->told >> (f - fields) & 1) && !fv__field_is_default(f, w->layer->options))
            fv__onnx_cannot(w, "its option '%s' has no counterpart in ONNX", f->name);
}

/* The softmax at the end of a head, which is left out of logits. */
static bool is_end(const fv_graph *g, const fv_node *n) {
    if (strcmp(n->op->name, "softmax") != 0) return false;
    for (size_t i = 0; i < g->node_count; i++)
        for (int k = 0; k < g->nodes[i].inputs; k++)
            if (g->nodes[i].in[k] == n->out[0]) return false;
    return true;
}

static void write_layers(fv_onnx_writer *w, bool logits) {
    for (size_t i = 0; i < w->graph->node_count && w->status == FV_OK; i++) {
        w->layer = &w->graph->nodes[i];
        if (w->layer->training) continue;
        if (logits && is_end(w->graph, w->layer)) {
            w->value[w->layer->out[0]] = w->value[w->layer->in[0]];
            continue;
        }
        const row *r = row_of(w->layer->op);
        w->told = 0;
        (r ? r->write : fv__onnx_write_plain)(w);
        check_told(w);
    }
}

/* Every head is an output of its name, for which an Identity stands at its end. */
static void write_heads(fv_onnx_writer *w, Onnx__GraphProto *g) {
    Onnx__ValueInfoProto **outputs = take(w, (w->graph->head_count + 1) * sizeof(*outputs));
    for (size_t i = 0; i < w->graph->head_count && w->status == FV_OK; i++) {
        const fv_head *h = &w->graph->heads[i];
        if (h->training) continue;
        const char *name = w->value[h->value];
        for (size_t k = 0; k < g->n_output; k++)
            if (outputs[k] && strcmp(outputs[k]->name, name) == 0) name = NULL; /* read twice */
        if (!name || w->graph->values[h->value].node < 0) {
            const fv_node end = {.name = h->name, .op = fv__op_find("identity")};
            w->layer = &end;
            name = FV_ONNX_PUT(w, "Identity", NULL, w->value[h->value]);
            w->layer = NULL;
        }
        outputs[g->n_output] = port(w, name, &w->graph->values[h->value]);
        g->n_output++;
    }
    g->output = outputs;
}

/* ---------------------------------------------------------------------------------- file --- */

/* The file's own version, which says what the message may hold, grew with the opsets. */
static int64_t ir_version(int64_t opset) {
    return opset < 10 ? 4 : opset < 11 ? 5 : opset < 12 ? 6 : opset < 15 ? 7 : 8;
}

static void write_notes(fv_onnx_writer *w, const fv_onnx_export_options *o,
                        Onnx__ModelProto *model) {
    Onnx__StringStringEntryProto **list = take(w, (size_t)(o->note_count + 1) * sizeof(*list));
    for (int i = 0; i < o->note_count && w->status == FV_OK; i++) {
        Onnx__StringStringEntryProto *e = take(w, sizeof *e);
        if (!e) return;
        onnx__string_string_entry_proto__init(e);
        e->key = text(w, o->notes[i].key);
        e->value = text(w, o->notes[i].value);
        list[model->n_metadata_props++] = e;
    }
    model->metadata_props = list;
}

static void write_head_of_file(fv_onnx_writer *w, Onnx__ModelProto *model) {
    Onnx__OperatorSetIdProto *opset = take(w, sizeof *opset), **list = take(w, sizeof *list);
    if (w->status != FV_OK) return;
    onnx__operator_set_id_proto__init(opset);
    opset->domain = text(w, "");
    opset->has_version = 1, opset->version = w->opset;
    list[0] = opset;
    model->n_opset_import = 1, model->opset_import = list;
    model->has_ir_version = 1, model->ir_version = ir_version(w->opset);
    model->producer_name = text(w, "fovea");
    model->producer_version = text(w, FOVEA_VERSION);
}

static Onnx__ModelProto *write_model(fv_onnx_writer *w, const fv_onnx_export_options *o) {
    Onnx__ModelProto *model = take(w, sizeof *model);
    Onnx__GraphProto *g = take(w, sizeof *g);
    w->value = take(w, (w->graph->value_count + 1) * sizeof(*w->value));
    w->param = take(w, (w->graph->param_count + 1) * sizeof(*w->param));
    if (w->status != FV_OK) return NULL;
    onnx__model_proto__init(model);
    onnx__graph_proto__init(g);
    check_layers(w);
    if (w->status == FV_OK) choose_opset(w, o->opset);
    write_head_of_file(w, model);
    write_notes(w, o, model);
    write_sources(w, g);
    write_layers(w, o->logits);
    write_heads(w, g);
    g->name = text(w, w->graph->name);
    g->n_node = w->node_count, g->node = w->nodes;
    g->n_initializer = w->tensor_count, g->initializer = w->tensors;
    model->graph = g;
    return w->status == FV_OK ? model : NULL;
}

/* Packed in one piece: protobuf's buffers that grow lose what does not fit into memory. */
static fv_status save(fv_onnx_writer *w, const Onnx__ModelProto *model, const char *path) {
    size_t most = 0;
    for (size_t i = 0; i < w->tensor_count; i++)
        if (!fv__add_size(most, w->tensors[i]->raw_data.len, &most) || most > BYTES_MOST)
            return fv__fail(w->ctx, FV_BAD_INPUT,
                            "an ONNX file holds at most 2 GB, and the weights alone are more");
    const size_t size = onnx__model_proto__get_packed_size(model);
    if (size > BYTES_MOST)
        return fv__fail(w->ctx, FV_BAD_INPUT, "an ONNX file holds at most 2 GB, not %zu bytes",
                        size);
    uint8_t *bytes = fv__alloc(w->ctx, size, "an ONNX file");
    if (!bytes) return FV_EXHAUSTED;
    (void)onnx__model_proto__pack(model, bytes);
    const fv_status status = fv__file_write(w->ctx, path, bytes, size);
    fv__free(bytes);
    return status;
}

fv_status fv__onnx_export(fv_context *ctx, const fv_graph *net, const float *weights,
                          const fv_onnx_export_options *options, const char *path) {
    fv_onnx_writer w = {.ctx = ctx, .graph = net, .weights = weights};
    fv__arena_init(&w.arena, ctx);
    const Onnx__ModelProto *model = write_model(&w, options);
    const fv_status status = model ? save(&w, model, path) : w.status;
    fv__names_free(&w.tensor_names);
    fv__names_free(&w.node_names);
    fv__free(w.nodes);
    fv__free(w.tensors);
    fv__arena_free(&w.arena);
    return status;
}

#else

fv_status fv__onnx_export(fv_context *ctx, const fv_graph *net, const float *weights,
                          const fv_onnx_export_options *options, const char *path) {
    (void)net, (void)weights, (void)options;
    return fv__fail(ctx, FV_USAGE,
                    "%.100s is to be an ONNX file, and this was built without ONNX (protobuf-c and "
                    "ONNX's description were not found)",
                    path);
}

#endif
