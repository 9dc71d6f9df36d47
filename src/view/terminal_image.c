/* SPDX-License-Identifier: MIT */
/*
 * terminal_image.c - a small gray image as text for a terminal. A line holds two rows of pixels,
 * since a letter is about twice as high as wide.
 */
#include "view/view.h"
#include <limits.h>

typedef struct pair {
    unsigned top, bottom; /* gray, 0 … 255 */
} pair;

/* Mean of the pixels that fall into one cell of the smaller image. */
static unsigned mean(const uint8_t *gray, int64_t w, int64_t y0, int64_t y1, int64_t x0,
                     int64_t x1) {
    uint64_t sum = 0;
    for (int64_t y = y0; y < y1; y++)
        for (int64_t x = x0; x < x1; x++) sum += gray[y * w + x];
    return (unsigned)(sum / (uint64_t)((y1 - y0) * (x1 - x0)));
}

/* 232 … 255 are 24 grays; the upper half is the letter, the lower its ground. */
static bool shades(fv_text *line, pair p, pair *before) {
    const pair now = {232 + p.top * 23 / 255, 232 + p.bottom * 23 / 255};
    if (now.top != before->top || now.bottom != before->bottom)
        fv__text_addf(line, "\033[38;5;%u;48;5;%um", now.top, now.bottom);
    *before = now;
    fv__text_add(line, "\xe2\x96\x80");
    return true;
}

static bool blocks(fv_text *line, pair p, pair *before) {
    (void)before;
    const bool a = p.top >= 96, b = p.bottom >= 96;
    fv__text_add(line, a && b ? "\xe2\x96\x88" : a ? "\xe2\x96\x80" : b ? "\xe2\x96\x84" : " ");
    return a || b;
}

/* Letters by how much ink they take. */
static bool letters(fv_text *line, pair p, pair *before) {
    (void)before;
    static const char ink[] = " .:-=+*#%@";
    const unsigned i = (p.top + p.bottom) * (unsigned)(sizeof ink - 2) / (2 * 255);
    fv__text_addn(line, ink + i, 1);
    return i > 0;
}

void fv__image_terminal(fv_text *out, const uint8_t *gray, int64_t h, int64_t w, int columns,
                        fv_terminal_style style) {
    static bool (*const ways[])(fv_text * line, pair p,
                                pair * before) = {[FV_TERMINAL_LETTERS] = letters,
                                                  [FV_TERMINAL_BLOCKS] = blocks,
                                                  [FV_TERMINAL_SHADES] = shades};
    if (h < 1 || w < 1 || columns < 1) return;
    const int64_t step = (w + columns - 1) / columns;
    for (int64_t y = 0; y < h; y += 2 * step) {
        fv_text line = {.ctx = out->ctx};
        size_t ink = 0; /* length up to the last letter that shows */
        pair before = {UINT_MAX, UINT_MAX};
        const int64_t half = y + step < h ? y + step : h;
        const int64_t end = half + step < h ? half + step : h;
        for (int64_t x = 0; x < w; x += step) {
            const int64_t right = x + step < w ? x + step : w;
            const pair p = {mean(gray, w, y, half, x, right),
                            half < end ? mean(gray, w, half, end, x, right) : 0};
            if (ways[style](&line, p, &before)) ink = line.length;
        }
        if (line.failed) out->failed = true;
        if (ink) fv__text_addn(out, line.data, ink);
        fv__text_add(out, style == FV_TERMINAL_SHADES ? "\033[0m\n" : "\n");
        fv__text_free(&line);
    }
}
