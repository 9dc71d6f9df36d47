/* SPDX-License-Identifier: MIT */
/*
 * A device whose memory the host may not touch (mock_device.h) gives the same bits as the CPU:
 * training, inference, evaluation, whole runs with checkpoints; and whatever looks at values reads
 * them from the device or works on the host.
 */
#include "mock_device.h"
#include "base/file.h"
#include "cpu/cpu.h"
#include "look/benchmark.h"
#include "look/feature_images.h"
#include "train/evaluate.h"
#include "train/gradient_check.h"
#include "train/run.h"
#include "fovea.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#ifdef FV_HAVE_MMAP
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#define BATCH 8
#define STEPS 6

static fv_context *new_context(const fv_device *device) {
    fv_context *ctx;
    assert_int_equal(fv_context_new(2, &ctx), FV_OK);
    ctx->device = device;
    return ctx;
}

static void must(fv_context *ctx, fv_status status) {
    if (status != FV_OK) print_error("%s\n", ctx->message);
    assert_int_equal(status, FV_OK);
}

/* Nothing was where it may not be, and all of it was given back. */
static int no_faults(void **unused) {
    (void)unused;
    assert_int_equal(mock_faults(), 0);
    assert_int_equal(mock_blocks(), 0);
    return 0;
}

static int needs_pages(void **unused) {
    (void)unused;
    if (mock_works()) return 0;
    print_message("skipped: pages cannot be protected here\n");
    skip();
    return 0;
}

/* ---------------------------------------------------------------------------------- models --- */

/* Everything that lenet5 has not: statistics, joins, sums, dropout, max pools, a head beside. */
static const char mixed[] =
    "net mixed\ninput 1x32x32\n conv 8 5x5 stride 2 bias no - bn - relu - maxpool 2\n"
    " - concat { conv 8 1x1 - bn - relu | conv 4 3x3 pad 1 - tanh | identity } as mid\n"
    " - add { conv 20 1x1 | identity } - relu - dropout 0.3 - lrn 3 - fc 10 - softmax\n"
    "head side weight 0.3 training from mid - avgpool 3 - fc 10 - softmax\n";

static fv_model *new_model(fv_context *ctx, const char *text) {
    fv_net net = {0};
    fv_model *model;
    if (text)
        must(ctx, fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net.graph, &net.recipe));
    else
        must(ctx, fv__net_find(ctx, "lenet5", NULL, 0, &net.graph, &net.recipe));
    must(ctx, fv__model_new(ctx, &net, 5, &model));
    return model;
}

static size_t weight_bytes(const fv_model *model) {
    return (size_t)model->net.graph->param_elements * sizeof(float);
}

static fv_recipe recipe_of(fv_context *ctx, const char *settings) {
    fv_recipe r;
    fv_arena arena;
    fv_setting *list;
    size_t count;
    fv__recipe_defaults(&r);
    fv__arena_init(&arena, ctx);
    must(ctx, fv__settings_split(ctx, &arena, settings, &list, &count));
    must(ctx, fv__recipe_apply(ctx, list, count, &r, NULL));
    fv__arena_free(&arena);
    return r;
}

static void draw(float *x, int64_t count, uint64_t stream) {
    const fv_key key = fv__key(11, FV_STREAM_CHECK, stream, 0);
    for (int64_t i = 0; i < count; i++) x[i] = (float)fv__random_normal(key, (uint64_t)i);
}

/* -------------------------------------------------------------------------------- training --- */

/* What a training leaves behind, on the host. */
typedef struct trained {
    double loss[STEPS];
    int64_t right[STEPS];
    size_t bytes;
    int states;
    char *weights, *gradients, *state[FV_OPTIM_STATES];
} trained;

static char *copied(const void *from, size_t bytes) {
    char *to = malloc(bytes + 1);
    memcpy(to, from, bytes);
    return to;
}

static void drop(trained *t) {
    free(t->weights);
    free(t->gradients);
    for (int i = 0; i < t->states; i++) free(t->state[i]);
}

static void take_steps(fv_context *ctx, fv_learner *l, const fv_recipe *recipe, int first, int end,
                       trained *out) {
    for (int step = first; step < end; step++) {
        const int64_t n = step % 3 == 2 ? 5 : BATCH;
        fv_learner_batch to;
        fv_step_result result;
        must(ctx, fv__learner_batch(ctx, l, n, &to));
        draw(to.x, n * 32 * 32, (uint64_t)step);
        for (int i = 0; i < n; i++)
            ((int32_t *)to.target[FV_TARGET_CLASS])[i] = (step * 3 + i * 7) % 10;
        must(ctx, fv__learner_step(ctx, l, n, recipe->lr, &result));
        out->loss[step] = result.loss;
        out->right[step] = result.tally.right;
    }
}

static void take_away(fv_context *ctx, const fv_model *model, fv_learner *l, trained *out) {
    out->bytes = weight_bytes(model);
    out->states = fv__learner_states(l);
    fv__learner_fetch(l);
    out->weights = copied(model->weights, out->bytes);
    out->gradients = malloc(out->bytes);
    ctx->device->download(out->gradients, fv__learner_gradients(l), out->bytes);
    for (int i = 0; i < out->states; i++)
        out->state[i] = copied(fv__learner_state(l, i), out->bytes);
}

static trained train(const fv_device *device, const char *text, const char *settings) {
    fv_context *ctx = new_context(device);
    fv_model *model = new_model(ctx, text);
    const fv_recipe recipe = recipe_of(ctx, settings);
    trained out = {0};
    fv_learner *l;
    must(ctx, fv__learner_new(ctx, model, &recipe, &l));
    take_steps(ctx, l, &recipe, 0, STEPS, &out);
    take_away(ctx, model, l, &out);
    fv__learner_free(l);
    fv__model_free(model);
    fv_context_free(ctx);
    return out;
}

static void expect_same(const trained *a, const trained *b) {
    assert_int_equal(a->bytes, b->bytes);
    assert_int_equal(a->states, b->states);
    assert_memory_equal(a->loss, b->loss, sizeof a->loss);
    assert_memory_equal(a->right, b->right, sizeof a->right);
    assert_memory_equal(a->weights, b->weights, a->bytes);
    assert_memory_equal(a->gradients, b->gradients, a->bytes);
    for (int i = 0; i < a->states; i++) assert_memory_equal(a->state[i], b->state[i], a->bytes);
}

static const char *const recipes[] = {
    "optimizer=sgd momentum=0.9 lr=0.02 batch=8 decay=1e-3",
    "optimizer=adam lr=0.001 batch=8",
    "optimizer=adadelta lr=1 batch=8",
    "optimizer=sgd momentum=0.9 lr=0.02 batch=8 shards=3",
};

/* The first layer's backward packs nothing, for nobody wants its dx; a block ends at a guard page.
 */
static const char large_steps[] =
    "net steps\ninput 1x32x32\n conv 10 16x16 stride 16 - globalavgpool - softmax\n";

static void test_training_gives_the_same_bits(void **unused) {
    (void)unused;
    for (size_t r = 0; r < sizeof recipes / sizeof *recipes; r++)
        for (int net = 0; net < 3; net++) {
            static const char *const nets[] = {NULL, mixed, large_steps};
            const long before = mock_launches();
            trained here = train(&fv__cpu_device, nets[net], recipes[r]);
            assert_true(mock_launches() == before);
            trained there = train(&mock_device, nets[net], recipes[r]);
            assert_true(mock_launches() > before);
            assert_true(here.states > 0);
            expect_same(&here, &there);
            drop(&here);
            drop(&there);
        }
}

/* Weights and states fetched, put into another learner's host blocks and stored: it goes on in the
   same bits. */
static void test_fetched_and_stored(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(&mock_device);
    const fv_recipe recipe = recipe_of(ctx, recipes[1]);
    fv_model *first = new_model(ctx, mixed), *second = new_model(ctx, mixed);
    trained whole = {0}, parts = {0};
    fv_learner *a, *b;
    must(ctx, fv__learner_new(ctx, first, &recipe, &a));
    must(ctx, fv__learner_new(ctx, second, &recipe, &b));
    take_steps(ctx, a, &recipe, 0, 3, &whole);
    fv__learner_fetch(a);
    memcpy(second->weights, first->weights, weight_bytes(first));
    for (int i = 0; i < fv__learner_states(a); i++) {
        bool any = false;
        for (int64_t k = 0; k < first->net.graph->param_elements; k++)
            any = any || fv__learner_state(a, i)[k] != 0;
        assert_true(any);
        memcpy(fv__learner_state(b, i), fv__learner_state(a, i), weight_bytes(first));
    }
    fv__learner_store(b);
    fv__learner_set_steps(b, 3);
    take_steps(ctx, a, &recipe, 3, STEPS, &whole);
    take_steps(ctx, b, &recipe, 3, STEPS, &parts);
    memcpy(parts.loss, whole.loss, 3 * sizeof *whole.loss);
    memcpy(parts.right, whole.right, 3 * sizeof *whole.right);
    take_away(ctx, first, a, &whole);
    take_away(ctx, second, b, &parts);
    expect_same(&whole, &parts);
    drop(&whole);
    drop(&parts);
    fv__learner_free(a);
    fv__learner_free(b);
    fv__model_free(first);
    fv__model_free(second);
    fv_context_free(ctx);
}

/* Where a number stops being one is found on the host. */
static void test_divergence_is_told(void **unused) {
    (void)unused;
    char messages[2][FV_MESSAGE_MAX];
    for (int d = 0; d < 2; d++) {
        fv_context *ctx = new_context(d ? &mock_device : &fv__cpu_device);
        fv_model *model = new_model(ctx, NULL);
        const fv_recipe recipe = recipe_of(ctx, recipes[0]);
        fv_learner *l;
        fv_learner_batch to;
        fv_step_result result;
        must(ctx, fv__learner_new(ctx, model, &recipe, &l));
        must(ctx, fv__learner_batch(ctx, l, BATCH, &to));
        draw(to.x, BATCH * 32 * 32, 0);
        to.x[5000] = INFINITY;
        for (int i = 0; i < BATCH; i++) ((int32_t *)to.target[FV_TARGET_CLASS])[i] = i;
        assert_int_equal(fv__learner_step(ctx, l, BATCH, 0.1, &result), FV_DIVERGED);
        assert_non_null(strstr(ctx->message, "sample 4"));
        memcpy(messages[d], ctx->message, sizeof messages[d]);
        fv__learner_free(l);
        fv__model_free(model);
        fv_context_free(ctx);
    }
    assert_string_equal(messages[0], messages[1]);
}

/* ------------------------------------------------------------------------------- inference --- */

static float *infer(const fv_device *device, const char *text, bool keep, int64_t *count) {
    fv_context *ctx = new_context(device);
    fv_model *model = new_model(ctx, text);
    const fv_graph *net = model->net.graph;
    const fv_plan_options options = {.batch = 3, .keep_values = keep};
    const fv_exec_options memory = {.host_weights = model->weights};
    const fv_exec_run once = {0};
    fv_plan *plan;
    fv_exec *exec;
    must(ctx, fv__plan_new(ctx, net, &options, &plan));
    must(ctx, fv__exec_new(ctx, plan, &memory, &exec));
    float *x = malloc(3 * 32 * 32 * sizeof *x);
    *count = 3 * fv__shape_sample(&net->values[net->heads[0].value].shape);
    float *y = malloc((size_t)*count * 2 * sizeof *y);
    draw(x, 3 * 32 * 32, 4);
    fv__exec_write(exec, 0, x);
    fv__exec_forward(exec, &once, NULL);
    fv__exec_read(exec, net->heads[0].value, y);
    /* other weights, as a training would leave them, packed anew */
    for (int64_t i = 0; i < net->param_elements; i++) model->weights[i] *= 1.25f;
    fv__prepare(ctx, fv__exec_prepared(exec));
    fv__exec_forward(exec, &once, NULL);
    fv__exec_read(exec, net->heads[0].value, y + *count);
    assert_memory_not_equal(y, y + *count, (size_t)*count * sizeof *y);
    *count *= 2;
    free(x);
    fv__exec_free(exec);
    fv__plan_free(plan);
    fv__model_free(model);
    fv_context_free(ctx);
    return y;
}

static void test_inference_gives_the_same_bits(void **unused) {
    (void)unused;
    for (int way = 0; way < 4; way++) {
        int64_t here_count, there_count;
        const char *text = way & 1 ? mixed : NULL;
        float *here = infer(&fv__cpu_device, text, way & 2, &here_count);
        float *there = infer(&mock_device, text, way & 2, &there_count);
        assert_int_equal(here_count, there_count);
        assert_memory_equal(here, there, (size_t)here_count * sizeof *here);
        free(here);
        free(there);
    }
}

/* Public runs: their input, outputs and values lie on the host, whatever the device. */
static float *public_run(const fv_device *device, bool keep, int64_t *count) {
    fv_context *ctx = new_context(device);
    fv_model *model = new_model(ctx, mixed);
    fv_run *run;
    float *all = NULL;
    int64_t each;
    *count = 0;
    must(ctx, (keep ? fv_run_new_keeping : fv_run_new)(ctx, model, 2, &run));
    for (int round = 0; round < 2; round++) {
        draw(fv_run_input(run), 2 * 32 * 32, (uint64_t)round);
        must(ctx, fv_run_forward(run, 2));
        const float *y = fv_run_output(run, 0, &each);
        all = realloc(all, (size_t)(*count + 2 * each) * sizeof *all);
        memcpy(all + *count, y, (size_t)(2 * each) * sizeof *all);
        *count += 2 * each;
        for (int i = 0; i < fv_run_values(run); i++) {
            fv_tensor_view view = FV_INIT(fv_tensor_view);
            if (fv_run_value(run, fv_run_value_name(run, i), &view) != FV_OK) continue;
            all = realloc(all, (size_t)(*count + view.count) * sizeof *all);
            memcpy(all + *count, view.data, (size_t)view.count * sizeof *all);
            *count += view.count;
        }
    }
    if (keep) {
        fv_blob *maps, *input;
        must(ctx, fv_draw_maps(ctx, run, "conv1", 8, &maps));
        must(ctx, fv_draw_input(ctx, run, &input));
        fv_blob_free(maps);
        fv_blob_free(input);
    }
    fv_run_free(run);
    fv__model_free(model);
    fv_context_free(ctx);
    return all;
}

static void test_public_runs(void **unused) {
    (void)unused;
    for (int keep = 0; keep < 2; keep++) {
        int64_t here_count, there_count;
        float *here = public_run(&fv__cpu_device, keep, &here_count);
        float *there = public_run(&mock_device, keep, &there_count);
        assert_true(here_count > (keep ? 1000 : 10));
        assert_int_equal(here_count, there_count);
        assert_memory_equal(here, there, (size_t)here_count * sizeof *here);
        free(here);
        free(there);
    }
}

/* Public steps: the model has the new weights after each, and gradients can be looked at. */
static void test_public_trainer(void **unused) {
    (void)unused;
    float *kept[2];
    size_t bytes = 0;
    for (int d = 0; d < 2; d++) {
        fv_context *ctx = new_context(d ? &mock_device : &fv__cpu_device);
        fv_model *model = new_model(ctx, NULL);
        fv_trainer *trainer;
        fv_tensor_view g = FV_INIT(fv_tensor_view);
        float x[BATCH * 32 * 32];
        int32_t labels[BATCH] = {1, 2, 3, 4, 5, 6, 7, 8};
        must(ctx, fv_trainer_new(ctx, model, recipes[0], &trainer));
        for (int step = 0; step < 2; step++) {
            draw(x, BATCH * 32 * 32, (uint64_t)step);
            must(ctx, fv_trainer_step(trainer, x, labels, BATCH, NULL));
        }
        must(ctx, fv_trainer_gradient(trainer, "conv2.weight", &g));
        bytes = weight_bytes(model) + (size_t)g.count * sizeof(float);
        kept[d] = malloc(bytes);
        memcpy(kept[d], model->weights, weight_bytes(model));
        memcpy((char *)kept[d] + weight_bytes(model), g.data, (size_t)g.count * sizeof(float));
        fv_trainer_free(trainer);
        fv__model_free(model);
        fv_context_free(ctx);
    }
    assert_memory_equal(kept[0], kept[1], bytes);
    free(kept[0]);
    free(kept[1]);
}

/* ----------------------------------------------------------------- evaluation and whole runs ---
 */

static void test_evaluation(void **unused) {
    (void)unused;
    fv_scores scores[2] = {0};
    for (int d = 0; d < 2; d++) {
        fv_context *ctx = new_context(d ? &mock_device : &fv__cpu_device);
        fv_model *model = new_model(ctx, mixed);
        fv_dataset set;
        fv_evaluator *evaluator;
        must(ctx, fv__dataset_open(ctx, "digits:330", 1, &set, NULL));
        must(ctx, fv__evaluator_new(ctx, model, NULL, 32, NULL, &evaluator));
        must(ctx, fv__evaluate(ctx, evaluator, &set, &scores[d]));
        must(ctx, fv__evaluate(ctx, evaluator, &set, &scores[d]));
        fv__evaluator_free(evaluator);
        fv__dataset_close(&set);
        fv__model_free(model);
        fv_context_free(ctx);
    }
    assert_true(scores[0].images > 100);
    assert_memory_equal(&scores[0], &scores[1], sizeof scores[0]);
}

static bool stop_after_three(void *arg) {
    return ++*(int *)arg == 3;
}

/* A run in a folder, stopped, taken up from its checkpoint, ended: its model's bytes, and the loss
   of each epoch's test. */
static fv_bytes run_in_folder(const fv_device *device, const char *folder, double losses[2]) {
    fv_context *ctx = new_context(device);
    const fv_setting settings[] = {{"epochs", "2"}, {"batch", "50"}, {"optimizer", "adam"}};
    fv_train_job *job;
    fv_bytes file;
    char clean[64];
    int stops = 0;
    const fv_hooks hooks = {.stop = stop_after_three, .arg = &stops};
    snprintf(clean, sizeof clean, "rm -rf %s", folder);
    assert_int_equal(system(clean), 0);
    const fv_train_request request = {.net = "lenet5",
                                      .data = "digits:330",
                                      .settings = settings,
                                      .setting_count = 3,
                                      .folder = folder};
    must(ctx, fv__train_start(ctx, &request, &job));
    assert_int_equal(fv__train_run(ctx, job, &hooks), FV_INTERRUPTED);
    fv__train_free(job);
    must(ctx, fv__train_resume(ctx, folder, NULL, &job));
    must(ctx, fv__train_run(ctx, job, NULL));
    must(ctx, fv__file_read(ctx, fv__train_path(job, "model.safetensors"), 0, &file));
    assert_int_equal(job->at.history_count, 2);
    for (int e = 0; e < 2; e++) losses[e] = job->at.history[e].test_loss;
    fv__train_free(job);
    fv_context_free(ctx);
    return file;
}

static void test_a_run_in_its_folder(void **unused) {
    (void)unused;
    double here_losses[2], there_losses[2];
    fv_bytes here = run_in_folder(&fv__cpu_device, "here", here_losses);
    fv_bytes there = run_in_folder(&mock_device, "there", there_losses);
    assert_memory_equal(here_losses, there_losses, sizeof here_losses);
    assert_int_equal(here.size, there.size);
    assert_memory_equal(here.data, there.data, here.size);
    fv__file_release(&here);
    fv__file_release(&there);
}

/* ------------------------------------------------------------------------------ who looks --- */

/* Gradient check, benchmark and feature maps on a device that is not the host. */
static void test_those_who_look(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(&mock_device);
    fv_model *model = new_model(ctx, mixed);
    const fv_check_options check = {.batch = 2, .seed = 1, .tolerance = 1e-4};
    fv_check_report report;
    must(ctx, fv__gradients_check(ctx, model->net.graph, NULL, &check, NULL, NULL, &report));
    fv__gradients_free(&report);
    for (int training = 0; training < 2; training++) {
        const fv_bench_options options = {
            .batch = 2, .training = training, .runs = 1, .steps = 1, .trace = 1, .model = model};
        fv_bench *told;
        must(ctx, fv__benchmark(ctx, &model->net, &options, &told));
        fv__benchmark_free(told);
    }
    float x[32 * 32];
    fv_look *look;
    fv_canvas canvas;
    draw(x, 32 * 32, 0);
    must(ctx, fv__look_new(ctx, model, x, &look));
    must(ctx, fv__look_draw(ctx, look, 0, 8, &canvas));
    fv__canvas_free(&canvas);
    fv__look_free(look);
    fv__model_free(model);
    fv_context_free(ctx);
}

/* ------------------------------------------------------------------------- refused memory --- */

/* Makes everything that takes the device's memory and gives it back. */
static fv_status make_all(fv_context *ctx, fv_model *model, const fv_recipe *recipe) {
    fv_learner *learner = NULL;
    fv_run *run = NULL;
    fv_trainer *trainer = NULL;
    fv_look *look = NULL;
    float x[32 * 32] = {0};
    fv_status status = fv__learner_new(ctx, model, recipe, &learner);
    if (status == FV_OK) status = fv_run_new_keeping(ctx, model, 2, &run);
    if (status == FV_OK) status = fv_trainer_new(ctx, model, recipes[1], &trainer);
    if (status == FV_OK) status = fv__look_new(ctx, model, x, &look);
    fv__look_free(look);
    fv_trainer_free(trainer);
    fv_run_free(run);
    fv__learner_free(learner);
    return status;
}

static void test_the_device_may_refuse(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(&mock_device);
    fv_model *model = new_model(ctx, mixed);
    const fv_recipe recipe = recipe_of(ctx, recipes[3]);
    long n = 0;
    for (;; n++) {
        mock_refuse(n);
        const fv_status status = make_all(ctx, model, &recipe);
        assert_int_equal(mock_blocks(), 0);
        if (status == FV_OK) break;
        assert_int_equal(status, FV_EXHAUSTED);
        assert_non_null(strstr(ctx->message, "memory"));
    }
    mock_refuse(-1);
    assert_true(n > 10);
    fv__model_free(model);
    fv_context_free(ctx);
}

/* ------------------------------------------------------------------------- it can be caught --- */

/* The mock is worth something only if a host that reads or writes its memory is stopped. */
static void expect_caught(volatile char *p, bool write) {
#ifdef FV_HAVE_MMAP
    int status;
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        if (write)
            *p = 1;
        else
            (void)*p;
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_true(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
#else
    (void)p, (void)write;
#endif
}

static void test_the_host_is_caught(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(&mock_device);
    fv_model *model = new_model(ctx, NULL);
    const fv_recipe recipe = recipe_of(ctx, recipes[0]);
    fv_learner *l;
    trained out;
    must(ctx, fv__learner_new(ctx, model, &recipe, &l));
    take_steps(ctx, l, &recipe, 0, 1, &out);
    char *gradients = (char *)fv__learner_gradients(l);
    assert_true(mock_owns(gradients));
    expect_caught(gradients, false);
    expect_caught(gradients + weight_bytes(model) - 1, true);
    char *block = fv__learner_workspace(l)->block;
    assert_true(mock_owns(block));
    expect_caught(block, false);
    expect_caught(block + 64, true);
    fv__learner_free(l);
    fv__model_free(model);
    fv_context_free(ctx);
}

#define DEVICE_TEST(test) cmocka_unit_test_setup_teardown(test, needs_pages, no_faults)

int main(void) {
    const struct CMUnitTest tests[] = {
        DEVICE_TEST(test_training_gives_the_same_bits),
        DEVICE_TEST(test_fetched_and_stored),
        DEVICE_TEST(test_divergence_is_told),
        DEVICE_TEST(test_inference_gives_the_same_bits),
        DEVICE_TEST(test_public_runs),
        DEVICE_TEST(test_public_trainer),
        DEVICE_TEST(test_evaluation),
        DEVICE_TEST(test_a_run_in_its_folder),
        DEVICE_TEST(test_those_who_look),
        DEVICE_TEST(test_the_device_may_refuse),
        DEVICE_TEST(test_the_host_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
