/* SPDX-License-Identifier: MIT */
/*
 * peak.c - the most memory this process has had so far, as POSIX systems keep it.
 */
#include "base/peak.h"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/resource.h>

#ifdef __APPLE__
#define MAXRSS_UNIT 1 /* bytes there, kilobytes elsewhere */
#else
#define MAXRSS_UNIT 1024
#endif

size_t fv__peak_memory(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0 || usage.ru_maxrss < 0) return 0;
    return (size_t)usage.ru_maxrss * MAXRSS_UNIT;
}
#else
size_t fv__peak_memory(void) {
    return 0;
}
#endif
