/* SPDX-License-Identifier: MIT */
/*
 * Global average pool: the mean of every plane; backward, every pixel its share.
 */
#include "cpu/cpu.h"

typedef struct work {
    const fv_pass *p;
    int64_t channels, plane, jobs;
} work;

static work start(const fv_pass *p) {
    const fv_shape *in = &p->x[0].shape;
    work w = {.p = p, .channels = in->dim[1], .plane = in->dim[2] * in->dim[3]};
    w.jobs = fv__cpu_jobs(fv__cpu_planes(in), (double)fv__shape_count(in), 65536);
    return w;
}

static void forward_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    int64_t first, end;
    (void)worker;
    fv__cpu_cut(fv__cpu_planes(&p->x[0].shape), w->jobs, job, &first, &end);
    for (int64_t q = first; q < end; q++) {
        const int64_t n = q / w->channels, c = q % w->channels;
        fv__cpu_at(&p->y, n)[c] =
            p->kernels->sum(w->plane, fv__cpu_at(&p->x[0], n) + c * w->plane) / (float)w->plane;
    }
}

static void forward(const fv_pass *p) {
    work w = start(p);
    fv__pool_run(p->pool, w.jobs, forward_job, &w);
}

static void backward_job(void *arg, int64_t job, int worker) {
    const work *w = arg;
    const fv_pass *p = w->p;
    int64_t first, end;
    (void)worker;
    fv__cpu_cut(fv__cpu_planes(&p->x[0].shape), w->jobs, job, &first, &end);
    for (int64_t q = first; q < end; q++) {
        const int64_t n = q / w->channels, c = q % w->channels;
        const float g = fv__cpu_at(&p->dy, n)[c] / (float)w->plane;
        float *dx = fv__cpu_at(&p->dx[0], n) + c * w->plane;
        for (int64_t i = 0; i < w->plane; i++) dx[i] = p->dx_set[0] ? g : dx[i] + g;
    }
}

static void backward(const fv_pass *p) {
    if (!p->dx[0].data) return;
    work w = start(p);
    fv__pool_run(p->pool, w.jobs, backward_job, &w);
}

const fv_impl fv__cpu_globalavgpool_forward = {
    .name = "vector", .refuses = fv__cpu_refuses, .run = forward, .layout = FV_PLAIN};
const fv_impl fv__cpu_globalavgpool_backward = {.name = "vector",
                                                .refuses = fv__cpu_refuses,
                                                .run = backward,
                                                .layout = FV_PLAIN,
                                                .honours_dx_set = true};
