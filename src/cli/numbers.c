/* SPDX-License-Identifier: MIT */
/*
 * numbers.c - matrices on the command line.
 */
#include "cli/numbers.h"
#include <string.h>

#define NUMBER_TEXT 32

/* At most six digits; never "-0". */
static char *number_text(char out[NUMBER_TEXT], double v) {
    (void)fv__format(out, NUMBER_TEXT, "%.6g", v == 0 ? 0.0 : v);
    return out;
}

bool fv__cli_is_numbers(const char *text, size_t size) {
    size_t i = 0;
    while (i < size && text[i] && strchr(" \t\r\n", text[i])) i++;
    while (i < size && text[i] && strchr("+-.[", text[i])) i++;
    return i < size && text[i] >= '0' && text[i] <= '9';
}

void fv__cli_put_number(fv_text *out, double v) {
    char text[NUMBER_TEXT];
    fv__text_add(out, number_text(text, v));
}

/* How many dimensions end before number i, which is a multiple of their sizes. */
static int ends(const fv_matrix *m, int64_t i) {
    int n = 0;
    int64_t size = 1;
    for (int d = m->rank - 1; d >= 0; d--) {
        size *= m->dims[d];
        if (i % size != 0) break;
        n++;
    }
    return n;
}

static void brackets(fv_text *out, char bracket, int count) {
    while (count-- > 0) fv__text_addf(out, "%c", bracket);
}

void fv__cli_put_matrix(fv_text *out, const fv_matrix *m) {
    for (int64_t i = 0; i < m->count; i++) {
        const int open = i ? ends(m, i) : m->rank;
        if (i) brackets(out, ']', open);
        if (i) fv__text_add(out, ", ");
        brackets(out, '[', open);
        fv__cli_put_number(out, m->data[i]);
    }
    brackets(out, ']', m->rank);
}

void fv__cli_put_grid(fv_text *out, const fv_matrix *m, int indent) {
    const int64_t columns = m->dims[m->rank - 1], rows = m->rank > 1 ? m->dims[m->rank - 2] : 1;
    char text[NUMBER_TEXT];
    int width = 1;
    for (int64_t i = 0; i < m->count; i++) {
        const int n = (int)strlen(number_text(text, m->data[i]));
        if (n > width) width = n;
    }
    for (int64_t i = 0; i < m->count; i++) {
        if (i && i % (rows * columns) == 0) fv__text_add(out, "\n");
        if (i % columns == 0) fv__text_addf(out, "%*s", indent, "");
        fv__text_addf(out, "%*s%s", width, number_text(text, m->data[i]),
                      (i + 1) % columns ? " " : "\n");
    }
}

void fv__cli_json_matrix(fv_json_writer *w, const char *name, const fv_matrix *m) {
    for (int64_t i = 0; i < m->count; i++) {
        const int open = i ? ends(m, i) : m->rank;
        for (int k = 0; i && k < open; k++) fv__json_close(w);
        for (int k = 0; k < open; k++) fv__json_open(w, i || k ? NULL : name, '[');
        fv__json_add_real(w, NULL, m->data[i]);
    }
    for (int k = 0; k < m->rank; k++) fv__json_close(w);
}
