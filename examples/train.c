/* SPDX-License-Identifier: MIT */
/*
 * train.c - trains a small network, written as text, step by step on images it draws itself. Then
 * counts how many new ones it tells apart, saves the model, and draws one image for classify:
 *
 *     train shapes.safetensors shape.pgm && classify shapes.safetensors shape.pgm
 */
#include "shapes.h"
#include <fovea.h>
#include <stdio.h>

enum { BATCH = 32, STEPS = 200, TESTS = 320 };

static const char network[] = "net shapes(classes = 3)\n"
                              "input 1x16x16 scale 1/255 mean 0.3 std 0.3\n"
                              "    conv 8 3x3 pad 1 - relu - maxpool 2\n"
                              "  - conv 16 3x3 pad 1 - relu - maxpool 2\n"
                              "  - fc 32 - relu - fc classes - softmax\n";

/* Draws n images as the model takes them in, and their labels. */
static fv_status draw_batch(fv_context *ctx, const fv_model *model, uint64_t *state, int n,
                            float *x, int32_t *labels) {
    for (int i = 0; i < n; i++) {
        uint8_t pixels[SHAPE_PIXELS];
        labels[i] = draw_shape(state, pixels);
        fv_status status = fv_model_take_pixels(ctx, model, pixels, SHAPE_SIDE, SHAPE_SIDE, 1,
                                                x + (size_t)i * SHAPE_PIXELS);
        if (status) return status;
    }
    return FV_OK;
}

static fv_status train(fv_context *ctx, fv_model *model, uint64_t *state) {
    static float x[BATCH * SHAPE_PIXELS];
    int32_t labels[BATCH];
    double loss = 0;
    fv_trainer *trainer;
    fv_status status = fv_trainer_new(ctx, model, "lr=0.02 momentum=0.9 batch=32", &trainer);
    for (int step = 1; !status && step <= STEPS; step++) {
        status = draw_batch(ctx, model, state, BATCH, x, labels);
        if (!status) status = fv_trainer_step(trainer, x, labels, BATCH, &loss);
        if (!status && step % 50 == 0) printf("step %d: loss %.4f\n", step, loss);
    }
    fv_trainer_free(trainer);
    return status;
}

static fv_status test(fv_context *ctx, const fv_model *model, uint64_t *state, int *correct) {
    int32_t labels[BATCH];
    fv_run *run;
    fv_status status = fv_run_new(ctx, model, BATCH, &run);
    *correct = 0;
    for (int done = 0; !status && done < TESTS; done += BATCH) {
        status = draw_batch(ctx, model, state, BATCH, fv_run_input(run), labels);
        if (!status) status = fv_run_forward(run, BATCH);
        if (status) break;
        int64_t count, best;
        const float *scores = fv_run_output(run, 0, &count);
        for (int i = 0; i < BATCH; i++) {
            fv_best(scores + i * count, count, 1, &best);
            *correct += best == labels[i];
        }
    }
    fv_run_free(run);
    return status;
}

/* Writes one new image as a PGM file. */
static int write_image(const char *path, uint64_t *state) {
    uint8_t pixels[SHAPE_PIXELS];
    int kind = draw_shape(state, pixels);
    FILE *file = fopen(path, "wb");
    if (!file) return 0;
    fprintf(file, "P5 %d %d 255\n", SHAPE_SIDE, SHAPE_SIDE);
    size_t written = fwrite(pixels, 1, SHAPE_PIXELS, file);
    if (fclose(file) != 0 || written != SHAPE_PIXELS) return 0;
    printf("%s shows a %s\n", path, shape_names[kind]);
    return 1;
}

int main(int argc, char **argv) {
    fv_context *ctx = NULL;
    fv_model *model = NULL;
    uint64_t state = 20;
    int correct = 0;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: train MODEL [IMAGE]\n");
        return FV_USAGE;
    }
    fv_status status = fv_context_new(0, &ctx);
    if (!status) status = fv_model_parse(ctx, network, NULL, 1, &model);
    if (!status) status = fv_model_set(ctx, model, "classes", "disc\nsquare\ncross");
    if (!status) status = train(ctx, model, &state);
    if (!status) status = test(ctx, model, &state, &correct);
    if (!status) status = fv_model_save(ctx, model, argv[1]);
    if (status)
        fprintf(stderr, "train: %s\n", fv_context_error(ctx));
    else
        printf("%d of %d new images told right; %s holds the model\n", correct, TESTS, argv[1]);
    if (!status && argc == 3 && !write_image(argv[2], &state)) {
        fprintf(stderr, "train: cannot write %s\n", argv[2]);
        status = FV_FAILED;
    }
    fv_model_free(model);
    fv_context_free(ctx);
    return (int)status;
}
