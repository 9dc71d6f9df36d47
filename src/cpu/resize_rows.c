/* SPDX-License-Identifier: MIT */
/*
 * resize_rows.c - resize and upsample. Where the pixels lie and what they weigh is worked out once.
 * A row of x is stretched to the width of y, two of them at a time, and a row of y is the weighted
 * mean of the two; a row that is nearest to several is stretched once and copied.
 */
#include "cpu/cpu.h"
#include "op/resize.h"

#include <string.h>

/* Pixel o of an axis is a[o] x[low[o]] + b[o] x[high[o]]. */
typedef struct axis {
    int64_t in, out;
    int32_t *low, *high;
    float *a, *b;
} axis;

typedef struct geometry {
    axis of[2]; /* rows, columns */
    int64_t channels;
    bool nearest;
} geometry;

typedef struct work {
    const fv_pass *p;
    const geometry *g;
} work;

static bool settle_axis(const fv_resize_options *o, const fv_site *site, int d, fv_arena *arena,
                        axis *x) {
    x->in = site->in[0].dim[2 + d];
    x->out = site->out[0].dim[2 + d];
    const size_t n = (size_t)x->out;
    x->low = fv__arena_alloc(arena, n * sizeof *x->low);
    x->high = fv__arena_alloc(arena, n * sizeof *x->high);
    x->a = fv__arena_alloc(arena, n * sizeof *x->a);
    x->b = fv__arena_alloc(arena, n * sizeof *x->b);
    if (!x->low || !x->high || !x->a || !x->b) return false;
    for (int64_t i = 0; i < x->out; i++) {
        const fv_resize_taps t = fv__resize_taps(o, d, x->in, x->out, i);
        x->low[i] = (int32_t)t.low;
        x->high[i] = (int32_t)t.high;
        x->a[i] = (float)(1 - t.t);
        x->b[i] = (float)t.t;
    }
    return true;
}

static const char *settle_as(const fv_resize_options *o, const fv_site *site, fv_arena *arena,
                             fv_settled *settled) {
    for (int d = 2; d < 4; d++)
        if (site->in[0].dim[d] > INT32_MAX || site->out[0].dim[d] > FV_SIDE_MOST)
            return "the maps are too large for tables of places";
    FV_STATE(geometry, g, arena);
    if (!g) return fv__impl_no_memory;
    g->channels = site->in[0].dim[1];
    g->nearest = o->mode == FV_RESIZE_NEAREST;
    for (int d = 0; d < 2; d++)
        if (!settle_axis(o, site, d, arena, &g->of[d])) return fv__impl_no_memory;
    settled->state = g;
    settled->worker = sizeof(float) * (size_t)(2 * fv__cpu_pad(g->of[1].out));
    return NULL;
}

static const char *settle_resize(const fv_site *site, const fv_request *request, fv_arena *arena,
                                 fv_settled *settled) {
    (void)request;
    return settle_as(site->options, site, arena, settled);
}

static const char *settle_upsample(const fv_site *site, const fv_request *request, fv_arena *arena,
                                   fv_settled *settled) {
    const fv_resize_options o = fv__upsample_as_resize(site->options);
    (void)request;
    return settle_as(&o, site, arena, settled);
}

static void stretch(const geometry *g, const float *x, float *y) {
    const axis *c = &g->of[1];
    if (g->nearest)
        for (int64_t i = 0; i < c->out; i++) y[i] = x[c->low[i]];
    else
        for (int64_t i = 0; i < c->out; i++)
            y[i] = c->a[i] * x[c->low[i]] + c->b[i] * x[c->high[i]];
}

static void nearest_plane(const geometry *g, const float *x, float *y) {
    const axis *r = &g->of[0];
    const int64_t wide = g->of[1].out;
    for (int64_t h = 0; h < r->out; h++, y += wide)
        if (h > 0 && r->low[h] == r->low[h - 1])
            memcpy(y, y - wide, (size_t)wide * sizeof(float));
        else
            stretch(g, x + r->low[h] * g->of[1].in, y);
}

/* held[i]: which row of x the stretched row i is; -1: none. */
static void mean_plane(const work *w, const float *x, float *rows[2], float *y) {
    const geometry *g = w->g;
    const axis *r = &g->of[0];
    const int64_t wide = g->of[1].out;
    int64_t held[2] = {-1, -1};
    for (int64_t h = 0; h < r->out; h++, y += wide) {
        const int64_t wanted[2] = {r->low[h], r->high[h]};
        if (held[0] != wanted[0] && held[1] == wanted[0]) {
            float *row = rows[0];
            rows[0] = rows[1];
            rows[1] = row;
            held[1] = held[0];
            held[0] = wanted[0];
        }
        for (int i = 0; i < 2; i++) {
            if (held[i] == wanted[i] || (i == 1 && wanted[1] == wanted[0])) continue;
            stretch(g, x + wanted[i] * g->of[1].in, rows[i]);
            held[i] = wanted[i];
        }
        const float *below = wanted[1] == wanted[0] ? rows[0] : rows[1];
        w->p->kernels->mul(wide, rows[0], r->a[h], y);
        w->p->kernels->axpy(wide, r->b[h], below, y);
    }
}

static void planes(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const geometry *g = w->g;
    const int64_t room = fv__cpu_pad(g->of[1].out);
    float *rows[2] = {fv__cpu_worker(w->p, worker), NULL};
    rows[1] = rows[0] + room;
    for (int64_t q = first; q < end; q++) {
        const int64_t n = q / g->channels, c = q % g->channels;
        const float *x = fv__cpu_at(&w->p->x[0], n) + c * g->of[0].in * g->of[1].in;
        float *y = fv__cpu_at(&w->p->y[0], n) + c * g->of[0].out * g->of[1].out;
        if (g->nearest)
            nearest_plane(g, x, y);
        else
            mean_plane(w, x, rows, y);
    }
}

static void forward(const fv_pass *p) {
    const work w = {p, p->state};
    fv__cpu_split(p->pool, fv__cpu_planes(&p->y[0].shape),
                  8 * (double)fv__shape_count(&p->y[0].shape), FV_GRAIN, planes, &w);
}

static const char *refuses(const fv_site *site, const fv_request *request) {
    const char *why = fv__cpu_refuses(site, request);
    if (why) return why;
    return site->in_type[0].dtype == FV_F32 ? NULL : "resizes maps of real numbers only";
}

const fv_impl fv__cpu_resize_rows_forward = {.name = "rows",
                                             .op = &fv__op_resize,
                                             .which = FV_FORWARD,
                                             .refuses = refuses,
                                             .settle = settle_resize,
                                             .run = forward};
const fv_impl fv__cpu_upsample_rows_forward = {.name = "rows",
                                               .op = &fv__op_upsample,
                                               .which = FV_FORWARD,
                                               .refuses = refuses,
                                               .settle = settle_upsample,
                                               .run = forward};
