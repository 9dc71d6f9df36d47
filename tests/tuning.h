/* SPDX-License-Identifier: MIT */
/*
 * tuning.h - what the tests of measured choices share: contexts that hear warnings, a network, and
 * a clock that the test winds. Include once, in the test's own file.
 */
#ifndef FV_TESTS_TUNING_H
#define FV_TESTS_TUNING_H

#include "base/cpu_features.h"
#include "base/file.h"
#include "cpu/cpu.h"
#include "look/tune.h"

#define UNUSED __attribute__((unused))
#ifndef FOLDER
#define FOLDER "tuning_test"
#endif
#define FILE_NAME FOLDER "/deeper/tuning.txt"

static char warned[FV_MESSAGE_MAX];

static void hear(void *user, fv_log_level level, const char *text) {
    (void)user;
    if (level == FV_LOG_WARNING) snprintf(warned, sizeof warned, "%s", text);
}

UNUSED static fv_context *context(int threads, const char *file) {
    fv_context_options options = FV_INIT(fv_context_options);
    fv_context *ctx;
    options.threads = threads;
    options.tuning = file;
    options.log = hear;
    warned[0] = 0;
    assert_int_equal(fv_context_new_with(&options, &ctx), FV_OK);
    return ctx;
}

UNUSED static fv_net *net_of(fv_context *ctx) {
    static const char text[] = "net n()\ninput 3x40x40\n"
                               "conv 16 3x3 pad 1 - relu - conv 24 1x1 - maxpool 4 - fc 300\n";
    fv_net *net;
    if (fv_net_parse(ctx, text, NULL, &net) != FV_OK) fail_msg("%s", fv_context_error(ctx));
    return net;
}

UNUSED static void write_file(const char *path, const char *text) {
    fv_context ctx = {0};
    assert_int_equal(fv__file_write(&ctx, path, text, strlen(text)), FV_OK);
}

UNUSED static char *read_file(const char *path) {
    fv_context ctx = {0};
    fv_bytes bytes;
    assert_int_equal(fv__file_read(&ctx, path, 0, &bytes), FV_OK);
    char *text = calloc(1, bytes.size + 1);
    assert_non_null(text);
    memcpy(text, bytes.data, bytes.size);
    fv__file_release(&bytes);
    return text;
}

UNUSED static int start_anew(void **state) {
    (void)state;
    remove(FILE_NAME);
    rmdir(FOLDER "/deeper");
    rmdir(FOLDER);
    return 0;
}

/* A step takes a millisecond, half of it in the variant that is to win. */
typedef struct wound {
    double now;
    int wins;
    bool once; /* and takes longer than usual in every step but the first */
    int told;
} wound;

UNUSED static double wound_seconds(void *arg, const fv_step_view *step) {
    wound *w = arg;
    const bool slow = w->wins == 0 || step->variant != w->wins;
    const bool worse = !slow && w->once && step->step > 0;
    if (w->told++ % 2) w->now += worse ? 1.6e-3 : slow ? 1e-3 : 0.5e-3;
    return w->now;
}

UNUSED static fv_tuned *tune(fv_context *ctx, const fv_net *net, const char *file, int wins) {
    wound w = {.wins = wins};
    const fv_tune_clock clock = {wound_seconds, &w};
    const fv_tune_options options = {.batch = 2, .file = file};
    fv_tuned *tuned;
    if (fv__tune(ctx, net, &options, &clock, &tuned) != FV_OK)
        fail_msg("%s", fv_context_error(ctx));
    return tuned;
}

/* The trace of a plan made with the context. */
UNUSED static char *trace(fv_context *ctx, const fv_net *net) {
    const fv_plan_options options = {.batch = 2};
    fv_plan *plan;
    fv_text text = {0};
    assert_int_equal(fv__plan_new(ctx, net->graph, &options, &plan), FV_OK);
    assert_int_equal(fv__plan_trace(ctx, plan, false, &text), FV_OK);
    fv__plan_free(plan);
    return text.data;
}

UNUSED static void check_trace(fv_context *ctx, const fv_net *net, const char *word, bool there) {
    char *text = trace(ctx, net);
    if ((strstr(text, word) != NULL) != there) fail_msg("'%s' in:\n%s", word, text);
    fv__free(text);
}

#endif
