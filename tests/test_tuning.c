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
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cpu_features.h"
#include "base/file.h"
#include "cpu/cpu.h"
#include "look/tune.h"

#define FILE_NAME "tuning_test/deeper/tuning.txt"

static char warned[FV_MESSAGE_MAX];

static void hear(void *user, fv_log_level level, const char *text) {
    (void)user;
    if (level == FV_LOG_WARNING) snprintf(warned, sizeof warned, "%s", text);
}

static fv_context *context(int threads, const char *file) {
    fv_context_options options = FV_INIT(fv_context_options);
    fv_context *ctx;
    options.threads = threads;
    options.tuning = file;
    options.log = hear;
    warned[0] = 0;
    assert_int_equal(fv_context_new_with(&options, &ctx), FV_OK);
    return ctx;
}

static fv_net *net_of(fv_context *ctx) {
    static const char text[] = "net n()\ninput 3x40x40\n"
                               "conv 16 3x3 pad 1 - relu - conv 24 1x1 - maxpool 2 - fc 300\n";
    fv_net *net;
    if (fv_net_parse(ctx, text, NULL, &net) != FV_OK) fail_msg("%s", fv_context_error(ctx));
    return net;
}

static void write_file(const char *path, const char *text) {
    fv_context ctx = {0};
    assert_int_equal(fv__file_write(&ctx, path, text, strlen(text)), FV_OK);
}

static char *read_file(const char *path) {
    fv_context ctx = {0};
    fv_bytes bytes;
    assert_int_equal(fv__file_read(&ctx, path, 0, &bytes), FV_OK);
    char *text = calloc(1, bytes.size + 1);
    assert_non_null(text);
    memcpy(text, bytes.data, bytes.size);
    fv__file_release(&bytes);
    return text;
}

static int start_anew(void **state) {
    (void)state;
    remove(FILE_NAME);
    rmdir("tuning_test/deeper");
    rmdir("tuning_test");
    return 0;
}

/* A step takes a millisecond, half of it in the variant that is to win. */
typedef struct wound {
    double now;
    int wins;
    bool once; /* and takes longer than usual in every step but the first */
    int told;
} wound;

static double wound_seconds(void *arg, const fv_step_view *step) {
    wound *w = arg;
    const bool slow = w->wins == 0 || step->variant != w->wins;
    const bool worse = !slow && w->once && step->step > 0;
    if (w->told++ % 2) w->now += worse ? 1.6e-3 : slow ? 1e-3 : 0.5e-3;
    return w->now;
}

static fv_tuned *tune(fv_context *ctx, const fv_net *net, const char *file, int wins) {
    wound w = {.wins = wins};
    const fv_tune_clock clock = {wound_seconds, &w};
    const fv_tune_options options = {.batch = 2, .file = file};
    fv_tuned *tuned;
    if (fv__tune(ctx, net, &options, &clock, &tuned) != FV_OK)
        fail_msg("%s", fv_context_error(ctx));
    return tuned;
}

/* The trace of a plan made with the context. */
static char *trace(fv_context *ctx, const fv_net *net) {
    const fv_plan_options options = {.batch = 2};
    fv_plan *plan;
    fv_text text = {0};
    assert_int_equal(fv__plan_new(ctx, net->graph, &options, &plan), FV_OK);
    assert_int_equal(fv__plan_trace(ctx, plan, false, &text), FV_OK);
    fv__plan_free(plan);
    return text.data;
}

static void check_trace(fv_context *ctx, const fv_net *net, const char *word, bool there) {
    char *text = trace(ctx, net);
    if ((strstr(text, word) != NULL) != there) fail_msg("'%s' in:\n%s", word, text);
    fv__free(text);
}

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

/* What a file has that cannot be used, and what the warning says of it. */
static void test_damaged(void **state) {
    static const struct {
        const char *text, *says;
        bool replaced;
    } files[] = {
        {"", "none of the files", false},
        {"hello\n", "none of the files", false},
        {"fovea tuning 2\nmachine x\n", "another version", true},
        {"fovea tuning 1\nmachine x\nconv\tas us", "end is missing", true},
        {"fovea tuning 1\nconv\tas usual\n", "line 2: no machine", true},
        {"fovea tuning 1\nmachine x\nnonsense\n", "line 3: it is neither", true},
        {"fovea tuning 1\nmachine x\na\tb\tc\n", "line 3: it is neither", true},
        {"fovea tuning 1\nmachine x\nco\001nv\tas usual\n", "line 3: it has characters", true}};
    (void)state;
    fv_context *maker = context(1, NULL);
    fv_net *net = net_of(maker);
    assert_int_equal(fv__folder_make(maker, "tuning_test/deeper"), FV_OK);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        write_file(FILE_NAME, files[i].text);
        fv_context *ctx = context(1, FILE_NAME);
        if (!strstr(warned, files[i].says)) fail_msg("file %zu: %s", i, warned);
        assert_non_null(strstr(warned, FILE_NAME));
        assert_string_equal(fv_context_error(ctx), "");
        fv_tune_options options = FV_INIT(fv_tune_options);
        fv_tuned *tuned = NULL;
        options.file = FILE_NAME;
        if (files[i].replaced) {
            fv_tuned_free(tune(ctx, net, FILE_NAME, 2));
            fv_context *better = context(1, FILE_NAME);
            assert_string_equal(warned, "");
            fv_context_free(better);
        } else {
            assert_int_equal(fv_tune(ctx, net, &options, &tuned), FV_BAD_INPUT);
            assert_null(tuned);
            char *text = read_file(FILE_NAME);
            assert_string_equal(text, files[i].text);
            free(text);
        }
        fv_context_free(ctx);
    }
    fv_net_free(net);
    fv_context_free(maker);
}

static void test_long_line(void **state) {
    static char text[20000] = "fovea tuning 1\nmachine x\n";
    (void)state;
    fv_context *maker = context(1, NULL);
    assert_int_equal(fv__folder_make(maker, "tuning_test/deeper"), FV_OK);
    fv_context_free(maker);
    const size_t n = strlen(text);
    memset(text + n, 'a', sizeof text - n - 2);
    text[sizeof text - 2] = '\n';
    write_file(FILE_NAME, text);
    fv_context *ctx = context(1, FILE_NAME);
    assert_non_null(strstr(warned, "too long"));
    fv_context_free(ctx);
}

/* Names that this library does not know: as usual, and no word about it. */
static void test_unknown_names(void **state) {
    (void)state;
    fv_context *maker = context(1, NULL);
    fv_net *net = net_of(maker);
    fv_tuned_free(tune(maker, net, FILE_NAME, 2));
    char *text = read_file(FILE_NAME), *at = text;
    while ((at = strstr(at, "half as many"))) memcpy(at, "some of many", 12);
    write_file(FILE_NAME, text);
    free(text);
    fv_context *ctx = context(1, FILE_NAME);
    assert_string_equal(warned, "");
    check_trace(ctx, net, "pieces", false);
    fv_net_free(net);
    fv_context_free(ctx);
    fv_context_free(maker);
}

/* A folder where nothing may be written: an error in words, before anything is timed. */
static void test_read_only(void **state) {
    (void)state;
    fv_context *ctx = context(1, NULL);
    fv_net *net = net_of(ctx);
    fv_tune_options options = FV_INIT(fv_tune_options);
    fv_tuned *tuned = NULL;
    options.file = "/proc/fovea/tuning.txt";
    const fv_status status = fv_tune(ctx, net, &options, &tuned);
    assert_true(status == FV_FAILED || status == FV_BAD_INPUT);
    assert_non_null(strstr(fv_context_error(ctx), "/proc/fovea"));
    assert_null(tuned);
    options.file = "."; /* a folder */
    assert_int_equal(fv_tune(ctx, net, &options, &tuned), FV_BAD_INPUT);
    fv_net_free(net);
    fv_context_free(ctx);
}

static void test_too_much_goes(void **state) {
    (void)state;
    fv_context *ctx = context(1, NULL);
    fv_tuning *found;
    char site[128];
    assert_int_equal(fv__tuning_new(ctx, &found), FV_OK);
    for (int i = 0; i < 12000; i++) {
        snprintf(site, sizeof site, "conv %d %090d", i, i);
        assert_int_equal(fv__tuning_set(ctx, found, "m", site, "as usual"), FV_OK);
    }
    assert_int_equal(fv__tuning_merge(ctx, FILE_NAME, found), FV_OK);
    fv__tuning_free(found);
    fv_context *later = context(1, FILE_NAME);
    assert_string_equal(warned, "");
    assert_non_null(fv__tuning_get(later->tuning, "m", site));
    snprintf(site, sizeof site, "conv %d %090d", 0, 0);
    assert_null(fv__tuning_get(later->tuning, "m", site));
    fv_context_free(later);
    fv_context_free(ctx);
}

static void test_place(void **state) {
    char path[64];
    (void)state;
    setenv("HOME", "/h", 1);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("FOVEA_CACHE");
    assert_string_equal(fv_tuning_file(path, sizeof path), "/h/.cache/fovea/tuning.txt");
    setenv("XDG_CACHE_HOME", "/x", 1);
    assert_string_equal(fv_tuning_file(path, sizeof path), "/x/fovea/tuning.txt");
    setenv("FOVEA_CACHE", "/c", 1);
    assert_string_equal(fv_tuning_file(path, sizeof path), "/c/tuning.txt");
    assert_null(fv_tuning_file(path, 5));
    setenv("FOVEA_CACHE", "", 1);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    assert_null(fv_tuning_file(path, sizeof path));
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
    const struct CMUnitTest tests[] = {TEST(test_found_and_kept),
                                       TEST(test_usual_is_kept_too),
                                       TEST(test_two_machines),
                                       TEST(test_one_kind),
                                       TEST(test_machine_names_itself),
                                       TEST(test_damaged),
                                       TEST(test_long_line),
                                       TEST(test_unknown_names),
                                       TEST(test_read_only),
                                       TEST(test_too_much_goes),
                                       TEST(test_same_bits),
                                       TEST(test_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
