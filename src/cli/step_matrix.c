/* SPDX-License-Identifier: MIT */
/*
 * step_matrix.c - `fovea step --matrix`: a convolution as the matrix it is, and `--json`.
 */
#include "cli/step.h"
#include <string.h>

/* A matrix in as many blocks of columns as the terminal wants. */
static void put_blocks(fv_text *out, const fv_matrix *c, int columns) {
    fv_text whole = {0};
    fv__cli_put_grid(&whole, c, 2);
    if (whole.failed) out->failed = true;
    const char *row = whole.data ? whole.data : "";
    const size_t length = strcspn(row, "\n"),
                 number = length > 2 ? (length - 1) / (size_t)c->dims[1] : 1;
    const size_t room = columns > 0 ? (size_t)columns : length;
    const size_t fit = room > number + 2 ? (room - 1) / number : 1;
    for (size_t from = 0; length && from < (size_t)c->dims[1]; from += fit) {
        const size_t most = (size_t)c->dims[1] - from, n = fit < most ? fit : most;
        if (fit < (size_t)c->dims[1])
            fv__text_addf(out, "%scolumns %zu to %zu\n", from ? "\n" : "", from, from + n - 1);
        for (int64_t r = 0; r < c->dims[0]; r++) {
            fv__text_add(out, "  ");
            fv__text_addn(out, row + (size_t)r * (length + 1) + 2 + from * number, n * number - 1);
            fv__text_add(out, "\n");
        }
    }
    fv__text_free(&whole);
}

static void put_product(fv_text *out, const char *what, const fv_matrix *result, const char *is,
                        const fv_matrix *bias) {
    fv_matrix flat = *result;
    flat.rank = 1;
    flat.dims[0] = flat.count;
    fv__text_add(out, what);
    if (bias) {
        fv__text_add(out, " + bias ");
        fv__cli_put_matrix(out, bias);
    }
    fv__text_addf(out, " = %s = ", is);
    fv__cli_put_matrix(out, &flat);
    fv__text_add(out, "\n");
}

/* C', whose rows are the columns of C. */
static fv_status transposed(fv_context *ctx, const fv_matrix *c, fv_matrix **out) {
    FV_TRY(fv_matrix_new(ctx, 2, (const int64_t[]){c->dims[1], c->dims[0]}, out));
    for (int64_t i = 0; i < c->count; i++)
        (*out)->data[i % c->dims[1] * c->dims[0] + i / c->dims[1]] = c->data[i];
    return FV_OK;
}

fv_status fv__cli_step_matrix(fv_context *ctx, const fv_steps *s, int columns, fv_text *out) {
    const fv_matrix *c = s->matrix;
    fv_matrix *other = NULL;
    FV_TRY(transposed(ctx, c, &other));
    fv__text_addf(out,
                  "%s %s\n\nC, %lldx%lld: a row for every number of %s, a column for every "
                  "number of %s\n",
                  s->op, s->options, (long long)c->dims[0], (long long)c->dims[1],
                  s->transposed ? "x" : "y", s->transposed ? "y" : "x");
    put_blocks(out, c, columns);
    fv__text_addf(out, "\nC', %lldx%lld\n", (long long)other->dims[0], (long long)other->dims[1]);
    put_blocks(out, other, columns);
    fv__text_add(out, "\n");
    put_product(out, s->transposed ? "C' x" : "C x", s->y, "y", s->bias);
    put_product(out, s->transposed ? "C dy" : "C' dy", s->dx, "dx", NULL);
    fv_matrix_free(other);
    return FV_OK;
}

/* ------------------------------------------------------------------------------------- JSON --- */

static void json_window(const fv_steps *s, const fv_step_window *at, fv_json_writer *w) {
    const fv_matrix *map = s->transposed ? s->y : s->x;
    fv__json_open(w, NULL, '{');
    fv__json_add_ints(w, "place", (const int64_t[]){at->channel, at->row, at->column}, 3);
    fv__json_add_ints(w, "rows", (const int64_t[]){at->first_row, at->last_row}, 2);
    fv__json_add_ints(w, "columns", (const int64_t[]){at->first_column, at->last_column}, 2);
    if (at->winner >= 0) fv__json_add_int(w, "winner", at->winner);
    if (at->divisor > 0) fv__json_add_int(w, "divisor", at->divisor);
    fv__json_open(w, "terms", '[');
    for (int t = 0; t < at->term_count; t++) {
        const fv_step_term *term = &at->terms[t];
        fv__json_open(w, NULL, '{');
        fv__json_add_ints(w, "at", (const int64_t[]){term->channel, term->row, term->column}, 3);
        fv__json_add_bool(w, "padding", !term->inside);
        if (!s->transposed) fv__json_add_real(w, "x", fv__cli_term_value(map, term));
        if (s->w) fv__json_add_int(w, "weight", term->weight);
        if (s->w) fv__json_add_real(w, "w", s->w->data[term->weight]);
        fv__json_close(w);
    }
    fv__json_close(w);
    fv__json_close(w);
}

void fv__cli_step_json(const fv_steps *s, fv_text *out) {
    const struct {
        const char *name;
        const fv_matrix *m;
    } all[] = {{"x", s->x},   {"w", s->w},   {"bias", s->bias}, {"y", s->y},          {"dy", s->dy},
               {"dx", s->dx}, {"dw", s->dw}, {"db", s->dbias},  {"matrix", s->matrix}};
    fv_json_writer w = fv__json_writer(out, FV_JSON_ONE_LINE);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "op", s->op);
    fv__json_add_text(&w, "options", s->options);
    fv__json_add_bool(&w, "transposed", s->transposed);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].m) fv__cli_json_matrix(&w, all[i].name, all[i].m);
    fv__json_open(&w, "windows", '[');
    for (int i = 0; i < s->window_count; i++) json_window(s, s->windows[i], &w);
    fv__json_close(&w);
    fv__json_close(&w);
}
