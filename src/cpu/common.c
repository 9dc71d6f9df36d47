/* SPDX-License-Identifier: MIT */
/*
 * What several implementations share: activations by name, refusals, cutting work into jobs.
 */
#include "cpu/cpu.h"

#include <string.h>

fv_activation fv__cpu_activation(const fv_op *op, const void *options) {
    static const struct {
        const char *name;
        fv_act kind;
    } acts[] = {{"relu", FV_ACT_RELU}, {"leakyrelu", FV_ACT_LEAKY},
                {"elu", FV_ACT_ELU},   {"sigmoid", FV_ACT_SIGMOID},
                {"tanh", FV_ACT_TANH}, {"scaledtanh", FV_ACT_SCALED_TANH}};
    fv_activation a = {FV_ACT_NONE, 0, 0};
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (strcmp(acts[i].name, op->name) == 0) a.kind = acts[i].kind;
    if (a.kind == FV_ACT_LEAKY && options)
        a.p = (float)((const fv_leakyrelu_options *)options)->slope;
    if (a.kind == FV_ACT_ELU && options) a.p = (float)((const fv_elu_options *)options)->alpha;
    if (a.kind == FV_ACT_SCALED_TANH) {
        a.p = (float)FV_SCALED_TANH_SCALE;
        a.q = (float)FV_SCALED_TANH_SLOPE;
    }
    return a;
}

fv_activation fv__cpu_then(const fv_pass *p) {
    if (!p->then) return (fv_activation){FV_ACT_NONE, 0, 0};
    return fv__cpu_activation(p->then->op, p->then->options);
}

bool fv__cpu_fuses(const fv_op *activation) {
    return fv__cpu_activation(activation, NULL).kind != FV_ACT_NONE;
}

const char *fv__cpu_refuses(const fv_site *site, const fv_ask *ask) {
    (void)site;
    if (ask->dtype != FV_F32) return "computes in float32 only";
    if (!ask->kernels) return "the plan asks for no kernels";
    return NULL;
}

int64_t fv__cpu_jobs(int64_t units, double operations, double grain) {
    double jobs = operations / grain;
    if (jobs > 256) jobs = 256;
    int64_t n = jobs < 1 ? 1 : (int64_t)jobs;
    return fv__cpu_max(1, fv__cpu_min(n, units));
}

typedef struct ranges {
    int64_t n, jobs;
    fv_range_fn *fn;
    void *arg;
} ranges;

static void range_job(void *arg, int64_t job, int worker) {
    const ranges *r = arg;
    int64_t first, end;
    (void)worker;
    /* In whole cache lines, so that two jobs never write one. */
    fv__cpu_cut(fv__cpu_up(r->n, 16), r->jobs, job, &first, &end);
    r->fn(r->arg, first * 16, fv__cpu_min(end * 16, r->n));
}

void fv__cpu_ranges(fv_pool *pool, int64_t n, double cost_per_float, fv_range_fn *fn, void *arg) {
    if (n <= 0) return;
    ranges r = {n, fv__cpu_jobs(fv__cpu_up(n, 16), (double)n * cost_per_float, 65536), fn, arg};
    fv__pool_run(pool, r.jobs, range_job, &r);
}
