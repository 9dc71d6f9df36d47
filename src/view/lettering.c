/* SPDX-License-Identifier: MIT */
/*
 * lettering.c - draws the strokes of font.c, at any size, level or turned upright.
 */
#include "view/parts.h"
#include <math.h>
#include <string.h>

#define SEGMENTS_MAX 192 /* of one letter; curves are cut into CURVE_STEPS straight pieces */
#define CURVE_STEPS  6

typedef struct segment {
    double ax, ay, bx, by;
} segment;
typedef struct path {
    segment s[SEGMENTS_MAX];
    int count;
} path;
typedef struct point {
    double x, y;
} point;

static void add(path *p, point a, point b) {
    if (p->count < SEGMENTS_MAX) p->s[p->count++] = (segment){a.x, a.y, b.x, b.y};
}

static point middle(point a, point b) {
    return (point){(a.x + b.x) / 2, (a.y + b.y) / 2};
}

static void curve(path *p, point a, point control, point b) {
    point from = a;
    for (int i = 1; i <= CURVE_STEPS; i++) {
        double t = (double)i / CURVE_STEPS, u = 1 - t;
        point to = {u * u * a.x + 2 * u * t * control.x + t * t * b.x,
                    u * u * a.y + 2 * u * t * control.y + t * t * b.y};
        add(p, from, to);
        from = to;
    }
}

static int digit(char c) {
    return c >= 'a' ? c - 'a' + 10 : c - '0';
}

/* One stroke of `count` points as straight pieces. */
static void stroke(path *p, const point *at, const bool *control, int count, bool closed) {
    if (count == 1) {
        add(p, at[0], at[0]);
        return;
    }
    /* A closed stroke of control points alone starts halfway between the last and the first. */
    point now = control[0] ? middle(at[count - 1], at[0]) : at[0];
    point start = now;
    int i = control[0] ? 0 : 1;
    while (i < count) {
        if (!control[i]) {
            add(p, now, at[i]);
            now = at[i++];
            continue;
        }
        bool last = i + 1 == count;
        point to = last ? start : control[i + 1] ? middle(at[i], at[i + 1]) : at[i + 1];
        curve(p, now, at[i], to);
        now = to;
        i += !last && !control[i + 1] ? 2 : 1;
    }
    if (closed && (now.x != start.x || now.y != start.y)) add(p, now, start);
}

static void outline(path *p, const char *strokes) {
    point at[32];
    bool control[32];
    while (*strokes) {
        bool closed = *strokes == '@';
        if (closed) strokes++;
        int count = 0;
        while (*strokes && *strokes != ' ' && count < 32) {
            control[count] = *strokes == '.';
            if (*strokes == '.') strokes++;
            at[count].x = digit(strokes[0]);
            at[count++].y = digit(strokes[1]);
            strokes += 2;
        }
        if (count) stroke(p, at, control, count, closed);
        if (*strokes == ' ') strokes++;
    }
}

static double nearest(const path *p, double x, double y, double dot) {
    double best = 1e9;
    for (int i = 0; i < p->count; i++) {
        const segment *s = &p->s[i];
        double dx = s->bx - s->ax, dy = s->by - s->ay, length = dx * dx + dy * dy;
        double t = length > 0 ? ((x - s->ax) * dx + (y - s->ay) * dy) / length : 0;
        t = t < 0 ? 0 : t > 1 ? 1 : t;
        double ex = x - s->ax - t * dx, ey = y - s->ay - t * dy;
        double d = ex * ex + ey * ey;
        if (length == 0) { /* dots are a little fatter than strokes */
            d = fmax(0, sqrt(d) - dot);
            d *= d;
        }
        if (d < best) best = d;
    }
    return sqrt(best);
}

/* Fills the pixels of one letter whose corner is (x, y). */
static void letter(fv_canvas *c, double x, double y, const fv_type *type, const path *p) {
    double unit = type->scale / 2; /* pixels per grid step */
    double width = type->scale * (type->bold ? 1.7 : 1.16);
    if (width < 1) width = 1;
    double dot = type->scale * 0.22;
    path scaled = {.count = p->count};
    double left = 1e9, right = -1e9, top = 1e9, bottom = -1e9;
    for (int i = 0; i < p->count; i++) {
        const segment *s = &p->s[i];
        segment *t = &scaled.s[i];
        *t =
            type->up
                ? (segment){x + s->ay * unit, y - s->ax * unit, x + s->by * unit, y - s->bx * unit}
                : (segment){x + s->ax * unit, y + s->ay * unit, x + s->bx * unit, y + s->by * unit};
        left = fmin(left, fmin(t->ax, t->bx));
        right = fmax(right, fmax(t->ax, t->bx));
        top = fmin(top, fmin(t->ay, t->by));
        bottom = fmax(bottom, fmax(t->ay, t->by));
    }
    double r = width / 2 + dot + 1;
    for (int j = (int)floor(fmax(top - r, -1)); j < bottom + r && j < c->height; j++)
        for (int i = (int)floor(fmax(left - r, -1)); i < right + r && i < c->width; i++)
            fv__canvas_blend(c, i, j, type->colour,
                             width / 2 + 0.5 - nearest(&scaled, i + 0.5, j + 0.5, dot));
}

/* Letters start on whole pixels, so that equal letters look equal. */
static double step(const fv_type *type, int advance) {
    return floor(advance * type->scale / 2 + 0.5);
}

double fv__type_width(const fv_type *type, const char *text) {
    double width = 0;
    const char *accent;
    int advance;
    while (*text) {
        fv__glyph(fv__utf8_next(&text), &advance, &accent);
        width += step(type, advance);
    }
    return width;
}

double fv__canvas_type(fv_canvas *c, double x, double y, const fv_type *type, const char *text) {
    double pen = 0;
    x = floor(x + 0.5);
    y = floor(y + 0.5);
    while (*text) {
        uint32_t code = fv__utf8_next(&text);
        const char *accent;
        int advance;
        path p = {.count = 0};
        outline(&p, fv__glyph(code, &advance, &accent));
        if (accent) {
            /* Accents are drawn about x 7 over a small letter; capitals lift them. */
            int from = p.count;
            outline(&p, accent);
            double dx = advance / 2.0 - 7, dy = code < 0xe0 && *accent != '7' ? -3 : 0;
            for (int i = from; i < p.count; i++) {
                p.s[i].ax += dx, p.s[i].bx += dx;
                p.s[i].ay += dy, p.s[i].by += dy;
            }
        }
        letter(c, type->up ? x : x + pen, type->up ? y - pen : y, type, &p);
        pen += step(type, advance);
    }
    return pen;
}

char *fv__type_fit(const fv_type *type, const char *text, double width, char out[FV_FIT_MAX]) {
    size_t length = strlen(text);
    if (length < FV_FIT_MAX && fv__type_width(type, text) <= width) {
        memcpy(out, text, length + 1);
        return out;
    }
    double room = width - fv__type_width(type, "\xe2\x80\xa6"), used = 0;
    const char *end = text;
    while (*end && end - text < FV_FIT_MAX - 8) {
        const char *next = end, *accent;
        int advance;
        fv__glyph(fv__utf8_next(&next), &advance, &accent);
        used += step(type, advance);
        if (used > room) break;
        end = next;
    }
    while (end > text && end[-1] == ' ') end--;
    memcpy(out, text, (size_t)(end - text));
    strcpy(out + (end - text), "\xe2\x80\xa6");
    return out;
}
