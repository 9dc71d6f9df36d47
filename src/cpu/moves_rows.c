/* SPDX-License-Identifier: MIT */
/*
 * moves_rows.c - operators that only move numbers, as op/moves.h pairs them. Rows that lie densely
 * in x and y are copied; where y's rows run across x's, and x is dense along another dimension, the
 * two dimensions are a matrix that is turned round, a block at a time.
 */
#include "cpu/rows.h"
#include "op/moves.h"

#include <string.h>

#define PIECE 4096 /* numbers of a row at a time */
#define SIDE  64   /* of a block of a matrix */

static const struct {
    const fv_op *op;
    fv_pairs_fn *pairs;
} moves[] = {{&fv__op_transpose, fv__transpose_pairs},
             {&fv__op_slice, fv__slice_pairs},
             {&fv__op_crop, fv__crop_pairs},
             {&fv__op_tile, fv__tile_pairs},
             {&fv__op_expand, fv__expand_pairs},
             {&fv__op_depthtospace, fv__depthtospace_pairs},
             {&fv__op_spacetodepth, fv__spacetodepth_pairs}};

typedef struct work {
    const struct fv_kernels *kernels;
    fv_walk w;
    const float *x;
    float *y;
    int64_t pieces;
    /* of matrices, whose other dimension has been taken out of the walk */
    int64_t high, x_row, y_row; /* x[i*x_row + j] goes to y[j*y_row + i], j < high */
    int64_t across;             /* blocks along i */
} work;

/* ------------------------------------------------------------------------------- rows --- */

static void copy_row(const fv_walk *r, int64_t i, int64_t end, const float *x, float *y) {
    if (r->by[0] == 1 && r->by[1] == 1)
        memcpy(y + i, x + i, (size_t)(end - i) * sizeof(float));
    else
        for (; i < end; i++) y[i * r->by[0]] = x[i * r->by[1]];
}

static void copy_rows(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    fv_walk r = fv__cpu_row(&w->w, first / w->pieces);
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t i = u % w->pieces * PIECE;
        copy_row(&r, i, fv__cpu_min(i + PIECE, r.row), w->x + r.at[1], w->y + r.at[0]);
        if ((u + 1) % w->pieces == 0) (void)fv__walk_next(&r);
    }
}

/* --------------------------------------------------------------------------- matrices --- */

static void turn_blocks(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const int64_t blocks = fv__cpu_up(w->high, SIDE) * w->across;
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const fv_walk r = fv__cpu_row(&w->w, u / blocks);
        const int64_t i = u % blocks % w->across * SIDE, j = u % blocks / w->across * SIDE;
        w->kernels->transpose(fv__cpu_min(SIDE, r.row - i), fv__cpu_min(SIDE, w->high - j),
                              w->x + r.at[1] + i * w->x_row + j, w->x_row,
                              w->y + r.at[0] + j * w->y_row + i, w->y_row);
    }
}

/* Takes the dimension along which x is dense out of a walk that has begun; false: there is none, or
   y is not dense along its rows. */
static bool is_turned(work *w) {
    fv_walk *walk = &w->w;
    const int last = walk->rank - 1;
    if (last < 1 || walk->by[0] != 1 || walk->by[1] == 1) return false;
    for (int d = 0; d < last; d++) {
        if (walk->stride[1][d] != 1) continue;
        w->high = walk->dim[d];
        w->x_row = walk->by[1];
        w->y_row = walk->stride[0][d];
        walk->dim[d] = 1;
        w->across = fv__cpu_up(walk->row, SIDE);
        return true;
    }
    return false;
}

static void forward(const fv_pass *p) {
    work w = {.kernels = p->kernels, .x = p->x[0].data, .y = p->y[0].data};
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (moves[i].op == p->op) w.w = moves[i].pairs(p->options, &p->x[0], &p->y[0]);
    (void)fv__walk_begin(&w.w);
    const double count = 4 * (double)fv__shape_count(&p->y[0].shape);
    if (is_turned(&w)) {
        fv__cpu_split(p->pool, fv__cpu_rows(&w.w) * w.across * fv__cpu_up(w.high, SIDE), count,
                      FV_GRAIN, turn_blocks, &w);
        return;
    }
    w.pieces = fv__cpu_up(w.w.row, PIECE);
    fv__cpu_split(p->pool, fv__cpu_rows(&w.w) * w.pieces, count, FV_GRAIN, copy_rows, &w);
}

static const char *refuses(const fv_site *site, const fv_request *request) {
    const char *why = fv__cpu_refuses(site, request);
    if (why) return why;
    return site->in_type[0].dtype == FV_F32 ? NULL : "moves real numbers only";
}

#define FV_MOVES(name_)                                                                            \
    const fv_impl fv__cpu_##name_##_rows_forward = {.name = "rows",                                \
                                                    .op = &fv__op_##name_,                         \
                                                    .which = FV_FORWARD,                           \
                                                    .refuses = refuses,                            \
                                                    .run = forward}
FV_MOVES(transpose);
FV_MOVES(slice);
FV_MOVES(crop);
FV_MOVES(tile);
FV_MOVES(expand);
FV_MOVES(depthtospace);
FV_MOVES(spacetodepth);
