/* SPDX-License-Identifier: MIT */
/*
 * constant.c - see constant.h.
 *
 * The numbers of a TensorProto lie in one of several lists, chosen by their type, or as raw bytes,
 * little-endian, or in another file. The lists are as long as somebody wrote them: nothing is
 * believed about their lengths.
 */
#include "onnx/constant.h"
#include "base/file.h"
#include "base/floats.h"

#include <string.h>

fv_status fv__constant_new(fv_context *ctx, fv_arena *arena, fv_dtype dtype, const fv_shape *shape,
                           fv_constant *out) {
    const int64_t count = fv__shape_count(shape);
    size_t bytes;
    *out = (fv_constant){.dtype = dtype, .shape = *shape};
    if (count < 0 || !fv__mul_size((size_t)count, fv__dtype_bytes(dtype), &bytes))
        return fv__fail(ctx, FV_BAD_INPUT, "a tensor has too many elements to be counted");
    if (!fv__add_size(bytes, sizeof(double), &bytes)) bytes = SIZE_MAX;
    out->data = fv__arena_alloc(arena, bytes); /* the first number of an empty one is 0 */
    return out->data ? FV_OK : FV_EXHAUSTED;
}

double fv__constant_get(const fv_constant *c, int64_t i) {
    return fv__element(c->dtype, c->data, i);
}

int64_t fv__constant_int(const fv_constant *c, int64_t i) {
    if (c->dtype == FV_I64) return ((const int64_t *)c->data)[i];
    if (c->dtype == FV_I32) return ((const int32_t *)c->data)[i];
    const double v = fv__constant_get(c, i);
    return v >= -9e18 && v <= 9e18 ? (int64_t)v : 0;
}

void fv__constant_set(const fv_constant *c, int64_t i, double v) {
    void *data = (void *)(uintptr_t)c->data;
    switch (c->dtype) {
    case FV_F32:
        ((float *)data)[i] = (float)v;
        break;
    case FV_I64:
        ((int64_t *)data)[i] = v >= -9e18 && v <= 9e18 ? (int64_t)v : 0;
        break;
    case FV_I32:
        ((int32_t *)data)[i] = v >= INT32_MIN && v <= INT32_MAX ? (int32_t)v : 0;
        break;
    case FV_I8:
        ((int8_t *)data)[i] = v >= -128 && v <= 127 ? (int8_t)v : 0;
        break;
    default:
        ((uint8_t *)data)[i] = v >= 0 && v <= 255 ? (uint8_t)v : 0;
    }
}

bool fv__constant_ints(const fv_constant *c, fv_ints *out) {
    const int64_t count = fv__shape_count(&c->shape);
    if (count > FV_LIST_MAX || (c->dtype != FV_I64 && c->dtype != FV_I32)) return false;
    out->count = (int)count;
    for (int i = 0; i < out->count; i++) out->v[i] = fv__constant_int(c, i);
    return true;
}

#ifdef FV_HAVE_ONNX

/* ONNX's types: how they are called, how wide they are, and what they are read as. */
typedef struct element_type {
    int32_t onnx;
    const char *name;
    size_t bytes;
    fv_dtype dtype;
    const char *floats; /* of real numbers: the type's name in base/floats.h */
    bool read;
} element_type;

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name
static const element_type types[] = {
    {TYPE(FLOAT), "float32", 4, FV_F32, "F32", true},
    {TYPE(DOUBLE), "float64", 8, FV_F32, "F64", true},
    {TYPE(FLOAT16), "float16", 2, FV_F32, "F16", true},
    {TYPE(BFLOAT16), "bfloat16", 2, FV_F32, "BF16", true},
    {TYPE(INT64), "int64", 8, FV_I64, NULL, true},
    {TYPE(INT32), "int32", 4, FV_I32, NULL, true},
    {TYPE(UINT8), "uint8", 1, FV_U8, NULL, true},
    {TYPE(INT8), "int8", 1, FV_I8, NULL, true},
    {TYPE(BOOL), "bool", 1, FV_BOOL8, NULL, true},
    {TYPE(INT16), "int16", 2, FV_I32, NULL, false},
    {TYPE(UINT16), "uint16", 2, FV_I32, NULL, false},
    {TYPE(UINT32), "uint32", 4, FV_I64, NULL, false},
    {TYPE(UINT64), "uint64", 8, FV_I64, NULL, false},
    {TYPE(STRING), "string", 1, FV_U8, NULL, false},
    {TYPE(COMPLEX64), "complex64", 8, FV_F32, NULL, false},
    {TYPE(COMPLEX128), "complex128", 16, FV_F32, NULL, false},
};

static const element_type *find_type(int32_t onnx) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].onnx == onnx) return &types[i];
    return NULL;
}

const char *fv__onnx_type_name(int32_t data_type) {
    const element_type *t = find_type(data_type);
    return t ? t->name : "an unknown type";
}

typedef struct reader {
    fv_context *ctx;
    fv_arena *arena;
    const char *folder;
    const Onnx__TensorProto *from;
    const element_type *type;
    fv_shape shape;
    fv_constant *to;
    int64_t count;
} reader;

static const char *name_of(const Onnx__TensorProto *t) {
    return t->name && *t->name ? t->name : "a tensor without a name";
}

static fv_status read_shape(reader *r) {
    const Onnx__TensorProto *t = r->from;
    fv_shape *shape = &r->shape;
    if (t->n_dims > FV_RANK_MAX)
        return fv__fail(r->ctx, FV_BAD_INPUT, "%.80s has %zu dimensions; at most %d are read",
                        name_of(t), t->n_dims, FV_RANK_MAX);
    *shape = (fv_shape){.rank = (int)t->n_dims};
    for (int d = 0; d < shape->rank; d++) {
        if (t->dims[d] < 0)
            return fv__fail(r->ctx, FV_BAD_INPUT, "%.80s: dimension %d is %lld", name_of(t), d,
                            (long long)t->dims[d]);
        shape->dim[d] = t->dims[d];
    }
    r->count = fv__shape_count(shape);
    if (r->count >= 0) return FV_OK;
    return fv__fail(r->ctx, FV_BAD_INPUT, "%.80s has too many elements to be counted", name_of(t));
}

static fv_status mismatch(const reader *r, size_t there) {
    return fv__fail(r->ctx, FV_BAD_INPUT, "%.80s has dimensions for %lld numbers, but %zu of them",
                    name_of(r->from), (long long)r->count, there);
}

/* Little-endian numbers as they lie in files. */
static fv_status from_bytes(const reader *r, const uint8_t *bytes, size_t size) {
    const size_t count = (size_t)r->count, each = r->type->bytes;
    char *to = (char *)(uintptr_t)r->to->data;
    if (size / each != count || size % each) return mismatch(r, size / each);
    if (r->type->floats) {
        fv__file_type(r->type->floats)->to_floats(bytes, count, (float *)(void *)to);
        return FV_OK;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < each; k++)
            to[i * each + (FV_FLOATS_AS_IN_FILES ? k : each - 1 - k)] = (char)bytes[i * each + k];
    return FV_OK;
}

/* 16-bit numbers, one in each of a list of whole numbers. */
static fv_status from_halves(const reader *r) {
    uint8_t *bytes = fv__arena_alloc(r->arena, 2 * (size_t)r->count + 1);
    if (!bytes) return FV_EXHAUSTED;
    for (int64_t i = 0; i < r->count; i++) {
        bytes[2 * i] = (uint8_t)(r->from->int32_data[i] & 0xff);
        bytes[2 * i + 1] = (uint8_t)(r->from->int32_data[i] >> 8 & 0xff);
    }
    return from_bytes(r, bytes, 2 * (size_t)r->count);
}

static fv_status from_lists(const reader *r) {
    const Onnx__TensorProto *t = r->from;
    const int32_t type = t->data_type;
    const bool reals = type == TYPE(FLOAT), wide = type == TYPE(INT64),
               doubles = type == TYPE(DOUBLE);
    const size_t there = reals     ? t->n_float_data
                         : wide    ? t->n_int64_data
                         : doubles ? t->n_double_data
                                   : t->n_int32_data;
    if (there != (size_t)r->count) return mismatch(r, there);
    if (type == TYPE(FLOAT16) || type == TYPE(BFLOAT16)) return from_halves(r);
    if (wide) {
        if (there) memcpy((void *)(uintptr_t)r->to->data, t->int64_data, there * sizeof(int64_t));
        return FV_OK;
    }
    for (size_t i = 0; i < there; i++)
        fv__constant_set(r->to, (int64_t)i,
                         reals     ? (double)t->float_data[i]
                         : doubles ? t->double_data[i]
                                   : t->int32_data[i]);
    return FV_OK;
}

/* --------------------------------------------------------------- numbers in another file --- */

static const char *entry(const Onnx__TensorProto *t, const char *key) {
    for (size_t i = 0; i < t->n_external_data; i++)
        if (t->external_data[i]->key && strcmp(t->external_data[i]->key, key) == 0)
            return t->external_data[i]->value;
    return NULL;
}

/* A file beside the model or below it: nowhere else may a model reach. */
static bool stays_inside(const char *location) {
    if (location[0] == '/' || location[0] == '\\' || location[0] == '\0') return false;
    for (const char *at = location; at; at = strpbrk(at, "/\\")) {
        at += *at == '/' || *at == '\\';
        if (at[0] == '.' && at[1] == '.' && (at[2] == '\0' || at[2] == '/' || at[2] == '\\'))
            return false;
    }
    return true;
}

static fv_status read_offset(const reader *r, const char *key, size_t otherwise, size_t *out) {
    const char *text = entry(r->from, key);
    int64_t v;
    *out = otherwise;
    if (!text) return FV_OK;
    if (!fv__parse_int(text, &v) || v < 0)
        return fv__fail(r->ctx, FV_BAD_INPUT, "%.80s: the %s of its numbers is '%.40s'",
                        name_of(r->from), key, text);
    *out = (size_t)v;
    return FV_OK;
}

/* Memory for its numbers. */
static fv_status make_room(const reader *r) {
    return fv__constant_new(r->ctx, r->arena, r->type->dtype, &r->shape, r->to);
}

/* What another file holds is there, and may take the memory that it takes. */
static fv_status from_part(const reader *r, const uint8_t *bytes, size_t size) {
    const size_t count = (size_t)r->count, each = r->type->bytes;
    size_t more;
    if (size / each != count || size % each) return mismatch(r, size / each);
    if (!fv__mul_size(count, fv__dtype_bytes(r->type->dtype), &more) ||
        !fv__add_size(r->arena->left, more, &r->arena->left))
        return fv__fail_memory(r->ctx, SIZE_MAX, "weights");
    FV_TRY(make_room(r));
    return from_bytes(r, bytes, size);
}

static fv_status from_file(const reader *r) {
    const char *location = entry(r->from, "location");
    size_t offset, length, end;
    fv_bytes file;
    if (!location || !stays_inside(location))
        return fv__fail(
            r->ctx, FV_BAD_INPUT,
            "%.80s: its numbers are said to lie in '%.100s', which is not a file beside "
            "the model",
            name_of(r->from), location ? location : "");
    FV_TRY(read_offset(r, "offset", 0, &offset));
    FV_TRY(read_offset(r, "length", (size_t)r->count * r->type->bytes, &length));
    const char *path = fv__path_in(r->arena, r->folder, location);
    if (!path) return FV_EXHAUSTED;
    FV_TRY(fv__file_read(r->ctx, path, 0, &file));
    fv_status status;
    if (!fv__add_size(offset, length, &end) || end > file.size)
        status = fv__fail(r->ctx, FV_BAD_INPUT,
                          "%.80s: %zu bytes from %zu on are to be read from %.100s, which has %zu",
                          name_of(r->from), length, offset, location, file.size);
    else
        status = from_part(r, file.data + offset, length);
    fv__file_release(&file);
    return status;
}

fv_status fv__constant_read(fv_context *ctx, fv_arena *arena, const char *folder,
                            const Onnx__TensorProto *from, fv_constant *out) {
    reader r = {.ctx = ctx, .arena = arena, .folder = folder, .from = from, .to = out};
    r.type = find_type(from->data_type);
    if (!r.type || !r.type->read)
        return fv__fail(ctx, FV_BAD_INPUT, "%.80s holds %s, which is not read", name_of(from),
                        fv__onnx_type_name(from->data_type));
    FV_TRY(read_shape(&r));
    const bool outside = from->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    /* No more memory than there are numbers to put into it; each takes a byte at least. */
    const size_t numbers = from->n_float_data + from->n_int32_data + from->n_int64_data +
                           from->n_double_data + from->raw_data.len / r.type->bytes;
    if (outside) return from_file(&r);
    if (numbers < (size_t)r.count) return mismatch(&r, numbers);
    FV_TRY(make_room(&r));
    return from->has_raw_data ? from_bytes(&r, from->raw_data.data, from->raw_data.len)
                              : from_lists(&r);
}

#endif
