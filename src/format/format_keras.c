/* SPDX-License-Identifier: MIT */
/*
 * format_keras.c - networks as Keras' model.to_json() writes them, read.
 */
#include "foreign/keras.h"
#include "format/format.h"

static fv_status read_net(fv_context *ctx, const char *path, const fv_setting *settings,
                          size_t setting_count, fv_net *out) {
    if (setting_count)
        return fv__fail(ctx, FV_USAGE,
                        "an architecture of Keras has no parameters to set, such as %.64s",
                        settings[0].name);
    fv__recipe_defaults(&out->recipe);
    return fv__keras_read(ctx, path, &out->graph);
}

const fv_format fv__format_keras = {
    .name = "keras",
    .extension = ".json",
    .what = "a Keras architecture",
    .help = "read only",
    .recognise = fv__keras_recognise,
    .read_net = read_net,
};
