/* SPDX-License-Identifier: MIT */
/*
 * system.h - this machine, and what this library was built with.
 */
#ifndef FOVEA_SYSTEM_H
#define FOVEA_SYSTEM_H

#include "common.h"

FV_BEGIN

/* A part the library may be built with. All of it is constant. */
typedef struct fv_part {
    const char *name; /* "zlib" */
    int built_in;
    const char *without; /* what is lost without it; NULL when it is built in */
} fv_part;

/* Number i of them; NULL when there is none of that number. */
FV_API const fv_part *fv_part_at(int i);

/* Number i of the instruction sets that this library has kernels for on this kind of processor,
   ascending: "baseline", "avx2"; NULL when there is none of that number. */
FV_API const char *fv_isa_name(int i);
/* The best that this processor has. */
FV_API const char *fv_isa_best(void);
/* How many float32 the context's kernels take at a time. */
FV_API int fv_isa_lanes(const fv_context *ctx);

/* The processor's own name, or its architecture, in out[0 … size-1]; returns out. */
FV_API const char *fv_processor(char *out, size_t size);
/* Processors that this process may keep busy: those it may run on, and of them as many as its
   control group's share of their time (on Linux, a container's limit) makes up. */
FV_API int fv_processors(void);
/* Bytes of memory in the machine; 0: the system does not say. */
FV_API double fv_machine_memory(void);
/* The compiler the library was built with: "gcc 12.2.0". */
FV_API const char *fv_compiler(void);
/* Seconds of a clock that only goes forward. */
FV_API double fv_seconds(void);

FV_END
#endif
