/* SPDX-License-Identifier: MIT */
/*
 * writes_recurrent.c - RNN, GRU and LSTM. Their x is [T, N, I] and their y [T, D, N, H] (the other
 * layout of opset 14 is read by few); ours are [N, T, I] and [N, T, D H] where the batch comes
 * first. See write_list.h and rows_recurrent.c.
 */
#include "onnx/writer.h"

#ifdef FV_HAVE_ONNX
#include <string.h>

/* Their inputs behind X, W and R. */
enum { BIAS = 3, LENGTHS, STATE, CELL, PEEPHOLES, INPUTS };

static const int64_t swap[] = {1, 0, 2};

/* Whether our input i are lengths, which are whole numbers. */
static bool is_lengths(const fv_onnx_writer *w, int i) {
    return w->graph->values[w->layer->in[i]].type.dtype == FV_I32;
}

/* A state of ours, [N, D, H], as theirs, [D, N, H]. */
static const char *state_in(fv_onnx_writer *w, int i, bool batch_first) {
    if (i >= w->layer->inputs) return NULL;
    return batch_first ? fv__onnx_transpose(w, NULL, fv__onnx_x(w, i), swap, 3) : fv__onnx_x(w, i);
}

/* x has one vector a step: what is behind the second dimension becomes one. */
static const char *steps_in(fv_onnx_writer *w, bool batch_first) {
    const fv_shape *s = fv__onnx_x_shape(w, 0);
    const int64_t flat[] = {0, s->dim[1], -1};
    const char *x = fv__onnx_x(w, 0);
    if (s->rank != 3) x = fv__onnx_reshape(w, NULL, x, flat, 3);
    return batch_first ? fv__onnx_transpose(w, NULL, x, swap, 3) : x;
}

/* Their y as ours. */
static void steps_out(fv_onnx_writer *w, const char *y, bool batch_first) {
    const int64_t turn[] = {2, 0, 1, 3}, plain[] = {0, 2, 1, 3};
    const fv_shape *s = fv__onnx_y_shape(w, 0);
    const int64_t ours[] = {batch_first ? 0 : s->dim[0], s->dim[1], s->dim[2]};
    y = fv__onnx_transpose(w, NULL, y, batch_first ? turn : plain, 4);
    (void)fv__onnx_reshape(w, fv__onnx_y(w, 0), y, ours, 3);
}

static void say_words(fv_onnx_writer *w) {
    const char *direction = fv__onnx_option_word(w, "direction");
    const double clip = fv__onnx_option_real(w, "clip");
    fv__onnx_say_int(w, "hidden_size", fv__onnx_option_int(w, "hidden"));
    fv__onnx_say_word(w, "direction", strcmp(direction, "both") == 0 ? "bidirectional" : direction);
    if (clip > 0) fv__onnx_say_real(w, "clip", clip);
}

/* Only rnn has a choice. */
static void say_activation(fv_onnx_writer *w, int64_t directions) {
    if (!fv__field_find(w->layer->op->fields, "activation")) return;
    const bool relu = fv__onnx_option_is(w, "activation", "relu");
    const char *const both[] = {relu ? "Relu" : "Tanh", relu ? "Relu" : "Tanh"};
    fv__onnx_say_words(w, "activations", both, (int)directions);
}

/* The outputs of the node, ours behind one another: y, the state, the cell. */
static void say_states(fv_onnx_writer *w, const char *y, const char **states, bool batch_first) {
    const char *outs[3] = {y, NULL, NULL};
    for (int i = 1; i < w->layer->outputs; i++)
        outs[i] = states[i] = batch_first ? fv__onnx_fresh(w, "state") : fv__onnx_y(w, i);
    fv__onnx_say_outputs(w, outs, w->layer->outputs);
}

void fv__onnx_write_recurrent(fv_onnx_writer *w) {
    const bool batch_first = fv__onnx_option_is(w, "layout", "batch");
    const bool peepholes =
        fv__field_find(w->layer->op->fields, "peepholes") && fv__onnx_option_bool(w, "peepholes");
    const bool bias = fv__onnx_option_bool(w, "bias");
    const bool lengths = w->layer->inputs > 1 && is_lengths(w, 1);
    const char *in[INPUTS] = {steps_in(w, batch_first), fv__onnx_w(w, 0), fv__onnx_w(w, 1)};
    const char *states[3] = {NULL, NULL, NULL};
    if (bias) in[BIAS] = fv__onnx_w(w, 2);
    if (lengths) in[LENGTHS] = fv__onnx_x(w, 1);
    in[STATE] = state_in(w, 1 + lengths, batch_first);
    in[CELL] = state_in(w, 2 + lengths, batch_first);
    if (peepholes) in[PEEPHOLES] = fv__onnx_w(w, 2 + bias);
    const char *y = fv__onnx_put(w, w->layer->op->onnx, NULL, in, INPUTS);
    if (!y) return;
    say_states(w, y, states, batch_first);
    say_words(w);
    say_activation(w, fv__onnx_w_shape(w, 0)->dim[0]);
    fv__onnx_say_options(w);
    steps_out(w, y, batch_first);
    for (int i = 1; batch_first && i < w->layer->outputs; i++)
        (void)fv__onnx_transpose(w, fv__onnx_y(w, i), states[i], swap, 3);
}

#endif
