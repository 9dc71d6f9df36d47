/* SPDX-License-Identifier: MIT */
/*
 * blob.h - bytes the library made for its caller: a PNG file, a text.
 */
#ifndef FV_API_BLOB_H
#define FV_API_BLOB_H

#include "base/text.h"
#include "view/view.h"

/* A blob of a text's bytes; takes the text over, on failure too. */
FV_MUST_USE fv_status fv__blob_of_text(fv_context *ctx, fv_text *text, fv_blob **out);
/* A canvas as a PNG file; frees the canvas. */
FV_MUST_USE fv_status fv__blob_of_canvas(fv_context *ctx, fv_canvas *canvas, fv_blob **out);

#endif
