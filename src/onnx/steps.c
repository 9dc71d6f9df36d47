/* SPDX-License-Identifier: MIT */
/*
 * steps.c - see steps.h.
 */
#include "onnx/steps.h"

#ifdef FV_HAVE_ONNX

static bool failed(fv_onnx_steps *s, fv_status status) {
    if (s->status == FV_OK) s->status = status;
    return s->status != FV_OK;
}

fv_entry *fv__step_outputs(fv_onnx_steps *s, const fv_onnx_made *o, fv_entry *const *in, int count,
                           fv_entry **more, int more_count) {
    fv_entry *to[FV_OP_OUTPUTS] = {NULL};
    if (s->status != FV_OK) return NULL;
    for (int i = 0; i <= more_count; i++)
        if (failed(s, fv__onnx_between(s->n, &to[i]))) return NULL;
    if (failed(s, fv__onnx_add_to(s->n, o, in, count, NULL, 0, to, 1 + more_count))) return NULL;
    for (int i = 0; i < more_count; i++) more[i] = to[1 + i];
    return to[0];
}

fv_entry *fv__step_made(fv_onnx_steps *s, const fv_onnx_made *o, fv_entry *const *in, int count) {
    return fv__step_outputs(s, o, in, count, NULL, 0);
}

static fv_entry *plain(fv_onnx_steps *s, const char *op, fv_entry *const *in, int count) {
    fv_onnx_made o;
    if (s->status != FV_OK || failed(s, fv__onnx_plain(s->n, op, &o))) return NULL;
    return fv__step_made(s, &o, in, count);
}

fv_entry *fv__step(fv_onnx_steps *s, const char *op, fv_entry *x) {
    return plain(s, op, &x, 1);
}

fv_entry *fv__step2(fv_onnx_steps *s, const char *op, fv_entry *a, fv_entry *b) {
    fv_entry *const in[] = {a, b};
    return plain(s, op, in, 2);
}

fv_entry *fv__step3(fv_onnx_steps *s, const char *op, fv_entry *a, fv_entry *b, fv_entry *c) {
    fv_entry *const in[] = {a, b, c};
    return plain(s, op, in, 3);
}

fv_entry *fv__step_ints(fv_onnx_steps *s, const char *op, const char *field, const fv_ints *v,
                        fv_entry *x) {
    fv_onnx_made o;
    if (s->status != FV_OK || failed(s, fv__onnx_plain(s->n, op, &o)) ||
        failed(s, fv__onnx_set_ints(s->n, &o, field, v, false)))
        return NULL;
    return fv__step_made(s, &o, &x, 1);
}

fv_entry *fv__step_real(fv_onnx_steps *s, const char *op, const char *field, double v,
                        fv_entry *x) {
    fv_onnx_made o;
    if (s->status != FV_OK || failed(s, fv__onnx_plain(s->n, op, &o)) ||
        failed(s, fv__onnx_set(s->n, &o, field, v)))
        return NULL;
    return fv__step_made(s, &o, &x, 1);
}

fv_entry *fv__step_word(fv_onnx_steps *s, const char *op, const char *field, const char *word,
                        fv_entry *x) {
    fv_onnx_made o;
    if (s->status != FV_OK || failed(s, fv__onnx_plain(s->n, op, &o)) ||
        failed(s, fv__onnx_set_word(s->n, &o, field, word)))
        return NULL;
    return fv__step_made(s, &o, &x, 1);
}

fv_entry *fv__step_reduce(fv_onnx_steps *s, const char *op, const fv_ints *axes, bool keep,
                          fv_entry *x) {
    fv_onnx_made o;
    if (s->status != FV_OK || failed(s, fv__onnx_plain(s->n, op, &o)) ||
        failed(s, fv__onnx_set_ints(s->n, &o, "axes", axes, false)) ||
        failed(s, fv__onnx_set_word(s->n, &o, "keep", keep ? "yes" : "no")))
        return NULL;
    return fv__step_made(s, &o, &x, 1);
}

/* ------------------------------------------------------------------------------- constants --- */

fv_entry *fv__step_constant(fv_onnx_steps *s, fv_dtype dtype, const fv_shape *shape) {
    fv_entry *e;
    if (s->status != FV_OK || failed(s, fv__onnx_between(s->n, &e)) ||
        failed(s, fv__onnx_new(s->n, dtype, shape, &e->constant)))
        return NULL;
    e->known = true;
    return e;
}

static fv_entry *number(fv_onnx_steps *s, fv_dtype dtype, double v) {
    const fv_shape one = {0};
    fv_entry *e = fv__step_constant(s, dtype, &one);
    if (e) fv__constant_set(&e->constant, 0, v);
    return e;
}

fv_entry *fv__step_number(fv_onnx_steps *s, double v) {
    return number(s, FV_F32, v);
}

fv_entry *fv__step_whole(fv_onnx_steps *s, double v) {
    return number(s, FV_I32, v);
}

fv_entry *fv__step_shaped(fv_onnx_steps *s, const fv_constant *c, const fv_shape *shape) {
    fv_entry *e;
    if (s->status != FV_OK || failed(s, fv__onnx_between(s->n, &e))) return NULL;
    e->known = true;
    e->constant = *c;
    e->constant.shape = *shape;
    return e;
}

/* -------------------------------------------------------------------------------- outputs --- */

fv_dtype fv__onnx_dtype(const fv_importer *im, const fv_entry *e) {
    if (e->value >= 0) return im->graph->values[e->value].type.dtype;
    return e->constant.dtype == FV_I64 ? FV_I32 : e->constant.dtype; /* as it will flow */
}

fv_ints fv__onnx_axes(const fv_shape *shape, int from) {
    fv_ints axes = {0};
    for (int d = from; d < shape->rank; d++) axes.v[axes.count++] = d;
    return axes;
}

fv_status fv__steps_give(fv_onnx_steps *s, int i, fv_entry *e) {
    fv_entry *out;
    FV_TRY(s->status);
    FV_TRY(fv__onnx_output(s->n, i, &out));
    if (!out) return FV_OK;
    const char *name = out->name;
    *out = *e;
    out->name = name;
    out->given = false; /* it is computed, if only from what is given */
    return FV_OK;
}

#endif
