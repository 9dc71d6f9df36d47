/* SPDX-License-Identifier: MIT */
/*
 * pool.c - what pools share: shape rules, and the walk over windows.
 */
#include "op/pool.h"
#include "op/shapes.h"

#include <inttypes.h>

fv_shape fv__with_height(const fv_shape *in) {
    return in->rank == 3 ? fv__shape4(in->dim[0], in->dim[1], 1, in->dim[2]) : *in;
}

fv_status fv__pool_maps(fv_context *ctx, fv_site *site, fv_shape *maps) {
    if (site->in[0].rank != 3) FV_TRY(fv__shape_maps(ctx, site, site->op->name));
    FV_TRY(fv__shape_inputs(ctx, site));
    *maps = fv__with_height(&site->in[0]);
    return FV_OK;
}

fv_status fv__pool_gives(fv_context *ctx, fv_site *site, int64_t height, int64_t width) {
    const fv_shape *in = &site->in[0];
    site->out[0] = fv__shape4(in->dim[0], in->dim[1], height, width);
    if (in->rank == 3) site->out[0] = (fv_shape){3, {in->dim[0], in->dim[1], width}};
    return fv__shape_fits(ctx, site);
}

fv_status fv__pool_shape(fv_context *ctx, fv_site *site, const fv_maxpool_options *o) {
    fv_shape maps;
    fv_window win[2];
    FV_TRY(fv__pool_maps(ctx, site, &maps));
    if (site->in[0].rank == 3)
        FV_TRY(fv__shape_sequence(ctx, site, o->kernel, o->stride, o->dilation, &o->pad));
    const fv_maxpool_options flat = fv__pool_as_maps(&site->in[0], o, &maps);
    FV_TRY(fv__windows(ctx, &maps, flat.kernel, fv__pool_stride(flat.kernel, flat.stride),
                       flat.dilation, &flat.pad, flat.ceil, win, site->misfit));
    FV_TRY(fv__pool_check(ctx, &maps, win));
    return fv__pool_gives(ctx, site, win[0].out, win[1].out);
}

fv_status fv__adaptive_shape(fv_context *ctx, fv_site *site, fv_size output) {
    fv_shape maps;
    int64_t rows, columns;
    FV_TRY(fv__pool_maps(ctx, site, &maps));
    if (output.h < 1 || output.w < 1)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s needs an output of at least 1x1, not %" PRId64 "x%" PRId64,
                        site->op->name, output.h, output.w);
    if (site->in[0].rank == 3) output.h = 1;
    if (!fv__mul_i64(maps.dim[2], output.h, &rows) || !fv__mul_i64(maps.dim[3], output.w, &columns))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "an output of %" PRId64 "x%" PRId64 " is too large for this machine's "
                        "addresses",
                        output.h, output.w);
    return fv__pool_gives(ctx, site, output.h, output.w);
}

fv_status fv__pool_counts(fv_context *ctx, const fv_site *site) {
    const fv_shape maps = fv__with_height(&site->in[0]);
    int64_t pixels;
    if (fv__mul_i64(maps.dim[2], maps.dim[3], &pixels) && pixels <= INT32_MAX) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT, "%s reads maps of at most 2,147,483,647 pixels per channel",
                    site->op->name);
}

static fv_pooling over(const fv_shape *in) {
    const fv_shape maps = fv__with_height(in);
    return (fv_pooling){.samples = maps.dim[0],
                        .channels = maps.dim[1],
                        .height = maps.dim[2],
                        .width = maps.dim[3]};
}

fv_pooling fv__pooling(const fv_shape *in, const fv_maxpool_options *o) {
    fv_pooling g = over(in);
    fv__maxpool_windows(in, o, g.win);
    return g;
}

fv_pooling fv__pooling_adaptive(const fv_shape *in, fv_size output) {
    fv_pooling g = over(in);
    g.adaptive = true;
    g.win[0].out = in->rank == 3 ? 1 : output.h;
    g.win[1].out = output.w;
    return g;
}

fv_pooling fv__pooling_global(const fv_shape *in) {
    return fv__pooling_adaptive(in, (fv_size){1, 1});
}

static int64_t common_divisor(int64_t a, int64_t b) {
    while (b > 0) {
        const int64_t next = a % b;
        a = b;
        b = next;
    }
    return a;
}

/* The largest of the adaptive windows of an axis, which begin at (o in) % out parts of a pixel: at
   multiples of the greatest common divisor. */
static int64_t largest(int64_t in, int64_t out) {
    return (in + 2 * out - common_divisor(in, out) - 1) / out;
}

/* The pixels of all windows of an axis together, padding included. Adaptive ones share a pixel with
   the next wherever they do not end between two. */
static int64_t windows_reach(const fv_pooling *g, int axis) {
    const int64_t in = axis == 0 ? g->height : g->width, out = g->win[axis].out;
    return g->adaptive ? in + out - common_divisor(in, out) : out * g->win[axis].kernel;
}

/* Adaptive windows differ in size and step; the largest and the mean step count. */
void fv__pooling_cost(const fv_pooling *g, fv_cost *cost) {
    fv_window win[2] = {g->win[0], g->win[1]};
    for (int a = 0; g->adaptive && a < 2; a++) {
        const int64_t in = a == 0 ? g->height : g->width, out = win[a].out;
        win[a] = (fv_window){.kernel = largest(in, out),
                             .stride = in / out > 0 ? in / out : 1,
                             .dilation = 1,
                             .out = out};
    }
    if (!g->adaptive || g->win[0].out > 1 || g->win[1].out > 1) {
        fv__cost_windows(cost, win);
    } else {
        fv__cost_nothing(cost);
        cost->global = true;
    }
    int64_t rows_of_all;
    if (!fv__mul_i64(g->channels, windows_reach(g, 0), &rows_of_all)) rows_of_all = INT64_MAX;
    fv__cost_connect(cost, rows_of_all, windows_reach(g, 1));
}

/* The pixels of the map under window o of one axis. */
static void reach(const fv_pooling *g, int axis, int64_t o, int64_t *first, int64_t *end,
                  int64_t *step) {
    const fv_window *win = &g->win[axis];
    const int64_t in = axis == 0 ? g->height : g->width;
    *step = win->dilation;
    if (g->adaptive) {
        *step = 1;
        *first = o * in / win->out;
        *end = ((o + 1) * in + win->out - 1) / win->out;
        return;
    }
    *first = o * win->stride - win->before;
    *end = *first + win->dilation * (win->kernel - 1) + 1;
    if (*first < 0) *first += (-*first + win->dilation - 1) / win->dilation * win->dilation;
    if (*end > in) *end = in;
}

static void look(const fv_pooling *g, fv_pooled *at) {
    reach(g, 0, at->oh, &at->h0, &at->h1, &at->dh);
    reach(g, 1, at->ow, &at->w0, &at->w1, &at->dw);
}

fv_pooled fv__pooled_first(const fv_pooling *g) {
    fv_pooled at = {0};
    look(g, &at);
    return at;
}

void fv__pooled_next(const fv_pooling *g, fv_pooled *at) {
    at->out++;
    if (++at->ow == g->win[1].out) at->ow = 0, at->oh++;
    if (at->oh == g->win[0].out) at->oh = 0, at->c++, at->plane += g->height * g->width;
    if (at->c == g->channels) *at = (fv_pooled){.n = at->n + 1};
    look(g, at);
}
