/* SPDX-License-Identifier: MIT */
/*
 * elementwise.c - functions of one number, and of two and more with broadcasting: long rows of a
 * walk over the output, in pieces.
 */
#include "cpu/rows.h"
#include "op/broadcast.h"

#define PIECE 4096 /* floats at a time: y stays in L1 while inputs are added to it */

/* ------------------------------------------------------------------------ of one number --- */

static const struct {
    const fv_op *op;
    fv_unary kind;
} unaries[] = {{&fv__op_exp, FV_UNARY_EXP},   {&fv__op_log, FV_UNARY_LOG},
               {&fv__op_sqrt, FV_UNARY_SQRT}, {&fv__op_neg, FV_UNARY_NEG},
               {&fv__op_abs, FV_UNARY_ABS},   {&fv__op_reciprocal, FV_UNARY_RECIPROCAL}};

typedef struct work {
    const fv_pass *p;
    int kind;
    int64_t sample, pieces; /* of one number: floats of a sample, and its pieces */
    fv_walk w;              /* of two */
    const float *a, *b;
} work;

static void unary_pieces(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t n = u / w->pieces, i = u % w->pieces * PIECE;
        w->p->kernels->unary((fv_unary)w->kind, fv__cpu_min(PIECE, w->sample - i),
                             fv__cpu_at(&w->p->x[0], n) + i, fv__cpu_at(&w->p->y[0], n) + i, 0);
    }
}

static void unary_forward(const fv_pass *p) {
    const fv_shape *s = &p->y[0].shape;
    work w = {.p = p, .sample = fv__shape_sample(s)};
    for (size_t i = 0; i < sizeof unaries / sizeof *unaries; i++)
        if (unaries[i].op == p->op) w.kind = (int)unaries[i].kind;
    w.pieces = fv__cpu_up(w.sample, PIECE);
    fv__cpu_split(p->pool, s->dim[0] * w.pieces, 8 * (double)fv__shape_count(s), FV_GRAIN,
                  unary_pieces, &w);
}

/* ----------------------------------------------------------------------- of two and more --- */

static const struct {
    const fv_op *op;
    fv_binary kind;
} binaries[] = {{&fv__op_sub, FV_BINARY_SUB}, {&fv__op_mul, FV_BINARY_MUL},
                {&fv__op_div, FV_BINARY_DIV}, {&fv__op_max, FV_BINARY_MAX},
                {&fv__op_min, FV_BINARY_MIN}, {&fv__op_sum, FV_BINARY_ADD}};

/* Steps through a row that kernels do not know: one number at a time. */
static void strided(const work *w, const fv_walk *r, int64_t i, int64_t end, const float *a,
                    const float *b, float *y) {
    for (; i < end; i++)
        w->p->kernels->binary((fv_binary)w->kind, 1, a + i * r->by[1], true, b + i * r->by[2], true,
                              y + i * r->by[0]);
}

/* Units are pieces of rows. */
static void binary_rows(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    fv_walk r = fv__cpu_row(&w->w, first / w->pieces);
    const bool plain = (r.by[0] == 1 || r.row == 1) && r.by[1] >= 0 && r.by[1] <= 1 &&
                       r.by[2] >= 0 && r.by[2] <= 1;
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t i = u % w->pieces * PIECE, to = fv__cpu_min(i + PIECE, r.row);
        const float *a = w->a + r.at[1], *b = w->b + r.at[2];
        float *y = (float *)w->p->y[0].data + r.at[0];
        if (plain)
            w->p->kernels->binary((fv_binary)w->kind, to - i, a + i * r.by[1], r.by[1] == 1,
                                  b + i * r.by[2], r.by[2] == 1, y + i);
        else
            strided(w, &r, i, to, a, b, y);
        if ((u + 1) % w->pieces == 0) (void)fv__walk_next(&r);
    }
}

/* y = f(a, b), tensors 1 and 2 of the walk. */
static void compute(work *w, const float *a, const float *b) {
    w->a = a;
    w->b = b;
    (void)fv__walk_begin(&w->w);
    w->pieces = fv__cpu_up(w->w.row, PIECE);
    const int64_t rows = fv__cpu_rows(&w->w);
    fv__cpu_split(w->p->pool, rows * w->pieces, (double)rows * (8 + 4 * (double)w->w.row), FV_GRAIN,
                  binary_rows, w);
}

/* A third and further inputs meet what the first two gave. */
static void binary_forward(const fv_pass *p) {
    work w = {.p = p};
    for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++)
        if (binaries[i].op == p->op) w.kind = (int)binaries[i].kind;
    w.w = fv__walk_pair(p, 0, 1);
    compute(&w, p->x[0].data, p->x[1].data);
    for (int k = 2; k < p->inputs; k++) {
        w.w = fv__walk_pair(p, k, k);
        fv__walk_aligned(&w.w, 1, &p->y[0]);
        compute(&w, p->y[0].data, p->x[k].data);
    }
}

static const char *refuses(const fv_site *site, const fv_request *request) {
    const char *why = fv__cpu_refuses(site, request);
    if (why) return why;
    return site->in_type[0].dtype == FV_F32 ? NULL : "computes real numbers only";
}

static const char *refuses_one(const fv_site *site, const fv_request *request) {
    return site->inputs < 2 ? "takes two inputs at least" : refuses(site, request);
}

/* max and min. */
static const char *refuses_winners(const fv_site *site, const fv_request *request) {
    if (request->training) return "keeps nothing for the gradient";
    return refuses_one(site, request);
}

#define FV_ELEMENTWISE(name_, run_, refuses_)                                                      \
    const fv_impl fv__cpu_##name_##_vector_forward = {.name = "vector",                            \
                                                      .op = &fv__op_##name_,                       \
                                                      .which = FV_FORWARD,                         \
                                                      .refuses = refuses_,                         \
                                                      .run = run_}
FV_ELEMENTWISE(exp, unary_forward, refuses);
FV_ELEMENTWISE(log, unary_forward, refuses);
FV_ELEMENTWISE(sqrt, unary_forward, refuses);
FV_ELEMENTWISE(neg, unary_forward, refuses);
FV_ELEMENTWISE(abs, unary_forward, refuses);
FV_ELEMENTWISE(reciprocal, unary_forward, refuses);
FV_ELEMENTWISE(sub, binary_forward, refuses_one);
FV_ELEMENTWISE(mul, binary_forward, refuses_one);
FV_ELEMENTWISE(div, binary_forward, refuses_one);
FV_ELEMENTWISE(sum, binary_forward, refuses_one);
FV_ELEMENTWISE(max, binary_forward, refuses_winners);
FV_ELEMENTWISE(min, binary_forward, refuses_winners);
