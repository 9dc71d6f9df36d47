/* SPDX-License-Identifier: MIT */
/*
 * matrix_api.c - public: numbers in rows.
 */
#include "api/given.h"
#include "look/matrix.h"

fv_status fv_matrix_parse(fv_context *ctx, const char *text, fv_matrix **out) {
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, text);
    return fv__matrix_parse(ctx, text, out);
}

fv_status fv_matrix_new(fv_context *ctx, int rank, const int64_t *dims, fv_matrix **out) {
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, dims);
    if (rank < 1 || rank > FV_DIMS_MAX)
        return fv__fail(ctx, FV_USAGE, "a matrix has 1 to %d dimensions, not %d", FV_DIMS_MAX,
                        rank);
    for (int d = 0; d < rank; d++)
        if (dims[d] < 1)
            return fv__fail(ctx, FV_USAGE, "dimension %d of a matrix is at least 1, not %lld", d,
                            (long long)dims[d]);
    return fv__matrix_new(ctx, rank, dims, out);
}

void fv_matrix_free(fv_matrix *matrix) {
    fv__matrix_free(matrix);
}
