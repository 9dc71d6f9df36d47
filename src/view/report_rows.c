/* SPDX-License-Identifier: MIT */
/*
 * report_rows.c - a table of the page whose cells may be small drawings: strips of colour, one
 * square for each epoch, and histograms. A person runs down a hundred rows of them with one look.
 */
#include "view/parts.h"
#include <math.h>

#define SQUARES_MOST 60   /* of a strip */
#define LEVELS       12.0 /* of depth that a strip tells apart */

void fv__report_rows_open(fv_report *r, const char *const *heads, int count, bool dense) {
    fv__report_row(r, FV_ROW_NONE);
    fv__text_addf(&r->body, "<div class=\"wide\"><table class=\"data rows%s\"><thead><tr>",
                  dense ? " dense" : "");
    r->in_row = false;
    for (int i = 0; i < count; i++) {
        const bool right = heads[i][0] == '>';
        fv__text_add(&r->body, right ? "<th class=\"r\">" : "<th>");
        fv__text_html(&r->body, heads[i] + right);
        fv__text_add(&r->body, "</th>");
    }
    fv__text_add(&r->body, "</tr></thead><tbody>");
}

void fv__report_rows_next(fv_report *r) {
    fv__text_add(&r->body, r->in_row ? "</tr>\n<tr>" : "\n<tr>");
    r->in_row = true;
}

void fv__report_rows_close(fv_report *r) {
    fv__text_add(&r->body,
                 r->in_row ? "</tr>\n</tbody></table></div>\n" : "</tbody></table></div>\n");
    r->in_row = false;
}

void fv__report_cell(fv_report *r, const char *text) {
    fv__text_add(&r->body, "<td>");
    fv__text_html(&r->body, text);
    fv__text_add(&r->body, "</td>");
}

void fv__report_cell_number(fv_report *r, const char *text) {
    fv__text_add(&r->body, "<td class=\"r\">");
    fv__text_html(&r->body, text);
    fv__text_add(&r->body, "</td>");
}

static void begin_drawing(fv_report *r, const char *name, int64_t wide, int high, const char *tip) {
    fv__text_addf(&r->body,
                  "<td><svg class=\"%s\" viewBox=\"0 0 %lld %d\" preserveAspectRatio=\"none\" "
                  "role=\"img\"",
                  name, (long long)wide, high);
    if (tip) {
        fv__text_add(&r->body, " aria-label=\"");
        fv__text_html(&r->body, tip);
        fv__text_add(&r->body, "\"><title>");
        fv__text_html(&r->body, tip);
        fv__text_add(&r->body, "</title>");
    } else {
        fv__text_add(&r->body, ">");
    }
}

/* The mean depth of square k of n, in levels; 0: nothing to draw. */
static int level(const double *depth, int64_t count, int64_t k, int64_t n) {
    const int64_t from = k * count / n, end = (k + 1) * count / n;
    double sum = 0;
    int64_t seen = 0;
    for (int64_t i = from; i < end; i++)
        if (isfinite(depth[i])) sum += fmax(-1, fmin(1, depth[i])), seen++;
    return seen ? (int)lround(LEVELS * sum / (double)seen) : 0;
}

void fv__report_cell_strip(fv_report *r, const double *depth, int64_t count, const char *tip) {
    const int64_t n = count < SQUARES_MOST ? count : SQUARES_MOST;
    begin_drawing(r, "strip", n > 0 ? n : 1, 1, tip);
    for (int64_t k = 0, next; k < n; k = next) { /* neighbours of one level are one piece */
        const int here = level(depth, count, k, n);
        for (next = k + 1; next < n && level(depth, count, next, n) == here;) next++;
        if (!here) continue;
        fv__text_addf(&r->body,
                      "<rect class=\"%s\" x=\"%lld\" width=\"%lld\" height=\"1\" opacity=\"",
                      here < 0 ? "t" : "f", (long long)k, (long long)(next - k));
        fv__text_number(&r->body, floor(100 * fabs(here / LEVELS) + 0.5) / 100);
        fv__text_add(&r->body, "\"/>");
    }
    fv__text_add(&r->body, "</svg></td>");
}

void fv__report_cell_bars(fv_report *r, const double *shares, int count, const char *tip) {
    double most = 0;
    for (int i = 0; i < count; i++)
        if (i != count / 2) most = fmax(most, shares[i]);
    begin_drawing(r, "bars", count * 10, 40, tip);
    for (int i = 0; i < count; i++) {
        /* zeros may be most of all; they are cut to the height of the others */
        const double high = most > 0 ? 38 * fmin(1, shares[i] / most) : shares[i] > 0 ? 38 : 0;
        if (!(high >= 0.5)) continue;
        fv__text_addf(&r->body, "<rect%s x=\"%d\" y=\"", i == count / 2 ? " class=\"z\"" : "",
                      i * 10 + 1);
        fv__text_number(&r->body, floor(10 * (40 - high)) / 10);
        fv__text_add(&r->body, "\" width=\"8\" height=\"");
        fv__text_number(&r->body, floor(10 * high) / 10);
        fv__text_add(&r->body, "\"/>");
    }
    fv__text_addf(&r->body, "<path d=\"M0 40H%d\"/></svg></td>", count * 10);
}

void fv__report_cell_images(fv_report *r, const fv_gallery *g) {
    fv__text_add(&r->body, "<td><div class=\"shots\">");
    for (int64_t i = 0; i < g->count && !r->failed; i++)
        if (g->images[i]) fv__report_small_image(r, g, i, g->captions ? g->captions[i] : NULL);
    fv__text_add(&r->body, "</div></td>");
}
