/* SPDX-License-Identifier: MIT */
/*
 * data_check.h - `fovea data check`, a command within a command.
 */
#ifndef FV_CLI_DATA_CHECK_H
#define FV_CLI_DATA_CHECK_H

#include "cli/cli.h"

/* Checks a data set and prints what was found. FV_DIFFERS: something was. */
FV_MUST_USE fv_status fv__cli_data_check(fv_cli *cli, const char *word,
                                         const fv_dataset_options *options);

#endif
