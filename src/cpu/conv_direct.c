/* SPDX-License-Identifier: MIT */
/*
 * conv_direct.c - a convolution the direct way: see direct.h. Forward and the gradient of the input
 * are direct convolutions; the gradient of the weights sums along frames:
 *
 *   dw[k, c, q] = sum over outputs p of dy[k, p] * x[c, p + q]
 *
 * with dy laid out at the frames' pitch (zeros in the columns that are computed for nothing), so
 * that p runs through a whole band, and through several samples where maps are small.
 */
#include "cpu/direct.h"

#include <string.h>

#define PARTS        16     /* of the batch, at most */
#define PATCH_ROWS   56     /* as many as take the time that making a patch takes */
#define FRAME_FLOATS 49152  /* of x in work: 192 KB, in the L2 cache */
#define PART_FLOATS  262144 /* weights beyond which parts of the batch are to be few: 1 MB */
#define LENGTH       1024   /* outputs that one sum runs over before its lanes are added up */
#define FILTERS      64 /* filters of a unit: their dy at that length is 256 KB, for the L2 cache */

/* Maps so small that the columns computed for nothing outweigh what is saved. */
static const char *small(const fv_direct *d) {
    if (d->pitch > 2 * d->ow && d->pitch > 8)
        return "most columns of so narrow a map would be computed for nothing";
    if (d->oh * d->ow < 32) return "the maps are too small";
    return NULL;
}

/* Vectors of a row of the result: with the columns that are computed for nothing, and without.
   Patches, which would save the former, take as long as PATCH_ROWS rows of the product. */
static bool wasteful(const fv_direct *d, const struct fv_kernels *k) {
    const int64_t here = fv__direct_vectors((d->oh - 1) * d->pitch + d->ow, k);
    const int64_t full = fv__direct_vectors(d->oh * d->ow, k);
    return 6 * d->rows * here > (7 * d->rows + 6 * PATCH_ROWS) * full;
}

/* Offsets are 32 bits wide. */
static bool fits(const fv_direct *d) {
    return d->taps == 0 || d->depth * fv__direct_channel(d, d->band) <= INT32_MAX;
}

static const char *const too_large = "the maps are too large for offsets of 32 bits";

FV_CUTS({"bands half as high", -1, 0, 0}, {"bands twice as high", 1, 0, 0},
        {"half as deep", 0, -1, 0}, {"twice as deep", 0, 1, 0}, {"half as many parts", 0, 0, -1},
        {"twice as many parts", 0, 0, 1}, {"bands half as high, twice as deep", -1, 1, 0},
        {"bands twice as high, half as deep", 1, -1, 0})

/* Whether a band ends in columns that are summed in an order of their own. */
static bool ends_alone(const fv_direct *d, const struct fv_kernels *k) {
    const int64_t last = d->oh - (d->bands - 1) * d->band;
    return fv__cpu_alone((d->band - 1) * d->pitch + d->ow, k) ||
           fv__cpu_alone((last - 1) * d->pitch + d->ow, k);
}

/* Cuts the work as the site says, or the variant does. */
static const char *cut_as(fv_direct *d, const fv_request *request) {
    const struct fv_kernels *k = request->kernels;
    const fv_cut none = cut_number(0), cut = cut_number(request->variant);
    fv__direct_cut(d, k, &none);
    if (!cut.name) return NULL;
    const int64_t band = d->band, depth = d->depth, parts = d->parts;
    const bool alone = ends_alone(d, k);
    fv__direct_cut(d, k, &cut);
    if (d->band == band && d->depth == depth && d->parts == parts) return fv__cpu_no_other;
    const bool sums = d->band != band || d->depth != depth;
    return sums && (alone || ends_alone(d, k)) ? fv__cpu_other_bits : NULL;
}

static const char *settle_forward(const fv_site *site, const fv_request *request, fv_arena *arena,
                                  fv_settled *settled) {
    FV_STATE(fv_direct, d, arena);
    if (!d) return fv__impl_no_memory;
    if (!fv__direct_nearer(d, site->options, &site->in[0], request->kernels))
        return "kernel or stride are too large for offsets";
    if (d->straight && d->bare) return "a 1x1 convolution is a plain product already";
    if (d->area == 1) return "the patches of a 1x1 convolution are no more than its frames";
    if (site->prologue.there) d->bare = false; /* it is applied to frames */
    if (wasteful(d, request->kernels))
        return "too many of the columns of so narrow a map would be computed for nothing";
    const char *why = cut_as(d, request);
    if (why) return why;
    if (!fits(d)) return too_large;
    if (small(d)) return small(d);
    if (!fv__direct_settle_offsets(d, arena)) return fv__impl_no_memory;
    settled->state = d;
    settled->prepared = sizeof(float) * (size_t)fv__direct_packed(d);
    settled->packed = true;
    settled->scratch = sizeof(float) * (size_t)d->shared_floats;
    settled->worker = sizeof(float) * (size_t)fv__direct_worker(d);
    return NULL;
}

static void prepare_forward(const fv_pass *p) {
    fv__direct_pack(p->state, p, p->w[0].data, p->prepared);
}

static void forward(const fv_pass *p) {
    const fv_direct_call call = {.p = p,
                                 .source = &p->x[0],
                                 .result = &p->y[0],
                                 .packed = p->prepared,
                                 .bias = fv__cpu_bias(p),
                                 .shared = p->scratch,
                                 .act = fv__cpu_epilogue_act(p)};
    fv__direct_run(p->state, &call);
}

/* ------------------------------------------------------------ the gradient of the weights --- */

/* What settle finds of it. */
typedef struct dw_geometry {
    fv_direct d;
    int64_t band, bands, times; /* rows and samples of one sum */
    int64_t items;              /* bands of all samples, cut into parts */
    int64_t channels, channel_blocks, filters, filter_blocks, parts;
    int64_t weights;
    int64_t frame_floats, dy_floats;
    const int32_t *off;
} dw_geometry;

typedef struct dw_work {
    const fv_pass *p;
    const dw_geometry *g;
    float *partial;
} dw_work;

static bool dw_cut(dw_geometry *w, const fv_conv_options *o, const fv_shape *in) {
    fv_direct *d = &w->d;
    if (!fv__direct_forward(d, o, in)) return false;
    w->band = fv__cpu_min(d->oh, fv__cpu_max(1, LENGTH / d->pitch));
    w->bands = fv__cpu_up(d->oh, w->band);
    w->band = fv__cpu_up(d->oh, w->bands);
    w->times = w->bands > 1 ? 1 : fv__cpu_max(1, LENGTH / (d->oh * d->pitch));
    w->filter_blocks = fv__cpu_up(d->rows, FILTERS);
    w->filters = fv__cpu_up(d->rows, w->filter_blocks);
    /* Many channels per unit, because each unit lays out dy anew-> Where weights are many, rather
       more units than more parts of the batch: every part has sums of its own. */
    w->weights = fv__cpu_pad(d->groups * d->rows * d->channels * d->area);
    const int64_t frame =
        fv__cpu_min(w->times, d->n) * d->frames * (w->band + d->more_rows) * d->pitch;
    const int64_t others = d->groups * w->filter_blocks;
    w->channel_blocks = fv__cpu_up(d->channels, fv__cpu_max(1, FRAME_FLOATS / frame));
    if (w->weights > PART_FLOATS)
        w->channel_blocks = fv__cpu_max(w->channel_blocks, fv__cpu_up(PARTS, others));
    w->channels = fv__cpu_up(d->channels, fv__cpu_min(w->channel_blocks, d->channels));
    w->channel_blocks = fv__cpu_up(d->channels, w->channels);
    const int64_t blocks = others * w->channel_blocks;
    w->items = d->n * w->bands;
    w->parts = blocks >= PARTS ? 1 : fv__cpu_min(w->items, fv__cpu_up(PARTS, blocks));
    w->times = fv__cpu_min(w->times, fv__cpu_up(w->items, w->parts));
    if (w->bands > 1) w->times = 1;
    w->frame_floats =
        d->bare ? 0 : fv__cpu_pad(w->times * w->channels * fv__direct_channel(d, w->band));
    w->dy_floats = d->pitch == d->ow ? 0 : fv__cpu_pad(w->times * w->filters * w->band * d->pitch);
    return true;
}

/* dy at the frames' pitch, zeros between the rows. */
static void spread_dy(const dw_work *w, int64_t n, int64_t filter, int64_t filters, int64_t row,
                      int64_t high, float *out) {
    const fv_direct *d = &w->g->d;
    const float *dy = fv__cpu_at(&w->p->dy[0], n) + filter * d->oh * d->ow;
    w->p->kernels->frame(filters, d->oh * d->ow, w->g->band * d->pitch, dy, d->oh, d->ow, row, 0, 1,
                         1, out, high, d->pitch);
}

/* Which weights a unit sums: channels from c0 on, filters from f0 on, of a group. */
typedef struct dw_block {
    int64_t group, c0, channels, f0, filters;
} dw_block;

/* Adds to dw what `times` samples from n on, rows from `row` on, have for a block. */
static void dw_item(const dw_work *w, const dw_block *b, int64_t n, int64_t times, int64_t row,
                    float *frames, float *dw, bool add) {
    const fv_direct *d = &w->g->d;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t high = fv__cpu_min(w->g->band, d->oh - row), places = d->oh * d->ow;
    const int64_t filter = b->group * d->rows + b->f0;
    const float *x = fv__cpu_at(&w->p->x[0], n) + (b->group * d->channels + b->c0) * d->h * d->w;
    const float *dy = fv__cpu_at(&w->p->dy[0], n) + filter * places + row * d->ow;
    int64_t x_step = w->p->x[0].step, dy_step = w->p->dy[0].step, lda = places;
    if (d->bare) {
        x += row * d->pitch;
    } else {
        const int64_t step = w->g->channels * fv__direct_channel(d, w->g->band);
        for (int64_t t = 0; t < times; t++)
            fv__direct_frames(d, k, x + t * x_step, b->channels, row, w->g->band,
                              frames + t * step);
        x = frames;
        x_step = step;
    }
    if (d->pitch != d->ow) {
        float *spread = frames + w->g->frame_floats;
        lda = w->g->band * d->pitch;
        dy_step = w->g->filters * lda;
        for (int64_t t = 0; t < times; t++)
            spread_dy(w, n + t, filter, b->filters, row, high, spread + t * dy_step);
        dy = spread;
    }
    k->dot_at(b->filters, b->channels * d->taps, (high - 1) * d->pitch + d->ow, times, dy, lda,
              dy_step, x, w->g->off, x_step, dw, d->channels * d->area, add);
}

static void dw_unit(const dw_work *w, int64_t u, float *frames, float *out, bool add) {
    const fv_direct *d = &w->g->d;
    const int64_t part = u % w->g->parts, block = u / w->g->parts;
    dw_block b = {.group = block / w->g->channel_blocks / w->g->filter_blocks,
                  .c0 = block % w->g->channel_blocks * w->g->channels,
                  .f0 = block / w->g->channel_blocks % w->g->filter_blocks * w->g->filters};
    b.channels = fv__cpu_min(w->g->channels, d->channels - b.c0);
    b.filters = fv__cpu_min(w->g->filters, d->rows - b.f0);
    float *dw = out + ((b.group * d->rows + b.f0) * d->channels + b.c0) * d->area;
    int64_t first, end;
    fv__cpu_cut(w->g->items, w->g->parts, part, &first, &end);
    for (int64_t i = first; i < end; i += w->g->times) { /* times is 1 where there are bands */
        const int64_t times = fv__cpu_min(w->g->times, end - i);
        dw_item(w, &b, i / w->g->bands, times, i % w->g->bands * w->g->band, frames, dw, add);
        add = true;
    }
}

static void dw_job(void *arg, int64_t u, int worker) {
    const dw_work *w = arg;
    float *scratch = fv__cpu_worker(w->p, worker);
    const bool alone = w->g->parts == 1;
    dw_unit(w, u, scratch, alone ? w->p->dw[0].data : w->partial + u % w->g->parts * w->g->weights,
            alone);
}

static void add_parts(void *arg, int64_t first, int64_t end, int worker) {
    const dw_work *w = arg;
    (void)worker;
    float *dw = (float *)w->p->dw[0].data;
    for (int64_t part = 0; part < w->g->parts; part++)
        w->p->kernels->add(end - first, w->partial + part * w->g->weights + first, dw + first);
}

static int64_t dw_partial(const dw_geometry *g) {
    return g->parts > 1 ? g->parts * g->weights : 0;
}

static void dw_run(const fv_pass *p, const dw_geometry *g) {
    const fv_conv_options *o = p->options;
    dw_work w = {.p = p, .g = g, .partial = p->scratch};
    fv__pool_run(p->pool, o->groups * g->filter_blocks * g->channel_blocks * g->parts, dw_job, &w);
    if (g->parts > 1)
        fv__cpu_ranges(p->pool, o->channels * g->d.channels * g->d.area, (double)g->parts,
                       add_parts, &w);
}

/* ---------------------------------------------------------------------------- both of them --- */

/* The gradient of the input has a problem for every phase of the stride. */
typedef struct both {
    dw_geometry dw;
    int phases;
    fv_direct *phase;
    int64_t *packed; /* [phases]: where each begins in the prepared floats */
    int64_t shared;  /* floats of scratch: sums of parts, or frames */
} both;

static const char *settle_phases(both *b, const fv_site *site, const fv_request *request,
                                 fv_arena *arena, fv_settled *settled) {
    const fv_conv_options *o = site->options;
    int64_t total = 0, worker = b->dw.frame_floats + b->dw.dy_floats;
    b->phases = (int)(o->stride.h * o->stride.w);
    b->phase = fv__arena_alloc(arena, sizeof *b->phase * (size_t)b->phases);
    b->packed = fv__arena_alloc(arena, sizeof *b->packed * (size_t)b->phases);
    if (!b->phase || !b->packed) return fv__impl_no_memory;
    for (int i = 0; i < b->phases; i++) {
        fv_direct *d = &b->phase[i];
        (void)fv__direct_backward(d, o, &site->in[0], i / o->stride.w, i % o->stride.w);
        fv__direct_cut(d, request->kernels, &(fv_cut){0});
        if (!fits(d)) return too_large;
        if (!fv__direct_settle_offsets(d, arena)) return fv__impl_no_memory;
        b->packed[i] = total;
        total += fv__direct_packed(d);
        worker = fv__cpu_max(worker, fv__direct_worker(d));
        b->shared = fv__cpu_max(b->shared, d->shared_floats);
    }
    settled->prepared = sizeof(float) * (size_t)total;
    settled->scratch = sizeof(float) * (size_t)b->shared;
    settled->worker = sizeof(float) * (size_t)worker;
    return NULL;
}

static const char *settle_backward(const fv_site *site, const fv_request *request, fv_arena *arena,
                                   fv_settled *settled) {
    const fv_conv_options *o = site->options;
    FV_STATE(both, b, arena);
    if (!b) return fv__impl_no_memory;
    dw_geometry *g = &b->dw;
    if (!dw_cut(g, o, &site->in[0])) return "kernel or stride are too large for offsets";
    if (o->stride.h > 8 || o->stride.w > 8) return "the stride has too many phases";
    if (g->channels * fv__direct_channel(&g->d, g->band) > INT32_MAX) return too_large;
    if (small(&g->d)) return small(&g->d);
    int32_t *off = fv__arena_alloc(arena, sizeof *off * (size_t)(g->channels * g->d.taps + 1));
    if (!off) return fv__impl_no_memory;
    fv__direct_offsets(&g->d, g->channels, g->band, off);
    g->off = off;
    b->shared = dw_partial(g);
    settled->state = b;
    settled->scratch = sizeof(float) * (size_t)b->shared;
    settled->worker = sizeof(float) * (size_t)(g->frame_floats + g->dy_floats);
    return request->wants_dx[0] ? settle_phases(b, site, request, arena, settled) : NULL;
}

static void prepare_backward(const fv_pass *p) {
    const both *b = p->state;
    for (int i = 0; i < b->phases; i++)
        fv__direct_pack(&b->phase[i], p, p->w[0].data, (float *)p->prepared + b->packed[i]);
}

static void dx_run(const fv_pass *p, const both *b) {
    for (int i = 0; i < b->phases; i++) {
        const fv_direct_call call = {.p = p,
                                     .source = &p->dy[0],
                                     .result = &p->dx[0],
                                     .packed = (const float *)p->prepared + b->packed[i],
                                     .shared = p->scratch,
                                     .add = !p->overwrite[0]};
        fv__direct_run(&b->phase[i], &call);
    }
}

static void backward(const fv_pass *p) {
    const fv_conv_options *o = p->options;
    const both *b = p->state;
    if (o->bias && p->dw[1].data) fv__cpu_conv_bias(p);
    if (p->dw[0].data) dw_run(p, &b->dw);
    if (p->dx[0].data) dx_run(p, b);
}

const fv_impl fv__cpu_conv_direct_forward = {.name = "direct",
                                             .op = &fv__op_conv,
                                             .which = FV_FORWARD,
                                             .refuses = fv__cpu_conv_maps_refuses,
                                             .settle = settle_forward,
                                             .prepare = prepare_forward,
                                             .run = forward,
                                             .prologue = true,
                                             .variant = variant};

const fv_impl fv__cpu_conv_direct_backward = {.name = "direct",
                                              .op = &fv__op_conv,
                                              .which = FV_BACKWARD,
                                              .refuses = fv__cpu_conv_maps_refuses,
                                              .settle = settle_backward,
                                              .prepare = prepare_backward,
                                              .run = backward,
                                              .overwrites = true};
