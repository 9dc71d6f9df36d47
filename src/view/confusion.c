/* SPDX-License-Identifier: MIT */
/*
 * confusion.c - which class was taken for which, described as a figure. Rows are the labels,
 * columns what was predicted.
 *
 * What is right is expected, so the diagonal is a quiet blue; mistakes are orange, the stronger the
 * larger their share of the row, and stand out even when they are few.
 */
#include "base/number.h"
#include "view/figure.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    CLASSES_MOST = 4096,
    SHARES_MOST = 64,     /* classes: the share found stands beside each row */
    PRECISIONS_MOST = 12, /* classes: how often a prediction is right stands below each column */
    FIRST_MISTAKES = 5
};
#define NAME_ROOM 150.0 /* units of a class name */
#define ASIDE     0.88  /* size of the shares at the edges */

typedef struct matrix {
    const int64_t *counts;
    int n;
    const char *const *names;
    double *row, *column;     /* sums */
    double all, right, worst; /* worst: the largest share of a row that went wrong */
    char longest[32];         /* of all counts */
} matrix;

static double count_at(const matrix *m, int label, int predicted) {
    const int64_t v = m->counts[(int64_t)label * m->n + predicted];
    return v > 0 ? (double)v : 0;
}

static void add_up(matrix *m) {
    int64_t most = 0;
    for (int i = 0; i < m->n; i++)
        for (int j = 0; j < m->n; j++) {
            const double v = count_at(m, i, j);
            m->row[i] += v;
            m->column[j] += v;
            m->all += v;
            if (i == j) m->right += v;
            if (v > 0 && m->counts[(int64_t)i * m->n + j] > most)
                most = m->counts[(int64_t)i * m->n + j];
        }
    for (int i = 0; i < m->n; i++)
        for (int j = 0; j < m->n; j++)
            if (i != j && m->row[i] > 0) m->worst = fmax(m->worst, count_at(m, i, j) / m->row[i]);
    fv__commas(m->longest, most);
}

static const char *name_of(const matrix *m, int i, char out[32]) {
    if (m->names && m->names[i]) return m->names[i];
    snprintf(out, 32, "%d", i);
    return out;
}

/* The strongest orange stands for the worst mistake, but for no less than 2 %: a net that is
   nearly always right does not look alarming. */
static double scale_of(const matrix *m) {
    return fmax(m->worst, 0.02);
}

/* --- the squares ------------------------------------------------------------------------------ */

static bool square(const void *source, int label, int predicted, fv_shade *shade, char *text) {
    const matrix *m = source;
    const double v = count_at(m, label, predicted);
    if (v == 0) return false;
    const double share = v / m->row[label];
    shade->tone = label == predicted ? FV_TONE_RIGHT : FV_TONE_WRONG;
    /* small shares of mistakes are what one looks for */
    shade->depth = label == predicted ? share : pow(fmin(share / scale_of(m), 1), 0.6);
    fv__commas(text, m->counts[(int64_t)label * m->n + predicted]);
    return true;
}

static void tip(const void *source, int label, int predicted, fv_text *out) {
    const matrix *m = source;
    char number[32], name[32];
    const double v = count_at(m, label, predicted), whole = m->row[label];
    fv__text_html(out, name_of(m, label, name));
    fv__text_add(out, label == predicted ? " read rightly" : " read as ");
    if (label != predicted) fv__text_html(out, name_of(m, predicted, name));
    fv__commas(number, m->counts[(int64_t)label * m->n + predicted]);
    fv__text_addf(out, ": %s of ", number);
    fv__commas(number, (int64_t)fmin(whole, 9e18));
    fv__text_addf(out, "%s (%.1f %%)", number, 100 * v / whole);
}

/* --- around them ------------------------------------------------------------------------------ */

/* The side of a square in units: whole pixels on a canvas. */
static double cell_of(int n) {
    const int pixels = n <= 8 ? 96 : n <= 56 ? 900 / n : n <= 128 ? 16 : 2048 / n;
    return (pixels < 1 ? 1 : pixels) / (double)FV_UNIT_PIXELS;
}

/* Every how many classes a name is written. */
static int name_step(const matrix *m, double line) {
    static const int steps[] = {1, 2, 5};
    for (int power = 1; power <= 10000; power *= 10)
        for (int k = 0; k < 3; k++)
            if (steps[k] * power * cell_of(m->n) >= line) return steps[k] * power;
    return m->n;
}

static bool long_names(const matrix *m) {
    for (int i = 0; i < m->n && m->names; i++)
        if (m->names[i] && fv__utf8_columns(m->names[i]) > (m->n <= 8 ? 5 : 3)) return true;
    return m->n > 20; /* numbers of two digits beside each other would touch */
}

static void names(fv_figure *f, const matrix *m) {
    const double size = fmax(0.62, fmin(1, cell_of(m->n) / 10.4));
    const int step = name_step(m, 10.4 * size);
    const bool upright = long_names(m);
    for (int i = 0; i < m->n; i += step) {
        char number[32];
        const double middle = (i + 0.5) / m->n;
        fv_mark t = {.kind = FV_MARK_TEXT, .size = size, .room = NAME_ROOM};
        t.text = name_of(m, i, number);
        t.anchor = 1;
        t.at = (fv_spot){.y = middle, .dx = -6};
        fv__figure_add(f, t);
        t.upright = upright;
        t.anchor = upright ? 0 : 0.5;
        t.at = (fv_spot){.x = middle, .dy = upright ? -6 : -11};
        fv__figure_add(f, t);
    }
}

/* Small words at the edges, which a narrow page does without. */
static void aside(fv_figure *f, fv_spot at, double anchor, double size, const char *text) {
    fv__figure_add(f, (fv_mark){.kind = FV_MARK_TEXT,
                                .shade = {.tone = FV_TONE_QUIET},
                                .at = at,
                                .anchor = anchor,
                                .size = size,
                                .text = text,
                                .spare = true});
}

static void share(fv_figure *f, fv_spot at, double anchor, double size, double part, double whole) {
    char text[32] = "-";
    if (whole > 0) fv__format(text, sizeof text, "%.1f %%", 100 * part / whole);
    aside(f, at, anchor, size, text);
}

/* Of each label how much was found, of each prediction how much was right. */
static void shares(fv_figure *f, const matrix *m) {
    const double size = fmin(ASIDE, cell_of(m->n) / 11.2);
    const bool below = m->n <= PRECISIONS_MOST;
    for (int i = 0; i < m->n; i++) {
        const double middle = (i + 0.5) / m->n;
        share(f, (fv_spot){.x = 1, .y = middle, .dx = 7}, 0, size, count_at(m, i, i), m->row[i]);
        if (below)
            share(f, (fv_spot){.x = middle, .y = 1, .dy = 11}, 0.5, size, count_at(m, i, i),
                  m->column[i]);
    }
    aside(f, (fv_spot){.x = 1, .dx = 7, .dy = -11}, 0, ASIDE, "found");
    if (below) aside(f, (fv_spot){.y = 1, .dx = -6, .dy = 11}, 1, ASIDE, "right when predicted");
}

/* Finds the next of the mistakes, the most frequent first, after (*i, *j); false: that was all. */
static bool next_mistake(const matrix *m, double *count, int *i, int *j) {
    const double before = *count;
    const int last_i = *i, last_j = *j;
    double best = 0;
    for (int a = 0; a < m->n; a++)
        for (int b = 0; b < m->n; b++) {
            const double v = count_at(m, a, b);
            const bool later =
                v < before || (v == before && (a > last_i || (a == last_i && b > last_j)));
            if (a != b && v > best && later) best = v, *i = a, *j = b;
        }
    *count = best;
    return best > 0;
}

/* The pairs most often mistaken, in words; long names are cut. */
static void note(fv_figure *f, const matrix *m) {
    fv_text text = {.ctx = f->ctx};
    double count = INFINITY;
    int i = -1, j = -1;
    for (int k = 0; k < FIRST_MISTAKES && next_mistake(m, &count, &i, &j); k++) {
        char a[32], b[32], number[32], fit[2][FV_FIT_MAX];
        const fv_type type = {.scale = 1};
        fv__type_fit(&type, name_of(m, i, a), 120, fit[0]);
        fv__type_fit(&type, name_of(m, j, b), 120, fit[1]);
        fv__text_addf(&text, "%s%s as %s: %s", k ? ",  " : "Most often  ", fit[0], fit[1],
                      fv__commas(number, (int64_t)fmin(count, 9e18)));
    }
    if (text.failed) f->failed = true;
    if (text.length) f->note = fv__figure_text(f, text.data);
    fv__text_free(&text);
}

static void headline(fv_figure *f, const matrix *m) {
    char a[32], b[32], text[128];
    if (m->all > 0 && m->all < 1e15)
        fv__format(text, sizeof text, "%s of %s right: %.2f %%", fv__commas(a, (int64_t)m->right),
                   fv__commas(b, (int64_t)m->all), 100 * m->right / m->all);
    else
        snprintf(text, sizeof text, m->all > 0 ? "Confusion matrix" : "Nothing counted yet");
    f->title = fv__figure_text(f, text);
}

static void key(fv_figure *f, const matrix *m) {
    char text[64];
    fv__figure_key(f, (fv_key_entry){.kind = FV_KEY_SQUARE,
                                     .shade = {.tone = FV_TONE_RIGHT, .depth = 1},
                                     .name = "right"});
    if (m->worst == 0) return;
    fv__format(text, sizeof text, "mistakes, up to %.1f %% of a row", 100 * scale_of(m));
    fv__figure_key(
        f, (fv_key_entry){.kind = FV_KEY_RAMP, .shade = {.tone = FV_TONE_WRONG}, .name = text});
}

/* --- the whole -------------------------------------------------------------------------------- */

/* The matrix with its sums, in the figure's arena; NULL: memory was refused. */
static matrix *matrix_of(fv_figure *f, const int64_t *counts, int n, const char *const *names) {
    matrix *m = fv__arena_alloc(&f->arena, sizeof *m);
    double *sums = fv__arena_alloc(&f->arena, 2 * (size_t)n * sizeof *sums);
    if (!m || !sums) return NULL;
    *m = (matrix){.counts = counts, .n = n, .names = names, .row = sums, .column = sums + n};
    add_up(m);
    return m;
}

fv_status fv__confusion_figure(fv_context *ctx, const int64_t *counts, int64_t classes,
                               const char *const *class_names, fv_figure *out) {
    fv__figure_init(out, ctx);
    if (classes < 1 || classes > CLASSES_MOST)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "a confusion matrix can be drawn for 1 to %d classes, not for %lld",
                        CLASSES_MOST, (long long)classes);
    const matrix *m = matrix_of(out, counts, (int)classes, class_names);
    if (!m) return FV_EXHAUSTED;
    out->side = m->n * cell_of(m->n);
    out->x_title = "predicted";
    out->x_title_above = true;
    out->y_title = "label";
    out->squares = (fv_squares){.rows = m->n,
                                .columns = m->n,
                                .source = m,
                                .square = square,
                                .tip = tip,
                                .longest = m->longest};
    headline(out, m);
    key(out, m);
    names(out, m);
    if (m->n <= SHARES_MOST) shares(out, m);
    note(out, m);
    return fv__figure_done(out);
}

fv_status fv__draw_confusion(fv_context *ctx, const int64_t *counts, int64_t classes,
                             const char *const *names_or_null, fv_canvas *out) {
    *out = (fv_canvas){0};
    fv_figure f;
    fv_status status = fv__confusion_figure(ctx, counts, classes, names_or_null, &f);
    if (status == FV_OK) status = fv__figure_canvas(ctx, &f, out);
    fv__figure_free(&f);
    return status;
}
