/* SPDX-License-Identifier: MIT */
/*
 * conv_winograd.c - 3x3 convolutions in inference, by Winograd's minimal filtering: F(4x4, 3x3)
 * with a quarter of the multiplications, or F(2x2, 3x3) with four ninths; of stride 2 with 25 of 36
 * (kern/winograd.inc.h has the formulas and their source).
 *
 * Three passes over a band of tiles: every channel's tiles are transformed; a product for each
 * number of a transformed tile sums over the channels; every filter's sums are transformed back,
 * and bias, sum and activation follow. The filters are transformed when they are prepared, or,
 * large ones, where they are met (winograd_filters.c). A band is rows of tiles, counted on through
 * the samples: so many that the transformed numbers stay in the caches and the filters are worth
 * reading. Where there are rows enough, each thread has bands of its own, and what it transforms it
 * multiplies itself; else all threads share each pass of a band. Products run over whole vectors of
 * tiles, so that no sum depends on how bands are cut.
 *
 * Errors: those of F(2x2, 3x3), of either stride, are the definition's summed in float32, those of
 * F(4x4, 3x3) twice as large.
 */
#include "cpu/winograd.h"

#define BAND_FLOATS   524288  /* transformed numbers in work: 2 MB */
#define BAND_TILES    64      /* products are worth their filters from here on */
#define FILTER_FLOATS 4194304 /* numbers of filters: 16 MB */
#define LATE_STRIPS   8       /* of filters, that meet the same tiles one after the other */
#define LATE_VECTORS  3       /* of tiles: fewer do not hide that filters are transformed */
#define READING       16      /* multiplications that take the time of reading one weight */

typedef struct work {
    const fv_pass *p;
    const fv_winograd *g;
    int64_t bands;      /* all lines in so many */
    int64_t line, rows; /* of this band */
    float *in, *out;    /* transformed */
    fv_activation act;
} work;

/* Columns of the products of so many rows of tiles. */
static int64_t columns_of(const fv_winograd *g, int64_t rows, const struct fv_kernels *k) {
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
        {"four times as many pieces", 0, 0, 2}, /* and the last one, step_variant leaves it out: */
        {"filters transformed the other time", 0, 1, 0})

/* Filters of stride 2 are as many as those of the definition nearly: none are late. */
static const char *step_variant(int i) {
    return cut_number(i).depth ? NULL : variant(i);
}

static void cut(fv_winograd *g, const fv_cut *as) {
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
    g->work = fv__cpu_pad(FV_WINOGRAD_WORK(most * g->across));
    g->worker = numbers * g->in_step + sums * g->step + g->frame + g->work;
}

/* Cuts the work as the site says, or the variant does. */
static const char *cut_as(fv_winograd *g, const fv_request *request) {
    const fv_cut none = cut_number(0), as = cut_number(request->variant);
    cut(g, &none);
    const int64_t usual = g->rows;
    g->whole = usual == g->lines && fv__cpu_alone(g->lines * g->across, request->kernels);
    if (!as.name) return NULL;
    cut(g, &as);
    if (g->rows == usual && !as.depth) return as.parts ? NULL : fv__cpu_no_other;
    return g->whole ? fv__cpu_other_bits : NULL;
}

/* Filters that are many and are met once, by tiles enough. */
static bool late(const fv_winograd *g, const struct fv_kernels *k) {
    return g->form->pairs > 0 && fv__winograd_filters(g->form) * g->s.c * g->s.k > FILTER_FLOATS &&
           g->rows == g->lines && g->rows * g->across >= LATE_VECTORS * k->lanes;
}

static const char *settle_form(const fv_site *site, const fv_request *request, fv_arena *arena,
                               fv_settled *settled, const fv_winograd_form *f) {
    const char *why = unfit(site, request, f);
    if (why) return why;
    FV_STATE(fv_winograd, g, arena);
    if (!g) return fv__impl_no_memory;
    *g = (fv_winograd){.s = fv__cpu_conv_sizes(site->options, &site->in[0], request->kernels),
                       .form = f};
    why = dear(&g->s, f);
    if (why) return why;
    g->high = fv__cpu_up(g->s.patch.oh, f->tile);
    g->across = fv__cpu_up(g->s.patch.ow, f->tile);
    g->lines = g->s.n * g->high;
    why = cut_as(g, request);
    if (why) return why;
    g->strips = fv__cpu_up(g->s.k, request->kernels->mr);
    g->late = late(g, request->kernels) != (cut_number(request->variant).depth != 0);
    g->worker += (int64_t)fv__winograd_late_floats(g, request->kernels);
    settled->state = g;
    settled->prepared = sizeof(float) * fv__winograd_filter_floats(g, request->kernels);
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

/* ------------------------------------------------------------------------------ running --- */

/* Memory of a worker: transformed numbers of a band, then a frame and what transforms work in. */
static float *worker_at(const work *w, int worker) {
    return (float *)w->p->scratch + worker * w->g->worker;
}
static float *frame_at(const work *w, int worker) {
    const fv_winograd *g = w->g;
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
    const fv_winograd *g = w->g;
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
    const fv_winograd *g = w->g;
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

/* Channels c ... c+count-1 of a number of all tiles of a band, times a strip of filters, into a
   sum. */
static void product(const work *w, int64_t strip, int64_t number, int64_t sum, int64_t c,
                    int64_t count, const float *filters, bool add) {
    const fv_winograd *g = w->g;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t r = strip * k->mr;
    k->gemm(fv__cpu_min(k->mr, g->s.k - r), columns_of(g, w->rows, k), count, filters, k->mr, 1,
            w->in + number * g->in_step + c * g->ld, g->ld, NULL,
            w->out + sum * g->step + r * g->ld, g->ld, NULL, add);
}

/* A strip of filters of one sum: the products of its numbers, one after the other. */
static void sum_up(const work *w, int64_t strip, int64_t sum) {
    const fv_winograd *g = w->g;
    const fv_winograd_form *f = g->form;
    const int64_t each = w->p->kernels->mr * g->s.c, down = sum / f->sums, along = sum % f->sums;
    bool add = false;
    for (int64_t i = f->first[down]; i < f->first[down + 1]; i++)
        for (int64_t j = f->first[along]; j < f->first[along + 1]; j++) {
            const int64_t filter = f->filter[i] * f->filters + f->filter[j];
            product(w, strip, i * f->side + j, sum, 0, g->s.c,
                    (const float *)w->p->prepared + (filter * g->strips + strip) * each, add);
            add = true;
        }
}

/* Units are strips of filters, sum after sum. */
static void products(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    (void)worker;
    for (int64_t u = first; u < end; u++) sum_up(w, u % w->g->strips, u / w->g->strips);
}

/* A block of channels of a late strip, two rows of numbers. */
static void late_product(const work *w, int64_t strip, int64_t pair, int64_t c, float *made) {
    const fv_winograd *g = w->g;
    const int64_t side = g->form->side, channels = fv__winograd_late_channels(g, c);
    const float *numbers[FV_WINOGRAD_SIDE];
    fv_late of;
    fv__winograd_late_rows(w->p, strip, pair, c, made, &of);
    for (int i = 0; i < 2; i++) {
        fv__winograd_late_numbers(w->p, &of, i, numbers);
        for (int64_t s = 0; s < side; s++) {
            const int64_t number = side * of.row[i] + s;
            fv__winograd_late_fetch(&of, i * side + s, 2 * side);
            product(w, strip, number, number, c, channels, numbers[s], c > 0);
        }
    }
}

/* Units are groups of strips, pair after pair of rows of the transformed numbers: they meet the
   same tiles, of so many channels as the caches hold beside. */
static void late_products(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_winograd *g = w->g;
    const int64_t groups = fv__cpu_up(g->strips, LATE_STRIPS);
    float *made = frame_at(w, worker) + g->frame + g->work;
    for (int64_t u = first; u < end; u++) {
        const int64_t from = u % groups * LATE_STRIPS;
        const int64_t to = fv__cpu_min(g->strips, from + LATE_STRIPS);
        for (int64_t c = 0; c < g->s.c; c += fv__winograd_late_channels(g, c))
            for (int64_t strip = from; strip < to; strip++)
                late_product(w, strip, u / groups, c, made);
    }
}

static int64_t product_units(const fv_winograd *g) {
    return g->late ? g->form->side / 2 * fv__cpu_up(g->strips, LATE_STRIPS)
                   : fv__winograd_sums(g->form) * g->strips;
}

/* Units are filters. */
static void outputs(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_winograd *g = w->g;
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
    const fv_winograd *g = w->g;
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
    (w.g->late ? late_products : products)(&w, 0, product_units(w.g), worker);
    outputs(&w, 0, w.g->s.k, worker);
}

/* A band by all threads. */
static void together(const work *w) {
    const fv_winograd *g = w->g;
    fv_pool *pool = w->p->pool;
    const int64_t sums = fv__winograd_sums(g->form);
    const double tiles = (double)(w->rows * g->across), c = (double)g->s.c, k = (double)g->s.k;
    const double numbers = tiles * (double)fv__winograd_numbers(g->form);
    fv__cpu_split(pool, g->s.c, 4 * numbers * c, g->grain * FV_GRAIN, inputs, w);
    fv__cpu_split(pool, product_units(g), numbers * c * k, 2 * g->grain * FV_GRAIN,
                  g->late ? late_products : products, w);
    fv__cpu_split(pool, g->s.k, 4 * (double)sums * tiles * k, g->grain * FV_GRAIN, outputs, w);
}

/* As many bands as give every thread as much to do, where that leaves few lanes empty and no
   thread idle; 0: none do. */
static int64_t bands_for(const fv_winograd *g, const struct fv_kernels *k, int64_t threads) {
    const int64_t least = fv__cpu_up(g->lines, g->rows);
    const int64_t bands = fv__cpu_up(least, threads) * threads;
    if (threads == 1) return least;
    if (g->whole || bands > g->lines) return 0;
    const int64_t each = columns_of(g, fv__cpu_up(g->lines, bands), k);
    return 100 * g->lines * g->across >= 80 * each * bands ? bands : 0;
}

static void forward(const fv_pass *p) {
    const fv_winograd *g = p->state;
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

#define WINOGRAD(called, title, settles, others)                                                   \
    const fv_impl fv__cpu_##called##_forward = {.name = title,                                     \
                                                .op = &fv__op_conv,                                \
                                                .which = FV_FORWARD,                               \
                                                .refuses = fv__cpu_conv_maps_refuses,              \
                                                .settle = settles,                                 \
                                                .prepare = fv__winograd_prepare,                   \
                                                .run = forward,                                    \
                                                .prologue = true,                                  \
                                                .variant = others}

WINOGRAD(conv_winograd, "winograd", settle_four, variant);
WINOGRAD(conv_winograd2, "winograd 2x2", settle_two, variant);
WINOGRAD(conv_winograd_step, "winograd stride 2", settle_step, step_variant);
