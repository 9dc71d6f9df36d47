/* SPDX-License-Identifier: MIT */
/*
 * parts.h - what the files of this room share and nobody else sees.
 */
#ifndef FV_VIEW_PARTS_H
#define FV_VIEW_PARTS_H

#include "base/utf8.h"
#include "view/view.h"

/* The room's quiet colours, light theme. */
#define FV_PAPER 0xffffffu /* behind everything */
#define FV_INK   0x1f2933u /* titles, numbers */
#define FV_MUTED 0x5f6b7au /* axis labels, captions */
#define FV_FAINT 0xe3e7ecu /* grid lines */
#define FV_RULE  0x9aa5b1u /* axes, frames */

/* t = 0: a; t = 1: b. */
fv_colour fv__mix(fv_colour a, fv_colour b, double t);
/* -1 red, 0 white, 1 blue; beyond is cut. */
fv_colour fv__diverging(double t);
/* The same curve colour for a dark page. */
fv_colour fv__on_dark(fv_colour colour);
double fv__luminance(fv_colour colour); /* 0 … 1 */

/* Blends a colour into one pixel; outside is ignored. */
void fv__canvas_blend(fv_canvas *c, int x, int y, fv_colour colour, double cover);
/* A frame of 1 pixel just inside the rectangle. */
void fv__canvas_frame(fv_canvas *c, int x, int y, int w, int h, fv_colour colour);

/* The font: strokes on a grid of half pixels, baseline at 19, line height 26 (font.c). */
const char *fv__glyph(uint32_t code, int *advance, const char **accent);

/* Text (UTF-8; Latin letters) in the built-in font at any size, 13 pixels high and a digit 7 wide
   at scale 1; (x, y) is the top left corner. What draws it returns its width. `up`: written from
   bottom to top, (x, y) being the bottom left corner of the turned line. */
typedef struct fv_type {
    double scale; /* of the 13 pixel line */
    fv_colour colour;
    bool bold, up;
} fv_type;
double fv__type_width(const fv_type *type, const char *text);
double fv__canvas_type(fv_canvas *c, double x, double y, const fv_type *type, const char *text);
/* Copies text cut so that it fits, with "..." at its end. Returns out. */
#define FV_FIT_MAX 256
char *fv__type_fit(const fv_type *type, const char *text, double width, char out[FV_FIT_MAX]);

/* An axis: its range and its ticks at 1, 2 or 5 times a power of ten. */
#define FV_TICKS_MAX 16
typedef struct fv_axis {
    double lo, hi;
    bool log;
    int count;
    double at[FV_TICKS_MAX];
    char label[FV_TICKS_MAX][24];
} fv_axis;
typedef struct fv_axis_wish {
    int ticks;    /* about how many */
    bool log;     /* needs lo > 0 */
    bool percent; /* 0.5 is labelled "50 %" */
    bool whole;   /* only whole numbers */
    bool round;   /* widen the range to the next ticks */
} fv_axis_wish;
void fv__axis(fv_axis *axis, double lo, double hi, fv_axis_wish wish);
double fv__axis_share(const fv_axis *axis, double v); /* 0 … 1 along the axis */

/* What a plot spans. Values that cannot be drawn (not finite, or <= 0 on a log axis) are left out;
   false when nothing is left. */
typedef struct fv_span {
    double x0, x1, y0, y1;
    bool whole_x;
} fv_span;
bool fv__plot_span(const fv_plot *plot, fv_span *out);
double fv__plot_x(const fv_plot *plot, int64_t i);
bool fv__plot_drawable(const fv_plot *plot, int64_t i, double y);
fv_colour fv__plot_colour(const fv_plot *plot, int curve);
void fv__plot_axes(const fv_plot *plot, int x_ticks, int y_ticks, fv_axis *x, fv_axis *y);
/* A value in words: "98.6 %", "0.0312", "12,000". Returns out, 32 bytes. */
char *fv__value_text(char *out, double v, bool percent);

typedef struct fv_table_column {
    bool right; /* numbers */
    int spare;  /* goes first, second … where there is no room; 0: stays */
} fv_table_column;

/* What a table holds, for the report. */
struct fv_table {
    fv_context *ctx;
    fv_text heads, cells; /* 0-ended texts one after the other */
    fv_table_column *column;
    size_t columns, column_capacity;
    size_t count;  /* cells */
    size_t *rules; /* a line after that many rows */
    size_t rule_count, rule_capacity;
    const char *advice; /* what to do about columns left out; the caller's */
    bool failed;
};

enum { FV_ROW_NONE, FV_ROW_FIGURES, FV_ROW_PLOTS };

/* A report being filled. Several figures, or several plots, share a row: `row` is the one open. */
struct fv_report {
    fv_context *ctx;
    fv_text title, subtitle, body, contents;
    int sections;
    int row; /* FV_ROW_... */
    bool in_section, failed;
    bool in_row; /* of a table with drawings */
};
void fv__report_row(fv_report *r, int row);
/* Image i of a gallery as <img>. */
void fv__report_small_image(fv_report *r, const fv_gallery *g, int64_t i, const char *alt);

/* Styles and script of the page (page.c). */
extern const char fv__page_style[], fv__page_script[];
/* An image as the value of src="". */
FV_MUST_USE fv_status fv__image_url(fv_context *ctx, fv_text *out, const fv_canvas *c);

#endif
