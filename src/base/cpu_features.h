/* SPDX-License-Identifier: MIT */
/*
 * cpu_features.h - what this processor can do.
 */
#ifndef FV_BASE_CPU_FEATURES_H
#define FV_BASE_CPU_FEATURES_H

#include <stdint.h>

/* Levels of instruction sets, ascending on each architecture. */
typedef enum fv_isa { FV_ISA_BASE = 0, FV_ISA_AVX2 = 1, FV_ISA_AVX512 = 2 } fv_isa;

fv_isa fv__cpu_isa(void);               /* the highest this processor and system support */
const char *fv__isa_name(fv_isa isa);   /* "baseline", "avx2", "avx512" */
const char *fv__cpu_name(char out[64]); /* the processor's own name, or its architecture */
double fv__seconds(void);               /* monotonic clock */

#endif
