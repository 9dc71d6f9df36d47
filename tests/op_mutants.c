/* SPDX-License-Identifier: MIT */
/*
 * op_mutants.c - that the checks can fail: every gradient of every operator with one number off
 * by a hundred-thousandth of what its numbers are, and an operator without samples, must be found.
 */
#include "op_cases.h"

#include <math.h>
#include <string.h>

static int bent; /* which gradient the mutant below gets wrong */

/* Of the numbers that are compared and not 0 the one in the middle, by size. */
static int64_t middling(const fv_tensor *g) {
    const int64_t count = op_count(g), every = op_compared_every(count);
    for (int64_t i = 0; i < count; i += every) {
        const double size = fabs(op_get(g, i));
        int64_t smaller = 0, larger = 0;
        for (int64_t k = 0; k < count; k += every) {
            const double other = fabs(op_get(g, k));
            smaller += other > 0 && other < size;
            larger += other > size || (other == size && k > i);
        }
        if (size > 0 && smaller <= larger + 1 && larger <= smaller + 1) return i;
    }
    return 0;
}

/* The operator's own backward, then one gradient slightly wrong at one place. */
static void bend(const fv_pass *pass) {
    fv_pass p = *pass;
    p.op = fv__op_find(pass->op->name);
    p.op->backward[1](&p);
    const fv_tensor *g = bent < p.inputs ? &p.dx[bent] : &p.dw[bent - p.inputs];
    const int64_t at = middling(g), count = op_count(g);
    double square = 0;
    for (int64_t i = 0; i < count; i++) square += op_get(g, i) * op_get(g, i);
    op_set(g, at, op_get(g, at) + 1e-5 * sqrt(square / (double)count));
}

/* Gradients that the sample produces: numbered as op_gradient does. One that is 0 everywhere, as of
   places that the nearest pixel is read at, has nothing to get wrong. */
static bool produced(const fv_op *op, const char *sample, int slot, char name[64]) {
    op_problem p;
    bool yes = false;
    if (op->backward[1] == NULL) return false;
    if (op_make(&p, op, sample, FV_F64, 0) == FV_OK) {
        const fv_tensor *g = op_gradient(&p, slot, name);
        if (g != NULL && op_is_learned(&p, slot)) {
            op_forward(&p);
            op_backward(&p);
            for (int64_t i = 0; i < op_count(g); i++) yes = yes || op_get(g, i) != 0;
        }
    }
    op_release(&p);
    return yes;
}

/* Whether the check of this gradient finds that it is slightly wrong. */
static bool is_found(op_tally *t, const fv_op *op, const char *sample, int slot) {
    op_tally inner = {.quiet = true};
    fv_op mutant = *op;
    op_problem p;
    mutant.backward[1] = bend;
    bent = slot;
    if (op_check(t, op_make(&p, &mutant, sample, FV_F64, 0) == FV_OK, "%s", p.ctx.message))
        op_check_gradient_of(&inner, &p, slot);
    op_release(&p);
    return inner.failed > 0;
}

void op_cases_mutations(op_tally *t) {
    for (int i = 0; fv__ops[i] != NULL; i++)
        for (const char *const *s = fv__ops[i]->samples; fv__ops[i]->backward[1] && *s; s++) {
            char name[64];
            for (int slot = 0; slot < OP_INPUTS + FV_OP_PARAMS; slot++)
                if (produced(fv__ops[i], *s, slot, name))
                    op_check(t, is_found(t, fv__ops[i], *s, slot),
                             "%s '%s': %s, slightly wrong, is not found", fv__ops[i]->name, *s,
                             name);
        }
    static const char *const nothing[] = {NULL};
    fv_op bare = *fv__ops[0];
    op_tally inner = {.quiet = true};
    bare.samples = nothing;
    op_check_declaration(&inner, &bare);
    op_check(t, inner.failed == 1, "an operator without samples must fail");
}
