/* SPDX-License-Identifier: MIT */
/*
 * step_api.c - public: a convolution or pooling window by window.
 */
#include "api/given.h"
#include "look/steps.h"

const char *fv_step_operator(int i) {
    int count = 0;
    while (fv__step_operators[count]) count++;
    return i >= 0 && i < count ? fv__step_operators[i]->name : NULL;
}

fv_status fv_step_through(fv_context *ctx, const fv_step_options *options, fv_steps **out) {
    fv_step_options o = {0};
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, options);
    FV_TAKE(ctx, options, o);
    FV_NEED(ctx, o.op);
    FV_NEED(ctx, o.x);
    return fv__steps(ctx, &o, out);
}

void fv_steps_free(fv_steps *steps) {
    fv__steps_free(steps);
}
