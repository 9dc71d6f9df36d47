/* SPDX-License-Identifier: MIT */
/*
 * mosaic.c - equal tiles in a grid. The number of columns and the size of a pixel are chosen so
 * that the whole fills a screen and no pixel is cut: small maps grow by whole pixels, large ones
 * are averaged down by whole factors.
 */
#include "view/mosaic.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum {
    MARGIN = 28,
    GAP = 10,
    GAP_OF_MANY = 4, /* between more than 100 tiles */
    WIDE = 1180,     /* the room wished for */
    HIGH = 900,
    TILE_BEST = 168, /* a tile needs no more; one of many: */
    TILE_OF_MANY = 128,
    STRIP = 28,      /* height of a map of a single row: a vector is seen as a strip */
    TILE_MOST = 384, /* what a single large one may have */
    DRAWN_MOST = 1024,
    WIDTH_MOST = 8000, /* of the canvas: beyond, fewer columns and fewer tiles */
    HEIGHT_MOST = 12000,
    CAPTION_LINES = 3
};

typedef struct layout {
    int columns, rows;
    int grow, grow_y, shrink; /* grow or shrink is 1 */
    bool many;
    int tile_w, tile_h, cell_w, cell_h, gap, lines, below, head, foot;
    int64_t drawn;
} layout;

static const fv_type title_type = {.scale = 1.75, .colour = FV_INK, .bold = true};
static const fv_type caption_type = {.scale = 1.25, .colour = FV_MUTED};
#define LINE 19 /* height of a caption's line */

/* The line `n` of a caption, as a text of its own. */
static void line_of(const char *caption, int n, char out[FV_FIT_MAX]) {
    while (n-- > 0 && caption) {
        caption = strchr(caption, '\n');
        if (caption) caption++;
    }
    size_t length = caption ? strcspn(caption, "\n") : 0;
    if (length >= FV_FIT_MAX) length = FV_FIT_MAX - 1;
    if (length) memcpy(out, caption, length);
    out[length] = 0;
}

/* Lines of the longest caption, and the width of the widest. */
static int measure(const fv_mosaic *m, int64_t drawn, double *width) {
    int lines = 0;
    *width = 0;
    for (int64_t i = 0; m->captions && i < drawn; i++) {
        char line[FV_FIT_MAX];
        for (int n = 0; m->captions[i] && n < CAPTION_LINES; n++) {
            line_of(m->captions[i], n, line);
            if (!line[0]) continue;
            double w = fv__type_width(&caption_type, line);
            if (w > *width) *width = w;
            if (n + 1 > lines) lines = n + 1;
        }
    }
    double most = m->caption_width * caption_type.scale;
    if (*width > most) *width = most;
    return lines;
}

/* The largest pixel with which `columns` tiles fit into the wished room; 0: none. */
static int grow_for(const fv_mosaic *m, int64_t columns, int64_t rows, int high, const layout *l,
                    double caption) {
    int64_t across = WIDE / columns - l->gap, down = high / rows - l->gap - l->below;
    if (across < (int64_t)caption) return 0;
    int64_t best = (l->many ? TILE_OF_MANY : TILE_BEST) / (m->h > m->w ? m->h : m->w);
    if (m->h == 1) best = STRIP;
    if (best < 1) best = 1;
    if (across / m->w < best) best = across / m->w;
    if (down / m->h < best) best = down / m->h;
    return best < 1 ? 0 : (int)best;
}

static layout arrange(const fv_mosaic *m) {
    double caption;
    int64_t drawn = m->count < DRAWN_MOST ? m->count : DRAWN_MOST;
    layout l = {.grow = 0, .shrink = 1, .many = drawn > 8, .gap = drawn > 100 ? GAP_OF_MANY : GAP};
    l.lines = measure(m, drawn, &caption);
    if (l.lines) caption += 8; /* neighbours do not touch */
    l.below = l.lines ? l.lines * LINE + 6 : 0;
    int64_t most = drawn < 64 ? drawn : 64;
    if (m->columns > 0) {
        l.columns = (int)(m->columns < drawn ? m->columns : drawn);
        int64_t rows = (drawn + l.columns - 1) / l.columns;
        l.grow = grow_for(m, l.columns, rows, 4 * HIGH, &l, 0);
    } else {
        /* Large pixels are good, empty places in the last row are not; of equals the fewest rows.
         */
        double best = 0;
        for (int64_t c = most; c >= 1; c--) {
            int64_t rows = (drawn + c - 1) / c;
            int grow = grow_for(m, c, rows, HIGH, &l, caption);
            double worth = grow * (double)drawn / (double)(rows * c);
            if (worth > best) {
                best = worth;
                l.grow = grow;
                l.columns = (int)c;
            }
        }
    }
    if (l.columns == 0) { /* too many or too large for one screen: let it grow downwards */
        int64_t least = m->w < (int64_t)caption ? (int64_t)caption : m->w;
        int64_t c = WIDE / ((least < TILE_MOST ? least : TILE_MOST) + l.gap);
        l.columns = (int)(c < 1 ? 1 : c < drawn ? c : drawn);
    }
    if (l.grow < 1) l.grow = 1;
    int64_t side = m->h > m->w ? m->h : m->w;
    int room = m->h == 1 ? WIDE : drawn <= 2 ? WIDE / 2 : TILE_MOST;
    if (side > room) l.shrink = (int)((side + room - 1) / room);
    l.tile_w = (int)((m->w + l.shrink - 1) / l.shrink) * l.grow;
    l.grow_y = m->h == 1 && m->w > 1 && l.grow < STRIP ? STRIP : l.grow;
    l.tile_h = (int)((m->h + l.shrink - 1) / l.shrink) * l.grow_y;
    l.cell_w = (l.tile_w > (int)caption ? l.tile_w : (int)caption) + l.gap;
    l.cell_h = l.tile_h + l.gap + l.below;
    if (l.columns > WIDTH_MOST / l.cell_w) l.columns = WIDTH_MOST / l.cell_w;
    l.rows = (int)((drawn + l.columns - 1) / l.columns);
    if (l.rows > HEIGHT_MOST / l.cell_h) l.rows = HEIGHT_MOST / l.cell_h;
    l.drawn = (int64_t)l.rows * l.columns < drawn ? (int64_t)l.rows * l.columns : drawn;
    l.head = m->title ? 44 : 0;
    l.foot = m->note || l.drawn < m->count ? 2 * LINE - 8 : 0;
    return l;
}

fv_colour fv__mosaic_mean(const fv_mosaic *m, int64_t i, int64_t y, int64_t x, int64_t step) {
    if (step == 1) return m->pixel(m->source, i, y, x);
    uint64_t sum[3] = {0}, n = 0;
    for (int64_t v = y; v < y + step && v < m->h; v++)
        for (int64_t u = x; u < x + step && u < m->w; u++, n++) {
            const fv_colour p = m->pixel(m->source, i, v, u);
            for (int k = 0; k < 3; k++) sum[k] += p >> (16 - 8 * k) & 255u;
        }
    return (fv_colour)(sum[0] / n << 16 | sum[1] / n << 8 | sum[2] / n);
}

static void tile(fv_canvas *c, const fv_mosaic *m, const layout *l, int64_t i, int left, int top) {
    fv__canvas_frame(c, left - 1, top - 1, l->tile_w + 2, l->tile_h + 2, FV_FAINT);
    for (int64_t y = 0; y < m->h; y += l->shrink)
        for (int64_t x = 0; x < m->w; x += l->shrink)
            fv__canvas_rect(c, left + (int)(x / l->shrink) * l->grow,
                            top + (int)(y / l->shrink) * l->grow_y, l->grow, l->grow_y,
                            fv__mosaic_mean(m, i, y, x, l->shrink));
}

static void captions(fv_canvas *c, const fv_mosaic *m, const layout *l, int64_t i, int left,
                     int top) {
    for (int n = 0; n < l->lines && m->captions[i]; n++) {
        char line[FV_FIT_MAX], fit[FV_FIT_MAX];
        line_of(m->captions[i], n, line);
        fv_type type = caption_type;
        if (n == 0 && l->lines > 1) type.colour = FV_INK;
        fv__type_fit(&type, line, l->cell_w - 4, fit);
        double spare = l->cell_w - l->gap - fv__type_width(&type, fit);
        fv__canvas_type(c, left + spare / 2, top + l->tile_h + 6 + n * LINE, &type, fit);
    }
}

static void foot(fv_canvas *c, const fv_mosaic *m, int64_t drawn) {
    char text[FV_FIT_MAX + 96], all[32], some[32];
    snprintf(text, sizeof text, "%s", m->note ? m->note : "");
    if (drawn < m->count)
        snprintf(text + strlen(text), 96, "%sthe first %s of %s are shown", m->note ? "; " : "",
                 fv__commas(some, drawn), fv__commas(all, m->count));
    char fit[FV_FIT_MAX];
    fv_type type = caption_type;
    fv__type_fit(&type, text, c->width - 2 * MARGIN, fit);
    fv__canvas_type(c, MARGIN, c->height - MARGIN - 14, &type, fit);
}

fv_status fv__draw_mosaic(fv_context *ctx, const fv_mosaic *m, fv_canvas *out) {
    *out = (fv_canvas){0};
    if (m->count < 1 || m->h < 1 || m->w < 1 || m->h > INT_MAX / 4 || m->w > INT_MAX / 4)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "nothing to draw: %lld images of %lld x %lld pixels were given",
                        (long long)m->count, (long long)m->h, (long long)m->w);
    layout l = arrange(m);
    int64_t width = 2 * MARGIN + (int64_t)l.columns * l.cell_w - l.gap;
    int64_t height = 2 * MARGIN + l.head + (int64_t)l.rows * l.cell_h - l.gap + l.foot;
    /* Room for the title and the note beside a single small tile. */
    int64_t wide = 0;
    if (m->title) wide = (int64_t)fv__type_width(&title_type, m->title);
    if (m->note && fv__type_width(&caption_type, m->note) > (double)wide)
        wide = (int64_t)fv__type_width(&caption_type, m->note);
    if (wide > WIDE) wide = WIDE;
    if (width < wide + 2 * MARGIN) width = wide + 2 * MARGIN;
    FV_TRY(fv__canvas_new(ctx, (int)width, (int)height, FV_PAPER, out));
    if (m->title) {
        char fit[FV_FIT_MAX];
        fv__type_fit(&title_type, m->title, (double)(width - 2 * MARGIN), fit);
        fv__canvas_type(out, MARGIN, MARGIN - 4, &title_type, fit);
    }
    for (int64_t i = 0; i < l.drawn; i++) {
        int left = MARGIN + (int)(i % l.columns) * l.cell_w;
        int top = MARGIN + l.head + (int)(i / l.columns) * l.cell_h;
        tile(out, m, &l, i, left + (l.cell_w - l.gap - l.tile_w) / 2, top);
        captions(out, m, &l, i, left, top);
    }
    if (l.foot) foot(out, m, l.drawn);
    return FV_OK;
}
