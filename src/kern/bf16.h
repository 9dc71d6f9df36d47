/* SPDX-License-Identifier: MIT */
/*
 * bf16.h - bfloat16, number by number: the upper half of a float32. What the vectors of
 * kern/pairs.inc.h do, to the bit.
 */
#ifndef FV_KERN_BF16_H
#define FV_KERN_BF16_H

#include <stdint.h>
#include <string.h>

#define FV_BF16_LAST 0x7f7f7fff /* the last size that is not rounded to infinity */

static inline uint32_t fv__float_bits(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline float fv__bits_float(uint32_t u) {
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* Bits of x rounded to the nearest bfloat16, to the even one of two, with a lower half of zeros.
   What is finite stays finite, what is not a number stays none. */
static inline uint32_t fv__bf16_round(uint32_t u) {
    const uint32_t size = u & 0x7fffffff;
    if (size > FV_BF16_LAST) return (size > 0x7f800000 ? u | 0x00400000 : u) & 0xffff0000;
    return (u + 0x7fff + (u >> 16 & 1)) & 0xffff0000;
}

/* x as the sum of two bfloat16, but for 2^-17 of it: both are nearest, and of two as near the one
   farther from zero, which takes the fewest instructions. What is not finite is in the lower part
   alone: there it meets no other part of a product that could cancel it. */
static inline void fv__bf16_split(float x, uint32_t *hi, uint32_t *lo) {
    const uint32_t u = fv__float_bits(x), size = u & 0x7fffffff;
    *hi = *lo = 0;
    if (size < 0x7f800000) *hi = (size > FV_BF16_LAST ? u : u + 0x8000) & 0xffff0000;
    if (size < 0x7f800000)
        *lo = (fv__float_bits(x - fv__bits_float(*hi)) + 0x8000) & 0xffff0000;
    else
        *lo = fv__bf16_round(u);
}

#endif
