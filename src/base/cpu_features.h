/* SPDX-License-Identifier: MIT */
/*
 * cpu_features.h - what this processor is called, and the clock.
 */
#ifndef FV_BASE_CPU_FEATURES_H
#define FV_BASE_CPU_FEATURES_H

const char *fv__cpu_name(char out[64]); /* the processor's own name, or its architecture */
double fv__seconds(void);               /* monotonic clock */

#endif
