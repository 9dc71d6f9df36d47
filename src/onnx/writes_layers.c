/* SPDX-License-Identifier: MIT */
/*
 * writes_layers.c - layers with weights, and normalisations. See write_list.h.
 */
#include "onnx/writer.h"

#ifdef FV_HAVE_ONNX
#include "op/rbf.h"
#include "op/tableconv.h"

#include <string.h>

/* The sides of a kernel: the last two dimensions of filters, or of those of rows the last. */
static void kernel_of(const fv_onnx_writer *w, int64_t *rows, int64_t *columns) {
    const fv_shape *s = fv__onnx_w_shape(w, 0);
    *columns = s->dim[s->rank - 1];
    *rows = s->rank > 3 ? s->dim[s->rank - 2] : 1;
}

/* The filters turned by 180 degrees. */
static const char *mirrored(fv_onnx_writer *w) {
    const fv_shape *s = fv__onnx_w_shape(w, 0);
    const int64_t count = fv__shape_count(s);
    const float *from = fv__onnx_w_data(w, 0);
    float *to = fv__onnx_floats(w, count);
    int64_t rows, columns;
    kernel_of(w, &rows, &columns);
    const int64_t area = rows * columns;
    for (int64_t i = 0; to && i < count; i += area)
        for (int64_t q = 0; q < area; q++) to[i + q] = from[i + area - 1 - q];
    return fv__onnx_own_tensor(w, "mirrored", FV_F32, s, to);
}

void fv__onnx_write_conv(fv_onnx_writer *w) {
    (void)fv__onnx_option(w, "filters");
    (void)fv__onnx_option(w, "bias");
    (void)fv__onnx_option(w, "init"); /* how it began */
    const bool flip = fv__onnx_option_bool(w, "flip");
    (void)FV_ONNX_PUT(w, "Conv", fv__onnx_y(w, 0), fv__onnx_x(w, 0),
                      flip ? mirrored(w) : fv__onnx_w(w, 0), fv__onnx_w(w, 1));
    fv__onnx_say_options(w);
}

/* auto_pad of ONNX says other things here than `same`, so the sides are written: as much as takes
   the output to in * stride, or adds to it. */
static void say_same(fv_onnx_writer *w) {
    const fv_shape *x = fv__onnx_x_shape(w, 0), *y = fv__onnx_y_shape(w, 0);
    const fv_size *stride = fv__onnx_option(w, "stride");
    const fv_size *dilation = fv__onnx_option(w, "dilation");
    const fv_size *more = fv__onnx_option(w, "output_pad");
    const int64_t s[] = {stride->h, stride->w}, d[] = {dilation->h, dilation->w};
    int64_t kernel[2], pads[4], extra[] = {more->h, more->w}, sides = x->rank - 2;
    kernel_of(w, &kernel[0], &kernel[1]);
    for (int64_t i = 0; i < sides; i++) {
        const int64_t k = sides == 1 ? 1 : i; /* which of height and width */
        const int64_t all = (x->dim[2 + i] - 1) * s[k] + d[k] * (kernel[k] - 1) + 1 + extra[k];
        const int64_t off = all - y->dim[2 + i];
        pads[i] = off > 0 ? off / 2 : 0;
        pads[sides + i] = off > 0 ? off - off / 2 : 0;
        if (off < 0) extra[k] -= off;
    }
    fv__onnx_say_ints(w, "strides", s + 2 - sides, (int)sides);
    fv__onnx_say_ints(w, "dilations", d + 2 - sides, (int)sides);
    fv__onnx_say_ints(w, "output_padding", extra + 2 - sides, (int)sides);
    fv__onnx_say_ints(w, "pads", pads, (int)(2 * sides));
}

void fv__onnx_write_convtranspose(fv_onnx_writer *w) {
    (void)fv__onnx_option(w, "filters");
    (void)fv__onnx_option(w, "bias");
    (void)fv__onnx_option(w, "init"); /* how it began */
    (void)FV_ONNX_PUT(w, "ConvTranspose", fv__onnx_y(w, 0), fv__onnx_x(w, 0), fv__onnx_w(w, 0),
                      fv__onnx_w(w, 1));
    const fv_pad *pad = fv__onnx_option(w, "pad");
    if (pad->mode == FV_PAD_SAME)
        say_same(w);
    else
        w->told &= ~((uint64_t)1 << (fv__field_find(w->layer->op->fields, "pad") -
                                     w->layer->op->fields)); /* with the others */
    fv__onnx_say_options(w);
}

/* Kernels of the pairs that there are, among zeros: [filters, channels, height, width]. */
static const char *dense_filters(fv_onnx_writer *w) {
    const fv_shape *x = fv__onnx_x_shape(w, 0), *y = fv__onnx_y_shape(w, 0);
    const float *from = fv__onnx_w_data(w, 0);
    const int64_t channels = x->dim[1], filters = y->dim[1];
    fv_shape shape = *x;
    int64_t rows, columns;
    kernel_of(w, &rows, &columns);
    const int64_t area = rows * columns;
    shape.dim[0] = filters, shape.dim[1] = channels;
    if (x->rank > 3) shape.dim[2] = rows;
    shape.dim[x->rank - 1] = columns;
    float *to = fv__onnx_floats(w, fv__shape_count(&shape));
    for (int64_t k = 0; to && k < filters; k++)
        for (int64_t c = fv__tableconv_next(w->layer->options, channels, k, 0); c < channels;
             c = fv__tableconv_next(w->layer->options, channels, k, c + 1), from += area)
            memcpy(to + (k * channels + c) * area, from, (size_t)area * sizeof *to);
    return fv__onnx_own_tensor(w, "dense", FV_F32, &shape, to);
}

/* A number for every unit stands behind the batch. */
void fv__onnx_write_tableconv(fv_onnx_writer *w) {
    const bool unit = fv__onnx_option_is(w, "bias", "unit");
    (void)fv__onnx_option(w, "filters");
    (void)fv__onnx_option(w, "table");
    (void)fv__onnx_option(w, "masks");
    const char *y = FV_ONNX_PUT(w, "Conv", unit ? NULL : fv__onnx_y(w, 0), fv__onnx_x(w, 0),
                                dense_filters(w), unit ? NULL : fv__onnx_w(w, 1));
    fv__onnx_say_options(w);
    if (unit) (void)FV_ONNX_PUT(w, "Add", fv__onnx_y(w, 0), y, fv__onnx_w(w, 1));
}

/* A map is a vector to it. */
void fv__onnx_write_fc(fv_onnx_writer *w) {
    const char *x = fv__onnx_x(w, 0);
    (void)fv__onnx_option(w, "outputs");
    (void)fv__onnx_option(w, "bias");
    if (fv__onnx_x_shape(w, 0)->rank != 2) {
        x = FV_ONNX_PUT(w, "Flatten", NULL, x);
        fv__onnx_say_int(w, "axis", 1);
    }
    const char *bias = fv__onnx_w(w, 1);
    if (!bias && w->opset < 11) { /* C may be left out from there on */
        const fv_shape one = fv__shape1(1);
        bias = fv__onnx_own_tensor(w, "bias", FV_F32, &one, fv__onnx_floats(w, 1));
    }
    (void)FV_ONNX_PUT(w, "Gemm", fv__onnx_y(w, 0), x, fv__onnx_w(w, 0), bias);
    fv__onnx_say_int(w, "transB", 1);
}

/* Drawn prototypes are no parameter. */
static const char *prototypes(fv_onnx_writer *w) {
    const fv_shape shape = fv__shape2(FV_RBF_DIGITS, FV_RBF_PIXELS);
    if (!fv__onnx_option_is(w, "prototypes", "digits")) return fv__onnx_w(w, 0);
    float *v = fv__onnx_floats(w, fv__shape_count(&shape));
    for (int64_t i = 0; v && i < FV_RBF_DIGITS; i++)
        for (int64_t j = 0; j < FV_RBF_PIXELS; j++)
            v[i * FV_RBF_PIXELS + j] = (float)fv__rbf_pixel(i, j);
    return fv__onnx_own_tensor(w, "digits", FV_F32, &shape, v);
}

/* The squares of x_j - w_ij, added up over j. */
void fv__onnx_write_rbf(fv_onnx_writer *w) {
    const int64_t rank = fv__onnx_x_shape(w, 0)->rank;
    const int64_t row[] = {0, 1, -1}, last[] = {2};
    const bool negative = fv__onnx_option_bool(w, "negative");
    (void)fv__onnx_option(w, "units");
    const char *x = fv__onnx_x(w, 0);
    if (rank > 2) x = FV_ONNX_PUT(w, "Flatten", NULL, x);
    x = fv__onnx_reshape(w, NULL, x, row, 3);
    const char *apart = FV_ONNX_PUT(w, "Sub", NULL, x, prototypes(w));
    const char *y = fv__onnx_y(w, 0), *sum = negative ? NULL : y;
    sum = FV_ONNX_PUT(w, "ReduceSumSquare", sum, apart);
    fv__onnx_say_ints(w, "axes", last, 1);
    fv__onnx_say_int(w, "keepdims", 0);
    if (negative) (void)FV_ONNX_PUT(w, "Neg", y, sum);
}

/* Parameter i, one number a channel, so that it stretches over maps: [C,1,1]. `times` it. */
static const char *each_channel(fv_onnx_writer *w, int i, double times, int behind) {
    const int64_t count = fv__shape_count(fv__onnx_w_shape(w, i));
    const float *from = fv__onnx_w_data(w, i);
    float *to = fv__onnx_floats(w, count);
    fv_shape shape = fv__shape1(count);
    for (int d = 0; d < behind; d++) shape.dim[shape.rank++] = 1;
    for (int64_t k = 0; to && k < count; k++) to[k] = (float)(times * (double)from[k]);
    return fv__onnx_own_tensor(w, w->graph->params[w->layer->param[i]].spec.name, FV_F32, &shape,
                               to);
}

/* The sum of a window is its average times its size. */
void fv__onnx_write_subsample(fv_onnx_writer *w) {
    const fv_size *kernel = fv__onnx_option(w, "kernel"), *stride = fv__onnx_option(w, "stride");
    const int behind = fv__onnx_x_shape(w, 0)->rank - 2;
    const int64_t k[] = {kernel->h, kernel->w};
    const int64_t s[] = {stride->h ? stride->h : k[0], stride->w ? stride->w : k[1]};
    const double area =
        fv__onnx_option_is(w, "take", "sum") ? (double)(behind > 1 ? k[0] * k[1] : k[1]) : 1;
    const char *mean = FV_ONNX_PUT(w, "AveragePool", NULL, fv__onnx_x(w, 0));
    fv__onnx_say_ints(w, "kernel_shape", k + 2 - behind, behind);
    fv__onnx_say_ints(w, "strides", s + 2 - behind, behind);
    const char *scaled = FV_ONNX_PUT(w, "Mul", NULL, mean, each_channel(w, 0, area, behind));
    (void)FV_ONNX_PUT(w, "Add", fv__onnx_y(w, 0), scaled, each_channel(w, 1, 1, behind));
}

void fv__onnx_write_embedding(fv_onnx_writer *w) {
    (void)fv__onnx_option(w, "rows");
    (void)fv__onnx_option(w, "width");
    (void)FV_ONNX_PUT(w, "Gather", fv__onnx_y(w, 0), fv__onnx_w(w, 0), fv__onnx_x(w, 0));
}

/* ------------------------------------------------------------------------ normalisations --- */

/* Theirs is the share of the old statistic. */
void fv__onnx_write_bn(fv_onnx_writer *w) {
    const double momentum = 1 - fv__onnx_option_real(w, "momentum");
    fv__onnx_write_as(w, "BatchNormalization");
    fv__onnx_say_real(w, "momentum", momentum);
}

/* `count` times that number, as a list. */
static const char *same_numbers(fv_onnx_writer *w, const char *what, int64_t count, float v) {
    const fv_shape list = fv__shape1(count);
    float *data = fv__onnx_floats(w, count);
    for (int64_t i = 0; data && i < count; i++) data[i] = v;
    return fv__onnx_own_tensor(w, what, FV_F32, &list, data);
}

/* Channel c of the C, each over its own map: with scale 1 and shift 0. */
static const char *normalised(fv_onnx_writer *w, const char *out, const char *x, int64_t channels) {
    const char *y =
        FV_ONNX_PUT(w, "InstanceNormalization", out, x, same_numbers(w, "ones", channels, 1),
                    same_numbers(w, "zeros", channels, 0));
    fv__onnx_say_real(w, "epsilon", fv__onnx_option_real(w, "epsilon"));
    return y;
}

void fv__onnx_write_instancenorm(fv_onnx_writer *w) {
    if (fv__onnx_option_bool(w, "affine"))
        fv__onnx_write_as(w, "InstanceNormalization");
    else
        (void)normalised(w, fv__onnx_y(w, 0), fv__onnx_x(w, 0), fv__onnx_x_shape(w, 0)->dim[1]);
}

/* y = normalised * weight + bias, where the layer has them. */
static void scale_and_shift(fv_onnx_writer *w, const char *x, int behind) {
    const char *scaled = FV_ONNX_PUT(w, "Mul", NULL, x, each_channel(w, 0, 1, behind));
    (void)FV_ONNX_PUT(w, "Add", fv__onnx_y(w, 0), scaled, each_channel(w, 1, 1, behind));
}

/* Each group a channel of its own for a while. */
void fv__onnx_write_groupnorm(fv_onnx_writer *w) {
    const fv_shape *s = fv__onnx_x_shape(w, 0);
    const int64_t groups = fv__onnx_option_int(w, "groups"), lines[] = {0, groups, -1};
    const bool affine = fv__onnx_option_bool(w, "affine");
    int64_t back[FV_RANK_MAX] = {0};
    for (int d = 1; d < s->rank; d++) back[d] = s->dim[d];
    const char *x = fv__onnx_reshape(w, NULL, fv__onnx_x(w, 0), lines, 3);
    x = normalised(w, NULL, x, groups);
    x = fv__onnx_reshape(w, affine ? NULL : fv__onnx_y(w, 0), x, back, s->rank);
    if (affine) scale_and_shift(w, x, s->rank - 2);
}

/* (x - mean) / sqrt(variance + epsilon) over those dimensions, step by step; or the epsilon
   `behind` the root. */
static const char *standardised(fv_onnx_writer *w, const char *out, const int64_t *axes, int count,
                                double epsilon, bool behind) {
    const char *mean = FV_ONNX_PUT(w, "ReduceMean", NULL, fv__onnx_x(w, 0));
    fv__onnx_say_ints(w, "axes", axes, count);
    const char *x = FV_ONNX_PUT(w, "Sub", NULL, fv__onnx_x(w, 0), mean);
    const char *square = FV_ONNX_PUT(w, "Mul", NULL, x, x);
    const char *variance = FV_ONNX_PUT(w, "ReduceMean", NULL, square);
    fv__onnx_say_ints(w, "axes", axes, count);
    const char *by = variance, *number = fv__onnx_number(w, epsilon);
    if (!behind) by = FV_ONNX_PUT(w, "Add", NULL, by, number);
    by = FV_ONNX_PUT(w, "Sqrt", NULL, by);
    if (behind) by = FV_ONNX_PUT(w, "Add", NULL, by, number);
    return FV_ONNX_PUT(w, "Div", out, x, by);
}

/* One node from opset 17 on. */
void fv__onnx_write_layernorm(fv_onnx_writer *w) {
    const fv_shape *s = fv__onnx_x_shape(w, 0);
    const bool affine = fv__onnx_option_bool(w, "affine");
    int64_t axis = fv__onnx_option_int(w, "axis"), axes[FV_RANK_MAX];
    const double epsilon = fv__onnx_option_real(w, "epsilon");
    const char *y = fv__onnx_y(w, 0);
    int count = 0;
    if (axis < 0) axis += s->rank;
    if (w->opset >= 17 && affine) {
        (void)FV_ONNX_PUT(w, "LayerNormalization", y, fv__onnx_x(w, 0), fv__onnx_w(w, 0),
                          fv__onnx_w(w, 1));
        fv__onnx_say_int(w, "axis", axis);
        fv__onnx_say_real(w, "epsilon", epsilon);
        return;
    }
    for (int64_t d = axis; d < s->rank; d++) axes[count++] = d;
    const char *x = standardised(w, affine ? NULL : y, axes, count, epsilon, false);
    if (!affine) return;
    x = FV_ONNX_PUT(w, "Mul", NULL, x, fv__onnx_w(w, 0));
    (void)FV_ONNX_PUT(w, "Add", y, x, fv__onnx_w(w, 1));
}

/* Whether its epsilon is the usual one, which is theirs. */
static bool usual_epsilon(fv_onnx_writer *w) {
    (void)fv__onnx_option(w, "epsilon");
    return fv__field_is_default(fv__field_find(w->layer->op->fields, "epsilon"), w->layer->options);
}

void fv__onnx_write_meanvariance(fv_onnx_writer *w) {
    if (usual_epsilon(w)) {
        fv__onnx_write_as(w, "MeanVarianceNormalization");
        return;
    }
    const fv_ints *axes = fv__onnx_option_ints(w, "axes");
    (void)standardised(w, fv__onnx_y(w, 0), axes->v, axes->count,
                       fv__onnx_option_real(w, "epsilon"), true);
}

/* Theirs divides by the length however small it is. */
void fv__onnx_write_l2norm(fv_onnx_writer *w) {
    if (usual_epsilon(w)) {
        fv__onnx_write_as(w, "LpNormalization");
        return;
    }
    const int64_t axis = fv__onnx_option_int(w, "axis");
    const char *op = fv__onnx_option_int(w, "p") == 1 ? "ReduceL1" : "ReduceL2";
    const char *length = FV_ONNX_PUT(w, op, NULL, fv__onnx_x(w, 0));
    fv__onnx_say_ints(w, "axes", &axis, 1);
    fv__onnx_since(w, 8, "Max that broadcasts");
    length =
        FV_ONNX_PUT(w, "Max", NULL, length, fv__onnx_number(w, fv__onnx_option_real(w, "epsilon")));
    (void)FV_ONNX_PUT(w, "Div", fv__onnx_y(w, 0), fv__onnx_x(w, 0), length);
}

/* Within a channel there is no operator: the mean of squares of a square is an average pool. */
void fv__onnx_write_lrn(fv_onnx_writer *w) {
    if (!fv__onnx_option_is(w, "region", "within")) {
        fv__onnx_write_as(w, "LRN");
        return;
    }
    const int64_t size = fv__onnx_option_int(w, "size"), half = size / 2;
    const int64_t kernel[] = {size, size}, pads[] = {half, half, half, half};
    const char *x = fv__onnx_x(w, 0);
    const char *mean = FV_ONNX_PUT(w, "AveragePool", NULL, FV_ONNX_PUT(w, "Mul", NULL, x, x));
    fv__onnx_say_ints(w, "kernel_shape", kernel, 2);
    fv__onnx_say_ints(w, "pads", pads, 4);
    fv__onnx_say_int(w, "count_include_pad", 1);
    const char *s =
        FV_ONNX_PUT(w, "Mul", NULL, mean, fv__onnx_number(w, fv__onnx_option_real(w, "alpha")));
    s = FV_ONNX_PUT(w, "Add", NULL, s, fv__onnx_number(w, fv__onnx_option_real(w, "k")));
    s = FV_ONNX_PUT(w, "Pow", NULL, s, fv__onnx_number(w, fv__onnx_option_real(w, "beta")));
    (void)FV_ONNX_PUT(w, "Div", fv__onnx_y(w, 0), x, s);
}

/* The share that is dropped became an input. */
void fv__onnx_write_dropout(fv_onnx_writer *w) {
    if (w->opset < 12) {
        fv__onnx_write_as(w, "Dropout");
        return;
    }
    (void)FV_ONNX_PUT(w, "Dropout", fv__onnx_y(w, 0), fv__onnx_x(w, 0),
                      fv__onnx_number(w, fv__onnx_option_real(w, "rate")));
}

/* One slope, or one a channel, which the dimensions behind it share. */
void fv__onnx_write_prelu(fv_onnx_writer *w) {
    const bool one = fv__onnx_option_is(w, "slopes", "one");
    (void)fv__onnx_option(w, "initial");
    const int behind = fv__onnx_x_shape(w, 0)->rank - 2;
    (void)FV_ONNX_PUT(w, "PRelu", fv__onnx_y(w, 0), fv__onnx_x(w, 0),
                      one ? fv__onnx_w(w, 0) : each_channel(w, 0, 1, behind > 0 ? behind : 0));
}

#endif
