/* SPDX-License-Identifier: MIT */
/* lsuv.h - fresh weights scaled so that each layer gives numbers of variance 1. */
#ifndef FV_TRAIN_LSUV_H
#define FV_TRAIN_LSUV_H

#include "data/data.h"
#include "format/model.h"

/* Mishkin & Matas 2016: from the first layer on, each layer's weights are divided by the deviation
   of what it gives for the first images of `set` (as many as `most`, as the model's recipe shuffles
   them in the first epoch), until its variance is 1 but for a tenth, ten times at most. The model's
   weights are fresh and orthogonal (FV_LSUV). */
FV_MUST_USE fv_status fv__lsuv(fv_context *ctx, fv_model *model, const fv_op *loss,
                               const fv_dataset *set, int64_t most, uint64_t seed);

#endif
