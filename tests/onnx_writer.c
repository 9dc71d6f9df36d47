/* SPDX-License-Identifier: MIT */
/*
 * onnx_writer.c - see onnx_writer.h.
 */
#include "onnx_writer.h"

#ifdef FV_HAVE_ONNX
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *take(onnx_writer *w, size_t bytes) {
    char *at = w->pool + w->used;
    w->used += (bytes + 15) / 16 * 16;
    if (w->used > sizeof w->pool) {
        fputs("onnx_writer: the model is too large\n", stderr);
        abort();
    }
    return at;
}

static void *copy(onnx_writer *w, const void *from, size_t bytes) {
    void *to = take(w, bytes);
    if (bytes) memcpy(to, from, bytes);
    return to;
}

static char *text(onnx_writer *w, const char *t) {
    return copy(w, t, strlen(t) + 1);
}

/* "x w -" as three names, the last of which is empty. */
static char **names(onnx_writer *w, const char *list, size_t *count) {
    char **out = take(w, WRITER_MOST * sizeof *out), *words = text(w, list);
    for (*count = 0; *words && *count < WRITER_MOST; ++*count) {
        char *end = words + strcspn(words, " ");
        out[*count] = words;
        words = end + (*end == ' ');
        *end = '\0';
        if (strcmp(out[*count], "-") == 0) out[*count] = text(w, "");
    }
    return out;
}

void write_begin(onnx_writer *w, int64_t opset) {
    memset(w, 0, sizeof *w);
    onnx__model_proto__init(&w->model);
    onnx__graph_proto__init(&w->graph);
    onnx__operator_set_id_proto__init(&w->opset);
    w->opset.has_version = 1, w->opset.version = opset, w->opsets[0] = &w->opset;
    w->model.opset_import = w->opsets, w->model.n_opset_import = 1;
    w->model.has_ir_version = 1, w->model.ir_version = 3;
    w->model.graph = &w->graph;
    w->graph.name = text(w, "written");
    w->graph.node = w->nodes, w->graph.initializer = w->weights;
    w->graph.input = w->inputs, w->graph.output = w->outputs;
}

static void init_value(Onnx__ValueInfoProto *v, char *name) {
    onnx__value_info_proto__init(v);
    v->name = name;
}

void write_typed_input(onnx_writer *w, const char *name, int type, int rank, const int64_t *dims) {
    Onnx__TypeProto *outer = take(w, sizeof *outer);
    Onnx__TypeProto__Tensor *tensor = take(w, sizeof *tensor);
    Onnx__TensorShapeProto *shape = take(w, sizeof *shape);
    onnx__type_proto__init(outer);
    onnx__type_proto__tensor__init(tensor);
    onnx__tensor_shape_proto__init(shape);
    shape->dim = take(w, WRITER_MOST * sizeof(void *));
    for (int d = 0; d < rank; d++) {
        Onnx__TensorShapeProto__Dimension *dim = shape->dim[d] = take(w, sizeof *dim);
        onnx__tensor_shape_proto__dimension__init(dim);
        if (dims[d] < 0) {
            dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            dim->dim_param = text(w, "N");
        } else {
            dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            dim->dim_value = dims[d];
        }
    }
    shape->n_dim = (size_t)rank;
    tensor->shape = shape, tensor->has_elem_type = 1;
    tensor->elem_type = type;
    outer->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE, outer->tensor_type = tensor;
    const size_t i = w->graph.n_input++;
    init_value(&w->input[i], text(w, name));
    w->input[i].type = outer;
    w->inputs[i] = &w->input[i];
}

void write_input(onnx_writer *w, const char *name, int rank, const int64_t *dims) {
    write_typed_input(w, name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, rank, dims);
}

static Onnx__TensorProto *add_weight(onnx_writer *w, const char *name, int rank,
                                     const int64_t *dims) {
    const size_t i = w->graph.n_initializer++;
    Onnx__TensorProto *t = w->weights[i] = &w->weight[i];
    onnx__tensor_proto__init(t);
    t->name = text(w, name);
    t->dims = copy(w, dims, (size_t)rank * sizeof *dims), t->n_dims = (size_t)rank;
    t->has_data_type = 1;
    return t;
}

void write_weight(onnx_writer *w, const char *name, int rank, const int64_t *dims,
                  const float *numbers) {
    Onnx__TensorProto *t = add_weight(w, name, rank, dims);
    size_t count = 1;
    for (int d = 0; d < rank; d++) count *= (size_t)dims[d];
    t->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    t->float_data = copy(w, numbers, count * sizeof *numbers), t->n_float_data = count;
}

void write_whole(onnx_writer *w, const char *name, int count, const int64_t *numbers) {
    Onnx__TensorProto *t = add_weight(w, name, count < 0 ? 0 : 1, (int64_t[]){count});
    const size_t there = count < 0 ? 1 : (size_t)count;
    t->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    t->int64_data = copy(w, numbers, there * sizeof *numbers), t->n_int64_data = there;
}

void write_node(onnx_writer *w, const char *op, const char *inputs, const char *outputs) {
    const size_t i = w->graph.n_node++;
    Onnx__NodeProto *n = w->nodes[i] = &w->node[i];
    onnx__node_proto__init(n);
    n->op_type = text(w, op);
    n->input = names(w, inputs, &n->n_input);
    n->output = names(w, outputs, &n->n_output);
    n->attribute = take(w, WRITER_MOST * sizeof(void *));
}

/* --------------------------------------------------------------------- of the last node --- */

static Onnx__AttributeProto *add(onnx_writer *w, const char *name, int type) {
    Onnx__NodeProto *n = w->nodes[w->graph.n_node - 1];
    Onnx__AttributeProto *a = n->attribute[n->n_attribute++] = take(w, sizeof *a);
    onnx__attribute_proto__init(a);
    a->name = text(w, name);
    a->has_type = 1, a->type = (Onnx__AttributeProto__AttributeType)type;
    return a;
}

#define KIND(name) ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##name

void write_int(onnx_writer *w, const char *name, int64_t v) {
    Onnx__AttributeProto *a = add(w, name, KIND(INT));
    a->has_i = 1, a->i = v;
}

void write_float(onnx_writer *w, const char *name, float v) {
    Onnx__AttributeProto *a = add(w, name, KIND(FLOAT));
    a->has_f = 1, a->f = v;
}

void write_word(onnx_writer *w, const char *name, const char *v) {
    Onnx__AttributeProto *a = add(w, name, KIND(STRING));
    a->has_s = 1, a->s = (ProtobufCBinaryData){strlen(v), (uint8_t *)text(w, v)};
}

void write_ints(onnx_writer *w, const char *name, int count, const int64_t *v) {
    Onnx__AttributeProto *a = add(w, name, KIND(INTS));
    a->n_ints = (size_t)count, a->ints = copy(w, v, (size_t)count * sizeof *v);
}

void write_floats(onnx_writer *w, const char *name, int count, const float *v) {
    Onnx__AttributeProto *a = add(w, name, KIND(FLOATS));
    a->n_floats = (size_t)count, a->floats = copy(w, v, (size_t)count * sizeof *v);
}

fv_status write_end(onnx_writer *w, const char *outputs, fv_context *ctx, const char *path) {
    char **list = names(w, outputs, &w->graph.n_output);
    for (size_t i = 0; i < w->graph.n_output; i++) {
        init_value(&w->output[i], list[i]);
        w->outputs[i] = &w->output[i];
    }
    const size_t size = onnx__model_proto__get_packed_size(&w->model);
    uint8_t *bytes = malloc(size + 1);
    if (!bytes) return FV_EXHAUSTED;
    onnx__model_proto__pack(&w->model, bytes);
    const fv_status status = fv__file_write(ctx, path, bytes, size);
    free(bytes);
    return status;
}

#endif
