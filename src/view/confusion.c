/* SPDX-License-Identifier: MIT */
/*
 * confusion.c - which class was taken for which. Rows are the true classes, columns what was said.
 *
 * What is right is expected, so the diagonal is a quiet blue; mistakes are orange, the stronger the
 * larger their share of the row, and stand out even when they are few.
 */
#include "view/parts.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    CLASSES_MOST = 4096,
    EDGE = 40,
    NAME_MOST = 230, /* pixels of a class name */
    FIRST_MISTAKES = 5
};

typedef struct matrix {
    const int64_t *counts;
    int n;
    const char *const *names;
    int cell, left, top;      /* of the squares */
    double *row, *column;     /* sums */
    double all, right, worst; /* worst: the largest share of a row that went wrong */
    fv_type text;             /* names */
} matrix;

static const fv_type title_type = {.scale = 2, .colour = FV_INK, .bold = true};
static const fv_type label_type = {.scale = 1.6, .colour = FV_MUTED};

static double count_at(const matrix *m, int truth, int said) {
    int64_t v = m->counts[(int64_t)truth * m->n + said];
    return v > 0 ? (double)v : 0;
}

static void add_up(matrix *m) {
    for (int i = 0; i < m->n; i++)
        for (int j = 0; j < m->n; j++) {
            double v = count_at(m, i, j);
            m->row[i] += v;
            m->column[j] += v;
            m->all += v;
            if (i == j) m->right += v;
        }
    for (int i = 0; i < m->n; i++)
        for (int j = 0; j < m->n; j++)
            if (i != j && m->row[i] > 0) m->worst = fmax(m->worst, count_at(m, i, j) / m->row[i]);
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

static fv_colour mistake(double t) {
    t = pow(t < 0 ? 0 : t > 1 ? 1 : t, 0.6); /* small shares are what one looks for */
    return t < 0.5 ? fv__mix(0xfdf0e6, 0xf3a26d, 2 * t) : fv__mix(0xf3a26d, 0xb93a04, 2 * t - 1);
}

static fv_colour colour_of(const matrix *m, int truth, int said) {
    double v = count_at(m, truth, said), share = m->row[truth] > 0 ? v / m->row[truth] : 0;
    if (truth == said) return fv__mix(0xeaf2f9, 0x9fc6e3, share);
    return v > 0 ? mistake(share / scale_of(m)) : FV_PAPER;
}

static char *share_text(char *out, double part, double whole) {
    if (!(whole > 0)) return strcpy(out, "-");
    fv__format(out, 32, "%.1f %%", 100 * part / whole);
    return out;
}

/* Counts are written when the longest fits its square. */
static double number_scale(const matrix *m) {
    char text[32];
    fv_type type = {.scale = 1};
    double widest = 1;
    for (int64_t i = 0; i < (int64_t)m->n * m->n; i++)
        if (m->counts[i] > 0)
            widest = fmax(widest, fv__type_width(&type, fv__commas(text, m->counts[i])));
    double scale = fmin((m->cell - 6) / widest, m->cell / 24.0);
    return scale < 0.9 ? 0 : fmin(scale, 1.6);
}

static void squares(fv_canvas *c, const matrix *m) {
    int inner = m->cell >= 8 ? m->cell - 1 : m->cell;
    int side = m->n * m->cell;
    if (m->cell >= 8) fv__canvas_rect(c, m->left - 1, m->top - 1, side + 1, side + 1, FV_FAINT);
    fv_type type = {.scale = number_scale(m)};
    for (int i = 0; i < m->n; i++)
        for (int j = 0; j < m->n; j++) {
            int x = m->left + j * m->cell, y = m->top + i * m->cell;
            fv_colour ground = colour_of(m, i, j);
            fv__canvas_rect(c, x, y, inner, inner, ground);
            int64_t v = m->counts[(int64_t)i * m->n + j];
            if (v <= 0 || type.scale == 0) continue;
            char text[32];
            type.colour = fv__luminance(ground) < 0.5 ? 0xffffff : FV_INK;
            fv__commas(text, v);
            fv__canvas_type(c, x + (inner - fv__type_width(&type, text)) / 2,
                            y + inner / 2.0 - 5.5 * type.scale, &type, text);
        }
    if (m->cell < 8) fv__canvas_frame(c, m->left - 1, m->top - 1, side + 2, side + 2, FV_RULE);
}

/* Every how many classes a name is written. */
static int name_step(const matrix *m) {
    static const int steps[] = {1, 2, 5};
    for (int power = 1; power <= 10000; power *= 10)
        for (int k = 0; k < 3; k++)
            if (steps[k] * power * m->cell >= 13 * m->text.scale) return steps[k] * power;
    return m->n;
}

static double widest_name(const matrix *m) {
    double widest = 0;
    char number[32];
    for (int i = 0; i < m->n; i += name_step(m))
        widest = fmax(widest, fv__type_width(&m->text, name_of(m, i, number)));
    return fmin(widest, NAME_MOST);
}

static void names(fv_canvas *c, const matrix *m, bool upright) {
    char number[32], fit[FV_FIT_MAX];
    double half = m->cell / 2.0, height = 11 * m->text.scale;
    for (int i = 0; i < m->n; i += name_step(m)) {
        fv__type_fit(&m->text, name_of(m, i, number), NAME_MOST, fit);
        double w = fv__type_width(&m->text, fit);
        fv__canvas_type(c, m->left - 10 - w, m->top + i * m->cell + half - height / 2, &m->text,
                        fit);
        fv_type type = m->text;
        type.up = upright;
        double x = m->left + i * m->cell + half;
        if (upright)
            fv__canvas_type(c, x - height / 2, m->top - 10, &type, fit);
        else
            fv__canvas_type(c, x - w / 2, m->top - 8 - height, &type, fit);
    }
}

/* Of each true class how much was found, of each answer how much was right. */
static void shares(fv_canvas *c, const matrix *m) {
    char text[32];
    int side = m->n * m->cell;
    fv_type type = label_type;
    type.scale = fmin(1.4, m->cell / 14.0);
    bool below = fv__type_width(&type, "100.0 %") < m->cell;
    for (int i = 0; i < m->n; i++) {
        double middle = i * m->cell + m->cell / 2.0 - 5.5 * type.scale;
        share_text(text, count_at(m, i, i), m->row[i]);
        fv__canvas_type(c, m->left + side + 14, m->top + middle, &type, text);
        if (!below) continue;
        share_text(text, count_at(m, i, i), m->column[i]);
        double w = fv__type_width(&type, text);
        fv__canvas_type(c, m->left + i * m->cell + (m->cell - w) / 2, m->top + side + 12, &type,
                        text);
    }
    type.scale = 1.4;
    fv__canvas_type(c, m->left + side + 14, m->top - 28, &type, "found");
    if (below)
        fv__canvas_type(c, m->left - 10 - fv__type_width(&type, "right when said"),
                        m->top + side + 12, &type, "right when said");
}

static void key(fv_canvas *c, const matrix *m, int y) {
    char text[96];
    double x = m->left;
    fv__canvas_rect(c, (int)x, y, 30, 18, 0x9fc6e3);
    x += 40 + fv__canvas_type(c, x + 40, y - 1, &label_type, "right");
    x += 40;
    fv__canvas_type(c, x, y - 1, &label_type, "mistakes, share of the row: 0");
    x += fv__type_width(&label_type, "mistakes, share of the row: 0") + 12;
    for (int i = 0; i < 120; i++) fv__canvas_rect(c, (int)x + i, y, 1, 18, mistake(i / 119.0));
    fv__format(text, sizeof text, "%.1f %%", 100 * scale_of(m));
    fv__canvas_type(c, x + 132, y - 1, &label_type, text);
}

/* The pairs most often mistaken, in words. */
static void first_mistakes(fv_canvas *c, const matrix *m, int y) {
    double before = INFINITY, at = m->left;
    int last_i = -1, last_j = -1;
    for (int k = 0; k < FIRST_MISTAKES; k++) {
        double best = 0;
        int bi = 0, bj = 0;
        for (int i = 0; i < m->n; i++)
            for (int j = 0; j < m->n; j++) {
                double v = count_at(m, i, j);
                bool later =
                    v < before || (v == before && (i > last_i || (i == last_i && j > last_j)));
                if (i != j && v > best && later) best = v, bi = i, bj = j;
            }
        if (best == 0) break;
        char a[32], b[32], number[32], fa[FV_FIT_MAX], fb[FV_FIT_MAX], text[2 * FV_FIT_MAX + 64];
        fv__type_fit(&label_type, name_of(m, bi, a), 220, fa);
        fv__type_fit(&label_type, name_of(m, bj, b), 220, fb);
        snprintf(text, sizeof text, "%s%s as %s: %s", k ? "" : "Most often: ", fa, fb,
                 fv__commas(number, (int64_t)best));
        double w = fv__type_width(&label_type, text);
        if (at + w > c->width - EDGE) break;
        fv__canvas_type(c, at, y, &label_type, text);
        at += w + 32;
        before = best;
        last_i = bi;
        last_j = bj;
    }
}

static void headline(fv_canvas *c, const matrix *m) {
    char a[32], b[32], text[128];
    if (m->all > 0 && m->all < 1e15)
        fv__format(text, sizeof text, "%s of %s right: %.2f %%", fv__commas(a, (int64_t)m->right),
                   fv__commas(b, (int64_t)m->all), 100 * m->right / m->all);
    else
        snprintf(text, sizeof text, m->all > 0 ? "Confusion matrix" : "Nothing counted yet");
    fv__canvas_type(c, EDGE, EDGE - 10, &title_type, text);
}

static fv_status draw(fv_context *ctx, matrix *m, fv_canvas *out) {
    int n = m->n;
    m->cell = n <= 8 ? 96 : n <= 56 ? 900 / n : n <= 128 ? 16 : 2048 / n;
    if (m->cell < 1) m->cell = 1;
    m->text = (fv_type){.scale = fmax(1, fmin(1.6, m->cell / 13.0)), .colour = FV_INK};
    double widest = widest_name(m);
    bool upright = widest > m->cell - 6;
    bool margins = m->cell >= 14;
    m->left = EDGE + 34 + (int)fmax(widest, margins && m->cell > 70 ? 140 : 0) + 10;
    m->top = EDGE + 84 + (upright ? (int)widest : 22) + 10;
    int side = n * m->cell, width = m->left + side + EDGE + (margins ? 96 : 0);
    if (width < 900) width = 900;
    int below = m->top + side + (margins ? 40 : 10) + 14;
    FV_TRY(fv__canvas_new(ctx, width, below + 86 + EDGE / 2, FV_PAPER, out));
    headline(out, m);
    fv_type up = label_type;
    up.up = true;
    double w = fv__type_width(&label_type, "said");
    fv__canvas_type(out, m->left + (side - w) / 2, EDGE + 46, &label_type, "said");
    w = fv__type_width(&up, "true class");
    fv__canvas_type(out, m->left - 10 - (int)widest - 34, m->top + (side + w) / 2, &up,
                    "true class");
    squares(out, m);
    names(out, m, upright);
    if (margins) shares(out, m);
    key(out, m, below);
    first_mistakes(out, m, below + 40);
    return FV_OK;
}

fv_status fv__draw_confusion(fv_context *ctx, const int64_t *counts, int64_t classes,
                             const char *const *names_or_null, fv_canvas *out) {
    *out = (fv_canvas){0};
    if (classes < 1 || classes > CLASSES_MOST)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "a confusion matrix can be drawn for 1 to %d classes, not for %lld",
                        CLASSES_MOST, (long long)classes);
    matrix m = {.counts = counts, .n = (int)classes, .names = names_or_null};
    double *sums = fv__alloc(ctx, 2 * (size_t)classes * sizeof *sums, "sums of a confusion matrix");
    if (!sums) return FV_EXHAUSTED;
    m.row = sums;
    m.column = sums + classes;
    add_up(&m);
    fv_status status = draw(ctx, &m, out);
    fv__free(sums);
    return status;
}
