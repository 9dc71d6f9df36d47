/* SPDX-License-Identifier: MIT */
/*
 * forecast.h - `fovea train --dry-run`: what a run will take.
 */
#ifndef FV_CLI_FORECAST_H
#define FV_CLI_FORECAST_H

#include "cli/cli.h"

/* Measures the training, which has not begun, and prints what it will take; frees it. */
FV_MUST_USE fv_status fv__cli_forecast(fv_cli *cli, fv_training *training);

#endif
