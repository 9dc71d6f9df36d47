/* SPDX-License-Identifier: MIT */
/*
 * cast: y = x as another type. Real numbers become whole ones by leaving out what stands behind the
 * point; what is out of range becomes the nearest that is in it, and NaN becomes 0. Everything but
 * 0 is true. Between real numbers dx = dy.
 */
#include "op/broadcast.h"

#include <math.h>

typedef struct fv_cast_options {
    int to;
} fv_cast_options;

static const char *const types[] = {"float", "int32", "int64", "int8", "uint8", "bool", NULL};
static const fv_dtype dtypes[] = {FV_F32, FV_I32, FV_I64, FV_I8, FV_U8, FV_BOOL8};

static const fv_field fields[] = {{"to", "the type of y", FV_CHOICE, offsetof(fv_cast_options, to),
                                   NULL, 0, 0, FV_POSITIONAL | FV_REQUIRED, types, "to"},
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_cast_options *o = site->options;
    if (o->to < 0 || o->to >= (int)(sizeof dtypes / sizeof *dtypes))
        return fv__fail(ctx, FV_BAD_INPUT, "cast does not know type %d", o->to);
    FV_TRY(fv__shape_same(ctx, site));
    site->out_type[0].dtype = dtypes[o->to];
    return fv__shape_fits(ctx, site);
}

static double clamp(double v, double low, double high) {
    return isnan(v) ? 0 : v < low ? low : v > high ? high : v;
}

static void store(const fv_tensor *t, void *sample, int64_t i, double v) {
    switch (t->dtype) {
    case FV_F32:
        ((float *)sample)[i] = (float)v;
        return;
    case FV_F64:
        ((double *)sample)[i] = v;
        return;
    case FV_I32:
        ((int32_t *)sample)[i] = (int32_t)clamp(v, INT32_MIN, INT32_MAX);
        return;
    case FV_I64: /* the largest double below 2^63 */
        ((int64_t *)sample)[i] = (int64_t)clamp(v, -0x1p63, 0x1.fffffffffffffp62);
        return;
    case FV_I8:
        ((int8_t *)sample)[i] = (int8_t)clamp(v, INT8_MIN, INT8_MAX);
        return;
    case FV_U8:
        ((uint8_t *)sample)[i] = (uint8_t)clamp(v, 0, UINT8_MAX);
        return;
    default:
        ((uint8_t *)sample)[i] = v != 0;
    }
}

/* By way of a double, which holds all but the largest int64 exactly. */
static void forward(const fv_pass *p) {
    const int64_t size = fv__shape_sample(&p->y[0].shape), count = fv__samples(&p->y[0]);
    for (int64_t n = 0; n < count; n++) {
        const void *x = fv__sample(&p->x[0], n);
        void *y = fv__sample(&p->y[0], n);
        for (int64_t i = 0; i < size; i++) store(&p->y[0], y, i, fv__element(p->x[0].dtype, x, i));
    }
}

static void backward(const fv_pass *p) {
    const fv_tensor *dy = &p->dy[0], *dx = &p->dx[0];
    if (dx->data && dy->data && dx->dtype == dy->dtype)
        fv__tensor_convert(dy, dx, 0, fv__samples(dx), true);
}

/* y jumps where the whole number does. */
static uint64_t branches(const fv_pass *p) {
    const fv_tensor *x = &p->x[0];
    const int64_t size = fv__shape_sample(&x->shape), count = fv__samples(x);
    uint64_t hash = FV_BRANCHES_START;
    for (int64_t n = 0; n < count; n++)
        for (int64_t i = 0; i < size; i++) {
            const double v = fv__element(x->dtype, fv__sample(x, n), i);
            hash = fv__branches_add(hash, (int64_t)clamp(v, -1e15, 1e15) * 2 + (v != 0));
        }
    return hash;
}

static const char *const samples[] = {
    "float ; 2x3x4",           "float ; below 9 3x5",       "int32 ; bool 2x3",
    "int64 ; below 9 1x7",     "bool ; below 3 3x2x2",      "uint8 ; below 5 2x1x3",
    "float ; constant bool 4", "int8 ; constant below 9 5", NULL};

const fv_op fv__op_cast = {
    .name = "cast",
    .help = "the values as another type",
    .about = "y = x as float, int32, int64, int8, uint8 or bool. Real numbers lose what stands\n"
             "behind the point; what is out of range becomes the nearest that is in it, NaN\n"
             "becomes 0. Everything but 0 is true. Gradient: dx = dy from float to float; there\n"
             "is none through whole numbers. ONNX operator set 6, 2017.",
    .onnx = "Cast",
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_first = FV_NUMBERS_OR_BOOL | FV_TAKES(FV_I64) | FV_TAKES(FV_I8) | FV_TAKES(FV_U8),
    .options_size = sizeof(fv_cast_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward, forward},
    .backward = {backward, backward},
    .branches = branches,
    .samples = samples,
};
