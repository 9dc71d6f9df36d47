/* SPDX-License-Identifier: MIT */
/*
 * What is measured of each layer: numbers by hand; that watching changes no bit, that threads and
 * stops change no number; the files that hold them.
 */
#include "fovea.h"
#include "lang/lang.h"
#include "train/class_scores.h"
#include "train/epoch_files.h"
#include "train/learner_state.h"
#include "train/outcome.h"
#include "train/run.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void must(const fv_context *ctx, fv_status status) {
    if (status != FV_OK) print_error("status %d: %s\n", (int)status, ctx->message);
    assert_int_equal(status, FV_OK);
}

static fv_context *new_context(int threads) {
    fv_context *ctx;
    assert_int_equal(fv_context_new(threads, &ctx), FV_OK);
    return ctx;
}

/* --- by hand ---------------------------------------------------------------------------------- */

static const char by_hand[] = "net hand(classes = 2)\ninput 2x1x1\n fc 2 - relu - fc classes - "
                              "softmax\ntrain optimizer sgd momentum 0 decay 0 lr 0.5 batch 2\n";

/* fc1 = (1 0; 0 -1), fc2 = (1 0; 0 1), no biases; samples (1, 2) and (3, 4), both of class 0. */
static void set_weights(fv_model *m) {
    static const float fc1[] = {1, 0, 0, -1}, fc2[] = {1, 0, 0, 1};
    const fv_graph *net = m->net.graph;
    assert_int_equal(net->param_count, 4);
    memset(m->weights, 0, (size_t)net->param_elements * sizeof(float));
    memcpy(m->weights + net->params[0].offset, fc1, sizeof fc1);
    memcpy(m->weights + net->params[2].offset, fc2, sizeof fc2);
}

static void one_step(fv_context *ctx, fv_learner *l) {
    fv_learner_batch in;
    fv_step_result result;
    must(ctx, fv__learner_batch(ctx, l, 2, &in));
    memcpy(in.x, (const float[]){1, 2, 3, 4}, 4 * sizeof(float));
    memset(in.target[FV_TARGET_CLASS], 0, 2 * sizeof(int32_t));
    must(ctx, fv__learner_step(ctx, l, 2, 0.5, &result));
}

static fv_model *hand_model(fv_context *ctx) {
    fv_net net = {0};
    fv_model *model;
    must(ctx,
         fv__net_parse(ctx, "hand", by_hand, strlen(by_hand), NULL, 0, &net.graph, &net.recipe));
    must(ctx, fv__model_new(ctx, &net, 1, &model));
    set_weights(model);
    return model;
}

/* Hidden values: relu(1, -2) = (1, 0) and relu(3, -4) = (3, 0), which are the logits too. With
   p = 1/(1 + exp(-1)) and q = 1/(1 + exp(-3)) the gradient of fc2's weight is (-g 0; g 0),
   g = ((1 - p) + 3 (1 - q)) / 2. */
static void test_numbers_by_hand(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(2);
    fv_model *model = hand_model(ctx);
    fv_learner *l;
    fv_watch *w;
    fv_weight_record weight;
    fv_layer_record layer;
    must(ctx, fv__learner_new(ctx, model, &model->net.recipe, &l));
    must(ctx, fv__watch_new(ctx, l, &w));
    assert_int_equal(fv__watch_weights(w), 4);
    assert_int_equal(fv__watch_layers(w), 2);
    fv__watch_step(w, 0, 1);
    one_step(ctx, l);
    must(ctx, fv__watch_end_epoch(ctx, w));
    const double g = ((1 - 1 / (1 + exp(-1))) + 3 * (1 - 1 / (1 + exp(-3)))) / 2;
    assert_true(fv__watch_weight(w, 0, 2, &weight));
    assert_string_equal(weight.name, "fc2.weight");
    assert_true(fabs(weight.norm - sqrt(2)) < 1e-6);
    assert_true(fabs(weight.gradient - g * sqrt(2)) < 1e-6);
    assert_true(fabs(weight.update - 0.5 * g) < 1e-6); /* |lr g √2| / √2 */
    assert_true(fv__watch_weight(w, 0, 3, &weight));
    assert_true(isnan(weight.update)); /* a bias of 0 */
    assert_true(fv__watch_layer_at(w, 0, 0, &layer));
    assert_string_equal(layer.name, "relu1");
    assert_string_equal(layer.behind, "fc1");
    assert_int_equal(layer.units, 2);
    assert_true(fabs(layer.mean - 1) < 1e-6);
    assert_true(fabs(layer.deviation - sqrt(1.5)) < 1e-6);
    assert_true(layer.zeros == 0.5 && layer.dead == 0.5);
    assert_true(layer.bins[10] == 0.5 && layer.bins[15] == 0.25 && layer.bins[17] == 0.25);
    assert_true(fv__watch_layer_at(w, 0, 1, &layer));
    assert_string_equal(layer.name, "fc2");
    assert_string_equal(layer.behind, "fc2");
    assert_false(fv__watch_layer_at(w, 0, 2, &layer) || fv__watch_layer_at(w, 1, 0, &layer));
    fv__watch_free(w);
    fv__learner_free(l);
    fv__model_free(model);
    fv_context_free(ctx);
}

static void test_watching_changes_nothing(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(1);
    fv_model *models[2];
    for (int i = 0; i < 2; i++) {
        fv_learner *l;
        fv_watch *w;
        models[i] = hand_model(ctx);
        must(ctx, fv__learner_new(ctx, models[i], &models[i]->net.recipe, &l));
        must(ctx, fv__watch_new(ctx, l, &w));
        if (i) fv__watch_step(w, 0, 1);
        for (int k = 0; k < 3; k++) one_step(ctx, l);
        fv__watch_free(w);
        fv__learner_free(l);
    }
    assert_memory_equal(models[0]->weights, models[1]->weights,
                        (size_t)models[0]->net.graph->param_elements * sizeof(float));
    fv__model_free(models[0]);
    fv__model_free(models[1]);
    fv_context_free(ctx);
}

/* Four of an epoch, one of sixteen, one at least. */
static void test_which_steps(void **unused) {
    (void)unused;
    static const int64_t steps[] = {1, 15, 16, 40, 64, 1000};
    static const int looks[] = {1, 1, 1, 2, 4, 4};
    fv_context *ctx = new_context(1);
    fv_model *model = hand_model(ctx);
    fv_learner *l;
    fv_watch *w;
    must(ctx, fv__learner_new(ctx, model, &model->net.recipe, &l));
    must(ctx, fv__watch_new(ctx, l, &w));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        int seen = 0;
        for (int64_t s = 0; s < steps[i]; s++) {
            fv__watch_step(w, s, steps[i]);
            seen += l->watcher != NULL;
        }
        assert_int_equal(seen, looks[i]);
    }
    fv__watch_step(w, 8, 64);
    assert_non_null(l->watcher);
    assert_true(fv__watch_edge(0) == -16 && fv__watch_edge(8) == -0.0625);
    assert_true(fv__watch_edge(9) == 0 && fv__watch_edge(10) == 0);
    assert_true(fv__watch_edge(11) == 0.0625 && fv__watch_edge(19) == 16);
    assert_true(isinf(fv__watch_edge(20)));
    fv__watch_free(w);
    fv__learner_free(l);
    fv__model_free(model);
    fv_context_free(ctx);
}

/* --- runs ------------------------------------------------------------------------------------- */

static const char small[] = "net small(classes = 10)\ninput 1x28x28 scale 1/255\n conv 4 5x5 "
                            "stride 2 bias no - bn - relu - maxpool 2 - fc 24 - tanh - fc classes\n"
                            " - softmax\ntrain lr 0.05 batch 8 epochs 3\n";

typedef struct stopper {
    int steps, after;
} stopper;

static bool stop(void *arg) {
    stopper *s = arg;
    return ++s->steps == s->after;
}

static fv_train_job *start(fv_context *ctx, const char *folder) {
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
    FILE *f = fopen("small.net", "w");
    assert_non_null(f);
    fputs(small, f);
    fclose(f);
    const fv_train_request request = {
        .net = "small.net", .data = "digits:300", .folder = folder, .command = "test"};
    fv_train_job *job;
    must(ctx, fv__train_start(ctx, &request, &job));
    return job;
}

static void expect_same_records(const fv_train_job *a, const fv_train_job *b) {
    const size_t n = fv__watch_epochs(a->watch) * fv__watch_width(a->watch);
    assert_int_equal(fv__watch_epochs(a->watch), 3);
    assert_int_equal(fv__watch_epochs(b->watch), 3);
    assert_memory_equal(fv__watch_records(a->watch), fv__watch_records(b->watch),
                        n * sizeof(float));
}

/* Stopped twice within an epoch of two steps looked at (of 38 at 9 and 28), once between them. */
static void test_stops_and_threads_do_not_matter(void **unused) {
    (void)unused;
    fv_context *one = new_context(1), *three = new_context(3);
    fv_train_job *whole = start(one, "whole"), *parts = start(three, "parts");
    must(one, fv__train_run(one, whole, NULL));
    static const int after[] = {20, 12, 40};
    for (int i = 0; i < 3; i++) {
        stopper s = {.after = after[i]};
        const fv_hooks hooks = {.stop = stop, .arg = &s};
        assert_int_equal(fv__train_run(three, parts, &hooks), FV_INTERRUPTED);
        fv__train_free(parts);
        must(three, fv__train_resume(three, "parts", NULL, &parts));
    }
    must(three, fv__train_run(three, parts, NULL));
    expect_same_records(whole, parts);
    fv_weight_record weight;
    fv_layer_record layer;
    assert_true(fv__watch_weight(whole->watch, 2, 0, &weight) && weight.gradient > 0);
    assert_true(weight.update > 0 && weight.update < 1);
    assert_true(fv__watch_layer_at(whole->watch, 0, 0, &layer));
    assert_string_equal(layer.behind, "conv1"); /* through the normalisation */
    assert_true(layer.zeros > 0 && layer.zeros < 1);
    fv__train_free(parts);
    must(three, fv__train_resume(three, "parts", NULL, &parts)); /* as read back */
    expect_same_records(whole, parts);
    assert_true(parts->at.history[2].images_per_second > 0);
    fv__train_free(whole);
    fv__train_free(parts);
    fv_context_free(one);
    fv_context_free(three);
}

/* Columns of the first lines of a CSV: the same in each. */
static int columns(const char *path, const char *head) {
    char line[4096];
    int count = -1;
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (int i = 0; i < 40 && fgets(line, sizeof line, f); i++) {
        int here = 1;
        for (const char *p = line; *p; p++) here += *p == ',';
        if (i == 0) assert_memory_equal(line, head, strlen(head));
        if (count >= 0) assert_int_equal(here, count);
        count = here;
    }
    fclose(f);
    return count;
}

static void test_files(void **unused) {
    (void)unused;
    fv_context *ctx = new_context(2);
    fv_train_job *job = start(ctx, "files");
    fv_outcome made;
    must(ctx, fv__train_run(ctx, job, NULL));
    must(ctx, fv__train_outcome(ctx, job, &made));
    assert_int_equal(columns("files/log.csv",
                             "epoch,lr,train_loss,train_accuracy,test_loss,test_accuracy,seconds,"
                             "images_per_second,peak_memory\n"),
                     9);
    assert_int_equal(columns("files/layers.csv", "epoch,what,name,behind,norm,gradient,update,"),
                     33);
    assert_int_equal(columns("files/classes.csv", "class,name,images,predicted,right,"), 8);
    assert_int_equal(columns("files/confusion.csv", "label,predicted,count,"), 5);
    assert_int_equal(columns("files/mistakes.csv", "image,label,predicted,confidence,"), 7);
    static const char *const trees[] = {"files/epochs.json", "files/report.json"};
    for (int i = 0; i < 2; i++) {
        fv_arena arena;
        fv_json *tree;
        fv_bytes bytes;
        fv__arena_init(&arena, ctx);
        must(ctx, fv__file_read(ctx, trees[i], 0, &bytes));
        must(ctx, fv__json_parse(ctx, &arena, (const char *)bytes.data, bytes.size, &tree));
        if (i == 0) assert_int_equal(fv__json_get(tree, "epochs")->count, 3);
        if (i == 1) assert_int_equal(fv__json_get(tree, "classes")->count, 10);
        fv__file_release(&bytes);
        fv__arena_free(&arena);
    }
    for (int i = 0; i < made.count; i++) {
        char path[256];
        snprintf(path, sizeof path, "files/%s", made.files[i].name);
        assert_true(fv__file_exists(path));
    }
    fv__train_free(job);
    fv_context_free(ctx);
}

/* --- targets that are no classes ---------------------------------------------------------------
 */

/* An image of 8x8 stripes: of each pixel whether it is bright, and how many are. */
static fv_status stripes(void *user, fv_context *ctx, int64_t i, fv_sample_view *out) {
    static _Thread_local uint8_t pixels[64];
    static _Thread_local int32_t map[64];
    static _Thread_local float vector[2];
    (void)ctx;
    for (int k = 0; k < 64; k++) pixels[k] = (k / (1 + i % 5)) % 2 ? 200 : 20;
    for (int k = 0; k < 64; k++) map[k] = pixels[k] > 100;
    vector[0] = (float)(i % 5), vector[1] = 1;
    out->channels = 1, out->height = out->width = 8;
    out->pixels = pixels;
    out->label = -1;
    out->target_count = 1;
    out->targets[0] = *(const fv_target_view *)user;
    if (out->targets[0].kind == FV_TARGET_MAP)
        out->targets[0].dims[0] = out->targets[0].dims[1] = 8;
    out->targets[0].data = out->targets[0].kind == FV_TARGET_MAP ? (void *)map : (void *)vector;
    return FV_OK;
}

static void report_of(const char *text, fv_target_view target, bool counts, const char *folder) {
    fv_context *ctx = new_context(1);
    fv_net *net;
    fv_model *model;
    fv_dataset *set;
    fv_training *t;
    fv_dataset_source source = FV_INIT(fv_dataset_source);
    fv_training_options options = FV_INIT(fv_training_options);
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
    source.name = "stripes", source.count = 40, source.classes = 2;
    source.channels = 1, source.height = source.width = 8;
    source.target_count = 1, source.targets[0] = target;
    source.sample = stripes, source.user = &target;
    must(ctx, fv_dataset_new(ctx, &source, &set));
    must(ctx, fv_net_parse(ctx, text, NULL, &net));
    must(ctx, fv_model_new(ctx, net, 1, &model)); /* which owns the net from now on */
    options.model = model, options.train = set, options.test = set, options.folder = folder;
    must(ctx, fv_training_start(ctx, &options, &t));
    must(ctx, fv_training_run(t, NULL));
    must(ctx, fv_training_report(t));
    char path[64];
    snprintf(path, sizeof path, "%s/report.html", folder);
    fv_bytes bytes;
    must(ctx, fv__file_read(ctx, path, 0, &bytes));
    char *html = calloc(1, bytes.size + 1);
    memcpy(html, bytes.data, bytes.size);
    assert_int_equal(strstr(html, "test pixels right") != NULL, counts);
    assert_int_equal(strstr(html, "test loss") != NULL, !counts);
    assert_non_null(strstr(html, "How each layer learnt"));
    assert_null(strstr(html, "Class by class"));
    free(html);
    fv__file_release(&bytes);
    fv_training_free(t);
    fv_model_free(model);
    fv_dataset_free(set);
    fv_context_free(ctx);
}

static void test_other_targets(void **unused) {
    (void)unused;
    report_of("net pixels(classes = 2)\ninput 1x8x8 scale 1/255\n conv 4 3x3 pad 1 - relu - conv "
              "classes 1x1\ntrain batch 10 epochs 2\n",
              (fv_target_view){.kind = FV_TARGET_MAP, .rank = 2}, true, "map");
    report_of("net numbers\ninput 1x8x8 scale 1/255\n fc 4 - relu - fc 2\nloss squarederror target "
              "vector\n"
              "train batch 10 epochs 2\n",
              (fv_target_view){.kind = FV_TARGET_VECTOR, .rank = 1, .dims = {2}}, false, "vector");
}

/* --- classes ---------------------------------------------------------------------------------- */

static void test_class_scores(void **unused) {
    (void)unused;
    static const int64_t m[] = {5, 1, 0, 2, 3, 0, 4, 0, 0}; /* [label][predicted] */
    fv_context *ctx = new_context(1);
    fv_arena arena;
    fv_class_pair *pairs;
    int64_t count;
    const fv_class_score a = fv__class_score(m, 3, 0), c = fv__class_score(m, 3, 2);
    assert_int_equal(a.images, 6);
    assert_int_equal(a.predicted, 11);
    assert_true(fabs(a.precision - 5.0 / 11) < 1e-12 && fabs(a.recall - 5.0 / 6) < 1e-12);
    assert_true(fabs(a.f1 - 10.0 / 17) < 1e-12);
    assert_true(isnan(c.precision) && c.recall == 0 && c.f1 == 0);
    assert_true(fabs(fv__class_f1(m, 3) - (10.0 / 17 + 6.0 / 9 + 0) / 3) < 1e-12);
    fv__arena_init(&arena, ctx);
    must(ctx, fv__class_pairs(&arena, m, 3, 2, &pairs, &count));
    assert_int_equal(count, 2);
    assert_int_equal(pairs[0].label, 2);
    assert_int_equal(pairs[0].count, 4);
    assert_int_equal(pairs[1].label, 1);
    assert_int_equal(pairs[1].predicted, 0);
    fv_text t = {0};
    fv__text_csv(&t, "plain");
    fv__text_csv(&t, "a,\"b\"");
    assert_string_equal(t.data, "plain\"a,\"\"b\"\"\"");
    fv__text_free(&t);
    fv__arena_free(&arena);
    fv_context_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_by_hand),
        cmocka_unit_test(test_watching_changes_nothing),
        cmocka_unit_test(test_which_steps),
        cmocka_unit_test(test_stops_and_threads_do_not_matter),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_other_targets),
        cmocka_unit_test(test_class_scores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
