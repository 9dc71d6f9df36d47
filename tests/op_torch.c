/* SPDX-License-Identifier: MIT */
/*
 * op_torch.c - the operators in double against PyTorch's numbers, which tests/oracle/ops_torch.py
 * wrote into tests/vectors/ops.h. Inputs, parameters and dy are made by op_number on both sides.
 */
#include "op_cases.h"
#include "vectors/ops.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TORCH_ERROR 1e-6

/* The next numbers of a case are those of tensor g. */
static void compare(op_tally *t, const op_problem *p, const torch_case *c, const fv_tensor *g,
                    const char *name, int *at) {
    double difference = 0, norm = 0;
    const int count = (int)op_count(g);
    if (!op_check(t, *at + count <= c->count, "%s '%s': PyTorch gave %d numbers", c->op, c->sample,
                  c->count))
        return;
    for (int i = 0; i < count; i++) {
        double theirs = c->numbers[*at + i], ours = op_get(g, i);
        difference += (theirs - ours) * (theirs - ours);
        norm += theirs * theirs;
    }
    *at += count;
    norm = sqrt(norm) > 1e-6 ? sqrt(norm) : 1e-6;
    op_check(t, sqrt(difference) <= TORCH_ERROR * norm, "%s '%s'%s: %s is off by %.2e", p->op->name,
             p->sample, c->training ? "" : " in inference", name, sqrt(difference) / norm);
}

void op_cases_torch(op_tally *t) {
    for (size_t i = 0; i < sizeof torch_cases / sizeof *torch_cases; i++) {
        const torch_case *c = &torch_cases[i];
        const fv_op *op = fv__op_find(c->op);
        if (!op_check(t, op != NULL, "no operator %s", c->op)) continue;
        op_problem p;
        int at = 0;
        fv_status status = op_make(&p, op, c->sample, FV_F64, 0);
        if (op_check(t, status == FV_OK, "%s '%s': %s", c->op, c->sample, p.ctx.message)) {
            char name[64], dims[FV_SHAPE_TEXT];
            op_check(t, strcmp(fv__dims_text(dims, &p.out[0]), c->y) == 0,
                     "%s '%s': the output is %s, PyTorch's %s", c->op, c->sample, dims, c->y);
            p.pass.training = c->training;
            op_forward(&p);
            op_backward(&p);
            compare(t, &p, c, &p.y[0], "y", &at);
            for (int slot = 0; op_gradient(&p, slot, name) != NULL; slot++) {
                const fv_tensor *g = op_gradient(&p, slot, NULL);
                if (op_is_learned(&p, slot)) compare(t, &p, c, g, name, &at);
            }
            if (c->training) op_follow(&p);
            for (int k = 0; k < p.site.params; k++)
                if (!p.site.param[k].learned) compare(t, &p, c, &p.w[k], p.site.param[k].name, &at);
            op_check(t, at == c->count, "%s '%s': %d numbers of PyTorch's %d", c->op, c->sample, at,
                     c->count);
        }
        op_release(&p);
    }
}

int op_cases(op_tally *t) {
    op_cases_samples(t);
    op_cases_mutations(t);
    op_cases_hostile(t);
    op_cases_random(t);
    op_cases_parts(t);
    op_cases_windows(t);
    op_cases_torch(t);
    return t->failed;
}
