/* SPDX-License-Identifier: MIT */
/*
 * open_api.h - what the public functions that open something share.
 */
#ifndef FV_API_OPEN_API_H
#define FV_API_OPEN_API_H

#include "format/open_model.h"

/* Public options as those of format/open_model.h, whose settings live in the arena. */
FV_MUST_USE fv_status fv__take_model_options(fv_context *ctx, const fv_model_options *given,
                                             fv_arena *arena, fv_open_options *out);
/* A handle for a network, which is taken over, on failure too. */
FV_MUST_USE fv_status fv__net_handle(fv_context *ctx, const fv_net *net, fv_net **out);

#endif
