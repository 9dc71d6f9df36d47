/* SPDX-License-Identifier: MIT */
/*
 * peak.h - the most memory this process has had so far.
 */
#ifndef FV_BASE_PEAK_H
#define FV_BASE_PEAK_H

#include <stddef.h>

size_t fv__peak_memory(void); /* bytes in main memory (resident); 0: the system does not tell */

#endif
