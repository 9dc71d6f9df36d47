/* SPDX-License-Identifier: MIT */
/*
 * dot_form.h - how products of bf16 pairs by VDPBF16PS want things: one pair a step, whose weight
 * is broadcast to 16 columns. Three products for a float32 would take longer than multiply-adds.
 */
#ifndef FV_KERN_DOT_FORM_H
#define FV_KERN_DOT_FORM_H

#include "kern/kern.h"

#define FV_DOT_ROWS 8

static const fv_pairs_form fv__dot_form = {.rows = FV_DOT_ROWS,
                                           .tile = FV_DOT_ROWS,
                                           .depth = 1,
                                           .split = false,
                                           .product = 1.1f,
                                           .pack = 28,
                                           .gather = 84,
                                           .out = 6,
                                           .direct = 14.7f,
                                           .winograd = 32};

#endif
