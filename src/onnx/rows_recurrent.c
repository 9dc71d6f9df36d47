/* SPDX-License-Identifier: MIT */
/*
 * rows_recurrent.c - RNN, GRU and LSTM. Theirs and ours differ in how outputs lie: Y is
 * [T, D, N, H] there (layout 1: [N, T, D, H]), and the directions' states lie side by side here.
 */
#include "onnx/importer.h"

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

/* A step of the way from our y to theirs. */
static fv_status lay(fv_onnx_node *n, const char *op, const char *field, const fv_ints *v,
                     fv_entry *from, fv_entry *to) {
    fv_onnx_made o;
    FV_TRY(fv__onnx_plain(n, op, &o));
    FV_TRY(fv__onnx_set_ints(n, &o, field, v, false));
    return fv__onnx_add_to(n, &o, &from, 1, NULL, 0, &to, 1);
}

/* [T, N, D*H] as [T, N, D, H], and then with D in the second place. */
static fv_status lay_steps(fv_onnx_node *n, int64_t layout, int64_t directions, fv_entry *from,
                           fv_entry *to) {
    bool batched;
    const fv_shape *y = fv__onnx_shape(n->im, from, &batched);
    const fv_ints apart = {
        4, {batched ? 0 : y->dim[0], y->dim[1], directions, y->dim[2] / directions}};
    const fv_ints turn = {4, {0, 2, 1, 3}};
    fv_entry *between;
    if (layout) return lay(n, "reshape", "shape", &apart, from, to);
    FV_TRY(fv__onnx_between(n, &between));
    FV_TRY(lay(n, "reshape", "shape", &apart, from, between));
    return lay(n, "transpose", "perm", &turn, between, to);
}

fv_status fv__onnx_take_recurrent(fv_onnx_node *n) {
    static const int flowing[] = {X, LENGTHS, H, C}, given[] = {W, R, B, P};
    const char *op = n->proto->op_type;
    const fv_constant *params[4];
    fv_entry *in[4], *out[3] = {NULL, NULL, NULL}, *steps;
    int ins = 0, count = 0;
    int64_t layout;
    fv_onnx_made o;
    FV_TRY(fv__onnx_plain(n,
                          strcmp(op, "RNN") == 0   ? "rnn"
                          : strcmp(op, "GRU") == 0 ? "gru"
                                                   : "lstm",
                          &o));
    FV_TRY(read_options(n, &o, &layout));
    FV_TRY(fv__onnx_all_read(n));
    for (int i = 0; i < 4; i++)
        if (fv__onnx_has(n, flowing[i])) in[ins++] = n->in[flowing[i]];
    for (int i = 0; i < 4; i++)
        if (fv__onnx_has(n, given[i]))
            FV_TRY(fv__onnx_known(n, given[i], "a weight", &params[count++]));
    if (!fv__onnx_has(n, X) || !fv__onnx_has(n, W))
        return fv__onnx_refuse(n, "its input or its weight is missing");
    if (params[0]->shape.rank != 3 || params[0]->shape.dim[0] < 1)
        return fv__onnx_refuse(n, "its weight W is not [directions, gates*hidden, inputs]");
    for (int i = 0; i < 3 && i < (int)n->proto->n_output; i++)
        FV_TRY(fv__onnx_output(n, i, &out[i]));
    FV_TRY(fv__onnx_between(n, &steps));
    fv_entry *const to[] = {steps, out[1], out[2]};
    FV_TRY(fv__onnx_add_to(n, &o, in, ins, params, count, to, 3));
    return out[0] ? lay_steps(n, layout, params[0]->shape.dim[0], steps, out[0]) : FV_OK;
}

#endif
