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

/* `--against NAMES`: prints what came of it. FV_DIFFERS when an output does. */
FV_MUST_USE fv_status fv__cli_bench_against(fv_cli *cli, const char *names);

/* `--serve FILE`: runs the model on the numbers of the file whenever standard input says so. */
FV_MUST_USE fv_status fv__cli_bench_serve(fv_cli *cli, const char *input);

#endif
