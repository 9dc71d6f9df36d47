/* SPDX-License-Identifier: MIT */
/*
 * random.h - counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011,
 * "Parallel random numbers: as easy as 1, 2, 3"). A number depends on (seed, stream, index) alone,
 * so the same stream comes out whatever the thread count, and nothing needs saving to resume.
 */
#ifndef FV_BASE_RANDOM_H
#define FV_BASE_RANDOM_H

#include <stdint.h>

/* One stream of random numbers. */
typedef struct fv_key {
    uint64_t seed;
    uint64_t stream;
} fv_key;

/* What a stream is for, so that no two uses share numbers. */
typedef enum fv_stream_use {
    FV_STREAM_INIT = 1, /* weights */
    FV_STREAM_SHUFFLE,  /* the order of an epoch */
    FV_STREAM_DROPOUT,
    FV_STREAM_AUGMENT,
    FV_STREAM_DATA,  /* generated data */
    FV_STREAM_CHECK, /* directions and samples of checks */
    FV_STREAM_SPLIT  /* which samples are set aside for the test */
} fv_stream_use;

/* The stream for a use, a thing within it (a node, a parameter) and a time (a step, an epoch):
   use 8 bits, thing 24 bits, time 32 bits. */
static inline fv_key fv__key(uint64_t seed, fv_stream_use use, uint64_t thing, uint64_t time) {
    fv_key k = {seed, ((uint64_t)use << 56) | ((thing & 0xffffff) << 32) | (time & 0xffffffffu)};
    return k;
}

/* Four 32-bit numbers: block `index` of the stream. */
void fv__philox(fv_key key, uint64_t index, uint32_t out[4]);

uint32_t fv__random_u32(fv_key key, uint64_t index);  /* number `index` of the stream */
double fv__random_unit(fv_key key, uint64_t index);   /* [0, 1), 32 bits */
double fv__random_normal(fv_key key, uint64_t index); /* N(0,1), Box-Muller */
uint64_t fv__random_below(fv_key key, uint64_t index, uint64_t n); /* 0 … n-1, n > 0 */

/* A permutation of 0 … n-1 (Fisher-Yates with numbers of the stream). */
void fv__random_permutation(fv_key key, uint32_t *order, uint32_t n);

#endif
