/* SPDX-License-Identifier: MIT */
/* pad.h - what rewriting asks of pad. */
#ifndef FV_OP_PAD_H
#define FV_OP_PAD_H

#include "op/op.h"

/* Whether a pad (with such options, of a value of such a rank) does nothing but add zeros around
   the pixels of maps or sequences: how many, as a convolution has them. */
bool fv__pad_of_zeros(const void *options, int rank, fv_pad *pad);

#endif
