/* SPDX-License-Identifier: MIT */
/*
 * conv, the direct way: see direct.h. Forward and the gradient of the input are direct
 * convolutions; the gradient of the weights sums along frames:
 *
 *   dw[k, c, q] = sum over outputs p of dy[k, p] * x[c, p + q]
 *
 * with dy laid out at the frames' pitch (zeros in the columns that are computed for nothing), so
 * that p runs through a whole band, and through several samples where maps are small.
 */
#include "cpu/direct.h"

#include <string.h>

#define PARTS        16     /* of the batch, at most */
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

/* Offsets are 32 bits wide. */
static bool fits(const fv_direct *d) {
    return d->taps == 0 || d->depth * fv__direct_channel(d, d->band) <= INT32_MAX;
}

static const char *const too_large = "the maps are too large for offsets of 32 bits";

static const char *refuses_forward(const fv_site *site, const fv_ask *ask) {
    const fv_conv_options *o = site->options;
    fv_direct d;
    const char *why = fv__cpu_refuses(site, ask);
    if (why) return why;
    if (!fv__direct_forward(&d, o, &site->in[0]))
        return "kernel or stride are too large for offsets";
    if (d.straight && d.bare) return "a 1x1 convolution is a plain product already";
    fv__direct_plan(&d, ask->kernels);
    return fits(&d) ? small(&d) : too_large;
}

static void forward(const fv_pass *p) {
    const fv_conv_options *o = p->options;
    fv_direct d;
    (void)fv__direct_forward(&d, o, &p->x[0].shape);
    fv__direct_plan(&d, p->kernels);
    const fv_direct_call call = {.p = p,
                                 .source = &p->x[0],
                                 .result = &p->y,
                                 .w = p->w[0].data,
                                 .bias = o->bias ? p->w[1].data : NULL,
                                 .act = fv__cpu_then(p)};
    fv__direct_run(&d, &call);
}

static size_t scratch_forward(const fv_site *site, const fv_ask *ask) {
    fv_direct d;
    (void)fv__direct_forward(&d, site->options, &site->in[0]);
    fv__direct_plan(&d, ask->kernels);
    return sizeof(float) * (size_t)fv__direct_scratch(&d, ask->workers);
}

typedef struct dw_work {
    const fv_pass *p;
    fv_direct d;
    int64_t band, bands, times; /* rows and samples of one sum */
    int64_t items;              /* bands of all samples, cut into parts */
    int64_t channels, channel_blocks, filters, filter_blocks, parts;
    int64_t weights;
    int64_t frame_floats, dy_floats;
    int32_t *off;
    float *partial, *scratch;
} dw_work;

static dw_work dw_plan(const fv_conv_options *o, const fv_shape *in) {
    dw_work w;
    memset(&w, 0, sizeof w);
    fv_direct *d = &w.d;
    (void)fv__direct_forward(d, o, in);
    w.band = fv__cpu_min(d->oh, fv__cpu_max(1, LENGTH / d->pitch));
    w.bands = fv__cpu_up(d->oh, w.band);
    w.band = fv__cpu_up(d->oh, w.bands);
    w.times = w.bands > 1 ? 1 : fv__cpu_max(1, LENGTH / (d->oh * d->pitch));
    w.filter_blocks = fv__cpu_up(d->rows, FILTERS);
    w.filters = fv__cpu_up(d->rows, w.filter_blocks);
    /* Many channels per unit, because each unit lays out dy anew. Where weights are many, rather
       more units than more parts of the batch: every part has sums of its own. */
    w.weights = fv__cpu_pad(d->groups * d->rows * d->channels * d->area);
    const int64_t frame =
        fv__cpu_min(w.times, d->n) * d->frames * (w.band + d->more_rows) * d->pitch;
    const int64_t others = d->groups * w.filter_blocks;
    w.channel_blocks = fv__cpu_up(d->channels, fv__cpu_max(1, FRAME_FLOATS / frame));
    if (w.weights > PART_FLOATS)
        w.channel_blocks = fv__cpu_max(w.channel_blocks, fv__cpu_up(PARTS, others));
    w.channels = fv__cpu_up(d->channels, fv__cpu_min(w.channel_blocks, d->channels));
    w.channel_blocks = fv__cpu_up(d->channels, w.channels);
    const int64_t blocks = others * w.channel_blocks;
    w.items = d->n * w.bands;
    w.parts = blocks >= PARTS ? 1 : fv__cpu_min(w.items, fv__cpu_up(PARTS, blocks));
    w.times = fv__cpu_min(w.times, fv__cpu_up(w.items, w.parts));
    if (w.bands > 1) w.times = 1;
    w.frame_floats =
        d->bare ? 0 : fv__cpu_pad(w.times * w.channels * fv__direct_channel(d, w.band));
    w.dy_floats = d->pitch == d->ow ? 0 : fv__cpu_pad(w.times * w.filters * w.band * d->pitch);
    return w;
}

/* dy at the frames' pitch, zeros between the rows. */
static void spread_dy(const dw_work *w, int64_t n, int64_t filter, int64_t filters, int64_t row,
                      int64_t high, float *out) {
    const fv_direct *d = &w->d;
    const float *dy = fv__cpu_at(&w->p->dy, n) + filter * d->oh * d->ow;
    w->p->kernels->frame(filters, d->oh * d->ow, w->band * d->pitch, dy, d->oh, d->ow, row, 0, 1, 1,
                         out, high, d->pitch);
}

/* Which weights a unit sums: channels from c0 on, filters from f0 on, of a group. */
typedef struct dw_block {
    int64_t group, c0, channels, f0, filters;
} dw_block;

/* Adds to dw what `times` samples from n on, rows from `row` on, have for a block. */
static void dw_item(const dw_work *w, const dw_block *b, int64_t n, int64_t times, int64_t row,
                    float *frames, float *dw, bool add) {
    const fv_direct *d = &w->d;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t high = fv__cpu_min(w->band, d->oh - row), places = d->oh * d->ow;
    const int64_t filter = b->group * d->rows + b->f0;
    const float *x = fv__cpu_at(&w->p->x[0], n) + (b->group * d->channels + b->c0) * d->h * d->w;
    const float *dy = fv__cpu_at(&w->p->dy, n) + filter * places + row * d->ow;
    int64_t x_step = w->p->x[0].step, dy_step = w->p->dy.step, lda = places;
    if (d->bare) {
        x += row * d->pitch;
    } else {
        const int64_t step = w->channels * fv__direct_channel(d, w->band);
        for (int64_t t = 0; t < times; t++)
            fv__direct_frames(d, k, x + t * x_step, b->channels, row, w->band, frames + t * step);
        x = frames;
        x_step = step;
    }
    if (d->pitch != d->ow) {
        float *spread = frames + w->frame_floats;
        lda = w->band * d->pitch;
        dy_step = w->filters * lda;
        for (int64_t t = 0; t < times; t++)
            spread_dy(w, n + t, filter, b->filters, row, high, spread + t * dy_step);
        dy = spread;
    }
    k->dot_at(b->filters, b->channels * d->taps, (high - 1) * d->pitch + d->ow, times, dy, lda,
              dy_step, x, w->off, x_step, dw, d->channels * d->area, add);
}

static void dw_unit(const dw_work *w, int64_t u, float *frames, float *out, bool add) {
    const fv_direct *d = &w->d;
    const int64_t part = u % w->parts, block = u / w->parts;
    dw_block b = {.group = block / w->channel_blocks / w->filter_blocks,
                  .c0 = block % w->channel_blocks * w->channels,
                  .f0 = block / w->channel_blocks % w->filter_blocks * w->filters};
    b.channels = fv__cpu_min(w->channels, d->channels - b.c0);
    b.filters = fv__cpu_min(w->filters, d->rows - b.f0);
    float *dw = out + ((b.group * d->rows + b.f0) * d->channels + b.c0) * d->area;
    int64_t first, end;
    fv__cpu_cut(w->items, w->parts, part, &first, &end);
    for (int64_t i = first; i < end; i += w->times) { /* times is 1 where there are bands */
        const int64_t times = fv__cpu_min(w->times, end - i);
        dw_item(w, &b, i / w->bands, times, i % w->bands * w->band, frames, dw, add);
        add = true;
    }
}

static void dw_job(void *arg, int64_t u, int worker) {
    const dw_work *w = arg;
    float *scratch = w->scratch + worker * (w->frame_floats + w->dy_floats);
    const bool alone = w->parts == 1;
    dw_unit(w, u, scratch, alone ? w->p->dw[0].data : w->partial + u % w->parts * w->weights,
            alone);
}

static void add_parts(void *arg, int64_t first, int64_t end) {
    const dw_work *w = arg;
    float *dw = (float *)w->p->dw[0].data;
    for (int64_t part = 0; part < w->parts; part++)
        w->p->kernels->add(end - first, w->partial + part * w->weights + first, dw + first);
}

static int64_t dw_scratch(const dw_work *w, int workers) {
    return (w->parts > 1 ? w->parts * w->weights : 0) + fv__cpu_pad(w->channels * w->d.taps) +
           workers * (w->frame_floats + w->dy_floats);
}

static void dw_run(const fv_pass *p) {
    const fv_conv_options *o = p->options;
    dw_work w = dw_plan(o, &p->x[0].shape);
    w.p = p;
    w.partial = p->scratch;
    w.off = (int32_t *)(void *)(w.partial + (w.parts > 1 ? w.parts * w.weights : 0));
    w.scratch = (float *)(void *)w.off + fv__cpu_pad(w.channels * w.d.taps);
    fv__direct_offsets(&w.d, w.channels, w.band, w.off);
    fv__pool_run(p->pool, o->groups * w.filter_blocks * w.channel_blocks * w.parts, dw_job, &w);
    if (w.parts > 1)
        fv__cpu_ranges(p->pool, o->channels * w.d.channels * w.d.area, (double)w.parts, add_parts,
                       &w);
}

static const char *refuses_backward(const fv_site *site, const fv_ask *ask) {
    const fv_conv_options *o = site->options;
    const fv_shape *in = &site->in[0];
    fv_direct d;
    const char *why = fv__cpu_refuses(site, ask);
    if (why) return why;
    if (!fv__direct_forward(&d, o, in)) return "kernel or stride are too large for offsets";
    if (o->stride.h > 8 || o->stride.w > 8) return "the stride has too many phases";
    const dw_work w = dw_plan(o, in);
    if (w.channels * fv__direct_channel(&w.d, w.band) > INT32_MAX) return too_large;
    for (int64_t a = 0; a < o->stride.h; a++)
        for (int64_t b = 0; b < o->stride.w; b++) {
            fv_direct phase;
            (void)fv__direct_backward(&phase, o, in, a, b);
            fv__direct_plan(&phase, ask->kernels);
            if (!fits(&phase)) return too_large;
        }
    return small(&d);
}

static void dx_run(const fv_pass *p, const fv_conv_options *o) {
    fv_direct d;
    for (int64_t a = 0; a < o->stride.h; a++)
        for (int64_t b = 0; b < o->stride.w; b++) {
            (void)fv__direct_backward(&d, o, &p->x[0].shape, a, b);
            fv__direct_plan(&d, p->kernels);
            const fv_direct_call call = {.p = p,
                                         .source = &p->dy,
                                         .result = &p->dx[0],
                                         .w = p->w[0].data,
                                         .add = !p->dx_set[0]};
            fv__direct_run(&d, &call);
        }
}

static void backward(const fv_pass *p) {
    const fv_conv_options *o = p->options;
    if (o->bias && p->dw[1].data) fv__cpu_conv_bias(p);
    if (p->dw[0].data) dw_run(p);
    if (p->dx[0].data) dx_run(p, o);
}

static size_t scratch_backward(const fv_site *site, const fv_ask *ask) {
    const fv_conv_options *o = site->options;
    const dw_work w = dw_plan(o, &site->in[0]);
    int64_t most = dw_scratch(&w, ask->workers);
    for (int64_t a = 0; a < o->stride.h; a++)
        for (int64_t b = 0; b < o->stride.w; b++) {
            fv_direct d;
            (void)fv__direct_backward(&d, o, &site->in[0], a, b);
            fv__direct_plan(&d, ask->kernels);
            most = fv__cpu_max(most, fv__direct_scratch(&d, ask->workers));
        }
    return sizeof(float) * (size_t)most;
}

const fv_impl fv__cpu_direct_forward = {.name = "direct",
                                        .refuses = refuses_forward,
                                        .run = forward,
                                        .scratch = scratch_forward,
                                        .layout = FV_PLAIN,
                                        .fuses = fv__cpu_fuses};

const fv_impl fv__cpu_direct_backward = {.name = "direct",
                                         .refuses = refuses_backward,
                                         .run = backward,
                                         .scratch = scratch_backward,
                                         .layout = FV_PLAIN,
                                         .honours_dx_set = true};
