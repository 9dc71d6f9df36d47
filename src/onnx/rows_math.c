/* SPDX-License-Identifier: MIT */
/*
 * rows_math.c - arithmetic with broadcasting, products of matrices, reductions, softmax. See
 * row_list.h.
 */
#include "onnx/steps.h"

#ifdef FV_HAVE_ONNX
#include <string.h>

/* Before opset 7 `axis` says where the second operand's dimensions lie in the first's. */
static fv_status stretch(fv_onnx_node *n, fv_entry **second) {
    int64_t broadcast, axis;
    FV_TRY(fv__onnx_int(n, "broadcast", 0, &broadcast));
    FV_TRY(fv__onnx_int(n, "axis", -1, &axis));
    if (!broadcast || axis < 0 || !fv__onnx_has(n, 0) || !fv__onnx_has(n, 1)) return FV_OK;
    const int rank = fv__onnx_shape(n->im, n->in[0], NULL)->rank;
    const fv_shape *s = fv__onnx_shape(n->im, n->in[1], NULL);
    if (axis > rank) return fv__onnx_refuse(n, "axis %lld", (long long)axis);
    const int more = rank - (int)axis - s->rank;
    if (more <= 0) return FV_OK;
    if (!n->in[1]->known || s->rank + more > FV_RANK_MAX)
        return fv__onnx_refuse(n, "broadcasting from an axis on is read for constants only");
    FV_TRY(fv__onnx_between(n, second));
    (*second)->known = true;
    (*second)->constant = n->in[1]->constant;
    for (int i = 0; i < more; i++)
        (*second)->constant.shape.dim[(*second)->constant.shape.rank++] = 1;
    return FV_OK;
}

/* Whether all have one shape, so that `add` can do it, which plans join to what is before it. */
static bool alike(const fv_onnx_node *n, fv_entry *const *in) {
    bool batched, first;
    const fv_shape *shape = fv__onnx_shape(n->im, in[0], &first);
    for (int i = 0; i < n->inputs; i++)
        if (!fv__shape_equal(fv__onnx_shape(n->im, in[i], &batched), shape) || batched != first ||
            fv__onnx_dtype(n->im, in[i]) != FV_F32)
            return false;
    return n->inputs > 1;
}

/* A result of 8-bit numbers wraps round. */
static fv_entry *wrapped(fv_onnx_steps *s, bool is_signed, fv_entry *y) {
    fv_entry *middle = fv__step_whole(s, 128), *count = fv__step_whole(s, 256);
    if (!is_signed) return fv__step2(s, "mod", y, count);
    return fv__step2(s, "sub", fv__step2(s, "mod", fv__step2(s, "sum", y, middle), count), middle);
}

/* 8-bit numbers are computed with as whole numbers of 32 bits. */
static fv_status take_bytes(fv_onnx_node *n, const fv_onnx_made *o, fv_entry **in, int count) {
    const bool is_signed = fv__onnx_dtype(n->im, in[0]) == FV_I8;
    fv_onnx_steps s = {.n = n};
    for (int i = 0; i < count; i++) in[i] = fv__step_word(&s, "cast", "to", "int32", in[i]);
    fv_entry *y = wrapped(&s, is_signed, fv__step_made(&s, o, in, count));
    return fv__steps_give(&s, 0, fv__step_word(&s, "cast", "to", is_signed ? "int8" : "uint8", y));
}

/* Arithmetic element by element, of two inputs or of any number of them. */
fv_status fv__onnx_take_broadcast(fv_onnx_node *n) {
    const bool sums =
        strcmp(n->proto->op_type, "Sum") == 0 || strcmp(n->proto->op_type, "Add") == 0;
    fv_entry *in[FV_ONNX_INPUTS], *out;
    fv_onnx_made o;
    FV_TRY(fv__onnx_own(n, &o));
    for (int i = 0; i < n->inputs; i++) {
        in[i] = n->in[i];
        if (!in[i]) return fv__onnx_refuse(n, "its input %d is left out", i + 1);
    }
    if (n->im->opset < 7 && n->inputs == 2) FV_TRY(stretch(n, &in[1]));
    FV_TRY(fv__onnx_all_read(n));
    if (sums) FV_TRY(fv__onnx_plain(n, alike(n, in) ? "add" : "sum", &o));
    const fv_dtype dtype = n->inputs ? fv__onnx_dtype(n->im, in[0]) : FV_F32;
    if (dtype == FV_U8 || dtype == FV_I8) return take_bytes(n, &o, in, n->inputs);
    FV_TRY(fv__onnx_output(n, 0, &out));
    return fv__onnx_add_to(n, &o, in, n->inputs, NULL, 0, &out, 1);
}

/* Comparisons, and, or: of bytes as of whole numbers; what comes out is true or false. */
fv_status fv__onnx_take_compare(fv_onnx_node *n) {
    fv_onnx_steps s = {.n = n};
    fv_entry *in[2];
    fv_onnx_made o;
    FV_TRY(fv__onnx_own(n, &o));
    for (int i = 0; i < 2; i++) {
        if (!fv__onnx_has(n, i)) return fv__onnx_refuse(n, "its input %d is left out", i + 1);
        in[i] = n->in[i];
    }
    if (n->im->opset < 7) FV_TRY(stretch(n, &in[1]));
    FV_TRY(fv__onnx_all_read(n));
    for (int i = 0; i < 2; i++) {
        const fv_dtype dtype = fv__onnx_dtype(n->im, in[i]);
        if (dtype == FV_U8 || dtype == FV_I8)
            in[i] = fv__step_word(&s, "cast", "to", "int32", in[i]);
    }
    return fv__steps_give(&s, 0, fv__step_made(&s, &o, in, 2));
}

/* A matrix of weights behind a batch of vectors is a fully connected layer. */
fv_status fv__onnx_take_matmul(fv_onnx_node *n) {
    const int in[] = {0, 1};
    fv_constant turned;
    const fv_constant *w = &turned;
    fv_onnx_made o;
    bool batched = false;
    if (fv__onnx_has(n, 0)) (void)fv__onnx_shape(n->im, n->in[0], &batched);
    const bool layer = fv__onnx_has(n, 1) && n->in[1]->known && !n->in[1]->given && batched &&
                       n->in[1]->constant.shape.rank == 2 && n->in[1]->constant.dtype == FV_F32 &&
                       fv__onnx_shape(n->im, n->in[0], NULL)->rank == 2;
    if (!layer) {
        FV_TRY(fv__onnx_make(n, "matmul", &o));
        return fv__onnx_add(n, &o, in, 2, NULL, 0);
    }
    FV_TRY(fv__onnx_make(n, "fc", &o));
    FV_TRY(fv__onnx_transposed(n, &n->in[1]->constant, &turned));
    FV_TRY(fv__onnx_set(n, &o, "outputs", (double)turned.shape.dim[0]));
    FV_TRY(fv__onnx_set_word(n, &o, "bias", "no"));
    return fv__onnx_add(n, &o, in, 1, &w, 1);
}

/* axes: an attribute, or an input of opset 13 (sums) or 18 (the others); without any, all. */
fv_status fv__onnx_take_reduce(fv_onnx_node *n) {
    const fv_constant *c;
    const int in[] = {0};
    int64_t nothing, keep;
    fv_ints axes;
    fv_onnx_made o;
    FV_TRY(fv__onnx_own(n, &o));
    FV_TRY(fv__onnx_int(n, "noop_with_empty_axes", 0, &nothing));
    FV_TRY(fv__onnx_int(n, "keepdims", 1, &keep));
    FV_TRY(fv__onnx_ints(n, "axes", &axes));
    if (fv__onnx_has(n, 1)) {
        FV_TRY(fv__onnx_known(n, 1, "axes", &c));
        if (!fv__constant_ints(c, &axes)) return fv__onnx_refuse(n, "axes are whole numbers");
    }
    if (axes.count == 0 && nothing) {
        FV_TRY(fv__onnx_make(n, "identity", &o));
        return fv__onnx_add(n, &o, in, 1, NULL, 0);
    }
    if (axes.count == 0 && fv__onnx_has(n, 0)) {
        axes.count = fv__onnx_shape(n->im, n->in[0], NULL)->rank;
        for (int i = 0; i < axes.count; i++) axes.v[i] = i;
    }
    if (axes.count) FV_TRY(fv__onnx_set_ints(n, &o, "axes", &axes, false));
    FV_TRY(fv__onnx_set_word(n, &o, "keep", keep ? "yes" : "no"));
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

fv_status fv__onnx_take_argmax(fv_onnx_node *n) {
    const int in[] = {0};
    int64_t axis, keep, last;
    fv_onnx_made o;
    FV_TRY(fv__onnx_own(n, &o));
    FV_TRY(fv__onnx_int(n, "axis", 0, &axis));
    FV_TRY(fv__onnx_int(n, "keepdims", 1, &keep));
    FV_TRY(fv__onnx_int(n, "select_last_index", 0, &last));
    FV_TRY(fv__onnx_set(n, &o, "axis", (double)axis));
    FV_TRY(fv__onnx_set_word(n, &o, "keep", keep ? "yes" : "no"));
    FV_TRY(fv__onnx_set_word(n, &o, "last", last ? "yes" : "no"));
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

/* A reshape of `from` to `shape`, whose first dimension may be the batch. */
static fv_status reshaped(fv_onnx_node *n, fv_entry *from, const fv_ints *shape, fv_entry *to) {
    fv_onnx_made o;
    const uint64_t read = n->read;
    FV_TRY(fv__onnx_make(n, "reshape", &o));
    n->read = read;
    FV_TRY(fv__onnx_set_ints(n, &o, "shape", shape, false));
    return fv__onnx_add_to(n, &o, &from, 1, NULL, 0, &to, 1);
}

/* Up to opset 12 all that is behind the axis is one vector. */
static fv_status take_flat_softmax(fv_onnx_node *n, fv_onnx_made *o, int64_t axis) {
    const fv_shape shape = *fv__onnx_shape(n->im, n->in[0], NULL);
    fv_entry *flat, *done, *out;
    bool batched;
    fv_ints two = {2, {1, -1}}, back = {shape.rank, {0}};
    (void)fv__onnx_shape(n->im, n->in[0], &batched);
    for (int i = 0; i < axis; i++) two.v[0] *= shape.dim[i];
    if (batched && axis != 1) return fv__onnx_refuse(n, "a softmax that mixes the batch");
    if (batched) two.v[0] = 0;
    for (int i = 0; i < shape.rank; i++) back.v[i] = batched && i == 0 ? 0 : shape.dim[i];
    FV_TRY(fv__onnx_set(n, o, "axis", 1));
    FV_TRY(fv__onnx_all_read(n));
    FV_TRY(fv__onnx_between(n, &flat));
    FV_TRY(fv__onnx_between(n, &done));
    FV_TRY(fv__onnx_output(n, 0, &out));
    if (!out) return FV_OK;
    FV_TRY(reshaped(n, n->in[0], &two, flat));
    FV_TRY(fv__onnx_add_to(n, o, &flat, 1, NULL, 0, &done, 1));
    return reshaped(n, done, &back, out);
}

fv_status fv__onnx_take_softmax(fv_onnx_node *n) {
    const int in[] = {0};
    int64_t axis;
    bool last = true; /* nothing lies behind the axis */
    fv_onnx_made o;
    FV_TRY(fv__onnx_own(n, &o));
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    const fv_shape *shape = fv__onnx_shape(n->im, n->in[0], NULL);
    FV_TRY(fv__onnx_int(n, "axis", n->im->opset < 13 ? 1 : -1, &axis));
    if (axis < 0) axis += shape->rank;
    if (axis < 0 || axis > shape->rank) return fv__onnx_refuse(n, "axis %lld", (long long)axis);
    for (int i = (int)axis + 1; i < shape->rank; i++) last = last && shape->dim[i] == 1;
    if (n->im->opset < 13 && (!last || axis == shape->rank)) return take_flat_softmax(n, &o, axis);
    FV_TRY(fv__onnx_set(n, &o, "axis", (double)axis));
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

#endif
