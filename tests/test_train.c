/* SPDX-License-Identifier: MIT */
/*
 * Training runs: the same bytes for any number of threads and however often a run was stopped;
 * folders, settings and the messages when something does not fit; divergence named by its layer.
 */
#include "fovea.h"
#include "train/outcome.h"
#include "train/run.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char net_text[] =
    "net small(classes = 10)\n"
    "input 1x28x28 scale 1/255\n"
    " conv 4 5x5 stride 2 bias no - bn - relu - maxpool 2 - dropout 0.2\n"
    " - fc 24 - tanh - fc classes - softmax\n"
    "train lr 0.05 batch 50 epochs 3 decay 1e-4 shift 1\n"
    "  schedule cosine warmup 0.5\n";

static fv_context *new_context(int threads) {
    fv_context *ctx;
    assert_int_equal(fv_context_new(threads, &ctx), FV_OK);
    return ctx;
}

static void must(const fv_context *ctx, fv_status status) {
    if (status != FV_OK) print_error("status %d: %s\n", (int)status, ctx->message);
    assert_int_equal(status, FV_OK);
}

static void clean(const char *folder) {
    char command[512];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

static void write_net(void) {
    FILE *f = fopen("small.net", "w");
    assert_non_null(f);
    fputs(net_text, f);
    fclose(f);
}

static fv_status start_run(fv_context *ctx, const char *net, const char *data,
                           const fv_setting *settings, size_t count, const char *folder,
                           fv_train_job **job) {
    const fv_train_request request = {.net = net,
                                      .data = data,
                                      .settings = settings,
                                      .setting_count = count,
                                      .folder = folder,
                                      .command = "test"};
    return fv__train_start(ctx, &request, job);
}

static fv_status start(fv_context *ctx, const char *folder, const fv_setting *settings,
                       size_t count, fv_train_job **job) {
    write_net();
    clean(folder);
    return start_run(ctx, "small.net", "digits:330", settings, count, folder, job);
}

static void expect(const fv_context *ctx, fv_status got, fv_status wanted, const char *words) {
    if (got != wanted || !strstr(ctx->message, words))
        print_error("status %d: %s\n(wanted %d, \"%s\")\n", (int)got, ctx->message, (int)wanted,
                    words);
    assert_int_equal(got, wanted);
    assert_non_null(strstr(ctx->message, words));
}

static void expect_same_file(const char *a, const char *b) {
    fv_context *ctx = new_context(1);
    fv_bytes x, y;
    must(ctx, fv__file_read(ctx, a, 0, &x));
    must(ctx, fv__file_read(ctx, b, 0, &y));
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
    fv__file_release(&x);
    fv__file_release(&y);
    fv_context_free(ctx);
}

/* A run from beginning to end. */
static void whole_run(int threads, const char *folder) {
    fv_context *ctx = new_context(threads);
    fv_train_job *job;
    must(ctx, start(ctx, folder, NULL, 0, &job));
    must(ctx, fv__train_run(ctx, job, NULL));
    assert_int_equal(job->at.history_count, 3);
    fv__train_free(job);
    fv_context_free(ctx);
}

static void test_threads_do_not_matter(void **unused) {
    (void)unused;
    whole_run(1, "one");
    whole_run(2, "two");
    whole_run(3, "three");
    expect_same_file("one/model.safetensors", "two/model.safetensors");
    expect_same_file("one/model.safetensors", "three/model.safetensors");
    expect_same_file("one/best.safetensors", "two/best.safetensors");
}

/* A run can begin with the weights of a file: named beside its network, or as the model that it is;
   the same bytes come out. One that was killed before its first checkpoint begins with them again,
   unless they are others by now. */
static void test_weights_of_a_file(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(1);
    fv_train_job *job;
    const fv_setting settings[] = {{"epochs", "1"}, {"weights", "first/model.safetensors"}};
    whole_run(1, "first");
    must(ctx, start(ctx, "beside", settings, 2, &job));
    assert_non_null(fv__model_get(job->model, "weights_checksum"));
    must(ctx, fv__train_run(ctx, job, NULL));
    fv__train_free(job);
    clean("further");
    must(ctx, start_run(ctx, "first", "digits:330", settings, 1, "further", &job));
    must(ctx, fv__train_run(ctx, job, NULL));
    fv__train_free(job);
    expect_same_file("beside/model.safetensors", "further/model.safetensors");
    must(ctx, fv__file_remove(ctx, "beside/checkpoint.safetensors"));
    must(ctx, fv__train_resume(ctx, "beside", NULL, &job));
    assert_int_equal(job->at.steps, 0);
    must(ctx, fv__train_run(ctx, job, NULL));
    fv__train_free(job);
    expect_same_file("beside/model.safetensors", "further/model.safetensors");
    must(ctx, fv__file_rename(ctx, "further/model.safetensors", "first/model.safetensors"));
    must(ctx, fv__train_resume(ctx, "beside", NULL, &job)); /* its checkpoint is all it needs */
    fv__train_free(job);
    must(ctx, fv__file_remove(ctx, "beside/checkpoint.safetensors"));
    expect(ctx, fv__train_resume(ctx, "beside", NULL, &job), FV_BAD_INPUT,
           "not those that this run began");
    fv_context_free(ctx);
}

typedef struct stopper {
    int steps, after;
} stopper;

static bool stop(void *arg) {
    stopper *s = arg;
    return ++s->steps >= s->after;
}

/* Stopped after 1, 2, 3 … steps and resumed each time, it ends in the same bytes. */
static void test_stopping_does_not_matter(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(2);
    fv_train_job *job;
    int stops = 0;
    whole_run(1, "whole");
    must(ctx, start(ctx, "stopped", NULL, 0, &job));
    for (;;) {
        stopper s = {0, stops % 4 + 1};
        const fv_hooks hooks = {.stop = stop, .arg = &s};
        const fv_status status = fv__train_run(ctx, job, &hooks);
        fv__train_free(job);
        if (status == FV_OK) break;
        expect(ctx, status, FV_INTERRUPTED, "fovea resume stopped");
        stops++;
        must(ctx, fv__train_resume(ctx, "stopped", NULL, &job));
    }
    assert_in_range(stops, 5, 40);
    expect_same_file("whole/model.safetensors", "stopped/model.safetensors");
    expect_same_file("whole/best.safetensors", "stopped/best.safetensors");
    fv_context_free(ctx);
}

/* A run is resumed from its folder before it made any step, and once more when it is finished. */
static void test_resume_at_both_ends(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(1);
    fv_train_job *job;
    fv_outcome made;
    must(ctx, start(ctx, "ends", NULL, 0, &job));
    fv__train_free(job);
    must(ctx, fv__train_resume(ctx, "ends", NULL, &job));
    assert_int_equal(job->at.steps, 0);
    must(ctx, fv__train_run(ctx, job, NULL));
    fv__train_free(job);
    expect_same_file("one/model.safetensors", "ends/model.safetensors");
    must(ctx, fv__file_remove(ctx, "ends/model.safetensors"));
    must(ctx, fv__train_resume(ctx, "ends", NULL, &job));
    assert_int_equal(job->at.epoch, 3);
    must(ctx, fv__train_run(ctx, job, NULL));
    must(ctx, fv__train_outcome(ctx, job, &made));
    for (int i = 0; i < made.count; i++)
        assert_true(fv__file_exists(fv__train_path(job, made.files[i].name)));
    fv__train_free(job);
    expect_same_file("one/model.safetensors", "ends/model.safetensors");
    fv_context_free(ctx);
}

static void test_a_run_learns(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(2);
    fv_train_job *job;
    const fv_setting settings[] = {{"epochs", "12"}, {"optimizer", "adam"}, {"lr", "0.01"}};
    must(ctx, start(ctx, "learns", settings, 3, &job));
    must(ctx, fv__train_run(ctx, job, NULL));
    const fv_epoch *h = job->at.history;
    assert_true(h[11].train_loss < 0.6 * h[0].train_loss);
    assert_true(h[11].test_accuracy > 0.6);
    assert_true(h[fv__train_best(&job->at)].test_accuracy >= h[11].test_accuracy);
    fv__train_free(job);
    fv_context_free(ctx);
}

/* A seed in the network's text draws the same images when the run begins and when it is resumed.
 */
static void test_seed_in_the_text(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(1);
    fv_train_job *job;
    FILE *f = fopen("seed.net", "w");
    assert_non_null(f);
    fputs("net seeded\ninput 1x28x28\n fc 10 - softmax\ntrain seed 7 epochs 1\n", f);
    fclose(f);
    clean("seed");
    must(ctx, start_run(ctx, "seed.net", "digits:330", NULL, 0, "seed", &job));
    const uint64_t seven = job->train.checksum;
    fv__train_free(job);
    must(ctx, fv__train_resume(ctx, "seed", NULL, &job));
    assert_true(job->train.checksum == seven);
    fv__train_free(job);
    fv_context_free(ctx);
}

static bool stop_now(void *arg) {
    (void)arg;
    return true;
}

/* Stopped right behind an epoch's last step: the rate of that step is still what the log says. */
static void test_stop_at_the_end_of_an_epoch(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(1);
    fv_train_job *job;
    const fv_setting settings[] = {{"batch", "330"}, {"epochs", "1"}, {"warmup", "0"}};
    const fv_hooks hooks = {.stop = stop_now};
    must(ctx, start(ctx, "end", settings, 3, &job));
    assert_int_equal(fv__train_run(ctx, job, &hooks), FV_INTERRUPTED);
    fv__train_free(job);
    must(ctx, fv__train_resume(ctx, "end", NULL, &job));
    assert_int_equal(job->at.step, 1);
    must(ctx, fv__train_run(ctx, job, NULL));
    assert_float_equal(job->at.history[0].lr, 0.05, 1e-12);
    fv__train_free(job);
    fv_context_free(ctx);
}

static void test_divergence_is_named(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(1);
    fv_train_job *job;
    const fv_setting settings[] = {{"lr", "1e6"}, {"warmup", "0"}, {"schedule", "constant"}};
    const char *text = "net blow\ninput 1x28x28\n conv 4 5x5 - relu - fc 10 - relu - fc 10\n"
                       "train loss squarederror\n";
    FILE *f = fopen("blow.net", "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    clean("blow");
    must(ctx, start_run(ctx, "blow.net", "digits:330", settings, 3, "blow", &job));
    const fv_status status = fv__train_run(ctx, job, NULL);
    print_message("%s\n", ctx->message);
    expect(ctx, status, FV_DIVERGED, "epoch 1: ");
    assert_non_null(strstr(ctx->message, " pass"));
    assert_non_null(strstr(ctx->message, "of '"));
    for (int64_t i = 0; i < job->model->net.graph->param_elements; i++)
        assert_true(isfinite(job->model->weights[i]));
    fv__train_free(job);
    must(ctx, fv__train_resume(ctx, "blow", NULL, &job));
    fv__train_free(job);
    fv_context_free(ctx);
}

static void test_what_does_not_fit(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(1);
    fv_train_job *job;
    const fv_setting unknown = {"epoch", "3"}, range = {"momentum", "1.5"},
                     classes = {"classes", "7"};
    assert_int_not_equal(start(ctx, "misfit", &unknown, 1, &job), FV_OK);
    assert_null(job);
    expect(ctx, start(ctx, "misfit", &range, 1, &job), FV_BAD_INPUT, "momentum");
    expect(ctx, start(ctx, "misfit", &classes, 1, &job), FV_BAD_INPUT, "10");
    assert_false(fv__folder_exists("misfit"));
    expect(ctx, fv__train_resume(ctx, "misfit", NULL, &job), FV_BAD_INPUT, "misfit");
    must(ctx, start(ctx, "taken", NULL, 0, &job));
    fv__train_free(job);
    expect(ctx, start_run(ctx, "small.net", "digits:330", NULL, 0, "taken", &job), FV_BAD_INPUT,
           "fovea resume taken");
    expect(ctx, start_run(ctx, "small.net", "dogits", NULL, 0, "new", &job), FV_BAD_INPUT,
           "dogits");
    /* a checkpoint cut short, a description that is none */
    must(ctx, fv__file_write(ctx, "taken/checkpoint.safetensors", "abc", 3));
    expect(ctx, fv__train_resume(ctx, "taken", NULL, &job), FV_BAD_INPUT, "checkpoint.safetensors");
    must(ctx, fv__file_write(ctx, "taken/run.json", "{", 1));
    expect(ctx, fv__train_resume(ctx, "taken", NULL, &job), FV_BAD_INPUT, "run.json");
    fv_context_free(ctx);
}

/* The number of classes follows the data where the network's text lets it. */
static void test_classes_follow_the_data(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(1);
    fv_train_job *job;
    const char *text = "net wide(classes = 1000)\ninput 1x28x28\n fc classes - softmax\n";
    FILE *f = fopen("wide.net", "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    clean("wide");
    must(ctx, start_run(ctx, "wide.net", "digits:330", NULL, 0, "wide", &job));
    assert_string_equal(job->model->net.graph->given, "classes=10");
    fv__train_free(job);
    must(ctx, fv__train_resume(ctx, "wide", NULL, &job));
    assert_string_equal(job->model->net.graph->given, "classes=10");
    fv__train_free(job);
    fv_context_free(ctx);
}

static void test_rates(void **unused) {
    (void)unused;
    fv_recipe r;
    fv__recipe_defaults(&r);
    r.lr = 0.8;
    r.epochs = 10;
    assert_float_equal(fv__recipe_rate(&r, 7, 0.5, 1), 0.8, 1e-12);
    r.schedule = FV_STEPS;
    r.factor = 0.5;
    r.steps = (fv_ints){2, {3, 6}};
    assert_float_equal(fv__recipe_rate(&r, 2, 0.9, 1), 0.8, 1e-12);
    assert_float_equal(fv__recipe_rate(&r, 3, 0, 1), 0.4, 1e-12);
    assert_float_equal(fv__recipe_rate(&r, 9, 0, 1), 0.2, 1e-12);
    r.schedule = FV_COSINE;
    assert_float_equal(fv__recipe_rate(&r, 0, 0, 1), 0.8, 1e-12);
    assert_float_equal(fv__recipe_rate(&r, 5, 0, 1), 0.4, 1e-12);
    r.warmup = 2;
    assert_float_equal(fv__recipe_rate(&r, 0, 0, 1), 0, 1e-12);
    assert_float_equal(fv__recipe_rate(&r, 5, 0, 1), 0.4, 1e-12);
    r.schedule = FV_PLATEAU;
    assert_float_equal(fv__recipe_rate(&r, 5, 0, 0.25), 0.2, 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_weights_of_a_file),
        cmocka_unit_test(test_stopping_does_not_matter),
        cmocka_unit_test(test_resume_at_both_ends),
        cmocka_unit_test(test_a_run_learns),
        cmocka_unit_test(test_divergence_is_named),
        cmocka_unit_test(test_seed_in_the_text),
        cmocka_unit_test(test_stop_at_the_end_of_an_epoch),
        cmocka_unit_test(test_what_does_not_fit),
        cmocka_unit_test(test_classes_follow_the_data),
        cmocka_unit_test(test_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
