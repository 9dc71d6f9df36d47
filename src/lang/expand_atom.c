/* SPDX-License-Identifier: MIT */
/*
 * expand_atom.c - chains of the tree to nodes of the net: names, repetitions, blocks, branches.
 *
 * Names: a label given with `as`, else the operator's name and a running number. Inside a block the
 * call's own name stands before it: basic1.conv2. A number that a label has taken is skipped.
 */
#include "lang/expand.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SHAPES_SHOWN 8 /* values in "input [32x32x1] -> conv1 [28x28x6] -> ..." */

/* ---- messages ---- */

/* "input [32x32x1] -> conv1 [28x28x6]", the way to a value. */
static void shapes_text(const fv_graph *net, int value, int most, char *out, size_t size) {
    int way[SHAPES_SHOWN], count = 0;
    do {
        way[count++] = value;
        const int node = net->values[value].node;
        if (node < 0) break;
        value = net->nodes[node].in[0];
    } while (count < most);
    int n = snprintf(out, size, "%s", net->values[way[count - 1]].node >= 0 ? "... -> " : "");
    for (int i = count - 1; i >= 0 && n >= 0 && (size_t)n < size; i--) {
        char shape[FV_SHAPE_TEXT];
        n += snprintf(out + n, size - (size_t)n, "%.80s %s%s", net->values[way[i]].name,
                      fv__shape_text(shape, &net->values[way[i]].shape), i > 0 ? " -> " : "");
    }
}

/* A layer was refused: where it stands, what flows in, in which block. */
static fv_status refuse(fv_expander *x, const fv_scope *scope, const fv_element *e, const int *in,
                        int inputs) {
    char text[1100];
    fv_context *ctx = x->source->ctx;
    (void)fv__complain(x->source, e->location, "%s", ctx->message);
    for (int i = 0; i < inputs; i++) {
        shapes_text(x->net, in[i], inputs == 1 ? SHAPES_SHOWN : 4, text, sizeof text);
        if (inputs == 1)
            (void)fv__note(x->source, "what flows in: %s", text);
        else
            (void)fv__note(x->source, "branch %d: %s", i + 1, text);
    }
    return fv__expand_trace(x, scope);
}

/* ---- names ---- */

/* A label with its blocks before it, as a name of its own. */
static fv_status full_name(fv_expander *x, const fv_scope *scope, const char *name,
                           fv_location location, const char **out) {
    if (strlen(scope->prefix) + strlen(name) > FV_FULL_MAX) {
        (void)fv__complain(x->source, location, "the name %.60s...%s has more than %d characters",
                           scope->prefix, name, FV_FULL_MAX);
        return fv__expand_trace(x, scope);
    }
    x->fuel -= 10 + (int64_t)strlen(scope->prefix); /* long names cost time and memory */
    *out = fv__arena_format(x->arena, "%s%s", scope->prefix, name);
    return *out == NULL ? FV_EXHAUSTED : FV_OK;
}

/* The next automatic name: the prefix, `base`, and the next number that is free. */
static fv_status automatic_name(fv_expander *x, const fv_scope *scope, const char *base,
                                fv_location location, const char **out) {
    const char *key, *name;
    FV_TRY(full_name(x, scope, base, location, &key));
    int *counter = fv__names_get(&x->counters, key);
    if (counter == NULL) {
        FV_TRY(fv__names_add(x->source->ctx, &x->counters, key, 0));
        counter = fv__names_get(&x->counters, key);
    }
    for (;;) {
        char text[FV_FULL_MAX + 16];
        snprintf(text, sizeof text, "%s%d", key, *counter + 1);
        ++*counter;
        if ((x->fuel -= 5) < 0 || fv__names_get(&x->names, text) == NULL) {
            name = fv__arena_text(x->arena, text);
            break;
        }
    }
    if (name == NULL) return FV_EXHAUSTED;
    *out = name;
    return FV_OK;
}

/* Writes down a name for a value; it must be free. */
static fv_status take_name(fv_expander *x, const fv_scope *scope, const char *name,
                           fv_location location, int value) {
    const int *other = fv__names_get(&x->names, name);
    if (other == NULL) return fv__names_add(x->source->ctx, &x->names, name, value);
    const int node = x->net->values[*other].node;
    const fv_location at = node >= 0 ? x->net->nodes[node].location : (fv_location){0, 0};
    if (at.line == location.line && at.column <= location.column && scope->rounds > 0)
        (void)fv__complain(x->source, location,
                           "the label '%s' stands in a repetition and would name several layers",
                           name);
    else if (at.line > 0)
        (void)fv__complain(x->source, location, "the name '%s' is taken by the layer at %d:%d",
                           name, at.line, at.column);
    else
        (void)fv__complain(x->source, location, "the name '%s' is taken", name);
    return fv__expand_trace(x, scope);
}

/* A label on a group, a block's call, a condition: names the value that flows out. */
static fv_status label_value(fv_expander *x, const fv_scope *scope, const fv_element *e,
                             int value) {
    const char *name;
    FV_TRY(full_name(x, scope, e->label, e->label_location, &name));
    FV_TRY(take_name(x, scope, name, e->label_location, value));
    fv_value *v = &x->net->values[value];
    if (v->node < 0 || strcmp(v->name, x->net->nodes[v->node].name) != 0) return FV_OK;
    v->name = fv__arena_text(&x->net->arena, name); /* the first label is the value's name */
    return v->name == NULL ? FV_EXHAUSTED : FV_OK;
}

/* from LABEL: in the block's own surroundings first, then outward. */
static fv_status find_label(fv_expander *x, const fv_scope *scope, const fv_element *e, int *out) {
    char text[2 * FV_FULL_MAX + 2];
    size_t n = strlen(scope->prefix); /* always ends in a dot, or is empty */
    for (;;) {
        snprintf(text, sizeof text, "%.*s%s", (int)n, scope->prefix, e->name);
        const int *value = fv__names_get(&x->names, text);
        if (value != NULL) {
            *out = *value;
            return FV_OK;
        }
        if (n == 0) break;
        for (n--; n > 0 && scope->prefix[n - 1] != '.';) n--;
    }
    const char *names[256];
    size_t count = 0;
    for (const fv_label *l = x->program->labels; l != NULL; l = l->next) {
        if (strcmp(l->name, e->name) == 0) {
            (void)fv__complain(
                x->source, e->label_location,
                "the label '%s' at %d:%d is not known here: `from` looks back only, and "
                "into a block by its full name, such as basic1.%s",
                e->name, l->location.line, l->location.column, e->name);
            return fv__expand_trace(x, scope);
        }
        if (count < 256) names[count++] = l->name;
    }
    const char *near = fv__nearest(e->name, names, count);
    if (near != NULL)
        (void)fv__complain(x->source, e->label_location, "unknown label '%s'; did you mean '%s'?",
                           e->name, near);
    else
        (void)fv__complain(x->source, e->label_location,
                           "unknown label '%s'; a layer gets one with: ... as %s", e->name,
                           e->name);
    return fv__expand_trace(x, scope);
}

/* ---- layers ---- */

/* `in`: what flows in; of a join, what its branches give. */
static fv_status add_node(fv_expander *x, const fv_scope *scope, const fv_element *e, int flow,
                          const int *in, int inputs, int *out) {
    const char *name;
    const fv_env env = fv__expander_env(x, scope, flow);
    fv_status status = fv__fill(&env, e->op->fields, e->given, x->options);
    if (status == FV_BAD_INPUT) return fv__expand_trace(x, scope);
    FV_TRY(status);
    if (x->net->node_count >= FV_NODES_MAX) {
        (void)fv__complain(x->source, e->location, "this network has more than %d layers",
                           FV_NODES_MAX);
        return fv__expand_trace(x, scope);
    }
    const bool labelled = e->label != NULL && e->repeat == NULL;
    if (labelled)
        FV_TRY(full_name(x, scope, e->label, e->label_location, &name));
    else
        FV_TRY(automatic_name(x, scope, e->op->name, e->location, &name));
    FV_TRY(take_name(x, scope, name, labelled ? e->label_location : e->location,
                     (int)x->net->value_count));
    const fv_node_spec spec = {.op = e->op,
                               .options = x->options,
                               .name = name,
                               .in = in,
                               .inputs = inputs,
                               .location = e->location,
                               .training = x->training};
    status = fv__net_add(x->source->ctx, x->net, &spec, out);
    return status == FV_BAD_INPUT ? refuse(x, scope, e, in, inputs) : status;
}

static fv_status expand_join(fv_expander *x, const fv_scope *scope, const fv_element *e, int in,
                             int *out) {
    int count = 0;
    for (const fv_chain *c = e->chains; c != NULL; c = c->next) count++;
    int *ends = fv__arena_alloc(x->arena, sizeof *ends * (size_t)(count + 1));
    if (ends == NULL) return FV_EXHAUSTED;
    count = 0;
    for (const fv_chain *c = e->chains; c != NULL; c = c->next)
        FV_TRY(fv__expand_chain(x, scope, c, in, &ends[count++]));
    return add_node(x, scope, e, in, ends, count, out);
}

static fv_status expand_call(fv_expander *x, const fv_scope *scope, const fv_element *e, int in,
                             int *out) {
    const fv_block *b = e->block;
    double values[FV_PARAMS_MAX] = {0};
    bool have[FV_PARAMS_MAX] = {false};
    const fv_env env = fv__expander_env(x, scope, in);
    fv_scope inner = {.outer = scope,
                      .block = b,
                      .location = e->location,
                      .values = values,
                      .depth = scope->depth + 1,
                      .blocks = scope->blocks + 1};
    if (inner.blocks > FV_BLOCKS_DEEP) {
        (void)fv__complain(x->source, e->location,
                           "blocks within blocks, more than %d deep: does '%s' call itself without "
                           "end?",
                           FV_BLOCKS_DEEP, b->name);
        return fv__expand_trace(x, scope);
    }
    for (const fv_given *g = e->given; g != NULL; g = g->next) {
        if (fv__eval(&env, g->value.e[0], &values[g->slot]) != FV_OK)
            return fv__expand_trace(x, scope);
        have[g->slot] = true;
    }
    fv_env own = env;
    own.own = values;
    int slot = 0;
    for (const fv_parameter *q = b->parameters; q != NULL; q = q->next, slot++)
        if (!have[slot] && fv__eval(&own, q->initial, &values[slot]) != FV_OK)
            return fv__expand_trace(x, scope);
    const char *name;
    FV_TRY(automatic_name(x, scope, b->name, e->location, &name));
    inner.prefix = fv__arena_format(x->arena, "%s.", name);
    if (inner.prefix == NULL) return FV_EXHAUSTED;
    return fv__expand_chain(x, &inner, b->body, in, out);
}

static fv_status expand_condition(fv_expander *x, const fv_scope *scope, const fv_element *e,
                                  int in, int *out) {
    const fv_env env = fv__expander_env(x, scope, in);
    double holds;
    if (fv__eval(&env, e->condition, &holds) != FV_OK) return fv__expand_trace(x, scope);
    const fv_chain *side = holds != 0 ? e->chains : e->chains->next;
    *out = in;
    if (side == NULL) return FV_OK;
    fv_element *first = side->first;
    /* a side has no label of its own: the whole condition's names what flows out */
    const fv_chain one = {.location = side->location, .first = first};
    return fv__expand_chain(x, scope, &one, in, out);
}

static fv_status expand_atom(fv_expander *x, const fv_scope *scope, const fv_element *e, int in,
                             int *out) {
    switch (e->kind) {
    case FV_A_OP:
        if (strcmp(e->op->name, "identity") == 0 && e->label == NULL) {
            *out = in; /* no layer: it only says that nothing happens */
            return FV_OK;
        }
        return add_node(x, scope, e, in, &in, 1, out);
    case FV_A_JOIN:
        return expand_join(x, scope, e, in, out);
    case FV_A_GROUP:
        return fv__expand_chain(x, scope, e->chains, in, out);
    case FV_A_CALL:
        return expand_call(x, scope, e, in, out);
    case FV_A_IF:
        return expand_condition(x, scope, e, in, out);
    case FV_A_FROM:
        return find_label(x, scope, e, out);
    }
    return FV_OK;
}

/* ---- repetition ---- */

static fv_status repetitions(fv_expander *x, const fv_scope *scope, const fv_element *e, int in,
                             int *out) {
    const fv_env env = fv__expander_env(x, scope, in);
    double v;
    if (fv__eval(&env, e->repeat, &v) != FV_OK) return fv__expand_trace(x, scope);
    if (v >= 0 && v <= FV_NODES_MAX && v == floor(v)) {
        *out = (int)v;
        return FV_OK;
    }
    if (v > FV_NODES_MAX)
        (void)fv__complain(x->source, e->repeat->location,
                           "%.0f repetitions are too many; a network has at most %d layers", v,
                           FV_NODES_MAX);
    else
        (void)fv__complain(x->source, e->repeat->location,
                           "the number of repetitions must be whole and not negative, not %g", v);
    return fv__expand_trace(x, scope);
}

static fv_status expand_repeated(fv_expander *x, const fv_scope *scope, const fv_element *e, int in,
                                 int *out) {
    int rounds = 0;
    fv_scope round = *scope;
    const size_t before = x->net->node_count;
    FV_TRY(repetitions(x, scope, e, in, &rounds));
    round.outer = scope;
    round.block = NULL;
    round.location = e->location;
    round.rounds = rounds;
    round.depth = scope->depth + 1;
    *out = in;
    for (round.round = 1; round.round <= rounds; round.round++) {
        FV_TRY(expand_atom(x, &round, e, *out, out));
        /* the first round tells how many layers all rounds will be */
        const size_t each = x->net->node_count - before;
        if (round.round == 1 && each * (size_t)rounds + before > FV_NODES_MAX) {
            (void)fv__complain(
                x->source, e->repeat->location,
                "%d repetitions of %zu layers are too many; a network has at most %d", rounds, each,
                FV_NODES_MAX);
            return fv__expand_trace(x, scope);
        }
    }
    return FV_OK;
}

fv_status fv__expand_chain(fv_expander *x, const fv_scope *scope, const fv_chain *chain, int in,
                           int *out) {
    fv_scope here = *scope; /* the same place, one step deeper on the C stack */
    int value = in;
    if (++here.depth > FV_DEEP_MAX) {
        (void)fv__complain(x->source, chain->location,
                           "brackets and blocks within each other, more than %d deep", FV_DEEP_MAX);
        return fv__expand_trace(x, scope);
    }
    for (const fv_element *e = chain->first; e != NULL; e = e->next) {
        if ((x->fuel -= 5) < 0) {
            (void)fv__complain(x->source, e->location,
                               "this network is too much work to write out; do its blocks call "
                               "each other too often?");
            return fv__expand_trace(x, scope);
        }
        if (e->repeat != NULL)
            FV_TRY(expand_repeated(x, &here, e, value, &value));
        else
            FV_TRY(expand_atom(x, &here, e, value, &value));
        const bool names_value = e->label != NULL && e->repeat == NULL
                                     ? e->kind != FV_A_OP && e->kind != FV_A_JOIN
                                     : e->label != NULL;
        if (names_value) FV_TRY(label_value(x, &here, e, value));
    }
    *out = value;
    return FV_OK;
}
