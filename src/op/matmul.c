/* SPDX-License-Identifier: MIT */
/*
 * matmul: y[..,i,j] = sum over k of a[..,i,k] b[..,k,j], the product of matrices that stand in the
 * dimensions before them, which are broadcast. A vector is a row as a, a column as b, and its
 * dimension of 1 is left out of y. da = dy b', db = a' dy, summed over what was broadcast.
 */
#include "op/broadcast.h"
#include "op/product.h"

#include <inttypes.h>

static int64_t depth(const fv_shape *a) {
    return a->dim[a->rank - 1];
}

/* Dimensions before the matrix. */
static fv_shape lead(const fv_shape *s) {
    fv_shape out = *s;
    out.rank = s->rank > 2 ? s->rank - 2 : 0;
    return out;
}

/* Whether the batch comes out as the first dimension and is nowhere added up over. */
static bool keeps_batch(const fv_site *site) {
    const fv_shape *a = &site->in[0], *b = &site->in[1];
    const bool of_a = site->in_type[0].batched, of_b = site->in_type[1].batched;
    if (of_a && of_b) return a->rank == b->rank && a->rank > 2 && a->dim[0] == b->dim[0];
    const fv_shape *batch = of_a ? a : b, *other = of_a ? b : a;
    if (of_a && a->rank == 2) return b->rank <= 2; /* a sample is a row */
    return batch->rank > 2 &&
           (other->rank < batch->rank || (other->rank == batch->rank && other->dim[0] == 1));
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    char one[FV_SHAPE_TEXT], two[FV_SHAPE_TEXT];
    FV_TRY(fv__shape_inputs(ctx, site));
    const fv_shape *a = &site->in[0], *b = &site->in[1];
    const fv_shape before_a = lead(a), before_b = lead(b);
    fv_shape out;
    fv__dims_text(one, a);
    fv__dims_text(two, b);
    if ((site->in_type[0].batched || site->in_type[1].batched) && !keeps_batch(site))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the first dimension is the batch: matmul of %s with %s would add up over "
                        "it, or move it",
                        one, two);
    const int64_t height = b->rank > 1 ? b->dim[b->rank - 2] : b->dim[0];
    if (depth(a) != height)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "matmul of %s with %s: rows of %" PRId64
                        " numbers do not fit columns of %" PRId64,
                        one, two, depth(a), height);
    if (!fv__broadcast(&before_a, &before_b, &out))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "matmul of %s with %s: the dimensions before the matrices must be equal, "
                        "or 1 in one of them",
                        one, two);
    if (a->rank > 1) out.dim[out.rank++] = a->dim[a->rank - 2];
    if (b->rank > 1) out.dim[out.rank++] = b->dim[b->rank - 1];
    site->out[0] = out;
    return fv__shape_fits(ctx, site);
}

static void cost(const fv_site *site, fv_cost *cost) {
    fv__cost_product(cost, site, depth(&site->in[0]));
}

fv_walk fv__matmul_walk(const fv_tensor t[3]) {
    const fv_shape *y = &t[FV_OF_Y].shape, *a = &t[FV_OF_A].shape, *b = &t[FV_OF_B].shape;
    const bool rows = a->rank > 1, columns = b->rank > 1;
    fv_walk w = fv__product_walk(y->dim, y->rank - rows - columns, rows ? a->dim[a->rank - 2] : 1,
                                 columns ? b->dim[b->rank - 1] : 1, depth(a));
    fv__product_place(&w, FV_OF_Y, &t[FV_OF_Y], rows ? FV_ROW : FV_LACKS,
                      columns ? FV_COLUMN : FV_LACKS);
    fv__product_place(&w, FV_OF_A, &t[FV_OF_A], rows ? FV_ROW : FV_LACKS, FV_DEPTH);
    fv__product_place(&w, FV_OF_B, &t[FV_OF_B], FV_DEPTH, columns ? FV_COLUMN : FV_LACKS);
    return w;
}

static void forward(const fv_pass *p) {
    const fv_tensor t[3] = {p->y[0], p->x[0], p->x[1]};
    const fv_walk w = fv__matmul_walk(t);
    fv__product(&w, FV_OF_Y, t, 1, false);
}

static void backward(const fv_pass *p) {
    for (int k = 0; k < 2; k++) {
        fv_tensor t[3] = {p->dy[0], p->x[0], p->x[1]};
        if (p->dx[k].data == NULL) continue;
        t[1 + k] = p->dx[k];
        const fv_walk w = fv__matmul_walk(t);
        fv__product(&w, 1 + k, t, 1, true);
    }
}

static const char *const samples[] = {"; 3x4, constant 4x5",
                                      "; 2x3x4, 2x4x2",
                                      "; 2x3x4, constant 4x2",
                                      "; constant 3x4, 2x4x2",
                                      "; 2x1x2x3, 2x2x3x1",
                                      "; 2x3x4, constant 1x4x2",
                                      "; 3x4, constant 4",
                                      "; constant 4, 2x4x3",
                                      "; constant 5, constant 5x2",
                                      "; constant 2x1x3x4, constant 3x4x2",
                                      "; 2x3x3, 2x3x3",
                                      NULL};

const fv_op fv__op_matmul = {
    .name = "matmul",
    .help = "the product of two matrices",
    .about = "y[..,i,j] = sum over k of a[..,i,k]*b[..,k,j]. The dimensions before the matrices\n"
             "are broadcast: one that is missing or 1 is repeated. A vector is a row as a, a\n"
             "column as b, and that dimension of 1 is left out of y. Gradient: da = dy*b',\n"
             "db = a'*dy, summed over what was repeated.\n"
             "Harris et al. 2020, \"Array programming with NumPy\".",
    .onnx = "MatMul",
    .inputs_min = 2,
    .inputs_max = 2,
    .traits = FV_MIXES | FV_KEEP_X,
    .shape = shape,
    .cost = cost,
    .forward = {forward, forward},
    .backward = {backward, backward},
    .samples = samples,
};
