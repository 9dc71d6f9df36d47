/* SPDX-License-Identifier: MIT */
/*
 * Where a run ends: at a number of steps (limit), or when nothing gets better (stop). A run that
 * ended so and goes on ends in the bytes of one that never did.
 */
#include "fovea.h"
#include "train/outcome.h"
#include "train/run.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define EACH 7 /* steps of an epoch: 330 images, 50 in each */

static fv_context *ctx;

static int open_context(void **unused) {
    (void)unused;
    FILE *f = fopen("ends.net", "w");
    if (!f || fputs("net ends\ninput 1x28x28 scale 1/255\n"
                    " conv 4 5x5 stride 2 - relu - maxpool 2 - dropout 0.2 - fc 10 - softmax\n"
                    "train lr 0.05 batch 50 epochs 3 shift 1 schedule cosine\n",
                    f) < 0)
        return 1;
    return fclose(f) != 0 || fv_context_new(1, &ctx) != FV_OK;
}

static int close_context(void **unused) {
    (void)unused;
    fv_context_free(ctx);
    return 0;
}

static void must(fv_status status) {
    if (status != FV_OK) print_error("status %d: %s\n", (int)status, ctx->message);
    assert_int_equal(status, FV_OK);
}

static void refused(fv_status got, const char *words) {
    if (got != FV_USAGE || !strstr(ctx->message, words))
        fail_msg("status %d: %s\n(wanted \"%s\")", (int)got, ctx->message, words);
}

static fv_training *start(const char *folder, const char *settings) {
    char command[256];
    fv_training *t;
    fv_training_options o = FV_INIT(fv_training_options);
    o.net = "ends.net";
    o.data = "digits:330";
    o.folder = folder;
    o.settings = settings;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
    must(fv_training_start(ctx, &o, &t));
    return t;
}

static fv_status resume(const char *folder, const char *settings, fv_training **out) {
    fv_training_options o = FV_INIT(fv_training_options);
    o.settings = settings;
    return fv_training_resume(ctx, folder, &o, out);
}

static void expect_same(const char *a, const char *b, const char *file) {
    char path[256];
    fv_bytes x, y;
    snprintf(path, sizeof path, "%s%s%s", a, file ? "/" : "", file ? file : "");
    must(fv__file_read(ctx, path, 0, &x));
    snprintf(path, sizeof path, "%s%s%s", b, file ? "/" : "", file ? file : "");
    must(fv__file_read(ctx, path, 0, &y));
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
    fv__file_release(&x);
    fv__file_release(&y);
}

static void expect_in(const char *path, const char *words) {
    fv_bytes x;
    char text[4096] = "";
    must(fv__file_read(ctx, path, sizeof text - 1, &x));
    memcpy(text, x.data, x.size);
    fv__file_release(&x);
    if (!strstr(text, words)) fail_msg("%s has no \"%s\":\n%s", path, words, text);
}

/* The last that was told. */
static void remember(void *user, const fv_progress *p) {
    *(fv_progress *)user = *p;
}

static fv_progress run(fv_training *t) {
    fv_progress last = {0};
    fv_training_hooks hooks = FV_INIT(fv_training_hooks);
    hooks.progress = remember;
    hooks.user = &last;
    must(fv_training_run(t, &hooks));
    return last;
}

static void reference(void **unused) {
    (void)unused;
    fv_training *t = start("whole", NULL);
    const fv_progress p = run(t);
    assert_int_equal(p.epoch, 3);
    assert_int_equal(p.step, EACH);
    assert_true(p.seconds_left == 0);
    assert_int_equal(fv_training_describe(t)->ended, FV_ENDED_EPOCHS);
    fv_training_free(t);
}

/* limit=N for N within the first epoch, within another, at an epoch's end; each goes on by another
   limit, then to the end. */
static void limit_and_on(void **unused) {
    (void)unused;
    static const int limits[] = {3, 10, 14};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const int limit = limits[i], rows = (limit + EACH - 1) / EACH;
        char settings[64];
        fv_training *t;
        snprintf(settings, sizeof settings, "limit=%d", limit);
        t = start("cut", settings);
        const fv_progress p = run(t);
        assert_int_equal(p.epoch, rows);
        assert_int_equal(p.epochs, rows);
        assert_int_equal(p.step, p.steps);
        assert_int_equal(p.steps, limit % EACH ? limit % EACH : EACH);
        assert_true(p.seconds_left == 0);
        const fv_training_facts *f = fv_training_describe(t);
        assert_int_equal(f->ended, FV_ENDED_LIMIT);
        assert_int_equal(f->steps_done, limit);
        assert_int_equal(f->epochs_done, rows);
        assert_true(f->best_epoch >= 0);
        must(fv_training_report(t));
        fv_training_free(t);
        if (limit == 10) expect_in("cut/log.csv", "\n1.42857,");
        must(fv__file_rename(ctx, "cut/model.safetensors", "cut/first"));
        must(resume("cut", NULL, &t)); /* nothing is left to do but to write it anew */
        run(t);
        assert_int_equal(fv_training_describe(t)->epochs_done, rows);
        must(fv_training_report(t));
        fv_training_free(t);
        must(fv__file_rename(ctx, "cut/model.safetensors", "cut/second"));
        expect_same("cut/first", "cut/second", NULL);
        refused(resume("cut", "limit=2", &t), "steps of this run are behind already");
        must(resume("cut", "limit=17", &t));
        run(t);
        assert_int_equal(fv_training_describe(t)->steps_done, 17);
        fv_training_free(t);
        must(resume("cut", "limit=0", &t));
        run(t);
        fv_training_free(t);
        expect_same("whole", "cut", "model.safetensors");
    }
}

static int at_once(void *user) {
    return --*(int *)user < 0;
}

/* Stopped in the last test of a limit, and gone on with. */
static void limit_interrupted(void **unused) {
    (void)unused;
    int asked = 10;
    fv_training *t = start("asked", "limit=10");
    fv_training_hooks hooks = FV_INIT(fv_training_hooks);
    hooks.stop = at_once;
    hooks.user = &asked;
    while (fv_training_run(t, &hooks) == FV_INTERRUPTED && fv_training_describe(t)->steps_done < 10)
        asked = 1;
    fv_training_free(t);
    must(resume("asked", "limit=0", &t));
    run(t);
    fv_training_free(t);
    expect_same("whole", "asked", "model.safetensors");
}

/* With a rate of zero no test is better than the first. */
static void stop_early(void **unused) {
    (void)unused;
    fv_training *t = start("early", "lr=0 stop=2 epochs=9");
    run(t);
    const fv_training_facts *f = fv_training_describe(t);
    assert_int_equal(f->ended, FV_ENDED_STOP);
    assert_int_equal(f->epochs_done, 3);
    assert_int_equal(f->best_epoch, 0);
    fv_training_free(t);
    must(resume("early", NULL, &t));
    assert_int_equal(fv_training_describe(t)->ended, FV_ENDED_STOP);
    fv_training_free(t);
    must(resume("early", "stop=4", &t));
    run(t);
    assert_int_equal(fv_training_describe(t)->epochs_done, 5);
    fv_training_free(t);
    must(resume("early", "stop=0 epochs=6", &t));
    run(t);
    assert_int_equal(fv_training_describe(t)->ended, FV_ENDED_EPOCHS);
    assert_int_equal(fv_training_describe(t)->epochs_done, 6);
    fv_training_free(t);
    refused(resume("early", "lr=1", &t), "only epochs, limit and stop");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference),
        cmocka_unit_test(limit_and_on),
        cmocka_unit_test(limit_interrupted),
        cmocka_unit_test(stop_early),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
