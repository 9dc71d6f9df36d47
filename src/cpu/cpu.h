/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - what the files of this room share.
 *
 * Rules of the room: work is cut into jobs by the problem's size alone, and every number is summed
 * in an order that only depends on the problem, so any number of threads gives the same bits. Run
 * functions allocate nothing: memory is asked for by scratch() beforehand.
 */
#ifndef FV_CPU_CPU_H
#define FV_CPU_CPU_H

#include "cpu/impl.h"
#include "kern/kern.h"
#include "op/options.h"

/* An activation as kernels know it. */
typedef struct fv_activation {
    fv_act kind;
    float p, q;
} fv_activation;

/* FV_ACT_NONE for an operator that is none. */
fv_activation fv__cpu_activation(const fv_op *op, const void *options);
/* The one fused behind a pass; FV_ACT_NONE when there is none. */
fv_activation fv__cpu_then(const fv_pass *p);
/* For fv_impl.fuses: all activations kernels know. */
bool fv__cpu_fuses(const fv_op *activation);

/* For fv_impl.refuses: NULL when values are float32 and there are kernels. */
const char *fv__cpu_refuses(const fv_site *site, const fv_ask *ask);

static inline int64_t fv__cpu_up(int64_t a, int64_t b) {
    return (a + b - 1) / b;
} /* ceil(a/b) */
static inline int64_t fv__cpu_min(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static inline int64_t fv__cpu_max(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* Floats, rounded up to whole cache lines, so that workers do not share any. */
static inline int64_t fv__cpu_pad(int64_t floats) {
    return fv__cpu_up(floats, 16) * 16;
}

static inline float *fv__cpu_at(const fv_tensor *t, int64_t sample) {
    return (float *)t->data + sample * t->step;
}

/* Cuts `units` equal pieces of work into jobs: piece i of them is [*first, *end). */
static inline void fv__cpu_cut(int64_t units, int64_t jobs, int64_t i, int64_t *first,
                               int64_t *end) {
    *first = units * i / jobs;
    *end = units * (i + 1) / jobs;
}

/* How many jobs are worth it: about `grain` operations each, at most one per unit and 256. */
int64_t fv__cpu_jobs(int64_t units, double operations, double grain);

/* What a plane-wise implementation shares out: samples times channels. */
static inline int64_t fv__cpu_planes(const fv_shape *s) {
    return s->dim[0] * fv__channels(s);
}

/* Splits a flat run of n floats into jobs and runs fn on them (first, end in floats). */
typedef void fv_range_fn(void *arg, int64_t first, int64_t end);
void fv__cpu_ranges(fv_pool *pool, int64_t n, double cost_per_float, fv_range_fn *fn, void *arg);

/* The implementations, a file or two per family. */
extern const fv_impl fv__cpu_reference_forward, fv__cpu_reference_backward;
extern const fv_impl fv__cpu_conv_forward, fv__cpu_conv_backward;
extern const fv_impl fv__cpu_direct_forward, fv__cpu_direct_backward;
extern const fv_impl fv__cpu_fc_forward, fv__cpu_fc_backward;
extern const fv_impl fv__cpu_act_forward, fv__cpu_act_backward;
extern const fv_impl fv__cpu_maxpool_forward, fv__cpu_maxpool_backward;
extern const fv_impl fv__cpu_avgpool_forward, fv__cpu_avgpool_backward;
extern const fv_impl fv__cpu_globalavgpool_forward, fv__cpu_globalavgpool_backward;
extern const fv_impl fv__cpu_bn_forward, fv__cpu_bn_backward;
extern const fv_impl fv__cpu_lrn_forward, fv__cpu_lrn_backward;
extern const fv_impl fv__cpu_softmax_forward, fv__cpu_softmax_backward;
extern const fv_impl fv__cpu_crossentropy_forward;
extern const fv_impl fv__cpu_add_forward, fv__cpu_add_backward;
extern const fv_impl fv__cpu_concat_forward, fv__cpu_concat_backward;
extern const fv_impl fv__cpu_dropout_forward, fv__cpu_dropout_backward;

#endif
