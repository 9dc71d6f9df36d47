/* SPDX-License-Identifier: MIT */
/*
 * constants: what is computed from constants alone is one, computed here and now. The operator's
 * own loops do it: bits may differ from those of a fast version. Nothing that has weights, which
 * may change later.
 */
#include "plan/plan_internal.h"

#define BYTES_MOST (1 << 22) /* of a value: a large one is better made when it is needed */

static bool constant(const fv_plan *plan, int n) {
    const fv_node *node = &plan->net->nodes[n];
    const fv_plan_node *p = &plan->nodes[n];
    if (!p->live || node->params > 0 || node->inputs == 0) return false;
    for (int i = 0; i < node->inputs; i++) {
        const fv_plan_value *x = &plan->values[p->in[i]];
        if (!x->constant_data || x->dtype == FV_F64) return false;
    }
    for (int o = 0; o < node->outputs; o++) {
        const fv_plan_value *y = &plan->values[node->out[o]];
        const int64_t count = fv__shape_count(&y->shape);
        if (y->pinned || y->batched || y->dtype == FV_F64 || count < 0 || count > BYTES_MOST ||
            (size_t)count * fv__dtype_bytes(y->dtype) > BYTES_MOST)
            return false;
    }
    return true;
}

/* Tensors of a node's values, which begin with its inputs. */
static fv_status tensors_of(fv_plan *plan, int n, fv_tensor *x, fv_tensor *y) {
    const fv_node *node = &plan->net->nodes[n];
    for (int i = 0; i < node->inputs; i++) {
        const fv_plan_value *v = &plan->values[plan->nodes[n].in[i]];
        x[i] = fv__tensor((void *)(uintptr_t)v->constant_data, v->dtype, v->shape);
    }
    for (int o = 0; o < node->outputs; o++) {
        const fv_plan_value *v = &plan->values[node->out[o]];
        const size_t bytes = (size_t)fv__shape_count(&v->shape) * fv__dtype_bytes(v->dtype);
        y[o] = fv__tensor(fv__arena_alloc(&plan->arena, bytes + 1), v->dtype, v->shape);
        if (!y[o].data) return FV_EXHAUSTED;
    }
    return FV_OK;
}

static fv_status compute(fv_plan *plan, int n) {
    const fv_node *node = &plan->net->nodes[n];
    const size_t count = (size_t)(node->inputs + node->outputs);
    fv_tensor *x = fv__arena_alloc(&plan->arena, count * sizeof *x), *y = x + node->inputs;
    if (!x) return FV_EXHAUSTED;
    FV_TRY(tensors_of(plan, n, x, y));
    node->op->forward[0](&(fv_pass){.op = node->op,
                                    .options = node->options,
                                    .inputs = node->inputs,
                                    .outputs = node->outputs,
                                    .x = x,
                                    .y = y});
    for (int o = 0; o < node->outputs; o++) {
        fv_plan_value *v = &plan->values[node->out[o]];
        v->constant_data = y[o].data;
        v->owner = -1;
    }
    fv__plan_note(plan, &fv__rewrite_constants, "%s computed", node->name);
    return FV_OK;
}

static fv_status apply(fv_context *ctx, fv_plan *plan) {
    (void)ctx;
    if (plan->options.training || plan->options.backward || plan->options.dtype != FV_F32)
        return FV_OK;
    for (size_t n = 0; n < plan->net->node_count; n++)
        if (constant(plan, (int)n)) FV_TRY(compute(plan, (int)n));
    return FV_OK;
}

const fv_rewrite fv__rewrite_constants = {
    .name = "constants",
    .help = "what is computed from constants alone is one (inference)",
    .apply = apply,
};
