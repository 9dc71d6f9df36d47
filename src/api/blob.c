/* SPDX-License-Identifier: MIT */
/*
 * blob.c - bytes the library made, handed out.
 */
#include "api/blob.h"
#include "api/given.h"

struct fv_blob {
    fv_text text;
};

fv_status fv__blob_of_text(fv_context *ctx, fv_text *text, fv_blob **out) {
    fv_status status = fv__text_done(ctx, text);
    *out = status == FV_OK ? fv__alloc(ctx, sizeof **out, "what was made") : NULL;
    if (*out)
        (*out)->text = *text;
    else
        fv__text_free(text);
    return *out ? FV_OK : status == FV_OK ? FV_EXHAUSTED : status;
}

fv_status fv__blob_of_canvas(fv_context *ctx, fv_canvas *canvas, fv_blob **out) {
    fv_text png = {.ctx = ctx};
    fv_status status = fv__png_encode(ctx, canvas, &png);
    fv__canvas_free(canvas);
    if (status == FV_OK) return fv__blob_of_text(ctx, &png, out);
    fv__text_free(&png);
    return status;
}

const void *fv_blob_data(const fv_blob *blob) {
    return blob && blob->text.data ? blob->text.data : "";
}

size_t fv_blob_size(const fv_blob *blob) {
    return blob ? blob->text.length : 0;
}

fv_status fv_blob_save(fv_context *ctx, const fv_blob *blob, const char *path) {
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, blob);
    FV_NEED(ctx, path);
    return fv__file_write(ctx, path, fv_blob_data(blob), fv_blob_size(blob));
}

void fv_blob_free(fv_blob *blob) {
    if (!blob) return;
    fv__text_free(&blob->text);
    fv__free(blob);
}
