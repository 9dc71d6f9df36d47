/* SPDX-License-Identifier: MIT */
/*
 * direct_problem.c - the problems (which taps, which frames) and how their work is cut. See
 * direct.h.
 */
#include "cpu/direct.h"

#include <string.h>

#define FRAME_FLOATS  65536     /* frames in work: 256 KB, in the L2 cache */
#define SHARED_FLOATS (1 << 21) /* frames made beforehand: 8 MB at most */
#define TILE_COLUMNS  288       /* columns worth having at a time */
#define FILL          3
#define SPREAD        3

/* Which frame starts at (row, col) of the source; adds it when new. -1: too many. */
static int32_t frame_at(fv_direct *d, int64_t row, int64_t col) {
    for (int f = 0; f < d->frames; f++)
        if (d->frame_row[f] == row && d->frame_col[f] == col) return f;
    if (d->frames == FV_FRAMES_MOST) return -1;
    d->frame_row[d->frames] = row;
    d->frame_col[d->frames] = col;
    return d->frames++;
}

void fv__direct_found(fv_direct *d) {
    int64_t more_cols = 0;
    d->more_rows = 0;
    for (int t = 0; t < d->taps; t++) {
        d->more_rows = fv__cpu_max(d->more_rows, d->tap[t].dr);
        more_cols = fv__cpu_max(more_cols, d->tap[t].dc);
    }
    d->pitch = d->ow + more_cols;
    d->bare = d->frames == 1 && d->sh == 1 && d->sw == 1 && d->frame_row[0] == 0 &&
              d->frame_col[0] == 0 && d->pitch == d->w && d->oh + d->more_rows <= d->h;
    d->straight = d->pitch == d->ow && d->to_w == d->ow && d->to_sh == 1 && d->to_sw == 1 &&
                  d->to_row == 0 && d->to_col == 0;
}

static void common(fv_direct *d, const fv_conv_options *o, const fv_shape *in) {
    memset(d, 0, sizeof *d);
    d->n = in->dim[0];
    d->groups = o->groups;
    d->area = o->kernel.h * o->kernel.w;
}

/* Forward; with `apart` every column of taps has frames of its own. */
static bool problem(fv_direct *d, const fv_conv_options *o, const fv_shape *in, bool apart) {
    fv_window win[2];
    fv__conv_windows(in, o, win);
    common(d, o, in);
    if (o->kernel.h > FV_TAPS_MOST || o->kernel.w > FV_TAPS_MOST || d->area > FV_TAPS_MOST)
        return false;
    d->rows = o->channels / o->groups;
    d->channels = in->dim[1] / o->groups;
    d->h = in->dim[2];
    d->w = in->dim[3];
    d->sh = win[0].stride;
    d->sw = win[1].stride;
    d->oh = win[0].out;
    d->ow = win[1].out;
    d->w_channel = d->area;
    d->w_row = d->channels * d->area;
    d->to_plane = d->oh * d->ow;
    d->to_w = d->ow;
    d->to_sh = d->to_sw = 1;
    for (int64_t q = 0; q < d->area; q++) {
        const int64_t r = q / o->kernel.w * win[0].dilation, s = q % o->kernel.w * win[1].dilation;
        const int64_t col = apart ? s : s % d->sw;
        const int32_t f = frame_at(d, r % d->sh - win[0].before, col - win[1].before);
        if (f < 0) return false;
        d->tap[d->taps++] =
            (fv_tap){f, (int32_t)(r / d->sh), (int32_t)((s - col) / d->sw), (int32_t)q};
    }
    fv__direct_found(d);
    return true;
}

bool fv__direct_forward(fv_direct *d, const fv_conv_options *o, const fv_shape *in) {
    return problem(d, o, in, false);
}

int64_t fv__direct_vectors(int64_t columns, const struct fv_kernels *k) {
    return columns / k->lanes + (columns % k->lanes > FV_COLUMNS_ALONE);
}

/* About how long a problem takes, in vectors that are multiplied. To move one takes FILL in a
   frame, twice that where it is gathered, and SPREAD from the block to the result. */
static double takes(const fv_direct *d, const struct fv_kernels *k) {
    const double rows = (double)(fv__cpu_up(d->rows, k->mr) * k->mr);
    const double columns = (double)fv__direct_vectors((d->oh - 1) * d->pitch + d->ow, k);
    const double lines = (double)(d->frames * (d->oh + d->more_rows));
    const double line = (double)fv__cpu_up(d->pitch, k->lanes), fill = d->sw > 1 ? 2 * FILL : FILL;
    const double spread = (double)(d->rows * d->oh * fv__cpu_up(d->ow, k->lanes)) * SPREAD;
    return rows * columns * (double)(d->channels * d->taps) + (d->straight ? 0 : spread) +
           (d->bare ? 0 : (double)d->channels * lines * line * fill);
}

bool fv__direct_nearer(fv_direct *d, const fv_conv_options *o, const fv_shape *in,
                       const struct fv_kernels *k) {
    fv_direct apart;
    if (!problem(d, o, in, false)) return false;
    if (problem(&apart, o, in, true) && takes(&apart, k) < takes(d, k)) *d = apart;
    return true;
}

/* Output row p and kernel row r met at input row p*stride + r*dilation - before. For the input rows
   h = i*stride + a that is p = i + (a + before - r*dilation)/stride where the division is exact. */
static bool meets(const fv_window *win, int64_t phase, int64_t tap, int64_t *shift) {
    const int64_t e = phase + win->before - tap * win->dilation;
    if (e % win->stride != 0) return false;
    *shift = e / win->stride;
    return true;
}

bool fv__direct_backward(fv_direct *d, const fv_conv_options *o, const fv_shape *in, int64_t a,
                         int64_t b) {
    fv_window win[2];
    int64_t first[2] = {INT64_MAX, INT64_MAX}, e, f;
    fv__conv_windows(in, o, win);
    common(d, o, in);
    if (o->kernel.h > FV_TAPS_MOST || o->kernel.w > FV_TAPS_MOST || d->area > FV_TAPS_MOST)
        return false;
    d->rows = in->dim[1] / o->groups;
    d->channels = o->channels / o->groups;
    d->h = win[0].out;
    d->w = win[1].out;
    d->sh = d->sw = 1;
    d->oh = (in->dim[2] - a + win[0].stride - 1) / win[0].stride;
    d->ow = (in->dim[3] - b + win[1].stride - 1) / win[1].stride;
    d->w_row = d->area;
    d->w_channel = d->rows * d->area;
    d->to_plane = in->dim[2] * in->dim[3];
    d->to_w = in->dim[3];
    d->to_sh = win[0].stride;
    d->to_sw = win[1].stride;
    d->to_row = a;
    d->to_col = b;
    for (int64_t r = 0; r < o->kernel.h; r++)
        if (meets(&win[0], a, r, &e)) first[0] = fv__cpu_min(first[0], e);
    for (int64_t s = 0; s < o->kernel.w; s++)
        if (meets(&win[1], b, s, &e)) first[1] = fv__cpu_min(first[1], e);
    for (int64_t q = 0; q < d->area; q++) {
        if (!meets(&win[0], a, q / o->kernel.w, &e) || !meets(&win[1], b, q % o->kernel.w, &f))
            continue;
        d->tap[d->taps++] =
            (fv_tap){0, (int32_t)(e - first[0]), (int32_t)(f - first[1]), (int32_t)q};
    }
    if (d->taps > 0) (void)frame_at(d, first[0], first[1]);
    fv__direct_found(d);
    return true;
}

/* Rows of a band, about as many as are worth having: those with which all bands together have the
   fewest vectors, as a band's last one may be a part. */
static int64_t band_rows(const fv_direct *d, const struct fv_kernels *k, int64_t worth) {
    int64_t best = fv__cpu_min(d->oh, worth), least = INT64_MAX;
    if (best == d->oh) return best;
    const int64_t most = fv__cpu_min(d->oh, worth * 5 / 4);
    for (int64_t rows = fv__cpu_max(1, worth / 2); rows <= most; rows++) {
        const int64_t bands = fv__cpu_up(d->oh, rows), last = d->oh - (bands - 1) * rows;
        const int64_t vectors = (bands - 1) * fv__direct_vectors((rows - 1) * d->pitch + d->ow, k) +
                                fv__direct_vectors((last - 1) * d->pitch + d->ow, k) + bands;
        if (vectors > least) continue;
        least = vectors;
        best = rows;
    }
    return best;
}

void fv__direct_cut(fv_direct *d, const struct fv_kernels *k, const fv_cut *cut) {
    const int64_t taps = d->taps;
    if (taps == 0 || d->oh <= 0 || d->ow <= 0) return; /* nothing to compute, no memory */
    d->band = band_rows(d, k, fv__cpu_up(fv__cpu_doubled(TILE_COLUMNS, cut->band), d->pitch));
    d->bands = fv__cpu_up(d->oh, d->band);
    const int64_t channel = d->frames * (d->band + d->more_rows) * d->pitch;
    d->depth = fv__cpu_min(fv__cpu_max(FRAME_FLOATS / channel, fv__cpu_up(48, taps)),
                           fv__cpu_max(384 / taps, 1));
    d->depth = fv__cpu_doubled(d->depth, cut->depth);
    d->depths = fv__cpu_up(d->channels, fv__cpu_min(d->depth, d->channels));
    d->depth = fv__cpu_up(d->channels, d->depths);
    const int64_t units = d->n * d->groups * d->bands, all = units * d->channels * channel;
    d->parts = 1;
    if (units < 24) {
        /* Frames that all parts share are read from far away, unless there are few: so many strips
           of rows pay for it. */
        const bool here = d->bare || all <= FRAME_FLOATS;
        const int64_t most = here ? fv__cpu_up(d->rows, k->mr) : d->rows / (4 * k->mr);
        d->parts = fv__cpu_max(1, fv__cpu_min(fv__cpu_up(24, units), most));
    }
    d->parts = fv__cpu_min(fv__cpu_doubled(d->parts, cut->parts), fv__cpu_up(d->rows, k->mr));
    d->units = units * d->parts;
    d->macs = (double)d->n * (double)d->groups * (double)d->rows * (double)d->channels *
              (double)taps * (double)(d->oh * d->pitch);
    d->shared_floats = d->parts > 1 && !d->bare && all <= SHARED_FLOATS ? fv__cpu_pad(all) : 0;
    d->frame_floats = d->bare || d->shared_floats ? 0 : fv__cpu_pad(d->depth * channel);
    d->block_floats = d->straight ? 0 : fv__cpu_pad(d->rows * d->band * d->pitch);
    d->group_floats = fv__cpu_pad(fv__cpu_up(d->rows, k->mr) * k->mr * d->channels * d->taps);
}

const int32_t *fv__direct_settle_offsets(fv_direct *d, fv_arena *arena) {
    int32_t *off = fv__arena_alloc(arena, sizeof *off * (size_t)(d->depth * d->taps + 1));
    if (off) fv__direct_offsets(d, d->depth, d->band, off);
    d->off = off;
    return off;
}

int64_t fv__direct_channel(const fv_direct *d, int64_t rows) {
    return d->bare ? d->h * d->w : d->frames * (rows + d->more_rows) * d->pitch;
}

void fv__direct_offsets(const fv_direct *d, int64_t channels, int64_t rows, int32_t *off) {
    const int64_t frame = (rows + d->more_rows) * d->pitch;
    for (int64_t c = 0; c < channels; c++)
        for (int t = 0; t < d->taps; t++)
            *off++ = (int32_t)(c * fv__direct_channel(d, rows) + d->tap[t].frame * frame +
                               d->tap[t].dr * d->pitch + d->tap[t].dc);
}

void fv__direct_frames(const fv_direct *d, const struct fv_kernels *k, const float *source,
                       int64_t channels, int64_t row, int64_t rows, float *out) {
    const int64_t high = rows + d->more_rows, frame = high * d->pitch;
    for (int f = 0; f < d->frames; f++)
        k->frame(channels, d->h * d->w, d->frames * frame, source, d->h, d->w,
                 d->frame_row[f] + row * d->sh, d->frame_col[f], d->sh, d->sw, out + f * frame,
                 high, d->pitch);
}
