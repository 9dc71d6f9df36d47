/* SPDX-License-Identifier: MIT */
/*
 * cpu_bits.c - see cpu_bits.h. Numbers of bits: Intel's Software Developer's Manual, CPUID.
 */
#ifdef __linux__
#define _GNU_SOURCE /* for syscall */
#endif
#include "kern/cpu_bits.h"

#ifdef FV_HAVE_X86

#include <cpuid.h>
#include <stdint.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define SAVED     (3u << 17)            /* of XCR0: the configuration of tiles, and tiles */
#define TILES_EDX (1u << 22 | 1u << 24) /* leaf 7: products of bfloat16, and tiles at all */
#define ASK       0x1023                /* arch_prctl: ARCH_REQ_XCOMP_PERM */
#define TILE_DATA 18                    /* the tiles' number among what is saved */

/* Asked after XCR0, for a virtual machine takes microseconds over CPUID. */
static bool in_processor(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & TILES_EDX) == TILES_EDX;
}

static bool saved(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & SAVED) == SAVED;
}

static bool allowed(void) {
#if defined(__linux__) && defined(SYS_arch_prctl)
    return syscall(SYS_arch_prctl, ASK, TILE_DATA) == 0;
#else
    return true;
#endif
}

bool fv__cpu_has_tiles(void) {
    return saved() && in_processor() && allowed();
}

#else

bool fv__cpu_has_tiles(void) {
    return false;
}

#endif
