/* SPDX-License-Identifier: MIT */
/*
 * impl_sweeps.c - drawn problems of convolutions, fully connected layers, pools and vectors.
 */
#include "impl_sweeps.h"
#include "op_draw.h"

#include <stdio.h>

typedef struct sweep {
    op_tally *tally;
    impl_sweep_fn *fn;
    void *arg;
    uint64_t seed;
} sweep;

/* The numbers of one problem. */
static op_draw draw_of(const sweep *s, int problem) {
    return (op_draw){(uint64_t)problem, s->seed << 32};
}

static int pick(op_draw *d, int low, int high) {
    return (int)op_pick(d, low, high);
}

static bool tell(const sweep *s, const char *op, const char *sample, int seed) {
    return s->fn(s->arg, fv__op_find(op), sample, seed);
}

bool impl_sweep_takes(op_tally *t, int number, int share, int of) {
    const uint32_t mixed = (uint32_t)number * 2654435761u;
    const bool takes = of == 0 || (int)((mixed >> 16) % (uint32_t)of) == share;
    t->drawn++;
    t->tried += takes;
    return takes;
}

static void sweep_conv(const sweep *s) {
    int done = 0;
    for (int seed = 1; seed <= 160; seed++) {
        op_draw d = draw_of(s, seed);
        char text[OP_SAMPLE];
        const int g = pick(&d, 0, 3) == 0 ? pick(&d, 1, 3) : 1;
        const int c = g * pick(&d, 1, seed % 5 == 0 ? 40 : 7);
        const int k = g * pick(&d, 1, seed % 7 == 0 ? 50 : 20);
        const int kh = pick(&d, 1, 5), kw = seed % 2 ? kh : pick(&d, 1, 5);
        const int sh = pick(&d, 1, 3), sw = pick(&d, 1, 3), top = pick(&d, 0, 2);
        const int left = pick(&d, 0, 2), bottom = pick(&d, 0, 3), right = pick(&d, 0, 2);
        const int dh = pick(&d, 1, 2), dw = pick(&d, 1, 2), bias = pick(&d, 0, 1);
        const int n = pick(&d, 1, 5), h = pick(&d, 1, 20), w = pick(&d, 1, 37);
        (void)snprintf(text, sizeof text,
                       "%d %dx%d stride %dx%d pad %d,%d,%d,%d dilation %dx%d groups %d bias %s ; "
                       "%dx%dx%dx%d",
                       k, kh, kw, sh, sw, top, left, bottom, right, dh, dw, g, bias ? "yes" : "no",
                       n, c, h, w);
        done += tell(s, "conv", text, seed);
    }
    op_check(s->tally, done > 100, "only %d convolutions were possible", done);
}

/* As many groups as channels: square kernels that networks have and others, large maps in bands. */
static void sweep_depthwise(const sweep *s) {
    int done = 0;
    for (int seed = 1; seed <= 60; seed++) {
        op_draw d = draw_of(s, seed);
        char text[OP_SAMPLE];
        const int c = pick(&d, 2, seed % 6 ? 6 : 20), k = c * (seed % 4 ? 1 : pick(&d, 2, 3));
        const int kh = seed % 3 ? 3 + 2 * pick(&d, 0, 1) : pick(&d, 1, 7);
        const int kw = seed % 3 ? kh : pick(&d, 1, 7), sh = seed % 3 ? pick(&d, 1, 2) : seed % 5;
        const int sw = seed % 3 ? sh : pick(&d, 1, 4), dilation = seed % 5 ? 1 : 2;
        const int top = pick(&d, 0, kh), left = pick(&d, 0, seed % 9 ? kw : 40);
        const int bottom = pick(&d, 0, 3), right = pick(&d, 0, 3), n = pick(&d, 1, 3);
        const int h = pick(&d, 1, seed % 8 ? 15 : 70), w = pick(&d, 1, seed % 2 ? 17 : 120);
        (void)snprintf(text, sizeof text,
                       "%d %dx%d stride %dx%d pad %d,%d,%d,%d dilation %d groups %d bias %s ; "
                       "%dx%dx%dx%d",
                       k, kh, kw, sh ? sh : 1, sw, top, left, bottom, right, dilation, c,
                       seed % 2 ? "yes" : "no", n, c, h, w);
        done += tell(s, "conv", text, seed);
    }
    op_check(s->tally, done > 40, "only %d depthwise convolutions were possible", done);
}

/* Many channels and filters: where a transform pays. */
static void sweep_3x3(const sweep *s) {
    for (int seed = 1; seed <= 20; seed++) {
        op_draw d = draw_of(s, seed);
        char text[OP_SAMPLE];
        const int stride = seed > 10 ? 2 : 1, few = 8 * stride;
        const int k = pick(&d, few, seed % 3 ? 20 : 40), c = pick(&d, few, seed % 4 ? 20 : 70);
        const int top = pick(&d, 0, 3), left = pick(&d, 0, 2), bottom = pick(&d, 0, 2);
        const int right = pick(&d, 0, 3), n = pick(&d, 1, seed % 5 ? 2 : 9);
        const int h = stride * pick(&d, 3, seed % 4 ? 14 : 30) + seed % 3 / 2;
        const int w = stride * pick(&d, 3, seed % 3 ? 20 : 40) + seed % 2;
        (void)snprintf(text, sizeof text, "%d 3x3 stride %d pad %d,%d,%d,%d bias %s ; %dx%dx%dx%d",
                       k, stride, top, left, bottom, right, seed % 2 ? "yes" : "no", n, c, h, w);
        op_check(s->tally, tell(s, "conv", text, seed), "conv '%s' is refused", text);
    }
}

/* 5x5 of stride 1: few channels and many, rows that fill vectors and those that do not, maps in one
   piece and in several. */
static void sweep_5x5(const sweep *s) {
    for (int seed = 1; seed <= 24; seed++) {
        op_draw d = draw_of(s, seed);
        char text[OP_SAMPLE];
        const int g = seed % 6 == 0 ? 2 : 1;
        const int c = g * pick(&d, 1, seed % 4 ? 8 : 50), k = g * pick(&d, 1, seed % 5 ? 17 : 80);
        const int top = pick(&d, 0, 4), left = pick(&d, 0, 4), right = pick(&d, 0, 4);
        const int n = pick(&d, 1, seed % 3 ? 2 : 7);
        const int h = pick(&d, 5, seed % 7 ? 16 : 60), w = pick(&d, 5, seed % 2 ? 16 : 90);
        (void)snprintf(text, sizeof text, "%d 5x5 pad %d,%d,%d,%d groups %d bias %s ; %dx%dx%dx%d",
                       k, top, left, top / 2, right, g, seed % 2 ? "yes" : "no", n, c, h, w);
        (void)tell(s, "conv", text, seed);
    }
}

/* Enough channels and filters to be multiplied in blocks, and three channels under large kernels.
 */
static void sweep_wide(const sweep *s) {
    for (int seed = 1; seed <= 36; seed++) {
        op_draw d = draw_of(s, seed);
        char text[OP_SAMPLE];
        const int g = seed % 6 == 0 ? 2 : 1;
        const int c = g * (seed % 4 ? pick(&d, 8, seed % 5 ? 40 : 70) : pick(&d, 1, 4));
        const int k = g * pick(&d, 8, seed % 3 ? 33 : 70);
        const int kh = 2 * pick(&d, 0, seed % 4 ? 2 : 3) + 1, kw = seed % 7 ? kh : pick(&d, 1, 4);
        const int stride = seed % 3 ? 1 : pick(&d, 1, 3), dilation = seed % 8 ? 1 : 2;
        const int top = pick(&d, 0, kh), left = pick(&d, 0, kw), right = pick(&d, 0, 2);
        const int n = pick(&d, 1, seed % 5 ? 2 : 5);
        const int h = pick(&d, 7, seed % 9 ? 16 : 40) + kh, w = pick(&d, 4, 40) + kw;
        (void)snprintf(text, sizeof text,
                       "%d %dx%d stride %d pad %d,%d,%d,%d dilation %d groups %d bias %s ; "
                       "%dx%dx%dx%d",
                       k, kh, kw, stride, top, left, top / 2, right, dilation, g,
                       seed % 2 ? "yes" : "no", n, c, h, w);
        (void)tell(s, "conv", text, seed);
    }
}

/* Shapes that networks have, where blocking has several blocks, and some that nobody has. */
static void sweep_known(const sweep *s) {
    static const char *const known[] = {"6 5x5 ; 20x1x32x32",
                                        "16 5x5 ; 18x6x14x14",
                                        "16 3x3 pad 1 ; 3x16x32x32",
                                        "72 3x3 pad 1 ; 1x65x14x14",
                                        "9 3x3 pad 1 ; 1x8x120x130",
                                        "33 3x3 stride 2 pad 0,0,1,1 ; 1x19x57x70",
                                        "33 3x3 stride 2 pad 1 ; 9x21x15x16",
                                        "17 3x3 stride 2 pad 1 ; 40x16x7x31",
                                        "35 3x3 pad 1 ; 40x33x7x7",
                                        "17 3x3 pad 1,0,2,1 ; 5x19x57x70",
                                        "48 3x3 pad 1,0,2,1 ; 4x40x45x60",
                                        "33 1x1 ; 2x210x9x9",
                                        "40 1x1 stride 2 bias no ; 2x200x9x9",
                                        "12 7x7 stride 2 pad 3 ; 2x3x41x37",
                                        "12 11x11 stride 4 ; 2x3x47x47",
                                        "24 3x3 pad 1 groups 24 ; 2x24x15x15",
                                        "20 3x3 pad 1 ; 17x20x2x2",
                                        "230 1x1 ; 3x17x7x7",
                                        "48 1x1 ; 2x32x7x9",
                                        "2 1x1 stride 1000x7 ; 1x2x5x40",
                                        "2 3x3 dilation 100 pad 100 ; 1x2x7x9",
                                        "3 2x2 stride 9 pad 1 ; 2x2x30x30",
                                        "2 14x14 ; 1x1x20x40",
                                        "4 3x3 pad 5 ; 2x3x9x9"};
    for (int i = 0; i < (int)(sizeof known / sizeof *known); i++)
        op_check(s->tally, tell(s, "conv", known[i], i), "conv '%s' is refused", known[i]);
}

static void sweep_fc(const sweep *s) {
    for (int seed = 1; seed <= 60; seed++) {
        op_draw d = draw_of(s, seed);
        char text[OP_SAMPLE], in[64] = "3x5x4x7";
        const int k = pick(&d, 1, seed % 4 ? 40 : 300), n = pick(&d, 1, 70);
        const int c = pick(&d, 1, seed % 5 ? 90 : 1200);
        if (seed % 6) (void)snprintf(in, sizeof in, "%dx%d", n, c);
        (void)snprintf(text, sizeof text, "%d bias %s ; %s", k, seed % 3 ? "yes" : "no", in);
        op_check(s->tally, tell(s, "fc", text, seed), "fc '%s' is refused", text);
    }
}

static void draw_pool(op_draw *d, int seed, char *text, size_t size) {
    const int kh = pick(d, 1, 4), kw = pick(d, 1, 4), sh = pick(d, 0, 3), sw = pick(d, 0, 3);
    const int top = pick(d, 0, 1), left = pick(d, 0, 1), bottom = pick(d, 0, 1);
    const int right = pick(d, 0, 1);
    const char *more = seed % 5 ? "count_pad no" : "count_pad yes";
    if (seed % 2 == 0) more = seed % 8 == 0 ? "dilation 2" : "";
    if (seed % 10 == 1 || seed % 10 == 3)
        (void)snprintf(text, size, "%d", seed % 10 == 1 ? 2 : 3);
    else
        (void)snprintf(text, size, "%dx%d stride %dx%d pad %d,%d,%d,%d ceil %s %s", kh, kw, sh, sw,
                       top, left, bottom, right, seed % 3 ? "no" : "yes", more);
}

static void sweep_pools(const sweep *s) {
    int done = 0;
    for (int seed = 1; seed <= 160; seed++) {
        op_draw d = draw_of(s, seed);
        char options[OP_SAMPLE / 2], text[OP_SAMPLE];
        draw_pool(&d, seed, options, sizeof options);
        const int n = pick(&d, 1, 4), c = pick(&d, 1, 5), h = pick(&d, 1, 20), w = pick(&d, 1, 80);
        (void)snprintf(text, sizeof text, "%s ; %dx%dx%dx%d", options, n, c, h, w);
        done += tell(s, seed % 2 ? "avgpool" : "maxpool", text, seed);
    }
    op_check(s->tally, done > 80, "only %d pools were possible", done);
}

/* Every operator of one input and no required option, on long rows and long vectors. */
static void sweep_rows(const sweep *s) {
    for (int i = 0; fv__ops[i] != NULL; i++) {
        const fv_op *op = fv__ops[i];
        bool simple = op->inputs_min == 1 || (op->traits & FV_LOSS);
        for (const fv_field *f = op->fields; f && f->name; f++)
            simple = simple && !(f->flags & FV_REQUIRED);
        for (int seed = 1; simple && seed <= 12; seed++) {
            op_draw d = draw_of(s, seed);
            char text[OP_SAMPLE];
            const int n = pick(&d, 1, 5), c = pick(&d, 1, 9), h = pick(&d, 1, 9);
            const int w = pick(&d, 1, 40), k = pick(&d, 1, seed % 4 ? 20 : 1000);
            if (seed % 2)
                (void)snprintf(text, sizeof text, "; %dx%d", n * (seed % 3 ? 3 : 14), k);
            else
                (void)snprintf(text, sizeof text, "; %dx%dx%dx%d", n, c, h, w);
            (void)s->fn(s->arg, op, text, seed);
        }
    }
}

void impl_sweeps(op_tally *t, impl_sweep_fn *fn, void *arg, uint64_t seed) {
    const sweep s = {t, fn, arg, seed};
    sweep_conv(&s);
    sweep_depthwise(&s);
    sweep_3x3(&s);
    sweep_5x5(&s);
    sweep_wide(&s);
    sweep_known(&s);
    sweep_fc(&s);
    sweep_pools(&s);
    sweep_rows(&s);
    impl_sweep_known(t, fn, arg);
}
