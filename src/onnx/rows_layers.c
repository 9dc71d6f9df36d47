/* SPDX-License-Identifier: MIT */
/*
 * rows_layers.c - layers with weights, pools and what stands around them. See row_list.h.
 */
#include "onnx/importer.h"

#ifdef FV_HAVE_ONNX
#include <string.h>

#define SIDE_MOST ((int64_t)1 << 30)

/* SAME_LOWER has no word here: as many zeros as make the output in/stride, the odd one before. */
static fv_status pad_before(fv_onnx_node *n, fv_onnx_made *o, fv_size kernel) {
    const fv_shape *x = fv__onnx_shape(n->im, n->in[0], NULL);
    fv_ints strides, dilations, pads = {4, {0}};
    const int64_t window[] = {kernel.h, kernel.w};
    FV_TRY(fv__onnx_ints(n, "strides", &strides));
    FV_TRY(fv__onnx_ints(n, "dilations", &dilations));
    if (x->rank != 4) return fv__onnx_refuse(n, "SAME_LOWER is read for maps with two dimensions");
    for (int d = 0; d < 2; d++) {
        const int64_t in = x->dim[2 + d], stride = strides.count == 2 ? strides.v[d] : 1;
        int64_t reach = dilations.count == 2 ? dilations.v[d] : 1;
        if (!fv__mul_i64(window[d], reach, &reach)) reach = INT64_MAX;
        if (stride < 1) return fv__onnx_refuse(n, "a stride below 1");
        if (window[d] > SIDE_MOST || stride > SIDE_MOST || reach > SIDE_MOST)
            return fv__onnx_refuse(n, "its window is too large");
        reach -= dilations.count == 2 ? dilations.v[d] - 1 : 0;
        int64_t total = ((in + stride - 1) / stride - 1) * stride + reach - in;
        if (total < 0) total = 0;
        pads.v[d] = total - total / 2;
        pads.v[2 + d] = total / 2;
    }
    return fv__onnx_set_ints(n, o, "pad", &pads, false);
}

/* auto_pad, which older files use in place of pads. */
static fv_status set_auto_pad(fv_onnx_node *n, fv_onnx_made *o, fv_size kernel) {
    char word[FV_WORD_MAX];
    FV_TRY(fv__onnx_word(n, "auto_pad", "NOTSET", word));
    if (strcmp(word, "SAME_UPPER") == 0) return fv__onnx_set_word(n, o, "pad", "same");
    if (strcmp(word, "SAME_LOWER") == 0) return pad_before(n, o, kernel);
    if (strcmp(word, "VALID") == 0) return fv__onnx_set_word(n, o, "pad", "valid");
    if (strcmp(word, "NOTSET") == 0) return FV_OK;
    return fv__onnx_refuse(n, "auto_pad is %s", word);
}

fv_status fv__onnx_take_conv(fv_onnx_node *n) {
    const fv_constant *w, *params[2];
    const int in[] = {0};
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "conv", &o));
    FV_TRY(fv__onnx_known(n, 1, "its weight", &w));
    if (w->shape.rank != 4 && w->shape.rank != 3)
        return fv__onnx_refuse(n, "its window has %d dimensions; one or two are computed here",
                               w->shape.rank - 2);
    const bool flat = w->shape.rank == 3; /* a row */
    const fv_ints kernel = {2, {flat ? 1 : w->shape.dim[2], w->shape.dim[flat ? 2 : 3]}};
    FV_TRY(fv__onnx_set(n, &o, "filters", (double)w->shape.dim[0]));
    FV_TRY(fv__onnx_set_ints(n, &o, "kernel", &kernel, true));
    FV_TRY(fv__onnx_set_word(n, &o, "bias", fv__onnx_has(n, 2) ? "yes" : "no"));
    FV_TRY(set_auto_pad(n, &o, (fv_size){kernel.v[0], kernel.v[1]}));
    params[0] = w;
    if (fv__onnx_has(n, 2)) FV_TRY(fv__onnx_known(n, 2, "its bias", &params[1]));
    return fv__onnx_add(n, &o, in, 1, params, fv__onnx_has(n, 2) ? 2 : 1);
}

/* A step of the way from rows to maps of one row, or back. */
static fv_status lay(fv_onnx_node *n, const char *op, fv_entry *from, fv_entry *to) {
    const fv_ints axes = {1, {2}};
    fv_onnx_made o;
    FV_TRY(fv__onnx_plain(n, op, &o));
    FV_TRY(fv__onnx_set_ints(n, &o, "axes", &axes, false));
    return fv__onnx_add_to(n, &o, &from, 1, NULL, 0, &to, 1);
}

/* A pool along rows, [N, C, W], as one over maps, [N, C, 1, W]. */
static fv_status as_map(fv_onnx_node *n, const fv_onnx_made *o) {
    fv_entry *map, *pooled, *out;
    FV_TRY(fv__onnx_all_read(n));
    if (n->proto->n_output > 1) return fv__onnx_refuse(n, "its output 2 is not computed here");
    FV_TRY(fv__onnx_between(n, &map));
    FV_TRY(fv__onnx_between(n, &pooled));
    FV_TRY(fv__onnx_output(n, 0, &out));
    if (!out) return FV_OK;
    FV_TRY(lay(n, "unsqueeze", n->in[0], map));
    FV_TRY(fv__onnx_add_to(n, o, &map, 1, NULL, 0, &pooled, 1));
    return lay(n, "squeeze", pooled, out);
}

fv_status fv__onnx_take_pool(fv_onnx_node *n) {
    const bool max = strcmp(n->proto->op_type, "MaxPool") == 0;
    const int in[] = {0};
    int64_t order;
    fv_ints kernel;
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, max ? "maxpool" : "avgpool", &o));
    FV_TRY(fv__onnx_ints(n, "kernel_shape", &kernel));
    if (!fv__onnx_attribute(n, "strides")) FV_TRY(fv__onnx_set(n, &o, "stride", 1));
    if (!max && !fv__onnx_attribute(n, "count_include_pad"))
        FV_TRY(fv__onnx_set_word(n, &o, "count_pad", "no"));
    FV_TRY(set_auto_pad(n, &o, (fv_size){kernel.v[0], kernel.count > 1 ? kernel.v[1] : 1}));
    FV_TRY(fv__onnx_int(n, "storage_order", 0, &order));
    if (fv__onnx_has(n, 0) && fv__onnx_shape(n->im, n->in[0], NULL)->rank == 3)
        return as_map(n, &o);
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

fv_status fv__onnx_take_bn(fv_onnx_node *n) {
    const fv_constant *params[4];
    const int in[] = {0};
    int64_t spatial, mode;
    double momentum;
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "bn", &o));
    FV_TRY(fv__onnx_real(n, "momentum", 0.9, &momentum)); /* of the old statistic, not the new */
    FV_TRY(fv__onnx_set(n, &o, "momentum", 1 - momentum));
    FV_TRY(fv__onnx_int(n, "spatial", 1, &spatial));
    FV_TRY(fv__onnx_int(n, "training_mode", 0, &mode));
    FV_TRY(fv__onnx_int(n, "is_test", 1, &mode));
    (void)fv__onnx_attribute(n, "consumed_inputs");
    if (!spatial) return fv__onnx_refuse(n, "spatial=0 is not computed here");
    for (int i = 0; i < 4; i++) FV_TRY(fv__onnx_known(n, i + 1, "a parameter", &params[i]));
    return fv__onnx_add(n, &o, in, 1, params, 4);
}

fv_status fv__onnx_transposed(const fv_onnx_node *n, const fv_constant *from, fv_constant *out) {
    const fv_shape turned = fv__shape2(from->shape.dim[1], from->shape.dim[0]);
    FV_TRY(fv__constant_new(n->im->ctx, &n->im->arena, FV_F32, &turned, out));
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
    FV_TRY(fv__constant_new(n->im->ctx, &n->im->arena, FV_F32, &shape, out));
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

/* In inference it passes everything on. */
fv_status fv__onnx_take_dropout(fv_onnx_node *n) {
    int64_t ignored;
    fv_onnx_made o;
    if (fv__onnx_has(n, 2) && !(n->in[2]->known && fv__constant_get(&n->in[2]->constant, 0) == 0))
        return fv__onnx_refuse(n, "dropping in inference (training_mode) is not computed here");
    FV_TRY(fv__onnx_make(n, "dropout", &o));
    FV_TRY(fv__onnx_int(n, "seed", 0, &ignored));
    FV_TRY(fv__onnx_int(n, "is_test", 0, &ignored));
    (void)fv__onnx_attribute(n, "consumed_inputs");
    FV_TRY(fv__onnx_all_read(n));
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    fv_entry *from = n->in[0], *to[2];
    for (int i = 0; i < 2; i++) FV_TRY(fv__onnx_output(n, i, &to[i]));
    if (to[1]) { /* what it let through: all */
        const fv_shape shape = *fv__onnx_shape(n->im, from, NULL);
        FV_TRY(fv__constant_new(n->im->ctx, &n->im->arena, FV_BOOL8, &shape, &to[1]->constant));
        to[1]->known = true;
        for (int64_t i = 0, count = fv__shape_count(&shape); i < count; i++)
            fv__constant_set(&to[1]->constant, i, 1);
    }
    return fv__onnx_add_to(n, &o, &from, 1, NULL, 0, to, 1);
}

fv_status fv__onnx_take_convtranspose(fv_onnx_node *n) {
    const fv_constant *w, *params[2];
    const int in[] = {0};
    int64_t groups;
    fv_ints sizes;
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "convtranspose", &o));
    FV_TRY(fv__onnx_int(n, "group", 1, &groups));
    FV_TRY(fv__onnx_known(n, 1, "its weight", &w));
    FV_TRY(fv__onnx_ints(n, "output_shape", &sizes));
    if (sizes.count) return fv__onnx_refuse(n, "output_shape is not read; pads are");
    if (w->shape.rank != 4)
        return fv__onnx_refuse(n, "its weight has %d dimensions; two of a window are computed here",
                               w->shape.rank - 2);
    const fv_ints kernel = {2, {w->shape.dim[2], w->shape.dim[3]}};
    FV_TRY(fv__onnx_set(n, &o, "filters", (double)w->shape.dim[1] * (double)groups));
    FV_TRY(fv__onnx_set_ints(n, &o, "kernel", &kernel, true));
    FV_TRY(fv__onnx_set_word(n, &o, "bias", fv__onnx_has(n, 2) ? "yes" : "no"));
    FV_TRY(set_auto_pad(n, &o, (fv_size){kernel.v[0], kernel.v[1]}));
    params[0] = w;
    if (fv__onnx_has(n, 2)) FV_TRY(fv__onnx_known(n, 2, "its bias", &params[1]));
    return fv__onnx_add(n, &o, in, 1, params, fv__onnx_has(n, 2) ? 2 : 1);
}

/* One slope, or one for each channel. */
fv_status fv__onnx_take_prelu(fv_onnx_node *n) {
    const fv_constant *slope;
    const int in[] = {0};
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "prelu", &o));
    FV_TRY(fv__onnx_known(n, 1, "its slope", &slope));
    const fv_shape *x = fv__onnx_shape(n->im, n->in[0], NULL), *s = &slope->shape;
    const int64_t count = fv__shape_count(s), channels = fv__channels(x);
    const int behind = x->rank - 2; /* dimensions behind the channels */
    bool each = count == channels && s->rank > behind && s->dim[s->rank - 1 - behind] == count;
    if (n->im->opset < 7) each = count == channels; /* then one dimension sufficed */
    if (count != 1 && !each)
        return fv__onnx_refuse(n, "slopes other than one, or one a channel, are not computed here");
    FV_TRY(fv__onnx_set_word(n, &o, "slopes", count == 1 ? "one" : "channels"));
    return fv__onnx_add(n, &o, in, 1, &slope, 1);
}

/* Two parameters, the second of which may be left out: zeros. */
fv_status fv__onnx_take_layernorm(fv_onnx_node *n) {
    const fv_constant *params[2];
    const int in[] = {0};
    fv_constant zeros;
    int64_t axis, type;
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "layernorm", &o));
    FV_TRY(fv__onnx_int(n, "axis", -1, &axis));
    FV_TRY(fv__onnx_int(n, "stash_type", 1, &type));
    FV_TRY(fv__onnx_set(n, &o, "axis", (double)axis));
    FV_TRY(fv__onnx_known(n, 1, "its scale", &params[0]));
    FV_TRY(fv__constant_new(n->im->ctx, &n->im->arena, FV_F32, &params[0]->shape, &zeros));
    params[1] = &zeros;
    if (fv__onnx_has(n, 2)) FV_TRY(fv__onnx_known(n, 2, "its bias", &params[1]));
    return fv__onnx_add(n, &o, in, 1, params, 2);
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
