/* SPDX-License-Identifier: MIT */
/*
 * depthwise_inner.c - a 1x1 convolution and the depthwise convolution behind it, in one.
 *
 * The first makes many channels (six times as many as it reads, in MobileNet v2), the second sees
 * each of them by itself. So a strip of channels is made, as many as the product has rows in
 * registers, for a stretch of rows that fits into the L2 cache with what it is made of; then the
 * depthwise kernel reads it there. The wide map is never written to memory. Rows that two stretches
 * see are made twice, which must be few of them.
 */
#include "cpu/depthwise.h"

#define STRIP        8            /* channels at a time, at least */
#define NEAR_FLOATS  (128 * 1024) /* of a strip and what it is made of: half of an L2 cache */
#define DEEPEST      256          /* channels that are read: as deep as a panel of conv_gemm.c */
#define LEAST_FLOATS (64 * 1024)  /* of the map between: a smaller one is in the caches anyway */
#define TWICE_MOST   8            /* one part in so many of the rows, at most, is made twice */

static const char *refuses(const fv_site *s, const fv_request *request, fv_arena *arena) {
    const char *why = fv__cpu_conv_maps_refuses(s, request);
    if (why) return why;
    const fv_conv_sizes size = fv__cpu_conv_sizes(s->options, &s->in[0], request->kernels);
    const fv_epilogue *e = &s->epilogue;
    const fv_impl *pairs = &fv__cpu_conv_pairs_forward;
    fv_settled settled;
    if (!size.pointwise || size.groups != 1) return "takes only a 1x1 convolution before it";
    if (s->prologue.there || e->add || s->inner) return "takes only a convolution alone before it";
    if (e->act && fv__cpu_activation(e->act, e->act_options).kind == FV_ACT_NONE)
        return "does not know the activation between";
    if (size.c > DEEPEST) return "the convolution before it reads too many channels";
    if (size.k * size.pixels < LEAST_FLOATS || size.pixels < 2 * request->kernels->nr)
        return "the map between is small enough for the caches";
    why = pairs->refuses(s, request);
    if (!why) why = pairs->settle(s, request, arena, &settled);
    if (!why) return "there is a faster way for the convolution before it";
    return why == fv__impl_no_memory ? why : NULL;
}

/* As many rows as there is room for: whole bands of the depthwise kernel, or whole tiles. */
static bool cut(fv_depth *d, int64_t mr) {
    const fv_depthwise *g = &d->g;
    d->strip = fv__cpu_up(STRIP, mr) * mr;
    const int64_t seen = NEAR_FLOATS / ((d->c + d->strip) * g->w);
    const int64_t rows = (seen - fv__depth_seen(g, 1)) / g->sh + 1;
    if (seen < fv__depth_seen(g, 1)) return false;
    d->stretch = rows >= d->band ? rows / d->band * d->band : rows > 4 ? rows / 4 * 4 : rows;
    d->stretch = fv__cpu_min(d->stretch, g->oh);
    d->stretches = fv__cpu_up(g->oh, d->stretch);
    d->ld = fv__cpu_pad(fv__cpu_min(fv__depth_seen(g, d->stretch), g->h) * g->w);
    if (d->ld % 512 == 0) d->ld += 16; /* not all channels in the same lines of the L1 cache */
    d->slab = d->strip * d->ld;
    const int64_t twice = fv__depth_seen(g, d->stretch) - d->stretch * g->sh;
    return d->stretches == 1 || twice * TWICE_MOST <= d->stretch * g->sh;
}

const char *fv__depth_settle_inner(fv_depth *d, const fv_site *site, const fv_request *request,
                                   fv_arena *arena, fv_settled *settled) {
    const char *why = refuses(site->inner, request, arena);
    if (why) return why;
    const int64_t channels = fv__channels(&site->in[0]), mr = request->kernels->mr;
    d->c = fv__channels(&site->inner->in[0]);
    if (!cut(d, mr)) return "too many rows of the map between would be made twice";
    d->strips = fv__cpu_up(channels, d->strip);
    settled->prepared = sizeof(float) * (size_t)(fv__cpu_up(channels, mr) * mr * d->c);
    settled->worker = sizeof(float) * (size_t)(d->slab + d->worker);
    return NULL;
}

/* Units are strips of the product's registers. */
static void pack(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const fv_depth *d = p->state;
    const int64_t mr = p->kernels->mr, filters = p->inner->w[0].shape.dim[0];
    const float *w = p->inner->w[0].data;
    (void)worker;
    for (int64_t u = first; u < end; u++)
        p->kernels->pack(fv__cpu_min(mr, filters - u * mr), d->c, w + u * mr * d->c, d->c,
                         (float *)p->prepared + u * mr * d->c);
}

void fv__depth_prepare_inner(const fv_pass *p) {
    const fv_depth *d = p->state;
    const int64_t filters = p->inner->w[0].shape.dim[0];
    fv__cpu_split(p->pool, fv__cpu_up(filters, p->kernels->mr), 16 * (double)(filters * d->c),
                  FV_GRAIN, pack, p);
}

/* Channels c to c+count-1 of the map between, rows lo to hi-1, into the slab. */
static void make(const fv_depth_work *w, int64_t n, int64_t c, int64_t count, int64_t lo,
                 int64_t hi, float *slab) {
    const fv_depth *d = w->d;
    const struct fv_kernels *k = w->p->kernels;
    const float *bias = fv__cpu_bias(w->p->inner);
    const float *x = fv__cpu_at(&w->p->x[0], n) + lo * d->g.w;
    const int64_t cols = (hi - lo) * d->g.w;
    for (int64_t r = 0; r < count; r += k->mr)
        k->gemm_then(fv__cpu_min(k->mr, count - r), cols, d->c,
                     (const float *)w->p->prepared + (c + r) * d->c, k->mr, 1, x, d->g.plane, NULL,
                     slab + r * d->ld, d->ld, bias ? bias + c + r : NULL, false, &w->inner_after);
    if (!fv__cpu_bounded(&w->inner_act))
        k->act(w->inner_act.kind, count, cols, slab, d->ld, slab, d->ld, w->inner_act.p,
               w->inner_act.q);
}

/* Units are (sample, stretch, strip). */
static void units(void *arg, int64_t first, int64_t end, int worker) {
    const fv_depth_work *w = arg;
    const fv_depth *d = w->d;
    float *slab = fv__cpu_worker(w->p, worker);
    for (int64_t u = first; u < end; u++) {
        const int64_t n = u / d->strips / d->stretches, c = u % d->strips * d->strip;
        const int64_t count = fv__cpu_min(d->strip, w->channels - c);
        const int64_t row = u / d->strips % d->stretches * d->stretch;
        const int64_t stop = fv__cpu_min(row + d->stretch, d->g.oh);
        fv_depthwise g = d->g;
        g.base = fv__cpu_max(row * g.sh - g.top, 0);
        g.plane = d->ld;
        const int64_t hi = fv__cpu_min(row * g.sh - g.top + fv__depth_seen(&g, stop - row), g.h);
        if (hi > g.base) make(w, n, c, count, g.base, hi, slab);
        for (int64_t r = row; r < stop; r += d->band)
            fv__depth_planes(w, &g, slab, n, c, count, r, fv__cpu_min(d->band, stop - r),
                             slab + d->slab);
    }
}

void fv__depth_run_inner(fv_depth_work *w) {
    const fv_depth *d = w->d;
    w->inner_act = fv__cpu_epilogue_act(w->p->inner);
    w->inner_after = fv__cpu_bounds(&w->inner_act);
    const int64_t n = w->p->x[0].shape.dim[0];
    const double macs = (double)(n * w->channels * d->g.plane) * (double)d->c;
    fv__cpu_split(w->p->pool, n * d->stretches * d->strips, macs, 2 * FV_GRAIN, units, w);
}
