/* SPDX-License-Identifier: MIT */
/*
 * shortcut_planes.c - the shortcut without weights, a plane at a time: every s-th pixel of one, or
 * zeros.
 */
#include "cpu/cpu.h"
#include "op/shortcut.h"

#include <string.h>

typedef struct work {
    const fv_pass *p;
    int64_t stride, before; /* channels of zeros in front */
    fv_shape in, out;
} work;

static work start(const fv_pass *p, const fv_shape *in, const fv_shape *out) {
    const fv_shortcut_options *o = p->options;
    return (work){p, o->stride, (out->dim[1] - in->dim[1]) / 2, *in, *out};
}

/* Units are planes of y. */
static void forward_planes(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const int64_t high = w->out.dim[2], wide = w->out.dim[3], h = w->in.dim[2], l = w->in.dim[3];
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t n = u / w->out.dim[1], k = u % w->out.dim[1], c = k - w->before;
        float *y = fv__cpu_at(&w->p->y[0], n) + k * high * wide;
        if (c < 0 || c >= w->in.dim[1])
            memset(y, 0, (size_t)(high * wide) * sizeof *y);
        else
            w->p->kernels->frame(1, 0, 0, fv__cpu_at(&w->p->x[0], n) + c * h * l, h, l, 0, 0,
                                 w->stride, w->stride, y, high, wide);
    }
}

static void forward(const fv_pass *p) {
    const work w = start(p, &p->x[0].shape, &p->y[0].shape);
    fv__cpu_split(p->pool, w.out.dim[0] * w.out.dim[1], 4 * (double)fv__shape_count(&w.out),
                  FV_GRAIN, forward_planes, &w);
}

/* Units are planes of dx. */
static void backward_planes(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const int64_t high = w->out.dim[2], wide = w->out.dim[3], l = w->in.dim[3];
    const int64_t plane = w->in.dim[2] * l;
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t n = u / w->in.dim[1], c = u % w->in.dim[1];
        const float *dy = fv__cpu_at(&w->p->dy[0], n) + (c + w->before) * high * wide;
        float *dx = fv__cpu_at(&w->p->dx[0], n) + c * plane;
        if (w->p->overwrite[0]) memset(dx, 0, (size_t)plane * sizeof *dx);
        for (int64_t i = 0; i < high; i++)
            for (int64_t j = 0; j < wide; j++)
                dx[i * w->stride * l + j * w->stride] += dy[i * wide + j];
    }
}

static void backward(const fv_pass *p) {
    if (!p->dx[0].data) return;
    const work w = start(p, &p->dx[0].shape, &p->dy[0].shape);
    fv__cpu_split(p->pool, w.in.dim[0] * w.in.dim[1], 4 * (double)fv__shape_count(&w.in), FV_GRAIN,
                  backward_planes, &w);
}

const fv_impl fv__cpu_shortcut_planes_forward = {.name = "vector",
                                                 .op = &fv__op_shortcut,
                                                 .which = FV_FORWARD,
                                                 .refuses = fv__cpu_refuses,
                                                 .run = forward};
const fv_impl fv__cpu_shortcut_planes_backward = {.name = "vector",
                                                  .op = &fv__op_shortcut,
                                                  .which = FV_BACKWARD,
                                                  .refuses = fv__cpu_refuses,
                                                  .run = backward,
                                                  .overwrites = true};
