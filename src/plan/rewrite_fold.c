/* SPDX-License-Identifier: MIT */
/*
 * fold: in inference a batch normalisation is a product and a sum per channel, and so are a
 * product, a quotient, a sum or a difference with a constant (a file without batch normalisations,
 * or with biases of their own). They go into the weights of the convolution or fully connected
 * layer in front of them (op/fold.c), one after the other.
 */
#include "op/conv.h"
#include "op/fc.h"
#include "plan/plan_internal.h"
#include <math.h>

static bool linear(const fv_op *op) {
    return op == &fv__op_conv || op == &fv__op_fc;
}

/* y = c x + d, c and d told by a constant k. */
typedef struct affine {
    double c, d;
} affine;

/* What a node does to its input number `x` when the other one is k; false: something else. */
static bool affine_of(const fv_op *op, int x, double k, affine *a) {
    *a = (affine){1, 0};
    if (op == &fv__op_sum)
        a->d = k;
    else if (op == &fv__op_mul)
        a->c = k;
    else if (op == &fv__op_sub)
        *a = x == 0 ? (affine){1, -k} : (affine){-1, k};
    else if (op == &fv__op_div && x == 0)
        a->c = 1 / k;
    else
        return false;
    return isfinite(a->c) && isfinite(a->d);
}

/* Whether a constant that broadcasts with y has one number, or one for each channel. */
static bool per_channel(const fv_shape *k, const fv_shape *y) {
    if (k->rank > y->rank) return false;
    for (int d = 0; d < k->rank; d++) {
        const int at = d + y->rank - k->rank;
        if (k->dim[d] != 1 && (at != 1 || k->dim[d] != y->dim[1])) return false;
    }
    return true;
}

/* The constant that a node takes beside value x, one number or one per channel; -1: there is none.
 *place: which input x is. */
static int constant_beside(const fv_plan *plan, int node, int x, int *place) {
    const int *in = plan->nodes[node].in;
    if (plan->net->nodes[node].inputs != 2) return -1;
    *place = in[0] == x ? 0 : 1;
    const fv_plan_value *k = &plan->values[in[1 - *place]];
    return k->constant_data && per_channel(&k->shape, &plan->net->values[x].shape) ? in[1 - *place]
                                                                                   : -1;
}

static void put(const fv_plan *plan, void *numbers, int64_t i, double v) {
    if (plan->options.dtype == FV_F64)
        ((double *)numbers)[i] = v;
    else
        ((float *)numbers)[i] = (float)v;
}

/* What the node does, as the weight, bias, mean and variance of a bn, [4][channels]. NULL numbers:
   it does something else. */
static fv_status numbers_of(fv_plan *plan, int node, int x, void **numbers) {
    int place;
    const int constant = constant_beside(plan, node, x, &place);
    *numbers = NULL;
    if (constant < 0) return FV_OK;
    const fv_plan_value *k = &plan->values[constant];
    const fv_dtype dtype = plan->net->values[constant].type.dtype; /* as the numbers lie yet */
    const int64_t channels = plan->net->values[x].shape.dim[1], count = fv__shape_count(&k->shape);
    void *found = NULL;
    for (int64_t c = 0; c < channels; c++) {
        affine a;
        const double v = fv__element(dtype, k->constant_data, count == 1 ? 0 : c);
        if (!affine_of(plan->net->nodes[node].op, place, v, &a)) return FV_OK;
        if (!found)
            found = fv__arena_alloc(&plan->arena,
                                    4 * (size_t)channels * fv__dtype_bytes(plan->options.dtype));
        if (!found) return FV_EXHAUSTED;
        put(plan, found, c, a.c);
        put(plan, found, channels + c, a.d);
        put(plan, found, 3 * channels + c, 1);
    }
    *numbers = found;
    return FV_OK;
}

/* Folds the reader of what node n writes, if it can be; *more: it was. */
static fv_status fold_next(fv_plan *plan, int n, fv_fold **last, bool *more) {
    const fv_graph *net = plan->net;
    fv_plan_node *p = &plan->nodes[n];
    const int reader = fv__plan_only_reader(plan, p->writes);
    void *numbers = NULL;
    *more = false;
    if (reader < 0) return FV_OK;
    if (net->nodes[reader].op != &fv__op_bn) {
        FV_TRY(numbers_of(plan, reader, p->writes, &numbers));
        if (!numbers) return FV_OK;
    }
    fv_fold *fold = fv__arena_alloc(&plan->arena, sizeof *fold);
    if (!fold) return FV_EXHAUSTED;
    *fold = (fv_fold){.node = reader, .numbers = numbers};
    if (*last)
        (*last)->next = fold;
    else
        p->folds = fold;
    *last = fold;
    *more = true;
    p->writes = net->nodes[reader].out[0];
    plan->values[p->writes].owner = n;
    plan->nodes[reader].part_of = n;
    fv__plan_note(plan, &fv__rewrite_fold, "%s into %s", net->nodes[reader].name,
                  net->nodes[n].name);
    return FV_OK;
}

static fv_status apply(fv_context *ctx, fv_plan *plan) {
    (void)ctx;
    if (plan->options.training || plan->options.backward) return FV_OK;
    for (size_t n = 0; n < plan->net->node_count; n++) {
        fv_fold *last = NULL;
        bool more = plan->nodes[n].live && linear(plan->net->nodes[n].op);
        while (more) FV_TRY(fold_next(plan, (int)n, &last, &more));
    }
    return FV_OK;
}

const fv_rewrite fv__rewrite_fold = {
    .name = "fold",
    .help = "batch normalisation, and constants per channel, go into the weights in front of them "
            "(inference)",
    .apply = apply,
};
