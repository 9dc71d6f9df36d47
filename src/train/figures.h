/* SPDX-License-Identifier: MIT */
/*
 * figures.h - figures of a training and of a data set: curves, worst mistakes, samples of each
 * class. The report and the public drawing functions show the same.
 */
#ifndef FV_TRAIN_FIGURES_H
#define FV_TRAIN_FIGURES_H

#include "data/data.h"
#include "format/model.h"
#include "view/view.h"

/* Loss, accuracy and the learning rate over the epochs, then images a second, as plots that
   point into this struct. */
#define FV_CURVES_LEARNING 3 /* the first ones */
typedef struct fv_curves {
    fv_plot plot[4];
    fv_curve curve[6];
    double *y; /* to be freed with fv__free */
} fv_curves;
FV_MUST_USE fv_status fv__curves_of(fv_context *ctx, const fv_epoch *history, size_t count,
                                    fv_curves *out);

/* What was predicted for each sample of a set. */
typedef struct fv_predictions {
    const int32_t *predicted, *labels;
    const float *confidence;
} fv_predictions;

/* The samples predicted wrongly with the greatest confidence, at most `most`, with captions; count
   0 when there are none, or when images of the set cannot stand side by side. All of it lives in
   the arena. */
FV_MUST_USE fv_status fv__mistakes_of(fv_arena *arena, const fv_model *model, const fv_dataset *set,
                                      const fv_predictions *p, int64_t most, fv_gallery *out);

/* The numbers of all samples predicted wrongly, the most confident first; in the arena. */
FV_MUST_USE fv_status fv__mistakes_list(fv_arena *arena, const fv_dataset *set,
                                        const fv_predictions *p, int64_t **which, int64_t *count);

/* These samples, without captions; count 0 as above. */
FV_MUST_USE fv_status fv__pictures_of(fv_arena *arena, const fv_dataset *set, const int64_t *which,
                                      int64_t count, fv_gallery *out);

/* The first `rows` samples of each of the first 20 classes, a column each, named below. */
FV_MUST_USE fv_status fv__samples_of(fv_arena *arena, const fv_dataset *set, int64_t rows,
                                     fv_gallery *out);

/* Counts [label][predicted] into confusion[classes * classes], zeroed before. */
void fv__confusion_of(const fv_dataset *set, const fv_predictions *p, int64_t *confusion);

#endif
