/* SPDX-License-Identifier: MIT */
/*
 * products.c - matmul and gemm: products of matrices that flow in, many at a time, turned round or
 * not. A unit is a block of one product. Where the rows of both factors lie along the sum, `dot`
 * takes them as they are; otherwise `gemm` does, with the rows of a packed a piece of the sum at a
 * time.
 */
#include "cpu/cpu.h"
#include "op/product.h"

#define ROWS  64    /* of a block */
#define DEPTH 256   /* steps of the sum at a time */
#define TILES 4     /* of gemm, side by side: a block's columns of b stay in the L2 cache */
#define B_DOT 65536 /* floats of b that dot goes through for a few rows of a, likewise */

typedef struct product {
    const fv_pass *p;
    fv_walk w; /* over the matrices: all dimensions but the last three */
    int64_t rows, cols, depth;
    int64_t y_row, a_row, a_depth, b_depth, b_col; /* floats from one to the next */
    int64_t matrices, high, wide, row_blocks, col_blocks;
    bool dots;
    float alpha, beta;
    const float *added;
    int64_t c_row, c_col;
} product;

/* Products with one and the same b, whose rows of a and y lie one behind the other, are one. */
static void join_rows(product *g) {
    fv_walk *w = &g->w;
    while (w->rank > 0) {
        const int d = w->rank - 1;
        if (w->dim[d] > 1) {
            if (w->stride[FV_OF_B][d] != 0) return;
            if (g->rows > 1 && (w->stride[FV_OF_A][d] != g->rows * g->a_row ||
                                w->stride[FV_OF_Y][d] != g->rows * g->y_row))
                return;
            if (g->rows == 1) {
                g->a_row = w->stride[FV_OF_A][d];
                g->y_row = w->stride[FV_OF_Y][d];
            }
            g->rows *= w->dim[d];
        }
        w->rank--;
    }
}

static void cut(product *g) {
    const struct fv_kernels *k = g->p->kernels;
    g->matrices = 1;
    for (int d = 0; d < g->w.rank; d++) g->matrices *= g->w.dim[d];
    g->dots = (g->b_depth == 1 || g->depth == 1) && g->b_col != 1;
    g->high = ROWS;
    g->wide = TILES * k->nr;
    if (g->dots) g->wide = fv__cpu_max(16, B_DOT / fv__cpu_max(g->depth, 1) / 16 * 16);
    g->row_blocks = fv__cpu_up(g->rows, g->high);
    g->col_blocks = fv__cpu_up(g->cols, g->wide);
}

static product start(const fv_pass *p, const fv_walk *w) {
    const int lead = w->rank - 3;
    product g = {.p = p, .w = *w, .alpha = 1};
    g.w.rank = lead;
    g.rows = w->dim[lead + FV_ROW];
    g.cols = w->dim[lead + FV_COLUMN];
    g.depth = w->dim[lead + FV_DEPTH];
    g.y_row = w->stride[FV_OF_Y][lead + FV_ROW];
    g.a_row = w->stride[FV_OF_A][lead + FV_ROW];
    g.a_depth = w->stride[FV_OF_A][lead + FV_DEPTH];
    g.b_depth = w->stride[FV_OF_B][lead + FV_DEPTH];
    g.b_col = w->stride[FV_OF_B][lead + FV_COLUMN];
    join_rows(&g);
    cut(&g);
    return g;
}

/* Where matrix i of tensor k lies. */
static float *matrix(const product *g, int k, const fv_tensor *t, int64_t i) {
    int64_t at = 0;
    for (int d = g->w.rank - 1; d >= 0; d--) {
        at += i % g->w.dim[d] * g->w.stride[k][d];
        i /= g->w.dim[d];
    }
    return (float *)t->data + at;
}

/* y = b's columns times rows of a, which is not along the sum: it is turned a piece at a time. */
static void block_dot(const product *g, int64_t rows, int64_t cols, const float *a, const float *b,
                      float *y, float *mine) {
    const struct fv_kernels *k = g->p->kernels;
    if (g->a_depth == 1 || g->depth == 1) {
        k->dot(rows, cols, g->depth, a, g->a_row, b, g->b_col, y, g->y_row, NULL, false);
        return;
    }
    for (int64_t l = 0; l < g->depth; l += DEPTH) {
        const int64_t some = fv__cpu_min(DEPTH, g->depth - l);
        k->transpose(some, rows, a + l * g->a_depth, g->a_depth, mine, DEPTH);
        k->dot(rows, cols, some, mine, DEPTH, b + l, g->b_col, y, g->y_row, NULL, l > 0);
    }
}

static void block_gemm(const product *g, int64_t rows, int64_t cols, const float *a, const float *b,
                       float *y, float *mine) {
    const struct fv_kernels *k = g->p->kernels;
    for (int64_t l = 0; l < g->depth; l += DEPTH) {
        const int64_t some = fv__cpu_min(DEPTH, g->depth - l);
        const float *from = a + l * g->a_depth;
        const bool packs = g->a_depth == 1 && rows > 1;
        for (int64_t r = 0; r < rows; r += k->mr) {
            const int64_t strip = fv__cpu_min(k->mr, rows - r);
            if (packs) k->pack(strip, some, from + r * g->a_row, g->a_row, mine);
            k->gemm(strip, cols, some, packs ? mine : from + r * g->a_row,
                    packs ? k->mr : g->a_depth, packs ? 1 : g->a_row, b + l * g->b_depth,
                    g->b_depth, NULL, y + r * g->y_row, g->y_row, NULL, l > 0);
        }
    }
}

/* y = alpha y + beta C */
static void finish(const product *g, int64_t row, int64_t rows, int64_t col, int64_t cols,
                   float *y) {
    const struct fv_kernels *k = g->p->kernels;
    for (int64_t r = 0; r < rows; r++, y += g->y_row) {
        if (g->alpha != 1) k->mul(cols, y, g->alpha, y);
        if (!g->added) continue;
        const float *c = g->added + (row + r) * g->c_row + col * g->c_col;
        if (g->c_col == 1)
            k->axpy(cols, g->beta, c, y);
        else
            for (int64_t j = 0; j < cols; j++) y[j] += g->beta * *c;
    }
}

static void blocks(void *arg, int64_t first, int64_t end, int worker) {
    const product *g = arg;
    const fv_pass *p = g->p;
    float *mine = fv__cpu_worker(p, worker);
    for (int64_t u = first; u < end; u++) {
        const int64_t col = u % g->col_blocks * g->wide, q = u / g->col_blocks;
        const int64_t row = q % g->row_blocks * g->high, i = q / g->row_blocks;
        const int64_t rows = fv__cpu_min(g->high, g->rows - row);
        const int64_t cols = fv__cpu_min(g->wide, g->cols - col);
        const float *a = matrix(g, FV_OF_A, &p->x[0], i) + row * g->a_row;
        const float *b = matrix(g, FV_OF_B, &p->x[1], i) + col * g->b_col;
        float *y = matrix(g, FV_OF_Y, &p->y[0], i) + row * g->y_row + col;
        if (g->dots)
            block_dot(g, rows, cols, a, b, y, mine);
        else
            block_gemm(g, rows, cols, a, b, y, mine);
        finish(g, row, rows, col, cols, y);
    }
}

static void run(const product *g) {
    const int64_t units = g->matrices * g->row_blocks * g->col_blocks;
    const double macs = (double)g->matrices * (double)g->rows * (double)g->cols * (double)g->depth;
    fv__cpu_split(g->p->pool, units, macs, 2 * FV_GRAIN, blocks, g);
}

static void matmul_forward(const fv_pass *p) {
    const fv_tensor t[3] = {p->y[0], p->x[0], p->x[1]};
    const fv_walk w = fv__matmul_walk(t);
    const product g = start(p, &w);
    run(&g);
}

static void gemm_forward(const fv_pass *p) {
    const fv_gemm_options *o = p->options;
    const fv_tensor t[3] = {p->y[0], p->x[0], p->x[1]};
    const fv_walk w = fv__gemm_walk(o, t);
    product g = start(p, &w);
    g.alpha = (float)o->alpha;
    g.beta = (float)o->beta;
    if (p->inputs > 2) {
        fv_walk over = fv__walk_over(&p->y[0].shape);
        fv__walk_aligned(&over, 0, &p->x[2]);
        g.added = p->x[2].data;
        g.c_row = over.stride[0][0];
        g.c_col = over.stride[0][1];
    }
    run(&g);
}

static const char *settle(const fv_site *site, const fv_request *request, fv_arena *arena,
                          fv_settled *settled) {
    (void)site;
    (void)request;
    (void)arena;
    settled->worker = sizeof(float) * ROWS * DEPTH;
    return NULL;
}

const fv_impl fv__cpu_matmul_vector_forward = {.name = "vector",
                                               .op = &fv__op_matmul,
                                               .which = FV_FORWARD,
                                               .refuses = fv__cpu_refuses,
                                               .settle = settle,
                                               .run = matmul_forward};
const fv_impl fv__cpu_gemm_vector_forward = {.name = "vector",
                                             .op = &fv__op_gemm,
                                             .which = FV_FORWARD,
                                             .refuses = fv__cpu_refuses,
                                             .settle = settle,
                                             .run = gemm_forward};
