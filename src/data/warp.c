/* SPDX-License-Identifier: MIT */
/*
 * warp.c - an image seen through a map, in one sampling.
 *
 * The number at a point of the image is the mean of the pixels around it with the weights of a
 * triangle along each axis, whose half-width is what a step of one pixel in the window is there,
 * but at least 1: max(1, |dX/dp|) along x, max(1, |dY/dp|) along y. Where nothing is bent that is
 * the filter of resize.c; where an image is only turned it is bilinear interpolation; where a large
 * photograph shrinks every pixel counts. What elastic adds to the steps is left out of the widths.
 */
#include "data/warp.h"
#include <math.h>

int64_t fv__corner(int corner, int axis, int64_t rest) {
    if (corner == 4) return rest / 2;
    return corner >> axis & 1 ? rest : 0;
}

fv_route fv__warp_route(const fv_route *r, const fv_warp *w) {
    fv_route out = *r;
    if (w && w->corner && w->corner <= 4) {
        out.x0 = fv__corner(w->corner - 1, 0, r->w1 - r->w2);
        out.y0 = fv__corner(w->corner - 1, 1, r->h1 - r->h2);
    }
    if (!w || !w->cut) return out;
    out.w1 = r->width, out.h1 = r->height;
    out.x0 = w->x, out.y0 = w->y;
    out.w2 = w->width, out.h2 = w->height;
    return out;
}

/* Pixels of the image to a pixel of the window, along an axis. */
static double step_x(const fv_route *r) {
    return (double)r->w2 / (double)r->w3 * ((double)r->width / (double)r->w1);
}
static double step_y(const fv_route *r) {
    return (double)r->h2 / (double)r->h3 * ((double)r->height / (double)r->h1);
}

bool fv__warp_at(const fv_route *r, const fv_warp *w, int64_t u, int64_t v, double at[2]) {
    const double cx = 0.5 * (double)r->w3, cy = 0.5 * (double)r->h3;
    const int64_t i = v * r->w3 + u;
    const double x = (double)u + 0.5 - cx + (w->dx ? (double)w->dx[i] : 0);
    const double y = (double)v + 0.5 - cy + (w->dy ? (double)w->dy[i] : 0);
    const double px = cx + w->back[0][0] * x + w->back[0][1] * y;
    const double py = cy + w->back[1][0] * x + w->back[1][1] * y;
    at[0] = px * step_x(r) + (double)r->x0 * ((double)r->width / (double)r->w1);
    at[1] = py * step_y(r) + (double)r->y0 * ((double)r->height / (double)r->h1);
    return at[0] >= 0 && at[0] < (double)r->width && at[1] >= 0 && at[1] < (double)r->height;
}

static double reach(double step, const double back[2]) {
    const double wide = step * sqrt(back[0] * back[0] + back[1] * back[1]);
    return wide > 1 ? wide : 1;
}

/* The most pixels under a triangle. */
static int64_t most(double reach, int64_t side) {
    const double taps = 2 * ceil(reach) + 1;
    return taps < (double)side ? (int64_t)taps : side;
}

size_t fv__warp_floats(const fv_route *r, const fv_warp *w) {
    return (size_t)(most(reach(step_x(r), w->back[0]), r->width) +
                    most(reach(step_y(r), w->back[1]), r->height));
}

/* The pixels under the triangle around `at`: the first, how many, and their weights, whose sum is
 *sum. */
static int64_t triangle(double at, double reach, int64_t side, float *weight, int64_t *count,
                        float *sum) {
    int64_t low = (int64_t)floor(at - reach - 0.5) + 1, high = (int64_t)ceil(at + reach - 0.5);
    if (low < 0) low = 0;
    if (high > side) high = side;
    *sum = 0;
    for (int64_t i = low; i < high; i++) {
        const float v = (float)(1 - fabs((double)i + 0.5 - at) / reach);
        weight[i - low] = v;
        *sum += v;
    }
    *count = high - low;
    return low;
}

static float row_of_bytes(const uint8_t *from, int64_t step, const float *weight, int64_t n) {
    float sum = 0;
    for (int64_t i = 0; i < n; i++) sum += weight[i] * (float)from[i * step];
    return sum;
}

static float row_of_floats(const float *from, int64_t step, const float *weight, int64_t n) {
    float sum = 0;
    for (int64_t i = 0; i < n; i++) sum += weight[i] * from[i * step];
    return sum;
}

void fv__warp_planes(const fv_image_view *p, const fv_route *r, const fv_warp *w, float *memory,
                     float *planes) {
    const double rx = reach(step_x(r), w->back[0]), ry = reach(step_y(r), w->back[1]);
    float *wx = memory, *wy = memory + most(rx, r->width), sx, sy;
    const int64_t n = r->w3 * r->h3;
    for (int64_t k = 0; k < n; k++) {
        double at[2];
        int64_t nx, ny;
        if (!fv__warp_at(r, w, k % r->w3, k / r->w3, at)) continue;
        const int64_t x = triangle(at[0], rx, r->width, wx, &nx, &sx);
        const int64_t y = triangle(at[1], ry, r->height, wy, &ny, &sy);
        for (int c = 0; c < p->channels; c++) {
            const int64_t from = y * p->row + x * p->column + c * p->plane;
            float sum = 0;
            for (int64_t j = 0; j < ny; j++)
                sum += wy[j] * (p->dtype == FV_U8
                                    ? row_of_bytes((const uint8_t *)p->data + from + j * p->row,
                                                   p->column, wx, nx)
                                    : row_of_floats((const float *)p->data + from + j * p->row,
                                                    p->column, wx, nx));
            planes[c * n + k] = sum / (sx * sy);
        }
    }
}
