/* SPDX-License-Identifier: MIT */
/*
 * lrn: local response normalisation, y = x / s^beta with s = k + alpha * mean of x_j^2 over the
 * neighbours j: the `size` channels around (across) or a square of size x size pixels of the same
 * channel (within). Neighbours beyond the edge count as 0: the mean always divides by all.
 * Krizhevsky, Sutskever & Hinton 2012, section 3.3. The paper does not divide alpha by size; ONNX
 * and PyTorch do, and so does this: the paper's 1e-4 with size 5 is alpha 5e-4 here. Within a
 * channel: Krizhevsky's cuda-convnet, 2011; Jia et al. 2014, "Caffe", which divide by size^2.
 *
 * Gradient, with m neighbours: dx = dy s^-beta - 2 alpha beta/m x * sum of dy_j x_j s_j^(-beta-1)
 * over the same j (j is around i exactly when i is around j, as size is odd).
 */
#ifndef FV_LOOPS
#include "op/lrn.h"
#include "op/shapes.h"

#include <inttypes.h>
#include <tgmath.h>

static const char *const regions[] = {"across", "within", NULL};

static const fv_field fields[] = {
    {"size", "channels, or rows and columns, the sum of squares runs over; an odd number", FV_INT,
     offsetof(fv_lrn_options, size), "5", 1, 1e6, FV_POSITIONAL, NULL, "size"},
    {"alpha", "factor of the mean of squares", FV_REAL, offsetof(fv_lrn_options, alpha), "1e-4", 0,
     1e6, 0, NULL, "alpha"},
    {"beta", "exponent", FV_REAL, offsetof(fv_lrn_options, beta), "0.75", 0, 100, 0, NULL, "beta"},
    {"k", "added to the sum", FV_REAL, offsetof(fv_lrn_options, k), "1", 1e-6, 1e6, 0, NULL,
     "bias"},
    {"region", "neighbours across channels or within the channel's map", FV_CHOICE,
     offsetof(fv_lrn_options, region), "across", 0, 0, 0, regions, NULL},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_lrn_options *o = site->options;
    char text[FV_SHAPE_TEXT];
    FV_TRY(fv__shape_same(ctx, site));
    if (site->out[0].rank < 2)
        return fv__fail(ctx, FV_BAD_INPUT, "lrn reads a map or a vector, not single numbers");
    if (o->size < 1 || o->size % 2 == 0 || o->size > 1000000)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "lrn's size must be an odd number of channels (the channel itself and as "
                        "many on either side), not %" PRId64,
                        o->size);
    if (o->region == FV_LRN_WITHIN && site->in[0].rank != 4)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "lrn within a channel reads maps with height and width, but %s flows in; "
                        "for vectors there is `region across`",
                        fv__shape_text(text, &site->in[0]));
    if (!(o->alpha >= 0 && o->beta >= 0 && o->k > 0) || isinf(o->alpha + o->beta + o->k))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "lrn needs alpha and beta of at least 0 and k above 0, not %g, %g and %g",
                        o->alpha, o->beta, o->k);
    fv__site_saved(site, FV_F32, site->out[0]); /* s */
    return FV_OK;
}

/* The maps as the sums see them. Across channels a map is one row. */
typedef struct maps {
    int64_t channels, height, width, neighbours;
    int64_t reach[3]; /* channels, rows and columns on either side that count */
} maps;

static maps maps_of(const fv_shape *s, const fv_lrn_options *o) {
    const int64_t side = o->size / 2;
    maps m = {.channels = s->dim[1], .height = 1, .neighbours = o->size, .reach = {side, 0, 0}};
    m.width = fv__shape_sample(s) / s->dim[1];
    if (o->region == FV_LRN_WITHIN)
        m = (maps){s->dim[1], s->dim[2], s->dim[3], o->size * o->size, {0, side, side}};
    return m;
}

/* The places up to `reach` away from `at`: from *first up to, not including, *end. */
static void around(int64_t at, int64_t size, int64_t reach, int64_t *first, int64_t *end) {
    *first = at > reach ? at - reach : 0;
    *end = size - at > reach ? at + reach + 1 : size;
}

#define FV_LOOPS "op/lrn.c"
#include "op/loops.h"

static const char *const samples[] = {"alpha 0.5 ; 2x7x2x3",
                                      "3 alpha 0.3 beta 0.5 k 2 ; 2x4x3x2",
                                      "1 alpha 1 ; 2x5",
                                      "9 alpha 0.7 ; 2x4x2x2",
                                      "3 alpha 2 region within ; 2x2x4x5",
                                      "7 alpha 3 beta 1.5 k 2 region within ; 1x3x3x4",
                                      NULL};

const fv_op fv__op_lrn = {
    .name = "lrn",
    .help = "local response normalisation",
    .about =
        "y_c = x_c / (k + alpha/size * sum of x_j^2)^beta, the sum over the `size` channels\n"
        "around c. Gradient, with s for the bracket: dx_c = dy_c/s_c^beta -\n"
        "2*alpha*beta/size * x_c * sum of dy_j*x_j/s_j^(beta+1). With `region within` the sum\n"
        "runs over the size x size pixels around x in its own channel, and size^2 stands in\n"
        "the place of size (Jia et al. 2014, \"Caffe\").\n"
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

/* The sum over the neighbours of (c, h, w) of x^2, or with dy of dy x s^(-beta-1). */
static real LOOP(sum)(const maps *m, int64_t c, int64_t h, int64_t w, const real *x, const real *dy,
                      const real *s, real beta) {
    int64_t c0, c1, h0, h1, w0, w1;
    real sum = 0;
    around(c, m->channels, m->reach[0], &c0, &c1);
    around(h, m->height, m->reach[1], &h0, &h1);
    around(w, m->width, m->reach[2], &w0, &w1);
    for (c = c0; c < c1; c++)
        for (h = h0; h < h1; h++)
            for (int64_t i = w0; i < w1; i++) {
                const int64_t j = (c * m->height + h) * m->width + i;
                sum += dy == NULL ? x[j] * x[j] : dy[j] * x[j] * pow(s[j], -beta - 1);
            }
    return sum;
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_lrn_options *o = p->options;
    const maps m = maps_of(&p->x[0].shape, o);
    const real factor = (real)(o->alpha / (double)m.neighbours), k = (real)o->k;
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        real *s = p->training ? fv__sample(&p->saved[0], n) : NULL;
        int64_t e = 0;
        for (int64_t c = 0; c < m.channels; c++)
            for (int64_t h = 0; h < m.height; h++)
                for (int64_t w = 0; w < m.width; w++, e++) {
                    const real sum = k + factor * LOOP(sum)(&m, c, h, w, x, NULL, NULL, 0);
                    y[e] = x[e] * pow(sum, (real)-o->beta);
                    if (s != NULL) s[e] = sum;
                }
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_lrn_options *o = p->options;
    const maps m = maps_of(&p->x[0].shape, o);
    const real factor = (real)(2 * o->alpha * o->beta / (double)m.neighbours);
    const real beta = (real)o->beta;
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n), *s = fv__sample(&p->saved[0], n);
        const real *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        int64_t e = 0;
        for (int64_t c = 0; c < m.channels; c++)
            for (int64_t h = 0; h < m.height; h++)
                for (int64_t w = 0; w < m.width; w++, e++)
                    dx[e] += dy[e] * pow(s[e], -beta) -
                             factor * x[e] * LOOP(sum)(&m, c, h, w, x, dy, s, beta);
    }
}

#endif
