/* SPDX-License-Identifier: MIT */
/*
 * avgpool: y[c,p] = 1/size * sum over the window of x[c, stride p + q - pad].
 * LeCun, Bottou, Bengio & Haffner 1998, section II.B (there with a learned factor and bias).
 *
 * What `size` is where a window hangs over the edge follows PyTorch: with count_pad the pixels of
 * the window that lie in the map or in its padding (a last window that `ceil` added may reach
 * beyond both, and that part never counts); without count_pad those in the map alone.
 */
#ifndef FV_LOOPS
#include "op/avgpool.h"
#include "op/pool.h"
#include "op/shapes.h"

static const fv_field fields[] = {
    {"kernel", "height x width of the window, pixels", FV_SIZE,
     offsetof(fv_avgpool_options, kernel), NULL, 1, 1e6, FV_POSITIONAL | FV_REQUIRED, NULL,
     "kernel_shape"},
    {"stride", "pixels from one window to the next; 0: as the window is large", FV_SIZE,
     offsetof(fv_avgpool_options, stride), "0", 0, 1e6, 0, NULL, "strides"},
    {"pad", "rows and columns of zeros around the input", FV_PAD, offsetof(fv_avgpool_options, pad),
     "0", 0, 1e6, 0, NULL, "pads"},
    {"ceil", "round the output size up: a last window may hang over the edge", FV_BOOL,
     offsetof(fv_avgpool_options, ceil), "no", 0, 0, 0, NULL, "ceil_mode"},
    {"count_pad", "whether the zeros of the padding count in the average, as in PyTorch", FV_BOOL,
     offsetof(fv_avgpool_options, count_pad), "yes", 0, 0, 0, NULL, "count_include_pad"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_maxpool_options window = fv__avgpool_window(site->options);
    return fv__pool_shape(ctx, site, &window);
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_maxpool_options window = fv__avgpool_window(site->options);
    const fv_pooling g = fv__pooling(&site->in[0], &window);
    fv__pooling_cost(&g, cost);
}

/* The pixels of window o on one axis: those in the map, and how many count. */
static int64_t count(const fv_window *win, int64_t in, int64_t o, bool count_pad, int64_t *first,
                     int64_t *end) {
    fv__window_pixels(win, in, o, first, end);
    if (!count_pad) return *end - *first;
    int64_t start = o * win->stride - win->before;
    int64_t left = in + win->after - start; /* to the end of the padding */
    return win->kernel < left ? win->kernel : left;
}

#define FV_LOOPS "op/avgpool.c"
#include "op/loops.h"

static const char *const samples[] = {"2 ; 2x3x4x6",
                                      "3x3 stride 2 ; 2x2x7x5",
                                      "3x3 stride 2 pad 1 ; 2x2x6x7",
                                      "3x3 stride 2 pad 1 count_pad no ; 2x2x6x7",
                                      "3x3 stride 2 pad 1 ceil ; 2x2x6x8",
                                      "3x3 stride 2 pad 1 ceil count_pad no ; 2x2x6x8",
                                      "2x3 stride 1x2 pad 1,0,1,2 ; 2x2x4x5",
                                      "3x2 pad same stride 2 count_pad no ; 1x2x5x5",
                                      "2 ; 2x16x4x4",
                                      "3 stride 2 pad 1 count_pad no ; 2x3x8",
                                      "2 ; 1x16x7",
                                      NULL};

const fv_op fv__op_avgpool = {
    .name = "avgpool",
    .help = "the average of each window",
    .about =
        "y[c,p] = 1/size * sum over places q of the window of x[c, stride*p + q - pad].\n"
        "The stride is the window's size unless given. Output size: (in + pads - kernel)/\n"
        "stride + 1, rounded down, or up with `ceil`. The size divided by counts the zeros of\n"
        "the padding too (as PyTorch does unless told otherwise); with `count_pad no` only\n"
        "pixels of the map count. What hangs over beyond the padding never counts. A sequence\n"
        "[channels, width] is a map of height 1: `avgpool 2` halves it.\n"
        "LeCun, Bottou, Bengio & Haffner 1998, section II.B.",
    .onnx = "AveragePool",
    .inputs_min = 1,
    .inputs_max = 1,
    .options_size = sizeof(fv_avgpool_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

/* One window of a plane. Forward (dx NULL) it returns the average of x; backward it gives every
   pixel its share of dy. */
static real LOOP(each)(const fv_window win[2], const fv_shape *in, bool count_pad, int64_t oh,
                       int64_t ow, const real *x, real dy, real *dx) {
    int64_t h0, h1, w0, w1;
    int64_t size = count(&win[0], in->dim[2], oh, count_pad, &h0, &h1) *
                   count(&win[1], in->dim[3], ow, count_pad, &w0, &w1);
    double sum = 0;
    for (int64_t h = h0; h < h1; h++)
        for (int64_t w = w0; w < w1; w++) {
            int64_t i = h * in->dim[3] + w;
            if (dx == NULL)
                sum += x[i];
            else
                dx[i] += dy / (real)size;
        }
    return (real)(sum / (double)size);
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_avgpool_options *o = p->options;
    const fv_maxpool_options window = fv__avgpool_window(o);
    const fv_shape in = fv__with_height(&p->x[0].shape);
    const int64_t pixels = in.dim[2] * in.dim[3];
    fv_window win[2];
    fv__maxpool_windows(&p->x[0].shape, &window, win);
    for (int64_t n = 0; n < in.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t c = 0; c < in.dim[1]; c++)
            for (int64_t h = 0; h < win[0].out; h++)
                for (int64_t w = 0; w < win[1].out; w++)
                    *y++ = LOOP(each)(win, &in, o->count_pad, h, w, x + c * pixels, 0, NULL);
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_avgpool_options *o = p->options;
    const fv_maxpool_options window = fv__avgpool_window(o);
    const fv_shape in = fv__with_height(&p->x[0].shape);
    const int64_t pixels = in.dim[2] * in.dim[3];
    fv_window win[2];
    if (p->dx[0].data == NULL) return;
    fv__maxpool_windows(&p->x[0].shape, &window, win);
    for (int64_t n = 0; n < in.dim[0]; n++) {
        const real *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t c = 0; c < in.dim[1]; c++)
            for (int64_t h = 0; h < win[0].out; h++)
                for (int64_t w = 0; w < win[1].out; w++)
                    (void)LOOP(each)(win, &in, o->count_pad, h, w, NULL, *dy++, dx + c * pixels);
    }
}

#endif
