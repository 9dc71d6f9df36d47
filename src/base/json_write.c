/* SPDX-License-Identifier: MIT */
/*
 * json_write.c - JSON written, one value after the other.
 */
#include "base/json_write.h"

#include <inttypes.h>
#include <math.h>

fv_json_writer fv__json_writer(fv_text *out, int lines) {
    return (fv_json_writer){.out = out, .lines = lines};
}

/* A line of its own, indented by two for each bracket around it. */
static void break_line(fv_json_writer *w) {
    fv__text_add(w->out, "\n");
    for (int i = 0; i < w->depth; i++) fv__text_add(w->out, "  ");
}

/* What comes before a value: a comma, a line, its name. */
static void start(fv_json_writer *w, const char *name, bool bracket) {
    if (w->depth > 0) {
        const int at = w->depth - 1;
        const bool line = w->depth <= w->lines && (w->bracket[at] == '{' || bracket);
        if (w->any[at]) fv__text_add(w->out, line || w->lines < 0 ? "," : ", ");
        if (line) break_line(w);
        w->any[at] = true;
    }
    if (name == NULL) return;
    fv__text_json(w->out, name);
    fv__text_add(w->out, w->lines < 0 ? ":" : ": ");
}

void fv__json_open(fv_json_writer *w, const char *name, char bracket) {
    if (w->depth == FV_JSON_DEPTH) {
        w->out->failed = true;
        return;
    }
    start(w, name, true);
    fv__text_addn(w->out, &bracket, 1);
    w->any[w->depth] = false;
    w->bracket[w->depth++] = bracket;
}

void fv__json_close(fv_json_writer *w) {
    if (w->depth == 0) {
        w->out->failed = true;
        return;
    }
    const bool object = w->bracket[--w->depth] == '{';
    const fv_text *t = w->out; /* the last item's line tells whether the bracket has one, too */
    const char last = t->length > 0 && t->data != NULL ? t->data[t->length - 1] : ' ';
    const bool lines = object || last == '}' || last == ']';
    if (w->depth < w->lines && w->any[w->depth] && lines) break_line(w);
    fv__text_add(w->out, object ? "}" : "]");
    if (w->depth == 0 && w->lines >= 0) fv__text_add(w->out, "\n");
}

void fv__json_add_text(fv_json_writer *w, const char *name, const char *value) {
    start(w, name, false);
    if (value != NULL)
        fv__text_json(w->out, value);
    else
        fv__text_add(w->out, "null");
}

void fv__json_add_int(fv_json_writer *w, const char *name, int64_t value) {
    start(w, name, false);
    fv__text_addf(w->out, "%" PRId64, value);
}

void fv__json_add_real(fv_json_writer *w, const char *name, double value) {
    start(w, name, false);
    fv__text_number(w->out, value);
}

void fv__json_add_rounded(fv_json_writer *w, const char *name, double value, int decimals) {
    start(w, name, false);
    if (isfinite(value))
        fv__text_addf(w->out, "%.*f", decimals, value);
    else
        fv__text_add(w->out, "null");
}

void fv__json_add_bool(fv_json_writer *w, const char *name, bool value) {
    start(w, name, false);
    fv__text_add(w->out, value ? "true" : "false");
}

void fv__json_add_ints(fv_json_writer *w, const char *name, const int64_t *values, int count) {
    fv__json_open(w, name, '[');
    for (int i = 0; i < count; i++) fv__json_add_int(w, NULL, values[i]);
    fv__json_close(w);
}
