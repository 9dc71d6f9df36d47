/* SPDX-License-Identifier: MIT */
/*
 * bench.h - the parts of `fovea bench`: what is told of one network (bench_text.c), a network
 * beside other programs that run it (bench_against.c), and being such a program (bench_serve.c).
 */
#ifndef FV_CLI_BENCH_H
#define FV_CLI_BENCH_H

#include "cli/cli.h"

typedef struct fv_bench_keys {
    int64_t batch, runs;
    double slow, limit;
} fv_bench_keys;

FV_MUST_USE fv_status fv__cli_bench_text(const fv_cli *cli, const fv_bench *b, fv_text *out);
void fv__cli_bench_json(const fv_cli *cli, const fv_bench *b, fv_text *out);

/* A training step beside other programs is one of these, on class i % classes for sample i. The
   rate is so small that weights, after thousands of steps on the same numbers, are still such
   weights.
 */
#define FV_BENCH_LOSS     "crossentropy"
#define FV_BENCH_RATE     1e-6
#define FV_BENCH_MOMENTUM 0.9
#define FV_BENCH_DECAY    1e-4 /* not of biases and normalisations */
static inline int32_t fv__cli_bench_label(int64_t sample, int64_t classes) {
    return (int32_t)(sample % classes);
}

/* `--against NAMES`: prints what came of it. FV_DIFFERS when an output does. */
FV_MUST_USE fv_status fv__cli_bench_against(fv_cli *cli, const char *names);

/* `--serve FILE`: runs the model on the numbers of the file whenever standard input says so. */
FV_MUST_USE fv_status fv__cli_bench_serve(fv_cli *cli, const char *input);

#endif
