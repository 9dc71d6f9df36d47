/* SPDX-License-Identifier: MIT */
/*
 * cpu_features.c - what this processor is called, and the clock.
 */
#include "base/cpu_features.h"

#include <string.h>
#include <time.h>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <cpuid.h>
#define HAVE_CPUID 1
#endif

static const char *architecture(void) {
#if defined(__x86_64__)
    return "x86-64";
#elif defined(__aarch64__)
    return "aarch64";
#elif defined(__wasm__)
    return "WebAssembly";
#elif defined(__riscv)
    return "RISC-V";
#elif defined(__powerpc64__)
    return "POWER";
#elif defined(__arm__)
    return "ARM";
#else
    return "unknown processor";
#endif
}

const char *fv__cpu_name(char out[64]) {
    strcpy(out, architecture());
#ifdef HAVE_CPUID
    /* Leaves 0x80000002 … 4 hold the name, 48 bytes, padded with spaces on either side. */
    unsigned int words[12] = {0}, highest = (unsigned int)__get_cpuid_max(0x80000000u, NULL);
    if (highest < 0x80000004u) return out;
    for (unsigned int i = 0; i < 3; i++) {
        unsigned int *w = words + i * 4;
        if (!__get_cpuid(0x80000002u + i, &w[0], &w[1], &w[2], &w[3])) return out;
    }
    char name[sizeof words + 1] = {0};
    memcpy(name, words, sizeof words);
    size_t n = 0;
    for (const char *s = name; *s != '\0'; s++) {
        if (*s == ' ' && (n == 0 || out[n - 1] == ' ')) continue;
        out[n++] = *s;
    }
    while (n > 0 && out[n - 1] == ' ') n--;
    if (n > 0)
        out[n] = '\0';
    else
        strcpy(out, architecture());
#endif
    return out;
}

double fv__seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
