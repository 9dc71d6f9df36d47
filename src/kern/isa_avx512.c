/* SPDX-License-Identifier: MIT */
/*
 * The kernels for AVX-512 (F, BW, DQ, VL): 16 floats per vector.
 */
#ifdef FV_HAVE_X86
#define FV_LEVEL 2
#define FV_FILL  fv__fill_avx512
#include "kern/body.inc.h"
#else
typedef int fv_no_avx512; /* another architecture: nothing here */
#endif
