/* SPDX-License-Identifier: MIT */
/*
 * more_ops.c - see more_ops.h.
 */
#ifndef FV_LOOPS
#include "more_ops.h"
#include "op/shapes.h"

static fv_status halves_shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_inputs(ctx, site));
    const int64_t channels = site->in[0].dim[1];
    if (channels < 2) return fv__fail(ctx, FV_BAD_INPUT, "halves needs two channels");
    site->outputs = 2;
    site->out[0] = site->out[1] = site->in[0];
    site->out[0].dim[1] = channels / 2;
    site->out[1].dim[1] = channels - channels / 2;
    return FV_OK;
}

static fv_status perchannel_shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_inputs(ctx, site));
    if (site->in_type[1].batched || site->in[1].rank != 1 ||
        site->in[1].dim[0] != site->in[0].dim[1])
        return fv__fail(ctx, FV_BAD_INPUT, "perchannel takes a constant of one number a channel");
    site->out[0] = site->in[0];
    return FV_OK;
}

typedef struct above_options {
    double threshold;
} above_options;

static const fv_field above_fields[] = {{"threshold", "what x is compared with", FV_REAL,
                                         offsetof(above_options, threshold), "0", -1e9, 1e9,
                                         FV_POSITIONAL, NULL, NULL},
                                        {0}};

static fv_status above_shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_same(ctx, site));
    site->out_type[0].dtype = FV_BOOL8;
    return FV_OK;
}

static fv_status choose_shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_inputs(ctx, site));
    for (int i = 1; i < 3; i++)
        if (!fv__shape_equal(&site->in[0], &site->in[i]))
            return fv__fail(ctx, FV_BAD_INPUT, "choose needs branches of one shape");
    if (site->in_type[0].dtype != FV_BOOL8)
        return fv__fail(ctx, FV_BAD_INPUT, "choose takes a condition first");
    site->out[0] = site->in[0];
    return FV_OK;
}

static fv_status highest_shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_inputs(ctx, site));
    site->out[0] = fv__shape1(site->in[0].dim[0]);
    site->out_type[0].dtype = FV_I32;
    return FV_OK;
}

static fv_status take_shape(fv_context *ctx, fv_site *site) {
    FV_TRY(fv__shape_inputs(ctx, site));
    if (site->in[0].rank != 1) return fv__fail(ctx, FV_BAD_INPUT, "take needs one index a sample");
    site->out[0] = fv__shape2(site->in[1].dim[0], 1);
    return FV_OK;
}

#define FV_LOOPS "more_ops.c"
#include "op/loops.h"

static const char *const no_samples[] = {NULL};

static const fv_op halves = {.name = "halves",
                             .inputs_min = 1,
                             .inputs_max = 1,
                             .outputs_max = 2,
                             .shape = halves_shape,
                             .forward = {halves_forward_f32, halves_forward_f64},
                             .backward = {halves_backward_f32, halves_backward_f64},
                             .samples = no_samples};
static const fv_op perchannel = {.name = "perchannel",
                                 .inputs_min = 2,
                                 .inputs_max = 2,
                                 .traits = FV_MIXES | FV_KEEP_X,
                                 .shape = perchannel_shape,
                                 .forward = {perchannel_forward_f32, perchannel_forward_f64},
                                 .backward = {perchannel_backward_f32, perchannel_backward_f64},
                                 .samples = no_samples};
static const fv_op above = {.name = "above",
                            .inputs_min = 1,
                            .inputs_max = 1,
                            .options_size = sizeof(above_options),
                            .fields = above_fields,
                            .shape = above_shape,
                            .forward = {above_forward_f32, above_forward_f64},
                            .samples = no_samples};
static const fv_op choose = {.name = "choose",
                             .inputs_min = 3,
                             .inputs_max = 3,
                             .traits = FV_KEEP_X,
                             .takes_first = FV_TAKES(FV_BOOL8),
                             .shape = choose_shape,
                             .forward = {choose_forward_f32, choose_forward_f64},
                             .backward = {choose_backward_f32, choose_backward_f64},
                             .samples = no_samples};
static const fv_op highest = {.name = "highest",
                              .inputs_min = 1,
                              .inputs_max = 1,
                              .shape = highest_shape,
                              .forward = {highest_forward_f32, highest_forward_f64},
                              .samples = no_samples};
static const fv_op take = {.name = "take",
                           .inputs_min = 2,
                           .inputs_max = 2,
                           .traits = FV_KEEP_X,
                           .takes_first = FV_TAKES(FV_I32),
                           .shape = take_shape,
                           .forward = {take_forward_f32, take_forward_f64},
                           .backward = {take_backward_f32, take_backward_f64},
                           .samples = no_samples};

const fv_op *const fv__more_ops[] = {&halves, &perchannel, &above, &choose, &highest, &take, NULL};

#else

/* Copies (forward) or adds (backward) the halves of every sample. */
static void LOOP(halves_forward)(const fv_pass *p) {
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        for (int o = 0; o < 2; o++) {
            real *y = fv__sample(&p->y[o], n);
            for (int64_t i = 0; i < fv__shape_sample(&p->y[o].shape); i++) y[i] = *x++;
        }
    }
}

static void LOOP(halves_backward)(const fv_pass *p) {
    for (int64_t n = 0; n < p->dx[0].shape.dim[0]; n++) {
        real *dx = fv__sample(&p->dx[0], n);
        for (int o = 0; dx != NULL && o < 2; o++) {
            const real *dy = fv__sample(&p->dy[o], n);
            const int64_t size = fv__shape_sample(&p->dy[o].shape);
            for (int64_t i = 0; dy != NULL && i < size; i++) dx[i] += dy[i];
            dx += size;
        }
    }
}

static void LOOP(perchannel_forward)(const fv_pass *p) {
    const int64_t channels = p->x[0].shape.dim[1];
    const int64_t pixels = fv__shape_sample(&p->x[0].shape) / channels;
    const real *c = p->x[1].data;
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++)
        for (int64_t i = 0; i < channels * pixels; i++)
            ((real *)fv__sample(&p->y[0], n))[i] =
                ((const real *)fv__sample(&p->x[0], n))[i] * c[i / pixels];
}

static void LOOP(perchannel_backward)(const fv_pass *p) {
    const int64_t channels = p->dy[0].shape.dim[1];
    const int64_t pixels = fv__shape_sample(&p->dy[0].shape) / channels;
    const real *c = p->x[1].data;
    for (int64_t n = 0; p->dx[0].data != NULL && n < p->dy[0].shape.dim[0]; n++)
        for (int64_t i = 0; i < channels * pixels; i++)
            ((real *)fv__sample(&p->dx[0], n))[i] +=
                ((const real *)fv__sample(&p->dy[0], n))[i] * c[i / pixels];
}

static void LOOP(above_forward)(const fv_pass *p) {
    const above_options *o = p->options;
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++)
        for (int64_t i = 0; i < fv__shape_sample(&p->x[0].shape); i++)
            ((uint8_t *)fv__sample(&p->y[0], n))[i] =
                ((const real *)fv__sample(&p->x[0], n))[i] > (real)o->threshold;
}

static void LOOP(choose_forward)(const fv_pass *p) {
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) {
        const uint8_t *which = fv__sample(&p->x[0], n);
        const real *a = fv__sample(&p->x[1], n), *b = fv__sample(&p->x[2], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t i = 0; i < fv__shape_sample(&p->y[0].shape); i++)
            y[i] = which[i] ? a[i] : b[i];
    }
}

static void LOOP(choose_backward)(const fv_pass *p) {
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const uint8_t *which = fv__sample(&p->x[0], n);
        const real *dy = fv__sample(&p->dy[0], n);
        for (int k = 1; k < 3; k++) {
            real *dx = fv__sample(&p->dx[k], n);
            for (int64_t i = 0; dx != NULL && i < fv__shape_sample(&p->dy[0].shape); i++)
                dx[i] += (which[i] != 0) == (k == 1) ? dy[i] : 0;
        }
    }
}

static void LOOP(highest_forward)(const fv_pass *p) {
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        int32_t *y = fv__sample(&p->y[0], n);
        *y = 0;
        for (int32_t i = 1; i < fv__shape_sample(&p->x[0].shape); i++)
            if (x[i] > x[*y]) *y = i;
    }
}

static void LOOP(take_forward)(const fv_pass *p) {
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++)
        *(real *)fv__sample(&p->y[0], n) =
            ((const real *)fv__sample(&p->x[1], n))[*(const int32_t *)fv__sample(&p->x[0], n)];
}

static void LOOP(take_backward)(const fv_pass *p) {
    for (int64_t n = 0; p->dx[1].data != NULL && n < p->dy[0].shape.dim[0]; n++)
        ((real *)fv__sample(&p->dx[1], n))[*(const int32_t *)fv__sample(&p->x[0], n)] +=
            *(const real *)fv__sample(&p->dy[0], n);
}

#endif
