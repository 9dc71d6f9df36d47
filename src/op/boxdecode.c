/* SPDX-License-Identifier: MIT */
/*
 * boxdecode: from numbers relative to anchors to boxes. With the anchor's middle c_a and size s_a
 * on an axis, and its variances v (place) and u (size), numbers t and z give c = c_a + v t s_a,   s
 * = s_a exp(u z), and the box reaches from c - s/2 to c + s/2, cut at the image's edge where `clip`
 * says its size. Ren, He, Girshick & Sun 2015, "Faster R-CNN", equation 2 solved for the box; the
 * variances: Liu et al. 2016, "SSD". `limit` bounds u z, so that no box grows beyond exp(limit) of
 * its anchor. Gradients of both inputs; none where an edge was cut or the limit holds.
 */
#ifndef FV_LOOPS
#include "op/boxes.h"
#include "op/shapes.h"

#include <math.h>

typedef struct boxdecode_options {
    fv_boxes_options boxes;
    fv_size clip;
    double limit;
} boxdecode_options;

static const fv_field fields[] = {
    FV_BOXES_FIELDS,
    {"clip", "height x width of the image that boxes are cut at; 0: they are not", FV_SIZE,
     offsetof(boxdecode_options, clip), "0", 0, 1e9, 0, NULL, NULL},
    {"limit", "the most of a size's exponent, such as 4.135; 0: none", FV_REAL,
     offsetof(boxdecode_options, limit), "0", 0, 1e3, 0, NULL, NULL},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const boxdecode_options *o = site->options;
    if (o->clip.h < 0 || o->clip.w < 0 || (o->clip.h == 0) != (o->clip.w == 0))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "clip is the image's height x width, or 0 for boxes that are not cut");
    if (!(o->limit >= 0))
        return fv__fail(ctx, FV_BAD_INPUT, "limit must be at least 0, not %g", o->limit);
    return fv__boxes_shape(ctx, site);
}

/* One axis of one box: what its four numbers are and what comes of them. */
typedef struct axis {
    double start, size, t, growth, place, extent; /* place and extent: the variances */
    double end[2];                                /* before they are cut */
    bool limited;
    double most; /* where boxes are cut; 0: nowhere */
} axis;

static axis solve(const boxdecode_options *o, int which, double t, double z, double low,
                  double high) {
    axis a = {.start = low,
              .size = high - low,
              .t = t,
              .place = fv__boxes_variance(&o->boxes, which, 0),
              .extent = fv__boxes_variance(&o->boxes, which, 1),
              .most = (double)(which == 0 ? o->clip.w : o->clip.h)};
    a.limited = o->limit > 0 && a.extent * z > o->limit;
    a.growth = exp(a.limited ? o->limit : a.extent * z);
    const double middle = a.start + a.size / 2 + a.place * t * a.size;
    a.end[0] = middle - a.size * a.growth / 2;
    a.end[1] = middle + a.size * a.growth / 2;
    return a;
}

/* An end as it comes out; *cut: at the image's edge. */
static double cut_end(const axis *a, int which, bool *cut) {
    const double end = a->end[which];
    *cut = a->most > 0 && (end < 0 || end > a->most);
    return !*cut ? end : end < 0 ? 0 : a->most;
}

#define FV_LOOPS "op/boxdecode.c"
#include "op/loops.h"

static uint64_t branches(const fv_pass *p) {
    uint64_t hash = FV_BRANCHES_START;
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++)
        for (int64_t i = 0; i < 2 * p->y[0].shape.dim[1]; i++) {
            const axis a = axis_f64(p, n, i / 2, (int)(i % 2));
            bool cut[2];
            const double low = cut_end(&a, 0, &cut[0]), high = cut_end(&a, 1, &cut[1]);
            hash = fv__branches_add(hash, a.limited);
            hash = fv__branches_add(hash, cut[0] ? 1 + (low > 0) : 0);
            hash = fv__branches_add(hash, cut[1] ? 1 + (high > 0) : 0);
        }
    return hash;
}

static const char *const samples[] = {
    "; 2x3x4, 2x3x4", "variances 0.1,0.1,0.2,0.2 ; 1x4x4, constant 1x4x4",
    "variances 0.5 limit 0.25 ; 3x2x4, 3x2x4", "clip 1x2 ; 2x5x4, positive 2x5x4", NULL};

const fv_op fv__op_boxdecode = {
    .name = "boxdecode",
    .help = "boxes from numbers relative to anchors (Faster R-CNN)",
    .about =
        "Reads numbers tx, ty, tw, th [N,A,4] and anchors x1 y1 x2 y2, a constant [A,4] or\n"
        "[N,A,4], and gives boxes x1 y1 x2 y2 [N,A,4]: boxdecode { identity | from anchors }.\n"
        "With an anchor's middle and size, x = xa + v*tx*wa and w = wa*exp(u*tw), likewise y and\n"
        "h; v and u are the `variances` (SSD: 0.1,0.1,0.2,0.2; what others divide by, such as\n"
        "10,10,5,5, is their inverse). `clip` cuts boxes at the edge of an image of that height x\n"
        "width, `limit` bounds u*tw and u*th. Gradients flow to both inputs, but not through what\n"
        "was cut or limited. Ren, He, Girshick & Sun 2015, \"Faster R-CNN\", equation 2.",
    .inputs_min = 2,
    .inputs_max = 2,
    .traits = FV_MIXES | FV_KEEP_X,
    .options_size = sizeof(boxdecode_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .branches = branches,
    .samples = samples,
};

#else

/* One axis, 0: x, 1: y, of box `box` of sample n. */
static axis LOOP(axis)(const fv_pass *p, int64_t n, int64_t box, int which) {
    const real *x = (const real *)fv__sample(&p->x[0], n) + 4 * box;
    const real *anchor = fv__boxes_anchor(&p->x[1], n, box);
    return solve(p->options, which, x[which], x[2 + which], anchor[which], anchor[2 + which]);
}

static void LOOP(forward)(const fv_pass *p) {
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++)
        for (int64_t i = 0; i < 2 * p->y[0].shape.dim[1]; i++) {
            const int which = (int)(i % 2);
            const axis a = LOOP(axis)(p, n, i / 2, which);
            real *y = (real *)fv__sample(&p->y[0], n) + 4 * (i / 2);
            bool cut;
            y[which] = (real)cut_end(&a, 0, &cut);
            y[2 + which] = (real)cut_end(&a, 1, &cut);
        }
}

static void LOOP(backward)(const fv_pass *p) {
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++)
        for (int64_t i = 0; i < 2 * p->dy[0].shape.dim[1]; i++) {
            const int which = (int)(i % 2);
            const axis a = LOOP(axis)(p, n, i / 2, which);
            const real *dy = (const real *)fv__sample(&p->dy[0], n) + 4 * (i / 2);
            real *dx = p->dx[0].data ? (real *)fv__sample(&p->dx[0], n) + 4 * (i / 2) : NULL;
            real *anchor = fv__boxes_anchor(&p->dx[1], n, i / 2);
            bool cut[2];
            (void)cut_end(&a, 0, &cut[0]);
            (void)cut_end(&a, 1, &cut[1]);
            const double low = cut[0] ? 0 : dy[which], high = cut[1] ? 0 : dy[2 + which];
            const double middle = low + high, size = (high - low) / 2;
            if (dx != NULL) {
                dx[which] += (real)(middle * a.place * a.size);
                if (!a.limited) dx[2 + which] += (real)(size * a.size * a.growth * a.extent);
            }
            if (anchor == NULL) continue;
            const double of_size = middle * a.place * a.t + size * a.growth;
            anchor[which] += (real)(middle / 2 - of_size);
            anchor[2 + which] += (real)(middle / 2 + of_size);
        }
}

#endif
