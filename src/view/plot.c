/* SPDX-License-Identifier: MIT */
/*
 * plot.c - curves over axes, described as a figure.
 */
#include "view/figure.h"
#include <ctype.h>
#include <math.h>
#include <string.h>

#define DOTS_MOST    16   /* so few values are shown one by one */
#define POINTS_MOST  2000 /* of a curve; more are drawn as the range of each column */
#define COLUMNS      800
#define POINTER_MOST 400 /* values that the pointer can reach */
#define LETTERS_MOST 20  /* of all labels of x that fit on a narrow page */

typedef struct chart {
    const fv_plot *plot;
    fv_axis x, y;
    fv_figure *f;
} chart;

static double share_x(const chart *c, int64_t i) {
    return fv__axis_share(&c->x, fv__plot_x(c->plot, i));
}

static double share_y(const chart *c, double v) {
    return 1 - fv__axis_share(&c->y, v);
}

static void label(const chart *c, fv_spot at, double anchor, const char *text, bool spare) {
    fv__figure_add(c->f, (fv_mark){.kind = FV_MARK_TEXT,
                                   .shade = {.tone = FV_TONE_QUIET},
                                   .at = at,
                                   .anchor = anchor,
                                   .size = 1,
                                   .text = text,
                                   .spare = spare});
}

static void bar(const chart *c, fv_tone tone, fv_spot at, double wide, double high) {
    fv__figure_add(
        c->f,
        (fv_mark){
            .kind = FV_MARK_RECT, .shade = {.tone = tone}, .at = at, .wide = wide, .high = high});
}

static void axes(const chart *c) {
    size_t letters = 0;
    for (int i = 0; i < c->x.count; i++) letters += strlen(c->x.label[i]);
    for (int i = 0; i < c->y.count; i++) {
        const double y = share_y(c, c->y.at[i]);
        bar(c, FV_TONE_GRID, (fv_spot){.y = y, .dy = -0.5}, FV_ALL, 1);
        label(c, (fv_spot){.y = y, .dx = -8}, 1, c->y.label[i], false);
    }
    bar(c, FV_TONE_AXIS, (fv_spot){.y = 1, .dy = -0.5}, FV_ALL, 1);
    for (int i = 0; i < c->x.count; i++) {
        const double x = fv__axis_share(&c->x, c->x.at[i]);
        bar(c, FV_TONE_AXIS, (fv_spot){.x = x, .y = 1, .dx = -0.5}, 1, 4);
        /* every second one gives way on a narrow page, the last one stays */
        label(c, (fv_spot){.x = x, .y = 1, .dy = 14}, 0.5, c->x.label[i],
              letters > LETTERS_MOST && i % 2 == c->x.count % 2);
    }
}

static fv_shade shade_of(const chart *c, int curve) {
    return (fv_shade){.tone = FV_TONE_COLOUR, .colour = fv__plot_colour(c->plot, curve)};
}

/* The next value of a curve, behind a gap or not. */
static void point(const chart *c, int curve, int64_t i, bool joined) {
    if (!joined) fv__figure_line(c->f, 1.7, shade_of(c, curve));
    fv__figure_point(c->f, share_x(c, i), share_y(c, c->plot->curves[curve].y[i]));
}

/* Pieces between gaps. */
static void line_of_few(const chart *c, int curve) {
    const double *y = c->plot->curves[curve].y;
    bool before = false;
    for (int64_t i = 0; i < c->plot->n; i++) {
        const bool here = fv__plot_drawable(c->plot, i, y[i]);
        if (here) point(c, curve, i, before);
        before = here;
    }
}

/* Of each column the least and the largest value, in their order: the image is the same, and a
   million values stay quick. */
static void line_of_many(const chart *c, int curve) {
    const double *y = c->plot->curves[curve].y;
    const double n = (double)c->plot->n;
    bool before = false;
    for (int64_t k = 0; k < COLUMNS; k++) {
        const int64_t from = (int64_t)(n * (double)k / COLUMNS);
        const int64_t to = (int64_t)(n * (double)(k + 1) / COLUMNS);
        int64_t low = -1, high = -1;
        for (int64_t i = from; i < to && i < c->plot->n; i++) {
            if (!fv__plot_drawable(c->plot, i, y[i])) continue;
            if (low < 0 || y[i] < y[low]) low = i;
            if (high < 0 || y[i] > y[high]) high = i;
        }
        if (low >= 0) {
            point(c, curve, low < high ? low : high, before);
            if (low != high) point(c, curve, low < high ? high : low, true);
        }
        before = low >= 0;
    }
}

/* Every value where they are few, and those between two gaps, which a line cannot show. */
static void dots(const chart *c, int curve) {
    const fv_plot *plot = c->plot;
    const double *y = plot->curves[curve].y;
    for (int64_t i = 0; i < plot->n && plot->n <= POINTS_MOST; i++) {
        if (!fv__plot_drawable(plot, i, y[i])) continue;
        const bool lone = (i == 0 || !fv__plot_drawable(plot, i - 1, y[i - 1])) &&
                          (i + 1 == plot->n || !fv__plot_drawable(plot, i + 1, y[i + 1]));
        if (plot->n > DOTS_MOST && !lone) continue;
        fv__figure_add(c->f, (fv_mark){.kind = FV_MARK_DOT,
                                       .shade = shade_of(c, curve),
                                       .at = {.x = share_x(c, i), .y = share_y(c, y[i])},
                                       .wide = plot->n > DOTS_MOST ? 4.4 : 5.6});
    }
}

/* A curve's last value there is goes into the key. */
static void key(const chart *c, int curve) {
    const fv_plot *plot = c->plot;
    char value[32] = "";
    int64_t i = plot->n - 1;
    while (i >= 0 && !fv__plot_drawable(plot, i, plot->curves[curve].y[i])) i--;
    if (i >= 0) fv__value_text(value, plot->curves[curve].y[i], plot->percent);
    const char *name = plot->curves[curve].name;
    fv__figure_key(c->f, (fv_key_entry){.kind = FV_KEY_LINE,
                                        .shade = shade_of(c, curve),
                                        .name = name ? name : "",
                                        .value = value});
}

/* --- under the pointer ------------------------------------------------------------------------ */

static void number(const chart *c, double v) {
    fv__text_number(&c->f->pointer, floor(v * 10000 + 0.5) / 10000);
}

typedef void write_fn(const chart *c, int curve, int64_t i);

static void write_share(const chart *c, int curve, int64_t i) {
    (void)curve;
    number(c, share_x(c, i));
}
static void write_x(const chart *c, int curve, int64_t i) {
    (void)curve;
    char value[32];
    fv__text_addf(&c->f->pointer, "\"%s\"", fv__value_text(value, fv__plot_x(c->plot, i), false));
}
static void write_value(const chart *c, int curve, int64_t i) {
    char value[32];
    const double y = c->plot->curves[curve].y[i];
    fv__text_addf(&c->f->pointer, "\"%s\"",
                  isfinite(y) ? fv__value_text(value, y, c->plot->percent) : "none");
}
static void write_height(const chart *c, int curve, int64_t i) {
    const double y = c->plot->curves[curve].y[i];
    if (fv__plot_drawable(c->plot, i, y))
        number(c, share_y(c, y));
    else
        fv__text_add(&c->f->pointer, "null");
}

/* One JSON list over the values within the pointer's reach, the last one always among them. */
static void list(const chart *c, write_fn *write, int curve) {
    const int64_t n = c->plot->n, most = n < POINTER_MOST ? n : POINTER_MOST;
    const char *comma = "[";
    for (int64_t k = 0; k < most; k++) {
        const int64_t i =
            most < 2 ? 0 : (int64_t)((double)k * (double)(n - 1) / (double)(most - 1) + 0.5);
        if (!isfinite(fv__plot_x(c->plot, i))) continue;
        fv__text_add(&c->f->pointer, comma);
        write(c, curve, i);
        comma = ",";
    }
    fv__text_add(&c->f->pointer, *comma == '[' ? "[]" : "]");
}

/* What the script needs: shares and names of x, of each curve the values as text and their heights.
   Numbers only, so it can stand between single quotes. */
static void pointer(const chart *c) {
    fv_text *out = &c->f->pointer;
    fv__text_add(out, "{\"p\":");
    list(c, write_share, 0);
    fv__text_add(out, ",\"x\":");
    list(c, write_x, 0);
    for (int part = 0; part < 2; part++) {
        fv__text_add(out, part ? "],\"t\":[" : ",\"v\":[");
        for (int i = 0; i < c->plot->curve_count; i++) {
            if (i) fv__text_add(out, ",");
            list(c, part ? write_height : write_value, i);
        }
    }
    fv__text_add(out, "]}");
}

/* --- the whole -------------------------------------------------------------------------------- */

/* "Loss" over a scale named "loss" says it once. */
static bool same_word(const char *a, const char *b) {
    while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b)) a++, b++;
    return !*a && !*b;
}

static void names(const chart *c) {
    const fv_plot *plot = c->plot;
    c->f->title = fv__figure_text(c->f, plot->title);
    c->f->x_title = fv__figure_text(c->f, plot->x_label);
    if (plot->y_label && !(plot->title && same_word(plot->title, plot->y_label)))
        c->f->y_title = fv__figure_text(c->f, plot->y_label);
    c->f->pointer_x = c->f->x_title ? c->f->x_title : "x";
    if (plot->n < 1) return;
    char value[32];
    const char *at = fv__arena_format(&c->f->arena, "%s %s", plot->x_label ? plot->x_label : "",
                                      fv__value_text(value, fv__plot_x(plot, plot->n - 1), false));
    c->f->pointer_at = at;
    if (!at) c->f->failed = true;
}

fv_status fv__plot_figure(fv_context *ctx, const fv_plot *plot, fv_figure *out) {
    fv_span span;
    chart c = {.plot = plot, .f = out};
    fv__figure_init(out, ctx);
    fv__plot_axes(plot, 6, 5, &c.x, &c.y);
    names(&c);
    axes(&c);
    for (int i = 0; i < plot->curve_count; i++) {
        key(&c, i);
        if (plot->n > POINTS_MOST)
            line_of_many(&c, i);
        else
            line_of_few(&c, i);
        dots(&c, i);
    }
    if (fv__plot_span(plot, &span))
        pointer(&c);
    else
        label(&c, (fv_spot){.x = 0.5, .y = 0.5}, 0.5, "no values yet", false);
    return fv__figure_done(out);
}

enum { PANEL_W = 960, PANEL_H = 640, PANEL_GAP = 24, ACROSS_MOST = 3, PLOTS_MOST = 96 };

fv_status fv__draw_plots(fv_context *ctx, const fv_plot *plots, int count, fv_canvas *out) {
    *out = (fv_canvas){0};
    if (count < 1 || count > PLOTS_MOST)
        return fv__fail(ctx, FV_USAGE, "1 to %d plots can be drawn side by side, not %d",
                        PLOTS_MOST, count);
    const int across = count < ACROSS_MOST ? count : ACROSS_MOST;
    const int rows = (count + across - 1) / across;
    FV_TRY(fv__canvas_new(ctx, across * PANEL_W + (across - 1) * PANEL_GAP, rows * PANEL_H,
                          FV_PAPER, out));
    for (int i = 0; i < count; i++) {
        fv_figure f;
        const fv_status status = fv__plot_figure(ctx, &plots[i], &f);
        if (status == FV_OK)
            fv__figure_draw(out, &f, i % across * (PANEL_W + PANEL_GAP), i / across * PANEL_H,
                            PANEL_W, PANEL_H);
        fv__figure_free(&f);
        if (status == FV_OK) continue;
        fv__canvas_free(out);
        return status;
    }
    return FV_OK;
}
