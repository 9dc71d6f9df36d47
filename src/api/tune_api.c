/* SPDX-License-Identifier: MIT */
/*
 * tune_api.c - public: measuring which way of cutting the work is the fastest here.
 */
#include "api/given.h"
#include "look/tune.h"
#include <stdio.h>
#include <stdlib.h>

fv_status fv_tune(fv_context *ctx, const fv_net *net, const fv_tune_options *given,
                  fv_tuned **out) {
    fv_tune_options options = {0};
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, net);
    FV_TAKE(ctx, given, options);
    if (options.batch < 0)
        return fv__fail(ctx, FV_USAGE, "a batch of at least 1 is tuned for, not %lld",
                        (long long)options.batch);
    if (options.model && options.model->net.graph != net->graph)
        return fv__fail(ctx, FV_USAGE,
                        "fv_tune: the model is of another network; give fv_model_net() of it");
    return fv__tune(ctx, net, &options, NULL, out);
}

void fv_tuned_free(fv_tuned *tuned) {
    fv__tuned_free(tuned);
}

const char *fv_tuning_file(char *out, size_t size) {
    static const struct {
        const char *variable, *below;
    } places[] = {{"FOVEA_CACHE", ""}, {"XDG_CACHE_HOME", "/fovea"}, {"HOME", "/.cache/fovea"}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *folder = getenv(places[i].variable);
        if (!folder || !*folder) continue;
        const int n = snprintf(out, size, "%s%s/tuning.txt", folder, places[i].below);
        return n > 0 && (size_t)n < size ? out : NULL;
    }
    return NULL;
}
