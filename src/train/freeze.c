/* SPDX-License-Identifier: MIT */
/*
 * freeze.c - which layers of a network do not learn, from the setting `freeze`.
 */
#include "train/freeze.h"
#include <string.h>

/* One of the names between commas. */
typedef struct item {
    const char *start;
    int length;
} item;

/* Whether a node is what a name means: the layer, or one in the block of that name, or one that
   begins so where the name ends with `*`. */
static bool means(const item *name, const char *node) {
    const size_t n = (size_t)name->length;
    if (n > 0 && name->start[n - 1] == '*') return strncmp(node, name->start, n - 1) == 0;
    return strncmp(node, name->start, n) == 0 && (node[n] == '\0' || node[n] == '.');
}

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

static fv_status no_layer(fv_context *ctx, const fv_graph *net, const item *name) {
    char given[FV_TEXT_BYTES];
    const char *near = NULL;
    fv_arena arena;
    fv__arena_init(&arena, ctx);
    memcpy(given, name->start, (size_t)name->length);
    given[name->length] = '\0';
    fv_status status = nearest(ctx, net, given, &arena, &near);
    if (status == FV_OK && near)
        status = fv__fail(ctx, FV_BAD_INPUT,
                          "freeze: the network %s has no layer '%.64s'; did you mean '%s'?",
                          net->name, given, near);
    else if (status == FV_OK)
        status =
            fv__fail(ctx, FV_BAD_INPUT,
                     "freeze: the network %s has no layer '%.64s'; `fovea explain` lists their "
                     "names",
                     net->name, given);
    fv__arena_free(&arena);
    return status;
}

/* The first or the last node that a name means; FV_BAD_INPUT: there is none. */
static fv_status find(fv_context *ctx, const fv_graph *net, const item *name, bool last, int *out) {
    *out = -1;
    for (int i = 0; i < (int)net->node_count; i++)
        if (means(name, net->nodes[i].name) && (last || *out < 0)) *out = i;
    return *out >= 0 ? FV_OK : no_layer(ctx, net, name);
}

static bool learns(const fv_graph *net, const fv_node *node) {
    for (int k = 0; k < node->params; k++)
        if (net->params[node->param[k]].spec.learned) return true;
    return false;
}

/* FIRST..LAST, NAME or NAME*. */
static fv_status take(fv_context *ctx, const fv_graph *net, const item *text, bool *frozen) {
    item first = *text, second = *text;
    int from, to;
    bool any = false;
    for (int i = 0; i + 1 < text->length; i++)
        if (text->start[i] == '.' && text->start[i + 1] == '.') {
            first.length = i;
            second = (item){text->start + i + 2, text->length - i - 2};
            break;
        }
    const bool range = first.length != text->length;
    if (first.length == 0 || second.length == 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "freeze takes names of layers with commas between, as in "
                        "conv1..conv4,fc1, not '%.*s'",
                        text->length < 64 ? text->length : 64, text->start);
    FV_TRY(find(ctx, net, &first, false, &from));
    FV_TRY(find(ctx, net, &second, true, &to));
    if (from > to)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "freeze: %s comes behind %s in the network %s; write the earlier layer "
                        "first",
                        net->nodes[from].name, net->nodes[to].name, net->name);
    for (int i = from; i <= to; i++) {
        if (!range && !means(text, net->nodes[i].name)) continue;
        frozen[i] = true;
        any = any || learns(net, &net->nodes[i]);
    }
    if (any) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT, "freeze: %.*s has nothing that it could learn",
                    text->length < 64 ? text->length : 64, text->start);
}

bool fv__freeze_has(const fv_graph *net, const bool *frozen, int param) {
    for (size_t n = 0; frozen && n < net->node_count; n++)
        for (int k = 0; frozen[n] && k < net->nodes[n].params; k++)
            if (net->nodes[n].param[k] == param) return true;
    return false;
}

/* Something must be left that learns. */
static fv_status check(fv_context *ctx, const fv_graph *net, const bool *frozen) {
    for (size_t p = 0; p < net->param_count; p++)
        if (net->params[p].spec.learned && !fv__freeze_has(net, frozen, (int)p)) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "freeze: all layers of the network %s are frozen, and nothing is left that "
                    "could learn",
                    net->name);
}

static fv_status mark(fv_context *ctx, const fv_graph *net, const char *text, bool *frozen) {
    for (;;) {
        const item one = {text, (int)strcspn(text, ",")};
        FV_TRY(take(ctx, net, &one, frozen));
        text += one.length;
        if (!*text) return check(ctx, net, frozen);
        text++;
    }
}

fv_status fv__freeze_find(fv_context *ctx, const fv_graph *net, const char *text, bool **frozen) {
    *frozen = NULL;
    if (!*text || strcmp(text, "none") == 0) return FV_OK;
    *frozen = fv__alloc(ctx, (net->node_count + 1) * sizeof **frozen, "the frozen layers");
    if (!*frozen) return FV_EXHAUSTED;
    const fv_status status = mark(ctx, net, text, *frozen);
    if (status == FV_OK) return FV_OK;
    fv__free(*frozen);
    *frozen = NULL;
    return status;
}
