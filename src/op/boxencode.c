/* SPDX-License-Identifier: MIT */
/*
 * boxencode: the numbers from which boxdecode makes a box: with middles c and sizes s of the box
 * and c_a and s_a of its anchor, t = (c - c_a)/(s_a v),   z = log(s/s_a)/u. Ren, He, Girshick & Sun
 * 2015, "Faster R-CNN", equation 2. A size below `least` counts as that, so that what has no size
 * has no infinite logarithm; it then has no gradient.
 */
#ifndef FV_LOOPS
#include "op/boxes.h"
#include "op/shapes.h"

#include <math.h>

typedef struct boxencode_options {
    fv_boxes_options boxes;
    double least;
} boxencode_options;

static const fv_field fields[] = {FV_BOXES_FIELDS,
                                  {"least", "the least size of a box or an anchor, pixels", FV_REAL,
                                   offsetof(boxencode_options, least), "0.25", 1e-6, 1e6, 0, NULL,
                                   NULL},
                                  {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const boxencode_options *o = site->options;
    if (!(o->least > 0) || isinf(o->least))
        return fv__fail(ctx, FV_BAD_INPUT, "least must be more than 0, not %g", o->least);
    return fv__boxes_shape(ctx, site);
}

/* A box on one axis. */
typedef struct extent {
    double middle, size;
    bool held; /* at the least size */
} extent;

static extent extent_of(const boxencode_options *o, double low, double high) {
    extent e = {.middle = (low + high) / 2, .size = high - low, .held = high - low < o->least};
    if (e.held) e.size = o->least;
    return e;
}

#define FV_LOOPS "op/boxencode.c"
#include "op/loops.h"

static uint64_t branches(const fv_pass *p) {
    uint64_t hash = FV_BRANCHES_START;
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++)
        for (int64_t i = 0; i < 2 * p->y[0].shape.dim[1]; i++) {
            extent anchor;
            hash = fv__branches_add(hash, box_f64(p, n, i / 2, (int)(i % 2), &anchor).held);
            hash = fv__branches_add(hash, anchor.held);
        }
    return hash;
}

static const char *const samples[] = {"; 2x3x4, 2x3x4",
                                      "variances 0.1,0.1,0.2,0.2 ; 1x4x4, constant 1x4x4",
                                      "variances 2 least 0.5 ; 3x2x4, positive 3x2x4", NULL};

const fv_op fv__op_boxencode = {
    .name = "boxencode",
    .help = "boxes as numbers relative to anchors, the inverse of boxdecode",
    .about =
        "Reads boxes x1 y1 x2 y2 [N,A,4] and anchors, a constant [A,4] or [N,A,4], and gives\n"
        "tx, ty, tw, th [N,A,4]: with middles and sizes tx = (x - xa)/(wa*v), tw = log(w/wa)/u,\n"
        "likewise ty and th; v and u are the `variances`. A size below `least` counts as that and\n"
        "has no gradient. Ren, He, Girshick & Sun 2015, \"Faster R-CNN\", equation 2.",
    .inputs_min = 2,
    .inputs_max = 2,
    .traits = FV_MIXES | FV_KEEP_X,
    .options_size = sizeof(boxencode_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else

/* One axis, 0: x, 1: y, of box `box` of sample n, and of its anchor. */
static extent LOOP(box)(const fv_pass *p, int64_t n, int64_t box, int which, extent *anchor) {
    const real *x = (const real *)fv__sample(&p->x[0], n) + 4 * box;
    const real *a = fv__boxes_anchor(&p->x[1], n, box);
    *anchor = extent_of(p->options, a[which], a[2 + which]);
    return extent_of(p->options, x[which], x[2 + which]);
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_boxes_options *o = p->options;
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++)
        for (int64_t i = 0; i < 2 * p->y[0].shape.dim[1]; i++) {
            const int which = (int)(i % 2);
            extent a;
            const extent e = LOOP(box)(p, n, i / 2, which, &a);
            real *y = (real *)fv__sample(&p->y[0], n) + 4 * (i / 2);
            y[which] = (real)((e.middle - a.middle) / (a.size * fv__boxes_variance(o, which, 0)));
            y[2 + which] = (real)(log(e.size / a.size) / fv__boxes_variance(o, which, 1));
        }
}

/* Adds what flows back to a middle and a size to the two ends. */
static void LOOP(ends)(const extent *e, double middle, double size, int which, real *box) {
    if (box == NULL) return;
    if (e->held) size = 0;
    box[which] += (real)(middle / 2 - size);
    box[2 + which] += (real)(middle / 2 + size);
}

static void LOOP(backward)(const fv_pass *p) {
    const fv_boxes_options *o = p->options;
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++)
        for (int64_t i = 0; i < 2 * p->dy[0].shape.dim[1]; i++) {
            const int which = (int)(i % 2);
            extent a;
            const extent e = LOOP(box)(p, n, i / 2, which, &a);
            const real *dy = (const real *)fv__sample(&p->dy[0], n) + 4 * (i / 2);
            real *dx = p->dx[0].data ? (real *)fv__sample(&p->dx[0], n) + 4 * (i / 2) : NULL;
            const double t = dy[which] / (a.size * fv__boxes_variance(o, which, 0));
            const double z = dy[2 + which] / fv__boxes_variance(o, which, 1);
            LOOP(ends)(&e, t, z / e.size, which, dx);
            LOOP(ends)
            (&a, -t, -t * (e.middle - a.middle) / a.size - z / a.size, which,
             fv__boxes_anchor(&p->dx[1], n, i / 2));
        }
}

#endif
