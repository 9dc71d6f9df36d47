/* SPDX-License-Identifier: MIT */
/*
 * weights_report.c - what came of weights=FILE, in words and as JSON.
 */
#include "cli/weights_report.h"
#include <string.h>

#define NAMES_SHOWN 3

static const char *way(const fv_weight_report *r) {
    return r->match == FV_MATCH_ORDER ? "order" : r->mapped ? "map" : "name";
}

#define LEFT 9 /* columns of the words in front */

/* "  ignored    21: bn1.num_batches_tracked, … and 18 more" */
static void add_names(fv_text *out, const char *what, const char *const *names, int count,
                      const char *why) {
    if (!count) return;
    fv_text line = {0};
    fv__text_addf(&line, "%d%s: ", count, why);
    for (int i = 0; i < count && i < NAMES_SHOWN; i++)
        fv__text_addf(&line, "%s%s", i ? ", " : "", names[i]);
    if (count > NAMES_SHOWN) fv__text_addf(&line, " and %d more", count - NAMES_SHOWN);
    fv__cli_entry(out, what, LEFT, line.data ? line.data : "");
    fv__text_free(&line);
}

static void add_count(fv_text *out, const char *what, int count, const char *why) {
    char line[128];
    if (!count) return;
    snprintf(line, sizeof line, "%d %s", count, why);
    fv__cli_entry(out, what, LEFT, line);
}

/* How long the name of a tensor's layer is: all before the last dot. */
static size_t layer(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot ? (size_t)(dot - name) : strlen(name);
}

/* The first whose layer is called otherwise, prefixes apart, for an example. */
static const fv_weight_pair *example(const fv_weight_report *r) {
    for (int i = 0; i < r->matched; i++) {
        const fv_weight_pair *p = r->pairs[i];
        const size_t ours = layer(p->parameter), theirs = layer(p->tensor);
        if (theirs < ours || memcmp(p->tensor + theirs - ours, p->parameter, ours) != 0) return p;
    }
    return NULL;
}

void fv__cli_weights_text(fv_text *out, const fv_weight_report *r) {
    const fv_weight_pair *pair = example(r);
    char mapped[64] = "";
    if (r->match == FV_MATCH_NAME && r->mapped)
        snprintf(mapped, sizeof mapped, ", %d of them by the map", r->mapped);
    fv__cli_sentence(out, "%s: %d of %d tensors matched by %s%s", r->file, r->matched,
                     r->parameters, r->match == FV_MATCH_ORDER ? "their order" : "name", mapped);
    if (pair) {
        fv_text line = {0};
        fv__text_addf(&line, "%s, here %s", pair->tensor, pair->parameter);
        fv__cli_entry(out, "such as", LEFT, line.data ? line.data : "");
        fv__text_free(&line);
    }
    add_count(out, "converted", r->converted, "to float32");
    add_count(out, "put dense", r->strided, "that were transposed, or parts of others");
    add_count(out, "reshaped", r->reshaped, "between fc and a convolution of all its input");
    add_count(out, "turned", r->turned, "from channels last, as Keras has them");
    add_names(out, "ignored", r->ignored_names, r->ignored, "");
    add_names(out, "missing", r->missing_names, r->missing, ", which stay fresh");
}

static void names_json(fv_json_writer *w, const char *key, const char *const *names, int count) {
    fv__json_open(w, key, '[');
    for (int i = 0; i < count; i++) fv__json_add_text(w, NULL, names[i]);
    fv__json_close(w);
}

void fv__cli_weights_json(fv_json_writer *w, const fv_weight_report *r) {
    fv__json_open(w, "weights", '{');
    fv__json_add_text(w, "file", r->file);
    fv__json_add_text(w, "match", way(r));
    fv__json_add_int(w, "parameters", r->parameters);
    fv__json_add_int(w, "matched", r->matched);
    fv__json_add_int(w, "mapped", r->mapped);
    fv__json_add_int(w, "converted", r->converted);
    fv__json_add_int(w, "strided", r->strided);
    fv__json_add_int(w, "reshaped", r->reshaped);
    fv__json_add_int(w, "turned", r->turned);
    fv__json_open(w, "pairs", '[');
    for (int i = 0; i < r->matched; i++) {
        fv__json_open(w, NULL, '{');
        fv__json_add_text(w, "parameter", r->pairs[i]->parameter);
        fv__json_add_text(w, "tensor", r->pairs[i]->tensor);
        fv__json_add_text(w, "type", r->pairs[i]->type);
        fv__json_close(w);
    }
    fv__json_close(w);
    names_json(w, "ignored", r->ignored_names, r->ignored);
    names_json(w, "missing", r->missing_names, r->missing);
    fv__json_close(w);
}
