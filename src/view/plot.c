/* SPDX-License-Identifier: MIT */
/*
 * plot.c - curves on a canvas. Sizes are those of a picture seen at half size on a fine screen:
 * letters at 1.6 times the font, lines of 3 pixels.
 */
#include "view/parts.h"
#include <math.h>
#include <string.h>

enum { PANEL_W = 960, PANEL_H = 640, PANEL_GAP = 24, EDGE = 36, LEGEND_LINE = 34, ACROSS_MOST = 3 };

static const fv_type title_type = {.scale = 2, .colour = FV_INK, .bold = true};
static const fv_type label_type = {.scale = 1.6, .colour = FV_MUTED};
static const fv_type legend_type = {.scale = 1.6, .colour = FV_INK};
#define LABEL_H 21 /* of a line of label_type */

typedef struct panel {
    const fv_plot *plot;
    fv_axis x, y;
    int left, top;      /* of the panel */
    int x0, y0, x1, y1; /* of the area with the curves */
} panel;

/* The legend: a dash of the curve's colour and its name, in as many lines as it takes. Returns
   its height; draws only with c. */
static int legend(fv_canvas *c, const panel *p, int top) {
    double x = p->x0, y = top, right = p->left + PANEL_W - EDGE;
    for (int i = 0; i < p->plot->curve_count; i++) {
        const char *name = p->plot->curves[i].name;
        char fit[FV_FIT_MAX];
        fv__type_fit(&legend_type, name ? name : "", right - p->x0 - 60, fit);
        double width = 42 + fv__type_width(&legend_type, fit);
        if (x > p->x0 && x + width > right) {
            x = p->x0;
            y += LEGEND_LINE;
        }
        if (c) {
            double mid = y + 11;
            fv__canvas_line(c, x + 3, mid, x + 29, mid, 5, fv__plot_colour(p->plot, i));
            fv__canvas_type(c, x + 42, y, &legend_type, fit);
        }
        x += width + 36;
    }
    return (int)y - top + LEGEND_LINE;
}

static int map_x(const panel *p, double v) {
    return p->x0 + (int)lround(fv__axis_place(&p->x, v) * (p->x1 - p->x0));
}

static int map_y(const panel *p, double v) {
    return p->y1 - (int)lround(fv__axis_place(&p->y, v) * (p->y1 - p->y0));
}

static void axes(fv_canvas *c, const panel *p) {
    for (int i = 0; i < p->y.count; i++) {
        int y = map_y(p, p->y.at[i]);
        fv__canvas_rect(c, p->x0, y - 1, p->x1 - p->x0, 2, FV_FAINT);
        double w = fv__type_width(&label_type, p->y.label[i]);
        fv__canvas_type(c, p->x0 - 14 - w, y - 11, &label_type, p->y.label[i]);
    }
    fv__canvas_rect(c, p->x0, p->y1 - 1, p->x1 - p->x0, 2, FV_RULE);
    double taken = -1e9;
    for (int i = 0; i < p->x.count; i++) {
        int x = map_x(p, p->x.at[i]);
        double w = fv__type_width(&label_type, p->x.label[i]);
        fv__canvas_rect(c, x - 1, p->y1, 2, 8, FV_RULE);
        if (x - w / 2 < taken + 16) continue; /* labels never touch */
        fv__canvas_type(c, x - w / 2, p->y1 + 13, &label_type, p->x.label[i]);
        taken = x + w / 2;
    }
    char fit[FV_FIT_MAX];
    if (p->plot->x_label) {
        fv__type_fit(&label_type, p->plot->x_label, p->x1 - p->x0, fit);
        double w = fv__type_width(&label_type, fit);
        fv__canvas_type(c, (p->x0 + p->x1 - w) / 2, p->y1 + 13 + LABEL_H + 12, &label_type, fit);
    }
    if (p->plot->y_label) {
        fv_type up = label_type;
        up.up = true;
        fv__type_fit(&up, p->plot->y_label, p->y1 - p->y0, fit);
        double w = fv__type_width(&up, fit);
        fv__canvas_type(c, p->left + EDGE - 8, (p->y0 + p->y1 + w) / 2, &up, fit);
    }
}

static void dot(fv_canvas *c, double x, double y, double size, fv_colour colour) {
    fv__canvas_line(c, x, y, x, y, size, colour);
}

/* Pieces between gaps. Where many values share a pixel column, their range is drawn instead: the
   picture is the same and a million values stay quick. */
static void curve(fv_canvas *c, const panel *p, int i) {
    const fv_plot *plot = p->plot;
    const double *y = plot->curves[i].y;
    fv_colour colour = fv__plot_colour(plot, i);
    bool dots = plot->n <= 16; /* few values: show where they are */
    bool before = false;
    double bx = 0, by = 0, low = 0, high = 0;
    for (int64_t k = 0; k < plot->n; k++) {
        bool here = fv__plot_drawable(plot, k, y[k]);
        if (here) {
            double px = map_x(p, fv__plot_x(plot, k)) + 0.0;
            double py = p->y1 - fv__axis_place(&p->y, y[k]) * (p->y1 - p->y0);
            bool next = k + 1 < plot->n && fv__plot_drawable(plot, k + 1, y[k + 1]);
            if (before && px == bx && !dots) {
                if (py < low || py > high) fv__canvas_line(c, bx, by, px, py, 3.2, colour);
                low = fmin(low, py);
                high = fmax(high, py);
            } else {
                if (before) fv__canvas_line(c, bx, by, px, py, 3.2, colour);
                low = high = py;
            }
            if (dots || (!before && !next)) dot(c, px, py, dots ? 9 : 7, colour);
            bx = px;
            by = py;
        }
        before = here;
    }
}

static void draw_panel(fv_canvas *c, const fv_plot *plot, int left, int top) {
    panel p = {.plot = plot, .left = left, .top = top};
    fv__plot_axes(plot, 7, 6, &p.x, &p.y);
    double widest = 0;
    for (int i = 0; i < p.y.count; i++)
        widest = fmax(widest, fv__type_width(&label_type, p.y.label[i]));
    p.x0 = left + EDGE + (plot->y_label ? LABEL_H + 10 : 0) + (int)widest + 14;
    p.x1 = left + PANEL_W - EDGE - 8;
    p.y1 = top + PANEL_H - EDGE - LABEL_H - 13 - (plot->x_label ? LABEL_H + 6 : 0);
    int y = top + EDGE - 6;
    char fit[FV_FIT_MAX];
    if (plot->title) {
        fv__type_fit(&title_type, plot->title, p.x1 - p.x0, fit);
        fv__canvas_type(c, p.x0, y, &title_type, fit);
        y += 42;
    }
    if (plot->curve_count > 0) {
        int height = legend(NULL, &p, y);
        if (height < PANEL_H / 2) legend(c, &p, y); /* too many to name: the curves come first */
        y += height < PANEL_H / 2 ? height : 0;
    }
    p.y0 = y + 14;
    axes(c, &p);
    for (int i = 0; i < plot->curve_count; i++) curve(c, &p, i);
    fv_span span;
    if (!fv__plot_span(plot, &span)) {
        const char *text = "no values yet";
        double w = fv__type_width(&label_type, text);
        fv__canvas_type(c, (p.x0 + p.x1 - w) / 2, (p.y0 + p.y1) / 2 - 10, &label_type, text);
    }
}

fv_status fv__draw_plots(fv_context *ctx, const fv_plot *plots, int count, fv_canvas *out) {
    *out = (fv_canvas){0};
    if (count < 1 || count > 96)
        return fv__fail(ctx, FV_USAGE, "1 to 96 plots can be drawn side by side, not %d", count);
    int across = count < ACROSS_MOST ? count : ACROSS_MOST;
    int rows = (count + across - 1) / across;
    FV_TRY(fv__canvas_new(ctx, across * PANEL_W + (across - 1) * PANEL_GAP, rows * PANEL_H,
                          FV_PAPER, out));
    for (int i = 0; i < count; i++)
        draw_panel(out, &plots[i], i % across * (PANEL_W + PANEL_GAP), i / across * PANEL_H);
    return FV_OK;
}
