/* SPDX-License-Identifier: MIT */
/*
 * The kernels for every processor of the architecture: 4 floats per vector.
 */
#define FV_LEVEL      0
#define FV_TABLE      fv__kernels_base
#define FV_TABLE_NAME "baseline"
#include "kern/body.inc.h"
