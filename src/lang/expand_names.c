/* SPDX-License-Identifier: MIT */
/*
 * expand_names.c - what layers and values are called.
 *
 * A label given with `as`, else the operator's name and a running number. Inside a block the call's
 * name stands before it: basic1.conv2; that is the call's label, else the block's name and a
 * running number. A number that a label has taken is skipped.
 *
 * In version 0.1.0 a call's label named its output alone: its layers had a number like all others.
 * Its files hold those names, so where a call has a label both ways are kept beside each other.
 */
#include "lang/expand.h"
#include <stdio.h>
#include <string.h>

fv_status fv__expand_start_names(fv_expander *x) {
    fv_context *ctx = x->source->ctx;
    for (const fv_label *l = x->program->labels; l != NULL; l = l->next) {
        if (!l->call || fv__names_get(&x->call_labels, l->name) != NULL) continue;
        FV_TRY(fv__names_add(ctx, &x->call_labels, l->name, 0));
        x->renamed = true;
    }
    FV_TRY(fv__names_add(ctx, &x->now.names, "input", 0));
    return x->renamed ? fv__names_add(ctx, &x->old.names, "input", 0) : FV_OK;
}

static void free_namer(fv_namer *n) {
    fv__names_free(&n->names);
    fv__names_free(&n->counters);
}

void fv__expand_free_names(fv_expander *x) {
    free_namer(&x->now);
    free_namer(&x->old);
    fv__names_free(&x->call_labels);
}

fv_status fv__expand_full_name(fv_expander *x, const fv_scope *scope, const char *name,
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

/* The same of old; where it was too long, no file of old has it. */
static fv_status old_name(fv_expander *x, const fv_scope *scope, const char *name,
                          const char **out) {
    *out = NULL;
    if (strlen(scope->old_prefix) + strlen(name) > FV_FULL_MAX) x->renamed = false;
    if (!x->renamed) return FV_OK;
    *out = fv__arena_format(x->arena, "%s%s", scope->old_prefix, name);
    return *out == NULL ? FV_EXHAUSTED : FV_OK;
}

/* The next automatic name: the key and the next number that is free. `call` (NULL: of no call): the
   block's name, whose numbered forms no label of a call may have. */
static fv_status automatic(fv_expander *x, fv_namer *n, const char *key, const char *call,
                           const char **out) {
    int *counter = fv__names_get(&n->counters, key);
    if (counter == NULL) {
        FV_TRY(fv__names_add(x->source->ctx, &n->counters, key, 0));
        counter = fv__names_get(&n->counters, key);
    }
    for (;;) {
        char text[FV_FULL_MAX + 16], alone[FV_NAME_MAX + 16];
        snprintf(text, sizeof text, "%s%d", key, ++*counter);
        snprintf(alone, sizeof alone, "%s%d", call != NULL ? call : "", *counter);
        const bool taken = fv__names_get(&n->names, text) != NULL ||
                           (call != NULL && fv__names_get(&x->call_labels, alone) != NULL);
        if ((x->fuel -= 5) >= 0 && taken) continue;
        *out = fv__arena_text(x->arena, text);
        return *out == NULL ? FV_EXHAUSTED : FV_OK;
    }
}

/* Says that a name is another's already; `call`: the label of a block's call. */
static fv_status refuse_name(fv_expander *x, const fv_scope *scope, const char *name,
                             fv_location location, int other, bool call) {
    const int node = x->net->values[other].node;
    const fv_location at = node >= 0 ? x->net->nodes[node].location : (fv_location){0, 0};
    const bool same = call || (at.line == location.line && at.column <= location.column);
    if (same && scope->rounds > 0)
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

/* Writes down a name for a value; it must be free. */
static fv_status take_name(fv_expander *x, const fv_scope *scope, const char *name,
                           fv_location location, int value) {
    const int *other = fv__names_get(&x->now.names, name);
    if (other != NULL) return refuse_name(x, scope, name, location, *other, false);
    return fv__names_add(x->source->ctx, &x->now.names, name, value);
}

/* One of old that is another's already would have been refused then. */
static fv_status take_old_name(fv_expander *x, const char *name, int value) {
    if (name == NULL || fv__names_get(&x->old.names, name) != NULL) return FV_OK;
    return fv__names_add(x->source->ctx, &x->old.names, name, value);
}

fv_status fv__expand_name_layer(fv_expander *x, const fv_scope *scope, const fv_element *e,
                                const char **name, const char **old) {
    const bool labelled = e->label != NULL && e->repeat == NULL;
    const char *word = e->kind == FV_A_CONSTANT ? "constant" : e->op->name;
    const char *own = labelled ? e->label : word, *key;
    const fv_location location = labelled ? e->label_location : e->location;
    const int value = (int)x->net->value_count;
    FV_TRY(fv__expand_full_name(x, scope, own, location, &key));
    *name = key;
    if (!labelled) FV_TRY(automatic(x, &x->now, key, NULL, name));
    FV_TRY(take_name(x, scope, *name, location, value));
    FV_TRY(old_name(x, scope, own, old));
    if (*old != NULL && !labelled) FV_TRY(automatic(x, &x->old, *old, NULL, old));
    FV_TRY(take_old_name(x, *old, value));
    if (*old != NULL && strcmp(*old, *name) == 0) *old = NULL;
    return FV_OK;
}

fv_status fv__expand_name_outputs(fv_expander *x, const fv_scope *scope, const fv_element *e,
                                  const fv_node *node) {
    for (int o = 1; o < node->outputs; o++)
        FV_TRY(take_name(x, scope, x->net->values[node->out[o]].name, e->location, node->out[o]));
    return FV_OK;
}

fv_status fv__expand_name_call(fv_expander *x, const fv_scope *scope, const fv_element *e,
                               fv_scope *inner) {
    const bool labelled = e->label != NULL && e->repeat == NULL;
    const fv_location location = labelled ? e->label_location : e->location;
    const char *name, *old;
    x->fuel -= 150; /* a call that makes nothing takes as long as a layer */
    FV_TRY(fv__expand_full_name(x, scope, labelled ? e->label : e->block->name, location, &name));
    const int *other = labelled ? fv__names_get(&x->now.names, name) : NULL;
    if (other != NULL) return refuse_name(x, scope, name, location, *other, true);
    if (!labelled) FV_TRY(automatic(x, &x->now, name, e->block->name, &name));
    FV_TRY(old_name(x, scope, e->block->name, &old));
    if (old != NULL) FV_TRY(automatic(x, &x->old, old, NULL, &old));
    inner->prefix = fv__arena_format(x->arena, "%s.", name);
    inner->old_prefix = old != NULL ? fv__arena_format(x->arena, "%s.", old) : inner->prefix;
    return inner->prefix == NULL || inner->old_prefix == NULL ? FV_EXHAUSTED : FV_OK;
}

fv_status fv__expand_label_value(fv_expander *x, const fv_scope *scope, const fv_element *e,
                                 int value) {
    const char *name, *old;
    FV_TRY(fv__expand_full_name(x, scope, e->label, e->label_location, &name));
    FV_TRY(take_name(x, scope, name, e->label_location, value));
    FV_TRY(old_name(x, scope, e->label, &old));
    FV_TRY(take_old_name(x, old, value));
    fv_value *v = &x->net->values[value];
    if (v->node < 0 || strcmp(v->name, x->net->nodes[v->node].name) != 0) return FV_OK;
    v->name = fv__arena_text(&x->net->arena, name); /* the first label is the value's name */
    return v->name == NULL ? FV_EXHAUSTED : FV_OK;
}

/* ---- finding them ---- */

static int find_in(const fv_namer *n, const char *prefix, const char *label) {
    char text[2 * FV_FULL_MAX + 2];
    size_t length = strlen(prefix); /* always ends in a dot, or is empty */
    for (;;) {
        snprintf(text, sizeof text, "%.*s%s", (int)length, prefix, label);
        const int *value = fv__names_get(&n->names, text);
        if (value != NULL) return *value;
        if (length == 0) return -1;
        for (length--; length > 0 && prefix[length - 1] != '.';) length--;
    }
}

int fv__expand_find(const fv_expander *x, const fv_scope *scope, const char *label) {
    return find_in(&x->now, scope->prefix, label);
}

static fv_status unknown_label(fv_expander *x, const fv_scope *scope, const fv_element *e) {
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

/* Texts of version 0.1.0 may name a layer in a labelled call by the number it had. */
fv_status fv__expand_from(fv_expander *x, const fv_scope *scope, const fv_element *e, int *out) {
    const int now = fv__expand_find(x, scope, e->name);
    const int old = x->renamed ? find_in(&x->old, scope->old_prefix, e->name) : now;
    if (now < 0 && old < 0) return unknown_label(x, scope, e);
    *out = now >= 0 ? now : old;
    if (old < 0 || old == *out) return FV_OK;
    (void)fv__complain(x->source, e->label_location,
                       "'%s' names two layers: since a call's label stands before the names of its "
                       "layers, the calls are counted anew; give the call that is meant a label",
                       e->name);
    return fv__expand_trace(x, scope);
}
