/* SPDX-License-Identifier: MIT */
/*
 * plan.h - from a net to a list of steps over one block of memory, and its execution.
 *
 * A plan is immutable and knows no pointers, only offsets. An execution is the memory of one; many
 * may share a plan and its prepared weights. Everything that can fail fails while planning or when
 * memory is made: executing allocates nothing and cannot fail.
 */
#ifndef FV_PLAN_PLAN_H
#define FV_PLAN_PLAN_H

#include "device/device.h"
#include "net/net.h"

typedef struct fv_plan fv_plan;
typedef struct fv_exec fv_exec;

typedef struct fv_plan_options {
    int64_t batch;    /* samples per execution */
    bool training;    /* forward and backward of every head's loss (net from fv__net_with_loss) */
    bool backward;    /* backward too; false with training: batch statistics, dropout, loss only */
    fv_dtype dtype;   /* of real values: FV_F32, or FV_F64 with reference loops (gradient check) */
    bool reference;   /* reference loops only, nothing rewritten, every value kept */
    bool keep_values; /* every value keeps a buffer of its own, readable afterwards */
    bool input_gradient; /* dx of values[0] too */
    /* [nodes] whose weights stay, so that backward ends above the lowest that learns; their running
       statistics stay too and are computed with, as in inference. NULL: none */
    const bool *frozen;
    const int *keep; /* values that must be readable after forward, beside the heads */
    int keep_count;
    size_t near;      /* bytes of maps that a step is to work on at a time; 0: as caches hold */
    fv_layout prefer; /* implementations that take maps so come first; FV_PLAIN: as listed */
    const fv_device *device; /* NULL: the context's */
    /* [2 * nodes], forward and backward of each in turn: the variants to settle where they can be;
       NULL: those that the context's tuning has, if any. */
    const unsigned char *variants;
} fv_plan_options;

FV_MUST_USE fv_status fv__plan_new(fv_context *ctx, const fv_graph *net,
                                   const fv_plan_options *options, fv_plan **out);
void fv__plan_free(fv_plan *plan);

/* How exactly products are computed: as the context says, and in fp32 where training. */
fv_precision fv__plan_precision(const fv_plan *plan);
/* FV_USAGE when the context asks for another precision than training has, for those who train. */
FV_MUST_USE fv_status fv__plan_trains(fv_context *ctx);

/* Bytes, as planned. */
typedef struct fv_plan_memory {
    size_t activations; /* the block: values, gradients of values, things kept for backward */
    size_t scratch;     /* of the implementations; shared by all steps */
    size_t parameters, gradients;
    size_t prepared;        /* weights in the form that implementations read, constants */
    size_t values_unshared; /* what values alone would take if nothing were placed by lifetime */
} fv_plan_memory;
fv_plan_memory fv__plan_memory(const fv_plan *plan);

/* What was rewritten and what was chosen: a line each, with refusals when `why`. For `fovea bench
   --trace`. */
FV_MUST_USE fv_status fv__plan_trace(fv_context *ctx, const fv_plan *plan, bool why, fv_text *out);

/* ------------------------------------------------------------------------------- weights --- */

/* Weights as a plan's steps read them: packed, folded, on its device; and the plan's constants.
   Shared by all executions over the plan and these weights. `weights` is a flat block of
   net->param_elements in the plan's dtype, on the plan's device; it must outlive this. `shared`:
   memory that other plans' weights lie in at other times (fv__prepare whenever that changes);
   NULL: its own. */
typedef struct fv_prepared fv_prepared;
struct fv_workspace;
FV_MUST_USE fv_status fv__prepared_new(fv_context *ctx, const fv_plan *plan, void *weights,
                                       struct fv_workspace *shared, fv_prepared **out);
/* The same of weights on the host, which are copied to the device whenever they are prepared; where
   the device is the host they are read where they lie. `rests`: they lie in a mapped file and
   nobody changes them; the memory of those that steps do not read themselves is given back. */
FV_MUST_USE fv_status fv__prepared_from_host(fv_context *ctx, const fv_plan *plan,
                                             const void *weights, bool rests, fv_prepared **out);
/* Packs anew: to be called whenever the weights have changed. Cannot fail. */
void fv__prepare(fv_context *ctx, fv_prepared *prepared);
int64_t fv__prepared_count(const fv_prepared *prepared); /* weights packed so far, all calls */
void fv__prepared_free(fv_prepared *prepared);

/* ---------------------------------------------------------------------------- executions --- */

/* Memory that several executions may share which never run at the same time: it is as large as the
   largest wants it. Zero-initialise; free when all of them are gone. */
typedef struct fv_workspace {
    const fv_device *device;
    void *block;
    size_t bytes;
} fv_workspace;
void fv__workspace_free(fv_workspace *workspace);

typedef struct fv_exec_options {
    fv_prepared *prepared;    /* NULL: one of its own, made from `weights` or `host_weights` */
    void *weights;            /* on the device */
    const void *host_weights; /* or on the host: fv__prepared_from_host */
    void *gradients;          /* with backward: a flat block like the weights, on the device */
    fv_workspace *workspace;  /* NULL: one of its own. Grows now if it is too small */
} fv_exec_options;

/* One execution of a plan. What it points to must outlive it. */
FV_MUST_USE fv_status fv__exec_new(fv_context *ctx, const fv_plan *plan,
                                   const fv_exec_options *options, fv_exec **out);
void fv__exec_free(fv_exec *exec);
const fv_plan *fv__exec_plan(const fv_exec *exec);
fv_prepared *fv__exec_prepared(const fv_exec *exec);

/* The buffer of a value, plain, on the device; inputs are written there before a run. data NULL:
   the value is not kept in this plan (give it `as` a head, or ask keep_values). Holds until another
   execution in the same workspace grows it. */
fv_tensor fv__exec_value(fv_exec *exec, int value);
/* Its gradient in training, which lies as the value does inside the plan: see its layout and step.
   data NULL: none. */
fv_tensor fv__exec_value_gradient(fv_exec *exec, int value);
/* Copies a value's elements, dense, to or from the host's memory. */
void fv__exec_read(fv_exec *exec, int value, void *to);
void fv__exec_write(fv_exec *exec, int value, const void *from);

/* Where a batch stands in the random streams and among its shards. */
typedef struct fv_exec_run {
    uint64_t seed, time;    /* of dropout's numbers: the seed and the step */
    int64_t first;          /* the first of these samples in the whole batch */
    int64_t whole;          /* samples of the whole batch; 0: these are all */
    const double *divisors; /* [heads] what each loss divides by; NULL: the samples of the whole */
} fv_exec_run;

/* One step of a plan, as seen by whoever walks with it. */
typedef struct fv_step_view {
    int step; /* number of the step in the plan */
    int node; /* of the net; -1: a gradient is cleared or a layout converted */
    fv_which which;
    const char *impl;  /* "gemm", "clear", "convert" */
    const fv_impl *by; /* that implementation, its variant and its site; NULL: no node's */
    int variant;
    const fv_site *site;
    const char *fused;   /* names of what the step's epilogue does, "add1, relu1"; NULL: none */
    const fv_pass *pass; /* NULL for what is no node's */
    int value;           /* of forward: which value of the net its y[0] is; -1: none's */
} fv_step_view;

/* Called around each step; either may be NULL. `after` returning false ends the walk. */
typedef struct fv_walk {
    void (*before)(void *arg, const fv_step_view *step);
    bool (*after)(void *arg, const fv_step_view *step);
    void *arg;
} fv_walk;

/* The one walk over a plan's steps. Forward begins a run (statistics and gradients of weights
   start at zero); backward, after it, computes the gradients of the sum over heads of weight *
   loss. `walk` may be NULL. False: it was ended by a hook. */
bool fv__exec_forward(fv_exec *exec, const fv_exec_run *run, const fv_walk *walk);
bool fv__exec_backward(fv_exec *exec, const fv_walk *walk);

/* For those who look at the list itself. */
int fv__plan_steps(const fv_plan *plan);
fv_step_view fv__exec_step(fv_exec *exec, int step);
/* Runs one step again by itself, as the walk did (gradient check: what a step keeps). */
void fv__exec_again(fv_exec *exec, int step);

#endif
