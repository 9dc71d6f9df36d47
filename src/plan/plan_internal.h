/* SPDX-License-Identifier: MIT */
/*
 * plan_internal.h - a plan's insides, shared by the files of this room.
 *
 *   rewrite*.c        the graph made simpler: identities gone, bn folded, epilogues joined
 *   groups.c          how many samples each step takes at a time
 *   implementations.c who computes each node; the layouts that follow
 *   regions.c         which values share memory (views, in place, slices of a concat)
 *   steps.c           the list of steps, forward and backward, with conversions
 *   offsets.c         lifetimes and offsets
 *   prepared.c        weights as the steps read them
 *   exec.c, walk.c    binding steps to memory, running them
 */
#ifndef FV_PLAN_INTERNAL_H
#define FV_PLAN_INTERNAL_H

#include "kern/kern.h"
#include "plan/plan.h"

/* Where a value lies: a slice of the buffer of `parent` (itself: a buffer of its own). */
typedef struct fv_region {
    int parent;
    int64_t offset; /* elements into a sample of the parent */
    bool joined;    /* slices of others lie in it */
    bool touched;   /* while steps of backward are listed: something was written */
} fv_region;

typedef struct fv_span {
    size_t bytes;    /* 0: not there */
    size_t offset;   /* into the block */
    int first, last; /* steps between which it must stay; first > last: unused */
} fv_span;

/* A value in this plan. */
typedef struct fv_plan_value {
    fv_shape shape; /* with the batch */
    fv_dtype dtype;
    bool batched;
    int64_t held;        /* samples that its buffer has room for: plan/groups.c */
    int owner;           /* the node whose step writes it; -1: an input or a constant */
    int readers, reader; /* live nodes that read it, and one of them */
    bool pinned;         /* must be there after forward, or comes from outside */
    bool needs_gradient; /* something learned lies before it */
    fv_layout layout;    /* as its owner writes it */
    fv_region region, gradient_region;
    fv_span span, gradient_span; /* of roots */
    fv_span copies[FV_LAYOUTS];  /* in other layouts */
    size_t constant;             /* a constant: offset into the prepared block, and what it is */
    const void *constant_data;   /* NULL: it is none */
} fv_plan_value;

/* What is folded into a node's weights: a bn, or what constants do, as the numbers of a bn. */
typedef struct fv_fold {
    int node;
    void *numbers; /* weight, bias, mean, variance: [4][filters] on the host; NULL: a bn's own */
    size_t at;     /* their offset into the prepared block */
    struct fv_fold *next;
} fv_fold;

/* A node in this plan. */
typedef struct fv_plan_node {
    const void *options; /* of its step, where rewriting has changed them; NULL: the node's */
    int *in;             /* values it reads, after rewriting */
    bool live;           /* its step, or the step it is part of, runs */
    bool view;           /* no step: y is x */
    bool joined;         /* no step: a concat whose inputs were written in place */
    int part_of; /* the node whose step does its work forward (epilogue, folded); -1: its own */
    int front, front_act; /* the bn, and the relu behind it, that its step applies to x[0]; -1 */
    int inner;            /* the node that makes in[0], which its step computes on its way; -1 */
    fv_fold *folds;       /* what is folded into its weights, in order; NULL: nothing */
    int add, act;         /* the nodes in its epilogue; -1: none */
    int added;            /* the value that the epilogue adds */
    char *parts;          /* "bn1, add1, relu1": what its step does beside; NULL: nothing */
    int writes;           /* the value its step writes: its first output, or its last part's */
    int64_t group;        /* samples that its step takes at a time */
    int order;            /* after which node's turn its step stands: its own, or its last part's */
    bool in_place;        /* y overwrites x, or what the epilogue adds */
    bool gradient_in_place; /* dx overwrites dy */
    bool needs_backward;
    bool frozen;   /* fv_plan_options.frozen */
    fv_site *site; /* at this batch */
    const fv_impl *forward, *backward;
    fv_settled settled[2]; /* [which] */
    const fv_impl *fold_impl, *before_impl;
    size_t before;      /* offset of the numbers of `front` */
    size_t prepared[2]; /* offsets into the prepared block, of what is not packed anew: */
    fv_span packed[2];  /* what a step packs itself (fv__plan_packs_anew) is there as long as it */
    size_t folded[2];   /* of the folded weight (there only when run reads it) and bias */
    fv_span saved[FV_OP_SAVED];
} fv_plan_node;

/* A tensor that a step reads or writes. */
typedef enum fv_ref_kind {
    FV_REF_NONE,
    FV_REF_VALUE,
    FV_REF_COPY,
    FV_REF_GRADIENT,
    FV_REF_TEMP
} fv_ref_kind;
typedef struct fv_ref {
    fv_ref_kind kind;
    int index; /* the value; TEMP: an index into temps */
    fv_layout layout;
} fv_ref;

/* A buffer of one step and the conversion beside it: a gradient in another layout. */
typedef struct fv_temp {
    int value;
    fv_layout layout;
    fv_span span;
} fv_temp;

typedef enum fv_step_kind { FV_STEP_RUN, FV_STEP_CLEAR, FV_STEP_CONVERT } fv_step_kind;

typedef struct fv_step {
    fv_step_kind kind;
    fv_which which;
    int node;            /* RUN */
    int64_t group;       /* samples at a time */
    fv_ref *x, *y;       /* RUN: [inputs], [outputs] of the node; NONE: not read */
    fv_ref *dx, *dy;     /* RUN backward */
    fv_ref added;        /* RUN forward */
    bool *overwrite;     /* RUN backward: [inputs] */
    fv_ref from, to;     /* CONVERT; CLEAR: to */
    bool accumulate;     /* CONVERT: added to what is there */
    const fv_impl *impl; /* CONVERT */
} fv_step;

/* Steps with one group. */
typedef struct fv_segment {
    size_t first, end; /* steps */
    int64_t group;
} fv_segment;

struct fv_plan {
    const fv_graph *net;
    fv_plan_options options;
    const fv_device *device;
    const fv_kernels *kernels; /* NULL: the operators' own loops only; or the table */
    fv_kernels table;
    fv_precision precision;
    fv_arena arena; /* everything below but the arrays that grow */
    fv_plan_value *values;
    fv_plan_node *nodes;
    fv_text notes;                  /* of the rewrite rules, a line each */
    const struct fv_rewrite *noted; /* the rule that the last of them is of */
    size_t workers;                 /* of the context it was made with, for fv__plan_memory */
    fv_temp *temps;
    size_t temp_count, temp_capacity;
    fv_step *steps;
    size_t step_count, step_capacity, forward_steps;
    fv_segment *segments; /* of forward */
    size_t segment_count;
    int64_t listed; /* while steps are listed: the group of the one that conversions are for */
    size_t block_bytes, scratch_bytes, worker_bytes, prepared_bytes, fold_bytes, values_unshared;
};

/* From one worker's memory to the next one's. Between them, and before the first, nothing lies for
   as far as a processor that writes at many places of one has been seen to fetch ahead: what it
   fetches there it takes away from another thread's cache. Little memory is not written so. */
#define FV_APART      ((size_t)1 << 20)
#define FV_APART_FROM ((size_t)1 << 18)
static inline size_t fv__worker_step(const fv_plan *plan, size_t threads) {
    const bool apart = threads > 1 && plan->worker_bytes >= FV_APART_FROM;
    return plan->worker_bytes + (apart ? FV_APART : 0);
}

/* Whether nothing may be rewritten, fused or shared: every value is to be looked at. */
static inline bool fv__plan_everything_stays(const fv_plan *plan) {
    return plan->options.reference || plan->options.keep_values;
}

/* Whether someone outside may read a value after forward: it is there then, and plain. */
static inline bool fv__plan_seen(const fv_plan *plan, int value) {
    const fv_plan_value *v = &plan->values[value];
    return v->pinned || (plan->options.keep_values && v->readers > 0);
}

/* A rule on the graph before implementations are chosen: its own file and a line in
   plan/rewrite_list.h. What it did is noted for the trace. */
typedef struct fv_rewrite {
    const char *name, *help;
    fv_status (*apply)(fv_context *ctx, fv_plan *plan);
} fv_rewrite;
#define FV_REWRITE(name) extern const fv_rewrite fv__rewrite_##name;
#include "plan/rewrite_list.h"
#undef FV_REWRITE
extern const fv_rewrite *const fv__rewrites[]; /* NULL-ended */

FV_MUST_USE fv_status fv__plan_rewrite(fv_context *ctx, fv_plan *plan);
/* Who reads what, and which nodes are live: again after each rule. */
void fv__plan_count_readers(fv_plan *plan);
/* The only live node that reads a value which nobody outside wants; -1: there is no such one. */
int fv__plan_only_reader(const fv_plan *plan, int value);
/* Notes what a rule did: "fold: bn1 into conv1". */
void fv__plan_note(fv_plan *plan, const fv_rewrite *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The node whose step stands at node n's turn; -1: none. */
int fv__plan_step_at(const fv_plan *plan, int n);
/* How many samples each step takes at a time; then, of the steps listed, the segments, and how many
   samples each value's buffer holds. */
void fv__plan_groups(fv_plan *plan);
FV_MUST_USE fv_status fv__plan_segments(fv_plan *plan);
void fv__plan_hold(fv_plan *plan);
/* Whether some step takes less than the batch at a time. */
static inline bool fv__plan_grouped(const fv_plan *plan) {
    return plan->segment_count > 0 && plan->segments[0].group < plan->options.batch;
}

static inline const void *fv__plan_options_of(const fv_plan *plan, int node) {
    const void *own = plan->nodes[node].options;
    return own ? own : plan->net->nodes[node].options;
}
/* Whether a node's step packs its weights itself whenever it runs: in training, where they are
   others after each step. The packed ones take memory for as long as that step and are still in
   the cache when it reads them; all of them at once, for forward and backward, would be several
   times the weights. */
static inline bool fv__plan_packs_anew(const fv_plan *plan, int node) {
    const fv_plan_node *p = &plan->nodes[node];
    return plan->options.training && !p->folds && p->front < 0 && p->inner < 0;
}
/* The value that a node's step reads as input i. */
static inline int fv__plan_reads(const fv_plan *plan, int node, int i) {
    while (i == 0 && plan->nodes[node].inner >= 0) node = plan->nodes[node].inner;
    return plan->nodes[node].in[i];
}
/* The site of a node as rewriting left it, without its epilogue. */
FV_MUST_USE fv_status fv__plan_site(fv_context *ctx, const fv_plan *plan, int node,
                                    fv_site_room *room);
FV_MUST_USE fv_status fv__plan_choose(fv_context *ctx, fv_plan *plan);
/* What is asked of implementations of a node's pass. `wants` has room for its inputs. */
fv_request fv__plan_request(const fv_plan *plan, int node, fv_which which, bool *wants);

/* The root of a value's region; *offset (may be NULL) receives the elements into its sample. */
int fv__plan_root(const fv_plan *plan, int value, int64_t *offset);
int fv__plan_gradient_root(const fv_plan *plan, int value, int64_t *offset);
/* Decides views, in place and joins. Implementations must be chosen. */
void fv__plan_regions(fv_plan *plan);

FV_MUST_USE fv_status fv__plan_list_steps(fv_context *ctx, fv_plan *plan);

/* Lifetimes from the steps, offsets into one block. FV_BAD_INPUT when sizes overflow. */
FV_MUST_USE fv_status fv__plan_offsets(fv_context *ctx, fv_plan *plan);

/* Offsets of everything in the prepared block. */
FV_MUST_USE fv_status fv__plan_prepared(fv_context *ctx, fv_plan *plan);

struct fv_prepared {
    fv_context *ctx; /* of the last fv__prepare: its pool */
    const fv_plan *plan;
    char *weights;    /* on the device */
    const void *host; /* where they are copied from whenever they are prepared, into memory of its
                         own; NULL: somebody else puts them there */
    bool rests;       /* the weights on the host are a file's, and nobody changes them */
    fv_workspace *block, own;
    int64_t count;
};
static inline char *fv__prepared_at(const fv_prepared *p, size_t offset) {
    return (char *)p->block->block + offset;
}
/* A parameter of a node; and as its step reads it: folded where a bn was. */
fv_tensor fv__prepared_weight(const fv_prepared *prepared, int node, int i);
fv_tensor fv__prepared_param(const fv_prepared *prepared, int node, int i);

struct fv_exec {
    const fv_plan *plan;
    fv_pool *pool;
    fv_prepared *prepared;
    bool own_prepared, own_workspace;
    char *gradients;
    fv_workspace *workspace;
    const void *bound, *bound_prepared; /* the blocks that the passes point into */
    fv_pass *passes;                    /* [steps] */
    fv_pass *inner;                     /* [steps] those of fv_site.inner; NULL: no step has one */
    fv_tensor *tensors;                 /* what the passes' arrays point at */
    size_t tensor_count;
    int64_t first; /* of the run's samples in the whole batch */
    char **starts; /* [tensors] where their buffers begin, of plans with several segments */
};
/* Makes a workspace as large as it is needed. */
FV_MUST_USE fv_status fv__workspace_reserve(fv_context *ctx, fv_workspace *w,
                                            const fv_device *device, size_t bytes);
/* Points every pass into the workspace, which may have grown. */
void fv__exec_bind(fv_exec *e);

#endif
