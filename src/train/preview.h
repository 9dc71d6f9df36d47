/* SPDX-License-Identifier: MIT */
/*
 * preview.h - a batch of training laid out to be looked at: network or none, data and settings are
 * put together as a run's are, and the batch by the functions that a run uses.
 */
#ifndef FV_TRAIN_PREVIEW_H
#define FV_TRAIN_PREVIEW_H

#include "train/run.h"
#include "view/view.h"

struct fv_preview {
    fv_context *ctx;
    fv_arena arena;
    fv_preview_facts facts;
    fv_recipe recipe;
    fv_input input;
    fv_dataset train;
    fv_components components;
    fv_batch batch;
    uint32_t *order;
    int32_t *labels; /* of the whole set; NULL: it has no classes */
    float *x;
};

/* As fv_preview_make; what has been made is to be freed, on failure too. */
FV_MUST_USE fv_status fv__preview_make(fv_preview *p, const fv_preview_options *options);
void fv__preview_free(fv_preview *p);
fv_preview_sample fv__preview_at(const fv_preview *p, int64_t i);

/* preview_figure.c */
FV_MUST_USE fv_status fv__preview_draw(fv_context *ctx, const fv_preview *p, fv_canvas *out);

#endif
