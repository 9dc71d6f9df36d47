/* SPDX-License-Identifier: MIT */
/*
 * explanation.h - a network taken apart: one record per layer, totals, planned memory, as
 * fovea/explain.h describes them.
 */
#ifndef FV_LOOK_EXPLANATION_H
#define FV_LOOK_EXPLANATION_H

#include "net/net.h"

/* `options` is complete; *out is freed by fv__explanation_free. */
FV_MUST_USE fv_status fv__explain(fv_context *ctx, const fv_net *net,
                                  const fv_explain_options *options, fv_explanation **out);
void fv__explanation_free(fv_explanation *explanation);

#endif
