/* SPDX-License-Identifier: MIT */
/*
 * outcome.h - what a finished run leaves for people: images and the report.
 *
 *   curves.png      loss and accuracy over the epochs
 *   confusion.png   which class was taken for which
 *   mistakes.png    the images read most wrongly
 *   filters.png     the first convolution's weights
 *   report.html     all of it on one page that needs nothing else
 *   report.json     its numbers
 *   classes.csv     precision, recall, F1 of each class
 *   confusion.csv   label, predicted, count
 *   mistakes.csv    every test image that was read wrongly
 *   layers.csv, epochs.json   train/epoch_files.h
 */
#ifndef FV_TRAIN_OUTCOME_H
#define FV_TRAIN_OUTCOME_H

#include "train/run.h"

typedef struct fv_outcome_file {
    const char *name; /* "report.html" */
    const char *what; /* one line */
} fv_outcome_file;

typedef struct fv_outcome {
    fv_outcome_file files[20]; /* all that lies in the folder, the report first */
    int count;
} fv_outcome;

/* Tests the model once more image by image and writes the files. */
FV_MUST_USE fv_status fv__train_outcome(fv_context *ctx, fv_train_job *job, fv_outcome *made);

#endif
