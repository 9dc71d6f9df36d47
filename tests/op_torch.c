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

/* All that the case has numbers for. */
static void compare_all(op_tally *t, op_problem *p, const torch_case *c) {
    char name[64];
    int at = 0;
    for (int o = 0; o < p->site.outputs; o++) {
        (void)snprintf(name, sizeof name, "y%d", o + 1);
        compare(t, p, c, &p->y[o], name, &at);
    }
    for (int slot = 0; p->op->backward[1] && op_gradient(p, slot, name) != NULL; slot++) {
        const fv_tensor *g = op_gradient(p, slot, NULL);
        if (op_is_learned(p, slot)) compare(t, p, c, g, name, &at);
    }
    if (c->training) op_follow(p);
    for (int k = 0; k < p->site.params; k++)
        if (!p->site.param[k].learned) compare(t, p, c, &p->w[k], p->site.param[k].name, &at);
    op_check(t, at == c->count, "%s '%s': %d numbers of PyTorch's %d", c->op, c->sample, at,
             c->count);
}

static void check_case(op_tally *t, const torch_case *c) {
    const fv_op *op = fv__op_find(c->op);
    op_problem p;
    if (!op_check(t, op != NULL, "no operator %s", c->op)) return;
    const fv_status status = op_make(&p, op, c->sample, FV_F64, 0);
    if (op_check(t, status == FV_OK, "%s '%s': %s", c->op, c->sample, p.ctx.message)) {
        char dims[FV_SHAPE_TEXT];
        op_check(t, strcmp(fv__dims_text(dims, &p.out[0]), c->y) == 0,
                 "%s '%s': the output is %s, PyTorch's %s", c->op, c->sample, dims, c->y);
        p.pass.training = c->training;
        op_forward(&p);
        if (op->backward[1]) op_backward(&p);
        compare_all(t, &p, c);
    }
    op_release(&p);
}

void op_cases_torch(op_tally *t) {
    for (size_t f = 0; f < sizeof torch_families / sizeof *torch_families; f++)
        for (const torch_case *c = torch_families[f]; c->op; c++) check_case(t, c);
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
