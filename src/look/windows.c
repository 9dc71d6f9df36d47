/* SPDX-License-Identifier: MIT */
/*
 * windows.c - where the windows of one operator stand.
 *
 * All of it is what op/nest.h says of convolutions: place p, place q of the kernel, and the pixel
 * stride p + dilation q - pad under it. Here the triples are listed, not summed.
 */
#include "look/windows.h"
#include "op/avgpool.h"
#include "op/convtranspose.h"
#include "op/maxpool.h"

static void dims(const fv_shape *s, int64_t out[3]) {
    out[0] = fv__channels(s);
    out[1] = fv__height(s);
    out[2] = fv__width(s);
}

static void of_conv(const fv_one_op *one, fv_windows *w) {
    const fv_conv_options *o = one->options;
    fv__conv_windows(&one->site.in[0], o, w->win);
    w->groups = o->groups;
    w->flip = o->flip;
}

static void of_transposed(const fv_one_op *one, fv_windows *w) {
    const fv_convtranspose_options *o = one->options;
    int64_t size[2];
    fv__convtranspose_windows(&one->site.in[0], o, w->win, size);
    w->groups = o->conv.groups;
    w->transposed = true;
}

bool fv__windows_of(const fv_one_op *one, fv_windows *out) {
    const fv_op *op = one->op;
    *out = (fv_windows){.groups = 1, .pool = true};
    if (op == &fv__op_conv || op == &fv__op_convtranspose) {
        out->pool = false;
        if (op == &fv__op_conv)
            of_conv(one, out);
        else
            of_transposed(one, out);
    } else if (op == &fv__op_maxpool || op == &fv__op_minpool) {
        fv__maxpool_windows(&one->site.in[0], one->options, out->win);
    } else if (op == &fv__op_avgpool) {
        const fv_maxpool_options window = fv__avgpool_window(one->options);
        fv__maxpool_windows(&one->site.in[0], &window, out->win);
        out->average = true;
        out->count_pad = ((const fv_avgpool_options *)one->options)->count_pad;
    } else {
        return false;
    }
    dims(&one->site.in[0], out->transposed ? out->places : out->map);
    dims(&one->site.out[0], out->transposed ? out->map : out->places);
    out->place_in = out->places[0] / out->groups;
    out->map_in = out->map[0] / out->groups;
    return true;
}

/* What an average divides by: as op/avgpool.c, where beyond the padding nothing counts. */
static int64_t divisor(const fv_windows *w, const fv_step_window *at) {
    int64_t n = 1;
    const int64_t first[] = {at->first_row, at->first_column};
    for (int a = 0; a < 2; a++) {
        const fv_window *win = &w->win[a];
        int64_t start = first[a], end = first[a] + win->kernel, limit = w->map[1 + a];
        if (w->count_pad) limit += win->after;
        if (!w->count_pad && start < 0) start = 0;
        if (end > limit) end = limit;
        n *= end - start;
    }
    return n;
}

void fv__windows_at(const fv_windows *w, int64_t i, fv_step_window *out, fv_step_term *terms) {
    const int64_t plane = w->places[1] * w->places[2];
    const fv_window *high = &w->win[0], *wide = &w->win[1];
    const int64_t area = high->kernel * wide->kernel, channels = w->pool ? 1 : w->map_in;
    *out = (fv_step_window){.channel = i / plane,
                            .row = i % plane / w->places[2],
                            .column = i % w->places[2],
                            .term_count = (int)(channels * area),
                            .terms = terms,
                            .winner = -1};
    const int64_t first = w->pool ? out->channel : out->channel / w->place_in * w->map_in;
    out->first_row = out->row * high->stride - high->before;
    out->first_column = out->column * wide->stride - wide->before;
    out->last_row = out->first_row + high->dilation * (high->kernel - 1);
    out->last_column = out->first_column + wide->dilation * (wide->kernel - 1);
    for (int64_t t = 0; t < channels * area; t++) {
        const int64_t c = t / area, q = t % area;
        const int64_t row = out->first_row + q / wide->kernel * high->dilation;
        const int64_t column = out->first_column + q % wide->kernel * wide->dilation;
        const int64_t met = (out->channel * channels + c) * area + (w->flip ? area - 1 - q : q);
        terms[t] = (fv_step_term){.channel = first + c,
                                  .row = row,
                                  .column = column,
                                  .inside = row >= 0 && row < w->map[1] && column >= 0 &&
                                            column < w->map[2],
                                  .weight = w->pool ? -1 : met};
    }
    if (w->average) out->divisor = divisor(w, out);
}
