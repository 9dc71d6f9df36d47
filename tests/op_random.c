/* SPDX-License-Identifier: MIT */
/*
 * op_random.c - random options and shapes for every operator: gradients in double, and float
 * against double.
 */
#include "op_cases.h"

#include <string.h>

#define PROBLEMS 60 /* per operator */

static int64_t pick(uint64_t *at, int64_t from, int64_t to) {
    fv_key key = fv__key(9, FV_STREAM_CHECK, 2, 0);
    return from + (int64_t)fv__random_below(key, (*at)++, (uint64_t)(to - from + 1));
}

static void random_option(const fv_field *f, void *options, uint64_t *at) {
    void *to = (char *)options + f->offset;
    int64_t r[5]; /* drawn in this order, whatever the compiler does with an initialiser */
    for (int i = 0; i < 5; i++) r[i] = pick(at, 0, 2);
    switch (f->kind) {
    case FV_INT:
        *(int64_t *)to = 1 + r[0] + (r[1] == 2);
        break;
    case FV_REAL:
        *(double *)to = (double)(3 * r[0] + r[1]) / 8;
        break;
    case FV_BOOL:
        *(bool *)to = r[0] != 0;
        break;
    case FV_SIZE:
        *(fv_size *)to = (fv_size){1 + r[0], 1 + r[1]};
        break;
    case FV_PAD:
        *(fv_pad *)to = (fv_pad){(fv_pad_mode)r[0], r[1], r[2], r[3], r[4]};
        break;
    default:
        break;
    }
}

static int64_t elements(const fv_site *s) {
    int64_t n = 0;
    for (int i = 0; i < s->inputs; i++) n += fv__shape_count(&s->in[i]);
    for (int i = 0; i < s->params; i++) n += fv__shape_count(&s->param[i].shape);
    return n;
}

/* One random problem: gradients in double, and float against double. */
static bool check_random(op_tally *t, const fv_op *op, uint64_t *at) {
    op_problem p, q;
    if (op_read_sample(&p, op, op->samples[0]) != FV_OK) return false;
    for (const fv_field *f = op->fields; f != NULL && f->name != NULL; f++)
        random_option(f, p.options.bytes, at);
    for (int d = 0; d < p.site.in[0].rank; d++) {
        int64_t size = pick(at, 1, d == 0 ? 3 : d == 1 ? 6 : 5);
        for (int i = 0; i < p.site.inputs; i++)
            if (d < p.site.in[i].rank) p.site.in[i].dim[d] = size;
    }
    p.sample = "random";
    memcpy(&q, &p, sizeof q);
    q.site.options = q.options.bytes;
    p.site.options = p.options.bytes;
    bool ran = false;
    if (op->shape(&p.ctx, &p.site) == FV_OK && elements(&p.site) < 300) {
        ran = op_build(&p, FV_F64, 0) == FV_OK && op_build(&q, FV_F32, 0) == FV_OK;
        if (op_check(t, ran, "%s: %s", op->name, p.ctx.message)) {
            op_forward(&p);
            op_forward(&q);
            double e = op_distance(&p.pass.y, &q.pass.y);
            op_check(t, e <= 1e-5, "%s, random problem: float y is off by %.2e", op->name, e);
            op_check_gradient(t, &p);
        }
    }
    op_release(&p);
    op_release(&q);
    return ran;
}

void op_cases_random(op_tally *t) {
    uint64_t at = 0;
    for (int i = 0; fv__ops[i] != NULL; i++) {
        int ran = 0;
        for (int tries = 0; ran < PROBLEMS && tries < 20 * PROBLEMS; tries++)
            ran += check_random(t, fv__ops[i], &at);
        op_check(t, ran >= PROBLEMS / 3, "%s: only %d random problems were possible",
                 fv__ops[i]->name, ran);
    }
}
