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

/* packed[group][depth of channels][strip][channel][tap][row of the strip], so that a product reads
   on where it is. Forward a strip's weights are mr rows as
   they lie. Backward every channel of the source is a row: blocks of channels, so that both what is
   read and what is written come in runs. */
#define PACK_CHANNELS 16

/* Where channel c's weights for the strip of row r begin. */
static int64_t packed_at(const fv_direct *d, int64_t mr, int64_t group, int64_t c, int64_t r) {
    const int64_t c0 = c / d->depth * d->depth, depth = fv__cpu_min(d->depth, d->channels - c0);
    const int64_t rows = fv__cpu_up(d->rows, mr) * mr;
    return group * d->group_floats + (c0 * rows + r * depth + (c - c0) * mr) * d->taps;
}

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
    const int64_t mr = w->k->mr;
    const float *from = w->w + group * d->rows * d->channels * d->area;
    for (int64_t r0 = 0; r0 < d->rows; r0 += mr) {
        const int64_t rows = fv__cpu_min(mr, d->rows - r0);
        for (int64_t c = c0; c < c1; c++) {
            float *to = w->packed + packed_at(d, mr, group, c, r0);
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
    const float *from = w->w + (group * d->rows + r0) * k;
    for (int64_t c0 = 0; c0 < d->channels; c0 += d->depth)
        w->k->pack(fv__cpu_min(mr, d->rows - r0), fv__cpu_min(d->depth, d->channels - c0) * d->taps,
                   from + c0 * d->taps, k, w->packed + packed_at(d, mr, group, c0, r0));
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
            else if (d->to_sw == 2)
                w->k->to_seconds(d->ow, x, y, call->add);
            else
                for (int64_t j = 0; j < d->ow; j++)
                    y[j * d->to_sw] = call->add ? y[j * d->to_sw] + x[j] : x[j];
        }
    }
}

/* Whether the epilogue's sum is this call's to do: a gradient has none. */
static bool adds(const work *w) {
    return w->call->p->added && w->call->result == &w->call->p->y[0];
}

/* Rows of the block += the value that the epilogue adds, before the activation. */
static void add_to_block(const work *w, int64_t n, int64_t plane, int64_t rows, int64_t row,
                         int64_t high, float *block, int64_t ld) {
    const fv_direct *d = w->d;
    for (int64_t i = 0; i < high; i++)
        fv__cpu_add_rows(w->call->p, n, plane * d->to_plane + (row + i) * d->ow, rows, d->to_plane,
                         d->ow, block + i * d->pitch, ld);
}

/* What of the epilogue the product does itself, where the result's rows lie in one piece. */
static fv_gemm_after after_of(const work *w, int64_t n, int64_t plane, int64_t row) {
    const fv_direct *d = w->d;
    fv_gemm_after after = fv__cpu_bounds(&w->call->act);
    after.ld = d->to_plane;
    if (adds(w))
        after.added = fv__cpu_at(w->call->p->added, n) + plane * d->to_plane + row * d->pitch;
    return after;
}

static void straight_act(const work *w, float *y, int64_t rows, int64_t columns) {
    const fv_activation *act = &w->call->act;
    if (fv__cpu_bounded(act)) return;
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
    if (adds(w) && !d->straight) add_to_block(w, q->n, plane, rows, q->row, q->high, c, ldc);
    if (d->straight)
        straight_act(w, c, rows, (q->high - 1) * d->pitch + d->ow);
    else
        scatter(w, c, ldc, rows, q->row, q->high,
                fv__cpu_at(w->call->result, q->n) + plane * d->to_plane);
}

/* Where frames lie that were made beforehand: of a unit without its parts, from channel c on. */
static float *shared_at(const work *w, int64_t u, int64_t c) {
    const fv_direct *d = w->d;
    return w->call->shared + (u * d->channels + c) * fv__direct_channel(d, d->band);
}

/* Fills the frames of some channels of a part, from c0 of its group on. */
static void fill_frames(const work *w, const part *q, int64_t c0, int64_t channels, float *out) {
    const fv_direct *d = w->d;
    const fv_pass *p = w->call->p;
    const int64_t first = q->group * d->channels + c0, high = d->band + d->more_rows;
    const float *source = fv__cpu_at(w->call->source, q->n) + first * d->h * d->w;
    fv__direct_frames(d, w->k, source, channels, q->row, d->band, out);
    for (int64_t i = 0; p->prologue && i < channels * d->frames; i++) {
        const int64_t f = i % d->frames;
        const fv_frame frame = {
            d->h, d->w,    d->frame_row[f] + q->row * d->sh, d->frame_col[f], d->sh, d->sw,
            high, d->pitch};
        fv__cpu_before_frame(p, first + i / d->frames, &frame, out + i * high * d->pitch);
    }
}

/* A piece is some channels of a unit without its parts. */
static void make_frames(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_direct *d = w->d;
    (void)worker;
    for (int64_t piece = first; piece < end; piece++) {
        const int64_t u = piece / d->depths, c0 = piece % d->depths * d->depth;
        const part q = part_of(w, u * d->parts);
        fill_frames(w, &q, c0, fv__cpu_min(d->depth, d->channels - c0), shared_at(w, u, c0));
    }
}

static void unit(const work *w, int64_t u, float *frames, float *block) {
    const fv_direct *d = w->d;
    const fv_direct_call *call = w->call;
    const part q = part_of(w, u);
    const int64_t mr = w->k->mr, columns = (q.high - 1) * d->pitch + d->ow;
    const float *source = fv__cpu_at(call->source, q.n) + q.group * d->channels * d->h * d->w;
    float *to = fv__cpu_at(call->result, q.n) + q.group * d->rows * d->to_plane;
    float *c = d->straight ? to + q.row * d->pitch : block;
    const int64_t ldc = d->straight ? d->to_plane : d->band * d->pitch;
    for (int64_t c0 = 0; c0 < d->channels; c0 += d->depth) {
        const int64_t channels = fv__cpu_min(d->depth, d->channels - c0);
        const float *b = source + c0 * d->h * d->w;
        if (d->bare) {
            b += q.row * d->pitch;
        } else if (d->shared_floats) {
            b = shared_at(w, u / d->parts, c0);
        } else {
            fill_frames(w, &q, c0, channels, frames);
            b = frames;
        }
        for (int64_t r = q.first; r < q.end; r += mr) {
            const int64_t rows = fv__cpu_min(mr, q.end - r);
            const bool last = c0 + channels == d->channels;
            const fv_gemm_after after = after_of(w, q.n, q.group * d->rows + r, q.row);
            w->k->gemm_then(
                rows, columns, channels * d->taps, call->packed + packed_at(d, mr, q.group, c0, r),
                mr, 1, b, 0, d->off, c + r * ldc, ldc,
                call->bias ? call->bias + q.group * d->rows + r : NULL,
                c0 > 0 || (d->straight && call->add), last && d->straight ? &after : NULL);
            if (last) finish(w, &q, r, rows, c + r * ldc, ldc);
        }
    }
}

static void units(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_direct *d = w->d;
    float *frames = fv__cpu_worker(w->call->p, worker);
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
    if (d->taps == 0) {
        nothing(&w);
        return;
    }
    if (d->shared_floats)
        fv__cpu_split(call->p->pool, d->units / d->parts * d->depths, 4 * (double)d->shared_floats,
                      FV_GRAIN, make_frames, &w);
    fv__cpu_split(call->p->pool, d->units, d->macs, 2 * FV_GRAIN, units, &w);
}
