/* SPDX-License-Identifier: MIT */
/*
 * fold: a batch normalisation folded into the convolution or fully connected layer in front of it.
 * In inference bn is y = g (x - mean) + bias with g = weight/sqrt(variance + epsilon), per channel,
 * so that
 *     w' = g w,   b' = g (b - mean) + bias.
 * Inputs: the layer's weight [K,…], its bias [K] (or nothing), then bn's weight, bias, mean and
 * variance, all [K]. Outputs: w', b'. Only plans use it, once per set of weights;
 * where several things are folded, the outputs are the first inputs of the second time.
 */
#ifndef FV_LOOPS
#include "base/thread.h"
#include "op/bn.h"
#include "op/shapes.h"

#include <math.h>

static fv_status shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_inputs(ctx, site));
    site->outputs = 2;
    site->out[0] = site->in[0];
    site->out[1] = fv__shape1(site->in[0].dim[0]);
    return FV_OK;
}

#define PARTS 32 /* of the filters, shared out: the weights are read and written once */

#define FV_LOOPS "op/fold.c"
#include "op/loops.h"

static const char *const samples[] = {
    "; constant 4x3x2x2, constant 4, constant 4, constant 4, constant 4, constant positive 4",
    "; constant 5x7, constant 5, constant 5, constant 5, constant positive 5", NULL};

/* Its options are bn's: epsilon counts. */
const fv_op fv__op_fold = {
    .name = "fold",
    .help = "weights with the batch normalisation behind them folded in",
    .about = "w' = g*w, b' = g*(b - mean) + bias, g = weight/sqrt(variance + epsilon).",
    .inputs_min = 5,
    .inputs_max = 6,
    .outputs_max = 2,
    .options_size = sizeof(fv_bn_options),
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .samples = samples,
};

#else

static void LOOP(fold_part)(void *arg, int64_t job, int worker) {
    const fv_pass *p = arg;
    const fv_bn_options *o = p->options;
    const fv_tensor *bn = &p->x[p->inputs - 4];
    const real *w = p->x[0].data, *b = p->inputs == 6 ? p->x[1].data : NULL;
    const real *weight = bn[0].data, *bias = bn[1].data, *mean = bn[2].data, *variance = bn[3].data;
    real *to_w = p->y[0].data, *to_b = p->y[1].data;
    const int64_t filters = p->x[0].shape.dim[0], each = fv__shape_sample(&p->x[0].shape);
    (void)worker;
    for (int64_t k = filters * job / PARTS; k < filters * (job + 1) / PARTS; k++) {
        const double g = weight[k] / sqrt(variance[k] + o->epsilon);
        for (int64_t i = 0; i < each; i++) to_w[k * each + i] = (real)(g * w[k * each + i]);
        to_b[k] = (real)(g * ((b ? b[k] : 0) - (double)mean[k]) + bias[k]);
    }
}

static void LOOP(forward)(const fv_pass *p) {
    fv__pool_run(p->pool, PARTS, LOOP(fold_part), (void *)(uintptr_t)p);
}

#endif
