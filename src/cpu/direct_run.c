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
} work;

int64_t fv__direct_worker(const fv_direct *d) {
    return d->frame_floats + d->block_floats;
}

int64_t fv__direct_packed(const fv_direct *d) {
    return d->groups * d->group_floats;
}

/* ------------------------------------------------------------------------------- packing --- */

typedef struct packing {
    const fv_direct *d;
    const struct fv_kernels *k;
    const float *w;
    float *packed;
} packing;

/* packed[group][strip][channel][tap][row of the strip]. Forward a strip's weights are mr rows as
   they lie. Backward every channel of the source is a row: blocks of channels, so that both what is
   read and what is written come in runs. */
#define PACK_CHANNELS 16

static bool rows_lie(const fv_direct *d) {
    return d->taps == d->area && d->w_channel == d->area;
}

static int64_t pack_units(const packing *w) {
    const fv_direct *d = w->d;
    return d->groups *
           (rows_lie(d) ? fv__cpu_up(d->rows, w->k->mr) : fv__cpu_up(d->channels, PACK_CHANNELS));
}

static void pack_channels(const packing *w, int64_t group, int64_t c0, int64_t c1) {
    const fv_direct *d = w->d;
    const int64_t mr = w->k->mr, strip = d->channels * d->taps;
    const float *from = w->w + group * d->rows * d->channels * d->area;
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

static void pack_unit(const packing *w, int64_t unit) {
    const fv_direct *d = w->d;
    if (!rows_lie(d)) {
        const int64_t blocks = fv__cpu_up(d->channels, PACK_CHANNELS);
        const int64_t c0 = unit % blocks * PACK_CHANNELS;
        pack_channels(w, unit / blocks, c0, fv__cpu_min(c0 + PACK_CHANNELS, d->channels));
        return;
    }
    const int64_t mr = w->k->mr, strips = fv__cpu_up(d->rows, mr), k = d->channels * d->taps;
    const int64_t group = unit / strips, r0 = unit % strips * mr;
    w->k->pack(fv__cpu_min(mr, d->rows - r0), k, w->w + (group * d->rows + r0) * k, k,
               w->packed + group * d->group_floats + r0 * k);
}

static void pack_units_of(void *arg, int64_t first, int64_t end, int worker) {
    (void)worker;
    for (int64_t u = first; u < end; u++) pack_unit(arg, u);
}

void fv__direct_pack(const fv_direct *d, const fv_pass *p, const float *w, float *packed) {
    const packing pack = {d, p->kernels, w, packed};
    if (fv__direct_packed(d) == 0) return; /* no tap reaches this phase, or it has no pixels */
    fv__cpu_split(p->pool, pack_units(&pack), 16 * (double)fv__direct_packed(d), FV_GRAIN,
                  pack_units_of, &pack);
}

/* ------------------------------------------------------------------------------- running --- */

/* A finished strip of the block goes to its rows. */
static void scatter(const work *w, const float *block, int64_t ld, int64_t rows, int64_t row,
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

/* Rows of the block += the value that the epilogue adds, before the activation. */
static void add_to_block(const work *w, int64_t n, int64_t plane, int64_t rows, int64_t row,
                         int64_t high, float *block, int64_t ld) {
    const fv_direct *d = w->d;
    for (int64_t i = 0; i < high; i++)
        fv__cpu_add_rows(w->call->p, n, plane * d->to_plane + (row + i) * d->ow, rows, d->to_plane,
                         d->ow, block + i * d->pitch, ld);
}

static void straight_act(const work *w, float *y, int64_t rows, int64_t columns) {
    const fv_activation *act = &w->call->act;
    if (act->kind == FV_ACT_NONE) return;
    w->k->act(act->kind, rows, columns, y, w->d->to_plane, y, w->d->to_plane, act->p, act->q);
}

/* Which part of the problem a unit is. */
typedef struct part {
    int64_t n, group, row, high; /* sample, group, first row and rows of the band */
    int64_t first, end;          /* planes of the result, of the group */
} part;

static part part_of(const work *w, int64_t u) {
    const fv_direct *d = w->d;
    const int64_t mr = w->k->mr;
    part q;
    fv__cpu_cut(fv__cpu_up(d->rows, mr), d->parts, u % d->parts, &q.first, &q.end);
    q.first *= mr;
    q.end = fv__cpu_min(q.end * mr, d->rows);
    u /= d->parts;
    q.row = u % d->bands * d->band;
    q.high = fv__cpu_min(d->band, d->oh - q.row);
    u /= d->bands;
    q.group = u % d->groups;
    q.n = u / d->groups;
    return q;
}

/* The rows from r on of a part, whose sums are complete. */
static void finish(const work *w, const part *q, int64_t r, int64_t rows, float *c, int64_t ldc) {
    const fv_direct *d = w->d;
    const int64_t plane = q->group * d->rows + r;
    if (w->call->p->added && w->call->result == &w->call->p->y[0])
        add_to_block(w, q->n, plane, rows, q->row, q->high, c, ldc);
    if (d->straight)
        straight_act(w, c, rows, (q->high - 1) * d->pitch + d->ow);
    else
        scatter(w, c, ldc, rows, q->row, q->high,
                fv__cpu_at(w->call->result, q->n) + plane * d->to_plane);
}

static void unit(const work *w, int64_t u, float *frames, float *block) {
    const fv_direct *d = w->d;
    const fv_direct_call *call = w->call;
    const part q = part_of(w, u);
    const int64_t mr = w->k->mr, columns = (q.high - 1) * d->pitch + d->ow;
    const int64_t k = d->channels * d->taps;
    const float *source = fv__cpu_at(call->source, q.n) + q.group * d->channels * d->h * d->w;
    const float *packed = call->packed + q.group * d->group_floats;
    float *to = fv__cpu_at(call->result, q.n) + q.group * d->rows * d->to_plane;
    float *c = d->straight ? to + q.row * d->pitch : block;
    const int64_t ldc = d->straight ? d->to_plane : d->band * d->pitch;
    for (int64_t c0 = 0; c0 < d->channels; c0 += d->depth) {
        const int64_t channels = fv__cpu_min(d->depth, d->channels - c0);
        const float *b = source + c0 * d->h * d->w;
        if (d->bare)
            b += q.row * d->pitch;
        else {
            fv__direct_frames(d, w->k, b, channels, q.row, d->band, frames);
            b = frames;
        }
        for (int64_t r = q.first; r < q.end; r += mr) {
            const int64_t rows = fv__cpu_min(mr, q.end - r);
            w->k->gemm(rows, columns, channels * d->taps, packed + r * k + c0 * d->taps * mr, mr, 1,
                       b, 0, d->off, c + r * ldc, ldc,
                       call->bias ? call->bias + q.group * d->rows + r : NULL,
                       c0 > 0 || (d->straight && call->add));
            if (c0 + channels == d->channels) finish(w, &q, r, rows, c + r * ldc, ldc);
        }
    }
}

static void units(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_direct *d = w->d;
    float *frames = w->call->workers + worker * fv__direct_worker(d);
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
    const work w = {d, call, call->p->kernels};
    if (d->oh <= 0 || d->ow <= 0) return;
    if (d->taps == 0)
        nothing(&w);
    else
        fv__cpu_split(call->p->pool, d->units, d->macs, 2 * FV_GRAIN, units, &w);
}
