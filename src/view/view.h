/* SPDX-License-Identifier: MIT */
/*
 * view.h - plain numbers in, images out: canvases, PNG, plots, tables, the HTML report. Knows
 * nothing of networks.
 *
 * A figure (curves, a confusion matrix) is described once and put down twice, as PNG and as a part
 * of the report: view/figure.h. What is drawn as PNG is complete as it is: further figures are made
 * for the page, as SVG and HTML; images and grids of them stay PNG.
 */
#ifndef FV_VIEW_VIEW_H
#define FV_VIEW_VIEW_H

#include "base/file.h"
#include "view/text_table.h"

/* An RGB image to draw on. */
typedef struct fv_canvas {
    int width, height;
    uint8_t *rgb; /* from fv__alloc */
} fv_canvas;
typedef uint32_t fv_colour; /* 0xRRGGBB */

FV_MUST_USE fv_status fv__canvas_new(fv_context *ctx, int width, int height, fv_colour background,
                                     fv_canvas *out);
void fv__canvas_free(fv_canvas *c);
void fv__canvas_rect(fv_canvas *c, int x, int y, int w, int h, fv_colour colour);
void fv__canvas_line(fv_canvas *c, double x0, double y0, double x1, double y1, double width,
                     fv_colour colour); /* anti-aliased, round ends */
/* Colours for curves that people with any colour vision tell apart; i counts on without end. */
fv_colour fv__palette(int i);

/* PNG bytes of a canvas, added to `out` (deflated when built with zlib, stored otherwise), or in a
   file. */
FV_MUST_USE fv_status fv__png_encode(fv_context *ctx, const fv_canvas *c, fv_text *out);
FV_MUST_USE fv_status fv__png_write(fv_context *ctx, const fv_canvas *c, const char *path);

/* Small maps side by side in a grid, each scaled up by whole pixels so that it is well seen.
   `maps`: count planes of h x w (channels 1), or count x 3 planes (channels 3, RGB, scaled
   together). Each is scaled on its own from its minimum (black) to its maximum (white);
   `diverging`: 0 is white, positive blue, negative red, symmetric. title may be NULL. */
typedef struct fv_grid {
    const char *title;
    const float *maps;
    int64_t count, channels, h, w;
    bool diverging;
    const char *const *captions; /* count, or NULL */
    int64_t columns;             /* images in a row; 0: as many as look good */
} fv_grid;
/* Of a very large number the first are drawn, and a line below says so. */
FV_MUST_USE fv_status fv__draw_grid(fv_context *ctx, const fv_grid *grid, fv_canvas *out);

/* Images of bytes in a grid with captions below: worst mistakes, samples of a data set. */
typedef struct fv_gallery {
    const char *title;             /* or NULL */
    const uint8_t *const *images;  /* count, each channels x h x w bytes; a NULL stays empty */
    int64_t count, channels, h, w; /* channels 1 (gray) or 3 (RGB), all images of one size */
    bool interleaved;              /* channels innermost (H,W,C); otherwise planes (C,H,W) */
    const char *const *captions;   /* count texts, or NULL; "4 read as 9, 97 %"; may hold \n */
    int64_t columns;               /* 0: as many as look good */
} fv_gallery;
FV_MUST_USE fv_status fv__draw_gallery(fv_context *ctx, const fv_gallery *gallery, fv_canvas *out);

/* A small gray image as text, two rows of pixels a line, at most `columns` letters wide (larger
   images are averaged down), in one of the styles of fovea/draw.h. */
void fv__image_terminal(fv_text *out, const uint8_t *gray, int64_t h, int64_t w, int columns,
                        fv_terminal_style style);

/* Curves over x = 1 … n with axes, ticks, legend. */
typedef struct fv_curve {
    const char *name;
    const double *y;  /* n values; NaN leaves a gap */
    fv_colour colour; /* 0: the palette's next */
} fv_curve;
typedef struct fv_plot {
    const char *title, *x_label, *y_label;
    int64_t n;
    const double *x; /* n values; NULL: 1 … n */
    const fv_curve *curves;
    int curve_count;
    bool percent; /* y in 0 … 1, shown as per cent */
    bool log_y;   /* values of 0 and below leave a gap */
} fv_plot;
/* `plots` side by side, at most three in a row. */
FV_MUST_USE fv_status fv__draw_plots(fv_context *ctx, const fv_plot *plots, int count,
                                     fv_canvas *out);

/* Confusion matrix: counts[label * classes + predicted]. names: `classes` texts, or NULL. */
FV_MUST_USE fv_status fv__draw_confusion(fv_context *ctx, const int64_t *counts, int64_t classes,
                                         const char *const *names, fv_canvas *out);

/* The report: one HTML file that needs nothing else (styles inside, images as data: URLs, figures
   as SVG), readable on a phone, light and dark. Filled by whoever has something to say. */
typedef struct fv_report fv_report;
FV_MUST_USE fv_status fv__report_new(fv_context *ctx, const char *title, const char *subtitle,
                                     fv_report **out);
void fv__report_free(fv_report *r);
void fv__report_section(fv_report *r, const char *title, const char *lead); /* lead may be NULL */
void fv__report_paragraph(fv_report *r, const char *text); /* `code` between backquotes */
/* Large figures in a row: "98.9 %" over "test accuracy". */
void fv__report_figure(fv_report *r, const char *value, const char *meaning);
void fv__report_image(fv_report *r, const fv_canvas *c, const char *caption);
/* Two of them side by side, where the page is wide enough. */
void fv__report_beside(fv_report *r, const fv_canvas *left, const char *left_caption,
                       const fv_canvas *right, const char *right_caption);
void fv__report_plot(fv_report *r, const fv_plot *plot); /* values under the pointer */
void fv__report_table(fv_report *r, const fv_table *t);
/* A table whose cells may be small drawings. Heads that begin with '>' are those of numbers and
   stand right; `dense`: rows as low as can be, for very many. Between `open` and `close` rows of
   cells, left to right. */
void fv__report_rows_open(fv_report *r, const char *const *heads, int count, bool dense);
void fv__report_rows_next(fv_report *r); /* before each row */
void fv__report_cell(fv_report *r, const char *text);
void fv__report_cell_number(fv_report *r, const char *text);
/* A strip of `count` squares of colour: depth 0 none … 1 full, in the colour of what is wrong,
   below 0 in that of what is right; NaN: a gap. Long strips show means of neighbours. `tip` (may be
   NULL): what a page tells under the pointer. */
void fv__report_cell_strip(fv_report *r, const double *depth, int64_t count, const char *tip);
/* A histogram: shares of `count` bins; the one in the middle stands for zero. */
void fv__report_cell_bars(fv_report *r, const double *shares, int count, const char *tip);
/* The first images of a gallery, without captions. */
void fv__report_cell_images(fv_report *r, const fv_gallery *gallery);
void fv__report_rows_close(fv_report *r);
/* A gallery laid out by the page: it fits a phone and a dark screen. */
void fv__report_gallery(fv_report *r, const fv_gallery *gallery);
/* The matrix as SVG, its squares tell more under the pointer; of many classes as an image. */
void fv__report_confusion(fv_report *r, const int64_t *counts, int64_t classes,
                          const char *const *names);
void fv__report_code(fv_report *r, const char *text);
/* What could not be added for want of memory is reported here. */
FV_MUST_USE fv_status fv__report_html(fv_context *ctx, fv_report *r, fv_text *out);
FV_MUST_USE fv_status fv__report_write(fv_context *ctx, fv_report *r, const char *path);

#endif
