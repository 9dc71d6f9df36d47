/* SPDX-License-Identifier: MIT */
/*
 * epilogue: a sum with another value, and an activation, are done by the step in front while the
 * numbers are in cache: y = act(f(x) + added). Of the ways that meet in the sum the last one takes
 * it, so that the others are there. In training both keep their own backward, which must not need
 * what is no longer written.
 */
#include "plan/plan_internal.h"

/* The node whose step writes a value that only `reader` reads; -1: none that may take it. */
static int front_of(const fv_plan *plan, int value, int reader) {
    const int owner = plan->values[value].owner;
    if (owner < 0 || fv__plan_only_reader(plan, value) != reader) return -1;
    const fv_plan_node *p = &plan->nodes[owner];
    return p->writes == value && plan->net->nodes[owner].outputs == 1 && p->act < 0 ? owner : -1;
}

/* Whether a value may go unwritten: no backward reads it. */
static bool unread(const fv_plan *plan, int front, int reader) {
    const fv_plan_node *p = &plan->nodes[front];
    const int maker = p->add >= 0 ? p->add : front;
    if (!plan->options.backward) return true;
    return !(plan->net->nodes[reader].op->traits & FV_KEEP_X) &&
           !(plan->net->nodes[maker].op->traits & FV_KEEP_Y);
}

static bool takes(const fv_plan *plan, int front, int reader, const fv_epilogue *epilogue) {
    return front >= 0 && unread(plan, front, reader) &&
           plan->device->fuses(plan->net->nodes[front].op, epilogue);
}

static void attach(fv_plan *plan, int front, int reader) {
    fv_plan_node *p = &plan->nodes[front];
    p->writes = plan->net->nodes[reader].out[0];
    p->order = reader;
    plan->values[p->writes].owner = front;
    plan->nodes[reader].part_of = front;
    fv__plan_note(plan, &fv__rewrite_epilogue, "%s into %s", plan->net->nodes[reader].name,
                  plan->net->nodes[front].name);
}

static void join_add(fv_plan *plan, int n) {
    const int *in = plan->nodes[n].in;
    const fv_epilogue add = {.add = true};
    int best = -1;
    for (int i = 0; i < 2 && in[0] != in[1]; i++) {
        const int front = front_of(plan, in[i], n);
        if (!takes(plan, front, n, &add) || plan->nodes[front].add >= 0) continue;
        if (best < 0 || plan->nodes[front].order > plan->nodes[best].order) best = front;
    }
    if (best < 0) return;
    plan->nodes[best].add = n;
    plan->nodes[best].added = plan->nodes[best].writes == in[0] ? in[1] : in[0];
    attach(plan, best, n);
}

static void join_act(fv_plan *plan, int n) {
    const fv_node *node = &plan->net->nodes[n];
    const fv_epilogue act = {.act = node->op, .act_options = node->options};
    const int front = front_of(plan, plan->nodes[n].in[0], n);
    if (!takes(plan, front, n, &act)) return;
    plan->nodes[front].act = n;
    attach(plan, front, n);
}

static fv_status apply(fv_context *ctx, fv_plan *plan) {
    (void)ctx;
    for (size_t n = 0; n < plan->net->node_count; n++) {
        const fv_node *node = &plan->net->nodes[n];
        if (!plan->nodes[n].live || plan->nodes[n].part_of >= 0) continue;
        if ((node->op->traits & FV_SUM) && node->inputs == 2) join_add(plan, (int)n);
        if ((node->op->traits & FV_POINTWISE) && node->inputs == 1) join_act(plan, (int)n);
    }
    return FV_OK;
}

const fv_rewrite fv__rewrite_epilogue = {
    .name = "epilogue",
    .help = "a sum and an activation are done by the step in front",
    .apply = apply,
};
