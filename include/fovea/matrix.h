/* SPDX-License-Identifier: MIT */
/*
 * matrix.h - a few numbers in rows, as one writes them on paper or on a command line.
 */
#ifndef FOVEA_MATRIX_H
#define FOVEA_MATRIX_H

#include "common.h"

FV_BEGIN

/* Numbers, dense, outermost dimension first. They may be changed, the shape may not. */
typedef struct fv_matrix {
    int rank; /* 1: a signal, 2: rows and columns, 3: channels of these, 4: filters of those */
    int64_t dims[FV_DIMS_MAX];
    int64_t count; /* the product of dims */
    double *data;
} fv_matrix;

/* Numbers from text. Brackets say what belongs together, all to one depth: "[1,2,3]",
   "[[1,2],[3,4]]", "[[[1,2]],[[3,4]]]". Without brackets ';' or the end of a line ends a row:
   "0,1,0; 1,-4,1". Between numbers stands a comma or white space; 1/9 is a number too. One row
   without brackets is a signal; so are lines of one number each.
   FV_BAD_INPUT: something that is no number (with its place), rows of different lengths, nothing at
   all, more than 2^24 numbers. */
FV_MUST_USE FV_API fv_status fv_matrix_parse(fv_context *ctx, const char *text, fv_matrix **out);
/* Of a shape, zeros. FV_USAGE: a rank outside 1 … 8, a dimension below 1. */
FV_MUST_USE FV_API fv_status fv_matrix_new(fv_context *ctx, int rank, const int64_t *dims,
                                           fv_matrix **out);
FV_API void fv_matrix_free(fv_matrix *matrix); /* NULL is allowed */

FV_END
#endif
