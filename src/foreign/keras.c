/* SPDX-License-Identifier: MIT */
/*
 * keras.c - a network as a Keras model: what rows of keras_list.h cannot say by themselves.
 *
 * Keras pads by itself where that makes the output as large as the input over the stride, the odd
 * row or column at the end; anything else is a layer of zeros before. Maps are rows, columns,
 * channels, so our dimension 1 is its last.
 */
#include "foreign/keras.h"
#include "foreign/writer.h"
#include "op/convtranspose.h"

#include <inttypes.h>
#include <string.h>

const fv_foreign_row fv__keras_rows[] = {
#define FV_FOREIGN_ROW(op, theirs, args, call) {#op, theirs, args, call},
#include "foreign/keras_list.h"
#undef FV_FOREIGN_ROW
    {0}};

/* --------------------------------------------------------------------------------- padding --- */

static int64_t reach(const fv_window *win) {
    return win->dilation * (win->kernel - 1) + 1;
}

static int64_t size_in(const fv_writer *w, int d) {
    const fv_shape *in = &w->room.in[0];
    return d == 0 && in->rank == 3 ? 1 : in->dim[in->rank - 2 + d];
}

/* Whether the windows are those of Keras' padding "same" on axis d. */
static bool same(const fv_writer *w, const fv_window *win, int d) {
    const int64_t in = size_in(w, d);
    const int64_t out = (in - 1) / win->stride + 1;
    const int64_t missing = (out - 1) * win->stride + reach(win) - in;
    const int64_t pads = missing > 0 ? missing : 0;
    return win->out == out && win->before == pads / 2 &&
           (win->before + win->after >= pads || missing <= 0);
}

/* Rows or columns that the last window reaches beyond the map; with `ceil` beyond the padding. */
static int64_t behind(const fv_writer *w, const fv_window *win, int d) {
    const int64_t needed = (win->out - 1) * win->stride + reach(win) - size_in(w, d) - win->before;
    return needed > win->after ? needed : win->after;
}

/* A value that is never below 0: there zeros around it never win. */
static bool never_negative(const fv_graph *net, int value) {
    const fv_node *node = net->values[value].node < 0 ? NULL : &net->nodes[net->values[value].node];
    if (!node) return false;
    if (node->op == &fv__op_relu || node->op == &fv__op_sigmoid || node->op == &fv__op_softmax)
        return true;
    if (node->op != &fv__op_maxpool && node->op != &fv__op_avgpool && node->op != &fv__op_dropout &&
        node->op != &fv__op_lrn)
        return false;
    return never_negative(net, node->in[0]); /* nodes read earlier ones only: this ends */
}

enum { NONE, SAME, LAYER };

/* How the layer at hand is padded. */
static fv_status padding(const fv_writer *w, fv_window win[2], int *how) {
    const fv_field *f;
    const bool average = w->node->op == &fv__op_avgpool;
    FV_TRY(fv__writer_windows(w, win));
    const bool *count = fv__writer_option(w, "count_pad", &f);
    bool some = false, all_same = true, over = false;
    for (int d = fv__writer_spatial(w) > 1 ? 0 : 1; d < 2; d++) {
        some = some || win[d].before || behind(w, &win[d], d) > 0;
        all_same = all_same && same(w, &win[d], d);
        over = over || behind(w, &win[d], d) > win[d].after;
    }
    *how = !some ? NONE : LAYER;
    if (some && all_same && !(average && *count)) *how = SAME;
    if (*how != LAYER) return FV_OK;
    if (average && (over || !*count))
        return fv__writer_refuse(w, "Keras averages over what lies in the map, and pads as "
                                    "`pad same` does");
    if (w->node->op == &fv__op_maxpool && !never_negative(w->net, w->node->in[0]))
        return fv__writer_refuse(w, "Keras pads it as `pad same` does; zeros around it might win, "
                                    "for what it reads may be below 0");
    return FV_OK;
}

static fv_status put_pad(fv_writer *w, fv_text *out) {
    fv_window win[2];
    int how;
    FV_TRY(padding(w, win, &how));
    if (how == SAME) fv__text_add(out, "\"same\"");
    return FV_OK;
}

/* "((1, 1), (0, 2))", of a sequence "(0, 2)". */
static void put_pairs(const fv_writer *w, const int64_t before[2], const int64_t after[2],
                      fv_text *out) {
    if (fv__writer_spatial(w) > 1)
        fv__text_addf(out, "((%" PRId64 ", %" PRId64 "), ", before[0], after[0]);
    fv__text_addf(out, "(%" PRId64 ", %" PRId64 ")%s", before[1], after[1],
                  fv__writer_spatial(w) > 1 ? ")" : "");
}

static fv_status put_padded(fv_writer *w, fv_text *out) {
    fv_window win[2];
    int how;
    FV_TRY(padding(w, win, &how));
    if (how == LAYER) {
        const int64_t before[] = {win[0].before, win[1].before};
        const int64_t after[] = {behind(w, &win[0], 0), behind(w, &win[1], 1)};
        fv__text_addf(out, "layers.ZeroPadding%dD(", fv__writer_spatial(w));
        put_pairs(w, before, after, out);
        fv__text_add(out, ")(");
    }
    fv__text_addf(out, "%s%s", fv__writer_input(w, 0), how == LAYER ? ")" : "");
    return FV_OK;
}

/* What is taken off a transposed convolution without padding, or false where it is Keras' "same":
   in times the stride is left. */
static bool cuts(const fv_writer *w, int64_t before[2], int64_t after[2]) {
    const fv_convtranspose_options *o = w->node->options;
    bool all_same = true;
    fv_window win[2];
    int64_t size[2];
    fv__convtranspose_windows(&w->room.in[0], o, win, size);
    for (int d = 0; d < 2; d++) {
        const int64_t k = reach(&win[d]), s = win[d].stride;
        const int64_t full = (size_in(w, d) - 1) * s + (k > s ? k : s);
        before[d] = win[d].before;
        after[d] = full - size[d] - before[d];
        all_same = all_same && k >= s && size[d] == size_in(w, d) * s && before[d] == (k - s) / 2;
    }
    return !all_same;
}

static fv_status put_back(fv_writer *w, fv_text *out) {
    int64_t before[2], after[2];
    if (!cuts(w, before, after)) fv__text_add(out, "\"same\"");
    return FV_OK;
}

static fv_status put_cut(fv_writer *w, fv_text *out) {
    int64_t before[2], after[2];
    const bool map = fv__writer_spatial(w) > 1;
    const bool cut =
        cuts(w, before, after) && (before[1] || after[1] || (map && (before[0] || after[0])));
    if (!cut) return fv__writer_fill(w, "{m}({0})", out);
    if (after[1] < 0 || (map && after[0] < 0))
        return fv__writer_refuse(w, "its output_pad is larger than what Keras could cut off");
    FV_TRY(fv__writer_fill(w, "layers.Cropping{d}D(", out));
    put_pairs(w, before, after, out);
    return fv__writer_fill(w, ")({m}({0}))", out);
}

/* ---------------------------------------------------------------------------- axes and sizes ---
 */

/* Where our dimension `axis` lies. */
static int64_t last(const fv_shape *s, int64_t axis) {
    if (axis < 0) axis += s->rank;
    return axis == 1 ? -1 : axis > 1 ? axis - 1 : axis;
}

static fv_status put_axis(fv_writer *w, fv_text *out) {
    const fv_field *f;
    const int64_t axis = last(&w->room.in[0], *(const int64_t *)fv__writer_option(w, "axis", &f));
    if (axis != -1) fv__text_addf(out, "%" PRId64, axis);
    return FV_OK;
}

static fv_status put_tail(fv_writer *w, fv_text *out) {
    const fv_field *f;
    const fv_shape *in = &w->room.in[0];
    int64_t axis = *(const int64_t *)fv__writer_option(w, "axis", &f);
    if (axis < 0) axis += in->rank;
    if (in->rank == 2) return FV_OK;
    fv__text_add(out, "(");
    for (int64_t a = axis; a < in->rank; a++)
        fv__text_addf(out, "%s%" PRId64, a > axis ? ", " : "", last(in, a));
    fv__text_add(out, axis + 1 == in->rank ? ",)" : ")");
    return FV_OK;
}

static fv_status put_multiplier(fv_writer *w, fv_text *out) {
    const int64_t times = w->room.out[0].dim[1] / w->room.in[0].dim[1];
    if (times != 1) fv__text_addf(out, "%" PRId64, times);
    return FV_OK;
}

static fv_status put_flat(fv_writer *w, fv_text *out) {
    fv__text_addf(out, w->room.in[0].rank > 2 ? "layers.Flatten()(%s)" : "%s",
                  fv__writer_input(w, 0));
    return FV_OK;
}

static fv_status put_shared(fv_writer *w, fv_text *out) {
    const bool one = w->net->params[w->node->param[0]].count == 1;
    const int rank = w->room.in[0].rank;
    fv__text_add(out, rank > 2 || one ? "[" : "");
    for (int i = 1; i < rank - !one; i++) fv__text_addf(out, "%s%d", i > 1 ? ", " : "", i);
    fv__text_add(out, rank > 2 || one ? "]" : "");
    return FV_OK;
}

static fv_status put_pads(fv_writer *w, fv_text *out) {
    const fv_field *f;
    const fv_shape *x = &w->room.in[0], *y = &w->room.out[0];
    const fv_ints *pads = fv__writer_option(w, "pads", &f);
    const fv_ints *axes = fv__writer_option(w, "axes", &f);
    int64_t sides[2][2] = {{0}};
    bool fits = x->rank == 4 && x->dim[1] == y->dim[1];
    for (int i = 0; i < pads->count / 2; i++) {
        int64_t axis = axes->count ? axes->v[i] : i;
        if (axis < 0) axis += x->rank;
        for (int side = 0; side < 2 && axis >= 2 && axis < 4; side++) {
            sides[side][axis - 2] = pads->v[i + side * (pads->count / 2)];
            fits = fits && sides[side][axis - 2] >= 0;
        }
    }
    if (!fits) return fv__writer_refuse(w, "Keras pads rows and columns of maps with zeros");
    put_pairs(w, sides[0], sides[1], out);
    return FV_OK;
}

static fv_status put_crop(fv_writer *w, fv_text *out) {
    static const char *const names[] = {"top", "left"};
    int64_t before[2], after[2];
    for (int d = 0; d < 2; d++) {
        const fv_field *f;
        const int64_t more = w->room.in[0].dim[2 + d] - w->room.out[0].dim[2 + d];
        before[d] = *(const int64_t *)fv__writer_option(w, names[d], &f);
        if (before[d] < 0) before[d] = more / 2;
        after[d] = more - before[d];
    }
    put_pairs(w, before, after, out);
    return FV_OK;
}

static fv_status put_missing(fv_writer *w, fv_text *out) {
    const int64_t missing = w->room.out[0].dim[1] - w->room.in[0].dim[1];
    fv__text_addf(out, "((0, 0), (0, 0), (0, 0), (%" PRId64 ", %" PRId64 "))", missing / 2,
                  missing - missing / 2);
    return FV_OK;
}

static const fv_computed computed[] = {
    {"pad", "pad ceil count_pad", put_pad},
    {"padded", "pad ceil count_pad", put_padded},
    {"back", "pad output_pad", put_back},
    {"cut", "pad output_pad", put_cut},
    {"axis", "axis", put_axis},
    {"tail", "axis", put_tail},
    {"multiplier", "filters groups", put_multiplier},
    {"flat", "", put_flat},
    {"shared", "slopes", put_shared},
    {"pads", "pads axes", put_pads},
    {"crop", "size top left", put_crop},
    {"missing", "channels", put_missing},
    {NULL, NULL, NULL},
};

/* --------------------------------------------------------------------------------- program --- */

static const char *variant(const fv_node *node, const fv_site *site) {
    const fv_field *f;
    if (node->op == &fv__op_conv) {
        const int64_t groups = ((const fv_conv_options *)node->options)->groups;
        return groups > 1 && groups == site->in[0].dim[1] ? "depthwise" : NULL;
    }
    if (node->op != &fv__op_clip) return NULL;
    f = fv__field_find(node->op->fields, "min");
    return *(const double *)((const char *)node->options + f->offset) == 0 ? "relu" : NULL;
}

static void put_input(const fv_shape *in, fv_text *out) {
    fv__text_add(out, "(");
    for (int i = 2; i < in->rank; i++) fv__text_addf(out, "%" PRId64 ", ", in->dim[i]);
    fv__text_addf(out, "%" PRId64 "%s)", in->dim[1], in->rank == 2 ? "," : "");
}

static void assemble(const fv_writer *w, fv_text *out) {
    const fv_graph *net = w->net;
    char *name = fv__python_name((fv_arena *)(uintptr_t)&w->arena, net->name);
    int count = 0;
    if (!name) {
        out->failed = true;
        return;
    }
    fv__text_addf(out,
                  "\"\"\"%s as a Keras model, channels last. A Dense behind a map reads it in the "
                  "order rows,\ncolumns, channels: its weights lie otherwise than in the model "
                  "file.\"\"\"\nimport keras\nfrom keras import layers\n\n\ndef %s():\n"
                  "    %s = inputs = keras.Input(",
                  net->name, name, w->variables[0]);
    put_input(&net->values[0].shape, out);
    fv__text_addf(out, ")\n%s    return keras.Model(inputs, ", w->body.data ? w->body.data : "");
    for (size_t h = 0; h < net->head_count; h++) count += !net->heads[h].training;
    fv__text_add(out, count > 1 ? "[" : "");
    for (size_t h = 0, at = 0; h < net->head_count; h++) {
        if (net->heads[h].training) continue;
        fv__text_addf(out, "%s%s", at++ ? ", " : "", w->variables[net->heads[h].value]);
    }
    fv__text_addf(out, "%s, name=\"%s\")\n\n\nif __name__ == \"__main__\":\n    %s().summary()\n",
                  count > 1 ? "]" : "", name, name);
}

static const char *const taken[] = {"keras", "layers", "inputs", NULL};

const fv_dialect fv__keras = {
    .name = "keras",
    .title = "Keras",
    .rows = fv__keras_rows,
    .computed = computed,
    .channels_last = true,
    .taken = taken,
    .variant = variant,
    .assemble = assemble,
};
