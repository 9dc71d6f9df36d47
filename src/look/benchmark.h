/* SPDX-License-Identifier: MIT */
/*
 * benchmark.h - how fast a network runs here, as fovea/bench.h describes it.
 */
#ifndef FV_LOOK_BENCHMARK_H
#define FV_LOOK_BENCHMARK_H

#include "format/model.h"
#include "look/machine_peak.h"

/* `options` is complete; *out is freed by fv__benchmark_free. */
FV_MUST_USE fv_status fv__benchmark(fv_context *ctx, const fv_net *net,
                                    const fv_bench_options *options, fv_bench **out);
void fv__benchmark_free(fv_bench *bench);

#endif
