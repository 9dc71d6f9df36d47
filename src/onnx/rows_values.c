/* SPDX-License-Identifier: MIT */
/*
 * rows_values.c - constants, shapes, and what moves numbers about. Attributes of early opsets are
 * inputs later: an option takes either.
 */
#include "onnx/steps.h"

#ifdef FV_HAVE_ONNX
#include <string.h>

/* One input that flows, and behind it those that are options here; NULL: of no meaning. */
static fv_status take(fv_onnx_node *n, const char *op, const char *const *fields, int count) {
    const int in[] = {0};
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, op, &o));
    for (int i = 0; i < count; i++)
        if (fields[i]) FV_TRY(fv__onnx_set_known(n, &o, fields[i], i + 1));
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

#define TAKE(name, op, ...)                                                                        \
    fv_status fv__onnx_take_##name(fv_onnx_node *n) {                                              \
        static const char *const fields[] = {__VA_ARGS__};                                         \
        return take(n, op, fields, (int)(sizeof fields / sizeof *fields));                         \
    }
TAKE(expand, "expand", "shape")
TAKE(tile, "tile", "repeats")
TAKE(squeeze, "squeeze", "axes")
TAKE(unsqueeze, "unsqueeze", "axes")
TAKE(cumsum, "cumsum", "axis")

/* Opset 1 called it paddings; inputs from opset 11 on. */
fv_status fv__onnx_take_pad(fv_onnx_node *n) {
    static const char *const fields[] = {"pads", "value", "axes"};
    const int in[] = {0};
    fv_ints pads;
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "pad", &o));
    FV_TRY(fv__onnx_ints(n, "paddings", &pads));
    if (pads.count) FV_TRY(fv__onnx_set_ints(n, &o, "pads", &pads, false));
    for (int i = 0; i < 3; i++) FV_TRY(fv__onnx_set_known(n, &o, fields[i], i + 1));
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

/* Opset 1: one number of repeats, along one axis. */
fv_status fv__onnx_take_first_tile(fv_onnx_node *n) {
    const fv_constant *c[2];
    const int in[] = {0};
    fv_ints repeats = {0};
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "tile", &o));
    for (int i = 0; i < 2; i++) {
        FV_TRY(fv__onnx_known(n, i + 1, i ? "axis" : "tiles", &c[i]));
        if (fv__shape_count(&c[i]->shape) != 1)
            return fv__onnx_refuse(n, "tiles and axis have to be one number each");
    }
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    repeats.count = fv__onnx_shape(n->im, n->in[0], NULL)->rank;
    for (int d = 0; d < repeats.count; d++) repeats.v[d] = 1;
    const int64_t axis = fv__constant_int(c[1], 0);
    if (axis < 0 || axis >= repeats.count) return fv__onnx_refuse(n, "its axis is not there");
    repeats.v[axis] = fv__constant_int(c[0], 0);
    FV_TRY(fv__onnx_set_ints(n, &o, "repeats", &repeats, false));
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

/* Our word for an element type by its name. Real numbers of all widths are float here, whole ones
   32 bits wide. */
static const char *word_of(const char *type) {
    static const char *const same[][2] = {
        {"float32", "float"}, {"float64", "float"},  {"double", "float"},
        {"float16", "float"}, {"bfloat16", "float"}, {"int64", "int32"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (strcmp(type, same[i][0]) == 0) return same[i][1];
    return type;
}

/* The type is a number; before opset 6 its name in capitals. */
fv_status fv__onnx_take_cast(fv_onnx_node *n) {
    char type[FV_WORD_MAX];
    const int in[] = {0};
    int64_t to;
    fv_onnx_made o;
    FV_TRY(fv__onnx_plain(n, "cast", &o));
    if (n->im->opset < 6) {
        FV_TRY(fv__onnx_word(n, "to", "", type));
        for (char *c = type; *c; c++)
            if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
    } else {
        FV_TRY(fv__onnx_int(n, "to", 0, &to));
        (void)fv__format(type, sizeof type, "%s", fv__onnx_type_name((int32_t)to));
    }
    FV_TRY(fv__onnx_set_word(n, &o, "to", word_of(type)));
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

fv_status fv__onnx_take_castlike(fv_onnx_node *n) {
    const int in[] = {0};
    fv_onnx_made o;
    FV_TRY(fv__onnx_plain(n, "cast", &o));
    if (!fv__onnx_has(n, 1)) return fv__onnx_refuse(n, "it has no input 2, whose type to take");
    FV_TRY(
        fv__onnx_set_word(n, &o, "to", word_of(fv__dtype_name(fv__onnx_dtype(n->im, n->in[1])))));
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
    FV_TRY(fv__onnx_new(n, dtype, shape, &e->constant));
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
