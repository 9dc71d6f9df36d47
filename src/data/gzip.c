/* SPDX-License-Identifier: MIT */
/*
 * gzip.c - unpacks gzip data (RFC 1952) with zlib into memory of known size. Several members one
 * after the other count as one file, as gzip itself has it; anything else behind is refused.
 */
#include "data/gzip.h"

bool fv__is_gzip(const uint8_t *data, size_t size) {
    return size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

#ifndef FV_HAVE_ZLIB

static fv_status without(fv_context *ctx, const char *name) {
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: this file is packed with gzip, and this Fovea was built without zlib; "
                    "unpack it (gunzip), or build again with zlib",
                    name);
}

fv_status fv__gzip_start(fv_context *ctx, const char *name, const uint8_t *data, size_t packed,
                         uint8_t *out, size_t size, size_t *got) {
    (void)data, (void)packed, (void)out, (void)size;
    *got = 0;
    return without(ctx, name);
}

fv_status fv__gzip_whole(fv_context *ctx, const char *name, const uint8_t *data, size_t packed,
                         uint8_t *out, size_t size) {
    (void)data, (void)packed, (void)out, (void)size;
    return without(ctx, name);
}

#else

#include <limits.h>
#include <string.h>
#include <zlib.h>

/* zlib asks us for its memory, so that a refusal is seen like any other. */
static voidpf on_alloc(voidpf ctx, uInt items, uInt size) {
    size_t bytes;
    if (!fv__mul_size(items, size, &bytes)) return NULL;
    return fv__alloc(ctx, bytes, "unpacking a gzip file");
}

static void on_free(voidpf ctx, voidpf p) {
    (void)ctx;
    fv__free(p);
}

typedef struct unpacking {
    z_stream z;
    const uint8_t *data;
    size_t left; /* packed bytes not yet given to zlib */
    uint8_t *out;
    size_t room; /* bytes of out not yet given to zlib */
    bool ended;  /* the last member ended, and nothing of a next one follows */
} unpacking;

/* zlib counts in 32 bits: larger blocks are handed over piece by piece. */
static void feed(unpacking *u) {
    if (u->z.avail_in == 0 && u->left) {
        u->z.avail_in = u->left > INT_MAX ? INT_MAX : (uInt)u->left;
        u->left -= u->z.avail_in;
    }
    if (u->z.avail_out == 0 && u->room) {
        u->z.avail_out = u->room > INT_MAX ? INT_MAX : (uInt)u->room;
        u->room -= u->z.avail_out;
    }
}

static fv_status damaged(fv_context *ctx, const char *name, const char *how) {
    return fv__fail(ctx, FV_BAD_INPUT, "%s: this gzip file is %s; fetch it again", name, how);
}

/* Unpacks until `out` is full or the data ends. */
static fv_status unpack(fv_context *ctx, const char *name, unpacking *u) {
    for (;;) {
        feed(u);
        if (u->z.avail_out == 0) return FV_OK;
        int rc = inflate(&u->z, Z_NO_FLUSH);
        if (rc == Z_STREAM_END) {
            feed(u);
            if (u->z.avail_in == 0) {
                u->ended = true;
                return FV_OK;
            }
            if (!fv__is_gzip(u->z.next_in, u->z.avail_in + u->left))
                return damaged(ctx, name, "followed by bytes that do not belong to it");
            if (inflateReset(&u->z) != Z_OK) return damaged(ctx, name, "damaged");
        } else if (rc == Z_MEM_ERROR) {
            return FV_EXHAUSTED;
        } else if (rc == Z_BUF_ERROR ||
                   (rc == Z_OK && u->z.avail_in == 0 && u->left == 0 && u->z.avail_out != 0)) {
            return damaged(ctx, name, "cut short: it ends in the middle of its data");
        } else if (rc != Z_OK) {
            return fv__fail(ctx, FV_BAD_INPUT, "%s: this gzip file is damaged (%s); fetch it again",
                            name, u->z.msg ? u->z.msg : "zlib does not say how");
        }
    }
}

static fv_status begin(fv_context *ctx, unpacking *u, const uint8_t *data, size_t packed,
                       uint8_t *out, size_t size) {
    *u = (unpacking){.left = packed, .room = size};
    u->z.zalloc = on_alloc;
    u->z.zfree = on_free;
    u->z.opaque = ctx;
    u->z.next_in = (Bytef *)(uintptr_t)data; /* zlib's type is not const; it only reads */
    u->z.next_out = out;
    int rc = inflateInit2(&u->z, 15 + 16); /* the largest window; gzip's header expected */
    if (rc == Z_OK) return FV_OK;
    if (rc == Z_MEM_ERROR) return FV_EXHAUSTED;
    return fv__fail(ctx, FV_FAILED, "zlib could not be started (its version does not match)");
}

fv_status fv__gzip_start(fv_context *ctx, const char *name, const uint8_t *data, size_t packed,
                         uint8_t *out, size_t size, size_t *got) {
    unpacking u;
    *got = 0;
    FV_TRY(begin(ctx, &u, data, packed, out, size));
    fv_status status = unpack(ctx, name, &u);
    *got = (size_t)(u.z.next_out - out);
    inflateEnd(&u.z);
    return status;
}

fv_status fv__gzip_whole(fv_context *ctx, const char *name, const uint8_t *data, size_t packed,
                         uint8_t *out, size_t size) {
    unpacking u;
    FV_TRY(begin(ctx, &u, data, packed, out, size));
    fv_status status = unpack(ctx, name, &u);
    size_t got = (size_t)(u.z.next_out - out);
    if (status == FV_OK && got == size && !u.ended) {
        /* Full. One byte more than wanted shows whether the data really ends here, and makes zlib
           check its sum. */
        uint8_t extra;
        u.z.next_out = &extra;
        u.z.avail_out = 1;
        u.room = 0;
        status = unpack(ctx, name, &u);
        if (status == FV_OK && u.z.avail_out == 0)
            status = fv__fail(ctx, FV_BAD_INPUT,
                              "%s: there is more data than the %zu bytes the "
                              "file's own header speaks of",
                              name, size);
    } else if (status == FV_OK && got < size) {
        status = fv__fail(ctx, FV_BAD_INPUT,
                          "%s: the file's own header speaks of %zu bytes, but only %zu are there",
                          name, size, got);
    }
    inflateEnd(&u.z);
    return status;
}

#endif
