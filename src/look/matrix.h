/* SPDX-License-Identifier: MIT */
/*
 * matrix.h - numbers in rows from text, as fovea/matrix.h describes them.
 */
#ifndef FV_LOOK_MATRIX_H
#define FV_LOOK_MATRIX_H

#include "base/text.h"
#include "tensor/tensor.h"

FV_MUST_USE fv_status fv__matrix_parse(fv_context *ctx, const char *text, fv_matrix **out);
/* Zeros; the dimensions have been checked. */
FV_MUST_USE fv_status fv__matrix_new(fv_context *ctx, int rank, const int64_t *dims,
                                     fv_matrix **out);
void fv__matrix_free(fv_matrix *matrix); /* NULL is allowed */
/* "2x3x3", into FV_SHAPE_TEXT bytes; returns it. */
char *fv__matrix_dims(char *out, const fv_matrix *m);

#endif
