/* SPDX-License-Identifier: MIT */
/*
 * outcome_parts.h - what the files that write a report share.
 */
#ifndef FV_TRAIN_OUTCOME_PARTS_H
#define FV_TRAIN_OUTCOME_PARTS_H

#include "train/figures.h"
#include "train/outcome.h"
#include "view/view.h"

typedef struct fv_teller {
    fv_context *ctx;
    fv_train_job *job;
    fv_report *report;
    fv_outcome *made;
    fv_scores scores;
    bool classes; /* the test set has one class a sample: what follows is there */
    bool counts;  /* predictions are right or wrong: of classes, or of pixels */
    fv_predictions each;
    int32_t *labels;
    int64_t *confusion;       /* [classes][classes] */
    const char *const *names; /* [classes], or NULL */
} fv_teller;

/* A file of the folder, to be listed. */
void fv__outcome_made(fv_teller *t, const char *name, const char *what);
/* Writes a text as such a file; frees it. */
FV_MUST_USE fv_status fv__outcome_put(fv_teller *t, const char *file, fv_text *text,
                                      const char *what);

/* outcome_layers.c: gradients, updates, activations of each layer over the epochs. */
FV_MUST_USE fv_status fv__outcome_layers(fv_teller *t);
/* outcome_classes.c: each class, the pairs most often confused; as CSV too. */
FV_MUST_USE fv_status fv__outcome_classes(fv_teller *t);
FV_MUST_USE fv_status fv__outcome_pairs(fv_teller *t);
/* outcome_summary.c: report.json. */
FV_MUST_USE fv_status fv__outcome_summary(fv_teller *t);

#endif
