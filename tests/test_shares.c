/* SPDX-License-Identifier: MIT */
/*
 * test_shares.c - cross-entropy of shares of classes, as PyTorch computes it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "by_hand.h"

#include <stdio.h>

/* Shares of classes: PyTorch 1.13's cross_entropy with probabilities, in double. */
static void test_shares_as_pytorch(void **state) {
    static const struct {
        const char *options;
        double loss, dx[6];
    } cases[] = {
        {"",
         1.5002876166283914,
         {-0.22314190918248739, 0.24483604306225176, -0.021694133879764366, 0.029534878796255118,
          -0.1915381155501886, 0.16200323675393347}},
        {"weights 1,2,0.5",
         2.269604854087548,
         {-0.20411319555986046, 0.1965614495215896, 0.007551746038270989, 0.032488366675880634,
          -0.3906919271052075, 0.35820356042932683}},
        {"weights 1,2,0.5 smooth 0.1",
         2.2855945906187722,
         {-0.1855684320751646, 0.18380284292669335, 0.0017655891484713792, 0.016018599201188997,
          -0.3839688478755421, 0.36795024867435305}},
    };
    op_problem p;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char sample[96];
        snprintf(sample, sizeof sample, "target shares %s ; 2x3", cases[i].options);
        start(&p, "crossentropy", sample);
        put(&p.x[0], NUMBERS(1, 2, -0.5, 0.25, -1, 3));
        put(&p.x[1], NUMBERS(0.7, 0.2, 0.1, 0, 0.4, 0.6));
        op_weigh(&p);
        assert_true(p.pass.divisor == 2);
        op_forward(&p);
        expect(&p.y[0], &cases[i].loss, 1e-14);
        put(&p.dy[0], NUMBERS(1));
        op_backward(&p);
        expect(&p.dx[0], cases[i].dx, 1e-14);
        op_release(&p);
    }
    start(&p, "crossentropy", "target shares smooth 0.2 ; 1x2x1x2");
    put(&p.x[0], NUMBERS(1, -2, 0.5, 0.25));
    put(&p.x[1], NUMBERS(0.3, 1, 0.7, 0));
    op_weigh(&p);
    op_forward(&p);
    expect(&p.y[0], NUMBERS(1.464641771548427), 1e-14);
    put(&p.dy[0], NUMBERS(1));
    op_backward(&p);
    expect(
        &p.dx[0],
        NUMBERS(0.14122966560092728, -0.4023252675504453, -0.14122966560092728, 0.4023252675504453),
        1e-14);
    put(&p.x[1], NUMBERS(0.3, 0, 0.7, 0)); /* nobody says what the second pixel is */
    op_weigh(&p);
    assert_true(p.pass.divisor == 1);
    op_zero(&p.dx[0]);
    op_backward(&p);
    assert_true(op_get(&p.dx[0], 1) == 0 && op_get(&p.dx[0], 3) == 0);
    op_release(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shares_as_pytorch)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
