/* SPDX-License-Identifier: MIT */
/*
 * test_api.c - the public functions: one model in many threads, nonsense in words, the same numbers
 * as inside.
 */
#include "data/data.h"
#include "format/model.h"
#include "plan/plan.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#ifdef FV_HAVE_THREADS
#include <pthread.h>
#endif

enum { SIDE = 12, PIXELS = SIDE * SIDE, BATCH = 4 };

static const char text[] =
    "net pair(classes = 3)\n"
    "input 1x12x12 scale 1/255 mean 0.5 std 0.25\n"
    "  conv 8 3x3 pad 1 - bn - relu - maxpool 2\n"
    "  - concat { conv 4 1x1 - relu | conv 8 3x3 pad 1 - relu as side } as joined\n"
    "  - fc 16 - relu - dropout 0.5 - fc classes - softmax\n"
    "head map from side - conv 2 1x1\n"
    "head part from side - identity\n" /* a slice of the joined buffer */
    "head aux weight 0.3 training from joined - fc classes - softmax\n";

static int setup(void **state) {
    fv_context *ctx;
    fv_status status = fv_context_new(2, &ctx);
    *state = ctx;
    return (int)status;
}

static int teardown(void **state) {
    fv_context_free(*state);
    return 0;
}

static fv_model *make(fv_context *ctx) {
    fv_model *m;
    if (fv_model_parse(ctx, text, NULL, 3, &m) != FV_OK) fail_msg("%s", fv_context_error(ctx));
    return m;
}

static void fills(float *x, int64_t count, unsigned seed) {
    for (int64_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 8) / (float)(1 << 24) - 0.5f;
    }
}

static void says(fv_context *ctx, fv_status got, fv_status want, const char *words) {
    if (got != want || !strstr(fv_context_error(ctx), words))
        fail_msg("gave %d: %s\n  expected %d: %s", (int)got, fv_context_error(ctx), (int)want,
                 words);
}

static void contexts_report_their_own_failure(void **state) {
    (void)state;
    fv_context *ctx = NULL;
    assert_string_equal(fv_version(), FOVEA_VERSION);
    static const int bad[] = {-1, 1025, 2147483647};
    for (int i = 0; i < 3; i++) {
        fv_model *m;
        assert_int_equal(fv_context_new(bad[i], &ctx), FV_USAGE);
        assert_non_null(strstr(fv_context_error(ctx), "number of threads"));
        says(ctx, fv_model_create(ctx, "lenet5", NULL, 1, &m), FV_USAGE, "fv_context_new failed");
        fv_context_free(ctx);
    }
    assert_int_equal(fv_context_new(0, NULL), FV_USAGE);
    assert_int_equal(fv_context_new(0, &ctx), FV_OK);
    assert_string_equal(fv_context_error(ctx), "");
    assert_true(fv_context_threads(ctx) >= 1);
    fv_context_free(ctx);
    fv_context_free(NULL);
    assert_int_equal(fv_context_threads(NULL), 0);
    assert_non_null(strstr(fv_context_error(NULL), "no context"));
}

static void models_answer(void **state) {
    fv_context *ctx = *state;
    fv_model *m = make(ctx);
    int64_t d[FV_DIMS_MAX];
    fv_tensor_view v = FV_INIT(fv_tensor_view);
    assert_string_equal(fv_model_name(m), "pair");
    assert_int_equal(fv_model_input(m, d), PIXELS);
    assert_int_equal(d[0], 1);
    assert_int_equal(d[1], SIDE);
    assert_int_equal(d[2], SIDE);
    assert_int_equal(fv_model_input(m, NULL), PIXELS);
    assert_int_equal(fv_model_outputs(m), 3); /* aux is for training only */
    assert_int_equal(fv_model_output(m, 0, d), 1);
    assert_int_equal(d[0], 3);
    assert_int_equal(fv_model_output(m, 1, d), 3);
    assert_int_equal(d[0], 2);
    assert_int_equal(d[1], 6);
    assert_int_equal(d[2], 6);
    assert_int_equal(fv_model_output(m, 3, d), 0);
    assert_int_equal(fv_model_output(m, -1, d), 0);
    assert_string_equal(fv_model_output_name(m, 0), "output");
    assert_string_equal(fv_model_output_name(m, 1), "map");
    assert_null(fv_model_output_name(m, 3));
    /* conv 80, bn 16, conv 36, conv 584, fc 12*36*16+16, fc 51, conv 18 */
    assert_int_equal(fv_model_parameters(m), 80 + 16 + 36 + 584 + 6928 + 51 + 18);
    int learned = 0;
    for (int i = 0; i < fv_model_tensors(m); i++) {
        assert_int_equal(fv_model_tensor(ctx, m, i, &v), FV_OK);
        int64_t count = 1;
        for (int k = 0; k < v.rank; k++) count *= v.dims[k];
        assert_int_equal(count, v.count);
        learned += v.learned;
    }
    assert_int_equal(fv_model_tensors(m) - learned, 2); /* bn's mean and variance */
    assert_int_equal(fv_model_tensor_named(ctx, m, "conv1.weight", &v), FV_OK);
    assert_int_equal(v.rank, 4);
    assert_int_equal(v.dims[0], 8);
    assert_int_equal(v.dims[3], 3);
    says(ctx, fv_model_tensor_named(ctx, m, "conv1.wieght", &v), FV_BAD_INPUT,
         "did you mean 'conv1.weight'?");
    assert_null(v.data);
    says(ctx, fv_model_tensor_named(ctx, m, "zzzzzzzzzzzz", &v), FV_BAD_INPUT, "no tensor");
    says(ctx, fv_model_tensor(ctx, m, -1, &v), FV_USAGE, "no tensor number -1");
    says(ctx, fv_model_tensor(ctx, m, 1000, &v), FV_USAGE, "no tensor number 1000");
    fv_model_free(m);
}

static void settings_reach_the_network(void **state) {
    fv_context *ctx = *state;
    fv_model *m;
    int64_t d[FV_DIMS_MAX];
    assert_int_equal(fv_model_parse(ctx, text, "classes=7", 1, &m), FV_OK);
    fv_model_output(m, 0, d);
    assert_int_equal(d[0], 7);
    assert_string_equal(fv_model_get(m, "net"), text);
    fv_model_free(m);
    if (fv_model_create(ctx, "lenet5", "classes=47", 1, &m) != FV_OK)
        fail_msg("%s", fv_context_error(ctx));
    fv_model_output(m, 0, d);
    assert_int_equal(d[0], 47);
    fv_model_free(m);
    says(ctx, fv_model_parse(ctx, text, "classes", 1, &m), FV_USAGE, "NAME=VALUE");
    assert_null(m);
    says(ctx, fv_model_parse(ctx, text, "clases=7", 1, &m), FV_USAGE, "clases");
    says(ctx, fv_model_create(ctx, "lenet6", NULL, 1, &m), FV_BAD_INPUT, "lenet5");
    says(ctx, fv_model_parse(ctx, "net a\ninput 1x4x4\n  conv 8 5x5\n", NULL, 1, &m), FV_BAD_INPUT,
         "network:3:");
}

static void nonsense_is_an_error_in_words(void **state) {
    fv_context *ctx = *state;
    fv_model *m = make(ctx), *out = (fv_model *)ctx;
    fv_run *run = (fv_run *)ctx;
    fv_trainer *t = (fv_trainer *)ctx;
    fv_tensor_view v = FV_INIT(fv_tensor_view);
    float x[PIXELS];
    uint8_t p[4 * 4];
    /* without a context there is only the status */
    assert_int_equal(fv_model_create(NULL, "lenet5", NULL, 1, &out), FV_USAGE);
    assert_null(out);
    assert_int_equal(fv_run_new(NULL, m, 1, &run), FV_USAGE);
    assert_null(run);
    assert_int_equal(fv_trainer_new(NULL, m, NULL, &t), FV_USAGE);
    assert_null(t);
    assert_int_equal(fv_run_forward(NULL, 1), FV_USAGE);
    assert_int_equal(fv_trainer_step(NULL, x, NULL, 1, NULL), FV_USAGE);
    assert_int_equal(fv_trainer_set_rate(NULL, 1), FV_USAGE);

    says(ctx, fv_model_create(ctx, NULL, NULL, 1, &out), FV_USAGE, "'word' is NULL");
    says(ctx, fv_model_create(ctx, "lenet5", NULL, 1, NULL), FV_USAGE, "'out' is NULL");
    says(ctx, fv_model_parse(ctx, NULL, NULL, 1, &out), FV_USAGE, "fv_model_parse: 'text'");
    says(ctx, fv_model_load(ctx, NULL, &out), FV_USAGE, "'path'");
    says(ctx, fv_model_load_memory(ctx, NULL, 9, &out), FV_USAGE, "'data'");
    says(ctx, fv_model_load_memory(ctx, x, 3, &out), FV_BAD_INPUT, "the model in memory: 3 bytes");
    says(ctx, fv_model_load_weights(ctx, NULL, "a"), FV_USAGE, "'model'");
    says(ctx, fv_model_load_weights(ctx, m, NULL), FV_USAGE, "'path'");
    says(ctx, fv_model_save(ctx, NULL, "a"), FV_USAGE, "'model'");
    says(ctx, fv_model_save(ctx, m, NULL), FV_USAGE, "'path'");
    says(ctx, fv_model_tensor(ctx, NULL, 0, &v), FV_USAGE, "'model'");
    says(ctx, fv_model_tensor(ctx, m, 0, NULL), FV_USAGE, "'out'");
    says(ctx, fv_model_tensor_named(ctx, m, NULL, &v), FV_USAGE, "'name'");
    says(ctx, fv_model_set(ctx, m, NULL, ""), FV_USAGE, "'name'");
    says(ctx, fv_model_set(ctx, NULL, "a", ""), FV_USAGE, "'model'");
    says(ctx, fv_model_read_image(ctx, m, NULL, x), FV_USAGE, "'path'");
    says(ctx, fv_model_read_image(ctx, m, "no.png", NULL), FV_USAGE, "'dst'");
    says(ctx, fv_model_read_image(ctx, m, "no.png", x), FV_BAD_INPUT, "no.png");
    says(ctx, fv_model_decode_image(ctx, m, "no image", 10, x), FV_BAD_INPUT,
         "the image in memory");
    says(ctx, fv_model_take_pixels(ctx, m, NULL, 2, 2, 1, x), FV_USAGE, "'pixels'");
    says(ctx, fv_model_take_pixels(ctx, m, p, 0, 2, 1, x), FV_USAGE, "0 x 2");
    says(ctx, fv_model_take_pixels(ctx, m, p, 2, INT64_MAX, 1, x), FV_USAGE, "sides are 1 to");
    says(ctx, fv_model_take_pixels(ctx, m, p, 2, 2, 2, x), FV_USAGE, "not 2");
    says(ctx, fv_run_new(ctx, NULL, 1, &run), FV_USAGE, "'model'");
    says(ctx, fv_run_new(ctx, m, 1, NULL), FV_USAGE, "'out'");
    says(ctx, fv_run_new(ctx, m, 0, &run), FV_USAGE, "at least 1, not 0");
    fv_status huge = fv_run_new(ctx, m, INT64_MAX, &run);
    assert_true(huge == FV_BAD_INPUT || huge == FV_EXHAUSTED);
    assert_true(*fv_context_error(ctx));
    assert_null(run);
    fv_model_free(NULL);
    fv_run_free(NULL);
    fv_trainer_free(NULL);
    assert_null(fv_run_input(NULL));
    assert_null(fv_run_output(NULL, 0, NULL));
    assert_int_equal(fv_model_input(NULL, NULL), 0);
    assert_int_equal(fv_model_outputs(NULL), 0);
    assert_null(fv_model_name(NULL));
    assert_null(fv_model_get(NULL, "a"));
    assert_null(fv_model_get(m, NULL));
    assert_int_equal(fv_model_parameters(NULL), 0);
    assert_int_equal(fv_model_tensors(NULL), 0);
    fv_model_free(m);
}

static void runs_equal_the_inside(void **state) {
    fv_context *ctx = *state;
    fv_model *m = make(ctx);
    fv_run *run;
    fv_plan *plan;
    fv_exec *exec;
    if (fv_run_new(ctx, m, BATCH, &run) != FV_OK) fail_msg("%s", fv_context_error(ctx));
    const fv_plan_options options = {.batch = BATCH, .reference = true};
    const fv_exec_options with = {.weights = m->weights};
    const fv_exec_run once = {.seed = 0};
    assert_int_equal(fv__plan_new(ctx, m->net.graph, &options, &plan), FV_OK);
    assert_int_equal(fv__exec_new(ctx, plan, &with, &exec), FV_OK);
    fills(fv_run_input(run), BATCH * PIXELS, 1);
    memcpy(fv__exec_value(exec, 0).data, fv_run_input(run), sizeof(float) * BATCH * PIXELS);
    assert_int_equal(fv_run_forward(run, BATCH), FV_OK);
    assert_true(fv__exec_forward(exec, &once, NULL));
    for (int i = 0; i < 3; i++) {
        static const int64_t counts[] = {3, 2 * 36, 8 * 36};
        int64_t count;
        const float *y = fv_run_output(run, i, &count);
        const fv_tensor want = fv__exec_value(exec, m->net.graph->heads[i].value);
        assert_int_equal(count, counts[i]);
        for (int64_t n = 0; n < BATCH; n++) {
            for (int64_t k = 0; k < count; k++) {
                float w = ((const float *)want.data)[n * want.step + k];
                assert_true(fabsf(y[n * count + k] - w) <= 1e-5f * (1 + fabsf(w)));
            }
        }
    }
    fv__exec_free(exec);
    fv__plan_free(plan);
    says(ctx, fv_run_forward(run, 0), FV_USAGE, "1 to 4 samples in this run, not 0");
    says(ctx, fv_run_forward(run, BATCH + 1), FV_USAGE, "not 5");
    int64_t count = 9;
    assert_null(fv_run_output(run, 3, &count));
    assert_int_equal(count, 0);
    assert_non_null(strstr(fv_context_error(ctx), "no output 3; this network has 3"));
    assert_null(fv_run_output(run, -1, NULL));
    fv_run_free(run);
    fv_model_free(m);
}

/* Each sample's output may not depend on its place or on the others. */
static void samples_are_independent(void **state) {
    fv_context *ctx = *state;
    fv_model *m = make(ctx);
    fv_run *one, *many;
    assert_int_equal(fv_run_new(ctx, m, 1, &one), FV_OK);
    assert_int_equal(fv_run_new(ctx, m, BATCH, &many), FV_OK);
    fills(fv_run_input(many), BATCH * PIXELS, 5);
    float first[3];
    for (int n = BATCH; n >= 1; n--) {
        fills(fv_run_input(many), BATCH * PIXELS, 5);
        assert_int_equal(fv_run_forward(many, n), FV_OK);
        if (n == BATCH) memcpy(first, fv_run_output(many, 0, NULL), sizeof first);
        assert_memory_equal(first, fv_run_output(many, 0, NULL), sizeof first);
    }
    fills(fv_run_input(one), PIXELS, 5);
    assert_int_equal(fv_run_forward(one, 1), FV_OK);
    for (int k = 0; k < 3; k++)
        assert_true(fabsf(first[k] - fv_run_output(one, 0, NULL)[k]) < 1e-5f);
    fv_run_free(one);
    fv_run_free(many);
    fv_model_free(m);
}

#ifdef FV_HAVE_THREADS
enum { WORKERS = 8, ROUNDS = 20 };

typedef struct worker {
    const fv_model *model;
    int threads;
    float scores[ROUNDS][BATCH * 3];
    fv_status status;
} worker;

static void *work(void *arg) {
    worker *w = arg;
    fv_context *ctx;
    fv_run *run = NULL;
    w->status = fv_context_new(w->threads, &ctx);
    if (w->status == FV_OK) w->status = fv_run_new(ctx, w->model, BATCH, &run);
    for (unsigned r = 0; w->status == FV_OK && r < ROUNDS; r++) {
        fills(fv_run_input(run), BATCH * PIXELS, r + 1);
        w->status = fv_run_forward(run, BATCH);
        memcpy(w->scores[r], fv_run_output(run, 0, NULL), sizeof w->scores[r]);
    }
    fv_run_free(run);
    fv_context_free(ctx);
    return NULL;
}

static void many_threads_share_one_model(void **state) {
    fv_model *m = make(*state);
    static worker w[WORKERS];
    pthread_t id[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        w[i] = (worker){.model = m, .threads = 1 + i % 3};
        assert_int_equal(pthread_create(&id[i], NULL, work, &w[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++) pthread_join(id[i], NULL);
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(w[i].status, FV_OK);
        assert_memory_equal(w[i].scores, w[0].scores, sizeof w[0].scores);
    }
    fv_model_free(m);
}
#else
static void many_threads_share_one_model(void **state) {
    (void)state;
    print_message("SKIP: built without threads\n");
}
#endif

static void images_become_inputs(void **state) {
    fv_context *ctx = *state;
    fv_model *m = make(ctx);
    uint8_t gray[PIXELS], rgb[3 * PIXELS], rgba[4 * PIXELS], pgm[64 + PIXELS];
    float a[PIXELS], b[PIXELS], c[PIXELS];
    for (int i = 0; i < PIXELS; i++) {
        gray[i] = (uint8_t)(i * 7);
        for (int k = 0; k < 3; k++) rgb[3 * i + k] = rgba[4 * i + k] = gray[i];
        rgba[4 * i + 3] = 255;
    }
    assert_int_equal(fv_model_take_pixels(ctx, m, gray, SIDE, SIDE, 1, a), FV_OK);
    for (int i = 0; i < PIXELS; i++)
        assert_true(fabsf(a[i] - ((float)gray[i] / 255.0f - 0.5f) / 0.25f) < 1e-5f);
    int n = snprintf((char *)pgm, sizeof pgm, "P5\n%d %d\n255\n", SIDE, SIDE);
    memcpy(pgm + n, gray, PIXELS);
    assert_int_equal(fv_model_decode_image(ctx, m, pgm, (size_t)n + PIXELS, b), FV_OK);
    assert_memory_equal(a, b, sizeof a);
    assert_int_equal(fv__file_write(ctx, "gray.pgm", pgm, (size_t)n + PIXELS), FV_OK);
    memset(b, 0, sizeof b);
    assert_int_equal(fv_model_read_image(ctx, m, "gray.pgm", b), FV_OK);
    assert_memory_equal(a, b, sizeof a);
    assert_int_equal(fv_model_take_pixels(ctx, m, rgb, SIDE, SIDE, 3, b), FV_OK);
    assert_int_equal(fv_model_take_pixels(ctx, m, rgba, SIDE, SIDE, 4, c), FV_OK);
    assert_memory_equal(b, c, sizeof b);
    for (int i = 0; i < PIXELS; i++) rgba[4 * i + 3] = 0; /* all transparent: white */
    assert_int_equal(fv_model_take_pixels(ctx, m, rgba, SIDE, SIDE, 4, c), FV_OK);
    for (int i = 0; i < PIXELS; i++) assert_true(fabsf(c[i] - 2.0f) < 1e-5f);
    fv_model_free(m);
}

static void the_best_come_first(void **state) {
    (void)state;
    const float s[] = {0.1f, 0.5f, -1.0f, 0.5f, NAN, 0.7f};
    int64_t best[8];
    assert_int_equal(fv_best(s, 6, 3, best), 3);
    assert_int_equal(best[0], 5);
    assert_int_equal(best[1], 1);
    assert_int_equal(best[2], 3);
    assert_int_equal(fv_best(s, 6, 8, best), 6);
    assert_int_equal(best[4], 2);
    assert_int_equal(best[5], 4);
    assert_int_equal(fv_best(s + 4, 2, 1, best), 1);
    assert_int_equal(best[0], 1);
    assert_int_equal(fv_best(s, 0, 3, best), 0);
    assert_int_equal(fv_best(s, 6, 0, best), 0);
    assert_int_equal(fv_best(NULL, 6, 3, best), 0);
}

/* What one program writes another reads: train, save, load, run. */
static void a_trained_model_travels(void **state) {
    fv_context *ctx = *state;
    fv_model *m = make(ctx), *back;
    fv_run *a, *b;
    assert_int_equal(fv_model_set(ctx, m, "classes", "ant\nbee\ncat"), FV_OK);
    assert_int_equal(fv_model_save(ctx, m, "pair.safetensors"), FV_OK);
    if (fv_model_load(ctx, "pair.safetensors", &back) != FV_OK)
        fail_msg("%s", fv_context_error(ctx));
    char name[64];
    assert_string_equal(fv_model_class(back, 1, name, sizeof name), "bee");
    assert_int_equal(fv_run_new(ctx, m, 1, &a), FV_OK);
    assert_int_equal(fv_run_new(ctx, back, 1, &b), FV_OK);
    fills(fv_run_input(a), PIXELS, 3);
    fills(fv_run_input(b), PIXELS, 3);
    assert_int_equal(fv_run_forward(a, 1), FV_OK);
    assert_int_equal(fv_run_forward(b, 1), FV_OK);
    int64_t count;
    assert_memory_equal(fv_run_output(a, 0, &count), fv_run_output(b, 0, NULL), 3 * sizeof(float));
    assert_int_equal(fv_model_load_weights(ctx, m, "pair.safetensors"), FV_OK);
    says(ctx, fv_model_save(ctx, m, "no/such/folder/m.safetensors"), FV_FAILED, "no/such/folder");
    fv_run_free(a);
    fv_run_free(b);
    fv_model_free(m);
    fv_model_free(back);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contexts_report_their_own_failure),
        cmocka_unit_test(models_answer),
        cmocka_unit_test(settings_reach_the_network),
        cmocka_unit_test(nonsense_is_an_error_in_words),
        cmocka_unit_test(runs_equal_the_inside),
        cmocka_unit_test(samples_are_independent),
        cmocka_unit_test(many_threads_share_one_model),
        cmocka_unit_test(images_become_inputs),
        cmocka_unit_test(the_best_come_first),
        cmocka_unit_test(a_trained_model_travels),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
