/* SPDX-License-Identifier: MIT */
/*
 * constants.h - what reading and printing constants share: their elements as a text's numbers.
 */
#ifndef FV_LANG_CONSTANTS_H
#define FV_LANG_CONSTANTS_H

#include "net/net.h"

/* A constant that says one number for all may have so many of them: no text takes memory for more
   than it says. */
#define FV_FILLED_MOST ((int64_t)1 << 16)

/* False: the type does not hold it, or not exactly where it is one of whole numbers. */
bool fv__set_element(fv_dtype dtype, void *data, int64_t i, double v);
/* So that fv__set_element gives the same element again. */
void fv__element_print(fv_text *out, fv_dtype dtype, const void *data, int64_t i);

/* All its elements are the same, bit for bit, and not too many to be said in one number. */
bool fv__constant_uniform(const fv_value *constant);
/* A text's numbers hold all of it. */
bool fv__constant_exact(const fv_value *constant);

#endif
