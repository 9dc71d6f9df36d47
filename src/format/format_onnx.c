/* SPDX-License-Identifier: MIT */
/*
 * format_onnx.c - networks and models in ONNX files. What such a file has no place for, the
 * preprocessing and the names of the classes, stands in its metadata.
 */
#include "format/format.h"
#include "format/restate.h"
#include "onnx/export.h"
#include "onnx/onnx.h"

#include <string.h>

#define INPUT   "fovea.input" /* as the network language writes it */
#define CLASSES "fovea.classes"

static fv_status import(fv_context *ctx, const char *path, const fv_input *input,
                        fv_onnx_import *out) {
    const fv_onnx_options options = {.input = input};
    return fv__onnx_import(ctx, path, &options, out);
}

static const char *note_of(const fv_onnx_import *from, const char *key) {
    for (int i = 0; i < from->note_count; i++)
        if (strcmp(from->notes[i].key, key) == 0) return from->notes[i].value;
    return NULL;
}

/* The file, and how images become its input, as it says or as `input` does. */
static fv_status import_whole(fv_context *ctx, const char *path, const fv_input *input,
                              fv_onnx_import *out) {
    FV_TRY(import(ctx, path, input, out));
    const char *words = input ? NULL : note_of(out, INPUT);
    if (!words || fv__net_restate_input(ctx, out->graph, words) == FV_OK) return FV_OK;
    fv__onnx_import_free(out);
    return fv__fail_in(ctx, "%.100s: its metadata say '%s': ", path, INPUT);
}

/* A graph with the recipe that a network without a `train` section has. */
static fv_net net_of(fv_onnx_import *from) {
    fv_net net = {.graph = from->graph};
    fv__recipe_defaults(&net.recipe);
    from->graph = NULL;
    return net;
}

static fv_status read_net(fv_context *ctx, const char *path, const fv_setting *settings,
                          size_t setting_count, fv_net *out) {
    fv_onnx_import from;
    if (setting_count)
        return fv__fail(ctx, FV_USAGE, "an ONNX file has no parameters to set, such as %.64s",
                        settings[0].name);
    FV_TRY(import_whole(ctx, path, NULL, &from));
    *out = net_of(&from);
    fv__onnx_import_free(&from);
    return FV_OK;
}

static fv_status read_model_for(fv_context *ctx, const char *path, const fv_input *input,
                                fv_model **out) {
    fv_onnx_import from;
    FV_TRY(import_whole(ctx, path, input, &from));
    const fv_net net = net_of(&from);
    fv_status status = fv__model_bare(ctx, &net, out);
    if (status == FV_OK) {
        (*out)->weights = from.weights;
        from.weights = NULL;
        const char *classes = note_of(&from, CLASSES);
        if (classes) status = fv__model_set(ctx, *out, "classes", classes);
    }
    fv__onnx_import_free(&from);
    return status;
}

static fv_status read_model(fv_context *ctx, const char *path, fv_model **out) {
    return read_model_for(ctx, path, NULL, out);
}

static fv_status write_model_as(fv_context *ctx, const fv_model *model, const char *path,
                                const fv_write_options *o) {
    fv_text input = {.ctx = ctx};
    const char *classes = fv__model_get(model, "classes");
    fv__input_print(&input, &model->net.graph->input);
    fv_status status = fv__text_done(ctx, &input);
    const fv_onnx_note notes[] = {{INPUT, input.data}, {CLASSES, classes}};
    const fv_onnx_export_options options = {
        .opset = o->opset, .logits = o->logits, .notes = notes, .note_count = classes ? 2 : 1};
    if (status == FV_OK)
        status = fv__onnx_export(ctx, model->net.graph, model->weights, &options, path);
    fv__text_free(&input);
    return status;
}

static fv_status write_model(fv_context *ctx, const fv_model *model, const char *path) {
    return write_model_as(ctx, model, path, &(fv_write_options){0});
}

const fv_format fv__format_onnx = {
    .name = "onnx",
    .extension = ".onnx",
    .what = "an ONNX model",
    .help = "an ONNX model, for other programs: opset=N and logits=yes say how",
    .recognise = fv__onnx_recognise,
    .read_net = read_net,
    .read_model = read_model,
    .write_model = write_model,
    .write_model_as = write_model_as,
    .read_model_for = read_model_for,
};
