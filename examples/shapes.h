/* SPDX-License-Identifier: MIT */
/*
 * shapes.h - small images for the examples to learn from: discs, squares and crosses of any size,
 * anywhere, in noise.
 */
#include <stdint.h>
#include <stdlib.h>

enum { SHAPE_SIDE = 16, SHAPE_PIXELS = SHAPE_SIDE * SHAPE_SIDE, SHAPE_KINDS = 3 };

static const char *const shape_names[SHAPE_KINDS] = {"disc", "square", "cross"};

/* A number from 0 to below - 1 (xorshift64*, Vigna 2016). The state is never 0. */
static int random_below(uint64_t *state, int below) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (int)((*state * 0x2545f4914f6cdd1dU >> 33) % (uint64_t)below);
}

/* Draws an image and returns what it is, 0 … SHAPE_KINDS - 1. */
static int32_t draw_shape(uint64_t *state, uint8_t pixels[SHAPE_PIXELS]) {
    int kind = random_below(state, SHAPE_KINDS), r = 3 + random_below(state, 4);
    int cx = r + random_below(state, SHAPE_SIDE - 2 * r);
    int cy = r + random_below(state, SHAPE_SIDE - 2 * r);
    int ink = 128 + random_below(state, 80);
    for (int y = 0; y < SHAPE_SIDE; y++) {
        for (int x = 0; x < SHAPE_SIDE; x++) {
            int dx = abs(x - cx), dy = abs(y - cy), far = dx > dy ? dx : dy;
            int inside = kind == 0   ? dx * dx + dy * dy <= r * r
                         : kind == 1 ? far <= r
                                     : far <= r && (dx < 2 || dy < 2);
            pixels[y * SHAPE_SIDE + x] = (uint8_t)((inside ? ink : 0) + random_below(state, 48));
        }
    }
    return kind;
}
