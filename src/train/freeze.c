/* SPDX-License-Identifier: MIT */
/*
 * freeze.c - which layers of a network do not learn, from the setting `freeze`.
 */
#include "train/freeze.h"
#include "net/layers.h"
#include <string.h>

static bool learns(const fv_graph *net, const fv_node *node) {
    for (int k = 0; k < node->params; k++)
        if (net->params[node->param[k]].spec.learned) return true;
    return false;
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
    static const fv_layers_wish wish = {"freeze", learns, "has nothing that it could learn"};
    FV_TRY(fv__layers_named(ctx, net, &wish, text, frozen));
    return check(ctx, net, frozen);
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
