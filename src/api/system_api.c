/* SPDX-License-Identifier: MIT */
/*
 * system_api.c - public: this machine, and what the library was built with.
 */
#include "base/cpu_features.h"
#include "base/thread.h"
#include "kern/kern.h"
#include <stdio.h>
#include <unistd.h>

static const fv_part parts[] = {
#ifdef FV_HAVE_ZLIB
    {"zlib", 1, NULL},
#else
    {"zlib", 0, "gzipped data sets cannot be read, and PNG files are written large"},
#endif
#ifdef FV_HAVE_PNG
    {"libpng", 1, NULL},
#else
    {"libpng", 0, "PNG images cannot be read"},
#endif
#ifdef FV_HAVE_JPEG
    {"libjpeg", 1, NULL},
#else
    {"libjpeg", 0, "JPEG images cannot be read"},
#endif
#ifdef FV_HAVE_THREADS
    {"threads", 1, NULL},
#else
    {"threads", 0, "everything runs on one processor"},
#endif
#ifdef FV_HAVE_MMAP
    {"mmap", 1, NULL},
#else
    {"mmap", 0, "files are read whole instead of mapped"},
#endif
};

const fv_part *fv_part_at(int i) {
    return i >= 0 && i < (int)(sizeof parts / sizeof *parts) ? &parts[i] : NULL;
}

const char *fv_isa_name(int i) {
    return fv__isa_name(i);
}

const char *fv_isa_best(void) {
    return fv__isa_name(fv__isa_best());
}

int fv_isa_lanes(const fv_context *ctx) {
    fv_kernels kernels;
    return ctx ? fv__kernels(ctx->isa, &kernels)->lanes : 0;
}

const char *fv_processor(char *out, size_t size) {
    char name[64];
    if (!out || !size) return "";
    snprintf(out, size, "%s", fv__cpu_name(name));
    return out;
}

int fv_processors(void) {
    return fv__cores();
}

double fv_machine_memory(void) {
#if defined(_SC_PHYS_PAGES) && defined(_SC_PAGESIZE)
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    if (pages > 0 && size > 0) return (double)pages * (double)size;
#endif
    return 0;
}

const char *fv_compiler(void) {
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown";
#endif
}

double fv_seconds(void) {
    return fv__seconds();
}
