/* SPDX-License-Identifier: MIT */
/*
 * predict_outputs.h - `fovea predict` of networks whose output names no classes.
 */
#ifndef FV_CLI_PREDICT_OUTPUTS_H
#define FV_CLI_PREDICT_OUTPUTS_H

#include "cli/cli.h"

/* Whether the first output is a vector of scores. */
bool fv__cli_names_classes(const fv_model *model);
/* Every output of the last run in a line or an object: its size, its least and largest number, the
   mean; with --out DIR the first one as an image there. */
FV_MUST_USE fv_status fv__cli_predict_outputs(fv_cli *cli, const fv_model *model, fv_run *run,
                                              const char *file, fv_text *out);

#endif
