/* SPDX-License-Identifier: MIT */
/*
 * constant: y = the numbers given, one and the same for all samples, whatever x is. The language's
 * own constants; a program and a file have fv_builder_constant and tensors.
 */
#include "op/shapes.h"

#include <inttypes.h>
#include <math.h>

typedef struct fv_constant_options {
    fv_ints shape;
    int type;
    fv_long_reals values;
} fv_constant_options;

static const char *const types[] = {"float", "int32", "int64", "bool", NULL};
static const fv_dtype dtypes[] = {FV_F32, FV_I32, FV_I64, FV_BOOL8};
/* What a number of each must lie between; real ones have no bounds here. */
static const double least[] = {-INFINITY, INT32_MIN, -0x1p53, 0};
static const double most[] = {INFINITY, INT32_MAX, 0x1p53, 1};

static const fv_field fields[] = {
    {"values", "the numbers; one alone counts everywhere", FV_REALS,
     offsetof(fv_constant_options, values), NULL, -1e308, 1e308,
     FV_POSITIONAL | FV_REQUIRED | FV_LONG, NULL, NULL},
    {"shape", "their dimensions: 3,4; otherwise one, as long as there are numbers", FV_INTS,
     offsetof(fv_constant_options, shape), NULL, 1, 1e15, 0, NULL, NULL},
    {"type", "what they are", FV_CHOICE, offsetof(fv_constant_options, type), "float", 0, 0, 0,
     types, NULL},
    {0}};

static fv_status check_values(fv_context *ctx, const fv_constant_options *o) {
    if (o->type < 0 || o->type >= (int)(sizeof dtypes / sizeof *dtypes))
        return fv__fail(ctx, FV_BAD_INPUT, "constant does not know type %d", o->type);
    if (o->values.count < 1 || o->values.count > FV_LONG_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "constant holds 1 to %d numbers, not %d", FV_LONG_MAX,
                        o->values.count);
    for (int i = 0; i < o->values.count; i++) {
        const double v = o->values.v[i];
        if (o->type != 0 && (!(v >= least[o->type] && v <= most[o->type]) || v != floor(v)))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "type %s is for whole numbers from %.0f to %.0f, not %g; others are of "
                            "type float",
                            types[o->type], least[o->type], most[o->type], v);
    }
    return FV_OK;
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_constant_options *o = site->options;
    FV_TRY(fv__shape_inputs(ctx, site));
    FV_TRY(check_values(ctx, o));
    fv_shape *y = &site->out[0];
    if (o->shape.count < 0 || o->shape.count > FV_RANK_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "shape has at most %d dimensions, not %d", FV_RANK_MAX,
                        o->shape.count);
    *y = (fv_shape){.rank = o->shape.count};
    for (int d = 0; d < y->rank; d++) {
        y->dim[d] = o->shape.v[d];
        if (y->dim[d] < 1)
            return fv__fail(ctx, FV_BAD_INPUT, "a dimension must be at least 1, not %" PRId64,
                            y->dim[d]);
    }
    if (y->rank == 0) *y = fv__shape1(o->values.count);
    site->out_type[0] = (fv_type){dtypes[o->type], false};
    FV_TRY(fv__shape_fits(ctx, site));
    const int64_t count = fv__shape_count(y);
    if (o->values.count != 1 && o->values.count != count)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "constant has %d numbers for a shape of %" PRId64
                        "; give as many, or one for all",
                        o->values.count, count);
    return FV_OK;
}

static void forward(const fv_pass *p) {
    const fv_constant_options *o = p->options;
    const fv_tensor *y = &p->y[0];
    for (int64_t i = 0, count = fv__shape_count(&y->shape); i < count; i++) {
        const double v = o->values.v[o->values.count > 1 ? i : 0];
        if (y->dtype == FV_F32)
            ((float *)y->data)[i] = (float)v;
        else if (y->dtype == FV_F64)
            ((double *)y->data)[i] = v;
        else if (y->dtype == FV_I32)
            ((int32_t *)y->data)[i] = (int32_t)v;
        else if (y->dtype == FV_I64)
            ((int64_t *)y->data)[i] = (int64_t)v;
        else
            ((uint8_t *)y->data)[i] = v != 0;
    }
}

static const char *const samples[] = {"0.5 ; 2x3x4x5",
                                      "1,-2,3.25 ; 3x7",
                                      "0 shape 2,3 ; bool 1x5",
                                      "1,2,3,4 shape 2,2 type int32 ; 2x3",
                                      "1,0 type bool ; 1x2x3",
                                      "7 type int64 ; constant 4",
                                      NULL};

const fv_op fv__op_constant = {
    .name = "constant",
    .help = "numbers that are written down, whatever flows in",
    .about =
        "y = the numbers given, one and the same for all samples; what flows in does not count.\n"
        "`mul { identity | constant 2 }` doubles, `gather axis 1 { identity | constant 2,0 type\n"
        "int32 }` takes two channels, `constant 0 shape 3,4` is twelve zeros. Has no gradient.\n"
        "As Constant and ConstantOfShape of ONNX (2017, 2018).",
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_first = 0xffffffffu,
    .options_size = sizeof(fv_constant_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward, forward},
    .samples = samples,
};
