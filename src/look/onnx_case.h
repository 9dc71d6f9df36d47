/* SPDX-License-Identifier: MIT */
/*
 * onnx_case.h - one of ONNX's tests, as fovea/check.h describes them.
 */
#ifndef FV_LOOK_ONNX_CASE_H
#define FV_LOOK_ONNX_CASE_H

#include "base/error.h"

/* `out` is complete and empty. */
FV_MUST_USE fv_status fv__onnx_case(fv_context *ctx, const char *folder,
                                    const fv_onnx_settings *settings, fv_onnx_case *out);

#endif
