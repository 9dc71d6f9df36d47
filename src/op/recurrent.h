/* SPDX-License-Identifier: MIT */
/*
 * recurrent.h - what rnn, lstm and gru share: options, sizes, the shape rule, the cost. Their loops
 * share recurrent.inc.h.
 */
#ifndef FV_OP_RECURRENT_H
#define FV_OP_RECURRENT_H

#include "op/shapes.h"

#include <math.h>

enum { FV_DIRECTION_FORWARD, FV_DIRECTION_REVERSE, FV_DIRECTION_BOTH };
enum { FV_SEQUENCE_BATCH, FV_SEQUENCE_TIME };
enum { FV_RNN_TANH, FV_RNN_RELU };

/* The gates in ONNX's order; of the lstm the peepholes too, without CELL. Behind those of the gru
   is kept what R_h multiplied (r h), or made (R_h h + Rb_h) where the state is weighted before it
   is reset. */
enum { FV_LSTM_INPUT, FV_LSTM_OUTPUT, FV_LSTM_FORGET, FV_LSTM_CELL };
enum { FV_GRU_UPDATE, FV_GRU_RESET, FV_GRU_CANDIDATE, FV_GRU_FED };

typedef struct fv_recurrent_options {
    int64_t hidden;
    int direction;
    int layout; /* what dimension 0 is: the batch; or time, and of states the direction */
    bool bias;
    double clip;              /* 0: none */
    int activation;           /* rnn */
    bool peepholes;           /* lstm */
    bool input_forget;        /* lstm */
    bool linear_before_reset; /* gru */
} fv_recurrent_options;

#define FV_HIDDEN_MAX 1000000
#define FV_SUMS       16 /* kept in double at a time, of neighbouring numbers */

/* Rows of the three tables of options. */
extern const char *const fv__recurrent_directions[], *const fv__recurrent_layouts[];
#define FV_RECURRENT_AT(member) offsetof(fv_recurrent_options, member)
#define FV_FIELD_HIDDEN                                                                            \
    {                                                                                              \
        "hidden", "numbers in the state", FV_INT, FV_RECURRENT_AT(hidden), NULL, 1, FV_HIDDEN_MAX, \
            FV_POSITIONAL | FV_REQUIRED, NULL, "hidden_size"                                       \
    }
#define FV_FIELD_DIRECTION                                                                         \
    {                                                                                              \
        "direction",                                                                               \
            "how steps are read; both: by two sets of weights, their outputs side by side",        \
            FV_CHOICE, FV_RECURRENT_AT(direction), "forward", 0, 0, 0, fv__recurrent_directions,   \
            "direction"                                                                            \
    }
#define FV_FIELD_RECURRENT_BIAS                                                                    \
    {                                                                                              \
        "bias", "whether numbers are added to the products with x and with h", FV_BOOL,            \
            FV_RECURRENT_AT(bias), "yes", 0, 0, 0, NULL, NULL                                      \
    }
#define FV_FIELD_CLIP                                                                              \
    {                                                                                              \
        "clip",                                                                                    \
            "what gates and candidates are computed from is cut off so far from 0; 0: it is not",  \
            FV_REAL, FV_RECURRENT_AT(clip), "0", 0, 1e6, 0, NULL, "clip"                           \
    }
#define FV_FIELD_LAYOUT                                                                            \
    {                                                                                              \
        "layout", "what comes first, the batch or time; time only for values without a batch",     \
            FV_CHOICE, FV_RECURRENT_AT(layout), "batch", 0, 0, 0, fv__recurrent_layouts, "layout"  \
    }

/* What the formulas of a kind need. */
typedef struct fv_recurrent_kind {
    int gates; /* blocks of rows in the weights */
    int slots; /* and what backward knows of each step, by the block: gates, or one more, which
                  then belongs to what the state adds to the last gate */
    bool cell; /* there is a second state */
} fv_recurrent_kind;

/* The sizes of one layer, and which inputs are there (-1: not). */
typedef struct fv_recurrent {
    fv_recurrent_kind kind;
    const fv_recurrent_options *options;
    bool time; /* dimension 0 is time */
    int64_t batch, steps, inputs, hidden, directions;
    int lengths, state, cell;
} fv_recurrent;

/* Parameters; bias, and then peephole, where there are any. */
enum { FV_RECURRENT_WEIGHT, FV_RECURRENT_STATE, FV_RECURRENT_BIAS };
static inline int fv__peephole_param(const fv_recurrent_options *o) {
    return o->bias ? FV_RECURRENT_BIAS + 1 : FV_RECURRENT_BIAS;
}

/* Kept for backward, step after step as a direction reads them; CARRIED is room for backward. */
enum { FV_KEPT_DELTAS, FV_KEPT_CARRIED, FV_KEPT_GATES, FV_KEPT_CELLS };

static inline int fv__recurrent_saved(fv_recurrent_kind kind) {
    return kind.cell ? FV_KEPT_CELLS + 1 : kind.slots > 1 ? FV_KEPT_GATES + 1 : FV_KEPT_CARRIED + 1;
}

/* `whole`: the second input holds whole numbers, which are lengths. */
void fv__recurrent_of(fv_recurrent_kind kind, const void *options, int inputs, const fv_shape *x,
                      bool whole, fv_recurrent *out);
FV_MUST_USE fv_status fv__recurrent_shape(fv_context *ctx, fv_site *site, fv_recurrent_kind kind);
void fv__recurrent_cost(const fv_site *site, fv_recurrent_kind kind, fv_cost *cost);

/* How many steps the sequence of sample n has. */
int64_t fv__recurrent_length(const fv_pass *p, const fv_recurrent *r, int64_t n);
static inline bool fv__recurrent_reverse(const fv_recurrent *r, int64_t d) {
    return r->options->direction == FV_DIRECTION_REVERSE || d == 1;
}
/* Where the block of delta of a gate begins: of what x adds to it, or of what the state does. */
static inline int64_t fv__recurrent_slot(const fv_recurrent *r, int gate, bool of_state) {
    const bool own = of_state && gate == r->kind.gates - 1;
    return (own ? r->kind.slots - 1 : gate) * r->hidden;
}

/* The activations, of a sum that clip has cut off, and their slopes by what they gave: 0 where it
   was cut off. */
static inline double fv__recurrent_clip(const fv_recurrent_options *o, double v) {
    return o->clip <= 0 ? v : v > o->clip ? o->clip : v < -o->clip ? -o->clip : v;
}
static inline double fv__gate(const fv_recurrent_options *o, double v) {
    return 1 / (1 + exp(-fv__recurrent_clip(o, v)));
}
static inline double fv__candidate(const fv_recurrent_options *o, double v) {
    return tanh(fv__recurrent_clip(o, v));
}

#endif
