/* SPDX-License-Identifier: MIT */
/* Written by tests/oracle/ops_torch.py: all families. Do not edit. */
#ifndef VECTORS_OPS_H
#define VECTORS_OPS_H
#include <stdbool.h>

typedef struct torch_case {
    const char *op, *sample, *y; /* y: the dimensions of the first output */
    bool training;
    const double *numbers; /* outputs, gradients of inputs and parameters, running statistics */
    int count;
} torch_case;

#include "vectors/ops_activation.h"
#include "vectors/ops_arith.h"
#include "vectors/ops_conv.h"
#include "vectors/ops_detection.h"
#include "vectors/ops_fc.h"
#include "vectors/ops_join.h"
#include "vectors/ops_loss.h"
#include "vectors/ops_norm.h"
#include "vectors/ops_pool.h"
#include "vectors/ops_recurrent.h"
#include "vectors/ops_shape.h"

static const torch_case *const torch_families[] = {
    torch_activation,
    torch_arith,
    torch_conv,
    torch_detection,
    torch_fc,
    torch_join,
    torch_loss,
    torch_norm,
    torch_pool,
    torch_recurrent,
    torch_shape,
};

#endif
