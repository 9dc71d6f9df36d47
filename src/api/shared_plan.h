/* SPDX-License-Identifier: MIT */
/*
 * shared_plan.h - a model's plan for one size of batch and of images, with its weights packed once,
 * shared by all runs of that size, in whatever threads they are.
 */
#ifndef FV_API_SHARED_PLAN_H
#define FV_API_SHARED_PLAN_H

#include "format/model.h"
#include "plan/plan.h"

typedef struct fv_shared_plan {
    struct fv_shared_plan *next;
    int64_t batch;
    int64_t height, width; /* of images; 0, 0: as the network's input says */
    bool keeps;            /* every value */
    int isa, precision;
    const fv_device *device;
    int users;
    fv_graph *resized; /* the network at that size; NULL: the model's own */
    fv_plan *plan;
    fv_prepared *prepared;
} fv_shared_plan;

/* The one of these sizes (of `wanted`: batch, height, width, keeps) that fits the context, made if
   there is none. */
FV_MUST_USE fv_status fv__shared_plan_take(fv_context *ctx, const fv_model *model,
                                           const fv_shared_plan *wanted, fv_shared_plan **out);
/* Its last user frees it. NULL is allowed. */
void fv__shared_plan_give(const fv_model *model, fv_shared_plan *shared);

#endif
