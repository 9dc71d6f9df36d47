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

#define LEVELS FV_ISAS

/* Kernels of level i; NULL where this machine has not got it. */
static const fv_kernels *kernels(int i) {
    static fv_kernels tables[FV_ISAS];
    return fv__isa_supported(i) ? fv__kernels(i, &tables[i]) : NULL;
}

static void test_activations_keep_it(void **unused) {
    (void)unused;
    for (int l = 0; l < LEVELS; l++) {
        const fv_kernels *k = kernels(l);
        for (fv_act a = FV_ACT_NONE; k && a <= FV_ACT_SCALED_TANH; a++) {
            float x[N], y[N];
            for (int i = 0; i < N; i++) x[i] = i % 3 == 1 ? NAN : (float)(i - 18);
            k->act(a, 1, N, x, N, y, N, 0.5f, 0.5f);
            for (int i = 0; i < N; i++) assert_int_equal(!!isnan(y[i]), i % 3 == 1);
        }
    }
}

/* A NaN everywhere in a 2x2 and a 3x3 window, with and without the winners' places. */
static void test_maxpool_keeps_it(void **unused) {
    (void)unused;
    for (int l = 0; l < LEVELS; l++) {
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

static void must(const fv_context *ctx, fv_status status) {
    if (status != FV_OK) print_error("status %d: %s\n", (int)status, ctx->message);
    assert_int_equal(status, FV_OK);
}

/* A step that fails changes nothing, running statistics included, which forward writes. */
static void test_statistics_are_restored(void **unused) {
    (void)unused;
    fv_context *ctx;
    fv_model *m;
    fv_trainer *t;
    must(NULL, fv_context_new(2, &ctx));
    must(ctx, fv_model_parse(ctx, "net n\ninput 1x8x8\n conv 3 3x3 - bn - relu - fc 4 - softmax\n",
                             NULL, 1, &m));
    must(ctx, fv_trainer_new(ctx, m, "batch=2", &t));
    float x[2 * 64];
    const int32_t labels[2] = {0, 3};
    for (int i = 0; i < 128; i++) x[i] = (float)(i % 7);
    must(ctx, fv_trainer_step(t, x, labels, 2, NULL));
    const size_t bytes = (size_t)m->net.graph->param_elements * sizeof(float);
    float *before = malloc(bytes);
    assert_non_null(before);
    memcpy(before, m->weights, bytes);
    x[70] = NAN;
    assert_int_equal(fv_trainer_step(t, x, labels, 2, NULL), FV_DIVERGED);
    assert_non_null(strstr(ctx->message, "conv1"));
    assert_non_null(strstr(ctx->message, "sample 1"));
    assert_memory_equal(before, m->weights, bytes);
    free(before);
    fv_trainer_free(t);
    fv_model_free(m);
    fv_context_free(ctx);
}

/* The last update spoils the weights: no step follows that would notice, but the test does. */
static void test_last_update_spoils(void **unused) {
    (void)unused;
    const char *text = "net last\ninput 1x28x28\n (fc 10)*8\n"
                       "train loss squarederror lr 1e6 epochs 1 batch 330\n";
    fv_context *ctx;
    fv_train_job *job;
    must(NULL, fv_context_new(1, &ctx));
    FILE *f = fopen("last.net", "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(system("rm -rf last"), 0);
    const fv_train_request request = {
        .net = "last.net", .data = "digits:330", .folder = "last", .command = "test"};
    must(ctx, fv__train_start(ctx, &request, &job));
    assert_int_equal(fv__train_run(ctx, job, NULL), FV_DIVERGED);
    print_message("%s\n", ctx->message);
    assert_non_null(strstr(ctx->message, "test of epoch 1: "));
    assert_non_null(strstr(ctx->message, "first in its forward pass"));
    assert_false(fv__file_exists("last/model.safetensors"));
    assert_false(fv__file_exists("last/checkpoint.safetensors"));
    fv__train_free(job);
    fv_context_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_activations_keep_it),
        cmocka_unit_test(test_maxpool_keeps_it),
        cmocka_unit_test(test_statistics_are_restored),
        cmocka_unit_test(test_last_update_spoils),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
