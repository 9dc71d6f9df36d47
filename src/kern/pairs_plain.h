/* SPDX-License-Identifier: MIT */
/*
 * pairs_plain.h - the products of bf16 pairs in plain C, with the rounding of the instructions:
 * what machines without them test, and what the instructions are compared with, bit by bit.
 */
#ifndef FV_KERN_PAIRS_PLAIN_H
#define FV_KERN_PAIRS_PLAIN_H

#include "kern/kern.h"

/* Puts them into a table: as AMX has them, tile by tile, the same text over tile.h's plain tiles;
   or as VDPBF16PS has them. */
void fv__fill_plain_tiles(fv_kernels *kernels);
void fv__fill_plain_dots(fv_kernels *kernels);

#endif
