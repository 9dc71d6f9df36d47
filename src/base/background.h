/* SPDX-License-Identifier: MIT */
/*
 * background.h - a thread that does one thing at a time beside its caller.
 */
#ifndef FV_BASE_BACKGROUND_H
#define FV_BASE_BACKGROUND_H

#include "base/error.h"

typedef struct fv_background fv_background;

/* Does `fn(arg)` whenever it is called. FV_FAILED where there are no threads, or no more. */
FV_MUST_USE fv_status fv__background_new(fv_context *ctx, void (*fn)(void *arg), void *arg,
                                         fv_background **out);
void fv__background_free(fv_background *b); /* waits; NULL: nothing */

/* Lets it do its work once more; it must not be at work. What was written before is seen there. */
void fv__background_begin(fv_background *b);
/* Returns when it is not at work; what it has written is seen then. */
void fv__background_wait(fv_background *b);

#endif
