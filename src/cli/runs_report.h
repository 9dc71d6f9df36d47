/* SPDX-License-Identifier: MIT */
/*
 * runs_report.h - training runs beside each other, for people and for programs.
 */
#ifndef FV_CLI_RUNS_REPORT_H
#define FV_CLI_RUNS_REPORT_H

#include "cli/cli.h"

FV_MUST_USE fv_status fv__cli_runs_text(fv_cli *cli, const fv_runs *runs, fv_text *out);
void fv__cli_runs_json(const fv_runs *runs, fv_text *out);
void fv__cli_runs_csv(const fv_runs *runs, fv_text *out);

#endif
