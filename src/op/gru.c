/* SPDX-License-Identifier: MIT */
/*
 * gru: the gated recurrent unit. Cho et al. 2014. With s the logistic function,
 *     z = s(W_z x_t + Wb_z + R_z h_{t-1} + Rb_z),  r likewise,
 *     g = tanh(W_h x_t + Wb_h + R_h (r h_{t-1}) + Rb_h),
 * or, where the state is weighted before it is reset, r (R_h h_{t-1} + Rb_h) in the last sum;
 *     h_t = (1 - z) g + z h_{t-1}.
 */
#ifndef FV_LOOPS
#include "op/recurrent.h"

static const fv_field fields[] = {
    FV_FIELD_HIDDEN,
    FV_FIELD_DIRECTION,
    {"linear_before_reset", "whether the state is weighted before it is reset, as in PyTorch",
     FV_BOOL, FV_RECURRENT_AT(linear_before_reset), "no", 0, 0, 0, NULL, "linear_before_reset"},
    FV_FIELD_RECURRENT_BIAS,
    FV_FIELD_CLIP,
    FV_FIELD_LAYOUT,
    {0}};

static const fv_recurrent_kind kind = {.gates = 3, .slots = 4};

static fv_status shape(fv_context *ctx, fv_site *site) {
    return fv__recurrent_shape(ctx, site, kind);
}

static void cost(const fv_site *site, fv_cost *cost) {
    fv__recurrent_cost(site, kind, cost);
}

#define FV_LOOPS "op/gru.c"
#include "op/loops.h"

static uint64_t branches(const fv_pass *p) {
    return cut_off_f64(p, FV_GRU_CANDIDATE);
}

static const char *const samples[] = {
    "3 ; 2x3x2",
    "2 linear_before_reset ; 3x3x2",
    "2 direction both ; 2x3x2, below 4 2, 2x2x2",
    "2 direction reverse linear_before_reset ; 2x3x2, 2x1x2",
    "3 bias no ; 1x4x1, 1x1x3",
    "2 clip 0.3 ; 2x2x2x2, 2x1x2",
    "2 layout time direction both ; constant 1x3x2, constant 2x3x2",
    NULL};

const fv_op fv__op_gru = {
    .name = "gru",
    .help = "gated recurrent unit: a recurrent layer whose gates guard its state",
    .about =
        "z = s(W_z x_t + Wb_z + R_z h_(t-1) + Rb_z), r likewise, g = tanh(W_h x_t + Wb_h +\n"
        "R_h (r h_(t-1)) + Rb_h), h_t = (1 - z) g + z h_(t-1); s(a) = 1/(1 + exp(-a)). With\n"
        "linear_before_reset, as PyTorch has it, g = tanh(W_h x_t + Wb_h + r (R_h h_(t-1) +\n"
        "Rb_h)). y: h of all steps, those of the directions side by side; y2: the last h of each\n"
        "direction, [directions, hidden] a sample. A sample's first dimension is time, the others\n"
        "are one vector a step. In braces follow, where given, the lengths of the sequences\n"
        "(int32, beyond which y is 0) and h at the start, shaped as y2. Parameters as in ONNX,\n"
        "gates in the order z r g: weight W [directions, 3*hidden, numbers], recurrent R, bias Wb\n"
        "and Rb. PyTorch's order is r z g. Gradient: through all steps.\n"
        "Cho, van Merrienboer, Gulcehre, Bahdanau, Bougares, Schwenk & Bengio 2014, \"Learning\n"
        "phrase representations using RNN encoder-decoder for statistical machine translation\".",
    .onnx = "GRU",
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

/* r of all numbers comes first, as any of them may count in each candidate. It waits where the last
   state of the direction will be written. */
static void LOOP(reset)(const LOOP(lane) * l, int64_t s, const real *x, const real *before,
                        real *fed) {
    real *gates = LOOP(kept)(l, FV_KEPT_GATES, s);
    for (int64_t j = 0; j < l->hidden; j++) {
        const double r = fv__gate(l->o, LOOP(from_input)(l, FV_GRU_RESET, j, x) +
                                            LOOP(from_state)(l, FV_GRU_RESET, j, before));
        const real held = before != NULL ? before[j] : 0;
        fed[j] = (real)(l->o->linear_before_reset ? r : r * held);
        if (!l->p->training || gates == NULL) continue;
        gates[FV_GRU_RESET * l->hidden + j] = (real)r;
        gates[FV_GRU_FED * l->hidden + j] = fed[j];
    }
}

static void LOOP(step)(const LOOP(lane) * l, int64_t s) {
    const int64_t hidden = l->hidden;
    const bool linear = l->o->linear_before_reset;
    const real *x = LOOP(input)(l, &l->p->x[0], s), *before = LOOP(before)(l, s);
    real *h = LOOP(output)(l, &l->p->y[0], s), *fed = LOOP(state)(l, &l->p->y[1]);
    real *gates = LOOP(kept)(l, FV_KEPT_GATES, s);
    LOOP(reset)(l, s, x, before, fed);
    for (int64_t j = 0; j < hidden; j++) {
        const double z = fv__gate(l->o, LOOP(from_input)(l, FV_GRU_UPDATE, j, x) +
                                            LOOP(from_state)(l, FV_GRU_UPDATE, j, before));
        const double made = LOOP(from_state)(l, FV_GRU_CANDIDATE, j, linear ? before : fed);
        const double g = fv__candidate(l->o, LOOP(from_input)(l, FV_GRU_CANDIDATE, j, x) +
                                                 (linear ? fed[j] * made : made));
        h[j] = (real)((1 - z) * g + z * (before != NULL ? before[j] : 0));
        if (!l->p->training || gates == NULL) continue;
        gates[FV_GRU_UPDATE * hidden + j] = (real)z;
        gates[FV_GRU_CANDIDATE * hidden + j] = (real)g;
        if (linear) gates[FV_GRU_FED * hidden + j] = (real)made;
    }
}

static void LOOP(back)(const LOOP(lane) * l, int64_t s, real *dh, real *dc) {
    const int64_t hidden = l->hidden;
    const bool linear = l->o->linear_before_reset;
    const real *gates = LOOP(kept)(l, FV_KEPT_GATES, s), *before = LOOP(before)(l, s);
    const real *z = gates + FV_GRU_UPDATE * hidden, *r = gates + FV_GRU_RESET * hidden;
    const real *g = gates + FV_GRU_CANDIDATE * hidden, *made = gates + FV_GRU_FED * hidden;
    real *delta = LOOP(kept)(l, FV_KEPT_DELTAS, s);
    real *dz = delta + FV_GRU_UPDATE * hidden, *dr = delta + FV_GRU_RESET * hidden;
    real *dg = delta + FV_GRU_CANDIDATE * hidden, *dmade = delta + FV_GRU_FED * hidden;
    (void)dc;
    for (int64_t j = 0; j < hidden; j++) {
        const real held = before != NULL ? before[j] : 0;
        dz[j] = dh[j] * (held - g[j]) * LOOP(gate_slope)(l->o, z[j]);
        dg[j] = dh[j] * (1 - z[j]) * LOOP(candidate_slope)(l->o, g[j]);
        dmade[j] = linear ? dg[j] * r[j] : dg[j];
        if (linear) dr[j] = dg[j] * made[j] * LOOP(gate_slope)(l->o, r[j]);
    }
    for (int64_t k = 0; k < hidden; k++) {
        const real held = before != NULL ? before[k] : 0;
        const real back = (real)LOOP(to_state)(l, FV_GRU_CANDIDATE, k, dmade);
        if (!linear) dr[k] = back * held * LOOP(gate_slope)(l->o, r[k]);
        dh[k] = dh[k] * z[k] + (linear ? back : back * r[k]);
    }
    for (int64_t k = 0; k < hidden; k++)
        dh[k] += (real)(LOOP(to_state)(l, FV_GRU_UPDATE, k, dz) +
                        LOOP(to_state)(l, FV_GRU_RESET, k, dr));
}

static const real *LOOP(fed)(const LOOP(lane) * l, int gate, int64_t s) {
    if (gate == FV_GRU_CANDIDATE && !l->o->linear_before_reset)
        return LOOP(kept)(l, FV_KEPT_GATES, s) + FV_GRU_FED * l->hidden;
    return LOOP(before)(l, s);
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_recurrent r = LOOP(sizes)(p);
    LOOP(recur_back)(p, &r);
    LOOP(empty)(p, FV_KEPT_DELTAS, FV_KEPT_GATES);
}

#endif
