/* SPDX-License-Identifier: MIT */
/*
 * builder_api.h - what the files of the builder share.
 */
#ifndef FV_API_BUILDER_API_H
#define FV_API_BUILDER_API_H

#include "lang/syntax.h"

struct fv_builder {
    fv_context *ctx;
    fv_net net;        /* grows here */
    fv_names names;    /* of layers and values */
    fv_names counters; /* operator -> automatic names so far */
    fv_status status;  /* of the first call that failed, */
    char *message;     /* and what it said: FV_MESSAGE_MAX bytes */
};

/* Keeps the first failure. Gives `result`, or -1. */
int fv__builder_outcome(fv_builder *b, fv_status status, int result);
/* There is a value of this number. */
FV_MUST_USE fv_status fv__builder_value(const fv_builder *b, int value);
/* The operator of that name, which is a loss or is none. */
FV_MUST_USE fv_status fv__builder_op(const fv_builder *b, const char *name, bool loss,
                                     const fv_op **out);
/* Options from their words (NULL: none), in memory that the caller frees, on failure too. */
FV_MUST_USE fv_status fv__builder_options(const fv_builder *b, const fv_op *op, const char *words,
                                          void **out);

#endif
