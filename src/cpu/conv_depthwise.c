/* SPDX-License-Identifier: MIT */
/*
 * conv_depthwise.c - convolutions with as many groups as channels: the kernel does a run of planes,
 * or a band of a large one, with its padding, sum, bias and bounds (kern/depthwise.inc.h).
 */
#include "cpu/depthwise.h"

#define BAND_FLOATS  6144 /* of a frame: 24 KB, in the L1 cache with the rows that are written */
#define GROUP_FLOATS 2048 /* of frames that are made one after the other */
#define GROUP_MOST   8
#define STRIDE_MOST  4
#define ROW_MOST     (1 << 20)
#define FRAME_MOST   (1 << 24)

static int64_t up(int64_t n) {
    return fv__cpu_up(n, FV_LANES_MAX) * FV_LANES_MAX;
}

/* Lays out a row of a frame. Where the columns of a phase begin that the plane has, a cache line
   begins: `from` of them are padding, `count` the plane's (more, where there are one fewer). */
static void lay_out(fv_depthwise *g, int64_t dw, int32_t *col) {
    const int64_t reach = g->ow + (g->kw - 1) * dw / g->sw;
    int64_t origin[STRIDE_MOST];
    g->half = 0;
    for (int64_t q = 0; q < g->sw; q++) {
        /* the plane's first column of this phase, and its place in the padded row */
        const int64_t column = ((q - g->left) % g->sw + g->sw) % g->sw;
        const int64_t from = (g->left + column) / g->sw, count = fv__cpu_up(g->w, g->sw);
        const int64_t start = g->sw > 2 ? from : up(from);
        origin[q] = start - from;
        g->half = fv__cpu_max(g->half, up(fv__cpu_max(start + up(count), origin[q] + reach)));
    }
    g->pitch = g->sw * g->half;
    for (int64_t c = 0; c < 2 && c < g->sw; c++) {
        const int64_t q = (g->left + c) % g->sw;
        g->begin[c] = q * g->half + origin[q] + (g->left + c) / g->sw;
    }
    for (int64_t s = 0; s < g->kw; s++) {
        const int64_t q = s * dw % g->sw;
        col[s] = (int32_t)(q * g->half + origin[q] + s * dw / g->sw);
    }
}

static const char *geometry(fv_depthwise *g, const fv_conv_options *o, const fv_shape *in,
                            fv_arena *arena) {
    fv_window win[2];
    if (o->groups != in->dim[1] || o->groups == 1) return "only for as many groups as channels";
    fv__conv_windows(in, o, win);
    if (win[1].stride > STRIDE_MOST) return "the stride has too many phases";
    if (win[1].before + in->dim[3] + o->kernel.w * win[1].dilation > ROW_MOST)
        return "a row and its padding are too long";
    *g = (fv_depthwise){.h = in->dim[2],
                        .w = in->dim[3],
                        .plane = in->dim[2] * in->dim[3],
                        .kh = o->kernel.h,
                        .kw = o->kernel.w,
                        .sh = win[0].stride,
                        .sw = win[1].stride,
                        .dh = win[0].dilation,
                        .top = win[0].before,
                        .left = win[1].before,
                        .oh = win[0].out,
                        .ow = win[1].out,
                        .filters = o->channels / o->groups};
    g->usual = g->kh == g->kw && (g->kw == 3 || g->kw == 5) && g->sh == g->sw && g->sh <= 2 &&
               g->dh == 1 && win[1].dilation == 1;
    int32_t *col = fv__arena_alloc(arena, sizeof *col * (size_t)g->kw);
    if (!col) return fv__impl_no_memory;
    lay_out(g, win[1].dilation, col);
    g->col = col;
    return NULL;
}

/* Bands are multiples of the rows of a tile, whether seven or four. */
static void cut(fv_depth *d) {
    fv_depthwise *g = &d->g;
    const int64_t most = (BAND_FLOATS / g->pitch - fv__depth_seen(g, 1)) / g->sh + 1;
    d->band = fv__cpu_max(4, g->oh % 7 == 0 && most >= 7 ? most / 7 * 7 : most / 4 * 4);
    if (most >= g->oh || d->band > g->oh) d->band = g->oh;
    d->bands = fv__cpu_up(g->oh, d->band);
    g->frame = fv__depth_seen(g, d->band) * g->pitch;
    g->together = fv__cpu_max(1, fv__cpu_min(GROUP_FLOATS / g->frame, GROUP_MOST));
    d->worker = g->together * g->frame + FV_LANES_MAX;
}

static const char *settle(const fv_site *site, const fv_request *request, fv_arena *arena,
                          fv_settled *settled) {
    FV_STATE(fv_depth, d, arena);
    if (!d) return fv__impl_no_memory;
    const char *why = geometry(&d->g, site->options, &site->in[0], arena);
    if (why) return why;
    if (fv__depth_seen(&d->g, 4) > FRAME_MOST / d->g.pitch)
        return "a kernel and its rows are too large";
    cut(d);
    settled->state = d;
    settled->worker = sizeof(float) * (size_t)d->worker;
    return site->inner ? fv__depth_settle_inner(d, site, request, arena, settled) : NULL;
}

static void prepare(const fv_pass *p) {
    if (p->inner) fv__depth_prepare_inner(p);
}

void fv__depth_planes(const fv_depth_work *w, const fv_depthwise *g, const float *x, int64_t n,
                      int64_t c, int64_t count, int64_t row, int64_t rows, float *scratch) {
    const struct fv_kernels *k = w->p->kernels;
    const int64_t filter = c * g->filters, plane = g->oh * g->ow;
    const float *bias = fv__cpu_bias(w->p);
    float *y = fv__cpu_at(&w->p->y[0], n) + filter * plane;
    fv_gemm_after after = w->after;
    if (w->p->added) after.added = fv__cpu_at(w->p->added, n) + filter * plane;
    (!g->usual && 2 * g->ow <= k->lanes ? k->depthwise_narrow : k->depthwise)(
        g, count, row, rows, x, (const float *)w->p->w[0].data + filter * g->kh * g->kw,
        bias ? bias + filter : NULL, &after, y, scratch);
    if (!fv__cpu_bounded(&w->act))
        for (int64_t i = 0; i < count * g->filters; i++) {
            float *to = y + i * plane + row * g->ow;
            k->act(w->act.kind, 1, rows * g->ow, to, 0, to, 0, w->act.p, w->act.q);
        }
}

/* Units are (sample, channel, band). */
static void units(void *arg, int64_t first, int64_t end, int worker) {
    const fv_depth_work *w = arg;
    const fv_depth *d = w->d;
    float *scratch = fv__cpu_worker(w->p, worker);
    for (int64_t u = first; u < end;) {
        const int64_t n = u / d->bands / w->channels, c = u / d->bands % w->channels;
        const int64_t row = u % d->bands * d->band;
        const int64_t count = d->bands > 1 ? 1 : fv__cpu_min(end - u, w->channels - c);
        fv__depth_planes(w, &d->g, fv__cpu_at(&w->p->x[0], n) + c * d->g.plane, n, c, count, row,
                         fv__cpu_min(d->band, d->g.oh - row), scratch);
        u += count;
    }
}

static void forward(const fv_pass *p) {
    const fv_depth *d = p->state;
    fv_depth_work w = {.p = p,
                       .d = d,
                       .act = fv__cpu_epilogue_act(p),
                       .channels = fv__channels(&p->y[0].shape) / d->g.filters};
    w.after = fv__cpu_bounds(&w.act);
    if (p->inner) {
        fv__depth_run_inner(&w);
        return;
    }
    const double taps = (double)(d->g.kh * d->g.kw);
    fv__cpu_split(p->pool, p->x[0].shape.dim[0] * w.channels * d->bands,
                  (double)fv__shape_count(&p->y[0].shape) * (taps + 4), FV_GRAIN, units, &w);
}

const fv_impl fv__cpu_conv_depthwise_forward = {.name = "depthwise",
                                                .op = &fv__op_conv,
                                                .which = FV_FORWARD,
                                                .refuses = fv__cpu_conv_maps_refuses,
                                                .settle = settle,
                                                .prepare = prepare,
                                                .run = forward,
                                                .inner = true};
