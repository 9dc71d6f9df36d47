/* SPDX-License-Identifier: MIT */
/*
 * names.c - what layers and values are called in a program.
 *
 * A layer has its own name, as far as that is one of Python's. A value that only the next layer
 * reads is `x`, which is written over and over; any other has its own name.
 */
#include "base/name_table.h"
#include "foreign/writer.h"

#include <string.h>

static const char *const python_words[] = {
    "False",   "None",     "True",     "and",    "as",   "assert", "async",  "await",
    "break",   "class",    "continue", "def",    "del",  "elif",   "else",   "except",
    "finally", "for",      "from",     "global", "if",   "import", "in",     "is",
    "lambda",  "nonlocal", "not",      "or",     "pass", "raise",  "return", "try",
    "while",   "with",     "yield",    "x",      NULL};

static bool among(const char *const *words, const char *name) {
    for (; *words; words++)
        if (strcmp(*words, name) == 0) return true;
    return false;
}

static bool letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char *fv__python_name(fv_arena *arena, const char *text) {
    const bool first = letter(text[0]) || text[0] == '_';
    char *name = fv__arena_format(arena, "%s%.200s", first ? "" : "_", text);
    for (char *p = name; p && *p; p++)
        if (!letter(*p) && !(*p >= '0' && *p <= '9')) *p = '_';
    return name;
}

/* A name that nothing else has. */
static fv_status fresh(fv_writer *w, fv_names *names, const char *text, const char **out) {
    const char *plain = fv__python_name(&w->arena, text);
    *out = plain;
    for (int n = 2; *out; n++) {
        if (!among(python_words, *out) && !among(w->dialect->taken, *out) &&
            !fv__names_get(names, *out))
            return fv__names_add(w->ctx, names, *out, 0);
        *out = fv__arena_format(&w->arena, "%s_%d", plain, n);
    }
    return FV_EXHAUSTED;
}

/* Who reads a value: how many layers, and the last of them. */
static int readers(const fv_graph *net, int value, int *last) {
    int count = 0;
    for (size_t n = 0; n < net->node_count; n++)
        for (int i = 0; i < net->nodes[n].inputs && !net->nodes[n].training; i++) {
            if (net->nodes[n].in[i] != value) continue;
            count += *last != (int)n || count == 0;
            *last = (int)n;
        }
    return count;
}

static int next_node(const fv_graph *net, int node) {
    for (size_t n = (size_t)(node + 1); n < net->node_count; n++)
        if (!net->nodes[n].training) return (int)n;
    return (int)net->node_count;
}

/* Whether a value is read by the very next layer and by nobody else, or is what comes out at the
   very end. */
static bool passes_on(const fv_graph *net, int value) {
    const int next = next_node(net, net->values[value].node);
    int last = -1;
    if (net->values[value].node >= 0 && net->nodes[net->values[value].node].outputs > 1)
        return false;
    const int count = readers(net, value, &last);
    for (size_t h = 0; h < net->head_count; h++)
        if (!net->heads[h].training && net->heads[h].value == value)
            return count == 0 && next == (int)net->node_count;
    return count == 1 && last == next;
}

static fv_status name_all(fv_writer *w, fv_names *names) {
    const fv_graph *net = w->net;
    for (size_t n = 0; n < net->node_count; n++) {
        if (net->nodes[n].training) continue;
        FV_TRY(fresh(w, names, net->nodes[n].name, &w->attributes[n]));
    }
    for (size_t v = 0; v < net->value_count; v++) {
        const fv_value *value = &net->values[v];
        if (value->node >= 0 && net->nodes[value->node].training) continue;
        if (value->data) { /* stands apart, as layers do */
            const char *plain;
            FV_TRY(fresh(w, names, value->name, &plain));
            w->variables[v] = fv__arena_format(&w->arena, "self.%s", plain);
            if (!w->variables[v]) return FV_EXHAUSTED;
        } else if (passes_on(net, (int)v)) {
            w->variables[v] = "x";
        } else if (value->node >= 0 && net->nodes[value->node].outputs == 1 &&
                   strcmp(value->name, net->nodes[value->node].name) == 0) {
            w->variables[v] = w->attributes[value->node]; /* layers are told by self or in place */
        } else {
            FV_TRY(fresh(w, names, value->name, &w->variables[v]));
        }
    }
    return FV_OK;
}

fv_status fv__writer_names(fv_writer *w) {
    fv_names names = {0};
    w->attributes = fv__arena_alloc(&w->arena, (w->net->node_count + 1) * sizeof *w->attributes);
    w->variables = fv__arena_alloc(&w->arena, w->net->value_count * sizeof *w->variables);
    if (!w->attributes || !w->variables) return FV_EXHAUSTED;
    const fv_status status = name_all(w, &names);
    fv__names_free(&names);
    return status;
}
