/* SPDX-License-Identifier: MIT */
/*
 * pools_framed.c - pools whose windows hang over the edges of small maps, and pools of what is no
 * pixel as it lies: a plane is copied into a frame, with what never counts around it, so that every
 * window is whole and all of them are taken along the vector. The smallest value is the largest of
 * the negated; a norm is the average of powers. In inference alone: where the winner came from is
 * not kept.
 */
#include "cpu/cpu.h"
#include "op/avgpool.h"
#include "op/lppool.h"

#include <math.h>
#include <string.h>

#define FRAME_MOST (1 << 22) /* floats */
#define EDGE_COST  32 /* numbers that are copied in the time of one window over an edge alone */

typedef enum pooling { LARGEST, SMALLEST, AVERAGE, NORM } pooling;

typedef struct geometry {
    fv_window win[2];
    int64_t channels, h, w, oh, ow, high, wide; /* planes; of the frame */
    int64_t floats;
    pooling kind;
    bool square;
    float scale;                 /* of the sum of a window */
    const float *rows, *columns; /* AVERAGE: what the windows of an edge are to be scaled by */
    bool edges[2];
} geometry;

typedef struct work {
    const fv_pass *p;
    const geometry *g;
} work;

static int64_t reach(const fv_window *win) {
    return (win->out - 1) * win->stride + win->dilation * (win->kernel - 1) + 1;
}

/* How many windows of an axis are whole. */
static int64_t whole(const fv_window *win, int64_t in) {
    int64_t count = 0;
    for (int64_t o = 0; o < win->out; o++) {
        const int64_t from = o * win->stride - win->before;
        count += from >= 0 && from + win->dilation * (win->kernel - 1) < in;
    }
    return count;
}

static geometry *start(const fv_site *site, const fv_maxpool_options *o, pooling kind,
                       fv_arena *arena, fv_settled *settled) {
    FV_STATE(geometry, g, arena);
    if (!g) return NULL;
    const fv_shape in = fv__with_height(&site->in[0]), out = fv__with_height(&site->out[0]);
    fv__maxpool_windows(&site->in[0], o, g->win);
    g->kind = kind;
    g->channels = in.dim[1];
    g->h = in.dim[2];
    g->w = in.dim[3];
    g->oh = out.dim[2];
    g->ow = out.dim[3];
    /* Pixels that no window reaches are left out. */
    g->high = reach(&g->win[0]);
    g->wide = reach(&g->win[1]);
    g->floats = g->high <= FRAME_MOST && g->wide <= FRAME_MOST ? g->high * g->wide : INT64_MAX;
    g->scale = 1;
    settled->state = g;
    settled->worker = g->floats <= FRAME_MOST ? sizeof(float) * (size_t)fv__cpu_pad(g->floats) : 0;
    return g;
}

static const char too_large[] = "the maps are too large for frames";

/* For pools that have another way. */
static const char *worth_it(const geometry *g) {
    const int64_t inside = whole(&g->win[0], g->h) * whole(&g->win[1], g->w);
    if (g->floats > FRAME_MOST) return too_large;
    return (g->oh * g->ow - inside) * EDGE_COST < g->floats ? "few windows hang over an edge"
                                                            : NULL;
}

static const char *settle_max(const fv_site *site, const fv_request *request, fv_arena *arena,
                              fv_settled *settled) {
    const geometry *g = start(site, site->options, LARGEST, arena, settled);
    (void)request;
    return g ? worth_it(g) : fv__impl_no_memory;
}

static const char *settle_min(const fv_site *site, const fv_request *request, fv_arena *arena,
                              fv_settled *settled) {
    const geometry *g = start(site, site->options, SMALLEST, arena, settled);
    (void)request;
    if (!g) return fv__impl_no_memory;
    return g->floats > FRAME_MOST ? too_large : NULL;
}

/* By what the sums over whole windows are too small for those of an axis: kernel / pixels. */
static const float *factors(const geometry *g, int axis, bool count_pad, fv_arena *arena,
                            bool *edges) {
    const fv_window *win = &g->win[axis];
    const int64_t in = axis == 0 ? g->h : g->w;
    float *f = fv__arena_alloc(arena, sizeof *f * (size_t)win->out);
    *edges = false;
    for (int64_t o = 0; f && o < win->out; o++) {
        const int64_t from = o * win->stride - win->before, to = from + win->kernel;
        int64_t count = fv__cpu_min(to, in) - fv__cpu_max(from, 0);
        if (count_pad) count = fv__cpu_min(to, in + win->after) - from;
        f[o] = (float)win->kernel / (float)count;
        *edges = *edges || count != win->kernel;
    }
    return f;
}

static const char *settle_avg(const fv_site *site, const fv_request *request, fv_arena *arena,
                              fv_settled *settled) {
    const fv_avgpool_options *o = site->options;
    const fv_maxpool_options window = fv__avgpool_window(o);
    geometry *g = start(site, &window, AVERAGE, arena, settled);
    (void)request;
    if (!g) return fv__impl_no_memory;
    if (worth_it(g)) return worth_it(g);
    const fv_window *v = &g->win[0], *u = &g->win[1];
    if (v->kernel > FV_SPAN || u->kernel > FV_SPAN) return "the windows are too large for lanes";
    g->scale = 1.0f / (float)(v->kernel * u->kernel);
    g->rows = factors(g, 0, o->count_pad, arena, &g->edges[0]);
    g->columns = factors(g, 1, o->count_pad, arena, &g->edges[1]);
    return g->rows && g->columns ? NULL : fv__impl_no_memory;
}

static const char *settle_norm(const fv_site *site, const fv_request *request, fv_arena *arena,
                               fv_settled *settled) {
    const fv_lppool_options *o = site->options;
    geometry *g = start(site, &o->window, NORM, arena, settled);
    (void)request;
    if (!g) return fv__impl_no_memory;
    g->square = o->p == 2;
    if (o->p != 1 && o->p != 2) return "knows the powers 1 and 2 only";
    if (g->floats > FRAME_MOST) return too_large;
    if (g->win[0].kernel > FV_SPAN || g->win[1].kernel > FV_SPAN)
        return "the windows are too large for lanes";
    return g->win[0].dilation * g->win[1].dilation == 1 ? NULL : "takes no dilation";
}

/* The pixels of a plane that windows reach go into the frame; gives the largest |x| of a NORM. */
static float fill(const work *w, const float *x, float *frame) {
    const geometry *g = w->g;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t top = g->win[0].before, left = g->win[1].before;
    const int64_t rows = fv__cpu_min(g->h, g->high - top);
    const int64_t columns = fv__cpu_min(g->w, g->wide - left);
    float most = 0;
    for (int64_t r = 0; columns > 0 && r < rows; r++) {
        const float *from = x + r * g->w;
        float *to = frame + (top + r) * g->wide + left;
        if (g->kind == SMALLEST) {
            k->unary(FV_UNARY_NEG, columns, from, to, 0);
        } else if (g->kind == NORM) {
            k->unary(FV_UNARY_ABS, columns, from, to, 0);
            const float here = k->largest(columns, to);
            most = here > most ? here : most;
        } else {
            memcpy(to, from, (size_t)columns * sizeof(float));
        }
    }
    return most;
}

/* Squares, of numbers divided by the largest where it is so far from 1 that they would be lost;
   gives by what. */
static float raise(const work *w, float most, float *frame) {
    const geometry *g = w->g;
    const bool usual = !(most > 0) || isinf(most) || (most > 1e-12f && most < 1e15f);
    if (!g->square) return 1;
    if (!usual)
        for (int64_t i = 0; i < g->floats; i++) frame[i] /= most;
    w->p->kernels->binary(FV_BINARY_MUL, g->floats, frame, true, frame, true, frame);
    return usual ? 1 : most;
}

static void finish(const work *w, float most, float *y) {
    const geometry *g = w->g;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t places = g->oh * g->ow;
    if (g->kind == SMALLEST) k->unary(FV_UNARY_NEG, places, y, y, 0);
    if (g->kind == NORM && g->square) k->unary(FV_UNARY_SQRT, places, y, y, 0);
    if (g->kind == NORM && most != 1) k->mul(places, y, most, y);
    if (g->kind != AVERAGE) return;
    for (int64_t i = 0; i < g->oh; i++) {
        if (g->edges[1])
            k->binary(FV_BINARY_MUL, g->ow, y + i * g->ow, true, g->columns, true, y + i * g->ow);
        if (g->edges[0] && g->rows[i] != 1) k->mul(g->ow, y + i * g->ow, g->rows[i], y + i * g->ow);
    }
}

static void planes(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const geometry *g = w->g;
    const fv_pass *p = w->p;
    const fv_window *v = &g->win[0], *u = &g->win[1];
    const bool picks = g->kind == LARGEST || g->kind == SMALLEST;
    float *frame = fv__cpu_worker(p, worker);
    for (int64_t q = first; q < end; q++) {
        const int64_t n = q / g->channels, c = q % g->channels;
        float *y = fv__cpu_at(&p->y[0], n) + c * g->oh * g->ow;
        /* What lies around stays as it is from plane to plane: 0 squared is 0. */
        for (int64_t i = 0; q == first && i < g->floats; i++) frame[i] = picks ? -INFINITY : 0;
        const float most =
            raise(w, fill(w, fv__cpu_at(&p->x[0], n) + c * g->h * g->w, frame), frame);
        if (picks)
            p->kernels->maxpool(g->oh, g->ow, v->kernel, u->kernel, u->stride, u->dilation, frame,
                                v->stride * g->wide, v->dilation * g->wide, y, g->ow, NULL, 0);
        else
            p->kernels->avgpool(g->oh, g->ow, v->kernel, u->kernel, u->stride, frame,
                                v->stride * g->wide, g->wide, g->scale, y, g->ow);
        finish(w, most, y);
    }
}

static void forward(const fv_pass *p) {
    const geometry *g = p->state;
    const work w = {p, g};
    const int64_t count = fv__cpu_planes(&p->x[0].shape);
    fv__cpu_split(p->pool, count, 4 * (double)count * (double)(g->floats + g->oh * g->ow), FV_GRAIN,
                  planes, &w);
}

static const char *refuses(const fv_site *site, const fv_request *request) {
    if (request->training) return "keeps nothing for the gradient";
    return fv__cpu_refuses(site, request);
}

#define FV_FRAMED(name_, settle_)                                                                  \
    const fv_impl fv__cpu_##name_##_framed_forward = {.name = "framed",                            \
                                                      .op = &fv__op_##name_,                       \
                                                      .which = FV_FORWARD,                         \
                                                      .refuses = refuses,                          \
                                                      .settle = settle_,                           \
                                                      .run = forward}
FV_FRAMED(maxpool, settle_max);
FV_FRAMED(avgpool, settle_avg);
FV_FRAMED(minpool, settle_min);
FV_FRAMED(lppool, settle_norm);
