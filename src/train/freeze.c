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

/* The first or the last node that a name means; FV_BAD_INPUT: there is none. */
static fv_status find(fv_context *ctx, const fv_graph *net, const item *name, bool last, int *out) {
    char given[FV_TEXT_BYTES];
    *out = -1;
    for (int i = 0; i < (int)net->node_count; i++)
        if (means(name, net->nodes[i].name) && (last || *out < 0)) *out = i;
    if (*out >= 0) return FV_OK;
    const char **words = fv__alloc(ctx, (net->node_count + 1) * sizeof *words, "names of layers");
    if (!words) return FV_EXHAUSTED;
    for (size_t i = 0; i < net->node_count; i++) words[i] = net->nodes[i].name;
    memcpy(given, name->start, (size_t)name->length);
    given[name->length] = '\0';
    const char *near = fv__nearest(given, words, net->node_count);
    const fv_status status =
        near ? fv__fail(ctx, FV_BAD_INPUT,
                        "freeze: the network %s has no layer '%.64s'; did you mean '%s'?",
                        net->name, given, near)
             : fv__fail(ctx, FV_BAD_INPUT,
                        "freeze: the network %s has no layer '%.64s'; `fovea explain` lists their "
                        "names",
                        net->name, given);
    fv__free(words);
    return status;
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
