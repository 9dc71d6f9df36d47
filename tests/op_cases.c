/* SPDX-License-Identifier: MIT */
/*
 * op_cases.c - what must hold for every operator on each of its samples.
 */
#include "op_cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GRADIENT_ERROR  1e-7
#define PRECISION_ERROR 1e-5
#define STEP            1e-3
#define COORDINATES     600 /* about as many are compared, of each gradient */

static double loss(op_problem *p) {
    double sum = 0;
    op_forward(p);
    for (int o = 0; o < p->site.outputs; o++)
        for (int64_t i = 0; i < op_count(&p->y[o]); i++)
            sum += op_get(&p->y[o], i) * op_get(&p->dy[o], i);
    return sum;
}

static uint64_t branches(const op_problem *p) {
    return p->op->branches != NULL ? p->op->branches(&p->pass) : 0;
}

/* dL/dv_i by central differences over five points, whose error is h^4/30 times the fifth
   derivative; false when a point lies across a kink. */
static bool across(op_problem *p, const fv_tensor *v, int64_t i, double step, double *out) {
    static const int at[] = {-2, -1, 1, 2};
    static const double weight[] = {1, -8, 8, -1};
    const double middle = op_get(v, i);
    const uint64_t home = branches(p);
    bool smooth = true;
    *out = 0;
    for (int k = 0; k < 4; k++) {
        op_set(v, i, middle + at[k] * step);
        smooth = smooth && branches(p) == home;
        *out += weight[k] * loss(p) / (12 * step);
    }
    op_set(v, i, middle);
    return smooth;
}

/* The same by smaller steps where a kink is near: one kink may be near for every coordinate. */
static bool difference(op_problem *p, const fv_tensor *v, int64_t i, double *out) {
    for (double step = STEP; step > 0.9e-2 * STEP; step /= 10)
        if (across(p, v, i, step, out)) return true;
    return false;
}

int64_t op_compared_every(int64_t count) {
    return 1 + count / COORDINATES;
}

/* One gradient: ||backward - differences|| / ||differences|| over the coordinates away from kinks;
   of a large tensor every so many-th coordinate. */
static void check_slot(op_tally *t, op_problem *p, int slot, const double *found) {
    char name[64];
    const fv_tensor *g = op_gradient(p, slot, name), *v = op_gradient_of(p, slot);
    double error = 0, norm = 0, largest = 0;
    int64_t compared = 0, tried = 0, count = op_count(g), worst = 0;
    for (int64_t i = 0; i < count; i += op_compared_every(count)) {
        double numeric;
        tried++;
        if (!difference(p, v, i, &numeric)) continue;
        double e = fabs(numeric - found[i]);
        if (!(e <= largest)) largest = e, worst = i;
        error += e * e;
        norm += numeric * numeric;
        compared++;
    }
    norm = sqrt(norm) > 1e-3 ? sqrt(norm) : 1e-3;
    op_check(t, tried - compared <= 1 + tried / 4,
             "%s '%s': %s: only %lld of %lld coordinates are away from kinks", p->op->name,
             p->sample, name, (long long)compared, (long long)tried);
    op_check(t, sqrt(error) / norm <= GRADIENT_ERROR,
             "%s '%s': %s is wrong: relative error %.2e, worst at %lld: backward says %.10g",
             p->op->name, p->sample, name, sqrt(error) / norm, (long long)worst, found[worst]);
}

void op_check_gradient_of(op_tally *t, op_problem *p, int only) {
    if (p->op->backward[1] == NULL) return;
    (void)loss(p);
    op_backward(p);
    for (int slot = 0; op_gradient(p, slot, NULL) != NULL; slot++) {
        if (!op_is_learned(p, slot) || (only >= 0 && slot != only)) continue;
        const fv_tensor *g = op_gradient(p, slot, NULL);
        double *found = malloc((size_t)op_count(g) * sizeof *found);
        if (!op_check(t, found != NULL, "no memory")) return;
        for (int64_t i = 0; i < op_count(g); i++) found[i] = op_get(g, i);
        check_slot(t, p, slot, found);
        free(found);
    }
}

void op_check_gradient(op_tally *t, op_problem *p) {
    op_check_gradient_of(t, p, -1);
}

void op_check_gradients(op_tally *t, const fv_op *op) {
    if (op->samples == NULL || op->samples[0] == NULL || op->backward[1] == NULL) return;
    for (const char *const *s = op->samples; *s != NULL; s++) {
        op_problem p;
        fv_status status = op_make(&p, op, *s, FV_F64, 0);
        if (op_check(t, status == FV_OK, "%s '%s': %s", op->name, *s, p.ctx.message))
            op_check_gradient(t, &p);
        op_release(&p);
    }
}

/* ---------------------------------------------------------------------- float against double ---
 */

static void compare(op_tally *t, op_problem *a, op_problem *b) {
    char name[64];
    for (int o = 0; o < a->site.outputs; o++) {
        double e = op_distance(&a->y[o], &b->y[o]);
        op_check(t, e <= PRECISION_ERROR, "%s '%s': float y%d is off by %.2e", a->op->name,
                 a->sample, o + 1, e);
    }
    for (int slot = 0; op_gradient(a, slot, name) != NULL; slot++) {
        if (op_gradient(a, slot, NULL)->data == NULL) continue;
        double e = op_distance(op_gradient(a, slot, NULL), op_gradient(b, slot, NULL));
        op_check(t, e <= PRECISION_ERROR, "%s '%s': float %s is off by %.2e", a->op->name,
                 a->sample, name, e);
    }
}

void op_check_precision(op_tally *t, const fv_op *op) {
    for (const char *const *s = op->samples; s != NULL && *s != NULL; s++)
        for (int training = 0; training < 2; training++) {
            op_problem a, b;
            fv_status one = op_make(&a, op, *s, FV_F32, 0), two = op_make(&b, op, *s, FV_F64, 0);
            if (op_check(t, one == FV_OK && two == FV_OK, "%s '%s': %s", op->name, *s,
                         a.ctx.message)) {
                a.pass.training = b.pass.training = training != 0;
                op_forward(&a);
                op_forward(&b);
                if (training && op->backward[0]) {
                    op_backward(&a);
                    op_backward(&b);
                }
                compare(t, &a, &b);
            }
            op_release(&a);
            op_release(&b);
        }
}

/* ------------------------------------------------------------------------------- the contract ---
 */

static bool same(const fv_tensor *a, const fv_tensor *b, double offset, double tolerance) {
    for (int64_t i = 0; i < op_count(a); i++) {
        double d = op_get(a, i) - op_get(b, i) - offset;
        if (!(fabs(d) <= tolerance)) return false;
    }
    return true;
}

/* What a plan may do to a pass, and what must not change its results. */
typedef enum change {
    APART,    /* samples further apart than they are long */
    ADDED,    /* gradients hold something already */
    UNKEPT,   /* x and y that backward does not ask for hold something else by then */
    IN_PLACE, /* y overwrites x */
    LOSS_ONLY /* training without backward: nothing is kept */
} change;
static const char *const change_names[] = {"samples apart", "gradients added to",
                                           "x or y gone before backward", "y in place of x",
                                           "nothing kept for backward"};
#define HELD 3.0 /* by the gradients of ADDED */

/* Backward follows; y overwrites an x that backward reads only where none does. */
static bool goes_back(const fv_op *op, change how) {
    if (how == LOSS_ONLY || (how == IN_PLACE && (op->traits & FV_KEEP_X))) return false;
    return op->backward[0] != NULL;
}

static void run_changed(op_problem *p, change how) {
    const unsigned traits = p->op->traits;
    fv_tensor y = p->y[0];
    if (how == IN_PLACE) p->y[0] = p->x[0];
    if (how == LOSS_ONLY) {
        fv_tensor none[FV_OP_SAVED] = {{0}};
        p->pass.saved = none;
        op_forward(p);
        p->pass.saved = p->saved;
        return;
    }
    for (int slot = 0; how == ADDED && op_gradient(p, slot, NULL) != NULL; slot++) {
        const fv_tensor *g = op_gradient(p, slot, NULL);
        for (int64_t i = 0; g->data != NULL && i < op_count(g); i++) op_set(g, i, HELD);
    }
    op_forward(p);
    for (int i = 0; how == UNKEPT && !(traits & FV_KEEP_X) && i < p->site.inputs; i++)
        op_poison(&p->x[i]);
    for (int o = 0; how == UNKEPT && !(traits & FV_KEEP_Y) && o < p->site.outputs; o++)
        op_poison(&p->y[o]);
    if (goes_back(p->op, how)) op_backward(p);
    if (how == IN_PLACE) {
        for (int64_t i = 0; i < op_count(&y); i++) op_set(&y, i, op_get(&p->y[0], i));
        p->y[0] = y;
    }
}

static void check_change(op_tally *t, const op_problem *reference, change how) {
    op_problem p;
    op_problem *a = (op_problem *)(uintptr_t)reference;
    const char *name = change_names[how], *op = reference->op->name, *sample = reference->sample;
    char gradient[64];
    if (how == IN_PLACE && !(reference->op->traits & FV_POINTWISE)) return;
    fv_status status = op_make(&p, a->op, sample, a->dtype, how == APART ? 5 : 0);
    if (op_check(t, status == FV_OK, "%s '%s': %s", op, sample, p.ctx.message)) {
        run_changed(&p, how);
        for (int o = 0; how != UNKEPT && o < p.site.outputs; o++)
            op_check(t, same(&p.y[o], &a->y[o], 0, 0), "%s '%s', %s: another y%d", op, sample, name,
                     o + 1);
        op_check(t, op_gaps_intact(&p), "%s '%s', %s: wrote between samples", op, sample, name);
        const bool gone_back = goes_back(p.op, how);
        for (int slot = 0; gone_back && op_gradient(&p, slot, gradient) != NULL; slot++)
            if (op_gradient(&p, slot, NULL)->data != NULL)
                op_check(t,
                         same(op_gradient(&p, slot, NULL), op_gradient(a, slot, NULL),
                              how == ADDED ? HELD : 0, how == ADDED ? 1e-5 : 0),
                         "%s '%s', %s: another %s", op, sample, name, gradient);
    }
    op_release(&p);
}

/* Gradients that are not wanted are left out and the others stay what they are. */
static void check_unwanted(op_tally *t, op_problem *a) {
    char name[64];
    for (int slot = 0; op_gradient(a, slot, name) != NULL; slot++) {
        op_problem p;
        fv_status status = op_make(&p, a->op, a->sample, a->dtype, 0);
        if (op_check(t, status == FV_OK, "%s: %s", a->sample, p.ctx.message)) {
            fv_tensor *unwanted = op_gradient(&p, slot, NULL);
            void *data = unwanted->data;
            unwanted->data = NULL;
            op_forward(&p);
            if (p.op->backward[0]) op_backward(&p);
            for (int k = 0; op_gradient(a, k, NULL) != NULL; k++)
                if (k != slot && op_gradient(a, k, NULL)->data != NULL)
                    op_check(t, same(op_gradient(&p, k, NULL), op_gradient(a, k, NULL), 0, 0),
                             "%s '%s': without %s another gradient differs", a->op->name, a->sample,
                             name);
            unwanted->data = data;
        }
        op_release(&p);
    }
}

/* A view's y is x, number by number. */
static void check_view(op_tally *t, const fv_op *op, const char *sample) {
    if (!(op->traits & (FV_VIEW | FV_IDENTITY | FV_DROPS))) return;
    op_problem p;
    fv_status status = op_make(&p, op, sample, FV_F32, 0);
    if (op_check(t, status == FV_OK, "%s '%s': %s", op->name, sample, p.ctx.message)) {
        p.pass.training = !(op->traits & FV_DROPS);
        op_forward(&p);
        op_check(t, op_count(&p.x[0]) == op_count(&p.y[0]) && same(&p.y[0], &p.x[0], 0, 0),
                 "%s '%s': says y is x, but it is not", op->name, sample);
    }
    op_release(&p);
}

void op_check_contract(op_tally *t, const fv_op *op) {
    for (const char *const *s = op->samples; s != NULL && *s != NULL; s++) {
        check_view(t, op, *s);
        for (int d = 0; d < 2; d++) {
            op_problem a;
            fv_status status = op_make(&a, op, *s, d == 0 ? FV_F32 : FV_F64, 0);
            if (op_check(t, status == FV_OK, "%s '%s': %s", op->name, *s, a.ctx.message)) {
                op_forward(&a);
                if (op->backward[0]) op_backward(&a);
                for (int how = APART; how <= LOSS_ONLY; how++) check_change(t, &a, (change)how);
                check_unwanted(t, &a);
            }
            op_release(&a);
        }
    }
}

/* --------------------------------------------------------------------------- the declaration ---
 */

static bool has_year(const char *text) {
    for (; *text != '\0'; text++)
        if ((strncmp(text, "19", 2) == 0 || strncmp(text, "20", 2) == 0) &&
            strspn(text, "0123456789") == 4)
            return true;
    return false;
}

void op_check_declaration(op_tally *t, const fv_op *op) {
    const char *name = op->name;
    op_check(t, op->samples != NULL && op->samples[0] != NULL,
             "%s has no sample problems; every operator needs at least one", name);
    op_check(t, op->help != NULL && strlen(op->help) > 4 && strlen(op->help) < 80,
             "%s: help is one short line", name);
    op_check(t, op->about != NULL && has_year(op->about),
             "%s: about holds the formula and its source with its year", name);
    op_check(t, op->inputs_min >= 1 && op->inputs_max >= op->inputs_min && op->outputs_max >= 0,
             "%s: number of inputs and outputs", name);
    op_check(t, !(op->traits & FV_LOSS) == (op->target == NULL), "%s: a loss names its target",
             name);
    op_check(t, (op->options_size == 0) == (op->fields == NULL) && op->options_size <= OPTION_BYTES,
             "%s: options", name);
    op_check(t,
             op->shape && op->forward[0] && op->forward[1] &&
                 (op->backward[0] == NULL) == (op->backward[1] == NULL),
             "%s: a function is missing", name);
    for (const fv_field *f = op->fields; f != NULL && f->name != NULL; f++) {
        op_check(t, f->help != NULL && strlen(f->help) > 4, "%s: %s has no help", name, f->name);
        const bool list = f->kind == FV_INTS || f->kind == FV_REALS; /* may be empty by default */
        op_check(t, f->flags & FV_REQUIRED ? f->initial == NULL : f->initial != NULL || list,
                 "%s: %s has either a default or is required", name, f->name);
        op_check(t, !(f->flags & FV_LONG) || f->offset + fv__field_bytes(f) == op->options_size,
                 "%s: %s, a long list, is not the last of its struct", name, f->name);
    }
    const char *const *lines = op->samples;
    for (; lines != NULL && *lines != NULL; lines++) {
        op_problem p;
        fv_status status = op_make(&p, op, *lines, FV_F64, 0);
        if (op_check(t, status == FV_OK, "%s '%s': %s", name, *lines, p.ctx.message)) {
            fv_cost cost = {0};
            if (op->cost != NULL) op->cost(&p.site, &cost);
            op_check(t,
                     op->cost == NULL ||
                         (cost.kernel_h >= 1 && cost.kernel_w >= 1 && cost.stride_h >= 1 &&
                          cost.stride_w >= 1 && cost.macs >= 0),
                     "%s '%s': cost", name, *lines);
            op_check(t, (cost.macs == 0) == (cost.product[0] == '\0'), "%s '%s': product '%s'",
                     name, *lines, cost.product);
            op_check(t, !(op->traits & FV_LOSS) || (p.out[0].rank == 1 && p.out[0].dim[0] == 1),
                     "%s: a loss is one number", name);
        }
        op_release(&p);
    }
}

void op_cases_samples(op_tally *t) {
    const fv_op *op;
    for (int i = 0; fv__ops[i] != NULL; i++) op_check_declaration(t, fv__ops[i]);
    for (int i = 0; (op = op_number_of(i)) != NULL; i++) {
        op_check_gradients(t, op);
        op_check_precision(t, op);
        op_check_contract(t, op);
    }
}
