/* SPDX-License-Identifier: MIT */
/*
 * restate.h - what is said of a model when it is opened, in place of what its file says.
 */
#ifndef FV_FORMAT_RESTATE_H
#define FV_FORMAT_RESTATE_H

#include "format/model.h"

/* The words of an input line, "3x224x224 resize 256 crop 224 scale 1/255", for the network's own,
   in its source too. Its size stays: FV_BAD_INPUT. Before anything is planned. */
FV_MUST_USE fv_status fv__net_restate_input(fv_context *ctx, fv_graph *net, const char *words);
/* The names of the classes from a text file, one on each line. FV_BAD_INPUT: it cannot be read, or
   has another number of names than the network has classes. */
FV_MUST_USE fv_status fv__model_read_classes(fv_context *ctx, fv_model *model, const char *path);

#endif
