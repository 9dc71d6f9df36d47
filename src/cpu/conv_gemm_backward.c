/* SPDX-License-Identifier: MIT */
/*
 * conv_gemm_backward.c - the gradients of a convolution.
 *
 *   dw = dy * patches(x)^T   both factors lie along the output pixels, so `dot` takes panels of
 *                            patches as they are. The batch is cut into at most 16 parts, each
 *                            summed on its own and the parts added in order.
 *   dx = patches^T(W^T dy)   a panel of W^T dy, then scattered back onto the pixels it came from.
 *                            A job owns channels of a sample, so nothing is added twice at once.
 *   db = sum of dy.
 */
#include "cpu/conv_sizes.h"

#include <string.h>

#define PARTS 16 /* of the batch, at most */
#define DEPTH 192

/* What settle finds of a site. */
typedef struct geometry {
    fv_conv_sizes s;
    /* dw */
    int64_t taps, tap_blocks; /* weights of a filter that one job sums, and how many such blocks */
    int64_t parts;            /* of the batch */
    int64_t length;           /* output pixels of a panel */
    int64_t weights;          /* all of dw, padded */
    int64_t dw_floats;        /* scratch of a worker */
    /* dx */
    int64_t channels, channel_blocks; /* input channels of a job */
    int64_t width;                    /* output pixels of a panel */
    int64_t runs;                     /* pieces of the batch */
    int64_t group_floats;             /* packed W^T of one group; 0: no dx is wanted */
    int64_t dx_floats;
    int64_t partial_floats; /* [parts][weights], parts > 1 */
    int64_t worker_floats;
} geometry;

typedef struct work {
    const fv_pass *p;
    const geometry *g;
    fv_conv_sizes s; /* with the step of x or dx */
    float *partial;
} work;

static void settle_dw(geometry *w) {
    const fv_conv_sizes *s = &w->s;
    w->length = fv__cpu_min(384, fv__cpu_up(s->n * s->places, 16) * 16);
    w->taps = fv__cpu_min(s->crs, 36);
    w->tap_blocks = fv__cpu_up(s->crs, w->taps);
    const int64_t blocks = s->groups * w->tap_blocks;
    w->parts = blocks >= PARTS ? 1 : fv__cpu_min(s->n, fv__cpu_up(PARTS, blocks));
    w->weights = fv__cpu_pad(s->groups * s->k * s->crs);
    w->dw_floats = fv__cpu_pad((w->taps + s->k) * w->length);
}

static void settle_dx(geometry *w, const struct fv_kernels *k) {
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

static const char *settle(const fv_site *site, const fv_request *request, fv_arena *arena,
                          fv_settled *settled) {
    FV_STATE(geometry, g, arena);
    if (!g) return fv__impl_no_memory;
    g->s = fv__cpu_conv_sizes(site->options, &site->in[0], request->kernels);
    settle_dw(g);
    settle_dx(g, request->kernels);
    if (!request->wants_dx[0]) g->group_floats = 0;
    g->partial_floats = g->parts > 1 ? g->parts * g->weights : 0;
    g->worker_floats = fv__cpu_max(g->dw_floats, g->dx_floats);
    settled->state = g;
    settled->scratch = sizeof(float) * (size_t)g->partial_floats;
    settled->worker = sizeof(float) * (size_t)g->worker_floats;
    if (!request->wants_dx[0]) g->group_floats = 0; /* nothing is packed */
    settled->prepared = sizeof(float) * (size_t)(g->s.groups * g->group_floats);
    return NULL;
}

/* One block of weights over one part of the batch. */
static void dw_block(const work *w, int64_t unit, float *cols, float *out, bool add) {
    const geometry *g = w->g;
    const fv_conv_sizes *s = &w->s;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t part = unit % g->parts, u = unit / g->parts;
    const int64_t t0 = u % g->tap_blocks * g->taps, t1 = fv__cpu_min(t0 + g->taps, s->crs);
    const int64_t group = u / g->tap_blocks;
    int64_t n0, n1;
    fv__cpu_cut(s->n, g->parts, part, &n0, &n1);
    float *rows = cols + g->taps * g->length;
    const float *x = fv__cpu_at(&w->p->x[0], 0) + group * s->c * s->pixels;
    float *dw = out + group * s->k * s->crs + t0;
    for (int64_t p0 = n0 * s->places; p0 < n1 * s->places;) {
        int64_t p1 = fv__cpu_min(p0 + g->length, n1 * s->places);
        const int64_t sample = p0 / s->places, at = p0 % s->places;
        const float *dy = rows;
        int64_t lda = g->length;
        if (!s->joined) { /* a panel ends with its sample, and dy is read where it lies */
            p1 = fv__cpu_min(p1, (sample + 1) * s->places);
            dy = fv__cpu_at(&w->p->dy[0], sample) + group * s->k * s->places + at;
            lda = s->places;
        } else {
            fv__cpu_rows_gather(s, &w->p->dy[0], 0, group * s->k, s->k, p0, p1, rows, g->length);
        }
        k->patches(&s->patch, x, t0, t1, p0, p1, cols, g->length);
        k->dot(s->k, t1 - t0, p1 - p0, dy, lda, cols, g->length, dw, s->crs, NULL, add);
        add = true;
        p0 = p1;
    }
}

static void dw_job(void *arg, int64_t unit, int worker) {
    const work *w = arg;
    const geometry *g = w->g;
    const bool direct = g->parts == 1;
    float *out = direct ? w->p->dw[0].data : w->partial + unit % g->parts * g->weights;
    dw_block(w, unit, fv__cpu_worker(w->p, worker), out, direct);
}

static void add_parts(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const geometry *g = w->g;
    (void)worker;
    float *dw = (float *)w->p->dw[0].data;
    for (int64_t part = 0; part < g->parts; part++)
        w->p->kernels->add(end - first, w->partial + part * g->weights + first, dw + first);
}

/* W of a group, transposed, in strips of mr rows (weight of a filter), block of channels by block:
   packed[block][strip][filter][row of the strip]. */
static void pack_block(const fv_pass *p, int64_t unit) {
    const geometry *g = p->state;
    const fv_conv_sizes *s = &g->s;
    const int64_t mr = p->kernels->mr, area = s->patch.kh * s->patch.kw;
    const int64_t group = unit / g->channel_blocks, block = unit % g->channel_blocks;
    const int64_t t0 = block * g->channels * area;
    const int64_t rows = fv__cpu_min(g->channels * area, s->crs - t0);
    const float *from = (const float *)p->w[0].data + group * s->k * s->crs + t0;
    float *to = (float *)p->prepared + group * g->group_floats +
                block * fv__cpu_up(g->channels * area, mr) * mr * s->k;
    for (int64_t r = 0; r < rows; r += mr)
        for (int64_t f = 0; f < s->k; f++)
            memcpy(to + r * s->k + f * mr, from + f * s->crs + r,
                   (size_t)fv__cpu_min(mr, rows - r) * sizeof(float));
}

static void pack_blocks(void *arg, int64_t first, int64_t end, int worker) {
    (void)worker;
    for (int64_t u = first; u < end; u++) pack_block(arg, u);
}

static void prepare(const fv_pass *p) {
    const geometry *g = p->state;
    const double floats = (double)g->s.groups * (double)g->group_floats;
    if (g->group_floats == 0) return;
    fv__cpu_split(p->pool, g->s.groups * g->channel_blocks, 16 * floats, FV_GRAIN, pack_blocks, p);
}

static void dx_clear(const work *w, int64_t n0, int64_t n1, int64_t channel, int64_t channels) {
    for (int64_t n = n0; n < n1; n++)
        memset(fv__cpu_at(&w->p->dx[0], n) + channel * w->s.pixels, 0,
               (size_t)(channels * w->s.pixels) * sizeof(float));
}

static void dx_job(void *arg, int64_t unit, int worker) {
    const work *w = arg;
    const geometry *g = w->g;
    const fv_conv_sizes *s = &w->s;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t area = s->patch.kh * s->patch.kw;
    const int64_t block = unit % g->channel_blocks, u = unit / g->channel_blocks;
    const int64_t group = u % s->groups, run = u / s->groups;
    const int64_t c0 = block * g->channels, c1 = fv__cpu_min(c0 + g->channels, s->c);
    const int64_t rows = (c1 - c0) * area;
    int64_t n0, n1;
    fv__cpu_cut(s->n, g->runs, run, &n0, &n1);
    float *cols = fv__cpu_worker(w->p, worker);
    float *dy = cols + g->channels * area * g->width;
    float *dx = fv__cpu_at(&w->p->dx[0], 0) + (group * s->c + c0) * s->pixels;
    const float *packed = (const float *)w->p->prepared + group * g->group_floats +
                          block * fv__cpu_up(g->channels * area, k->mr) * k->mr * s->k;
    if (w->p->overwrite[0]) dx_clear(w, n0, n1, group * s->c + c0, c1 - c0);
    for (int64_t p0 = n0 * s->places; p0 < n1 * s->places; p0 += g->width) {
        const int64_t p1 = fv__cpu_min(p0 + g->width, n1 * s->places);
        for (int64_t f0 = 0; f0 < s->k; f0 += DEPTH) {
            const int64_t f1 = fv__cpu_min(f0 + DEPTH, s->k);
            fv__cpu_rows_gather(s, &w->p->dy[0], 0, group * s->k + f0, f1 - f0, p0, p1, dy,
                                g->width);
            for (int64_t r = 0; r < rows; r += k->mr)
                k->gemm(fv__cpu_min(k->mr, rows - r), p1 - p0, f1 - f0,
                        packed + r * s->k + f0 * k->mr, k->mr, 1, dy, g->width, NULL,
                        cols + r * g->width, g->width, NULL, f0 > 0);
        }
        k->unpatch(&s->patch, dx, 0, rows, p0, p1, cols, g->width);
    }
}

static void bias_channels(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const int64_t places = fv__shape_sample(&p->dy[0].shape) / p->dy[0].shape.dim[1];
    (void)worker;
    for (int64_t channel = first; channel < end; channel++) {
        double total = 0;
        for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++)
            total += (double)p->kernels->sum(places, fv__cpu_at(&p->dy[0], n) + channel * places);
        ((float *)p->dw[1].data)[channel] += (float)total;
    }
}

void fv__cpu_conv_bias(const fv_pass *p) {
    const fv_shape *s = &p->dy[0].shape;
    fv__cpu_split(p->pool, s->dim[1], 4 * (double)fv__shape_count(s), FV_GRAIN, bias_channels, p);
}

static void backward(const fv_pass *p) {
    const fv_conv_options *o = p->options;
    const geometry *g = p->state;
    const fv_conv_sizes *s = &g->s;
    work w = {.p = p, .g = g, .s = g->s, .partial = p->scratch};
    if (o->bias && p->dw[1].data) fv__cpu_conv_bias(p);
    if (p->dw[0].data) {
        w.s.patch.step = p->x[0].step;
        fv__pool_run(p->pool, s->groups * g->tap_blocks * g->parts, dw_job, &w);
        if (g->parts > 1)
            fv__cpu_ranges(p->pool, s->groups * s->k * s->crs, (double)g->parts, add_parts, &w);
    }
    if (p->dx[0].data) {
        w.s.patch.step = p->dx[0].step;
        fv__pool_run(p->pool, g->runs * s->groups * g->channel_blocks, dx_job, &w);
    }
}

const fv_impl fv__cpu_conv_gemm_backward = {.name = "gemm",
                                            .op = &fv__op_conv,
                                            .which = FV_BACKWARD,
                                            .refuses = fv__cpu_conv_refuses,
                                            .settle = settle,
                                            .prepare = prepare,
                                            .run = backward,
                                            .overwrites = true};
