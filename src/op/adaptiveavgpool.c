/* SPDX-License-Identifier: MIT */
/*
 * adaptiveavgpool: the average of each of as many windows as are asked for: on an axis of i pixels
 * window o of n reaches from floor(o i/n) to ceil((o + 1) i/n). Every pixel of a window gets
 * dy/size. Windows: PyTorch 2017; the idea: He, Zhang, Ren & Sun 2014, section 2.2.
 */
#ifndef FV_LOOPS
#include "op/pool.h"
#include "op/shapes.h"

typedef struct fv_adaptiveavgpool_options {
    fv_size output;
} fv_adaptiveavgpool_options;

static const fv_field fields[] = {{"output", "height x width of what comes out, pixels", FV_SIZE,
                                   offsetof(fv_adaptiveavgpool_options, output), NULL, 1, 1e6,
                                   FV_POSITIONAL | FV_REQUIRED, NULL, NULL},
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_adaptiveavgpool_options *o = site->options;
    return fv__adaptive_shape(ctx, site, o->output);
}

static fv_pooling pooling(const fv_shape *in, const void *options) {
    return fv__pooling_adaptive(in, ((const fv_adaptiveavgpool_options *)options)->output);
}

static void cost(const fv_site *site, fv_cost *cost) {
    const fv_pooling g = pooling(&site->in[0], site->options);
    fv__pooling_cost(&g, cost);
}

#define FV_LOOPS "op/adaptiveavgpool.c"
#include "op/loops.h"

static const char *const samples[] = {"3 ; 2x3x4x6", "2x3 ; 2x2x7x5", "5 ; 1x2x3x4",
                                      "1 ; 3x2x2x3", "1x4 ; 2x3x7",   NULL};

const fv_op fv__op_adaptiveavgpool = {
    .name = "adaptiveavgpool",
    .help = "the average of each of a given number of windows",
    .about =
        "On an axis of i pixels window o of n reaches from floor(o*i/n) to ceil((o + 1)*i/n),\n"
        "so that n windows cover a map of any size; y is the average of each. Gradient: every\n"
        "pixel of a window gets dy/size. Windows as in PyTorch; He, Zhang, Ren & Sun 2014,\n"
        "\"Spatial pyramid pooling in deep convolutional networks\".",
    .inputs_min = 1,
    .inputs_max = 1,
    .options_size = sizeof(fv_adaptiveavgpool_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else
#include "op/pool.inc.h"

static void LOOP(forward)(const fv_pass *p) {
    const fv_pooling g = pooling(&p->x[0].shape, p->options);
    for (fv_pooled at = fv__pooled_first(&g); at.n < g.samples; fv__pooled_next(&g, &at)) {
        const real *x = fv__sample(&p->x[0], at.n);
        real *y = fv__sample(&p->y[0], at.n);
        y[at.out] = (real)(LOOP(sum)(&g, &at, x) / (double)fv__pooled_size(&at));
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_pooling g = pooling(&p->x[0].shape, p->options);
    if (p->dx[0].data == NULL) return;
    for (fv_pooled at = fv__pooled_first(&g); at.n < g.samples; fv__pooled_next(&g, &at)) {
        const real *dy = fv__sample(&p->dy[0], at.n);
        LOOP(spread)(&g, &at, dy[at.out] / (real)fv__pooled_size(&at), fv__sample(&p->dx[0], at.n));
    }
}

#endif
