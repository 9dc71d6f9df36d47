/* SPDX-License-Identifier: MIT */
/*
 * op_parts.c - a batch computed in two parts, as several machines do, gives what the whole does:
 * outputs and gradients of the inputs number by number, losses and gradients of parameters and of
 * constants in sum.
 */
#include "op_cases.h"

#include <math.h>
#include <string.h>

/* The samples there are; 0: nothing is of the batch. */
static int64_t batch_of(const op_problem *p) {
    for (int i = 0; i < p->site.inputs; i++)
        if (p->in_type[i].batched) return p->in[i].dim[0];
    return 0;
}

/* Samples [first, end) of a tensor of the batch. */
static void cut(fv_tensor *t, int64_t batch, int64_t first, int64_t end) {
    if (t->shape.dim[0] != batch) return;
    t->shape.dim[0] = end - first;
    if (t->data) t->data = (char *)t->data + (size_t)(first * t->step) * fv__dtype_bytes(t->dtype);
}

/* Adds to *loss what the part's loss is. */
static void run_part(op_problem *p, int64_t first, int64_t end, double *loss) {
    const int64_t batch = batch_of(p);
    op_problem part = *p;
    part.pass.x = part.x, part.pass.y = part.y, part.pass.dx = part.dx, part.pass.dy = part.dy;
    part.pass.saved = part.saved;
    part.pass.first = first;
    for (int i = 0; i < p->site.inputs; i++) {
        if (!p->in_type[i].batched) continue;
        cut(&part.x[i], batch, first, end);
        cut(&part.dx[i], batch, first, end);
    }
    for (int o = 0; o < p->site.outputs; o++)
        if (p->out_type[o].batched) {
            cut(&part.y[o], batch, first, end);
            cut(&part.dy[o], batch, first, end);
        }
    for (int s = 0; s < p->site.saved; s++) cut(&part.saved[s], batch, first, end);
    op_forward(&part);
    *loss += op_get(&part.y[0], 0);
    if (p->op->backward[1]) op_backward(&part);
}

static double farthest(const fv_tensor *a, const fv_tensor *b) {
    double most = 0;
    for (int64_t i = 0, count = op_count(a); i < count; i++)
        most = fmax(most, fabs(op_get(a, i) - op_get(b, i)));
    return most;
}

static void check_parts(op_tally *t, op_problem *whole, op_problem *parts) {
    const op_problem *p = whole;
    const int64_t batch = batch_of(p);
    const bool loss = (p->op->traits & FV_LOSS) != 0;
    double sum = 0;
    char name[64];
    op_forward(whole);
    if (p->op->backward[1]) op_backward(whole);
    run_part(parts, 0, batch / 2, &sum);
    run_part(parts, batch / 2, batch, &sum);
    if (loss)
        op_check(t, fabs(sum - op_get(&p->y[0], 0)) <= 1e-12, "%s '%s': the parts' losses are %g",
                 p->op->name, p->sample, sum);
    for (int o = 0; !loss && o < p->site.outputs; o++)
        op_check(t, farthest(&p->y[o], &parts->y[o]) == 0, "%s '%s': in parts another y%d",
                 p->op->name, p->sample, o + 1);
    for (int slot = 0; op_gradient(whole, slot, name) != NULL; slot++)
        if (op_is_learned(whole, slot))
            op_check(t,
                     farthest(op_gradient(whole, slot, NULL), op_gradient(parts, slot, NULL)) <=
                         (slot < p->site.inputs && p->in_type[slot].batched ? 0 : 1e-12),
                     "%s '%s': in parts another %s", p->op->name, p->sample, name);
}

/* Whether the operator takes statistics of its samples, which are each part's own. */
static bool observes(const fv_site *site) {
    for (int k = 0; k < site->params; k++)
        if (!site->param[k].learned) return true;
    return false;
}

void op_cases_parts(op_tally *t) {
    for (int i = 0; fv__ops[i] != NULL; i++)
        for (const char *const *s = fv__ops[i]->samples; *s != NULL; s++) {
            op_problem whole, parts;
            fv_status one = op_make(&whole, fv__ops[i], *s, FV_F64, 3);
            fv_status two = op_make(&parts, fv__ops[i], *s, FV_F64, 3);
            const bool made = op_check(t, one == FV_OK && two == FV_OK, "%s", whole.ctx.message);
            if (made && batch_of(&whole) > 1 && !observes(&whole.site))
                check_parts(t, &whole, &parts);
            op_release(&whole);
            op_release(&parts);
        }
}
