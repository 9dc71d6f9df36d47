/* SPDX-License-Identifier: MIT */
/*
 * residual.c - a small residual network (He et al. 2015) built by calls, as a program does whose
 * networks depend on something else than a text: residual BLOCKS. Prints its text in the network
 * language and takes one step with it.
 */
#include <fovea.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHANNELS = 3, SIDE = 32, BATCH = 4, CLASSES = 10 };

static int convolve(fv_builder *b, int x, int channels, int stride) {
    char options[64];
    snprintf(options, sizeof options, "%d 3x3 stride %d pad 1 bias no", channels, stride);
    return fv_builder_then(b, fv_builder_then(b, x, "conv", options), "bn", NULL);
}

/* Two convolutions and the way around them, which is subsampled and gets channels of zeros where
   the block makes the image smaller. A call that fails gives -1 and so do those after it: only
   fv_builder_finish() needs to be asked. */
static int block(fv_builder *b, int x, int channels, int stride) {
    int y = fv_builder_then(b, convolve(b, x, channels, stride), "relu", NULL);
    int around = x;
    if (stride > 1) {
        char options[64];
        snprintf(options, sizeof options, "%d stride %d", channels, stride);
        around = fv_builder_then(b, x, "shortcut", options);
    }
    int sum = fv_builder_add(b, NULL, "add", NULL, 2, (int[]){convolve(b, y, channels, 1), around});
    return fv_builder_then(b, sum, "relu", NULL);
}

static fv_status build(fv_context *ctx, int blocks, fv_net **out) {
    fv_builder *b;
    char classes[16];
    fv_status status = fv_builder_new(ctx, "residual", "3x32x32 scale 1/255", &b);
    if (status) return status;
    int x = fv_builder_then(b, convolve(b, 0, 16, 1), "relu", NULL);
    for (int channels = 16; channels <= 64; channels *= 2)
        for (int i = 0; i < blocks; i++) x = block(b, x, channels, channels > 16 && i == 0 ? 2 : 1);
    snprintf(classes, sizeof classes, "%d", CLASSES);
    x = fv_builder_then(b, fv_builder_then(b, x, "globalavgpool", NULL), "fc", classes);
    fv_builder_head(b, NULL, x, "crossentropy", 1, 0);
    fv_builder_train(b, "lr=0.1 momentum=0.9 decay=1e-4");
    return fv_builder_finish(b, out);
}

/* A step on noise: the loss begins near log(10), and every weight gets a gradient. */
static fv_status try_step(fv_context *ctx, fv_model *model) {
    static float x[BATCH * CHANNELS * SIDE * SIDE];
    const int32_t labels[BATCH] = {0, 1, 2, 3};
    fv_tensor_view gradient = FV_INIT(fv_tensor_view);
    fv_trainer *trainer;
    double loss, square = 0;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = (float)(rand() % 256) / 255;
    fv_status status = fv_trainer_new(ctx, model, "batch=4", &trainer);
    if (!status) status = fv_trainer_step(trainer, x, labels, BATCH, &loss);
    if (!status) status = fv_trainer_gradient(trainer, "conv1.weight", &gradient);
    for (int64_t i = 0; i < gradient.count; i++) {
        const float *g = gradient.data;
        square += (double)g[i] * (double)g[i];
    }
    if (!status) printf("loss %.3f; squares of the first layer's gradient: %.3g\n", loss, square);
    fv_trainer_free(trainer);
    return status;
}

int main(int argc, char **argv) {
    fv_context *ctx = NULL;
    fv_net *net = NULL;
    fv_model *model = NULL;
    fv_blob *text = NULL;
    int blocks = argc == 2 ? atoi(argv[1]) : 0;
    if (blocks < 1) {
        fprintf(stderr, "usage: residual BLOCKS\n");
        return FV_USAGE;
    }
    fv_status status = fv_context_new(0, &ctx);
    if (!status) status = build(ctx, blocks, &net);
    if (!status) status = fv_net_print(ctx, net, &text);
    if (!status) printf("%s\n", (const char *)fv_blob_data(text));
    if (!status) {
        printf("%lld parameters\n", (long long)fv_net_parameters(net));
        status = fv_model_new(ctx, net, 1, &model); /* the net is the model's now */
    }
    if (!status) status = try_step(ctx, model);
    if (status) fprintf(stderr, "residual: %s\n", fv_context_error(ctx));
    fv_blob_free(text);
    fv_model_free(model);
    fv_context_free(ctx);
    return (int)status;
}
