/* SPDX-License-Identifier: MIT */
/*
 * lrn: local response normalisation across channels, y_c = x_c / s_c^beta with
 * s_c = k + alpha/size * sum of x_j^2 over the `size` channels around c.
 * Krizhevsky, Sutskever & Hinton 2012, section 3.3. The paper does not divide alpha by size; ONNX
 * and PyTorch do, and so does this: the paper's 1e-4 with size 5 is alpha 5e-4 here.
 *
 * Gradient: dx_c = dy_c s_c^-beta - 2 alpha beta/size x_c * sum of dy_j x_j s_j^(-beta-1) over the
 * same channels (j is around c exactly when c is around j, as size is odd).
 */
#ifndef FV_LOOPS
#include "op/lrn.h"
#include "op/shapes.h"

#include <inttypes.h>
#include <tgmath.h>

static const fv_field fields[] = {
    {"size", "channels the sum of squares runs over, an odd number", FV_INT,
     offsetof(fv_lrn_options, size), "5", 1, 1e6, FV_POSITIONAL, NULL, "size"},
    {"alpha", "factor of the mean of squares", FV_REAL, offsetof(fv_lrn_options, alpha), "1e-4", 0,
     1e6, 0, NULL, "alpha"},
    {"beta", "exponent", FV_REAL, offsetof(fv_lrn_options, beta), "0.75", 0, 100, 0, NULL, "beta"},
    {"k", "added to the sum", FV_REAL, offsetof(fv_lrn_options, k), "1", 1e-6, 1e6, 0, NULL,
     "bias"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_lrn_options *o = site->options;
    FV_TRY(fv__shape_same(ctx, site));
    if (site->out[0].rank < 2)
        return fv__fail(ctx, FV_BAD_INPUT, "lrn reads a map or a vector, not single numbers");
    if (o->size < 1 || o->size % 2 == 0 || o->size > 1000000)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "lrn's size must be an odd number of channels (the channel itself and as "
                        "many on either side), not %" PRId64,
                        o->size);
    if (!(o->alpha >= 0 && o->beta >= 0 && o->k > 0) || isinf(o->alpha + o->beta + o->k))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "lrn needs alpha and beta of at least 0 and k above 0, not %g, %g and %g",
                        o->alpha, o->beta, o->k);
    fv__site_saved(site, FV_F32, site->out[0]); /* s */
    return FV_OK;
}

/* The channels around c: from *first up to, not including, *end. */
static void around(const fv_lrn_options *o, int64_t channels, int64_t c, int64_t *first,
                   int64_t *end) {
    *first = c > o->size / 2 ? c - o->size / 2 : 0;
    *end = channels - c > o->size / 2 ? c + o->size / 2 + 1 : channels;
}

#define FV_LOOPS "op/lrn.c"
#include "op/loops.h"

static const char *const samples[] = {"alpha 0.5 ; 2x7x2x3", "3 alpha 0.3 beta 0.5 k 2 ; 2x4x3x2",
                                      "1 alpha 1 ; 2x5", "9 alpha 0.7 ; 2x4x2x2", NULL};

const fv_op fv__op_lrn = {
    .name = "lrn",
    .help = "local response normalisation across channels",
    .about =
        "y_c = x_c / (k + alpha/size * sum of x_j^2)^beta, the sum over the `size` channels\n"
        "around c. Gradient, with s for the bracket: dx_c = dy_c/s_c^beta -\n"
        "2*alpha*beta/size * x_c * sum of dy_j*x_j/s_j^(beta+1).\n"
        "Krizhevsky, Sutskever & Hinton 2012, section 3.3. The paper does not divide alpha by\n"
        "size; ONNX and PyTorch do, and so does this: the paper's 1e-4 is alpha 5e-4 here.",
    .onnx = "LRN",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .options_size = sizeof(fv_lrn_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static void LOOP(forward)(const fv_pass *p) {
    const fv_lrn_options *o = p->options;
    const int64_t channels = p->x[0].shape.dim[1];
    const int64_t pixels = fv__shape_sample(&p->x[0].shape) / channels;
    const real factor = (real)(o->alpha / (double)o->size), k = (real)o->k;
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        real *s = p->training ? fv__sample(&p->saved[0], n) : NULL;
        for (int64_t c = 0; c < channels; c++) {
            int64_t first, end;
            around(o, channels, c, &first, &end);
            for (int64_t i = 0; i < pixels; i++) {
                real sum = 0;
                for (int64_t j = first; j < end; j++) sum += x[j * pixels + i] * x[j * pixels + i];
                sum = k + factor * sum;
                y[c * pixels + i] = x[c * pixels + i] * pow(sum, (real)-o->beta);
                if (s != NULL) s[c * pixels + i] = sum;
            }
        }
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_lrn_options *o = p->options;
    const int64_t channels = p->x[0].shape.dim[1];
    const int64_t pixels = fv__shape_sample(&p->x[0].shape) / channels;
    const real factor = (real)(2 * o->alpha * o->beta / (double)o->size), beta = (real)o->beta;
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n), *s = fv__sample(&p->saved[0], n);
        const real *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t c = 0; c < channels; c++) {
            int64_t first, end;
            around(o, channels, c, &first, &end);
            for (int64_t i = 0; i < pixels; i++) {
                real sum = 0;
                for (int64_t j = first * pixels + i; j < end * pixels; j += pixels)
                    sum += dy[j] * x[j] * pow(s[j], -beta - 1);
                int64_t e = c * pixels + i;
                dx[e] += dy[e] * pow(s[e], -beta) - factor * x[e] * sum;
            }
        }
    }
}

#endif
