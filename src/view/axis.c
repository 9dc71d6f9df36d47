/* SPDX-License-Identifier: MIT */
/*
 * axis.c - where the ticks of an axis stand and what they are called, and what a plot spans.
 */
#include "view/parts.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Beyond this, differences of two values no longer fit a double with ease. */
#define HUGE_VALUE_MOST 1e150

static double cut(double v) {
    return v > HUGE_VALUE_MOST ? HUGE_VALUE_MOST : v < -HUGE_VALUE_MOST ? -HUGE_VALUE_MOST : v;
}

/* The least of 1, 2, 5 times a power of ten that is not below `v`. */
static double round_step(double v) {
    double power = pow(10, floor(log10(v)));
    double times = v / power;
    return power * (times <= 1.0001 ? 1 : times <= 2.0001 ? 2 : times <= 5.0001 ? 5 : 10);
}

/* Digits behind the point that tell multiples of `step` apart. */
static int decimals(double step) {
    int d = (int)-floor(log10(step) + 1e-9);
    return d < 0 ? 0 : d;
}

/* `most`: the largest of the axis, so that 5,000 beside 10,000 gets its comma too. */
static void name_tick(char out[24], double v, double step, double most, bool percent) {
    if (percent) {
        v *= 100;
        step *= 100;
    }
    double size = fmax(fabs(v), step);
    char number[32];
    if (fabs(v) < step * 1e-6) v = 0;
    if (size < 1e-3 || size >= 1e15 || (size >= 1e7 && step > size * 1e-3)) {
        /* "2e-4", not "2.0e-04", and as many digits as tell one tick from the next */
        int exponent = v == 0 ? 0 : (int)floor(log10(fabs(v)) + 1e-9);
        int digits = exponent - (int)floor(log10(step) + 1e-9);
        digits = digits < 0 ? 1 : digits > 9 ? 10 : digits + 1;
        if (v == 0)
            snprintf(number, sizeof number, "0");
        else
            fv__format(number, sizeof number, "%.*ge%d", digits, v / pow(10, exponent), exponent);
    } else if (step >= 1 && most >= 10000) {
        fv__commas(number, (int64_t)llround(v));
    } else {
        int d = decimals(step);
        fv__format(number, sizeof number, "%.*f", d > 6 ? 6 : d, v);
    }
    snprintf(out, 24, "%.16s%s", number, percent ? " %" : "");
}

static void tick(fv_axis *a, double v, double step, bool percent) {
    if (a->count == FV_TICKS_MAX) return;
    a->at[a->count] = v;
    name_tick(a->label[a->count++], v, step, fmax(fabs(a->lo), fabs(a->hi)), percent);
}

static void linear(fv_axis *a, fv_axis_wish wish) {
    if (!(a->hi - a->lo > 1e-290)) {
        /* One value: some room around it, more than doubles need to tell apart. */
        double room = fmax(fabs(a->lo) * 0.05, wish.whole ? 1 : wish.percent ? 0.005 : 1e-12);
        if (a->lo == 0 && !wish.percent) room = 1;
        a->lo -= room;
        a->hi += room;
    }
    double step = round_step((a->hi - a->lo) / wish.ticks);
    if (wish.whole && step < 1) step = 1;
    /* Where doubles lie too far apart for that many ticks. */
    double grain = fmax(fabs(a->lo), fabs(a->hi)) * 1e-14;
    if (step < grain) step = round_step(grain);
    if (wish.round) {
        a->lo = floor(a->lo / step + 1e-9) * step;
        a->hi = ceil(a->hi / step - 1e-9) * step;
        if (!(a->hi > a->lo)) a->hi = a->lo + step;
    }
    double first = ceil(a->lo / step - 1e-9);
    for (int i = 0; i < FV_TICKS_MAX && (first + i) * step <= a->hi + step * 1e-9; i++)
        tick(a, (first + i) * step, step, wish.percent);
}

/* Ticks at every power of ten (or every second, third …), and at 2 and 5 between them when there
   are few. */
static void logarithmic(fv_axis *a, fv_axis_wish wish) {
    if (!(a->hi > a->lo)) {
        a->lo /= 2;
        a->hi *= 2;
    }
    double decades = log10(a->hi / a->lo);
    int low = (int)floor(log10(a->lo) + 1e-9), high = (int)ceil(log10(a->hi) - 1e-9);
    int skip = 1;
    while ((high - low) / skip > wish.ticks) skip++;
    bool between = decades < 2.5;
    for (int e = low; e <= high; e += skip) {
        static const double front[] = {1, 2, 5};
        for (int k = 0; k < (between ? 3 : 1); k++) {
            double v = front[k] * pow(10, e);
            if (v >= a->lo * (1 - 1e-9) && v <= a->hi * (1 + 1e-9))
                tick(a, v, pow(10, e), wish.percent);
        }
    }
}

void fv__axis(fv_axis *axis, double lo, double hi, fv_axis_wish wish) {
    *axis = (fv_axis){.lo = cut(lo), .hi = cut(hi), .log = wish.log && lo > 0};
    if (wish.ticks < 1) wish.ticks = 1;
    if (wish.ticks > FV_TICKS_MAX - 2) wish.ticks = FV_TICKS_MAX - 2;
    if (axis->log && axis->lo < 1e-150) axis->lo = 1e-150;
    if (axis->log && axis->hi < axis->lo) axis->hi = axis->lo;
    if (axis->log) logarithmic(axis, wish);
    if (axis->count) return;
    /* A span too short for a tick of a log axis reads better evenly. */
    axis->log = false;
    linear(axis, wish);
}

double fv__axis_share(const fv_axis *a, double v) {
    v = cut(v);
    double t = a->log ? log(v / a->lo) / log(a->hi / a->lo) : (v - a->lo) / (a->hi - a->lo);
    return t < -1 ? -1 : t > 2 ? 2 : t;
}

double fv__plot_x(const fv_plot *plot, int64_t i) {
    return plot->x ? plot->x[i] : (double)(i + 1);
}

bool fv__plot_drawable(const fv_plot *plot, int64_t i, double y) {
    return isfinite(y) && isfinite(fv__plot_x(plot, i)) && !(plot->log_y && y <= 0);
}

fv_colour fv__plot_colour(const fv_plot *plot, int curve) {
    fv_colour colour = plot->curves[curve].colour;
    return colour ? colour : fv__palette(curve);
}

bool fv__plot_span(const fv_plot *plot, fv_span *out) {
    *out = (fv_span){.whole_x = true};
    bool any = false;
    for (int c = 0; c < plot->curve_count; c++)
        for (int64_t i = 0; i < plot->n; i++) {
            double y = plot->curves[c].y[i];
            if (!fv__plot_drawable(plot, i, y)) continue;
            if (!any || y < out->y0) out->y0 = y;
            if (!any || y > out->y1) out->y1 = y;
            any = true;
        }
    /* A curve with a gap at its end still stands in the whole span of x. */
    bool first = true;
    for (int64_t i = 0; any && i < plot->n; i++) {
        double x = fv__plot_x(plot, i);
        if (!isfinite(x)) continue;
        if (x != floor(x)) out->whole_x = false;
        if (first || x < out->x0) out->x0 = x;
        if (first || x > out->x1) out->x1 = x;
        first = false;
    }
    return any;
}

void fv__plot_axes(const fv_plot *plot, int x_ticks, int y_ticks, fv_axis *x, fv_axis *y) {
    fv_span s;
    if (!fv__plot_span(plot, &s))
        s = (fv_span){.x1 = 1, .y0 = plot->log_y ? 0.1 : 0, .y1 = 1, .whole_x = true};
    fv__axis(x, s.x0, s.x1, (fv_axis_wish){.ticks = x_ticks, .whole = s.whole_x});
    /* Losses and shares are read against zero when they come near it anyway. */
    if (!plot->log_y && s.y0 > 0 && s.y0 < 0.25 * s.y1) s.y0 = 0;
    fv__axis(y, s.y0, s.y1,
             (fv_axis_wish){
                 .ticks = y_ticks, .log = plot->log_y, .percent = plot->percent, .round = true});
    if (plot->percent && !plot->log_y && s.y1 <= 1 && y->hi > 1) y->hi = 1;
    if (plot->percent && !plot->log_y && s.y0 >= 0 && y->lo < 0) y->lo = 0;
    while (y->count && y->at[y->count - 1] > y->hi * (1 + 1e-9) + 1e-12) y->count--;
}

char *fv__value_text(char *out, double v, bool percent) {
    if (!isfinite(percent ? 100 * v : v)) {
        strcpy(out, "none");
        return out;
    }
    if (percent)
        fv__format(out, 32, fabs(v) < 0.9995 && fabs(v) > 0.98 ? "%.2f %%" : "%.1f %%", 100 * v);
    else if (v == floor(v) && fabs(v) < 1e12)
        fv__commas(out, (int64_t)v);
    else if (fabs(v) >= 1e7 || fabs(v) < 1e-4)
        fv__format(out, 32, "%.3g", v);
    else
        fv__format(out, 32, "%.*f",
                   fabs(v) >= 1000  ? 1
                   : fabs(v) >= 10  ? 2
                   : fabs(v) >= 0.1 ? 3
                                    : 4,
                   v);
    return out;
}
