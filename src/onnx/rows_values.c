/* SPDX-License-Identifier: MIT */
/*
 * rows_values.c - constants, shapes, and what moves numbers about. Attributes of early opsets are
 * inputs later: an option takes either.
 */
#include "onnx/importer.h"

#ifdef FV_HAVE_ONNX
#include <string.h>

#define FAR 1e15 /* "to the end", as exporters write it with the largest number there is */

/* Input i, if it is there, as an option: a number or a list of them. */
static fv_status set_known(fv_onnx_node *n, fv_onnx_made *o, const char *field, int i) {
    const fv_constant *c;
    fv_ints list;
    if (!fv__onnx_has(n, i)) return FV_OK;
    FV_TRY(fv__onnx_known(n, i, field, &c));
    const fv_field *f = fv__field_find(o->op->fields, field);
    if (!f) return fv__onnx_refuse(n, "%s has no option '%s'", o->op->name, field);
    if (f->kind != FV_INTS) {
        if (fv__shape_count(&c->shape) != 1)
            return fv__onnx_refuse(n, "%s has to be one number", field);
        return fv__onnx_set(n, o, field, fv__constant_get(c, 0));
    }
    if (!fv__constant_ints(c, &list))
        return fv__onnx_refuse(n, "%s has to be a list of at most %d whole numbers", field,
                               FV_LIST_MAX);
    for (int k = 0; k < list.count; k++) {
        if (list.v[k] > (int64_t)FAR) list.v[k] = (int64_t)FAR;
        if (list.v[k] < -(int64_t)FAR) list.v[k] = -(int64_t)FAR;
    }
    return list.count ? fv__onnx_set_ints(n, o, field, &list, false) : FV_OK;
}

/* One input that flows, and behind it those that are options here; NULL: of no meaning. */
static fv_status take(fv_onnx_node *n, const char *op, const char *const *fields, int count) {
    const int in[] = {0};
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, op, &o));
    for (int i = 0; i < count; i++)
        if (fields[i]) FV_TRY(set_known(n, &o, fields[i], i + 1));
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

#define TAKE(name, op, ...)                                                                        \
    fv_status fv__onnx_take_##name(fv_onnx_node *n) {                                              \
        static const char *const fields[] = {__VA_ARGS__};                                         \
        return take(n, op, fields, (int)(sizeof fields / sizeof *fields));                         \
    }
TAKE(expand, "expand", "shape")
TAKE(tile, "tile", "repeats")
TAKE(slice, "slice", "starts", "ends", "axes", "steps")
TAKE(pad, "pad", "pads", "value", "axes")
TAKE(squeeze, "squeeze", "axes")
TAKE(unsqueeze, "unsqueeze", "axes")
TAKE(clip, "clip", "min", "max")
TAKE(cumsum, "cumsum", "axis")

/* The batch keeps its place: exporters write it as 1, or as "what is left". */
fv_status fv__onnx_take_reshape(fv_onnx_node *n) {
    const fv_field *field;
    const int in[] = {0};
    bool batched;
    int64_t zero;
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "reshape", &o));
    FV_TRY(fv__onnx_int(n, "allowzero", 0, &zero));
    FV_TRY(set_known(n, &o, "shape", 1));
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    const fv_shape *shape = fv__onnx_shape(n->im, n->in[0], &batched);
    field = fv__field_find(o.op->fields, "shape");
    fv_ints *list = (fv_ints *)(void *)(o.data.bytes + field->offset);
    for (int i = 0; zero && i < list->count; i++)
        if (list->v[i] == 0) return fv__onnx_refuse(n, "a dimension of 0 is not computed here");
    if (batched && list->count && shape->rank && (list->v[0] == 1 || list->v[0] == -1))
        list->v[0] = 0;
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

/* Without sizes, as many equal parts as outputs. */
fv_status fv__onnx_take_split(fv_onnx_node *n) {
    const int in[] = {0};
    int64_t axis;
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "split", &o));
    FV_TRY(fv__onnx_int(n, "axis", 0, &axis));
    FV_TRY(fv__onnx_set(n, &o, "axis", (double)axis));
    FV_TRY(set_known(n, &o, "sizes", 1));
    if (!fv__onnx_has(n, 1) && !fv__onnx_attribute(n, "split"))
        FV_TRY(fv__onnx_set(n, &o, "parts", (double)n->proto->n_output));
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

/* Without an order the dimensions are turned round. */
fv_status fv__onnx_take_transpose(fv_onnx_node *n) {
    const int in[] = {0};
    fv_onnx_made o;
    fv_ints perm;
    FV_TRY(fv__onnx_make(n, "transpose", &o));
    FV_TRY(fv__onnx_ints(n, "perm", &perm));
    if (perm.count == 0 && fv__onnx_has(n, 0)) {
        perm.count = fv__onnx_shape(n->im, n->in[0], NULL)->rank;
        for (int i = 0; i < perm.count; i++) perm.v[i] = perm.count - 1 - i;
        if (perm.count) FV_TRY(fv__onnx_set_ints(n, &o, "perm", &perm, false));
    }
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

/* Indices that the file holds must name places that there are. */
static fv_status check_places(fv_onnx_node *n) {
    int64_t axis;
    FV_TRY(fv__onnx_int(n, "axis", 0, &axis));
    if (!fv__onnx_has(n, 0) || !fv__onnx_has(n, 1) || !n->in[1]->known || n->in[1]->given)
        return FV_OK;
    const fv_shape *x = fv__onnx_shape(n->im, n->in[0], NULL);
    const fv_constant *at = &n->in[1]->constant;
    if (axis < 0) axis += x->rank;
    if (axis < 0 || axis >= x->rank) return fv__onnx_refuse(n, "axis %lld", (long long)axis);
    const int64_t most = x->dim[axis];
    for (int64_t i = 0, count = fv__shape_count(&at->shape); i < count; i++) {
        const int64_t v = fv__constant_int(at, i);
        if (v < -most || v >= most)
            return fv__onnx_refuse(n, "its index %lld names none of %lld places", (long long)v,
                                   (long long)most);
    }
    return FV_OK;
}

fv_status fv__onnx_take_gather(fv_onnx_node *n) {
    const int in[] = {0, 1};
    fv_onnx_made o;
    FV_TRY(check_places(n));
    FV_TRY(fv__onnx_make(n, "gather", &o));
    return fv__onnx_add(n, &o, in, 2, NULL, 0);
}

fv_status fv__onnx_take_cast(fv_onnx_node *n) {
    const int in[] = {0};
    int64_t to;
    fv_onnx_made o;
    FV_TRY(fv__onnx_plain(n, "cast", &o)); /* a number in the file is a word here */
    FV_TRY(fv__onnx_int(n, "to", 0, &to));
    const char *type = fv__onnx_type_name((int32_t)to);
    if (strcmp(type, "float32") == 0 || strcmp(type, "float64") == 0) type = "float";
    if (strcmp(type, "int64") == 0) type = "int32"; /* as whole numbers are here */
    FV_TRY(fv__onnx_set_word(n, &o, "to", type));
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

/* ------------------------------------------------------------------------------- constants --- */

static fv_status as_output(fv_onnx_node *n, fv_dtype dtype, const fv_shape *shape,
                           fv_constant **out) {
    fv_entry *e;
    *out = NULL;
    FV_TRY(fv__onnx_all_read(n));
    FV_TRY(fv__onnx_output(n, 0, &e));
    if (!e) return fv__onnx_refuse(n, "it has no output");
    FV_TRY(fv__constant_new(n->im->ctx, &n->im->arena, dtype, shape, &e->constant));
    e->known = true;
    *out = &e->constant;
    return FV_OK;
}

/* value_int, value_floats and their like, of opset 12 on. */
static fv_status constant_of_numbers(fv_onnx_node *n) {
    static const char *const names[] = {"value_float", "value_int", "value_floats", "value_ints"};
    const Onnx__AttributeProto *a = NULL;
    fv_constant *out;
    int which = -1;
    while (!a && ++which < 4) a = fv__onnx_attribute(n, names[which]);
    if (!a) return fv__onnx_refuse(n, "a constant without numbers");
    const bool whole = which % 2 == 1, list = which >= 2;
    const fv_shape shape = {list, {(int64_t)(whole ? a->n_ints : a->n_floats)}};
    FV_TRY(as_output(n, whole ? FV_I64 : FV_F32, &shape, &out));
    if (!list) {
        fv__constant_set(out, 0, whole ? (double)a->i : (double)a->f);
        return FV_OK;
    }
    for (int64_t i = 0; i < shape.dim[0]; i++)
        fv__constant_set(out, i, whole ? (double)a->ints[i] : (double)a->floats[i]);
    return FV_OK;
}

fv_status fv__onnx_take_constant(fv_onnx_node *n) {
    const Onnx__AttributeProto *a = fv__onnx_attribute(n, "value");
    fv_entry *out;
    if (!a || !a->t) return constant_of_numbers(n);
    FV_TRY(fv__onnx_all_read(n));
    FV_TRY(fv__onnx_output(n, 0, &out));
    if (!out) return FV_OK;
    out->known = true;
    return fv__constant_read(n->im->ctx, &n->im->arena, n->im->folder, a->t, &out->constant);
}

fv_status fv__onnx_take_constantofshape(fv_onnx_node *n) {
    const Onnx__AttributeProto *a = fv__onnx_attribute(n, "value");
    const fv_constant *sizes;
    fv_constant one = {.dtype = FV_F32}, *out;
    fv_shape shape = {0};
    FV_TRY(fv__onnx_known(n, 0, "its shape", &sizes));
    if (a && a->t) FV_TRY(fv__constant_read(n->im->ctx, &n->im->arena, n->im->folder, a->t, &one));
    const int64_t rank = fv__shape_count(&sizes->shape);
    if (rank > FV_RANK_MAX || (a && fv__shape_count(&one.shape) != 1))
        return fv__onnx_refuse(n, "a shape of %lld dimensions", (long long)rank);
    for (shape.rank = 0; shape.rank < (int)rank; shape.rank++) {
        shape.dim[shape.rank] = fv__constant_int(sizes, shape.rank);
        if (shape.dim[shape.rank] < 0) return fv__onnx_refuse(n, "a dimension below 0");
    }
    if (fv__shape_count(&shape) < 0 || fv__shape_count(&shape) > (int64_t)1 << 28)
        return fv__onnx_refuse(n, "more than 268 million numbers");
    FV_TRY(as_output(n, one.dtype, &shape, &out));
    for (int64_t i = 0, count = fv__shape_count(&shape); one.data && i < count; i++)
        fv__constant_set(out, i, fv__constant_get(&one, 0));
    return FV_OK;
}

/* Of a batch the first dimension is 1 here, as in the graph. */
fv_status fv__onnx_take_shape(fv_onnx_node *n) {
    int64_t start, end;
    fv_constant *out;
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    const fv_shape shape = *fv__onnx_shape(n->im, n->in[0], NULL);
    FV_TRY(fv__onnx_int(n, "start", 0, &start));
    FV_TRY(fv__onnx_int(n, "end", shape.rank, &end));
    if (start < 0) start = start + shape.rank > 0 ? start + shape.rank : 0;
    if (end < 0) end += shape.rank;
    if (end > shape.rank) end = shape.rank;
    const fv_shape list = fv__shape1(end > start ? end - start : 0);
    FV_TRY(as_output(n, FV_I64, &list, &out));
    for (int64_t i = 0; i < list.dim[0]; i++)
        fv__constant_set(out, i, (double)shape.dim[start + i]);
    return FV_OK;
}

fv_status fv__onnx_take_size(fv_onnx_node *n) {
    const fv_shape one = {0};
    fv_constant *out;
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    FV_TRY(as_output(n, FV_I64, &one, &out));
    fv__constant_set(out, 0, (double)fv__shape_count(fv__onnx_shape(n->im, n->in[0], NULL)));
    return FV_OK;
}

#endif
