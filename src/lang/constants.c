/* SPDX-License-Identifier: MIT */
/*
 * constants.c - constants in a text: numbers to elements of their type, and those to numbers again.
 */
#include "lang/constants.h"
#include "lang/lang.h"
#include <math.h>
#include <string.h>

#define IN_TEXT    64     /* numbers that a text holds where a file beside it could */
#define EXACT_MOST 0x1p53 /* whole numbers up to here are exact as a text's numbers */

/* Whole numbers from `low` to `high`. */
static bool whole(double v, double low, double high) {
    return v >= low && v <= high && v == floor(v);
}

bool fv__set_element(fv_dtype dtype, void *data, int64_t i, double v) {
    switch (dtype) {
    case FV_F32:
        ((float *)data)[i] = (float)v;
        return isfinite(v) == isfinite((float)v);
    case FV_F64:
        ((double *)data)[i] = v;
        return true;
    case FV_I32:
        if (whole(v, INT32_MIN, INT32_MAX)) ((int32_t *)data)[i] = (int32_t)v;
        return whole(v, INT32_MIN, INT32_MAX);
    case FV_I64:
        if (whole(v, -EXACT_MOST, EXACT_MOST)) ((int64_t *)data)[i] = (int64_t)v;
        return whole(v, -EXACT_MOST, EXACT_MOST);
    case FV_I8:
        if (whole(v, INT8_MIN, INT8_MAX)) ((int8_t *)data)[i] = (int8_t)v;
        return whole(v, INT8_MIN, INT8_MAX);
    case FV_U8:
    case FV_BOOL8: {
        const bool fits = whole(v, 0, dtype == FV_U8 ? UINT8_MAX : 1);
        if (fits) ((uint8_t *)data)[i] = (uint8_t)v;
        return fits;
    }
    default:
        return false;
    }
}

bool fv__constant_uniform(const fv_value *c) {
    const size_t each = fv__dtype_bytes(c->type.dtype);
    const int64_t count = fv__shape_count(&c->shape);
    const char *data = c->data;
    if (count > FV_FILLED_MOST) return false;
    for (int64_t i = 1; i < count; i++)
        if (memcmp(data, data + (size_t)i * each, each) != 0) return false;
    return true;
}

bool fv__constant_exact(const fv_value *c) {
    if (c->type.dtype == FV_F16 || c->type.dtype == FV_BF16) return false;
    if (c->type.dtype != FV_I64) return true;
    for (int64_t i = fv__shape_count(&c->shape); i-- > 0;)
        if (fabs(fv__element(FV_I64, c->data, i)) > EXACT_MOST) return false;
    return true;
}

bool fv__constant_in_text(const fv_value *c) {
    return (fv__shape_count(&c->shape) <= IN_TEXT || fv__constant_uniform(c)) &&
           fv__constant_exact(c);
}

void fv__element_print(fv_text *out, fv_dtype dtype, const void *data, int64_t i) {
    const double v = fv__element(dtype, data, i);
    char text[32];
    if (isnan(v))
        fv__text_add(out, "nan");
    else if (isinf(v))
        fv__text_add(out, v > 0 ? "inf" : "-inf");
    else if (dtype == FV_F32)
        fv__text_add(out, fv__float_text(text, (float)v));
    else
        fv__text_number(out, v);
}
