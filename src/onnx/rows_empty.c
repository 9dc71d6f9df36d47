/* SPDX-License-Identifier: MIT */
/*
 * rows_empty.c - Slice, Concat, Split and Reshape, which may give tensors without elements, or get
 * them. Our graphs hold none; but files compute shapes with them, and those are constants.
 */
#include "onnx/steps.h"
#include "op/slice.h"

#ifdef FV_HAVE_ONNX
#include <string.h>

static bool is_empty(const fv_onnx_node *n, int i) {
    return fv__onnx_has(n, i) && fv__shape_count(fv__onnx_shape(n->im, n->in[i], NULL)) == 0;
}

static fv_status give_empty(fv_onnx_node *n, int output, const fv_shape *shape) {
    fv_onnx_steps s = {.n = n};
    FV_TRY(fv__onnx_all_read(n));
    fv_entry *e = fv__step_constant(&s, fv__onnx_dtype(n->im, n->in[0]), shape);
    return fv__steps_give(&s, output, e);
}

/* ---------------------------------------------------------------------------------- slice --- */

/* The shape that a slice leaves; false: the operator says what is wrong with its options. */
static bool sliced(const fv_slice_options *o, const fv_shape *in, fv_shape *out) {
    const int count = o->starts.count;
    *out = *in;
    if (o->ends.count != count || (o->axes.count && o->axes.count != count) ||
        (o->steps.count && o->steps.count != count))
        return false;
    for (int i = 0; i < count; i++) {
        const int64_t axis = o->axes.count ? o->axes.v[i] : i,
                      step = o->steps.count ? o->steps.v[i] : 1;
        const int64_t d = axis < 0 ? axis + in->rank : axis;
        if (d < 0 || d >= in->rank || step == 0) return false;
        out->dim[d] = fv__slice_count(o->starts.v[i], o->ends.v[i], step, in->dim[d]);
    }
    return true;
}

/* Attributes before opset 10, inputs from there on. */
fv_status fv__onnx_take_slice(fv_onnx_node *n) {
    static const char *const fields[] = {"starts", "ends", "axes", "steps"};
    const int in[] = {0};
    fv_shape left;
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "slice", &o));
    for (int i = 0; i < 4; i++) FV_TRY(fv__onnx_set_known(n, &o, fields[i], i + 1));
    if (fv__onnx_has(n, 0) &&
        sliced((const fv_slice_options *)(const void *)o.data.bytes,
               fv__onnx_shape(n->im, n->in[0], NULL), &left) &&
        fv__shape_count(&left) == 0)
        return give_empty(n, 0, &left);
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

/* --------------------------------------------------------------------------------- concat --- */

/* What is empty adds nothing; before opset 4 the axis was 1 unless it was said. */
fv_status fv__onnx_take_concat(fv_onnx_node *n) {
    int in[FV_ONNX_INPUTS], count = 0;
    int64_t axis;
    fv_onnx_made o;
    FV_TRY(fv__onnx_int(n, "axis", 1, &axis));
    for (int i = 0; i < n->inputs; i++)
        if (!is_empty(n, i)) in[count++] = i;
    if (count == 0 && fv__onnx_has(n, 0))
        return give_empty(n, 0, fv__onnx_shape(n->im, n->in[0], NULL));
    if (count == 1) {
        FV_TRY(fv__onnx_plain(n, "identity", &o));
        return fv__onnx_add(n, &o, in, 1, NULL, 0);
    }
    FV_TRY(fv__onnx_plain(n, "concat", &o));
    FV_TRY(fv__onnx_set(n, &o, "axis", (double)axis));
    return fv__onnx_add(n, &o, in, count, NULL, 0);
}

/* ---------------------------------------------------------------------------------- split --- */

/* Sizes are an attribute, from opset 13 on (and in opset 1) an input; without them there are as
   many equal parts as outputs. */
fv_status fv__onnx_take_split(fv_onnx_node *n) {
    const int in[] = {0}, parts = (int)n->proto->n_output;
    int64_t axis;
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "split", &o));
    FV_TRY(fv__onnx_int(n, "axis", 0, &axis));
    if (is_empty(n, 0)) {
        (void)fv__onnx_attribute(n, "split");
        for (int i = 0; i < parts; i++)
            FV_TRY(give_empty(n, i, fv__onnx_shape(n->im, n->in[0], NULL)));
        return FV_OK;
    }
    FV_TRY(fv__onnx_set(n, &o, "axis", (double)axis));
    FV_TRY(fv__onnx_set_known(n, &o, "sizes", 1));
    if (!fv__onnx_has(n, 1) && !fv__onnx_attribute(n, "split"))
        FV_TRY(fv__onnx_set(n, &o, "parts", (double)parts));
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

/* -------------------------------------------------------------------------------- reshape --- */

/* No element under another shape: 0 stays, or (zeros) is 0. */
static fv_status reshape_nothing(fv_onnx_node *n, const fv_ints *list, bool zeros) {
    const fv_shape *in = fv__onnx_shape(n->im, n->in[0], NULL);
    fv_shape out = {list->count, {0}};
    for (int i = 0; i < list->count && i < FV_RANK_MAX; i++) {
        out.dim[i] = list->v[i] == 0 && !zeros && i < in->rank ? in->dim[i] : list->v[i];
        if (out.dim[i] < 0) return fv__onnx_refuse(n, "what is left of nothing is not known");
    }
    if (list->count > FV_RANK_MAX || fv__shape_count(&out) != 0)
        return fv__onnx_refuse(n, "its input has no elements, and its output some");
    return give_empty(n, 0, &out);
}

/* The batch keeps its place: exporters write it as 1, or as "what is left". */
fv_status fv__onnx_take_reshape(fv_onnx_node *n) {
    const int in[] = {0};
    bool batched;
    int64_t zeros;
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "reshape", &o));
    FV_TRY(fv__onnx_int(n, "allowzero", 0, &zeros));
    FV_TRY(fv__onnx_set_known(n, &o, "shape", 1));
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    const fv_shape *shape = fv__onnx_shape(n->im, n->in[0], &batched);
    const fv_field *field = fv__field_find(o.op->fields, "shape");
    fv_ints *list = (fv_ints *)(void *)(o.data.bytes + field->offset);
    if (is_empty(n, 0)) return reshape_nothing(n, list, zeros);
    for (int i = 0; zeros && i < list->count; i++)
        if (list->v[i] == 0) return fv__onnx_refuse(n, "a dimension of 0 cannot hold its numbers");
    if (batched && list->count && shape->rank && (list->v[0] == 1 || list->v[0] == -1))
        list->v[0] = 0;
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

#endif
