/* SPDX-License-Identifier: MIT */
/*
 * Measured choices: what is found by a clock that the test winds, how it is kept and found again,
 * and that files which are damaged, foreign or not to be written are met with words. Nothing is
 * timed here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tuning.h"

static void test_found_and_kept(void **state) {
    fv_context *ctx = context(2, NULL);
    fv_net *net = net_of(ctx);
    (void)state;
    check_trace(ctx, net, "pieces", false);
    fv_tuned *tuned = tune(ctx, net, FILE_NAME, 2);
    assert_true(tuned->step_count >= 2);
    assert_string_equal(tuned->file, FILE_NAME);
    assert_true(tuned->after < tuned->before);
    int won = 0;
    for (int s = 0; s < tuned->step_count; s++) {
        const fv_tuned_step *step = tuned->steps[s];
        assert_true(step->tried > 0);
        won += strcmp(step->variant, "as usual") != 0;
        if (strcmp(step->variant, "as usual") != 0) assert_true(step->after < step->before);
    }
    assert_true(won > 0);
    fv_tuned_free(tuned);
    check_trace(ctx, net, "half as many pieces", true); /* of fc, variant 2 */
    fv_context *later = context(2, FILE_NAME), *plain = context(2, NULL);
    check_trace(later, net, "half as many pieces", true);
    check_trace(plain, net, "half as many pieces", false);
    assert_string_equal(warned, "");
    fv_net_free(net);
    fv_context_free(ctx);
    fv_context_free(later);
    fv_context_free(plain);
}

static void test_usual_is_kept_too(void **state) {
    fv_context *ctx = context(1, NULL);
    fv_net *net = net_of(ctx);
    (void)state;
    fv_tuned_free(tune(ctx, net, FILE_NAME, 2));
    fv_tuned_free(tune(ctx, net, FILE_NAME, 0)); /* nothing is faster now: put down as well */
    char *text = read_file(FILE_NAME);
    assert_null(strstr(text, "half as many pieces"));
    assert_non_null(strstr(text, "as usual"));
    free(text);
    check_trace(ctx, net, "pieces", false);
    fv_net_free(net);
    fv_context_free(ctx);
}

/* A machine has its own findings beside those of others in one file. */
static void test_two_machines(void **state) {
    fv_context *two = context(2, NULL), *one = context(1, NULL);
    fv_net *net = net_of(two);
    (void)state;
    fv_tuned_free(tune(two, net, FILE_NAME, 2));
    fv_tuned_free(tune(one, net, FILE_NAME, 3));
    char *text = read_file(FILE_NAME), *first = strstr(text, "\nmachine ");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "\nmachine "));
    free(text);
    fv_context *again[2] = {context(2, FILE_NAME), context(1, FILE_NAME)};
    check_trace(again[0], net, "half as many pieces", true);
    check_trace(again[1], net, "twice as many pieces", true);
    fv_context *three = context(3, FILE_NAME);
    check_trace(three, net, "pieces", false);
    fv_net_free(net);
    fv_context_free(three);
    fv_context_free(two);
    fv_context_free(one);
    for (int i = 0; i < 2; i++) fv_context_free(again[i]);
}

/* Steps of one site are found out about together. */
static void test_one_kind(void **state) {
    static const char text[] = "net n()\ninput 16x40x40\nconv 16 1x1 - conv 16 1x1\n";
    wound w = {.wins = 1, .once = true};
    const fv_tune_clock clock = {wound_seconds, &w};
    const fv_tune_options options = {.batch = 1};
    fv_context *ctx = context(1, NULL);
    fv_tuned *tuned;
    fv_net *net;
    (void)state;
    assert_int_equal(fv_net_parse(ctx, text, NULL, &net), FV_OK);
    for (int once = 1; once >= 0; once--) {
        w.once = once;
        assert_int_equal(fv__tune(ctx, net, &options, &clock, &tuned), FV_OK);
        assert_int_equal(tuned->step_count, 2);
        for (int s = 0; s < 2; s++)
            assert_int_equal(strcmp(tuned->steps[s]->variant, "as usual") == 0, once);
        fv_tuned_free(tuned);
    }
    fv_net_free(net);
    fv_context_free(ctx);
}

static void test_machine_names_itself(void **state) {
    char name[FV_CPU_IDENTITY];
    fv_context *ctx = context(2, NULL);
    fv_text text = {0};
    (void)state;
    assert_int_equal(fv__tuning_machine(ctx, &text), FV_OK);
    assert_non_null(strstr(text.data, fv__cpu_identity(name)));
    assert_non_null(strstr(text.data, fv_version()));
    assert_non_null(strstr(text.data, fv_context_isa(ctx)));
    assert_non_null(strstr(text.data, "threads 2"));
    fv__text_free(&text);
    fv_context_free(ctx);
}

/* Memory that is refused at the request of that number. */
static void *lend(void *user, size_t bytes, size_t alignment) {
    int *left = user;
    if (*left == 0) return NULL;
    if (*left > 0) --*left;
    return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void take_back(void *user, void *memory) {
    (void)user;
    free(memory);
}

static fv_status tune_once(fv_context *ctx, fv_net **net, fv_tuned **tuned) {
    wound w = {.wins = 2};
    const fv_tune_clock clock = {wound_seconds, &w};
    const fv_tune_options options = {.batch = 2, .file = FILE_NAME};
    FV_TRY(fv_net_parse(ctx, "net n()\ninput 1x12x12\nconv 8 3x3 - fc 90", NULL, net));
    return fv__tune(ctx, *net, &options, &clock, tuned);
}

/* Each request refused in turn, with a file there to be read and written: words, no leak. */
static void test_no_memory(void **state) {
    int refused = 0;
    (void)state;
    for (int n = 0;; n++) {
        int left = n;
        fv_context_options options = FV_INIT(fv_context_options);
        options.threads = 1;
        options.tuning = FILE_NAME;
        options.allocator = (fv_allocator){lend, take_back, &left};
        fv_context *ctx = NULL;
        fv_net *net = NULL;
        fv_tuned *tuned = NULL;
        fv_status status = fv_context_new_with(&options, &ctx);
        if (status == FV_OK) status = tune_once(ctx, &net, &tuned);
        if (status != FV_OK && status != FV_EXHAUSTED) fail_msg("%s", fv_context_error(ctx));
        assert_int_equal(status == FV_OK, tuned != NULL);
        left = -1;
        fv_tuned_free(tuned);
        fv_net_free(net);
        fv_context_free(ctx);
        if (status == FV_OK) break;
        refused++;
    }
    print_message("%d requests\n", refused);
    assert_true(refused > 50);
}

/* The machine's own clock: whatever it finds, the outputs are the same bits. */
static void test_same_bits(void **state) {
    (void)state;
    fv_context *ctx = context(2, NULL), *plain = context(2, NULL);
    fv_net *net = net_of(ctx);
    fv_tuned_free(tune(ctx, net, NULL, 1));
    float *weights = calloc((size_t)net->graph->param_elements, sizeof *weights);
    assert_non_null(weights);
    fv__net_initialise(net->graph, net->recipe.init, 7, weights);
    fv_tune_side side[2];
    float y[2][600];
    assert_int_equal(fv__tune_side(ctx, net->graph, 2, weights, NULL, &side[0]), FV_OK);
    assert_int_equal(fv__tune_side(plain, net->graph, 2, weights, NULL, &side[1]), FV_OK);
    for (int k = 0; k < 2; k++) {
        const fv_exec_run run = {.seed = 1};
        fv__exec_forward(side[k].exec, &run, NULL);
        fv__exec_read(side[k].exec, net->graph->heads[0].value, y[k]);
        fv__tune_side_free(&side[k]);
    }
    assert_memory_equal(y[0], y[1], sizeof y[0]);
    free(weights);
    fv_net_free(net);
    fv_context_free(ctx);
    fv_context_free(plain);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, start_anew, start_anew)
    const struct CMUnitTest tests[] = {
        TEST(test_found_and_kept), TEST(test_usual_is_kept_too),    TEST(test_two_machines),
        TEST(test_one_kind),       TEST(test_machine_names_itself), TEST(test_no_memory),
        TEST(test_same_bits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
