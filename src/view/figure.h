/* SPDX-License-Identifier: MIT */
/*
 * figure.h - a figure as a short list of what is in it, and two ways of putting it down.
 *
 * plot.c and confusion.c describe what they show once: lines, rectangles, texts, squares about one
 * area. figure_canvas.c draws the list on a canvas, for PNG; figure_svg.c writes it as a piece of
 * HTML with SVG in it, for the report. Whatever one shows the other shows too.
 *
 * Places are a share of the area (0 … 1, y downwards) and a distance from there in units, so that
 * the area may stretch with a page while letters and strokes keep their size. A unit is a pixel of
 * a page, and two pixels of a canvas, which is meant to be seen at half its size.
 */
#ifndef FV_VIEW_FIGURE_H
#define FV_VIEW_FIGURE_H

#include "view/parts.h"

#define FV_UNIT_PIXELS 2    /* of a canvas */
#define FV_LABEL_HIGH  11.0 /* units of a line of labels */

/* What a colour is for; paper, a light page and a dark page each have their own for it. */
typedef enum fv_tone {
    FV_TONE_INK,    /* names, numbers */
    FV_TONE_QUIET,  /* labels, notes */
    FV_TONE_GRID,   /* lines that help the eye */
    FV_TONE_AXIS,   /* axes, frames */
    FV_TONE_COLOUR, /* a colour of its own, such as a curve's */
    FV_TONE_RIGHT,  /* what is right … */
    FV_TONE_WRONG   /* … and what is wrong, by `depth` from faint (0) to full (1) */
} fv_tone;

typedef struct fv_shade {
    fv_tone tone;
    fv_colour colour; /* of FV_TONE_COLOUR */
    double depth;     /* of FV_TONE_RIGHT and FV_TONE_WRONG */
} fv_shade;

typedef struct fv_spot {
    double x, y;   /* shares of the area */
    double dx, dy; /* units from there */
} fv_spot;

typedef struct fv_share {
    double x, y; /* of the area */
} fv_share;

typedef enum fv_mark_kind { FV_MARK_RECT, FV_MARK_LINE, FV_MARK_DOT, FV_MARK_TEXT } fv_mark_kind;

typedef struct fv_mark {
    fv_mark_kind kind;
    fv_shade shade;
    fv_spot at;    /* a rectangle's corner, a dot's middle, a text's anchor */
    double wide;   /* of a rectangle: units, or all of the area (FV_ALL); of lines and dots units */
    double high;   /* of a rectangle */
    size_t first;  /* of a line: its points in fv_figure.points */
    size_t points; /* how many */
    /* Of a text. Its middle lies at `at` (upright: written from bottom to top). */
    const char *text;
    double anchor; /* 0: begins at `at`; 0.5: its middle is there; 1: ends there */
    double size;   /* 1: a label's */
    double room;   /* units it may take, 0: any; beyond it ends in an ellipsis */
    bool upright;
    bool spare; /* may be left out where a page is narrow */
} fv_mark;

#define FV_ALL (-1.0)

/* Equal squares that fill the area: too many to be listed, so each is asked for as it is drawn.
   `source` lives as long as the figure. */
typedef struct fv_squares {
    int rows, columns;
    const void *source;
    /* False: an empty square. `text` (32 bytes) receives what stands in it. */
    bool (*square)(const void *source, int row, int column, fv_shade *shade, char *text);
    /* What a page tells under the pointer, escaped. */
    void (*tip)(const void *source, int row, int column, fv_text *out);
    const char *longest; /* of all texts */
} fv_squares;

/* An entry of the key above the area. */
typedef struct fv_key_entry {
    enum { FV_KEY_LINE, FV_KEY_SQUARE, FV_KEY_RAMP } kind; /* a ramp: all depths of its tone */
    fv_shade shade;
    const char *name;
    const char *value; /* the last one, which a page shows and changes under the pointer; NULL */
} fv_key_entry;

typedef struct fv_figure {
    fv_context *ctx;
    fv_arena arena;                               /* all texts */
    const char *title, *x_title, *y_title, *note; /* each may be NULL */
    bool x_title_above;
    double side;       /* of the square area in units; 0: the area takes what room there is */
    fv_key_entry *key; /* key_count of them */
    size_t key_count, key_capacity;
    fv_squares squares; /* rows 0: none */
    fv_mark *marks;     /* drawn in their order, after the squares */
    size_t mark_count, mark_capacity;
    fv_share *points; /* of lines */
    size_t point_count, point_capacity;
    fv_text pointer; /* what the page's script shows under the pointer, as JSON; may be empty */
    const char *pointer_x;  /* what it calls x: "epoch" */
    const char *pointer_at; /* the last x: "epoch 10" */
    bool failed;
} fv_figure;

void fv__figure_init(fv_figure *f, fv_context *ctx);
void fv__figure_free(fv_figure *f);
/* A copy of the text that lives as long as the figure; NULL stays NULL. */
const char *fv__figure_text(fv_figure *f, const char *text);
void fv__figure_key(fv_figure *f, fv_key_entry entry); /* texts copied */
/* Adds a mark, its text copied. What could not be added for want of memory fv__figure_done tells.
 */
void fv__figure_add(fv_figure *f, fv_mark mark);
/* A line through points that follow with fv__figure_point. */
void fv__figure_line(fv_figure *f, double width, fv_shade shade);
void fv__figure_point(fv_figure *f, double x, double y);
FV_MUST_USE fv_status fv__figure_done(fv_figure *f);

/* How far the texts reach beyond an area of width x height units: left, top, right, bottom. A page
   (`narrow`) that leaves out the spare ones needs less. width_of: units a text takes. */
typedef struct fv_margins {
    double left, top, right, bottom;
} fv_margins;
fv_margins fv__figure_margins(const fv_figure *f, double width, double height, bool narrow,
                              double (*width_of)(const fv_mark *mark));

/* The canvas a figure of its own size needs, and the figure drawn on it. */
FV_MUST_USE fv_status fv__figure_canvas(fv_context *ctx, const fv_figure *f, fv_canvas *out);
/* The figure in a part of a canvas. */
void fv__figure_draw(fv_canvas *c, const fv_figure *f, int left, int top, int width, int height);
/* The figure as HTML; styles and script are the page's (page.c). */
void fv__figure_html(fv_text *out, const fv_figure *f);

/* What is drawn this way. */
FV_MUST_USE fv_status fv__plot_figure(fv_context *ctx, const fv_plot *plot, fv_figure *out);
FV_MUST_USE fv_status fv__confusion_figure(fv_context *ctx, const int64_t *counts, int64_t classes,
                                           const char *const *names, fv_figure *out);

#endif
