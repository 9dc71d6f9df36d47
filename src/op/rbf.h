/* SPDX-License-Identifier: MIT */
/*
 * rbf.h - the drawn prototypes of rbf, for those who write them elsewhere.
 */
#ifndef FV_OP_RBF_H
#define FV_OP_RBF_H

#include <stdint.h>

#define FV_RBF_DIGITS 10
#define FV_RBF_PIXELS 84 /* 7 wide, 12 high */

/* Pixel `at` of the drawing of a digit, row by row: -1 or 1. */
double fv__rbf_pixel(int64_t digit, int64_t at);

#endif
