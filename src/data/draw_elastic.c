/* SPDX-License-Identifier: MIT */
/*
 * draw_elastic.c - a smooth field of displacements.
 *
 * Numbers uniform in -1 … 1 (variance 1/3) are drawn for the window and as far around it as the
 * Gaussian reaches, so that its border moves like its middle. Smoothed along x and y by weights k
 * their variance is (sum of k^2)^2 / 3, from which the factor follows that makes the deviation
 * `strength`. Simard, Steinkraus & Platt give the factor instead: strength 1.4 with sigma 4 is
 * their 34 with 4.
 */
#include "data/draw.h"
#include <math.h>

/* Weights of the Gaussian from -r to r, whose sum is 1; returns the sum of their squares. */
static double gaussian(double sigma, int64_t r, float *k) {
    double sum = 0, squares = 0;
    for (int64_t i = -r; i <= r; i++) sum += exp(-0.5 * (double)(i * i) / (sigma * sigma));
    for (int64_t i = -r; i <= r; i++) {
        const double v = exp(-0.5 * (double)(i * i) / (sigma * sigma)) / sum;
        k[i + r] = (float)v;
        squares += v * v;
    }
    return squares;
}

/* A row of noise: numbers `first` and on of the stream. */
static void draw_row(fv_key key, uint64_t first, int64_t n, float *row) {
    uint32_t block[4];
    for (int64_t i = 0; i < n; i++) {
        if (i % 4 == 0) fv__philox(key, first + (uint64_t)i / 4, block);
        row[i] = (float)(block[i % 4] * 0x1p-31 - 1);
    }
}

float *fv__draw_elastic(fv_key key, uint64_t first, int64_t w, int64_t h, double strength,
                        double sigma, fv_arena *scratch) {
    const int64_t r = (int64_t)ceil(3 * sigma), taps = 2 * r + 1, wide = w + 2 * r;
    float *out = fv__arena_alloc(scratch, (size_t)(w * h) * sizeof *out);
    float *memory = fv__arena_alloc(scratch, (size_t)(taps + wide + w) * sizeof *memory);
    if (!out || !memory) return NULL;
    float *k = memory, *row = k + taps, *smooth = row + wide;
    const double squares = gaussian(sigma, r, k);
    const float factor = (float)(strength * sqrt(3.0) / squares);
    const uint64_t blocks = (uint64_t)(wide + 3) / 4; /* of four numbers, to a row */
    for (int64_t y = -r; y < h + r; y++) {
        draw_row(key, first + (uint64_t)(y + r) * blocks, wide, row);
        for (int64_t x = 0; x < w; x++) smooth[x] = 0;
        for (int64_t i = 0; i < taps; i++)
            for (int64_t x = 0; x < w; x++) smooth[x] += k[i] * row[x + i];
        /* what this row adds to those it reaches */
        for (int64_t to = y - r < 0 ? 0 : y - r; to <= y + r && to < h; to++) {
            const float weight = k[y - to + r] * factor;
            for (int64_t x = 0; x < w; x++) out[to * w + x] += weight * smooth[x];
        }
    }
    return out;
}
