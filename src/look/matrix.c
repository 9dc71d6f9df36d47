/* SPDX-License-Identifier: MIT */
/*
 * matrix.c - numbers in rows from text.
 */
#include "look/matrix.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBERS_MAX ((int64_t)1 << 24)

typedef struct reader {
    fv_context *ctx;
    const char *text, *at;
    double *data;
    size_t count, capacity;
    int rank;                  /* of the first number found; 0: none yet */
    int64_t dims[FV_DIMS_MAX]; /* of the first row of each depth; 0: not known yet */
} reader;

static fv_status wrong(const reader *r, const char *what) {
    char found[24];
    size_t n = 0;
    while (r->at[n] && n < sizeof found - 1 && !strchr(" \t\r\n,;[]", r->at[n])) n++;
    if (!n && *r->at) n = 1;
    snprintf(found, sizeof found, "%.*s", (int)n, r->at);
    return fv__fail(r->ctx, FV_BAD_INPUT,
                    "numbers are written [[1,2],[3,4]] or \"1,2; 3,4\"; at character %lld %s "
                    "expected, not %s%s%s",
                    (long long)(r->at - r->text) + 1, what, n ? "'" : "the end", found,
                    n ? "'" : "");
}

static void skip_blanks(reader *r, bool lines) {
    while (*r->at == ' ' || *r->at == '\t' || *r->at == '\r' || (lines && *r->at == '\n')) r->at++;
}

/* 3, -0.5, 1/9; nothing but what ends a number may follow. */
static fv_status number(reader *r) {
    const char *start = r->at;
    double v, by = 1;
    bool good = fv__read_real(&r->at, &v);
    if (good && *r->at == '/') {
        r->at++;
        good = fv__read_real(&r->at, &by) && by != 0;
    }
    if (!good || !isfinite(v / by) || (*r->at && !strchr(" \t\r\n,;[]", *r->at))) {
        r->at = start;
        return wrong(r, "a number is");
    }
    if ((int64_t)r->count >= NUMBERS_MAX)
        return fv__fail(r->ctx, FV_BAD_INPUT, "more than %lld numbers", (long long)NUMBERS_MAX);
    FV_TRY(fv__grow(r->ctx, (void **)&r->data, &r->capacity, r->count + 1, sizeof *r->data,
                    "a matrix"));
    r->data[r->count++] = v / by;
    return FV_OK;
}

/* A row, or a list of them, has ended with so many entries. */
static fv_status end_row(reader *r, int depth, int64_t entries) {
    if (!r->dims[depth]) r->dims[depth] = entries;
    if (r->dims[depth] == entries) return FV_OK;
    return fv__fail(r->ctx, FV_BAD_INPUT,
                    "rows of one matrix are equally long, but up to character %lld there is one of "
                    "%lld behind one of %lld",
                    (long long)(r->at - r->text), (long long)entries, (long long)r->dims[depth]);
}

/* [ … ] at a depth. */
static fv_status brackets(reader *r, int depth) {
    int64_t entries = 0;
    r->at++;
    for (;; entries++) {
        skip_blanks(r, true);
        if (entries && *r->at == ',') {
            r->at++;
            skip_blanks(r, true);
        } else if (entries && *r->at == ']') {
            r->at++;
            return end_row(r, depth, entries);
        }
        if (*r->at == '[') {
            if (r->rank && depth + 1 >= r->rank) return wrong(r, "a number is");
            if (depth + 1 >= FV_DIMS_MAX)
                return fv__fail(r->ctx, FV_BAD_INPUT, "brackets nest at most %d deep", FV_DIMS_MAX);
            FV_TRY(brackets(r, depth + 1));
            continue;
        }
        if (r->rank && r->rank != depth + 1) return wrong(r, "'[' is");
        FV_TRY(number(r));
        r->rank = depth + 1;
    }
}

/* 0,1,0; 1,-4,1: a row ends at ';' or with its line. */
static fv_status lines(reader *r) {
    int64_t rows = 0, entries = 0;
    for (;;) {
        skip_blanks(r, false);
        if (*r->at == 0 || *r->at == ';' || *r->at == '\n') {
            if (entries) {
                FV_TRY(end_row(r, 1, entries));
                rows++;
            }
            entries = 0;
            if (*r->at == 0) break;
            r->at++;
            continue;
        }
        if (entries && *r->at == ',') {
            r->at++;
            skip_blanks(r, false);
        }
        FV_TRY(number(r));
        entries++;
    }
    if (!rows) return wrong(r, "a number is");
    r->rank = 2;
    r->dims[0] = rows;
    if (rows > 1 && r->dims[1] > 1) return FV_OK;
    r->rank = 1;
    r->dims[0] = (int64_t)r->count;
    return FV_OK;
}

static fv_status read(reader *r) {
    skip_blanks(r, true);
    if (*r->at != '[') return lines(r);
    FV_TRY(brackets(r, 0));
    skip_blanks(r, true);
    return *r->at ? wrong(r, "the end is") : FV_OK;
}

fv_status fv__matrix_parse(fv_context *ctx, const char *text, fv_matrix **out) {
    reader r = {.ctx = ctx, .text = text, .at = text};
    fv_status status = read(&r);
    *out = NULL;
    if (status == FV_OK) status = fv__matrix_new(ctx, r.rank, r.dims, out);
    if (status == FV_OK && r.data) memcpy((*out)->data, r.data, r.count * sizeof *r.data);
    fv__free(r.data);
    return status;
}

fv_status fv__matrix_new(fv_context *ctx, int rank, const int64_t *dims, fv_matrix **out) {
    fv_shape shape = {.rank = rank};
    size_t bytes;
    memcpy(shape.dim, dims, (size_t)rank * sizeof *dims);
    const int64_t count = fv__shape_count(&shape);
    *out = NULL;
    if (count < 0 || !fv__mul_size((size_t)count, sizeof(double), &bytes) ||
        !fv__add_size(bytes, sizeof **out, &bytes))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "a matrix of that size has more numbers than this "
                        "machine can address");
    fv_matrix *m = fv__alloc(ctx, bytes, "a matrix");
    if (!m) return FV_EXHAUSTED;
    *m = (fv_matrix){.rank = rank, .count = count, .data = (double *)(m + 1)};
    memcpy(m->dims, dims, (size_t)rank * sizeof *dims);
    *out = m;
    return FV_OK;
}

void fv__matrix_free(fv_matrix *matrix) {
    fv__free(matrix);
}

char *fv__matrix_dims(char *out, const fv_matrix *m) {
    fv_shape shape = {.rank = m->rank};
    memcpy(shape.dim, m->dims, sizeof shape.dim);
    return fv__dims_text(out, &shape);
}
