/* SPDX-License-Identifier: MIT */
/* refit.h - the end of a network: its last layer with weights, and the same network for another
   number of classes. */
#ifndef FV_TRAIN_REFIT_H
#define FV_TRAIN_REFIT_H

#include "net/net.h"

/* The last layer with something to learn before a head, with nothing that joins between; -1: there
   is none. */
int fv__last_layer(const fv_graph *net, const fv_head *head);

/* Whether a parameter is of the last layer before some head. */
bool fv__of_last_layer(const fv_graph *net, int param);

/* The network with so many filters or units in the last layer before its main output, where these
   are the classes: a frozen copy, of which the layer's parameters alone have another shape. *out
   NULL: the last layer is none that can be changed so. FV_BAD_INPUT: a layer behind it does not
   take that. */
FV_MUST_USE fv_status fv__net_refit(fv_context *ctx, const fv_graph *net, int64_t classes,
                                    fv_graph **out);

#endif
