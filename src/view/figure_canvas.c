/* SPDX-License-Identifier: MIT */
/*
 * figure_canvas.c - a figure drawn on a canvas: paper, the built-in letters, two pixels a unit.
 */
#include "view/figure.h"
#include <math.h>

enum {
    EDGE = 36,        /* of paper around everything */
    TITLE = 42,       /* height of the title's line */
    KEY_LINE = 34,    /* of a line of the key */
    NAME_LINE = 33,   /* of the name of an axis, or a note */
    GAP = 14,         /* above the area */
    WIDTH_LEAST = 900 /* of a figure of its own size: room for its title and key */
};

static const fv_type title_type = {.scale = 2, .colour = FV_INK, .bold = true};
static const fv_type key_type = {.scale = 1.6, .colour = FV_INK};
static const fv_type label_type = {.scale = 1.6, .colour = FV_MUTED};

static fv_colour wrong(double t) {
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return t < 0.5 ? fv__mix(0xfdf0e6, 0xf3a26d, 2 * t) : fv__mix(0xf3a26d, 0xb93a04, 2 * t - 1);
}

static fv_colour colour_of(fv_shade shade) {
    switch (shade.tone) {
    case FV_TONE_QUIET:
        return FV_MUTED;
    case FV_TONE_GRID:
        return FV_FAINT;
    case FV_TONE_AXIS:
        return FV_RULE;
    case FV_TONE_COLOUR:
        return shade.colour;
    case FV_TONE_RIGHT:
        return fv__mix(0xeaf2f9, 0x9fc6e3, shade.depth);
    case FV_TONE_WRONG:
        return wrong(shade.depth);
    default:
        return FV_INK;
    }
}

/* A text as it is drawn: its type, and itself cut to its room. */
static fv_type type_of(const fv_mark *t, char fit[FV_FIT_MAX]) {
    const fv_type type = {
        .scale = fmax(1, 1.6 * t->size), .colour = colour_of(t->shade), .up = t->upright};
    fv__type_fit(&type, t->text, t->room > 0 ? t->room * FV_UNIT_PIXELS : 1e9, fit);
    return type;
}

static double units_of(const fv_mark *t) {
    char fit[FV_FIT_MAX];
    const fv_type type = type_of(t, fit);
    return fv__type_width(&type, fit) / FV_UNIT_PIXELS;
}

/* Where on the canvas: the area, and the paper it lies on. */
typedef struct frame {
    int left, top, width, height; /* of the paper */
    int x0, y0, x1, y1;           /* of the area */
} frame;

static double x_of(const frame *at, fv_spot s) {
    return at->x0 + s.x * (at->x1 - at->x0) + s.dx * FV_UNIT_PIXELS;
}

static double y_of(const frame *at, fv_spot s) {
    return at->y0 + s.y * (at->y1 - at->y0) + s.dy * FV_UNIT_PIXELS;
}

/* --- what is in the area ---------------------------------------------------------------------- */

static void rectangle(fv_canvas *c, const frame *at, const fv_mark *m) {
    const int wide = m->wide == FV_ALL ? at->x1 - at->x0 : (int)lround(m->wide * FV_UNIT_PIXELS);
    const int high = m->high == FV_ALL ? at->y1 - at->y0 : (int)lround(m->high * FV_UNIT_PIXELS);
    fv__canvas_rect(c, (int)lround(x_of(at, m->at)), (int)lround(y_of(at, m->at)), wide, high,
                    colour_of(m->shade));
}

static void line(fv_canvas *c, const frame *at, const fv_figure *f, const fv_mark *m) {
    const fv_share *p = f->points + m->first;
    for (size_t i = 0; i + 1 < m->points; i++) {
        const fv_spot a = {.x = p[i].x, .y = p[i].y}, b = {.x = p[i + 1].x, .y = p[i + 1].y};
        fv__canvas_line(c, x_of(at, a), y_of(at, a), x_of(at, b), y_of(at, b),
                        m->wide * FV_UNIT_PIXELS, colour_of(m->shade));
    }
}

static void dot(fv_canvas *c, const frame *at, const fv_mark *m) {
    const double x = x_of(at, m->at), y = y_of(at, m->at);
    fv__canvas_line(c, x, y, x, y, m->wide * FV_UNIT_PIXELS, colour_of(m->shade));
}

/* Texts of one line never touch: a later one gives way. */
typedef struct taken {
    double y, right;
} taken;

static void text(fv_canvas *c, const frame *at, const fv_mark *m, taken *before) {
    char fit[FV_FIT_MAX];
    const fv_type type = type_of(m, fit);
    const double wide = fv__type_width(&type, fit), half = 5.5 * type.scale;
    const double x = x_of(at, m->at), y = y_of(at, m->at);
    if (m->upright) {
        fv__canvas_type(c, x - half, y + m->anchor * wide, &type, fit);
        return;
    }
    const double left = x - m->anchor * wide;
    if (y == before->y && left < before->right + 3 * FV_UNIT_PIXELS) return;
    fv__canvas_type(c, left, y - half, &type, fit);
    *before = (taken){y, left + wide};
}

/* Squares leave a faint line between them unless they are too small for it. */
static void squares(fv_canvas *c, const frame *at, const fv_squares *s) {
    const int cell = (at->x1 - at->x0) / s->columns;
    const int inner = cell >= 8 ? cell - 1 : cell;
    const int wide = s->columns * cell, high = s->rows * cell;
    fv_type type = {.scale = 1};
    const double widest = fv__type_width(&type, s->longest);
    type.scale = fmin((cell - 6) / fmax(widest, 1), cell / 24.0);
    type.scale = type.scale < 0.9 ? 0 : fmin(type.scale, 1.6);
    if (cell >= 8) fv__canvas_rect(c, at->x0 - 1, at->y0 - 1, wide + 1, high + 1, FV_FAINT);
    for (int i = 0; i < s->rows; i++)
        for (int j = 0; j < s->columns; j++) {
            const int x = at->x0 + j * cell, y = at->y0 + i * cell;
            char number[32] = "";
            fv_shade shade = {0};
            const bool any = s->square(s->source, i, j, &shade, number);
            const fv_colour ground = any ? colour_of(shade) : FV_PAPER;
            fv__canvas_rect(c, x, y, inner, inner, ground);
            if (!any || type.scale == 0) continue;
            type.colour = fv__luminance(ground) < 0.5 ? 0xffffff : FV_INK;
            fv__canvas_type(c, x + (inner - fv__type_width(&type, number)) / 2,
                            y + inner / 2.0 - 5.5 * type.scale, &type, number);
        }
    if (cell < 8) fv__canvas_frame(c, at->x0 - 1, at->y0 - 1, wide + 2, high + 2, FV_RULE);
}

static void marks(fv_canvas *c, const frame *at, const fv_figure *f) {
    taken before = {-1e9, -1e9};
    for (size_t i = 0; i < f->mark_count; i++) {
        const fv_mark *m = &f->marks[i];
        switch (m->kind) {
        case FV_MARK_RECT:
            rectangle(c, at, m);
            break;
        case FV_MARK_LINE:
            line(c, at, f, m);
            break;
        case FV_MARK_DOT:
            dot(c, at, m);
            break;
        default:
            text(c, at, m, &before);
        }
    }
}

/* --- what is around it ------------------------------------------------------------------------ */

static int swatch(fv_canvas *c, const fv_key_entry *e, double x, double y) {
    static const int wide[] = {[FV_KEY_LINE] = 32, [FV_KEY_SQUARE] = 30, [FV_KEY_RAMP] = 120};
    if (!c) return wide[e->kind];
    fv_shade shade = e->shade;
    if (e->kind == FV_KEY_LINE)
        fv__canvas_line(c, x + 3, y + 11, x + 29, y + 11, 5, colour_of(shade));
    else
        for (int i = 0; i < wide[e->kind]; i++) {
            if (e->kind == FV_KEY_RAMP) shade.depth = i / (wide[e->kind] - 1.0);
            fv__canvas_rect(c, (int)x + i, (int)y, 1, 18, colour_of(shade));
        }
    return wide[e->kind];
}

/* The key, in as many lines as it takes. Returns its height; draws only with c. */
static int key(fv_canvas *c, const fv_figure *f, int left, int right, int top) {
    double x = left, y = top;
    for (size_t i = 0; i < f->key_count; i++) {
        const int gap = swatch(NULL, &f->key[i], 0, 0) + 10;
        char fit[FV_FIT_MAX];
        fv__type_fit(&key_type, f->key[i].name, right - left - gap, fit);
        const double wide = gap + fv__type_width(&key_type, fit);
        if (x > left && x + wide > right) {
            x = left;
            y += KEY_LINE;
        }
        if (c) {
            swatch(c, &f->key[i], x, y);
            fv__canvas_type(c, x + gap, y, &key_type, fit);
        }
        x += wide + 36;
    }
    return f->key_count ? (int)y - top + KEY_LINE : 0;
}

/* The height of everything above the area but the key. */
static int head(const fv_figure *f, fv_margins m) {
    return EDGE - 6 + (f->title ? TITLE : 0) + (f->x_title && f->x_title_above ? NAME_LINE : 0) +
           (int)ceil(m.top * FV_UNIT_PIXELS) + GAP;
}

static int foot(const fv_figure *f, fv_margins m) {
    return (int)ceil(m.bottom * FV_UNIT_PIXELS) +
           (f->x_title && !f->x_title_above ? NAME_LINE : 0) + (f->note ? NAME_LINE + 8 : 0) +
           EDGE - 8;
}

/* Left of the area. The name of its axis stands beside the labels that are always there. */
static int axis_name_x(const fv_figure *f) {
    const fv_margins m = fv__figure_margins(f, f->side, f->side, true, units_of);
    return (int)ceil(m.left * FV_UNIT_PIXELS) + NAME_LINE;
}

static int before(const fv_figure *f, fv_margins m) {
    const int labels = (int)ceil(m.left * FV_UNIT_PIXELS), name = f->y_title ? axis_name_x(f) : 0;
    return EDGE + (name > labels ? name : labels);
}

static void around(fv_canvas *c, const fv_figure *f, const frame *at, fv_margins m) {
    char fit[FV_FIT_MAX];
    const int right = at->left + at->width - EDGE;
    if (f->title) {
        const int from = f->side > 0 ? at->left + EDGE : at->x0;
        fv__type_fit(&title_type, f->title, right - from, fit);
        fv__canvas_type(c, from, at->top + EDGE - 6, &title_type, fit);
    }
    if (f->x_title) {
        const double y = f->x_title_above ? at->y0 - m.top * FV_UNIT_PIXELS - NAME_LINE
                                          : at->y1 + m.bottom * FV_UNIT_PIXELS + 10;
        fv__type_fit(&label_type, f->x_title, at->x1 - at->x0, fit);
        fv__canvas_type(c, (at->x0 + at->x1 - fv__type_width(&label_type, fit)) / 2, y, &label_type,
                        fit);
    }
    if (f->y_title) {
        fv_type up = label_type;
        up.up = true;
        fv__type_fit(&up, f->y_title, at->y1 - at->y0, fit);
        fv__canvas_type(c, at->x0 - axis_name_x(f),
                        (at->y0 + at->y1 + fv__type_width(&up, fit)) / 2, &up, fit);
    }
    if (f->note) {
        fv__type_fit(&label_type, f->note, right - at->x0, fit);
        fv__canvas_type(c, at->x0, at->top + at->height - EDGE - 12, &label_type, fit);
    }
}

static void draw(fv_canvas *c, const fv_figure *f, const frame *at, fv_margins m, int key_high) {
    around(c, f, at, m);
    const int top = at->top + EDGE - 6 + (f->title ? TITLE : 0);
    if (key_high) key(c, f, at->x0, at->left + at->width - EDGE, top);
    if (f->squares.rows) squares(c, at, &f->squares);
    marks(c, at, f);
}

void fv__figure_draw(fv_canvas *c, const fv_figure *f, int left, int top, int width, int height) {
    const fv_margins m =
        fv__figure_margins(f, (width - 4 * EDGE) / (double)FV_UNIT_PIXELS,
                           (height - 4 * EDGE) / (double)FV_UNIT_PIXELS, false, units_of);
    frame at = {.left = left, .top = top, .width = width, .height = height};
    at.x0 = left + before(f, m);
    at.x1 = left + width - EDGE - 8;
    int key_high = key(NULL, f, at.x0, left + width - EDGE, 0);
    if (key_high >= height / 2) key_high = 0; /* too many to name: the curves come first */
    at.y0 = top + head(f, m) + key_high;
    at.y1 = top + height - foot(f, m);
    draw(c, f, &at, m, key_high);
}

fv_status fv__figure_canvas(fv_context *ctx, const fv_figure *f, fv_canvas *out) {
    const fv_margins m = fv__figure_margins(f, f->side, f->side, false, units_of);
    const int side = (int)lround(f->side * FV_UNIT_PIXELS);
    frame at = {.x0 = before(f, m)};
    at.width = at.x0 + side + (int)ceil(m.right * FV_UNIT_PIXELS) + EDGE;
    if (at.width < WIDTH_LEAST) at.width = WIDTH_LEAST;
    const int key_high = key(NULL, f, at.x0, at.width - EDGE, 0);
    at.y0 = head(f, m) + key_high;
    at.height = at.y0 + side + foot(f, m);
    at.x1 = at.x0 + side;
    at.y1 = at.y0 + side;
    FV_TRY(fv__canvas_new(ctx, at.width, at.height, FV_PAPER, out));
    draw(out, f, &at, m, key_high);
    return FV_OK;
}
