/* SPDX-License-Identifier: MIT */
/*
 * conv_pairs.c - convolutions in inference by products of bf16 pairs: see pairs.h.
 *
 * For bf16 a number is rounded to one bfloat16. For fp32 it is the sum of two, hi + lo, which leave
 * 2^-17 of it out, and three products of four are computed: hi hi + hi lo + lo hi, summed in
 * float32. The error of a layer is about 4e-6 of its numbers, whatever its size. That pays on tiles
 * (AMX) alone.
 *
 * A unit makes the frames of a band and multiplies them by its filters, block by block; what
 * follows the sums of a few columns is done at once.
 */
#include "cpu/pairs.h"
#include "kern/bf16.h"

typedef struct work {
    const fv_pass *p;
    const fv_pairs *g;
    const struct fv_kernels *k;
    uint32_t *shared;
    fv_activation act;
} work;

/* ------------------------------------------------------------------------------ settling --- */

/* Words of the frames that a unit works on. */
static int64_t frame_words(const fv_pairs *g) {
    return (g->split ? 2 : 1) * g->words + 16 * g->form.depth;
}

static int64_t worker_words(const fv_pairs *g) {
    return g->shared ? 0 : frame_words(g);
}

static int64_t shared_words(const fv_pairs *g) {
    return g->shared ? g->units / g->parts * frame_words(g) : 0;
}

/* Words of all weights, of one part of a number. */
static int64_t weight_words(const fv_pairs *g) {
    return g->d.groups * g->blocks * g->weights;
}

static const char *unfit(const fv_request *request) {
    if (!request->kernels->pairs) return "these instructions have no products of bf16 pairs";
    if (request->precision == FV_PRECISION_STRICT) return "strict does not allow bfloat16";
    if (request->training) return "in training the weights would be split at every step";
    if (request->precision == FV_PRECISION_FP32 && !request->kernels->form.split)
        return "three products of bf16 pairs take longer than one of float32 without tiles";
    return NULL;
}

static const char *settle(const fv_site *site, const fv_request *request, fv_arena *arena,
                          fv_settled *settled) {
    const char *why = unfit(request);
    if (why) return why;
    FV_STATE(fv_pairs, g, arena);
    if (!g) return fv__impl_no_memory;
    why = fv__pairs_problem(g, site, request);
    if (why) return why;
    if (!fv__pairs_cut(g, arena)) return fv__impl_no_memory;
    if (g->words > INT32_MAX || 2 * g->pairs * g->d.area > INT32_MAX)
        return "the maps are too large for offsets of 32 bits";
    settled->state = g;
    settled->prepared = sizeof(uint32_t) * (size_t)weight_words(g) * (g->split ? 2 : 1);
    settled->packed = true;
    settled->scratch = sizeof(uint32_t) * (size_t)shared_words(g);
    settled->worker = sizeof(uint32_t) * (size_t)worker_words(g);
    return NULL;
}

/* ------------------------------------------------------------------------------- weights --- */

/* One filter's weights of a step, from where its first pair lies. */
static void pack_step(const fv_pairs *g, const float *w, int64_t step, uint32_t *hi, uint32_t *lo) {
    const int64_t first = step / g->d.taps * g->form.depth;
    const int32_t tap = g->d.tap[step % g->d.taps].weight;
    for (int64_t q = 0; q < g->form.depth; q++) {
        uint32_t h[2], l[2];
        for (int i = 0; i < 2; i++) {
            const int32_t at = g->at[2 * (first + q) + i];
            const float x = w && at >= 0 ? w[at + tap] : 0;
            h[i] = fv__bf16_round(fv__float_bits(x));
            if (lo) fv__bf16_split(x, &h[i], &l[i]);
        }
        hi[q * g->form.tile] = h[0] >> 16 | h[1];
        if (lo) lo[q * g->form.tile] = l[0] >> 16 | l[1];
    }
}

/* Units are blocks of filters of the groups. */
static void pack_blocks(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const fv_pairs *g = p->state;
    const int64_t tile = g->form.tile, each = g->form.rows * g->form.depth;
    (void)worker;
    for (int64_t u = first; u < end; u++)
        for (int64_t r = 0; r < g->form.rows; r++) {
            const int64_t filter = u % g->blocks * g->form.rows + r;
            const float *w = (const float *)p->w[0].data +
                             (u / g->blocks * g->d.rows + filter) * g->d.channels * g->d.area;
            uint32_t *hi = (uint32_t *)p->prepared + u * g->weights +
                           r / tile * tile * g->form.depth + r % tile;
            uint32_t *lo = g->split ? hi + weight_words(g) : NULL;
            if (filter >= g->d.rows) w = NULL;
            for (int64_t s = 0; s < g->steps; s++)
                pack_step(g, w, s, hi + s * each, lo ? lo + s * each : NULL);
        }
}

static void prepare(const fv_pass *p) {
    const fv_pairs *g = p->state;
    fv__cpu_split(p->pool, g->d.groups * g->blocks, 8 * (double)weight_words(g), FV_GRAIN,
                  pack_blocks, p);
}

/* ------------------------------------------------------------------------------- running --- */

/* Which part of the problem a unit is. */
typedef struct part {
    int64_t sample, samples, group, row, high; /* the band's first row and rows */
    int64_t first, end;                        /* blocks of filters */
} part;

static part part_of(const fv_pairs *g, int64_t u) {
    part q;
    fv__cpu_cut(g->blocks, g->parts, u % g->parts, &q.first, &q.end);
    u /= g->parts;
    q.row = u % g->bands * g->band;
    q.high = fv__cpu_min(g->band, g->d.oh - q.row);
    u /= g->bands;
    q.group = u % g->d.groups;
    q.sample = u / g->d.groups * g->samples;
    q.samples = fv__cpu_min(g->samples, g->d.n - q.sample);
    return q;
}

/* A channel with its folded tap, as half of a pair: where the frame starts that begins at
   (row, col) of the plane without it. */
static fv_pair_half half_of(const work *w, const part *q, const float *source, int64_t v,
                            int64_t row, int64_t col) {
    const fv_pairs *g = w->g;
    const fv_direct *d = &g->d;
    const int64_t c = v / g->folded;
    const fv_folded_tap *tap = &g->fold[v % g->folded];
    fv_pair_half half = {.row = row + tap->row, .col = col + tap->col};
    if (c >= d->channels) return half;
    half.plane = source + c * d->h * d->w;
    if (!w->p->prologue) return half;
    half.of = (const float *)w->p->before + q->group * d->channels + c;
    half.channels = fv__channels(&w->p->x[0].shape);
    half.relu = w->p->prologue->relu;
    return half;
}

/* So many rows of a frame. Where planes are frames already their rows are one. */
static void pack_frame(const work *w, fv_pair_half *half, int64_t rows, uint32_t *hi,
                       uint32_t *lo) {
    const fv_pairs *g = w->g;
    const fv_direct *d = &g->d;
    if (!d->bare || g->folded > 1) {
        w->k->pairs_pack(g->form.depth, half, d->h, d->w, d->sh, d->sw, rows, d->pitch, hi, lo);
        return;
    }
    for (int e = 0; e < 2 * g->form.depth; e++) {
        half[e].col = half[e].row * d->w;
        half[e].row = 0;
    }
    w->k->pairs_pack(g->form.depth, half, 1, d->h * d->w, 1, 1, 1, rows * d->pitch, hi, lo);
}

/* The frames of group i of the pairs of one sample of a part. */
static void make_pairs(const work *w, const part *q, int64_t sample, int64_t i, uint32_t *to) {
    const fv_pairs *g = w->g;
    const fv_direct *d = &g->d;
    const float *source =
        fv__cpu_at(&w->p->x[0], q->sample + sample) + q->group * d->channels * d->h * d->w;
    const int halves = 2 * g->form.depth;
    fv_pair_half half[2 * FV_PAIRS_DEPTH];
    for (int f = 0; f < d->frames; f++) {
        const int64_t row = d->frame_row[f] + q->row * d->sh;
        uint32_t *hi = to + sample * g->step + i * g->plane + f * g->frame;
        uint32_t *lo = g->split ? hi + g->words : NULL;
        for (int e = 0; e < halves; e++)
            half[e] = half_of(w, q, source, i * halves + e, row, d->frame_col[f]);
        pack_frame(w, half, q->high + d->more_rows, hi, lo);
    }
}

/* While a group of pairs is made, its weights of block b come nearer. */
static void ask_for(const work *w, int64_t group, int64_t b, int64_t i) {
    const fv_pairs *g = w->g;
    const int64_t words = g->weights / g->groups;
    const uint32_t *a =
        (const uint32_t *)w->p->prepared + (group * g->blocks + b) * g->weights + i * words;
    for (int64_t line = 0; line < words; line += 16) {
        __builtin_prefetch(a + line, 0, 2);
        if (g->split) __builtin_prefetch(a + weight_words(g) + line, 0, 2);
    }
}

/* A unit without its parts makes its frames group by group. */
static void make_shared(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pairs *g = w->g;
    const int64_t mine = worker * g->blocks / fv__pool_size(w->p->pool); /* it will begin there */
    for (int64_t i = first; i < end; i++) {
        const int64_t u = i / g->groups;
        const part q = part_of(g, u * g->parts);
        if (g->units == g->parts) ask_for(w, q.group, mine, i % g->groups);
        for (int64_t n = 0; n < q.samples; n++)
            make_pairs(w, &q, n, i % g->groups, w->shared + u * frame_words(g));
    }
}

/* Columns of a part's product. */
static int64_t columns_of(const fv_pairs *g, const part *q) {
    return ((g->joined ? q->samples : 1) * q->high - 1) * g->d.pitch + g->d.ow;
}

/* What becomes of the sums of the filters from `filter` of all groups on, of a sample. */
static fv_pairs_out out_of(const work *w, const part *q, int64_t sample, int64_t filter) {
    const fv_direct *d = &w->g->d;
    const fv_tensor *y = &w->p->y[0], *added = w->p->added;
    const int64_t at = filter * d->to_plane + q->row * d->ow;
    const float *bias = fv__cpu_bias(w->p);
    fv_pairs_out o = {.begin = w->g->begin,
                      .run = w->g->run,
                      .bias = bias ? bias + filter : NULL,
                      .y = fv__cpu_at(y, sample) + at,
                      .to_plane = d->to_plane,
                      .y_step = y->step,
                      .after = fv__cpu_bounds(&w->act),
                      .across = w->g->form.depth > 1,
                      .done = w->k->pairs_out};
    if (!added) return o;
    o.after.added = fv__cpu_at(added, sample) + at;
    o.added_step = added->step;
    return o;
}

/* An activation that the sums did not meet on their way. */
static void activate(const work *w, const part *q, int64_t rows, const fv_pairs_out *o) {
    const int64_t n = q->high * w->g->d.ow;
    for (int64_t s = 0; s < (w->g->joined ? q->samples : 1); s++)
        w->k->act(w->act.kind, rows, n, o->y + s * o->y_step, o->to_plane, o->y + s * o->y_step,
                  o->to_plane, w->act.p, w->act.q);
}

/* One block of filters of a part; whose weights are `cold` nobody has asked for. */
static void multiply(const work *w, const part *q, int64_t b, bool cold, const uint32_t *frames) {
    const fv_pairs *g = w->g;
    const fv_direct *d = &g->d;
    const int64_t r = b * g->form.rows, rows = fv__cpu_min(g->form.rows, d->rows - r);
    const int64_t maps = g->joined ? q->samples : 1;
    fv_pairs_product p = {.rows = rows, .cols = columns_of(g, q), .steps = g->steps, .off = g->off};
    p.a_hi = (const uint32_t *)w->p->prepared + (q->group * g->blocks + b) * g->weights;
    if (g->split) p.a_lo = p.a_hi + weight_words(g);
    for (int64_t n = 0; n < q->samples; n += maps) {
        const fv_pairs_out out = out_of(w, q, q->sample + n, q->group * d->rows + r);
        p.cold = cold && n == 0;
        p.more = b + 1 < g->blocks && n == 0;
        p.b_hi = frames + n * g->step;
        if (g->split) p.b_lo = p.b_hi + g->words;
        w->k->pairs(&p, &out);
        if (!fv__cpu_bounded(&w->act)) activate(w, q, rows, &out);
    }
}

static void unit(const work *w, int64_t u, uint32_t *frames) {
    const fv_pairs *g = w->g;
    const part q = part_of(g, u);
    if (g->shared)
        frames = w->shared + u / g->parts * frame_words(g);
    else
        for (int64_t n = 0; n < q.samples; n++)
            for (int64_t i = 0; i < g->groups; i++) {
                if (n == 0) ask_for(w, q.group, q.first, i);
                make_pairs(w, &q, n, i, frames);
            }
    for (int64_t b = q.first; b < q.end; b++) multiply(w, &q, b, b == q.first, frames);
}

static void units(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    for (int64_t u = first; u < end; u++)
        unit(w, u, (uint32_t *)(void *)fv__cpu_worker(w->p, worker));
}

static void forward(const fv_pass *p) {
    const fv_pairs *g = p->state;
    work w = {.p = p, .g = g, .k = p->kernels, .shared = p->scratch};
    w.act = fv__cpu_epilogue_act(p);
    if (g->shared)
        fv__cpu_split(p->pool, g->units / g->parts * g->groups, 8 * (double)shared_words(g),
                      FV_GRAIN, make_shared, &w);
    fv__cpu_split(p->pool, g->units, g->macs, 2 * FV_GRAIN, units, &w);
}

const fv_impl fv__cpu_conv_pairs_forward = {.name = "pairs",
                                            .op = &fv__op_conv,
                                            .which = FV_FORWARD,
                                            .prologue = true,
                                            .refuses = fv__cpu_conv_maps_refuses,
                                            .settle = settle,
                                            .prepare = prepare,
                                            .run = forward};
