/* SPDX-License-Identifier: MIT */
/*
 * views.h - parameters and values as the public header shows them.
 */
#ifndef FV_API_VIEWS_H
#define FV_API_VIEWS_H

#include "net/net.h"

/* The parameter of that name; FV_BAD_INPUT with "did you mean". */
FV_MUST_USE fv_status fv__param_named(fv_context *ctx, const fv_graph *net, const char *name,
                                      int *out);
/* The value of that name, likewise. */
FV_MUST_USE fv_status fv__value_named(fv_context *ctx, const fv_graph *net, const char *name,
                                      int *out);

/* The layer of that name, or whose value has it as a label, likewise. */
FV_MUST_USE fv_status fv__layer_named(fv_context *ctx, const fv_graph *net, const char *name,
                                      int *out);

/* Everything but its size to 0: what a call that fails leaves. */
FV_MUST_USE fv_status fv__view_clear(fv_context *ctx, fv_tensor_view *out);
/* A parameter whose numbers lie at `data`. */
FV_MUST_USE fv_status fv__view_of_param(fv_context *ctx, const fv_param *p, float *data,
                                        fv_tensor_view *out);
/* A dense tensor under a name. */
FV_MUST_USE fv_status fv__view_of_tensor(fv_context *ctx, const char *name, const fv_tensor *t,
                                         fv_tensor_view *out);

#endif
