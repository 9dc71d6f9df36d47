/* SPDX-License-Identifier: MIT */
/*
 * precision.h - how exactly a plan for inference has its products computed: a contract that an
 * implementation keeps, or refuses in words. Which one computes a layer follows from its shape, the
 * contract and the set of instructions alone, and so do the bits of its results.
 */
#ifndef FV_DEVICE_PRECISION_H
#define FV_DEVICE_PRECISION_H

/* An implementation may be more exact than the contract asks, where that is faster: bf16 takes
   whatever fp32 has for a layer that has no faster way in bf16. */
typedef enum fv_precision {
    FV_PRECISION_FP32,   /* a layer within 1e-5 of the exact one (relative, all its numbers) */
    FV_PRECISION_STRICT, /* sums of products as float32 multiply-adds give them */
    FV_PRECISION_BF16,   /* factors may be rounded to bfloat16; sums are float32 */
    FV_PRECISIONS
} fv_precision;

const char *fv__precision_name(int precision); /* "fp32"; NULL: no such number */

#endif
