/* SPDX-License-Identifier: MIT */
/*
 * maxunpool: y[c, index] = x[c,p], everything else 0: what maxpoolindices took is put back where it
 * stood. Where several have one index the last counts, and it alone gets dy; an index outside of
 * the output is left out. Zeiler & Fergus 2014, section 2.1.
 */
#ifndef FV_LOOPS
#include "op/pool.h"
#include "op/shapes.h"

#include <inttypes.h>

/* Larger numbers mean nothing, and below them no sum here can overflow. */
#define SIZE_MOST 1000000

typedef struct fv_maxunpool_options {
    fv_size kernel, stride; /* stride 0: as the window */
    fv_pad pad;
    fv_size output; /* 0: from the others */
} fv_maxunpool_options;

static const fv_field fields[] = {
    {"kernel", "height x width of the pool's window, pixels", FV_SIZE,
     offsetof(fv_maxunpool_options, kernel), NULL, 1, SIZE_MOST, FV_POSITIONAL | FV_REQUIRED, NULL,
     "kernel_shape"},
    {"stride", "the pool's pixels from window to window; 0: as the window is large", FV_SIZE,
     offsetof(fv_maxunpool_options, stride), "0", 0, SIZE_MOST, 0, NULL, "strides"},
    {"pad", "the pool's rows and columns around its input", FV_PAD,
     offsetof(fv_maxunpool_options, pad), "0", 0, SIZE_MOST, 0, NULL, "pads"},
    {"output", "height x width of what comes out; 0: as the others have it", FV_SIZE,
     offsetof(fv_maxunpool_options, output), "0", 0, SIZE_MOST, 0, NULL, NULL},
    {0}};

/* One side of the output: as asked for, or the smallest input whose pool has `in` windows. */
static fv_status side(fv_context *ctx, int64_t in, int64_t kernel, int64_t stride, int64_t pads,
                      bool same, int64_t asked, int64_t *out) {
    if (kernel < 1 || kernel > SIZE_MOST || stride < 1 || stride > SIZE_MOST || pads < 0 ||
        pads > 2 * SIZE_MOST || asked < 0 || asked > SIZE_MOST)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "maxunpool needs a kernel and a stride from 1 to %d and pads and an output "
                        "from 0 to %d, not %" PRId64 ", %" PRId64 ", %" PRId64 " and %" PRId64,
                        SIZE_MOST, SIZE_MOST, kernel, stride, pads, asked);
    if (!fv__mul_i64(same ? in : in - 1, stride, out) || *out > INT32_MAX)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "maxunpool makes maps of at most 2,147,483,647 pixels per channel");
    if (!same) *out += kernel - pads;
    if (asked > 0) *out = asked;
    if (*out < 1)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "pads of %" PRId64 " leave nothing of maxunpool's output", pads);
    return FV_OK;
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_maxunpool_options *o = site->options;
    const fv_size stride = fv__pool_stride(o->kernel, o->stride);
    const bool same = o->pad.mode == FV_PAD_SAME, sides = o->pad.mode == FV_PAD_SIDES;
    char one[FV_SHAPE_TEXT], two[FV_SHAPE_TEXT];
    fv_shape maps;
    int64_t height = 1, width, pixels; /* of a sequence one row */
    FV_TRY(fv__pool_maps(ctx, site, &maps));
    if (site->in[0].rank == 3)
        FV_TRY(fv__shape_sequence(ctx, site, o->kernel, o->stride, (fv_size){1, 1}, &o->pad));
    if (!fv__shape_equal(&site->in[0], &site->in[1]))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "maxunpool needs an index for every value, but %s values and %s indices "
                        "flow in",
                        fv__dims_text(one, &site->in[0]), fv__dims_text(two, &site->in[1]));
    const fv_pad pad = sides ? o->pad : (fv_pad){0};
    if (pad.top < 0 || pad.left < 0 || pad.top > SIZE_MOST || pad.left > SIZE_MOST ||
        pad.bottom < 0 || pad.right < 0 || pad.bottom > SIZE_MOST || pad.right > SIZE_MOST)
        return fv__fail(ctx, FV_BAD_INPUT, "pad must be between 0 and %d", SIZE_MOST);
    if (site->in[0].rank == 4)
        FV_TRY(side(ctx, maps.dim[2], o->kernel.h, stride.h, pad.top + pad.bottom, same,
                    o->output.h, &height));
    FV_TRY(side(ctx, maps.dim[3], o->kernel.w, stride.w, pad.left + pad.right, same, o->output.w,
                &width));
    FV_TRY(fv__pool_gives(ctx, site, height, width));
    FV_TRY(fv__pool_counts(ctx, site));
    if (!fv__mul_i64(height, width, &pixels) || pixels > INT32_MAX)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "maxunpool makes maps of at most 2,147,483,647 pixels per channel");
    fv__site_saved(site, FV_I32, site->out[0]); /* 1 + the place of the value put there, or 0 */
    return FV_OK;
}

#define FV_LOOPS "op/maxunpool.c"
#include "op/loops.h"

static const char *const samples[] = {"2 ; 2x3x2x3, below 24 2x3x2x3",
                                      "3 stride 2 pad 1 ; 1x2x3x2, below 15 1x2x3x2",
                                      "2 output 5 ; 2x2x2x2, below 25 2x2x2x2",
                                      "2x3 stride 2 pad same ; 1x2x2x3, below 24 1x2x2x3",
                                      "2 ; 2x3x4, below 8 2x3x4",
                                      NULL};

const fv_op fv__op_maxunpool = {
    .name = "maxunpool",
    .help = "values put back where a maxpool found them",
    .about =
        "y[c,index] = x[c,p], everything else 0, with the indices that maxpoolindices gives:\n"
        "places in the output's plane, row*width + column. Kernel, stride and pad are the\n"
        "pool's; the output is (in - 1)*stride + kernel - pads on each side, unless `output` is\n"
        "given. Of several values with one index the last counts; an index outside of the output\n"
        "is left out. Gradient: every value that counts gets dy of its place.\n"
        "Zeiler & Fergus 2014, \"Visualizing and understanding convolutional networks\".",
    .onnx = "MaxUnpool",
    .inputs_min = 2,
    .inputs_max = 2,
    .takes_others = FV_TAKES(FV_I32),
    .options_size = sizeof(fv_maxunpool_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const int64_t channels = p->x[0].shape.dim[1];
    const int64_t places = fv__shape_sample(&p->x[0].shape) / channels;
    const int64_t pixels = fv__shape_sample(&p->y[0].shape) / channels;
    for (int64_t n = 0; n < fv__samples(&p->y[0]); n++) {
        const real *x = fv__sample(&p->x[0], n);
        const int32_t *index = fv__sample(&p->x[1], n);
        real *y = fv__sample(&p->y[0], n);
        int32_t *from = p->training ? fv__sample(&p->saved[0], n) : NULL;
        for (int64_t i = 0; i < channels * pixels; i++) y[i] = 0;
        for (int64_t i = 0; from != NULL && i < channels * pixels; i++) from[i] = 0;
        for (int64_t i = 0; i < channels * places; i++) {
            if (index[i] < 0 || index[i] >= pixels) continue;
            const int64_t at = i / places * pixels + index[i];
            y[at] = x[i];
            if (from != NULL) from[at] = (int32_t)(i % places + 1);
        }
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const int64_t channels = p->dx[0].shape.dim[1];
    const int64_t places = fv__shape_sample(&p->dx[0].shape) / channels;
    const int64_t pixels = fv__shape_sample(&p->dy[0].shape) / channels;
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < fv__samples(&p->dy[0]); n++) {
        const real *dy = fv__sample(&p->dy[0], n);
        const int32_t *from = fv__sample(&p->saved[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t i = 0; i < channels * pixels; i++)
            if (from[i] > 0) dx[i / pixels * places + from[i] - 1] += dy[i];
    }
}

#endif
