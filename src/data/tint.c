/* SPDX-License-Identifier: MIT */
/*
 * tint.c - brightness, contrast, saturation and hue as torchvision's ColorJitter, on values of 0 to
 * 255 that are kept between them after each:
 *
 *     brightness   f v
 *     contrast     f v + (1 - f) m     m: the mean gray of the image
 *     saturation   f v + (1 - f) g     g: the pixel's gray, 0.299 R + 0.587 G + 0.114 B
 *     hue          h + by (mod 1) in HSV
 *
 * pca adds the same to all pixels (Krizhevsky, Sutskever & Hinton 2012, section 4.1).
 */
#include "data/tint.h"

static float limited(float v) {
    return v < 0 ? 0 : v > 255 ? 255 : v;
}

static float gray(const float *planes, int64_t n, int64_t i) {
    return 0.299f * planes[i] + 0.587f * planes[n + i] + 0.114f * planes[2 * n + i];
}

static void brighten(float *v, int64_t n, float f) {
    for (int64_t i = 0; i < n; i++) v[i] = limited(f * v[i]);
}

static void contrast(float *planes, int64_t n, int channels, float f) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)(channels == 3 ? gray(planes, n, i) : planes[i]);
    const float rest = (1 - f) * (float)(sum / (double)n);
    for (int64_t i = 0; i < n * channels; i++) planes[i] = limited(f * planes[i] + rest);
}

static void saturate(float *planes, int64_t n, float f) {
    for (int64_t i = 0; i < n; i++) {
        const float rest = (1 - f) * gray(planes, n, i);
        for (int c = 0; c < 3; c++) planes[c * n + i] = limited(f * planes[c * n + i] + rest);
    }
}

/* How far a channel is below the largest, of the colourfulness: of the hue h in sixths, the channel
   at k = 5, 3, 1 for R, G, B. */
static inline float below(float k, float h) {
    const float sum = k + h, less = sum - 6, at = sum >= 6 ? less : sum, back = 4 - at;
    const float low = at < back ? at : back, some = low > 0 ? low : 0;
    return some < 1 ? some : 1;
}

/* The hue is where on the circle R - Y - G - C - B - M the colour lies; a sixth is 1 here. Choices
   between numbers that are all there, so that the loop becomes vectors. */
static void turn(float *restrict red, float *restrict green, float *restrict blue, int64_t n,
                 float by) {
    const float sixths = 6 * (by < 0 ? by + 1 : by);
    for (int64_t i = 0; i < n; i++) {
        const float r = red[i], g = green[i], b = blue[i];
        const float rg = r > g ? r : g, least_rg = r < g ? r : g;
        const float most = rg > b ? rg : b, least = least_rg < b ? least_rg : b;
        const float colour = most - least, scale = 1 / (colour > 0 ? colour : 1);
        const float near_r = (g - b) * scale, near_g = 2 + (b - r) * scale;
        const float near_b = 4 + (r - g) * scale;
        const float not_r = most == g ? near_g : near_b, hue = most == r ? near_r : not_r;
        const float up = hue + 6, turned = (hue < 0 ? up : hue) + sixths, less = turned - 6;
        const float h = turned >= 6 ? less : turned;
        red[i] = most - colour * below(5, h);
        green[i] = most - colour * below(3, h);
        blue[i] = most - colour * below(1, h);
    }
}

void fv__tint(const fv_tint *t, float *planes, int64_t n, int channels) {
    for (int k = 0; k < t->count; k++) {
        const float by = (float)t->by[k];
        switch (t->which[k]) {
        case FV_TINT_BRIGHTNESS:
            brighten(planes, n * channels, by);
            break;
        case FV_TINT_CONTRAST:
            contrast(planes, n, channels, by);
            break;
        case FV_TINT_SATURATION:
            if (channels == 3) saturate(planes, n, by);
            break;
        default:
            if (channels == 3) turn(planes, planes + n, planes + 2 * n, n, by);
        }
    }
    for (int c = 0; t->adds && c < channels; c++)
        for (int64_t i = 0; i < n; i++) planes[c * n + i] += (float)t->added[c];
}
