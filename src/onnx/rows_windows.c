/* SPDX-License-Identifier: MIT */
/*
 * rows_windows.c - what has a window: convolutions, pools, and their opposites. See row_list.h.
 */
#include "onnx/steps.h"

#ifdef FV_HAVE_ONNX
#include <string.h>

#define SIDE_MOST                                                                                  \
    1000000 /* as the operators have it; sums of products below it cannot overflow                 \
             */

/* A window as the attributes have it, height first; along a row the height is 1. */
typedef struct window {
    int dims; /* that it slides along: 1 or 2 */
    int64_t in[2], kernel[2], stride[2], dilation[2];
    bool same, lower; /* auto_pad: as many zeros as make the output in/stride, the odd one last, or
                         (lower) first */
} window;

/* A list of one number for each dimension; `otherwise` where it is not there. */
static fv_status read_sides(fv_onnx_node *n, const char *name, int dims, int64_t otherwise,
                            int64_t out[2]) {
    fv_ints v;
    FV_TRY(fv__onnx_ints(n, name, &v));
    if (v.count && v.count != dims)
        return fv__onnx_refuse(n, "%s has %d numbers for %d dimensions", name, v.count, dims);
    out[0] = dims == 1 ? 1 : v.count ? v.v[0] : otherwise;
    out[1] = v.count ? v.v[dims - 1] : otherwise;
    return FV_OK;
}

/* How many dimensions it slides along; refuses what is not computed here. */
static fv_status read_place(fv_onnx_node *n, window *w) {
    if (!fv__onnx_has(n, 0)) return fv__onnx_refuse(n, "it has no input");
    const fv_shape *x = fv__onnx_shape(n->im, n->in[0], NULL);
    w->dims = x->rank - 2;
    if (w->dims < 1)
        return fv__onnx_refuse(n, "its input has %d dimensions; a window needs 3 or 4", x->rank);
    if (w->dims > 2)
        return fv__onnx_refuse(n, "%d-D windows are not computed here; 1-D and 2-D ones are",
                               w->dims);
    for (int d = 0; d < 2; d++) w->in[d] = w->dims == 1 && d == 0 ? 1 : x->dim[w->dims + d];
    return FV_OK;
}

static fv_status read_auto_pad(fv_onnx_node *n, window *w) {
    char word[FV_WORD_MAX];
    FV_TRY(fv__onnx_word(n, "auto_pad", "NOTSET", word));
    w->lower = strcmp(word, "SAME_LOWER") == 0;
    w->same = w->lower || strcmp(word, "SAME_UPPER") == 0;
    if (!w->same && strcmp(word, "VALID") != 0 && strcmp(word, "NOTSET") != 0)
        return fv__onnx_refuse(n, "auto_pad is %s", word);
    return FV_OK;
}

/* weight: of a convolution, whose window it is; NULL: kernel_shape says. */
static fv_status read_window(fv_onnx_node *n, const fv_constant *weight, window *w) {
    FV_TRY(read_place(n, w));
    FV_TRY(read_sides(n, "kernel_shape", w->dims, 0, w->kernel));
    FV_TRY(read_sides(n, "strides", w->dims, 1, w->stride));
    FV_TRY(read_sides(n, "dilations", w->dims, 1, w->dilation));
    FV_TRY(read_auto_pad(n, w));
    if (weight && weight->shape.rank != w->dims + 2)
        return fv__onnx_refuse(n, "its weight has %d dimensions and its input %d",
                               weight->shape.rank, w->dims + 2);
    for (int d = 0; d < 2; d++) {
        const int64_t said = w->kernel[d];
        if (weight) w->kernel[d] = w->dims == 1 && d == 0 ? 1 : weight->shape.dim[w->dims + d];
        if (weight && fv__onnx_attribute(n, "kernel_shape") && said != w->kernel[d])
            return fv__onnx_refuse(n, "kernel_shape is not that of its weight");
        if (w->kernel[d] < 1 || w->stride[d] < 1 || w->dilation[d] < 1)
            return fv__onnx_refuse(n, "its kernel, strides and dilations must be 1 or more");
        if (w->kernel[d] > SIDE_MOST || w->stride[d] > SIDE_MOST || w->dilation[d] > SIDE_MOST)
            return fv__onnx_refuse(n, "its window is too large");
    }
    return FV_OK;
}

static int64_t reach(const window *w, int d) {
    return (w->kernel[d] - 1) * w->dilation[d] + 1;
}

/* `total` zeros on each axis in two parts; the odd one last, or first. */
static fv_status set_pads(fv_onnx_node *n, fv_onnx_made *o, const int64_t total[2], bool lower) {
    fv_ints pads = {4, {0}};
    for (int d = 0; d < 2; d++) {
        const int64_t half = total[d] / 2, rest = total[d] - half;
        pads.v[d] = lower ? rest : half;
        pads.v[2 + d] = lower ? half : rest;
    }
    return fv__onnx_set_ints(n, o, "pad", &pads, false);
}

/* The window into options that attributes have been read into. */
static fv_status set_window(fv_onnx_node *n, fv_onnx_made *o, const window *w) {
    const fv_ints kernel = {2, {w->kernel[0], w->kernel[1]}};
    const fv_ints stride = {2, {w->stride[0], w->stride[1]}};
    int64_t total[2];
    FV_TRY(fv__onnx_set_ints(n, o, "kernel", &kernel, true));
    FV_TRY(fv__onnx_set_ints(n, o, "stride", &stride, true));
    if (!w->lower) return w->same ? fv__onnx_set_word(n, o, "pad", "same") : FV_OK;
    for (int d = 0; d < 2; d++) {
        const int64_t windows = (w->in[d] + w->stride[d] - 1) / w->stride[d];
        total[d] = (windows - 1) * w->stride[d] + reach(w, d) - w->in[d];
        if (total[d] < 0) total[d] = 0;
    }
    return set_pads(n, o, total, true);
}

/* ------------------------------------------------------------------------- convolutions --- */

/* Adds it with its weight and, where there is one, its bias. */
static fv_status add_weighted(fv_onnx_node *n, fv_onnx_made *o, const fv_constant *weight) {
    const fv_constant *params[2] = {weight, NULL};
    const int in[] = {0}, bias = fv__onnx_has(n, 2);
    FV_TRY(fv__onnx_set_word(n, o, "bias", bias ? "yes" : "no"));
    if (bias) FV_TRY(fv__onnx_known(n, 2, "its bias", &params[1]));
    return fv__onnx_add(n, o, in, 1, params, 1 + bias);
}

fv_status fv__onnx_take_conv(fv_onnx_node *n) {
    const fv_constant *weight;
    fv_onnx_made o;
    window w;
    FV_TRY(fv__onnx_known(n, 1, "its weight", &weight));
    FV_TRY(read_window(n, weight, &w));
    FV_TRY(fv__onnx_make(n, "conv", &o));
    FV_TRY(fv__onnx_set(n, &o, "filters", (double)weight->shape.dim[0]));
    FV_TRY(set_window(n, &o, &w));
    return add_weighted(n, &o, weight);
}

/* How large the output is to be; 0: as the other attributes have it. Some files give the batch and
   the channels too. */
static fv_status read_output(fv_onnx_node *n, const window *w, int64_t out[2]) {
    fv_ints shape;
    FV_TRY(fv__onnx_ints(n, "output_shape", &shape));
    out[0] = out[1] = 0;
    if (shape.count == 0) return FV_OK;
    if (shape.count != w->dims && shape.count != w->dims + 2)
        return fv__onnx_refuse(n, "output_shape has %d numbers for %d dimensions", shape.count,
                               w->dims);
    for (int d = 0; d < 2; d++) {
        out[d] = w->dims == 1 && d == 0 ? 1 : shape.v[shape.count - 2 + d];
        if (out[d] < 1 || out[d] > INT32_MAX)
            return fv__onnx_refuse(n, "output_shape has a number that is no size");
    }
    return FV_OK;
}

/* Where the output's size is stated, so much is taken off around it, or added behind it. */
static fv_status set_output(fv_onnx_node *n, fv_onnx_made *o, const window *w) {
    int64_t out[2], more[2], total[2];
    FV_TRY(read_output(n, w, out));
    FV_TRY(read_sides(n, "output_padding", w->dims, 0, more));
    if (w->dims == 1) more[0] = 0;
    if (out[1] == 0 && !w->same) return FV_OK;
    for (int d = 0; d < 2; d++) {
        if (w->in[d] > INT32_MAX || more[d] < 0 || more[d] > INT32_MAX)
            return fv__onnx_refuse(n, "output_padding is no size");
        const int64_t wanted = out[d] > 0 ? out[d] : w->in[d] * w->stride[d];
        total[d] = w->stride[d] * (w->in[d] - 1) + more[d] + reach(w, d) - wanted;
        if (total[d] < 0) more[d] -= total[d];
        if (total[d] < 0) total[d] = 0;
    }
    const fv_ints output_pad = {2, {more[0], more[1]}};
    FV_TRY(fv__onnx_set_ints(n, o, "output_pad", &output_pad, true));
    /* ONNX: the odd row is taken off first unless SAME_UPPER says otherwise */
    return set_pads(n, o, total, !w->same || w->lower);
}

fv_status fv__onnx_take_convtranspose(fv_onnx_node *n) {
    const fv_constant *weight;
    int64_t groups;
    fv_onnx_made o;
    window w;
    FV_TRY(fv__onnx_known(n, 1, "its weight", &weight));
    FV_TRY(read_window(n, weight, &w));
    FV_TRY(fv__onnx_make(n, "convtranspose", &o));
    FV_TRY(fv__onnx_int(n, "group", 1, &groups));
    FV_TRY(fv__onnx_set(n, &o, "filters", (double)weight->shape.dim[1] * (double)groups));
    FV_TRY(set_window(n, &o, &w));
    FV_TRY(set_output(n, &o, &w));
    return add_weighted(n, &o, weight);
}

/* --------------------------------------------------------------------------------- pools --- */

/* Places in a channel's plane as places in the whole tensor, by rows or (order 1) by columns.
   Of a batch each sample counts from its own beginning: its number is not known. */
static fv_entry *whole_places(fv_onnx_steps *s, const window *w, int64_t order, fv_entry *at) {
    fv_importer *im = s->n->im;
    const fv_shape *x = fv__onnx_shape(im, s->n->in[0], NULL);
    fv_shape planes = *x;
    if (fv__shape_count(x) > INT32_MAX)
        s->status = fv__onnx_refuse(s->n, "there are more places than 2,147,483,647");
    for (int d = 2; d < planes.rank; d++) planes.dim[d] = 1;
    fv_entry *first = fv__step_constant(s, FV_I32, &planes), *width = NULL;
    for (int64_t i = 0; first && i < planes.dim[0] * planes.dim[1]; i++)
        fv__constant_set(&first->constant, i, (double)(i * w->in[0] * w->in[1]));
    if (order == 1) {
        width = fv__step_whole(s, (double)w->in[1]);
        at = fv__step2(s, "sum",
                       fv__step2(s, "mul", fv__step2(s, "mod", at, width),
                                 fv__step_whole(s, (double)w->in[0])),
                       fv__step2(s, "div", at, width));
    }
    return fv__step2(s, "sum", at, first);
}

/* With what stood in the window, the winners' places. */
static fv_status take_places(fv_onnx_node *n, const fv_onnx_made *o, const window *w,
                             int64_t order) {
    fv_onnx_steps s = {.n = n};
    fv_entry *at;
    FV_TRY(fv__onnx_all_read(n));
    fv_entry *y = fv__step_outputs(&s, o, n->in, 1, &at, 1);
    at = y ? whole_places(&s, w, order, at) : NULL;
    FV_TRY(fv__steps_give(&s, 0, y));
    return fv__steps_give(&s, 1, at);
}

/* One pool; along rows, [N, C, W], as one over maps of one row, and bytes as real numbers. */
static fv_status take_plain(fv_onnx_node *n, const fv_onnx_made *o, const window *w) {
    const fv_dtype dtype = fv__onnx_dtype(n->im, n->in[0]);
    const char *const bytes = dtype == FV_U8 ? "uint8" : dtype == FV_I8 ? "int8" : NULL;
    const fv_ints rows = {1, {2}};
    const int in[] = {0};
    fv_onnx_steps s = {.n = n};
    if (w->dims == 2 && !bytes) return fv__onnx_add(n, o, in, 1, NULL, 0);
    FV_TRY(fv__onnx_all_read(n));
    fv_entry *x = n->in[0];
    if (bytes) x = fv__step_word(&s, "cast", "to", "float", x);
    if (w->dims == 1) x = fv__step_ints(&s, "unsqueeze", "axes", &rows, x);
    x = fv__step_made(&s, o, &x, 1);
    if (w->dims == 1) x = fv__step_ints(&s, "squeeze", "axes", &rows, x);
    if (bytes) x = fv__step_word(&s, "cast", "to", bytes, x);
    return fv__steps_give(&s, 0, x);
}

fv_status fv__onnx_take_pool(fv_onnx_node *n) {
    const char *type = n->proto->op_type;
    const bool max = strcmp(type, "MaxPool") == 0, average = strcmp(type, "AveragePool") == 0;
    const bool places = max && n->proto->n_output > 1 && n->proto->output[1][0];
    int64_t order;
    fv_onnx_made o;
    window w;
    FV_TRY(read_window(n, NULL, &w));
    FV_TRY(fv__onnx_make(n,
                         places    ? "maxpoolindices"
                         : max     ? "maxpool"
                         : average ? "avgpool"
                                   : "lppool",
                         &o));
    FV_TRY(set_window(n, &o, &w));
    if (average && !fv__onnx_attribute(n, "count_include_pad"))
        FV_TRY(fv__onnx_set_word(n, &o, "count_pad", "no"));
    FV_TRY(fv__onnx_int(n, "storage_order", 0, &order));
    return places ? take_places(n, &o, &w, order) : take_plain(n, &o, &w);
}

/* Our operator reads maps with height and width; of others it is the mean over what is behind the
   channels. */
fv_status fv__onnx_take_globalavgpool(fv_onnx_node *n) {
    fv_onnx_steps s = {.n = n};
    const int in[] = {0};
    fv_onnx_made o;
    FV_TRY(fv__onnx_own(n, &o));
    const fv_shape *x = fv__onnx_has(n, 0) ? fv__onnx_shape(n->im, n->in[0], NULL) : NULL;
    if (!x || x->rank == 4 || x->rank < 3) return fv__onnx_add(n, &o, in, 1, NULL, 0);
    FV_TRY(fv__onnx_all_read(n));
    const fv_ints axes = fv__onnx_axes(x, 2);
    return fv__steps_give(&s, 0, fv__step_reduce(&s, "reducemean", &axes, true, n->in[0]));
}

/* Pixels of a channel's plane, from whose windows the values came; and the last two dimensions. */
static fv_status unpooled(fv_onnx_node *n, const window *w, int64_t side[2], int64_t *pixels) {
    fv_ints pads;
    FV_TRY(fv__onnx_ints(n, "pads", &pads));
    for (int d = 0; d < 2; d++) {
        const int k = d - (2 - w->dims); /* the place in a list of so many dimensions */
        const int64_t off =
            k >= 0 && pads.count == 2 * w->dims ? pads.v[k] + pads.v[w->dims + k] : 0;
        if (!fv__mul_i64(w->same ? w->in[d] : w->in[d] - 1, w->stride[d], &side[d]))
            return fv__onnx_refuse(n, "its output is too large");
        if (!w->same) side[d] += w->kernel[d] - off;
        if (side[d] < 1) return fv__onnx_refuse(n, "its pads leave nothing of the output");
    }
    if (!fv__mul_i64(side[0], side[1], pixels) || *pixels > INT32_MAX)
        return fv__onnx_refuse(n, "its output is too large");
    return FV_OK;
}

/* A border of zeros behind the last two dimensions makes the output as large as stated. */
static fv_status enlarge(fv_onnx_steps *s, const window *w, const int64_t side[2], fv_entry *y) {
    fv_onnx_node *n = s->n;
    const fv_constant *wanted;
    fv_ints size, pads = {2 * (w->dims + 2), {0}};
    FV_TRY(fv__onnx_known(n, 2, "output_shape", &wanted));
    if (!fv__constant_ints(wanted, &size) || size.count != w->dims + 2)
        return fv__onnx_refuse(n, "output_shape has to be %d whole numbers", w->dims + 2);
    for (int d = 2 - w->dims; d < 2; d++) {
        const int at = w->dims + d;
        pads.v[size.count + at] = size.v[at] - side[d];
        if (size.v[at] < side[d])
            return fv__onnx_refuse(n, "output_shape is smaller than what was pooled");
    }
    return fv__steps_give(s, 0, fv__step_ints(s, "pad", "pads", &pads, y));
}

/* Places count over the whole tensor there, over the channel's plane here. */
fv_status fv__onnx_take_maxunpool(fv_onnx_node *n) {
    fv_onnx_steps s = {.n = n};
    int64_t side[2], pixels = 0;
    fv_onnx_made o;
    window w;
    FV_TRY(read_window(n, NULL, &w));
    FV_TRY(unpooled(n, &w, side, &pixels));
    FV_TRY(fv__onnx_make(n, "maxunpool", &o));
    FV_TRY(set_window(n, &o, &w));
    FV_TRY(fv__onnx_all_read(n));
    if (!fv__onnx_has(n, 1)) return fv__onnx_refuse(n, "its places are missing");
    fv_entry *const in[] = {n->in[0],
                            fv__step2(&s, "mod", n->in[1], fv__step_whole(&s, (double)pixels))};
    fv_entry *y = fv__step_made(&s, &o, in, 2);
    FV_TRY(s.status);
    return fv__onnx_has(n, 2) ? enlarge(&s, &w, side, y) : fv__steps_give(&s, 0, y);
}

#endif
