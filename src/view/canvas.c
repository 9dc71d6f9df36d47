/* SPDX-License-Identifier: MIT */
/*
 * canvas.c - an RGB image and what is drawn on it: rectangles, lines, letters.
 *
 * Lines and letters are drawn by distance: a pixel whose middle is d away from a stroke of width w
 * is covered by w/2 - d + 1/2, cut to 0 … 1. That is exact for straight edges along the axes and
 * good for all others, and needs neither supersampling nor a scan converter.
 */
#include "view/parts.h"
#include <math.h>
#include <string.h>

#define CANVAS_SIDE_MAX   32767
#define CANVAS_PIXELS_MAX (100 * 1000 * 1000)

fv_status fv__canvas_new(fv_context *ctx, int width, int height, fv_colour background,
                         fv_canvas *out) {
    *out = (fv_canvas){0};
    if (width < 1 || height < 1 || width > CANVAS_SIDE_MAX || height > CANVAS_SIDE_MAX ||
        (int64_t)width * height > CANVAS_PIXELS_MAX)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "an image of %d x %d pixels cannot be drawn: each side must be 1 to %d "
                        "and the whole at most %d million pixels; show fewer or smaller maps",
                        width, height, CANVAS_SIDE_MAX, CANVAS_PIXELS_MAX / 1000000);
    size_t bytes = (size_t)width * (size_t)height * 3;
    out->rgb = fv__alloc(ctx, bytes, "an image");
    if (!out->rgb) return FV_EXHAUSTED;
    out->width = width;
    out->height = height;
    fv__canvas_rect(out, 0, 0, width, height, background);
    return FV_OK;
}

void fv__canvas_free(fv_canvas *c) {
    fv__free(c->rgb);
    *c = (fv_canvas){0};
}

void fv__canvas_rect(fv_canvas *c, int x, int y, int w, int h, fv_colour colour) {
    int64_t right = (int64_t)x + w, bottom = (int64_t)y + h;
    int x0 = x < 0 ? 0 : x, y0 = y < 0 ? 0 : y;
    int x1 = right < c->width ? (int)right : c->width;
    int y1 = bottom < c->height ? (int)bottom : c->height;
    for (int j = y0; j < y1; j++) {
        uint8_t *p = c->rgb + ((size_t)j * (size_t)c->width + (size_t)x0) * 3;
        for (int i = x0; i < x1; i++, p += 3) {
            p[0] = (uint8_t)(colour >> 16);
            p[1] = (uint8_t)(colour >> 8);
            p[2] = (uint8_t)colour;
        }
    }
}

void fv__canvas_frame(fv_canvas *c, int x, int y, int w, int h, fv_colour colour) {
    fv__canvas_rect(c, x, y, w, 1, colour);
    fv__canvas_rect(c, x, y + h - 1, w, 1, colour);
    fv__canvas_rect(c, x, y, 1, h, colour);
    fv__canvas_rect(c, x + w - 1, y, 1, h, colour);
}

void fv__canvas_blend(fv_canvas *c, int x, int y, fv_colour colour, double cover) {
    if (x < 0 || y < 0 || x >= c->width || y >= c->height || !(cover > 0)) return;
    if (cover > 1) cover = 1;
    uint8_t *p = c->rgb + ((size_t)y * (size_t)c->width + (size_t)x) * 3;
    for (int k = 0; k < 3; k++) {
        double ink = (double)(colour >> (16 - 8 * k) & 255u);
        p[k] = (uint8_t)(p[k] + (ink - p[k]) * cover + 0.5);
    }
}

/* Distance of a point from the segment a … b. */
static double distance(double px, double py, double ax, double ay, double bx, double by) {
    double dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
    double t = length > 0 ? ((px - ax) * dx + (py - ay) * dy) / length : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return hypot(px - ax - t * dx, py - ay - t * dy);
}

/* The pixels a stroke may touch: an interval cut to 0 … size-1; empty when lo > hi. */
static void reach(double a, double b, double r, int size, int *lo, int *hi) {
    double least = floor((a < b ? a : b) - r), most = ceil((a < b ? b : a) + r);
    *lo = least < 0 ? 0 : least > size ? size : (int)least;
    *hi = most < 0 ? -1 : most > size - 1 ? size - 1 : (int)most;
}

void fv__canvas_line(fv_canvas *c, double x0, double y0, double x1, double y1, double width,
                     fv_colour colour) {
    if (!isfinite(x0) || !isfinite(y0) || !isfinite(x1) || !isfinite(y1) || !(width > 0)) return;
    double r = width / 2 + 1;
    int top, bottom, left, right;
    reach(y0, y1, r, c->height, &top, &bottom);
    for (int y = top; y <= bottom; y++) {
        /* Only the part of the line near this row: a long slanted line stays cheap. */
        double a = x0, b = x1;
        if (fabs(y1 - y0) > 1e-9) {
            double t0 = (y + 0.5 - r - y0) / (y1 - y0), t1 = (y + 0.5 + r - y0) / (y1 - y0);
            double low = fmax(0, fmin(t0, t1)), high = fmin(1, fmax(t0, t1));
            a = x0 + low * (x1 - x0);
            b = x0 + high * (x1 - x0);
        }
        reach(a, b, r, c->width, &left, &right);
        for (int x = left; x <= right; x++) {
            double d = distance(x + 0.5, y + 0.5, x0, y0, x1, y1);
            fv__canvas_blend(c, x, y, colour, width / 2 - d + 0.5);
        }
    }
}
