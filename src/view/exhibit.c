/* SPDX-License-Identifier: MIT */
/*
 * exhibit.c - galleries and confusion matrices as part of the page, laid out by the browser: they
 * fit any width and either theme, and tell more under the pointer.
 */
#include "view/parts.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    GALLERY_MOST = 400,
    SQUARES_MOST = 40, /* classes; beyond, a picture */
    SIDE_MOST = 256    /* pixels of a gallery's picture as it is kept */
};

/* Picture i as a canvas, its own pixels, averaged down by whole factors when large. */
static fv_status picture(fv_context *ctx, const fv_gallery *g, int64_t i, fv_canvas *out) {
    int64_t side = g->h > g->w ? g->h : g->w, step = (side + SIDE_MOST - 1) / SIDE_MOST;
    int64_t h = (g->h + step - 1) / step, w = (g->w + step - 1) / step;
    FV_TRY(fv__canvas_new(ctx, (int)w, (int)h, FV_PAPER, out));
    int64_t next = g->interleaved ? g->channels : 1, plane = g->interleaved ? 1 : g->h * g->w;
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++)
            for (int64_t k = 0; k < 3; k++) {
                const uint8_t *p = g->pictures[i] + (g->channels == 3 ? k * plane : 0);
                uint64_t sum = 0, n = 0;
                for (int64_t v = y * step; v < (y + 1) * step && v < g->h; v++)
                    for (int64_t u = x * step; u < (x + 1) * step && u < g->w; u++, n++)
                        sum += p[(v * g->w + u) * next];
                out->rgb[(y * w + x) * 3 + k] = (uint8_t)(sum / n);
            }
    return FV_OK;
}

static void item(fv_report *r, const fv_gallery *g, int64_t i) {
    const char *caption = g->captions ? g->captions[i] : NULL;
    fv_canvas c = {0};
    fv__text_add(&r->body, "<li>");
    if (g->pictures[i]) {
        if (picture(r->ctx, g, i, &c) != FV_OK) {
            r->failed = true;
            return;
        }
        fv__text_addf(&r->body, "<img%s width=\"%d\" height=\"%d\" alt=\"",
                      g->h > 96 ? " class=\"smooth\"" : "", c.width, c.height);
        fv__text_html(&r->body, caption ? caption : "");
        fv__text_add(&r->body, "\" src=\"");
        if (fv__picture_url(r->ctx, &r->body, &c) != FV_OK) r->failed = true;
        fv__text_add(&r->body, "\">");
        fv__canvas_free(&c);
    }
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
    int64_t shown = g->count < GALLERY_MOST ? g->count : GALLERY_MOST;
    for (int64_t i = 0; i < shown && !r->failed; i++) item(r, g, i);
    fv__text_add(&r->body, "</ul>\n");
    char all[32], some[32];
    if (shown < g->count)
        fv__text_addf(&r->body, "<p class=\"lead\">The first %s of %s are shown.</p>\n",
                      fv__commas(some, shown), fv__commas(all, g->count));
}

typedef struct squares {
    const int64_t *counts;
    int64_t n;
    const char *const *names;
    double worst;
} squares;

static double at(const squares *s, int64_t i, int64_t j) {
    int64_t v = s->counts[i * s->n + j];
    return v > 0 ? (double)v : 0;
}

static double row_sum(const squares *s, int64_t i) {
    double sum = 0;
    for (int64_t j = 0; j < s->n; j++) sum += at(s, i, j);
    return sum;
}

static double column_sum(const squares *s, int64_t j) {
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++) sum += at(s, i, j);
    return sum;
}

static void name(fv_text *out, const squares *s, int64_t i) {
    if (s->names && s->names[i])
        fv__text_html(out, s->names[i]);
    else
        fv__text_addf(out, "%lld", (long long)i);
}

static void share(fv_text *out, double part, double whole) {
    if (whole > 0)
        fv__text_addf(out, "<td class=\"n\">%.1f&nbsp;%%</td>", 100 * part / whole);
    else
        fv__text_add(out, "<td class=\"n\">-</td>");
}

static void square(fv_text *out, const squares *s, int64_t i, int64_t j, double whole) {
    char number[32];
    double v = at(s, i, j);
    if (v == 0) {
        fv__text_add(out, "<td></td>");
        return;
    }
    /* As in confusion.c: small mistakes stand out, the strongest shade means at least 2 %. */
    double part = v / whole;
    double depth = i == j ? 0.08 + 0.3 * part : 0.1 + 0.75 * pow(part / fmax(s->worst, 0.02), 0.6);
    fv__text_addf(out, "<td class=\"%c\" style=\"--o:%.2f\" title=\"", i == j ? 't' : 'f', depth);
    name(out, s, i);
    if (i == j) {
        fv__text_add(out, " read rightly");
    } else {
        fv__text_add(out, " read as ");
        name(out, s, j);
    }
    fv__commas(number, s->counts[i * s->n + j]);
    fv__text_addf(out, ": %s of ", number);
    fv__commas(number, (int64_t)fmin(whole, 9e18));
    fv__text_addf(out, "%s (%.1f %%)\">", number, 100 * part);
    fv__text_addf(out, "%s</td>", fv__commas(number, s->counts[i * s->n + j]));
}

static void heads(fv_text *out, const squares *s, bool upright) {
    fv__text_addf(out,
                  "<thead><tr><th></th><th class=\"m\" colspan=\"%lld\">said</th><th></th></tr><tr>"
                  "<th class=\"h m\">true class</th>",
                  (long long)s->n);
    for (int64_t j = 0; j < s->n; j++) {
        fv__text_add(out, upright ? "<th><div class=\"v\">" : "<th>");
        name(out, s, j);
        fv__text_add(out, upright ? "</div></th>" : "</th>");
    }
    fv__text_add(out, "<th class=\"n m\">found</th></tr></thead>\n");
}

static void table(fv_text *out, const squares *s) {
    bool upright = false;
    for (int64_t i = 0; i < s->n && s->names; i++)
        if (s->names[i] && fv__utf8_columns(s->names[i]) > 3) upright = true;
    fv__text_addf(out, "<div class=\"wide\"><table class=\"confusion\" style=\"--s:%s\">\n",
                  s->n <= 4    ? "4.5rem"
                  : s->n <= 12 ? "clamp(1.4rem,5vw,3rem)"
                               : "1.6rem");
    heads(out, s, upright);
    for (int64_t i = 0; i < s->n; i++) {
        double whole = row_sum(s, i);
        fv__text_add(out, "<tr><th class=\"h\">");
        name(out, s, i);
        fv__text_add(out, "</th>");
        for (int64_t j = 0; j < s->n; j++) square(out, s, i, j, whole);
        share(out, at(s, i, i), whole);
        fv__text_add(out, "</tr>\n");
    }
    if (s->n <= 12) {
        fv__text_add(out, "<tr class=\"w\"><th class=\"h m\">right when said</th>");
        for (int64_t j = 0; j < s->n; j++) share(out, at(s, j, j), column_sum(s, j));
        fv__text_add(out, "<th></th></tr>\n");
    }
    fv__text_add(out, "</table></div>\n");
}

void fv__report_confusion(fv_report *r, const int64_t *counts, int64_t classes,
                          const char *const *names) {
    if (classes < 1) return;
    fv__report_row(r, FV_ROW_NONE);
    if (classes > SQUARES_MOST) {
        fv_canvas c;
        if (fv__draw_confusion(r->ctx, counts, classes, names, &c) != FV_OK) {
            r->failed = true;
            return;
        }
        fv__report_picture(r, &c, NULL);
        fv__canvas_free(&c);
        return;
    }
    squares s = {.counts = counts, .n = classes, .names = names};
    for (int64_t i = 0; i < classes; i++) {
        double whole = row_sum(&s, i);
        for (int64_t j = 0; j < classes; j++)
            if (i != j && whole > 0) s.worst = fmax(s.worst, at(&s, i, j) / whole);
    }
    table(&r->body, &s);
}
