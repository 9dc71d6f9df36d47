/* SPDX-License-Identifier: MIT */
/*
 * globalavgpool_vector.c - global average pool: the mean of every plane; backward, every pixel its
 * share.
 */
#include "cpu/cpu.h"

static void forward_planes(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const fv_shape *in = &p->x[0].shape;
    const int64_t channels = in->dim[1], plane = fv__shape_sample(in) / channels;
    (void)worker;
    for (int64_t q = first; q < end; q++) {
        const int64_t n = q / channels, c = q % channels;
        fv__cpu_at(&p->y[0], n)[c] =
            p->kernels->sum(plane, fv__cpu_at(&p->x[0], n) + c * plane) / (float)plane;
    }
}

static void share_out(const fv_pass *p, fv_units_fn *fn) {
    const fv_shape *in = &p->x[0].shape;
    fv__cpu_split(p->pool, fv__cpu_planes(in), (double)fv__shape_count(in), FV_GRAIN / 2, fn, p);
}

static void forward(const fv_pass *p) {
    share_out(p, forward_planes);
}

static void backward_planes(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    const fv_shape *in = &p->x[0].shape;
    const int64_t channels = in->dim[1], plane = fv__shape_sample(in) / channels;
    (void)worker;
    for (int64_t q = first; q < end; q++) {
        const int64_t n = q / channels, c = q % channels;
        const float g = fv__cpu_at(&p->dy[0], n)[c] / (float)plane;
        float *dx = fv__cpu_at(&p->dx[0], n) + c * plane;
        for (int64_t i = 0; i < plane; i++) dx[i] = p->overwrite[0] ? g : dx[i] + g;
    }
}

static void backward(const fv_pass *p) {
    if (p->dx[0].data) share_out(p, backward_planes);
}

const fv_impl fv__cpu_globalavgpool_vector_forward = {.name = "vector",
                                                      .op = &fv__op_globalavgpool,
                                                      .which = FV_FORWARD,
                                                      .refuses = fv__cpu_refuses,
                                                      .run = forward};
const fv_impl fv__cpu_globalavgpool_vector_backward = {.name = "vector",
                                                       .op = &fv__op_globalavgpool,
                                                       .which = FV_BACKWARD,
                                                       .refuses = fv__cpu_refuses,
                                                       .run = backward,
                                                       .overwrites = true};
