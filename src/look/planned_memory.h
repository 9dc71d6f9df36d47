/* SPDX-License-Identifier: MIT */
/*
 * planned_memory.h - what a network takes for one sample and for a batch, as really planned.
 */
#ifndef FV_LOOK_PLANNED_MEMORY_H
#define FV_LOOK_PLANNED_MEMORY_H

#include "net/net.h"

/* Fills the memory part of an explanation, in inference and in training. batch 0: the recipe's, or
   as much of it as this machine's addresses can count; another is planned or refused. */
FV_MUST_USE fv_status fv__planned_memory(fv_context *ctx, const fv_net *net, int64_t batch,
                                         fv_arena *arena, fv_explanation *out);

#endif
