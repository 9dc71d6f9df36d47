/* SPDX-License-Identifier: MIT */
/*
 * output_image.c - an output that is an image itself, as style transfer and restoration give:
 * what was done to the pixels that went in is undone.
 */
#include "look/feature_images.h"

#include <math.h>

static double of_channel(const fv_reals *list, int64_t c) {
    return list->v[list->count > 1 ? c : 0];
}

uint8_t fv__input_pixel(const fv_input *input, int64_t c, float v) {
    double p = (double)v * of_channel(&input->std, c) + of_channel(&input->mean, c);
    p = input->scale != 0 ? p / input->scale : p;
    return (uint8_t)(p > 0 ? p < 255 ? p + 0.5 : 255 : 0);
}

fv_status fv__draw_output(fv_context *ctx, const fv_input *input, const fv_tensor *value,
                          fv_canvas *out) {
    const fv_shape *s = &value->shape;
    const int64_t channels = s->rank == 4 ? s->dim[1] : 0;
    const float *y = value->data;
    char dims[FV_SHAPE_TEXT];
    if (value->dtype != FV_F32 || channels != input->channels || (channels != 1 && channels != 3) ||
        s->dim[2] > INT16_MAX || s->dim[3] > INT16_MAX)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "an output of %s is no image; one has the channels of the input, %lld, "
                        "and height and width",
                        fv__shape_text(dims, s), (long long)input->channels);
    const int64_t height = s->dim[2], width = s->dim[3], plane = height * width;
    FV_TRY(fv__canvas_new(ctx, (int)width, (int)height, 0, out));
    for (int64_t i = 0; i < plane; i++)
        for (int k = 0; k < 3; k++) {
            const int64_t c = channels == 1 ? 0 : input->order == 1 ? 2 - k : k;
            out->rgb[3 * i + k] = fv__input_pixel(input, c, y[c * plane + i]);
        }
    return FV_OK;
}
