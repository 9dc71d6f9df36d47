/* SPDX-License-Identifier: MIT */
/*
 * conv forward: y = W * patches(x), with the matrix of patches made a panel at a time.
 *
 * A panel is `width` output pixels by `depth` weights of a filter, small enough for the L1 cache;
 * it is made once and met by all filters, whose packed rows stream by (32 bytes per 24 vector
 * multiply-adds, which the L2 and even the L3 cache deliver). Deeper filters take several panels,
 * adding to y. Bias goes in first, the activation follows while the block is in cache. Maps smaller
 * than two register tiles are joined: a panel then runs over several samples, and its result is
 * copied to their places.
 */
#include "cpu/conv.h"

#include <string.h>

#define PANEL_FLOATS 8192 /* 32 KB of L1 */
#define DEPTH        192
#define LOOSE_PIXELS 1024

fv_conv_sizes fv__cpu_conv_sizes(const fv_conv_options *o, const fv_shape *in,
                                 const struct fv_kernels *k) {
    fv_window win[2];
    fv__conv_windows(in, o, win);
    fv_conv_sizes s = {.n = in->dim[0], .groups = o->groups};
    s.patch = (fv_patches){.h = in->dim[2],
                           .w = in->dim[3],
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
    s.pixels = in->dim[2] * in->dim[3];
    s.pointwise = win[0].kernel == 1 && win[1].kernel == 1 && win[0].stride == 1 &&
                  win[1].stride == 1 && win[0].before == 0 && win[1].before == 0 &&
                  s.places == s.pixels;
    s.joined = s.n > 1 && s.places < 2 * k->nr;
    s.count = s.joined ? 1 : s.n;
    s.per = s.joined ? s.n * s.places : s.places;
    return s;
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

typedef struct work {
    const fv_pass *p;
    fv_conv_sizes s;
    fv_activation act;
    const float *packed, *bias;
    int64_t depth, depths; /* weights of a panel, panels one behind the other */
    int64_t width, panels; /* pixels of a panel, panels of a run */
    int64_t row_blocks;    /* parts the filters of a group are cut into */
    int64_t units, jobs;   /* (run, group, panel, rows) and how they are shared out */
    int64_t group_floats;  /* packed weights of one group */
    bool loose;            /* not packed: too few pixels to make up for it */
    int64_t panel_floats, block_floats;
    float *scratch; /* of the workers */
} work;

static work plan(const fv_conv_options *o, const fv_shape *in, const struct fv_kernels *k) {
    work w = {.s = fv__cpu_conv_sizes(o, in, k)};
    const fv_conv_sizes *s = &w.s;
    w.depths = fv__cpu_up(s->crs, DEPTH);
    w.depth = fv__cpu_up(s->crs, w.depths);
    w.width = fv__cpu_max(PANEL_FLOATS / w.depth / k->nr, 1) * k->nr;
    w.width = fv__cpu_min(w.width, fv__cpu_up(s->per, k->lanes) * k->lanes);
    w.panels = fv__cpu_up(s->per, w.width);
    const int64_t units = s->count * s->groups * w.panels;
    w.row_blocks = 1;
    if (units < 24)
        w.row_blocks = fv__cpu_max(1, fv__cpu_min(fv__cpu_up(24, units), s->k / (4 * k->mr)));
    w.units = units * w.row_blocks;
    double macs =
        (double)s->n * (double)s->groups * (double)s->k * (double)s->crs * (double)s->places;
    w.jobs = fv__cpu_jobs(w.units, macs, 262144);
    w.loose = s->n * s->places <= LOOSE_PIXELS;
    w.group_floats = w.loose ? 0 : fv__cpu_pad(fv__cpu_up(s->k, k->mr) * k->mr * s->crs);
    w.panel_floats = fv__cpu_pad(w.depth * w.width);
    w.block_floats = s->joined ? fv__cpu_pad(s->k * w.width) : 0;
    return w;
}

/* Filters in strips of mr: packed[strip][weight][filter of the strip]. */
static void pack_strips(const work *w, float *packed, int64_t first, int64_t end) {
    const int64_t mr = w->p->kernels->mr, crs = w->s.crs, strips = fv__cpu_up(w->s.k, mr);
    for (int64_t u = first; u < end; u++) {
        const int64_t group = u / strips, r0 = u % strips * mr;
        const int64_t rows = fv__cpu_min(mr, w->s.k - r0);
        float *to = packed + group * w->group_floats + r0 * crs;
        const float *from = (const float *)w->p->w[0].data + (group * w->s.k + r0) * crs;
        w->p->kernels->pack(rows, crs, from, crs, to);
    }
}

static void pack_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const int64_t strips = fv__cpu_up(w->s.k, w->p->kernels->mr) * w->s.groups;
    int64_t first, end;
    (void)worker;
    fv__cpu_cut(strips, fv__cpu_min(strips, 16), job, &first, &end);
    pack_strips(w, (float *)w->p->scratch, first, end);
}

static void pack(const work *w) {
    const int64_t strips = fv__cpu_up(w->s.k, w->p->kernels->mr) * w->s.groups;
    if (strips * w->s.crs < 8192)
        pack_strips(w, (float *)w->p->scratch, 0, strips);
    else
        fv__pool_run(w->p->pool, fv__cpu_min(strips, 16), pack_job, (void *)w);
}

/* Applies the activation to a finished block of y, or copies it out of a joined one. */
static void finish(const work *w, int64_t run, int64_t channel, int64_t rows, int64_t p0,
                   int64_t p1, const float *block) {
    const fv_conv_sizes *s = &w->s;
    const struct fv_kernels *k = w->p->kernels;
    if (!s->joined && w->act.kind == FV_ACT_NONE) return;
    for (int64_t p = p0; p < p1;) {
        const int64_t sample = run + p / s->places, at = p % s->places;
        const int64_t len = fv__cpu_min(s->places - at, p1 - p);
        float *y = fv__cpu_at(&w->p->y, sample) + channel * s->places + at;
        k->act(w->act.kind, rows, len, s->joined ? block + p - p0 : y,
               s->joined ? w->width : s->places, y, s->places, w->act.p, w->act.q);
        p += len;
    }
}

static void panel(const work *w, int64_t unit, float *cols, float *block) {
    const fv_conv_sizes *s = &w->s;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t part = unit % w->row_blocks, u = unit / w->row_blocks;
    const int64_t p0 = u % w->panels * w->width, p1 = fv__cpu_min(p0 + w->width, s->per);
    const int64_t group = u / w->panels % s->groups, run = u / w->panels / s->groups;
    const float *packed = w->packed + group * w->group_floats;
    const float *weight = (const float *)w->p->w[0].data + group * s->k * s->crs;
    const float *x = fv__cpu_at(&w->p->x[0], run) + group * s->c * s->pixels;
    const int64_t strips = fv__cpu_up(s->k, k->mr);
    int64_t first, end;
    fv__cpu_cut(strips, w->row_blocks, part, &first, &end);
    const int64_t r_end = fv__cpu_min(end * k->mr, s->k);
    float *y = s->joined ? block : fv__cpu_at(&w->p->y, run) + group * s->k * s->places + p0;
    const int64_t ldy = s->joined ? w->width : s->places;
    for (int64_t k0 = 0; k0 < s->crs; k0 += w->depth) {
        const int64_t k1 = fv__cpu_min(k0 + w->depth, s->crs);
        const float *b = cols;
        int64_t ldb = w->width;
        if (s->pointwise && !s->joined) {
            b = x + k0 * s->pixels + p0;
            ldb = s->pixels;
        } else {
            k->patches(&s->patch, x, k0, k1, p0, p1, cols, w->width);
        }
        for (int64_t r = first * k->mr; r < r_end; r += k->mr)
            k->gemm(fv__cpu_min(k->mr, r_end - r), p1 - p0, k1 - k0,
                    w->loose ? weight + r * s->crs + k0 : packed + r * s->crs + k0 * k->mr,
                    w->loose ? 1 : k->mr, w->loose ? s->crs : 1, b, ldb, NULL, y + r * ldy, ldy,
                    w->bias ? w->bias + group * s->k + r : NULL, k0 > 0);
    }
    const int64_t r0 = first * k->mr;
    finish(w, run, group * s->k + r0, r_end - r0, p0, p1, block + r0 * w->width);
}

static void job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    float *cols = w->scratch + worker * (w->panel_floats + w->block_floats);
    int64_t first, end;
    fv__cpu_cut(w->units, w->jobs, job, &first, &end);
    for (int64_t u = first; u < end; u++) panel(w, u, cols, cols + w->panel_floats);
}

static void forward(const fv_pass *p) {
    const fv_conv_options *o = p->options;
    work w = plan(o, &p->x[0].shape, p->kernels);
    w.p = p;
    w.s.patch.step = p->x[0].step;
    w.act = fv__cpu_then(p);
    w.packed = p->scratch;
    w.bias = o->bias ? p->w[1].data : NULL;
    w.scratch = (float *)p->scratch + w.s.groups * w.group_floats;
    if (!w.loose) pack(&w);
    fv__pool_run(p->pool, w.jobs, job, &w);
}

static size_t scratch(const fv_site *site, const fv_ask *ask) {
    const work w = plan(site->options, &site->in[0], ask->kernels);
    return sizeof(float) *
           (size_t)(w.s.groups * w.group_floats + ask->workers * (w.panel_floats + w.block_floats));
}

const fv_impl fv__cpu_conv_forward = {.name = "gemm",
                                      .refuses = fv__cpu_refuses,
                                      .run = forward,
                                      .scratch = scratch,
                                      .layout = FV_PLAIN,
                                      .fuses = fv__cpu_fuses};
