/* SPDX-License-Identifier: MIT */
/*
 * blocked_conv.c - 1x1 convolutions of blocked maps: a product of matrices at every pixel.
 *
 *   y[k]     = b[k] + sum over c of w[k,c] x[c]   weights packed [k/16][c/16][16 c][16 k]
 *   dx[c]    = sum over k of w[k,c] dy[k]         the same product, packed [c/16][k/16][16 k][16 c]
 *   dw[k,c] += sum over samples and pixels of dy[k] x[c], a job has 16 x 16 of them
 *   db[k]   += sum over samples and pixels of dy[k]
 */
#include "cpu/blocked.h"
#include "cpu/conv_sizes.h"

#include <string.h>

#define PIXELS     64 /* of a unit of work: 4 KB of y */
#define TILE       4  /* pixels that meet a row of weights while it is at hand */
#define SQUARE     (FV_BLOCK * FV_BLOCK)
#define SQUARE_RUN 64 /* pixels of a sum in float32 */

static const char *refuses(const fv_site *site, const fv_request *request) {
    const fv_conv_options *o = site->options;
    const fv_shape *in = &site->in[0], *out = &site->out[0];
    fv_window win[2];
    fv__conv_windows(in, o, win);
    const bool pointwise = win[0].kernel == 1 && win[1].kernel == 1 && win[0].stride == 1 &&
                           win[1].stride == 1 && win[0].before == 0 && win[1].before == 0 &&
                           in->dim[2] == out->dim[2] && in->dim[3] == out->dim[3];
    if (!pointwise || o->groups != 1) return "takes 1x1 with stride 1 and one group only";
    return fv__cpu_conv_maps_refuses(site, request);
}

/* ---------------------------------------------------------------------------- the product --- */

/* y = x times packed weights, on top of what y holds (add), the bias, or 0. */
typedef struct product {
    const fv_pass *p;
    const fv_tensor *x, *y;
    const float *weights, *bias;
    int64_t in, out, pixels, chunks; /* blocks of channels; pixels in all, and in pieces */
    bool add;
    fv_activation act;
} product;

static void start(const product *m, int64_t block, int64_t floats, const float *y, float *sums) {
    if (m->add)
        memcpy(sums, y, (size_t)floats * sizeof(float));
    else if (m->bias)
        for (int64_t i = 0; i < floats; i++) sums[i] = m->bias[block * FV_BLOCK + i % FV_BLOCK];
    else
        memset(sums, 0, (size_t)floats * sizeof(float));
}

/* Up to TILE pixels: x runs over `in` blocks of channels, x_block floats apart. */
static void tile(int64_t count, int64_t in, const float *restrict x, int64_t x_block,
                 const float *restrict w, float *restrict sums) {
    for (int64_t b = 0; b < in; b++, x += x_block)
        for (int64_t c = 0; c < FV_BLOCK; c++, w += FV_BLOCK)
            for (int64_t t = 0; t < count; t++) {
                const float v = x[t * FV_BLOCK + c];
                for (int l = 0; l < FV_BLOCK; l++) sums[t * FV_BLOCK + l] += v * w[l];
            }
}

static void product_chunk(const product *m, int64_t unit) {
    const int64_t p0 = unit % m->chunks * PIXELS, p1 = fv__cpu_min(p0 + PIXELS, m->pixels);
    const int64_t block = unit / m->chunks % m->out, n = unit / m->chunks / m->out;
    const int64_t at = (block * m->pixels + p0) * FV_BLOCK, floats = (p1 - p0) * FV_BLOCK;
    const float *x = fv__cpu_at(m->x, n), *w = m->weights + block * m->in * SQUARE;
    float *y = fv__cpu_at(m->y, n) + at;
    for (int64_t p = p0; p < p1; p += TILE) {
        const int64_t count = fv__cpu_min(TILE, p1 - p);
        float sums[TILE * FV_BLOCK], *to = y + (p - p0) * FV_BLOCK;
        start(m, block, count * FV_BLOCK, to, sums);
        tile(count, m->in, x + p * FV_BLOCK, m->pixels * FV_BLOCK, w, sums);
        memcpy(to, sums, (size_t)(count * FV_BLOCK) * sizeof(float));
    }
    if (m->p->added) m->p->kernels->add(floats, fv__cpu_at(m->p->added, n) + at, y);
    if (m->act.kind != FV_ACT_NONE)
        m->p->kernels->act(m->act.kind, 1, floats, y, 0, y, 0, m->act.p, m->act.q);
}

static void product_chunks(void *arg, int64_t first, int64_t end, int worker) {
    (void)worker;
    for (int64_t u = first; u < end; u++) product_chunk(arg, u);
}

static double macs(const fv_blocks *x, const fv_blocks *y) {
    return (double)(x->samples * x->pixels) * (double)(x->blocks * y->blocks * SQUARE);
}

static void multiply(product *m) {
    const fv_blocks x = fv__blocks(&m->x->shape), y = fv__blocks(&m->y->shape);
    m->in = x.blocks;
    m->out = y.blocks;
    m->pixels = y.pixels;
    m->chunks = fv__cpu_up(y.pixels, PIXELS);
    fv__cpu_split(m->p->pool, y.samples * y.blocks * m->chunks, macs(&x, &y), FV_GRAIN,
                  product_chunks, m);
}

/* -------------------------------------------------------------------------------- forward --- */

static size_t weight_bytes(const fv_site *site) {
    return (size_t)(site->in[0].dim[1] * site->out[0].dim[1]) * sizeof(float);
}

static const char *settle_forward(const fv_site *site, const fv_request *request, fv_arena *arena,
                                  fv_settled *settled) {
    (void)request;
    (void)arena;
    settled->prepared = weight_bytes(site);
    settled->packed = true;
    return NULL;
}

static void pack_filters(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const int64_t channels = p->w[0].shape.dim[1];
    (void)worker;
    for (int64_t b = first; b < end; b++) {
        const float *w = (const float *)p->w[0].data + b * FV_BLOCK * channels;
        float *to = (float *)p->prepared + b * FV_BLOCK * channels;
        for (int64_t c = 0; c < channels; c++)
            for (int64_t k = 0; k < FV_BLOCK; k++) *to++ = w[k * channels + c];
    }
}

static void prepare_forward(const fv_pass *p) {
    const fv_shape *w = &p->w[0].shape;
    fv__cpu_split(p->pool, w->dim[0] / FV_BLOCK, 4 * (double)fv__shape_count(w), FV_GRAIN,
                  pack_filters, p);
}

static void forward(const fv_pass *p) {
    product m = {.p = p,
                 .x = &p->x[0],
                 .y = &p->y[0],
                 .weights = p->prepared,
                 .bias = fv__cpu_bias(p),
                 .act = fv__cpu_epilogue_act(p)};
    multiply(&m);
}

/* ------------------------------------------------------------------------------- backward --- */

static const char *settle_backward(const fv_site *site, const fv_request *request, fv_arena *arena,
                                   fv_settled *settled) {
    FV_STATE(bool, wants_dx, arena);
    if (!wants_dx) return fv__impl_no_memory;
    *wants_dx = request->wants_dx[0];
    settled->state = wants_dx;
    settled->prepared = *wants_dx ? weight_bytes(site) : 0;
    return NULL;
}

static void pack_channels(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const int64_t filters = p->w[0].shape.dim[0], channels = p->w[0].shape.dim[1];
    const float *w = p->w[0].data;
    (void)worker;
    for (int64_t b = first; b < end; b++)
        for (int64_t k = 0; k < filters; k++)
            memcpy((float *)p->prepared + (b * filters + k) * FV_BLOCK,
                   w + k * channels + b * FV_BLOCK, FV_BLOCK * sizeof(float));
}

static void prepare_backward(const fv_pass *p) {
    const fv_shape *w = &p->w[0].shape;
    if (*(const bool *)p->state)
        fv__cpu_split(p->pool, w->dim[1] / FV_BLOCK, 4 * (double)fv__shape_count(w), FV_GRAIN,
                      pack_channels, p);
}

/* Adds to 16 x 16 weights what some pixels tell of them; few, since they are summed in float32. */
static void square_run(int64_t pixels, const float *from, const float *dy, double *total) {
    float sums[SQUARE] = {0};
    for (int64_t i = 0; i < pixels; i++, from += FV_BLOCK, dy += FV_BLOCK)
        for (int k = 0; k < FV_BLOCK; k++)
            for (int c = 0; c < FV_BLOCK; c++) sums[k * FV_BLOCK + c] += dy[k] * from[c];
    for (int i = 0; i < SQUARE; i++) total[i] += (double)sums[i];
}

/* The 16 x 16 weights of a block of filters and a block of channels, run by run. */
static void square(const fv_pass *p, int64_t filter, int64_t channel) {
    const fv_blocks x = fv__blocks(&p->x[0].shape);
    const int64_t channels = x.blocks * FV_BLOCK;
    float *dw = (float *)p->dw[0].data + filter * FV_BLOCK * channels + channel * FV_BLOCK;
    double total[SQUARE] = {0};
    for (int64_t n = 0; n < x.samples; n++)
        for (int64_t i = 0; i < x.pixels; i += SQUARE_RUN)
            square_run(fv__cpu_min(SQUARE_RUN, x.pixels - i),
                       fv__block_at(&p->x[0], n, channel, x.pixels) + i * FV_BLOCK,
                       fv__block_at(&p->dy[0], n, filter, x.pixels) + i * FV_BLOCK, total);
    for (int k = 0; k < FV_BLOCK; k++)
        for (int c = 0; c < FV_BLOCK; c++) dw[k * channels + c] += (float)total[k * FV_BLOCK + c];
}

static void squares(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const int64_t blocks = fv__blocks(&p->x[0].shape).blocks;
    (void)worker;
    for (int64_t u = first; u < end; u++) square(p, u / blocks, u % blocks);
}

static void biases(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const fv_blocks y = fv__blocks(&p->dy[0].shape);
    (void)worker;
    for (int64_t b = first; b < end; b++) {
        double total[FV_BLOCK] = {0};
        for (int64_t n = 0; n < y.samples; n++) {
            const float *dy = fv__block_at(&p->dy[0], n, b, y.pixels);
            for (int64_t i = 0; i < y.pixels; i += FV_SPAN) {
                const int64_t end = fv__cpu_min(i + FV_SPAN, y.pixels) * FV_BLOCK;
                float sums[FV_BLOCK] = {0};
                for (int64_t at = i * FV_BLOCK; at < end; at += FV_BLOCK)
                    for (int l = 0; l < FV_BLOCK; l++) sums[l] += dy[at + l];
                for (int l = 0; l < FV_BLOCK; l++) total[l] += (double)sums[l];
            }
        }
        float *db = (float *)p->dw[1].data + b * FV_BLOCK;
        for (int l = 0; l < FV_BLOCK; l++) db[l] += (float)total[l];
    }
}

static void backward(const fv_pass *p) {
    const fv_conv_options *o = p->options;
    const fv_blocks x = fv__blocks(&p->x[0].shape), y = fv__blocks(&p->dy[0].shape);
    if (o->bias && p->dw[1].data)
        fv__cpu_split(p->pool, y.blocks, (double)fv__shape_count(&p->dy[0].shape), FV_GRAIN, biases,
                      p);
    if (p->dw[0].data)
        fv__cpu_split(p->pool, x.blocks * y.blocks, macs(&x, &y), FV_GRAIN, squares, p);
    if (!p->dx[0].data) return;
    product m = {
        .p = p, .x = &p->dy[0], .y = &p->dx[0], .weights = p->prepared, .add = !p->overwrite[0]};
    multiply(&m);
}

const fv_impl fv__cpu_conv_blocked_forward = {.name = "blocked",
                                              .op = &fv__op_conv,
                                              .which = FV_FORWARD,
                                              .takes = FV_BLOCK16,
                                              .gives = FV_BLOCK16,
                                              .refuses = refuses,
                                              .settle = settle_forward,
                                              .prepare = prepare_forward,
                                              .run = forward};
const fv_impl fv__cpu_conv_blocked_backward = {.name = "blocked",
                                               .op = &fv__op_conv,
                                               .which = FV_BACKWARD,
                                               .takes = FV_BLOCK16,
                                               .gives = FV_BLOCK16,
                                               .refuses = refuses,
                                               .settle = settle_backward,
                                               .prepare = prepare_backward,
                                               .run = backward,
                                               .overwrites = true};
