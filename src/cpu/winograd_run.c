/* SPDX-License-Identifier: MIT */
/*
 * winograd_run.c - the passes of conv_winograd.c.
 *
 * What one thread transforms another had better not read: it lies in his cache, which may be on
 * another chip. So each thread has bands of its own where that takes less time, and what it
 * transforms it multiplies itself; else all threads share each pass of a band.
 */
#include "cpu/winograd.h"

#define SOON        3 /* channels ahead */
#define LATE_STRIPS 8 /* of filters, that meet the same tiles one after the other */

/* What takes the time of so many multiplications of vectors: */
#define TRANSFORM 32 /* to transform a vector, for each number of a tile */
#define READ_FAR  30 /* to read a vector that another thread has written */
#define READING   1  /* to read a weight */

typedef struct work {
    const fv_pass *p;
    const fv_winograd *g;
    int64_t bands;      /* all lines in so many */
    int64_t line, rows; /* of this band */
    float *in, *out;    /* transformed */
    bool shared;        /* by all threads */
    fv_activation act;
} work;

/* Of the last tiles of all, those that gemm sums in an order of their own: they are summed so in
   every band. */
static int64_t tiles_alone(const fv_winograd *g, const struct fv_kernels *k) {
    return g->whole ? g->lines * g->across % k->lanes : 0;
}

/* Whole vectors of columns for the products of a band, and tiles beyond them. */
typedef struct columns {
    int64_t whole, alone;
} columns;
static columns columns_of(const fv_winograd *g, int64_t line, int64_t rows,
                          const struct fv_kernels *k) {
    const int64_t alone = line + rows == g->lines ? tiles_alone(g, k) : 0;
    return (columns){fv__cpu_up(rows * g->across - alone, k->lanes) * k->lanes, alone};
}

/* Memory of a worker: transformed numbers of a band, then a frame and what transforms work in. */
static float *worker_at(const work *w, int worker) {
    return fv__cpu_worker(w->p, worker);
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
static void inputs_as_they_lie(const work *w, int64_t first, int64_t end) {
    const fv_winograd *g = w->g;
    const struct fv_kernels *k = w->p->kernels;
    fv_winograd_maps maps = g->maps;
    maps.apart = w->p->x[0].step;
    for (int64_t c = first; c < end; c++) {
        maps.soon = c + 1 < end ? g->s.pixels : 0;
        (g->form->stride == 2 ? k->winograd_maps_step_in : k->winograd_maps_in)(
            &maps, w->line, w->rows, fv__cpu_at(&w->p->x[0], 0) + c * g->s.pixels,
            w->in + c * g->ld, g->in_step);
    }
}

static void inputs(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_winograd *g = w->g;
    const fv_patches *m = &g->s.patch;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t stride = g->form->stride, side = g->form->tile * stride;
    transform_in *const transform = in_of(g->form, k);
    float *frame = frame_at(w, worker), *scratch = frame + g->frame;
    if (g->maps.wide && !w->p->prologue) {
        inputs_as_they_lie(w, first, end);
        return;
    }
    for (int64_t c = first; c < end; c++)
        for (int64_t at = 0; at < w->rows;) {
            const run r = run_at(w, at);
            const float *x = fv__cpu_at(&w->p->x[0], r.sample) + c * g->s.pixels;
            const fv_frame f = {m->h, m->w, side * r.row - m->top,      -m->left,
                                1,    1,    side * r.rows + 3 - stride, g->pitch};
            if (c + SOON < end) {
                const int64_t top = fv__cpu_max(f.row, 0);
                const int64_t rows = fv__cpu_min(f.row + f.rows, m->h) - top;
                fv__cpu_ask(x + SOON * g->s.pixels + top * m->w, rows * m->w);
            }
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
    const int64_t r = strip * k->mr, rows = fv__cpu_min(k->mr, g->s.k - r);
    const columns of = columns_of(g, w->line, w->rows, k);
    const int64_t tiles = w->rows * g->across, apart = tiles - of.alone;
    const float *in = w->in + number * g->in_step + c * g->ld;
    float *out = w->out + sum * g->step + r * g->ld;
    if (of.whole == apart) {
        k->gemm(rows, tiles, count, filters, k->mr, 1, in, g->ld, NULL, out, g->ld, NULL, add);
        return;
    }
    k->gemm(rows, of.whole, count, filters, k->mr, 1, in, g->ld, NULL, out, g->ld, NULL, add);
    if (of.alone > 0)
        k->gemm(rows, of.alone, count, filters, k->mr, 1, in + apart, g->ld, NULL, out + apart,
                g->ld, NULL, add);
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

/* Asks for a strip's share of the transformed numbers that a sum is of. */
static void ask_for(const work *w, int64_t sum, int64_t strip) {
    const fv_winograd *g = w->g;
    const fv_winograd_form *f = g->form;
    const int64_t down = sum / f->sums, along = sum % f->sums;
    const int64_t tiles = w->rows * g->across;
    int64_t c, end;
    fv__cpu_cut(g->s.c, g->strips, strip, &c, &end);
    for (int64_t i = f->first[down]; i < f->first[down + 1]; i++)
        for (int64_t j = f->first[along]; j < f->first[along + 1]; j++)
            for (int64_t at = c; at < end; at++)
                fv__cpu_ask(w->in + (i * f->side + j) * g->in_step + at * g->ld, tiles);
}

/* Units are strips of filters, sum after sum. */
static void products(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const int64_t strips = w->g->strips;
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t sum = u / strips, strip = u % strips;
        if (w->shared && sum + 1 < fv__winograd_sums(w->g->form)) ask_for(w, sum + 1, strip);
        sum_up(w, strip, sum);
    }
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
static void outputs_as_they_lie(const work *w, int64_t first, int64_t end) {
    const fv_winograd *g = w->g;
    const struct fv_kernels *k = w->p->kernels;
    const float *bias = fv__cpu_bias(w->p);
    fv_winograd_maps maps = g->maps;
    maps.apart = w->p->y[0].step;
    for (int64_t c = first; c < end; c++) {
        const int64_t from = c * g->s.places;
        fv_gemm_after after = fv__cpu_bounds(&w->act);
        if (w->p->added) after.added = fv__cpu_at(w->p->added, 0) + from;
        maps.soon = c + 1 < end ? g->s.places : 0;
        k->winograd_maps_out(&maps, w->line, w->rows, w->out + c * g->ld, g->step,
                             bias ? bias[c] : 0, &after, w->p->added ? w->p->added->step : 0,
                             fv__cpu_at(&w->p->y[0], 0) + from);
    }
}

static void outputs(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_winograd *g = w->g;
    const struct fv_kernels *k = w->p->kernels;
    const float *bias = fv__cpu_bias(w->p);
    const int64_t side = g->form->tile, wide = g->s.patch.ow;
    transform_out *const transform = out_of(g->form, k);
    float *scratch = frame_at(w, worker) + g->frame;
    if (g->maps.wide && g->form->stride == 1 && fv__cpu_bounded(&w->act)) {
        outputs_as_they_lie(w, first, end);
        return;
    }
    for (int64_t c = first; c < end; c++)
        for (int64_t at = 0; at < w->rows;) {
            const run r = run_at(w, at);
            const int64_t from = c * g->s.places + side * r.row * wide;
            const int64_t high = fv__cpu_min(side * r.rows, g->s.patch.oh - side * r.row);
            float *y = fv__cpu_at(&w->p->y[0], r.sample) + from;
            fv_gemm_after after = fv__cpu_bounds(&w->act);
            if (w->p->added) after.added = fv__cpu_at(w->p->added, r.sample) + from;
            if (c + SOON < end) {
                const int64_t soon = SOON * g->s.places;
                fv__cpu_ask_place(y + soon, high * wide);
                if (after.added) fv__cpu_ask(after.added + soon, high * wide);
            }
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

/* A band by all threads, pass after pass. */
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

/* About how long a band takes, in multiplications of vectors: its products, transforms and weights.
 */
static double band_takes(const fv_winograd *g, const struct fv_kernels *k, int64_t line,
                         int64_t rows) {
    const columns of = columns_of(g, line, rows, k);
    const double vectors = (double)(of.whole / k->lanes), c = (double)g->s.c, f = (double)g->s.k;
    const double tiles = (double)(rows * g->across) / (double)k->lanes;
    const double numbers = (double)fv__winograd_numbers(g->form);
    const double sums = (double)fv__winograd_sums(g->form);
    const double weights = (double)fv__winograd_filters(g->form) * c * f;
    return numbers * vectors * c * f + READING * weights +
           TRANSFORM * tiles * (numbers * c + sums * f);
}

/* The same of bands from `first` to `end`. */
static double bands_take(const fv_winograd *g, const struct fv_kernels *k, int64_t bands,
                         int64_t first, int64_t end) {
    double sum = 0;
    for (int64_t b = first; b < end; b++) {
        int64_t line, last;
        fv__cpu_cut(g->lines, bands, b, &line, &last);
        sum += band_takes(g, k, line, last - line);
    }
    return sum;
}

/* Bands that all threads share, pass after pass: they read what others have transformed. */
static double together_take(const fv_winograd *g, const struct fv_kernels *k, int64_t bands,
                            int64_t threads) {
    const double tiles = (double)(g->lines * g->across) / (double)k->lanes, n = (double)threads;
    const double numbers = (double)(fv__winograd_numbers(g->form) * g->s.c);
    const double sums = (double)(fv__winograd_sums(g->form) * g->s.k);
    return (bands_take(g, k, bands, 0, bands) + READ_FAR * tiles * (numbers + sums) * (n - 1)) / n;
}

/* As many bands as give every thread a few, each to itself, where the one with most to do is done
   before all would be together; 0: they compute together. Columns that are summed in an order of
   their own, in several passes, are not cut. */
static int64_t bands_for(const fv_winograd *g, const struct fv_kernels *k, int64_t threads) {
    const int64_t least = fv__cpu_up(g->lines, g->rows);
    const int64_t bands = fv__cpu_up(least, threads) * threads;
    if (threads == 1) return least;
    if (bands > g->lines || (g->whole && (g->late || g->form->sums < g->form->side))) return 0;
    double most = 0;
    for (int64_t i = 0; i < threads; i++) {
        int64_t first, end;
        fv__cpu_cut(bands, threads, i, &first, &end);
        const double takes = bands_take(g, k, bands, first, end);
        if (takes > most) most = takes;
    }
    return most < together_take(g, k, least, threads) ? bands : 0;
}

void fv__winograd_run(const fv_pass *p) {
    const fv_winograd *g = p->state;
    const int64_t threads = fv__pool_size(p->pool);
    work w = {.p = p, .g = g, .act = fv__cpu_epilogue_act(p)};
    w.bands = bands_for(g, p->kernels, threads);
    if (w.bands > 0) {
        fv__pool_run(p->pool, w.bands, alone, &w);
        return;
    }
    w.bands = fv__cpu_up(g->lines, g->rows);
    w.shared = true;
    for (int64_t b = 0; b < w.bands; b++) {
        take_band(&w, b, 0);
        together(&w);
    }
}
