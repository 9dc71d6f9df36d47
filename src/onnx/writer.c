/* SPDX-License-Identifier: MIT */
/*
 * writer.c - nodes, attributes and tensors of an ONNX file. See writer.h.
 */
#include "onnx/writer.h"

#ifdef FV_HAVE_ONNX
#include "base/number.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fail(fv_onnx_writer *w, fv_status status) {
    if (w->status == FV_OK) w->status = status;
}

void fv__onnx_cannot(fv_onnx_writer *w, const char *format, ...) {
    char sentence[FV_MESSAGE_MAX];
    va_list args;
    if (w->status != FV_OK) return;
    va_start(args, format);
    fv__vformat(sentence, sizeof sentence, format, args);
    va_end(args);
    fail(w, fv__fail(w->ctx, FV_BAD_INPUT, "layer %.80s (%.40s): %s", w->layer->name,
                     w->layer->op->name, sentence));
}

void fv__onnx_since(fv_onnx_writer *w, int64_t since, const char *what) {
    if (w->status != FV_OK || w->opset >= since) return;
    fail(w,
         fv__fail(w->ctx, FV_USAGE,
                  "layer %.80s (%.40s): ONNX has %s from opset %lld on, and the file is to be "
                  "of opset %lld",
                  w->layer->name, w->layer->op->name, what, (long long)since, (long long)w->opset));
}

static void *take(fv_onnx_writer *w, size_t bytes) {
    void *p = w->status == FV_OK ? fv__arena_alloc(&w->arena, bytes) : NULL;
    if (!p) fail(w, FV_EXHAUSTED);
    return p;
}

static char *text(fv_onnx_writer *w, const char *s) {
    char *p = w->status == FV_OK ? fv__arena_text(&w->arena, s) : NULL;
    if (!p) fail(w, FV_EXHAUSTED);
    return p;
}

/* --------------------------------------------------------------------------------- names --- */

/* That name or, if it is taken, the first free one of name_2, name_3 … */
static char *free_name(fv_onnx_writer *w, fv_names *taken, const char *name) {
    char *made = text(w, name);
    for (int i = 2; made && fv__names_get(taken, made); i++) {
        made = fv__arena_format(&w->arena, "%s_%d", name, i);
        if (!made) fail(w, FV_EXHAUSTED);
    }
    if (made) fail(w, fv__names_add(w->ctx, taken, made, 0));
    return w->status == FV_OK ? made : NULL;
}

const char *fv__onnx_x(fv_onnx_writer *w, int i) {
    return i < w->layer->inputs ? w->value[w->layer->in[i]] : NULL;
}

const char *fv__onnx_y(fv_onnx_writer *w, int i) {
    if (i >= w->layer->outputs || w->status != FV_OK) return NULL;
    const int v = w->layer->out[i];
    if (!w->value[v]) w->value[v] = free_name(w, &w->tensor_names, w->graph->values[v].name);
    return w->value[v];
}

const fv_shape *fv__onnx_x_shape(const fv_onnx_writer *w, int i) {
    return &w->graph->values[w->layer->in[i]].shape;
}

const fv_shape *fv__onnx_y_shape(const fv_onnx_writer *w, int i) {
    return &w->graph->values[w->layer->out[i]].shape;
}

static const fv_param *param_of(const fv_onnx_writer *w, int i) {
    return &w->graph->params[w->layer->param[i]];
}

const fv_shape *fv__onnx_w_shape(const fv_onnx_writer *w, int i) {
    return &param_of(w, i)->spec.shape;
}

const float *fv__onnx_w_data(const fv_onnx_writer *w, int i) {
    return w->weights + param_of(w, i)->offset;
}

const char *fv__onnx_w(fv_onnx_writer *w, int i) {
    if (i >= w->layer->params || w->status != FV_OK) return NULL;
    const fv_param *p = param_of(w, i);
    const char **name = &w->param[w->layer->param[i]];
    if (!*name) *name = fv__onnx_tensor(w, p->name, FV_F32, &p->spec.shape, w->weights + p->offset);
    return *name;
}

/* ------------------------------------------------------------------------------- options --- */

/* What a missing option is read from: zeros, as large as the largest kind. */
static const fv_reals nothing;

const void *fv__onnx_option(fv_onnx_writer *w, const char *field) {
    const fv_field *fields = w->layer->op->fields;
    const fv_field *f = fields ? fv__field_find(fields, field) : NULL;
    if (!f) {
        fv__onnx_cannot(w, "there is no option '%s'", field);
        return &nothing;
    }
    w->told |= (uint64_t)1 << (f - fields);
    return (const char *)w->layer->options + f->offset;
}

const char *fv__onnx_option_word(fv_onnx_writer *w, const char *field) {
    const int *choice = fv__onnx_option(w, field);
    const fv_field *f = fv__field_find(w->layer->op->fields, field);
    return f && f->choices ? f->choices[*choice] : "";
}

bool fv__onnx_option_is(fv_onnx_writer *w, const char *field, const char *word) {
    return strcmp(fv__onnx_option_word(w, field), word) == 0;
}

/* --------------------------------------------------------------------------------- nodes --- */

static void keep_node(fv_onnx_writer *w, Onnx__NodeProto *node) {
    if (w->status != FV_OK) return;
    fail(w, fv__grow(w->ctx, (void **)&w->nodes, &w->node_capacity, w->node_count + 1,
                     sizeof *w->nodes, "nodes"));
    if (w->status == FV_OK) w->nodes[w->node_count++] = w->last = node;
}

/* The layer's name for the node that makes its output, and "conv1/Mul" for those on the way. */
static char *node_name(fv_onnx_writer *w, const char *op, bool end) {
    char name[FV_MESSAGE_MAX];
    (void)fv__format(name, sizeof name, end ? "%.400s" : "%.400s/%.40s", w->layer->name, op);
    return free_name(w, &w->node_names, name);
}

const char *fv__onnx_put(fv_onnx_writer *w, const char *op, const char *out,
                         const char *const *inputs, int count) {
    Onnx__NodeProto *node = take(w, sizeof *node);
    char **in = take(w, (size_t)count * sizeof *in), **outs = take(w, sizeof *outs);
    char *name = node_name(w, op, out != NULL), *type = text(w, op);
    char *made = out ? text(w, out) : name ? free_name(w, &w->tensor_names, name) : NULL;
    if (w->status != FV_OK) return NULL;
    onnx__node_proto__init(node);
    for (int i = 0; i < count; i++) in[i] = inputs[i] ? text(w, inputs[i]) : text(w, "");
    while (count > 0 && !inputs[count - 1]) count--; /* trailing ones that are left out */
    outs[0] = made;
    node->name = name, node->op_type = type;
    node->n_input = (size_t)count, node->input = in;
    node->n_output = 1, node->output = outs;
    keep_node(w, node);
    return w->status == FV_OK ? made : NULL;
}

static Onnx__AttributeProto *attribute(fv_onnx_writer *w, const char *name,
                                       Onnx__AttributeProto__AttributeType type) {
    Onnx__AttributeProto *a = take(w, sizeof *a);
    char *kept = text(w, name);
    if (w->status != FV_OK) return NULL;
    Onnx__NodeProto *n = w->last;
    Onnx__AttributeProto **list = take(w, (n->n_attribute + 1) * sizeof(*list));
    if (!list) return NULL;
    onnx__attribute_proto__init(a);
    a->name = kept;
    a->has_type = 1, a->type = type;
    for (size_t i = 0; i < n->n_attribute; i++) list[i] = n->attribute[i];
    list[n->n_attribute++] = a;
    n->attribute = list;
    return a;
}

#define TYPE(name) ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##name

void fv__onnx_say_int(fv_onnx_writer *w, const char *name, int64_t v) {
    Onnx__AttributeProto *a = attribute(w, name, TYPE(INT));
    if (a) a->has_i = 1, a->i = v;
}

void fv__onnx_say_real(fv_onnx_writer *w, const char *name, double v) {
    Onnx__AttributeProto *a = attribute(w, name, TYPE(FLOAT));
    if (a) a->has_f = 1, a->f = (float)v;
}

void fv__onnx_say_word(fv_onnx_writer *w, const char *name, const char *v) {
    Onnx__AttributeProto *a = attribute(w, name, TYPE(STRING));
    char *kept = text(w, v);
    if (a && kept) a->has_s = 1, a->s = (ProtobufCBinaryData){strlen(kept), (uint8_t *)kept};
}

void fv__onnx_say_ints(fv_onnx_writer *w, const char *name, const int64_t *v, int count) {
    Onnx__AttributeProto *a = attribute(w, name, TYPE(INTS));
    int64_t *kept = take(w, (size_t)count * sizeof *kept);
    if (!a || !kept) return;
    for (int i = 0; i < count; i++) kept[i] = v[i];
    a->n_ints = (size_t)count, a->ints = kept;
}

void fv__onnx_say_words(fv_onnx_writer *w, const char *name, const char *const *words, int count) {
    Onnx__AttributeProto *a = attribute(w, name, TYPE(STRINGS));
    ProtobufCBinaryData *list = take(w, (size_t)count * sizeof *list);
    if (!a || !list) return;
    for (int i = 0; i < count; i++)
        list[i] = (ProtobufCBinaryData){strlen(words[i]), (uint8_t *)text(w, words[i])};
    a->n_strings = (size_t)count, a->strings = list;
}

/* Rows, [N, C, W], have one dimension under a window. */
static bool is_row(const fv_onnx_writer *w) {
    return w->layer->inputs > 0 && fv__onnx_x_shape(w, 0)->rank == 3;
}

static void say_pad(fv_onnx_writer *w, const fv_field *f, const fv_pad *pad) {
    const int64_t sides[] = {pad->top, pad->left, pad->bottom, pad->right};
    const int64_t ends[] = {pad->left, pad->right};
    if (pad->mode == FV_PAD_SAME) fv__onnx_say_word(w, "auto_pad", "SAME_UPPER");
    if (pad->mode != FV_PAD_SIDES) return;
    fv__onnx_say_ints(w, f->onnx, is_row(w) ? ends : sides, is_row(w) ? 2 : 4);
}

static void say_option(fv_onnx_writer *w, const fv_field *f) {
    const void *v = fv__onnx_option(w, f->name);
    switch (f->kind) {
    case FV_INT:
        fv__onnx_say_int(w, f->onnx, *(const int64_t *)v);
        return;
    case FV_BOOL:
        fv__onnx_say_int(w, f->onnx, *(const bool *)v);
        return;
    case FV_REAL:
        fv__onnx_say_real(w, f->onnx, *(const double *)v);
        return;
    case FV_CHOICE:
        fv__onnx_say_word(w, f->onnx, f->choices[*(const int *)v]);
        return;
    case FV_SIZE: {
        const fv_size *size = v;
        const int64_t sides[] = {size->h, size->w};
        fv__onnx_say_ints(w, f->onnx, is_row(w) ? sides + 1 : sides, is_row(w) ? 1 : 2);
        return;
    }
    case FV_PAD:
        say_pad(w, f, v);
        return;
    case FV_INTS:
        fv__onnx_say_ints(w, f->onnx, ((const fv_ints *)v)->v, ((const fv_ints *)v)->count);
        return;
    default:
        fv__onnx_cannot(w, "its option '%s' has no counterpart in ONNX", f->name);
    }
}

void fv__onnx_say_options(fv_onnx_writer *w) {
    const fv_field *fields = w->layer->op->fields;
    for (const fv_field *f = fields; f && f->name; f++)
        if (f->onnx && !(w->told >> (f - fields) & 1)) say_option(w, f);
}

const char *fv__onnx_fresh(fv_onnx_writer *w, const char *what) {
    char name[FV_MESSAGE_MAX];
    (void)fv__format(name, sizeof name, "%.400s/%.40s", w->layer->name, what);
    return free_name(w, &w->tensor_names, name);
}

void fv__onnx_say_outputs(fv_onnx_writer *w, const char *const *names, int count) {
    char **outs = take(w, (size_t)count * sizeof *outs);
    for (int i = 0; outs && i < count; i++)
        outs[i] = (char *)(uintptr_t)(names ? names[i] : fv__onnx_y(w, i));
    if (w->status == FV_OK) w->last->output = outs, w->last->n_output = (size_t)count;
}

void fv__onnx_write_as(fv_onnx_writer *w, const char *op) {
    const fv_node *layer = w->layer;
    const int count = layer->inputs + layer->params;
    const char **in = take(w, (size_t)(count + 1) * sizeof *in);
    if (!in) return;
    for (int i = 0; i < layer->inputs; i++) in[i] = fv__onnx_x(w, i);
    for (int i = 0; i < layer->params; i++) in[layer->inputs + i] = fv__onnx_w(w, i);
    (void)fv__onnx_put(w, op, fv__onnx_y(w, 0), in, count);
    if (layer->outputs > 1) fv__onnx_say_outputs(w, NULL, layer->outputs);
    fv__onnx_say_options(w);
}

/* ----------------------------------------------------------------------------- constants --- */

int32_t fv__onnx_type_of(fv_dtype dtype) {
    switch (dtype) {
    case FV_I64:
        return ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    case FV_I32:
        return ONNX__TENSOR_PROTO__DATA_TYPE__INT32;
    case FV_U8:
        return ONNX__TENSOR_PROTO__DATA_TYPE__UINT8;
    case FV_I8:
        return ONNX__TENSOR_PROTO__DATA_TYPE__INT8;
    case FV_BOOL8:
        return ONNX__TENSOR_PROTO__DATA_TYPE__BOOL;
    default:
        return ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    }
}

const char *fv__onnx_tensor(fv_onnx_writer *w, const char *name, fv_dtype dtype,
                            const fv_shape *shape, const void *data) {
    Onnx__TensorProto *t = take(w, sizeof *t);
    int64_t *dims = take(w, (size_t)(shape->rank + 1) * sizeof *dims);
    char *kept = free_name(w, &w->tensor_names, name);
    if (w->status != FV_OK) return NULL;
    onnx__tensor_proto__init(t);
    for (int i = 0; i < shape->rank; i++) dims[i] = shape->dim[i];
    t->n_dims = (size_t)shape->rank, t->dims = dims;
    t->has_data_type = 1, t->data_type = fv__onnx_type_of(dtype);
    t->name = kept;
    t->has_raw_data = 1;
    t->raw_data = (ProtobufCBinaryData){(size_t)fv__shape_count(shape) * fv__dtype_bytes(dtype),
                                        (uint8_t *)(uintptr_t)data};
    fail(w, fv__grow(w->ctx, (void **)&w->tensors, &w->tensor_capacity, w->tensor_count + 1,
                     sizeof(*w->tensors), "tensors"));
    if (w->status == FV_OK) w->tensors[w->tensor_count++] = t;
    return w->status == FV_OK ? kept : NULL;
}

const char *fv__onnx_own_tensor(fv_onnx_writer *w, const char *what, fv_dtype dtype,
                                const fv_shape *shape, const void *data) {
    char name[FV_MESSAGE_MAX];
    (void)fv__format(name, sizeof name, "%.400s/%.40s", w->layer->name, what);
    return data ? fv__onnx_tensor(w, name, dtype, shape, data) : NULL;
}

float *fv__onnx_floats(fv_onnx_writer *w, int64_t count) {
    size_t bytes;
    if (count < 0 || !fv__mul_size((size_t)count, sizeof(float), &bytes)) {
        fv__onnx_cannot(w, "it has more numbers than fit");
        return NULL;
    }
    return take(w, bytes);
}

const char *fv__onnx_number(fv_onnx_writer *w, double v) {
    const fv_shape one = {0};
    float *data = fv__onnx_floats(w, 1);
    if (data) *data = (float)v;
    return fv__onnx_own_tensor(w, "constant", FV_F32, &one, data);
}

const char *fv__onnx_number_of(fv_onnx_writer *w, fv_dtype dtype, double v) {
    const fv_shape one = {0};
    const int64_t whole = (int64_t)v; /* its first bytes are those of a shorter type */
    if (dtype == FV_F32) return fv__onnx_number(w, v);
    int64_t *data = take(w, sizeof *data);
    if (data) *data = whole;
    return fv__onnx_own_tensor(w, "constant", dtype, &one, data);
}

const char *fv__onnx_list(fv_onnx_writer *w, const int64_t *v, int count) {
    const fv_shape list = fv__shape1(count);
    int64_t *data = take(w, (size_t)count * sizeof *data + 1);
    for (int i = 0; data && i < count; i++) data[i] = v[i];
    return fv__onnx_own_tensor(w, "constant", FV_I64, &list, data);
}

const char *fv__onnx_reshape(fv_onnx_writer *w, const char *out, const char *x,
                             const int64_t *shape, int rank) {
    return FV_ONNX_PUT(w, "Reshape", out, x, fv__onnx_list(w, shape, rank));
}

const char *fv__onnx_transpose(fv_onnx_writer *w, const char *out, const char *x,
                               const int64_t *perm, int rank) {
    const char *y = FV_ONNX_PUT(w, "Transpose", out, x);
    fv__onnx_say_ints(w, "perm", perm, rank);
    return y;
}

#endif
