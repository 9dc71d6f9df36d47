/* SPDX-License-Identifier: MIT */
/*
 * rnn: h_t = f(W x_t + Wb + R h_{t-1} + Rb), f tanh or relu. Elman 1990; the gradient by
 * back-propagation through time, Werbos 1990.
 */
#ifndef FV_LOOPS
#include "op/recurrent.h"

static const char *const activations[] = {"tanh", "relu", NULL};

static const fv_field fields[] = {FV_FIELD_HIDDEN,
                                  FV_FIELD_DIRECTION,
                                  {"activation", "f, what makes a state of the sum", FV_CHOICE,
                                   FV_RECURRENT_AT(activation), "tanh", 0, 0, 0, activations,
                                   "activations"},
                                  FV_FIELD_RECURRENT_BIAS,
                                  FV_FIELD_CLIP,
                                  FV_FIELD_LAYOUT,
                                  {0}};

static const fv_recurrent_kind kind = {.gates = 1, .slots = 1};

static fv_status shape(fv_context *ctx, fv_site *site) {
    return fv__recurrent_shape(ctx, site, kind);
}

static void cost(const fv_site *site, fv_cost *cost) {
    fv__recurrent_cost(site, kind, cost);
}

#define FV_LOOPS "op/rnn.c"
#include "op/loops.h"

/* Which numbers of the state lie on a flat part of f. */
static uint64_t branches(const fv_pass *p) {
    const fv_recurrent_options *o = p->options;
    const int64_t size = fv__shape_sample(&p->y[0].shape);
    uint64_t hash = FV_BRANCHES_START;
    if (o->activation == FV_RNN_TANH && o->clip <= 0) return hash;
    forward_f64(p);
    for (int64_t n = 0; n < fv__samples(&p->y[0]); n++) {
        const double *y = fv__sample(&p->y[0], n);
        for (int64_t i = 0; i < size; i++) hash = fv__branches_add(hash, slope_f64(o, y[i]) == 0);
    }
    return hash;
}

static const char *const samples[] = {"3 ; 2x4x3",
                                      "2 direction both ; 2x3x2, below 4 2, 2x2x2",
                                      "3 activation relu direction reverse ; 1x5x2, 1x1x3",
                                      "2 clip 0.4 bias no ; 3x3x2x1",
                                      "2 layout time ; constant 1x3x4, constant 1x3x2",
                                      NULL};

const fv_op fv__op_rnn = {
    .name = "rnn",
    .help = "a recurrent layer: every step sees the state that the one before left",
    .about =
        "h_t = f(W x_t + Wb + R h_(t-1) + Rb), f tanh or relu. y: the states of all steps, those\n"
        "of the directions side by side; y2: the last state of each direction, [directions,\n"
        "hidden] a sample. A sample's first dimension is time, the others are one vector a step.\n"
        "In braces follow, where given, the lengths of the sequences (int32, beyond which y is 0)\n"
        "and the state at the start, shaped as y2. Parameters as in ONNX: weight W [directions,\n"
        "hidden, numbers], recurrent R, bias Wb and Rb. Gradient: through all steps.\n"
        "Elman 1990, \"Finding structure in time\"; Werbos 1990, \"Backpropagation through time\".",
    .onnx = "RNN",
    .inputs_min = 1,
    .inputs_max = 3,
    .outputs_max = 2,
    .traits = FV_KEEP_X | FV_KEEP_Y,
    .takes_others = FV_TAKES(FV_F32) | FV_TAKES(FV_F64) | FV_TAKES(FV_I32),
    .options_size = sizeof(fv_recurrent_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else
#include "op/recurrent.inc.h"

static real LOOP(slope)(const fv_recurrent_options *o, real h) {
    if (o->activation == FV_RNN_TANH) return LOOP(candidate_slope)(o, h);
    return h > 0 && !(o->clip > 0 && h >= (real)o->clip);
}

static void LOOP(step)(const LOOP(lane) * l, int64_t s) {
    const real *x = LOOP(input)(l, &l->p->x[0], s), *before = LOOP(before)(l, s);
    real *h = LOOP(output)(l, &l->p->y[0], s);
    for (int64_t j = 0; j < l->hidden; j++) {
        double sum = LOOP(from_input)(l, 0, j, x) + LOOP(from_state)(l, 0, j, before);
        sum = fv__recurrent_clip(l->o, sum);
        h[j] = (real)(l->o->activation == FV_RNN_TANH ? tanh(sum) : sum < 0 ? 0 : sum);
    }
}

static void LOOP(back)(const LOOP(lane) * l, int64_t s, real *dh, real *dc) {
    const real *h = LOOP(output)(l, &l->p->y[0], s);
    real *delta = LOOP(kept)(l, FV_KEPT_DELTAS, s);
    (void)dc;
    for (int64_t j = 0; j < l->hidden; j++) delta[j] = dh[j] * LOOP(slope)(l->o, h[j]);
    for (int64_t k = 0; k < l->hidden; k++) dh[k] = (real)LOOP(to_state)(l, 0, k, delta);
}

static const real *LOOP(fed)(const LOOP(lane) * l, int gate, int64_t s) {
    (void)gate;
    return LOOP(before)(l, s);
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_recurrent r = LOOP(sizes)(p);
    LOOP(recur_back)(p, &r);
    LOOP(empty)(p, FV_KEPT_DELTAS, FV_KEPT_GATES);
}

#endif
