/* SPDX-License-Identifier: MIT */
/*
 * plan.h - from a net to a list of steps over one block of memory, and its execution.
 *
 * A plan is immutable and knows no pointers, only offsets. A run is the memory of one execution;
 * many runs may share a plan and its weights. Everything that can fail fails while planning or when
 * a run is made: executing allocates nothing and cannot fail.
 */
#ifndef FV_PLAN_PLAN_H
#define FV_PLAN_PLAN_H

#include "cpu/impl.h"
#include "net/net.h"

typedef struct fv_plan fv_plan;
typedef struct fv_exec fv_exec;

typedef struct fv_plan_ask {
    int64_t batch;    /* samples per execution */
    bool training;    /* forward and backward of every head's loss (net from fv__net_with_loss) */
    bool backward;    /* backward too; false with training: batch statistics, dropout, loss only */
    fv_dtype dtype;   /* FV_F32, or FV_F64 with reference loops (gradient check) */
    bool reference;   /* reference loops only, nothing fused, every value kept */
    bool keep_values; /* every value keeps a buffer of its own, readable afterwards */
    bool input_gradient; /* dx of values[0] too */
    const int *keep;     /* values that must be readable after forward, beside the heads */
    int keep_count;
    fv_impls_fn *impls; /* the device's implementations; NULL: the CPU's */
} fv_plan_ask;

FV_MUST_USE fv_status fv__plan_new(fv_context *ctx, const fv_net *net, const fv_plan_ask *ask,
                                   fv_plan **out);
void fv__plan_free(fv_plan *plan);

/* Bytes, as planned. */
typedef struct fv_plan_memory {
    size_t activations; /* the block: values, gradients of values, things kept for backward */
    size_t scratch;     /* of the implementations; shared by all steps */
    size_t parameters, gradients;
    size_t
        values_unshared; /* what the values alone would take if nothing were placed by lifetime */
} fv_plan_memory;
fv_plan_memory fv__plan_memory(const fv_plan *plan);

/* What was chosen: one line per step, with refusals when `why`. For `fovea bench --trace`. */
void fv__plan_trace(fv_context *ctx, const fv_plan *plan, bool why, fv_text *out);

/* One execution's memory over a plan. `weights` and `gradients` (training only) are flat blocks of
   net->param_elements in the plan's dtype; they must outlive it. Running statistics in `weights`
   are written when training. */
FV_MUST_USE fv_status fv__exec_new(fv_context *ctx, const fv_plan *plan, void *weights,
                                   void *gradients, fv_exec **out);
void fv__exec_free(fv_exec *exec);

/* The buffer of a value; inputs are written there before a run. data NULL: the value is not kept
   in this plan (give it `as` a head, or ask keep_values). */
fv_tensor fv__exec_value(const fv_exec *exec, int value);
fv_tensor fv__exec_value_gradient(const fv_exec *exec, int value); /* training; data NULL: none */

/* Forward. `key` seeds dropout: seed and time are used. */
void fv__exec_forward(fv_exec *exec, uint64_t seed, uint64_t time);
/* Backward of sum over heads of weight * loss; gradients are overwritten. After forward. */
void fv__exec_backward(fv_exec *exec);

/* Step by step, for those who look closer (times per layer, the first non-finite value). */
int fv__exec_steps(const fv_exec *exec);
typedef struct fv_step_view {
    int node; /* of the net; -1: a gradient is cleared or a layout converted; pass is NULL */
    fv_which which;
    const char *impl;
    const char *fused; /* name of the activation's node fused behind, or NULL */
    const fv_pass *pass;
} fv_step_view;
fv_step_view fv__exec_step(const fv_exec *exec, int step);
void fv__exec_run_step(fv_exec *exec, int step);
/* What forward and backward do before their steps: the random stream; gradients cleared and the
   losses' gradients set. For running step by step. */
void fv__exec_begin(fv_exec *exec, uint64_t seed, uint64_t time);
void fv__exec_backward_begin(fv_exec *exec);

#endif
