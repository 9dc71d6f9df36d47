/* SPDX-License-Identifier: MIT */
/*
 * test_runs.c - the public functions that tell of training runs in their folders: what they say
 * against the training that made them, and calls that make no sense. tests/cli_runs.py has the
 * folders that are damaged, cut off, at work.
 */
#include "public.h"
#include <sys/stat.h>

static const char text[] = "net mine(classes = 10)\ninput 1x28x28 scale 1/255\n"
                           "  fc classes - softmax\n";

/* A run of two epochs; what its epochs were goes to `was`. */
static void train(fv_context *ctx, const char *folder, const char *settings, fv_epoch was[2]) {
    fv_training_options o = FV_INIT(fv_training_options);
    fv_training *t;
    FILE *file = fopen("mine.net", "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    o.net = "mine.net";
    o.data = "digits:300";
    o.settings = settings;
    o.folder = folder;
    OK(ctx, fv_training_start(ctx, &o, &t));
    OK(ctx, fv_training_run(t, NULL));
    for (int e = 0; e < 2; e++) was[e] = *fv_training_epoch(t, e);
    fv_training_free(t);
}

static void remove_all(void) {
    assert_int_equal(system("rm -rf told"), 0);
    assert_int_equal(mkdir("told", 0777), 0);
}

static void as_they_were(void **state) {
    fv_context *ctx = *state;
    fv_epoch was[2][2];
    fv_runs *runs;
    const char *folders[] = {"told"};
    remove_all();
    train(ctx, "told/a", "epochs=2 lr=0.001", was[0]);
    train(ctx, "told/b", "epochs=2 lr=0.05", was[1]);
    OK(ctx, fv_runs_read(ctx, folders, 1, FV_RUNS_BY_NAME, &runs));
    for (int i = 0; i < 2; i++) {
        const fv_run_facts *f = fv_runs_at(runs, i);
        assert_string_equal(f->folder, i ? "told/b" : "told/a");
        assert_string_equal(f->net, "mine");
        assert_string_equal(f->data, "digits:300");
        assert_int_equal(f->state, FV_RUN_FINISHED);
        assert_null(f->trouble);
        assert_int_equal(f->epochs, 2);
        assert_int_equal(f->epochs_done, 2);
        assert_true(f->changed > 1500000000);
        assert_true(f->best_accuracy == fmax(was[i][0].test_accuracy, was[i][1].test_accuracy));
        assert_true(f->best_loss == fmin(was[i][0].test_loss, was[i][1].test_loss));
        assert_true(f->test_accuracy == was[i][1].test_accuracy);
        assert_true(f->test_loss == was[i][1].test_loss);
        assert_true(f->seconds == was[i][0].seconds + was[i][1].seconds);
        assert_int_equal(f->best_epoch, was[i][1].test_accuracy > was[i][0].test_accuracy);
        for (int e = 0; e < 2; e++)
            assert_memory_equal(fv_runs_epoch(runs, i, e), &was[i][e], sizeof was[i][e]);
        assert_null(fv_runs_epoch(runs, i, 2));
        assert_null(fv_runs_epoch(runs, i, -1));
    }
    assert_string_equal(fv_runs_setting(runs, 0), "lr");
    assert_string_equal(fv_runs_value(runs, 0, 0), "0.001");
    assert_string_equal(fv_runs_value(runs, 0, 1), "0.05");
    assert_null(fv_runs_setting(runs, 1));
    assert_null(fv_runs_value(runs, 1, 0));
    assert_null(fv_runs_value(runs, 0, 2));
    fv_runs_free(runs);
}

static void orders(void **state) {
    fv_context *ctx = *state;
    const char *folders[] = {"told/a", "told/b"};
    for (int order = FV_RUNS_BY_ACCURACY; order <= FV_RUNS_BY_NAME; order++) {
        fv_runs *runs;
        OK(ctx, fv_runs_read(ctx, folders, 2, (fv_runs_order)order, &runs));
        const fv_run_facts *a = fv_runs_at(runs, 0), *b = fv_runs_at(runs, 1);
        assert_null(fv_runs_at(runs, 2));
        assert_null(fv_runs_at(runs, -1));
        switch (order) {
        case FV_RUNS_BY_ACCURACY:
            assert_true(a->best_accuracy >= b->best_accuracy);
            break;
        case FV_RUNS_BY_LAST:
            assert_true(a->test_accuracy >= b->test_accuracy);
            break;
        case FV_RUNS_BY_LOSS:
            assert_true(a->best_loss <= b->best_loss);
            break;
        case FV_RUNS_BY_TIME:
            assert_true(a->seconds <= b->seconds);
            break;
        case FV_RUNS_BY_SPEED:
            assert_true(a->images_per_second >= b->images_per_second);
            break;
        case FV_RUNS_BY_MEMORY:
            assert_true(a->peak_memory <= b->peak_memory);
            break;
        case FV_RUNS_BY_DATE:
            assert_true(a->changed >= b->changed);
            break;
        default:
            assert_true(strcmp(a->folder, b->folder) < 0);
        }
        fv_runs_free(runs);
    }
}

static void drawn(void **state) {
    fv_context *ctx = *state;
    const char *folders[] = {"told"};
    fv_runs *runs;
    fv_blob *png;
    int count;
    OK(ctx, fv_runs_read(ctx, folders, 1, FV_RUNS_BY_ACCURACY, &runs));
    OK(ctx, fv_draw_runs(ctx, runs, &count, &png));
    assert_int_equal(count, 2);
    assert_png(png, 2000);
    fv_blob_free(png);
    fv_runs_free(runs);
}

static void nonsense(void **state) {
    fv_context *ctx = *state;
    const char *folders[] = {"told", NULL, "elsewhere"};
    fv_runs *runs;
    fv_blob *png;
    SAYS(ctx, fv_runs_read(ctx, folders, 2, FV_RUNS_BY_NAME, &runs), FV_USAGE, "NULL");
    assert_null(runs);
    SAYS(ctx, fv_runs_read(ctx, NULL, 1, FV_RUNS_BY_NAME, &runs), FV_USAGE, "NULL");
    SAYS(ctx, fv_runs_read(ctx, folders, -1, FV_RUNS_BY_NAME, &runs), FV_USAGE, "-1");
    SAYS(ctx, fv_runs_read(ctx, folders, 1, (fv_runs_order)99, &runs), FV_USAGE, "99");
    SAYS(ctx, fv_runs_read(ctx, folders + 2, 1, FV_RUNS_BY_NAME, &runs), FV_BAD_INPUT, "elsewhere");
    SAYS(ctx, fv_draw_runs(ctx, NULL, NULL, &png), FV_USAGE, "NULL");
    assert_null(fv_runs_at(NULL, 0));
    assert_null(fv_runs_epoch(NULL, 0, 0));
    assert_null(fv_runs_setting(NULL, 0));
    assert_null(fv_runs_value(NULL, 0, 0));
    fv_runs_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_they_were),
        cmocka_unit_test(orders),
        cmocka_unit_test(drawn),
        cmocka_unit_test(nonsense),
    };
    return cmocka_run_group_tests(tests, public_setup, public_teardown);
}
