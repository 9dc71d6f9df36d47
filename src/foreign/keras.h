/* SPDX-License-Identifier: MIT */
/*
 * keras.h - what reading and writing Keras share: the rows of keras_list.h, NULL-ended.
 */
#ifndef FV_FOREIGN_KERAS_H
#define FV_FOREIGN_KERAS_H

#include "foreign/dialect.h"

extern const fv_foreign_row fv__keras_rows[];

#endif
