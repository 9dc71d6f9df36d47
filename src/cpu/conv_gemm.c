/* SPDX-License-Identifier: MIT */
/*
 * conv_gemm.c - y = W * patches(x), with the matrix of patches made a panel at a time.
 *
 * A panel is `width` output pixels by `depth` weights of a filter, small enough for the L2 cache:
 * 24 vector multiply-adds take 3 vectors of it and 32 bytes of packed filters, which stream by. It
 * is made once and met by all filters; a 1x1 convolution reads x itself where too few of them
 * would, or its rows lie close together. Deeper filters take several panels, adding to y. Bias goes
 * in first, the activation follows while the block is in cache. Maps smaller than two register
 * tiles are joined: a panel then runs over several samples, and its result is copied to their
 * places.
 */
#include "cpu/conv_sizes.h"

#include <string.h>

#define PANEL_FLOATS  24576 /* 96 KB of L2 */
#define DEPTH         256
#define CLOSE         1024      /* pixels of maps whose rows lie close together */
#define SHARED_FLOATS (1 << 21) /* patches made beforehand: 8 MB at most */

fv_conv_sizes fv__cpu_conv_sizes(const fv_conv_options *o, const fv_shape *in,
                                 const struct fv_kernels *k) {
    fv_window win[2];
    fv_shape maps;
    fv_conv_options flat;
    fv__conv_windows(in, o, win);
    fv__conv_as_maps(in, o, &maps, &flat);
    fv_conv_sizes s = {.n = in->dim[0], .groups = o->groups};
    s.patch = (fv_patches){.h = maps.dim[2],
                           .w = maps.dim[3],
                           .kh = win[0].kernel,
                           .kw = win[1].kernel,
                           .sh = win[0].stride,
                           .sw = win[1].stride,
                           .dh = win[0].dilation,
                           .dw = win[1].dilation,
                           .top = win[0].before,
                           .left = win[1].before,
                           .oh = win[0].out,
                           .ow = win[1].out};
    s.c = in->dim[1] / o->groups;
    s.k = o->channels / o->groups;
    s.crs = s.c * win[0].kernel * win[1].kernel;
    s.places = win[0].out * win[1].out;
    s.pixels = maps.dim[2] * maps.dim[3];
    s.pointwise = win[0].kernel == 1 && win[1].kernel == 1 && win[0].stride == 1 &&
                  win[1].stride == 1 && win[0].before == 0 && win[1].before == 0 &&
                  s.places == s.pixels;
    s.joined = s.n > 1 && s.places < 2 * k->nr;
    s.count = s.joined ? 1 : s.n;
    s.per = s.joined ? s.n * s.places : s.places;
    return s;
}

const char *fv__cpu_conv_refuses(const fv_site *site, const fv_request *request) {
    const fv_conv_options *o = site->options;
    if (o->flip) return "does not mirror kernels";
    return fv__cpu_refuses(site, request);
}

const char *fv__cpu_conv_maps_refuses(const fv_site *site, const fv_request *request) {
    if (site->in[0].rank != 4) return "takes maps, not sequences";
    return fv__cpu_conv_refuses(site, request);
}

void fv__cpu_rows_gather(const fv_conv_sizes *s, const fv_tensor *t, int64_t run, int64_t channel,
                         int64_t rows, int64_t p0, int64_t p1, float *out, int64_t ld) {
    for (int64_t p = p0; p < p1;) {
        const int64_t sample = run + p / s->places, at = p % s->places;
        const int64_t len = fv__cpu_min(s->places - at, p1 - p);
        const float *from = fv__cpu_at(t, sample) + channel * s->places + at;
        for (int64_t r = 0; r < rows; r++)
            memcpy(out + r * ld + p - p0, from + r * s->places, (size_t)len * sizeof(float));
        p += len;
    }
}

/* What settle finds of a site. */
typedef struct geometry {
    fv_conv_sizes s;
    int64_t depth, depths; /* weights of a panel, panels one behind the other */
    int64_t width, panels; /* pixels of a panel, panels of a run */
    int64_t ld;            /* floats from one row of a panel to the next */
    int64_t row_blocks;    /* parts the filters of a group are cut into */
    int64_t units;         /* (run, group, panel, rows), which are shared out */
    double macs;
    int64_t group_floats; /* packed weights of one group */
    int64_t panel_floats, block_floats;
    bool in_place; /* x itself is the matrix of patches */
    bool copied;   /* what comes before is applied to a copy of x: patches are not of whole rows */
    bool shared;   /* patches are made beforehand, once for all parts of the filters */
} geometry;

typedef struct work {
    const fv_pass *p;
    const geometry *g;
    fv_conv_sizes s; /* with the step of this x */
    bool by_rows;    /* units that follow each other have filters in common, not a panel */
    fv_activation act;
    const float *bias;
    fv_tensor x; /* or its copy, behind the shared patches */
} work;

/* Whether copying a panel costs more than its rows, which lie apart in x, cost the caches: they are
   not far apart, or the panel meets few filters. */
static bool better_in_place(const fv_conv_sizes *s) {
    return s->pixels <= CLOSE || s->k < 256 || 2 * s->k < s->crs;
}

/* Whether a row of patches is of one channel, without padding. */
static bool plain(const fv_conv_sizes *s) {
    const fv_patches *m = &s->patch;
    return s->crs == s->c && m->top == 0 && m->left == 0 && (m->oh - 1) * m->sh < m->h &&
           (m->ow - 1) * m->sw < m->w;
}

FV_CUTS({"panels half as wide", -1, 0, 0}, {"panels twice as wide", 1, 0, 0},
        {"panels half as deep", 0, -1, 0}, {"panels twice as deep", 0, 1, 0},
        {"filters in half as many parts", 0, 0, -1}, {"filters in twice as many parts", 0, 0, 1})

/* Panels end at whole vectors, however wide: only a run's last columns may be summed in an order
   of their own, and those are the same ones. */
static void cut_panels(geometry *g, const struct fv_kernels *k, const fv_cut *cut) {
    const fv_conv_sizes *s = &g->s;
    g->depths = fv__cpu_up(s->crs, fv__cpu_doubled(DEPTH, cut->depth));
    g->depth = fv__cpu_up(s->crs, g->depths);
    g->width = fv__cpu_doubled(fv__cpu_max(PANEL_FLOATS / g->depth / k->nr, 1), cut->band) * k->nr;
    g->width = fv__cpu_min(g->width, fv__cpu_up(s->per, k->lanes) * k->lanes);
    /* the last panel takes a few columns more, if that spares another one */
    g->panels = fv__cpu_max(1, fv__cpu_up(s->per - FV_COLUMNS_ALONE, g->width));
    g->ld = fv__cpu_up(fv__cpu_min(g->width + FV_COLUMNS_ALONE, s->per), 4) * 4;
    const int64_t units = s->count * s->groups * g->panels;
    g->row_blocks = 1;
    if (units < 24)
        g->row_blocks = fv__cpu_max(1, fv__cpu_min(fv__cpu_up(24, units), s->k / (4 * k->mr)));
    g->row_blocks =
        fv__cpu_min(fv__cpu_doubled(g->row_blocks, cut->parts), fv__cpu_up(s->k, k->mr));
    g->units = units * g->row_blocks;
}

/* Cuts the work as the site says, or the variant does. */
static const char *cut_as(geometry *g, const fv_request *request) {
    const fv_cut none = cut_number(0), cut = cut_number(request->variant);
    cut_panels(g, request->kernels, &none);
    if (!cut.name) return NULL;
    const geometry usual = *g;
    cut_panels(g, request->kernels, &cut);
    if (g->depth == usual.depth && g->width == usual.width && g->row_blocks == usual.row_blocks)
        return fv__cpu_no_other;
    return g->depth != usual.depth && fv__cpu_alone(g->s.per, request->kernels) ? fv__cpu_other_bits
                                                                                : NULL;
}

static const char *settle(const fv_site *site, const fv_request *request, fv_arena *arena,
                          fv_settled *settled) {
    FV_STATE(geometry, g, arena);
    const struct fv_kernels *k = request->kernels;
    if (!g) return fv__impl_no_memory;
    g->s = fv__cpu_conv_sizes(site->options, &site->in[0], k);
    const fv_conv_sizes *s = &g->s;
    g->copied = site->prologue.there && !plain(s);
    g->in_place = s->pointwise && !s->joined && !site->prologue.there && better_in_place(s);
    const char *why = cut_as(g, request);
    if (why) return why;
    g->macs = (double)s->n * (double)s->groups * (double)s->k * (double)s->crs * (double)s->places;
    g->group_floats = fv__cpu_pad(fv__cpu_up(s->k, k->mr) * k->mr * s->crs);
    g->panel_floats = fv__cpu_pad(g->depth * g->ld);
    g->block_floats = s->joined ? fv__cpu_pad(s->k * g->ld) : 0;
    settled->state = g;
    settled->prepared = sizeof(float) * (size_t)(s->groups * g->group_floats);
    settled->packed = true;
    /* y has no sums of a part of the depth in it while what is added is still to be read */
    settled->over_added = g->depths == 1 || s->joined;
    const int64_t all = s->count * s->groups * g->panels * s->crs * g->ld;
    g->shared = g->row_blocks > 1 && !g->in_place && all <= SHARED_FLOATS;
    const int64_t copied = g->copied ? s->n * s->groups * s->c * s->pixels : 0;
    settled->scratch =
        sizeof(float) * (size_t)((g->shared ? fv__cpu_pad(all) : 0) + fv__cpu_pad(copied));
    settled->worker = sizeof(float) * (size_t)(g->panel_floats + g->block_floats);
    return NULL;
}

/* Filters in strips of mr, a depth of weights after the other, so that a product reads on where it
   is: packed[depth][strip][weight][filter of the strip]. */
static void pack_strips(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const geometry *g = p->state;
    const int64_t mr = p->kernels->mr, crs = g->s.crs, strips = fv__cpu_up(g->s.k, mr);
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t group = u / strips, r0 = u % strips * mr;
        const int64_t rows = fv__cpu_min(mr, g->s.k - r0);
        float *to = (float *)p->prepared + group * g->group_floats;
        const float *from = (const float *)p->w[0].data + (group * g->s.k + r0) * crs;
        for (int64_t k0 = 0; k0 < crs; k0 += g->depth) {
            const int64_t depth = fv__cpu_min(g->depth, crs - k0);
            p->kernels->pack(rows, depth, from + k0, crs, to + k0 * strips * mr + r0 * depth);
        }
    }
}

static void prepare(const fv_pass *p) {
    const geometry *g = p->state;
    const int64_t strips = fv__cpu_up(g->s.k, p->kernels->mr) * g->s.groups;
    fv__cpu_split(p->pool, strips, (double)strips * (double)g->s.crs * 16, FV_GRAIN, pack_strips,
                  p);
}

/* What of the epilogue the product does itself. */
static fv_gemm_after after_of(const work *w, int64_t run, int64_t channel, int64_t p0) {
    const int64_t places = w->s.places;
    fv_gemm_after after = fv__cpu_bounds(&w->act);
    after.ld = places;
    if (w->p->added) after.added = fv__cpu_at(w->p->added, run) + channel * places + p0;
    return after;
}

/* The rest of the epilogue of a finished block of y; a joined one goes to its samples. */
static void finish(const work *w, int64_t run, int64_t channel, int64_t rows, int64_t p0,
                   int64_t p1, float *block) {
    const fv_conv_sizes *s = &w->s;
    const struct fv_kernels *k = w->p->kernels;
    if (!s->joined && fv__cpu_bounded(&w->act)) return;
    for (int64_t p = p0; p < p1;) {
        const int64_t sample = run + p / s->places, at = channel * s->places + p % s->places;
        const int64_t len = fv__cpu_min(s->places - p % s->places, p1 - p);
        float *y = fv__cpu_at(&w->p->y[0], sample) + at;
        float *from = s->joined ? block + p - p0 : y;
        const int64_t ld = s->joined ? w->g->ld : s->places;
        if (w->p->added && s->joined)
            fv__cpu_add_rows(w->p, sample, at, rows, s->places, len, from, ld);
        if (s->joined || !fv__cpu_bounded(&w->act))
            k->act(w->act.kind, rows, len, from, ld, y, s->places, w->act.p, w->act.q);
        p += len;
    }
}

static int64_t panel_end(const geometry *g, int64_t i) {
    return i + 1 == g->panels ? g->s.per : (i + 1) * g->width;
}

/* Where the patches of a panel lie that were made beforehand, from weight k0 on. */
static float *shared_at(const work *w, int64_t panel_of_run, int64_t k0) {
    return (float *)w->p->scratch + (panel_of_run * w->s.crs + k0) * w->g->ld;
}

/* Makes a panel of patches, from weight k0 on, of the x of a run and group. */
static void columns(const work *w, int64_t group, const float *x, int64_t k0, int64_t p0,
                    int64_t p1, float *out) {
    const fv_conv_sizes *s = &w->s;
    const int64_t k1 = fv__cpu_min(k0 + w->g->depth, s->crs), ld = w->g->ld;
    const bool before = w->p->prologue && !w->g->copied;
    const bool lies = before && s->pointwise && !s->joined; /* x is read where it is */
    if (!lies) w->p->kernels->patches(&s->patch, x, k0, k1, p0, p1, out, ld);
    if (before)
        fv__cpu_before_rows(w->p, group * s->c + k0, k1 - k0, p1 - p0,
                            lies ? x + k0 * s->pixels + p0 : out, lies ? s->pixels : ld, out, ld);
}

/* Units are (run, group, panel), a depth at a time. */
static void make_patches(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const geometry *g = w->g;
    const fv_conv_sizes *s = &w->s;
    (void)worker;
    for (int64_t unit = first; unit < end; unit++) {
        const int64_t u = unit / g->depths, k0 = unit % g->depths * g->depth;
        const int64_t p0 = u % g->panels * g->width, p1 = panel_end(g, u % g->panels);
        const int64_t group = u / g->panels % s->groups, run = u / g->panels / s->groups;
        const float *x = fv__cpu_at(&w->x, run) + group * s->c * s->pixels;
        columns(w, group, x, k0, p0, p1, shared_at(w, u, k0));
    }
}

static void panel(const work *w, int64_t unit, float *cols, float *block) {
    const geometry *g = w->g;
    const fv_conv_sizes *s = &w->s;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t part = w->by_rows ? unit / g->panels : unit % g->row_blocks;
    const int64_t u = w->by_rows ? unit % g->panels : unit / g->row_blocks;
    const int64_t p0 = u % g->panels * g->width, p1 = panel_end(g, u % g->panels);
    const int64_t group = u / g->panels % s->groups, run = u / g->panels / s->groups;
    const float *packed = (const float *)w->p->prepared + group * g->group_floats;
    const float *x = fv__cpu_at(&w->x, run) + group * s->c * s->pixels;
    int64_t first, end;
    const int64_t strips = fv__cpu_up(s->k, k->mr);
    fv__cpu_cut(strips, g->row_blocks, part, &first, &end);
    const int64_t r0 = first * k->mr, r_end = fv__cpu_min(end * k->mr, s->k);
    float *y = s->joined ? block : fv__cpu_at(&w->p->y[0], run) + group * s->k * s->places + p0;
    const int64_t ldy = s->joined ? g->ld : s->places;
    for (int64_t k0 = 0; k0 < s->crs; k0 += g->depth) {
        const int64_t k1 = fv__cpu_min(k0 + g->depth, s->crs);
        const float *b = cols;
        int64_t ldb = g->ld;
        if (g->in_place) {
            b = x + k0 * s->pixels + p0;
            ldb = s->pixels;
        } else if (g->shared) {
            b = shared_at(w, u, k0);
        } else {
            columns(w, group, x, k0, p0, p1, cols);
        }
        for (int64_t r = r0; r < r_end; r += k->mr) {
            const fv_gemm_after after = after_of(w, run, group * s->k + r, p0);
            k->gemm_then(fv__cpu_min(k->mr, r_end - r), p1 - p0, k1 - k0,
                         packed + k0 * strips * k->mr + r * (k1 - k0), k->mr, 1, b, ldb, NULL,
                         y + r * ldy, ldy, w->bias ? w->bias + group * s->k + r : NULL, k0 > 0,
                         k1 == s->crs && !s->joined ? &after : NULL);
        }
    }
    finish(w, run, group * s->k + r0, r_end - r0, p0, p1, block + r0 * g->ld);
}

static void panels(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const geometry *g = w->g;
    float *cols = fv__cpu_worker(w->p, worker);
    for (int64_t u = first; u < end; u++) panel(w, u, cols, cols + g->panel_floats);
}

/* Units are planes. */
static void copy_planes(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const int64_t channels = w->s.groups * w->s.c, pixels = w->s.pixels;
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t n = u / channels, c = u % channels;
        fv__cpu_before_rows(w->p, c, 1, pixels, fv__cpu_at(&w->p->x[0], n) + c * pixels, 0,
                            fv__cpu_at(&w->x, n) + c * pixels, 0);
    }
}

static void make_copy(work *w, float *copy) {
    const fv_conv_sizes *s = &w->s;
    const int64_t planes = s->n * s->groups * s->c;
    w->x.data = copy;
    w->x.step = s->groups * s->c * s->pixels;
    fv__cpu_split(w->p->pool, planes, 4 * (double)(planes * s->pixels), FV_GRAIN, copy_planes, w);
}

/* A thread has units that follow each other. Of small maps one of several had better write rows of
   its own than pieces of all rows: at their ends these share lines with what another thread writes,
   and the processor fetches more of them ahead. */
static bool by_rows(const geometry *g, int threads) {
    const fv_conv_sizes *s = &g->s;
    return threads > 1 && g->in_place && s->count == 1 && s->groups == 1 && s->pixels <= CLOSE;
}

static void forward(const fv_pass *p) {
    const geometry *g = p->state;
    const int64_t units = g->s.count * g->s.groups * g->panels;
    const int64_t shared = g->shared ? fv__cpu_pad(units * g->s.crs * g->ld) : 0;
    work w = {.p = p,
              .g = g,
              .s = g->s,
              .by_rows = by_rows(g, fv__pool_size(p->pool)),
              .act = fv__cpu_epilogue_act(p),
              .bias = fv__cpu_bias(p),
              .x = p->x[0]};
    if (g->copied) make_copy(&w, (float *)p->scratch + shared);
    w.s.patch.step = w.x.step;
    if (g->shared)
        fv__cpu_split(p->pool, units * g->depths, 4 * (double)shared, FV_GRAIN, make_patches, &w);
    fv__cpu_split(p->pool, g->units, g->macs, 2 * FV_GRAIN, panels, &w);
}

const fv_impl fv__cpu_conv_gemm_forward = {.name = "gemm",
                                           .op = &fv__op_conv,
                                           .which = FV_FORWARD,
                                           .refuses = fv__cpu_conv_refuses,
                                           .settle = settle,
                                           .prepare = prepare,
                                           .run = forward,
                                           .prologue = true,
                                           .variant = variant};
