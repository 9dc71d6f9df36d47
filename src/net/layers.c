/* SPDX-License-Identifier: MIT */
/*
 * layers.c - the layers of a network that a setting names.
 */
#include "net/layers.h"
#include <string.h>

/* A piece of the text. */
typedef struct item {
    const char *start;
    int length;
} item;

/* One of the names between commas: FIRST..LAST, or both are the same, without `range`. An end that
   is left open has no length. */
typedef struct named {
    item whole, first, last;
    bool range;
} named;

/* Whether a node is what a name means: the layer, or one in the block of that name, or one that
   begins so where the name ends with `*`. */
static bool means(const item *name, const char *node) {
    const size_t n = (size_t)name->length;
    if (n > 0 && name->start[n - 1] == '*') return strncmp(node, name->start, n - 1) == 0;
    return strncmp(node, name->start, n) == 0 && (node[n] == '\0' || node[n] == '.');
}

/* The name that the text begins with, and where the next one does; NULL: this is the last. */
static const char *next(const char *text, named *out) {
    const item whole = {text, (int)strcspn(text, ",")};
    *out = (named){whole, whole, whole, false};
    for (int i = 0; i + 1 < whole.length && !out->range; i++)
        if (text[i] == '.' && text[i + 1] == '.') {
            out->range = true;
            out->first.length = i;
            out->last = (item){text + i + 2, whole.length - i - 2};
        }
    text += whole.length;
    return *text ? text + 1 : NULL;
}

/* The first and the last node of it; -1: there is none. */
static void find(const fv_graph *net, const named *name, int *from, int *to) {
    *from = name->range && name->first.length == 0 ? 0 : -1;
    *to = name->range && name->last.length == 0 ? (int)net->node_count - 1 : -1;
    const bool start = *from < 0, end = *to < 0;
    for (int i = 0; i < (int)net->node_count; i++) {
        if (start && *from < 0 && means(&name->first, net->nodes[i].name)) *from = i;
        if (end && means(&name->last, net->nodes[i].name)) *to = i;
    }
}

static bool holds(const fv_graph *net, const named *name, int from, int to, int node) {
    return from >= 0 && node >= from && node <= to &&
           (name->range || means(&name->whole, net->nodes[node].name));
}

bool fv__layers_name(const fv_graph *net, const char *text, int node) {
    named name;
    int from, to;
    if (!*text || strcmp(text, "none") == 0) return false;
    while (text) {
        text = next(text, &name);
        find(net, &name, &from, &to);
        if (holds(net, &name, from, to, node)) return true;
    }
    return false;
}

/* ------------------------------------------------------------------------------ messages --- */

/* The layer or block whose name is nearest; *near NULL: none is near. It lives in the arena, or in
   the net. */
static fv_status nearest(fv_context *ctx, const fv_graph *net, const char *given, fv_arena *arena,
                         const char **near) {
    const char **words = fv__arena_alloc(arena, (2 * net->node_count + 1) * sizeof *words);
    size_t count = 0;
    if (!words) return fv__fail_memory(ctx, 0, "names of layers");
    for (size_t i = 0; i < net->node_count; i++) {
        const char *name = net->nodes[i].name, *dot = strrchr(name, '.');
        words[count++] = name;
        if (!dot) continue;
        words[count] = fv__arena_textn(arena, name, (size_t)(dot - name));
        if (!words[count++]) return fv__fail_memory(ctx, 0, "names of layers");
    }
    *near = fv__nearest(given, words, count);
    return FV_OK;
}

static fv_status no_layer(fv_context *ctx, const fv_graph *net, const char *setting,
                          const item *name) {
    char given[FV_TEXT_BYTES];
    const char *near = NULL;
    fv_arena arena;
    fv__arena_init(&arena, ctx);
    memcpy(given, name->start, (size_t)name->length);
    given[name->length] = '\0';
    fv_status status = nearest(ctx, net, given, &arena, &near);
    if (status == FV_OK && near)
        status = fv__fail(ctx, FV_BAD_INPUT,
                          "%s: the network %s has no layer '%.64s'; did you mean '%s'?", setting,
                          net->name, given, near);
    else if (status == FV_OK)
        status = fv__fail(ctx, FV_BAD_INPUT,
                          "%s: the network %s has no layer '%.64s'; `fovea explain` lists their "
                          "names",
                          setting, net->name, given);
    fv__arena_free(&arena);
    return status;
}

/* FIRST..LAST, NAME or NAME*. */
static fv_status take(fv_context *ctx, const fv_graph *net, const fv_layers_wish *wish,
                      const named *name, bool *marked) {
    const item *whole = &name->whole;
    const int shown = whole->length < 64 ? whole->length : 64;
    int from, to;
    bool any = false;
    if (name->first.length + name->last.length == 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s takes names of layers with commas between, as in conv1..conv4,fc1, not "
                        "'%.*s'",
                        wish->setting, shown, whole->start);
    find(net, name, &from, &to);
    if (from < 0) return no_layer(ctx, net, wish->setting, &name->first);
    if (to < 0) return no_layer(ctx, net, wish->setting, &name->last);
    if (from > to)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s: %s comes behind %s in the network %s; write the earlier layer first",
                        wish->setting, net->nodes[from].name, net->nodes[to].name, net->name);
    for (int i = from; i <= to; i++) {
        if (!holds(net, name, from, to, i)) continue;
        marked[i] = true;
        any = any || wish->has(net, &net->nodes[i]);
    }
    if (any) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT, "%s: %.*s %s", wish->setting, shown, whole->start,
                    wish->lacks);
}

fv_status fv__layers_named(fv_context *ctx, const fv_graph *net, const fv_layers_wish *wish,
                           const char *text, bool *marked) {
    named name;
    if (!*text || strcmp(text, "none") == 0) return FV_OK;
    while (text) {
        text = next(text, &name);
        FV_TRY(take(ctx, net, wish, &name, marked));
    }
    return FV_OK;
}
