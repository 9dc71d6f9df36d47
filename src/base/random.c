/* SPDX-License-Identifier: MIT */
/*
 * random.c - Philox4x32-10.
 *
 * The counter is (index, stream), the key is the seed, each low word first. Ten rounds; in each
 *     L, R = M0*c0, M1*c2 (64-bit products)
 *     c = (hi(R)^c1^k0, lo(R), hi(L)^c3^k1, lo(L));  k += (W0, W1)
 * with the constants of Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011. Checked against the known answers published with Random123.
 */
#include "base/random.h"

#include <math.h>

void fv__philox(fv_key key, uint64_t index, uint32_t out[4]) {
    uint32_t c0 = (uint32_t)index, c1 = (uint32_t)(index >> 32);
    uint32_t c2 = (uint32_t)key.stream, c3 = (uint32_t)(key.stream >> 32);
    uint32_t k0 = (uint32_t)key.seed, k1 = (uint32_t)(key.seed >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t l = (uint64_t)0xD2511F53u * c0;
        uint64_t r = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(r >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)r;
        c2 = (uint32_t)(l >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)l;
        k0 += 0x9E3779B9u; /* the golden ratio */
        k1 += 0xBB67AE85u; /* the square root of 3, less 1 */
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Blocks 0 … 2^62-1 of a stream serve fv__random_u32 and fv__random_unit; normals and bounded
   numbers take theirs from ranges above, so that mixing the kinds in one stream shares nothing. */
#define NORMALS ((uint64_t)1 << 63)
#define BELOWS  ((uint64_t)1 << 62)

uint32_t fv__random_u32(fv_key key, uint64_t index) {
    uint32_t block[4];
    fv__philox(key, index / 4, block);
    return block[index % 4];
}

double fv__random_unit(fv_key key, uint64_t index) {
    return fv__random_u32(key, index) * 0x1p-32;
}

/* Box-Muller: two uniform numbers u, v give two normal ones, r cos t and r sin t with
   r = sqrt(-2 ln u), t = 2 pi v. One block serves four indices. */
double fv__random_normal(fv_key key, uint64_t index) {
    uint32_t block[4];
    fv__philox(key, NORMALS | index / 4, block);
    const uint32_t *pair = block + index % 4 / 2 * 2;
    double u = (pair[0] + 1.0) * 0x1p-32; /* in (0, 1]: its logarithm is finite */
    double t = 6.283185307179586 * (pair[1] * 0x1p-32);
    double r = sqrt(-2.0 * log(u));
    return r * (index % 2 == 0 ? cos(t) : sin(t));
}

/* The upper 64 bits of a*b. */
static uint64_t high_product(uint64_t a, uint64_t b) {
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0, mid1 = a1 * b0, mid2 = a0 * b1;
    uint64_t carry = ((low >> 32) + (uint32_t)mid1 + (uint32_t)mid2) >> 32;
    return a1 * b1 + (mid1 >> 32) + (mid2 >> 32) + carry;
}

/* u*n/2^64 with 64 random bits u: no value is likelier than another by more than n/2^64. */
uint64_t fv__random_below(fv_key key, uint64_t index, uint64_t n) {
    uint32_t block[4];
    fv__philox(key, BELOWS | index / 2, block);
    const uint32_t *pair = block + index % 2 * 2;
    return high_product((uint64_t)pair[1] << 32 | pair[0], n);
}

void fv__random_permutation(fv_key key, uint32_t *order, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) order[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = (uint32_t)fv__random_below(key, i, i);
        uint32_t t = order[i - 1];
        order[i - 1] = order[j];
        order[j] = t;
    }
}
