/* SPDX-License-Identifier: MIT */
/*
 * kern.c - the sets of instructions, from isa_list.h, and a table of kernels for one of them.
 */
#include "kern/kern.h"
#include "kern/cpu_bits.h"
#include <stdbool.h>

#ifdef FV_HAVE_X86
/* Asks the processor, and whether the system saves the wide registers. */
#define FV_CPU(feature) __builtin_cpu_supports(feature)
#endif

typedef struct isa {
    const char *name;
    bool (*supported)(void);
    void (*fill)(fv_kernels *kernels);
} isa;

#define FV_ISA(name, needs)                                                                        \
    void fv__fill_##name(fv_kernels *kernels);                                                     \
    static bool supported_##name(void) {                                                           \
        return needs;                                                                              \
    }
#include "kern/isa_list.h"
#undef FV_ISA

static const isa isas[FV_ISAS] = {
#define FV_ISA(name, needs) {#name, supported_##name, fv__fill_##name},
#include "kern/isa_list.h"
#undef FV_ISA
};

const char *fv__isa_name(int i) {
    return i >= 0 && i < FV_ISAS ? isas[i].name : NULL;
}

bool fv__isa_supported(int i) {
#ifdef FV_HAVE_X86
    __builtin_cpu_init();
#endif
    return i >= 0 && i < FV_ISAS && isas[i].supported();
}

int fv__isa_best(void) {
    int best = FV_ISAS - 1;
    while (best > 0 && !fv__isa_supported(best)) best--;
    return best;
}

const fv_kernels *fv__kernels(int most, fv_kernels *out) {
    for (int i = 0; i < FV_ISAS && i <= most; i++) {
        if (!fv__isa_supported(i)) continue;
        isas[i].fill(out);
        out->name = isas[i].name;
    }
    return out;
}
