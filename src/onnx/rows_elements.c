/* SPDX-License-Identifier: MIT */
/*
 * rows_elements.c - what is done to every number by itself, where types or bounds ask for more than
 * our operator takes: powers, signs, questions, Clip. See row_list.h.
 */
#include "onnx/steps.h"

#ifdef FV_HAVE_ONNX
#include <float.h>
#include <math.h>
#include <string.h>

/* Base and exponent may have different types; the result has the base's. */
fv_status fv__onnx_take_pow(fv_onnx_node *n) {
    fv_onnx_steps s = {.n = n};
    if (!fv__onnx_has(n, 0) || !fv__onnx_has(n, 1))
        return fv__onnx_refuse(n, "its base or its exponent is missing");
    const bool whole = fv__onnx_dtype(n->im, n->in[0]) == FV_I32;
    if (fv__onnx_dtype(n->im, n->in[1]) == fv__onnx_dtype(n->im, n->in[0]))
        return fv__onnx_take_broadcast(n);
    FV_TRY(fv__onnx_all_read(n));
    fv_entry *x = fv__step_word(&s, "cast", "to", "float", n->in[0]);
    fv_entry *y = fv__step2(&s, "pow", x, fv__step_word(&s, "cast", "to", "float", n->in[1]));
    return fv__steps_give(&s, 0, whole ? fv__step_word(&s, "cast", "to", "int32", y) : y);
}

/* ------------------------------------------------------- whole numbers, one by one --- */

/* The type's word where it is of 8 bits, which are computed with as 32. */
static const char *bytes_of(const fv_onnx_node *n) {
    const fv_dtype dtype = fv__onnx_dtype(n->im, n->in[0]);
    return dtype == FV_U8 ? "uint8" : dtype == FV_I8 ? "int8" : NULL;
}

static fv_entry *of_whole(fv_onnx_steps *s, const char *type, fv_entry *x) {
    if (strcmp(type, "Relu") == 0) return fv__step2(s, "max", x, fv__step_whole(s, 0));
    if (strcmp(type, "Sign") == 0)
        return fv__step2(s, "min", fv__step2(s, "max", x, fv__step_whole(s, -1)),
                         fv__step_whole(s, 1));
    fv_entry *minus = fv__step2(s, "mul", x, fv__step_whole(s, -1));
    return strcmp(type, "Abs") == 0 ? fv__step2(s, "max", x, minus) : minus;
}

/* Neg, Abs, Sign, Relu: our operators take real numbers. */
fv_status fv__onnx_take_signs(fv_onnx_node *n) {
    fv_onnx_steps s = {.n = n};
    const int in[] = {0};
    const char *bytes;
    fv_onnx_made o;
    FV_TRY(fv__onnx_own(n, &o));
    if (!fv__onnx_has(n, 0) || fv__onnx_dtype(n->im, n->in[0]) == FV_F32)
        return fv__onnx_add(n, &o, in, 1, NULL, 0);
    FV_TRY(fv__onnx_all_read(n));
    bytes = bytes_of(n);
    fv_entry *x = bytes ? fv__step_word(&s, "cast", "to", "int32", n->in[0]) : n->in[0];
    x = of_whole(&s, n->proto->op_type, x);
    return fv__steps_give(&s, 0, bytes ? fv__step_word(&s, "cast", "to", bytes, x) : x);
}

/* ------------------------------------------------------------------------ questions --- */

fv_status fv__onnx_take_isnan(fv_onnx_node *n) {
    fv_onnx_steps s = {.n = n};
    FV_TRY(fv__onnx_all_read(n));
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    return fv__steps_give(&s, 0, fv__step(&s, "not", fv__step2(&s, "equal", n->in[0], n->in[0])));
}

fv_status fv__onnx_take_isinf(fv_onnx_node *n) {
    fv_onnx_steps s = {.n = n};
    int64_t positive, negative;
    FV_TRY(fv__onnx_int(n, "detect_positive", 1, &positive));
    FV_TRY(fv__onnx_int(n, "detect_negative", 1, &negative));
    FV_TRY(fv__onnx_all_read(n));
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    if (!positive && !negative) return fv__onnx_refuse(n, "it looks for neither infinity");
    fv_entry *x = positive && negative ? fv__step(&s, "abs", n->in[0]) : n->in[0];
    fv_entry *edge = fv__step_number(&s, positive ? (double)INFINITY : -(double)INFINITY);
    return fv__steps_give(&s, 0, fv__step2(&s, "equal", x, edge));
}

/* ----------------------------------------------------------------------------- clip --- */

/* A bound that our operator takes as an option: a real number that is known. */
static fv_status bound(const fv_onnx_node *n, int i, double otherwise, double *out) {
    const fv_constant *c = fv__onnx_has(n, i) ? &n->in[i]->constant : NULL;
    *out = otherwise;
    if (!c) return FV_OK;
    if (fv__shape_count(&c->shape) != 1)
        return fv__onnx_refuse(n, "its bounds have to be one number each");
    *out = fv__constant_get(c, 0);
    if (isnan(*out)) return fv__onnx_refuse(n, "one of its bounds is not a number");
    if (*out < -(double)FLT_MAX) *out = -(double)FLT_MAX; /* an infinite one holds nothing back */
    if (*out > (double)FLT_MAX) *out = (double)FLT_MAX;
    return FV_OK;
}

/* Bounds that flow, or whole numbers: the smaller of max and the larger of x and min. */
static fv_status take_flowing_clip(fv_onnx_node *n) {
    const char *const bytes = bytes_of(n);
    fv_onnx_steps s = {.n = n};
    fv_entry *y = n->in[0];
    FV_TRY(fv__onnx_all_read(n));
    if (bytes) y = fv__step_word(&s, "cast", "to", "int32", y);
    for (int i = 1; i <= 2; i++) {
        if (!fv__onnx_has(n, i)) continue;
        fv_entry *edge = bytes ? fv__step_word(&s, "cast", "to", "int32", n->in[i]) : n->in[i];
        y = fv__step2(&s, i == 1 ? "max" : "min", y, edge);
    }
    if (!fv__onnx_has(n, 1) && !fv__onnx_has(n, 2)) y = fv__step(&s, "identity", y);
    return fv__steps_give(&s, 0, bytes ? fv__step_word(&s, "cast", "to", bytes, y) : y);
}

fv_status fv__onnx_take_clip(fv_onnx_node *n) {
    const int in[] = {0};
    double min, max;
    fv_onnx_made o;
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    for (int i = 1; i <= 2; i++)
        if (fv__onnx_has(n, i) && !n->in[i]->known) return take_flowing_clip(n);
    if (fv__onnx_dtype(n->im, n->in[0]) != FV_F32) return take_flowing_clip(n);
    FV_TRY(fv__onnx_plain(n, "clip", &o));
    FV_TRY(bound(n, 1, -(double)FLT_MAX, &min));
    FV_TRY(bound(n, 2, (double)FLT_MAX, &max));
    FV_TRY(fv__onnx_set(n, &o, "min", min));
    FV_TRY(fv__onnx_set(n, &o, "max", max));
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

#endif
