/* SPDX-License-Identifier: MIT */
/*
 * test_onnx.c - ONNX files that are written here, good and bad: what is imported, and that whatever
 * is wrong with a file is said in words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/file.h"
#include "onnx/onnx.h"

#ifdef FV_HAVE_ONNX
#include <onnx/onnx.pb-c.h>

static fv_context *ctx;

static int open_context(void **state) {
    (void)state;
    return fv_context_new(1, &ctx) == FV_OK ? 0 : 1;
}

static int close_context(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

/* ------------------------------------------------------------------------ a file of one layer ---
 */

/* x [N,2,4,4] -> Conv (3 filters of 3x3) -> Relu -> y, every part of which a test may spoil. */
typedef struct sample {
    Onnx__ModelProto model;
    Onnx__OperatorSetIdProto opset, *opsets[1];
    Onnx__GraphProto graph;
    Onnx__NodeProto conv, relu, *nodes[2];
    char *conv_in[3], *conv_out[1], *relu_in[1], *relu_out[1];
    Onnx__AttributeProto pads, extra, *attributes[2];
    int64_t pad[4];
    Onnx__TensorProto weight, bias, *weights[2];
    int64_t weight_dims[4], bias_dims[1];
    float weight_numbers[54], bias_numbers[3];
    Onnx__ValueInfoProto x, y, *inputs[1], *outputs[1];
    Onnx__TypeProto type;
    Onnx__TypeProto__Tensor tensor;
    Onnx__TensorShapeProto shape;
    Onnx__TensorShapeProto__Dimension dim[4], *dims[4];
    Onnx__StringStringEntryProto entry[3], *entries[3];
} sample;

static void make_weights(sample *s) {
    onnx__tensor_proto__init(&s->weight);
    onnx__tensor_proto__init(&s->bias);
    for (int i = 0; i < 54; i++) s->weight_numbers[i] = (float)(i % 7 - 3) / 8;
    for (int i = 0; i < 3; i++) s->bias_numbers[i] = (float)i;
    memcpy(s->weight_dims, (int64_t[]){3, 2, 3, 3}, sizeof s->weight_dims);
    s->bias_dims[0] = 3;
    s->weight.name = "w", s->bias.name = "b";
    s->weight.dims = s->weight_dims, s->weight.n_dims = 4;
    s->bias.dims = s->bias_dims, s->bias.n_dims = 1;
    s->weight.has_data_type = s->bias.has_data_type = 1;
    s->weight.data_type = s->bias.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    s->weight.float_data = s->weight_numbers, s->weight.n_float_data = 54;
    s->bias.float_data = s->bias_numbers, s->bias.n_float_data = 3;
    s->weights[0] = &s->weight, s->weights[1] = &s->bias;
}

static void make_nodes(sample *s) {
    onnx__node_proto__init(&s->conv);
    onnx__node_proto__init(&s->relu);
    onnx__attribute_proto__init(&s->pads);
    onnx__attribute_proto__init(&s->extra);
    for (int i = 0; i < 4; i++) s->pad[i] = 1;
    s->pads.name = "pads", s->pads.ints = s->pad, s->pads.n_ints = 4;
    s->pads.has_type = 1, s->pads.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
    s->extra.name = "colour", s->extra.has_i = 1;
    s->attributes[0] = &s->pads, s->attributes[1] = &s->extra;
    s->conv_in[0] = "x", s->conv_in[1] = "w", s->conv_in[2] = "b";
    s->conv_out[0] = s->relu_in[0] = "h", s->relu_out[0] = "y";
    s->conv.op_type = "Conv", s->conv.name = "layer/conv";
    s->conv.input = s->conv_in, s->conv.n_input = 3;
    s->conv.output = s->conv_out, s->conv.n_output = 1;
    s->conv.attribute = s->attributes, s->conv.n_attribute = 1;
    s->relu.op_type = "Relu", s->relu.input = s->relu_in, s->relu.n_input = 1;
    s->relu.output = s->relu_out, s->relu.n_output = 1;
    s->nodes[0] = &s->conv, s->nodes[1] = &s->relu;
}

static void make_ports(sample *s) {
    onnx__value_info_proto__init(&s->x);
    onnx__value_info_proto__init(&s->y);
    onnx__type_proto__init(&s->type);
    onnx__type_proto__tensor__init(&s->tensor);
    onnx__tensor_shape_proto__init(&s->shape);
    for (int d = 0; d < 4; d++) {
        onnx__tensor_shape_proto__dimension__init(&s->dim[d]);
        s->dim[d].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        s->dim[d].dim_value = d == 1 ? 2 : 4;
        s->dims[d] = &s->dim[d];
    }
    s->dim[0].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    s->dim[0].dim_param = "N";
    s->shape.dim = s->dims, s->shape.n_dim = 4;
    s->tensor.shape = &s->shape, s->tensor.has_elem_type = 1;
    s->tensor.elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    s->type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    s->type.tensor_type = &s->tensor;
    s->x.name = "x", s->x.type = &s->type, s->y.name = "y";
    s->inputs[0] = &s->x, s->outputs[0] = &s->y;
}

static void make(sample *s) {
    memset(s, 0, sizeof *s);
    onnx__model_proto__init(&s->model);
    onnx__operator_set_id_proto__init(&s->opset);
    onnx__graph_proto__init(&s->graph);
    make_weights(s);
    make_nodes(s);
    make_ports(s);
    s->opset.has_version = 1, s->opset.version = 13, s->opsets[0] = &s->opset;
    s->graph.name = "sample";
    s->graph.node = s->nodes, s->graph.n_node = 2;
    s->graph.initializer = s->weights, s->graph.n_initializer = 2;
    s->graph.input = s->inputs, s->graph.n_input = 1;
    s->graph.output = s->outputs, s->graph.n_output = 1;
    s->model.has_ir_version = 1, s->model.ir_version = 8;
    s->model.opset_import = s->opsets, s->model.n_opset_import = 1;
    s->model.graph = &s->graph;
}

static uint8_t *pack(const sample *s, size_t *size) {
    *size = onnx__model_proto__get_packed_size(&s->model);
    uint8_t *bytes = malloc(*size + 1);
    onnx__model_proto__pack(&s->model, bytes);
    return bytes;
}

static fv_status import(const sample *s, fv_onnx_import *out) {
    size_t size;
    uint8_t *bytes = pack(s, &size);
    assert_int_equal(fv__file_write(ctx, "sample.onnx", bytes, size), FV_OK);
    free(bytes);
    const fv_onnx_options options = {0};
    return fv__onnx_import(ctx, "sample.onnx", &options, out);
}

static void refused(const sample *s, const char *words) {
    fv_onnx_import out;
    const fv_status status = import(s, &out);
    if (status != FV_BAD_INPUT || !strstr(ctx->message, words))
        fail_msg("status %d, '%s' not in: %s", (int)status, words, ctx->message);
    assert_null(out.graph);
    assert_null(out.weights);
}

static void test_good(void **state) {
    (void)state;
    sample s;
    fv_onnx_import out;
    make(&s);
    if (import(&s, &out) != FV_OK) fail_msg("%s", ctx->message);
    assert_string_equal(out.graph->name, "sample");
    assert_int_equal(out.graph->node_count, 2);
    assert_string_equal(out.graph->nodes[0].name, "layer_conv");
    assert_string_equal(out.graph->nodes[0].op->name, "conv");
    assert_string_equal(out.graph->nodes[1].op->name, "relu");
    assert_int_equal(fv__net_parameters(out.graph, false), 57);
    assert_memory_equal(out.weights + out.graph->params[0].offset, s.weight_numbers, 54 * 4);
    assert_memory_equal(out.weights + out.graph->params[1].offset, s.bias_numbers, 3 * 4);
    assert_int_equal(out.input_count, 1);
    assert_int_equal(out.output_count, 1);
    assert_int_equal(out.outputs[0].value, out.graph->heads[0].value);
    fv__onnx_import_free(&out);
}

/* The same numbers in each way that a file may hold them. */
/* What leads to no output is left out, whatever it is. */
static void test_dead_end(void **state) {
    (void)state;
    sample s;
    fv_onnx_import out;
    make(&s);
    s.y.name = "h";
    s.relu.op_type = "Reelu";
    if (import(&s, &out) != FV_OK) fail_msg("%s", ctx->message);
    assert_int_equal(out.graph->node_count, 1);
    fv__onnx_import_free(&out);
}

static void test_types(void **state) {
    (void)state;
    sample s;
    fv_onnx_import out;
    double wide[54];
    make(&s);
    for (int i = 0; i < 54; i++) wide[i] = (double)s.weight_numbers[i];
    for (int way = 0; way < 2; way++) {
        make(&s);
        s.weight.n_float_data = 0;
        if (way == 0) {
            s.weight.has_raw_data = 1;
            s.weight.raw_data = (ProtobufCBinaryData){216, (uint8_t *)s.weight_numbers};
        } else {
            s.weight.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE;
            s.weight.double_data = wide, s.weight.n_double_data = 54;
        }
        if (import(&s, &out) != FV_OK) fail_msg("way %d: %s", way, ctx->message);
        assert_memory_equal(out.weights + out.graph->params[0].offset, s.weight_numbers, 54 * 4);
        fv__onnx_import_free(&out);
    }
}

static void put_outside(sample *s, const char *location, const char *offset) {
    const char *keys[] = {"location", "offset"}, *values[] = {location, offset};
    make(s);
    s->weight.n_float_data = 0;
    s->weight.has_data_location = 1;
    s->weight.data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    for (int i = 0; i < 2; i++) {
        onnx__string_string_entry_proto__init(&s->entry[i]);
        s->entry[i].key = (char *)(uintptr_t)keys[i];
        s->entry[i].value = (char *)(uintptr_t)values[i];
        s->entries[i] = &s->entry[i];
    }
    s->weight.external_data = s->entries, s->weight.n_external_data = 2;
}

static void test_numbers_in_another_file(void **state) {
    (void)state;
    sample s;
    fv_onnx_import out;
    float block[60] = {0};
    make(&s);
    memcpy(block + 4, s.weight_numbers, sizeof s.weight_numbers);
    assert_int_equal(fv__file_write(ctx, "numbers.bin", block, sizeof block), FV_OK);
    put_outside(&s, "numbers.bin", "16");
    if (import(&s, &out) != FV_OK) fail_msg("%s", ctx->message);
    assert_memory_equal(out.weights + out.graph->params[0].offset, s.weight_numbers, 54 * 4);
    fv__onnx_import_free(&out);
    put_outside(&s, "numbers.bin", "40");
    refused(&s, "216 bytes from 40 on");
    put_outside(&s, "numbers.bin", "18446744073709551615");
    refused(&s, "offset of its numbers");
    static const char *const elsewhere[] = {"../numbers.bin", "/etc/passwd", "a/../../b", "", ".."};
    for (int i = 0; i < 5; i++) {
        put_outside(&s, elsewhere[i], "0");
        refused(&s, "not a file beside the model");
    }
    put_outside(&s, "missing.bin", "0");
    refused(&s, "missing.bin");
}

static void test_bad_tensors(void **state) {
    (void)state;
    sample s;
    make(&s);
    s.weight.n_float_data = 53;
    refused(&s, "w has dimensions for 54 numbers, but 53 of them");
    make(&s);
    s.weight_dims[0] = -3;
    refused(&s, "w: dimension 0 is -3");
    make(&s); /* a count that wraps around */
    s.weight_dims[0] = s.weight_dims[1] = s.weight_dims[2] = s.weight_dims[3] = (int64_t)1 << 40;
    refused(&s, "too many elements");
    make(&s); /* a terabyte that is not there */
    s.weight_dims[0] = (int64_t)1 << 36;
    refused(&s, "numbers, but");
    make(&s);
    s.weight.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__COMPLEX64;
    refused(&s, "w holds complex64, which is not read");
    make(&s);
    s.weight.data_type = 12345;
    refused(&s, "an unknown type");
    make(&s);
    s.bias_dims[0] = 1;
    s.bias.n_float_data = 1;
    refused(&s, "its parameter layer_conv.bias has to be 3, and is 1 in the file");
}

static void test_bad_graphs(void **state) {
    (void)state;
    sample s;
    make(&s);
    s.conv.op_type = "Convolve", s.relu.op_type = "Reelu";
    refused(&s, "operators that there are not: Convolve (node layer/conv), Reelu (node y)");
    make(&s); /* a circle */
    s.conv_in[0] = "y";
    refused(&s, "its input y is not there, or comes later");
    make(&s);
    s.conv.n_attribute = 2;
    refused(&s, "its attribute 'colour' is not known here");
    make(&s);
    s.pads.n_ints = 3;
    refused(&s, "node layer/conv (Conv): pad");
    make(&s);
    s.pads.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
    refused(&s, "'pads' must be a list of whole numbers");
    make(&s);
    s.conv_in[1] = "x";
    refused(&s, "its weight must be in the file; it is computed while the network runs");
    make(&s);
    s.conv_out[0] = "y", s.relu_in[0] = "x";
    refused(&s, "two tensors of the file are called y");
    make(&s);
    s.y.name = "z";
    refused(&s, "nothing computes the output z");
    make(&s);
    s.opset.version = 99;
    refused(&s, "opset 99; 1 to 17 are read");
    make(&s);
    s.graph.n_input = 0;
    refused(&s, "has no input");
    make(&s);
    s.dim[2].value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE__NOT_SET;
    refused(&s, "the file leaves the height of the input x open; say it, such as input=2x224x224");
    const fv_input wanted = {.channels = 2, .height = 5, .width = 4}, other = {.channels = 3};
    fv_onnx_options options = {.input = &wanted};
    fv_onnx_import out;
    assert_int_equal(fv__onnx_import(ctx, "sample.onnx", &options, &out), FV_OK);
    assert_int_equal(out.graph->values[0].shape.dim[2], 5);
    fv__onnx_import_free(&out);
    options.input = &other;
    assert_int_equal(fv__onnx_import(ctx, "sample.onnx", &options, &out), FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "channels of the input x is 2 in the file, and 3 is"));
    make(&s);
    s.model.graph = NULL;
    refused(&s, "holds no graph");
}

/* Cut anywhere, and with any byte changed: read or refused, never more. */
static void test_damage(void **state) {
    (void)state;
    sample s;
    size_t size;
    make(&s);
    uint8_t *bytes = pack(&s, &size), *copy = malloc(size);
    const fv_onnx_options options = {0};
    for (size_t at = 0; at < 2 * size; at++) {
        fv_onnx_import out;
        const bool cut = at >= size;
        memcpy(copy, bytes, size);
        if (!cut) copy[at] = (uint8_t)(copy[at] + 1 + 37 * at);
        assert_int_equal(fv__file_write(ctx, "bad.onnx", copy, cut ? at - size : size), FV_OK);
        const fv_status status = fv__onnx_import(ctx, "bad.onnx", &options, &out);
        assert_true(status == FV_OK || status == FV_BAD_INPUT || status == FV_EXHAUSTED);
        if (status == FV_OK)
            fv__onnx_import_free(&out);
        else
            assert_true(ctx->message[0] && out.graph == NULL);
    }
    free(bytes);
    free(copy);
}

/* Graphs within attributes within graphs: protobuf-c would follow them to the end of the stack. */
static void test_depth(void **state) {
    (void)state;
    enum { LEVELS = 99999 };
    uint8_t *bytes = malloc(16 * LEVELS);
    size_t at = 16 * LEVELS, size = 0;
    /* From the inside out: attribute.g (6), node.attribute (5), graph.node (1). */
    static const uint8_t tags[] = {6 << 3 | 2, 5 << 3 | 2, 1 << 3 | 2};
    for (int i = 0; i < LEVELS && at > 16; i++) {
        uint8_t varint[5];
        int n = 0;
        for (size_t v = size; n == 0 || v; v >>= 7)
            varint[n++] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
        at -= (size_t)n;
        memcpy(bytes + at, varint, (size_t)n);
        bytes[--at] = tags[i % 3];
        size = 16 * LEVELS - at;
    }
    uint8_t head[8] = {0x08, 8, 7 << 3 | 2};
    size_t n = 3;
    for (size_t v = size; n == 3 || v; v >>= 7)
        head[n++] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
    const fv_piece pieces[] = {{head, n}, {bytes + at, size}};
    assert_int_equal(fv__file_write_pieces(ctx, "deep.onnx", pieces, 2), FV_OK);
    free(bytes);
    fv_onnx_import out;
    const fv_onnx_options options = {0};
    assert_int_equal(fv__onnx_import(ctx, "deep.onnx", &options, &out), FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "too deep"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),        cmocka_unit_test(test_dead_end),
        cmocka_unit_test(test_types),       cmocka_unit_test(test_numbers_in_another_file),
        cmocka_unit_test(test_bad_tensors), cmocka_unit_test(test_bad_graphs),
        cmocka_unit_test(test_damage),      cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}

#else

int main(void) {
    puts("SKIP: built without ONNX");
    return 77;
}

#endif
