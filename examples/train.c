/* SPDX-License-Identifier: MIT */
/*
 * train.c - trains a small network, written as text, step by step on pictures it draws itself:
 * discs, squares and crosses of any size and place, in noise. Then counts how many new ones it
 * tells apart, saves the model, and draws one picture for classify:
 *
 *     train shapes.safetensors shape.pgm && classify shapes.safetensors shape.pgm
 */
#include <fovea.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 16, PIXELS = SIDE * SIDE, BATCH = 32, STEPS = 200, TESTS = 320 };

static const char network[] = "net shapes(classes = 3)\n"
                              "input 1x16x16 scale 1/255 mean 0.3 std 0.3\n"
                              "    conv 8 3x3 pad 1 - relu - maxpool 2\n"
                              "  - conv 16 3x3 pad 1 - relu - maxpool 2\n"
                              "  - fc 32 - relu - fc classes - softmax\n";

/* A number from 0 to below - 1 (xorshift64*, Vigna 2016). */
static int random_below(uint64_t *state, int below) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (int)((*state * 0x2545f4914f6cdd1dU >> 33) % (uint64_t)below);
}

/* Draws a picture and returns what it is: 0 a disc, 1 a square, 2 a cross. */
static int32_t draw(uint64_t *state, uint8_t pixels[PIXELS]) {
    int kind = random_below(state, 3), r = 3 + random_below(state, 4);
    int cx = r + random_below(state, SIDE - 2 * r), cy = r + random_below(state, SIDE - 2 * r);
    int ink = 128 + random_below(state, 80);
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            int dx = abs(x - cx), dy = abs(y - cy), far = dx > dy ? dx : dy;
            int inside = kind == 0   ? dx * dx + dy * dy <= r * r
                         : kind == 1 ? far <= r
                                     : far <= r && (dx < 2 || dy < 2);
            pixels[y * SIDE + x] = (uint8_t)((inside ? ink : 0) + random_below(state, 48));
        }
    }
    return kind;
}

/* Draws n pictures as the model takes them in, and their labels. */
static fv_status draw_batch(fv_context *ctx, const fv_model *model, uint64_t *state, int n,
                            float *x, int32_t *labels) {
    for (int i = 0; i < n; i++) {
        uint8_t pixels[PIXELS];
        labels[i] = draw(state, pixels);
        fv_status status =
            fv_model_take_pixels(ctx, model, pixels, SIDE, SIDE, 1, x + (size_t)i * PIXELS);
        if (status) return status;
    }
    return FV_OK;
}

static fv_status train(fv_context *ctx, fv_model *model, uint64_t *state) {
    static float x[BATCH * PIXELS];
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

/* Writes one new picture as a PGM file. */
static int write_picture(const char *path, uint64_t *state) {
    static const char *const names[] = {"disc", "square", "cross"};
    uint8_t pixels[PIXELS];
    int kind = draw(state, pixels);
    FILE *file = fopen(path, "wb");
    if (!file) return 0;
    fprintf(file, "P5 %d %d 255\n", SIDE, SIDE);
    size_t written = fwrite(pixels, 1, PIXELS, file);
    if (fclose(file) != 0 || written != PIXELS) return 0;
    printf("%s shows a %s\n", path, names[kind]);
    return 1;
}

int main(int argc, char **argv) {
    fv_context *ctx = NULL;
    fv_model *model = NULL;
    uint64_t state = 20;
    int correct = 0;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: train MODEL [PICTURE]\n");
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
        printf("%d of %d new pictures told right; %s holds the model\n", correct, TESTS, argv[1]);
    if (!status && argc == 3 && !write_picture(argv[2], &state)) {
        fprintf(stderr, "train: cannot write %s\n", argv[2]);
        status = FV_FAILED;
    }
    fv_model_free(model);
    fv_context_free(ctx);
    return (int)status;
}
