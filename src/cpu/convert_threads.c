/* SPDX-License-Identifier: MIT */
/*
 * convert_threads.c - a value in another layout, shared out by samples.
 */
#include "cpu/cpu.h"

static void forward_samples(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    (void)worker;
    fv__tensor_convert(&p->x[0], &p->y[0], first, end, false);
}

static void backward_samples(void *arg, int64_t first, int64_t end, int worker) {
    const fv_pass *p = arg;
    (void)worker;
    fv__tensor_convert(&p->dy[0], &p->dx[0], first, end, true);
}

static void forward(const fv_pass *p) {
    const fv_shape *s = &p->y[0].shape;
    fv__cpu_split(p->pool, s->dim[0], 4 * (double)fv__shape_count(s), FV_GRAIN, forward_samples, p);
}

static void backward(const fv_pass *p) {
    const fv_shape *s = &p->dx[0].shape;
    fv__cpu_split(p->pool, s->dim[0], 4 * (double)fv__shape_count(s), FV_GRAIN, backward_samples,
                  p);
}

const fv_impl fv__cpu_convert_forward = {
    .name = "threads", .op = &fv__op_convert, .which = FV_FORWARD, .run = forward};
const fv_impl fv__cpu_convert_backward = {
    .name = "threads", .op = &fv__op_convert, .which = FV_BACKWARD, .run = backward};
