/* SPDX-License-Identifier: MIT */
/*
 * torch_moves.c - slices, crops and borders in Python's and PyTorch's counting.
 */
#include "foreign/torch.h"

#include <inttypes.h>

/* What a list says of each dimension: `axes` names them, or they are the first ones. */
static void spread(const fv_ints *list, const fv_ints *axes, int rank, int from, int count,
                   int64_t out[FV_RANK_MAX]) {
    for (int i = 0; i < count && from + i < list->count; i++) {
        const int64_t axis = axes->count ? axes->v[i] : i;
        out[axis < 0 ? axis + rank : axis] = list->v[from + i];
    }
}

fv_status fv__torch_slice(fv_writer *w, fv_text *out) {
    const fv_field *f;
    const fv_shape *in = &w->room.in[0];
    const fv_ints *axes = fv__writer_option(w, "axes", &f);
    const fv_ints *starts = fv__writer_option(w, "starts", &f);
    int64_t start[FV_RANK_MAX] = {0}, end[FV_RANK_MAX], step[FV_RANK_MAX];
    for (int d = 0; d < in->rank; d++) {
        end[d] = in->dim[d];
        step[d] = 1;
    }
    spread(starts, axes, in->rank, 0, starts->count, start);
    spread(fv__writer_option(w, "ends", &f), axes, in->rank, 0, starts->count, end);
    spread(fv__writer_option(w, "steps", &f), axes, in->rank, 0, starts->count, step);
    for (int d = 0; d < in->rank; d++) {
        if (step[d] < 0) return fv__writer_refuse(w, "PyTorch takes no slices backwards");
        const bool whole = d == 0 || (start[d] == 0 && end[d] >= in->dim[d]);
        fv__text_add(out, d ? ", " : "");
        if (whole)
            fv__text_add(out, ":");
        else
            fv__text_addf(out, "%" PRId64 ":%" PRId64, start[d], end[d]);
        if (step[d] != 1) fv__text_addf(out, "%s:%" PRId64, whole ? "" : "", step[d]);
    }
    return FV_OK;
}

fv_status fv__torch_crop(fv_writer *w, fv_text *out) {
    static const char *const sides[] = {"top", "left"};
    fv__text_add(out, ":, :");
    for (int d = 0; d < 2; d++) {
        const fv_field *f;
        const int64_t more = w->room.in[0].dim[2 + d] - w->room.out[0].dim[2 + d];
        int64_t start = *(const int64_t *)fv__writer_option(w, sides[d], &f);
        if (start < 0) start = more / 2;
        fv__text_addf(out, ", %" PRId64 ":%" PRId64, start, start + w->room.out[0].dim[2 + d]);
    }
    return FV_OK;
}

/* F.pad counts dimensions from the last. */
fv_status fv__torch_pads(fv_writer *w, fv_text *out) {
    static const char *const modes[] = {"constant", "reflect", "replicate", "circular"};
    const fv_field *f;
    const int rank = w->room.in[0].rank;
    const fv_ints *pads = fv__writer_option(w, "pads", &f);
    const fv_ints *axes = fv__writer_option(w, "axes", &f);
    const int mode = *(const int *)fv__writer_option(w, "mode", &f);
    int64_t before[FV_RANK_MAX] = {0}, after[FV_RANK_MAX] = {0};
    int last = rank;
    spread(pads, axes, rank, 0, pads->count / 2, before);
    spread(pads, axes, rank, pads->count / 2, pads->count / 2, after);
    for (int d = 1; d < rank; d++)
        if ((before[d] || after[d]) && d < last) last = d;
    if (mode && last < 2) return fv__writer_refuse(w, "PyTorch pads channels with constants only");
    if (mode && last < rank) last = 2; /* it wants all dimensions of the map named */
    fv__text_add(out, "(");
    for (int d = rank - 1; d >= last; d--)
        fv__text_addf(out, "%s%" PRId64 ", %" PRId64, d < rank - 1 ? ", " : "", before[d],
                      after[d]);
    fv__text_addf(out, ")");
    if (mode) fv__text_addf(out, ", mode=\"%s\"", modes[mode]);
    const double value = *(const double *)fv__writer_option(w, "value", &f);
    if (mode || value == 0) return FV_OK;
    fv__text_add(out, ", value=");
    return fv__writer_value(w, "value", out);
}
