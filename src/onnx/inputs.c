/* SPDX-License-Identifier: MIT */
/*
 * inputs.c - the inputs of an ONNX graph: the image, and others.
 */
#include "onnx/importer.h"

#ifdef FV_HAVE_ONNX
#include <string.h>

static fv_dtype dtype_of(int32_t onnx) {
    switch (onnx) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32:
        return FV_I32;
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT8:
        return FV_U8;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
        return FV_I8;
    case ONNX__TENSOR_PROTO__DATA_TYPE__BOOL:
        return FV_BOOL8;
    default:
        return FV_F32;
    }
}

/* Dimensions as stated; -1: symbolic or left out. */
static fv_status stated_shape(fv_importer *im, const Onnx__ValueInfoProto *v, fv_shape *shape,
                              fv_dtype *dtype) {
    const Onnx__TypeProto *type = v->type;
    if (type && type->value_case > ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
        return fv__fail(im->ctx, FV_BAD_INPUT, "the input %.80s is no tensor", v->name);
    if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || !type->tensor_type ||
        !type->tensor_type->shape)
        return fv__fail(im->ctx, FV_BAD_INPUT, "the input %.80s has no shape in the file", v->name);
    const Onnx__TensorShapeProto *s = type->tensor_type->shape;
    if (s->n_dim > FV_RANK_MAX - 1)
        return fv__fail(im->ctx, FV_BAD_INPUT,
                        "the input %.80s has %zu dimensions; %d are the most", v->name, s->n_dim,
                        FV_RANK_MAX - 1);
    *dtype = dtype_of(type->tensor_type->elem_type);
    *shape = (fv_shape){.rank = (int)s->n_dim};
    for (int d = 0; d < shape->rank; d++)
        shape->dim[d] =
            s->dim[d]->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE
                ? s->dim[d]->dim_value
                : -1;
    return FV_OK;
}

static const fv_onnx_given *given_for(const fv_onnx_options *o, const char *name) {
    for (int i = 0; i < o->given_count; i++)
        if (strcmp(o->given[i].name, name) == 0) return &o->given[i];
    return NULL;
}

/* An input as a value of its own; where nothing is a batch, of any type and shape. */
static fv_status further_input(fv_importer *im, const Onnx__ValueInfoProto *v,
                               const fv_onnx_options *o) {
    const fv_onnx_given *given = given_for(o, v->name);
    fv_shape shape;
    fv_dtype dtype;
    fv_entry *e;
    FV_TRY(stated_shape(im, v, &shape, &dtype));
    if (given) {
        shape = given->constant.shape;
        dtype = given->constant.dtype == FV_I64 ? FV_I32 : given->constant.dtype;
    }
    if (given && fv__shape_count(&shape) == 0) { /* no graph holds nothing, a constant may */
        FV_TRY(fv__importer_name(im, v->name, &e));
        e->known = true;
        e->constant = given->constant;
        return FV_OK;
    }
    if (!im->fixed && (shape.rank == 0 || shape.dim[0] > 1))
        return fv__fail(im->ctx, FV_BAD_INPUT,
                        "the input %.80s does not begin with the batch, an open dimension or 1",
                        v->name);
    if (!im->fixed) shape.dim[0] = 1;
    for (int d = 0; d < shape.rank; d++)
        if (shape.dim[d] < 1)
            return fv__fail(im->ctx, FV_BAD_INPUT, "dimension %d of the input %.80s is not stated",
                            d, v->name);
    FV_TRY(fv__importer_name(im, v->name, &e));
    if (given) e->known = e->given = true, e->constant = given->constant;
    char name[32];
    (void)fv__format(name, sizeof name, "input%zu", im->graph->value_count);
    const char *kept = fv__arena_text(&im->arena, name);
    if (!kept) return FV_EXHAUSTED;
    return fv__net_add_input(im->ctx, im->graph, kept, (fv_type){dtype, !im->fixed}, &shape,
                             &e->value);
}

/* The image: [batch, channels, height, width], of which only the batch may stay open. */
static fv_status image_input(fv_importer *im, const Onnx__ValueInfoProto *v, const char *name,
                             const fv_input *given) {
    fv_input input = {.scale = 1, .mean = {1, {0}}, .std = {1, {1}}};
    fv_shape shape;
    fv_dtype dtype;
    fv_entry *e;
    FV_TRY(stated_shape(im, v, &shape, &dtype));
    if (given) input = *given;
    FV_TRY(fv__importer_size(im, v->name, given, &shape));
    if (shape.rank != 4 || dtype != FV_F32 || shape.dim[0] > 1)
        return fv__fail(
            im->ctx, FV_BAD_INPUT,
            "the input %.80s is not a batch of images, float32 [N, C, H, W] with an open "
            "batch or one of 1",
            v->name);
    input.channels = shape.dim[1], input.height = shape.dim[2], input.width = shape.dim[3];
    FV_TRY(fv__net_new(im->ctx, name, &input, &im->graph));
    FV_TRY(fv__importer_name(im, v->name, &e));
    e->value = 0;
    return FV_OK;
}

fv_status fv__onnx_read_inputs(fv_importer *im, const fv_onnx_options *o) {
    const Onnx__GraphProto *g = im->model->graph;
    const char *name = g->name && *g->name ? g->name : "onnx";
    if (im->fixed) {
        const fv_input dummy = {
            .channels = 1, .height = 1, .width = 1, .scale = 1, .mean = {1, {0}}, .std = {1, {1}}};
        FV_TRY(fv__net_new(im->ctx, "onnx", &dummy, &im->graph));
    }
    for (size_t i = 0; i < g->n_input; i++) {
        const Onnx__ValueInfoProto *v = g->input[i];
        if (!v->name) return fv__fail(im->ctx, FV_BAD_INPUT, "an input of the file has no name");
        const fv_entry *there = fv__importer_find(im, v->name);
        if (there && there->value < 0) continue; /* an initializer: old files list those too */
        FV_TRY(im->graph ? further_input(im, v, o) : image_input(im, v, name, o->input));
    }
    if (im->graph) return FV_OK;
    return fv__fail(im->ctx, FV_BAD_INPUT, "the file has no input");
}

#endif
