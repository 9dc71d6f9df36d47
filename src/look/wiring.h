/* SPDX-License-Identifier: MIT */
/*
 * wiring.h - a layer whose places share their weights beside those that share none.
 */
#ifndef FV_LOOK_WIRING_H
#define FV_LOOK_WIRING_H

#include "net/net.h"

FV_MUST_USE fv_status fv__as_fc(fv_context *ctx, const fv_graph *net, int node, fv_as_fc *out);

#endif
