/* SPDX-License-Identifier: MIT */
/*
 * tableconv.h - the table of tableconv, for those who write its weights elsewhere.
 */
#ifndef FV_OP_TABLECONV_H
#define FV_OP_TABLECONV_H

#include <stdint.h>

/* The first map from c on, of `channels`, that filter k of the output reads, of a layer with these
   options; `channels`: none. The kernels of the pairs lie in this order, filter after filter. */
int64_t fv__tableconv_next(const void *options, int64_t channels, int64_t k, int64_t c);

#endif
