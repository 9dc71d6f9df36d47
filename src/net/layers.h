/* SPDX-License-Identifier: MIT */
/*
 * layers.h - the layers of a network that a setting names: "conv1..conv4,fc*".
 *
 * Names with commas between. A name is a layer's, or that of a block, which stands for all in it;
 * FIRST..LAST are those from the first to the last in the network's order, FIRST.. and ..LAST those
 * to its end and from its beginning; NAME* are all that begin so. "" and "none" name nothing.
 */
#ifndef FV_NET_LAYERS_H
#define FV_NET_LAYERS_H

#include "net/net.h"

/* What a setting wants of layers. */
typedef struct fv_layers_wish {
    const char *setting; /* "freeze" */
    /* Whether a layer has it; of those that a name stands for one has to. */
    bool (*has)(const fv_graph *net, const fv_node *node);
    const char *lacks; /* "has nothing that it could learn" */
} fv_layers_wish;

/* Sets named[i] for each node that the text names, and leaves the others. FV_BAD_INPUT: layers that
   are not there, or lack what is wanted, or come in the wrong order. */
FV_MUST_USE fv_status fv__layers_named(fv_context *ctx, const fv_graph *net,
                                       const fv_layers_wish *wish, const char *text, bool *named);
/* Whether such a text, which is right, names a node. */
bool fv__layers_name(const fv_graph *net, const char *text, int node);

#endif
