/* SPDX-License-Identifier: MIT */
/*
 * prelu_vector.c - prelu, whose slopes are learned: a leaky relu for every plane.
 */
#include "cpu/cpu.h"

typedef struct work {
    const fv_pass *p;
    int64_t channels, plane; /* one, and all of a sample, where there is one slope */
} work;

static void forward_planes(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t n = u / w->channels, c = u % w->channels;
        p->kernels->act(FV_ACT_LEAKY, 1, w->plane, fv__cpu_at(&p->x[0], n) + c * w->plane, 0,
                        fv__cpu_at(&p->y[0], n) + c * w->plane, 0, ((const float *)p->w[0].data)[c],
                        0);
    }
}

static void forward(const fv_pass *p) {
    const fv_shape *s = &p->x[0].shape;
    work w = {.p = p, .channels = p->w[0].shape.dim[0]};
    w.plane = fv__shape_sample(s) / w.channels;
    fv__cpu_split(p->pool, fv__shape_count(s) / fv__cpu_max(w.plane, 1),
                  2 * (double)fv__shape_count(s), FV_GRAIN, forward_planes, &w);
}

const fv_impl fv__cpu_prelu_vector_forward = {.name = "vector",
                                              .op = &fv__op_prelu,
                                              .which = FV_FORWARD,
                                              .refuses = fv__cpu_refuses,
                                              .run = forward};
