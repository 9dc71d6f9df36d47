/* SPDX-License-Identifier: MIT */
/*
 * test_learner_settings.c - what settings make of a step: gradients clipped, the moving average of
 * the weights, frozen layers, rules that read norms, classes that count differently; the same bits
 * for any number of threads, and after a stop.
 */
#include "lang/lang.h"
#include "train/freeze.h"
#include "train/learner.h"
#include "train/run.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BATCH 12
#define MOST  4096 /* parameters of the networks here, at most */

static const char net_text[] =
    "net layers(classes = 5)\ninput 2x8x8\n"
    "  conv 6 3x3 pad 1 bias no - bn - relu - conv 8 3x3 - bn - relu - maxpool 2\n"
    "  - fc 12 - tanh - fc classes - softmax\n"
    "train optimizer sgd momentum 0 lr 1 batch 12\n";

static fv_context *new_context(int threads) {
    fv_context *ctx;
    assert_int_equal(fv_context_new(threads, &ctx), FV_OK);
    return ctx;
}

static void must(const fv_context *ctx, fv_status status) {
    if (status != FV_OK) fail_msg("%s", ctx->message);
}

static void expect(const fv_context *ctx, fv_status got, const char *words) {
    if (got != FV_BAD_INPUT || !strstr(ctx->message, words))
        fail_msg("status %d: %s (wanted: %s)", (int)got, ctx->message, words);
}

/* A model and its learner. */
typedef struct pupil {
    fv_context *ctx;
    fv_model *model;
    fv_learner *learner;
    float before[MOST];
} pupil;

static void make_model(pupil *p, int threads, const char *text) {
    fv_net net = {0};
    p->ctx = new_context(threads);
    must(p->ctx,
         fv__net_parse(p->ctx, "test", text, strlen(text), NULL, 0, &net.graph, &net.recipe));
    must(p->ctx, fv__model_new(p->ctx, &net, 1, &p->model));
    assert_true(p->model->net.graph->param_elements <= MOST);
}

static fv_status make_learner(pupil *p, const char *settings) {
    fv_recipe recipe = p->model->net.recipe;
    fv_setting *list;
    size_t count;
    fv_arena arena;
    fv__arena_init(&arena, p->ctx);
    must(p->ctx, fv__settings_split(p->ctx, &arena, settings, &list, &count));
    fv_status status = fv__recipe_apply(p->ctx, list, count, &recipe, NULL);
    fv__arena_free(&arena);
    return status == FV_OK ? fv__learner_new(p->ctx, p->model, &recipe, &p->learner) : status;
}

static pupil *new_pupil(int threads, const char *settings) {
    pupil *p = test_calloc(1, sizeof *p);
    make_model(p, threads, net_text);
    must(p->ctx, make_learner(p, settings));
    return p;
}

static void free_pupil(pupil *p) {
    fv__learner_free(p->learner);
    fv__model_free(p->model);
    fv_context_free(p->ctx);
    test_free(p);
}

static int64_t count_of(const pupil *p) {
    return p->model->net.graph->param_elements;
}

static const fv_param *param(const pupil *p, const char *name) {
    const int i = fv__net_find_param(p->model->net.graph, name);
    assert_true(i >= 0);
    return &p->model->net.graph->params[i];
}

/* One step on drawn samples, which follow from the number of the step; `loud`: their size. */
static double step(pupil *p, double loud) {
    fv_learner_batch to;
    fv_step_result result;
    const fv_key key = fv__key(7, FV_STREAM_CHECK, (uint64_t)fv__learner_steps(p->learner), 0);
    must(p->ctx, fv__learner_batch(p->ctx, p->learner, BATCH, &to));
    for (int64_t i = 0; i < BATCH * 128; i++)
        to.x[i] = (float)(loud * fv__random_normal(key, (uint64_t)i) + (double)(i / 128 % 5));
    for (int32_t i = 0; i < BATCH; i++) ((int32_t *)to.target[FV_TARGET_CLASS])[i] = i % 5;
    memcpy(p->before, p->model->weights, (size_t)count_of(p) * sizeof(float));
    must(p->ctx, fv__learner_step(p->ctx, p->learner, BATCH, p->model->net.recipe.lr, &result));
    return result.loss;
}

/* ------------------------------------------------------------------------------- clipping --- */

/* The norm of what the step has taken off all learned weights, which with lr 1 is the gradient. */
static double step_norm(const pupil *p, double *largest) {
    const fv_graph *net = p->model->net.graph;
    double sum = 0;
    *largest = 0;
    for (size_t k = 0; k < net->param_count; k++) {
        const fv_param *q = &net->params[k];
        for (int64_t i = q->offset; q->spec.learned && i < q->offset + q->count; i++) {
            const double d = (double)p->model->weights[i] - (double)p->before[i];
            sum += d * d;
            if (fabs(d) > *largest) *largest = fabs(d);
        }
    }
    return sqrt(sum);
}

static void test_clip(void **unused) {
    (void)unused;
    double most, limited, values;
    pupil *plain = new_pupil(1, ""), *loose, *tight, *cut;
    step(plain, 1);
    const double norm = step_norm(plain, &most);
    char text[64];
    assert_true(norm > 0.1);
    snprintf(text, sizeof text, "clip=%.9f", 1.01 * norm);
    loose = new_pupil(2, text);
    step(loose, 1);
    assert_memory_equal(loose->model->weights, plain->model->weights,
                        (size_t)count_of(plain) * sizeof(float));
    snprintf(text, sizeof text, "clip=%.9f", 0.25 * norm);
    tight = new_pupil(2, text);
    step(tight, 1);
    limited = step_norm(tight, &values);
    assert_true(fabs(limited - 0.25 * norm) < 1e-5 * norm);
    const fv_graph *net = plain->model->net.graph;
    for (size_t k = 0; k < net->param_count; k++) /* in the same direction */
        for (int64_t i = 0; net->params[k].spec.learned && i < net->params[k].count; i++) {
            const int64_t at = net->params[k].offset + i;
            const double a = (double)plain->model->weights[at] - (double)plain->before[at];
            const double b = (double)tight->model->weights[at] - (double)tight->before[at];
            assert_true(fabs(b - 0.25 * a) < 1e-6);
        }
    const fv_param *mean = param(plain, "bn1.mean");
    assert_memory_equal(plain->model->weights + mean->offset, tight->model->weights + mean->offset,
                        (size_t)mean->count * sizeof(float));
    snprintf(text, sizeof text, "clip_value=%.9f", 0.1 * most);
    cut = new_pupil(1, text);
    step(cut, 1);
    (void)step_norm(cut, &values);
    assert_true(values > 0.0999 * most && values < 0.1001 * most);
    free_pupil(plain), free_pupil(loose), free_pupil(tight), free_pupil(cut);
}

/* ------------------------------------------------------------------------------ the average --- */

static void test_average(void **unused) {
    (void)unused;
    pupil *p = new_pupil(2, "average=0.5 lr=0.05");
    double average[MOST];
    for (int64_t i = 0; i < count_of(p); i++) average[i] = (double)p->model->weights[i];
    for (int t = 1; t <= 12; t++) {
        const double ramp = (1.0 + t) / (10.0 + t), keep = ramp < 0.5 ? ramp : 0.5;
        step(p, 0.5);
        for (int64_t i = 0; i < count_of(p); i++)
            average[i] = keep * average[i] + (1 - keep) * (double)p->model->weights[i];
    }
    const float *got = fv__learner_average(p->learner);
    for (int64_t i = 0; i < count_of(p); i++)
        if (fabs((double)got[i] - average[i]) > 1e-5 * (1 + fabs(average[i])))
            fail_msg("number %d of the average is %g, expected %g", (int)i, (double)got[i],
                     average[i]);
    /* shown in the model's place, and back before the next step */
    float real[MOST], shown[MOST];
    memcpy(real, p->model->weights, sizeof(float) * (size_t)count_of(p));
    memcpy(shown, got, sizeof(float) * (size_t)count_of(p));
    fv__learner_show_average(p->learner, true);
    fv__learner_show_average(p->learner, true);
    assert_memory_equal(p->model->weights, shown, sizeof(float) * (size_t)count_of(p));
    pupil *other = new_pupil(1, "lr=0.05");
    for (int t = 0; t < 13; t++) step(other, 0.5);
    step(p, 0.5);
    assert_memory_equal(p->model->weights, other->model->weights,
                        sizeof(float) * (size_t)count_of(p));
    free_pupil(p), free_pupil(other);
}

/* --------------------------------------------------------------------------------- freezing --- */

static bool changed(const pupil *p, const char *name) {
    const fv_param *q = param(p, name);
    return memcmp(p->before + q->offset, p->model->weights + q->offset,
                  (size_t)q->count * sizeof(float)) != 0;
}

static void test_freeze(void **unused) {
    (void)unused;
    pupil *p = new_pupil(1, "freeze=conv1..bn1,fc1 decay=0.1 decay_all=yes momentum=0.9");
    for (int t = 0; t < 2; t++) step(p, 1);
    assert_false(changed(p, "conv1.weight"));
    assert_false(changed(p, "bn1.weight"));
    assert_false(changed(p, "bn1.mean"));
    assert_false(changed(p, "bn1.variance"));
    assert_false(changed(p, "fc1.weight"));
    assert_false(changed(p, "fc1.bias"));
    const fv_param *fc1 = param(p, "fc1.weight"); /* gradients pass it, and none is summed */
    for (int64_t i = 0; i < fc1->count; i++)
        assert_true(fv__learner_gradients(p->learner)[fc1->offset + i] == 0);
    assert_true(changed(p, "conv2.weight"));
    assert_true(changed(p, "bn2.mean"));
    assert_true(changed(p, "fc2.weight"));
    free_pupil(p);
}

/* The loss of the first step with a number of a parameter moved by `by`; its gradient there. */
static double moved(const char *settings, const char *name, int64_t at, double by, double *slope) {
    pupil *p = new_pupil(1, settings);
    const int64_t i = param(p, name)->offset + at;
    p->model->weights[i] += (float)by;
    const double loss = step(p, 1);
    if (slope) *slope = (double)fv__learner_gradients(p->learner)[i];
    free_pupil(p);
    return loss;
}

/* A frozen normalisation computes with its running statistics, and passes on the gradient of that:
   the slope of the loss. */
static void test_frozen_statistics(void **unused) {
    (void)unused;
    const double plain = moved("", "bn1.mean", 2, 0, NULL);
    const double frozen = moved("freeze=bn1", "bn1.mean", 2, 0, NULL);
    assert_true(plain == moved("", "bn1.mean", 2, 0.5, NULL)); /* the batch's count */
    assert_true(plain != frozen);
    assert_true(fabs(frozen - moved("freeze=bn1", "bn1.mean", 2, 0.5, NULL)) > 1e-4);
    for (int64_t k = 0; k < 100; k += 33) {
        double slope;
        (void)moved("freeze=bn1", "conv1.weight", k, 0, &slope);
        const double up = moved("freeze=bn1", "conv1.weight", k, 0.002, NULL),
                     down = moved("freeze=bn1", "conv1.weight", k, -0.002, NULL);
        if (fabs((up - down) / 0.004 - slope) > 0.02 * (0.02 + fabs(slope)))
            fail_msg("weight %d: slope %g, gradient %g", (int)k, (up - down) / 0.004, slope);
    }
}

/* Steps of backward, and those that work on a layer of that operator. */
static int backward_steps(pupil *p, const bool *frozen, const char *op) {
    const fv_graph *net = fv__learner_net(p->learner);
    const fv_plan_options options = {
        .batch = BATCH, .training = true, .backward = true, .frozen = frozen};
    float gradients[MOST];
    const fv_exec_options memory = {.host_weights = p->model->weights, .gradients = gradients};
    fv_plan *plan;
    fv_exec *exec;
    int count = 0;
    must(p->ctx, fv__plan_new(p->ctx, net, &options, &plan));
    must(p->ctx, fv__exec_new(p->ctx, plan, &memory, &exec));
    for (int s = 0; s < fv__plan_steps(plan); s++) {
        const fv_step_view view = fv__exec_step(exec, s);
        if (view.which != FV_BACKWARD) continue;
        if (!op || (view.node >= 0 && strcmp(net->nodes[view.node].op->name, op) == 0)) count++;
    }
    fv__exec_free(exec);
    fv__plan_free(plan);
    return count;
}

/* Backward is not computed below the lowest layer that learns. */
static void test_freeze_plans(void **unused) {
    (void)unused;
    pupil *p = new_pupil(1, "");
    const fv_graph *net = fv__learner_net(p->learner);
    bool *frozen;
    const int all = backward_steps(p, NULL, NULL);
    assert_int_equal(backward_steps(p, NULL, "conv"), 2);
    must(p->ctx, fv__freeze_find(p->ctx, net, "conv1..bn2", &frozen));
    assert_int_equal(backward_steps(p, frozen, "conv"), 0);
    assert_int_equal(backward_steps(p, frozen, "bn"), 0);
    assert_int_equal(backward_steps(p, frozen, "maxpool"), 0);
    assert_int_equal(backward_steps(p, frozen, "fc"), 2);
    assert_true(backward_steps(p, frozen, NULL) < all / 2);
    fv__free(frozen);
    /* what lies above something that learns passes gradients on */
    must(p->ctx, fv__freeze_find(p->ctx, net, "fc*", &frozen));
    assert_int_equal(backward_steps(p, frozen, NULL), all);
    fv__free(frozen);
    free_pupil(p);
}

/* The gradients of layers that learn are the same where others, above, do not. */
static void test_freeze_gradients(void **unused) {
    (void)unused;
    pupil *p = new_pupil(1, "freeze=fc2"), *q = new_pupil(2, "");
    step(p, 1);
    step(q, 1);
    const fv_param *first = param(p, "conv1.weight");
    assert_memory_equal(fv__learner_gradients(p->learner) + first->offset,
                        fv__learner_gradients(q->learner) + first->offset,
                        (size_t)first->count * sizeof(float));
    assert_true(changed(q, "fc2.weight") && !changed(p, "fc2.weight"));
    free_pupil(p), free_pupil(q);
}

static void test_freeze_messages(void **unused) {
    (void)unused;
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"freeze=conv3", "has no layer 'conv3'; did you mean 'conv1'?"},
        {"freeze=encoder", "has no layer 'encoder'; `fovea explain` lists their names"},
        {"freeze=relu1", "relu1 has nothing that it could learn"},
        {"freeze=conv2..conv1", "conv2 comes behind conv1"},
        {"freeze=conv1,,fc1", "names of layers with commas between"},
        {"freeze=..", "names of layers with commas between"},
        {"freeze=..conv3", "has no layer 'conv3'; did you mean 'conv1'?"},
        {"freeze=conv1..", "nothing is left that could learn"},
        {"freeze=..relu1,relu2", "relu2 has nothing that it could learn"},
        {"freeze=*", "nothing is left that could learn"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        pupil *p = test_calloc(1, sizeof *p);
        make_model(p, 1, net_text);
        expect(p->ctx, make_learner(p, wrong[i].text), wrong[i].says);
        free_pupil(p);
    }
    static const char *const right[] = {"freeze=none",       "freeze=conv*", "freeze=conv1,conv2",
                                        "freeze=conv1..fc1", "freeze=..fc1", "freeze=fc1.."};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) free_pupil(new_pupil(1, right[i]));
}

/* Names of a block stand for what is in it; a layer that shares weights with a frozen one keeps
   them. */
static void test_freeze_blocks(void **unused) {
    (void)unused;
    static const char text[] = "net blocks\n"
                               "block twice(k) = conv k 1x1 - relu - conv k 1x1\n"
                               "input 1x4x4\n"
                               "  twice(3) - twice(3) - conv 3 1x1 as a - relu\n"
                               "  - conv 3 1x1 share a - fc 2 - softmax\ntrain batch 12\n";
    pupil *p = test_calloc(1, sizeof *p);
    bool *frozen;
    make_model(p, 1, text);
    const fv_graph *net = p->model->net.graph;
    must(p->ctx, fv__freeze_find(p->ctx, net, "twice2,a", &frozen));
    for (size_t n = 0; n < net->param_count; n++) {
        const char *name = net->params[n].name;
        const bool is = strncmp(name, "twice2.", 7) == 0 || name[0] == 'a';
        if (fv__freeze_has(net, frozen, (int)n) != is) fail_msg("%s", name);
    }
    fv__free(frozen);
    expect(p->ctx, fv__freeze_find(p->ctx, net, "twice3", &frozen), "did you mean 'twice");
    free_pupil(p);
}

/* A range that is open goes from the first layer on, or to the last. */
static void test_open_ranges(void **unused) {
    (void)unused;
    static const struct {
        const char *open, *shut;
    } same[] = {
        {"..bn1", "conv1..bn1"}, {"conv2..", "conv2..softmax1"}, {"..conv1,fc2..", "conv1,fc2"}};
    pupil *p = test_calloc(1, sizeof *p);
    make_model(p, 1, net_text);
    const fv_graph *net = p->model->net.graph;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        bool *open, *shut;
        must(p->ctx, fv__freeze_find(p->ctx, net, same[i].open, &open));
        must(p->ctx, fv__freeze_find(p->ctx, net, same[i].shut, &shut));
        for (size_t n = 0; n < net->param_count; n++)
            if (fv__freeze_has(net, open, (int)n) != fv__freeze_has(net, shut, (int)n))
                fail_msg("%s: %s", same[i].open, net->params[n].name);
        fv__free(open), fv__free(shut);
    }
    free_pupil(p);
}

/* ------------------------------------------------------------------------------------ trunk --- */

/* All layers but the last go so much slower, whatever the rule: as with that rate for all of them;
   and the last as fast as ever. Running statistics have no rate. */
static void test_trunk(void **unused) {
    (void)unused;
    static const char *const rules[] = {"", " optimizer=adamw decay=0.1"};
    for (size_t k = 0; k < sizeof rules / sizeof *rules; k++) {
        char slow[64];
        snprintf(slow, sizeof slow, "trunk=0.25%s", rules[k]);
        pupil *p = new_pupil(2, slow), *fast = new_pupil(1, rules[k]), *q = new_pupil(1, rules[k]);
        step(p, 1), step(fast, 1);
        q->model->net.recipe.lr *= 0.25;
        step(q, 1);
        for (size_t n = 0; n < p->model->net.graph->param_count; n++) {
            const fv_param *at = &p->model->net.graph->params[n];
            const bool last = strncmp(at->name, "fc2.", 4) == 0;
            if (memcmp(p->model->weights + at->offset,
                       (last ? fast : q)->model->weights + at->offset,
                       (size_t)at->count * sizeof(float)) != 0)
                fail_msg("%s%s", at->name, rules[k]);
        }
        assert_true(changed(p, "conv1.weight") && changed(p, "fc2.weight"));
        free_pupil(p), free_pupil(fast), free_pupil(q);
    }
}

/* ------------------------------------------------------------------------------------- lars --- */

/* A parameter's step has the norm lr trust |w|, whatever its gradients are; a bias has lr g. */
static void test_lars(void **unused) {
    (void)unused;
    pupil *p = new_pupil(2, "optimizer=lars momentum=0 trust=0.01");
    const fv_param *b = param(p, "fc2.bias");
    for (int64_t i = 0; i < b->count; i++) p->model->weights[b->offset + i] = 0.5f;
    step(p, 3);
    const char *const names[] = {"conv1.weight", "conv2.weight", "fc1.weight"};
    for (int k = 0; k < 3; k++) {
        const fv_param *q = param(p, names[k]);
        double moved = 0, norm = 0;
        for (int64_t i = q->offset; i < q->offset + q->count; i++) {
            const double d = (double)p->model->weights[i] - (double)p->before[i];
            moved += d * d;
            norm += (double)p->before[i] * (double)p->before[i];
        }
        assert_true(fabs(sqrt(moved) - 0.01 * sqrt(norm)) < 1e-5 * sqrt(norm));
    }
    const float *g = fv__learner_gradients(p->learner);
    for (int64_t i = b->offset; i < b->offset + b->count; i++)
        assert_true(p->model->weights[i] == p->before[i] - g[i]);
    free_pupil(p);
}

/* ------------------------------------------------------------------------------ whole runs --- */

static void clean(const char *folder) {
    char command[512];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

static bool stop_at_once(void *arg) {
    (void)arg;
    return true;
}

static fv_status start(fv_context *ctx, const char *folder, const char *text, fv_arena *arena,
                       fv_train_job **job) {
    fv_setting *settings;
    size_t count;
    FILE *f = fopen("small.net", "w");
    assert_non_null(f);
    fputs("net small(classes = 10)\ninput 1x28x28 scale 1/255\n"
          " conv 4 5x5 stride 2 bias no - bn - relu - maxpool 2\n"
          " - fc 24 - tanh - fc classes - softmax\ntrain lr 0.05 batch 50 epochs 2\n",
          f);
    fclose(f);
    clean(folder);
    must(ctx, fv__settings_split(ctx, arena, text, &settings, &count));
    const fv_train_request request = {.net = "small.net",
                                      .data = "digits:170",
                                      .settings = settings,
                                      .setting_count = count,
                                      .folder = folder,
                                      .command = "test"};
    return fv__train_start(ctx, &request, job);
}

static void expect_same(const char *a, const char *b, const char *file) {
    fv_context *ctx = new_context(1);
    char path[2][256];
    fv_bytes x, y;
    snprintf(path[0], sizeof path[0], "%s/%s", a, file);
    snprintf(path[1], sizeof path[1], "%s/%s", b, file);
    must(ctx, fv__file_read(ctx, path[0], 0, &x));
    must(ctx, fv__file_read(ctx, path[1], 0, &y));
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
    fv__file_release(&x);
    fv__file_release(&y);
    fv_context_free(ctx);
}

/* Stopped after every step and resumed, with other numbers of threads, a run ends in the bytes of
   one left alone. */
static void stop_and_go(const char *settings) {
    fv_context *ctx = new_context(1);
    fv_train_job *job;
    fv_arena arena;
    fv__arena_init(&arena, ctx);
    must(ctx, start(ctx, "alone", settings, &arena, &job));
    must(ctx, fv__train_run(ctx, job, NULL));
    fv__train_free(job);
    must(ctx, start(ctx, "often", settings, &arena, &job));
    fv__arena_free(&arena);
    const fv_hooks hooks = {.stop = stop_at_once};
    fv_status status = fv__train_run(ctx, job, &hooks);
    for (int i = 0; status == FV_INTERRUPTED && i < 100; i++) {
        fv__train_free(job);
        fv_context_free(ctx);
        ctx = new_context(1 + i % 3);
        must(ctx, fv__train_resume(ctx, "often", NULL, &job));
        /* a test is made again until nobody stops it */
        const bool at_end = job->at.step == (job->train.count + 49) / 50;
        status = fv__train_run(ctx, job, at_end ? NULL : &hooks);
    }
    must(ctx, status);
    fv__train_free(job);
    fv_context_free(ctx);
    expect_same("alone", "often", "model.safetensors");
    expect_same("alone", "often", "best.safetensors");
}

static void test_resumed(void **unused) {
    (void)unused;
    stop_and_go("average=0.9 clip=1 clip_value=0.2");
    stop_and_go("optimizer=lars lr=2 decay=1e-3 average=0.8");
    stop_and_go("optimizer=rmsprop lr=0.001 momentum=0.5 centered=yes freeze=conv1..bn1");
    stop_and_go("optimizer=adamw lr=0.001 decay=0.1 shards=3");
    stop_and_go("optimizer=adagrad");
}

/* The average is what is saved, not the weights; what is in a file says how it was made. */
static void test_saved(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(1);
    fv_train_job *job;
    fv_arena arena;
    fv_model *model;
    fv__arena_init(&arena, ctx);
    must(ctx, start(ctx, "saved", "average=0.99 epochs=1", &arena, &job));
    must(ctx, fv__train_run(ctx, job, NULL));
    assert_non_null(strstr(fv__model_get(job->model, "settings"), " average=0.99 "));
    must(ctx, fv__model_load(ctx, "saved/model.safetensors", &model));
    const fv_param *w = &model->net.graph->params[0];
    assert_memory_equal(model->weights, job->model->weights, (size_t)w->count * sizeof(float));
    fv__learner_show_average(job->learner, false);
    assert_memory_not_equal(model->weights, job->model->weights, (size_t)w->count * sizeof(float));
    assert_memory_equal(model->weights, fv__learner_average(job->learner),
                        (size_t)w->count * sizeof(float));
    fv__model_free(model);
    fv__train_free(job);
    must(ctx, start(ctx, "saved", "epochs=1", &arena, &job));
    assert_null(strstr(fv__model_get(job->model, "settings"), "average"));
    fv__train_free(job);
    fv__arena_free(&arena);
    fv_context_free(ctx);
}

/* A batch in four shards takes the memory of a batch a quarter as large, but for the sums of
   gradients. */
static void test_shards_memory(void **unused) {
    (void)unused;
    size_t bytes[3];
    static const char *const settings[3] = {"batch=64", "batch=256 shards=4", "batch=256"};
    for (int i = 0; i < 3; i++) {
        pupil *p = new_pupil(1, settings[i]);
        bytes[i] = fv__learner_memory(p->learner).workspace;
        free_pupil(p);
    }
    assert_int_equal(bytes[0], bytes[1]);
    assert_true(bytes[2] > 3 * bytes[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clip),
        cmocka_unit_test(test_average),
        cmocka_unit_test(test_freeze),
        cmocka_unit_test(test_frozen_statistics),
        cmocka_unit_test(test_freeze_plans),
        cmocka_unit_test(test_freeze_gradients),
        cmocka_unit_test(test_freeze_messages),
        cmocka_unit_test(test_freeze_blocks),
        cmocka_unit_test(test_open_ranges),
        cmocka_unit_test(test_trunk),
        cmocka_unit_test(test_lars),
        cmocka_unit_test(test_resumed),
        cmocka_unit_test(test_saved),
        cmocka_unit_test(test_shards_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
