/* SPDX-License-Identifier: MIT */
/*
 * prologue.c - what an implementation applies to its input in front (fv_pass.prologue), to rows and
 * frames that it has made of it. The formula is that of bn_vector.c: the same bits.
 */
#include "cpu/cpu.h"

void fv__cpu_before_rows(const fv_pass *p, int64_t channel, int64_t rows, int64_t n, const float *x,
                         int64_t ldx, float *y, int64_t ldy) {
    p->kernels->affine_rows(rows, n, x, ldx, (const float *)p->before + channel,
                            fv__channels(&p->x[0].shape), 1, p->prologue->relu, y, ldy);
}

/* Of the numbers start, start + stride, … (count of them) those in [0, size). */
static void inside(int64_t start, int64_t stride, int64_t size, int64_t count, int64_t *first,
                   int64_t *end) {
    *first = start < 0 ? fv__cpu_up(-start, stride) : 0;
    *end = start < size ? fv__cpu_min(count, fv__cpu_up(size - start, stride)) : 0;
}

void fv__cpu_before_frame(const fv_pass *p, int64_t channel, const fv_frame *f, float *frame) {
    int64_t i0, i1, j0, j1;
    inside(f->row, f->sh, f->h, f->rows, &i0, &i1);
    inside(f->col, f->sw, f->w, f->pitch, &j0, &j1);
    if (i0 >= i1 || j0 >= j1) return;
    float *at = frame + i0 * f->pitch + j0;
    p->kernels->affine_rows(i1 - i0, j1 - j0, at, f->pitch, (const float *)p->before + channel,
                            fv__channels(&p->x[0].shape), 0, p->prologue->relu, at, f->pitch);
}
