/* SPDX-License-Identifier: MIT */
/*
 * mock_device.h - a device whose memory the host may not touch, for tests.
 *
 * It computes with the CPU's implementations, but in pages of its own that are protected except
 * while one of its functions runs; a guard page before and behind each block. Whoever reads or
 * writes them from outside gets SIGSEGV. It is told what lies where: a pointer into the host's
 * memory given as the device's, or the other way round, is counted as a fault.
 */
#ifndef MOCK_DEVICE_H
#define MOCK_DEVICE_H

#include "device/device.h"

extern const fv_device mock_device;

/* Pages can be protected here; otherwise every allocation is refused. */
bool mock_works(void);
/* Pointers that were not where they must be, so far; each is printed. */
int mock_faults(void);
/* Blocks not released yet. */
int mock_blocks(void);
/* Whether an address lies in the device's memory. */
bool mock_owns(const void *p);
/* Allocation number n from now, from 0, is refused; negative: none. */
void mock_refuse(long n);
/* Calls of launch since the process began. */
long mock_launches(void);

#endif
