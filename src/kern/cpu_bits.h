/* SPDX-License-Identifier: MIT */
/*
 * cpu_bits.h - the tiles of AMX: what compilers' own questions about the processor leave out.
 */
#ifndef FV_KERN_CPU_BITS_H
#define FV_KERN_CPU_BITS_H

#include <stdbool.h>

/* Whether a processor that has AVX-512 has products of bfloat16 in tiles too, and a system that
   saves them. Linux wants to be asked for that, once for all threads of the process; this asks. */
bool fv__cpu_has_tiles(void);

#endif
