/* SPDX-License-Identifier: MIT */
/*
 * pools.c - max and average pools. Windows that lie inside the map are taken a row of them at a
 * time, along the vector; those that hang over an edge one by one.
 */
#include "cpu/cpu.h"
#include "op/avgpool.h"
#include "op/pool.h"

#include <math.h>
#include <string.h>

#define ROWS_OF_BAND 14 /* rows of results that are worth a thread's while */

/* What settle finds of a site. */
typedef struct geometry {
    fv_window win[2];
    int64_t channels, h, w, oh, ow;
    bool count_pad;
} geometry;

typedef struct work {
    const fv_pass *p;
    const geometry *g;
    int64_t bands; /* that the rows of a plane's results are cut into */
} work;

static geometry *start(const fv_site *site, fv_arena *arena) {
    FV_STATE(geometry, g, arena);
    if (!g) return NULL;
    const fv_shape in = fv__with_height(&site->in[0]), out = fv__with_height(&site->out[0]);
    g->channels = in.dim[1];
    g->h = in.dim[2];
    g->w = in.dim[3];
    g->oh = out.dim[2];
    g->ow = out.dim[3];
    return g;
}

static const char *settle_max(const fv_site *site, const fv_request *request, fv_arena *arena,
                              fv_settled *settled) {
    geometry *g = start(site, arena);
    (void)request;
    if (!g) return fv__impl_no_memory;
    fv__maxpool_windows(&site->in[0], site->options, g->win);
    settled->state = g;
    return NULL;
}

static const char *settle_avg(const fv_site *site, const fv_request *request, fv_arena *arena,
                              fv_settled *settled) {
    geometry *g = start(site, arena);
    (void)request;
    if (!g) return fv__impl_no_memory;
    const fv_maxpool_options window = fv__avgpool_window(site->options);
    fv__maxpool_windows(&site->in[0], &window, g->win);
    g->count_pad = ((const fv_avgpool_options *)site->options)->count_pad;
    settled->state = g;
    return NULL;
}

/* Bands of planes are what is shared out. */
static void share_out(const fv_pass *p, int64_t bands, fv_units_fn *fn) {
    const fv_shape *in = &p->x[0].shape;
    const work w = {p, p->state, bands};
    fv__cpu_split(p->pool, bands * fv__cpu_planes(in), 4 * (double)fv__shape_count(in), FV_GRAIN,
                  fn, &w);
}

/* Forward, large maps of few samples are cut by rows, as the convolutions around cut them: a thread
   then reads what he has written himself. */
static void share_rows(const fv_pass *p, fv_units_fn *fn) {
    const geometry *g = p->state;
    const int64_t threads = fv__pool_size(p->pool), samples = p->x[0].shape.dim[0];
    const bool cut = samples < 2 * threads && samples % threads != 0;
    share_out(p, cut && g->oh >= ROWS_OF_BAND * threads ? threads : 1, fn);
}

/* A unit's plane and rows of results. */
typedef struct piece {
    int64_t sample, channel, row, end;
} piece;
static piece piece_of(const work *w, int64_t unit) {
    const int64_t planes = w->g->channels, u = unit / planes;
    piece q = {.sample = u / w->bands, .channel = unit % planes};
    fv__cpu_cut(w->g->oh, w->bands, u % w->bands, &q.row, &q.end);
    return q;
}

/* Outputs whose whole window lies inside: [*first, *end). */
static void inside(const fv_window *win, int64_t in, int64_t *first, int64_t *end) {
    const int64_t reach = win->dilation * (win->kernel - 1);
    *first = fv__cpu_min(fv__cpu_up(win->before, win->stride), win->out);
    *end = in + win->before - reach - 1 < 0 ? 0 : (in + win->before - reach - 1) / win->stride + 1;
    *end = fv__cpu_max(*first, fv__cpu_min(*end, win->out));
}

/* Whether these are all outputs. */
static bool covers(const geometry *g, int64_t h0, int64_t h1, int64_t w0, int64_t w1) {
    return h0 == 0 && h1 == g->oh && w0 == 0 && w1 == g->ow;
}

/* Planes from q on that are one tall plane: windows go on from one to the next without a row or an
   edge between them, and they are of one sample. */
static int64_t in_one(const work *w, bool edges, int64_t q, int64_t end) {
    const geometry *g = w->g;
    if (edges || w->bands > 1 || g->h != g->oh * g->win[0].stride) return 1;
    return fv__cpu_min(end - q, g->channels - q % g->channels);
}

static void max_one(const geometry *w, const float *x, int64_t i, int64_t j, float *y,
                    int32_t *at) {
    const fv_window *v = &w->win[0], *u = &w->win[1];
    int64_t best = -1;
    for (int64_t r = 0; r < v->kernel; r++) {
        const int64_t h = i * v->stride + r * v->dilation - v->before;
        if (h < 0 || h >= w->h) continue;
        for (int64_t s = 0; s < u->kernel; s++) {
            const int64_t c = j * u->stride + s * u->dilation - u->before;
            if (c < 0 || c >= w->w) continue;
            const float v = x[h * w->w + c];
            if (best < 0 || v > x[best] || isnan(v)) best = h * w->w + c;
        }
    }
    y[i * w->ow + j] = x[best];
    if (at) at[i * w->ow + j] = (int32_t)best;
}

static void max_planes(void *arg, int64_t first, int64_t end, int worker) {
    const work *job = arg;
    const fv_pass *p = job->p;
    const geometry *w = job->g;
    const fv_window *v = &w->win[0], *u = &w->win[1];
    const bool keep = p->training && p->saved && p->saved[0].data;
    int64_t h0, h1, w0, w1;
    (void)worker;
    inside(v, w->h, &h0, &h1);
    inside(u, w->w, &w0, &w1);
    const bool edges = !covers(w, h0, h1, w0, w1);
    for (int64_t q = first, planes; q < end; q += planes) {
        const piece of = piece_of(job, q);
        const int64_t n = of.sample, c = of.channel;
        const int64_t top = fv__cpu_max(h0, of.row), low = fv__cpu_min(h1, of.end);
        planes = in_one(job, edges || keep, q, end); /* winners are places in a plane */
        const float *x = fv__cpu_at(&p->x[0], n) + c * w->h * w->w;
        float *y = fv__cpu_at(&p->y[0], n) + c * w->oh * w->ow;
        int32_t *at =
            keep ? (int32_t *)p->saved[0].data + n * p->saved[0].step + c * w->oh * w->ow : NULL;
        if (top < low && w0 < w1) {
            const int64_t from = (top * v->stride - v->before) * w->w + w0 * u->stride - u->before;
            p->kernels->maxpool(planes * (low - top), w1 - w0, v->kernel, u->kernel, u->stride,
                                u->dilation, x + from, v->stride * w->w, v->dilation * w->w,
                                y + top * w->ow + w0, w->ow, at ? at + top * w->ow + w0 : NULL,
                                (int32_t)from);
        }
        for (int64_t i = of.row; edges && i < of.end; i++) {
            const bool whole = i >= h0 && i < h1;
            for (int64_t j = 0; j < (whole ? w0 : w->ow); j++) max_one(w, x, i, j, y, at);
            for (int64_t j = w1; whole && j < w->ow; j++) max_one(w, x, i, j, y, at);
        }
    }
}

static void max_forward(const fv_pass *p) {
    share_rows(p, max_planes);
}

static void max_back_planes(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = ((const work *)arg)->p;
    const geometry *w = ((const work *)arg)->g;
    (void)worker;
    const int64_t places = w->oh * w->ow;
    for (int64_t q = first; q < end; q++) {
        const int64_t n = q / w->channels, c = q % w->channels;
        const int32_t *at = (const int32_t *)p->saved[0].data + n * p->saved[0].step + c * places;
        const float *dy = fv__cpu_at(&p->dy[0], n) + c * places;
        float *dx = fv__cpu_at(&p->dx[0], n) + c * w->h * w->w;
        if (p->overwrite[0]) memset(dx, 0, (size_t)(w->h * w->w) * sizeof(float));
        for (int64_t i = 0; i < places; i++) dx[at[i]] += dy[i];
    }
}

static void max_backward(const fv_pass *p) {
    if (p->dx[0].data) share_out(p, 1, max_back_planes);
}

/* The pixels of the image under window o, [*a, *b), and how many count on this axis. */
static int64_t span(const fv_window *win, int64_t in, bool count_pad, int64_t o, int64_t *a,
                    int64_t *b) {
    int64_t from = o * win->stride - win->before, to = from + win->kernel;
    *a = fv__cpu_max(from, 0);
    *b = fv__cpu_min(to, in);
    if (!count_pad) return *b - *a;
    return fv__cpu_min(to, in + win->after) - from;
}

/* A window that is not whole or is large; its rows are summed along. */
static void avg_one(const work *job, const float *x, int64_t i, int64_t j, float *y) {
    const geometry *w = job->g;
    int64_t h0, h1, w0, w1;
    int64_t size = span(&w->win[0], w->h, w->count_pad, i, &h0, &h1) *
                   span(&w->win[1], w->w, w->count_pad, j, &w0, &w1);
    double total = 0;
    for (int64_t h = h0; h < h1; h++)
        total += (double)job->p->kernels->sum(w1 - w0, x + h * w->w + w0);
    y[i * w->ow + j] = (float)(total / (double)size);
}

static void avg_planes(void *arg, int64_t first, int64_t end, int worker) {
    const work *job = arg;
    const fv_pass *p = job->p;
    const geometry *w = job->g;
    const fv_window *v = &w->win[0], *u = &w->win[1];
    const float scale = 1.0f / (float)(v->kernel * u->kernel);
    int64_t h0, h1, w0, w1;
    (void)worker;
    inside(v, w->h, &h0, &h1);
    inside(u, w->w, &w0, &w1);
    const bool lanes = h0 < h1 && w0 < w1 && v->kernel <= FV_SPAN && u->kernel <= FV_SPAN;
    const bool edges = !lanes || !covers(w, h0, h1, w0, w1);
    for (int64_t q = first, planes; q < end; q += planes) {
        const piece of = piece_of(job, q);
        const int64_t n = of.sample, c = of.channel;
        const int64_t top = fv__cpu_max(h0, of.row), low = fv__cpu_min(h1, of.end);
        planes = in_one(job, edges, q, end);
        const float *x = fv__cpu_at(&p->x[0], n) + c * w->h * w->w;
        float *y = fv__cpu_at(&p->y[0], n) + c * w->oh * w->ow;
        if (lanes && top < low)
            p->kernels->avgpool(planes * (low - top), w1 - w0, v->kernel, u->kernel, u->stride,
                                x + (top * v->stride - v->before) * w->w + w0 * u->stride -
                                    u->before,
                                v->stride * w->w, w->w, scale, y + top * w->ow + w0, w->ow);
        for (int64_t i = of.row; edges && i < of.end; i++) {
            const bool whole = lanes && i >= h0 && i < h1;
            for (int64_t j = 0; j < (whole ? w0 : w->ow); j++) avg_one(job, x, i, j, y);
            for (int64_t j = w1; whole && j < w->ow; j++) avg_one(job, x, i, j, y);
        }
    }
}

static void avg_forward(const fv_pass *p) {
    share_rows(p, avg_planes);
}

/* Windows side by side that cover the plane exactly: every pixel gets one share. */
static bool tiles(const geometry *w) {
    const fv_window *v = &w->win[0], *u = &w->win[1];
    return v->stride == v->kernel && u->stride == u->kernel && v->before == 0 && u->before == 0 &&
           v->out * v->kernel == w->h && u->out * u->kernel == w->w;
}

static void avg_back_planes(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = ((const work *)arg)->p;
    const geometry *w = ((const work *)arg)->g;
    const fv_window *v = &w->win[0], *u = &w->win[1];
    const bool tiled = tiles(w), set = p->overwrite[0];
    const float scale = 1.0f / (float)(v->kernel * u->kernel);
    int64_t h0, h1, w0, w1;
    (void)worker;
    for (int64_t q = first; q < end; q++) {
        const int64_t n = q / w->channels, c = q % w->channels;
        const float *dy = fv__cpu_at(&p->dy[0], n) + c * w->oh * w->ow;
        float *dx = fv__cpu_at(&p->dx[0], n) + c * w->h * w->w;
        if (tiled) {
            p->kernels->avgpool_back(w->oh, w->ow, v->kernel, u->kernel, dy, scale, dx, !set);
            continue;
        }
        if (set) memset(dx, 0, (size_t)(w->h * w->w) * sizeof(float));
        for (int64_t i = 0; i < w->oh; i++)
            for (int64_t j = 0; j < w->ow; j++) {
                int64_t size = span(v, w->h, w->count_pad, i, &h0, &h1) *
                               span(u, w->w, w->count_pad, j, &w0, &w1);
                const float g = dy[i * w->ow + j] / (float)size;
                for (int64_t h = h0; h < h1; h++)
                    for (int64_t s = w0; s < w1; s++) dx[h * w->w + s] += g;
            }
    }
}

static void avg_backward(const fv_pass *p) {
    if (p->dx[0].data) share_out(p, 1, avg_back_planes);
}

const fv_impl fv__cpu_maxpool_vector_forward = {.name = "vector",
                                                .op = &fv__op_maxpool,
                                                .which = FV_FORWARD,
                                                .refuses = fv__cpu_refuses,
                                                .settle = settle_max,
                                                .run = max_forward};
const fv_impl fv__cpu_maxpool_vector_backward = {.name = "vector",
                                                 .op = &fv__op_maxpool,
                                                 .which = FV_BACKWARD,
                                                 .refuses = fv__cpu_refuses,
                                                 .settle = settle_max,
                                                 .run = max_backward,
                                                 .overwrites = true};
const fv_impl fv__cpu_avgpool_vector_forward = {.name = "vector",
                                                .op = &fv__op_avgpool,
                                                .which = FV_FORWARD,
                                                .refuses = fv__cpu_refuses,
                                                .settle = settle_avg,
                                                .run = avg_forward};
const fv_impl fv__cpu_avgpool_vector_backward = {.name = "vector",
                                                 .op = &fv__op_avgpool,
                                                 .which = FV_BACKWARD,
                                                 .refuses = fv__cpu_refuses,
                                                 .settle = settle_avg,
                                                 .run = avg_backward,
                                                 .overwrites = true};
