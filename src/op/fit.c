/* SPDX-License-Identifier: MIT */
/*
 * fit.c - the padding or stride of a window that is to be whatever fits.
 *
 * It knows no operator: options are read by their names, and at the end the operator's own shape
 * rule says whether its output is what the formula promised.
 */
#include "op/fit.h"

#include <inttypes.h>
#include <string.h>

/* One axis of a window, whose stride and padding are given or sought. */
typedef struct axis {
    int64_t in, reach, stride, pads;
} axis;

typedef struct window {
    axis axis[2]; /* height, width */
    int first;    /* 1: a sequence, which has no height */
} window;

static const void *value_of(const fv_op *op, const void *options, const char *name, fv_kind kind) {
    const fv_field *f = fv__field_find(op->fields, name);
    return f != NULL && f->kind == kind ? (const char *)options + f->offset : NULL;
}

bool fv__fit_may(const fv_op *op, const fv_field *f) {
    const fv_field *kernel = fv__field_find(op->fields, "kernel");
    if (kernel == NULL || kernel->kind != FV_SIZE || op->inputs_min != 1) return false;
    return (f->kind == FV_PAD && strcmp(f->name, "pad") == 0) ||
           (f->kind == FV_SIZE && strcmp(f->name, "stride") == 0);
}

static bool seeks_pad(const fv_field *f) {
    return f->kind == FV_PAD;
}

/* The window as the options have it. */
static window look(const fv_op *op, const void *options, const fv_shape *in) {
    const fv_size *kernel = value_of(op, options, "kernel", FV_SIZE);
    const fv_size *stride = value_of(op, options, "stride", FV_SIZE);
    const fv_size *dilation = value_of(op, options, "dilation", FV_SIZE);
    const fv_pad *pad = value_of(op, options, "pad", FV_PAD);
    const bool sides = pad != NULL && pad->mode == FV_PAD_SIDES;
    window win = {.first = in->rank == 3 ? 1 : 0};
    for (int a = win.first; a < 2; a++) {
        const int64_t k = a == 0 ? kernel->h : kernel->w;
        const int64_t d = dilation == NULL ? 1 : a == 0 ? dilation->h : dilation->w;
        const int64_t s = stride == NULL ? 1 : a == 0 ? stride->h : stride->w;
        win.axis[a].in = in->dim[in->rank - 2 + a];
        win.axis[a].reach = d * (k - 1) + 1;
        win.axis[a].stride = s > 0 ? s : k; /* a pool's 0: as the window */
        if (sides) win.axis[a].pads = a == 0 ? pad->top + pad->bottom : pad->left + pad->right;
    }
    return win;
}

static bool fits(const axis *a, int64_t pads, int64_t stride) {
    const int64_t room = a->in + pads - a->reach;
    return room >= 0 && room % stride == 0;
}

static double size(const axis *a, int64_t pads, int64_t stride) {
    return (double)(a->in + pads - a->reach) / (double)stride + 1;
}

/* The smaller of the windows on both axes. */
static int64_t least_reach(const window *w) {
    const int64_t wide = w->axis[1].reach;
    return w->first == 0 && w->axis[0].reach < wide ? w->axis[0].reach : wide;
}

/* With these pads and strides on both axes: the sizes, and whether they are whole. */
static void judge(const window *w, const int64_t pads[2], const int64_t strides[2], fv_trial *out) {
    double sizes[2] = {1, 1};
    out->fits = true;
    for (int a = w->first; a < 2; a++) {
        sizes[a] = size(&w->axis[a], pads[a], strides[a]);
        out->fits = out->fits && fits(&w->axis[a], pads[a], strides[a]);
    }
    out->height = sizes[0];
    out->width = sizes[1];
}

static void try_pad(const window *w, const int64_t pads[2], fv_trial *out) {
    const int64_t strides[2] = {w->axis[0].stride, w->axis[1].stride};
    *out = (fv_trial){.pad = {FV_PAD_SIDES, pads[0] / 2, pads[1] / 2, pads[0] - pads[0] / 2,
                              pads[1] - pads[1] / 2}};
    judge(w, pads, strides, out);
}

static void try_stride(const window *w, int64_t stride, fv_trial *out) {
    const int64_t pads[2] = {w->axis[0].pads, w->axis[1].pads};
    *out = (fv_trial){.stride = stride};
    judge(w, pads, (const int64_t[]){stride, stride}, out);
}

static bool equal_pads_fit(const window *w) {
    fv_trial t = {0};
    for (int64_t p = 0; p < least_reach(w); p++) {
        try_pad(w, (const int64_t[]){w->first ? 0 : 2 * p, 2 * p}, &t);
        if (t.fits) return true;
    }
    return false;
}

/* The fewest rows in all that make an axis fit; there are some below the stride. */
static int64_t fewest(const axis *a) {
    const int64_t need = a->reach > a->in ? a->reach - a->in : 0;
    const int64_t rest = (a->in + need - a->reach) % a->stride;
    return need + (rest ? a->stride - rest : 0);
}

bool fv__fit_trial(const fv_op *op, const void *options, const fv_field *f, const fv_shape *in,
                   int i, fv_trial *out) {
    const window w = look(op, options, in);
    const int64_t most = least_reach(&w);
    if (!seeks_pad(f)) {
        if (i < most) try_stride(&w, i + 1, out);
        return i < most;
    }
    if (i < most) {
        try_pad(&w, (const int64_t[]){w.first ? 0 : 2 * (int64_t)i, 2 * (int64_t)i}, out);
        return true;
    }
    if (i > most || equal_pads_fit(&w)) return false;
    try_pad(&w, (const int64_t[]){w.first ? 0 : fewest(&w.axis[0]), fewest(&w.axis[1])}, out);
    return true;
}

static fv_status check(fv_context *ctx, const fv_op *op, const void *options, const fv_field *f,
                       const fv_shape *in) {
    const fv_pad *pad = value_of(op, options, "pad", FV_PAD);
    if (in->rank != 3 && in->rank != 4)
        return fv__fail(ctx, FV_BAD_INPUT, "%s ? needs a map with height and width, or a sequence",
                        f->name);
    if (!seeks_pad(f) && pad != NULL && pad->mode == FV_PAD_SAME)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "with pad same every stride fits; write the number that is meant");
    const window w = look(op, options, in);
    for (int a = w.first; a < 2; a++)
        if (w.axis[a].reach > FV_FIT_REACH || w.axis[a].in > INT32_MAX)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s ? is for windows of at most %d pixels; write the number that is "
                            "meant",
                            f->name, FV_FIT_REACH);
    return FV_OK;
}

static void set(void *options, const fv_field *f, const fv_trial *t) {
    void *to = (char *)options + f->offset;
    if (seeks_pad(f))
        *(fv_pad *)to = t->pad;
    else
        *(fv_size *)to = (fv_size){t->stride, t->stride};
}

void fv__fit_print(fv_text *out, const fv_field *f, const fv_trial *t) {
    fv_field alone = *f;
    alone.offset = 0;
    if (seeks_pad(f))
        fv__field_print(out, &alone, &t->pad);
    else
        fv__text_addf(out, "%" PRId64, t->stride);
}

bool fv__fit_chose(const void *options, const fv_field *f, const fv_trial *t) {
    const void *at = (const char *)options + f->offset;
    if (!seeks_pad(f)) return ((const fv_size *)at)->h == t->stride;
    const fv_pad *pad = at;
    return pad->top == t->pad.top && pad->left == t->pad.left && pad->bottom == t->pad.bottom &&
           pad->right == t->pad.right;
}

/* The operator with what was chosen gives what the formula says; otherwise its windows do not slide
   over what flows in (those of convtranspose lie on what flows out). */
static fv_status confirm(fv_context *ctx, const fv_op *op, const void *options, const fv_field *f,
                         const fv_shape *in, const fv_trial *t) {
    fv_shape out[FV_OP_OUTPUTS];
    fv_type out_type[FV_OP_OUTPUTS];
    const fv_type type = {FV_F32, true};
    fv_site site = {.options = options,
                    .inputs = 1,
                    .in = in,
                    .in_type = &type,
                    .out = out,
                    .out_type = out_type};
    FV_TRY(fv__op_shape(ctx, op, &site));
    const int last = out[0].rank - 1;
    if (out[0].rank == in->rank && (double)out[0].dim[last] == t->width &&
        (in->rank == 3 || (double)out[0].dim[last - 1] == t->height))
        return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s ? is for windows that slide over what flows in; those of %s do not: any "
                    "number fits",
                    f->name, op->name);
}

fv_status fv__fit(fv_context *ctx, const fv_op *op, void *options, const fv_field *f,
                  const fv_shape *in) {
    fv_trial t, best = {0};
    FV_TRY(check(ctx, op, options, f, in));
    for (int i = 0; fv__fit_trial(op, options, f, in, i, &t); i++) {
        const bool better = !best.fits || (!seeks_pad(f) && best.stride == 1);
        if (t.fits && better) best = t;
    }
    if (!best.fits)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "no %s fits here: (in + pads - kernel)/stride + 1 is whole for none",
                        f->name);
    set(options, f, &best);
    return confirm(ctx, op, options, f, in, &best);
}
