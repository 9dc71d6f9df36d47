/* SPDX-License-Identifier: MIT */
/*
 * kernels.h - the kernels that have names, and how they become numbers.
 */
#ifndef FV_LOOK_KERNELS_H
#define FV_LOOK_KERNELS_H

#include "look/matrix.h"

/* The table, in the order of the help; ends with name NULL. */
extern const fv_kernel_facts fv__kernel_table[];
/* NULL: none of that name. */
const fv_kernel_facts *fv__kernel_named(const char *name);

FV_MUST_USE fv_status fv__kernel_make(fv_context *ctx, const char *what, int dimensions,
                                      double sigma, fv_matrix **out);

#endif
