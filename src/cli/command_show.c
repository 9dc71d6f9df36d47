/* SPDX-License-Identifier: MIT */
/*
 * command_show.c - `fovea show`: filters, and what each layer makes of an image, as PNG files.
 */
#include "cli/cli.h"
#include <string.h>

#define MAPS_SHOWN 64

static const fv_cli_flag flags[] = {
    {"out", "DIR", "where the images go; otherwise the folder `look`"},
    {NULL, NULL, NULL},
};

typedef struct album {
    fv_cli *cli;
    const char *folder;
    const char **files; /* their paths, in the cli's arena */
    size_t count, capacity;
} album;

/* Writes a blob as NN-name.png and frees it. */
static fv_status put(album *a, fv_blob *png, const char *name, size_t length, const char *what) {
    fv_context *ctx = a->cli->ctx;
    char *path = fv__arena_format(&a->cli->arena, "%s/%02d-%.*s-%s.png", a->folder,
                                  (int)a->count + 1, (int)length, name, what);
    fv_status status = path ? fv_blob_save(ctx, png, path) : FV_EXHAUSTED;
    fv_blob_free(png);
    if (status == FV_OK)
        status = fv__grow(ctx, (void **)&a->files, &a->capacity, a->count + 1, sizeof *a->files,
                          "the files' names");
    if (status == FV_OK) a->files[a->count++] = path;
    return status;
}

/* A file is called after the layer, which is what a tensor's name begins with. */
static fv_status filters(album *a, const fv_model *model) {
    const char *name;
    for (int i = 0; (name = fv_filters_name(model, i)) != NULL; i++) {
        const char *dot = strrchr(name, '.');
        fv_blob *png;
        FV_TRY(fv_draw_filters(a->cli->ctx, model, name, &png));
        FV_TRY(put(a, png, name, dot ? (size_t)(dot - name) : strlen(name), "filters"));
    }
    return FV_OK;
}

static fv_status maps(album *a, const fv_model *model, fv_run *run) {
    const char *name;
    FV_TRY(fv_run_forward(run, 1));
    for (int i = 0; (name = fv_maps_name(model, i)) != NULL; i++) {
        fv_blob *png;
        FV_TRY(fv_draw_maps(a->cli->ctx, run, name, MAPS_SHOWN, &png));
        FV_TRY(put(a, png, name, strlen(name), "maps"));
    }
    return FV_OK;
}

static fv_status look_at(album *a, const fv_model *model, const char *path) {
    fv_context *ctx = a->cli->ctx;
    fv_image *image;
    fv_run *run = NULL;
    FV_TRY(fv__cli_image(a->cli, path, &image));
    fv_status status = fv_run_new_keeping(ctx, model, 1, &run);
    if (status == FV_OK)
        status = fv_model_take_pixels(ctx, model, image->pixels, image->width, image->height,
                                      image->channels, fv_run_input(run));
    if (status == FV_OK) status = maps(a, model, run);
    fv_run_free(run);
    fv_image_free(image);
    return status;
}

static void list(const album *a, const fv_model *model, fv_text *out) {
    if (!a->cli->json) {
        for (size_t i = 0; i < a->count; i++) fv__text_addf(out, "%s\n", a->files[i]);
        if (!a->count)
            fv__text_addf(out,
                          "%s has no filters larger than a pixel; give an image to see what its "
                          "layers make of it\n",
                          fv_model_name(model));
        return;
    }
    fv_json_writer w = fv__json_writer(out, FV_JSON_ONE_LINE);
    fv__json_open(&w, NULL, '{');
    fv__json_open(&w, "files", '[');
    for (size_t i = 0; i < a->count; i++) fv__json_add_text(&w, NULL, a->files[i]);
    fv__json_close(&w);
    fv__json_close(&w);
}

static fv_status draw(album *a, const fv_model *model) {
    fv_text out = {0};
    FV_TRY(fv__folder_make(a->cli->ctx, a->folder));
    FV_TRY(a->cli->word_count > 1 ? look_at(a, model, a->cli->words[1]) : filters(a, model));
    list(a, model, &out);
    return fv__cli_put(a->cli, &out);
}

static fv_status run(fv_cli *cli) {
    const char *out = fv__cli_value(cli, "out");
    album a = {.cli = cli, .folder = out ? out : "look"};
    fv_model *model;
    FV_TRY(fv__cli_trained(cli, cli->words[0], &model));
    const fv_status status = draw(&a, model);
    fv__free(a.files);
    fv_model_free(model);
    return status;
}

const fv_command fv__command_show = {
    .name = "show",
    .help = "draw a model's filters, or what each layer makes of an image",
    .synopsis = "MODEL [IMAGE] [weights=FILE] [--out DIR]",
    .about = "MODEL is a model file (.safetensors), the folder of a training run, or a network\n"
             "with weights=FILE; IMAGE a file, or - for standard input.\n"
             "Without an image: the filters of every convolution whose window is larger than a\n"
             "pixel. With one: the output of every layer, after its activation, as gray maps\n"
             "(black: smallest, white: largest). Writes PNG files and prints their names.",
    .examples = "fovea show runs/lenet5-1/model.safetensors\n"
                "fovea show runs/lenet5-1/model.safetensors seven.png --out seven",
    .words_min = 1,
    .words_max = 2,
    .flags = flags,
    .takes = FV_CLI_NET | FV_CLI_WEIGHTS | FV_CLI_INPUT,
    .run = run,
};
