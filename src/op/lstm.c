/* SPDX-License-Identifier: MIT */
/*
 * lstm: long short-term memory. Hochreiter & Schmidhuber 1997; the gate f and back-propagation
 * through all steps, Gers, Schmidhuber & Cummins 2000; peepholes, Gers, Schraudolph & Schmidhuber
 * 2002. With s the logistic function and a = W x_t + Wb + R h_{t-1} + Rb, cut into four:
 *     i = s(a_i + P_i c_{t-1}),  f = s(a_f + P_f c_{t-1}) or 1 - i,  g = tanh(a_c),
 *     c_t = f c_{t-1} + i g,     o = s(a_o + P_o c_t),              h_t = o tanh(c_t).
 */
#ifndef FV_LOOPS
#include "op/recurrent.h"

static const fv_field fields[] = {
    FV_FIELD_HIDDEN,
    FV_FIELD_DIRECTION,
    {"peepholes", "whether the gates see the cell, by a weight each", FV_BOOL,
     FV_RECURRENT_AT(peepholes), "no", 0, 0, 0, NULL, NULL},
    {"input_forget", "whether the gate f is 1 - i and has no weights that count", FV_BOOL,
     FV_RECURRENT_AT(input_forget), "no", 0, 0, 0, NULL, "input_forget"},
    FV_FIELD_RECURRENT_BIAS,
    FV_FIELD_CLIP,
    FV_FIELD_LAYOUT,
    {0}};

static const fv_recurrent_kind kind = {.gates = 4, .slots = 4, .cell = true};

static fv_status shape(fv_context *ctx, fv_site *site) {
    return fv__recurrent_shape(ctx, site, kind);
}

static void cost(const fv_site *site, fv_cost *cost) {
    fv__recurrent_cost(site, kind, cost);
}

#define FV_LOOPS "op/lstm.c"
#include "op/loops.h"

static uint64_t branches(const fv_pass *p) {
    return cut_off_f64(p, FV_LSTM_CELL);
}

static const char *const samples[] = {
    "3 ; 2x3x2",
    "2 direction both ; 2x3x2, below 4 2, 2x2x2, 2x2x2",
    "2 direction reverse peepholes ; 2x3x2, 2x1x2, 2x1x2",
    "3 input_forget peepholes bias no ; 1x4x1",
    "2 clip 0.35 ; 2x2x2x2, 2x1x2",
    "2 layout time direction both ; constant 1x3x2, constant 2x3x2, constant 2x3x2",
    NULL};

const fv_op fv__op_lstm = {
    .name = "lstm",
    .help = "long short-term memory: a recurrent layer whose gates guard a cell",
    .about =
        "i = s(W_i x_t + Wb_i + R_i h_(t-1) + Rb_i + P_i c_(t-1)), f likewise or 1 - i, g with\n"
        "tanh and no peephole P, c_t = f c_(t-1) + i g, o = s(... + P_o c_t), h_t = o tanh(c_t);\n"
        "s(a) = 1/(1 + exp(-a)). y: h of all steps, those of the directions side by side; y2 and\n"
        "y3: the last h and c of each direction, [directions, hidden] a sample. A sample's first\n"
        "dimension is time, the others are one vector a step. In braces follow, where given, the\n"
        "lengths of the sequences (int32, beyond which y is 0), then h and c at the start, shaped\n"
        "as y2. Parameters as in ONNX, gates in the order i o f g: weight W, [directions,\n"
        "4*hidden, numbers], recurrent R, bias Wb and Rb, peephole P (i o f). PyTorch's order is\n"
        "i f g o. Gradient: through all steps. Hochreiter & Schmidhuber 1997, \"Long short-term\n"
        "memory\"; Gers, Schmidhuber & Cummins 2000, \"Learning to forget\"; peepholes: Gers,\n"
        "Schraudolph & Schmidhuber 2002, \"Learning precise timing with LSTM recurrent\n"
        "networks\".",
    .onnx = "LSTM",
    .inputs_min = 1,
    .inputs_max = 4,
    .outputs_max = 3,
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

/* What a gate adds up before its activation, from x and the state before. */
static double LOOP(sum)(const LOOP(lane) * l, int gate, int64_t j, int64_t s) {
    return LOOP(from_input)(l, gate, j, LOOP(input)(l, &l->p->x[0], s)) +
           LOOP(from_state)(l, gate, j, LOOP(before)(l, s));
}

/* The weight of number j of the cell in a gate. */
static double LOOP(peep)(const LOOP(lane) * l, int gate, int64_t j) {
    return l->peephole != NULL ? l->peephole[gate * l->hidden + j] : 0;
}

static void LOOP(step)(const LOOP(lane) * l, int64_t s) {
    const int64_t hidden = l->hidden;
    real *h = LOOP(output)(l, &l->p->y[0], s), *cell = LOOP(state)(l, &l->p->y[2]);
    real *gates = LOOP(kept)(l, FV_KEPT_GATES, s), *cells = LOOP(kept)(l, FV_KEPT_CELLS, s);
    for (int64_t j = 0; j < hidden; j++) {
        const double c = cell[j];
        const double i =
            fv__gate(l->o, LOOP(sum)(l, FV_LSTM_INPUT, j, s) + LOOP(peep)(l, FV_LSTM_INPUT, j) * c);
        const double f = l->o->input_forget
                             ? 1 - i
                             : fv__gate(l->o, LOOP(sum)(l, FV_LSTM_FORGET, j, s) +
                                                  LOOP(peep)(l, FV_LSTM_FORGET, j) * c);
        const double g = fv__candidate(l->o, LOOP(sum)(l, FV_LSTM_CELL, j, s));
        cell[j] = (real)(f * c + i * g);
        const double o = fv__gate(l->o, LOOP(sum)(l, FV_LSTM_OUTPUT, j, s) +
                                            LOOP(peep)(l, FV_LSTM_OUTPUT, j) * cell[j]);
        h[j] = (real)(o * tanh((double)cell[j]));
        if (!l->p->training || gates == NULL) continue;
        gates[FV_LSTM_INPUT * hidden + j] = (real)i;
        gates[FV_LSTM_OUTPUT * hidden + j] = (real)o;
        gates[FV_LSTM_FORGET * hidden + j] = (real)f;
        gates[FV_LSTM_CELL * hidden + j] = (real)g;
        cells[j] = cell[j];
    }
}

/* The cell before step s; NULL: zeros. */
static const real *LOOP(cell_before)(const LOOP(lane) * l, int64_t s) {
    if (s > 0) return LOOP(kept)(l, FV_KEPT_CELLS, s - 1);
    return l->r->cell >= 0 ? LOOP(state)(l, &l->p->x[l->r->cell]) : NULL;
}

/* The deltas of the gates of one number, and what goes on to the cell before it. */
static void LOOP(back_one)(const LOOP(lane) * l, int64_t s, int64_t j, real dh, real *dc) {
    const int64_t hidden = l->hidden;
    const real *gates = LOOP(kept)(l, FV_KEPT_GATES, s), *before = LOOP(cell_before)(l, s);
    real *delta = LOOP(kept)(l, FV_KEPT_DELTAS, s);
    const real i = gates[FV_LSTM_INPUT * hidden + j], o = gates[FV_LSTM_OUTPUT * hidden + j];
    const real f = gates[FV_LSTM_FORGET * hidden + j], g = gates[FV_LSTM_CELL * hidden + j];
    const real shown = (real)tanh((double)LOOP(kept)(l, FV_KEPT_CELLS, s)[j]);
    const real c = before != NULL ? before[j] : 0;
    const real out = dh * shown * LOOP(gate_slope)(l->o, o);
    const real d =
        *dc + dh * o * (1 - shown * shown) + out * (real)LOOP(peep)(l, FV_LSTM_OUTPUT, j);
    const bool tied = l->o->input_forget;
    const real in = (d * g - (tied ? d * c : 0)) * LOOP(gate_slope)(l->o, i);
    const real keep = tied ? 0 : d * c * LOOP(gate_slope)(l->o, f);
    delta[FV_LSTM_INPUT * hidden + j] = in;
    delta[FV_LSTM_OUTPUT * hidden + j] = out;
    delta[FV_LSTM_FORGET * hidden + j] = keep;
    delta[FV_LSTM_CELL * hidden + j] = d * i * LOOP(candidate_slope)(l->o, g);
    *dc = (real)(d * f + in * LOOP(peep)(l, FV_LSTM_INPUT, j) +
                 keep * LOOP(peep)(l, FV_LSTM_FORGET, j));
}

static void LOOP(back)(const LOOP(lane) * l, int64_t s, real *dh, real *dc) {
    const real *delta = LOOP(kept)(l, FV_KEPT_DELTAS, s);
    for (int64_t j = 0; j < l->hidden; j++) LOOP(back_one)(l, s, j, dh[j], &dc[j]);
    for (int64_t k = 0; k < l->hidden; k++) {
        double sum = 0;
        for (int gate = FV_LSTM_INPUT; gate <= FV_LSTM_CELL; gate++)
            sum += LOOP(to_state)(l, gate, k, delta + gate * l->hidden);
        dh[k] = (real)sum;
    }
}

static const real *LOOP(fed)(const LOOP(lane) * l, int gate, int64_t s) {
    (void)gate;
    return LOOP(before)(l, s);
}

/* A peephole's gradient: its gate's deltas times the cell it saw, of o that behind the step. */
static void LOOP(to_peepholes)(const fv_pass *p, const fv_recurrent *r) {
    real *dp = p->dw[fv__peephole_param(r->options)].data;
    for (int64_t at = 0; dp != NULL && at < r->directions * FV_LSTM_CELL * r->hidden; at++) {
        const int64_t d = at / (FV_LSTM_CELL * r->hidden), row = at % (FV_LSTM_CELL * r->hidden);
        const int64_t j = row % r->hidden;
        double sum = 0;
        for (int64_t n = 0; n < r->batch; n++) {
            const LOOP(lane) l = LOOP(open)(p, r, n, d);
            for (int64_t s = 0; s < l.length; s++) {
                const real *c =
                    LOOP(cell_before)(&l, row / r->hidden == FV_LSTM_OUTPUT ? s + 1 : s);
                if (c != NULL) sum += LOOP(kept)(&l, FV_KEPT_DELTAS, s)[row] * c[j];
            }
        }
        dp[at] += (real)sum;
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_recurrent r = LOOP(sizes)(p);
    LOOP(recur_back)(p, &r);
    if (r.options->peepholes) LOOP(to_peepholes)(p, &r);
    LOOP(empty)(p, FV_KEPT_DELTAS, FV_KEPT_GATES);
}

#endif
