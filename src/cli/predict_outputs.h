/* SPDX-License-Identifier: MIT */
/*
 * predict_outputs.h - `fovea predict` of networks whose output names no classes.
 */
#ifndef FV_CLI_PREDICT_OUTPUTS_H
#define FV_CLI_PREDICT_OUTPUTS_H

#include "cli/cli.h"

/* What the first output is: a vector of scores; a map with scores for every pixel, and the only
   output; or something else, such as an image of as many channels as went in (--out says so, or
   that its channels have no names). */
typedef enum fv_cli_gives { FV_CLI_SCORES, FV_CLI_PIXELS, FV_CLI_OTHER } fv_cli_gives;
fv_cli_gives fv__cli_gives(const fv_cli *cli, const fv_model *model);
/* Every output of the last run in a line or an object: its size, its least and largest number, the
   mean; with --out DIR the first one as an image there. */
FV_MUST_USE fv_status fv__cli_predict_outputs(fv_cli *cli, const fv_model *model, fv_run *run,
                                              const char *file, fv_text *out);

#endif
