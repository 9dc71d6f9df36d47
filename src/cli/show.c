/* SPDX-License-Identifier: MIT */
/*
 * show.c - `fovea show`: filters, and what each layer makes of an image, as PNG files.
 */
#include "cli/cli.h"
#include "data/data.h"
#include "train/look.h"

#define MAPS_SHOWN 64

static const fv_cli_flag flags[] = {
    {"out", "DIR", "where the images go; otherwise the folder `look`"},
    {NULL, NULL, NULL},
};

typedef struct album {
    fv_cli *cli;
    const char *folder;
    fv_text files; /* a line, or a JSON item, for each */
    int count;
} album;

/* Writes a canvas as NN-name.png and frees it. */
static fv_status put(album *a, fv_canvas *canvas, const char *name, const char *what) {
    char *path =
        fv__arena_format(&a->cli->arena, "%s/%02d-%s-%s.png", a->folder, a->count + 1, name, what);
    fv_status status = path ? fv__png_write(a->cli->ctx, canvas, path) : FV_EXHAUSTED;
    fv__canvas_free(canvas);
    if (status == FV_OK && a->cli->json) {
        fv__text_add(&a->files, a->count ? ", " : "");
        fv__text_json(&a->files, path);
    } else if (status == FV_OK) {
        fv__text_addf(&a->files, "%s\n", path);
    }
    a->count++;
    return status;
}

static fv_status filters(album *a, const fv_model *model) {
    const fv_net *net = model->net;
    const int first = fv__first_filters(net);
    for (int p = 0; first >= 0 && p < (int)net->param_count; p++) {
        const fv_shape *s = &net->params[p].spec.shape;
        const bool windows = s->rank == 4 && s->dim[2] * s->dim[3] > 1;
        if (p != first && !windows) continue;
        fv_canvas canvas;
        FV_TRY(fv__draw_filters(a->cli->ctx, model, p, &canvas));
        FV_TRY(put(a, &canvas, net->nodes[net->params[p].node].name, "filters"));
    }
    return FV_OK;
}

static fv_status maps(album *a, const fv_model *model, const float *x) {
    const fv_net *net = model->net;
    fv_look *look;
    FV_TRY(fv__look_new(a->cli->ctx, model, x, &look));
    fv_status status = FV_OK;
    for (size_t n = 0; status == FV_OK && n < net->node_count; n++) {
        if (!fv__look_worth(net, (int)n)) continue;
        fv_canvas canvas;
        status = fv__look_draw(a->cli->ctx, look, (int)n, MAPS_SHOWN, &canvas);
        if (status == FV_OK) status = put(a, &canvas, net->nodes[n].name, "maps");
    }
    fv__look_free(look);
    return status;
}

static fv_status picture(album *a, const fv_model *model, const char *path) {
    const fv_net *net = model->net;
    fv_context *ctx = a->cli->ctx;
    fv_picture p;
    FV_TRY(fv__picture_read(ctx, path, &p));
    float *x =
        fv__alloc(ctx, (size_t)fv__shape_sample(&net->values[0].shape) * sizeof *x, "an image");
    fv_status status = x ? fv__preprocess(ctx, &net->input, &p, x) : FV_EXHAUSTED;
    if (status == FV_OK) status = maps(a, model, x);
    fv__free(x);
    fv__picture_free(&p);
    return status;
}

static fv_status draw(album *a, const fv_model *model) {
    FV_TRY(fv__folder_make(a->cli->ctx, a->folder));
    if (a->cli->json) fv__text_add(&a->files, "{\"files\": [");
    FV_TRY(a->cli->word_count > 1 ? picture(a, model, a->cli->words[1]) : filters(a, model));
    if (a->cli->json) fv__text_add(&a->files, "]}\n");
    if (a->count == 0 && !a->cli->json)
        fv__text_addf(&a->files,
                      "%s has no filters larger than a pixel; give an image to see "
                      "what its layers make of it\n",
                      model->net->name);
    return fv__cli_put(a->cli, &a->files);
}

static fv_status run(fv_cli *cli) {
    const char *out = fv__cli_value(cli, "out");
    album a = {.cli = cli, .folder = out ? out : "look"};
    fv_model *model = NULL;
    FV_TRY(fv__cli_trained(cli, cli->words[0], &model));
    const fv_status status = draw(&a, model);
    if (status != FV_OK) fv__text_free(&a.files);
    fv__model_free(model);
    return status;
}

const fv_command fv__command_show = {
    .name = "show",
    .help = "draw a model's filters, or what each layer makes of an image",
    .synopsis = "MODEL [IMAGE] [--out DIR]",
    .about = "MODEL is a model file (.safetensors) or the folder of a training run.\n"
             "Without an image: the filters of every convolution whose window is larger than a\n"
             "pixel. With one: the output of every layer, after its activation, as gray maps\n"
             "(black: smallest, white: largest). Writes PNG files and prints their names.",
    .examples = "fovea show runs/lenet5-1/model.safetensors\n"
                "fovea show runs/lenet5-1/model.safetensors seven.png --out seven",
    .words_min = 1,
    .words_max = 2,
    .flags = flags,
    .run = run,
};
