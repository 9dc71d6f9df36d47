/* SPDX-License-Identifier: MIT */
/*
 * draw.c - the numbers that augmentation draws for a sample.
 *
 * flip and shift are those of the CIFAR recipes (He et al. 2016, "Deep residual learning", section
 * 4.2): pad by `shift` pixels, cut the old size out at a random place, mirror every second image by
 * chance. area is the crop of Szegedy et al. 2015, "Going deeper", section 6, drawn as
 * torchvision's RandomResizedCrop does; colours are its ColorJitter; cutout DeVries & Taylor 2017.
 */
#include "data/draw.h"
#include <math.h>

/* Each kind has a stream of its own: these are the things of FV_STREAM_AUGMENT (base/random.h). New
   ones go to the end: the numbers of a kind follow from its place. */
enum {
    MOVE, /* flip and shift */
    ZOOM,
    ROTATE,
    SHEAR,
    ELASTIC_X,
    ELASTIC_Y,
    AREA,
    TINT_ORDER,
    TINT_BY, /* and the three after it */
    PCA = TINT_BY + FV_TINTS,
    CUTOUT
};

#define EACH  32 /* bits: a sample has 2^32 blocks of four numbers of each kind */
#define TRIES 10 /* of finding a part that fits, as torchvision's */

static fv_key key_of(const fv_batch *b, int kind) {
    return fv__key(b->seed, FV_STREAM_AUGMENT, (uint64_t)kind, b->epoch);
}

/* Four numbers in [0, 1): block i of a sample. */
static void units(const fv_batch *b, int kind, int64_t sample, uint64_t i, double out[4]) {
    uint32_t r[4];
    fv__philox(key_of(b, kind), (uint64_t)sample << EACH | i, r);
    for (int k = 0; k < 4; k++) out[k] = r[k] * 0x1p-32;
}

/* Uniform between two ends. */
static double between(const fv_batch *b, int kind, int64_t sample, double low, double high) {
    double u[4];
    units(b, kind, sample, 0, u);
    return low + (high - low) * u[0];
}

/* --- where pixels lie ------------------------------------------------------------------------- */

static fv_move draw_move(const fv_batch *b, int64_t sample) {
    const fv_augment *a = b->augment;
    fv_move m = {0};
    if (!a->flip && a->shift == 0) return m;
    uint32_t r[4];
    fv__philox(key_of(b, MOVE), (uint64_t)sample, r);
    uint64_t steps = 2 * (uint64_t)a->shift + 1;
    m.flip = a->flip && r[0] >> 31;
    m.dx = (int64_t)(r[1] * steps >> 32) - a->shift;
    m.dy = (int64_t)(r[2] * steps >> 32) - a->shift;
    return m;
}

/* A part of `area` to 1 of the image whose aspect is 1/aspect to aspect, anywhere in it; where ten
   tries fit nowhere, the largest one in the middle. */
static void draw_part(const fv_batch *b, int64_t sample, const fv_image_view *p, fv_warp *out) {
    const double least = b->augment->area, ratio = b->augment->aspect;
    const double w = (double)p->width, h = (double)p->height;
    out->cut = true;
    for (uint64_t i = 0; i < TRIES; i++) {
        double u[4];
        units(b, AREA, sample, i, u);
        const double area = w * h * (least + (1 - least) * u[0]);
        const double aspect = exp(log(ratio) * (2 * u[1] - 1));
        out->width = (int64_t)nearbyint(sqrt(area * aspect));
        out->height = (int64_t)nearbyint(sqrt(area / aspect));
        if (out->width < 1 || out->width > p->width || out->height < 1 || out->height > p->height)
            continue;
        out->x = (int64_t)(u[2] * (double)(p->width - out->width + 1));
        out->y = (int64_t)(u[3] * (double)(p->height - out->height + 1));
        return;
    }
    out->width = w > h * ratio ? (int64_t)nearbyint(h * ratio) : p->width;
    out->height = h > w * ratio ? (int64_t)nearbyint(w * ratio) : p->height;
    if (out->width > p->width) out->width = p->width;
    if (out->height > p->height) out->height = p->height;
    out->x = (p->width - out->width) / 2;
    out->y = (p->height - out->height) / 2;
}

/* What is seen of the image is it sheared, turned (counter-clockwise) and enlarged; `back` undoes
   that: (zoom R S)^-1 = S^-1 R^-1 / zoom, with y pointing down. */
static void draw_back(const fv_batch *b, int64_t sample, double back[2][2]) {
    const fv_augment *a = b->augment;
    const double degree = 3.14159265358979323846 / 180, most = log(1 + a->zoom);
    const double turn = degree * between(b, ROTATE, sample, -a->rotate, a->rotate);
    const double slant = tan(degree * between(b, SHEAR, sample, -a->shear, a->shear));
    const double zoom = exp(between(b, ZOOM, sample, -most, most));
    const double c = cos(turn) / zoom, s = sin(turn) / zoom;
    back[0][0] = c - slant * s, back[0][1] = -s - slant * c;
    back[1][0] = s, back[1][1] = c;
}

static fv_status draw_warp(const fv_batch *b, int64_t sample, const fv_input *in,
                           const fv_image_view *p, fv_arena *scratch, fv_warp *out) {
    const fv_augment *a = b->augment;
    const int64_t w = in->width - 2 * in->pad, h = in->height - 2 * in->pad;
    const uint64_t first = (uint64_t)sample << EACH;
    if (a->area > 0) draw_part(b, sample, p, out);
    out->bent = a->zoom > 0 || a->rotate > 0 || a->shear > 0 || a->elastic > 0;
    draw_back(b, sample, out->back);
    if (a->elastic == 0) return FV_OK;
    out->dx =
        fv__draw_elastic(key_of(b, ELASTIC_X), first, w, h, a->elastic, a->elastic_sigma, scratch);
    out->dy =
        fv__draw_elastic(key_of(b, ELASTIC_Y), first, w, h, a->elastic, a->elastic_sigma, scratch);
    return out->dx && out->dy ? FV_OK : FV_EXHAUSTED;
}

/* --- colour ------------------------------------------------------------------------------------
 */

/* A permutation of those in use, from four numbers. */
static void draw_tint(const fv_batch *b, int64_t sample, fv_tint *out) {
    const fv_augment *a = b->augment;
    const double by[FV_TINTS] = {a->brightness, a->contrast, a->saturation, a->hue};
    double u[4];
    units(b, TINT_ORDER, sample, 0, u);
    int order[FV_TINTS] = {0, 1, 2, 3};
    for (int i = FV_TINTS - 1; i > 0; i--) { /* Fisher-Yates */
        const int j = (int)(u[i] * (i + 1)), other = order[i];
        order[i] = order[j];
        order[j] = other;
    }
    for (int i = 0; i < FV_TINTS; i++) {
        const int which = order[i];
        const double v = by[which], least = 1 - v > 0 ? 1 - v : 0;
        if (v == 0) continue;
        out->which[out->count] = which;
        out->by[out->count++] = which == FV_TINT_HUE
                                    ? between(b, TINT_BY + which, sample, -v, v)
                                    : between(b, TINT_BY + which, sample, least, 1 + v);
    }
}

/* Krizhevsky, Sutskever & Hinton 2012: the sum over components of vector * N(0, pca) * value. */
static void draw_pca(const fv_batch *b, int64_t sample, int channels, fv_tint *out) {
    const fv_components *of = b->components;
    if (!of || of->channels != channels) return; /* gray among colours */
    out->adds = true;
    for (int k = 0; k < channels; k++) {
        const double z = fv__random_normal(key_of(b, PCA), (uint64_t)sample * 4 + (uint64_t)k);
        for (int c = 0; c < channels; c++)
            out->added[c] += 255 * of->vector[k][c] * b->augment->pca * z * of->value[k];
    }
}

fv_status fv__draw(const fv_batch *b, int64_t number, const fv_input *in, const fv_image_view *p,
                   fv_arena *scratch, fv_drawn *out) {
    const fv_augment *a = b->augment;
    *out = (fv_drawn){0};
    if (!a) return FV_OK;
    out->move = draw_move(b, number);
    if (fv__augment_warps(a)) {
        FV_TRY(draw_warp(b, number, in, p, scratch, &out->warp));
        out->move.warp = &out->warp;
    }
    if (!fv__augment_colours(a)) return FV_OK;
    draw_tint(b, number, &out->tint);
    if (a->pca > 0) draw_pca(b, number, p->channels, &out->tint);
    out->move.tint = &out->tint;
    return FV_OK;
}

fv_status fv__augment_takes(fv_context *ctx, const fv_augment *a, const fv_dataset *set) {
    const bool pictures =
        set->dtype == FV_U8 && (!set->one_size || set->channels == 1 || set->channels == 3);
    if (!a || pictures || !fv__augment_colours(a)) return FV_OK;
    return fv__fail(
        ctx, FV_BAD_INPUT,
        "brightness, contrast, saturation, hue and pca are for pictures, bytes in 1 or 3 "
        "channels; the data set %s has %lld channels of %s",
        set->name, (long long)set->channels, set->dtype == FV_U8 ? "bytes" : "numbers");
}

/* --- what is hidden ----------------------------------------------------------------------------
 */

void fv__draw_cutout(const fv_batch *b, int64_t number, const fv_input *in, float *x) {
    const int64_t side = b->augment ? b->augment->cutout : 0;
    double u[4];
    if (side == 0) return;
    units(b, CUTOUT, number, 0, u);
    int64_t left = (int64_t)(u[0] * (double)in->width) - side / 2, right = left + side;
    int64_t top = (int64_t)(u[1] * (double)in->height) - side / 2, bottom = top + side;
    if (left < 0) left = 0;
    if (top < 0) top = 0;
    if (right > in->width) right = in->width;
    if (bottom > in->height) bottom = in->height;
    for (int64_t c = 0; c < in->channels; c++)
        for (int64_t y = top; y < bottom; y++)
            for (int64_t k = left; k < right; k++) x[(c * in->height + y) * in->width + k] = 0;
}
