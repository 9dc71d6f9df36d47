/* SPDX-License-Identifier: MIT */
/*
 * The file of measured choices: damaged, foreign, of other machines, not to be written, too large;
 * and where it lies.
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

#define FOLDER "tuning_file_test"
#include "tuning.h"

/* What a file has that cannot be used, and what the warning says of it. */
static void test_damaged(void **state) {
    static const struct {
        const char *text, *says;
        bool replaced;
    } files[] = {
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
    assert_int_equal(fv__folder_make(maker, FOLDER "/deeper"), FV_OK);
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
    assert_int_equal(fv__folder_make(maker, FOLDER "/deeper"), FV_OK);
    fv_context_free(maker);
    const size_t n = strlen(text);
    memset(text + n, 'a', sizeof text - n - 2);
    text[sizeof text - 2] = '\n';
    write_file(FILE_NAME, text);
    fv_context *ctx = context(1, FILE_NAME);
    assert_non_null(strstr(warned, "too long"));
    fv_context_free(ctx);
}

/* Nothing in it yet: no word about it. */
static void test_empty(void **state) {
    (void)state;
    fv_context *maker = context(1, NULL);
    fv_net *net = net_of(maker);
    assert_int_equal(fv__folder_make(maker, FOLDER "/deeper"), FV_OK);
    write_file(FILE_NAME, "");
    fv_context *ctx = context(1, FILE_NAME);
    assert_string_equal(warned, "");
    fv_tuned_free(tune(ctx, net, FILE_NAME, 2));
    fv_net_free(net);
    fv_context_free(ctx);
    fv_context_free(maker);
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

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, start_anew, start_anew)
    const struct CMUnitTest tests[] = {TEST(test_damaged),   TEST(test_empty),
                                       TEST(test_long_line), TEST(test_unknown_names),
                                       TEST(test_read_only), TEST(test_too_much_goes),
                                       TEST(test_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
