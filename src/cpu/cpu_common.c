/* SPDX-License-Identifier: MIT */
/*
 * cpu_common.c - what several implementations share: activations, refusals, sharing out work.
 */
#include "cpu/cpu.h"
#include "op/activation_options.h"
#include "op/elu.h"
#include "op/leakyrelu.h"
#include "op/scaledtanh.h"

#include <math.h>
#include <string.h>

#define ABREAST 64 /* numbers that run beside each other through a long row */
#define SHORT   256
#define FEW     4 /* of them that are compared one by one */

/* The largest float that is no larger: what is beyond one is beyond the other. */
static float float_below(double x) {
    const float near = (float)x;
    return (double)near > x ? nextafterf(near, -INFINITY) : near;
}

#define OF(name, field) (((const fv_##name##_options *)options)->field)
#define NUMBERS(P, Q)                                                                              \
    return (fv_activation) {                                                                       \
        kind, (float)(P), (float)(Q)                                                               \
    }

/* The numbers of a kind, as kern.h has them. */
static fv_activation numbers(fv_act kind, const void *options) {
    switch (kind) {
    case FV_ACT_CLIP:
        NUMBERS(OF(clip, min), OF(clip, max));
    case FV_ACT_LEAKY:
        NUMBERS(OF(leakyrelu, slope), 0);
    case FV_ACT_HARD_SIGMOID:
        NUMBERS(OF(hardsigmoid, alpha), OF(hardsigmoid, beta));
    case FV_ACT_THRESHOLD:
        NUMBERS(OF(thresholdedrelu, alpha), 0);
    case FV_ACT_SHRINK:
        NUMBERS(float_below(OF(shrink, lambda)), OF(shrink, bias));
    case FV_ACT_ELU:
        NUMBERS(OF(elu, alpha), 0);
    case FV_ACT_SELU:
        NUMBERS(OF(selu, gamma) * OF(selu, alpha), OF(selu, gamma));
    case FV_ACT_CELU:
        NUMBERS(OF(celu, alpha), 1 / OF(celu, alpha));
    case FV_ACT_SCALED_TANH:
        NUMBERS(FV_SCALED_TANH_SCALE, FV_SCALED_TANH_SLOPE);
    case FV_ACT_SOFTPLUS:
        NUMBERS(OF(softplus, beta), 1 / OF(softplus, beta));
    case FV_ACT_GELU:
        if (OF(gelu, approximate) == FV_GELU_TANH) kind = FV_ACT_GELU_TANH;
        NUMBERS(0, 0);
    default:
        NUMBERS(0, 0);
    }
}
const char fv__cpu_other_bits[] = "cut so, the last columns would be summed in another order";
const char fv__cpu_no_other[] = "cut so, nothing changes";

fv_activation fv__cpu_activation(const fv_op *op, const void *options) {
    static const struct {
        const fv_op *op;
        fv_act kind;
    } acts[] = {{&fv__op_relu, FV_ACT_RELU},
                {&fv__op_clip, FV_ACT_CLIP},
                {&fv__op_leakyrelu, FV_ACT_LEAKY},
                {&fv__op_hardsigmoid, FV_ACT_HARD_SIGMOID},
                {&fv__op_hardswish, FV_ACT_HARD_SWISH},
                {&fv__op_thresholdedrelu, FV_ACT_THRESHOLD},
                {&fv__op_shrink, FV_ACT_SHRINK},
                {&fv__op_softsign, FV_ACT_SOFTSIGN},
                {&fv__op_elu, FV_ACT_ELU},
                {&fv__op_selu, FV_ACT_SELU},
                {&fv__op_celu, FV_ACT_CELU},
                {&fv__op_sigmoid, FV_ACT_SIGMOID},
                {&fv__op_tanh, FV_ACT_TANH},
                {&fv__op_scaledtanh, FV_ACT_SCALED_TANH},
                {&fv__op_softplus, FV_ACT_SOFTPLUS},
                {&fv__op_silu, FV_ACT_SILU},
                {&fv__op_mish, FV_ACT_MISH},
                {&fv__op_gelu, FV_ACT_GELU}};
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (acts[i].op == op) return numbers(acts[i].kind, options);
    return (fv_activation){FV_ACT_NONE, 0, 0};
}

fv_activation fv__cpu_epilogue_act(const fv_pass *p) {
    if (!p->epilogue || !p->epilogue->act) return (fv_activation){FV_ACT_NONE, 0, 0};
    return fv__cpu_activation(p->epilogue->act, p->epilogue->act_options);
}

bool fv__cpu_bounded(const fv_activation *act) {
    return act->kind == FV_ACT_NONE || act->kind == FV_ACT_RELU || act->kind == FV_ACT_CLIP;
}

fv_gemm_after fv__cpu_bounds(const fv_activation *act) {
    if (act->kind == FV_ACT_RELU) return (fv_gemm_after){.bounded = true, .high = INFINITY};
    return (fv_gemm_after){.bounded = act->kind == FV_ACT_CLIP, .low = act->p, .high = act->q};
}

const char *fv__cpu_refuses(const fv_site *site, const fv_request *request) {
    (void)site;
    if (request->real != FV_F32) return "computes in float32 only";
    if (!request->kernels) return "the plan asks for no kernels";
    return NULL;
}

int64_t fv__cpu_jobs(int64_t units, double operations, double grain) {
    double jobs = operations / grain;
    if (jobs > 256) jobs = 256;
    int64_t n = jobs < 1 ? 1 : (int64_t)jobs;
    return fv__cpu_max(1, fv__cpu_min(n, units));
}

typedef struct split {
    int64_t units, jobs, each, end;
    fv_units_fn *fn;
    void *arg;
} split;

static void split_job(void *arg, int64_t job, int worker) {
    const split *s = arg;
    int64_t first, end;
    fv__cpu_cut(s->units, s->jobs, job, &first, &end);
    s->fn(s->arg, first * s->each, fv__cpu_min(end * s->each, s->end), worker);
}

void fv__cpu_split(fv_pool *pool, int64_t units, double operations, double grain, fv_units_fn *fn,
                   const void *arg) {
    if (units <= 0) return;
    split s = {units, fv__cpu_jobs(units, operations, grain), 1, units, fn, (void *)(uintptr_t)arg};
    fv__pool_run(pool, s.jobs, split_job, &s);
}

void fv__cpu_ranges(fv_pool *pool, int64_t n, double cost_per_float, fv_units_fn *fn,
                    const void *arg) {
    if (n <= 0) return;
    /* In whole cache lines, so that two jobs never write one. */
    const int64_t lines = fv__cpu_up(n, 16);
    split s = {lines, fv__cpu_jobs(lines, (double)n * cost_per_float, 65536),
               16,    n,
               fn,    (void *)(uintptr_t)arg};
    fv__pool_run(pool, s.jobs, split_job, &s);
}

float fv__cpu_winner(const struct fv_kernels *k, fv_binary kind, int64_t n, const float *x) {
    float best[ABREAST];
    int64_t many = fv__cpu_min(n, ABREAST);
    /* A sum that is a number shows that all of them are. */
    if (kind == FV_BINARY_MAX && n <= SHORT && !isnan(k->sum(n, x))) return k->largest(n, x);
    memcpy(best, x, sizeof(float) * (size_t)many);
    for (int64_t i = many; i < n; i += many)
        k->binary(kind, fv__cpu_min(many, n - i), best, true, x + i, true, best);
    for (; many > FEW; many -= many / 2)
        k->binary(kind, many / 2, best, true, best + many - many / 2, true, best);
    for (int64_t i = 1; i < many; i++) {
        const bool wins = kind == FV_BINARY_MAX ? best[i] > best[0] : best[i] < best[0];
        if (wins || isnan(best[i])) best[0] = best[i];
    }
    return best[0];
}
