/* SPDX-License-Identifier: MIT */
/*
 * target.h - the kinds of target that a loss wants and a data set gives.
 */
#ifndef FV_TENSOR_TARGET_H
#define FV_TENSOR_TARGET_H

typedef enum fv_target_kind {
    FV_TARGET_NONE,
    FV_TARGET_CLASS, /* int32: one class per sample */
    FV_TARGET_MAP,   /* int32: one class per pixel, height x width */
    FV_TARGET_VECTOR /* float32: numbers */
} fv_target_kind;

#endif
