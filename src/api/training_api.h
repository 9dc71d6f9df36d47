/* SPDX-License-Identifier: MIT */
/*
 * training_api.h - what the drawing functions need of a public training.
 */
#ifndef FV_API_TRAINING_API_H
#define FV_API_TRAINING_API_H

#include "base/error.h"

/* All epochs that are behind. */
const fv_epoch *fv__training_history(const fv_training *training, size_t *count);

#endif
