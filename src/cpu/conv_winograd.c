/* SPDX-License-Identifier: MIT */
/*
 * conv_winograd.c - 3x3 convolutions of stride 1 in inference, by Winograd's minimal filtering
 * F(4x4, 3x3): a quarter of the multiplications (kern/winograd.inc.h has the formulas and their
 * source).
 *
 * Three passes over a band of tiles: every channel's tiles are transformed; 36 products, one for
 * each number of a transformed tile, sum over the channels; every filter's sums are transformed
 * back, and bias, sum and activation follow. The filters are transformed when they are prepared. A
 * band is as many rows of tiles, or as many whole samples, as keep the transformed numbers in the
 * caches, and enough that the filters, four times as large as before, are worth reading.
 *
 * Errors: about twice those of the definition summed in float32.
 */
#include "cpu/conv_sizes.h"

#define PLACES      36     /* numbers of a transformed tile */
#define BAND_FLOATS 524288 /* transformed numbers in work: 2 MB */
#define BAND_TILES  64     /* products are worth their filters from here on */
#define READING     16     /* multiplications that take the time of reading one weight */
#define FEW         8      /* channels or filters for which the transforms cost too much */

/* What settle finds of a site. */
typedef struct winograd {
    fv_conv_sizes s;
    int64_t high, across;  /* tiles of a map */
    int64_t rows, samples; /* of a band: rows of tiles of one sample, or all of several */
    int64_t bands;         /* of one sample, where a band is not all of it */
    int64_t ld;            /* from a channel's tiles of a band to the next one's */
    int64_t in_step, step; /* from number to number of a tile: before and after the products */
    int64_t strips;        /* of filters */
    int64_t frame, pitch;  /* a channel of a band with its padding: floats in all and in a row */
    int64_t worker;        /* floats */
    double grain;          /* operations of a piece that is shared out, in twos of FV_GRAIN */
} winograd;

typedef struct work {
    const fv_pass *p;
    const winograd *g;
    int64_t sample, samples; /* of this band */
    int64_t row, rows;       /* its rows of tiles */
    float *in, *out;         /* transformed */
    float *workers;
    fv_activation act;
} work;

/* Tiles of a channel of the band. */
static int64_t tiles_of(const work *w) {
    return w->samples * w->rows * w->g->across;
}

static const char *unfit(const fv_site *site, const fv_request *request) {
    const fv_conv_options *o = site->options;
    if (o->kernel.h != 3 || o->kernel.w != 3 || o->stride.h != 1 || o->stride.w != 1 ||
        o->dilation.h != 1 || o->dilation.w != 1)
        return "only for 3x3 kernels of stride and dilation 1";
    if (o->groups != 1) return "not for groups";
    if (request->precision == FV_PRECISION_STRICT)
        return "tiles of 4x4 pixels double the rounding errors, which strict does not allow";
    if (request->training) return "in training the filters would be transformed at every step";
    if (o->channels < FEW || site->in[0].dim[1] < FEW)
        return "the transforms cost more than they save with so few channels or filters";
    return NULL;
}

FV_CUTS({"bands half as large", -1, 0, 0}, {"bands twice as large", 1, 0, 0},
        {"bands four times as large", 2, 0, 0}, {"a quarter as many pieces", 0, 0, -2},
        {"four times as many pieces", 0, 0, 2})

/* Bands: whole samples where maps are small, rows of tiles where they are large. */
static void cut(winograd *g, const fv_cut *as) {
    const int64_t each = PLACES * (g->s.c + g->s.k);
    const int64_t tiles = fv__cpu_doubled(fv__cpu_max(BAND_TILES, BAND_FLOATS / each), as->band);
    g->grain = as->parts < 0 ? (double)(1 << -as->parts) : 1.0 / (1 << as->parts);
    const int64_t map = g->high * g->across;
    g->samples = fv__cpu_max(1, fv__cpu_min(g->s.n, tiles / map));
    g->bands = map <= tiles ? 1 : fv__cpu_up(g->high, fv__cpu_max(1, tiles / g->across));
    g->rows = fv__cpu_up(g->high, g->bands);
    g->bands = fv__cpu_up(g->high, g->rows);
    g->ld = fv__cpu_pad(g->samples * g->rows * g->across);
    /* 16 more, or the 36 numbers of a tile would share a few lines of a cache */
    g->in_step = g->s.c * g->ld + 16;
    g->step = g->s.k * g->ld + 16;
    g->pitch = 4 * g->across + 4;
    g->frame = fv__cpu_pad((4 * g->rows + 2) * g->pitch);
    g->worker = g->frame + fv__cpu_pad(FV_WINOGRAD_WORK(g->rows * g->across));
}

/* Whether some band ends in tiles whose products are summed in an order of their own. */
static bool ends_alone(const winograd *g, const struct fv_kernels *k) {
    const int64_t map = g->rows * g->across, rows = g->high - (g->bands - 1) * g->rows;
    return fv__cpu_alone(g->samples * map, k) || fv__cpu_alone(g->s.n % g->samples * map, k) ||
           fv__cpu_alone(rows * g->across, k);
}

/* Cuts the work as the site says, or the variant does. */
static const char *cut_as(winograd *g, const fv_request *request) {
    const fv_cut none = cut_number(0), as = cut_number(request->variant);
    cut(g, &none);
    if (!as.name) return NULL;
    const winograd usual = *g;
    cut(g, &as);
    if (g->rows == usual.rows && g->samples == usual.samples)
        return as.parts ? NULL : fv__cpu_no_other;
    return ends_alone(g, request->kernels) || ends_alone(&usual, request->kernels)
               ? fv__cpu_other_bits
               : NULL;
}

static const char *settle(const fv_site *site, const fv_request *request, fv_arena *arena,
                          fv_settled *settled) {
    const char *why = unfit(site, request);
    if (why) return why;
    FV_STATE(winograd, g, arena);
    if (!g) return fv__impl_no_memory;
    *g = (winograd){.s = fv__cpu_conv_sizes(site->options, &site->in[0], request->kernels)};
    g->high = fv__cpu_up(g->s.patch.oh, 4);
    g->across = fv__cpu_up(g->s.patch.ow, 4);
    if (4 * PLACES * (g->s.n * g->high * g->across + READING) >
        3 * 9 * (g->s.n * g->s.places + READING))
        return "the maps are too small for tiles of 4x4";
    why = cut_as(g, request);
    if (why) return why;
    g->strips = fv__cpu_up(g->s.k, request->kernels->mr);
    settled->state = g;
    settled->prepared =
        sizeof(float) * (size_t)(PLACES * g->strips * request->kernels->mr * g->s.c);
    settled->packed = true;
    settled->scratch = sizeof(float) * PLACES * (size_t)(g->in_step + g->step);
    settled->worker = sizeof(float) * (size_t)g->worker;
    return NULL;
}

/* -------------------------------------------------------------------------- the filters --- */

/* G x: the points' powers, each over the product of its distances from the other points. */
static void filter_line(const double x[3], double t[6]) {
    const double p = 0.70710678118654752440, q = 2 * p;
    t[0] = x[0];
    t[1] = -(x[0] + p * x[1] + x[2] / 2) / 1.5;
    t[2] = -(x[0] - p * x[1] + x[2] / 2) / 1.5;
    t[3] = (x[0] + q * x[1] + 2 * x[2]) / 6;
    t[4] = (x[0] - q * x[1] + 2 * x[2]) / 6;
    t[5] = x[2];
}

/* G g G^T, its numbers `step` apart. */
static void transform_filter(const float *g, float *out, int64_t step) {
    double down[3][6];
    for (int s = 0; s < 3; s++) {
        const double column[3] = {g[s], g[3 + s], g[6 + s]};
        filter_line(column, down[s]);
    }
    for (int r = 0; r < 6; r++) {
        const double row[3] = {down[0][r], down[1][r], down[2][r]};
        double t[6];
        filter_line(row, t);
        for (int s = 0; s < 6; s++) out[(6 * r + s) * step] = (float)t[s];
    }
}

/* packed[number][strip][channel][filter of the strip] */
static void transform_strips(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const winograd *g = p->state;
    const int64_t mr = p->kernels->mr, step = g->strips * mr * g->s.c;
    (void)worker;
    /* Channel by channel, a strip's filters side by side: their numbers fill whole cache lines. */
    for (int64_t k0 = first * mr; k0 < fv__cpu_min(end * mr, g->s.k); k0 += mr) {
        const float *from = (const float *)p->w[0].data + k0 * g->s.c * 9;
        float *to = (float *)p->prepared + k0 * g->s.c;
        const int64_t filters = fv__cpu_min(mr, g->s.k - k0);
        for (int64_t c = 0; c < g->s.c; c++)
            for (int64_t k = 0; k < filters; k++)
                transform_filter(from + (k * g->s.c + c) * 9, to + c * mr + k, step);
    }
}

static void prepare(const fv_pass *p) {
    const winograd *g = p->state;
    fv__cpu_split(p->pool, g->strips, (double)(g->s.k * g->s.c) * 4 * PLACES, FV_GRAIN,
                  transform_strips, p);
}

/* ------------------------------------------------------------------------------ running --- */

/* Units are the channels of the band's samples. */
static void inputs(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const winograd *g = w->g;
    const fv_patches *m = &g->s.patch;
    float *frame = w->workers + worker * g->worker, *scratch = frame + g->frame;
    for (int64_t u = first; u < end; u++) {
        const int64_t n = u / g->s.c, c = u % g->s.c;
        const float *x = fv__cpu_at(&w->p->x[0], w->sample + n) + c * g->s.pixels;
        w->p->kernels->frame(1, 0, 0, x, m->h, m->w, 4 * w->row - m->top, -m->left, 1, 1, frame,
                             4 * w->rows + 2, g->pitch);
        if (w->p->prologue) {
            const fv_frame f = {m->h, m->w, 4 * w->row - m->top, -m->left,
                                1,    1,    4 * w->rows + 2,     g->pitch};
            fv__cpu_before_frame(w->p, c, &f, frame);
        }
        w->p->kernels->winograd_in(w->rows, g->across, frame, g->pitch, scratch,
                                   w->in + c * g->ld + n * w->rows * g->across, g->in_step);
    }
}

/* Units are strips of filters, number after number. */
static void products(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const winograd *g = w->g;
    const int64_t mr = w->p->kernels->mr, tiles = tiles_of(w);
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t r = u % g->strips * mr, place = u / g->strips;
        w->p->kernels->gemm(fv__cpu_min(mr, g->s.k - r), tiles, g->s.c,
                            (const float *)w->p->prepared + u * mr * g->s.c, mr, 1,
                            w->in + place * g->in_step, g->ld, NULL,
                            w->out + place * g->step + r * g->ld, g->ld, NULL, false);
    }
}

/* Units are the filters of the band's samples. */
static void outputs(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const winograd *g = w->g;
    const struct fv_kernels *kernels = w->p->kernels;
    const float *bias = fv__cpu_bias(w->p);
    const int64_t wide = g->s.patch.ow, high = fv__cpu_min(4 * w->rows, g->s.patch.oh - 4 * w->row);
    float *scratch = w->workers + worker * g->worker + g->frame;
    for (int64_t u = first; u < end; u++) {
        const int64_t n = u / g->s.k, k = u % g->s.k, at = k * g->s.places + 4 * w->row * wide;
        float *y = fv__cpu_at(&w->p->y[0], w->sample + n) + at;
        fv_gemm_after after = fv__cpu_bounds(&w->act);
        if (w->p->added) after.added = fv__cpu_at(w->p->added, w->sample + n) + at;
        kernels->winograd_out(w->rows, g->across, w->out + k * g->ld + n * w->rows * g->across,
                              g->step, scratch, bias ? bias[k] : 0, &after, y, high, wide);
        if (!fv__cpu_bounded(&w->act))
            kernels->act(w->act.kind, 1, high * wide, y, 0, y, 0, w->act.p, w->act.q);
    }
}

static void band(const work *w) {
    const winograd *g = w->g;
    const double tiles = (double)tiles_of(w), c = (double)g->s.c, k = (double)g->s.k;
    fv__cpu_split(w->p->pool, w->samples * g->s.c, 4 * PLACES * tiles * c, g->grain * FV_GRAIN,
                  inputs, w);
    fv__cpu_split(w->p->pool, PLACES * g->strips, PLACES * tiles * c * k, 2 * g->grain * FV_GRAIN,
                  products, w);
    fv__cpu_split(w->p->pool, w->samples * g->s.k, 4 * PLACES * tiles * k, g->grain * FV_GRAIN,
                  outputs, w);
}

static void forward(const fv_pass *p) {
    const winograd *g = p->state;
    work w = {.p = p, .g = g, .in = p->scratch, .act = fv__cpu_epilogue_act(p)};
    w.out = w.in + PLACES * g->in_step;
    w.workers = w.out + PLACES * g->step;
    for (w.sample = 0; w.sample < g->s.n; w.sample += g->samples) {
        w.samples = fv__cpu_min(g->samples, g->s.n - w.sample);
        for (w.row = 0; w.row < g->high; w.row += g->rows) {
            w.rows = fv__cpu_min(g->rows, g->high - w.row);
            band(&w);
        }
    }
}

const fv_impl fv__cpu_conv_winograd_forward = {.name = "winograd",
                                               .op = &fv__op_conv,
                                               .which = FV_FORWARD,
                                               .refuses = fv__cpu_conv_maps_refuses,
                                               .settle = settle,
                                               .prepare = prepare,
                                               .run = forward,
                                               .prologue = true,
                                               .variant = variant};
