/* SPDX-License-Identifier: MIT */
/*
 * op_torch.c - the operators in double and in float against PyTorch's numbers, which
 * tests/oracle/ops_torch.py wrote into tests/vectors/ops.h. Inputs, parameters and dy are made by
 * op_number on both sides. What is no real number (an index, a choice) must be PyTorch's own. No
 * operator goes without: what PyTorch has no name for is written there in its operations.
 */
#include "op_cases.h"
#include "vectors/ops.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FAMILIES (sizeof torch_families / sizeof *torch_families)
#define SHAPES   10 /* that every operator meets at least */

/* What is allowed; some of PyTorch's own constants have 8 digits. */
static double most_off(const op_problem *p, const fv_tensor *g) {
    if (!op_is_real(g)) return 0;
    return p->dtype == FV_F32 ? 1e-5 : 1e-7;
}

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
    op_check(t, sqrt(difference) <= most_off(p, g) * norm, "%s '%s'%s: %s%s is off by %.2e",
             p->op->name, p->sample, c->training ? "" : " in inference",
             p->dtype == FV_F32 ? "float " : "", name, sqrt(difference) / norm);
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

static void check_case(op_tally *t, const torch_case *c, fv_dtype dtype) {
    const fv_op *op = fv__op_find(c->op);
    op_problem p;
    if (!op_check(t, op != NULL, "no operator %s", c->op)) return;
    const fv_status status = op_make(&p, op, c->sample, dtype, 0);
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

/* The shapes of a sample alone: "1x2, constant below 7 3" has 1x2,3, in it. */
static void shapes_of(const char *sample, char out[128]) {
    size_t n = 0;
    bool number = false; /* behind "below" */
    for (const char *s = strchr(sample, ';') + 1; *s != '\0';) {
        const size_t word = strcspn(s, " ,");
        if (strspn(s, "0123456789x") == word && word > 0 && !number && n + word < 126) {
            memcpy(out + n, s, word);
            n += word;
            out[n++] = ',';
        }
        number = word == 5 && strncmp(s, "below", word) == 0;
        s += word + strspn(s + word, " ,");
    }
    out[n] = '\0';
}

/* An operator meets enough different shapes, one of a single sample among them. */
static void check_count(op_tally *t, const char *op) {
    char met[SHAPES + 1][128];
    int count = 0;
    bool single = false;
    for (size_t f = 0; f < FAMILIES; f++)
        for (const torch_case *c = torch_families[f]; c->op; c++) {
            int i = 0;
            if (strcmp(c->op, op) != 0) continue;
            shapes_of(c->sample, met[count]);
            single = single || strncmp(met[count], "1x", 2) == 0 || strcmp(met[count], "1,") == 0;
            while (strcmp(met[i], met[count]) != 0) i++;
            if (i == count && count < SHAPES) count++;
        }
    op_check(t, count == SHAPES, "%s: PyTorch's problems have %d different shapes, %d are wanted",
             op, count, SHAPES);
    op_check(t, single, "%s: none of PyTorch's problems is of one sample", op);
}

void op_cases_torch(op_tally *t) {
    for (size_t f = 0; f < FAMILIES; f++)
        for (const torch_case *c = torch_families[f]; c->op; c++) {
            check_case(t, c, FV_F64);
            check_case(t, c, FV_F32);
        }
    for (int i = 0; fv__ops[i] != NULL; i++) check_count(t, fv__ops[i]->name);
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
