/* SPDX-License-Identifier: MIT */
/*
 * The kernels for every processor of the architecture: 4 floats per vector.
 */
#define FV_LEVEL 0
#define FV_FILL  fv__fill_baseline
#include "kern/body.inc.h"
