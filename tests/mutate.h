/* SPDX-License-Identifier: MIT */
/*
 * mutate.h - files of every kind that is read, good ones, and ways to spoil them. Everything
 * follows from a seed and a file's number.
 */
#ifndef TEST_MUTATE_H
#define TEST_MUTATE_H

#include "base/random.h"
#include "fovea.h"
#include "wire.h"

#define MUTANT_MOST ((size_t)64 << 10)

/* A file in memory. */
typedef struct mutant {
    uint8_t data[MUTANT_MOST];
    size_t size;
} mutant;

/* One stream of numbers. */
typedef struct dice {
    fv_key key;
    uint64_t at;
} dice;
uint64_t roll(dice *d, uint64_t n); /* 0 … n-1; 0 for n = 0 */
uint64_t roll_nasty(dice *d);       /* 0, -1, 2^31, 2^63 …, any number of bits */

/* A kind of files: good ones, which are read, and the same spoilt within valid framing. */
typedef struct family {
    const char *name, *extension;
    int seeds;
    const char *net; /* of weights alone: the text of a network that they are of; NULL: of none */
    /* Good file number i. */
    void (*make)(fv_context *ctx, int i, mutant *out);
    /* The same spoilt in one to a few places: lengths, brackets and sums around them are right. */
    void (*spoil)(fv_context *ctx, int i, dice *d, mutant *out);
} family;
extern const family families[];
extern const int family_count;

/* Bytes spoilt without regard to what they mean. `other`: what pieces may come from. */
void spoil_bytes(dice *d, mutant *m, const mutant *other);
/* Numbers and words of a text, up to `most` bytes long afterwards; the new length. */
size_t spoil_text(dice *d, char *text, size_t size, size_t most);
/* Fields of a message. */
void spoil_wire(fv_arena *arena, dice *d, wire *message);

#endif
