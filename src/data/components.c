/* SPDX-License-Identifier: MIT */
/*
 * components.c - eigenvalues and eigenvectors of the colours' covariance, for the colour noise of
 * Krizhevsky, Sutskever & Hinton 2012, section 4.1. They give no unit; an eigenvalue grows with the
 * square of it, and the usual 0.1 means values from 0 to 1.
 */
#include "data/components.h"
#include <math.h>
#include <string.h>

#define IMAGES 512 /* most that are looked at */
#define ACROSS 64  /* most pixels along a side of each */

/* Turns axes p and q so that a[p][q] becomes 0 (Jacobi 1846). */
static void rotate(double a[3][3], double v[3][3], int n, int p, int q) {
    if (a[p][q] == 0) return;
    const double ratio = (a[q][q] - a[p][p]) / (2 * a[p][q]);
    const double t = (ratio < 0 ? -1 : 1) / (fabs(ratio) + sqrt(ratio * ratio + 1));
    const double c = 1 / sqrt(t * t + 1), s = t * c;
    for (int k = 0; k < n; k++) {
        const double kp = a[k][p], kq = a[k][q];
        a[k][p] = c * kp - s * kq;
        a[k][q] = s * kp + c * kq;
    }
    for (int k = 0; k < n; k++) {
        const double pk = a[p][k], qk = a[q][k], vp = v[p][k], vq = v[q][k];
        a[p][k] = c * pk - s * qk;
        a[q][k] = s * pk + c * qk;
        v[p][k] = c * vp - s * vq;
        v[q][k] = s * vp + c * vq;
    }
}

void fv__components(double a[3][3], int n, fv_components *out) {
    double v[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    int order[3] = {0, 1, 2};
    for (int sweep = 0; sweep < 30; sweep++) /* a handful would do: it converges quadratically */
        for (int p = 0; p < n; p++)
            for (int q = p + 1; q < n; q++) rotate(a, v, n, p, q);
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            if (a[order[j]][order[j]] > a[order[i]][order[i]]) {
                const int other = order[i];
                order[i] = order[j];
                order[j] = other;
            }
    *out = (fv_components){.channels = n};
    for (int i = 0; i < n; i++) {
        const double *from = v[order[i]];
        int largest = 0;
        for (int c = 1; c < n; c++)
            if (fabs(from[c]) > fabs(from[largest])) largest = c;
        out->value[i] = a[order[i]][order[i]];
        for (int c = 0; c < n; c++) out->vector[i][c] = from[largest] < 0 ? -from[c] : from[c];
    }
}

/* Sums of the pixels' colours, and of their products. */
typedef struct sums {
    double count, one[3], two[3][3];
} sums;

static void add_image(const fv_image_view *p, sums *s) {
    const int64_t down = p->height < ACROSS ? p->height : ACROSS;
    const int64_t across = p->width < ACROSS ? p->width : ACROSS;
    for (int64_t i = 0; i < down * across; i++) {
        const int64_t y = i / across * p->height / down, x = i % across * p->width / across;
        const uint8_t *at = (const uint8_t *)p->data + y * p->row + x * p->column;
        double v[3] = {0};
        for (int c = 0; c < p->channels; c++) v[c] = at[c * p->plane] / 255.0;
        for (int c = 0; c < p->channels; c++) {
            s->one[c] += v[c];
            for (int d = 0; d < p->channels; d++) s->two[c][d] += v[c] * v[d];
        }
    }
    s->count += (double)(down * across);
}

static fv_status add_sample(fv_context *ctx, const fv_dataset *set, int64_t i, int *channels,
                            sums *s) {
    fv_arena scratch;
    fv_sample sample;
    fv__arena_init(&scratch, ctx);
    fv_status status = fv__dataset_sample(ctx, set, i, &scratch, &sample);
    const fv_image_view *p = &sample.image;
    if (status == FV_OK && (p->dtype != FV_U8 || (p->channels != 1 && p->channels != 3)))
        status = fv__fail(ctx, FV_BAD_INPUT,
                          "data set %s, sample %lld: pca needs pictures of 1 or 3 channels",
                          set->name, (long long)i);
    /* gray among colours is a colour too: it is left out, as it would say that all are alike */
    if (status == FV_OK && p->channels > *channels) {
        *channels = p->channels;
        *s = (sums){0};
    }
    if (status == FV_OK && p->channels == *channels) add_image(p, s);
    fv__arena_free(&scratch);
    return status;
}

fv_status fv__components_of(fv_context *ctx, const fv_dataset *set, fv_components *out) {
    const int64_t images = set->count < IMAGES ? set->count : IMAGES;
    double a[3][3];
    sums s = {0};
    int n = 0;
    for (int64_t i = 0; i < images; i++)
        FV_TRY(add_sample(ctx, set, i * set->count / images, &n, &s));
    memset(a, 0, sizeof a);
    for (int c = 0; c < n; c++)
        for (int d = 0; d < n; d++)
            a[c][d] = s.two[c][d] / s.count - s.one[c] / s.count * (s.one[d] / s.count);
    fv__components(a, n, out);
    return FV_OK;
}
