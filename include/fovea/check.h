/* SPDX-License-Identifier: MIT */
/*
 * check.h - the gradient check: backward against differences of forward, in double.
 */
#ifndef FOVEA_CHECK_H
#define FOVEA_CHECK_H

#include "common.h"

FV_BEGIN

/* One gradient: of a parameter of the whole network's loss, or of one layer's input or parameter
   looked at alone, which tells whose backward is wrong. */
typedef struct fv_checked_gradient {
    const char *name;       /* "conv1.weight"; "conv1, input 0" */
    const char *op;         /* of the layer: "conv" */
    int local;              /* the layer alone */
    double error;           /* |backward - difference| / |difference|, over the coordinates tried */
    int64_t tried, skipped; /* skipped: a kink or a tie lay within every step size */
    int wrong;
} fv_checked_gradient;

typedef struct fv_check {
    const char *net; /* its name */
    int count;
    const fv_checked_gradient *const *gradients;
    double worst;        /* error of all */
    int64_t wrong;       /* how many */
    const char *culprit; /* the first layer whose own backward is wrong, or NULL */
    const char *culprit_op;
} fv_check;

typedef struct fv_check_settings {
    size_t size;      /* FV_INIT(fv_check_settings) */
    int64_t batch;    /* random samples; 0: 2 */
    int64_t points;   /* coordinates tried per tensor; 0: 8 */
    double tolerance; /* relative error that is still right; 0: 1e-7 */
    uint64_t seed;    /* of weights, samples, labels and coordinates */
    /* Told of each gradient as it is checked; NULL: not wanted. */
    void (*watch)(void *user, const fv_checked_gradient *gradient);
    void *user;
} fv_check_settings;

/* FV_OK when every gradient agrees, FV_DIFFERS with a sentence that names the operator when not; in
   both cases *out is there. FV_BAD_INPUT: a network that cannot be trained. */
FV_MUST_USE FV_API fv_status fv_check_gradients(fv_context *ctx, const fv_net *net,
                                                const fv_check_settings *settings, fv_check **out);
FV_API void fv_check_free(fv_check *check); /* NULL is allowed */

/* ---------------------------------------------------------------------------- ONNX's tests --- */

/* A test as ONNX's own suite lays them out: a folder with model.onnx and folders test_data_set_0, 1
   … of input_0.pb … and output_0.pb …, and how it went. */
typedef enum fv_onnx_result { FV_ONNX_PASSED, FV_ONNX_FAILED, FV_ONNX_SKIPPED } fv_onnx_result;
typedef struct fv_onnx_case {
    size_t size; /* FV_INIT(fv_onnx_case) */
    fv_onnx_result result;
    double difference; /* |output - expected| / |expected|, Euclidean norms, of the output where it
                          is largest; -1: no output was compared */
    char op[64];       /* of its first node: "Conv" */
    char reason[512];  /* why it was skipped, or what differs: "output y: element 3 is 0.5, expected
                          0.25"; "" when it passed */
} fv_onnx_case;

typedef struct fv_onnx_settings {
    size_t size; /* FV_INIT(fv_onnx_settings) */
    double norm; /* the `difference` that still passes, of each output as a whole: for a deep
                    network, whose small numbers are sums of large ones and keep few digits. 0:
                    element by element, by ONNX's tolerances, rtol 1e-3 and atol 1e-7 */
    int plain;   /* 1: computed by the plain loops that define the operators */
} fv_onnx_settings;

/* Runs it with these settings (NULL: all 0). Whole numbers and truth values have to be the same in
   any case. What cannot be imported is skipped. FV_OK whatever the result; FV_BAD_INPUT when the
   folder holds no such test. */
FV_MUST_USE FV_API fv_status fv_check_onnx(fv_context *ctx, const char *folder,
                                           const fv_onnx_settings *settings, fv_onnx_case *out);

FV_END
#endif
