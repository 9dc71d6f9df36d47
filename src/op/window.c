/* SPDX-License-Identifier: MIT */
/*
 * window.c - where the windows of conv and the pools stand, and how many there are.
 *
 *     out = floor((in + before + after - kernel) / stride) + 1,   kernel = dilation (k - 1) + 1
 *
 * (Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep learning", relation 6.) With
 * `ceil` the quotient is rounded up, but no window may start beyond the map, as in PyTorch.
 */
#include "op/avgpool.h"
#include "op/convtranspose.h"
#include "op/maxpool.h"
#include "op/shapes.h"

#include <inttypes.h>
#include <stdio.h>

/* Larger numbers mean nothing, and below them no sum here can overflow. */
#define WINDOW_MAX 1000000
#define INPUT_MAX  (INT64_MAX / 8)

static int64_t reach(int64_t kernel, int64_t dilation) {
    return dilation * (kernel - 1) + 1;
}

static void begin(fv_size kernel, fv_size stride, fv_size dilation, fv_window win[2]) {
    win[0] = (fv_window){.kernel = kernel.h, .stride = stride.h, .dilation = dilation.h};
    win[1] = (fv_window){.kernel = kernel.w, .stride = stride.w, .dilation = dilation.w};
}

/* Fills before, after and out of one axis; false when not one window fits. */
static bool place(int64_t in, fv_pad_mode mode, int64_t before, int64_t after, bool ceil,
                  fv_window *win) {
    int64_t kernel = reach(win->kernel, win->dilation);
    if (mode == FV_PAD_SAME) {
        win->out = (in - 1) / win->stride + 1;
        int64_t missing = (win->out - 1) * win->stride + kernel - in;
        if (missing < 0) missing = 0;
        win->before = missing / 2;
        win->after = missing - win->before;
        return true;
    }
    win->before = mode == FV_PAD_SIDES ? before : 0;
    win->after = mode == FV_PAD_SIDES ? after : 0;
    int64_t room = in + win->before + win->after - kernel;
    if (ceil) room += win->stride - 1;
    if (room < 0) return false;
    win->out = room / win->stride + 1;
    int64_t starts = (in + win->before - 1) / win->stride + 1; /* before the end of the map */
    if (ceil && win->out > starts) win->out = starts;
    return true;
}

/* The other way round, for a transposed convolution: the size of the map on which `in` windows
   stand, with `more` rows that no window need reach; false when it cannot be counted or nothing is
   left of it. */
static bool place_back(int64_t in, fv_pad_mode mode, int64_t before, int64_t after, int64_t more,
                       fv_window *win, int64_t *size) {
    const bool same = mode == FV_PAD_SAME;
    if (!fv__mul_i64(same ? in : in - 1, win->stride, size) || *size > INPUT_MAX) {
        *size = INPUT_MAX;
        return false;
    }
    if (!same) *size += reach(win->kernel, win->dilation) + more;
    if (mode == FV_PAD_SIDES) *size -= before + after;
    if (*size < 1) return false;
    (void)place(*size, mode, before, after, false, win);
    win->out = in;
    return true;
}

/* Pixels of the map after the last window. When the stride is larger than the kernel there are
   gaps between all windows, by intention; a last gap no wider than those is no misfit either. */
static void measure(char axis, int64_t in, const fv_window *win, fv_misfit *misfit) {
    int64_t kernel = reach(win->kernel, win->dilation);
    int64_t tile = kernel > win->stride ? kernel : win->stride;
    int64_t ignored = in - ((win->out - 1) * win->stride - win->before + tile);
    *misfit = (fv_misfit){0};
    if (ignored <= 0) return;
    *misfit = (fv_misfit){.axis = axis,
                          .in = in,
                          .before = win->before,
                          .after = win->after,
                          .kernel = kernel,
                          .stride = win->stride,
                          .used = win->out,
                          .ignored = ignored};
}

static fv_status check_numbers(fv_context *ctx, const fv_shape *in, fv_size kernel, fv_size stride,
                               fv_size dilation, const fv_pad *pad) {
    const struct {
        const char *name;
        int64_t a, b, min;
    } numbers[] = {{"kernel", kernel.h, kernel.w, 1},
                   {"stride", stride.h, stride.w, 1},
                   {"dilation", dilation.h, dilation.w, 1},
                   {"pad", pad->top, pad->left, 0},
                   {"pad", pad->bottom, pad->right, 0}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (i > 2 && pad->mode != FV_PAD_SIDES) break;
        int64_t v = numbers[i].a < numbers[i].min || numbers[i].a > WINDOW_MAX ? numbers[i].a
                                                                               : numbers[i].b;
        if (v < numbers[i].min || v > WINDOW_MAX)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s must be between %" PRId64 " and %d, not %" PRId64, numbers[i].name,
                            numbers[i].min, WINDOW_MAX, v);
    }
    if (in->rank != 4 || in->dim[2] < 1 || in->dim[3] < 1 || in->dim[2] > INPUT_MAX ||
        in->dim[3] > INPUT_MAX)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "a window needs a map with height and width to slide over");
    return FV_OK;
}

/* "3x3 kernel with dilation 4x4 (9x9 pixels) does not fit 5x5 input padded to 7x7" */
static fv_status fail_fit(fv_context *ctx, const fv_shape *in, const fv_window win[2]) {
    char dilated[128] = "", padded[96] = "";
    if (win[0].dilation > 1 || win[1].dilation > 1)
        (void)snprintf(dilated, sizeof dilated,
                       " with dilation %" PRId64 "x%" PRId64 " (%" PRId64 "x%" PRId64 " pixels)",
                       win[0].dilation, win[1].dilation, reach(win[0].kernel, win[0].dilation),
                       reach(win[1].kernel, win[1].dilation));
    if (win[0].before + win[0].after + win[1].before + win[1].after > 0)
        (void)snprintf(padded, sizeof padded, " padded to %" PRId64 "x%" PRId64,
                       in->dim[2] + win[0].before + win[0].after,
                       in->dim[3] + win[1].before + win[1].after);
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%" PRId64 "x%" PRId64 " kernel%s does not fit %" PRId64 "x%" PRId64 " input%s",
                    win[0].kernel, win[1].kernel, dilated, in->dim[2], in->dim[3], padded);
}

fv_status fv__windows(fv_context *ctx, const fv_shape *in, fv_size kernel, fv_size stride,
                      fv_size dilation, const fv_pad *pad, bool ceil, fv_window out[2],
                      fv_misfit misfit[2]) {
    FV_TRY(check_numbers(ctx, in, kernel, stride, dilation, pad));
    begin(kernel, stride, dilation, out);
    bool h = place(in->dim[2], pad->mode, pad->top, pad->bottom, ceil, &out[0]);
    bool w = place(in->dim[3], pad->mode, pad->left, pad->right, ceil, &out[1]);
    if (!h || !w) return fail_fit(ctx, in, out);
    measure('h', in->dim[2], &out[0], &misfit[0]);
    measure('w', in->dim[3], &out[1], &misfit[1]);
    return FV_OK;
}

/* A pool's window must hold at least one pixel of the map. With pads smaller than the window
   and a dilation no larger than the map it does. */
fv_status fv__pool_check(fv_context *ctx, const fv_shape *in, const fv_window win[2]) {
    for (int a = 0; a < 2; a++) {
        int64_t kernel = reach(win[a].kernel, win[a].dilation);
        int64_t pad = win[a].before > win[a].after ? win[a].before : win[a].after;
        if (pad >= kernel)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "pad %" PRId64 " must be smaller than the window, which is %" PRId64
                            " pixels %s: otherwise some windows hold nothing but padding",
                            pad, kernel, a == 0 ? "high" : "wide");
        if (win[a].before > 0 && win[a].kernel > 1 && win[a].dilation > in->dim[2 + a])
            return fv__fail(ctx, FV_BAD_INPUT,
                            "dilation %" PRId64 " steps over the whole input, which is %" PRId64
                            " pixels %s: some windows would hold nothing but padding",
                            win[a].dilation, in->dim[2 + a], a == 0 ? "high" : "wide");
    }
    return FV_OK;
}

fv_size fv__pool_stride(fv_size kernel, fv_size stride) {
    return (fv_size){stride.h != 0 ? stride.h : kernel.h, stride.w != 0 ? stride.w : kernel.w};
}

/* The windows of a place that was accepted before. */
static void again(const fv_shape *in, fv_size kernel, fv_size stride, fv_size dilation,
                  const fv_pad *pad, bool ceil, fv_window out[2]) {
    begin(kernel, stride, dilation, out);
    (void)place(in->dim[2], pad->mode, pad->top, pad->bottom, ceil, &out[0]);
    (void)place(in->dim[3], pad->mode, pad->left, pad->right, ceil, &out[1]);
}

void fv__conv_as_maps(const fv_shape *in, const fv_conv_options *o, fv_shape *maps,
                      fv_conv_options *flat) {
    *maps = *in;
    *flat = *o;
    if (in->rank != 3) return;
    *maps = fv__shape4(in->dim[0], in->dim[1], 1, in->dim[2]);
    flat->kernel.h = flat->stride.h = flat->dilation.h = 1;
    flat->pad.top = flat->pad.bottom = 0;
}

void fv__conv_windows(const fv_shape *in, const fv_conv_options *o, fv_window out[2]) {
    fv_shape maps;
    fv_conv_options flat;
    fv__conv_as_maps(in, o, &maps, &flat);
    again(&maps, flat.kernel, flat.stride, flat.dilation, &flat.pad, false, out);
}

/* Rows that no window reaches are for the sizes that a stride rounded away: fewer than it. */
static fv_status check_more(fv_context *ctx, const fv_conv_options *o, fv_size more) {
    const int64_t most[] = {o->stride.h > o->dilation.h ? o->stride.h : o->dilation.h,
                            o->stride.w > o->dilation.w ? o->stride.w : o->dilation.w};
    if (o->pad.mode == FV_PAD_SAME && (more.h != 0 || more.w != 0))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "pad same makes the output the input's size times the stride, which leaves "
                        "no room for output_pad");
    if (more.h >= 0 && more.w >= 0 && more.h < most[0] && more.w < most[1]) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "output_pad %" PRId64 "x%" PRId64
                    " must be smaller than the stride or the dilation, here %" PRId64 "x%" PRId64,
                    more.h, more.w, most[0], most[1]);
}

/* Which axis cannot be placed; -1: both can. */
static int transposed(const fv_shape *maps, const fv_conv_options *o, fv_size more,
                      fv_window win[2], int64_t size[2]) {
    const fv_pad *pad = &o->pad;
    begin(o->kernel, o->stride, o->dilation, win);
    if (!place_back(maps->dim[2], pad->mode, pad->top, pad->bottom, more.h, &win[0], &size[0]))
        return 0;
    if (!place_back(maps->dim[3], pad->mode, pad->left, pad->right, more.w, &win[1], &size[1]))
        return 1;
    return -1;
}

void fv__convtranspose_windows(const fv_shape *in, const fv_convtranspose_options *o,
                               fv_window win[2], int64_t size[2]) {
    fv_shape maps;
    fv_conv_options flat;
    fv__conv_as_maps(in, &o->conv, &maps, &flat);
    const fv_size more = {in->rank == 3 ? 0 : o->output_pad.h, o->output_pad.w};
    (void)transposed(&maps, &flat, more, win, size);
}

fv_status fv__convtranspose_place(fv_context *ctx, const fv_shape *in,
                                  const fv_convtranspose_options *o, fv_window win[2],
                                  int64_t size[2]) {
    fv_shape maps;
    fv_conv_options flat;
    fv__conv_as_maps(in, &o->conv, &maps, &flat);
    const fv_size more = {in->rank == 3 ? 0 : o->output_pad.h, o->output_pad.w};
    FV_TRY(check_numbers(ctx, &maps, flat.kernel, flat.stride, flat.dilation, &flat.pad));
    FV_TRY(check_more(ctx, &flat, more));
    const int axis = transposed(&maps, &flat, more, win, size);
    if (axis < 0) return FV_OK;
    const int64_t pads =
        axis == 0 ? flat.pad.top + flat.pad.bottom : flat.pad.left + flat.pad.right;
    if (size[axis] < 1)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "pads of %" PRId64 " leave nothing of an output %" PRId64 " pixels %s",
                        pads, size[axis] + pads, axis == 0 ? "high" : "wide");
    return fv__fail(ctx, FV_BAD_INPUT, "the output is too large to count its pixels");
}

fv_maxpool_options fv__pool_as_maps(const fv_shape *in, const fv_maxpool_options *o,
                                    fv_shape *maps) {
    fv_maxpool_options flat = *o;
    *maps = *in;
    if (in->rank != 3) return flat;
    *maps = fv__shape4(in->dim[0], in->dim[1], 1, in->dim[2]);
    flat.kernel.h = flat.stride.h = flat.dilation.h = 1;
    flat.pad.top = flat.pad.bottom = 0;
    return flat;
}

void fv__maxpool_windows(const fv_shape *in, const fv_maxpool_options *o, fv_window out[2]) {
    fv_shape maps;
    const fv_maxpool_options flat = fv__pool_as_maps(in, o, &maps);
    again(&maps, flat.kernel, fv__pool_stride(flat.kernel, flat.stride), flat.dilation, &flat.pad,
          flat.ceil, out);
}
