/* SPDX-License-Identifier: MIT */
/*
 * test_api_training.c - public: runs in a folder (started, watched, stopped, resumed, extended,
 * begun from weights), evaluations, values and gradients by name, and what is drawn of them.
 */
#include "public.h"
#include <sys/stat.h>
#include <sys/types.h>

static const char network[] = "net tiny(classes = 10)\n"
                              "input 1x28x28 scale 1/255\n"
                              "    conv 4 5x5 stride 2 - relu - maxpool 2 as small\n"
                              "  - fc classes - softmax\n"
                              "train lr 0.1 momentum 0.9 batch 20 epochs 2\n";

/* A folder of this name that is not there yet. */
static const char *fresh(const char *name) {
    static char command[200];
    snprintf(command, sizeof command, "rm -rf '%s'", name);
    if (system(command) != 0) fail_msg("cannot remove %s", name);
    return name;
}

static char *read_file(const char *folder, const char *name, size_t *size) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s is not there", path);
    static char data[4][1 << 20];
    static int next;
    char *to = data[next++ % 4];
    *size = fread(to, 1, (1 << 20) - 1, f);
    to[*size] = 0;
    fclose(f);
    return to;
}

static void assert_same_file(const char *a, const char *b, const char *name) {
    size_t n, m;
    const char *x = read_file(a, name, &n), *y = read_file(b, name, &m);
    if (n != m || memcmp(x, y, n) != 0) fail_msg("%s/%s is not %s/%s", a, name, b, name);
}

static int write_net(void **state) {
    FILE *f = fopen("tiny.net", "wb");
    if (!f || fwrite(network, 1, sizeof network - 1, f) != sizeof network - 1 || fclose(f) != 0)
        return 1;
    return public_setup(state);
}

static fv_training_options options_of(const char *folder, const char *settings) {
    fv_training_options o = FV_INIT(fv_training_options);
    o.net = "tiny.net";
    o.data = "digits:200";
    o.folder = fresh(folder);
    o.settings = settings;
    return o;
}

/* A run from its start to its end. */
static void run_whole(fv_context *ctx, const fv_training_options *o) {
    fv_training *t;
    OK(ctx, fv_training_start(ctx, o, &t));
    OK(ctx, fv_training_run(t, NULL));
    fv_training_free(t);
}

/* ---------------------------------------------------------------------------- the way of it --- */

typedef struct watch {
    int told, ended, asked, stop_at;
    double last_loss;
} watch;

static void told(void *user, const fv_progress *p) {
    watch *w = user;
    w->told++;
    assert_true(p->epoch >= 1 && p->epoch <= p->epochs && p->step <= p->steps);
    if (!p->done) return;
    w->ended++;
    w->last_loss = p->done->train_loss;
    assert_true(p->done->test_accuracy >= 0 && p->done->test_accuracy <= 1);
}

static int stop(void *user) {
    watch *w = user;
    return ++w->asked == w->stop_at;
}

static void runs_are_watched_and_told(void **state) {
    fv_context *ctx = *state;
    fv_training *t;
    watch w = {0};
    fv_training_hooks hooks = FV_INIT(fv_training_hooks);
    hooks.progress = told;
    hooks.stop = stop;
    hooks.user = &w;
    fv_training_options o = options_of("whole", "seed=3");
    o.command = "as typed";
    OK(ctx, fv_training_start(ctx, &o, &t));
    const fv_training_facts *f = fv_training_describe(t);
    assert_string_equal(f->folder, "whole");
    assert_string_equal(f->net, "tiny");
    assert_string_equal(f->data, "digits:200");
    assert_string_equal(f->command, "as typed");
    assert_non_null(strstr(f->settings, "momentum=0.9"));
    assert_int_equal(f->parameters, 4 * 25 + 4 + 4 * 36 * 10 + 10);
    assert_int_equal(f->train_images, 200);
    assert_int_equal(f->epochs, 2);
    assert_int_equal(f->batch, 20);
    assert_int_equal(f->seed, 3);
    assert_int_equal(f->epochs_done, 0);
    assert_int_equal(f->best_epoch, -1);
    assert_true(f->memory > 10000);
    assert_null(fv_training_epoch(t, 0));
    fv_blob *png;
    SAYS(ctx, fv_draw_curves(ctx, t, &png), FV_USAGE, "epoch");
    SAYS(ctx, fv_training_report(t), FV_USAGE, "epoch");
    OK(ctx, fv_training_run(t, &hooks));
    assert_int_equal(w.ended, 2);
    assert_true(w.asked >= 20 && w.told >= 2);
    f = fv_training_describe(t);
    assert_int_equal(f->epochs_done, 2);
    assert_int_equal(f->steps_done, 20);
    assert_true(f->best_epoch >= 0);
    assert_true(fv_training_epoch(t, 1)->train_loss == w.last_loss);
    assert_null(fv_training_epoch(t, 2));
    assert_string_equal(fv_model_name(fv_training_model(t)), "tiny");
    OK(ctx, fv_training_report(t));
    const char *about;
    assert_string_equal(fv_training_file(t, 0, &about), "report.html");
    assert_true(strlen(about) > 5);
    size_t size;
    for (int i = 0; fv_training_file(t, i, NULL); i++)
        read_file("whole", fv_training_file(t, i, NULL), &size);
    OK(ctx, fv_draw_curves(ctx, t, &png));
    assert_png(png, 500);
    fv_blob_free(png);
    assert_non_null(strstr(read_file("whole", "log.csv", &size), "\n2,"));
    fv_training_free(t);
    fv_training_free(NULL);
}

/* Stopped anywhere - in the first epoch, within a test, in the last - and taken up again: the same
   bytes as without a stop. */
static void stops_change_nothing(void **state) {
    fv_context *ctx = *state;
    fv_training_options o = options_of("straight", NULL);
    run_whole(ctx, &o);
    static const int at[] = {1, 7, 10, 11, 15};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        fv_training *t;
        watch w = {.stop_at = at[i]};
        fv_training_hooks hooks = FV_INIT(fv_training_hooks);
        hooks.stop = stop;
        hooks.user = &w;
        o = options_of("stopped", NULL);
        OK(ctx, fv_training_start(ctx, &o, &t));
        assert_int_equal(fv_training_run(t, &hooks), FV_INTERRUPTED);
        fv_training_free(t);
        OK(ctx, fv_training_resume(ctx, "stopped", NULL, &t));
        OK(ctx, fv_training_run(t, NULL));
        fv_training_free(t);
        assert_same_file("straight", "stopped", "model.safetensors");
        assert_same_file("straight", "stopped", "best.safetensors");
    }
}

/* Two epochs and then two more are four, where the rate does not look at the end. */
static void runs_are_extended(void **state) {
    fv_context *ctx = *state;
    fv_training *t;
    fv_training_options o = options_of("four", "epochs=4"), more = FV_INIT(fv_training_options);
    run_whole(ctx, &o);
    o = options_of("two", "epochs=2");
    run_whole(ctx, &o);
    more.settings = "epochs=4";
    OK(ctx, fv_training_resume(ctx, "two", &more, &t));
    assert_int_equal(fv_training_describe(t)->epochs_done, 2);
    assert_int_equal(fv_training_describe(t)->epochs, 4);
    OK(ctx, fv_training_run(t, NULL));
    assert_int_equal(fv_training_describe(t)->epochs_done, 4);
    fv_training_free(t);
    fv_model *a, *b;
    OK(ctx, fv_model_load(ctx, "four/model.safetensors", &a));
    OK(ctx, fv_model_load(ctx, "two/model.safetensors", &b));
    for (int i = 0; i < fv_model_tensors(a); i++) {
        fv_tensor_view x = FV_INIT(fv_tensor_view), y = FV_INIT(fv_tensor_view);
        OK(ctx, fv_model_tensor(ctx, a, i, &x));
        OK(ctx, fv_model_tensor(ctx, b, i, &y));
        assert_memory_equal(x.data, y.data, (size_t)x.count * sizeof(float));
    }
    fv_model_free(a);
    fv_model_free(b);
    more.settings = "epochs=3";
    SAYS(ctx, fv_training_resume(ctx, "two", &more, &t), FV_USAGE, "3");
    more.settings = "lr=3";
    SAYS(ctx, fv_training_resume(ctx, "two", &more, &t), FV_USAGE, "lr");
    assert_null(t);
    SAYS(ctx, fv_training_resume(ctx, "nowhere", NULL, &t), FV_BAD_INPUT, "nowhere");
}

/* From the weights of a model: the loss begins where the model was, not where a fresh one is. */
static void runs_begin_with_weights(void **state) {
    fv_context *ctx = *state;
    fv_training *t;
    fv_training_options o = options_of("base", "epochs=3");
    run_whole(ctx, &o);
    o = options_of("further", "epochs=1 lr=0.001");
    o.net = "base/model.safetensors";
    OK(ctx, fv_training_start(ctx, &o, &t));
    OK(ctx, fv_training_run(t, NULL));
    const double by_path = fv_training_epoch(t, 0)->train_loss;
    fv_training_free(t);
    fv_model *model;
    OK(ctx, fv_model_load(ctx, "base/model.safetensors", &model));
    o = options_of("also", "epochs=1 lr=0.001");
    o.net = NULL;
    o.model = model;
    OK(ctx, fv_training_start(ctx, &o, &t));
    fv_model_free(model); /* copied */
    OK(ctx, fv_training_run(t, NULL));
    assert_true(fv_training_epoch(t, 0)->train_loss == by_path);
    fv_training_free(t);
    o = options_of("anew", "epochs=1 lr=0.001");
    OK(ctx, fv_training_start(ctx, &o, &t));
    OK(ctx, fv_training_run(t, NULL));
    assert_true(fv_training_epoch(t, 0)->train_loss > 1.5 * by_path);
    fv_training_free(t);
}

/* A network without a text is trained and resumed like any other. */
static void built_networks_have_runs(void **state) {
    fv_context *ctx = *state;
    fv_builder *b;
    fv_net *net;
    fv_model *model;
    fv_training *t;
    OK(ctx, fv_builder_new(ctx, "made", "1x28x28 scale 1/255", &b));
    const int x = fv_builder_then(b, fv_builder_then(b, 0, "avgpool", "4"), "fc", "10");
    fv_builder_head(b, NULL, x, NULL, 1, 0);
    fv_builder_train(b, "batch=50 epochs=2");
    OK(ctx, fv_builder_finish(b, &net));
    OK(ctx, fv_model_new(ctx, net, 1, &model));
    fv_training_options o = options_of("made", "epochs=1");
    o.net = NULL;
    o.model = model;
    OK(ctx, fv_training_start(ctx, &o, &t));
    OK(ctx, fv_training_run(t, NULL));
    fv_training_free(t);
    fv_model_free(model);
    fv_training_options more = FV_INIT(fv_training_options);
    more.settings = "epochs=2";
    OK(ctx, fv_training_resume(ctx, "made", &more, &t));
    OK(ctx, fv_training_run(t, NULL));
    assert_int_equal(fv_training_describe(t)->epochs_done, 2);
    fv_training_free(t);
}

/* ------------------------------------------------------------------- sets of the program --- */

static fv_status slope(void *user, fv_context *ctx, int64_t i, fv_sample_view *out) {
    static _Thread_local uint8_t pixels[784];
    (void)user;
    (void)ctx;
    for (int k = 0; k < 784; k++) pixels[k] = (uint8_t)(9 * (i % 2 ? k / 28 : k % 28));
    out->channels = 1;
    out->height = out->width = 28;
    out->pixels = pixels;
    out->label = (int32_t)(i % 2);
    return FV_OK;
}

static void make_set(fv_context *ctx, int64_t count, fv_dataset **out) {
    fv_dataset_source source = FV_INIT(fv_dataset_source);
    source.name = "slopes";
    source.count = count;
    source.channels = 1;
    source.height = source.width = 28;
    source.classes = 2;
    source.sample = slope;
    OK(ctx, fv_dataset_new(ctx, &source, out));
}

static void runs_on_sets_of_ones_own(void **state) {
    fv_context *ctx = *state;
    fv_dataset *train, *test;
    fv_training *t;
    make_set(ctx, 40, &train);
    make_set(ctx, 10, &test);
    fv_training_options o = options_of("own", "epochs=20 lr=0.01"),
                        again = FV_INIT(fv_training_options);
    o.data = NULL;
    o.train = train;
    o.test = test;
    OK(ctx, fv_training_start(ctx, &o, &t));
    watch w = {.stop_at = 2};
    fv_training_hooks hooks = FV_INIT(fv_training_hooks);
    hooks.stop = stop;
    hooks.user = &w;
    assert_int_equal(fv_training_run(t, &hooks), FV_INTERRUPTED);
    fv_training_free(t);
    SAYS(ctx, fv_training_resume(ctx, "own", NULL, &t), FV_BAD_INPUT, "slopes");
    again.train = train;
    again.test = test;
    OK(ctx, fv_training_resume(ctx, "own", &again, &t));
    OK(ctx, fv_training_run(t, NULL));
    assert_true(fv_training_epoch(t, 19)->test_accuracy == 1);
    OK(ctx, fv_training_report(t));
    fv_training_free(t);
    o = options_of("own", NULL);
    o.train = train;
    SAYS(ctx, fv_training_start(ctx, &o, &t), FV_USAGE, "both sets");
    o.test = test;
    SAYS(ctx, fv_training_start(ctx, &o, &t), FV_USAGE, "one of them");
    fv_dataset_free(train);
    fv_dataset_free(test);
}

/* ------------------------------------------------------------------------------ settings --- */

static char notes[1000];
static void note(void *user, fv_log_level level, const char *text) {
    (void)user;
    snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "%d %s\n", (int)level, text);
}

static void settings_without_effect(void **state) {
    (void)state;
    fv_context *ctx;
    fv_context_options with = FV_INIT(fv_context_options);
    with.log = note;
    assert_int_equal(fv_context_new_with(&with, &ctx), FV_OK);
    static const struct {
        const char *settings;
        fv_status status;
        const char *words;
    } each[] = {
        {"steps=1", FV_USAGE, "schedule=step"},
        {"schedule=step", FV_USAGE, "steps"},
        {"patience=3", FV_USAGE, "plateau"},
        {"factor=0.5", FV_USAGE, "schedule"},
        {"warmup=9 epochs=3", FV_USAGE, "warmup"},
        {"threshold=0.1", FV_USAGE, "plateau"},
        {"min_lr=0.001", FV_USAGE, "cosine"},
        {"schedule=cosine lr=0.1 min_lr=0.2", FV_USAGE, "more than lr"},
        {"rise=0.2", FV_USAGE, "onecycle"},
        {"schedule=linear power=2", FV_USAGE, "poly"},
        {"schedule=onecycle warmup=1", FV_USAGE, "rise="},
        {"stop=3 epochs=3", FV_OK, "stop=3 has no effect"},
        {"optimizer=adam momentum=0.8", FV_OK, "momentum"},
        {"epochs=nine", FV_BAD_INPUT, "epochs"},
        {"epoch=9", FV_USAGE, "did you mean 'epochs'"},
        {"lr=0.1 batch=500", FV_OK, "200 training images"},
        {"lr=0.1", FV_OK, ""},
    };
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        fv_training *t;
        fv_training_options o = options_of("settings", each[i].settings);
        notes[0] = 0;
        const fv_status got = fv_training_start(ctx, &o, &t);
        const char *said = got ? fv_context_error(ctx) : notes;
        if (got != each[i].status || !strstr(said, each[i].words) || (!*each[i].words && notes[0]))
            fail_msg("%s gave %d: %s", each[i].settings, (int)got, said);
        fv_training_free(t);
    }
    fv_training *t;
    fv_training_options o = options_of("settings", NULL);
    OK(ctx, fv_training_start(ctx, &o, &t));
    fv_training_free(t);
    SAYS(ctx, fv_training_start(ctx, &o, &t), FV_BAD_INPUT, "settings");
    o = options_of("settings", NULL);
    o.net = NULL;
    SAYS(ctx, fv_training_start(ctx, &o, &t), FV_USAGE, "a network");
    fv_context_free(ctx);
}

/* ------------------------------------------------------------------------ looking at it --- */

static void evaluations_tell_each(void **state) {
    fv_context *ctx = *state;
    fv_training_options o = options_of("seen", "epochs=3");
    fv_model *model;
    fv_dataset *test;
    fv_evaluation *e, *whole;
    fv_evaluation_options each = FV_INIT(fv_evaluation_options);
    run_whole(ctx, &o);
    OK(ctx, fv_model_open(ctx, "seen", NULL, &model));
    OK(ctx, fv_dataset_open(ctx, "digits:600", 9, NULL, &test));
    each.each = 1;
    each.batch = 7;
    OK(ctx, fv_evaluate(ctx, model, test, &each, &e));
    OK(ctx, fv_evaluate(ctx, model, test, NULL, &whole));
    assert_null(whole->predicted);
    assert_int_equal(e->images, 100);
    assert_int_equal(e->counted, 100);
    assert_int_equal(e->correct, whole->correct);
    assert_true(e->correct5 >= e->correct && e->correct > 20 && e->correct < 100);
    assert_true(fabs(e->loss - whole->loss) < 1e-5 &&
                fabs(e->accuracy - 0.01 * (double)e->correct) < 1e-9);
    assert_int_equal(e->classes, 10);
    int64_t right = 0, all = 0, diagonal = 0;
    for (int i = 0; i < 100; i++) {
        const int hit = e->predicted[i] == e->labels[i];
        right += hit;
        assert_true(e->confidence[i] >= 0.1f && e->confidence[i] <= 1.0f);
        assert_true(hit == (e->label_probability[i] == e->confidence[i]));
    }
    for (int i = 0; i < 100; i++) {
        all += e->confusion[i];
        if (i % 11 == 0) diagonal += e->confusion[i];
    }
    assert_int_equal(right, e->correct);
    assert_int_equal(all, 100);
    assert_int_equal(diagonal, e->correct);
    fv_blob *png;
    OK(ctx, fv_draw_confusion(ctx, model, e, &png));
    assert_png(png, 500);
    fv_blob_free(png);
    OK(ctx, fv_draw_mistakes(ctx, model, test, e, 6, &png));
    assert_png(png, 500);
    fv_blob_free(png);
    SAYS(ctx, fv_draw_confusion(ctx, model, whole, &png), FV_USAGE, "each");
    SAYS(ctx, fv_draw_mistakes(ctx, model, test, whole, 6, &png), FV_USAGE, "each");
    each.batch = -1;
    SAYS(ctx, fv_evaluate(ctx, model, test, &each, &(fv_evaluation *){NULL}), FV_USAGE, "batch");
    fv_evaluation_free(whole);
    fv_evaluation_free(e);
    fv_evaluation_free(NULL);
    fv_dataset_free(test);
    fv_model_free(model);
}

static void values_are_looked_at(void **state) {
    fv_context *ctx = *state;
    fv_model *model;
    fv_run *run, *plain;
    fv_tensor_view v = FV_INIT(fv_tensor_view), w = FV_INIT(fv_tensor_view);
    OK(ctx, fv_model_parse(ctx, network, NULL, 3, &model));
    OK(ctx, fv_run_new_keeping(ctx, model, 2, &run));
    OK(ctx, fv_run_new(ctx, model, 2, &plain));
    for (int i = 0; i < 2 * 784; i++)
        fv_run_input(run)[i] = fv_run_input(plain)[i] = (float)(i % 97) / 97;
    OK(ctx, fv_run_forward(run, 2));
    OK(ctx, fv_run_forward(plain, 2));
    for (int i = 0; i < 20; i++)
        assert_true(fabsf(fv_run_output(run, 0, NULL)[i] - fv_run_output(plain, 0, NULL)[i]) <
                    1e-5f);
    int small = 0;
    for (int i = 0; i < fv_run_values(run); i++)
        small += strcmp(fv_run_value_name(run, i), "small") == 0;
    assert_int_equal(small, 1);
    assert_null(fv_run_value_name(run, fv_run_values(run)));
    OK(ctx, fv_run_value(run, "relu1", &v));
    assert_int_equal(v.rank, 4);
    assert_int_equal(v.dims[0], 2);
    assert_int_equal(v.dims[1], 4);
    assert_int_equal(v.dims[3], 12);
    OK(ctx, fv_run_value(run, "small", &w));
    const float *r = v.data, *s = w.data;
    for (int i = 0; i < 36; i++) { /* the pool's largest of four, in the first map */
        const float *at = r + (i / 6 * 2) * 12 + i % 6 * 2;
        const float top = at[0] > at[1] ? at[0] : at[1], low = at[12] > at[13] ? at[12] : at[13];
        assert_true(s[i] == (top > low ? top : low) && s[i] >= 0);
    }
    SAYS(ctx, fv_run_value(run, "reul1", &v), FV_BAD_INPUT, "did you mean 'relu1'");
    SAYS(ctx, fv_run_value(plain, "relu1", &v), FV_USAGE, "keep");
    fv_blob *png;
    int filters = 0, maps = 0;
    for (; fv_filters_name(model, filters); filters++) {
        OK(ctx, fv_draw_filters(ctx, model, fv_filters_name(model, filters), &png));
        assert_png(png, 100);
        fv_blob_free(png);
    }
    for (; fv_maps_name(model, maps); maps++) {
        OK(ctx, fv_draw_maps(ctx, run, fv_maps_name(model, maps), 16, &png));
        assert_png(png, 100);
        fv_blob_free(png);
    }
    assert_int_equal(filters, 1);
    assert_true(maps >= 3);
    OK(ctx, fv_draw_input(ctx, run, &png));
    assert_png(png, 100);
    fv_blob_free(png);
    SAYS(ctx, fv_draw_filters(ctx, model, "conv1.bias", &png), FV_BAD_INPUT, "no filters");
    SAYS(ctx, fv_draw_filters(ctx, model, "conv9.weight", &png), FV_BAD_INPUT, "conv1.weight");
    SAYS(ctx, fv_draw_maps(ctx, run, "conv9", 16, &png), FV_BAD_INPUT, "conv9");
    SAYS(ctx, fv_draw_maps(ctx, plain, "conv1", 16, &png), FV_USAGE, "keep");
    assert_null(png);
    fv_run_free(run);
    fv_run_free(plain);
    fv_model_free(model);
}

/* The gradient of a step is the weight's change, where the rule is plain. */
static void gradients_are_looked_at(void **state) {
    fv_context *ctx = *state;
    fv_model *model;
    fv_trainer *t;
    fv_tensor_view w = FV_INIT(fv_tensor_view), g = FV_INIT(fv_tensor_view);
    static float x[784], before[100];
    const int32_t label = 4;
    double loss, after;
    for (int i = 0; i < 784; i++) x[i] = (float)(i % 89) / 89;
    OK(ctx, fv_model_parse(ctx, network, NULL, 3, &model));
    OK(ctx, fv_trainer_new(ctx, model, "momentum=0 lr=0.5 batch=1", &t));
    SAYS(ctx, fv_trainer_gradient(t, "conv1.weight", &g), FV_USAGE, "first step");
    OK(ctx, fv_trainer_set_rate(t, 0));
    OK(ctx, fv_trainer_step(t, x, &label, 1, &loss));
    OK(ctx, fv_trainer_step(t, x, &label, 1, &after));
    assert_true(loss == after); /* at rate 0 nothing moves */
    OK(ctx, fv_model_tensor_named(ctx, model, "conv1.weight", &w));
    memcpy(before, w.data, sizeof before);
    OK(ctx, fv_trainer_set_rate(t, 0.5));
    OK(ctx, fv_trainer_step(t, x, &label, 1, &loss));
    OK(ctx, fv_trainer_gradient(t, "conv1.weight", &g));
    assert_int_equal(g.count, 100);
    for (int i = 0; i < 100; i++) {
        const float want = before[i] - 0.5f * ((float *)g.data)[i];
        assert_true(fabsf(((float *)w.data)[i] - want) <= 1e-6f * (1 + fabsf(want)));
    }
    SAYS(ctx, fv_trainer_gradient(t, "conv1.wieght", &g), FV_BAD_INPUT, "conv1.weight");
    assert_null(g.data);
    SAYS(ctx, fv_trainer_set_rate(t, -1), FV_USAGE, "0 or more");
    fv_trainer_free(t);
    fv_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_are_watched_and_told), cmocka_unit_test(stops_change_nothing),
        cmocka_unit_test(runs_are_extended),         cmocka_unit_test(runs_begin_with_weights),
        cmocka_unit_test(built_networks_have_runs),  cmocka_unit_test(runs_on_sets_of_ones_own),
        cmocka_unit_test(settings_without_effect),   cmocka_unit_test(evaluations_tell_each),
        cmocka_unit_test(values_are_looked_at),      cmocka_unit_test(gradients_are_looked_at),
    };
    return cmocka_run_group_tests(tests, write_net, public_teardown);
}
