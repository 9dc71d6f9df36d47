/* SPDX-License-Identifier: MIT */
/*
 * blocked.h - what implementations share that take and give FV_BLOCK16: maps as blocks of 16
 * channels, the channels of a pixel side by side, so that every loop ends in one over 16 lanes.
 *
 * They are plain loops over those lanes, which compilers turn into vectors; whoever chooses
 * implementations sees to it that all channels are whole blocks (device/choose.c).
 */
#ifndef FV_CPU_BLOCKED_H
#define FV_CPU_BLOCKED_H

#include "cpu/cpu.h"

/* A batch of maps, counted in blocks. */
typedef struct fv_blocks {
    int64_t samples, blocks, pixels;
} fv_blocks;

static inline fv_blocks fv__blocks(const fv_shape *s) {
    return (fv_blocks){s->dim[0], s->dim[1] / FV_BLOCK, s->dim[2] * s->dim[3]};
}

/* The 16 lanes of the first pixel of a block of channels. */
static inline float *fv__block_at(const fv_tensor *t, int64_t n, int64_t block, int64_t pixels) {
    return fv__cpu_at(t, n) + block * pixels * FV_BLOCK;
}

#endif
