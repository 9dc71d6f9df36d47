/* SPDX-License-Identifier: MIT */
/*
 * pools_adaptive.c - pools of a given number of windows, and those over the whole map. Planes are
 * what is shared out.
 */
#include "cpu/cpu.h"
#include "op/lppool.h"

#include <math.h>
#include <string.h>

#define PIECE 1024 /* of a plane, at a time */

typedef struct geometry {
    int64_t h, w, oh, ow, channels;
    int64_t *first[2], *end[2]; /* of each window, by axis */
} geometry;

typedef struct work {
    const fv_pass *p;
    const geometry *g; /* NULL: one window, the map */
    int64_t channels, plane;
    fv_binary kind;
} work;

/* As op/pool.c has it: window o of n on an axis of i pixels. */
static bool settle_axis(geometry *g, int axis, int64_t in, int64_t out, fv_arena *arena) {
    int64_t *first = fv__arena_alloc(arena, sizeof *first * (size_t)out);
    int64_t *end = fv__arena_alloc(arena, sizeof *end * (size_t)out);
    g->first[axis] = first;
    g->end[axis] = end;
    if (!first || !end) return false;
    for (int64_t o = 0; o < out; o++) {
        first[o] = o * in / out;
        end[o] = ((o + 1) * in + out - 1) / out;
    }
    return true;
}

static const char *settle(const fv_site *site, const fv_request *request, fv_arena *arena,
                          fv_settled *settled) {
    FV_STATE(geometry, g, arena);
    (void)request;
    if (!g) return fv__impl_no_memory;
    const fv_shape in = fv__with_height(&site->in[0]), out = fv__with_height(&site->out[0]);
    g->channels = in.dim[1];
    g->h = in.dim[2];
    g->w = in.dim[3];
    g->oh = out.dim[2];
    g->ow = out.dim[3];
    if (g->oh > FV_SIDE_MOST || g->ow > FV_SIDE_MOST)
        return "the maps are too large for tables of windows";
    if (!settle_axis(g, 0, g->h, g->oh, arena) || !settle_axis(g, 1, g->w, g->ow, arena))
        return fv__impl_no_memory;
    settled->state = g;
    settled->worker = sizeof(float) * (size_t)fv__cpu_pad(g->w);
    return NULL;
}

static void share_out(const fv_pass *p, const geometry *g, fv_binary kind, fv_units_fn *fn) {
    const fv_shape *in = &p->x[0].shape;
    const int64_t planes = fv__cpu_planes(in);
    work w = {p, g, fv__channels(in), fv__shape_count(in) / planes, kind};
    const double outputs = g ? (double)planes * (double)(g->oh * g->ow) : 0;
    fv__cpu_split(p->pool, planes, 4 * (double)fv__shape_count(in) + 4 * outputs, FV_GRAIN, fn, &w);
}

/* The plane q of x, and where its output begins. */
static const float *plane_of(const work *w, int64_t q, int64_t outputs, float **y) {
    const int64_t n = q / w->channels, c = q % w->channels;
    *y = fv__cpu_at(&w->p->y[0], n) + c * outputs;
    return fv__cpu_at(&w->p->x[0], n) + c * w->plane;
}

/* ---------------------------------------------------------------------------- adaptive --- */

static double row_sum(const work *w, const float *x, int64_t n) {
    double sum = 0;
    if (n >= FV_SPAN) return (double)w->p->kernels->sum(n, x);
    for (int64_t i = 0; i < n; i++) sum += (double)x[i];
    return sum;
}

static void average_planes(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const geometry *g = w->g;
    (void)worker;
    for (int64_t q = first; q < end; q++) {
        float *y;
        const float *x = plane_of(w, q, g->oh * g->ow, &y);
        for (int64_t i = 0; i < g->oh; i++)
            for (int64_t j = 0; j < g->ow; j++) {
                const int64_t h0 = g->first[0][i], h1 = g->end[0][i];
                const int64_t w0 = g->first[1][j], wide = g->end[1][j] - w0;
                double total = 0;
                for (int64_t h = h0; h < h1; h++) total += row_sum(w, x + h * g->w + w0, wide);
                *y++ = (float)(total / (double)((h1 - h0) * wide));
            }
    }
}

/* The largest of each column of a row of windows, then of each window. */
static void largest_planes(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const geometry *g = w->g;
    float *row = fv__cpu_worker(w->p, worker);
    for (int64_t q = first; q < end; q++) {
        float *y;
        const float *x = plane_of(w, q, g->oh * g->ow, &y);
        for (int64_t i = 0; i < g->oh; i++) {
            const float *from = x + g->first[0][i] * g->w;
            memcpy(row, from, sizeof(float) * (size_t)g->w);
            for (int64_t h = g->first[0][i] + 1; h < g->end[0][i]; h++)
                w->p->kernels->binary(FV_BINARY_MAX, g->w, row, true, x + h * g->w, true, row);
            for (int64_t j = 0; j < g->ow; j++) {
                const int64_t w0 = g->first[1][j];
                *y++ = fv__cpu_winner(w->p->kernels, FV_BINARY_MAX, g->end[1][j] - w0, row + w0);
            }
        }
    }
}

static void average_forward(const fv_pass *p) {
    share_out(p, p->state, FV_BINARY_ADD, average_planes);
}
static void largest_forward(const fv_pass *p) {
    share_out(p, p->state, FV_BINARY_MAX, largest_planes);
}

/* ------------------------------------------------------------------------------ global --- */

static void winner_planes(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    (void)worker;
    for (int64_t q = first; q < end; q++) {
        float *y;
        const float *x = plane_of(w, q, 1, &y);
        *y = fv__cpu_winner(w->p->kernels, w->kind, w->plane, x);
    }
}

/* The sum of |x| / most or of its square. */
static double norm_sum(const work *w, const float *x, float most, bool square) {
    const struct fv_kernels *k = w->p->kernels;
    float part[PIECE];
    double total = 0;
    for (int64_t i = 0; i < w->plane; i += PIECE) {
        const int64_t some = fv__cpu_min(PIECE, w->plane - i);
        k->unary(FV_UNARY_ABS, some, x + i, part, 0);
        if (most != 1) k->binary(FV_BINARY_DIV, some, part, true, &most, false, part);
        if (square) k->binary(FV_BINARY_MUL, some, part, true, part, true, part);
        total += (double)k->sum(some, part);
    }
    return total;
}

static float largest_of(const work *w, const float *x) {
    float part[PIECE], most = 0;
    for (int64_t i = 0; i < w->plane; i += PIECE) {
        const int64_t some = fv__cpu_min(PIECE, w->plane - i);
        w->p->kernels->unary(FV_UNARY_ABS, some, x + i, part, 0);
        const float here = w->p->kernels->largest(some, part);
        most = here > most ? here : most;
    }
    return most;
}

/* Numbers are divided by the largest, as op/lp.inc.h does, so that no square is lost. */
static void norm_planes(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const bool square = ((const fv_globallppool_options *)w->p->options)->p == 2;
    (void)worker;
    for (int64_t q = first; q < end; q++) {
        float *y;
        const float *x = plane_of(w, q, 1, &y);
        float most = square ? largest_of(w, x) : 1;
        if (!(most > 0) || isinf(most)) most = 1;
        const double total = norm_sum(w, x, most, square);
        *y = (float)(square ? (double)most * sqrt(total) : total);
    }
}

static void globalmax_forward(const fv_pass *p) {
    share_out(p, NULL, FV_BINARY_MAX, winner_planes);
}
static void globalmin_forward(const fv_pass *p) {
    share_out(p, NULL, FV_BINARY_MIN, winner_planes);
}
static void globallp_forward(const fv_pass *p) {
    share_out(p, NULL, FV_BINARY_ADD, norm_planes);
}

static const char *refuses(const fv_site *site, const fv_request *request) {
    if (request->training) return "keeps nothing for the gradient";
    return fv__cpu_refuses(site, request);
}

static const char *refuses_power(const fv_site *site, const fv_request *request) {
    const double p = ((const fv_globallppool_options *)site->options)->p;
    return p != 1 && p != 2 ? "knows the powers 1 and 2 only" : fv__cpu_refuses(site, request);
}

#define FV_POOL(name_, refuses_, settle_, run_)                                                    \
    const fv_impl fv__cpu_##name_##_vector_forward = {.name = "vector",                            \
                                                      .op = &fv__op_##name_,                       \
                                                      .which = FV_FORWARD,                         \
                                                      .refuses = refuses_,                         \
                                                      .settle = settle_,                           \
                                                      .run = run_}
FV_POOL(adaptiveavgpool, fv__cpu_refuses, settle, average_forward);
FV_POOL(adaptivemaxpool, refuses, settle, largest_forward);
FV_POOL(globalmaxpool, refuses, NULL, globalmax_forward);
FV_POOL(globalminpool, refuses, NULL, globalmin_forward);
FV_POOL(globallppool, refuses_power, NULL, globallp_forward);
