/* SPDX-License-Identifier: MIT */
/*
 * conv_winograd5.c - 5x5 convolutions of stride 1 in inference, by F(4, 5) down the columns:
 * 40 multiplications where the definition has 100 (kern/winograd5.inc.h has the formulas).
 *
 * A band is groups of four rows of a map. Every channel's rows become eight numbers in each column;
 * sums over channels and taps are transformed back in registers, where bias, sum and bounds follow.
 * Each result is worked out by itself, so no bit depends on how bands or filters are shared out.
 *
 * Lanes are columns. Where rows fill vectors badly, those of all groups lie one behind the other,
 * which takes a copy of the numbers for each of the five taps.
 *
 * Errors are twice those of the definition's sum in float32, as F(4x4, 3x3)'s are.
 */
#include "cpu/conv_sizes.h"

#define NUMBERS      8
#define TAPS         5
#define BAND_FLOATS  49152  /* transformed numbers in work: 192 KB, in the L2 cache */
#define CHUNK_FLOATS 4096   /* numbers of a vector of columns that stay in the L1 cache */
#define MANY_FLOATS  131072 /* numbers of filters that are better read once a band: 512 KB */

/* What settle finds of a site. */
typedef struct winograd5 {
    fv_conv_sizes s;
    bool copies;          /* each tap has its own, and groups of rows lie one behind the other */
    int64_t band, bands;  /* groups of rows; bands of a map */
    int64_t pitch, frame; /* floats of a row and of a channel with its padding */
    int64_t number, in;   /* floats from number to number, and of all that is transformed */
    int64_t blocks, at_a_time; /* of filters */
    double macs;               /* of all */
} winograd5;

typedef struct work {
    const fv_pass *p;
    const winograd5 *g;
    fv_activation act;
    /* this unit's: */
    int64_t sample, group, row, rows; /* of the result */
    float *in;
} work;

static const char *unfit(const fv_site *site, const fv_request *request) {
    const fv_conv_options *o = site->options;
    if (o->kernel.h != 5 || o->kernel.w != 5 || o->stride.h != 1 || o->stride.w != 1 ||
        o->dilation.h != 1 || o->dilation.w != 1)
        return "only for 5x5 kernels of stride and dilation 1";
    if (request->precision == FV_PRECISION_STRICT)
        return "columns of 4 pixels double the rounding errors, which strict does not allow";
    if (request->training) return "in training the filters would be transformed at every step";
    return NULL;
}

/* About how long it takes, in vectors that are multiplied. To transform sums of a filter takes
   FINISH, numbers of a channel INPUT, and to copy them for all taps COPY. */
#define FINISH 24
#define INPUT  56
#define COPY   120

static double takes(const fv_conv_sizes *s, bool copies, const struct fv_kernels *k) {
    const int64_t groups = fv__cpu_up(s->patch.oh, 4), wide = s->patch.ow;
    const int64_t vectors =
        copies ? fv__cpu_up(groups * wide, k->lanes) : groups * fv__cpu_up(wide, k->lanes);
    const bool far = copies && s->c * NUMBERS * TAPS * k->lanes > 2 * CHUNK_FLOATS;
    /* Half the numbers at a time have the vectors and weights loaded more often. */
    const double step = (k->winograd5_part == NUMBERS ? 1.1 : 1.35) * (far ? 1.3 : 1.0);
    const double inputs = (double)(s->c * groups * fv__cpu_up(wide + 4, k->lanes));
    return (double)(vectors * s->k) * (NUMBERS * TAPS * (double)s->c * step + FINISH) +
           inputs * (copies ? INPUT + COPY : INPUT);
}

static bool dear(const winograd5 *g, const struct fv_kernels *k) {
    const double plain = (double)(g->s.places * g->s.crs * g->s.k) / k->lanes;
    return takes(&g->s, g->copies, k) > 0.95 * plain;
}

static void cut(winograd5 *g) {
    const int64_t wide = g->s.patch.ow, groups = fv__cpu_up(g->s.patch.oh, 4);
    g->pitch = fv__cpu_pad(wide + 4);
    const int64_t each = NUMBERS * g->s.c * (g->copies ? TAPS * wide : g->pitch);
    const int64_t most = fv__cpu_max(1, fv__cpu_min(groups, BAND_FLOATS / each));
    g->bands = fv__cpu_up(groups, most);
    g->band = fv__cpu_up(groups, g->bands);
    g->bands = fv__cpu_up(groups, g->band);
    g->frame = (4 * g->band + 4) * g->pitch;
    /* Vectors are written whole, and 16 more floats keep numbers from sharing lines of a cache. */
    g->number = g->copies ? fv__cpu_pad((g->band - 1) * wide + g->pitch)
                          : g->band * g->pitch + FV_LANES_MAX;
    g->in = g->s.c * NUMBERS * (g->copies ? TAPS : 1) * g->number + 2 * FV_LANES_MAX;
    g->blocks = fv__winograd5_blocks(g->s.k);
    const int64_t chunk = NUMBERS * g->s.c * FV_LANES_MAX * (g->copies ? TAPS : 1);
    const bool many = g->s.k * g->s.c * NUMBERS * TAPS > MANY_FLOATS;
    g->at_a_time = chunk > CHUNK_FLOATS && (many || !g->copies) ? 1 : g->blocks;
    g->macs = (double)(g->s.n * g->s.groups * g->s.k * g->s.crs) * (double)g->s.places;
}

static const char *settle(const fv_site *site, const fv_request *request, fv_arena *arena,
                          fv_settled *settled) {
    const struct fv_kernels *k = request->kernels;
    const char *why = unfit(site, request);
    if (why) return why;
    FV_STATE(winograd5, g, arena);
    if (!g) return fv__impl_no_memory;
    *g = (winograd5){.s = fv__cpu_conv_sizes(site->options, &site->in[0], k)};
    g->copies = takes(&g->s, true, k) < takes(&g->s, false, k);
    if (dear(g, k)) return "the transforms cost more than they save with so few filters or columns";
    cut(g);
    settled->state = g;
    settled->prepared = sizeof(float) * (size_t)(g->s.groups * g->s.k * g->s.c * NUMBERS * TAPS);
    settled->packed = true;
    settled->worker = sizeof(float) * (size_t)(g->in + g->frame);
    return NULL;
}

/* -------------------------------------------------------------------------- the filters --- */

/* G x: the points' powers, each over the product of its distances from the other points. */
static void filter_numbers(const double x[5], double t[NUMBERS]) {
    static const double point[3] = {1, 0.5, 2}, over[3] = {-4.5, 1.40625, 90};
    t[0] = x[0];
    for (int i = 0; i < 3; i++) {
        const double p = point[i], q = p * p;
        const double even = x[0] + q * x[2] + q * q * x[4], odd = p * (x[1] + q * x[3]);
        t[2 * i + 1] = (even + odd) / over[i];
        t[2 * i + 2] = (even - odd) / over[i];
    }
    t[7] = x[4];
}

/* A filter's numbers into its block, of `rows` filters. */
static void transform_filter(const winograd5 *g, const float *w, int64_t part, int64_t rows,
                             float *to) {
    for (int64_t c = 0; c < g->s.c; c++)
        for (int64_t tap = 0; tap < TAPS; tap++) {
            const float *x = w + c * TAPS * TAPS + tap;
            const double column[5] = {x[0], x[5], x[10], x[15], x[20]};
            double t[NUMBERS];
            filter_numbers(column, t);
            for (int64_t s = 0; s < NUMBERS; s++)
                to[(((s / part * g->s.c + c) * TAPS + tap) * part + s % part) * rows] = (float)t[s];
        }
}

/* Units are blocks of filters, group after group. */
static void transform_blocks(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const winograd5 *g = p->state;
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t b = u % g->blocks, group = u / g->blocks * g->s.k;
        const int64_t k0 = fv__winograd5_block(g->s.k, b);
        const int64_t rows = fv__winograd5_block(g->s.k, b + 1) - k0;
        float *to = (float *)p->prepared + (group + k0) * g->s.c * NUMBERS * TAPS;
        for (int64_t r = 0; r < rows; r++)
            transform_filter(g, (const float *)p->w[0].data + (group + k0 + r) * g->s.crs,
                             p->kernels->winograd5_part, rows, to + r);
    }
}

static void prepare(const fv_pass *p) {
    const winograd5 *g = p->state;
    const int64_t blocks = g->s.groups * g->blocks;
    fv__cpu_split(p->pool, blocks, (double)(g->s.groups * g->s.k * g->s.c) * 4 * NUMBERS * TAPS,
                  FV_GRAIN, transform_blocks, p);
}

/* ------------------------------------------------------------------------------ running --- */

/* Memory of a worker: transformed numbers of a band, then a frame. */
static float *worker_at(const work *w, int worker) {
    return fv__cpu_worker(w->p, worker);
}

static void take_unit(work *w, int64_t u, int worker) {
    const winograd5 *g = w->g;
    w->row = u % g->bands * 4 * g->band;
    w->rows = fv__cpu_min(4 * g->band, g->s.patch.oh - w->row);
    w->group = u / g->bands % g->s.groups;
    w->sample = u / g->bands / g->s.groups;
    w->in = worker_at(w, worker);
}

/* Into its place field by field: a copy of what was just written would wait for it. */
static void shape_of(const work *w, fv_winograd5 *k) {
    const winograd5 *g = w->g;
    const int64_t wide = g->s.patch.ow, groups = fv__cpu_up(w->rows, 4);
    k->channels = g->s.c;
    k->filters = g->s.k;
    k->number = g->number;
    k->tap = g->copies ? NUMBERS * g->number : 1;
    k->channel = g->copies ? TAPS * k->tap : NUMBERS * g->number;
    k->runs = g->copies ? 1 : groups;
    k->run = g->pitch;
    k->cols = g->copies ? groups * wide : wide;
    k->wide = wide;
    k->high = w->rows;
    k->plane = g->s.places;
    k->x = w->in;
}

/* Units are channels. */
static void inputs(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const winograd5 *g = w->g;
    const fv_patches *m = &g->s.patch;
    const struct fv_kernels *k = w->p->kernels;
    fv_winograd5 shape;
    const int64_t groups = fv__cpu_up(w->rows, 4);
    const fv_frame f = {m->h, m->w, w->row - m->top, -m->left, 1, 1, 4 * groups + 4, g->pitch};
    float *frame = worker_at(w, worker) + g->in;
    shape_of(w, &shape);
    for (int64_t c = first; c < end; c++) {
        const int64_t plane = w->group * g->s.c + c;
        const float *x = fv__cpu_at(&w->p->x[0], w->sample) + plane * g->s.pixels;
        k->frame(1, 0, 0, x, m->h, m->w, f.row, f.col, 1, 1, frame, f.rows, f.pitch);
        if (w->p->prologue) fv__cpu_before_frame(w->p, plane, &f, frame);
        k->winograd5_in(&shape, groups, frame, g->pitch, w->in + c * shape.channel);
    }
}

/* Units are blocks of filters. */
static void outputs(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const winograd5 *g = w->g;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t filter = w->group * g->s.k, wide = g->s.patch.ow;
    const int64_t at = filter * g->s.places + w->row * wide;
    const float *bias = fv__cpu_bias(w->p);
    fv_winograd5 shape;
    (void)worker;
    shape_of(w, &shape);
    shape.w = (const float *)w->p->prepared + filter * g->s.c * NUMBERS * TAPS;
    shape.bias = bias ? bias + filter : NULL;
    shape.y = fv__cpu_at(&w->p->y[0], w->sample) + at;
    shape.after = fv__cpu_bounds(&w->act);
    if (w->p->added) shape.after.added = fv__cpu_at(w->p->added, w->sample) + at;
    for (int64_t b = first; b < end; b += g->at_a_time)
        k->winograd5(&shape, b, fv__cpu_min(b + g->at_a_time, end));
    if (fv__cpu_bounded(&w->act)) return;
    int64_t k0 = fv__winograd5_block(g->s.k, first), n = w->rows * wide;
    int64_t rows = fv__winograd5_block(g->s.k, end) - k0;
    float *y = shape.y + k0 * g->s.places;
    if (n == g->s.places) { /* whole planes lie in one piece */
        n *= rows;
        rows = 1;
    }
    k->act(w->act.kind, rows, n, y, g->s.places, y, g->s.places, w->act.p, w->act.q);
}

/* Units are bands, each by one thread. */
static void alone(void *arg, int64_t first, int64_t end, int worker) {
    work w = *(const work *)arg;
    for (int64_t u = first; u < end; u++) {
        take_unit(&w, u, worker);
        inputs(&w, 0, w.g->s.c, worker);
        outputs(&w, 0, w.g->blocks, worker);
    }
}

static void forward(const fv_pass *p) {
    const winograd5 *g = p->state;
    work w = {.p = p, .g = g, .act = fv__cpu_epilogue_act(p)};
    const int64_t units = g->s.n * g->s.groups * g->bands;
    const double each = g->macs / (double)units;
    if (fv__pool_size(p->pool) == 1 || units >= 2 * fv__pool_size(p->pool)) {
        fv__cpu_split(p->pool, units, 0.4 * g->macs, 2 * FV_GRAIN, alone, &w);
        return;
    }
    for (int64_t u = 0; u < units; u++) {
        take_unit(&w, u, 0);
        fv__cpu_split(p->pool, g->s.c, (g->copies ? 2 : 8) * (double)g->in, FV_GRAIN, inputs, &w);
        fv__cpu_split(p->pool, g->blocks, 0.4 * each, 2 * FV_GRAIN, outputs, &w);
    }
}

const fv_impl fv__cpu_conv_winograd5_forward = {.name = "winograd 5x5",
                                                .op = &fv__op_conv,
                                                .which = FV_FORWARD,
                                                .refuses = fv__cpu_conv_maps_refuses,
                                                .settle = settle,
                                                .prepare = prepare,
                                                .run = forward,
                                                .prologue = true};
