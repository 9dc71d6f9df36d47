/* SPDX-License-Identifier: MIT */
/*
 * filter.c - one kernel over numbers or an image, by the operators `pad` and `conv`.
 */
#include "look/filter.h"
#include "look/one_op.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define GRAY          128 /* what 0 becomes when it is the centre */
#define SEPARATE_FROM 5   /* rows and columns of a kernel for which two passes are less work */

/* A matrix as a map of one channel: height, width. */
static void sides(const fv_matrix *m, int64_t *h, int64_t *w) {
    *h = m->rank == 2 ? m->dims[0] : 1;
    *w = m->dims[m->rank - 1];
}

static fv_status check(fv_context *ctx, const fv_matrix *x, const fv_matrix *kernel) {
    if (x->rank > 2)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "what is filtered is a signal, [1,2,3], or rows and columns, "
                        "[[1,2],[3,4]]; not numbers of %d dimensions",
                        x->rank);
    if (kernel->rank > 2 || (x->rank == 1 && kernel->rank == 2 && kernel->dims[0] > 1))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "a kernel of %d dimensions does not go over %s; one for it is [1,2,1]",
                        kernel->rank, x->rank == 1 ? "a signal" : "a matrix");
    return FV_OK;
}

/* x with its border, of so many rows and columns in all, by the operator `pad`. */
static fv_status widen(fv_context *ctx, int border, const int64_t pads[4], fv_one_op *pad,
                       fv_shape x) {
    char text[96];
    (void)snprintf(text, sizeof text, "%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64, pads[0],
                   pads[1], pads[2], pads[3]);
    FV_TRY(fv__one_op_begin(ctx, &fv__op_pad, pad));
    FV_TRY(fv__one_op_set(ctx, pad, "pads", text));
    FV_TRY(fv__one_op_set(ctx, pad, "axes", "2,3"));
    FV_TRY(fv__one_op_set(ctx, pad, "mode",
                          border == FV_BORDER_EDGE      ? "edge"
                          : border == FV_BORDER_REFLECT ? "reflect"
                                                        : "constant"));
    FV_TRY(fv__one_op_shape(ctx, pad, x));
    return fv__one_op_room(ctx, pad, false);
}

/* A convolution that reads `x`, which stays another's, with a kernel of so many rows and columns.
 */
static fv_status prepare(fv_context *ctx, const double *kernel, int64_t h, int64_t w, bool flip,
                         fv_one_op *conv, const fv_tensor *x) {
    char text[64];
    (void)snprintf(text, sizeof text, "%" PRId64 "x%" PRId64, h, w);
    FV_TRY(fv__one_op_begin(ctx, &fv__op_conv, conv));
    FV_TRY(fv__one_op_set(ctx, conv, "filters", "1"));
    FV_TRY(fv__one_op_set(ctx, conv, "kernel", text));
    FV_TRY(fv__one_op_set(ctx, conv, "bias", "no"));
    FV_TRY(fv__one_op_set(ctx, conv, "flip", flip ? "yes" : "no"));
    FV_TRY(fv__one_op_shape(ctx, conv, x->shape));
    conv->x = *x;
    FV_TRY(fv__one_op_room(ctx, conv, false));
    memcpy(conv->w[0].data, kernel, (size_t)(h * w) * sizeof *kernel);
    return FV_OK;
}

/* The operators, for planes of one size: what goes in is at pad.x, what comes out at last->y. A
   large kernel that is a column times a row, as a Gaussian is, goes over it in two passes. */
typedef struct filter {
    fv_one_op pad, conv, second;
    const fv_one_op *last;
} filter;

/* Whether kernel[i][j] = column[i] row[j]; both receive their numbers. */
static bool separate(const fv_matrix *kernel, int64_t h, int64_t w, double *column, double *row) {
    int64_t most = 0;
    for (int64_t i = 0; i < h * w; i++)
        if (fabs(kernel->data[i]) > fabs(kernel->data[most])) most = i;
    const double pivot = kernel->data[most];
    for (int64_t j = 0; j < w; j++) row[j] = kernel->data[most / w * w + j];
    for (int64_t i = 0; i < h; i++)
        column[i] = pivot != 0 ? kernel->data[i * w + most % w] / pivot : 0;
    for (int64_t i = 0; i < h * w; i++)
        if (fabs(kernel->data[i] - column[i / w] * row[i % w]) > 1e-14 * fabs(pivot)) return false;
    return true;
}

static fv_status prepare_all(fv_context *ctx, const fv_matrix *kernel, bool flip, filter *f) {
    int64_t h, w;
    sides(kernel, &h, &w);
    f->last = &f->conv;
    if (h < SEPARATE_FROM || w < SEPARATE_FROM)
        return prepare(ctx, kernel->data, h, w, flip, &f->conv, &f->pad.y);
    double *column = fv__alloc(ctx, (size_t)(h + w) * sizeof *column, "a kernel");
    if (!column) return FV_EXHAUSTED;
    const bool two = separate(kernel, h, w, column, column + h);
    fv_status status = two ? prepare(ctx, column + h, 1, w, flip, &f->conv, &f->pad.y)
                           : prepare(ctx, kernel->data, h, w, flip, &f->conv, &f->pad.y);
    if (status == FV_OK && two) {
        f->last = &f->second;
        status = prepare(ctx, column, h, 1, flip, &f->second, &f->conv.y);
    }
    fv__free(column);
    return status;
}

/* A mirror shows no more than there is. */
static fv_status check_mirror(fv_context *ctx, const int64_t pads[4], int64_t h, int64_t w) {
    if (pads[2] < h && pads[3] < w) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "the kernel reaches %" PRId64 "x%" PRId64 " beyond the border, and %" PRId64
                    "x%" PRId64
                    " mirrored is less than that; a smaller kernel, or pad edge or zero",
                    pads[2], pads[3], h, w);
}

static fv_status begin(fv_context *ctx, const fv_matrix *kernel, const fv_filter_options *o,
                       int64_t h, int64_t w, filter *f) {
    int64_t kh, kw;
    *f = (filter){0};
    sides(kernel, &kh, &kw);
    const int64_t pads[4] = {(kh - 1) / 2, (kw - 1) / 2, kh / 2, kw / 2};
    if (o->border == FV_BORDER_REFLECT) FV_TRY(check_mirror(ctx, pads, h, w));
    FV_TRY(widen(ctx, (int)o->border, pads, &f->pad, fv__shape4(1, 1, h, w)));
    return prepare_all(ctx, kernel, o->flip != 0, f);
}

static void apply(filter *f) {
    fv__one_op_forward(&f->pad);
    fv__one_op_forward(&f->conv);
    if (f->last == &f->second) fv__one_op_forward(&f->second);
}

static void end(filter *f) {
    f->conv.x.data = f->second.x.data = NULL; /* which are pad's and conv's y */
    fv__one_op_free(&f->pad);
    fv__one_op_free(&f->conv);
    fv__one_op_free(&f->second);
}

fv_status fv__filter(fv_context *ctx, const fv_matrix *x, const fv_matrix *kernel,
                     const fv_filter_options *options, fv_matrix **out) {
    int64_t h, w;
    filter f;
    *out = NULL;
    FV_TRY(check(ctx, x, kernel));
    sides(x, &h, &w);
    fv_status status = begin(ctx, kernel, options, h, w, &f);
    if (status == FV_OK) status = fv__matrix_new(ctx, x->rank, x->dims, out);
    if (status == FV_OK) {
        memcpy(f.pad.x.data, x->data, (size_t)x->count * sizeof *x->data);
        apply(&f);
        memcpy((*out)->data, f.last->y.data, (size_t)x->count * sizeof *x->data);
    }
    end(&f);
    return status;
}

static uint8_t byte_of(double v) {
    v = floor(v + 0.5);
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* All channels, one after the other; with `bytes` NULL only their largest magnitude is sought, by
   which bytes around GRAY are scaled (`most`; 0: clipped). */
static void channels(filter *f, const fv_image *image, uint8_t *bytes, double *most) {
    const int64_t pixels = image->width * image->height, step = image->channels;
    const double scale = *most > 0 ? (255 - GRAY) / *most : 0;
    double *x = f->pad.x.data;
    for (int64_t c = 0; c < step; c++) {
        for (int64_t i = 0; i < pixels; i++) x[i] = image->pixels[i * step + c];
        apply(f);
        const double *y = f->last->y.data;
        for (int64_t i = 0; i < pixels; i++) {
            if (bytes)
                bytes[i * step + c] = byte_of(scale > 0 ? GRAY + scale * y[i] : y[i]);
            else if (fabs(y[i]) > *most)
                *most = fabs(y[i]);
        }
    }
}

fv_status fv__filter_image(fv_context *ctx, const fv_image *image, const fv_matrix *kernel,
                           const fv_filter_options *options, fv_image *out) {
    const bool centre = options->range == FV_RANGE_CENTRE;
    const int64_t bytes = image->width * image->height * image->channels;
    double most = 0;
    filter f;
    if (kernel->rank > 2)
        return fv__fail(ctx, FV_BAD_INPUT, "a kernel for an image is one matrix, not %d dimensions",
                        kernel->rank);
    const fv_status status = begin(ctx, kernel, options, image->height, image->width, &f);
    if (status == FV_OK && centre) channels(&f, image, NULL, &most);
    if (status == FV_OK && centre && most == 0)
        memset(out->pixels, GRAY, (size_t)bytes); /* all is 0 */
    else if (status == FV_OK)
        channels(&f, image, out->pixels, &most);
    end(&f);
    return status;
}
