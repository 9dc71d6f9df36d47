/* SPDX-License-Identifier: MIT */
/*
 * test_step.c - public: a convolution or pooling window by window. The windows are held against the
 * numbers that the operator computes: their products must add up to y, dx and dw.
 */
#include "public.h"

static fv_matrix *parse(fv_context *ctx, const char *text) {
    fv_matrix *m = NULL;
    if (text) OK(ctx, fv_matrix_parse(ctx, text, &m));
    return m;
}

typedef struct problem {
    const char *op, *x, *w, *settings, *bias, *dy;
} problem;

/* What was given must outlive the call alone. */
static fv_status walk(fv_context *ctx, const problem *p, int matrix, fv_steps **out) {
    fv_step_options o = FV_INIT(fv_step_options);
    fv_matrix *x = parse(ctx, p->x), *w = parse(ctx, p->w), *bias = parse(ctx, p->bias),
              *dy = parse(ctx, p->dy);
    o.op = p->op;
    o.x = x;
    o.w = w;
    o.bias = bias;
    o.dy = dy;
    o.settings = p->settings;
    o.matrix = matrix;
    const fv_status status = fv_step_through(ctx, &o, out);
    fv_matrix_free(x);
    fv_matrix_free(w);
    fv_matrix_free(bias);
    fv_matrix_free(dy);
    return status;
}

static int64_t at(const fv_matrix *m, int64_t c, int64_t h, int64_t w) {
    return (c * m->dims[1] + h) * m->dims[2] + w;
}

/* The three sums that windows are made of, and what they must come to. */
typedef struct sums {
    double *y, *dx, *dw;
} sums;

static void add_weighed(const fv_steps *s, const fv_step_window *v, const sums *r) {
    const fv_matrix *places = s->transposed ? s->x : s->y;
    const int64_t place = at(places, v->channel, v->row, v->column);
    for (int t = 0; t < v->term_count; t++) {
        const fv_step_term *term = &v->terms[t];
        const double w = s->w->data[term->weight];
        const fv_matrix *map = s->transposed ? s->y : s->x;
        assert_int_equal(term->inside, term->row >= 0 && term->row < map->dims[1] &&
                                           term->column >= 0 && term->column < map->dims[2]);
        if (!term->inside) continue;
        const int64_t i = at(map, term->channel, term->row, term->column);
        if (s->transposed) {
            r->y[i] += w * s->x->data[place];
            r->dx[place] += w * s->dy->data[i];
            r->dw[term->weight] += s->x->data[place] * s->dy->data[i];
        } else {
            r->y[place] += w * s->x->data[i];
            r->dx[i] += w * s->dy->data[place];
            r->dw[term->weight] += s->x->data[i] * s->dy->data[place];
        }
    }
}

static void add_pooled(const fv_steps *s, const fv_step_window *v, const sums *r) {
    const int64_t place = at(s->y, v->channel, v->row, v->column);
    for (int t = 0; t < v->term_count; t++) {
        const fv_step_term *term = &v->terms[t];
        assert_int_equal(term->weight, -1);
        if (!term->inside || (v->winner >= 0 && v->winner != t)) continue;
        const int64_t i = at(s->x, term->channel, term->row, term->column);
        const double share = v->winner >= 0 ? 1 : 1 / (double)v->divisor;
        r->y[place] += share * s->x->data[i];
        r->dx[i] += share * s->dy->data[place];
    }
}

static void same(const char *what, const double *have, const fv_matrix *want) {
    for (int64_t i = 0; want && i < want->count; i++)
        if (fabs(have[i] - want->data[i]) > 1e-9)
            fail_msg("%s: number %d is %g by its windows and %g by its operator", what, (int)i,
                     have[i], want->data[i]);
}

static void add_bias(const fv_steps *s, double *y) {
    const int64_t plane = s->y->dims[1] * s->y->dims[2];
    for (int64_t i = 0; s->bias && i < s->y->count; i++) y[i] += s->bias->data[i / plane];
    for (int64_t k = 0; s->bias && k < s->bias->count; k++) {
        double sum = 0;
        for (int64_t i = 0; i < plane; i++) sum += s->dy->data[k * plane + i];
        assert_true(fabs(sum - s->dbias->data[k]) < 1e-9);
    }
}

/* y = Cx and dx = C'dy, or the other way round. */
static void check_matrix(const fv_steps *s) {
    double y[4096] = {0}, dx[4096] = {0};
    const fv_matrix *c = s->matrix;
    assert_int_equal(c->dims[0], s->transposed ? s->x->count : s->y->count);
    assert_int_equal(c->dims[1], s->transposed ? s->y->count : s->x->count);
    for (int64_t i = 0; i < c->count; i++) {
        const int64_t row = i / c->dims[1], column = i % c->dims[1];
        if (s->transposed) {
            y[column] += c->data[i] * s->x->data[row];
            dx[row] += c->data[i] * s->dy->data[column];
        } else {
            y[row] += c->data[i] * s->x->data[column];
            dx[column] += c->data[i] * s->dy->data[row];
        }
    }
    add_bias(s, y);
    same("y by the matrix", y, s->y);
    same("dx by the matrix", dx, s->dx);
}

static void check(fv_context *ctx, const problem *p) {
    double y[4096] = {0}, dx[4096] = {0}, dw[4096] = {0};
    const sums r = {y, dx, dw};
    fv_steps *s;
    OK(ctx, walk(ctx, p, p->w != NULL, &s));
    assert_string_equal(s->op, p->op);
    assert_int_equal(s->window_count, (s->transposed ? s->x : s->y)->count);
    for (int i = 0; i < s->window_count; i++)
        (s->w ? add_weighed : add_pooled)(s, s->windows[i], &r);
    add_bias(s, y);
    same("y", y, s->y);
    same("dx", dx, s->dx);
    same("dw", dw, s->dw);
    if (s->matrix) check_matrix(s);
    fv_steps_free(s);
}

#define X4    "[[3,2,0,1],[0,2,1,2],[2,0,0,3],[2,3,1,2]]"
#define X2X34 "[[[1,2,3,4],[5,6,7,8],[9,1,2,3]],[[4,5,6,7],[8,9,1,2],[3,4,5,6]]]"

static void windows_add_up(void **state) {
    static const problem problems[] = {
        {.op = "conv", .x = X4, .w = "[[2,1,2],[0,0,3],[0,0,2]]"},
        {.op = "conv", .x = X4, .w = "[[2,1,2],[0,0,3],[0,0,2]]", .settings = "pad=1"},
        {.op = "conv", .x = X4, .w = "[[2,1],[0,3]]", .settings = "stride=2x1 pad=1,0,2,1"},
        {.op = "conv", .x = X4, .w = "[[2,1],[0,3]]", .settings = "dilation=2 pad=same"},
        {.op = "conv", .x = X4, .w = "[[2,1],[0,3]]", .settings = "flip=yes", .bias = "[5]"},
        {.op = "conv", .x = "[1,2,3,4,5,6,7]", .w = "[1,0,-1]", .settings = "stride=2"},
        {.op = "conv", .x = X4, .w = "[[[1,2]],[[3,4]],[[5,6]]]", .bias = "[1,2,3]"},
        {.op = "conv", .x = X2X34, .w = "[[[1,2],[3,4]],[[5,6],[7,8]]]", .settings = "pad=1"},
        {.op = "conv",
         .x = X2X34,
         .w = "[[[[1,2]],[[3,4]]],[[[5,6]],[[7,8]]],[[[1,1]],[[0,2]]]]",
         .settings = "stride=1x2",
         .dy = "1,2;3,4;5,6;7,8;9,10;11,12;13,14;15,16;17,18"},
        {.op = "conv", .x = X2X34, .w = "[[[1,2]],[[3,4]]]", .settings = "groups=2"},
        {.op = "conv",
         .x = X2X34,
         .w = "[[[[1,2]]],[[[3,4]]],[[[5,6]]],[[[7,8]]]]",
         .settings = "groups=2"},
        {.op = "convtranspose", .x = "1,2;3,4", .w = "1,2,1;2,4,2;1,2,1"},
        {.op = "convtranspose",
         .x = "1,2;3,4",
         .w = "1,2,1;2,4,2;1,2,1",
         .settings = "stride=2 pad=1 output_pad=1",
         .bias = "[3]"},
        {.op = "convtranspose",
         .x = X2X34,
         .w = "[[[1,2],[3,4]],[[5,6],[7,8]]]",
         .settings = "dilation=2 stride=3"},
        {.op = "convtranspose",
         .x = X2X34,
         .w = "[[[[1,2]],[[3,4]]],[[[5,6]],[[7,8]]]]",
         .settings = "groups=2"},
        {.op = "convtranspose", .x = "1,2;3,4", .w = "[[[1,2]],[[3,4]]]"},
        {.op = "maxpool", .x = X4, .settings = "kernel=2"},
        {.op = "maxpool", .x = X2X34, .settings = "kernel=2x3 stride=1 pad=1 dilation=1x2"},
        {.op = "minpool", .x = X4, .settings = "kernel=3 stride=2 ceil=yes"},
        {.op = "avgpool", .x = X4, .settings = "kernel=3 stride=2 pad=1"},
        {.op = "avgpool", .x = X4, .settings = "kernel=3 stride=2 pad=1 count_pad=no"},
        {.op = "avgpool", .x = X2X34, .settings = "kernel=3 stride=2 pad=1 ceil=yes"},
    };
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) check(*state, &problems[i]);
}

/* The first among equals has it, as the operator has. */
static void ties_go_to_the_first(void **state) {
    fv_steps *s;
    const problem p = {.op = "maxpool", .x = "5,5;5,5", .settings = "kernel=2"};
    check(*state, &p);
    OK(*state, walk(*state, &p, 0, &s));
    assert_int_equal(s->windows[0]->winner, 0);
    assert_true(s->dx->data[0] == 1 && s->dx->data[3] == 0);
    fv_steps_free(s);
}

static void the_operators_have_names(void **state) {
    (void)state;
    assert_string_equal(fv_step_operator(0), "conv");
    int count = 0;
    while (fv_step_operator(count)) count++;
    assert_true(count >= 4);
    assert_null(fv_step_operator(-1));
    assert_null(fv_step_operator(count));
}

static void what_cannot_be_walked(void **state) {
    fv_context *ctx = *state;
    fv_steps *s;
    static const struct {
        problem p;
        int matrix;
        fv_status status;
        const char *says;
    } bad[] = {
        {{.op = "cnov", .x = X4, .w = "1"}, 0, FV_USAGE, "did you mean 'conv'?"},
        {{.op = "softmax", .x = X4}, 0, FV_USAGE, "these can: conv"},
        {{.op = "conv", .x = X4}, 0, FV_USAGE, "needs a kernel"},
        {{.op = "maxpool", .x = X4}, 0, FV_USAGE, "kernel=2"},
        {{.op = "maxpool", .x = X4, .w = "1"}, 0, FV_USAGE, "no weights"},
        {{.op = "maxpool", .x = X4, .settings = "kernel=2"}, 1, FV_USAGE, "no product"},
        {{.op = "conv", .x = X4, .w = "1", .settings = "strde=2"}, 0, FV_USAGE, "'stride'"},
        {{.op = "conv", .x = X4, .w = "1", .settings = "kernel=2"}, 0, FV_USAGE, "follows from"},
        {{.op = "conv", .x = X4, .w = "1", .settings = "bias=yes"}, 0, FV_USAGE, "as numbers"},
        {{.op = "conv", .x = X4, .w = "1", .settings = "stride=0"}, 0, FV_BAD_INPUT, "stride"},
        {{.op = "conv", .x = "1,2", .w = "1,2,3"}, 0, FV_BAD_INPUT, "does not fit"},
        {{.op = "conv", .x = X2X34, .w = "1,2"}, 0, FV_BAD_INPUT, "over 2 channels"},
        {{.op = "conv", .x = X2X34, .w = "1,2", .settings = "groups=0"}, 0, FV_BAD_INPUT, "groups"},
        {{.op = "conv", .x = X4, .w = "1", .bias = "[1,2]"}, 0, FV_BAD_INPUT, "one bias"},
        {{.op = "conv", .x = X4, .w = "1", .dy = "[1,2]"}, 0, FV_BAD_INPUT, "y is 1x4x4"},
        {{.op = "conv", .x = X4, .w = "1", .settings = "pad=900000"}, 0, FV_BAD_INPUT, "few"},
        {{.op = "conv", .x = "[[[[1]]]]", .w = "1"}, 0, FV_BAD_INPUT, "4 dimensions"},
        {{.op = "conv", .x = "1", .w = "[[[[[1]]]]]"}, 0, FV_BAD_INPUT, "four dimensions"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        SAYS(ctx, walk(ctx, &bad[i].p, bad[i].matrix, &s), bad[i].status, bad[i].says);
    fv_steps_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_add_up),
        cmocka_unit_test(ties_go_to_the_first),
        cmocka_unit_test(the_operators_have_names),
        cmocka_unit_test(what_cannot_be_walked),
    };
    return cmocka_run_group_tests(tests, public_setup, public_teardown);
}
