/* SPDX-License-Identifier: MIT */
/*
 * table.c - tables for a terminal and for Markdown. (The report draws them too: report.c.)
 */
#include "view/parts.h"
#include <stdio.h>
#include <string.h>

#define BETWEEN "  " /* columns */

fv_status fv__table_new(fv_context *ctx, fv_table **out) {
    *out = fv__alloc(ctx, sizeof **out, "a table");
    if (!*out) return FV_EXHAUSTED;
    (*out)->ctx = ctx;
    return FV_OK;
}

void fv__table_free(fv_table *t) {
    if (!t) return;
    fv__text_free(&t->heads);
    fv__text_free(&t->cells);
    fv__free(t->right);
    fv__free(t->rules);
    fv__free(t);
}

/* One line, whatever the text holds: a cell must not break its row. */
static void add_line(fv_text *to, const char *text) {
    while (*text) {
        size_t n = strcspn(text, "\n\r\t");
        fv__text_addn(to, text, n);
        text += n;
        if (*text) {
            fv__text_add(to, " ");
            text++;
        }
    }
    fv__text_addn(to, "", 1); /* its 0 */
}

void fv__table_column(fv_table *t, const char *head, bool right) {
    if (t->failed || t->count) return;
    if (fv__grow(t->ctx, (void **)&t->right, &t->right_capacity, t->columns + 1, sizeof *t->right,
                 "a table") != FV_OK) {
        t->failed = true;
        return;
    }
    t->right[t->columns++] = right;
    add_line(&t->heads, head);
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
    for (size_t c = 0; c < t->columns; c++) fv__text_add(out, t->right[c] ? "| ---: " : "| --- ");
    fv__text_add(out, "|\n");
    cell = t->cells.data;
    for (size_t i = 0; i < t->count; i += t->columns) markdown_row(t, &cell, t->count - i, out);
}

static void widen(const fv_table *t, const char *cell, size_t count, int *width) {
    for (size_t i = 0; i < count; i++, cell += strlen(cell) + 1) {
        int w = fv__utf8_columns(cell);
        if (w > width[i % t->columns]) width[i % t->columns] = w;
    }
}

static void pad(fv_text *out, int n) {
    for (; n > 0; n -= 16) fv__text_addn(out, "                ", n < 16 ? (size_t)n : 16);
}

/* A row without blanks at its end. */
static void plain_row(const fv_table *t, const int *width, const char **cell, size_t have,
                      fv_text *out) {
    int owed = 0; /* blanks before the next letter */
    for (size_t c = 0; c < t->columns && c < have; c++) {
        int spare = width[c] - fv__utf8_columns(*cell);
        if (**cell) {
            pad(out, owed + (t->right[c] ? spare : 0));
            fv__text_add(out, *cell);
            owed = (t->right[c] ? 0 : spare);
        } else {
            owed += width[c];
        }
        owed += (int)strlen(BETWEEN);
        *cell += strlen(*cell) + 1;
    }
    fv__text_add(out, "\n");
}

static void rule(int length, fv_text *out) {
    for (int i = 0; i < length; i++) fv__text_add(out, "\xe2\x94\x80");
    fv__text_add(out, "\n");
}

static fv_status plain(fv_context *ctx, const fv_table *t, fv_text *out) {
    int *width = fv__alloc(ctx, t->columns * sizeof *width, "a table's columns");
    if (!width) return FV_EXHAUSTED;
    widen(t, t->heads.data, t->columns, width);
    widen(t, t->cells.data, t->count, width);
    int length = -(int)strlen(BETWEEN);
    for (size_t c = 0; c < t->columns; c++) length += width[c] + (int)strlen(BETWEEN);
    const char *cell = t->heads.data;
    plain_row(t, width, &cell, t->columns, out);
    rule(length, out);
    cell = t->cells.data;
    size_t next = 0;
    for (size_t i = 0, row = 1; i < t->count; i += t->columns, row++) {
        plain_row(t, width, &cell, t->count - i, out);
        for (; next < t->rule_count && t->rules[next] <= row; next++)
            if (next == 0 || t->rules[next - 1] != row) rule(length, out);
    }
    fv__free(width);
    return FV_OK;
}

fv_status fv__table_text(fv_context *ctx, const fv_table *t, bool as_markdown, fv_text *out) {
    if (t->failed || t->heads.failed || t->cells.failed)
        return fv__fail_memory(ctx, t->cells.length, "a table");
    if (!t->columns) return FV_OK;
    if (as_markdown)
        markdown(t, out);
    else
        FV_TRY(plain(ctx, t, out));
    return fv__text_done(ctx, out);
}
