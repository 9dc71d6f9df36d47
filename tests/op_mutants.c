/* SPDX-License-Identifier: MIT */
/*
 * op_mutants.c - that the checks can fail: every gradient of every operator with its sign flipped,
 * and an operator without samples, must be found.
 */
#include "op_cases.h"

#include <string.h>

static int flipped; /* which gradient the mutant below turns round */

/* The operator's own backward, then one gradient negated. */
static void flip(const fv_pass *pass) {
    fv_pass p = *pass;
    p.op = fv__op_find(pass->op->name);
    p.op->backward[1](&p);
    const fv_tensor *g = flipped < p.inputs ? &p.dx[flipped] : &p.dw[flipped - p.inputs];
    for (int64_t i = 0; i < op_count(g); i++) op_set(g, i, -op_get(g, i));
}

/* Gradients that the sample produces: numbered as op_gradient does. One that is 0 everywhere, as of
   places that the nearest pixel is read at, has no sign. */
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

/* Whether the check of this gradient finds that its sign is flipped. */
static bool is_found(op_tally *t, const fv_op *op, const char *sample, int slot) {
    op_tally inner = {.quiet = true};
    fv_op mutant = *op;
    op_problem p;
    mutant.backward[1] = flip;
    flipped = slot;
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
                             "%s '%s': %s with its sign flipped is not found", fv__ops[i]->name, *s,
                             name);
        }
    static const char *const nothing[] = {NULL};
    fv_op bare = *fv__ops[0];
    op_tally inner = {.quiet = true};
    bare.samples = nothing;
    op_check_declaration(&inner, &bare);
    op_check(t, inner.failed == 1, "an operator without samples must fail");
}
