/* SPDX-License-Identifier: MIT */
/*
 * winograd_filters.c - the filters of conv_winograd.c, transformed: G g G^T, a side after the
 * other.
 *
 * Transformed filters are four times as many numbers (of F(2x2, 3x3) 16 ninths as many). Where
 * these are more than caches hold, they stay as they are, and a strip is transformed where it is
 * met: that takes three operations a number where a product with many tiles takes dozens, a fourth
 * is read from memory, and a fourth is kept.
 */
#include "cpu/winograd.h"
#include <string.h>

#define CHANNELS 16  /* transformed at a time: the numbers of a strip stay in the nearest cache */
#define DEPTH    128 /* channels of a block of late filters */
#define APART    16  /* floats between numbers, or all would share a few lines of a cache */
#define LINE     16  /* floats that memory gives at a time */
#define MR_MOST  16  /* filters of a strip */

/* G: the points' powers, each over the product of its distances from the other points, which are
   pairs +-x. Of four: 0, +-sqrt(1/2), +-sqrt(2) and infinity; of two: 0, +-1 and infinity. Of
   stride 2 the first and last weight meet every other pixel, by F(2, 2) with the points 0, 1 and
   infinity; the middle one meets those between, as it is. */
#define P 0.70710678118654752440f
#define S 0.16666666666666666667f
const fv_winograd_form fv__winograd_four = {
    .stride = 1,
    .tile = 4,
    .side = 6,
    .sums = 6,
    .filters = 6,
    .few = 8,
    .first = {0, 1, 2, 3, 4, 5, 6},
    .filter = {0, 1, 2, 3, 4, 5},
    .pairs = 2,
    .g = {{-4 * S, -4 * P *S, -2 * S}, {S, 2 * P *S, 2 * S}}};
const fv_winograd_form fv__winograd_two = {.stride = 1,
                                           .tile = 2,
                                           .side = 4,
                                           .sums = 4,
                                           .filters = 4,
                                           .few = 16,
                                           .first = {0, 1, 2, 3, 4},
                                           .filter = {0, 1, 2, 3},
                                           .pairs = 1,
                                           .g = {{0.5f, 0.5f, 0.5f}}};
const fv_winograd_form fv__winograd_step = {.stride = 2,
                                            .tile = 2,
                                            .side = 5,
                                            .sums = 3,
                                            .filters = 4,
                                            .few = 16,
                                            .first = {0, 2, 3, 5},
                                            .filter = {0, 1, 2, 3, 1}};

/* The rows of G between the first and the last, one after the other. */
static void between(const struct fv_kernels *k, const fv_winograd_form *f, int64_t n,
                    const float *x, int64_t step, float *out, int64_t apart) {
    if (f->pairs > 0) {
        k->winograd_filter(n, x, step, f->pairs, f->g, out, apart);
        return;
    }
    memcpy(out, x + step, (size_t)n * sizeof *out);
    k->add2(n, x, x + 2 * step, out + apart);
}

size_t fv__winograd_filter_floats(const fv_winograd *g, const struct fv_kernels *k) {
    return (size_t)((g->late ? 9 : fv__winograd_filters(g->form)) * g->strips * k->mr * g->s.c);
}

int64_t fv__winograd_late_channels(const fv_winograd *g, int64_t c) {
    return fv__cpu_min(DEPTH, g->s.c - c);
}

static float *late_block(const fv_pass *p, int64_t strip, int64_t c) {
    const fv_winograd *g = p->state;
    return (float *)p->prepared +
           9 * p->kernels->mr * (c * g->strips + strip * fv__winograd_late_channels(g, c));
}

/* Six planes halfway, and the numbers of a row that G changes. */
size_t fv__winograd_late_floats(const fv_winograd *g, const struct fv_kernels *k) {
    return g->late ? (size_t)((6 + 2 * g->form->pairs) * (k->mr * DEPTH + APART)) : 0;
}

void fv__winograd_late_rows(const fv_pass *p, int64_t strip, int64_t pair, int64_t c, float *work,
                            fv_late *out) {
    const fv_winograd *g = p->state;
    const int64_t n = p->kernels->mr * fv__winograd_late_channels(g, c), apart = n + APART;
    const float *filters = late_block(p, strip, c);
    *out = (fv_late){.row = {0, g->form->filters - 1},
                     .half = {filters, filters + 6 * n},
                     .step = {n, n},
                     .n = n,
                     .work = work + 6 * apart,
                     .next = filters + 9 * n,
                     .ahead = 9 * n};
    if (pair == 0) return;
    for (int s = 0; s < 3; s++)
        p->kernels->winograd_filter(n, filters + s * n, 3 * n, 1, &g->form->g[pair - 1],
                                    work + s * apart, 3 * apart);
    for (int i = 0; i < 2; i++) {
        out->row[i] = 2 * pair - 1 + i;
        out->half[i] = work + 3 * i * apart;
        out->step[i] = apart;
    }
}

void fv__winograd_late_numbers(const fv_pass *p, const fv_late *late, int i,
                               const float *out[FV_WINOGRAD_SIDE]) {
    const fv_winograd *g = p->state;
    const int64_t apart = late->n + APART;
    p->kernels->winograd_filter(late->n, late->half[i], late->step[i], g->form->pairs, g->form->g,
                                late->work, apart);
    out[0] = late->half[i];
    for (int q = 0; q < 2 * g->form->pairs; q++) out[q + 1] = late->work + q * apart;
    out[2 * g->form->pairs + 1] = late->half[i] + 2 * late->step[i];
}

void fv__winograd_late_fetch(const fv_late *late, int64_t i, int64_t n) {
    int64_t line, end;
    fv__cpu_cut(late->ahead / LINE, n, i, &line, &end);
    for (; line < end; line++) __builtin_prefetch(late->next + line * LINE, 0, 2);
}

/* --- preparing ---------------------------------------------------------------------------------
 */

/* Channels c … c+count-1 of a strip into out[row and column][channel][filter], `step` from place to
   place. */
static void take(const fv_pass *p, int64_t strip, int64_t c, int64_t count, float *out,
                 int64_t step) {
    const fv_winograd *g = p->state;
    const int64_t mr = p->kernels->mr, k0 = strip * mr, filters = fv__cpu_min(mr, g->s.k - k0);
    float packed[CHANNELS * 9 * MR_MOST];
    if (filters < mr) memset(packed, 0, sizeof packed);
    p->kernels->pack(filters, 9 * count, (const float *)p->w[0].data + (k0 * g->s.c + c) * 9,
                     9 * g->s.c, packed);
    for (int64_t i = 0; i < count; i++)
        for (int64_t t = 0; t < 9; t++)
            memcpy(out + t * step + i * mr, packed + (9 * i + t) * mr, (size_t)mr * sizeof *out);
}

/* Transforms channels c … c+count-1 of a strip. */
static void transform(const fv_pass *p, int64_t strip, int64_t c, int64_t count) {
    const fv_winograd *g = p->state;
    const struct fv_kernels *k = p->kernels;
    const fv_winograd_form *f = g->form;
    const int64_t n = count * k->mr, sides = f->filters, apart = g->strips * g->s.c * k->mr;
    float rows[FV_WINOGRAD_SIDE * 3 * CHANNELS * MR_MOST];
    float filters[9 * CHANNELS * MR_MOST];
    take(p, strip, c, count, filters, n);
    memcpy(rows, filters, (size_t)(3 * n) * sizeof *rows);
    memcpy(rows + (sides - 1) * 3 * n, filters + 6 * n, (size_t)(3 * n) * sizeof *rows);
    between(k, f, 3 * n, filters, 3 * n, rows + 3 * n, 3 * n);
    for (int64_t r = 0; r < sides; r++) {
        const float *row = rows + 3 * r * n;
        float *to = (float *)p->prepared + sides * r * apart + (strip * g->s.c + c) * k->mr;
        memcpy(to, row, (size_t)n * sizeof *to);
        memcpy(to + (sides - 1) * apart, row + 2 * n, (size_t)n * sizeof *to);
        between(k, f, n, row, n, to + apart, apart);
    }
}

static void take_late(const fv_pass *p, int64_t strip, int64_t c, int64_t count) {
    const int64_t mr = p->kernels->mr, start = c / DEPTH * DEPTH;
    take(p, strip, c, count, late_block(p, strip, start) + (c - start) * mr,
         fv__winograd_late_channels(p->state, start) * mr);
}

static void prepare_strips(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const fv_winograd *g = p->state;
    (void)worker;
    for (int64_t u = first; u < end; u++)
        for (int64_t c = 0; c < g->s.c; c += CHANNELS) {
            const int64_t count = fv__cpu_min(CHANNELS, g->s.c - c);
            if (g->late)
                take_late(p, u, c, count);
            else
                transform(p, u, c, count);
        }
}

void fv__winograd_prepare(const fv_pass *p) {
    const fv_winograd *g = p->state;
    fv__cpu_split(p->pool, g->strips,
                  (double)(g->s.k * g->s.c) * 4 * (double)fv__winograd_filters(g->form), FV_GRAIN,
                  prepare_strips, p);
}
