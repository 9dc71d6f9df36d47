/* SPDX-License-Identifier: MIT */
/*
 * checksum.h - checksums of data sets and images.
 */
#ifndef FV_BASE_CHECKSUM_H
#define FV_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 (IEEE 802.3) and FNV-1a 64. Start with 0 and FV_FNV_START; pass the result to go on. */
uint32_t fv__crc32(uint32_t crc, const void *data, size_t size);
#define FV_FNV_START 0xcbf29ce484222325u
uint64_t fv__fnv64(uint64_t hash, const void *data, size_t size);

#endif
