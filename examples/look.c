/* SPDX-License-Identifier: MIT */
/*
 * look.c - what a model has learned to look for and what it sees in an image, as PNG files:
 *
 *     look MODEL IMAGE FOLDER       FOLDER/filters-conv1.weight.png, FOLDER/maps-conv1.png …
 */
#include <fovea.h>
#include <stdio.h>

/* Writes an image under a name made of what it shows, and frees it. */
static fv_status save(fv_context *ctx, fv_blob *image, const char *folder, const char *kind,
                      const char *name) {
    char path[1000];
    snprintf(path, sizeof path, "%s/%s-%s.png", folder, kind, name);
    fv_status status = fv_blob_save(ctx, image, path);
    if (!status) printf("%s\n", path);
    fv_blob_free(image);
    return status;
}

static fv_status draw_filters(fv_context *ctx, const fv_model *model, const char *folder) {
    fv_status status = FV_OK;
    const char *name;
    for (int i = 0; !status && (name = fv_filters_name(model, i)) != NULL; i++) {
        fv_blob *image;
        status = fv_draw_filters(ctx, model, name, &image);
        if (!status) status = save(ctx, image, folder, "filters", name);
    }
    return status;
}

static fv_status draw_maps(fv_context *ctx, const fv_model *model, fv_run *run,
                           const char *folder) {
    fv_status status = FV_OK;
    const char *name;
    for (int i = 0; !status && (name = fv_maps_name(model, i)) != NULL; i++) {
        fv_blob *image;
        status = fv_draw_maps(ctx, run, name, 64, &image);
        if (!status) status = save(ctx, image, folder, "maps", name);
    }
    return status;
}

/* The largest number that a layer gives for the image, and where: what it saw most strongly. */
static fv_status print_strongest(fv_context *ctx, fv_run *run) {
    fv_status status = FV_OK;
    (void)ctx;
    for (int i = 1; !status && i < fv_run_values(run); i++) {
        fv_tensor_view value = FV_INIT(fv_tensor_view);
        status = fv_run_value(run, fv_run_value_name(run, i), &value);
        if (status || value.dtype != FV_F32) continue;
        const float *data = value.data;
        int64_t most;
        fv_best(data, value.count, 1, &most);
        printf("%-16s %8.3f in channel %lld\n", value.name, (double)data[most],
               (long long)(most / (value.count / value.dims[1])));
    }
    return status;
}

int main(int argc, char **argv) {
    fv_context *ctx = NULL;
    fv_model *model = NULL;
    fv_run *run = NULL;
    if (argc != 4) {
        fprintf(stderr, "usage: look MODEL IMAGE FOLDER\n");
        return FV_USAGE;
    }
    fv_status status = fv_context_new(0, &ctx);
    if (!status) status = fv_model_open(ctx, argv[1], NULL, &model);
    if (!status) status = draw_filters(ctx, model, argv[3]);
    if (!status) status = fv_run_new_keeping(ctx, model, 1, &run);
    if (!status) status = fv_model_read_image(ctx, model, argv[2], fv_run_input(run));
    if (!status) status = fv_run_forward(run, 1);
    if (!status) status = draw_maps(ctx, model, run, argv[3]);
    if (!status) status = print_strongest(ctx, run);
    if (status) fprintf(stderr, "look: %s\n", fv_context_error(ctx));
    fv_run_free(run);
    fv_model_free(model);
    fv_context_free(ctx);
    return (int)status;
}
