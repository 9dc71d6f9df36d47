/* SPDX-License-Identifier: MIT */
/*
 * where: y = a where the condition holds, otherwise b, element by element with broadcasting. dy
 * goes to the one chosen, summed over what was broadcast.
 */
#ifndef FV_LOOPS
#include "op/broadcast.h"

#include <string.h>

#define ANY                                                                                        \
    (FV_NUMBERS_OR_BOOL | FV_TAKES(FV_I64) | FV_TAKES(FV_I8) | FV_TAKES(FV_U8) |                   \
     FV_TAKES(FV_F16) | FV_TAKES(FV_BF16))

static fv_status shape(fv_context *ctx, fv_site *site) {
    return fv__shape_alike_from(ctx, site, 1);
}

/* Elements are moved, whatever they are. */
static void forward(const fv_pass *p) {
    const size_t bytes = fv__dtype_bytes(p->y[0].dtype);
    const uint8_t *holds = p->x[0].data;
    fv_walk w = fv__walk_pair(p, 1, 2);
    fv__walk_aligned(&w, 3, &p->x[0]);
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++) {
            const int from = holds[w.at[3] + i * w.by[3]] ? 1 : 2;
            memcpy((char *)p->y[0].data + (size_t)(w.at[0] + i * w.by[0]) * bytes,
                   (const char *)p->x[from].data + (size_t)(w.at[from] + i * w.by[from]) * bytes,
                   bytes);
        }
}

#define FV_LOOPS "op/where.c"
#include "op/loops.h"

static const char *const samples[] = {"; bool 2x3x4, 2x3x4, 2x3x4",
                                      "; bool 3x4, constant 4, 3x1",
                                      "; bool 2x1x3, 2x4x1, 2x1x1",
                                      "; constant bool 3, 2x3, 2x3",
                                      "; constant bool 4x1, constant 3, constant 1",
                                      "; bool 1x5, below 4 1x5, below 9 1x5",
                                      NULL};

const fv_op fv__op_where = {
    .name = "where",
    .help = "a where the condition holds, otherwise b",
    .about = "y = a where the condition (the first input) holds, otherwise b, element by\n"
             "element; a dimension that is missing or 1 is repeated. Gradient: dy to the one\n"
             "chosen, summed over what was repeated.\n"
             "Broadcasting: Harris et al. 2020, \"Array programming with NumPy\".",
    .onnx = "Where",
    .inputs_min = 3,
    .inputs_max = 3,
    .traits = FV_MIXES | FV_KEEP_X,
    .takes_first = FV_TAKES(FV_BOOL8),
    .takes_others = ANY,
    .shape = shape,
    .forward = {forward, forward},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

/* The sum of dy where the condition is `wanted`, over the places that read one element. */
static double LOOP(chosen)(const fv_walk *still, bool wanted, const real *dy,
                           const uint8_t *holds) {
    double sum = 0;
    if (still->rank == 0) return (*holds != 0) == wanted ? *dy : 0;
    fv_walk w = *still;
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++)
            if ((holds[w.at[1] + i * w.by[1]] != 0) == wanted) sum += dy[w.at[0] + i * w.by[0]];
    return sum;
}

static void LOOP(backward)(const fv_pass *p) {
    const uint8_t *holds = p->x[0].data;
    for (int k = 1; k < 3; k++) {
        const real *dy = p->dy[0].data;
        real *dx = p->dx[k].data;
        fv_walk all = fv__walk_over(&p->dy[0].shape), w, still;
        if (dx == NULL) continue;
        fv__walk_aligned(&all, 0, &p->dy[0]);
        fv__walk_aligned(&all, 1, &p->x[0]);
        fv__walk_aligned(&all, 2, &p->dx[k]);
        fv__walk_split(&all, 2, &w, &still);
        for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
            for (int64_t i = 0; i < w.row; i++)
                dx[w.at[2] + i * w.by[2]] += (real)LOOP(chosen)(
                    &still, k == 1, dy + w.at[0] + i * w.by[0], holds + w.at[1] + i * w.by[1]);
    }
}

#endif
