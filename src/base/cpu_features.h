/* SPDX-License-Identifier: MIT */
/*
 * cpu_features.h - what this processor is called, and the clock.
 */
#ifndef FV_BASE_CPU_FEATURES_H
#define FV_BASE_CPU_FEATURES_H

const char *fv__cpu_name(char out[64]); /* the processor's own name, or its architecture */
/* What tells one kind of processor from another: on x86-64 maker, family, model, stepping and a
   checksum of what it can do; elsewhere the architecture, and on Linux that checksum. */
#define FV_CPU_IDENTITY 96
const char *fv__cpu_identity(char out[FV_CPU_IDENTITY]);
double fv__seconds(void); /* monotonic clock */

#endif
