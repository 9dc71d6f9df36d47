/* SPDX-License-Identifier: MIT */
/*
 * test_lectures_text.c - the lectures' examples as a program has them, by the public functions: a
 * fully connected network, what sharing weights saves, the matrix of a convolution and its
 * back-propagation written out. Sums of single operators are in test_lectures.c.
 */
#include "public.h"

#define NUMBERS(...) ((const double[]){__VA_ARGS__})

/* ------------------------------------------------------------------------ networks as text --- */

static fv_net *parse(fv_context *ctx, const char *text) {
    fv_net *net;
    OK(ctx, fv_net_parse(ctx, text, NULL, &net));
    return net;
}

/* Deck E: a picture of 100x100, six layers of 5,000 units, then 50. The slide says 227,550,000
   parameters, its own formula gives 225,250,000; the network it describes has 175,250,000 weights.
 */
static void test_fully_connected(void **state) {
    fv_context *ctx = *state;
    assert_int_equal(10000LL * 5000 + 7 * (5000LL * 5000) + 5000 * 50, 225250000);

    fv_net *net = parse(ctx, "input 1x100x100\n (fc 5000 bias no - sigmoid)*6 - fc 50 bias no\n");
    assert_int_equal(fv_net_parameters(net), 175250000);
    fv_net_free(net);
}

static void check_wiring(const fv_wiring *w, int64_t weights, int64_t biases, int64_t connections) {
    assert_int_equal(w->weights, weights);
    assert_int_equal(w->biases, biases);
    assert_int_equal(w->connections, connections);
}

/* Deck E's 21, 9, 3, and deck B's 640x480, by what explain says of a convolution. */
static void test_as_fully_connected(void **state) {
    fv_as_fc f = FV_INIT(fv_as_fc);
    fv_context *ctx = *state;

    fv_net *net = parse(ctx, "input 1x1x7\n conv 1 1x3 stride 2 bias no\n");
    OK(ctx, fv_explain_as_fc(ctx, net, "conv1", &f));
    check_wiring(&f.own, 3, 0, 9);
    check_wiring(&f.local, 9, 0, 9);
    check_wiring(&f.full, 21, 0, 21);
    fv_net_free(net);
    net = parse(ctx, "input 1x480x640\n conv 1 3x3 pad 1 as eye - relu - conv 2 1x1\n");
    OK(ctx, fv_explain_as_fc(ctx, net, "eye", &f));
    assert_int_equal(f.input[1] * f.input[2], 307200);
    check_wiring(&f.own, 9, 1, 9 * 307200 + 307200);
    check_wiring(&f.local, 9 * 307200, 307200, 10 * 307200);
    check_wiring(&f.full, 307200LL * 307200, 307200, 307200LL * 307200 + 307200);
    SAYS(ctx, fv_explain_as_fc(ctx, net, "eyes", &f), FV_BAD_INPUT, "did you mean 'eye");
    SAYS(ctx, fv_explain_as_fc(ctx, net, "relu1", &f), FV_BAD_INPUT, "slides no weights");
    fv_net_free(net);
    /* what fc and local themselves say is the same */
    net = parse(ctx, "input 1x1x7\n fc 3 bias no\n");
    assert_int_equal(fv_net_parameters(net), 21);
    fv_net_free(net);
    net = parse(ctx, "input 1x1x7\n local 1 1x3 stride 2 bias no\n");
    assert_int_equal(fv_net_parameters(net), 9);
    fv_net_free(net);
    net = parse(ctx, "input 1x65536x65536\n conv 100 1x1\n");
    SAYS(ctx, fv_explain_as_fc(ctx, net, "conv1", &f), FV_BAD_INPUT, "counted");
    fv_net_free(net);
}

/* ------------------------------------------------------------------------------- step by step ---
 */

static fv_steps *walk(fv_context *ctx, const char *op, const char *x, const char *w,
                      const char *dy) {
    fv_step_options o = FV_INIT(fv_step_options);
    fv_matrix *xs, *ws, *dys = NULL;
    fv_steps *s;
    OK(ctx, fv_matrix_parse(ctx, x, &xs));
    OK(ctx, fv_matrix_parse(ctx, w, &ws));
    if (dy) OK(ctx, fv_matrix_parse(ctx, dy, &dys));
    o.op = op;
    o.x = xs;
    o.w = ws;
    o.dy = dys;
    o.matrix = 1;
    OK(ctx, fv_step_through(ctx, &o, &s));
    fv_matrix_free(xs);
    fv_matrix_free(ws);
    fv_matrix_free(dys);
    return s;
}

static void check_numbers(const fv_matrix *m, const double *want) {
    for (int64_t i = 0; i < m->count; i++)
        if (m->data[i] != want[i]) fail_msg("number %d is %g, not %g", (int)i, m->data[i], want[i]);
}

/* Deck A's matrix of 4x16 as `fovea step --matrix` writes it: row by row the filter, moved along.
 */
static void test_written_matrix(void **state) {
    fv_context *ctx = *state;

    fv_steps *s =
        walk(ctx, "conv", "3,2,0,1; 0,2,1,2; 2,0,0,3; 2,3,1,2", "2,1,2; 0,0,3; 0,0,2", NULL);
    assert_int_equal(s->matrix->dims[0], 4);
    assert_int_equal(s->matrix->dims[1], 16);
    check_numbers(s->matrix, NUMBERS(2, 1, 2, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0, /* y[0,0] */
                                     0, 2, 1, 2, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 0, /* y[0,1] */
                                     0, 0, 0, 0, 2, 1, 2, 0, 0, 0, 3, 0, 0, 0, 2, 0, /* y[1,0] */
                                     0, 0, 0, 0, 0, 2, 1, 2, 0, 0, 0, 3, 0, 0, 0, 2));
    check_numbers(s->y, NUMBERS(11, 18, 6, 22));
    fv_steps *back = walk(ctx, "convtranspose", "1,1; 1,1", "2,1,2; 0,0,3; 0,0,2", NULL);
    check_numbers(back->matrix, s->matrix->data); /* the same C: y = C'x */
    check_numbers(back->y, s->dx->data);          /* which is the gradient of the first */
    fv_steps_free(back);
    fv_steps_free(s);
}

/* Deck E's 3x3 * 2x2 in the letters of its slides: dL/dF11 = dO11 X11 + dO12 X12 + dO21 X21 + dO22
   X22, and so on; dL/dX22 = dO11 F22 + dO12 F21 + dO21 F12 + dO22 F11. */
static void test_written_back_propagation(void **state) {
    fv_context *ctx = *state;

    fv_steps *s = walk(ctx, "conv", "1,2,3; 4,5,6; 7,8,9", "1,-1; 2,3", "2,1; -1,4");
    check_numbers(s->y, NUMBERS(22, 27, 37, 42));
    check_numbers(s->dw, NUMBERS(2 * 1 + 1 * 2 - 1 * 4 + 4 * 5, 2 * 2 + 1 * 3 - 1 * 5 + 4 * 6,
                                 2 * 4 + 1 * 5 - 1 * 7 + 4 * 8, 2 * 5 + 1 * 6 - 1 * 8 + 4 * 9));
    check_numbers(s->dx, NUMBERS(2 * 1, 2 * -1 + 1 * 1, 1 * -1, /* a row of X each */
                                 2 * 2 - 1 * 1, 2 * 3 + 1 * 2 - 1 * -1 + 4 * 1, 1 * 3 + 4 * -1,
                                 -1 * 2, -1 * 3 + 4 * 2, 4 * 3));
    fv_steps_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fully_connected),
        cmocka_unit_test(test_as_fully_connected),
        cmocka_unit_test(test_written_matrix),
        cmocka_unit_test(test_written_back_propagation),
    };
    return cmocka_run_group_tests(tests, public_setup, public_teardown);
}
