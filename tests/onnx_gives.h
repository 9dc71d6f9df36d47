/* SPDX-License-Identifier: MIT */
/*
 * onnx_gives.h - models of one operator, written with onnx_writer.h, read and run: for the tests of
 * what ONNX's operators mean. Nobody has to use all of it.
 */
#ifndef FV_TESTS_ONNX_GIVES_H
#define FV_TESTS_ONNX_GIVES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "onnx/onnx.h"
#include "onnx_writer.h"
#include "plan/plan.h"

#ifdef FV_HAVE_ONNX
#include <math.h>

static fv_context *ctx;
static onnx_writer w;

static inline int open_context(void **state) {
    (void)state;
    return fv_context_new(1, &ctx) == FV_OK ? 0 : 1;
}

static inline int close_context(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

#define DIMS(...)                                                                                  \
    (int)(sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t)), (int64_t[]) {                         \
        __VA_ARGS__                                                                                \
    }
#define LIST(...) DIMS(__VA_ARGS__)
#define FLOATS(...)                                                                                \
    (const float[]) {                                                                              \
        __VA_ARGS__                                                                                \
    }

/* A model of that opset whose input x has these dimensions. */
static inline void begin(int64_t opset, int rank, const int64_t *dims) {
    write_begin(&w, opset);
    write_input(&w, "x", rank, dims);
}

static inline void compare(int64_t opset, const char *name, const float *got, int count,
                           const float *wanted) {
    for (int i = 0; i < count; i++)
        if (fabsf(got[i] - wanted[i]) > 1e-5f)
            fail_msg("opset %d: number %d of %s is %g, expected %g", (int)opset, i, name,
                     (double)got[i], (double)wanted[i]);
}

/* What value holds after x has run through, as floats: so many for each sample. */
static inline int64_t run(const fv_onnx_import *import, int value, int batch, const float *x,
                          float out[512]) {
    const fv_value *v = &import->graph->values[value];
    const int64_t count = batch * fv__shape_count(&v->shape);
    const fv_plan_options options = {.batch = batch, .keep = &value, .keep_count = 1};
    fv_plan *plan;
    fv_exec *exec;
    float buffer[512];
    assert_true(count <= 512);
    assert_int_equal(fv__plan_new(ctx, import->graph, &options, &plan), FV_OK);
    assert_int_equal(
        fv__exec_new(ctx, plan, &(fv_exec_options){.host_weights = import->weights}, &exec), FV_OK);
    fv__exec_write(exec, import->inputs[0].value, x);
    fv__exec_forward(exec, &(fv_exec_run){0}, NULL);
    fv__exec_read(exec, value, buffer);
    const fv_constant c = {v->type.dtype, v->shape, buffer};
    for (int64_t k = 0; k < count; k++) out[k] = (float)fv__constant_get(&c, k);
    fv__exec_free(exec);
    fv__plan_free(plan);
    return count;
}

/* The first output of the file, a constant or not. */
static inline int64_t read_output(const fv_onnx_import *import, const float *x, float out[512]) {
    const fv_onnx_port *port = &import->outputs[0];
    if (port->value >= 0) return run(import, port->value, 1, x, out);
    const int64_t count = fv__shape_count(&port->constant->shape);
    assert_true(count <= 512);
    for (int64_t k = 0; k < count; k++) out[k] = (float)fv__constant_get(port->constant, k);
    return count;
}

/* The model's output y, of x: these numbers, so many. Maps are also read as a batch of images. */
static inline void gives(const float *x, int count, const float *wanted) {
    const Onnx__TensorShapeProto *shape = w.input[0].type->tensor_type->shape;
    const bool images = shape->n_dim == 4 && shape->dim[0]->dim_value == 1;
    assert_int_equal(write_end(&w, "y", ctx, "opset.onnx"), FV_OK);
    for (int fixed = 1; fixed >= !images; fixed--) {
        const fv_onnx_options options = {.fixed = fixed};
        fv_onnx_import import;
        float got[512];
        if (fv__onnx_import(ctx, "opset.onnx", &options, &import) != FV_OK)
            fail_msg("%s", ctx->message);
        assert_int_equal(read_output(&import, x, got), count);
        compare(w.opset.version, w.node[0].op_type, got, count, wanted);
        fv__onnx_import_free(&import);
    }
}

static inline void refused_as(bool fixed, const char *words) {
    const fv_onnx_options options = {.fixed = fixed};
    fv_onnx_import import;
    assert_int_equal(write_end(&w, "y", ctx, "opset.onnx"), FV_OK);
    const fv_status status = fv__onnx_import(ctx, "opset.onnx", &options, &import);
    if (status != FV_BAD_INPUT || !strstr(ctx->message, words))
        fail_msg("status %d, '%s' not in: %s", (int)status, words, ctx->message);
}

static inline void refused(const char *words) {
    refused_as(true, words);
}

#else

#define FV_NO_ONNX_MAIN                                                                            \
    int main(void) {                                                                               \
        puts("SKIP: built without ONNX");                                                          \
        return 77;                                                                                 \
    }

#endif
#endif
