/* SPDX-License-Identifier: MIT */
/*
 * sample_program.h - a program with samples of its own, for the tests of data sets made of a
 * function.
 */
#ifndef TEST_SAMPLE_PROGRAM_H
#define TEST_SAMPLE_PROGRAM_H

#include "data/data.h"
#include <stdatomic.h>

/* A program that makes images as it likes: sample i is (4 + i%3) high and (5 + i%2) wide. Pixel
   (x, y) is 10*y + x + i; the map's class of a pixel is the same modulo 7. */
typedef struct program {
    fv_dtype dtype;
    int64_t height, width; /* 0: as above */
    int channels;
    int lie;   /* 0: none */
    bool slow; /* takes its time, so that two at once meet */
    atomic_int calls, inside, most_inside, closed;
} program;

enum { LIES = 11 };

/* 30 samples called "mine": a class of 7, a map, a vector of 3 numbers. */
fv_sample_source program_source(program *p);

#define PROGRAM_IGNORED 255

/* All four buffers of a batch of 30. */
typedef struct buffers {
    float x[30 * 64], vector[30 * 3];
    int32_t class[30], map[30 * 64];
} buffers;

/* Fills them with the whole set. */
fv_status program_fill(fv_context *own, const fv_dataset *set, const fv_input *in,
                       const fv_augment *augment, buffers *b);

#endif
