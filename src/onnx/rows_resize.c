/* SPDX-License-Identifier: MIT */
/*
 * rows_resize.c - Upsample, which became Resize, whose words and inputs changed with the opsets.
 *
 * Rows and columns of maps, by nearest pixels or means, are our `resize`. Whatever else there is is
 * done axis by axis: nearest places are gathered, means and cubic curves are products with a matrix
 * of their weights, which are known once the sizes are. Weights of cubic convolution: Keys 1981.
 */
#include "onnx/steps.h"
#include "op/resize.h"

#ifdef FV_HAVE_ONNX
#include <math.h>
#include <string.h>

#define TAPS    4   /* pixels that a cubic curve reads */
#define MOST    1e9 /* of a side, as our resize has it */
#define WEIGHTS 1e8 /* of one matrix */

typedef enum where { OURS, TF_HALF_PIXEL, TF_CROP } where;

/* What the node asks for, dimension by dimension. */
typedef struct plan {
    fv_onnx_node *n;
    int rank;
    int64_t in[FV_RANK_MAX], out[FV_RANK_MAX];
    double scale[FV_RANK_MAX];                   /* 0: sizes are given */
    double start[FV_RANK_MAX], end[FV_RANK_MAX]; /* of the region, as parts of the whole */
    where where;
    fv_resize_options o; /* coordinates and rounding; scale of the axis in hand */
    bool nearest, cubic, exclude;
    double a, beyond;
} plan;

/* ---------------------------------------------------------------------------------- sizes --- */

static fv_status set_extent(plan *p, int d, double out) {
    if (!(out >= 1 && out <= MOST))
        return fv__onnx_refuse(p->n, "dimension %d, which is %lld, would become %g", d,
                               (long long)p->in[d], out);
    p->out[d] = (int64_t)out;
    return FV_OK;
}

/* A scale or a size for each dimension. Scales are float32, where 0.7 times 10 is 7 and not a
   little less; so they are multiplied as such. */
static fv_status read_extents(plan *p, const fv_constant *c, bool sizes) {
    if (fv__shape_count(&c->shape) != p->rank)
        return fv__onnx_refuse(p->n, "it has %lld %s for %d dimensions",
                               (long long)fv__shape_count(&c->shape), sizes ? "sizes" : "scales",
                               p->rank);
    for (int d = 0; d < p->rank; d++) {
        const double v = fv__constant_get(c, d);
        if (!sizes) p->scale[d] = v;
        FV_TRY(set_extent(p, d, sizes ? v : floor((double)(float)((double)p->in[d] * v))));
    }
    return FV_OK;
}

/* Upsample of opset 7: an attribute; before, one for each side. */
static fv_status scales_of_attributes(plan *p, fv_constant *out) {
    const Onnx__AttributeProto *a = fv__onnx_attribute(p->n, "scales");
    const fv_shape list = fv__shape1(p->rank);
    double high, wide;
    FV_TRY(fv__onnx_real(p->n, "height_scale", 1, &high));
    FV_TRY(fv__onnx_real(p->n, "width_scale", 1, &wide));
    FV_TRY(fv__onnx_new(p->n, FV_F32, &list, out));
    if (a && a->n_floats != (size_t)p->rank)
        return fv__onnx_refuse(p->n, "it has %zu scales for %d dimensions", a->n_floats, p->rank);
    for (int i = 0; i < p->rank; i++)
        fv__constant_set(out, i,
                         a                  ? (double)a->floats[i]
                         : i < p->rank - 2  ? 1
                         : i == p->rank - 2 ? high
                                            : wide);
    return FV_OK;
}

static bool given(const fv_onnx_node *n, int i) {
    return fv__onnx_has(n, i) &&
           !(n->in[i]->known && fv__shape_count(&n->in[i]->constant.shape) == 0);
}

static fv_status read_sizes(plan *p, bool upsample, bool old) {
    const int at = old ? 1 : 2; /* from opset 11 on a region stands before the scales */
    const fv_constant *c;
    fv_constant scales;
    if (upsample && !fv__onnx_has(p->n, 1)) {
        FV_TRY(scales_of_attributes(p, &scales));
        return read_extents(p, &scales, false);
    }
    const bool sizes = !old && given(p->n, 3);
    FV_TRY(fv__onnx_known(p->n, sizes ? 3 : at, sizes ? "sizes" : "scales", &c));
    return read_extents(p, c, sizes);
}

/* The beginnings of all dimensions, then their ends. */
static fv_status read_region(plan *p) {
    const fv_constant *c;
    for (int d = 0; d < p->rank; d++) p->start[d] = 0, p->end[d] = 1;
    if (p->where != TF_CROP) return FV_OK;
    FV_TRY(fv__onnx_known(p->n, 1, "its region", &c));
    if (fv__shape_count(&c->shape) != 2 * p->rank)
        return fv__onnx_refuse(p->n, "its region needs %d numbers", 2 * p->rank);
    for (int d = 0; d < p->rank; d++) {
        p->start[d] = fv__constant_get(c, d);
        p->end[d] = fv__constant_get(c, p->rank + d);
    }
    return FV_OK;
}

/* ---------------------------------------------------------------------------------- words --- */

static fv_status read_words(plan *p, fv_onnx_made *o, bool old) {
    char mode[FV_WORD_MAX], where[FV_WORD_MAX], nearest[FV_WORD_MAX];
    fv_onnx_node *n = p->n;
    int64_t exclude;
    FV_TRY(fv__onnx_word(n, "mode", "nearest", mode));
    FV_TRY(fv__onnx_word(n, "coordinate_transformation_mode", old ? "asymmetric" : "half_pixel",
                         where));
    FV_TRY(fv__onnx_word(n, "nearest_mode", old ? "floor" : "round_prefer_floor", nearest));
    FV_TRY(fv__onnx_int(n, "exclude_outside", 0, &exclude));
    FV_TRY(fv__onnx_real(n, "cubic_coeff_a", -0.75, &p->a));
    FV_TRY(fv__onnx_real(n, "extrapolation_value", 0, &p->beyond));
    p->exclude = exclude != 0;
    p->nearest = strcmp(mode, "nearest") == 0;
    p->cubic = strcmp(mode, "cubic") == 0;
    p->where = strcmp(where, "tf_half_pixel_for_nn") == 0 ? TF_HALF_PIXEL
               : strcmp(where, "tf_crop_and_resize") == 0 ? TF_CROP
                                                          : OURS;
    const bool linear = strcmp(mode, "linear") == 0 || strcmp(mode, "bilinear") == 0;
    if (!p->nearest && !p->cubic && !linear) return fv__onnx_refuse(n, "its mode is '%s'", mode);
    if (linear) FV_TRY(fv__onnx_set_word(n, o, "mode", "bilinear"));
    if (p->where == OURS) FV_TRY(fv__onnx_set_word(n, o, "coordinates", where));
    FV_TRY(fv__onnx_set_word(n, o, "rounding", nearest));
    p->o = *(const fv_resize_options *)(const void *)o->data.bytes;
    return FV_OK;
}

/* ------------------------------------------------------------------------ axis by axis --- */

static double place_of(const plan *p, int d, int64_t at) {
    const double in = (double)p->in[d], out = (double)p->out[d];
    if (p->where == TF_HALF_PIXEL)
        return ((double)at + 0.5) / (p->scale[d] > 0 ? p->scale[d] : out / in);
    if (p->where == OURS) return fv__resize_place(&p->o, 0, p->in[d], p->out[d], at);
    const double start = p->start[d] * (in - 1), end = p->end[d] * (in - 1);
    return out > 1 ? start + (double)at * (end - start) / (out - 1) : (start + end) / 2;
}

/* What a pixel `off` away from the place counts. */
static double weight_of(const plan *p, double off) {
    const double x = fabs(off), a = p->a;
    if (!p->cubic) return x < 1 ? 1 - x : 0;
    return x <= 1  ? ((a + 2) * x - (a + 3)) * x * x + 1
           : x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
                   : 0;
}

/* The row of a matrix that reads the place x; beyond the edge the edge counts, or (exclude) only
   what lies within, which is made to add up to 1. */
static void fill_row(const plan *p, int64_t in, double x, const fv_constant *m, int64_t stride,
                     int64_t first) {
    const double low = floor(x) - (TAPS / 2 - 1);
    double sum = 0, weight[TAPS];
    for (int k = 0; k < TAPS; k++) {
        const double at = low + k;
        weight[k] = p->exclude && (at < 0 || at > (double)(in - 1)) ? 0 : weight_of(p, x - at);
        sum += weight[k];
    }
    for (int k = 0; k < TAPS; k++) {
        const double at = fmin(fmax(low + k, 0), (double)(in - 1));
        const int64_t i = first + (int64_t)at * stride;
        fv__constant_set(m, i, fv__constant_get(m, i) + weight[k] / (sum != 0 ? sum : 1));
    }
}

static fv_entry *nearest_along(fv_onnx_steps *s, plan *p, int d, fv_entry *x) {
    const fv_shape list = fv__shape1(p->out[d]);
    fv_entry *in[] = {x, fv__step_constant(s, FV_I32, &list)};
    fv_onnx_made o;
    if (s->status != FV_OK) return NULL;
    for (int64_t i = 0; i < p->out[d]; i++) {
        const double at = place_of(p, d, i);
        fv__constant_set(&in[1]->constant, i, (double)fv__resize_nearest(&p->o, p->in[d], at));
    }
    s->status = fv__onnx_plain(s->n, "gather", &o);
    if (s->status == FV_OK) s->status = fv__onnx_set(s->n, &o, "axis", d);
    return fv__step_made(s, &o, in, 2);
}

/* The product with the weights, of the last dimension or the one before it; another dimension
   changes places with the last one. */
static fv_entry *weighted_along(fv_onnx_steps *s, plan *p, int d, fv_entry *x) {
    const int last = p->rank - 1;
    const bool columns = d != last - 1, turn = d < last - 1;
    const fv_shape shape =
        columns ? fv__shape2(p->in[d], p->out[d]) : fv__shape2(p->out[d], p->in[d]);
    fv_ints perm = {p->rank, {0}};
    for (int k = 0; k < p->rank; k++) perm.v[k] = k == d ? last : k == last ? d : k;
    if ((double)p->in[d] * (double)p->out[d] > WEIGHTS)
        s->status = fv__onnx_refuse(s->n, "from %lld to %lld in this mode is too large here",
                                    (long long)p->in[d], (long long)p->out[d]);
    fv_entry *m = fv__step_constant(s, FV_F32, &shape);
    for (int64_t i = 0; m && i < p->out[d]; i++)
        fill_row(p, p->in[d], place_of(p, d, i), &m->constant, columns ? p->out[d] : 1,
                 columns ? i : i * p->in[d]);
    if (turn) x = fv__step_ints(s, "transpose", "perm", &perm, x);
    x = columns ? fv__step2(s, "matmul", x, m) : fv__step2(s, "matmul", m, x);
    return turn ? fv__step_ints(s, "transpose", "perm", &perm, x) : x;
}

/* Beyond the input a region of it holds one number. */
static fv_entry *fill_beyond(fv_onnx_steps *s, const plan *p, int d, fv_entry *y) {
    fv_shape shape = {p->rank - d, {0}};
    bool any = false;
    for (int k = 0; k < shape.rank; k++) shape.dim[k] = 1;
    shape.dim[0] = p->out[d];
    fv_entry *beyond = fv__step_constant(s, FV_BOOL8, &shape);
    for (int64_t i = 0; beyond && i < p->out[d]; i++) {
        const double at = place_of(p, d, i);
        const bool is = at < 0 || at > (double)(p->in[d] - 1);
        fv__constant_set(&beyond->constant, i, is);
        any = any || is;
    }
    return any ? fv__step3(s, "where", beyond, fv__step_number(s, p->beyond), y) : y;
}

/* Whether a dimension stays as it is. */
static bool still(const plan *p, int d) {
    const bool whole = p->start[d] == 0 && p->end[d] == 1;
    return p->in[d] == p->out[d] && whole && (p->scale[d] == 0 || p->scale[d] == 1);
}

static fv_status take_axes(plan *p) {
    fv_onnx_steps s = {.n = p->n};
    fv_entry *y = p->n->in[0];
    FV_TRY(fv__onnx_all_read(p->n));
    for (int d = 0; d < p->rank; d++) {
        if (still(p, d)) continue;
        p->o.scale = (fv_reals){p->scale[d] > 0, {p->scale[d]}};
        y = p->nearest ? nearest_along(&s, p, d, y) : weighted_along(&s, p, d, y);
        if (p->where == TF_CROP) y = fill_beyond(&s, p, d, y);
    }
    if (y == p->n->in[0]) y = fv__step(&s, "identity", y);
    return fv__steps_give(&s, 0, y);
}

/* ---------------------------------------------------------------------------------- taken --- */

/* Whether our resize can do it. */
static bool is_plain(const plan *p) {
    return p->rank == 4 && !p->cubic && p->where == OURS && still(p, 0) && still(p, 1);
}

fv_status fv__onnx_take_resize(fv_onnx_node *n) {
    const bool upsample = strcmp(n->proto->op_type, "Upsample") == 0;
    const bool old = upsample || n->im->opset < 11;
    const int in[] = {0};
    plan p = {.n = n};
    fv_onnx_made o;
    FV_TRY(fv__onnx_plain(n, "resize", &o));
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    const fv_shape *x = fv__onnx_shape(n->im, n->in[0], NULL);
    p.rank = x->rank;
    for (int d = 0; d < p.rank; d++) p.in[d] = x->dim[d];
    FV_TRY(read_words(&p, &o, old));
    FV_TRY(read_sizes(&p, upsample, old));
    FV_TRY(read_region(&p));
    if (!is_plain(&p)) return take_axes(&p);
    if (p.scale[2] > 0) {
        const fv_arg scale = {.is = FV_ARG_NUMBERS, .count = 2, .v = {p.scale[2], p.scale[3]}};
        FV_TRY(fv__onnx_set_arg(n, &o, "scale", &scale));
    } else {
        const fv_ints size = {2, {p.out[2], p.out[3]}};
        FV_TRY(fv__onnx_set_ints(n, &o, "size", &size, true));
    }
    return fv__onnx_add(n, &o, in, 1, NULL, 0);
}

#endif
