/* SPDX-License-Identifier: MIT */
/*
 * report_gallery.c - galleries as part of the page, an image each and laid out by the browser: they
 * fit any width and either theme.
 */
#include "view/mosaic.h"

enum {
    GALLERY_MOST = 400,
    SIDE_MOST = 256 /* pixels of an image as it is kept */
};

/* Image i as a canvas, its own pixels, averaged down by whole factors when large. */
static fv_status small_image(fv_context *ctx, const fv_mosaic *m, int64_t i, fv_canvas *out) {
    const int64_t side = m->h > m->w ? m->h : m->w, step = (side + SIDE_MOST - 1) / SIDE_MOST;
    const int64_t h = (m->h + step - 1) / step, w = (m->w + step - 1) / step;
    FV_TRY(fv__canvas_new(ctx, (int)w, (int)h, FV_PAPER, out));
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++)
            fv__canvas_rect(out, (int)x, (int)y, 1, 1,
                            fv__mosaic_mean(m, i, y * step, x * step, step));
    return FV_OK;
}

void fv__report_small_image(fv_report *r, const fv_gallery *g, int64_t i, const char *alt) {
    const fv_mosaic m = fv__gallery_mosaic(g);
    fv_canvas c = {0};
    if (small_image(r->ctx, &m, i, &c) != FV_OK) {
        r->failed = true;
        return;
    }
    fv__text_addf(&r->body, "<img%s width=\"%d\" height=\"%d\" alt=\"",
                  g->h > 96 ? " class=\"smooth\"" : "", c.width, c.height);
    fv__text_html(&r->body, alt ? alt : "");
    fv__text_add(&r->body, "\" src=\"");
    if (fv__image_url(r->ctx, &r->body, &c) != FV_OK) r->failed = true;
    fv__text_add(&r->body, "\">");
    fv__canvas_free(&c);
}

static void item(fv_report *r, const fv_gallery *g, int64_t i) {
    const char *caption = g->captions ? g->captions[i] : NULL;
    fv__text_add(&r->body, "<li>");
    if (g->images[i]) fv__report_small_image(r, g, i, caption);
    if (caption) fv__text_html(&r->body, caption);
    fv__text_add(&r->body, "</li>\n");
}

void fv__report_gallery(fv_report *r, const fv_gallery *g) {
    if (g->count < 1 || g->h < 1 || g->w < 1 || (g->channels != 1 && g->channels != 3)) return;
    fv__report_row(r, FV_ROW_NONE);
    if (g->title) {
        fv__text_add(&r->body, "<h3>");
        fv__text_html(&r->body, g->title);
        fv__text_add(&r->body, "</h3>");
    }
    fv__text_addf(&r->body, "<ul class=\"gallery\" style=\"--t:%s\">\n",
                  g->captions ? "7.5rem" : "4.5rem");
    const int64_t shown = g->count < GALLERY_MOST ? g->count : GALLERY_MOST;
    for (int64_t i = 0; i < shown && !r->failed; i++) item(r, g, i);
    fv__text_add(&r->body, "</ul>\n");
    char all[32], some[32];
    if (shown < g->count)
        fv__text_addf(&r->body, "<p class=\"lead\">The first %s of %s are shown.</p>\n",
                      fv__commas(some, shown), fv__commas(all, g->count));
}
