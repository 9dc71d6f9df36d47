/* SPDX-License-Identifier: MIT */
/*
 * direct_run.c - packs the weights and runs the units of a direct convolution. See direct.h.
 */
#include "cpu/direct.h"

#include <string.h>

typedef struct work {
    const fv_direct *d;
    const fv_direct_call *call;
    const struct fv_kernels *k;
    float *packed, *scratch;
    int32_t *off;
} work;

int64_t fv__direct_scratch(const fv_direct *d, int workers) {
    return d->groups * d->group_floats + fv__cpu_pad(d->depth * d->taps) +
           workers * (d->frame_floats + d->block_floats);
}

/* packed[group][strip][channel][tap][row of the strip]. Forward a strip's weights are mr rows as
   they lie. Backward every channel of the source is a row: blocks of channels, so that both what is
   read and what is written come in runs. */
#define PACK_CHANNELS 16

static bool rows_lie(const fv_direct *d) {
    return d->taps == d->area && d->w_channel == d->area;
}

static int64_t pack_units(const work *w) {
    const fv_direct *d = w->d;
    return d->groups *
           (rows_lie(d) ? fv__cpu_up(d->rows, w->k->mr) : fv__cpu_up(d->channels, PACK_CHANNELS));
}

static void pack_channels(const work *w, int64_t group, int64_t c0, int64_t c1) {
    const fv_direct *d = w->d;
    const int64_t mr = w->k->mr, strip = d->channels * d->taps;
    const float *from = w->call->w + group * d->rows * d->channels * d->area;
    for (int64_t r0 = 0; r0 < d->rows; r0 += mr) {
        const int64_t rows = fv__cpu_min(mr, d->rows - r0);
        float *to = w->packed + group * d->group_floats + r0 * strip + c0 * d->taps * mr;
        for (int64_t c = c0; c < c1; c++, to += d->taps * mr) {
            const float *at = from + c * d->w_channel + r0 * d->w_row;
            if (d->taps == d->area && d->taps > 1) {
                w->k->pack(rows, d->taps, at, d->w_row, to);
                continue;
            }
            for (int t = 0; t < d->taps; t++)
                for (int64_t r = 0; r < rows; r++)
                    to[t * mr + r] = at[d->tap[t].weight + r * d->w_row];
        }
    }
}

static void pack_unit(const work *w, int64_t unit) {
    const fv_direct *d = w->d;
    if (!rows_lie(d)) {
        const int64_t blocks = fv__cpu_up(d->channels, PACK_CHANNELS);
        const int64_t c0 = unit % blocks * PACK_CHANNELS;
        pack_channels(w, unit / blocks, c0, fv__cpu_min(c0 + PACK_CHANNELS, d->channels));
        return;
    }
    const int64_t mr = w->k->mr, strips = fv__cpu_up(d->rows, mr), k = d->channels * d->taps;
    const int64_t group = unit / strips, r0 = unit % strips * mr;
    w->k->pack(fv__cpu_min(mr, d->rows - r0), k, w->call->w + (group * d->rows + r0) * k, k,
               w->packed + group * d->group_floats + r0 * k);
}

static void pack_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const int64_t units = pack_units(w);
    int64_t first, end;
    (void)worker;
    fv__cpu_cut(units, fv__cpu_min(units, 16), job, &first, &end);
    for (int64_t u = first; u < end; u++) pack_unit(w, u);
}

/* A finished strip of the block goes to its places. */
static void place(const work *w, const float *block, int64_t ld, int64_t rows, int64_t row,
                  int64_t high, float *to) {
    const fv_direct *d = w->d;
    const fv_direct_call *call = w->call;
    const int64_t step = d->to_sh * d->to_w;
    to += (d->to_row + row * d->to_sh) * d->to_w + d->to_col;
    for (int64_t r = 0; r < rows; r++, to += d->to_plane, block += ld) {
        if (d->to_sw == 1 && !call->add) {
            w->k->act(call->act.kind, high, d->ow, block, d->pitch, to, step, call->act.p,
                      call->act.q);
            continue;
        }
        for (int64_t i = 0; i < high; i++) {
            const float *x = block + i * d->pitch;
            float *y = to + i * step;
            if (d->to_sw == 1)
                w->k->add(d->ow, x, y);
            else
                for (int64_t j = 0; j < d->ow; j++)
                    y[j * d->to_sw] = call->add ? y[j * d->to_sw] + x[j] : x[j];
        }
    }
}

static void straight_act(const work *w, float *y, int64_t rows, int64_t columns) {
    const fv_activation *act = &w->call->act;
    if (act->kind == FV_ACT_NONE) return;
    w->k->act(act->kind, rows, columns, y, w->d->to_plane, y, w->d->to_plane, act->p, act->q);
}

static void unit(const work *w, int64_t u, float *frames, float *block) {
    const fv_direct *d = w->d;
    const fv_direct_call *call = w->call;
    const int64_t part = u % d->parts, band = u / d->parts % d->bands;
    const int64_t group = u / d->parts / d->bands % d->groups;
    const int64_t n = u / d->parts / d->bands / d->groups;
    const int64_t mr = w->k->mr, row = band * d->band, high = fv__cpu_min(d->band, d->oh - row);
    const int64_t columns = (high - 1) * d->pitch + d->ow, k = d->channels * d->taps;
    const float *source = fv__cpu_at(call->source, n) + group * d->channels * d->h * d->w;
    float *to = fv__cpu_at(call->result, n) + group * d->rows * d->to_plane;
    const float *packed = w->packed + group * d->group_floats;
    const float *weight = call->w + group * d->rows * d->channels * d->area;
    int64_t first, end;
    fv__cpu_cut(fv__cpu_up(d->rows, mr), d->parts, part, &first, &end);
    end = fv__cpu_min(end * mr, d->rows);
    float *c = d->straight ? to + row * d->pitch : block;
    const int64_t ldc = d->straight ? d->to_plane : d->band * d->pitch;
    for (int64_t c0 = 0; c0 < d->channels; c0 += d->depth) {
        const int64_t channels = fv__cpu_min(d->depth, d->channels - c0);
        const bool last = c0 + channels == d->channels;
        const float *b = source + c0 * d->h * d->w;
        if (d->bare)
            b += row * d->pitch;
        else {
            fv__direct_frames(d, w->k, b, channels, row, d->band, frames);
            b = frames;
        }
        for (int64_t r = first * mr; r < end; r += mr) {
            const int64_t rows = fv__cpu_min(mr, end - r);
            const float *strip = d->loose ? weight + r * d->w_row + c0 * d->w_channel
                                          : packed + r * k + c0 * d->taps * mr;
            w->k->gemm(rows, columns, channels * d->taps, strip, d->loose ? d->loose : mr,
                       d->loose ? d->w_row : 1, b, 0, w->off, c + r * ldc, ldc,
                       call->bias ? call->bias + group * d->rows + r : NULL,
                       c0 > 0 || (d->straight && call->add));
            if (last && d->straight)
                straight_act(w, c + r * ldc, rows, columns);
            else if (last)
                place(w, c + r * ldc, ldc, rows, row, high, to + r * d->to_plane);
        }
    }
}

static void job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const fv_direct *d = w->d;
    float *frames = w->scratch + worker * (d->frame_floats + d->block_floats);
    int64_t first, end;
    fv__cpu_cut(d->units, d->jobs, job, &first, &end);
    for (int64_t u = first; u < end; u++) unit(w, u, frames, frames + d->frame_floats);
}

/* No tap reaches this phase: its pixels get nothing. */
static void nothing(const work *w) {
    const fv_direct *d = w->d;
    if (w->call->add) return;
    for (int64_t n = 0; n < d->n; n++)
        for (int64_t c = 0; c < d->groups * d->rows; c++)
            for (int64_t i = 0; i < d->oh; i++) {
                float *y = fv__cpu_at(w->call->result, n) + c * d->to_plane +
                           (d->to_row + i * d->to_sh) * d->to_w + d->to_col;
                for (int64_t j = 0; j < d->ow; j++) y[j * d->to_sw] = 0;
            }
}

void fv__direct_run(const fv_direct *d, const fv_direct_call *call) {
    work w = {.d = d, .call = call, .k = call->p->kernels, .packed = call->p->scratch};
    if (d->oh <= 0 || d->ow <= 0) return;
    if (d->taps == 0) {
        nothing(&w);
        return;
    }
    /* Offsets are as wide as floats. */
    w.off = (int32_t *)(void *)(w.packed + d->groups * d->group_floats);
    w.scratch = (float *)(void *)w.off + fv__cpu_pad(d->depth * d->taps);
    fv__direct_offsets(d, d->depth, d->band, w.off);
    if (!d->loose) { /* otherwise weights are read where they lie */
        const int64_t units = pack_units(&w);
        if (d->groups * d->group_floats < 8192)
            for (int64_t u = 0; u < units; u++) pack_unit(&w, u);
        else
            fv__pool_run(call->p->pool, fv__cpu_min(units, 16), pack_job, &w);
    }
    fv__pool_run(call->p->pool, d->jobs, job, &w);
}
