/* SPDX-License-Identifier: MIT */
/* freeze.h - which layers of a network do not learn, from the setting `freeze`. */
#ifndef FV_TRAIN_FREEZE_H
#define FV_TRAIN_FREEZE_H

#include "net/net.h"

/* "conv1..conv4,fc*", as net/layers.h says. *frozen: a flag for each node, the caller's to free
   with fv__free; NULL for "" and "none". FV_BAD_INPUT for layers that are not there, that have
   nothing to learn, or where nothing would be left that learns. */
FV_MUST_USE fv_status fv__freeze_find(fv_context *ctx, const fv_graph *net, const char *text,
                                      bool **frozen);
/* Whether a parameter stays as it is: some layer that uses it is frozen. */
bool fv__freeze_has(const fv_graph *net, const bool *frozen, int param);

#endif
