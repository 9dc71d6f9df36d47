/* SPDX-License-Identifier: MIT */
/*
 * bench_files.h - what the sides of `fovea bench --against` are given: one network with its weights
 * in every form that one of them reads, and the same numbers.
 */
#ifndef FV_CLI_BENCH_FILES_H
#define FV_CLI_BENCH_FILES_H

#include "cli/cli.h"

/* All of them lie in one temporary folder; texts are in the command's arena. */
typedef struct fv_bench_files {
    const char *folder;
    const char *model; /* our own form: .safetensors */
    const char *input; /* raw float32: batch, channels, height, width */
    const char *job;   /* the rest in words, for the drivers: JSON */
    int64_t dims[4];   /* of the input */
    bool training;     /* steps of training, not forward passes */
    bool drawn;        /* a dropout draws numbers in a step, each side its own */
} fv_bench_files;

/* Writes them. FV_BAD_INPUT, FV_EXHAUSTED, FV_FAILED: with a sentence. In any case
   fv__cli_bench_files_remove is to be called. */
FV_MUST_USE fv_status fv__cli_bench_files(fv_cli *cli, const fv_model *model, int64_t batch,
                                          bool training, fv_bench_files *out);
/* Removes the folder and all in it. */
void fv__cli_bench_files_remove(const fv_bench_files *files);

#endif
