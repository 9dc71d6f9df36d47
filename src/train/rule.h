/* SPDX-License-Identifier: MIT */
/* rule.h - whether a network is one that an optimiser's rule is made for. */
#ifndef FV_TRAIN_RULE_H
#define FV_TRAIN_RULE_H

#include "net/net.h"
#include "optim/optim.h"

/* FV_BAD_INPUT with a sentence when an optimiser with a loss of its own (fv_optimizer.loss) is to
   train a net, losses included, that has another loss, or more than one layer with weights, or
   something between the layer and the loss. */
FV_MUST_USE fv_status fv__rule_fits(fv_context *ctx, const fv_graph *net, const fv_optimizer *rule);

#endif
