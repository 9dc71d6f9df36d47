/* SPDX-License-Identifier: MIT */
/*
 * step_text.c - `fovea step` for people: every window with its products and sums.
 *
 * A window is either gathered, what lies under it is summed up into the number of its place, or
 * laid down, the number of its place goes into what lies under it. A convolution gathers forward
 * and lays down backward; a transposed one the other way round.
 */
#include "base/printable.h"
#include "cli/step.h"
#include <string.h>

#define RUNNING_MOST 64 /* numbers of a sum that is shown as it grows */

typedef struct page {
    const fv_steps *s;
    fv_text *out;
    size_t columns;
    const fv_matrix *map, *places; /* forward: what the windows lie on, and where they stand */
} page;

/* Without the outer dimensions that are 1, so that one map is rows and columns. */
static fv_matrix squeezed(const fv_matrix *m) {
    fv_matrix v = *m;
    while (v.rank > 2 && v.dims[0] == 1) {
        v.rank--;
        memmove(v.dims, v.dims + 1, (size_t)v.rank * sizeof *v.dims);
    }
    return v;
}

static void put_line(page *p, fv_text *line, size_t indent) {
    fv__text_addf(p->out, "%*s", (int)indent, "");
    if (line->failed) p->out->failed = true;
    if (line->length) fv__text_wrapped(p->out, line->data, indent + 2, p->columns);
    fv__text_free(line);
}

/* A heading and the numbers, plane by plane where there are several. */
static void put_named(page *p, const char *name, const fv_matrix *m) {
    fv_matrix v = squeezed(m);
    const int outer = v.rank > 2 ? v.rank - 2 : 0;
    int64_t planes = 1;
    for (int d = 0; d < outer; d++) planes *= v.dims[d];
    fv_matrix plane = v;
    plane.rank -= outer;
    memmove(plane.dims, plane.dims + outer, (size_t)plane.rank * sizeof *plane.dims);
    plane.count = v.count / planes;
    for (int64_t i = 0; i < planes; i++) {
        fv__text_addf(p->out, "%s", name);
        if (outer == 2)
            fv__text_addf(p->out, "[%lld,%lld]", (long long)(i / v.dims[1]),
                          (long long)(i % v.dims[1]));
        else if (outer == 1)
            fv__text_addf(p->out, "[%lld]", (long long)i);
        fv__text_add(p->out, "\n");
        plane.data = v.data + i * plane.count;
        fv__cli_put_grid(p->out, &plane, 2);
        if (i + 1 < planes) fv__text_add(p->out, "\n");
    }
}

/* "y[0,1]", with the channel where there are several. */
static void put_place(fv_text *out, const char *name, const fv_matrix *map, int64_t channel,
                      int64_t row, int64_t column) {
    fv__text_addf(out, "%s[", name);
    if (map->dims[0] > 1) fv__text_addf(out, "%lld,", (long long)channel);
    fv__text_addf(out, "%lld,%lld]", (long long)row, (long long)column);
}

/* "rows 0 to 2", "row 0". */
static void put_range(fv_text *out, const char *what, int64_t first, int64_t last) {
    if (first == last)
        fv__text_addf(out, "%s %lld", what, (long long)first);
    else
        fv__text_addf(out, "%ss %lld to %lld", what, (long long)first, (long long)last);
}

/* "rows 0 to 2, columns 1 to 3 of x". */
static void put_reach(fv_text *out, const fv_step_window *at, const char *of) {
    put_range(out, "row", at->first_row, at->last_row);
    fv__text_add(out, ", ");
    put_range(out, "column", at->first_column, at->last_column);
    fv__text_addf(out, " of %s", of);
}

static double place_value(const fv_matrix *places, const fv_step_window *at) {
    return places->data[(at->channel * places->dims[1] + at->row) * places->dims[2] + at->column];
}

/* A factor: negative ones in brackets. */
static void put_factor(fv_text *out, double v) {
    fv__text_add(out, v < 0 ? "(" : "");
    fv__cli_put_number(out, v);
    fv__text_add(out, v < 0 ? ")" : "");
}

/* How many terms from `from` on are of one channel. */
static int run_of(const fv_step_window *at, int from) {
    int n = 0;
    while (from + n < at->term_count && at->terms[from + n].channel == at->terms[from].channel) n++;
    return n;
}

/* Terms [from, from + count): "3*2 + 2*1", padding left out; returns their sum. */
static double put_products(page *p, fv_text *line, const fv_step_window *at, const fv_matrix *map,
                           int from, int count) {
    double sum = 0;
    int shown = 0;
    for (int t = from; t < from + count; t++) {
        if (!at->terms[t].inside) continue;
        const double x = fv__cli_term_value(map, &at->terms[t]);
        const double w = p->s->w->data[at->terms[t].weight];
        fv__text_add(line, shown++ ? " + " : "");
        put_factor(line, x);
        fv__text_add(line, "*");
        put_factor(line, w);
        sum += x * w;
    }
    if (!shown) fv__text_add(line, "0");
    return sum;
}

/* " = 11", and how much of the window lay outside. */
static void put_result(fv_text *line, double sum, const fv_step_window *at, int from, int count) {
    int outside = 0;
    for (int t = from; t < from + count; t++) outside += !at->terms[t].inside;
    fv__text_add(line, " = ");
    fv__cli_put_number(line, sum);
    if (outside) fv__text_addf(line, " (%d of %d on the padding)", outside, count);
}

/* Gathered: "3*2 + 2*1 + ... = 11", channel by channel where there are several. */
static void put_sum(page *p, const fv_step_window *at, const fv_matrix *map, double bias,
                    bool biased, double result) {
    const int run = run_of(at, 0);
    fv_text line = {0}, sums = {0};
    if (run == at->term_count) {
        (void)put_products(p, &line, at, map, 0, run);
    } else {
        for (int from = 0; from < at->term_count; from += run) {
            fv__text_addf(&line, "channel %lld: ", (long long)at->terms[from].channel);
            const double sum = put_products(p, &line, at, map, from, run);
            put_result(&line, sum, at, from, run);
            put_line(p, &line, 4);
            fv__text_add(&sums, from ? " + " : "");
            put_factor(&sums, sum);
        }
        fv__text_add(&line, sums.data ? sums.data : "");
    }
    if (biased) fv__text_add(&line, " + ");
    if (biased) put_factor(&line, bias);
    put_result(&line, result, at, 0, run == at->term_count ? run : 0);
    put_line(p, &line, 4);
    fv__text_free(&sums);
}

/* A pool's window: "max(1, 1, 5, 6) = 6", "(1 + 1 + 5 + 6)/4 = 3.25". */
static void put_pooled(page *p, const fv_step_window *at, double result) {
    const bool mean = at->winner < 0 && at->divisor > 0;
    const char *name = strcmp(p->s->op, "minpool") == 0 ? "min" : "max";
    fv_text line = {0};
    int shown = 0;
    fv__text_addf(&line, "%s(", mean ? "" : name);
    for (int t = 0; t < at->term_count; t++) {
        if (!at->terms[t].inside) continue;
        fv__text_add(&line, shown++ ? mean ? " + " : ", " : "");
        fv__cli_put_number(&line, fv__cli_term_value(p->map, &at->terms[t]));
    }
    fv__text_add(&line, ")");
    if (mean) fv__text_addf(&line, "/%lld", (long long)at->divisor);
    put_result(&line, result, at, 0, at->term_count);
    put_line(p, &line, 4);
}

/* The numbers of `from`, the weights where it is NULL, that a run of terms meets: a small matrix as
   high and wide as the window, "[[1, 2], [4, 5]]". */
static void put_patch(page *p, fv_text *line, const fv_step_window *at, const fv_matrix *from,
                      int first) {
    const fv_matrix *w = p->s->w;
    const int64_t h = w->dims[2], wide = w->dims[3];
    for (int64_t q = 0; q < h * wide; q++) {
        const fv_step_term *t = &at->terms[first + q];
        fv__text_add(line, q ? q % wide ? ", " : "], [" : "[[");
        fv__cli_put_number(line, from ? fv__cli_term_value(from, t) : w->data[t->weight]);
    }
    fv__text_add(line, "]]");
}

/* "dx += 2*[[1, -1], [2, 3]]" for every channel under the window. */
static void put_laid(page *p, const fv_step_window *at, const char *to, const fv_matrix *map,
                     const fv_matrix *from, double factor) {
    const int run = run_of(at, 0);
    for (int first = 0; first < at->term_count; first += run) {
        fv_text line = {0};
        fv__text_add(&line, to);
        if (map->dims[0] > 1 && !from)
            fv__text_addf(&line, "[%lld]", (long long)at->terms[first].channel);
        if (from && p->s->w->dims[0] * p->s->w->dims[1] > 1) {
            const int64_t plane = at->terms[first].weight / run;
            fv__text_addf(&line, "[%lld,%lld]", (long long)(plane / p->s->w->dims[1]),
                          (long long)(plane % p->s->w->dims[1]));
        }
        fv__text_add(&line, " += ");
        put_factor(&line, factor);
        fv__text_add(&line, "*");
        put_patch(p, &line, at, from, first);
        put_line(p, &line, 4);
    }
}

/* A sum as it has grown, where it is small enough. */
static void put_running(page *p, const char *name, const fv_matrix *m) {
    fv_text line = {0};
    const fv_matrix v = squeezed(m);
    if (m->count > RUNNING_MOST) return;
    fv__text_addf(&line, "%s = ", name);
    fv__cli_put_matrix(&line, &v);
    put_line(p, &line, 4);
}

static void heading(page *p, const char *place, const fv_step_window *at, const char *map,
                    const double *value) {
    fv_text line = {0};
    put_place(&line, place, p->places, at->channel, at->row, at->column);
    if (value) {
        fv__text_add(&line, " = ");
        fv__cli_put_number(&line, *value);
    }
    fv__text_add(&line, ": ");
    put_reach(&line, at, map);
    put_line(p, &line, 2);
}

/* The sums of a pass as they grow: copies of what is reached in the end, from zero on. */
typedef struct sums {
    fv_matrix *map, *w;
} sums;

/* Adds a window to the sums: factor times what it meets. */
static void grow(const page *p, const sums *g, const fv_step_window *at, const fv_matrix *from,
                 double factor) {
    for (int t = 0; t < at->term_count; t++) {
        const fv_step_term *term = &at->terms[t];
        if (!term->inside) continue;
        if (g->map)
            g->map->data[fv__cli_term_at(g->map, term)] +=
                factor * (p->s->w           ? p->s->w->data[term->weight]
                          : at->winner >= 0 ? at->winner == t
                                            : 1 / (double)at->divisor);
        if (g->w) g->w->data[term->weight] += factor * fv__cli_term_value(from, term);
    }
}

static void forward(page *p) {
    const fv_steps *s = p->s;
    for (int i = 0; i < s->window_count; i++) {
        const fv_step_window *at = s->windows[i];
        const double v = place_value(p->places, at);
        heading(p, s->transposed ? "x" : "y", at, s->transposed ? "y" : "x",
                s->transposed ? &v : NULL);
        if (s->transposed)
            put_laid(p, at, "y", p->map, NULL, v);
        else if (s->w)
            put_sum(p, at, p->map, s->bias ? s->bias->data[at->channel] : 0, s->bias != NULL, v);
        else
            put_pooled(p, at, v);
    }
    if (s->transposed && s->bias) {
        fv_text line = {0};
        fv__text_add(&line, "and the bias, ");
        fv__cli_put_matrix(&line, s->bias);
        put_line(p, &line, 2);
    }
    fv__text_add(p->out, "\n");
    put_named(p, "y", s->y);
}

/* What a convolution's window gives back, or a pool's. */
static void back_down(page *p, const fv_step_window *at, const sums *g) {
    const fv_steps *s = p->s;
    const double dy = place_value(s->dy, at);
    heading(p, "dy", at, "dx", &dy);
    if (s->w) {
        put_laid(p, at, "dw", p->map, s->x, dy);
        put_laid(p, at, "dx", p->map, NULL, dy);
    } else if (at->winner >= 0) {
        const fv_step_term *t = &at->terms[at->winner];
        fv_text line = {0};
        put_place(&line, "dx", s->dx, t->channel, t->row, t->column);
        fv__text_add(&line, " += ");
        fv__cli_put_number(&line, dy);
        fv__text_add(&line, ", where the ");
        fv__text_addf(&line, "%s was", strcmp(s->op, "minpool") == 0 ? "smallest" : "largest");
        put_line(p, &line, 4);
    } else {
        fv_text line = {0};
        fv__text_add(&line, "each of dx there += ");
        fv__cli_put_number(&line, dy);
        fv__text_addf(&line, "/%lld", (long long)at->divisor);
        put_line(p, &line, 4);
    }
    grow(p, g, at, s->x, dy);
    if (g->w) put_running(p, "dw", g->w);
    if (g->map) put_running(p, "dx", g->map);
}

/* And a transposed one's. */
static void back_up(page *p, const fv_step_window *at, const sums *g) {
    const fv_steps *s = p->s;
    const double x = place_value(s->x, at);
    heading(p, "dx", at, "dy", NULL);
    put_sum(p, at, s->dy, 0, false, place_value(s->dx, at));
    put_laid(p, at, "dw", p->map, s->dy, x);
    grow(p, g, at, s->dy, x);
    if (g->w) put_running(p, "dw", g->w);
}

static fv_status zeros(fv_context *ctx, const fv_matrix *like, fv_matrix **out) {
    return like ? fv_matrix_new(ctx, like->rank, like->dims, out) : FV_OK;
}

static fv_status backward(fv_context *ctx, page *p) {
    const fv_steps *s = p->s;
    sums g = {0};
    fv_status status = zeros(ctx, s->dw, &g.w);
    if (status == FV_OK) status = zeros(ctx, s->transposed ? NULL : s->dx, &g.map);
    put_named(p, "dy", s->dy);
    fv__text_add(p->out, "\n");
    for (int i = 0; i < s->window_count && status == FV_OK; i++)
        (s->transposed ? back_up : back_down)(p, s->windows[i], &g);
    fv_matrix_free(g.w);
    fv_matrix_free(g.map);
    fv__text_add(p->out, "\n");
    put_named(p, "dx", s->dx);
    if (s->dw) {
        fv__text_add(p->out, "\n");
        put_named(p, "dw", s->dw);
    }
    if (s->dbias) {
        fv__text_add(p->out, "\n");
        put_named(p, "db, the sum of dy filter by filter", s->dbias);
    }
    return status;
}

/* "conv 1 3x3 bias no: [4x4x1] gives [2x2x1]", and what it computes. */
static void introduce(page *p) {
    const fv_steps *s = p->s;
    const int64_t *x = s->x->dims, *y = s->y->dims;
    fv_text line = {0};
    fv__text_addf(&line, "%s %s: [%lldx%lldx%lld] gives [%lldx%lldx%lld]", s->op, s->options,
                  (long long)x[1], (long long)x[2], (long long)x[0], (long long)y[1],
                  (long long)y[2], (long long)y[0]);
    put_line(p, &line, 0);
    fv__text_add(p->out, "\n");
    put_named(p, "x", s->x);
    if (s->w) {
        fv__text_add(p->out, "\n");
        put_named(p, "w", s->w);
    }
}

static void announce(page *p, const char *what) {
    fv_text line = {0};
    fv__text_add(&line, what);
    fv__text_add(p->out, "\n");
    put_line(p, &line, 0);
    fv__text_add(p->out, "\n");
}

fv_status fv__cli_step_text(fv_context *ctx, const fv_steps *s, int columns, fv_text *out) {
    page p = {.s = s, .out = out, .columns = (size_t)columns};
    p.map = s->transposed ? s->y : s->x;
    p.places = s->transposed ? s->x : s->y;
    introduce(&p);
    announce(&p, s->transposed ? "Forward: every number of x lays the kernel down, times itself"
                 : s->w        ? "Forward: under every window the sum of x*w"
                               : "Forward: one number for every window");
    forward(&p);
    announce(&p, s->transposed ? "Backward: dx gathers dy*w under the window; dw sums up x*dy"
                 : s->w        ? "Backward: every dy goes back, to dw times x and to dx times w"
                               : "Backward: every dy goes back to where its number came from");
    return backward(ctx, &p);
}
