/* SPDX-License-Identifier: MIT */
/*
 * maxout: y_c = max over j < pieces of x_(pieces c + j): neighbouring channels compete.
 * Goodfellow, Warde-Farley, Mirza, Courville & Bengio 2013. The gradient goes to the winner.
 */
#ifndef FV_LOOPS
#include "op/maxout.h"
#include "op/shapes.h"

#include <inttypes.h>
#include <math.h>

static const fv_field fields[] = {{"pieces", "channels that compete for one of the output", FV_INT,
                                   offsetof(fv_maxout_options, pieces), "2", 1, 1e6, FV_POSITIONAL,
                                   NULL, NULL},
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_maxout_options *o = site->options;
    FV_TRY(fv__shape_same(ctx, site));
    if (site->out[0].rank < 2)
        return fv__fail(ctx, FV_BAD_INPUT, "maxout reads a map or a vector, not single numbers");
    if (o->pieces < 1 || o->pieces > 1000000)
        return fv__fail(ctx, FV_BAD_INPUT, "pieces must be between 1 and 1000000, not %" PRId64,
                        o->pieces);
    if (site->in[0].dim[1] % o->pieces != 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "maxout cannot split %" PRId64 " channels into groups of %" PRId64,
                        site->in[0].dim[1], o->pieces);
    site->out[0].dim[1] /= o->pieces;
    fv__site_saved(site, FV_I32, site->out[0]);
    return FV_OK;
}

#define FV_LOOPS "op/maxout.c"
#include "op/loops.h"

static uint64_t branches(const fv_pass *p) {
    const int64_t pieces = ((const fv_maxout_options *)p->options)->pieces;
    const fv_shape *in = &p->x[0].shape;
    const int64_t pixels = fv__shape_sample(in) / in->dim[1];
    uint64_t hash = FV_BRANCHES_START;
    for (int64_t n = 0; n < in->dim[0]; n++) {
        const double *x = fv__sample(&p->x[0], n);
        for (int64_t c = 0; c < in->dim[1]; c += pieces)
            for (int64_t i = 0; i < pixels; i++)
                hash = fv__branches_add(hash, winner_f64(x + c * pixels + i, pieces, pixels));
    }
    return hash;
}

static const char *const samples[] = {"; 2x6x3x4", "3 ; 4x9", NULL};

const fv_op fv__op_maxout = {
    .name = "maxout",
    .help = "the largest of each group of channels",
    .about = "y_c = max of x_(pieces*c) ... x_(pieces*c + pieces - 1): groups of neighbouring\n"
             "channels compete. Gradient: dy goes to the winner, the first among equals.\n"
             "Goodfellow, Warde-Farley, Mirza, Courville & Bengio 2013, \"Maxout networks\".",
    .inputs_min = 1,
    .inputs_max = 1,
    .options_size = sizeof(fv_maxout_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else

/* Which of `pieces` values, `step` apart, is the largest. A NaN wins, so that it is not lost. */
static int64_t LOOP(winner)(const real *x, int64_t pieces, int64_t step) {
    int64_t best = 0;
    for (int64_t j = 1; j < pieces; j++)
        if (x[j * step] > x[best * step] || isnan(x[j * step])) best = j;
    return best;
}

static void LOOP(forward)(const fv_pass *p) {
    const int64_t pieces = ((const fv_maxout_options *)p->options)->pieces;
    const fv_shape *in = &p->x[0].shape;
    const int64_t channels = in->dim[1] / pieces, pixels = fv__shape_sample(in) / in->dim[1];
    for (int64_t n = 0; n < in->dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        int32_t *won = p->training ? fv__sample(&p->saved[0], n) : NULL;
        for (int64_t c = 0; c < channels; c++)
            for (int64_t i = 0; i < pixels; i++) {
                const real *group = x + c * pieces * pixels + i;
                int64_t j = LOOP(winner)(group, pieces, pixels);
                y[c * pixels + i] = group[j * pixels];
                if (won != NULL) won[c * pixels + i] = (int32_t)j;
            }
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const int64_t pieces = ((const fv_maxout_options *)p->options)->pieces;
    const fv_shape *out = &p->dy[0].shape;
    const int64_t channels = out->dim[1], pixels = fv__shape_sample(out) / channels;
    if (p->dx[0].data == NULL) return;
    for (int64_t n = 0; n < out->dim[0]; n++) {
        const int32_t *won = fv__sample(&p->saved[0], n);
        const real *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t c = 0; c < channels; c++)
            for (int64_t i = 0; i < pixels; i++)
                dx[(c * pieces + won[c * pixels + i]) * pixels + i] += dy[c * pixels + i];
    }
}

#endif
