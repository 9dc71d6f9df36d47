/* SPDX-License-Identifier: MIT */
/*
 * writes_points.c - activations, arithmetic and reductions. See write_list.h.
 */
#include "onnx/writer.h"

#ifdef FV_HAVE_ONNX
#include "op/scaledtanh.h"

#include <string.h>

/* x times a number, as a value on the way, or as `out`. */
static const char *times(fv_onnx_writer *w, const char *out, const char *x, double v) {
    return FV_ONNX_PUT(w, "Mul", out, x, fv__onnx_number(w, v));
}

static const char *plus(fv_onnx_writer *w, const char *out, const char *x, double v) {
    return FV_ONNX_PUT(w, "Add", out, x, fv__onnx_number(w, v));
}

/* x P(X < x) of a normal X: by the error function, or as the tanh that comes near it. */
void fv__onnx_write_gelu(fv_onnx_writer *w) {
    const bool near = fv__onnx_option_is(w, "approximate", "tanh");
    const char *x = fv__onnx_x(w, 0), *u;
    if (near) {
        const char *cube = FV_ONNX_PUT(w, "Pow", NULL, x, fv__onnx_number(w, 3));
        u = FV_ONNX_PUT(w, "Add", NULL, x, times(w, NULL, cube, 0.044715));
        u = FV_ONNX_PUT(w, "Tanh", NULL, times(w, NULL, u, 0.79788456080286536)); /* sqrt(2/pi) */
    } else
        u = FV_ONNX_PUT(w, "Erf", NULL, times(w, NULL, x, 0.70710678118654752)); /* sqrt(1/2) */
    const char *p = times(w, NULL, plus(w, NULL, u, 1), 0.5);
    (void)FV_ONNX_PUT(w, "Mul", fv__onnx_y(w, 0), x, p);
}

void fv__onnx_write_silu(fv_onnx_writer *w) {
    const char *x = fv__onnx_x(w, 0), *s = FV_ONNX_PUT(w, "Sigmoid", NULL, x);
    (void)FV_ONNX_PUT(w, "Mul", fv__onnx_y(w, 0), x, s);
}

void fv__onnx_write_mish(fv_onnx_writer *w) {
    const char *x = fv__onnx_x(w, 0), *s = FV_ONNX_PUT(w, "Softplus", NULL, x);
    (void)FV_ONNX_PUT(w, "Mul", fv__onnx_y(w, 0), x, FV_ONNX_PUT(w, "Tanh", NULL, s));
}

/* log(1 + exp(beta x))/beta; theirs has a beta of 1. */
void fv__onnx_write_softplus(fv_onnx_writer *w) {
    const double beta = fv__onnx_option_real(w, "beta");
    const char *x = fv__onnx_x(w, 0), *y = fv__onnx_y(w, 0);
    if (beta == 1) {
        (void)FV_ONNX_PUT(w, "Softplus", y, x);
        return;
    }
    const char *s = FV_ONNX_PUT(w, "Softplus", NULL, times(w, NULL, x, beta));
    (void)FV_ONNX_PUT(w, "Div", y, s, fv__onnx_number(w, beta));
}

void fv__onnx_write_scaledtanh(fv_onnx_writer *w) {
    const char *x = times(w, NULL, fv__onnx_x(w, 0), FV_SCALED_TANH_SLOPE);
    (void)times(w, fv__onnx_y(w, 0), FV_ONNX_PUT(w, "Tanh", NULL, x), FV_SCALED_TANH_SCALE);
}

/* x times a hard sigmoid, which is what it was written as before opset 14. */
void fv__onnx_write_hardswish(fv_onnx_writer *w) {
    const char *x = fv__onnx_x(w, 0), *y = fv__onnx_y(w, 0);
    if (w->opset >= 14) {
        (void)FV_ONNX_PUT(w, "HardSwish", y, x);
        return;
    }
    const char *s = FV_ONNX_PUT(w, "HardSigmoid", NULL, x);
    fv__onnx_say_real(w, "alpha", 1.0 / 6);
    fv__onnx_say_real(w, "beta", 0.5);
    (void)FV_ONNX_PUT(w, "Mul", y, x, s);
}

/* The bounds became inputs. */
void fv__onnx_write_clip(fv_onnx_writer *w) {
    if (w->opset < 11) {
        fv__onnx_write_as(w, "Clip");
        return;
    }
    const double min = fv__onnx_option_real(w, "min"), max = fv__onnx_option_real(w, "max");
    (void)FV_ONNX_PUT(w, "Clip", fv__onnx_y(w, 0), fv__onnx_x(w, 0), fv__onnx_number(w, min),
                      fv__onnx_number(w, max));
}

/* Neighbouring channels get a dimension of their own, whose largest number stays. */
void fv__onnx_write_maxout(fv_onnx_writer *w) {
    const fv_shape *s = fv__onnx_y_shape(w, 0);
    int64_t apart[FV_RANK_MAX + 1] = {0};
    const int64_t axes[] = {2};
    apart[1] = s->dim[1];
    apart[2] = fv__onnx_option_int(w, "pieces");
    for (int d = 2; d < s->rank; d++) apart[d + 1] = s->dim[d];
    (void)FV_ONNX_PUT(w, "ReduceMax", fv__onnx_y(w, 0),
                      fv__onnx_reshape(w, NULL, fv__onnx_x(w, 0), apart, s->rank + 1));
    fv__onnx_say_ints(w, "axes", axes, 1);
    fv__onnx_say_int(w, "keepdims", 0);
}

/* Before opset 13 all dimensions from the axis on belong together; so the axis comes last. */
void fv__onnx_write_softmax(fv_onnx_writer *w) {
    const fv_shape *s = fv__onnx_x_shape(w, 0);
    const int rank = s->rank;
    const char *op = w->layer->op->onnx, *y = fv__onnx_y(w, 0);
    int64_t axis = fv__onnx_option_int(w, "axis"), turn[FV_RANK_MAX], behind = 1;
    if (axis < 0) axis += rank;
    for (int64_t d = axis + 1; d < rank; d++) behind *= s->dim[d];
    if (w->opset >= 13 || behind == 1) {
        (void)FV_ONNX_PUT(w, op, y, fv__onnx_x(w, 0));
        fv__onnx_say_int(w, "axis", axis);
        return;
    }
    for (int d = 0; d < rank; d++) turn[d] = d; /* changing places undoes itself */
    turn[axis] = rank - 1;
    turn[rank - 1] = axis;
    const char *x = fv__onnx_transpose(w, NULL, fv__onnx_x(w, 0), turn, rank);
    x = FV_ONNX_PUT(w, op, NULL, x);
    fv__onnx_say_int(w, "axis", rank - 1);
    (void)fv__onnx_transpose(w, y, x, turn, rank);
}

static bool is_real(const fv_onnx_writer *w) {
    return w->graph->values[w->layer->in[0]].type.dtype == FV_F32;
}

/* Of one input nothing happens; Add takes whole numbers too, where Sum does not. */
void fv__onnx_write_sum(fv_onnx_writer *w) {
    const int count = w->layer->inputs;
    if (count == 1 || (is_real(w) && count > 2 && w->opset >= 8)) {
        fv__onnx_write_as(w, count == 1 ? "Identity" : "Sum");
        return;
    }
    const char *y = fv__onnx_x(w, 0);
    for (int i = 1; i < count; i++)
        y = FV_ONNX_PUT(w, "Add", i == count - 1 ? fv__onnx_y(w, 0) : NULL, y, fv__onnx_x(w, i));
}

/* Min, max, pow. */
void fv__onnx_write_extreme(fv_onnx_writer *w) {
    if (!is_real(w)) fv__onnx_since(w, 12, "its like for whole numbers");
    fv__onnx_write_as(w, w->layer->op->onnx);
}

/* Of real numbers theirs has the sign of x only: x - floor(x/y) y has that of y. */
void fv__onnx_write_mod(fv_onnx_writer *w) {
    const char *x = fv__onnx_x(w, 0), *by = fv__onnx_x(w, 1);
    if (!is_real(w) || fv__onnx_option_bool(w, "fmod")) {
        (void)fv__onnx_put(w, "Mod", fv__onnx_y(w, 0), (const char *const[]){x, by}, 2);
        fv__onnx_say_int(w, "fmod", fv__onnx_option_bool(w, "fmod"));
        return;
    }
    const char *whole = FV_ONNX_PUT(w, "Floor", NULL, FV_ONNX_PUT(w, "Div", NULL, x, by));
    (void)FV_ONNX_PUT(w, "Sub", fv__onnx_y(w, 0), x, FV_ONNX_PUT(w, "Mul", NULL, whole, by));
}

void fv__onnx_write_gemm(fv_onnx_writer *w) {
    if (w->layer->inputs < 3) fv__onnx_since(w, 11, "Gemm without its third input");
    fv__onnx_write_as(w, "Gemm");
}

/* ---------------------------------------------------------------------------- reductions --- */

/* Without axes it is over all dimensions, there as here. */
void fv__onnx_write_reduce(fv_onnx_writer *w) {
    const fv_ints *axes = fv__onnx_option_ints(w, "axes");
    (void)FV_ONNX_PUT(w, w->layer->op->onnx, fv__onnx_y(w, 0), fv__onnx_x(w, 0));
    if (axes->count) fv__onnx_say_ints(w, "axes", axes->v, axes->count);
    fv__onnx_say_options(w);
}

/* The first whose axes became an input. */
void fv__onnx_write_reducesum(fv_onnx_writer *w) {
    const fv_ints *axes = fv__onnx_option_ints(w, "axes");
    if (w->opset < 13 || axes->count == 0) {
        fv__onnx_write_reduce(w);
        return;
    }
    (void)FV_ONNX_PUT(w, "ReduceSum", fv__onnx_y(w, 0), fv__onnx_x(w, 0),
                      fv__onnx_list(w, axes->v, axes->count));
    fv__onnx_say_options(w);
}

/* Their whole numbers are int64 where ours are int32. */
static void as_int32(fv_onnx_writer *w, const char *x) {
    (void)FV_ONNX_PUT(w, "Cast", fv__onnx_y(w, 0), x);
    fv__onnx_say_int(w, "to", fv__onnx_type_of(FV_I32));
}

void fv__onnx_write_pick(fv_onnx_writer *w) {
    const char *places = FV_ONNX_PUT(w, w->layer->op->onnx, NULL, fv__onnx_x(w, 0));
    if (fv__onnx_option_bool(w, "last")) {
        fv__onnx_since(w, 12, "select_last_index");
        fv__onnx_say_int(w, "select_last_index", 1);
    }
    fv__onnx_say_options(w);
    as_int32(w, places);
}

void fv__onnx_write_cumsum(fv_onnx_writer *w) {
    const int64_t axis = fv__onnx_option_int(w, "axis");
    (void)FV_ONNX_PUT(w, "CumSum", fv__onnx_y(w, 0), fv__onnx_x(w, 0), fv__onnx_list(w, &axis, 1));
    fv__onnx_say_options(w);
}

/* All dimensions, of which a part may be wanted. */
void fv__onnx_write_dims(fv_onnx_writer *w) {
    const int rank = fv__onnx_x_shape(w, 0)->rank;
    int64_t from = fv__onnx_option_int(w, "start"), to = fv__onnx_option_int(w, "end");
    int64_t places[FV_RANK_MAX];
    int count = 0;
    if (from < 0) from += rank;
    if (to < 0) to += rank;
    for (int64_t d = from > 0 ? from : 0; d < to && d < rank; d++) places[count++] = d;
    const char *list = FV_ONNX_PUT(w, "Shape", NULL, fv__onnx_x(w, 0));
    if (count < rank) list = FV_ONNX_PUT(w, "Gather", NULL, list, fv__onnx_list(w, places, count));
    as_int32(w, list);
}

/* A number without dimensions there, a list of one here. */
void fv__onnx_write_size(fv_onnx_writer *w) {
    const int64_t one[] = {1};
    const char *count = FV_ONNX_PUT(w, "Size", NULL, fv__onnx_x(w, 0));
    as_int32(w, fv__onnx_reshape(w, NULL, count, one, 1));
}

#endif
