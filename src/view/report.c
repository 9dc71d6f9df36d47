/* SPDX-License-Identifier: MIT */
/*
 * report.c - the report: one HTML file that needs nothing else.
 *
 * All text is escaped; a content security policy in the page forbids it to load anything but its
 * own data: images, so even a name that escaped the escaping could fetch nothing.
 */
#include "view/figure.h"
#include <string.h>

#define CONTENTS_FROM 4  /* sections that are worth a table of contents */
#define SQUARES_MOST  40 /* classes of a confusion matrix as SVG; beyond, an image */

fv_status fv__report_new(fv_context *ctx, const char *title, const char *subtitle,
                         fv_report **out) {
    fv_report *r = *out = fv__alloc(ctx, sizeof *r, "a report");
    if (!r) return FV_EXHAUSTED;
    r->ctx = r->title.ctx = r->subtitle.ctx = r->body.ctx = r->contents.ctx = ctx;
    fv__text_html(&r->title, title ? title : "");
    fv__text_html(&r->subtitle, subtitle ? subtitle : "");
    return FV_OK;
}

void fv__report_free(fv_report *r) {
    if (!r) return;
    fv__text_free(&r->title);
    fv__text_free(&r->subtitle);
    fv__text_free(&r->body);
    fv__text_free(&r->contents);
    fv__free(r);
}

void fv__report_row(fv_report *r, int row) {
    if (r->row == row) return;
    if (r->row != FV_ROW_NONE) fv__text_add(&r->body, "</div>\n");
    if (row == FV_ROW_FIGURES) fv__text_add(&r->body, "<div class=\"figures\">");
    if (row == FV_ROW_PLOTS) fv__text_add(&r->body, "<div class=\"plots\">\n");
    r->row = row;
}

static void end_section(fv_report *r) {
    fv__report_row(r, FV_ROW_NONE);
    if (r->in_section) fv__text_add(&r->body, "</section>\n");
    r->in_section = false;
}

/* Escaped, and what stands between two backquotes as code. */
static void prose(fv_text *out, const char *text) {
    for (;;) {
        const char *open = strchr(text, '`');
        const char *close = open ? strchr(open + 1, '`') : NULL;
        if (!close || close == open + 1) break;
        for (int code = 0; code < 2; code++) {
            const char *from = code ? open + 1 : text;
            size_t n = (size_t)((code ? close : open) - from);
            fv_text piece = {.ctx = out->ctx}; /* fv__text_html wants an end */
            fv__text_addn(&piece, from, n);
            if (code) fv__text_add(out, "<code>");
            if (piece.failed)
                out->failed = true;
            else if (n)
                fv__text_html(out, piece.data);
            if (code) fv__text_add(out, "</code>");
            fv__text_free(&piece);
        }
        text = close + 1;
    }
    fv__text_html(out, text);
}

void fv__report_section(fv_report *r, const char *title, const char *lead) {
    end_section(r);
    int id = ++r->sections;
    r->in_section = true;
    fv__text_addf(&r->body, "<section id=\"s%d\"><h2><a href=\"#s%d\">", id, id);
    fv__text_html(&r->body, title);
    fv__text_add(&r->body, "</a></h2>\n");
    fv__text_addf(&r->contents, "<li><a href=\"#s%d\">", id);
    fv__text_html(&r->contents, title);
    fv__text_add(&r->contents, "</a></li>");
    if (!lead) return;
    fv__text_add(&r->body, "<p class=\"lead\">");
    prose(&r->body, lead);
    fv__text_add(&r->body, "</p>\n");
}

void fv__report_paragraph(fv_report *r, const char *text) {
    fv__report_row(r, FV_ROW_NONE);
    fv__text_add(&r->body, "<p>");
    prose(&r->body, text);
    fv__text_add(&r->body, "</p>\n");
}

void fv__report_figure(fv_report *r, const char *value, const char *meaning) {
    fv__report_row(r, FV_ROW_FIGURES);
    fv__text_add(&r->body, "<div><b>");
    fv__text_html(&r->body, value);
    fv__text_add(&r->body, "</b><span>");
    fv__text_html(&r->body, meaning);
    fv__text_add(&r->body, "</span></div>");
}

static void base64(fv_text *out, const char *bytes, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = (const uint8_t *)bytes;
    char line[1024];
    size_t used = 0;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16;
        if (i + 1 < size) v |= (uint32_t)p[i + 1] << 8;
        if (i + 2 < size) v |= p[i + 2];
        line[used++] = digits[v >> 18];
        line[used++] = digits[v >> 12 & 63];
        line[used++] = i + 1 < size ? digits[v >> 6 & 63] : '=';
        line[used++] = i + 2 < size ? digits[v & 63] : '=';
        if (used == sizeof line || i + 3 >= size) {
            fv__text_addn(out, line, used);
            used = 0;
        }
    }
}

fv_status fv__image_url(fv_context *ctx, fv_text *out, const fv_canvas *c) {
    fv_text png = {.ctx = ctx};
    fv_status status = fv__png_encode(ctx, c, &png);
    if (status == FV_OK) {
        fv__text_add(out, "data:image/png;base64,");
        base64(out, png.data, png.length);
    }
    fv__text_free(&png);
    return status;
}

static void image(fv_report *r, const fv_canvas *c, const char *caption) {
    fv__text_addf(&r->body, "<figure class=\"image\"><img width=\"%d\" height=\"%d\" alt=\"",
                  c->width, c->height);
    fv__text_html(&r->body, caption ? caption : "");
    fv__text_add(&r->body, "\" src=\"");
    if (fv__image_url(r->ctx, &r->body, c) != FV_OK) r->failed = true;
    fv__text_add(&r->body, "\">");
    if (caption) {
        fv__text_add(&r->body, "<figcaption>");
        prose(&r->body, caption);
        fv__text_add(&r->body, "</figcaption>");
    }
    fv__text_add(&r->body, "</figure>\n");
}

void fv__report_image(fv_report *r, const fv_canvas *c, const char *caption) {
    fv__report_row(r, FV_ROW_NONE);
    image(r, c, caption);
}

void fv__report_beside(fv_report *r, const fv_canvas *left, const char *left_caption,
                       const fv_canvas *right, const char *right_caption) {
    fv__report_row(r, FV_ROW_NONE);
    fv__text_add(&r->body, "<div class=\"plots\">\n");
    image(r, left, left_caption);
    image(r, right, right_caption);
    fv__text_add(&r->body, "</div>\n");
}

void fv__report_plot(fv_report *r, const fv_plot *plot) {
    fv_figure f;
    fv__report_row(r, FV_ROW_PLOTS);
    if (fv__plot_figure(r->ctx, plot, &f) == FV_OK)
        fv__figure_html(&r->body, &f);
    else
        r->failed = true;
    fv__figure_free(&f);
}

void fv__report_confusion(fv_report *r, const int64_t *counts, int64_t classes,
                          const char *const *names) {
    if (classes < 1) return;
    fv_figure f;
    fv_canvas c = {0};
    fv__report_row(r, FV_ROW_NONE);
    fv_status status = fv__confusion_figure(r->ctx, counts, classes, names, &f);
    if (status == FV_OK && classes <= SQUARES_MOST)
        fv__figure_html(&r->body, &f);
    else if (status == FV_OK)
        status = fv__figure_canvas(r->ctx, &f, &c);
    if (c.rgb) fv__report_image(r, &c, NULL);
    if (status != FV_OK) r->failed = true;
    fv__canvas_free(&c);
    fv__figure_free(&f);
}

static void table_row(fv_report *r, const fv_table *t, const char **cell, size_t have, bool head) {
    for (size_t c = 0; c < t->columns; c++) {
        const char *right = t->column[c].right ? " class=\"r\"" : "";
        fv__text_addf(&r->body, head ? "<th%s>" : "<td%s>", right);
        if (c < have) {
            fv__text_html(&r->body, *cell);
            *cell += strlen(*cell) + 1;
        }
        fv__text_add(&r->body, head ? "</th>" : "</td>");
    }
    fv__text_add(&r->body, "</tr>\n");
}

void fv__report_table(fv_report *r, const fv_table *t) {
    if (t->failed || t->heads.failed || t->cells.failed) {
        r->failed = true;
        return;
    }
    if (!t->columns) return;
    fv__report_row(r, FV_ROW_NONE);
    fv__text_add(&r->body, "<div class=\"wide\"><table class=\"data\"><thead><tr>");
    const char *cell = t->heads.data;
    table_row(r, t, &cell, t->columns, true);
    fv__text_add(&r->body, "</thead><tbody>\n");
    cell = t->cells.data;
    size_t next = 0;
    for (size_t i = 0, row = 1; i < t->count; i += t->columns, row++) {
        while (next < t->rule_count && t->rules[next] < row) next++;
        bool rule = next < t->rule_count && t->rules[next] == row;
        fv__text_add(&r->body, rule ? "<tr class=\"rule\">" : "<tr>");
        table_row(r, t, &cell, t->count - i, false);
    }
    fv__text_add(&r->body, "</tbody></table></div>\n");
}

void fv__report_code(fv_report *r, const char *text) {
    fv__report_row(r, FV_ROW_NONE);
    fv__text_add(&r->body, "<pre>");
    fv__text_html(&r->body, text);
    fv__text_add(&r->body, "</pre>\n");
}

fv_status fv__report_html(fv_context *ctx, fv_report *r, fv_text *out) {
    end_section(r);
    if (r->failed || r->title.failed || r->subtitle.failed || r->body.failed || r->contents.failed)
        return fv__fail_memory(ctx, r->body.length, "the report");
    bool contents = r->sections >= CONTENTS_FROM;
    fv__text_add(out, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                      "img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
                      "<meta name=\"generator\" content=\"Fovea " FOVEA_VERSION "\">\n<title>");
    fv__text_add(out, r->title.data ? r->title.data : "");
    fv__text_add(out, "</title>\n<style>\n");
    fv__text_add(out, fv__page_style);
    fv__text_add(out, "</style></head>\n<body");
    fv__text_add(out, contents ? " class=\"toc\"><div class=\"page\">\n<header><h1>"
                               : "><div class=\"page\">\n<header><h1>");
    fv__text_add(out, r->title.data ? r->title.data : "");
    fv__text_add(out, "</h1>");
    if (r->subtitle.length) {
        fv__text_add(out, "<p class=\"sub\">");
        fv__text_add(out, r->subtitle.data);
        fv__text_add(out, "</p>");
    }
    fv__text_add(out, "</header>\n");
    if (contents) {
        fv__text_add(out, "<nav aria-label=\"Contents\"><ol>");
        fv__text_add(out, r->contents.data);
        fv__text_add(out, "</ol></nav>\n");
    }
    fv__text_add(out, "<main>\n");
    if (r->body.data) fv__text_addn(out, r->body.data, r->body.length);
    fv__text_add(out, "</main>\n<footer>Written by Fovea " FOVEA_VERSION
                      ". This page is complete in itself and loads nothing.</footer>\n"
                      "</div><script>\n");
    fv__text_add(out, fv__page_script);
    fv__text_add(out, "</script></body></html>\n");
    return fv__text_done(ctx, out);
}

fv_status fv__report_write(fv_context *ctx, fv_report *r, const char *path) {
    fv_text html = {.ctx = ctx};
    fv_status status = fv__report_html(ctx, r, &html);
    if (status == FV_OK) status = fv__file_write(ctx, path, html.data, html.length);
    fv__text_free(&html);
    return status;
}
