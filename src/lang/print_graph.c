/* SPDX-License-Identifier: MIT */
/*
 * print_graph.c - a graph as chains and branches.
 *
 * Read backwards, a layer with one input goes on at that input, and a join goes on at its
 * dominator: the last value that every way to the join passes. The ways between the two are its
 * branches. Where a branch runs into something already written, it starts with `from`; so any
 * graph can be written, and a series-parallel one needs no `from` at all.
 * Dominators: Cooper, Harvey & Kennedy 2001; in an acyclic graph one pass is enough.
 */
#include "lang/print.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_WIDTH  96
#define NESTED_MOST 20 /* joins written within each other; deeper ones are written flat */

/* The language has one input, the image. */
static fv_status check_sources(const fv_printer *p) {
    const fv_graph *net = p->net;
    for (size_t v = 1; v < net->value_count; v++)
        if (net->values[v].node < 0 && !net->values[v].data)
            return fv__fail(p->ctx, FV_BAD_INPUT,
                            "a network with more than one input cannot be written as text; '%s' is "
                            "one beside the image",
                            net->values[v].name);
    return FV_OK;
}

/* The last value that all ways to a and to b pass; -1: there is none. */
static int common(const fv_printer *p, int a, int b) {
    while (a != b) {
        if (a < 0 || b < 0) return -1;
        if (p->depth[a] < p->depth[b])
            b = p->dominator[b];
        else
            a = p->dominator[a];
    }
    return a;
}

/* Of what flows into a node. Constants, and what is made of them alone, stand in branches of their
   own: they do not count unless there is nothing else. */
static int dominator_of(fv_printer *p, const fv_node *node, bool *still) {
    int at = -1, flows = 0;
    for (int k = 0; k < node->inputs; k++) {
        const int v = node->in[k];
        if (!p->still[v]) at = flows++ > 0 ? common(p, at, v) : v;
    }
    *still = flows == 0;
    return flows > 0 || node->inputs != 1 ? at : node->in[0];
}

fv_status fv__print_analyse(fv_printer *p) {
    const fv_graph *net = p->net;
    const size_t n = net->value_count;
    FV_TRY(check_sources(p));
    p->dominator = fv__arena_alloc(&p->arena, n * sizeof *p->dominator);
    p->depth = fv__arena_alloc(&p->arena, n * sizeof *p->depth);
    p->emitted = fv__arena_alloc(&p->arena, n * sizeof *p->emitted);
    p->referenced = fv__arena_alloc(&p->arena, n * sizeof *p->referenced);
    p->still = fv__arena_alloc(&p->arena, n * sizeof *p->still);
    p->stack = fv__arena_alloc(&p->arena, (n + 1) * sizeof *p->stack);
    if (!p->dominator || !p->depth || !p->emitted || !p->referenced || !p->still || !p->stack)
        return FV_EXHAUSTED;
    for (size_t v = 0; v < n; v++) p->dominator[v] = -1, p->still[v] = net->values[v].data != NULL;
    for (size_t i = 0; i < net->node_count; i++) {
        const fv_node *node = &net->nodes[i];
        bool still;
        const int a = dominator_of(p, node, &still);
        for (int o = 0; o < node->outputs; o++) { /* the first stands for the layer */
            const int d = o == 0 ? a : node->out[0];
            p->dominator[node->out[o]] = d;
            p->still[node->out[o]] = still;
            p->depth[node->out[o]] = d >= 0 ? p->depth[d] + 1 : 0;
        }
    }
    return FV_OK;
}

/* ---- text ---- */

void fv__print_put(fv_printer *p, const char *text) {
    if (!p->dry) fv__text_add(p->out, text);
}

void fv__print_newline(fv_printer *p, int indent) {
    if (p->dry) return;
    fv__text_add(p->out, "\n");
    p->line = p->out->length;
    fv__text_addf(p->out, "%*s", indent, "");
}

void fv__print_label(fv_printer *p, const char *name) {
    if (fv__plain_label(name) || strcmp(name, "input") == 0) {
        fv__print_put(p, name);
        return;
    }
    fv__print_put(p, "\"");
    fv__print_put(p, name);
    fv__print_put(p, "\"");
}

/* Between two elements of a chain: a dash, on a new line when `bytes` more do not fit. */
static void separate(fv_printer *p, bool first, int indent, size_t bytes) {
    if (first || p->dry) return;
    if (p->out->length - p->line + bytes + 3 > LINE_WIDTH) {
        fv__print_newline(p, indent);
        fv__print_put(p, "- ");
    } else {
        fv__print_put(p, " - ");
    }
}

static void put_from(fv_printer *p, int value) {
    p->referenced[value] = true;
    fv__print_put(p, "from ");
    fv__print_label(p, p->net->values[value].name);
}

/* Where a chain starts: `from` a value, or a constant that is not written yet. */
static fv_status put_source(fv_printer *p, int value, int indent) {
    if (p->net->values[value].data && !p->emitted[value])
        return fv__print_constant(p, value, indent);
    put_from(p, value);
    return FV_OK;
}

/* ---- names ---- */

fv_status fv__print_take(fv_printer *p, const char *name) {
    if (fv__names_get(&p->names, name) != NULL)
        return fv__fail(
            p->ctx, FV_BAD_INPUT,
            "two layers or values are called '%.100s'; such a network cannot be written "
            "as text",
            name);
    if (strpbrk(name, "\"\n\r\t") != NULL || name[0] == 0 || strlen(name) > FV_FULL_MAX)
        return fv__fail(
            p->ctx, FV_BAD_INPUT,
            "the name '%.100s' cannot be written: it is empty, too long, or has a quote "
            "or line end",
            name);
    return fv__names_add(p->ctx, &p->names, name, 0);
}

fv_status fv__print_automatic(fv_printer *p, const char *op, const char *name, bool label,
                              bool *out) {
    int *counter = fv__names_get(&p->counters, op);
    if (counter == NULL) {
        FV_TRY(fv__names_add(p->ctx, &p->counters, op, 0));
        counter = fv__names_get(&p->counters, op);
    }
    char text[FV_NAME_MAX + 16];
    for (;; ++*counter) {
        snprintf(text, sizeof text, "%s%d", op, *counter + 1);
        if (fv__names_get(&p->names, text) == NULL) break;
    }
    *out = strcmp(text, name) == 0 && !label;
    if (*out) ++*counter;
    return FV_OK;
}

/* ---- layers ---- */

static fv_status put_branches(fv_printer *p, const fv_node *node, int start, int indent, int depth,
                              bool flat) {
    const int inner = indent + 4;
    fv__print_put(p, "{");
    for (int i = 0; i < node->inputs; i++) {
        if (flat) {
            fv__print_put(p, i > 0 ? " | " : " ");
            FV_TRY(put_source(p, node->in[i], inner));
            continue;
        }
        fv__print_newline(p, inner);
        fv__print_put(p, i > 0 ? "| " : "  ");
        FV_TRY(fv__print_chain(p, start, node->in[i], inner, depth + 1));
    }
    fv__print_put(p, " }");
    return FV_OK;
}

/* The parameters of a layer are all its own, or all those that its text's `share` names. */
static fv_status check_params(const fv_printer *p, const fv_node *node) {
    const size_t n = strlen(node->param_name);
    for (int i = 0; i < node->params; i++) {
        const fv_param *param = &p->net->params[node->param[i]];
        if (strncmp(param->name, node->param_name, n) == 0 && param->name[n] == '.' &&
            strcmp(param->name + n + 1, param->spec.name) == 0)
            continue;
        return fv__fail(p->ctx, FV_BAD_INPUT,
                        "%s has %s and not all parameters of one name; such a network cannot be "
                        "written as text",
                        node->name, param->name);
    }
    return FV_OK;
}

/* A word and a space, unless nothing follows. */
static void close_word(fv_text *words, size_t length) {
    if (words->data && words->length == length) words->data[--words->length] = 0;
}

/* "conv 64 3x3 pad 1 share conv1" */
static void add_words(fv_text *words, const fv_node *node) {
    fv__text_addf(words, "%s ", node->op->name);
    size_t length = words->length;
    fv__options_print(words, node->op, node->options);
    close_word(words, length);
    fv__text_add(words, " ");
    length = words->length;
    fv__share_print(words, node);
    close_word(words, length);
}

/* "(conv 64 3x3 pad 1", what stands before a layer's branches and names. */
static fv_status put_start(fv_printer *p, const fv_node *node, bool first, int indent,
                           size_t names_length) {
    const bool renamed = strcmp(p->net->values[node->out[0]].name, node->name) != 0;
    fv_text words = {.ctx = p->ctx};
    FV_TRY(check_params(p, node));
    fv__text_add(&words, renamed ? "(" : "");
    add_words(&words, node);
    const fv_status status = fv__text_done(p->ctx, &words);
    if (status == FV_OK) {
        separate(p, first, indent, strlen(words.data) + names_length);
        fv__print_put(p, words.data);
    }
    fv__text_free(&words);
    return status;
}

/* " as conv1) as trunk", and what the parser takes for taken from here on. */
static fv_status put_names(fv_printer *p, const fv_node *node, bool silent, bool renamed) {
    FV_TRY(fv__print_take(p, node->name));
    for (int o = 1; o < node->outputs; o++)
        FV_TRY(fv__print_take(p, p->net->values[node->out[o]].name));
    if (!silent) {
        fv__print_put(p, " as ");
        fv__print_label(p, node->name);
    }
    if (!renamed) return FV_OK;
    fv__print_put(p, ") as ");
    fv__print_label(p, p->net->values[node->out[0]].name);
    return fv__print_take(p, p->net->values[node->out[0]].name);
}

/* Must the name stand there, as some `from` names it? An identity is a layer only with a label. */
static bool needs_label(const fv_printer *p, const fv_node *node, bool renamed) {
    if (strcmp(node->op->name, "identity") == 0) return true;
    for (int o = 1; o < node->outputs; o++)
        if (p->referenced[node->out[o]]) return true;
    return p->referenced[node->out[0]] && !renamed;
}

/* One layer with its names; `flat`: a join whose branches are all written before it. */
static fv_status put_node(fv_printer *p, const fv_node *node, bool first, int start, int indent,
                          int depth, bool flat) {
    const char *value = p->net->values[node->out[0]].name;
    const bool renamed = strcmp(value, node->name) != 0; /* a label on brackets around it */
    const bool label = needs_label(p, node, renamed);
    bool silent = false;
    if (node->inputs > 1 || (node->op->traits & FV_VARIADIC) != 0) {
        FV_TRY(put_start(p, node, first, indent, flat ? strlen(node->name) : LINE_WIDTH));
        fv__print_put(p, " ");
        FV_TRY(put_branches(p, node, start, indent, depth, flat));
        /* the branches' names come before its own */
        FV_TRY(fv__print_automatic(p, node->op->name, node->name, label, &silent));
    } else {
        FV_TRY(fv__print_automatic(p, node->op->name, node->name, label, &silent));
        const size_t length =
            (silent ? 0 : 4 + strlen(node->name)) + (renamed ? 5 + strlen(value) : 0);
        FV_TRY(put_start(p, node, first, indent, length));
    }
    FV_TRY(put_names(p, node, silent, renamed));
    for (int o = 0; o < node->outputs; o++) p->emitted[node->out[o]] = true;
    return FV_OK;
}

static int by_number(const void *a, const void *b) {
    return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

/* All that a join needs and that is not written yet, one layer after the other, each with `from`:
   no brackets within brackets, however deep the graph. */
static fv_status put_flat(fv_printer *p, const fv_node *join, bool *first, int indent, int depth) {
    const fv_graph *net = p->net;
    const size_t base = p->top;
    const fv_node *node = join;
    for (size_t at = base;; at++) { /* breadth first; the list is its own queue */
        for (int k = 0; k < node->inputs; k++) {
            const int v = node->in[k];
            if (p->emitted[v] || net->values[v].data) continue;
            p->stack[p->top++] = net->values[v].node;
            const fv_node *made = &net->nodes[net->values[v].node];
            /* each only once; they are written below */
            for (int o = 0; o < made->outputs; o++) p->emitted[made->out[o]] = true;
        }
        if (at == p->top) break;
        node = &net->nodes[p->stack[at]];
    }
    qsort(p->stack + base, p->top - base, sizeof *p->stack, by_number);
    for (size_t i = base; i < p->top; i++) {
        node = &net->nodes[p->stack[i]];
        if (node->inputs == 1) {
            separate(p, *first, indent, strlen(net->values[node->in[0]].name) + 8);
            FV_TRY(put_source(p, node->in[0], indent));
            *first = false;
        }
        FV_TRY(put_node(p, node, *first, -1, indent, depth, true));
        *first = false;
    }
    p->top = base;
    return FV_OK;
}

fv_status fv__print_chain(fv_printer *p, int start, int end, int indent, int depth) {
    const fv_graph *net = p->net;
    const size_t base = p->top;
    int value = end;
    for (; value != start && value >= 0 && !p->emitted[value] && !net->values[value].data;
         value = p->dominator[value])
        p->stack[p->top++] = value;
    bool first = true;
    if (value >= 0 && value != start) {
        FV_TRY(put_source(p, value, indent));
        first = false;
    } else if (p->top == base) {
        fv__print_put(p, "identity");
    }
    while (p->top > base) {
        const int next = p->stack[--p->top];
        const fv_node *node = &net->nodes[net->values[next].node];
        const size_t rest = p->top;
        const bool flat = node->inputs > 1 && depth >= NESTED_MOST;
        if (net->values[next].output > 0) { /* its layer has just been written */
            separate(p, false, indent, strlen(net->values[next].name) + 5);
            put_from(p, next);
        } else {
            if (flat) FV_TRY(put_flat(p, node, &first, indent, depth));
            p->top = rest;
            FV_TRY(put_node(p, node, first, value, indent, depth, flat));
        }
        first = false;
        value = next;
    }
    return FV_OK;
}
