/* SPDX-License-Identifier: MIT */
/*
 * isa_list.h - the sets of instructions that kernels are written for, ascending.
 *
 * FV_ISA(name, needs): kern/isa_NAME.c has fv__fill_NAME, which puts into the table of kernels what
 * it does better than those before it, all cells or one; `needs` says whether this processor and
 * system have it. A file that no rule in CMakeLists.txt gives flags to has
 * __attribute__((target("..."))) at its functions, and stands in #ifdef FV_HAVE_X86, as every
 * architecture compiles it.
 */
FV_ISA(baseline, true)
#ifdef FV_HAVE_X86
FV_ISA(avx2, FV_CPU("avx2") && FV_CPU("fma"))
FV_ISA(avx512, FV_CPU("avx512f") && FV_CPU("avx512bw") && FV_CPU("avx512dq") &&
                   FV_CPU("avx512vl") && FV_CPU("fma"))
FV_ISA(avx512bf16, supported_avx512() && FV_CPU("avx512bf16"))
FV_ISA(amx, supported_avx512bf16() && fv__cpu_has_tiles())
#endif
