/* SPDX-License-Identifier: MIT */
/*
 * softmax_lines.c - softmax and logsoftmax along any axis. Lines whose numbers lie one behind the
 * other are taken one at a time; those that lie side by side, as the channels of maps do, so many
 * pixels at a time, row of pixels by row.
 */
#include "cpu/cpu.h"
#include "op/softmax.h"

#include <math.h>

#define PIECE 256 /* pixels at a time */

typedef struct work {
    const fv_pass *p;
    fv_lines l;
    bool logs;
    int64_t blocks, pieces; /* of a sample: runs of lines side by side, and pieces of each */
} work;

static void one_line(const work *w, const float *x, float *y) {
    const struct fv_kernels *k = w->p->kernels;
    const int64_t n = w->l.length;
    const float most = k->largest(n, x);
    if (w->logs) {
        float part[PIECE];
        double sum = 0;
        for (int64_t i = 0; i < n; i += PIECE)
            sum += (double)k->exp_shift(fv__cpu_min(PIECE, n - i), x + i, most, part);
        /* Shifted twice: the largest may be so large that it would swallow the logarithm. */
        k->affine(n, x, most, 1, -(float)log(sum), y);
        return;
    }
    const float total = k->exp_shift(n, x, most, y);
    k->mul(n, y, 1.0f / total, y);
}

/* `len` lines side by side. */
static void pixels(const work *w, int64_t len, const float *x, float *y) {
    const struct fv_kernels *k = w->p->kernels;
    const int64_t apart = w->l.apart, end = w->l.length * apart;
    float most[PIECE], sum[PIECE], part[PIECE];
    k->binary(FV_BINARY_MAX, len, x, true, x, true, most);
    for (int64_t i = apart; i < end; i += apart)
        k->binary(FV_BINARY_MAX, len, most, true, x + i, true, most);
    for (int64_t i = 0; i < end; i += apart) {
        float *e = w->logs ? part : y + i;
        k->binary(FV_BINARY_SUB, len, x + i, true, most, true, e);
        (void)k->exp_shift(len, e, 0, e);
        k->binary(i ? FV_BINARY_ADD : FV_BINARY_MAX, len, i ? sum : e, true, e, true, sum);
    }
    k->unary(w->logs ? FV_UNARY_LOG : FV_UNARY_RECIPROCAL, len, sum, sum, 0);
    for (int64_t i = 0; i < end; i += apart) {
        if (w->logs) k->binary(FV_BINARY_SUB, len, x + i, true, most, true, y + i);
        k->binary(w->logs ? FV_BINARY_SUB : FV_BINARY_MUL, len, y + i, true, sum, true, y + i);
    }
}

static void units(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t at = u % w->pieces * PIECE, q = u / w->pieces;
        const int64_t n = q / w->blocks, block = q % w->blocks * w->l.length * w->l.apart;
        const float *x = fv__cpu_at(&w->p->x[0], n) + block + at;
        float *y = fv__cpu_at(&w->p->y[0], n) + block + at;
        if (w->l.apart == 1)
            one_line(w, x, y);
        else
            pixels(w, fv__cpu_min(PIECE, w->l.apart - at), x, y);
    }
}

static void forward(const fv_pass *p) {
    const fv_shape *s = &p->y[0].shape;
    work w = {.p = p, .l = fv__softmax_lines(p->options, s), .logs = p->op == &fv__op_logsoftmax};
    w.blocks = w.l.count / w.l.apart;
    w.pieces = fv__cpu_up(w.l.apart, PIECE);
    fv__cpu_split(p->pool, w.l.samples * w.blocks * w.pieces, 16 * (double)fv__shape_count(s),
                  FV_GRAIN / 2, units, &w);
}

static const char *refuses(const fv_site *site, const fv_request *request) {
    const char *why = fv__cpu_refuses(site, request);
    if (why) return why;
    const fv_shape *s = &site->in[0];
    return fv__softmax_axis(site->options, s) > 0 ? NULL
                                                  : "computes along later axes than the first";
}

const fv_impl fv__cpu_softmax_lines_forward = {.name = "lines",
                                               .op = &fv__op_softmax,
                                               .which = FV_FORWARD,
                                               .refuses = refuses,
                                               .run = forward};
const fv_impl fv__cpu_logsoftmax_lines_forward = {.name = "lines",
                                                  .op = &fv__op_logsoftmax,
                                                  .which = FV_FORWARD,
                                                  .refuses = refuses,
                                                  .run = forward};
