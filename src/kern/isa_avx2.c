/* SPDX-License-Identifier: MIT */
/*
 * The kernels for AVX2 and FMA: 8 floats per vector.
 */
#ifdef FV_HAVE_X86
#define FV_LEVEL 1
#define FV_FILL  fv__fill_avx2
#include "kern/body.inc.h"
#else
typedef int fv_no_avx2; /* another architecture: nothing here */
#endif
