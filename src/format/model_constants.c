/* SPDX-License-Identifier: MIT */
/*
 * model_constants.c - constants of a network that are too long for its text: tensors of the model's
 * file, under their names, behind the parameters.
 */
#include "format/model_constants.h"
#include <string.h>

static fv_status find(fv_context *ctx, const void *from, const char *name, fv_dtype dtype,
                      const fv_shape *shape, const uint8_t **bytes) {
    const fv_tensor_entry *e = fv__tensor_file_find(from, name);
    char here[FV_SHAPE_TEXT], there[FV_SHAPE_TEXT];
    if (!e)
        return fv__fail(ctx, FV_BAD_INPUT, "the constant '%s' is missing in the model's file",
                        name);
    if (strcmp(e->type->name, fv__st_type(dtype)) != 0 || !fv__shape_equal(&e->shape, shape))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the constant '%s' is %s %s in the network and %s %s in the model's file",
                        name, fv__st_type(dtype), fv__dims_text(here, shape), e->type->name,
                        fv__dims_text(there, &e->shape));
    *bytes = e->data;
    return FV_OK;
}

fv_numbers fv__numbers_of(const fv_tensor_file *st) {
    return (fv_numbers){find, st};
}

/* The same type, shape and numbers. */
static bool same(const fv_value *c, const fv_tensor_entry *e) {
    const uint8_t *bytes = c->data;
    if (e->strided || strcmp(e->type->name, fv__st_type(c->type.dtype)) != 0) return false;
    if (!fv__shape_equal(&e->shape, &c->shape)) return false;
    if (FV_FLOATS_AS_IN_FILES) return memcmp(bytes, e->data, e->bytes) == 0;
    const size_t each = fv__dtype_bytes(c->type.dtype);
    for (size_t i = 0; i < e->bytes; i++)
        if (bytes[i / each * each + each - 1 - i % each] != e->data[i]) return false;
    return true;
}

fv_status fv__constants_compare(fv_context *ctx, const fv_graph *net, const fv_tensor_file *st,
                                bool *used) {
    for (size_t v = 1; v < net->value_count; v++) {
        const fv_value *c = &net->values[v];
        const fv_tensor_entry *e = c->data ? fv__tensor_file_find(st, c->name) : NULL;
        if (!e || used[e - st->entries]) continue;
        if (!same(c, e))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "the constant '%s' in the file is another than the network's", c->name);
        used[e - st->entries] = true;
    }
    return FV_OK;
}

size_t fv__constants_list(const fv_graph *net, bool printed, fv_st_tensor *list) {
    size_t count = 0;
    for (size_t v = 1; v < net->value_count; v++) {
        const fv_value *c = &net->values[v];
        if (!c->data || !(printed ? !fv__constant_in_text(c) : c->apart)) continue;
        if (list) list[count] = (fv_st_tensor){c->name, c->shape, c->data, c->type.dtype};
        count++;
    }
    return count;
}
