/* SPDX-License-Identifier: MIT */
/*
 * benchmark_steps.c - each step of a plan timed, beside the machine's peak; and why one stays far
 * below it.
 *
 * A reason is the first of a few that the numbers give: no fast way takes the step; it has little
 * work; it moves its bytes nearly as fast as memory streams; each of its bytes meets few
 * operations; it has few numbers in a direction that vectors need.
 */
#include "base/cpu_features.h"
#include "look/benchmark_job.h"
#include <string.h>

#define STEP_ROUNDS 15 /* how often each step is timed, at most */

#define NEAR_STREAMING 0.6   /* of the measured bandwidth */
#define CACHED         1.3   /* times it: that can only come from caches */
#define LITTLE_SECONDS 20e-6 /* waking threads and filling registers is a part of that */
#define FEW_PIXELS     64    /* four vectors of 16 */
#define FEW_FILTERS    16    /* two register tiles of 8 */
#define FEW_PER_BYTE   8.0   /* an L2 cache gives 32 bytes in the time of 32 operations, at best */

/* --- which steps there are ---------------------------------------------------------------------
 */

static fv_status name_step(fv_bench_job *b, const fv_step_view *v, fv_bench_step *step) {
    const char *layer = v->node < 0 ? NULL : b->net->nodes[v->node].name;
    step->way = v->impl;
    step->backward = v->which == FV_BACKWARD;
    if (layer) {
        step->layer = fv__arena_text(b->arena, layer);
        step->name = fv__arena_format(b->arena, "%s%s%s%s", layer, v->fused ? " + " : "",
                                      v->fused ? v->fused : "", step->backward ? ", backward" : "");
    } else {
        step->name = fv__arena_format(b->arena, "(%s)", v->impl);
    }
    return step->name && (step->layer || !layer) ? FV_OK : FV_EXHAUSTED;
}

static double bytes_of(const fv_tensor *t, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += (double)fv__shape_count(&t[i].shape) * (double)fv__dtype_bytes(t[i].dtype);
    return sum;
}

/* Backward reads inputs, weights and the gradient of outputs, and writes the gradients of inputs
   and weights. */
static double bytes_moved(const fv_pass *p, bool backward) {
    const double maps = bytes_of(p->x, p->inputs), weights = bytes_of(p->w, p->params);
    double bytes = maps + weights + bytes_of(p->y, p->outputs);
    if (backward) bytes += maps + weights;
    if (p->added) bytes += bytes_of(p->added, 1);
    if (p->inner) bytes += bytes_of(p->inner->w, p->inner->params);
    return bytes;
}

/* Of the layer that a step computes on its way to another one's input, if there is one. */
static int64_t inner_macs(const fv_step_view *v) {
    fv_cost cost;
    if (!v->pass || !v->pass->inner) return 0;
    fv__op_cost(v->site->inner, &cost);
    return cost.macs;
}

fv_status fv__bench_list_steps(fv_bench_job *b) {
    const int count = fv__plan_steps(b->plan);
    b->steps = fv__arena_alloc(b->arena, (size_t)count * sizeof(fv_bench_step *));
    if (!b->steps) return FV_EXHAUSTED;
    for (int s = 0; s < count; s++) {
        const fv_step_view v = fv__exec_step(b->exec, s);
        fv_bench_step *step = b->steps[s] = fv__arena_alloc(b->arena, sizeof *step);
        int64_t macs = 0;
        if (!step) return FV_EXHAUSTED;
        FV_TRY(name_step(b, &v, step));
        if (v.node >= 0) FV_TRY(fv__bench_macs(b, &b->net->nodes[v.node], &macs));
        macs += inner_macs(&v);
        /* backward of conv and fc has two products */
        step->operations = (step->backward ? 4.0 : 2.0) * (double)macs * (double)b->told->batch;
        if (v.pass) step->bytes = bytes_moved(v.pass, step->backward);
    }
    b->told->steps = (const fv_bench_step *const *)b->steps;
    b->told->step_count = count;
    return FV_OK;
}

/* --- how long they take ------------------------------------------------------------------------
 */

/* Some executions, each step timed by hooks of the walk. */
typedef struct rounds {
    fv_bench_job *b;
    double *times, *peaks; /* [steps][count] */
    int count, round;
    double start;
} rounds;

/* Between two steps nothing runs, so there the peak can be measured in the same second. */
static void start_step(void *arg, const fv_step_view *v) {
    rounds *r = arg;
    fv__bench_peak(r->b);
    r->peaks[v->step * r->count + r->round] = r->b->peak;
    r->start = fv__seconds();
}

static bool end_step(void *arg, const fv_step_view *v) {
    rounds *r = arg;
    r->times[v->step * r->count + r->round] += fv__seconds() - r->start; /* of all its groups */
    return true;
}

/* Each step's median over some rounds. */
static fv_status time_rounds(fv_bench_job *b) {
    const int steps = b->told->step_count;
    const int count = b->told->runs < STEP_ROUNDS && b->told->runs ? b->told->runs : STEP_ROUNDS;
    const size_t cells = (size_t)steps * (size_t)count;
    double *room = fv__alloc(b->ctx, (2 * cells + 1) * sizeof *room, "the steps' times");
    if (!room) return FV_EXHAUSTED;
    rounds r = {.b = b, .times = room, .peaks = room + cells, .count = count};
    const fv_walk walk = {start_step, end_step, &r};
    for (; r.round < count; r.round++) fv__bench_once(b, &walk);
    for (int s = 0; s < steps; s++) {
        b->steps[s]->seconds = fv__bench_median(r.times + s * count, count);
        b->steps[s]->peak = fv__bench_median(r.peaks + s * count, count);
    }
    fv__free(room);
    return FV_OK;
}

/* --- why a step is slow ------------------------------------------------------------------------
 */

/* The reason, in the arena. */
static const char *reason(fv_bench_job *b, const fv_bench_step *step, const fv_pass *p) {
    const double rate = step->bytes / step->seconds, bandwidth = b->told->bandwidth;
    const int64_t pixels = fv__height(&p->y[0].shape) * fv__width(&p->y[0].shape);
    const int64_t filters = fv__channels(&p->y[0].shape);
    if (strcmp(step->way, "reference") == 0) return "plain loops: no faster way takes it";
    if (step->seconds < LITTLE_SECONDS)
        return fv__arena_format(b->arena, "little work: %.1f us in all", 1e6 * step->seconds);
    if (rate >= NEAR_STREAMING * bandwidth && rate <= CACHED * bandwidth)
        return fv__arena_format(b->arena, "memory: %.1f of %.1f GB/s", 1e-9 * rate,
                                1e-9 * bandwidth);
    if (step->operations < FEW_PER_BYTE * step->bytes)
        return fv__arena_format(b->arena, "%.1f operations a byte, at %.1f GB/s%s",
                                step->operations / step->bytes, 1e-9 * rate,
                                rate > CACHED * bandwidth ? " from caches" : "");
    if (p->y[0].shape.rank > 2 && pixels < FEW_PIXELS)
        return fv__arena_format(b->arena, "a map of %lld pixels", (long long)pixels);
    if (filters < FEW_FILTERS)
        return fv__arena_format(b->arena, "%lld filters", (long long)filters);
    return fv__arena_format(b->arena, "none of memory, size or shape: %.0f operations a byte",
                            step->operations / step->bytes);
}

static fv_status explain_slow(fv_bench_job *b) {
    for (int s = 0; s < b->told->step_count; s++) {
        fv_bench_step *step = b->steps[s];
        const fv_step_view v = fv__exec_step(b->exec, s);
        if (!v.pass || step->operations <= 0 || step->seconds <= 0) continue;
        if (step->operations >= FV_BENCH_WELL * step->peak * step->seconds) continue;
        step->why = reason(b, step, v.pass);
        if (!step->why) return FV_EXHAUSTED;
    }
    return FV_OK;
}

fv_status fv__bench_time_steps(fv_bench_job *b) {
    FV_TRY(time_rounds(b));
    FV_TRY(fv__measure_bandwidth(b->ctx, &b->told->bandwidth));
    return explain_slow(b);
}
