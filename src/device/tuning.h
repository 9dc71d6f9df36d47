/* SPDX-License-Identifier: MIT */
/*
 * tuning.h - which variant of an implementation was the fastest, where somebody measured it.
 *
 * Variants give the same bits (fv_impl.variant), so nothing here changes a result. A table holds
 * the findings of several machines; each is looked up by who found it (this library's version, the
 * processor, its instructions, the number of threads) and by the site: operator, options, shapes,
 * what follows in the epilogue, the pass, and the implementation that takes it. Variants are kept
 * by what they are called: a library that does not know the name goes on as usual.
 */
#ifndef FV_DEVICE_TUNING_H
#define FV_DEVICE_TUNING_H

#include "device/device.h"

typedef struct fv_tuning fv_tuning;

FV_MUST_USE fv_status fv__tuning_new(fv_context *ctx, fv_tuning **out);
void fv__tuning_free(fv_tuning *tuning); /* NULL is allowed */
int fv__tuning_count(const fv_tuning *tuning);

/* Who finds, and for which site: lines without an end. The request says the pass, the type of real
   numbers, the precision and whether it is training. */
FV_MUST_USE fv_status fv__tuning_machine(fv_context *ctx, fv_text *out);
FV_MUST_USE fv_status fv__tuning_site(fv_context *ctx, const fv_impl *impl, const fv_site *site,
                                      const fv_request *request, fv_text *out);

/* Puts down a finding, in place of an older one. */
FV_MUST_USE fv_status fv__tuning_set(fv_context *ctx, fv_tuning *tuning, const char *machine,
                                     const char *site, const char *variant);
/* What was found; NULL: nothing. */
const char *fv__tuning_get(const fv_tuning *tuning, const char *machine, const char *site);

/* "as usual" for 0, otherwise fv_impl.variant's name; and back: 0 where it has no such name. */
const char *fv__variant_name(const fv_impl *impl, int variant);
int fv__variant_named(const fv_impl *impl, const char *name);

/* The variant to settle for a site by what the context was told, 0 where that is nothing. */
FV_MUST_USE fv_status fv__tuned_variant(fv_context *ctx, const fv_impl *impl, const fv_site *site,
                                        const fv_request *request, int *out);

/* ----------------------------------------------------------------------------- the file --- */

/* What is in a file. */
typedef enum fv_tuning_is {
    FV_TUNING_NONE,    /* there is none */
    FV_TUNING_READ,    /* the table has it */
    FV_TUNING_DAMAGED, /* one of ours, or of another version's, that cannot be used */
    FV_TUNING_FOREIGN  /* something else, or it cannot be read */
} fv_tuning_is;

/* Adds a file's findings to a table. What cannot be used leaves the table as it is and gives the
   log a warning; fails with FV_EXHAUSTED alone. */
FV_MUST_USE fv_status fv__tuning_read(fv_context *ctx, const char *path, fv_tuning *tuning,
                                      fv_tuning_is *is);
/* Adds the findings of one machine to the file: reads it again, since others may have written
   meanwhile, and puts the new one in its place as a whole. Makes the folder if need be.
   FV_BAD_INPUT where something else is there, which stays. */
FV_MUST_USE fv_status fv__tuning_merge(fv_context *ctx, const char *path, const fv_tuning *found);

/* For the file: what a table has, oldest first; `i` from 0. */
typedef struct fv_finding {
    uint64_t hash;
    const char *machine, *site, *variant;
} fv_finding;
const fv_finding *fv__tuning_finding(const fv_tuning *tuning, int i);

#endif
