/* SPDX-License-Identifier: MIT */
/*
 * learn.c - a whole training run in a folder, with its progress, to be stopped and taken up again:
 *
 *     learn FOLDER STEPS                                    on images that this program draws
 *     learn FOLDER STEPS IMAGES LABELS IMAGES LABELS        on four IDX files, to learn and to test
 *
 * Stops after STEPS steps of learning or testing (0: never) or at Ctrl-C. Called again with the
 * same folder, it goes on where it stopped; the model is the same, bit for bit, as if it had never
 * stopped.
 */
#include "shapes.h"
#include <fovea.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char network[] = "net tiny(classes = 10)\n"
                              "input 1x16x16 scale 1/255\n"
                              "    conv 8 3x3 pad 1 - relu - maxpool 2\n"
                              "  - conv 16 3x3 pad 1 - relu - maxpool 2\n"
                              "  - fc classes - softmax\n"
                              "train epochs 3 batch 32 lr 0.05\n";

/* ------------------------------------------------------------- samples that a program gives --- */

enum { LEARNED = 3200, TESTED = 640 };

/* Sample i: always the same one, and another for each i. Several threads may ask at once, so each
   has pixels of its own; the library copies them before it asks again. */
static fv_status sample(void *user, fv_context *ctx, int64_t i, fv_sample_view *out) {
    static _Thread_local uint8_t pixels[SHAPE_PIXELS];
    const uint64_t *seed = user;
    uint64_t state = *seed + (uint64_t)i * 0x9e3779b97f4a7c15U;
    (void)ctx;
    out->channels = 1;
    out->height = out->width = SHAPE_SIDE;
    out->label = draw_shape(&state, pixels);
    out->pixels = pixels;
    return FV_OK;
}

static fv_status make_set(fv_context *ctx, const char *name, int64_t count, uint64_t *seed,
                          fv_dataset **out) {
    fv_dataset_source source = FV_INIT(fv_dataset_source);
    source.name = name;
    source.count = count;
    source.channels = 1;
    source.height = source.width = SHAPE_SIDE;
    source.classes = SHAPE_KINDS;
    source.class_names = shape_names;
    source.sample = sample;
    source.user = seed;
    return fv_dataset_new(ctx, &source, out);
}

/* --------------------------------------------------------------------------------- hooks --- */

static volatile sig_atomic_t interrupted;

static void interrupt(int signal) {
    (void)signal;
    interrupted = 1;
}

static void show(void *user, const fv_progress *p) {
    (void)user;
    if (p->done)
        printf("epoch %lld of %lld: loss %.4f, test %.1f %%\n", (long long)p->epoch,
               (long long)p->epochs, p->done->train_loss, 100 * p->done->test_accuracy);
}

/* Asked after each step, and between the batches of a test. */
static int stop(void *user) {
    long *left = user;
    return interrupted || (*left > 0 && --*left == 0);
}

/* ---------------------------------------------------------------------------------- a run --- */

static int is_run(const char *folder) {
    char path[1000];
    snprintf(path, sizeof path, "%s/run.json", folder);
    FILE *file = fopen(path, "r");
    if (file) fclose(file);
    return file != NULL;
}

/* Begins the run or takes it up. The sets (NULL: files) are given both times: a folder can hold no
   program. */
static fv_status open_run(fv_context *ctx, const char *folder, const fv_dataset *train,
                          const fv_dataset *test, const char *files, fv_training **out) {
    fv_training_options options = FV_INIT(fv_training_options);
    fv_model *model = NULL;
    options.train = train;
    options.test = test;
    if (is_run(folder)) return fv_training_resume(ctx, folder, &options, out);
    fv_status status = fv_model_parse(ctx, network, train ? "classes=3" : NULL, 1, &model);
    options.model = model;
    options.data = train ? NULL : files;
    options.folder = folder;
    if (!status) status = fv_training_start(ctx, &options, out);
    fv_model_free(model);
    return status;
}

static fv_status learn(fv_context *ctx, const char *folder, long steps, const char *files) {
    static uint64_t seeds[2] = {20, 21};
    fv_dataset *train = NULL, *test = NULL;
    fv_training *run = NULL;
    fv_training_hooks hooks = FV_INIT(fv_training_hooks);
    fv_status status = FV_OK;
    hooks.progress = show;
    hooks.stop = stop;
    hooks.user = &steps;
    if (!files) status = make_set(ctx, "shapes", LEARNED, &seeds[0], &train);
    if (!files && !status) status = make_set(ctx, "shapes", TESTED, &seeds[1], &test);
    if (!status) status = open_run(ctx, folder, train, test, files, &run);
    if (!status) status = fv_training_run(run, &hooks);
    if (status == FV_INTERRUPTED)
        printf("stopped after %lld steps\n", (long long)fv_training_describe(run)->steps_done);
    fv_training_free(run);
    fv_dataset_free(train);
    fv_dataset_free(test);
    return status;
}

int main(int argc, char **argv) {
    fv_context *ctx = NULL;
    char files[4000] = "";
    if (argc != 3 && argc != 7) {
        fprintf(stderr, "usage: learn FOLDER STEPS [IMAGES LABELS IMAGES LABELS]\n");
        return FV_USAGE;
    }
    if (argc == 7) snprintf(files, sizeof files, "%s,%s,%s,%s", argv[3], argv[4], argv[5], argv[6]);
    signal(SIGINT, interrupt);
    fv_status status = fv_context_new(0, &ctx);
    if (!status) status = learn(ctx, argv[1], atol(argv[2]), files[0] ? files : NULL);
    if (status && status != FV_INTERRUPTED) fprintf(stderr, "learn: %s\n", fv_context_error(ctx));
    if (!status) printf("%s/model.safetensors holds the model\n", argv[1]);
    fv_context_free(ctx);
    return (int)status;
}
