/* SPDX-License-Identifier: MIT */
/*
 * compare_api.c - public: two models compared.
 */
#include "api/given.h"
#include "look/comparison.h"
#include <math.h>

fv_status fv_compare(fv_context *ctx, const fv_model *a, const fv_model *b,
                     const fv_compare_options *given, fv_comparison **out) {
    fv_compare_options options = {0};
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, a);
    FV_NEED(ctx, b);
    FV_TAKE(ctx, given, options);
    if (!isfinite(options.tolerance) || options.tolerance < 0)
        return fv__fail(ctx, FV_USAGE, "a tolerance is 0 or more, and finite");
    if (options.tolerance == 0) options.tolerance = 1e-4;
    return fv__compare(ctx, a, b, &options, out);
}

void fv_comparison_free(fv_comparison *comparison) {
    fv__comparison_free(comparison);
}
