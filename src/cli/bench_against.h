/* SPDX-License-Identifier: MIT */
/*
 * bench_against.h - what came of `fovea bench --against`, as it is told.
 */
#ifndef FV_CLI_BENCH_AGAINST_H
#define FV_CLI_BENCH_AGAINST_H

#include "cli/bench.h"
#include "cli/bench_files.h"
#include "cli/rival.h"

#define FV_AGAINST_MOST 16 /* sides */

typedef struct fv_against {
    fv_cli *cli;
    const char *net, *isa, *precision;
    fv_bench_files files;
    fv_rival side[FV_AGAINST_MOST]; /* the first is this command */
    int sides;
    float *ours; /* its outputs */
    size_t values;
    double tolerance; /* largest difference that agrees */
    int fastest;      /* of the others that ran and agree; 0: none */
} fv_against;

FV_MUST_USE fv_status fv__cli_against_text(const fv_against *a, fv_text *out);
void fv__cli_against_json(const fv_against *a, fv_text *out);

#endif
