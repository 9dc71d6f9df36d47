/* SPDX-License-Identifier: MIT */
/*
 * expand_share.c - parameters that several layers have: conv 8 3x3 share first.
 *
 * `share NAME` says what the parameters are called: NAME.weight and so on. All layers that say it
 * have the same ones, and so has the layer that is called NAME, before them in the text or behind.
 */
#include "lang/expand.h"
#include <stdio.h>
#include <string.h>

static const fv_shared *find_shared(const fv_expander *x, const char *name) {
    for (const fv_shared *s = x->shared; s != NULL; s = s->next)
        if (strcmp(s->name, name) == 0) return s;
    return NULL;
}

/* The layer whose parameters a word names: in the block's own surroundings first, then outward; -1:
   there is none yet. */
static int find_layer(const fv_expander *x, const fv_scope *scope, const char *word) {
    char text[2 * FV_FULL_MAX + 2];
    size_t n = strlen(scope->prefix);
    for (;;) {
        snprintf(text, sizeof text, "%.*s%s", (int)n, scope->prefix, word);
        const fv_shared *shared = find_shared(x, text);
        if (shared != NULL) return shared->node;
        const int *value = fv__names_get(&x->now.names, text);
        if (value != NULL && (size_t)*value < x->net->value_count)
            return x->net->values[*value].node;
        if (n == 0) return -1;
        for (n--; n > 0 && scope->prefix[n - 1] != '.';) n--;
    }
}

/* A word that is no layer's yet: this layer is the first that has parameters of that name. */
static fv_status begin_sharing(fv_expander *x, const fv_scope *scope, const fv_element *e,
                               fv_node_spec *spec) {
    fv_shared *s = fv__arena_alloc(x->arena, sizeof *s);
    if (s == NULL) return FV_EXHAUSTED;
    FV_TRY(fv__expand_full_name(x, scope, e->share, e->share_location, &s->name));
    s->location = e->share_location;
    s->node = (int)x->net->node_count;
    s->next = x->shared;
    x->shared = s;
    spec->param_name = s->name;
    return FV_OK;
}

/* A net has copies of the operators that a program brings. */
static bool same_op(const fv_node *with, const fv_element *e) {
    return strcmp(with->op->name, e->op->name) == 0;
}

static fv_status refuse_sharing(fv_expander *x, const fv_scope *scope, const fv_element *e,
                                const char *name, const fv_node *with) {
    const fv_location at = e->share != NULL ? e->share_location : e->location;
    if (!same_op(with, e))
        (void)fv__complain(x->source, at,
                           "'%s' names the parameters of a %s (%s), and this is a %s; only layers "
                           "of one operator can share them",
                           name, with->op->name, with->name, e->op->name);
    else
        (void)fv__complain(x->source, at, "%s has no parameters that could be shared", e->op->name);
    return fv__expand_trace(x, scope);
}

fv_status fv__expand_share(fv_expander *x, const fv_scope *scope, const fv_element *e,
                           fv_node_spec *spec, int *param) {
    const fv_shared *named = find_shared(x, spec->name); /* somebody has said: share THIS */
    int node = named != NULL ? named->node : -1;
    if (e->share != NULL) node = find_layer(x, scope, e->share);
    if (e->share != NULL && named != NULL && node != named->node) {
        (void)fv__complain(x->source, e->share_location,
                           "this layer shares '%s', so the one at %d:%d, which shares '%s', must "
                           "share '%s' too",
                           e->share, named->location.line, named->location.column, named->name,
                           e->share);
        return fv__expand_trace(x, scope);
    }
    if (node < 0) return e->share != NULL ? begin_sharing(x, scope, e, spec) : FV_OK;
    const fv_node *with = &x->net->nodes[node];
    if (!same_op(with, e) || with->params == 0)
        return refuse_sharing(x, scope, e, e->share != NULL ? e->share : spec->name, with);
    for (int i = 0; i < FV_OP_PARAMS; i++) param[i] = i < with->params ? with->param[i] : -1;
    spec->param = param;
    return FV_OK;
}

/* "weight, bias" */
static void list_params(const fv_graph *net, const fv_node *node, char *out, size_t size) {
    int n = 0;
    out[0] = 0;
    for (int i = 0; i < node->params && n >= 0 && (size_t)n < size; i++)
        n += snprintf(out + n, size - (size_t)n, "%s%s", i > 0 ? ", " : "",
                      net->params[node->param[i]].spec.name);
}

fv_status fv__expand_check_share(fv_expander *x, const fv_scope *scope, const fv_element *e,
                                 const fv_node_spec *spec) {
    char mine[256], theirs[256];
    const fv_node *node = &x->net->nodes[x->net->node_count - 1];
    if (e->share != NULL && node->params == 0) return refuse_sharing(x, scope, e, "", node);
    if (spec->param == NULL) return FV_OK;
    const fv_node *with = &x->net->nodes[x->net->params[spec->param[0]].node];
    if (node->params == with->params) return FV_OK;
    list_params(x->net, node, mine, sizeof mine);
    list_params(x->net, with, theirs, sizeof theirs);
    (void)fv__complain(x->source, e->share != NULL ? e->share_location : e->location,
                       "this layer has %s, and %s, whose parameters it shares, has %s", mine,
                       with->name, theirs);
    return fv__expand_trace(x, scope);
}

fv_status fv__expand_check_shared(fv_expander *x) {
    const fv_graph *net = x->net;
    for (const fv_shared *s = x->shared; s != NULL; s = s->next) {
        const fv_node *node = &net->nodes[s->node];
        if (net->params[node->param[0]].uses > 1) continue;
        const char *names[256];
        size_t count = 0;
        for (const fv_label *l = x->program->labels; l != NULL && count < 256; l = l->next)
            names[count++] = l->name;
        const char *near = fv__nearest(s->name, names, count);
        return fv__complain(x->source, s->location, "nothing else has the parameters '%s'%s%s%s",
                            s->name, near != NULL ? "; did you mean '" : "",
                            near != NULL ? near : "", near != NULL ? "'?" : "");
    }
    return FV_OK;
}
