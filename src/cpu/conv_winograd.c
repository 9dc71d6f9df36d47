/* SPDX-License-Identifier: MIT */
/*
 * conv_winograd.c - 3x3 convolutions in inference, by Winograd's minimal filtering: F(4x4, 3x3)
 * with a quarter of the multiplications, or F(2x2, 3x3) with four ninths; of stride 2 with 25 of 36
 * (kern/winograd.inc.h has the formulas and their source).
 *
 * Three passes over a band of tiles: every channel's tiles are transformed; a product for each
 * number of a transformed tile sums over the channels; every filter's sums are transformed back,
 * and bias, sum and activation follow. The filters are transformed when they are prepared. A band
 * is rows of tiles, counted on through the samples: so many that the transformed numbers stay in
 * the caches and the filters are worth reading. Where there are rows enough, each thread has bands
 * of its own, and what it transforms it multiplies itself; else all threads share each pass of a
 * band. Products run over whole vectors of tiles, so that no sum depends on how bands are cut.
 *
 * Errors: those of F(2x2, 3x3), of either stride, are the definition's summed in float32, those of
 * F(4x4, 3x3) twice as large.
 */
#include "cpu/conv_sizes.h"
#include "cpu/winograd.h"

#define BAND_FLOATS   524288  /* transformed numbers in work: 2 MB */
#define BAND_TILES    64      /* products are worth their filters from here on */
#define FILTER_FLOATS 4194304 /* numbers of filters: 16 MB */
#define READING       16      /* multiplications that take the time of reading one weight */

/* What settle finds of a site. */
typedef struct winograd {
    fv_conv_sizes s;
    const fv_winograd_form *form;
    int64_t high, across;  /* tiles of a map */
    int64_t lines;         /* rows of tiles of all samples */
    int64_t rows;          /* of a band, at most */
    bool whole;            /* one band, whose last tiles may be summed in an order of their own */
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
    int64_t bands;      /* all lines in so many */
    int64_t line, rows; /* of this band */
    float *in, *out;    /* transformed */
    fv_activation act;
} work;

/* Columns of the products of so many rows of tiles. */
static int64_t columns_of(const winograd *g, int64_t rows, const struct fv_kernels *k) {
    const int64_t tiles = rows * g->across;
    return g->whole ? tiles : fv__cpu_up(tiles, k->lanes) * k->lanes;
}

static const char *unfit(const fv_site *site, const fv_request *request,
                         const fv_winograd_form *f) {
    const fv_conv_options *o = site->options;
    if (o->kernel.h != 3 || o->kernel.w != 3 || o->stride.h != f->stride ||
        o->stride.w != f->stride || o->dilation.h != 1 || o->dilation.w != 1)
        return f->stride == 1 ? "only for 3x3 kernels of stride and dilation 1"
                              : "only for 3x3 kernels of stride 2 and dilation 1";
    if (o->groups != 1) return "not for groups";
    if (f == &fv__winograd_four && request->precision == FV_PRECISION_STRICT)
        return "tiles of 4x4 pixels double the rounding errors, which strict does not allow";
    if (request->training) return "in training the filters would be transformed at every step";
    if (o->channels < f->few || site->in[0].dim[1] < f->few)
        return "the transforms cost more than they save with so few channels or filters";
    return NULL;
}

/* Multiplications for a channel and a filter, and the reading of their numbers. */
static double work_of(const fv_conv_sizes *s, const fv_winograd_form *f) {
    const int64_t tiles =
        fv__cpu_up(s->patch.oh, f->tile) * fv__cpu_up(s->patch.ow, f->tile) * s->n;
    return (double)(fv__winograd_numbers(f) * tiles + fv__winograd_filters(f) * READING);
}

/* Whether a form is worth it: against the definition, and against the other one. */
static const char *dear(const fv_conv_sizes *s, const fv_winograd_form *f) {
    const fv_winograd_form *two = &fv__winograd_two;
    const double plain = 9 * (double)(s->n * s->places + READING), mine = work_of(s, f);
    const double most = f->stride == 2 ? 1.0 : 0.9;
    if (f->tile == 2) return mine > most * plain ? "the maps are too small for tiles of 2x2" : NULL;
    if (mine > 0.75 * plain) return "the maps are too small for tiles of 4x4";
    /* Numbers of filters beyond what caches hold come from memory, and are there to stay. */
    const bool wide = s->c >= two->few && s->k >= two->few;
    const bool large = fv__winograd_filters(f) * s->c * s->k > FILTER_FLOATS;
    return wide && work_of(s, two) < (large ? 1.0 : 0.8) * mine
               ? "tiles of 2x2 have fewer weights to read"
               : NULL;
}

FV_CUTS({"bands half as large", -1, 0, 0}, {"bands twice as large", 1, 0, 0},
        {"bands four times as large", 2, 0, 0}, {"a quarter as many pieces", 0, 0, -2},
        {"four times as many pieces", 0, 0, 2})

static void cut(winograd *g, const fv_cut *as, const struct fv_kernels *k) {
    const fv_winograd_form *f = g->form;
    const int64_t numbers = fv__winograd_numbers(f), sums = fv__winograd_sums(f);
    const int64_t side = f->tile * f->stride, each = numbers * g->s.c + sums * g->s.k;
    const int64_t tiles = fv__cpu_doubled(fv__cpu_max(BAND_TILES, BAND_FLOATS / each), as->band);
    g->grain = as->parts < 0 ? (double)(1 << -as->parts) : 1.0 / (1 << as->parts);
    g->rows = fv__cpu_min(g->lines, fv__cpu_max(1, tiles / g->across));
    g->ld = fv__cpu_pad(g->rows * g->across);
    /* 16 more, or the numbers of a tile would share a few lines of a cache */
    g->in_step = g->s.c * g->ld + 16;
    g->step = g->s.k * g->ld + 16;
    g->pitch = side * g->across + 4;
    const int64_t most = fv__cpu_min(g->rows, g->high);
    g->frame = fv__cpu_pad((side * most + 2) * g->pitch);
    g->worker = numbers * g->in_step + sums * g->step + g->frame +
                fv__cpu_pad(FV_WINOGRAD_WORK(most * g->across));
    (void)k;
}

/* Cuts the work as the site says, or the variant does. */
static const char *cut_as(winograd *g, const fv_request *request) {
    const fv_cut none = cut_number(0), as = cut_number(request->variant);
    cut(g, &none, request->kernels);
    const int64_t usual = g->rows;
    g->whole = usual == g->lines && fv__cpu_alone(g->lines * g->across, request->kernels);
    if (!as.name) return NULL;
    cut(g, &as, request->kernels);
    if (g->rows == usual) return as.parts ? NULL : fv__cpu_no_other;
    return g->whole ? fv__cpu_other_bits : NULL;
}

static const char *settle_form(const fv_site *site, const fv_request *request, fv_arena *arena,
                               fv_settled *settled, const fv_winograd_form *f) {
    const char *why = unfit(site, request, f);
    if (why) return why;
    FV_STATE(winograd, g, arena);
    if (!g) return fv__impl_no_memory;
    *g = (winograd){.s = fv__cpu_conv_sizes(site->options, &site->in[0], request->kernels),
                    .form = f};
    why = dear(&g->s, f);
    if (why) return why;
    g->high = fv__cpu_up(g->s.patch.oh, f->tile);
    g->across = fv__cpu_up(g->s.patch.ow, f->tile);
    g->lines = g->s.n * g->high;
    why = cut_as(g, request);
    if (why) return why;
    g->strips = fv__cpu_up(g->s.k, request->kernels->mr);
    settled->state = g;
    settled->prepared = sizeof(float) * (size_t)(fv__winograd_filters(f) * g->strips *
                                                 request->kernels->mr * g->s.c);
    settled->packed = true;
    settled->worker = sizeof(float) * (size_t)g->worker;
    return NULL;
}

static const char *settle_four(const fv_site *site, const fv_request *request, fv_arena *arena,
                               fv_settled *settled) {
    return settle_form(site, request, arena, settled, &fv__winograd_four);
}

static const char *settle_two(const fv_site *site, const fv_request *request, fv_arena *arena,
                              fv_settled *settled) {
    return settle_form(site, request, arena, settled, &fv__winograd_two);
}

static const char *settle_step(const fv_site *site, const fv_request *request, fv_arena *arena,
                               fv_settled *settled) {
    return settle_form(site, request, arena, settled, &fv__winograd_step);
}

/* -------------------------------------------------------------------------- the filters --- */

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
                fv__winograd_filter(g->form, from + (k * g->s.c + c) * 9, to + c * mr + k, step);
    }
}

static void prepare(const fv_pass *p) {
    const winograd *g = p->state;
    fv__cpu_split(p->pool, g->strips, (double)(g->s.k * g->s.c * 4 * fv__winograd_filters(g->form)),
                  FV_GRAIN, transform_strips, p);
}

/* ------------------------------------------------------------------------------ running --- */

/* Memory of a worker: transformed numbers of a band, then a frame and what transforms work in. */
static float *worker_at(const work *w, int worker) {
    return (float *)w->p->scratch + worker * w->g->worker;
}
static float *frame_at(const work *w, int worker) {
    const winograd *g = w->g;
    return worker_at(w, worker) + fv__winograd_numbers(g->form) * g->in_step +
           fv__winograd_sums(g->form) * g->step;
}

/* A run of rows of tiles of one sample. */
typedef struct run {
    int64_t sample, row, rows;
    int64_t tile; /* its first one's number in the band */
} run;

/* The run that begins at the band's row `at`. */
static run run_at(const work *w, int64_t at) {
    const winograd *g = w->g;
    const int64_t line = w->line + at, row = line % g->high;
    return (run){line / g->high, row, fv__cpu_min(g->high - row, w->rows - at), at * g->across};
}

typedef void transform_in(int64_t rows, int64_t across, const float *x, int64_t ld, float *work,
                          float *out, int64_t step);
static transform_in *in_of(const fv_winograd_form *f, const struct fv_kernels *k) {
    return f->stride == 2 ? k->winograd_step_in : f->tile == 4 ? k->winograd_in : k->winograd2_in;
}

typedef void transform_out(int64_t rows, int64_t across, const float *in, int64_t step, float *work,
                           float bias, const fv_gemm_after *after, float *y, int64_t high,
                           int64_t wide);
static transform_out *out_of(const fv_winograd_form *f, const struct fv_kernels *k) {
    return f->stride == 2 ? k->winograd_step_out
           : f->tile == 4 ? k->winograd_out
                          : k->winograd2_out;
}

/* Units are channels. */
static void inputs(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const winograd *g = w->g;
    const fv_patches *m = &g->s.patch;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t stride = g->form->stride, side = g->form->tile * stride;
    transform_in *const transform = in_of(g->form, k);
    float *frame = frame_at(w, worker), *scratch = frame + g->frame;
    for (int64_t c = first; c < end; c++)
        for (int64_t at = 0; at < w->rows;) {
            const run r = run_at(w, at);
            const float *x = fv__cpu_at(&w->p->x[0], r.sample) + c * g->s.pixels;
            const fv_frame f = {m->h, m->w, side * r.row - m->top,      -m->left,
                                1,    1,    side * r.rows + 3 - stride, g->pitch};
            k->frame(1, 0, 0, x, m->h, m->w, f.row, f.col, 1, 1, frame, f.rows, f.pitch);
            if (w->p->prologue) fv__cpu_before_frame(w->p, c, &f, frame);
            transform(r.rows, g->across, frame, g->pitch, scratch, w->in + c * g->ld + r.tile,
                      g->in_step);
            at += r.rows;
        }
}

/* A strip of filters of one sum: the products of its numbers, one after the other. */
static void sum_up(const work *w, int64_t strip, int64_t sum, int64_t columns) {
    const winograd *g = w->g;
    const fv_winograd_form *f = g->form;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t r = strip * k->mr, down = sum / f->sums, along = sum % f->sums;
    bool add = false;
    for (int64_t i = f->first[down]; i < f->first[down + 1]; i++)
        for (int64_t j = f->first[along]; j < f->first[along + 1]; j++) {
            const int64_t filter = f->filter[i] * f->filters + f->filter[j];
            k->gemm(fv__cpu_min(k->mr, g->s.k - r), columns, g->s.c,
                    (const float *)w->p->prepared + (filter * g->strips + strip) * k->mr * g->s.c,
                    k->mr, 1, w->in + (i * f->side + j) * g->in_step, g->ld, NULL,
                    w->out + sum * g->step + r * g->ld, g->ld, NULL, add);
            add = true;
        }
}

/* Units are strips of filters, sum after sum. */
static void products(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const int64_t columns = columns_of(w->g, w->rows, w->p->kernels);
    (void)worker;
    for (int64_t u = first; u < end; u++) sum_up(w, u % w->g->strips, u / w->g->strips, columns);
}

/* Units are filters. */
static void outputs(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const winograd *g = w->g;
    const struct fv_kernels *k = w->p->kernels;
    const float *bias = fv__cpu_bias(w->p);
    const int64_t side = g->form->tile, wide = g->s.patch.ow;
    transform_out *const transform = out_of(g->form, k);
    float *scratch = frame_at(w, worker) + g->frame;
    for (int64_t c = first; c < end; c++)
        for (int64_t at = 0; at < w->rows;) {
            const run r = run_at(w, at);
            const int64_t from = c * g->s.places + side * r.row * wide;
            const int64_t high = fv__cpu_min(side * r.rows, g->s.patch.oh - side * r.row);
            float *y = fv__cpu_at(&w->p->y[0], r.sample) + from;
            fv_gemm_after after = fv__cpu_bounds(&w->act);
            if (w->p->added) after.added = fv__cpu_at(w->p->added, r.sample) + from;
            transform(r.rows, g->across, w->out + c * g->ld + r.tile, g->step, scratch,
                      bias ? bias[c] : 0, &after, y, high, wide);
            if (!fv__cpu_bounded(&w->act))
                k->act(w->act.kind, 1, high * wide, y, 0, y, 0, w->act.p, w->act.q);
            at += r.rows;
        }
}

static void take_band(work *w, int64_t band, int worker) {
    const winograd *g = w->g;
    int64_t end;
    fv__cpu_cut(g->lines, w->bands, band, &w->line, &end);
    w->rows = end - w->line;
    w->in = worker_at(w, worker);
    w->out = w->in + fv__winograd_numbers(g->form) * g->in_step;
}

/* A band by one thread. */
static void alone(void *arg, int64_t band, int worker) {
    work w = *(const work *)arg;
    take_band(&w, band, worker);
    inputs(&w, 0, w.g->s.c, worker);
    products(&w, 0, fv__winograd_sums(w.g->form) * w.g->strips, worker);
    outputs(&w, 0, w.g->s.k, worker);
}

/* A band by all threads. */
static void together(const work *w) {
    const winograd *g = w->g;
    fv_pool *pool = w->p->pool;
    const int64_t sums = fv__winograd_sums(g->form);
    const double tiles = (double)(w->rows * g->across), c = (double)g->s.c, k = (double)g->s.k;
    const double numbers = tiles * (double)fv__winograd_numbers(g->form);
    fv__cpu_split(pool, g->s.c, 4 * numbers * c, g->grain * FV_GRAIN, inputs, w);
    fv__cpu_split(pool, sums * g->strips, numbers * c * k, 2 * g->grain * FV_GRAIN, products, w);
    fv__cpu_split(pool, g->s.k, 4 * (double)sums * tiles * k, g->grain * FV_GRAIN, outputs, w);
}

/* As many bands as give every thread as much to do, where that leaves few lanes empty and no
   thread idle; 0: none do. */
static int64_t bands_for(const winograd *g, const struct fv_kernels *k, int64_t threads) {
    const int64_t least = fv__cpu_up(g->lines, g->rows);
    const int64_t bands = fv__cpu_up(least, threads) * threads;
    if (threads == 1) return least;
    if (g->whole || bands > g->lines) return 0;
    const int64_t each = columns_of(g, fv__cpu_up(g->lines, bands), k);
    return 100 * g->lines * g->across >= 80 * each * bands ? bands : 0;
}

static void forward(const fv_pass *p) {
    const winograd *g = p->state;
    work w = {.p = p, .g = g, .act = fv__cpu_epilogue_act(p)};
    w.bands = bands_for(g, p->kernels, fv__pool_size(p->pool));
    if (w.bands > 0) {
        fv__pool_run(p->pool, w.bands, alone, &w);
        return;
    }
    w.bands = fv__cpu_up(g->lines, g->rows);
    for (int64_t b = 0; b < w.bands; b++) {
        take_band(&w, b, 0);
        together(&w);
    }
}

#define WINOGRAD(called, title, settles)                                                           \
    const fv_impl fv__cpu_##called##_forward = {.name = title,                                     \
                                                .op = &fv__op_conv,                                \
                                                .which = FV_FORWARD,                               \
                                                .refuses = fv__cpu_conv_maps_refuses,              \
                                                .settle = settles,                                 \
                                                .prepare = prepare,                                \
                                                .run = forward,                                    \
                                                .prologue = true,                                  \
                                                .variant = variant}

WINOGRAD(conv_winograd, "winograd", settle_four);
WINOGRAD(conv_winograd2, "winograd 2x2", settle_two);
WINOGRAD(conv_winograd_step, "winograd stride 2", settle_step);
