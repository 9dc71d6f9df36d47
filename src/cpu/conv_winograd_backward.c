/* SPDX-License-Identifier: MIT */
/*
 * conv_winograd_backward.c - the gradients of a 3x3 convolution by Winograd's minimal filtering.
 * That of the input is itself a 3x3 convolution, of dy with the kernels turned round and filters
 * and channels exchanged,
 *
 *   dx[c, h, w] = sum over k, r, s of w'[c, k, r, s] * dy[k, h + r - 2 + top, w + s - 2 + left],
 *   w'[c, k, r, s] = w[k, c, 2 - r, 2 - s],
 *
 * so the forward ways of conv_winograd.c compute it. The gradient of the weights is that of
 * winograd_dw.c, or, of small or narrow maps, another implementation's that is asked for it alone.
 * Of stride 2 only that of the weights is such: dx is conv_direct.c's.
 */
#include "cpu/winograd.h"

typedef struct both {
    const fv_impl *dx, *dw; /* the ways of the two; dw NULL: `sums` */
    fv_settled of_dx, of_dw;
    fv_winograd_dw sums;
    fv_conv_options turned; /* of the convolution that gives dx */
    fv_shape filters;       /* of w' */
    size_t filters_at;      /* in the prepared bytes */
} both;

static const char *refuses(const fv_site *site, const fv_request *request) {
    if (!request->wants_dx[0]) return "the gradient of the input is not wanted";
    return fv__cpu_conv_maps_refuses(site, request);
}

static const fv_impl *const forwards[] = {&fv__cpu_conv_winograd_forward,
                                          &fv__cpu_conv_winograd2_forward};
static const fv_impl *const backwards[] = {&fv__cpu_conv_direct_backward,
                                           &fv__cpu_conv_gemm_backward};

/* The first of some that takes the site; why not, of the last. */
static const char *first_of(const fv_impl *const *some, int count, const fv_site *site,
                            const fv_request *request, fv_arena *arena, const fv_impl **impl,
                            fv_settled *settled) {
    const char *why = NULL;
    for (int i = 0; i < count; i++) {
        *settled = (fv_settled){0};
        *impl = some[i];
        why = (*impl)->refuses(site, request);
        if (!why) why = (*impl)->settle(site, request, arena, settled);
        if (!why || why == fv__impl_no_memory) return why;
    }
    return why;
}

static const char *settle(const fv_site *site, const fv_request *request, fv_arena *arena,
                          fv_settled *settled) {
    const fv_conv_options *o = site->options;
    FV_STATE(both, b, arena);
    if (!b) return fv__impl_no_memory;
    if (o->kernel.h != 3 || o->kernel.w != 3 || o->stride.h != 1 || o->stride.w != 1 ||
        o->dilation.h != 1 || o->dilation.w != 1)
        return "only for 3x3 kernels of stride and dilation 1";
    if (o->groups != 1) return "not for groups";
    fv_window win[2];
    fv__conv_windows(&site->in[0], o, win);
    if (win[0].before > 2 || win[1].before > 2 || win[0].after > 2 || win[1].after > 2)
        return "the padding is wider than the kernel reaches";
    const fv_shape *in = &site->in[0], *out = &site->out[0];
    b->turned = *o;
    b->turned.channels = in->dim[1];
    b->turned.bias = false;
    b->turned.pad = (fv_pad){FV_PAD_SIDES, 2 - win[0].before, 2 - win[1].before, 2 - win[0].after,
                             2 - win[1].after};
    b->filters = fv__shape4(in->dim[1], out->dim[1], 3, 3);
    fv_shape result = *in;
    fv_site forward = *site;
    forward.options = &b->turned;
    forward.in = out;
    forward.out = &result;
    forward.prologue = (fv_prologue){0};
    forward.epilogue = (fv_epilogue){0};
    fv_request ask = *request;
    ask.which = FV_FORWARD;
    const char *why = first_of(forwards, 2, &forward, &ask, arena, &b->dx, &b->of_dx);
    if (why) return why;
    const fv_conv_sizes sizes = fv__cpu_conv_sizes(o, in, request->kernels);
    if (fv__winograd_dw_settle(&b->sums, &fv__winograd_four, &sizes, request->kernels) == NULL) {
        b->of_dw.scratch = sizeof(float) * (size_t)b->sums.scratch;
        b->of_dw.worker = sizeof(float) * (size_t)b->sums.worker;
    } else {
        const bool none[1] = {false};
        ask = *request;
        ask.wants_dx = none;
        why = first_of(backwards, 2, site, &ask, arena, &b->dw, &b->of_dw);
        if (why) return why;
    }
    b->filters_at = (b->of_dx.prepared + 63) / 64 * 64;
    settled->state = b;
    settled->prepared = b->filters_at + sizeof(float) * (size_t)fv__shape_count(&b->filters);
    settled->scratch = b->of_dx.scratch > b->of_dw.scratch ? b->of_dx.scratch : b->of_dw.scratch;
    settled->worker = b->of_dx.worker > b->of_dw.worker ? b->of_dx.worker : b->of_dw.worker;
    return NULL;
}

typedef struct turning {
    const float *w;
    float *out;
    int64_t k, c;
} turning;

/* Units are filters of w'. */
static void turn(void *arg, int64_t first, int64_t end, int worker) {
    const turning *t = arg;
    (void)worker;
    for (int64_t c = first; c < end; c++)
        for (int64_t k = 0; k < t->k; k++) {
            const float *from = t->w + (k * t->c + c) * 9;
            float *to = t->out + (c * t->k + k) * 9;
            for (int i = 0; i < 9; i++) to[i] = from[8 - i];
        }
}

/* The pass of the convolution that gives dx. */
static fv_pass pass_of(const fv_pass *p, fv_tensor *w) {
    const both *b = p->state;
    fv_pass pass = *p;
    *w = fv__tensor((char *)p->prepared + b->filters_at, FV_F32, b->filters);
    pass.options = &b->turned;
    pass.inputs = pass.outputs = pass.params = 1;
    pass.w = w;
    pass.state = b->of_dx.state;
    pass.prologue = NULL;
    pass.epilogue = NULL;
    pass.added = NULL;
    return pass;
}

static void prepare(const fv_pass *p) {
    fv_tensor w;
    const fv_pass pass = pass_of(p, &w);
    const int64_t c = w.shape.dim[0], k = w.shape.dim[1];
    const turning t = {p->w[0].data, w.data, k, c};
    fv__cpu_split(p->pool, c, 4 * (double)fv__shape_count(&w.shape), FV_GRAIN, turn, &t);
    ((const both *)p->state)->dx->prepare(&pass);
}

static void backward(const fv_pass *p) {
    static const fv_epilogue adds = {.add = true};
    const both *b = p->state;
    fv_tensor w, no_dx[1] = {p->dx[0]};
    fv_pass dw = *p, dx = pass_of(p, &w);
    if (b->dw) {
        no_dx[0].data = NULL;
        dw.dx = no_dx;
        dw.state = b->of_dw.state;
        b->dw->run(&dw);
    } else {
        if (((const fv_conv_options *)p->options)->bias && p->dw[1].data) fv__cpu_conv_bias(p);
        if (p->dw[0].data) fv__winograd_dw_run(p, &b->sums);
    }
    if (!p->dx[0].data) return;
    dx.x = &p->dy[0];
    dx.y = &p->dx[0];
    if (!p->overwrite[0]) {
        dx.epilogue = &adds;
        dx.added = &p->dx[0];
    }
    b->dx->run(&dx);
}

const fv_impl fv__cpu_conv_winograd_backward = {.name = "winograd",
                                                .op = &fv__op_conv,
                                                .which = FV_BACKWARD,
                                                .refuses = refuses,
                                                .settle = settle,
                                                .prepare = prepare,
                                                .run = backward,
                                                .overwrites = true};

/* ------------------------------------------------------------------------------- stride 2 --- */

/* dx is that of conv_direct.c, a phase of the stride after the other. */
static const char *settle_step(const fv_site *site, const fv_request *request, fv_arena *arena,
                               fv_settled *settled) {
    const fv_conv_options *o = site->options;
    FV_STATE(both, b, arena);
    if (!b) return fv__impl_no_memory;
    if (o->kernel.h != 3 || o->kernel.w != 3 || o->stride.h != 2 || o->stride.w != 2 ||
        o->dilation.h != 1 || o->dilation.w != 1)
        return "only for 3x3 kernels of stride 2 and dilation 1";
    if (o->groups != 1) return "not for groups";
    const fv_conv_sizes sizes = fv__cpu_conv_sizes(o, &site->in[0], request->kernels);
    const char *why =
        fv__winograd_dw_settle(&b->sums, &fv__winograd_step, &sizes, request->kernels);
    if (!why) why = first_of(backwards, 1, site, request, arena, &b->dx, &b->of_dx);
    if (why) return why;
    const size_t scratch = sizeof(float) * (size_t)b->sums.scratch;
    const size_t worker = sizeof(float) * (size_t)b->sums.worker;
    settled->state = b;
    settled->prepared = b->of_dx.prepared;
    settled->scratch = b->of_dx.scratch > scratch ? b->of_dx.scratch : scratch;
    settled->worker = b->of_dx.worker > worker ? b->of_dx.worker : worker;
    return NULL;
}

static void prepare_step(const fv_pass *p) {
    const both *b = p->state;
    fv_pass dx = *p;
    dx.state = b->of_dx.state;
    b->dx->prepare(&dx);
}

static void backward_step(const fv_pass *p) {
    const both *b = p->state;
    const bool bias = ((const fv_conv_options *)p->options)->bias;
    fv_tensor no_dw[2] = {p->dw[0], {0}};
    fv_pass dx = *p;
    if (bias) no_dw[1] = p->dw[1];
    no_dw[0].data = no_dw[1].data = NULL;
    dx.dw = no_dw;
    dx.state = b->of_dx.state;
    if (bias && p->dw[1].data) fv__cpu_conv_bias(p);
    if (p->dw[0].data) fv__winograd_dw_run(p, &b->sums);
    if (p->dx[0].data) b->dx->run(&dx);
}

const fv_impl fv__cpu_conv_winograd_step_backward = {.name = "winograd stride 2",
                                                     .op = &fv__op_conv,
                                                     .which = FV_BACKWARD,
                                                     .refuses = refuses,
                                                     .settle = settle_step,
                                                     .prepare = prepare_step,
                                                     .run = backward_step,
                                                     .overwrites = true};
