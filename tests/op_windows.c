/* SPDX-License-Identifier: MIT */
/*
 * op_windows.c - fv__windows and its relatives against plain counting, on random problems.
 */
#include "op_cases.h"
#include "op/shapes.h"

#define PROBLEMS 20000

/* Number k of problem i, between two limits. */
static int64_t pick(int i, int k, int64_t from, int64_t to) {
    fv_key key = fv__key(5, FV_STREAM_CHECK, 1, 0);
    return from + (int64_t)fv__random_below(key, (uint64_t)(i * 16 + k), (uint64_t)(to - from + 1));
}

/* Windows of one axis, one by one. Without `ceil` a window must end within the padded input; with
   it, it may hang over by less than a stride but must start before the padding behind the image.
 */
static int64_t count_windows(int64_t in, int64_t before, int64_t after, int64_t kernel,
                             int64_t stride, bool ceil) {
    int64_t n = 0;
    for (int64_t start = -before;; start += stride, n++) {
        int64_t over = start + kernel - (in + after);
        if (!ceil && over > 0) return n;
        if (ceil && (over >= stride || (start >= in && n > 0))) return n;
    }
}

/* Pixels of the image behind the last window, where a window counts as no shorter than a stride.
 */
static int64_t count_ignored(int64_t in, int64_t before, int64_t kernel, int64_t stride,
                             int64_t windows) {
    int64_t ignored = 0;
    for (int64_t i = 0; i < in; i++) {
        bool covered = false;
        for (int64_t w = 0; w < windows; w++) {
            int64_t start = w * stride - before;
            covered = covered || (i >= start && i < start + (kernel > stride ? kernel : stride));
        }
        ignored += !covered;
    }
    return ignored;
}

static void check_axis(op_tally *t, int64_t in, const fv_window *win, const fv_misfit *misfit,
                       bool ceil, fv_pad_mode mode) {
    int64_t kernel = win->dilation * (win->kernel - 1) + 1;
    int64_t n = count_windows(in, win->before, win->after, kernel, win->stride,
                              ceil && mode != FV_PAD_SAME);
    op_check(t, n == win->out,
             "in %lld, pads %lld and %lld, kernel %lld, stride %lld%s: %lld windows, counted %lld",
             (long long)in, (long long)win->before, (long long)win->after, (long long)kernel,
             (long long)win->stride, ceil ? ", ceil" : "", (long long)win->out, (long long)n);
    int64_t ignored = count_ignored(in, win->before, kernel, win->stride, win->out);
    op_check(t, ignored == misfit->ignored && (misfit->axis != 0) == (ignored != 0),
             "in %lld, pad %lld, kernel %lld, stride %lld: ignored %lld, counted %lld",
             (long long)in, (long long)win->before, (long long)kernel, (long long)win->stride,
             (long long)misfit->ignored, (long long)ignored);
    if (mode == FV_PAD_SAME)
        op_check(t,
                 win->out == (in + win->stride - 1) / win->stride &&
                     (win->after == win->before || win->after == win->before + 1),
                 "same: in %lld, stride %lld, out %lld", (long long)in, (long long)win->stride,
                 (long long)win->out);
    for (int64_t k = 0; k < win->kernel; k++) {
        int64_t first, end, inside = 0;
        fv__window_inside(win, in, k, &first, &end);
        for (int64_t o = 0; o < win->out; o++) {
            int64_t i = o * win->stride + k * win->dilation - win->before;
            bool is = i >= 0 && i < in;
            inside += is != (o >= first && o < end);
        }
        op_check(t, inside == 0, "outputs that read the image through place %lld", (long long)k);
    }
}

static void check_pool(op_tally *t, const fv_shape *in, const fv_window win[2]) {
    fv_context ctx = {0};
    if (fv__pool_check(&ctx, in, win) != FV_OK) return;
    for (int a = 0; a < 2; a++)
        for (int64_t o = 0; o < win[a].out; o++) {
            int64_t pixels = 0;
            for (int64_t k = 0; k < win[a].kernel; k++) {
                int64_t i = o * win[a].stride + k * win[a].dilation - win[a].before;
                pixels += i >= 0 && i < in->dim[2 + a];
            }
            op_check(t, pixels > 0, "a pool's window without a pixel was accepted");
        }
}

void op_cases_windows(op_tally *t) {
    int accepted = 0;
    for (int i = 0; i < PROBLEMS; i++) {
        fv_context ctx = {0};
        fv_shape in = fv__shape4(1, 1, pick(i, 0, 1, 24), pick(i, 1, 1, 24));
        fv_size kernel = {pick(i, 2, 1, 7), pick(i, 3, 1, 7)};
        fv_size stride = {pick(i, 4, 1, 6), pick(i, 5, 1, 6)};
        fv_size dilation = {pick(i, 6, 1, 3), pick(i, 7, 1, 3)};
        fv_pad pad = {(fv_pad_mode)pick(i, 8, 0, 2), pick(i, 9, 0, 5), pick(i, 10, 0, 5),
                      pick(i, 11, 0, 5), pick(i, 12, 0, 5)};
        bool ceil = pick(i, 13, 0, 1) != 0;
        fv_window win[2];
        fv_misfit misfit[2];
        if (fv__windows(&ctx, &in, kernel, stride, dilation, &pad, ceil, win, misfit) != FV_OK) {
            bool sides = pad.mode == FV_PAD_SIDES;
            int64_t h = count_windows(in.dim[2], sides ? pad.top : 0, sides ? pad.bottom : 0,
                                      dilation.h * (kernel.h - 1) + 1, stride.h, ceil);
            int64_t w = count_windows(in.dim[3], sides ? pad.left : 0, sides ? pad.right : 0,
                                      dilation.w * (kernel.w - 1) + 1, stride.w, ceil);
            op_check(t, (h == 0 || w == 0) && pad.mode != FV_PAD_SAME, "refused: %s", ctx.message);
            continue;
        }
        accepted++;
        check_axis(t, in.dim[2], &win[0], &misfit[0], ceil, pad.mode);
        check_axis(t, in.dim[3], &win[1], &misfit[1], ceil, pad.mode);
        check_pool(t, &in, win);
    }
    op_check(t, accepted > PROBLEMS / 2, "only %d of %d problems had windows", accepted, PROBLEMS);
}
