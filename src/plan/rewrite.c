/* SPDX-License-Identifier: MIT */
/*
 * rewrite.c - applies the rules of rewrite_list.h, and what rules share.
 *
 * A rule changes what nodes read and which node's step does whose work, never the net: a node that
 * is part of another's step (`part_of`) keeps its own backward.
 */
#include "base/number.h"
#include "plan/plan_internal.h"
#include <stdarg.h>
#include <string.h>
#include <stdio.h>

const fv_rewrite *const fv__rewrites[] = {
#define FV_REWRITE(name) &fv__rewrite_##name,
#include "plan/rewrite_list.h"
#undef FV_REWRITE
    NULL,
};

/* From the end to the beginning: what the heads (and kept values) need is live. A node whose work
   is done in another's step is live with it: its reading counts, but for what flows inside. */
void fv__plan_count_readers(fv_plan *plan) {
    const fv_graph *net = plan->net;
    for (size_t v = 0; v < net->value_count; v++) plan->values[v].readers = 0;
    for (size_t n = net->node_count; n-- > 0;) {
        const fv_node *node = &net->nodes[n];
        fv_plan_node *p = &plan->nodes[n];
        p->live = false;
        for (int o = 0; o < node->outputs; o++) {
            const fv_plan_value *y = &plan->values[node->out[o]];
            if ((y->pinned || y->readers > 0) && !y->constant_data) p->live = true;
        }
        if (p->live)
            for (int i = 0; i < node->inputs; i++) {
                plan->values[p->in[i]].readers++;
                plan->values[p->in[i]].reader = (int)n;
            }
    }
}

int fv__plan_only_reader(const fv_plan *plan, int value) {
    const fv_plan_value *v = &plan->values[value];
    return v->readers == 1 && !v->pinned ? v->reader : -1;
}

void fv__plan_note(fv_plan *plan, const fv_rewrite *rule, const char *format, ...) {
    char line[512];
    va_list args;
    va_start(args, format);
    fv__vformat(line, sizeof line, format, args);
    va_end(args);
    if (plan->noted != rule) /* rules come one after the other */
        fv__text_addf(&plan->notes, "rule     %s: %s\n", rule->name, rule->help);
    plan->noted = rule;
    fv__text_addf(&plan->notes, "rewrite  %s: %s\n", rule->name, line);
}

fv_status fv__plan_rewrite(fv_context *ctx, fv_plan *plan) {
    fv__plan_count_readers(plan);
    if (fv__plan_everything_stays(plan)) return FV_OK;
    for (const fv_rewrite *const *rule = fv__rewrites; *rule; rule++) {
        FV_TRY((*rule)->apply(ctx, plan));
        fv__plan_count_readers(plan);
    }
    return plan->notes.failed ? fv__fail_memory(ctx, 0, "the plan's notes") : FV_OK;
}
