/* SPDX-License-Identifier: MIT */
/*
 * onnx_text.c - see onnx_text.h. Numbers of fields are those of onnx.proto.
 */
#include "onnx_text.h"

#include <stdlib.h>
#include <string.h>

enum { FLOAT = 1, INT64 = 7 }; /* TensorProto.DataType */
enum { IS_FLOAT = 1, IS_INT, IS_STRING, IS_TENSOR, IS_FLOATS = 6, IS_INTS }; /* AttributeType */

typedef struct maker {
    fv_arena *arena;
    wire *model, *graph;
    const char *last;          /* outputs of the last node */
    bool told;                 /* an output was named */
    const char *prefix, *from; /* of a second model; NULL: it is the first */
} maker;

/* The next word up to one of `ends`, which is skipped; NULL: none is left. */
static char *word(char **at, const char *ends) {
    *at += strspn(*at, " ");
    if (!**at) return NULL;
    char *begin = *at;
    *at += strcspn(*at, ends);
    if (**at) *(*at)++ = '\0';
    return begin;
}

static char *copy(maker *m, const char *text) {
    char *own = fv__arena_text(m->arena, text);
    if (!own) exit(1);
    return own;
}

/* A name of the text as it is called in the model. */
static const char *name_of(maker *m, const char *text) {
    if (!m->prefix || !*text) return text;
    if (strcmp(text, "x") == 0) return m->from;
    const char *name = fv__arena_format(m->arena, "%s%s", m->prefix, text);
    if (!name) exit(1);
    return name;
}

static uint32_t bits_of(double v) {
    const float f = (float)v;
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

/* "1,2,": a packed list of whole numbers, or of floats as bytes. */
static void add_list(maker *m, wire *to, int field, const char *text, bool reals) {
    char *at = copy(m, text), *one;
    uint8_t bytes[4 * 64];
    size_t size = 0;
    wire *list = reals ? NULL : wire_add(m->arena, to, field, WIRE_PACKED);
    while ((one = word(&at, ",")) && size < sizeof bytes) {
        const uint32_t bits = bits_of(strtod(one, NULL));
        for (int i = 0; i < 4; i++) bytes[size + (size_t)i] = (uint8_t)(bits >> (8 * i));
        if (list) wire_number(m->arena, list, 0, (uint64_t)strtoll(one, NULL, 10));
        size += 4;
    }
    if (reals) wire_bytes(m->arena, to, field, bytes, size);
}

static int count_of(const char *list) {
    int n = 0;
    for (const char *c = list; *c; c++) n += (c == list || c[-1] == ',');
    return n;
}

/* A vector of the numbers in `text`. */
static void add_tensor(maker *m, wire *to, int field, const char *name, const char *text,
                       bool reals) {
    wire *t = wire_add(m->arena, to, field, WIRE_MESSAGE);
    wire_number(m->arena, t, 1, (uint64_t)count_of(text));
    wire_number(m->arena, t, 2, reals ? FLOAT : INT64);
    add_list(m, t, reals ? 4 : 7, text, reals);
    wire_text(m->arena, t, 8, name_of(m, name));
}

static void add_weight(maker *m, const char *name, const char *dims) {
    wire *t = wire_add(m->arena, m->graph, 5, WIRE_MESSAGE);
    size_t count = 1;
    add_list(m, t, 1, dims, false);
    for (const wire *d = t->first->first; d; d = d->next) count *= (size_t)d->number;
    uint8_t *raw = fv__arena_alloc(m->arena, 4 * count);
    if (!raw) exit(1);
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = bits_of((double)(i * 7 % 11) / 16 - 0.25);
        for (int k = 0; k < 4; k++) raw[4 * i + (size_t)k] = (uint8_t)(bits >> (8 * k));
    }
    wire_number(m->arena, t, 2, FLOAT);
    wire_text(m->arena, t, 8, name_of(m, name));
    wire_bytes(m->arena, t, 9, raw, 4 * count);
}

/* An input (11) or output (12) of the graph; dims NULL: not stated. */
static void add_port(maker *m, int field, const char *name, const char *dims, int type) {
    wire *v = wire_add(m->arena, m->graph, field, WIRE_MESSAGE);
    wire_text(m->arena, v, 1, name_of(m, name));
    if (!dims) return;
    wire *t = wire_add(m->arena, wire_add(m->arena, v, 2, WIRE_MESSAGE), 1, WIRE_MESSAGE);
    wire_number(m->arena, t, 1, (uint64_t)type);
    wire *shape = wire_add(m->arena, t, 2, WIRE_MESSAGE);
    char *at = copy(m, dims), *one;
    while ((one = word(&at, ","))) {
        wire *d = wire_add(m->arena, shape, 1, WIRE_MESSAGE);
        if (*one == 'N')
            wire_text(m->arena, d, 2, one);
        else
            wire_number(m->arena, d, 1, (uint64_t)strtoll(one, NULL, 10));
    }
}

static void add_names(maker *m, wire *node, int field, const char *names) {
    char *at = copy(m, names);
    for (size_t n = strcspn(at, ",");; at += n + 1, n = strcspn(at, ",")) {
        const bool last = !at[n];
        at[n] = '\0';
        wire_text(m->arena, node, field, name_of(m, at));
        if (last) return;
    }
}

static int add_value(maker *m, wire *a, const char *v) {
    const bool list = strchr(v, ',') != NULL, reals = strchr(v, '.') != NULL;
    if (*v == '@') {
        add_tensor(m, a, 5, "", v + 1, reals);
        return IS_TENSOR;
    }
    if (list) {
        add_list(m, a, reals ? 7 : 8, v, reals);
        return reals ? IS_FLOATS : IS_INTS;
    }
    char *end;
    (void)strtod(v, &end); /* "nan." and "inf." are numbers too */
    if (end == v || (*end && *end != '.')) {
        wire_text(m->arena, a, 4, v);
        return IS_STRING;
    }
    if (reals)
        wire_add(m->arena, a, 2, WIRE_FOUR)->number = bits_of(strtod(v, NULL));
    else
        wire_number(m->arena, a, 3, (uint64_t)strtoll(v, NULL, 10));
    return reals ? IS_FLOAT : IS_INT;
}

static void add_attribute(maker *m, wire *node, char *text) {
    wire *a = wire_add(m->arena, node, ONNX_NODE_ATTRIBUTE, WIRE_MESSAGE);
    char *value = text;
    const char *name = word(&value, "=");
    wire_text(m->arena, a, 1, name);
    const int type = add_value(m, a, value);
    wire_number(m->arena, a, 20, (uint64_t)type);
}

static void add_node(maker *m, const char *op, char *at) {
    wire *node = wire_add(m->arena, m->graph, ONNX_GRAPH_NODE, WIRE_MESSAGE);
    char *in = word(&at, " "), *attribute;
    if (strcmp(in, "->") != 0) {
        add_names(m, node, 1, in);
        (void)word(&at, " ");
    }
    m->last = word(&at, " ");
    add_names(m, node, 2, m->last);
    wire_text(m->arena, node, 4, op);
    while ((attribute = word(&at, " "))) add_attribute(m, node, attribute);
}

static void add_line(maker *m, char *at) {
    const char *what = word(&at, " "), *name, *rest;
    if (!what || (m->prefix && (strcmp(what, "opset") == 0 || strncmp(at, "x ", 2) == 0))) return;
    if (strcmp(what, "opset") == 0) {
        wire_number(m->arena, wire_add(m->arena, m->model, 8, WIRE_MESSAGE), 2,
                    (uint64_t)strtoll(at, NULL, 10));
    } else if (strcmp(what, "in") == 0) {
        name = word(&at, " "), rest = word(&at, " ");
        add_port(m, 11, name, rest, *at ? atoi(at) : FLOAT);
    } else if (strcmp(what, "weight") == 0) {
        name = word(&at, " ");
        add_weight(m, name, at);
    } else if (strcmp(what, "ints") == 0 || strcmp(what, "floats") == 0) {
        name = word(&at, " ");
        add_tensor(m, m->graph, 5, name, at, *what == 'f');
    } else if (strcmp(what, "out") == 0) {
        add_port(m, 12, at, NULL, 0);
        m->told = true;
    } else {
        add_node(m, what, at);
    }
}

static void add_lines(maker *m, const char *text) {
    char *at = copy(m, text), *line;
    while ((line = word(&at, "\n"))) add_line(m, line);
    char *names = copy(m, m->last ? m->last : ""), *one;
    while (!m->told && (one = word(&names, ","))) add_port(m, 12, one, NULL, 0);
}

wire *onnx_text(fv_arena *arena, const char *text) {
    maker m = {.arena = arena};
    m.model = wire_add(arena, NULL, 0, WIRE_MESSAGE);
    wire_number(arena, m.model, 1, 8); /* ir_version */
    wire_text(arena, m.model, 2, "test");
    m.graph = wire_add(arena, m.model, ONNX_MODEL_GRAPH, WIRE_MESSAGE);
    add_lines(&m, text);
    wire_text(arena, m.graph, 2, "graph");
    return m.model;
}

void onnx_append(fv_arena *arena, wire *model, const char *text, const char *prefix,
                 const char *from) {
    maker m = {.arena = arena, .model = model, .prefix = prefix, .from = from};
    for (m.graph = model->first; m.graph->field != ONNX_MODEL_GRAPH;) m.graph = m.graph->next;
    add_lines(&m, text);
}
