/* SPDX-License-Identifier: MIT */
/*
 * expand_constant.c - constants of a text to constants of the net. Their numbers stand in the text,
 * or in the file that the text is of.
 */
#include "base/floats.h"
#include "lang/constants.h"
#include "lang/expand.h"
#include <math.h>
#include <string.h>

/* Its dimensions; *count numbers in all. */
static fv_status take_shape(fv_expander *x, const fv_scope *scope, const fv_element *e,
                            fv_shape *shape, int64_t *count) {
    const fv_constant_given *c = e->constant;
    const fv_env env = fv__expander_env(x, scope, -1);
    *shape = (fv_shape){.rank = c->rank};
    for (int d = 0; d < c->rank; d++) {
        double v = 0;
        if (fv__eval(&env, c->dim[d], &v) != FV_OK) return fv__expand_trace(x, scope);
        if (!(v >= 1 && v <= INT32_MAX && v == floor(v))) {
            (void)fv__complain(x->source, c->dim[d]->location,
                               "a dimension of a constant is a whole number from 1, not %g", v);
            return fv__expand_trace(x, scope);
        }
        shape->dim[d] = (int64_t)v;
    }
    *count = fv__shape_count(shape);
    if (*count > 0) return FV_OK;
    (void)fv__complain(x->source, e->location, "a constant of this size fits in no memory");
    return fv__expand_trace(x, scope);
}

static fv_status check_count(fv_expander *x, const fv_scope *scope, const fv_element *e,
                             const fv_shape *shape, int64_t count) {
    const fv_constant_given *c = e->constant;
    char dims[FV_SHAPE_TEXT];
    if (c->count == 1 && count <= FV_FILLED_MOST) return FV_OK;
    if (c->count == 1)
        (void)fv__complain(x->source, e->location,
                           "one number stands for at most %lld, not for %lld of %s",
                           (long long)FV_FILLED_MOST, (long long)count, fv__dims_text(dims, shape));
    else if ((int64_t)c->count != count)
        (void)fv__complain(x->source, c->location,
                           "a constant of %s has %lld numbers (or one that stands for all), not "
                           "%zu",
                           fv__dims_text(dims, shape), (long long)count, c->count);
    else
        return FV_OK;
    return fv__expand_trace(x, scope);
}

/* From the text. */
static fv_status take_values(fv_expander *x, const fv_scope *scope, const fv_element *e,
                             int64_t count, const void **out) {
    const fv_constant_given *c = e->constant;
    void *data = fv__arena_alloc(x->arena, (size_t)count * fv__dtype_bytes(c->dtype));
    if (data == NULL) return FV_EXHAUSTED;
    *out = data;
    for (int64_t i = 0; i < count; i++) {
        const double v = c->values[c->count == 1 ? 0 : i];
        if (fv__set_element(c->dtype, data, i, v)) continue;
        (void)fv__complain(x->source, c->location, "number %lld, %.17g, is no %s", (long long)i + 1,
                           v, fv__dtype_name(c->dtype));
        return fv__expand_trace(x, scope);
    }
    return FV_OK;
}

/* Files are little-endian. */
static fv_status from_file(fv_expander *x, fv_dtype dtype, int64_t count, const uint8_t *bytes,
                           const void **out) {
    *out = bytes;
    if (FV_FLOATS_AS_IN_FILES) return FV_OK;
    const size_t each = fv__dtype_bytes(dtype), size = (size_t)count * each;
    uint8_t *turned = fv__arena_alloc(x->arena, size);
    if (turned == NULL) return FV_EXHAUSTED;
    for (size_t i = 0; i < size; i++) turned[i] = bytes[i / each * each + each - 1 - i % each];
    *out = turned;
    return FV_OK;
}

static fv_status find_numbers(fv_expander *x, const fv_scope *scope, const fv_element *e,
                              const char *name, const fv_shape *shape, int64_t count,
                              const void **out) {
    const fv_numbers *numbers = x->numbers;
    const uint8_t *bytes = NULL;
    if (numbers == NULL) {
        (void)fv__complain(x->source, e->location,
                           "this constant has no values; a text says them, constant 3 values "
                           "1,2,3, and only a model's file may hold them beside its text");
        return fv__expand_trace(x, scope);
    }
    const fv_status status =
        numbers->find(x->source->ctx, numbers->from, name, e->constant->dtype, shape, &bytes);
    if (status == FV_BAD_INPUT) {
        (void)fv__complain(x->source, e->location, "%s", x->source->ctx->message);
        return fv__expand_trace(x, scope);
    }
    FV_TRY(status);
    return from_file(x, e->constant->dtype, count, bytes, out);
}

fv_status fv__expand_constant(fv_expander *x, const fv_scope *scope, const fv_element *e,
                              int *out) {
    const fv_constant_given *c = e->constant;
    const char *name, *old;
    const void *data = NULL;
    fv_shape shape;
    int64_t count = 0;
    FV_TRY(take_shape(x, scope, e, &shape, &count));
    FV_TRY(fv__expand_name_layer(x, scope, e, &name, &old));
    if (c->values != NULL) {
        x->fuel -= 8 * count; /* blocks that call each other may ask for many */
        FV_TRY(check_count(x, scope, e, &shape, count));
        FV_TRY(take_values(x, scope, e, count, &data));
    } else {
        FV_TRY(find_numbers(x, scope, e, name, &shape, count, &data));
    }
    FV_TRY(fv__net_add_constant(x->source->ctx, x->net, name, c->dtype, &shape, data, out));
    x->net->values[*out].apart = c->values == NULL;
    return FV_OK;
}
