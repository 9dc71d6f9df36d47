/* SPDX-License-Identifier: MIT */
/* shortcut.h - the options of shortcut. Declared in shortcut.c; read by fast versions and file
 * formats too. */
#ifndef FV_OP_SHORTCUT_H
#define FV_OP_SHORTCUT_H

#include "op/op.h"

typedef struct fv_shortcut_options {
    int64_t channels;
    int64_t stride;
} fv_shortcut_options;

#endif
