/* SPDX-License-Identifier: MIT */
/*
 * epoch_files.h - what was measured in each epoch, for other programs.
 *
 *   layers.csv   one row for each epoch and tensor (what = weight) or layer (what = activation)
 *   epochs.json  the same and all of log.csv as a tree, each number with all its digits
 */
#ifndef FV_TRAIN_EPOCH_FILES_H
#define FV_TRAIN_EPOCH_FILES_H

#include "train/run.h"

FV_MUST_USE fv_status fv__epoch_files(fv_context *ctx, fv_train_job *job);
/* Writes a text as a file of the run's folder, or says why it was not made; frees it. */
FV_MUST_USE fv_status fv__train_put(fv_context *ctx, fv_train_job *job, const char *file,
                                    fv_text *text);

#endif
