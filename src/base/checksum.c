/* SPDX-License-Identifier: MIT */
/*
 * checksum.c - CRC-32 and FNV-1a.
 */
#include "base/checksum.h"

#define CRC_POLYNOMIAL 0xEDB88320u /* of IEEE 802.3, lowest bit first */

static uint32_t crc_byte(uint32_t v) {
    for (int k = 0; k < 8; k++) v = v >> 1 ^ (v & 1 ? CRC_POLYNOMIAL : 0);
    return v;
}

/* Eight bytes at a step with tables made on the spot (Kounavis and Berry, "Novel table lookup-based
   algorithms for high-performance CRC generation", 2008); short texts bit by bit. */
uint32_t fv__crc32(uint32_t crc, const void *data, size_t size) {
    const uint8_t *p = data;
    uint32_t c = ~crc;
    if (size >= 1024) {
        uint32_t table[8][256];
        for (uint32_t i = 0; i < 256; i++) table[0][i] = crc_byte(i);
        for (int k = 1; k < 8; k++) {
            for (int i = 0; i < 256; i++) {
                uint32_t v = table[k - 1][i];
                table[k][i] = table[0][v & 0xff] ^ v >> 8;
            }
        }
        for (; size >= 8; size -= 8, p += 8) {
            c ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
            c = table[7][c & 0xff] ^ table[6][c >> 8 & 0xff] ^ table[5][c >> 16 & 0xff] ^
                table[4][c >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^
                table[0][p[7]];
        }
    }
    for (; size > 0; size--) c = crc_byte((c ^ *p++) & 0xff) ^ c >> 8;
    return ~c;
}

uint64_t fv__fnv64(uint64_t hash, const void *data, size_t size) {
    const uint8_t *p = data;
    for (size_t i = 0; i < size; i++) hash = (hash ^ p[i]) * 0x100000001b3u;
    return hash;
}
