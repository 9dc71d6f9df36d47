/* SPDX-License-Identifier: MIT */
/*
 * test_augment_run.c - a training with every augmentation on: the same bytes for any number of
 * threads, and stopped and resumed at any step.
 */
#include "fovea.h"
#include "train/run.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char net_text[] = "net small(classes = 10)\n"
                               "input 3x24x24 pad 1 scale 1/255 mean 0.2\n"
                               " conv 4 5x5 stride 2 - relu - maxpool 2 - fc classes - softmax\n"
                               "train lr 0.05 batch 16 epochs 2\n"
                               "  flip shift 2 zoom 0.2 rotate 15 shear 5 elastic 1\n"
                               "  elastic_sigma 3 area 0.5 aspect 1.5 brightness 0.3 contrast 0.3\n"
                               "  saturation 0.3 hue 0.1 pca 0.1 cutout 6 mixup 0.4 cutmix 1\n"
                               "  smooth 0.1\n";

static void must(const fv_context *ctx, fv_status status) {
    if (status != FV_OK) fail_msg("status %d: %s", (int)status, ctx->message);
}

static bool stop(void *arg) {
    int *left = arg;
    return --*left == 0;
}

/* A run from beginning to end, stopped after every so many steps (0: never). */
static void run(const char *folder, int threads, int steps) {
    char command[64];
    fv_context *ctx;
    fv_train_job *job;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(fv_context_new(threads, &ctx), FV_OK);
    const fv_train_request request = {
        .net = "small.net", .data = "digits:100", .folder = folder, .command = "test"};
    must(ctx, fv__train_start(ctx, &request, &job));
    for (int stops = 0;; stops++) {
        int left = steps;
        const fv_hooks hooks = {.stop = stop, .arg = &left};
        const fv_status status = fv__train_run(ctx, job, steps ? &hooks : NULL);
        fv__train_free(job);
        fv_context_free(ctx);
        if (status == FV_OK) {
            assert_true(stops >= (steps ? 2 : 0));
            return;
        }
        assert_int_equal(status, FV_INTERRUPTED);
        assert_int_equal(fv_context_new(1 + stops % 3, &ctx), FV_OK);
        must(ctx, fv__train_resume(ctx, folder, NULL, &job));
    }
}

static void expect_same(const char *a, const char *b) {
    fv_context *ctx;
    fv_bytes x, y;
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    must(ctx, fv__file_read(ctx, a, 0, &x));
    must(ctx, fv__file_read(ctx, b, 0, &y));
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
    fv__file_release(&x);
    fv__file_release(&y);
    fv_context_free(ctx);
}

static void all_of_it(void **state) {
    (void)state;
    FILE *f = fopen("small.net", "w");
    assert_non_null(f);
    fputs(net_text, f);
    fclose(f);
    run("one", 1, 0);
    run("two", 2, 0);
    run("three", 3, 0);
    run("eight", 8, 0);
    run("stopped", 2, 3);
    expect_same("one/model.safetensors", "two/model.safetensors");
    expect_same("one/model.safetensors", "three/model.safetensors");
    expect_same("one/model.safetensors", "eight/model.safetensors");
    expect_same("one/model.safetensors", "stopped/model.safetensors");
    expect_same("one/best.safetensors", "stopped/best.safetensors");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_of_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
