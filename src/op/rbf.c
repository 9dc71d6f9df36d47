/* SPDX-License-Identifier: MIT */
/*
 * rbf: y_i = sum over j of (x_j - w_ij)^2, Euclidean radial basis units: how far the input is from
 * each unit's prototype. LeCun, Bottou, Bengio & Haffner 1998, section II.B, equation 7. The
 * prototypes are learned, or stylised digits of 7 x 12 pixels, -1 and +1, as LeNet-5's output has
 * them, so that digits that look alike have codes that are alike.
 * Gradients: dx_j = 2 sum over i of dy_i (x_j - w_ij), dw_ij = -2 dy_i (x_j - w_ij).
 */
#ifndef FV_LOOPS
#include "op/rbf.h"
#include "op/shapes.h"

#include <inttypes.h>
#include <stdio.h>

#define WIDTH  7
#define HEIGHT 12

enum { LEARNED, DRAWN };

typedef struct rbf_options {
    int64_t units;
    int prototypes;
    bool negative;
} rbf_options;

static const char *const kinds[] = {"learned", "digits", NULL};

static const fv_field fields[] = {
    {"units", "how many distances come out", FV_INT, offsetof(rbf_options, units), NULL, 1, 1e9,
     FV_POSITIONAL | FV_REQUIRED, NULL, NULL},
    {"prototypes", "learned, or digits: 10 units over 84 inputs, drawn as 7x12 pixels", FV_CHOICE,
     offsetof(rbf_options, prototypes), "learned", 0, 0, 0, kinds, NULL},
    {"negative", "whether distances get a minus, so that the largest is the nearest", FV_BOOL,
     offsetof(rbf_options, negative), "no", 0, 0, 0, NULL, NULL},
    {0}};

/* The digits of `prototypes digits`, side by side in two halves, drawn here (the paper shows its
   own in figure 3): '#' is +1, all else -1. */
static const char *const drawing[2 * HEIGHT] = {
    /* 0       1       2       3       4    */
    ".......|.......|.......|.......|.......",
    "..###..|...##..|.#####.|.#####.|.....#.",
    ".#...#.|..###..|#.....#|#.....#|....##.",
    "#.....#|.#.##..|......#|......#|...#.#.",
    "#.....#|...##..|......#|......#|..#..#.",
    "#.....#|...##..|.....#.|..####.|.#...#.",
    "#.....#|...##..|...##..|......#|#....#.",
    "#.....#|...##..|..#....|......#|#######",
    "#.....#|...##..|.#.....|......#|.....#.",
    ".#...#.|...##..|#......|#.....#|.....#.",
    "..###..|.######|#######|.#####.|.....#.",
    ".......|.......|.......|.......|.......",
    /* 5       6       7       8       9    */
    ".......|.......|.......|.......|.......",
    "#######|...###.|#######|.#####.|.#####.",
    "#......|..#....|......#|#.....#|#.....#",
    "#......|.#.....|.....#.|#.....#|#.....#",
    "#......|#......|.....#.|#.....#|#.....#",
    "######.|#.####.|....#..|.#####.|.######",
    "......#|##....#|....#..|#.....#|......#",
    "......#|#.....#|...#...|#.....#|......#",
    "......#|#.....#|...#...|#.....#|.....#.",
    "#.....#|#.....#|..#....|#.....#|....#..",
    ".#####.|.#####.|..#....|.#####.|.###...",
    ".......|.......|.......|.......|.......",
};

double fv__rbf_pixel(int64_t digit, int64_t at) {
    const char *row = drawing[digit / 5 * HEIGHT + at / WIDTH];
    return row[digit % 5 * (WIDTH + 1) + at % WIDTH] == '#' ? 1 : -1;
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const rbf_options *o = site->options;
    FV_TRY(fv__shape_inputs(ctx, site));
    const fv_shape *in = &site->in[0];
    if (in->rank < 2)
        return fv__fail(ctx, FV_BAD_INPUT, "rbf reads a map or a vector, not single numbers");
    if (o->units < 1)
        return fv__fail(ctx, FV_BAD_INPUT, "rbf needs at least 1 unit, not %" PRId64, o->units);
    const int64_t inputs = fv__shape_sample(in);
    if (o->prototypes == DRAWN && (o->units != FV_RBF_DIGITS || inputs != FV_RBF_PIXELS))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the prototypes digits are 10 units over 84 inputs, not %" PRId64
                        " over %" PRId64 "; put fc 84 before, or say prototypes learned",
                        o->units, inputs);
    site->out[0] = fv__shape2(in->dim[0], o->units);
    if (o->prototypes == LEARNED)
        fv__site_param(site, &(fv_param_spec){.name = "weight",
                                              .shape = fv__shape2(o->units, inputs),
                                              .init = FV_INIT_WEIGHT,
                                              .fan_in = inputs,
                                              .fan_out = o->units,
                                              .learned = true});
    return fv__shape_fits(ctx, site);
}

static void cost(const fv_site *site, fv_cost *cost) {
    const rbf_options *o = site->options;
    fv__cost_nothing(cost);
    cost->global = true;
    cost->macs = fv__shape_sample(&site->in[0]) * o->units;
    (void)snprintf(cost->product, sizeof cost->product, "%" PRId64 "*%" PRId64,
                   fv__shape_sample(&site->in[0]), o->units);
}

#define FV_LOOPS "op/rbf.c"
#include "op/loops.h"

static const char *const samples[] = {"4 ; 3x5",
                                      "3 negative ; 2x2x3x4",
                                      "1 ; 1x3",
                                      "10 prototypes digits ; 2x84",
                                      "10 prototypes digits ; 1x7x12x1",
                                      NULL};

const fv_op fv__op_rbf = {
    .name = "rbf",
    .help = "radial basis units: the squared distance to each unit's prototype",
    .about =
        "y_i = sum over j of (x_j - w_ij)^2: how far the input is from prototype i; the least\n"
        "is the nearest. A map is read as a vector, as by fc. The prototypes are learned\n"
        "weights [units, inputs], or with `prototypes digits` (10 units, 84 inputs) the ten\n"
        "digits as bitmaps of 7x12 pixels, -1 and +1, which stay what they are; the bitmaps\n"
        "are Fovea's own, not those of the paper. The loss that belongs to it is rbfloss. What\n"
        "counts right answers takes the largest number for the nearest: `negative` gives -y.\n"
        "Gradients: dx_j = 2*sum of dy_i*(x_j - w_ij), dw_ij = -2*dy_i*(x_j - w_ij).\n"
        "LeCun, Bottou, Bengio & Haffner 1998, section II.B, equation 7.",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .options_size = sizeof(rbf_options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

/* Number j of prototype i. */
static double LOOP(prototype)(const fv_pass *p, int64_t inputs, int64_t i, int64_t j) {
    return p->params > 0 ? ((const real *)p->w[0].data)[i * inputs + j] : fv__rbf_pixel(i, j);
}

static void LOOP(forward)(const fv_pass *p) {
    const rbf_options *o = p->options;
    const int64_t inputs = fv__shape_sample(&p->x[0].shape);
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        for (int64_t i = 0; i < o->units; i++) {
            double sum = 0;
            for (int64_t j = 0; j < inputs; j++) {
                const double d = x[j] - LOOP(prototype)(p, inputs, i, j);
                sum += d * d;
            }
            y[i] = (real)(o->negative ? -sum : sum);
        }
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const rbf_options *o = p->options;
    const int64_t inputs = fv__shape_sample(&p->x[0].shape);
    const double sign = o->negative ? -1 : 1;
    real *dw = p->params > 0 ? p->dw[0].data : NULL;
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        const real *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        for (int64_t i = 0; i < o->units; i++)
            for (int64_t j = 0; j < inputs; j++) {
                const double d = sign * 2 * dy[i] * (x[j] - LOOP(prototype)(p, inputs, i, j));
                if (dx != NULL) dx[j] += (real)d;
                if (dw != NULL) dw[i * inputs + j] -= (real)d;
            }
    }
}

#endif
