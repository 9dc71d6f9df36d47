/* SPDX-License-Identifier: MIT */
/*
 * What is not a number must be seen: no kernel may hide it, and a training run whose weights stop
 * being finite must end with that message, the model as it was.
 */
#include "base/random.h"
#include "fovea.h"
#include "kern/kern.h"
#include "train/run.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define N 37 /* whole vectors and a rest, on every instruction set */

static const fv_isa levels[] = {FV_ISA_BASE, FV_ISA_AVX2, FV_ISA_AVX512};
#define LEVELS (sizeof levels / sizeof levels[0])

/* Kernels of level i; NULL where this machine has not got it. */
static const fv_kernels *kernels(size_t i) {
    return levels[i] <= fv__cpu_isa() ? fv__kernels(levels[i]) : NULL;
}

static void test_activations_keep_it(void **unused) {
    (void)unused;
    for (size_t l = 0; l < LEVELS; l++) {
        const fv_kernels *k = kernels(l);
        for (fv_act a = FV_ACT_NONE; k && a <= FV_ACT_SCALED_TANH; a++) {
            float x[N], y[N];
            for (int i = 0; i < N; i++) x[i] = i % 3 == 1 ? NAN : (float)(i - 18);
            k->act(a, 1, N, x, N, y, N, 0.5f, 0.5f);
            for (int i = 0; i < N; i++) assert_int_equal(!!isnan(y[i]), i % 3 == 1);
        }
    }
}

/* A NaN at every place of a 2x2 and a 3x3 window, with and without the winners' places. */
static void test_maxpool_keeps_it(void **unused) {
    (void)unused;
    for (size_t l = 0; l < LEVELS; l++) {
        const fv_kernels *k = kernels(l);
        for (int64_t size = 2; k && size <= 3; size++)
            for (int64_t place = 0; place < size * size; place++)
                for (int keep = 0; keep < 2; keep++) {
                    float x[3 * 3 * N], y[N];
                    int32_t at[N];
                    const int64_t ld = size * N;
                    for (int64_t i = 0; i < size * ld; i++) x[i] = (float)(i * 7 % 11);
                    const int64_t bad = place / size * ld + place % size;
                    for (int64_t j = 0; j < N; j += 2) x[bad + j * size] = NAN;
                    k->maxpool(1, N, size, size, size, 1, x, 0, ld, y, N, keep ? at : NULL, 0);
                    for (int64_t j = 0; j < N; j++) {
                        assert_int_equal(!!isnan(y[j]), j % 2 == 0);
                        if (keep && j % 2 == 0) assert_int_equal(at[j], bad + j * size);
                    }
                }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_activations_keep_it),
        cmocka_unit_test(test_maxpool_keeps_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
