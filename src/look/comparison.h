/* SPDX-License-Identifier: MIT */
/*
 * comparison.h - two models run on the same numbers. See include/fovea/compare.h.
 */
#ifndef FV_LOOK_COMPARISON_H
#define FV_LOOK_COMPARISON_H

#include "format/model.h"

FV_MUST_USE fv_status fv__compare(fv_context *ctx, const fv_model *a, const fv_model *b,
                                  const fv_compare_options *options, fv_comparison **out);
void fv__comparison_free(fv_comparison *told);

#endif
