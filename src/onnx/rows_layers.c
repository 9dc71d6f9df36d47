/* SPDX-License-Identifier: MIT */
/*
 * rows_layers.c - layers with weights but for those with windows, and what stands around them. See
 * row_list.h.
 */
#include "onnx/steps.h"

#ifdef FV_HAVE_ONNX
#include "base/number.h"

#include <string.h>

/* A parameter of channels beside maps: [C] as [C,1,1]. */
static fv_entry *of_channels(fv_onnx_steps *s, int i, int rank) {
    fv_shape shape = {rank - 1, {0}};
    const fv_constant *c;
    if (s->status == FV_OK) s->status = fv__onnx_known(s->n, i, "a parameter", &c);
    if (s->status != FV_OK) return NULL;
    for (int d = 1; d < shape.rank; d++) shape.dim[d] = 1;
    shape.dim[0] = fv__shape_count(&c->shape);
    return fv__step_shaped(s, c, &shape);
}

/* m old + (1 - m) observed, as a vector. */
static fv_status give_running(fv_onnx_steps *s, int output, int input, double m,
                              fv_entry *observed) {
    const fv_constant *old;
    FV_TRY(fv__onnx_known(s->n, input, "a parameter", &old));
    fv_entry *share = fv__step2(s, "mul", observed, fv__step_number(s, 1 - m));
    fv_entry *kept =
        fv__step2(s, "mul", fv__step_shaped(s, old, &old->shape), fv__step_number(s, m));
    const fv_ints shape = {1, {fv__shape_count(&old->shape)}};
    return fv__steps_give(
        s, output, fv__step2(s, "sum", fv__step_ints(s, "reshape", "shape", &shape, share), kept));
}

/* training_mode: with mean and variance of what is there, which move the running ones. */
static fv_status take_observing_bn(fv_onnx_node *n, double epsilon, double momentum) {
    fv_onnx_steps s = {.n = n};
    bool batched;
    FV_TRY(fv__onnx_all_read(n));
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    fv_entry *x = n->in[0];
    const int rank = fv__onnx_shape(n->im, x, &batched)->rank;
    if (batched || rank < 2)
        return fv__onnx_refuse(n, "training_mode takes its statistics over the batch, which a "
                                  "network has only while it is trained; export it for inference");
    fv_ints axes = {1, {0}};
    for (int d = 2; d < rank; d++) axes.v[axes.count++] = d;
    fv_entry *mean = fv__step_reduce(&s, "reducemean", &axes, true, x);
    fv_entry *off = fv__step2(&s, "sub", x, mean);
    fv_entry *var = fv__step_reduce(&s, "reducemean", &axes, true, fv__step2(&s, "mul", off, off));
    fv_entry *root = fv__step(&s, "sqrt", fv__step2(&s, "sum", var, fv__step_number(&s, epsilon)));
    fv_entry *scaled =
        fv__step2(&s, "mul", fv__step2(&s, "div", off, root), of_channels(&s, 1, rank));
    FV_TRY(fv__steps_give(&s, 0, fv__step2(&s, "sum", scaled, of_channels(&s, 2, rank))));
    FV_TRY(give_running(&s, 1, 3, momentum, mean));
    return give_running(&s, 2, 4, momentum, var);
}

fv_status fv__onnx_take_bn(fv_onnx_node *n) {
    const fv_constant *params[4];
    const int in[] = {0};
    int64_t spatial, training, ignored;
    double momentum, epsilon;
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "bn", &o));
    FV_TRY(fv__onnx_real(n, "momentum", 0.9, &momentum)); /* of the old statistic, not the new */
    FV_TRY(fv__onnx_real(n, "epsilon", 1e-5, &epsilon));
    FV_TRY(fv__onnx_set(n, &o, "momentum", fv__float_as_written((float)(1 - momentum))));
    FV_TRY(fv__onnx_int(n, "spatial", 1, &spatial));
    FV_TRY(fv__onnx_int(n, "training_mode", 0, &training));
    FV_TRY(fv__onnx_int(n, "is_test", 1, &ignored)); /* what counted were the outputs */
    if (!spatial) return fv__onnx_refuse(n, "spatial=0 is not computed here");
    if (training) return take_observing_bn(n, epsilon, momentum);
    for (int i = 1; i < (int)n->proto->n_output; i++)
        if (n->proto->output[i][0])
            return fv__onnx_refuse(n, "its output %d is of training; export it for inference",
                                   i + 1);
    for (int i = 0; i < 4; i++) FV_TRY(fv__onnx_known(n, i + 1, "a parameter", &params[i]));
    return fv__onnx_add(n, &o, in, 1, params, 4);
}

fv_status fv__onnx_transposed(const fv_onnx_node *n, const fv_constant *from, fv_constant *out) {
    const fv_shape turned = fv__shape2(from->shape.dim[1], from->shape.dim[0]);
    FV_TRY(fv__onnx_new(n, FV_F32, &turned, out));
    for (int64_t r = 0; r < turned.dim[1]; r++)
        for (int64_t c = 0; c < turned.dim[0]; c++)
            ((float *)(uintptr_t)out->data)[c * turned.dim[1] + r] =
                ((const float *)from->data)[r * turned.dim[0] + c];
    return FV_OK;
}

/* A constant times a number; a bias of one number spread over `count`. */
static fv_status scaled(fv_onnx_node *n, const fv_constant *from, double by, int64_t count,
                        fv_constant *out) {
    const int64_t there = fv__shape_count(&from->shape);
    const fv_shape shape = fv__shape1(count);
    FV_TRY(fv__onnx_new(n, FV_F32, &shape, out));
    for (int64_t i = 0; i < count; i++)
        fv__constant_set(out, i, by * fv__constant_get(from, there == 1 ? 0 : i));
    return FV_OK;
}

/* With a matrix of weights B, and a bias that is one row, it is a fully connected layer. */
static bool is_layer(fv_onnx_node *n) {
    const fv_entry *b = fv__onnx_has(n, 1) ? n->in[1] : NULL, *c = NULL;
    int64_t transa;
    double alpha;
    if (fv__onnx_has(n, 2)) c = n->in[2];
    if (fv__onnx_int(n, "transA", 0, &transa) != FV_OK ||
        fv__onnx_real(n, "alpha", 1, &alpha) != FV_OK || transa || alpha != 1 || !b || !b->known ||
        b->constant.dtype != FV_F32 || b->constant.shape.rank != 2 || !fv__onnx_has(n, 0) ||
        fv__onnx_shape(n->im, n->in[0], NULL)->rank != 2)
        return false;
    if (!c) return true;
    const int64_t count = c->known ? fv__shape_count(&c->constant.shape) : 0;
    const int rank = c->constant.shape.rank;
    return count == 1 || (count > 0 && rank > 0 && c->constant.shape.dim[rank - 1] == count);
}

static fv_status take_product(fv_onnx_node *n) {
    const int in[] = {0, 1, 2};
    int64_t broadcast;
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "gemm", &o));
    FV_TRY(fv__onnx_int(n, "broadcast", 1, &broadcast)); /* before opset 7 */
    return fv__onnx_add(n, &o, in, fv__onnx_has(n, 2) ? 3 : 2, NULL, 0);
}

/* y = alpha A B + beta C */
fv_status fv__onnx_take_gemm(fv_onnx_node *n) {
    const fv_constant *w, *params[2];
    fv_constant turned, spread;
    const int in[] = {0};
    int64_t transb, broadcast;
    double beta;
    fv_onnx_made o;
    if (!is_layer(n)) return take_product(n);
    FV_TRY(fv__onnx_make(n, "fc", &o));
    FV_TRY(fv__onnx_int(n, "transB", 0, &transb));
    FV_TRY(fv__onnx_int(n, "broadcast", 1, &broadcast));
    FV_TRY(fv__onnx_real(n, "beta", 1, &beta));
    params[0] = w = &n->in[1]->constant;
    if (!transb) {
        FV_TRY(fv__onnx_transposed(n, w, &turned));
        params[0] = &turned;
    }
    const int64_t outputs = params[0]->shape.dim[0];
    const bool bias = fv__onnx_has(n, 2);
    if (bias) {
        const int64_t there = fv__shape_count(&n->in[2]->constant.shape);
        if (there != 1 && there != outputs)
            return fv__onnx_refuse(n, "its bias has %lld numbers for %lld outputs",
                                   (long long)there, (long long)outputs);
        FV_TRY(scaled(n, &n->in[2]->constant, beta, outputs, &spread));
    }
    FV_TRY(fv__onnx_set(n, &o, "outputs", (double)outputs));
    FV_TRY(fv__onnx_set_word(n, &o, "bias", bias ? "yes" : "no"));
    params[1] = &spread;
    return fv__onnx_add(n, &o, in, 1, params, bias ? 2 : 1);
}

/* Opset 12: a ratio, and whether to drop, as inputs. */
static bool drops(const fv_onnx_node *n) {
    const fv_entry *ratio = fv__onnx_has(n, 1) ? n->in[1] : NULL;
    const fv_entry *training = fv__onnx_has(n, 2) ? n->in[2] : NULL;
    if (!training) return false;
    if (training->known && fv__constant_get(&training->constant, 0) == 0) return false;
    return !ratio || !ratio->known || fv__constant_get(&ratio->constant, 0) != 0;
}

/* In inference it passes everything on. */
fv_status fv__onnx_take_dropout(fv_onnx_node *n) {
    int64_t ignored;
    fv_onnx_made o;
    if (drops(n))
        return fv__onnx_refuse(n, "dropping in inference (training_mode) is not computed here");
    FV_TRY(fv__onnx_make(n, "dropout", &o));
    FV_TRY(fv__onnx_int(n, "seed", 0, &ignored));
    FV_TRY(fv__onnx_int(n, "is_test", 0, &ignored));
    FV_TRY(fv__onnx_all_read(n));
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    fv_entry *from = n->in[0], *to[2];
    for (int i = 0; i < 2; i++) FV_TRY(fv__onnx_output(n, i, &to[i]));
    if (to[1]) { /* what it let through: all */
        const fv_shape shape = *fv__onnx_shape(n->im, from, NULL);
        FV_TRY(fv__onnx_new(n, FV_BOOL8, &shape, &to[1]->constant));
        to[1]->known = true;
        for (int64_t i = 0, count = fv__shape_count(&shape); i < count; i++)
            fv__constant_set(&to[1]->constant, i, 1);
    }
    return fv__onnx_add_to(n, &o, &from, 1, NULL, 0, to, 1);
}

/* Other slopes, broadcast: where(x < 0, slope x, x). */
static fv_status take_broadcast_prelu(fv_onnx_node *n) {
    fv_onnx_steps s = {.n = n};
    FV_TRY(fv__onnx_all_read(n));
    fv_entry *x = n->in[0], *slope = n->in[1];
    fv_entry *below = fv__step2(&s, "less", x, fv__step_number(&s, 0));
    return fv__steps_give(&s, 0, fv__step3(&s, "where", below, fv__step2(&s, "mul", x, slope), x));
}

/* One slope, or one for each channel, are parameters of a layer. */
fv_status fv__onnx_take_prelu(fv_onnx_node *n) {
    const int in[] = {0};
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "prelu", &o));
    if (!fv__onnx_has(n, 0) || !fv__onnx_has(n, 1))
        return fv__onnx_refuse(n, "its input or its slope is missing");
    if (!n->in[1]->known) return take_broadcast_prelu(n);
    const fv_constant *slope = &n->in[1]->constant;
    const fv_shape *x = fv__onnx_shape(n->im, n->in[0], NULL), *s = &slope->shape;
    const int64_t count = fv__shape_count(s), channels = fv__channels(x);
    const int behind = x->rank - 2; /* dimensions behind the channels */
    bool each = count == channels && s->rank > behind && s->dim[s->rank - 1 - behind] == count;
    if (n->im->opset < 7) each = count == channels; /* then one dimension sufficed */
    if (slope->dtype != FV_F32 || (count != 1 && !each)) return take_broadcast_prelu(n);
    FV_TRY(fv__onnx_set_word(n, &o, "slopes", count == 1 ? "one" : "channels"));
    return fv__onnx_add(n, &o, in, 1, &slope, 1);
}

/* Outputs 2 and 3, which training keeps: the mean, and 1 over the deviation. */
static fv_status give_statistics(fv_onnx_node *n, int64_t axis, double epsilon) {
    fv_onnx_steps s = {.n = n};
    fv_entry *x = n->in[0];
    if (n->proto->n_output < 2) return FV_OK;
    const fv_shape *shape = fv__onnx_shape(n->im, x, NULL);
    const fv_ints axes = fv__onnx_axes(shape, (int)(axis < 0 ? axis + shape->rank : axis));
    fv_entry *mean = fv__step_reduce(&s, "reducemean", &axes, true, x);
    fv_entry *off = fv__step2(&s, "sub", x, mean);
    fv_entry *var = fv__step_reduce(&s, "reducemean", &axes, true, fv__step2(&s, "mul", off, off));
    fv_entry *root = fv__step(&s, "sqrt", fv__step2(&s, "sum", var, fv__step_number(&s, epsilon)));
    FV_TRY(fv__steps_give(&s, 1, mean));
    return fv__steps_give(&s, 2, fv__step(&s, "reciprocal", root));
}

/* Two parameters, the second of which may be left out: zeros. */
fv_status fv__onnx_take_layernorm(fv_onnx_node *n) {
    const fv_constant *params[2];
    fv_constant zeros;
    fv_entry *y;
    int64_t axis, type;
    double epsilon;
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "layernorm", &o));
    FV_TRY(fv__onnx_int(n, "axis", -1, &axis));
    FV_TRY(fv__onnx_int(n, "stash_type", 1, &type));
    FV_TRY(fv__onnx_real(n, "epsilon", 1e-5, &epsilon));
    FV_TRY(fv__onnx_set(n, &o, "axis", (double)axis));
    FV_TRY(fv__onnx_all_read(n));
    FV_TRY(fv__onnx_known(n, 1, "its scale", &params[0]));
    FV_TRY(fv__onnx_new(n, FV_F32, &params[0]->shape, &zeros));
    params[1] = &zeros;
    if (fv__onnx_has(n, 2)) FV_TRY(fv__onnx_known(n, 2, "its bias", &params[1]));
    FV_TRY(fv__onnx_output(n, 0, &y));
    FV_TRY(fv__onnx_add_to(n, &o, n->in, 1, params, 2, &y, 1));
    return give_statistics(n, axis, epsilon);
}

fv_status fv__onnx_take_lpnorm(fv_onnx_node *n) {
    const int in[] = {0};
    int64_t axis;
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "l2norm", &o));
    FV_TRY(fv__onnx_int(n, "axis", -1, &axis));
    FV_TRY(fv__onnx_set(n, &o, "axis", (double)axis));
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

#endif
