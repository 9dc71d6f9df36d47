/* SPDX-License-Identifier: MIT */
/*
 * floats.c - float32 from the types that weights are stored in.
 *
 * Files of weights have hundreds of megabytes: float32 is copied, the others are converted by plain
 * loops without branches, some gigabytes a second.
 */
#include "base/floats.h"

#include <string.h>

static inline uint64_t little64(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return FV_FLOATS_AS_IN_FILES ? v : __builtin_bswap64(v);
}

static inline uint32_t little32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return FV_FLOATS_AS_IN_FILES ? v : __builtin_bswap32(v);
}

static inline uint32_t little16(const uint8_t *p) {
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return FV_FLOATS_AS_IN_FILES ? v : __builtin_bswap16(v);
}

static inline float float_of(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline uint32_t bits_of(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static void from_f32(const uint8_t *from, size_t count, float *to) {
    if (FV_FLOATS_AS_IN_FILES) {
        if (count) memcpy(to, from, count * sizeof *to);
        return;
    }
    for (size_t i = 0; i < count; i++) to[i] = float_of(little32(from + 4 * i));
}

static void from_f64(const uint8_t *from, size_t count, float *to) {
    for (size_t i = 0; i < count; i++) {
        const uint64_t bits = little64(from + 8 * i);
        double d;
        memcpy(&d, &bits, sizeof d);
        to[i] = (float)d;
    }
}

/* bfloat16 is the upper half of a float. */
static void from_bf16(const uint8_t *from, size_t count, float *to) {
    for (size_t i = 0; i < count; i++) to[i] = float_of(little16(from + 2 * i) << 16);
}

/* IEEE 754 binary16: sign 1, exponent 5 (bias 15), fraction 10 bits. Every value is a float: the
   exponent gets the bias of 127; infinities and NaNs (exponent 31) go to 255; what has exponent 0
   is fraction * 2^-24. */
static inline float from_half(uint32_t h) {
    const uint32_t rest = h & 0x7fff;
    const uint32_t normal = (rest << 13) + ((127u - 15u) << 23);
    const uint32_t large = normal + ((255u - 31u - (127u - 15u)) << 23);
    const uint32_t small = bits_of((float)(int32_t)rest * 0x1p-24f);
    const uint32_t bits = rest < 0x400 ? small : rest < 0x7c00 ? normal : large;
    return float_of(bits | (h & 0x8000) << 16);
}

static void from_f16(const uint8_t *from, size_t count, float *to) {
    for (size_t i = 0; i < count; i++) to[i] = from_half(little16(from + 2 * i));
}

const fv_file_type *fv__file_type(const char *name) {
    static const fv_file_type types[] = {
        {"F32", 4, from_f32}, {"F64", 8, from_f64}, {"F16", 2, from_f16}, {"BF16", 2, from_bf16},
        {"I64", 8, NULL},     {"I32", 4, NULL},     {"I16", 2, NULL},     {"I8", 1, NULL},
        {"U64", 8, NULL},     {"U32", 4, NULL},     {"U16", 2, NULL},     {"U8", 1, NULL},
        {"C64", 8, NULL},     {"BOOL", 1, NULL},    {"F8_E5M2", 1, NULL}, {"F8_E4M3", 1, NULL},
        {"F8_E8M0", 1, NULL},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0) return &types[i];
    return NULL;
}

static inline bool not_finite(float v) {
    return (bits_of(v) & 0x7f800000u) == 0x7f800000u;
}

int64_t fv__first_not_finite(const float *v, int64_t count) {
    enum { STRIDE = 64 }; /* looked at together, without a branch between them */
    int64_t i = 0;
    for (; i + STRIDE <= count; i += STRIDE) {
        uint32_t any = 0;
        for (int j = 0; j < STRIDE; j++) any |= not_finite(v[i + j]);
        if (any) break;
    }
    for (; i < count; i++)
        if (not_finite(v[i])) return i;
    return -1;
}
