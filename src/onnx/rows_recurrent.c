/* SPDX-License-Identifier: MIT */
/*
 * rows_recurrent.c - RNN, GRU and LSTM. Theirs and ours differ in how outputs lie: Y is
 * [T, D, N, H] there (layout 1: [N, T, D, H]), and the directions' states lie side by side here.
 * Where the batch is open our graph keeps it first (turned.c), so that nothing is turned round.
 */
#include "onnx/steps.h"

#ifdef FV_HAVE_ONNX
#include <string.h>

enum { X, W, R, B, LENGTHS, H, C, P }; /* their inputs */

/* What each kind computes with unless it is told otherwise. */
static const char *usual(const char *op, size_t i) {
    if (strcmp(op, "LSTM") == 0) return i % 3 ? "Tanh" : "Sigmoid";
    if (strcmp(op, "GRU") == 0) return i % 2 ? "Tanh" : "Sigmoid";
    return "Tanh";
}

static fv_status read_activations(fv_onnx_node *n, fv_onnx_made *o) {
    const Onnx__AttributeProto *a = fv__onnx_attribute(n, "activations");
    const bool rnn = strcmp(n->proto->op_type, "RNN") == 0;
    for (size_t i = 0; a && i < a->n_strings; i++) {
        const ProtobufCBinaryData word = a->strings[i];
        const char *want = usual(n->proto->op_type, i);
        const bool relu = rnn && word.len == 4 && memcmp(word.data, "Relu", 4) == 0;
        if (relu) FV_TRY(fv__onnx_set_word(n, o, "activation", "relu"));
        if (!relu && (word.len != strlen(want) || memcmp(word.data, want, word.len) != 0))
            return fv__onnx_refuse(n, "its activation %.*s is not computed here", (int)word.len,
                                   (const char *)word.data);
    }
    return FV_OK;
}

static fv_status read_options(fv_onnx_node *n, fv_onnx_made *o, int64_t *layout) {
    const char *const flags[] = {"input_forget", "linear_before_reset"};
    char direction[FV_WORD_MAX];
    int64_t hidden, flag;
    double clip;
    FV_TRY(fv__onnx_int(n, "hidden_size", 0, &hidden));
    FV_TRY(fv__onnx_word(n, "direction", "forward", direction));
    FV_TRY(fv__onnx_real(n, "clip", 0, &clip));
    FV_TRY(fv__onnx_int(n, "layout", 0, layout));
    FV_TRY(fv__onnx_int(n, "output_sequence", 0, &flag)); /* opset 1; it changes nothing */
    FV_TRY(fv__onnx_set(n, o, "hidden", (double)hidden));
    FV_TRY(fv__onnx_set(n, o, "clip", clip));
    FV_TRY(fv__onnx_set_word(n, o, "layout", *layout ? "batch" : "time"));
    FV_TRY(fv__onnx_set_word(n, o, "bias", fv__onnx_has(n, B) ? "yes" : "no"));
    FV_TRY(fv__onnx_set_word(n, o, "direction",
                             strcmp(direction, "bidirectional") == 0 ? "both" : direction));
    for (int i = 0; i < 2; i++) {
        FV_TRY(fv__onnx_int(n, flags[i], 0, &flag));
        if (flag) FV_TRY(fv__onnx_set_word(n, o, flags[i], "yes"));
    }
    if (fv__onnx_has(n, P)) FV_TRY(fv__onnx_set_word(n, o, "peepholes", "yes"));
    return read_activations(n, o);
}

/* Where the batch is, which decides how the outputs lie. */
typedef enum order { TIME_FIRST, BATCH_FIRST, BATCH_MOVED } order;

/* The batch of x is open: dimension 0, or (layout 0) dimension 1. */
static fv_status find_order(fv_onnx_node *n, int64_t layout, order *out) {
    bool batched;
    (void)fv__onnx_shape(n->im, n->in[X], &batched);
    *out = layout ? BATCH_FIRST : n->in[X]->batch_at == 1 ? BATCH_MOVED : TIME_FIRST;
    if (n->in[X]->batch_at > 1 || (n->in[X]->batch_at == 1 && layout) ||
        (batched && *out == TIME_FIRST))
        return fv__onnx_refuse(n, "the open batch of its input has to be dimension %d",
                               layout ? 0 : 1);
    return FV_OK;
}

/* What the file holds of an open batch, of 1, says nothing about the others, unless it is what
   counts anyway: states of zeros, sequences of all steps. */
static fv_status leave_out(const fv_onnx_node *n, int i, order order, bool *out) {
    bool open, batched;
    const fv_shape *x = fv__onnx_shape(n->im, n->in[X], &open);
    const fv_entry *e = n->in[i];
    *out = false;
    if (!open && n->in[X]->batch_at == 0) return FV_OK;
    (void)fv__onnx_shape(n->im, e, &batched);
    if (batched || e->batch_at) {
        if (e->batch_at == (order == BATCH_MOVED && i != LENGTHS)) return FV_OK;
        return fv__onnx_refuse(n, "the open batch of its input %d is dimension %d", i + 1,
                               e->batch_at);
    }
    const double usual = i != LENGTHS ? 0 : (double)x->dim[n->in[X]->batch_at == 1 ? 0 : 1];
    *out = e->known;
    for (int64_t k = 0; *out && k < fv__shape_count(&e->constant.shape); k++)
        *out = fv__constant_get(&e->constant, k) == usual;
    if (*out) return FV_OK;
    return fv__onnx_refuse(n, "its input %d is one and the same for an open batch; %s alone can be",
                           i + 1, i == LENGTHS ? "the number of all steps" : "zeros");
}

/* y, whose directions lie side by side, with a dimension of them, and then in the second place. */
static fv_status give_steps(fv_onnx_steps *s, order order, int64_t directions, fv_entry *y) {
    const fv_ints turn = {4, {0, 2, 1, 3}};
    FV_TRY(s->status);
    const fv_shape *is = fv__onnx_shape(s->n->im, y, NULL);
    const int64_t first = order == TIME_FIRST ? is->dim[0] : 0; /* 0: the batch */
    const fv_ints apart = {4, {first, is->dim[1], directions, is->dim[2] / directions}};
    y = fv__step_ints(s, "reshape", "shape", &apart, y);
    if (order == TIME_FIRST) y = fv__step_ints(s, "transpose", "perm", &turn, y);
    if (y && order == BATCH_MOVED) fv__onnx_turned(s->n->im, y, 2); /* [T, D, N, H] */
    return fv__steps_give(s, 0, y);
}

static fv_status add(fv_onnx_node *n, const fv_onnx_made *o, order order, fv_entry *const *in,
                     int ins, const fv_constant *const *params, int count) {
    fv_onnx_steps s = {.n = n};
    fv_entry *to[3];
    for (int i = 0; i < 3; i++) FV_TRY(fv__onnx_between(n, &to[i]));
    const int outputs = o->op->outputs_max;
    FV_TRY(fv__onnx_add_to(n, o, in, ins, params, count, to, outputs));
    for (int i = 1; i < outputs; i++) {
        if (order == BATCH_MOVED) fv__onnx_turned(n->im, to[i], 1); /* [D, N, H] */
        FV_TRY(fv__steps_give(&s, i, to[i]));
    }
    if (n->proto->n_output == 0 || !n->proto->output[0][0]) return FV_OK;
    return give_steps(&s, order, params[0]->shape.dim[0], to[0]);
}

fv_status fv__onnx_take_recurrent(fv_onnx_node *n) {
    static const int flowing[] = {X, LENGTHS, H, C}, given[] = {W, R, B, P};
    const char *op = n->proto->op_type;
    const fv_constant *params[4];
    fv_entry *in[4];
    int ins = 0, count = 0;
    int64_t layout;
    order order;
    fv_onnx_made o;
    FV_TRY(fv__onnx_plain(n,
                          strcmp(op, "RNN") == 0   ? "rnn"
                          : strcmp(op, "GRU") == 0 ? "gru"
                                                   : "lstm",
                          &o));
    if (!fv__onnx_has(n, X) || !fv__onnx_has(n, W))
        return fv__onnx_refuse(n, "its input or its weight is missing");
    FV_TRY(read_options(n, &o, &layout));
    FV_TRY(fv__onnx_all_read(n));
    FV_TRY(find_order(n, layout, &order));
    if (order == BATCH_MOVED) FV_TRY(fv__onnx_set_word(n, &o, "layout", "batch"));
    for (int i = 0; i < 4; i++) {
        bool out = !fv__onnx_has(n, flowing[i]);
        if (!out && flowing[i] != X) FV_TRY(leave_out(n, flowing[i], order, &out));
        if (!out) in[ins++] = n->in[flowing[i]];
    }
    for (int i = 0; i < 4; i++)
        if (fv__onnx_has(n, given[i]))
            FV_TRY(fv__onnx_known(n, given[i], "a weight", &params[count++]));
    if (params[0]->shape.rank != 3 || params[0]->shape.dim[0] < 1)
        return fv__onnx_refuse(n, "its weight W is not [directions, gates*hidden, inputs]");
    return add(n, &o, order, in, ins, params, count);
}

#endif
