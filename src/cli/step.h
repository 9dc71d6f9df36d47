/* SPDX-License-Identifier: MIT */
/*
 * step.h - what the files of `fovea step` share.
 */
#ifndef FV_CLI_STEP_H
#define FV_CLI_STEP_H

#include "cli/numbers.h"

/* The walk, forward and backward, as text for so many columns (0: any number). */
FV_MUST_USE fv_status fv__cli_step_text(fv_context *ctx, const fv_steps *s, int columns,
                                        fv_text *out);
/* The matrix, and its products. */
FV_MUST_USE fv_status fv__cli_step_matrix(fv_context *ctx, const fv_steps *s, int columns,
                                          fv_text *out);
void fv__cli_step_json(const fv_steps *s, fv_text *out);

/* Where a term is among the numbers of its map, C, H, W. */
static inline int64_t fv__cli_term_at(const fv_matrix *map, const fv_step_term *t) {
    return (t->channel * map->dims[1] + t->row) * map->dims[2] + t->column;
}
/* The number of the map that a term meets; 0 on the padding. */
static inline double fv__cli_term_value(const fv_matrix *map, const fv_step_term *t) {
    return t->inside ? map->data[fv__cli_term_at(map, t)] : 0;
}

#endif
