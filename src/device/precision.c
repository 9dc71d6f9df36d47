/* SPDX-License-Identifier: MIT */
/*
 * precision.c - what the contracts are called.
 */
#include "device/precision.h"

#include <stddef.h>

const char *fv__precision_name(int precision) {
    static const char *const names[FV_PRECISIONS] = {"fp32", "strict", "bf16"};
    return precision >= 0 && precision < FV_PRECISIONS ? names[precision] : NULL;
}
