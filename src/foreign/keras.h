/* SPDX-License-Identifier: MIT */
/*
 * keras.h - networks from Keras: what `model.to_json()` writes, and the order in which its weights
 * lie.
 *
 * Keras' maps are rows, columns, channels, ours channels, rows, columns. A network read from it is
 * ours: the image goes in as C,H,W. What Keras orders otherwise because of it is turned here and
 * nowhere else: kernels, and the weights of a Dense behind a Flatten.
 */
#ifndef FV_FOREIGN_KERAS_H
#define FV_FOREIGN_KERAS_H

#include "base/json.h"
#include "foreign/dialect.h"

extern const fv_foreign_row fv__keras_rows[]; /* of keras_list.h; ended by op NULL */

/* Whether bytes look like an architecture: JSON with a class_name. */
bool fv__keras_recognise(const uint8_t *bytes, size_t size);
/* The network of an architecture, Sequential or Functional, as Keras 2 and 3 write them. Layers
   keep their names. FV_BAD_INPUT: no such file, layers or options that there are not here, named.
 */
FV_MUST_USE fv_status fv__keras_read(fv_context *ctx, const char *path, fv_graph **out);

/* What Keras calls a parameter: the last part of its name, "kernel", "moving_mean". */
const char *fv__keras_param(const fv_graph *net, int param);
/* Its shape there. */
fv_shape fv__keras_shape(const fv_graph *net, int param);
/* Its numbers there, of that shape, as ours. */
void fv__keras_turn(const fv_graph *net, int param, const float *theirs, float *ours);

#endif
