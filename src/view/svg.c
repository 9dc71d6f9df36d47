/* SPDX-License-Identifier: MIT */
/*
 * svg.c - a plot as HTML: the curves as SVG that stretches with the page, the labels as text
 * beside it, so that letters keep their size on a phone.
 *
 * The SVG is 1000 x 1000 units whatever its shape on the screen; strokes do not scale. Dots are
 * strokes of no length with round ends, which stay round.
 */
#include "view/parts.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define HOVER_MOST 400  /* values that the pointer can reach */
#define PATH_MOST  2000 /* points of a curve; more are drawn as the range of each column */
#define COLUMNS    800

typedef struct chart {
    const fv_plot *plot;
    fv_axis x, y;
    fv_text *out;
} chart;

/* A number of the SVG: at most one digit behind the point. */
static void coordinate(fv_text *out, double share) {
    fv__text_number(out, floor(share * 10000 + 0.5) / 10);
}

static double place_x(const chart *c, int64_t i) {
    return fv__axis_place(&c->x, fv__plot_x(c->plot, i));
}

static double place_y(const chart *c, double v) {
    return 1 - fv__axis_place(&c->y, v);
}

static void point(const chart *c, char command, double x, double y) {
    fv__text_addn(c->out, &command, 1);
    coordinate(c->out, x);
    fv__text_add(c->out, " ");
    coordinate(c->out, y);
}

static void path_of_few(const chart *c, const double *y) {
    bool before = false;
    for (int64_t i = 0; i < c->plot->n; i++) {
        bool here = fv__plot_drawable(c->plot, i, y[i]);
        if (here) point(c, before ? 'L' : 'M', place_x(c, i), place_y(c, y[i]));
        before = here;
    }
}

static void path_of_many(const chart *c, const double *y) {
    int64_t n = c->plot->n;
    bool before = false;
    for (int64_t k = 0; k < COLUMNS; k++) {
        int64_t from = (int64_t)((double)n * (double)k / COLUMNS);
        int64_t to = (int64_t)((double)n * (double)(k + 1) / COLUMNS);
        int64_t low = -1, high = -1;
        for (int64_t i = from; i < to && i < n; i++) {
            if (!fv__plot_drawable(c->plot, i, y[i])) continue;
            if (low < 0 || y[i] < y[low]) low = i;
            if (high < 0 || y[i] > y[high]) high = i;
        }
        if (low >= 0) {
            int64_t first = low < high ? low : high, second = low < high ? high : low;
            point(c, before ? 'L' : 'M', place_x(c, first), place_y(c, y[first]));
            if (second != first) point(c, 'L', place_x(c, second), place_y(c, y[second]));
        }
        before = low >= 0;
    }
}

/* Every value where they are few, and those between two gaps, which a line cannot show. */
static void dots(const chart *c, const double *y) {
    int64_t n = c->plot->n;
    bool all = n <= 16;
    for (int64_t i = 0; i < n; i++) {
        if (!fv__plot_drawable(c->plot, i, y[i])) continue;
        bool lone = (i == 0 || !fv__plot_drawable(c->plot, i - 1, y[i - 1])) &&
                    (i + 1 == n || !fv__plot_drawable(c->plot, i + 1, y[i + 1]));
        if (!all && !lone) continue;
        point(c, 'M', place_x(c, i), place_y(c, y[i]));
        fv__text_add(c->out, "h.01");
    }
}

/* Both shades of a curve's colour; the style sheet takes the one that suits the page. */
static void shades(fv_text *out, const fv_plot *plot, int curve) {
    fv_colour colour = fv__plot_colour(plot, curve) & 0xffffff;
    fv__text_addf(out, " style=\"--l:#%06x;--n:#%06x\"", colour, fv__on_dark(colour));
}

static void svg(const chart *c) {
    const fv_plot *plot = c->plot;
    fv__text_add(c->out, "<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" role=\"img\" "
                         "aria-label=\"");
    fv__text_html(c->out, plot->title ? plot->title : "plot");
    fv__text_add(c->out, "\"><path class=\"g\" d=\"");
    for (int i = 0; i < c->y.count; i++) {
        point(c, 'M', 0, place_y(c, c->y.at[i]));
        fv__text_add(c->out, "H1000");
    }
    fv__text_add(c->out, "\"/><path class=\"a\" d=\"M0 1000H1000");
    for (int i = 0; i < c->x.count; i++) {
        point(c, 'M', fv__axis_place(&c->x, c->x.at[i]), 1);
        fv__text_add(c->out, "v16");
    }
    fv__text_add(c->out, "\"/>");
    for (int i = 0; i < plot->curve_count; i++) {
        const double *y = plot->curves[i].y;
        fv__text_add(c->out, "<g class=\"k\"");
        shades(c->out, plot, i);
        fv__text_add(c->out, "><path class=\"c\" d=\"");
        if (plot->n > PATH_MOST)
            path_of_many(c, y);
        else
            path_of_few(c, y);
        fv__text_add(c->out, "\"/><path class=\"d\" d=\"");
        if (plot->n <= PATH_MOST) dots(c, y);
        fv__text_add(c->out, "\"/></g>");
    }
    fv__text_add(c->out, "</svg>");
}

/* The last value there is; -1: none. */
static int64_t last_of(const fv_plot *plot, int curve) {
    int64_t i = plot->n - 1;
    while (i >= 0 && !fv__plot_drawable(plot, i, plot->curves[curve].y[i])) i--;
    return i;
}

static void legend(const chart *c) {
    const fv_plot *plot = c->plot;
    char value[32];
    fv__text_add(c->out, "<div class=\"legend\">");
    for (int i = 0; i < plot->curve_count; i++) {
        int64_t last = last_of(plot, i);
        fv__text_add(c->out, "<span class=\"k\"");
        shades(c->out, plot, i);
        fv__text_add(c->out, "><i></i>");
        fv__text_html(c->out, plot->curves[i].name ? plot->curves[i].name : "");
        fv__text_addf(c->out, " <b>%s</b></span>",
                      last < 0 ? ""
                               : fv__value_text(value, plot->curves[i].y[last], plot->percent));
    }
    fv__text_add(c->out, "<span class=\"at\">");
    if (plot->n > 0) {
        fv__text_html(c->out, plot->x_label ? plot->x_label : "");
        fv__text_addf(c->out, " %s", fv__value_text(value, fv__plot_x(plot, plot->n - 1), false));
    }
    fv__text_add(c->out, "</span></div>");
}

typedef void write_fn(const chart *c, int curve, int64_t i);

static void write_place(const chart *c, int curve, int64_t i) {
    (void)curve;
    fv__text_addf(c->out, "%.4f", place_x(c, i));
}
static void write_x(const chart *c, int curve, int64_t i) {
    (void)curve;
    char value[32];
    fv__text_addf(c->out, "\"%s\"", fv__value_text(value, fv__plot_x(c->plot, i), false));
}
static void write_value(const chart *c, int curve, int64_t i) {
    char value[32];
    double y = c->plot->curves[curve].y[i];
    fv__text_addf(c->out, "\"%s\"",
                  isfinite(y) ? fv__value_text(value, y, c->plot->percent) : "none");
}
static void write_top(const chart *c, int curve, int64_t i) {
    double y = c->plot->curves[curve].y[i];
    if (fv__plot_drawable(c->plot, i, y))
        fv__text_addf(c->out, "%.4f", place_y(c, y));
    else
        fv__text_add(c->out, "null");
}

/* One JSON list over the values within the pointer's reach, the last one always among them. */
static void list(const chart *c, write_fn *write, int curve) {
    int64_t n = c->plot->n, most = n < HOVER_MOST ? n : HOVER_MOST;
    const char *comma = "[";
    for (int64_t k = 0; k < most; k++) {
        int64_t i =
            most < 2 ? 0 : (int64_t)((double)k * (double)(n - 1) / (double)(most - 1) + 0.5);
        if (!isfinite(fv__plot_x(c->plot, i))) continue;
        fv__text_add(c->out, comma);
        write(c, curve, i);
        comma = ",";
    }
    fv__text_add(c->out, *comma == '[' ? "[]" : "]");
}

/* What the script needs: places and names of x, of each curve the values as text and their heights.
   Numbers only, so it can stand between single quotes. */
static void values(const chart *c) {
    fv__text_add(c->out, " data-v='{\"p\":");
    list(c, write_place, 0);
    fv__text_add(c->out, ",\"x\":");
    list(c, write_x, 0);
    for (int part = 0; part < 2; part++) {
        fv__text_add(c->out, part ? "],\"t\":[" : ",\"v\":[");
        for (int i = 0; i < c->plot->curve_count; i++) {
            if (i) fv__text_add(c->out, ",");
            list(c, part ? write_top : write_value, i);
        }
    }
    fv__text_add(c->out, "]}' data-l=\"");
    fv__text_html(c->out, c->plot->x_label ? c->plot->x_label : "x");
    fv__text_add(c->out, "\" tabindex=\"0\"");
}

static void labels(const chart *c) {
    size_t letters = 0;
    for (int i = 0; i < c->x.count; i++) letters += strlen(c->x.label[i]);
    for (int i = 0; i < c->y.count; i++)
        fv__text_addf(c->out, "<span class=\"y\" style=\"top:%.2f%%\">%s</span>",
                      100 * place_y(c, c->y.at[i]), c->y.label[i]);
    for (int i = 0; i < c->x.count; i++) /* every second one gives way on a narrow screen */
        fv__text_addf(c->out, "<span class=\"x%s\" style=\"left:%.2f%%\">%s</span>",
                      letters > 20 && i % 2 == (c->x.count + 1) % 2 ? ""
                      : letters > 20                                ? " o"
                                                                    : "",
                      100 * fv__axis_place(&c->x, c->x.at[i]), c->x.label[i]);
}

/* "Loss" over a scale named "loss" says it once. */
static bool same_word(const char *a, const char *b) {
    while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b)) a++, b++;
    return !*a && !*b;
}

void fv__plot_html(fv_text *out, const fv_plot *plot) {
    chart c = {.plot = plot, .out = out};
    fv_span span;
    bool any = fv__plot_span(plot, &span);
    fv__plot_axes(plot, 6, 5, &c.x, &c.y);
    size_t widest = 1;
    for (int i = 0; i < c.y.count; i++)
        if (strlen(c.y.label[i]) > widest) widest = strlen(c.y.label[i]);
    fv__text_addf(out, "<figure class=\"plot\" style=\"--w:%.2frem\"><h3>",
                  0.9 + 0.44 * (double)widest);
    fv__text_html(out, plot->title ? plot->title : "");
    if (plot->y_label && !(plot->title && same_word(plot->title, plot->y_label))) {
        fv__text_add(out, "<small>");
        fv__text_html(out, plot->y_label);
        fv__text_add(out, "</small>");
    }
    fv__text_add(out, "</h3>");
    legend(&c);
    fv__text_add(out, "<div class=\"area\"");
    if (any) values(&c);
    fv__text_add(out, ">");
    svg(&c);
    labels(&c);
    if (!any) fv__text_add(out, "<span class=\"none\">no values yet</span>");
    fv__text_add(out, "<div class=\"cursor\" hidden></div>");
    for (int i = 0; i < plot->curve_count; i++) {
        fv__text_add(out, "<div class=\"spot k\" hidden");
        shades(out, plot, i);
        fv__text_add(out, "></div>");
    }
    fv__text_add(out, "</div>");
    if (plot->x_label) {
        fv__text_add(out, "<div class=\"xl\">");
        fv__text_html(out, plot->x_label);
        fv__text_add(out, "</div>");
    }
    fv__text_add(out, "</figure>\n");
}
