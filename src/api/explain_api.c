/* SPDX-License-Identifier: MIT */
/*
 * explain_api.c - public: what a network is, and how fast it runs.
 */
#include "api/given.h"
#include "api/views.h"
#include "look/benchmark.h"
#include "look/explanation.h"
#include "look/wiring.h"

fv_status fv_explain(fv_context *ctx, const fv_net *net, const fv_explain_options *given,
                     fv_explanation **out) {
    fv_explain_options options = {0};
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, net);
    FV_TAKE(ctx, given, options);
    if (options.batch < 0)
        return fv__fail(ctx, FV_USAGE, "memory is planned for a batch of at least 1, not %lld",
                        (long long)options.batch);
    return fv__explain(ctx, net, &options, out);
}

void fv_explanation_free(fv_explanation *explanation) {
    fv__explanation_free(explanation);
}

fv_status fv_explain_as_fc(fv_context *ctx, const fv_net *net, const char *layer, fv_as_fc *out) {
    fv_as_fc found = {0};
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_GIVE(ctx, found, out);
    FV_NEED(ctx, net);
    FV_NEED(ctx, layer);
    int node;
    FV_TRY(fv__layer_named(ctx, net->graph, layer, &node));
    FV_TRY(fv__as_fc(ctx, net->graph, node, &found));
    FV_GIVE(ctx, found, out);
    return FV_OK;
}

fv_status fv_bench_run(fv_context *ctx, const fv_net *net, const fv_bench_options *given,
                       fv_bench **out) {
    fv_bench_options options = {0};
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, net);
    FV_TAKE(ctx, given, options);
    if (options.batch < 0)
        return fv__fail(ctx, FV_USAGE, "a batch of at least 1 is timed, not %lld",
                        (long long)options.batch);
    if (options.model && options.model->net.graph != net->graph)
        return fv__fail(ctx, FV_USAGE,
                        "fv_bench_run: the model is of another network; give fv_model_net() of it");
    return fv__benchmark(ctx, net, &options, out);
}

void fv_bench_free(fv_bench *bench) {
    fv__benchmark_free(bench);
}
