/* SPDX-License-Identifier: MIT */
/*
 * data_show.h - a batch of a data set as a network sees it in training.
 */
#ifndef FV_CLI_DATA_SHOW_H
#define FV_CLI_DATA_SHOW_H

#include "cli/cli.h"

/* Draws that batch of `options`, whose settings are those of the command line. */
FV_MUST_USE fv_status fv__cli_data_show(fv_cli *cli, const fv_preview_options *options);

#endif
