/* SPDX-License-Identifier: MIT */
/* scaledtanh.h - the constants of scaledtanh. Declared in scaledtanh.c; read by fast versions and
 * file formats too. */
#ifndef FV_OP_SCALEDTANH_H
#define FV_OP_SCALEDTANH_H

#include "op/op.h"

/* y = SCALE * tanh(SLOPE * x) */
#define FV_SCALED_TANH_SCALE 1.7159
#define FV_SCALED_TANH_SLOPE (2.0 / 3.0)

#endif
