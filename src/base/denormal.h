/* SPDX-License-Identifier: MIT */
/*
 * denormal.h - denormal numbers taken as zero, for the length of a call.
 *
 * A float below 1.2e-38 has no leading one (IEEE 754 calls it subnormal), and many processors
 * compute with it in microcode: a hundred times slower. Means of gradients that decay end there,
 * and weights may. Whoever computes therefore switches them off and puts the caller's state back:
 *
 *     const fv_denormal_state before = fv__denormals_off();
 *     ...
 *     fv__denormals_restore(before);
 *
 * Each thread has a state of its own. Calls may be nested. On other processors nothing happens.
 */
#ifndef FV_BASE_DENORMAL_H
#define FV_BASE_DENORMAL_H

#include <stdint.h>

typedef struct fv_denormal_state {
    uint64_t word; /* the processor's own: MXCSR, FPCR */
} fv_denormal_state;

/* The bits that stand for it: results (FTZ, flush to zero) and operands (DAZ, denormals are zero)
   in MXCSR (Intel SDM volume 1, 10.2.3); both at once in FPCR.FZ (Arm ARM, C5.2.8). A processor
   without DAZ would fault; none that has SSE3 or is x86-64 is without it. */
#if defined(__x86_64__) || (defined(__i386__) && defined(__SSE3__))
#define FV_DENORMAL_BITS UINT64_C(0x8040)
static inline uint64_t fv__denormal_word(void) {
    return __builtin_ia32_stmxcsr();
}
static inline void fv__denormal_set_word(uint64_t word) {
    __asm__ volatile("" ::: "memory"); /* nothing is computed on the wrong side of it */
    __builtin_ia32_ldmxcsr((unsigned)word);
    __asm__ volatile("" ::: "memory");
}
#elif defined(__aarch64__)
#define FV_DENORMAL_BITS (UINT64_C(1) << 24)
static inline uint64_t fv__denormal_word(void) {
    uint64_t word;
    __asm__ volatile("mrs %0, fpcr" : "=r"(word));
    return word;
}
static inline void fv__denormal_set_word(uint64_t word) {
    __asm__ volatile("msr fpcr, %0" ::"r"(word) : "memory");
}
#else
#define FV_DENORMAL_BITS UINT64_C(0)
static inline uint64_t fv__denormal_word(void) {
    return 0;
}
static inline void fv__denormal_set_word(uint64_t word) {
    (void)word;
}
#endif

/* Both writes are left out where nothing changes: they cost as much as a small job. */
static inline fv_denormal_state fv__denormals_off(void) {
    const fv_denormal_state before = {fv__denormal_word()};
    if ((before.word & FV_DENORMAL_BITS) != FV_DENORMAL_BITS)
        fv__denormal_set_word(before.word | FV_DENORMAL_BITS);
    return before;
}

static inline void fv__denormals_restore(fv_denormal_state before) {
    if ((before.word & FV_DENORMAL_BITS) != FV_DENORMAL_BITS) fv__denormal_set_word(before.word);
}

#endif
