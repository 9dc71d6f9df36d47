/* SPDX-License-Identifier: MIT */
/*
 * format_safetensors.c - the model file: weights, and in the metadata the network's text. Reading
 * and writing are in model_file.c.
 */
#include "format/format.h"

/* Eight bytes of a length that the file has room for, then the '{' of the header. */
static bool recognise(const uint8_t *bytes, size_t size) {
    uint64_t length = 0;
    if (size < 10) return false;
    for (int i = 7; i >= 0; i--) length = length << 8 | bytes[i];
    return length >= 2 && length <= size - 8 && bytes[8] == '{';
}

static fv_status read_net(fv_context *ctx, const char *path, const fv_setting *settings,
                          size_t setting_count, fv_net *out) {
    *out = (fv_net){0};
    if (setting_count)
        return fv__fail(ctx, FV_USAGE,
                        "%s=%s: the network inside a model is what it was trained as; give "
                        "settings with a network's name or .net file",
                        settings[0].name, settings[0].value);
    return fv__model_load_net(ctx, path, out);
}

const fv_format fv__format_safetensors = {
    .name = "safetensors",
    .extension = ".safetensors",
    .what = "a model",
    .help = "a model: IN's weights, or fresh ones from the seed",
    .recognise = recognise,
    .read_net = read_net,
    .read_model = fv__model_load,
    .read_tensors = fv__safetensors_open,
    .write_model = fv__model_save,
};
