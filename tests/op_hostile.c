/* SPDX-License-Identifier: MIT */
/*
 * op_hostile.c - options and shapes nobody should give: refused with the right sentence, or, when
 * the shape rule accepts them, computed without harm (run this under sanitizers).
 */
#include "op_cases.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What must be refused, and a part of the sentence. */
static const struct {
    const char *op, *sample, *says;
} refused[] = {
    {"conv", "6 5x5 ; 1x3x4x4", "5x5 kernel does not fit 4x4 input"},
    {"conv", "6 7x7 pad 1 ; 1x3x4x4", "7x7 kernel does not fit 4x4 input padded to 6x6"},
    {"conv", "6 3x3 dilation 4 ; 1x3x8x8", "with dilation 4x4 (9x9 pixels) does not fit 8x8"},
    {"conv", "6 1x5 ; 1x3x9x4", "1x5 kernel does not fit 9x4 input"},
    {"conv", "6 3x3 groups 3 ; 1x64x8x8", "groups 3 does not divide the 64 input channels"},
    {"conv", "7 3x3 groups 2 ; 1x64x8x8", "groups 2 does not divide the 7 filters"},
    {"conv", "6 3x3 ; 1x64", "a vector [64] flows in"},
    {"conv", "6 3x3 ; 1x3x0x8", "dimension of 0"},
    {"conv", "1000000000 1000x1000 pad 999 ; 1x1000000x1000000x1000000", "too large"},
    {"conv", "1000000000 1x1 ; 1x1x1000000x1000000", "too large"},
    {"conv", "1000000000 1000000x1000000 pad 999999 ; 1x100000x1x1", "too large"},
    {"maxpool", "3 ; 1x3x2x2", "3x3 kernel does not fit 2x2 input"},
    {"maxpool", "3 pad 3 ; 1x3x9x9", "pad 3 must be smaller than the window"},
    {"maxpool", "2 dilation 5 pad 2 ; 1x1x4x4", "steps over the whole input"},
    {"maxpool", "2 ; 1x1x65536x65536", "at most 2,147,483,647 pixels"},
    {"maxpool", "2 ; 4x10", "a vector [10] flows in"},
    {"avgpool", "2x3 pad 0,3 ; 1x3x9x9", "pad"},
    {"avgpool", "2x3 pad 0,0,0,3 ; 1x3x9x9", "must be smaller than the window"},
    {"avgpool", "8 ; 1x3x7x7", "8x8 kernel does not fit 7x7 input"},
    {"globalmaxpool", "; 1x1x65536x65536", "at most 2,147,483,647 pixels"},
    {"globalmaxpool", "; 3x4", "a vector [4] flows in"},
    {"globalavgpool", "; 3x4", "a vector [4] flows in"},
    {"fc", "1000000000 ; 1x100000x1000x1000", "too large"},
    {"fc", "10 ; 8", "not single numbers"},
    {"bn", "; 8", "not single numbers"},
    {"lrn", "4 ; 1x8x2x2", "must be an odd number of channels"},
    {"lrn", "; 8", "not single numbers"},
    {"maxout", "3 ; 1x8x2x2", "cannot split 8 channels into groups of 3"},
    {"maxout", "; 8", "not single numbers"},
    {"softmax", "; 8", "not single numbers"},
    {"crossentropy", "; 8", "one number per class"},
    {"crossentropy", "weights 1,2 ; 4x3", "has weights for 2 classes, and 3 come in"},
    {"hinge", "; 4x5x2x2", "one number per class"},
    {"rbf", "4 ; 8", "not single numbers"},
    {"rbf", "10 prototypes digits ; 2x80", "are 10 units over 84 inputs, not 10 over 80"},
    {"roipool", "2 ; 2x3x4x4, 1x5x4", "for each of the 2 samples, not 1x5x4"},
    {"roipool", "2 ; 3x4, 3x5x4", "a vector [4] flows in"},
    {"roialign", "2 ; 2x3x4x4, 2x5x3", "R regions of 4 numbers"},
    {"roialign", "2 ; 2x3x4x4, 2x4, below 2 2", "the first dimension is the batch"},
    {"roialign", "2 ; constant 2x3x4x4, constant 2x4, constant 2", "needs whole numbers"},
    {"roialign", "2 ; constant 2x3x4x4, constant 2x4, constant below 2 3", "not 2x4 and 3"},
    {"roialign", "2 ; 2x3x4x4, below 2 2x5x4", "regions of real numbers, not int32"},
    {"boxdecode", "; 2x3x4, 2x4", "an anchor of 4 numbers for each of the 3 boxes"},
    {"boxdecode", "variances 1,2 ; 2x3x4, 2x3x4", "variances are 4 numbers"},
    {"boxdecode", "clip 0x3 ; 2x3x4, 2x3x4", "height x width"},
    {"boxencode", "; 2x3x5, 2x3x5", "boxes of 4 numbers"},
    {"nonmaxsuppression", "5 ; 2x3x4, 2x2x4", "boxes [N,B,4] and their scores [N,C,B]"},
    {"nonmaxsuppression", "1000000000 ; 2000000000x1x4, 2000000000x1x1", "too large"},
    {"squarederror", "; 4x5x2x2", "one number per class"},
    {"add", "; 1x3x4x4, 1x3x4x5", "branch 1 gives [4x4x3] and branch 2 gives [4x5x3]"},
    {"add", "; 1x3x4x4, 1x3x4x4, 1x48", "branch 3 gives [48]"},
    {"concat", "; 1x3x4x4, 1x9x2x4", "branch 1 gives [4x4x3] and branch 2 gives [2x4x9]"},
    {"concat", "; 8, 8", "not single numbers"},
    {"shortcut", "2 ; 1x3x4x4", "3 come in, so it cannot give 2"},
    {"shortcut", "8 2 ; 1x3", "a vector [3] flows in"},
    {"relu", "; 1000000x1000000x1000000x1000000", "too large"},
    {"flatten", "; 2x0x3", "dimension of 0"},
};

static void check_refused(op_tally *t) {
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const fv_op *op = fv__op_find(refused[i].op);
        const char *sample = refused[i].sample;
        if (!op_check(t, op != NULL, "no operator %s", refused[i].op)) continue;
        op_problem p;
        fv_status status = op_read_sample(&p, op, sample);
        if (status == FV_OK) status = fv__op_shape(&p.ctx, op, &p.site);
        op_check(t, status == FV_BAD_INPUT, "%s '%s' is accepted", op->name, sample);
        /* where addresses have 32 bits, some of these are too large in the first place */
        bool narrow = sizeof(size_t) < 8 && strstr(p.ctx.message, "too large") != NULL;
        op_check(t, narrow || strstr(p.ctx.message, refused[i].says) != NULL, "%s '%s' says: %s",
                 op->name, sample, p.ctx.message);
        op_release(&p);
    }
}

/* The target of a loss must be of the shape that the loss asks for. */
static void check_targets(op_tally *t) {
    for (int i = 0; fv__losses[i] != NULL; i++)
        for (const char *const *sample = fv__losses[i]->samples; *sample != NULL; sample++) {
            op_problem p;
            if (op_check(t, op_read_sample(&p, fv__losses[i], *sample) == FV_OK, "reading")) {
                p.in[1].dim[0]++;
                op_check(t,
                         fv__op_shape(&p.ctx, p.op, &p.site) == FV_BAD_INPUT &&
                             (strstr(p.ctx.message, "one label per ") != NULL ||
                              strstr(p.ctx.message, "they must agree") != NULL),
                         "%s '%s' with a target too many: %s", p.op->name, *sample, p.ctx.message);
            }
            op_release(&p);
        }
}

/* Every type of value as every input: what an operator has no loops for is refused by name, never
   read as float; what it takes is not refused for its type. */
static void check_type(op_tally *t, const fv_op *op, const char *sample, int input,
                       fv_dtype dtype) {
    op_problem p;
    fv_status status = op_read_sample(&p, op, sample);
    if (op_check(t, status == FV_OK, "%s", p.ctx.message)) {
        const fv_dtype usual = p.in_type[input].dtype;
        const bool real = dtype == FV_F32 || dtype == FV_F64;
        const unsigned declared = input == 0 ? op->takes_first : op->takes_others;
        const bool takes = declared ? (declared & FV_TAKES(dtype)) != 0 : real;
        p.in_type[input].dtype = dtype;
        status = fv__op_shape(&p.ctx, op, &p.site);
        if (!takes)
            op_check(t,
                     status == FV_BAD_INPUT &&
                         strstr(p.ctx.message, fv__dtype_name(dtype)) != NULL &&
                         strstr(p.ctx.message, op->name) != NULL,
                     "%s takes %s values as input %d: %s", op->name, fv__dtype_name(dtype),
                     input + 1, p.ctx.message);
        else if (dtype == usual)
            op_check(t, status == FV_OK, "%s: %s", op->name, p.ctx.message);
    }
    op_release(&p);
}

/* A constant beside values of the batch is refused, or taken where the operator says that it mixes
   them, unless its shape has a batch of its own. Constants alone give a constant. */
static void check_constants(op_tally *t, const fv_op *op, const char *sample, int input) {
    op_problem p;
    fv_status status = op_read_sample(&p, op, sample);
    if (op_check(t, status == FV_OK, "%s", p.ctx.message) && p.site.inputs > 1) {
        p.in_type[input].batched = !p.in_type[input].batched;
        status = fv__op_shape(&p.ctx, op, &p.site);
        op_check(t,
                 op->traits & FV_MIXES
                     ? status == FV_OK || strstr(p.ctx.message, "a constant") != NULL
                     : status == FV_BAD_INPUT && strstr(p.ctx.message, "with a constant") != NULL,
                 "%s '%s' with input %d a constant: %s", op->name, sample, input + 1,
                 p.ctx.message);
    }
    for (int i = 0; i < p.site.inputs; i++) p.in_type[i].batched = false;
    status = fv__op_shape(&p.ctx, op, &p.site);
    op_check(t, status == FV_OK && !p.out_type[0].batched, "%s '%s' of constants: %s", op->name,
             sample, p.ctx.message);
    op_release(&p);
}

static void check_types(op_tally *t) {
    const fv_op *op;
    for (int i = 0; (op = op_number_of(i)) != NULL; i++)
        for (const char *const *sample = op->samples; *sample != NULL; sample++) {
            op_problem p;
            fv_status status = op_read_sample(&p, op, *sample);
            const int inputs =
                op_check(t, status == FV_OK, "%s", p.ctx.message) ? p.site.inputs : 0;
            op_release(&p);
            for (int k = 0; k < inputs; k++) {
                for (int dtype = 0; dtype < FV_DTYPES; dtype++)
                    check_type(t, op, *sample, k, (fv_dtype)dtype);
                check_constants(t, op, *sample, k);
            }
        }
}

#define SMALL 4000 /* elements of a problem that is worth running */

static bool countable(const fv_shape *s) {
    return fv__shape_count(s) >= 1;
}
static bool small(const fv_shape *s) {
    return fv__shape_count(s) <= SMALL;
}

/* Asks the shape rule; what it accepts must have sizes, and runs when it is small. */
static void try(op_tally *t, op_problem *p, const char *what) {
    fv_site *s = &p->site;
    p->ctx.message[0] = '\0';
    fv_status status = fv__op_shape(&p->ctx, p->op, s);
    if (status != FV_OK) {
        op_check(t, status == FV_BAD_INPUT && strlen(p->ctx.message) > 10, "%s, %s: no sentence",
                 p->op->name, what);
        return;
    }
    bool all_small = true;
    for (int o = 0; o < s->outputs; o++) {
        op_check(t, s->out[o].rank >= 1 && countable(&s->out[o]), "%s, %s: no output", p->op->name,
                 what);
        all_small = all_small && small(&s->out[o]);
    }
    for (int i = 0; i < s->inputs; i++) all_small = all_small && small(&s->in[i]);
    for (int i = 0; i < s->params; i++) {
        op_check(t, countable(&s->param[i].shape), "%s, %s: no parameters", p->op->name, what);
        all_small = all_small && small(&s->param[i].shape);
    }
    fv_cost cost = {0};
    if (p->op->cost != NULL) p->op->cost(s, &cost);
    op_check(t, cost.macs >= 0 && strlen(cost.product) < sizeof cost.product, "%s, %s: cost",
             p->op->name, what);
    if (!all_small) return;
    if (op_check(t, op_build(p, FV_F32, 0) == FV_OK, "%s, %s: %s", p->op->name, what,
                 p->ctx.message)) {
        op_forward(p);
        op_backward(p);
    }
}

/* Puts the k-th hostile value into a field, past the field's own limits; false: no more. */
static bool spoil(const fv_field *f, void *options, int k) {
    static const int64_t whole[] = {0, -1, 2, 1 << 20, INT64_MAX, INT64_MIN, (int64_t)1 << 40};
    static const double real[] = {0, -1, 1, 1e300, -1e-300, (double)INFINITY, (double)NAN};
    const int count = (int)(sizeof whole / sizeof *whole);
    void *at = (char *)options + f->offset;
    if (k >= 2 * count) return false;
    int64_t v = whole[k % count], other = k < count ? v : 1;
    switch (f->kind) {
    case FV_INT:
        *(int64_t *)at = v;
        return k < count;
    case FV_REAL:
        *(double *)at = real[k % count];
        return k < count;
    case FV_SIZE:
        *(fv_size *)at = (fv_size){v, other};
        return true;
    case FV_PAD:
        *(fv_pad *)at = (fv_pad){FV_PAD_SIDES, other, v, v, other};
        return true;
    default:
        return false;
    }
}

static void check_spoiled(op_tally *t) {
    for (int i = 0; fv__ops[i] != NULL; i++)
        for (const fv_field *f = fv__ops[i]->fields; f != NULL && f->name != NULL; f++) {
            bool more = true;
            for (int k = 0; more; k++) {
                op_problem p;
                char what[64];
                (void)snprintf(what, sizeof what, "%s, hostile value %d", f->name, k);
                fv_status status = op_read_sample(&p, fv__ops[i], fv__ops[i]->samples[0]);
                if (op_check(t, status == FV_OK, "%s", p.ctx.message)) {
                    more = spoil(f, p.options.bytes, k);
                    if (more) try(t, &p, what);
                }
                op_release(&p);
            }
        }
}

/* The samples' shapes with one dimension, or the rank, made hostile. */
static void check_shapes(op_tally *t) {
    static const int64_t sizes[] = {0, -1, 1, INT64_MAX, INT64_MIN, (int64_t)1 << 31};
    for (int i = 0; fv__ops[i] != NULL; i++)
        for (int k = 0; k < 6 * FV_RANK_MAX + FV_RANK_MAX + 2; k++) {
            op_problem p;
            char what[64];
            (void)snprintf(what, sizeof what, "hostile shape %d", k);
            fv_status status = op_read_sample(&p, fv__ops[i], fv__ops[i]->samples[0]);
            if (op_check(t, status == FV_OK, "%s", p.ctx.message)) {
                if (k < 6 * FV_RANK_MAX)
                    p.in[0].dim[k / 6] = sizes[k % 6];
                else
                    p.in[0].rank = k - 6 * FV_RANK_MAX;
                try(t, &p, what);
            }
            op_release(&p);
        }
}

void op_cases_hostile(op_tally *t) {
    check_refused(t);
    check_targets(t);
    check_types(t);
    check_spoiled(t);
    check_shapes(t);
}
