/* SPDX-License-Identifier: MIT */
/*
 * format.c - the table of formats, made from format/format_list.h.
 */
#include "format/format.h"

#define FV_FORMAT(name) &fv__format_##name,
const fv_format *const fv__formats[] = {
#include "format/format_list.h"
    NULL};
#undef FV_FORMAT

const fv_format *fv__format_by_name(const char *path) {
    for (int i = 0; fv__formats[i]; i++)
        if (fv__ends_with(path, fv__formats[i]->extension)) return fv__formats[i];
    return NULL;
}

fv_status fv__format_of(fv_context *ctx, const char *path, const fv_format **out) {
    *out = fv__format_by_name(path);
    if (*out) return FV_OK;
    fv_bytes bytes;
    FV_TRY(fv__file_read(ctx, path, 0, &bytes));
    const fv_status status = fv__refuse_lfs_pointer(ctx, path, bytes.data, bytes.size);
    for (int i = 0; status == FV_OK && fv__formats[i] && !*out; i++)
        if (fv__formats[i]->recognise(bytes.data, bytes.size)) *out = fv__formats[i];
    fv__file_release(&bytes);
    return status;
}

void fv__format_ends(fv_text *out, bool weights) {
    const fv_format *before = NULL; /* written when it is known whether it is the last */
    int count = 0;
    for (int i = 0; fv__formats[i]; i++) {
        const fv_format *f = fv__formats[i];
        if (weights ? !f->read_tensors : !f->write_net && !f->write_model) continue;
        if (before)
            fv__text_addf(out, "%s%s (%s)", count++ ? ", " : "", before->extension, before->what);
        before = f;
    }
    if (before)
        fv__text_addf(out, "%s%s (%s)", count ? " or " : "", before->extension, before->what);
}
