/* SPDX-License-Identifier: MIT */
/*
 * gemm: y = alpha A B + beta C, of matrices, A and B turned round on demand; C is broadcast to y.
 * dA = alpha dy B', dB = alpha A' dy, dC = beta dy, summed over what was broadcast.
 * Dongarra, Du Croz, Hammarling & Duff 1990. A layer with weights of its own is fc.
 */
#include "op/broadcast.h"
#include "op/product.h"

#include <inttypes.h>
#include <math.h>

static const fv_field fields[] = {
    {"alpha", "factor of the product", FV_REAL, offsetof(fv_gemm_options, alpha), "1", -1e6, 1e6, 0,
     NULL, "alpha"},
    {"beta", "factor of what is added", FV_REAL, offsetof(fv_gemm_options, beta), "1", -1e6, 1e6, 0,
     NULL, "beta"},
    {"transa", "turn A round: columns become rows", FV_BOOL, offsetof(fv_gemm_options, transa),
     "no", 0, 0, 0, NULL, "transA"},
    {"transb", "turn B round: columns become rows", FV_BOOL, offsetof(fv_gemm_options, transb),
     "no", 0, 0, 0, NULL, "transB"},
    {0}};

/* The batch may only be the rows of A, and of C. */
static fv_status check_batch(fv_context *ctx, const fv_site *site) {
    const fv_gemm_options *o = site->options;
    const fv_type *type = site->in_type;
    const bool batched_c = site->inputs > 2 && type[2].batched;
    if (type[1].batched || (type[0].batched && o->transa) || (batched_c && !type[0].batched))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the first dimension is the batch: in gemm it can only be the rows of A, "
                        "not turned round, and of C");
    if (site->inputs < 3 || !type[0].batched || batched_c) return FV_OK;
    if (site->in[2].rank < 2 || site->in[2].dim[0] == 1) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "gemm: the rows are the batch, whose size differs from run to run, so a "
                    "constant C must have one row, not %" PRId64,
                    site->in[2].dim[0]);
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_gemm_options *o = site->options;
    char one[FV_SHAPE_TEXT], two[FV_SHAPE_TEXT];
    FV_TRY(fv__shape_inputs(ctx, site));
    const fv_shape *a = &site->in[0], *b = &site->in[1];
    if (!isfinite(o->alpha) || !isfinite(o->beta))
        return fv__fail(ctx, FV_BAD_INPUT, "alpha and beta must be finite");
    if (a->rank != 2 || b->rank != 2)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "gemm multiplies matrices, of two dimensions each, not %s with %s; matmul "
                        "takes more",
                        fv__dims_text(one, a), fv__dims_text(two, b));
    FV_TRY(check_batch(ctx, site));
    if (a->dim[!o->transa] != b->dim[o->transb])
        return fv__fail(
            ctx, FV_BAD_INPUT,
            "gemm of %s with %s: rows of %" PRId64 " numbers do not fit columns of %" PRId64,
            fv__dims_text(one, a), fv__dims_text(two, b), a->dim[!o->transa], b->dim[o->transb]);
    site->out[0] = fv__shape2(a->dim[o->transa], b->dim[!o->transb]);
    fv_shape with = site->out[0];
    if (site->inputs > 2 &&
        (!fv__broadcast(&with, &site->in[2], &with) || !fv__shape_equal(&with, &site->out[0])))
        return fv__fail(ctx, FV_BAD_INPUT, "gemm cannot add C of %s to a product of %s",
                        fv__dims_text(one, &site->in[2]), fv__dims_text(two, &site->out[0]));
    return fv__shape_fits(ctx, site);
}

static int64_t depth(const fv_gemm_options *o, const fv_shape *a) {
    return a->dim[!o->transa];
}

static void cost(const fv_site *site, fv_cost *cost) {
    fv__cost_product(cost, site, depth(site->options, &site->in[0]));
}

fv_walk fv__gemm_walk(const fv_gemm_options *o, const fv_tensor t[3]) {
    const fv_shape *y = &t[FV_OF_Y].shape;
    fv_walk w = fv__product_walk(NULL, 0, y->dim[0], y->dim[1], depth(o, &t[FV_OF_A].shape));
    fv__product_place(&w, FV_OF_Y, &t[FV_OF_Y], FV_ROW, FV_COLUMN);
    fv__product_place(&w, FV_OF_A, &t[FV_OF_A], o->transa ? FV_DEPTH : FV_ROW,
                      o->transa ? FV_ROW : FV_DEPTH);
    fv__product_place(&w, FV_OF_B, &t[FV_OF_B], o->transb ? FV_COLUMN : FV_DEPTH,
                      o->transb ? FV_DEPTH : FV_COLUMN);
    return w;
}

static void forward(const fv_pass *p) {
    const fv_gemm_options *o = p->options;
    const fv_tensor t[3] = {p->y[0], p->x[0], p->x[1]};
    const fv_walk w = fv__gemm_walk(o, t);
    fv__product(&w, FV_OF_Y, t, o->alpha, false);
    if (p->inputs > 2) fv__product_broadcast(&p->y[0], &p->x[2], FV_OF_Y, o->beta);
}

static void backward(const fv_pass *p) {
    const fv_gemm_options *o = p->options;
    for (int k = 0; k < 2; k++) {
        fv_tensor t[3] = {p->dy[0], p->x[0], p->x[1]};
        if (p->dx[k].data == NULL) continue;
        t[1 + k] = p->dx[k];
        const fv_walk w = fv__gemm_walk(o, t);
        fv__product(&w, 1 + k, t, o->alpha, true);
    }
    if (p->inputs > 2 && p->dx[2].data)
        fv__product_broadcast(&p->dy[0], &p->dx[2], FV_OF_A, o->beta);
}

static const char *const samples[] = {
    "; 3x4, constant 4x5, constant 5",
    "transb alpha 0.5 ; 3x4, constant 5x4",
    "alpha -2 beta 0.25 ; 3x4, constant 4x2, 3x2",
    "; 1x7, constant 7x3, constant 1",
    "transa transb beta 2 ; constant 4x3, constant 5x4, constant 3x1",
    "transa ; constant 4x1, constant 4x5, constant 1x5",
    "; 3x3, constant 3x3, constant 1x3",
    NULL};

const fv_op fv__op_gemm = {
    .name = "gemm",
    .help = "the product of two matrices, and a third added",
    .about = "y = alpha*A*B + beta*C: the inputs A, B and, if there is one, C, which is\n"
             "broadcast to y. A and B are turned round with `transa` and `transb`. Gradient:\n"
             "dA = alpha*dy*B', dB = alpha*A'*dy, dC = beta*dy, summed over what was repeated.\n"
             "A layer with weights of its own is fc. Dongarra, Du Croz, Hammarling & Duff 1990,\n"
             "\"A set of level 3 basic linear algebra subprograms\".",
    .onnx = "Gemm",
    .inputs_min = 2,
    .inputs_max = 3,
    .traits = FV_MIXES | FV_KEEP_X,
    .options_size = sizeof(fv_gemm_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward, forward},
    .backward = {backward, backward},
    .samples = samples,
};
