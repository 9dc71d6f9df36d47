/* SPDX-License-Identifier: MIT */
/*
 * test_preview.c - a batch that is looked at is the one that training learns from: its numbers
 * against those that a run's own loader lays before the learner, at the same epoch and step; what
 * mixed samples keep, against the shares that they are trained for.
 */
#include "data_files.h"
#include "public.h"
#include "train/evaluate.h"
#include "train/run.h"

#define D "digits:600"
#define P "pictures"
#define ALL                                                                                        \
    "flip=yes shift=2 zoom=0.1 rotate=10 shear=5 elastic=1 area=0.5 brightness=0.2 contrast=0.2 "  \
    "pca=0.1 cutout=4"

typedef struct step_of {
    const char *data;
    const char *settings;
    int64_t epoch, step; /* from 1 */
} step_of;

static const char text[] = "net mine(classes = 10)\ninput 1x28x28 scale 1/255 mean 0.13 std 0.31\n"
                           "  fc classes - softmax\ntrain batch 16 shift 1\n";

static void write_net(void) {
    FILE *file = fopen("mine.net", "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* A folder of pictures that pictures differ in size and are decoded when they are asked
   for: a loader lays them out one batch ahead. */
static void write_pictures(void) {
    assert_int_equal(system("rm -rf pictures && mkdir -p pictures/a pictures/b"), 0);
    for (int i = 0; i < 60; i++) {
        enum { WIDE = 40, HIGH = 33 };
        static uint8_t rows[HIGH * (3 * WIDE + 1)];
        const uint32_t wide = (uint32_t)(WIDE - i % 9);
        const size_t row = 3 * (size_t)wide + 1;
        char path[64];
        for (size_t at = 0; at < HIGH * row; at++)
            rows[at] = at % row ? (uint8_t)(at * 7 + (size_t)i * at / 3) : 0;
        made m = made_png(&(png_request){.width = wide,
                                         .height = HIGH,
                                         .depth = 8,
                                         .colour = 2,
                                         .rows = rows,
                                         .row_bytes = row - 1});
        snprintf(path, sizeof path, "pictures/%c/%d.png", 'a' + i % 2, i);
        made_write(&m, path);
        made_free(&m);
    }
}

static fv_train_job *job_of(fv_context *ctx, const step_of *s) {
    fv_train_job *job;
    fv_arena arena;
    fv_train_request request = {.net = "mine.net", .data = s->data, .dry = true};
    fv_setting *list;
    fv__arena_init(&arena, ctx);
    OK(ctx, fv__settings_split(ctx, &arena, s->settings, &list, &request.setting_count));
    request.settings = list;
    OK(ctx, fv__train_start(ctx, &request, &job));
    fv__arena_free(&arena);
    return job;
}

static fv_preview *preview_of(fv_context *ctx, const step_of *s) {
    fv_preview_options o = FV_INIT(fv_preview_options);
    fv_preview *preview;
    o.data = s->data;
    o.net = "mine.net";
    o.settings = s->settings;
    o.epoch = s->epoch;
    o.step = s->step;
    OK(ctx, fv_preview_make(ctx, &o, &preview));
    return preview;
}

/* What the run's loader laid before the learner, who has learned from it by now and leaves its
   input as it was. */
static void compare(fv_context *ctx, const step_of *s) {
    fv_train_job *job = job_of(ctx, s);
    fv_preview *preview = preview_of(ctx, s);
    const fv_preview_facts *f = fv_preview_describe(preview);
    fv_learner_batch seen;
    job->at.epoch = s->epoch - 1;
    job->at.step = s->step > 1 ? s->step - 2 : 0;
    fv__train_shuffle(job);
    while (job->at.step < s->step) OK(ctx, fv__train_step(ctx, job, 0.01));
    assert_int_equal(f->steps, fv__train_steps(job));
    OK(ctx, fv__learner_batch(ctx, job->learner, f->count, &seen));
    const size_t bytes = (size_t)(f->count * f->channels * f->height * f->width) * sizeof *f->x;
    assert_memory_equal(f->x, seen.x, bytes);
    fv_preview_sample a = FV_INIT(fv_preview_sample);
    for (int64_t i = 0; i < f->count; i++) {
        assert_int_equal(fv_preview_at(preview, i, &a), 1);
        assert_int_equal(a.number, job->order[(s->step - 1) * job->recipe.batch + i]);
        if (!fv__augment_mixes(&job->recipe.augment)) {
            assert_int_equal(a.label, ((const int32_t *)seen.target[FV_TARGET_CLASS])[i]);
            assert_int_equal(a.other, -1);
            continue;
        }
        fv_preview_sample b = a;
        if (a.other >= 0) assert_int_equal(fv_preview_at(preview, a.other, &b), 1);
        const float *shares = (const float *)seen.target[FV_TARGET_SHARES] + job->train.classes * i;
        const double want = a.label == b.label ? 1 : a.keep;
        assert_true(fabs(shares[a.label] - want) < 1e-6);
        assert_true(fabs(shares[b.label] - (a.label == b.label ? 1 : 1 - a.keep)) < 1e-6);
    }
    assert_int_equal(fv_preview_at(preview, f->count, &a), 0);
    assert_int_equal(fv_preview_at(preview, -1, &a), 0);
    fv_preview_free(preview);
    fv__train_free(job);
}

static void as_training_has_it(void **state) {
    static const step_of steps[] = {
        {D, NULL, 1, 1},
        {D, "batch=64 shift=0", 1, 8},
        {D, "seed=7", 2, 3},
        {D, ALL, 1, 2},
        {D, ALL " seed=9 mixup=0.4", 3, 1},
        {D, "mixup=0.4 cutmix=1 batch=15", 2, 4},
        {D, "batch=7 cutmix=1", 1, 86}, /* the last one, of five */
        {P, "flip=yes", 1, 1},
        {P, ALL " mixup=0.3", 1, 2},
        {P, ALL " cutmix=0.3 seed=4 batch=7", 3, 4},
    };
    write_net();
    write_pictures();
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) compare(*state, &steps[i]);
}

/* Another seed, epoch or step is another batch. */
static void they_differ(void **state) {
    static const step_of steps[] = {{D, "seed=1", 1, 1},
                                    {D, "seed=2", 1, 1},
                                    {D, "seed=1", 2, 1},
                                    {D, "seed=1", 1, 2},
                                    {D, "shift=0", 1, 1}};
    fv_preview *first = preview_of(*state, &steps[0]);
    const size_t bytes = 16 * 28 * 28 * sizeof(float);
    for (size_t i = 1; i < sizeof steps / sizeof *steps; i++) {
        fv_preview *other = preview_of(*state, &steps[i]);
        assert_memory_not_equal(fv_preview_describe(first)->x, fv_preview_describe(other)->x,
                                bytes);
        fv_preview_free(other);
    }
    fv_preview_free(first);
}

static void without_a_network(void **state) {
    fv_context *ctx = *state;
    fv_preview_options o = FV_INIT(fv_preview_options);
    fv_preview *preview;
    fv_blob *png;
    o.data = "digits:600";
    OK(ctx, fv_preview_make(ctx, &o, &preview));
    const fv_preview_facts *f = fv_preview_describe(preview);
    assert_string_equal(f->input, "1x28x28 scale 1/255");
    assert_string_equal(f->augmentation, "");
    assert_int_equal(f->count, 64);
    for (int i = 0; i < 64 * 28 * 28; i++) assert_true(f->x[i] >= 0 && f->x[i] <= 1);
    OK(ctx, fv_draw_preview(ctx, preview, &png));
    assert_png(png, 2000);
    fv_blob_free(png);
    fv_preview_free(preview);
    o.settings = "flip=yes mixup=0.3 batch=3";
    o.input = "3x32x40 resize 36 scale 1/128 mean 1 order bgr";
    OK(ctx, fv_preview_make(ctx, &o, &preview));
    f = fv_preview_describe(preview);
    assert_string_equal(f->augmentation, "flip=yes mixup=0.3");
    assert_int_equal(f->width, 40);
    OK(ctx, fv_draw_preview(ctx, preview, &png));
    fv_blob_free(png);
    fv_preview_free(preview);
}

static void nonsense(void **state) {
    fv_context *ctx = *state;
    fv_preview_options o = FV_INIT(fv_preview_options);
    fv_preview *p;
    fv_blob *png;
    SAYS(ctx, fv_preview_make(ctx, &o, &p), FV_USAGE, "data");
    assert_null(p);
    o.data = "digits:600";
    o.step = 11;
    SAYS(ctx, fv_preview_make(ctx, &o, &p), FV_USAGE, "1 to 10");
    o.step = 1;
    o.epoch = -2;
    SAYS(ctx, fv_preview_make(ctx, &o, &p), FV_USAGE, "-2");
    o.epoch = 1;
    o.settings = "flipp=yes";
    SAYS(ctx, fv_preview_make(ctx, &o, &p), FV_USAGE, "did you mean 'flip'");
    o.settings = "flip=maybe";
    SAYS(ctx, fv_preview_make(ctx, &o, &p), FV_BAD_INPUT, "flip");
    o.settings = NULL;
    o.net = "no-such-net";
    SAYS(ctx, fv_preview_make(ctx, &o, &p), FV_BAD_INPUT, "no-such-net");
    o.net = NULL;
    o.data = "no-such-data";
    SAYS(ctx, fv_preview_make(ctx, &o, &p), FV_BAD_INPUT, "no-such-data");
    SAYS(ctx, fv_draw_preview(ctx, NULL, &png), FV_USAGE, "NULL");
    assert_null(fv_preview_describe(NULL));
    fv_preview_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_training_has_it),
        cmocka_unit_test(they_differ),
        cmocka_unit_test(without_a_network),
        cmocka_unit_test(nonsense),
    };
    return cmocka_run_group_tests(tests, public_setup, public_teardown);
}
