/* SPDX-License-Identifier: MIT */
/*
 * watch.h - what `train` and `resume` have in common: running it, showing how far it is,
 * stopping on Ctrl-C, saying what came out.
 */
#ifndef FV_CLI_WATCH_H
#define FV_CLI_WATCH_H

#include "cli/cli.h"

/* Runs the job to its end, writes its images and report, prints the result; frees the job. */
FV_MUST_USE fv_status fv__cli_train(fv_cli *cli, fv_training *training);

#endif
