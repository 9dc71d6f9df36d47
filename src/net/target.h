/* SPDX-License-Identifier: MIT */
/*
 * target.h - what a sample's image is to be told as. A data set offers targets of the first three
 * kinds, a head wants one, and the batch loader lays them side by side:
 *
 *     class   int32 [n]         one number a sample, 0 … classes-1
 *     map     int32 [n, h, w]   one class a pixel
 *     vector  float [n, k]      k numbers a sample
 *     shares  float [n, k], [n, k, h, w]   how much of each class, a sample or a pixel; made of
 *                                          classes, where samples are mixed
 */
#ifndef FV_NET_TARGET_H
#define FV_NET_TARGET_H

#include "fovea.h" /* fv_target_kind */

#endif
