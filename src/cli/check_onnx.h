/* SPDX-License-Identifier: MIT */
/*
 * check_onnx.h - `fovea check onnx DIR ...`: ONNX's tests.
 */
#ifndef FV_CLI_CHECK_ONNX_H
#define FV_CLI_CHECK_ONNX_H

#include "cli/cli.h"

/* Runs every test in the folders: each a test itself, or a folder of such. FV_DIFFERS when one
   fails. */
FV_MUST_USE fv_status fv__cli_check_onnx(fv_cli *cli, const fv_onnx_settings *settings,
                                         const char *const *folders, int count);

#endif
