/* SPDX-License-Identifier: MIT */
/*
 * figure_svg.c - a figure as HTML: title and key as text, the area as SVG.
 *
 * The SVG has no scale of its own: a share of the area is a percentage, a unit a pixel of the page.
 * So the area stretches with the page while letters and strokes keep their size on a phone. Only
 * lines, which cannot be given in percentages, stand in an SVG of 1000 x 1000 that is stretched
 * over the area; strokes do not scale there. Colours are classes: the style sheet (page.c) knows
 * those of light and dark pages.
 */
#include "view/figure.h"
#include <math.h>
#include <string.h>

#define LETTER     7.3  /* units of a letter of a label's size, about */
#define LABEL_FONT 0.78 /* rem */
#define MIDDLE     4.4  /* from the middle of a label's line down to its baseline */

static double units_of(const fv_mark *t) {
    const double wide = fv__utf8_columns(t->text) * LETTER * t->size;
    return t->room > 0 && wide > t->room ? t->room : wide;
}

/* Two digits behind the point are less than anyone sees. */
static void number(fv_text *out, double v) {
    fv__text_number(out, floor(v * 100 + 0.5) / 100);
}

static void attribute(fv_text *out, const char *name, double v, const char *unit) {
    fv__text_addf(out, " %s=\"", name);
    number(out, v);
    fv__text_addf(out, "%s\"", unit);
}

static const char *class_of(fv_shade shade) {
    static const char *const classes[] = {
        [FV_TONE_INK] = "i",    [FV_TONE_QUIET] = "q", [FV_TONE_GRID] = "g", [FV_TONE_AXIS] = "a",
        [FV_TONE_COLOUR] = "k", [FV_TONE_RIGHT] = "t", [FV_TONE_WRONG] = "f"};
    return classes[shade.tone];
}

/* What the style sheet needs besides the class: both shades of a colour, how strong a square is. */
static void style_of(fv_text *out, fv_shade shade) {
    const fv_colour colour = shade.colour & 0xffffff;
    if (shade.tone == FV_TONE_COLOUR) {
        fv__text_addf(out, " style=\"--l:#%06x;--n:#%06x\"", colour, fv__on_dark(colour));
    } else if (shade.tone == FV_TONE_RIGHT || shade.tone == FV_TONE_WRONG) {
        fv__text_add(out, " style=\"--o:");
        number(out,
               shade.tone == FV_TONE_RIGHT ? 0.08 + 0.3 * shade.depth : 0.1 + 0.75 * shade.depth);
        fv__text_add(out, "\"");
    }
}

static void moved(fv_text *out, fv_spot at) {
    if (at.dx == 0 && at.dy == 0) return;
    fv__text_add(out, " transform=\"translate(");
    number(out, at.dx);
    fv__text_add(out, " ");
    number(out, at.dy);
    fv__text_add(out, ")\"");
}

/* --- what is in the area ---------------------------------------------------------------------- */

static void length(fv_text *out, const char *name, double v) {
    attribute(out, name, v == FV_ALL ? 100 : v, v == FV_ALL ? "%" : "");
}

static void rectangle(fv_text *out, const fv_mark *m) {
    fv__text_addf(out, "<rect class=\"%s\"", class_of(m->shade));
    style_of(out, m->shade);
    attribute(out, "x", 100 * m->at.x, "%");
    attribute(out, "y", 100 * m->at.y, "%");
    length(out, "width", m->wide);
    length(out, "height", m->high);
    moved(out, m->at);
    fv__text_add(out, "/>");
}

static void dot(fv_text *out, const fv_mark *m) {
    fv__text_addf(out, "<circle class=\"%s\"", class_of(m->shade));
    style_of(out, m->shade);
    attribute(out, "cx", 100 * m->at.x, "%");
    attribute(out, "cy", 100 * m->at.y, "%");
    attribute(out, "r", m->wide / 2, "");
    fv__text_add(out, "/>");
}

static void line(fv_text *out, const fv_figure *f, const fv_mark *m) {
    fv__text_add(out, "<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\"><path");
    fv__text_addf(out, " class=\"%s c\"", class_of(m->shade));
    style_of(out, m->shade);
    attribute(out, "stroke-width", m->wide + 0.3, "");
    fv__text_add(out, " d=\"");
    for (size_t i = 0; i < m->points; i++) {
        const fv_share *p = &f->points[m->first + i];
        fv__text_add(out, i ? "L" : "M");
        fv__text_number(out, floor(p->x * 10000 + 0.5) / 10);
        fv__text_add(out, " ");
        fv__text_number(out, floor(p->y * 10000 + 0.5) / 10);
    }
    fv__text_add(out, "\"/></svg>");
}

/* A text cut to so many letters. */
static void cut(fv_text *out, const char *text, int letters) {
    fv_text piece = {.ctx = out->ctx};
    const char *end = text, *next = text;
    for (int used = 1; *next; end = next) {
        used += fv__letter_columns(fv__utf8_next(&next));
        if (used > letters) break;
    }
    fv__text_addn(&piece, text, (size_t)(end - text));
    if (piece.failed) out->failed = true;
    if (piece.length) fv__text_html(out, piece.data);
    fv__text_add(out, "\xe2\x80\xa6");
    fv__text_free(&piece);
}

static void words(fv_text *out, const fv_mark *m) {
    const int letters = m->room > 0 ? (int)(m->room / (LETTER * m->size)) : 0;
    if (letters && fv__utf8_columns(m->text) > letters)
        cut(out, m->text, letters);
    else
        fv__text_html(out, m->text);
}

static void place(fv_text *out, fv_spot at) {
    attribute(out, "x", 100 * at.x, "%");
    attribute(out, "y", 100 * at.y, "%");
}

static void text(fv_text *out, const fv_mark *m) {
    const double down = MIDDLE * m->size;
    if (m->upright) { /* turned about its own corner, so that needs a frame of its own */
        fv__text_add(out, "<svg");
        place(out, m->at);
        fv__text_add(out, ">");
    }
    fv__text_addf(out, "<text class=\"%s%s\"", class_of(m->shade), m->spare ? " o" : "");
    if (m->size != 1) {
        fv__text_add(out, " style=\"font-size:");
        number(out, LABEL_FONT * m->size);
        fv__text_add(out, "rem\"");
    }
    if (m->upright) {
        fv__text_add(out, " transform=\"translate(");
        number(out, m->at.dx + down);
        fv__text_add(out, " ");
        number(out, m->at.dy);
        fv__text_add(out, ") rotate(-90)\"");
    } else {
        place(out, m->at);
        if (m->at.dx != 0) attribute(out, "dx", m->at.dx, "");
        attribute(out, "dy", m->at.dy + down, "");
    }
    if (m->anchor > 0) fv__text_addf(out, " text-anchor=\"%s\"", m->anchor < 1 ? "middle" : "end");
    fv__text_add(out, ">");
    words(out, m);
    fv__text_add(out, m->upright ? "</text></svg>" : "</text>");
}

static void one_square(fv_text *out, const fv_squares *s, int i, int j) {
    char number_text[32] = "";
    fv_shade shade = {0};
    if (!s->square(s->source, i, j, &shade, number_text)) return;
    fv__text_addf(out, "<g class=\"%s\"", class_of(shade));
    style_of(out, shade);
    fv__text_add(out, "><title>");
    s->tip(s->source, i, j, out);
    fv__text_add(out, "</title><rect");
    place(out, (fv_spot){.x = (double)j / s->columns, .y = (double)i / s->rows});
    attribute(out, "width", 100.0 / s->columns, "%");
    attribute(out, "height", 100.0 / s->rows, "%");
    fv__text_add(out, "/><text");
    place(out, (fv_spot){.x = (j + 0.5) / s->columns, .y = (i + 0.5) / s->rows});
    fv__text_addf(out, " dy=\".35em\" text-anchor=\"middle\">%s</text></g>\n", number_text);
}

/* Empty squares are the ground between lines of the page's own colour. */
static void squares(fv_text *out, const fv_squares *s) {
    fv__text_add(out, "<rect class=\"e\" width=\"100%\" height=\"100%\"/>");
    for (int k = 1; k < s->columns; k++) {
        fv__text_add(out,
                     "<rect class=\"s\" transform=\"translate(-1)\" width=\"2\" height=\"100%\"");
        attribute(out, "x", 100.0 * k / s->columns, "%");
        fv__text_add(out, "/>");
    }
    for (int k = 1; k < s->rows; k++) {
        fv__text_add(out,
                     "<rect class=\"s\" transform=\"translate(0 -1)\" height=\"2\" width=\"100%\"");
        attribute(out, "y", 100.0 * k / s->rows, "%");
        fv__text_add(out, "/>");
    }
    fv__text_add(out, "\n");
    for (int i = 0; i < s->rows; i++)
        for (int j = 0; j < s->columns; j++) one_square(out, s, i, j);
}

static void axis_names(fv_text *out, const fv_figure *f, fv_margins m) {
    fv_mark name = {.kind = FV_MARK_TEXT, .shade = {.tone = FV_TONE_QUIET}, .size = 1};
    if (f->x_title) {
        name.text = f->x_title;
        name.anchor = 0.5;
        name.at = f->x_title_above ? (fv_spot){.x = 0.5, .dy = -m.top - 11}
                                   : (fv_spot){.x = 0.5, .y = 1, .dy = m.bottom + 11};
        text(out, &name);
    }
    if (f->y_title && f->side > 0) { /* in the corner, above the names of the rows */
        name.text = f->y_title;
        name.anchor = 1;
        name.at = (fv_spot){.dx = -6, .dy = f->x_title_above ? -m.top - 11 : -11};
        text(out, &name);
    }
}

static void area(fv_text *out, const fv_figure *f, fv_margins m) {
    fv__text_add(out, "<svg role=\"img\" aria-label=\"");
    fv__text_html(out, f->title ? f->title : "figure");
    fv__text_add(out, "\">");
    if (f->squares.rows) squares(out, &f->squares);
    for (size_t i = 0; i < f->mark_count; i++) {
        const fv_mark *mark = &f->marks[i];
        if (mark->kind == FV_MARK_RECT) rectangle(out, mark);
        if (mark->kind == FV_MARK_LINE) line(out, f, mark);
        if (mark->kind == FV_MARK_DOT) dot(out, mark);
        if (mark->kind == FV_MARK_TEXT) text(out, mark);
    }
    axis_names(out, f, m);
    fv__text_add(out, "</svg>");
}

/* --- what is around it ------------------------------------------------------------------------ */

static void key(fv_text *out, const fv_figure *f) {
    if (!f->key_count) return;
    fv__text_add(out, "<div class=\"legend\">");
    for (size_t i = 0; i < f->key_count; i++) {
        const fv_key_entry *e = &f->key[i];
        const char *kind = e->kind == FV_KEY_LINE ? "" : e->kind == FV_KEY_SQUARE ? " b" : " p";
        fv_shade shade = e->shade;
        if (e->kind == FV_KEY_RAMP) shade.depth = 1;
        fv__text_addf(out, "<span class=\"%s%s\"", class_of(shade), kind);
        style_of(out, shade);
        fv__text_add(out, "><i></i>");
        fv__text_html(out, e->name);
        if (e->value) {
            fv__text_add(out, " <b>");
            fv__text_html(out, e->value);
            fv__text_add(out, "</b>");
        }
        fv__text_add(out, "</span>");
    }
    if (f->pointer_at) {
        fv__text_add(out, "<span class=\"at\">");
        fv__text_html(out, f->pointer_at);
        fv__text_add(out, "</span>");
    }
    fv__text_add(out, "</div>");
}

static void heading(fv_text *out, const fv_figure *f) {
    if (!f->title) return;
    fv__text_add(out, "<h3>");
    fv__text_html(out, f->title);
    if (f->y_title && f->side == 0) {
        fv__text_add(out, "<small>");
        fv__text_html(out, f->y_title);
        fv__text_add(out, "</small>");
    }
    fv__text_add(out, "</h3>");
}

static void margins(fv_text *out, const char *name, const fv_figure *f, fv_margins m) {
    const double line = f->x_title ? 20 : 0;
    const double corner = f->y_title && f->side > 0 ? fv__utf8_columns(f->y_title) * LETTER + 8 : 0;
    const double sides[] = {m.top + 8 + (f->x_title_above ? line : 0), m.right + 4,
                            m.bottom + 8 + (f->x_title_above ? 0 : line), fmax(m.left, corner) + 3};
    fv__text_addf(out, "%s:", name);
    for (int i = 0; i < 4; i++) {
        number(out, sides[i]);
        fv__text_add(out, i < 3 ? "px " : "px");
    }
}

/* Squares say how wide they would like to be, how wide they must be, and how large their numbers
   are. */
static void square_sizes(fv_text *out, const fv_squares *s) {
    const int n = s->columns;
    const double cell = n <= 4 ? 72 : n <= 12 ? 52 : 26;
    const double fits = 1.4 / fmax(1, fv__utf8_columns(s->longest)); /* of a square's side */
    fv__text_addf(out, ";--w:%.0fpx;--least:%.0fpx;--z:clamp(7px,calc((100vw - 8rem)*", n * cell,
                  n > 12 ? n * 19.0 : 0.0);
    fv__text_number(out, floor(1e5 * fits / n + 0.5) / 1e5);
    fv__text_add(out, "),");
    number(out, fmax(7, fmin(14, fits * cell)));
    fv__text_add(out, "px)");
}

static void under_the_pointer(fv_text *out, const fv_figure *f) {
    fv__text_add(out, "<div class=\"cursor\" hidden></div>");
    for (size_t i = 0; i < f->key_count; i++) {
        fv__text_add(out, "<div class=\"spot k\" hidden");
        style_of(out, f->key[i].shade);
        fv__text_add(out, "></div>");
    }
}

void fv__figure_html(fv_text *out, const fv_figure *f) {
    const double nominal = f->side > 0 ? f->side : 400;
    const fv_margins m = fv__figure_margins(f, nominal, nominal, false, units_of);
    const fv_margins narrow = fv__figure_margins(f, nominal, nominal, true, units_of);
    const bool pointer = f->pointer.length > 0;
    fv__text_addf(out, "<figure class=\"drawing%s\">", f->side > 0 ? "" : " plot");
    heading(out, f);
    key(out, f);
    fv__text_addf(out, "<div class=\"wide\"><div class=\"area%s\"", f->side > 0 ? " even" : "");
    fv__text_add(out, " style=\"");
    margins(out, "--a", f, m);
    margins(out, ";--b", f, narrow);
    if (f->squares.rows) square_sizes(out, &f->squares);
    fv__text_add(out, "\"");
    if (pointer) {
        fv__text_addf(out, " data-v='%s' data-l=\"", f->pointer.data);
        fv__text_html(out, f->pointer_x ? f->pointer_x : "x");
        fv__text_add(out, "\" tabindex=\"0\"");
    }
    fv__text_add(out, ">");
    area(out, f, m);
    if (pointer) under_the_pointer(out, f);
    fv__text_add(out, "</div></div>");
    if (f->note) {
        fv__text_add(out, "<figcaption>");
        fv__text_html(out, f->note);
        fv__text_add(out, "</figcaption>");
    }
    fv__text_add(out, "</figure>\n");
}
