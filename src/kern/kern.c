/* SPDX-License-Identifier: MIT */
/*
 * Chooses the table of kernels for a level of instructions.
 */
#include "kern/kern.h"

extern const fv_kernels fv__kernels_base;
#ifdef FV_HAVE_X86
extern const fv_kernels fv__kernels_avx2, fv__kernels_avx512;
#endif

const fv_kernels *fv__kernels(fv_isa isa) {
#ifdef FV_HAVE_X86
    if (isa >= FV_ISA_AVX512) return &fv__kernels_avx512;
    if (isa >= FV_ISA_AVX2) return &fv__kernels_avx2;
#endif
    (void)isa;
    return &fv__kernels_base;
}
