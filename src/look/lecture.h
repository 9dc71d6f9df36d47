/* SPDX-License-Identifier: MIT */
/*
 * lecture.h - layers and windows in the words of the lectures.
 */
#ifndef FV_LOOK_LECTURE_H
#define FV_LOOK_LECTURE_H

#include "net/net.h"

/* "CONV3-64", "POOL2", "FC-4096", "NORM": a layer as the lectures write it; then the options that
   this does not tell, "stride 2 pad 1". */
void fv__lecture_name(fv_text *out, const fv_node *node);
void fv__lecture_options(fv_text *out, const fv_node *node);
/* "width: (7 - 3)/3 + 1 = 2.33; 2 are used, the last column of its input is ignored" */
void fv__lecture_misfit(fv_text *out, const fv_misfit *m);

#endif
