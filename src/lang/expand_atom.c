/* SPDX-License-Identifier: MIT */
/*
 * expand_atom.c - chains of the tree to nodes of the net: layers, repetitions, blocks, branches.
 */
#include "lang/expand.h"
#include "op/fit.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define BRANCHES_SHOWN 8
#define SHAPES_SHOWN   8 /* values in "input [32x32x1] -> conv1 [28x28x6] -> ..." */

/* ---- messages ---- */

/* As fv__shape_text shows it: without the batch, which a constant does not have. */
static fv_shape shown(const fv_value *v) {
    fv_shape s = v->shape;
    if (v->type.batched || s.rank == FV_RANK_MAX) return s;
    memmove(s.dim + 1, s.dim, sizeof *s.dim * (size_t)s.rank++);
    s.dim[0] = 1;
    return s;
}

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
        const fv_shape s = shown(&net->values[way[i]]);
        n += snprintf(out + n, size - (size_t)n, "%.80s %s%s", net->values[way[i]].name,
                      fv__shape_text(shape, &s), i > 0 ? " -> " : "");
    }
}

/* A layer was refused: where it stands, what flows in, in which block. */
static fv_status refuse(fv_expander *x, const fv_scope *scope, const fv_element *e, const int *in,
                        int inputs) {
    char text[1100];
    fv_context *ctx = x->source->ctx;
    (void)fv__complain(x->source, e->location, "%s", ctx->message);
    for (int i = 0; i < inputs && i < BRANCHES_SHOWN; i++) {
        shapes_text(x->net, in[i], inputs == 1 ? SHAPES_SHOWN : 4, text, sizeof text);
        if (inputs == 1)
            (void)fv__note(x->source, "what flows in: %s", text);
        else
            (void)fv__note(x->source, "branch %d: %s", i + 1, text);
    }
    if (inputs > BRANCHES_SHOWN)
        (void)fv__note(x->source, "... and %d branches more", inputs - BRANCHES_SHOWN);
    fv__expand_note_order(x, &x->net->input);
    return fv__expand_trace(x, scope);
}

/* ---- layers ---- */

static fv_status check_room(fv_expander *x, const fv_scope *scope, const fv_element *e) {
    if (x->net->node_count < FV_NODES_MAX) return FV_OK;
    (void)fv__complain(x->source, e->location, "this network has more than %d layers",
                       FV_NODES_MAX);
    return fv__expand_trace(x, scope);
}

/* `pad ?`: what fits what flows in; *open is the option's name. */
static fv_status fit(fv_expander *x, const fv_scope *scope, const fv_element *e, const int *in,
                     int inputs, const char **open) {
    const fv_given *g = fv__left_open(e->given);
    if (g == NULL) return FV_OK;
    *open = g->field->name;
    const fv_status status =
        fv__fit(x->source->ctx, e->op, x->options, g->field, &x->net->values[in[0]].shape);
    fv_element mark = *e; /* the message points at the question mark */
    mark.location = g->value.location;
    return status == FV_BAD_INPUT ? refuse(x, scope, &mark, in, inputs) : status;
}

/* `in`: what flows in; of a join, what its branches give. */
static fv_status add_node(fv_expander *x, const fv_scope *scope, const fv_element *e, int flow,
                          const int *in, int inputs, int *out) {
    const fv_env env = fv__expander_env(x, scope, flow);
    fv_node_spec spec = {.op = e->op,
                         .options = x->options,
                         .in = in,
                         .inputs = inputs,
                         .location = e->location,
                         .training = x->training};
    int param[FV_OP_PARAMS];
    fv_status status = fv__fill(&env, e->op->fields, e->given, x->options);
    if (status == FV_BAD_INPUT) return fv__expand_trace(x, scope);
    FV_TRY(status);
    FV_TRY(fit(x, scope, e, in, inputs, &spec.open));
    FV_TRY(check_room(x, scope, e));
    FV_TRY(fv__expand_name_layer(x, scope, e, &spec.name, &spec.old_name));
    FV_TRY(fv__expand_share(x, scope, e, &spec, param));
    status = fv__net_add(x->source->ctx, x->net, &spec, out);
    if (status == FV_BAD_INPUT) return refuse(x, scope, e, in, inputs);
    FV_TRY(status);
    FV_TRY(fv__expand_check_share(x, scope, e, &spec));
    return fv__expand_name_outputs(x, scope, e, &x->net->nodes[x->net->node_count - 1]);
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
    FV_TRY(fv__expand_name_call(x, scope, e, &inner));
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
        return fv__expand_from(x, scope, e, out);
    case FV_A_CONSTANT:
        return fv__expand_constant(x, scope, e, out);
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
        const bool own = e->kind == FV_A_OP || e->kind == FV_A_JOIN || e->kind == FV_A_CONSTANT;
        const bool names_value = e->label != NULL && (e->repeat != NULL || !own);
        if (names_value) FV_TRY(fv__expand_label_value(x, &here, e, value));
    }
    *out = value;
    return FV_OK;
}
