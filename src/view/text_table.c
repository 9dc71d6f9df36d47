/* SPDX-License-Identifier: MIT */
/*
 * text_table.c - tables for a terminal and for Markdown. (The report draws them too: report.c.)
 *
 * Where a table is wider than it may be, columns that can be spared go, the least important first,
 * and come back where there is still room; then the widest text is broken into several lines.
 */
#include "base/printable.h"
#include "view/parts.h"
#include <stdio.h>
#include <string.h>

#define BETWEEN 2 /* blanks, columns */
#define NARROW  8 /* letters: no column of text is made narrower */

fv_status fv__table_new(fv_context *ctx, fv_table **out) {
    *out = fv__alloc(ctx, sizeof **out, "a table");
    if (!*out) return FV_EXHAUSTED;
    (*out)->ctx = (*out)->heads.ctx = (*out)->cells.ctx = ctx;
    return FV_OK;
}

void fv__table_free(fv_table *t) {
    if (!t) return;
    fv__text_free(&t->heads);
    fv__text_free(&t->cells);
    fv__free(t->column);
    fv__free(t->rules);
    fv__free(t);
}

/* A text of its own, on one line: a cell must not break its row. */
static void add_line(fv_text *to, const char *text) {
    fv_text line = {.ctx = to->ctx};
    fv__text_printable(&line, text, "\n\r\t");
    for (size_t i = 0; i < line.length; i++)
        if (strchr("\n\r\t", line.data[i])) line.data[i] = ' ';
    if (line.failed) to->failed = true;
    if (line.length) fv__text_addn(to, line.data, line.length);
    fv__text_addn(to, "", 1); /* its 0 */
    fv__text_free(&line);
}

void fv__table_column(fv_table *t, const char *head, bool right) {
    if (t->failed || t->count) return;
    void *items = t->column;
    const fv_status status =
        fv__grow(t->ctx, &items, &t->column_capacity, t->columns + 1, sizeof *t->column, "a table");
    t->column = items;
    if (status != FV_OK) {
        t->failed = true;
        return;
    }
    t->column[t->columns++] = (fv_table_column){.right = right};
    add_line(&t->heads, head);
}

void fv__table_advice(fv_table *t, const char *advice) {
    t->advice = advice;
}

void fv__table_spare(fv_table *t, int order) {
    if (!t->failed && t->columns && !t->count) t->column[t->columns - 1].spare = order;
}

void fv__table_cell(fv_table *t, const char *text) {
    if (t->failed || !t->columns) return;
    add_line(&t->cells, text ? text : "");
    t->count++;
}

void fv__table_cellf(fv_table *t, const char *format, ...) {
    char few[256];
    va_list args;
    va_start(args, format);
    int n = fv__vformat(few, sizeof few, format, args);
    va_end(args);
    if (n < 0 || t->failed) {
        t->failed = true;
        return;
    }
    if ((size_t)n < sizeof few) {
        fv__table_cell(t, few);
        return;
    }
    char *many = fv__alloc(t->ctx, (size_t)n + 1, "a table's cell");
    if (!many) {
        t->failed = true;
        return;
    }
    va_start(args, format);
    fv__vformat(many, (size_t)n + 1, format, args);
    va_end(args);
    fv__table_cell(t, many);
    fv__free(many);
}

void fv__table_rule(fv_table *t) {
    if (t->failed || !t->columns || !t->count) return;
    size_t rows = (t->count + t->columns - 1) / t->columns;
    if (fv__grow(t->ctx, (void **)&t->rules, &t->rule_capacity, t->rule_count + 1, sizeof *t->rules,
                 "a table") != FV_OK)
        t->failed = true;
    else
        t->rules[t->rule_count++] = rows;
}

/* The characters that mean something to Markdown inside a cell, after a backslash. "(3*3*64)*128"
   would otherwise lose its stars. */
static void add_markdown(fv_text *out, const char *s) {
    for (; *s; s++) {
        if (strchr("\\`*_[]<>|~#$&", *s)) fv__text_add(out, "\\");
        fv__text_addn(out, s, 1);
    }
}

static void markdown_row(const fv_table *t, const char **cell, size_t have, fv_text *out) {
    for (size_t c = 0; c < t->columns; c++) {
        fv__text_add(out, "| ");
        if (c < have) {
            add_markdown(out, *cell);
            *cell += strlen(*cell) + 1;
        }
        fv__text_add(out, " ");
    }
    fv__text_add(out, "|\n");
}

static void markdown(const fv_table *t, fv_text *out) {
    const char *cell = t->heads.data;
    markdown_row(t, &cell, t->columns, out);
    for (size_t c = 0; c < t->columns; c++)
        fv__text_add(out, t->column[c].right ? "| ---: " : "| --- ");
    fv__text_add(out, "|\n");
    cell = t->cells.data;
    for (size_t i = 0; i < t->count; i += t->columns) markdown_row(t, &cell, t->count - i, out);
}

/* --- as plain text ---------------------------------------------------------------------------- */

/* The table with its cells found and its columns' widths. */
typedef struct layout {
    const fv_table *t;
    const char **heads, **cells; /* what of each is still to be written */
    int *width;                  /* of each column; LEFT_OUT */
} layout;

#define LEFT_OUT (-1)

static int total_width(const layout *l) {
    int sum = -BETWEEN;
    for (size_t c = 0; c < l->t->columns; c++)
        if (l->width[c] != LEFT_OUT) sum += l->width[c] + BETWEEN;
    return sum;
}

static int natural_width(const layout *l, size_t column) {
    int most = fv__utf8_columns(l->heads[column]);
    for (size_t i = column; i < l->t->count; i += l->t->columns) {
        const int w = fv__utf8_columns(l->cells[i]);
        if (w > most) most = w;
    }
    return most;
}

static void leave_out(layout *l, int room) {
    const int columns = (int)l->t->columns;
    for (int order = 1; order <= columns; order++)
        for (int c = 0; c < columns && total_width(l) > room; c++)
            if (l->t->column[c].spare == order) l->width[c] = LEFT_OUT;
    for (int order = columns; order >= 1; order--)
        for (int c = 0; c < columns; c++) {
            if (l->t->column[c].spare != order || l->width[c] != LEFT_OUT) continue;
            l->width[c] = natural_width(l, (size_t)c);
            if (total_width(l) > room) l->width[c] = LEFT_OUT;
        }
}

static void break_texts(layout *l, int room) {
    for (int over = total_width(l) - room; over > 0; over--) {
        int widest = -1;
        for (int c = 0; c < (int)l->t->columns; c++)
            if (!l->t->column[c].right && l->width[c] > NARROW &&
                (widest < 0 || l->width[c] > l->width[widest]))
                widest = c;
        if (widest < 0) return; /* numbers are not broken */
        l->width[widest]--;
    }
}

static void pad(fv_text *out, int n) {
    for (; n > 0; n -= 16) fv__text_addn(out, "                ", n < 16 ? (size_t)n : 16);
}

/* How many bytes of a text go into a line of so many letters: all, up to the last blank, or as many
   as there is room for, one letter at least. */
static size_t piece(const char *text, int width, int *wide) {
    const char *s = text, *end = text, *blank = NULL;
    int before_blank = 0;
    *wide = 0;
    while (*s) {
        const char *from = s;
        const int letter = fv__letter_columns(fv__utf8_next(&s));
        if (*wide + letter > width && end > text) {
            if (*from == ' ' || !blank) break;
            *wide = before_blank;
            return (size_t)(blank - text);
        }
        if (*from == ' ' && end > text) blank = from, before_blank = *wide;
        *wide += letter;
        end = s;
    }
    return (size_t)(end - text);
}

/* One line of a row, without blanks at its end; moves each text on. False: nothing was left. */
static bool line_of_row(const layout *l, const char **texts, size_t have, fv_text *out) {
    int owed = 0; /* blanks before the next letter */
    bool any = false;
    for (size_t c = 0; c < l->t->columns && c < have; c++) {
        if (l->width[c] == LEFT_OUT) continue;
        int wide;
        const size_t n = piece(texts[c], l->width[c], &wide);
        const int spare = l->width[c] - wide;
        if (n) {
            any = true;
            pad(out, owed + (l->t->column[c].right ? spare : 0));
            fv__text_addn(out, texts[c], n);
            owed = l->t->column[c].right ? 0 : spare;
            texts[c] += n;
            texts[c] += strspn(texts[c], " ");
        } else {
            owed += l->width[c];
        }
        owed += BETWEEN;
    }
    if (any) fv__text_add(out, "\n");
    return any;
}

static void row(const layout *l, const char **texts, size_t have, fv_text *out) {
    if (!line_of_row(l, texts, have, out)) fv__text_add(out, "\n");
    while (line_of_row(l, texts, have, out)) continue;
}

static void rule(int length, fv_text *out) {
    for (int i = 0; i < length; i++) fv__text_add(out, "\xe2\x94\x80");
    fv__text_add(out, "\n");
}

/* Where the first column is left out, the word for a row ("total") moves into the next one that is
   free for it. */
static void move_labels(layout *l) {
    size_t to = 0;
    while (to < l->t->columns && l->width[to] == LEFT_OUT) to++;
    for (size_t i = 0; to > 0 && to < l->t->columns && i + to < l->t->count; i += l->t->columns)
        if (!*l->cells[i + to]) l->cells[i + to] = l->cells[i];
}

static void rows(const layout *l, fv_text *out) {
    const fv_table *t = l->t;
    const int length = total_width(l);
    row(l, l->heads, t->columns, out);
    rule(length, out);
    size_t next = 0;
    for (size_t i = 0, n = 1; i < t->count; i += t->columns, n++) {
        row(l, l->cells + i, t->count - i, out);
        for (; next < t->rule_count && t->rules[next] <= n; next++)
            if (next == 0 || t->rules[next - 1] != n) rule(length, out);
    }
}

static void name_missing(const layout *l, int room, fv_text *out) {
    fv_text line = {.ctx = out->ctx};
    const char *before = "Left out for want of room: ", *head = l->t->heads.data;
    for (size_t c = 0; c < l->t->columns; c++, head += strlen(head) + 1) {
        if (l->width[c] != LEFT_OUT) continue;
        fv__text_addf(&line, "%s%s", before, head);
        before = ", ";
    }
    if (*before == ',') fv__text_add(&line, l->t->advice ? l->t->advice : ".");
    if (line.failed) out->failed = true;
    if (line.length) fv__text_wrapped(out, line.data, 0, (size_t)room);
    fv__text_free(&line);
}

static void free_layout(layout *l) {
    fv__free(l->heads);
    fv__free(l->cells);
    fv__free(l->width);
}

static fv_status new_layout(fv_context *ctx, const fv_table *t, layout *l) {
    if (t->failed || t->heads.failed || t->cells.failed)
        return fv__fail_memory(ctx, t->cells.length, "a table");
    *l = (layout){.t = t};
    l->heads = fv__alloc(ctx, t->columns * sizeof *l->heads, "a table's columns");
    l->cells = fv__alloc(ctx, t->count * sizeof *l->cells, "a table's cells");
    l->width = fv__alloc(ctx, t->columns * sizeof *l->width, "a table's columns");
    if (!l->heads || !l->cells || !l->width) {
        free_layout(l);
        return FV_EXHAUSTED;
    }
    const char *text = t->heads.data;
    for (size_t c = 0; c < t->columns; c++, text += strlen(text) + 1) l->heads[c] = text;
    text = t->cells.data;
    for (size_t i = 0; i < t->count; i++, text += strlen(text) + 1) l->cells[i] = text;
    for (size_t c = 0; c < t->columns; c++) l->width[c] = natural_width(l, c);
    return FV_OK;
}

fv_status fv__table_width(fv_context *ctx, const fv_table *t, int *out) {
    layout l = {0};
    *out = 0;
    FV_TRY(new_layout(ctx, t, &l));
    for (size_t c = 0; c < t->columns; c++)
        if (t->column[c].spare) l.width[c] = LEFT_OUT;
    *out = total_width(&l);
    free_layout(&l);
    return FV_OK;
}

fv_status fv__table_text(fv_context *ctx, const fv_table *t, int room, fv_text *out) {
    layout l = {0};
    FV_TRY(new_layout(ctx, t, &l));
    if (t->columns && room > 0) {
        leave_out(&l, room);
        move_labels(&l);
        break_texts(&l, room);
    }
    if (t->columns) {
        rows(&l, out);
        name_missing(&l, room, out);
    }
    free_layout(&l);
    return fv__text_done(ctx, out);
}

fv_status fv__table_markdown(fv_context *ctx, const fv_table *t, fv_text *out) {
    if (t->failed || t->heads.failed || t->cells.failed)
        return fv__fail_memory(ctx, t->cells.length, "a table");
    if (t->columns) markdown(t, out);
    return fv__text_done(ctx, out);
}
