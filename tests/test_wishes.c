/* SPDX-License-Identifier: MIT */
/*
 * What a run finds out before its first step: the rate by a range test, shards that fit into
 * memory, epochs that fit into a time. What is found is recorded, and given as a setting it makes
 * the same bytes. A dry run leaves nothing.
 */
#include "fovea.h"
#include "train/run.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fv_context *ctx;
static char notes[4096];
static const char *net = "wish.net";

static void note(void *user, fv_log_level level, const char *text) {
    (void)user;
    (void)level;
    if (strlen(notes) + strlen(text) + 2 < sizeof notes) strcat(strcat(notes, text), "\n");
}

static int open_context(void **unused) {
    (void)unused;
    fv_context_options o = FV_INIT(fv_context_options);
    o.threads = 1;
    o.log = note;
    FILE *f = fopen("wish.net", "w");
    if (!f || fputs("net wish\ninput 1x28x28 scale 1/255\n"
                    " conv 8 5x5 - bn - relu - maxpool 2 - fc 10 - softmax\n"
                    "train lr 0.05 batch 32 epochs 3 schedule step steps 1,2 warmup 0.5\n",
                    f) < 0)
        return 1;
    return fclose(f) != 0 || fv_context_new_with(&o, &ctx) != FV_OK;
}

static int close_context(void **unused) {
    (void)unused;
    fv_context_free(ctx);
    return 0;
}

static fv_status start(const char *folder, const char *settings, int dry, fv_training **out) {
    char command[256];
    fv_training_options o = FV_INIT(fv_training_options);
    notes[0] = 0;
    o.net = net;
    o.data = "digits:320";
    o.folder = folder;
    o.settings = settings;
    o.dry = dry;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
    return fv_training_start(ctx, &o, out);
}

static void must(fv_status status) {
    if (status != FV_OK) fail_msg("status %d: %s", (int)status, fv_context_error(ctx));
}

static void refused(const char *settings, fv_status wanted, const char *words) {
    fv_training *t = NULL;
    const fv_status got = start("refused", settings, 0, &t);
    if (got != wanted || !strstr(fv_context_error(ctx), words))
        fail_msg("%s: status %d: %s\n(wanted \"%s\")", settings, (int)got, fv_context_error(ctx),
                 words);
    assert_false(fv__folder_exists("refused"));
}

static void expect_same(const char *a, const char *b) {
    fv_bytes x, y;
    must(fv__file_read(ctx, a, 0, &x));
    must(fv__file_read(ctx, b, 0, &y));
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
    fv__file_release(&x);
    fv__file_release(&y);
}

static void run(const char *folder, const char *settings, char *found, size_t size) {
    fv_training *t;
    must(start(folder, settings, 0, &t));
    snprintf(found, size, "%s", fv_training_describe(t)->settings);
    must(fv_training_run(t, NULL));
    must(fv_training_report(t));
    fv_training_free(t);
}

/* The value of a setting as text. */
static const char *value(const char *settings, const char *name, char out[64]) {
    char key[64];
    snprintf(key, sizeof key, " %s=", name);
    const char *at = strstr(settings, key);
    out[0] = 0;
    if (at) snprintf(out, 64, "%.*s", (int)strcspn(at + strlen(key), " "), at + strlen(key));
    return out;
}

static void the_rate_is_found(void **unused) {
    (void)unused;
    char found[1024], again[1024], lr[64], plain[128];
    run("auto", "lr=auto", found, sizeof found);
    run("auto2", "lr=auto", again, sizeof again);
    assert_string_equal(found, again);
    const double rate = strtod(value(found, "lr", lr), NULL);
    assert_true(rate > 1e-4 && rate < 1);
    assert_true(fv__file_exists("auto/lr.png") && fv__file_exists("auto/lr.csv"));
    snprintf(plain, sizeof plain, "lr=%s", lr);
    run("plain", plain, again, sizeof again);
    assert_false(fv__file_exists("plain/lr.png"));
    expect_same("auto/model.safetensors", "plain/model.safetensors");
    expect_same("auto/model.safetensors", "auto2/model.safetensors");
    FILE *f = fopen("steep.net", "w"); /* where the smallest rate is too large */
    assert_non_null(f);
    fputs("net steep\ninput 1x28x28 scale 1e4\n fc 10\ntrain loss squarederror\n", f);
    fclose(f);
    net = "steep.net";
    refused("lr=auto", FV_BAD_INPUT, "found no rate");
    net = "wish.net";
}

/* The rule, by the curve that was written: the rate with the least mean, a tenth of it. */
static void the_rate_follows_from_the_curve(void **unused) {
    (void)unused;
    FILE *f = fopen("auto/lr.csv", "r");
    double rate, loss, mean, sum = 0, weight = 0, least = INFINITY, best = 0;
    char line[256], found[1024], lr[64];
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_string_equal(line, "lr,loss,mean\n");
    while (fscanf(f, "%lf,%lf,%lf", &rate, &loss, &mean) == 3) {
        sum = 0.9 * sum + 0.1 * loss;
        weight = 0.9 * weight + 0.1;
        assert_true(fabs(mean - sum / weight) < 1e-5 * (1 + mean));
        if (mean < least) best = rate, least = mean;
    }
    fclose(f);
    fv_training *t;
    must(fv_training_resume(ctx, "auto", NULL, &t));
    snprintf(found, sizeof found, "%s", fv_training_describe(t)->settings);
    assert_true(fabs(strtod(value(found, "lr", lr), NULL) - best / 10) < 0.06 * best / 10);
    fv_training_free(t);
}

static void memory_finds_shards(void **unused) {
    (void)unused;
    fv_training *t;
    fv_forecast f = FV_INIT(fv_forecast), whole = FV_INIT(fv_forecast);
    char found[1024], shards[64], tests[64], plain[256], settings[64];
    must(start("dry", NULL, 1, &t));
    must(fv_training_forecast(t, &whole));
    fv_training_free(t);
    assert_int_equal(whole.shards, 1);
    assert_int_equal(whole.memory, whole.weights + whole.gradients + whole.optimizer +
                                       whole.packed + whole.workspace + whole.input);
    snprintf(settings, sizeof settings, "memory=%zuK", whole.memory / 1000 / 2);
    must(start("dry", settings, 1, &t));
    must(fv_training_forecast(t, &f));
    fv_training_free(t);
    assert_false(fv__folder_exists("dry"));
    assert_true(f.shards > 1 && f.memory <= whole.memory / 2);
    assert_non_null(strstr(notes, "batch normalisation sees"));
    run("fits", settings, found, sizeof found);
    snprintf(plain, sizeof plain, "shards=%s tests=%s", value(found, "shards", shards),
             value(found, "tests", tests));
    run("same", plain, found, sizeof found);
    expect_same("fits/model.safetensors", "same/model.safetensors");
    must(start("enough", "memory=1G", 0, &t));
    assert_non_null(strstr(fv_training_describe(t)->settings, "shards=1"));
    fv_training_free(t);
    refused("memory=50K", FV_USAGE, "memory=50.0 KB is too little");
    refused("memory=2", FV_BAD_INPUT, "500M or 2G");
    refused("memory=2G shards=4", FV_USAGE, "memory= finds shards");
}

/* What the planner says is what the learner takes. */
static void planned_is_taken(void **unused) {
    (void)unused;
    static const char *const each[] = {"shards=1", "shards=4 tests=8", "optimizer=adam batch=64"};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        fv_training *t;
        fv_forecast f = FV_INIT(fv_forecast);
        must(start("taken", each[i], 0, &t));
        must(fv_training_forecast(t, &f));
        must(fv_training_run(t, NULL));
        const double taken = (double)fv_training_describe(t)->memory;
        fv_training_free(t);
        const double planned = (double)(f.memory - f.input); /* tests' packed weights are extra */
        if (fabs(planned - taken) > 0.1 * taken)
            fail_msg("%s: %g planned, %g taken", each[i], planned, taken);
    }
}

static void time_finds_epochs(void **unused) {
    (void)unused;
    fv_training *t;
    char found[1024], epochs[64], steps[64], warmup[64];
    must(start("timed", "time=1h", 0, &t));
    snprintf(found, sizeof found, "%s", fv_training_describe(t)->settings);
    fv_training_free(t);
    const double n = strtod(value(found, "epochs", epochs), NULL);
    assert_true(n > 100);
    assert_non_null(strstr(notes, "epochs="));
    const double first = strtod(value(found, "steps", steps), NULL);
    assert_true(fabs(first - n / 3) <= 1); /* a third of the run, as before */
    assert_true(strtod(value(found, "warmup", warmup), NULL) == 0.5);
    must(fv_training_resume(ctx, "timed", NULL, &t)); /* by the same plan */
    assert_string_equal(fv_training_describe(t)->settings, found);
    fv_training_free(t);
    must(start("short", "time=0.001s", 0, &t)); /* less than an epoch */
    assert_int_equal(fv_training_describe(t)->epochs, 1);
    assert_true(fv_training_describe(t)->limit >= 1 && fv_training_describe(t)->limit < 10);
    must(fv_training_run(t, NULL));
    fv_training_free(t);
    refused("time=soon", FV_BAD_INPUT, "30m");
    refused("time=0s", FV_BAD_INPUT, "30m");
    refused("time=1h epochs=4", FV_USAGE, "time= finds epochs");
}

static void dry_runs_leave_nothing(void **unused) {
    (void)unused;
    fv_training *t;
    fv_forecast f = FV_INIT(fv_forecast);
    must(start("dry", "limit=15", 1, &t));
    must(fv_training_forecast(t, &f));
    assert_int_equal(f.steps, 10);
    assert_int_equal(f.all_steps, 15);
    assert_true(f.steps_measured >= 2 && f.step_seconds > 0 && f.test_seconds > 0);
    assert_true(fabs(f.seconds - 15 * f.step_seconds - 2 * f.test_seconds) < 1e-6);
    assert_int_equal(fv_training_run(t, NULL), FV_USAGE);
    fv_training_free(t);
    assert_false(fv__folder_exists("dry"));
    /* a forecast leaves no trace in what follows */
    char found[1024];
    run("before", NULL, found, sizeof found);
    must(start("after", NULL, 0, &t));
    must(fv_training_forecast(t, &f));
    must(fv_training_run(t, NULL));
    assert_int_equal(fv_training_forecast(t, &f), FV_USAGE);
    fv_training_free(t);
    expect_same("before/model.safetensors", "after/model.safetensors");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rate_is_found),   cmocka_unit_test(the_rate_follows_from_the_curve),
        cmocka_unit_test(memory_finds_shards), cmocka_unit_test(planned_is_taken),
        cmocka_unit_test(time_finds_epochs),   cmocka_unit_test(dry_runs_leave_nothing),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
