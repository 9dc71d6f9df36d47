/* SPDX-License-Identifier: MIT */
/*
 * winograd_filters.c - the forms of Winograd's transforms, and the filters of each, G g G^T. What
 * is done to pixels and sums is in kern/winograd.inc.h.
 */
#include "cpu/winograd.h"

/* G x: the points' powers, each over the product of its distances from the other points. Of four:
   0, +-sqrt(1/2), +-sqrt(2) and infinity; of two: 0, +-1 and infinity. */
static void line_of_four(const double x[3], double *t) {
    const double p = 0.70710678118654752440, q = 2 * p;
    t[0] = x[0];
    t[1] = -(x[0] + p * x[1] + x[2] / 2) / 1.5;
    t[2] = -(x[0] - p * x[1] + x[2] / 2) / 1.5;
    t[3] = (x[0] + q * x[1] + 2 * x[2]) / 6;
    t[4] = (x[0] - q * x[1] + 2 * x[2]) / 6;
    t[5] = x[2];
}

static void line_of_two(const double x[3], double *t) {
    t[0] = x[0];
    t[1] = (x[0] + x[1] + x[2]) / 2;
    t[2] = (x[0] - x[1] + x[2]) / 2;
    t[3] = x[2];
}

/* Of stride 2: the first and last weight meet every other pixel, by F(2, 2) with the points 0, 1
   and infinity; the middle one meets those between, as it is. */
static void line_of_step(const double x[3], double *t) {
    t[0] = x[0];
    t[1] = x[1];
    t[2] = x[0] + x[2];
    t[3] = x[2];
}

const fv_winograd_form fv__winograd_four = {
    1, 4, 6, 6, 6, 8, {0, 1, 2, 3, 4, 5, 6}, {0, 1, 2, 3, 4, 5}, line_of_four};
const fv_winograd_form fv__winograd_two = {
    1, 2, 4, 4, 4, 16, {0, 1, 2, 3, 4}, {0, 1, 2, 3}, line_of_two};
const fv_winograd_form fv__winograd_step = {
    2, 2, 5, 3, 4, 16, {0, 2, 3, 5}, {0, 1, 2, 3, 1}, line_of_step};

void fv__winograd_filter(const fv_winograd_form *f, const float *g, float *out, int64_t step) {
    const int64_t n = f->filters;
    double down[3][FV_WINOGRAD_SIDE];
    for (int s = 0; s < 3; s++) {
        const double column[3] = {g[s], g[3 + s], g[6 + s]};
        f->line(column, down[s]);
    }
    for (int64_t r = 0; r < n; r++) {
        const double row[3] = {down[0][r], down[1][r], down[2][r]};
        double t[FV_WINOGRAD_SIDE];
        f->line(row, t);
        for (int64_t s = 0; s < n; s++) out[(n * r + s) * step] = (float)t[s];
    }
}
