/* SPDX-License-Identifier: MIT */
/*
 * cpu_features.c - what this processor is called, and the clock.
 */
#include "base/cpu_features.h"

#include "base/checksum.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <cpuid.h>
#define HAVE_CPUID 1
#elif defined(__linux__)
#include <sys/auxv.h>
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

#ifdef HAVE_CPUID
/* Vendor, "family.model.stepping", and a checksum of the leaves that list what it can do. */
static void identity(char out[FV_CPU_IDENTITY]) {
    unsigned int a = 0, b = 0, c = 0, d = 0, can[8] = {0}, none = 0;
    char vendor[13] = {0};
    (void)__get_cpuid(0, &a, &b, &c, &d);
    memcpy(vendor, &b, 4);
    memcpy(vendor + 4, &d, 4);
    memcpy(vendor + 8, &c, 4);
    (void)__get_cpuid(1, &a, &b, &can[0], &can[1]);
    const unsigned int base = a >> 8 & 15, family = base == 15 ? base + (a >> 20 & 255) : base;
    const unsigned int model = (a >> 4 & 15) | (base == 6 || base == 15 ? a >> 12 & 240 : 0);
    (void)__get_cpuid_count(7, 0, &none, &can[2], &can[3], &can[4]);
    (void)__get_cpuid_count(7, 1, &can[5], &none, &none, &can[6]);
    snprintf(out, FV_CPU_IDENTITY, "%s %s %u.%u.%u %08x", architecture(), vendor, family, model,
             a & 15, (unsigned)fv__crc32(0, can, sizeof can));
}
#else
static void identity(char out[FV_CPU_IDENTITY]) {
    unsigned long can[2] = {0};
#ifdef __linux__
    can[0] = getauxval(AT_HWCAP);
#ifdef AT_HWCAP2
    can[1] = getauxval(AT_HWCAP2);
#endif
#endif
    snprintf(out, FV_CPU_IDENTITY, "%s %08x", architecture(),
             (unsigned)fv__crc32(0, can, sizeof can));
}
#endif

const char *fv__cpu_identity(char out[FV_CPU_IDENTITY]) {
    identity(out);
    for (char *c = out; *c; c++) /* it becomes a part of a line */
        if (*c < ' ' || *c > '~') *c = '?';
    return out;
}

double fv__seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
