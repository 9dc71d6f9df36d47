/* SPDX-License-Identifier: MIT */
/* class_weights.h - how much each class counts for crossentropy, from the setting `class_weights`.
 */
#ifndef FV_TRAIN_CLASS_WEIGHTS_H
#define FV_TRAIN_CLASS_WEIGHTS_H

#include "data/data.h"
#include "net/net.h"

/* "1,2,0.5": a number for each class; "balanced": N/(K n_c) of N images, n_c of them of class c of
   K, as `set` has them (King & Zeng 2001), so that all classes count alike in sum. NULL: there is
   no set, and "balanced" is FV_USAGE. */
FV_MUST_USE fv_status fv__class_weights(fv_context *ctx, const char *text, const fv_dataset *set,
                                        fv_long_reals *out);
/* FV_BAD_INPUT when no head of a net with losses takes them. */
FV_MUST_USE fv_status fv__class_weights_fit(fv_context *ctx, const fv_graph *net);

#endif
