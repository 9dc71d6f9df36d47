/* SPDX-License-Identifier: MIT */
/*
 * mix.c - mixup (Zhang, Cisse, Dauphin & Lopez-Paz 2018): x = l x1 + (1 - l) x2, y likewise, with l
 * from Beta(alpha, alpha); cutmix (Yun et al. 2019): a part of x2 is put into x1, of the image's
 * own aspect, 1 - l of its area and its centre anywhere, cut off at the border; l is then what is
 * really left.
 *
 * The samples of a batch are in an order drawn for the epoch, so sample i is paired with sample
 * n - 1 - i, and the two exchange what each of them draws: no copy of the batch is needed.
 */
#include "data/mix.h"
#include <math.h>

/* Things of FV_STREAM_AUGMENT, behind those of draw.c. */
enum { WHICH = 64, MIXUP, CUTMIX, PLACE };

#define EACH  32 /* bits: blocks of numbers to a sample */
#define TRIES 64 /* each is good in 19 of 20 cases or more */

/* The logarithm of a number of Gamma(a), a >= 1 (Marsaglia & Tsang 2000); for a < 1 that of
   Gamma(a + 1) U^(1/a), as they say. */
static double log_gamma(fv_key key, uint64_t first, double alpha) {
    const double a = alpha < 1 ? alpha + 1 : alpha;
    const double d = a - 1.0 / 3, c = 1 / sqrt(9 * d);
    double v = 1, more = 0;
    for (uint64_t i = 0; i < TRIES; i++) {
        uint32_t r[4];
        fv__philox(key, first + i, r);
        const double u = (r[0] + 1.0) * 0x1p-32, t = 6.283185307179586 * (r[1] * 0x1p-32);
        const double z = sqrt(-2 * log(u)) * cos(t); /* Box-Muller */
        const double cube = 1 + c * z;
        if (cube <= 0) continue;
        v = cube * cube * cube;
        more = log((r[3] + 0.5) * 0x1p-32) / alpha;
        if (log((r[2] + 0.5) * 0x1p-32) < 0.5 * z * z + d - d * v + d * log(v)) break;
    }
    return log(d * v) + (alpha < 1 ? more : 0);
}

double fv__mix_beta(fv_key key, uint64_t first, double alpha) {
    const double one = log_gamma(key, first, alpha);
    const double other = log_gamma(key, first + TRIES, alpha);
    return 1 / (1 + exp(other - one));
}

static fv_key key_of(const fv_batch *b, int kind) {
    return fv__key(b->seed, FV_STREAM_AUGMENT, (uint64_t)kind, b->epoch);
}

/* From `centre` half of `side` each way, within 0 … most. */
static void span(double centre, double side, int64_t most, int64_t *from, int64_t *to) {
    const int64_t half = (int64_t)(side / 2), at = (int64_t)(centre * (double)most);
    *from = at - half < 0 ? 0 : at - half;
    *to = at + half > most ? most : at + half;
}

fv_mix fv__mix_draw(const fv_batch *b, int64_t number, int64_t width, int64_t height) {
    const fv_augment *a = b->augment;
    const uint64_t first = (uint64_t)number << EACH;
    uint32_t r[4];
    fv__philox(key_of(b, WHICH), (uint64_t)number, r);
    fv_mix m = {.keep = 1, .box = a->cutmix > 0 && (a->mixup == 0 || r[0] >> 31)};
    if (!m.box) {
        m.keep = fv__mix_beta(key_of(b, MIXUP), first, a->mixup);
        return m;
    }
    const double side = sqrt(1 - fv__mix_beta(key_of(b, CUTMIX), first, a->cutmix));
    fv__philox(key_of(b, PLACE), (uint64_t)number, r);
    span(r[0] * 0x1p-32, side * (double)width, width, &m.left, &m.right);
    span(r[1] * 0x1p-32, side * (double)height, height, &m.top, &m.bottom);
    m.keep = 1 - (double)((m.right - m.left) * (m.bottom - m.top)) / (double)(width * height);
    return m;
}

/* What is kept in a row, within the part and outside it. */
typedef struct kept {
    int64_t left, right;
    float inside, outside;
} kept;

static kept in_row(const fv_mix *m, int64_t y) {
    const float keep = (float)m->keep;
    if (!m->box) return (kept){0, 0, keep, keep};
    const bool through = y >= m->top && y < m->bottom;
    return (kept){m->left, m->right, through ? 0 : 1, 1};
}

static void mix_row(const kept *one, const kept *other, int64_t n, float *a, float *b) {
    for (int64_t x = 0; x < n; x++) {
        const float p = x >= one->left && x < one->right ? one->inside : one->outside;
        const float q = x >= other->left && x < other->right ? other->inside : other->outside;
        const float first = a[x], second = b[x];
        a[x] = p * first + (1 - p) * second;
        b[x] = q * second + (1 - q) * first;
    }
}

void fv__mix_planes(const fv_mix *one, const fv_mix *other, int64_t planes, int64_t height,
                    int64_t width, float *a, float *b) {
    for (int64_t i = 0; i < planes * height; i++) {
        const kept p = in_row(one, i % height), q = in_row(other, i % height);
        mix_row(&p, &q, width, a + i * width, b + i * width);
    }
}

void fv__mix_numbers(const fv_mix *one, const fv_mix *other, int64_t n, float *a, float *b) {
    const kept p = {0, 0, (float)one->keep, (float)one->keep};
    const kept q = {0, 0, (float)other->keep, (float)other->keep};
    mix_row(&p, &q, n, a, b);
}
