/* SPDX-License-Identifier: MIT */
/*
 * weights_report.h - what came of weights=FILE, in words and as JSON.
 */
#ifndef FV_CLI_WEIGHTS_REPORT_H
#define FV_CLI_WEIGHTS_REPORT_H

#include "cli/cli.h"

void fv__cli_weights_text(fv_text *out, const fv_weight_report *report);
/* The object "weights". */
void fv__cli_weights_json(fv_json_writer *w, const fv_weight_report *report);

#endif
