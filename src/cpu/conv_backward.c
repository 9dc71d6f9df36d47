/* SPDX-License-Identifier: MIT */
/*
 * conv backward.
 *
 *   dw = dy * patches(x)^T   both factors lie along the output pixels, so `dot` takes panels of
 *                            patches as they are. The batch is cut into at most 16 parts, each
 *                            summed on its own and the parts added in order.
 *   dx = patches^T(W^T dy)   a panel of W^T dy, then scattered back onto the pixels it came from.
 *                            A job owns channels of a sample, so nothing is added twice at once.
 *   db = sum of dy.
 */
#include "cpu/conv.h"

#include <string.h>

#define PARTS 16 /* of the batch, at most */
#define DEPTH 192

typedef struct work {
    const fv_pass *p;
    fv_conv_sizes s;
    /* dw */
    int64_t taps, tap_blocks; /* weights of a filter that one job sums, and how many such blocks */
    int64_t parts;            /* of the batch */
    int64_t length;           /* output pixels of a panel */
    int64_t weights;          /* all of dw, padded */
    int64_t dw_floats;        /* scratch of a worker */
    float *partial;           /* [parts][weights], parts > 1 */
    /* dx */
    int64_t channels, channel_blocks; /* input channels of a job */
    int64_t width;                    /* output pixels of a panel */
    int64_t runs;                     /* pieces of the batch */
    int64_t group_floats;             /* packed W^T of one group */
    int64_t dx_floats;
    float *packed, *scratch;
} work;

static void plan_dw(work *w) {
    const fv_conv_sizes *s = &w->s;
    w->length = fv__cpu_min(384, fv__cpu_up(s->n * s->places, 16) * 16);
    w->taps = fv__cpu_min(s->crs, 36);
    w->tap_blocks = fv__cpu_up(s->crs, w->taps);
    const int64_t blocks = s->groups * w->tap_blocks;
    w->parts = blocks >= PARTS ? 1 : fv__cpu_min(s->n, fv__cpu_up(PARTS, blocks));
    w->weights = fv__cpu_pad(s->groups * s->k * s->crs);
    w->dw_floats = fv__cpu_pad((w->taps + s->k) * w->length);
}

static void plan_dx(work *w, const struct fv_kernels *k) {
    const fv_conv_sizes *s = &w->s;
    const int64_t area = s->patch.kh * s->patch.kw;
    w->runs = s->joined ? fv__cpu_up(s->n, fv__cpu_max(1, 2 * k->nr / s->places)) : s->n;
    /* Few channels per job when there are few samples, but enough rows to be worth a panel of dy.
     */
    w->channel_blocks = 1;
    if (w->runs * s->groups < 16)
        w->channel_blocks = fv__cpu_min(s->c, fv__cpu_up(16, w->runs * s->groups));
    w->channels = fv__cpu_max(fv__cpu_up(s->c, w->channel_blocks), fv__cpu_up(16, area));
    w->channels = fv__cpu_min(w->channels, fv__cpu_max(1, 65536 / area / k->nr));
    w->channels = fv__cpu_min(w->channels, s->c);
    w->channel_blocks = fv__cpu_up(s->c, w->channels);
    w->width = k->nr;
    w->group_floats =
        fv__cpu_pad(w->channel_blocks * fv__cpu_up(w->channels * area, k->mr) * k->mr * s->k);
    w->dx_floats = fv__cpu_pad((w->channels * area + DEPTH) * w->width);
}

static work plan(const fv_conv_options *o, const fv_shape *in, const struct fv_kernels *k) {
    work w = {.s = fv__cpu_conv_sizes(o, in, k)};
    plan_dw(&w);
    plan_dx(&w, k);
    return w;
}

/* One block of weights over one part of the batch. */
static void dw_block(const work *w, int64_t unit, float *cols, float *out, bool add) {
    const fv_conv_sizes *s = &w->s;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t part = unit % w->parts, u = unit / w->parts;
    const int64_t t0 = u % w->tap_blocks * w->taps, t1 = fv__cpu_min(t0 + w->taps, s->crs);
    const int64_t group = u / w->tap_blocks;
    int64_t n0, n1;
    fv__cpu_cut(s->n, w->parts, part, &n0, &n1);
    float *rows = cols + w->taps * w->length;
    const float *x = fv__cpu_at(&w->p->x[0], 0) + group * s->c * s->pixels;
    float *dw = out + group * s->k * s->crs + t0;
    for (int64_t p0 = n0 * s->places; p0 < n1 * s->places;) {
        int64_t p1 = fv__cpu_min(p0 + w->length, n1 * s->places);
        const int64_t sample = p0 / s->places, at = p0 % s->places;
        const float *dy = rows;
        int64_t lda = w->length;
        if (!s->joined) { /* a panel ends with its sample, and dy is read where it lies */
            p1 = fv__cpu_min(p1, (sample + 1) * s->places);
            dy = fv__cpu_at(&w->p->dy, sample) + group * s->k * s->places + at;
            lda = s->places;
        } else {
            fv__cpu_rows_gather(s, &w->p->dy, 0, group * s->k, s->k, p0, p1, rows, w->length);
        }
        k->patches(&s->patch, x, t0, t1, p0, p1, cols, w->length);
        k->dot(s->k, t1 - t0, p1 - p0, dy, lda, cols, w->length, dw, s->crs, NULL, add);
        add = true;
        p0 = p1;
    }
}

static void dw_job(void *arg, int64_t unit, int worker) {
    const work *w = arg;
    const bool direct = w->parts == 1;
    float *out = direct ? w->p->dw[0].data : w->partial + unit % w->parts * w->weights;
    dw_block(w, unit, w->scratch + worker * fv__cpu_max(w->dw_floats, w->dx_floats), out, direct);
}

static void add_parts(void *arg, int64_t first, int64_t end) {
    const work *w = arg;
    float *dw = (float *)w->p->dw[0].data;
    for (int64_t part = 0; part < w->parts; part++)
        w->p->kernels->add(end - first, w->partial + part * w->weights + first, dw + first);
}

/* W of a group, transposed, in strips of mr rows (weight of a filter), block of channels by block:
   packed[block][strip][filter][row of the strip]. */
static void pack_block(const work *w, int64_t unit) {
    const fv_conv_sizes *s = &w->s;
    const int64_t mr = w->p->kernels->mr, area = s->patch.kh * s->patch.kw;
    const int64_t group = unit / w->channel_blocks, block = unit % w->channel_blocks;
    const int64_t t0 = block * w->channels * area;
    const int64_t rows = fv__cpu_min(w->channels * area, s->crs - t0);
    const float *from = (const float *)w->p->w[0].data + group * s->k * s->crs + t0;
    float *to = w->packed + group * w->group_floats +
                block * fv__cpu_up(w->channels * area, mr) * mr * s->k;
    for (int64_t r = 0; r < rows; r += mr)
        for (int64_t f = 0; f < s->k; f++) {
            memcpy(to + r * s->k + f * mr, from + f * s->crs + r,
                   (size_t)fv__cpu_min(mr, rows - r) * sizeof(float));
        }
}

static void pack_job(void *arg, int64_t unit, int worker) {
    (void)worker;
    pack_block(arg, unit);
}

static void dx_clear(const work *w, int64_t n0, int64_t n1, int64_t channel, int64_t channels) {
    for (int64_t n = n0; n < n1; n++)
        memset(fv__cpu_at(&w->p->dx[0], n) + channel * w->s.pixels, 0,
               (size_t)(channels * w->s.pixels) * sizeof(float));
}

static void dx_job(void *arg, int64_t unit, int worker) {
    const work *w = arg;
    const fv_conv_sizes *s = &w->s;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t area = s->patch.kh * s->patch.kw;
    const int64_t block = unit % w->channel_blocks, u = unit / w->channel_blocks;
    const int64_t group = u % s->groups, run = u / s->groups;
    const int64_t c0 = block * w->channels, c1 = fv__cpu_min(c0 + w->channels, s->c);
    const int64_t rows = (c1 - c0) * area;
    int64_t n0, n1;
    fv__cpu_cut(s->n, w->runs, run, &n0, &n1);
    float *cols = w->scratch + worker * fv__cpu_max(w->dw_floats, w->dx_floats);
    float *dy = cols + w->channels * area * w->width;
    float *dx = fv__cpu_at(&w->p->dx[0], 0) + (group * s->c + c0) * s->pixels;
    const float *packed = w->packed + group * w->group_floats +
                          block * fv__cpu_up(w->channels * area, k->mr) * k->mr * s->k;
    if (w->p->dx_set[0]) dx_clear(w, n0, n1, group * s->c + c0, c1 - c0);
    for (int64_t p0 = n0 * s->places; p0 < n1 * s->places; p0 += w->width) {
        const int64_t p1 = fv__cpu_min(p0 + w->width, n1 * s->places);
        for (int64_t f0 = 0; f0 < s->k; f0 += DEPTH) {
            const int64_t f1 = fv__cpu_min(f0 + DEPTH, s->k);
            fv__cpu_rows_gather(s, &w->p->dy, 0, group * s->k + f0, f1 - f0, p0, p1, dy, w->width);
            for (int64_t r = 0; r < rows; r += k->mr)
                k->gemm(fv__cpu_min(k->mr, rows - r), p1 - p0, f1 - f0,
                        packed + r * s->k + f0 * k->mr, k->mr, 1, dy, w->width, NULL,
                        cols + r * w->width, w->width, NULL, f0 > 0);
        }
        k->unpatch(&s->patch, dx, 0, rows, p0, p1, cols, w->width);
    }
}

typedef struct bias_work {
    const fv_pass *p;
    int64_t places;
} bias_work;

static void bias_range(void *arg, int64_t channel, int worker) {
    const bias_work *w = arg;
    const fv_pass *p = w->p;
    float total = 0;
    (void)worker;
    for (int64_t n = 0; n < p->dy.shape.dim[0]; n++)
        total += p->kernels->sum(w->places, fv__cpu_at(&p->dy, n) + channel * w->places);
    ((float *)p->dw[1].data)[channel] += total;
}

void fv__cpu_conv_bias(const fv_pass *p) {
    bias_work b = {p, p->dy.shape.dim[2] * p->dy.shape.dim[3]};
    fv__pool_run(p->pool, p->dy.shape.dim[1], bias_range, &b);
}

static void backward(const fv_pass *p) {
    const fv_conv_options *o = p->options;
    work w = plan(o, &p->x[0].shape, p->kernels);
    const fv_conv_sizes *s = &w.s;
    w.p = p;
    w.partial = p->scratch;
    w.packed = w.partial + (w.parts > 1 ? w.parts * w.weights : 0);
    w.scratch = w.packed + s->groups * w.group_floats;
    if (o->bias && p->dw[1].data) fv__cpu_conv_bias(p);
    if (p->dw[0].data) {
        w.s.patch.step = p->x[0].step;
        fv__pool_run(p->pool, s->groups * w.tap_blocks * w.parts, dw_job, &w);
        if (w.parts > 1)
            fv__cpu_ranges(p->pool, s->groups * s->k * s->crs, (double)w.parts, add_parts, &w);
    }
    if (p->dx[0].data) {
        w.s.patch.step = p->dx[0].step;
        fv__pool_run(p->pool, s->groups * w.channel_blocks, pack_job, &w);
        fv__pool_run(p->pool, w.runs * s->groups * w.channel_blocks, dx_job, &w);
    }
}

static size_t scratch(const fv_site *site, const fv_ask *ask) {
    const work w = plan(site->options, &site->in[0], ask->kernels);
    return sizeof(float) *
           (size_t)((w.parts > 1 ? w.parts * w.weights : 0) + w.s.groups * w.group_floats +
                    ask->workers * fv__cpu_max(w.dw_floats, w.dx_floats));
}

const fv_impl fv__cpu_conv_backward = {.name = "gemm",
                                       .refuses = fv__cpu_refuses,
                                       .run = backward,
                                       .scratch = scratch,
                                       .layout = FV_PLAIN,
                                       .honours_dx_set = true};
