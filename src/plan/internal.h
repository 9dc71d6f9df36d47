/* SPDX-License-Identifier: MIT */
/*
 * internal.h - a plan's insides, shared by the files of this room.
 *
 *   layouts.c  how each value lies in memory, and where it must be converted
 *   regions.c  which values share memory (views, in place, fused, slices of a concat)
 *   place.c    lifetimes and offsets
 *   plan.c     choosing implementations, listing steps
 *   exec.c     binding steps to memory, running them
 */
#ifndef FV_PLAN_INTERNAL_H
#define FV_PLAN_INTERNAL_H

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

typedef struct fv_node_plan {
    bool live;
    bool view;              /* no step: y is x */
    bool joined;            /* no step: a concat whose inputs were written in place */
    int fused_into;         /* node whose step applies it, or -1 */
    int fused;              /* the activation applied by this node's step, or -1 */
    bool in_place;          /* y overwrites x (fused ones too) */
    bool gradient_in_place; /* dx overwrites dy */
    bool needs_backward;
    const fv_impl *forward, *backward;
    fv_span saved[FV_OP_SAVED];
} fv_node_plan;

typedef enum fv_step_kind { FV_STEP_RUN, FV_STEP_CLEAR, FV_STEP_CONVERT } fv_step_kind;

typedef struct fv_step {
    fv_step_kind kind;
    int node;  /* RUN */
    int value; /* CLEAR: the root whose gradient is set to zero; CONVERT: what is copied */
    fv_which which;
    bool dx_set[FV_OP_INPUTS];
} fv_step;

struct fv_plan {
    const fv_net *net;
    fv_plan_ask ask;
    const struct fv_kernels *kernels;
    int workers;
    fv_shape *shapes;     /* [values], with the batch */
    int *readers;         /* [values]: live nodes that read it */
    bool *pinned;         /* [values]: must be there after forward, or comes from outside */
    bool *needs_gradient; /* [values] */
    fv_layout *layouts;   /* [values]: as its producer writes it */
    bool *converted;      /* [values]: a copy in the other layout is made too */
    fv_span *copies;      /* [values]: where those copies lie */
    fv_region *regions;   /* [values] */
    fv_region *gradient_regions;
    fv_span *spans; /* [values]: of roots */
    fv_span *gradient_spans;
    fv_node_plan *nodes;
    fv_step *steps;
    size_t step_count, step_capacity, forward_steps;
    size_t block_bytes, scratch_bytes, values_unshared;
};

/* The root of a value's region; *offset (may be NULL) receives the elements into its sample. */
int fv__region_root(const fv_region *regions, int value, int64_t *offset);

/* Tags every value with the layout its producer writes; before regions, which lets only values of
   one layout share memory. Settling, after them, notes which values need a copy in the other. */
void fv__plan_layouts(fv_plan *plan);
void fv__plan_settle_layouts(fv_plan *plan);
/* The layout in which a node's step wants its inputs. */
fv_layout fv__plan_wants(const fv_plan *plan, int node);

/* Decides views, fusion, in-place and joins. Implementations of forward must be chosen. */
void fv__plan_regions(fv_plan *plan);

/* Lifetimes from the steps, offsets into one block. FV_BAD_INPUT when sizes overflow. */
FV_MUST_USE fv_status fv__plan_place(fv_context *ctx, fv_plan *plan);

/* The most scratch any step asks for, with so many workers. */
FV_MUST_USE fv_status fv__plan_scratch(fv_context *ctx, const fv_plan *plan, int workers,
                                       size_t *most);

/* The question put to implementations of a node's pass. */
fv_ask fv__plan_question(const fv_plan *plan, int node, fv_which which, int workers);

#endif
