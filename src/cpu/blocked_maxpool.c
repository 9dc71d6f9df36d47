/* SPDX-License-Identifier: MIT */
/*
 * blocked_maxpool.c - the largest value in each window of blocked maps, 16 channels at a time. The
 * winners are kept as the operator says (op/maxpool.h), plane by plane.
 */
#include "cpu/blocked.h"
#include "op/pool.h"

#include <string.h>

/* What settle finds of a site. */
typedef struct geometry {
    fv_window win[2];
    int64_t h, w;
} geometry;

static const char *settle(const fv_site *site, const fv_request *request, fv_arena *arena,
                          fv_settled *settled) {
    FV_STATE(geometry, g, arena);
    (void)request;
    if (!g) return fv__impl_no_memory;
    fv__maxpool_windows(&site->in[0], site->options, g->win);
    const fv_shape maps = fv__with_height(&site->in[0]);
    g->h = maps.dim[2];
    g->w = maps.dim[3];
    settled->state = g;
    return NULL;
}

/* The first and the end of the kernel's rows (columns) that meet the image for output o. */
static void inside(const fv_window *win, int64_t in, int64_t o, int64_t *first, int64_t *end) {
    const int64_t from = o * win->stride - win->before;
    *first = from < 0 ? fv__cpu_up(-from, win->dilation) : 0;
    *end = fv__cpu_min(win->kernel, fv__cpu_up(fv__cpu_max(in - from, 0), win->dilation));
}

/* One pixel against the best so far: the first among equals stays, a NaN wins. */
static void meet(const float *restrict x, int32_t at, float *restrict best, int32_t *restrict won) {
    for (int l = 0; l < FV_BLOCK; l++) {
        const float v = x[l], held = best[l];
        const bool wins = (v > held) | (v != v);
        best[l] = wins ? v : held;
        won[l] = wins ? at : won[l];
    }
}

/* The pixel of the image, row * width + column, under pixel (r, s) of window (i, j). */
static int64_t pixel_of(const geometry *g, int64_t i, int64_t j, int64_t r, int64_t s) {
    const fv_window *v = &g->win[0], *u = &g->win[1];
    const int64_t row = i * v->stride + r * v->dilation - v->before;
    return row * g->w + j * u->stride + s * u->dilation - u->before;
}

static void window(const geometry *g, const float *x, int64_t i, int64_t j, float *y,
                   int32_t *won) {
    int64_t r0, r1, s0, s1;
    inside(&g->win[0], g->h, i, &r0, &r1);
    inside(&g->win[1], g->w, j, &s0, &s1);
    const int64_t first = pixel_of(g, i, j, r0, s0);
    memcpy(y, x + first * FV_BLOCK, FV_BLOCK * sizeof(float));
    for (int l = 0; l < FV_BLOCK; l++) won[l] = (int32_t)first;
    for (int64_t r = r0; r < r1; r++)
        for (int64_t s = s0; s < s1; s++) {
            const int64_t at = pixel_of(g, i, j, r, s);
            meet(x + at * FV_BLOCK, (int32_t)at, y, won);
        }
}

/* Where the winners of a block's first channel lie, the others' planes behind: as the operator
   says, so that any backward may follow. */
static int32_t *winners(const fv_pass *p, int64_t n, int64_t block, int64_t pixels) {
    return (int32_t *)p->saved[0].data + n * p->saved[0].step + block * pixels * FV_BLOCK;
}

static void forward_blocks(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const geometry *g = p->state;
    const fv_blocks x = fv__blocks(&p->x[0].shape), y = fv__blocks(&p->y[0].shape);
    const int64_t columns = g->win[1].out;
    const bool keep = p->training && p->saved && p->saved[0].data;
    int32_t won[FV_BLOCK];
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t n = u / x.blocks, b = u % x.blocks;
        const float *from = fv__block_at(&p->x[0], n, b, x.pixels);
        float *to = fv__block_at(&p->y[0], n, b, y.pixels);
        int32_t *kept = keep ? winners(p, n, b, y.pixels) : NULL;
        for (int64_t o = 0; o < y.pixels; o++) {
            window(g, from, o / columns, o % columns, to + o * FV_BLOCK, won);
            for (int64_t l = 0; kept && l < FV_BLOCK; l++) kept[l * y.pixels + o] = won[l];
        }
    }
}

static void backward_blocks(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const fv_blocks x = fv__blocks(&p->dx[0].shape), y = fv__blocks(&p->dy[0].shape);
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t n = u / x.blocks, b = u % x.blocks;
        const float *dy = fv__block_at(&p->dy[0], n, b, y.pixels);
        const int32_t *won = winners(p, n, b, y.pixels);
        float *dx = fv__block_at(&p->dx[0], n, b, x.pixels);
        if (p->overwrite[0]) memset(dx, 0, (size_t)(x.pixels * FV_BLOCK) * sizeof(float));
        for (int64_t o = 0; o < y.pixels; o++, dy += FV_BLOCK)
            for (int64_t l = 0; l < FV_BLOCK; l++)
                dx[won[l * y.pixels + o] * FV_BLOCK + l] += dy[l];
    }
}

static void share_out(const fv_pass *p, const fv_tensor *x, fv_units_fn *fn) {
    const fv_blocks b = fv__blocks(&x->shape);
    fv__cpu_split(p->pool, b.samples * b.blocks, 4 * (double)fv__shape_count(&x->shape), FV_GRAIN,
                  fn, p);
}

static void forward(const fv_pass *p) {
    share_out(p, &p->x[0], forward_blocks);
}

static void backward(const fv_pass *p) {
    if (p->dx[0].data) share_out(p, &p->dx[0], backward_blocks);
}

const fv_impl fv__cpu_maxpool_blocked_forward = {.name = "blocked",
                                                 .op = &fv__op_maxpool,
                                                 .which = FV_FORWARD,
                                                 .takes = FV_BLOCK16,
                                                 .gives = FV_BLOCK16,
                                                 .refuses = fv__cpu_refuses,
                                                 .settle = settle,
                                                 .run = forward};
const fv_impl fv__cpu_maxpool_blocked_backward = {.name = "blocked",
                                                  .op = &fv__op_maxpool,
                                                  .which = FV_BACKWARD,
                                                  .takes = FV_BLOCK16,
                                                  .gives = FV_BLOCK16,
                                                  .refuses = fv__cpu_refuses,
                                                  .settle = settle,
                                                  .run = backward,
                                                  .overwrites = true};
