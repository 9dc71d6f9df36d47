/* SPDX-License-Identifier: MIT */
/*
 * gatherelements: number by number, along one dimension: of a matrix and axis 1,
 * y[i,j] = x[i, indices[i,j]].
 */
#ifndef FV_LOOPS
#include "op/gather.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct fv_gatherelements_options {
    int64_t axis;
} fv_gatherelements_options;

static const fv_field fields[] = {{"axis", "the dimension along which places are looked up", FV_INT,
                                   offsetof(fv_gatherelements_options, axis), "1", -FV_RANK_MAX,
                                   FV_RANK_MAX - 1, FV_POSITIONAL, NULL, "axis"},
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_shape *in = &site->in[0], *indices = &site->in[1];
    char a[FV_SHAPE_TEXT], b[FV_SHAPE_TEXT];
    int axis = 0;
    FV_TRY(fv__move_shape(ctx, site));
    FV_TRY(fv__op_axis(ctx, ((const fv_gatherelements_options *)site->options)->axis, in->rank,
                       &axis));
    FV_TRY(fv__not_batch(ctx, site, axis, "gather from"));
    bool fits = indices->rank == in->rank;
    for (int d = 0; fits && d < in->rank; d++)
        fits = d == axis || indices->dim[d] == in->dim[d] ||
               (indices->dim[d] < in->dim[d] && !(d == 0 && site->in_type[0].batched));
    if (!fits)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "gatherelements needs indices of as many dimensions as there are values, "
                        "none larger but dimension %d: %s do not fit %s",
                        axis, fv__dims_text(a, indices), fv__dims_text(b, in));
    site->out[0] = *indices;
    return FV_OK;
}

/* Over y (0) and the indices (1); x (2) stands at the first place along the axis. Returns what lies
   from one place of x to the next. */
static int64_t pairs(const fv_pass *p, const fv_tensor *x, const fv_tensor *y, fv_walk *w,
                     int64_t *places) {
    const int64_t wish = ((const fv_gatherelements_options *)p->options)->axis;
    const int axis = (int)(wish < 0 ? wish + x->shape.rank : wish);
    int64_t stride[FV_RANK_MAX];
    *w = fv__walk_over(&y->shape);
    fv__walk_aligned(w, 0, y);
    fv__walk_aligned(w, 1, &p->x[1]);
    fv__strides(x, stride);
    for (int d = 0; d < w->rank; d++) w->stride[2][d] = d == axis ? 0 : stride[d];
    *places = x->shape.dim[axis];
    return stride[axis];
}

static void forward(const fv_pass *p) {
    const size_t bytes = fv__dtype_bytes(p->y[0].dtype);
    fv_walk w, one = {0};
    int64_t places, stride = pairs(p, &p->x[0], &p->y[0], &w, &places);
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++) {
            const int64_t v = fv__index_at(&p->x[1], w.at[1] + i * w.by[1], places);
            one.start[0] = w.at[0] + i * w.by[0];
            one.start[1] = w.at[2] + i * w.by[2] + v * stride;
            if (v >= 0)
                fv__walk_copy(&one, p->y[0].data, p->x[0].data, bytes);
            else
                fv__walk_fill(&one, &p->y[0], (double)NAN);
        }
}

#define FV_LOOPS "op/gatherelements.c"
#include "op/loops.h"

static const char *const samples[] = {
    "; 2x2x1, below 2 2x7x1",     "; 2x4x3, below 4 2x2x3",
    "-1 ; 3x2x4, below 4 3x2x5",  "2 ; 1x3x4, below 4 1x2x4",
    "1 ; 4x5, below 5 4x1",       "0 ; constant 4x3, constant below 4 2x3",
    "; below 9 2x3, below 3 2x4", NULL};

const fv_op fv__op_gatherelements = {
    .name = "gatherelements",
    .help = "number by number, those along one dimension that indices name",
    .about =
        "With axis 1 y[i,j] = x[i, indices[i,j]], and alike with more dimensions and along\n"
        "others. y has the shape of the indices. Negative indices count from the end; one that\n"
        "names no place gives NaN. Gradient: dy added where it came from.\n"
        "As GatherElements of ONNX (2019).",
    .onnx = "GatherElements",
    .inputs_min = 2,
    .inputs_max = 2,
    .traits = FV_KEEP_X,
    .takes_first = FV_TAKES_ALL,
    .takes_others = FV_TAKES_INDICES,
    .options_size = sizeof(fv_gatherelements_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward, forward},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

static void LOOP(backward)(const fv_pass *p) {
    const real *dy = p->dy[0].data;
    real *dx = p->dx[0].data;
    fv_walk w;
    if (dx == NULL) return;
    int64_t places, stride = pairs(p, &p->dx[0], &p->dy[0], &w, &places);
    for (bool row = fv__walk_begin(&w); row; row = fv__walk_next(&w))
        for (int64_t i = 0; i < w.row; i++) {
            const int64_t v = fv__index_at(&p->x[1], w.at[1] + i * w.by[1], places);
            if (v >= 0) dx[w.at[2] + i * w.by[2] + v * stride] += dy[w.at[0] + i * w.by[0]];
        }
}

#endif
