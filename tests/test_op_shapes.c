/* SPDX-License-Identifier: MIT */
/*
 * test_op_shapes.c - what the operators say of themselves: sizes, parameters, costs as the lectures
 * write them, and the list.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "op/strides.h"
#include "op_problem.h"

static void shape_of(op_problem *p, const char *op, const char *sample, fv_cost *cost) {
    if (op_read_sample(p, fv__op_find(op), sample) != FV_OK) fail_msg("%s", p->ctx.message);
    if (fv__op_shape(&p->ctx, p->op, &p->site) != FV_OK) fail_msg("%s", p->ctx.message);
    fv__op_cost(&p->site, cost);
}

static void test_costs(void **state) {
    static const struct {
        const char *op, *sample, *product;
        int64_t macs, weights;
    } table[] = {
        {"conv", "128 3x3 pad 1 ; 1x64x112x112", "(3*3*64)*128", 924844032, 73728},
        {"conv", "128 3x3 pad 1 groups 2 ; 1x64x112x112", "(3*3*64/2)*128", 462422016, 36864},
        {"conv", "10 5x5 stride 1 pad 2 ; 1x3x32x32", "(5*5*3)*10", 768000, 750},
        {"conv", "96 11x11 stride 4 ; 1x3x227x227", "(11*11*3)*96", 105415200, 34848},
        {"fc", "4096 ; 1x512x7x7", "7*7*512*4096", 102760448, 102760448},
        {"fc", "4096 ; 1x4096", "4096*4096", 16777216, 16777216},
        {"fc", "1000 ; 1x512x1x1", "512*1000", 512000, 512000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        op_problem p;
        fv_cost cost;
        shape_of(&p, table[i].op, table[i].sample, &cost);
        assert_string_equal(cost.product, table[i].product);
        assert_true(cost.macs == table[i].macs);
        assert_true(fv__shape_count(&p.site.param[0].shape) == table[i].weights);
        assert_true(p.site.param[1].bias && !p.site.param[0].bias);
        op_release(&p);
    }
}

/* Connections: what every unit reads, padding included, and its bias. */
static void test_connections(void **state) {
    static const struct {
        const char *op, *sample;
        int64_t connections;
    } table[] = {
        {"conv", "4 3x3 pad 1 ; 2x3x5x6", 30 * 4 * (27 + 1)},
        {"conv", "4 3x3 pad 1 bias no groups 2 ; 1x6x5x6", 30 * 4 * 27},
        {"local", "4 3x3 ; 1x3x5x6", 12 * 4 * (27 + 1)},
        {"convtranspose", "4 2 stride 2 ; 1x3x2x2", 3 * 4 * 4 * 4 + 16 * 4},
        {"fc", "5 ; 1x2x3x4", 5 * 25},
        {"rbf", "5 ; 1x7", 35},
        {"avgpool", "3 stride 2 pad 1 ; 1x2x5x5", 9 * 2 * 9},
        {"maxpool", "2 ; 1x2x5x7", 6 * 2 * 4},
        {"adaptiveavgpool", "2x3 ; 1x2x3x5", 2 * (2 + 2) * (2 + 3 + 2)},
        {"globalavgpool", "; 1x2x3x5", 30},
        {"globalmaxpool", "; 1x2x3x5", 30},
        {"subsample", "2 ; 1x2x4x6", 12 * (4 + 1)},
        {"lstm", "3 ; 2x4x5", 4 * 4 * 3 * (5 + 3 + 2)}, /* two biases */
        {"gru", "3 bias no direction both ; 2x4x5", 2 * 4 * 3 * 3 * (5 + 3)},
        {"relu", "; 1x2x3x5", 0},
        {"bn", "; 2x2x3x5", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        op_problem p;
        fv_cost cost;
        shape_of(&p, table[i].op, table[i].sample, &cost);
        if (cost.connections != table[i].connections)
            fail_msg("%s '%s': %lld connections, not %lld", table[i].op, table[i].sample,
                     (long long)cost.connections, (long long)table[i].connections);
        op_release(&p);
    }
}

/* What the lectures and papers say about sizes, and which columns are left out. */
static void test_sizes(void **state) {
    static const struct {
        const char *op, *sample;
        int64_t out, ignored;
    } table[] = {
        {"conv", "1 3x3 ; 1x1x7x7", 5, 0},
        {"conv", "1 3x3 stride 2 ; 1x1x7x7", 3, 0},
        {"conv", "1 3x3 stride 3 ; 1x1x7x7", 2, 1}, /* (7 - 3)/3 + 1 = 2.33 */
        {"conv", "96 11x11 stride 4 ; 1x3x227x227", 55, 0},
        {"conv", "96 11x11 stride 4 ; 1x3x224x224", 54, 1},      /* 54.25 */
        {"conv", "64 7x7 stride 2 pad 3 ; 1x3x224x224", 112, 0}, /* the padding alone is left out */
        {"conv", "128 1x1 stride 2 ; 1x64x56x56", 28, 0},        /* gaps by intention */
        {"conv", "8 1x1 stride 2 ; 1x8x57x57", 29, 0},
        {"conv", "8 3x3 stride 2 pad same ; 1x8x56x56", 28, 0},
        {"maxpool", "3x3 stride 2 ; 1x96x55x55", 27, 0},
        {"maxpool", "3x3 stride 2 ; 1x96x112x112", 55, 1},
        {"maxpool", "3x3 stride 2 ceil ; 1x96x112x112", 56, 0},
        {"maxpool", "2 ; 1x1x7x7", 3, 1},
        {"avgpool", "5x5 stride 3 ; 1x512x14x14", 4, 0},
        {"shortcut", "32 2 ; 1x16x32x32", 16, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        op_problem p;
        fv_cost cost;
        shape_of(&p, table[i].op, table[i].sample, &cost);
        if (p.out[0].dim[3] != table[i].out || p.site.misfit[1].ignored != table[i].ignored)
            fail_msg("%s '%s': out %d, ignored %d", table[i].op, table[i].sample,
                     (int)p.out[0].dim[3], (int)p.site.misfit[1].ignored);
        assert_int_equal(p.site.misfit[0].axis, table[i].ignored ? 'h' : 0);
        assert_int_equal(p.site.misfit[1].axis, table[i].ignored ? 'w' : 0);
        op_release(&p);
    }
}

static void test_parameters(void **state) {
    op_problem p;
    fv_cost cost;
    char dims[FV_SHAPE_TEXT];
    (void)state;
    shape_of(&p, "conv", "6 3x5 groups 2 ; 1x4x9x9", &cost);
    assert_string_equal(fv__dims_text(dims, &p.site.param[0].shape), "6x2x3x5");
    assert_true(p.site.param[0].fan_in == 2 * 15 && p.site.param[0].fan_out == 3 * 15);
    shape_of(&p, "bn", "; 2x3x4x4", &cost);
    assert_int_equal(p.site.params, 4);
    assert_true(p.site.param[0].init == FV_INIT_ONE && p.site.param[3].init == FV_INIT_ONE);
    assert_true(p.site.param[1].learned && !p.site.param[2].learned && !p.site.param[3].learned);
    assert_true(p.site.param[0].norm && p.site.param[1].norm);
    /* asked again, the shape rule does not add to what it found before */
    assert_int_equal(fv__op_shape(&p.ctx, p.op, &p.site), FV_OK);
    assert_int_equal(p.site.params, 4);
    assert_int_equal(p.site.saved, 2);
}

static void test_list(void **state) {
    (void)state;
    assert_ptr_equal(fv__op_find("conv"), fv__ops[0]);
    assert_null(fv__op_find("convolution"));
    assert_string_equal(fv__op_nearest("cnv"), "conv");
    assert_string_equal(fv__op_nearest("maxpol"), "maxpool");
    assert_null(fv__op_nearest("transformer"));
    for (int i = 0; fv__ops[i] != NULL; i++)
        assert_ptr_equal(fv__op_find(fv__ops[i]->name), fv__ops[i]);
}

/* A walk joins dimensions that lie one behind the other, and no others. */
static void test_walks(void **state) {
    (void)state;
    double room[64];
    const fv_shape shape = {3, {2, 3, 4}};
    fv_tensor dense = fv__tensor(room, FV_F64, shape), apart = dense;
    apart.step = 20;
    fv_walk w = fv__walk_over(&shape);
    fv__walk_aligned(&w, 0, &dense);
    assert_true(fv__walk_begin(&w) && w.row == 24 && !fv__walk_next(&w));
    w = fv__walk_over(&shape);
    fv__walk_aligned(&w, 0, &dense);
    fv__walk_aligned(&w, 1, &apart);
    assert_true(fv__walk_begin(&w) && w.row == 12);
    assert_true(fv__walk_next(&w) && w.at[0] == 12 && w.at[1] == 20 && !fv__walk_next(&w));
    fv_shape out;
    const fv_shape column = {2, {3, 1}}, four = {1, {4}}, two = {1, {2}};
    assert_true(fv__broadcast(&column, &four, &out) && out.dim[0] == 3 && out.dim[1] == 4);
    assert_false(fv__broadcast(&shape, &two, &out));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walks),       cmocka_unit_test(test_costs),
        cmocka_unit_test(test_connections), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_parameters),  cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
