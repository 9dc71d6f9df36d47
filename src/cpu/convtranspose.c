/* SPDX-License-Identifier: MIT */
/*
 * convtranspose.c - y = C'x + b, two ways.
 *
 *   direct  the gradient of a convolution's input, as direct.h computes it: one direct convolution
 *           over x for each phase of the stride.
 *   copies  the copies of the filter of some pixels of x, for one channel of y, are a product
 *           x' (pixels by channels) times W (channels by weights); each of their rows is then added
 *           to y where it lies. For wide kernels, which enlargements have, whatever their stride.
 */
#include "cpu/direct.h"
#include "op/convtranspose.h"

/* ------------------------------------------------------------------------------- direct --- */

typedef struct phases {
    int count;
    fv_direct *of;
    int64_t *packed; /* where each begins in the prepared floats */
    int64_t shared;  /* floats of scratch */
} phases;

/* The convolution that is transposed, over maps of y's size; false: its sizes, which a stride
   rounds, are not x's. */
static bool turned(const fv_site *site, fv_conv_options *conv) {
    const fv_convtranspose_options *o = site->options;
    fv_window back[2], win[2];
    int64_t size[2];
    *conv = o->conv;
    conv->channels = site->in[0].dim[1];
    fv__convtranspose_windows(&site->in[0], o, back, size);
    fv__conv_windows(&site->out[0], conv, win);
    for (int a = 0; a < 2; a++)
        if (win[a].before != back[a].before || win[a].out != site->in[0].dim[2 + a]) return false;
    return true;
}

static const char *settle_phase(fv_direct *d, const fv_conv_options *conv, const fv_site *site,
                                const struct fv_kernels *k, fv_arena *arena, int64_t phase) {
    if (!fv__direct_backward(d, conv, &site->out[0], phase / conv->stride.w,
                             phase % conv->stride.w))
        return "the kernel is too large for offsets";
    if (d->taps == 0) return "there are pixels that no copy of the filter reaches";
    fv__direct_cut(d, k, &(fv_cut){0});
    if (d->depth * fv__direct_channel(d, d->band) > INT32_MAX)
        return "the maps are too large for offsets of 32 bits";
    return fv__direct_settle_offsets(d, arena) ? NULL : fv__impl_no_memory;
}

static const char *settle_direct(const fv_site *site, const fv_request *request, fv_arena *arena,
                                 fv_settled *settled) {
    fv_conv_options conv;
    int64_t total = 0, worker = 0;
    if (site->in[0].rank != 4) return "takes maps, not sequences";
    if (!turned(site, &conv)) return "the convolution's sizes are not the input's";
    if (conv.stride.h > 8 || conv.stride.w > 8) return "the stride has too many phases";
    FV_STATE(phases, s, arena);
    if (!s) return fv__impl_no_memory;
    s->count = (int)(conv.stride.h * conv.stride.w);
    s->of = fv__arena_alloc(arena, sizeof *s->of * (size_t)s->count);
    s->packed = fv__arena_alloc(arena, sizeof *s->packed * (size_t)s->count);
    if (!s->of || !s->packed) return fv__impl_no_memory;
    for (int i = 0; i < s->count; i++) {
        const char *why = settle_phase(&s->of[i], &conv, site, request->kernels, arena, i);
        if (why) return why;
        s->packed[i] = total;
        total += fv__direct_packed(&s->of[i]);
        worker = fv__cpu_max(worker, fv__direct_worker(&s->of[i]));
        s->shared = fv__cpu_max(s->shared, s->of[i].shared_floats);
    }
    settled->state = s;
    settled->prepared = sizeof(float) * (size_t)total;
    settled->packed = true;
    settled->scratch = sizeof(float) * (size_t)s->shared;
    settled->worker = sizeof(float) * (size_t)worker;
    return NULL;
}

static void prepare_direct(const fv_pass *p) {
    const phases *s = p->state;
    for (int i = 0; i < s->count; i++)
        fv__direct_pack(&s->of[i], p, p->w[0].data, (float *)p->prepared + s->packed[i]);
}

static void forward_direct(const fv_pass *p) {
    const phases *s = p->state;
    for (int i = 0; i < s->count; i++) {
        const fv_direct_call call = {.p = p,
                                     .source = &p->x[0],
                                     .result = &p->y[0],
                                     .packed = (const float *)p->prepared + s->packed[i],
                                     .bias = fv__cpu_bias(p),
                                     .shared = p->scratch};
        fv__direct_run(&s->of[i], &call);
    }
}

/* ------------------------------------------------------------------------------- copies --- */

#define COPIES_FLOATS 16384 /* of copies in work: 64 KB */

typedef struct copies {
    fv_window win[2];
    int64_t channels, filters, groups; /* of one group; groups */
    int64_t high, wide;                /* of y */
    int64_t pixels, area;              /* of x; of a filter */
    int64_t some;                      /* pixels in work */
} copies;

typedef struct work {
    const fv_pass *p;
    const copies *s;
} work;

static const char *settle_copies(const fv_site *site, const fv_request *request, fv_arena *arena,
                                 fv_settled *settled) {
    const fv_convtranspose_options *o = site->options;
    int64_t size[2];
    FV_STATE(copies, s, arena);
    if (!s) return fv__impl_no_memory;
    fv__convtranspose_windows(&site->in[0], o, s->win, size);
    s->groups = o->conv.groups;
    s->channels = site->in[0].dim[1] / s->groups;
    s->filters = o->conv.channels / s->groups;
    s->high = size[0];
    s->wide = size[1];
    s->pixels = s->win[0].out * s->win[1].out;
    s->area = s->win[0].kernel * s->win[1].kernel;
    s->some = fv__cpu_max(COPIES_FLOATS / s->area, request->kernels->mr);
    s->some = fv__cpu_min(s->some, s->pixels);
    settled->state = s;
    settled->worker = sizeof(float) * (size_t)fv__cpu_pad(s->some * s->area);
    return NULL;
}

/* y += the copy of the filter that pixel `at` puts down, row by row. */
static void put_down(const work *w, int64_t at, const float *copy, float *y) {
    const copies *s = w->s;
    const fv_window *v = &s->win[0], *u = &s->win[1];
    const int64_t top = at / u->out * v->stride - v->before;
    const int64_t left = at % u->out * u->stride - u->before;
    for (int64_t r = 0; r < v->kernel; r++, copy += u->kernel) {
        const int64_t h = top + r * v->dilation;
        if (h < 0 || h >= s->high) continue;
        float *row = y + h * s->wide;
        if (u->dilation == 1) {
            const int64_t from = fv__cpu_max(0, -left);
            const int64_t to = fv__cpu_min(u->kernel, s->wide - left);
            if (from < to) w->p->kernels->add(to - from, copy + from, row + left + from);
            continue;
        }
        for (int64_t q = 0; q < u->kernel; q++) {
            const int64_t c = left + q * u->dilation;
            if (c >= 0 && c < s->wide) row[c] += copy[q];
        }
    }
}

/* A unit is a channel of y of one sample. */
static void copies_planes(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const copies *s = w->s;
    const fv_pass *p = w->p;
    const float *bias = fv__cpu_bias(p);
    float *mine = fv__cpu_worker(p, worker);
    for (int64_t q = first; q < end; q++) {
        const int64_t n = q / (s->groups * s->filters), f = q % (s->groups * s->filters);
        const int64_t group = f / s->filters;
        const float *x = fv__cpu_at(&p->x[0], n) + group * s->channels * s->pixels;
        const float *filter = (const float *)p->w[0].data +
                              (group * s->channels * s->filters + f % s->filters) * s->area;
        float *y = fv__cpu_at(&p->y[0], n) + f * s->high * s->wide;
        for (int64_t i = 0; i < s->high * s->wide; i++) y[i] = bias ? bias[f] : 0;
        for (int64_t at = 0; at < s->pixels; at += s->some) {
            const int64_t some = fv__cpu_min(s->some, s->pixels - at);
            p->kernels->gemm(some, s->area, s->channels, x + at, s->pixels, 1, filter,
                             s->filters * s->area, NULL, mine, s->area, NULL, false);
            for (int64_t i = 0; i < some; i++) put_down(w, at + i, mine + i * s->area, y);
        }
    }
}

static void forward_copies(const fv_pass *p) {
    const copies *s = p->state;
    const work w = {p, s};
    const int64_t planes = fv__cpu_planes(&p->y[0].shape);
    fv__cpu_split(p->pool, planes,
                  (double)planes * (double)s->area * (double)s->pixels * (double)s->channels,
                  FV_GRAIN, copies_planes, &w);
}

const fv_impl fv__cpu_convtranspose_direct_forward = {.name = "direct",
                                                      .op = &fv__op_convtranspose,
                                                      .which = FV_FORWARD,
                                                      .refuses = fv__cpu_refuses,
                                                      .settle = settle_direct,
                                                      .prepare = prepare_direct,
                                                      .run = forward_direct};
const fv_impl fv__cpu_convtranspose_copies_forward = {.name = "copies",
                                                      .op = &fv__op_convtranspose,
                                                      .which = FV_FORWARD,
                                                      .refuses = fv__cpu_refuses,
                                                      .settle = settle_copies,
                                                      .run = forward_copies};
