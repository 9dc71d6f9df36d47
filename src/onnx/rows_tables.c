/* SPDX-License-Identifier: MIT */
/*
 * rows_tables.c - Range and EyeLike, which are known while the file is read; and what looks up
 * numbers by tables that are: Trilu, OneHot, GatherND.
 */
#include "onnx/steps.h"

#ifdef FV_HAVE_ONNX
#include <math.h>
#include <string.h>

static fv_status known_number(const fv_onnx_node *n, int i, const char *what, double *out) {
    const fv_constant *c;
    FV_TRY(fv__onnx_known(n, i, what, &c));
    if (fv__shape_count(&c->shape) != 1) return fv__onnx_refuse(n, "%s has to be one number", what);
    *out = fv__constant_get(c, 0);
    return FV_OK;
}

fv_status fv__onnx_take_range(fv_onnx_node *n) {
    static const char *const names[] = {"its start", "its limit", "its step"};
    fv_onnx_steps s = {.n = n};
    double v[3];
    FV_TRY(fv__onnx_all_read(n));
    for (int i = 0; i < 3; i++) FV_TRY(known_number(n, i, names[i], &v[i]));
    const double count = ceil((v[1] - v[0]) / v[2]);
    if (!(count < 1e9)) return fv__onnx_refuse(n, "from %g to %g by %g", v[0], v[1], v[2]);
    const fv_shape shape = fv__shape1(count > 0 ? (int64_t)count : 0);
    fv_entry *y = fv__step_constant(&s, n->in[0]->constant.dtype, &shape);
    for (int64_t i = 0; y && i < shape.dim[0]; i++)
        fv__constant_set(&y->constant, i, v[0] + (double)i * v[2]);
    return fv__steps_give(&s, 0, y);
}

/* Of the type that is said, or of the input's. */
fv_status fv__onnx_take_eyelike(fv_onnx_node *n) {
    fv_onnx_steps s = {.n = n};
    int64_t above, type;
    FV_TRY(fv__onnx_int(n, "k", 0, &above));
    FV_TRY(fv__onnx_int(n, "dtype", 0, &type));
    FV_TRY(fv__onnx_all_read(n));
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    const fv_shape shape = *fv__onnx_shape(n->im, n->in[0], NULL);
    const char *name = fv__onnx_type_name((int32_t)type);
    const fv_dtype dtype = type == 0                        ? fv__onnx_dtype(n->im, n->in[0])
                           : strncmp(name, "int", 3) == 0   ? FV_I32
                           : strncmp(name, "float", 5) == 0 ? FV_F32
                                                            : FV_DTYPES;
    if (dtype == FV_DTYPES) return fv__onnx_refuse(n, "of type %s it is not made here", name);
    if (shape.rank != 2) return fv__onnx_refuse(n, "its input is no matrix");
    fv_entry *y = fv__step_constant(&s, dtype, &shape);
    for (int64_t r = 0; y && r < shape.dim[0]; r++)
        if (above >= -r && above < shape.dim[1] - r)
            fv__constant_set(&y->constant, r * shape.dim[1] + r + above, 1);
    return fv__steps_give(&s, 0, y);
}

/* The last two dimensions, 0 below or above a diagonal. */
fv_status fv__onnx_take_trilu(fv_onnx_node *n) {
    fv_onnx_steps s = {.n = n};
    double k = 0;
    int64_t upper;
    FV_TRY(fv__onnx_int(n, "upper", 1, &upper));
    FV_TRY(fv__onnx_all_read(n));
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    if (fv__onnx_has(n, 1)) FV_TRY(known_number(n, 1, "its diagonal", &k));
    const fv_shape *x = fv__onnx_shape(n->im, n->in[0], NULL);
    if (x->rank < 2) return fv__onnx_refuse(n, "its input is no matrix");
    const fv_shape matrix = fv__shape2(x->dim[x->rank - 2], x->dim[x->rank - 1]);
    if (fv__shape_count(x) == 0)
        return fv__steps_give(&s, 0, fv__step_constant(&s, fv__onnx_dtype(n->im, n->in[0]), x));
    fv_entry *stays = fv__step_constant(&s, FV_BOOL8, &matrix);
    for (int64_t i = 0; stays && i < matrix.dim[0] * matrix.dim[1]; i++) {
        const double off = (double)(i % matrix.dim[1] - i / matrix.dim[1]);
        fv__constant_set(&stays->constant, i, upper ? off >= k : off <= k);
    }
    const bool real = fv__onnx_dtype(n->im, n->in[0]) == FV_F32;
    fv_entry *zero = real ? fv__step_number(&s, 0) : fv__step_whole(&s, 0);
    return fv__steps_give(&s, 0, fv__step3(&s, "where", stays, n->in[0], zero));
}

/* --------------------------------------------------------------------------------- one hot --- */

/* 0 … depth - 1 along dimension `axis` of `rank`. */
static fv_entry *classes(fv_onnx_steps *s, int64_t depth, int axis, int rank) {
    fv_shape shape = {rank - axis, {0}};
    for (int d = 0; d < shape.rank; d++) shape.dim[d] = d == 0 ? depth : 1;
    fv_entry *e = fv__step_constant(s, FV_I32, &shape);
    for (int64_t i = 0; e && i < depth; i++) fv__constant_set(&e->constant, i, (double)i);
    return e;
}

/* `values` are what stands elsewhere and what stands at the class; negative classes count from the
   end, others that are not there stand nowhere. */
fv_status fv__onnx_take_onehot(fv_onnx_node *n) {
    fv_onnx_steps s = {.n = n};
    const fv_constant *values;
    int64_t axis;
    double depth;
    FV_TRY(fv__onnx_int(n, "axis", -1, &axis));
    FV_TRY(fv__onnx_all_read(n));
    FV_TRY(known_number(n, 1, "its depth", &depth));
    FV_TRY(fv__onnx_known(n, 2, "its two values", &values));
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    const int rank = fv__onnx_shape(n->im, n->in[0], NULL)->rank + 1;
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank || !(depth >= 1 && depth < 1e9) || rank > FV_RANK_MAX ||
        fv__shape_count(&values->shape) != 2)
        return fv__onnx_refuse(n, "its axis, its depth or its two values are none");
    const fv_ints at = {1, {axis}};
    fv_entry *x = fv__step_word(&s, "cast", "to", "int32", n->in[0]);
    fv_entry *back = fv__step2(&s, "sum", x, fv__step_whole(&s, (double)(int64_t)depth));
    x = fv__step3(&s, "where", fv__step2(&s, "less", x, fv__step_whole(&s, 0)), back, x);
    fv_entry *is = fv__step2(&s, "equal", fv__step_ints(&s, "unsqueeze", "axes", &at, x),
                             classes(&s, (int64_t)depth, (int)axis, rank));
    fv_entry *two[2];
    for (int i = 0; i < 2; i++) {
        const double v = fv__constant_get(values, i);
        two[i] = values->dtype == FV_F32 ? fv__step_number(&s, v) : fv__step_whole(&s, v);
    }
    return fv__steps_give(&s, 0, fv__step3(&s, "where", is, two[1], two[0]));
}

/* --------------------------------------------------------------------------- gather by rows --- */

/* Places of `depth` numbers each as places in the dimensions they name, laid out as one; those of
   the first `batch` dimensions are counted. */
static fv_entry *flat_places(fv_onnx_steps *s, const fv_constant *c, const fv_shape *x, int batch) {
    const int depth = (int)c->shape.dim[c->shape.rank - 1];
    const int64_t count = fv__shape_count(&c->shape) / depth;
    fv_shape shape = c->shape;
    int64_t each = count;
    shape.rank--;
    for (int d = 0; d < batch; d++) each /= c->shape.dim[d];
    fv_entry *to = fv__step_constant(s, FV_I32, &shape);
    for (int64_t i = 0; to && i < count; i++) {
        int64_t at = batch ? i / each : 0;
        for (int k = 0; k < depth; k++) {
            const int64_t size = x->dim[batch + k], v = fv__constant_int(c, i * depth + k);
            if (v < -size || v >= size)
                s->status = fv__onnx_refuse(s->n, "place %lld is not among %lld", (long long)v,
                                            (long long)size);
            at = at * size + (v < 0 ? v + size : v);
        }
        fv__constant_set(&to->constant, i, (double)at);
    }
    return to;
}

fv_status fv__onnx_take_gathernd(fv_onnx_node *n) {
    fv_onnx_steps s = {.n = n};
    const fv_constant *c;
    int64_t batch;
    fv_onnx_made o;
    FV_TRY(fv__onnx_int(n, "batch_dims", 0, &batch));
    FV_TRY(fv__onnx_all_read(n));
    FV_TRY(fv__onnx_known(n, 1, "its places", &c));
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    const fv_shape *x = fv__onnx_shape(n->im, n->in[0], NULL);
    const int rank = c->shape.rank;
    const int64_t depth = rank > 0 ? c->shape.dim[rank - 1] : 0;
    if (fv__shape_count(x) > INT32_MAX) return fv__onnx_refuse(n, "its input is too large");
    if (batch < 0 || depth < 1 || batch >= rank || batch + depth > x->rank ||
        fv__shape_count(&c->shape) < 1)
        return fv__onnx_refuse(n, "its places do not fit its input");
    for (int d = 0; d < batch; d++)
        if (c->shape.dim[d] != x->dim[d]) return fv__onnx_refuse(n, "its places do not fit");
    fv_ints merged = {1, {-1}};
    for (int d = (int)(batch + depth); d < x->rank; d++) merged.v[merged.count++] = x->dim[d];
    fv_entry *const in[] = {fv__step_ints(&s, "reshape", "shape", &merged, n->in[0]),
                            flat_places(&s, c, x, (int)batch)};
    FV_TRY(s.status);
    FV_TRY(fv__onnx_plain(n, "gather", &o));
    FV_TRY(fv__onnx_set(n, &o, "axis", 0));
    return fv__steps_give(&s, 0, fv__step_made(&s, &o, in, 2));
}

#endif
