/* SPDX-License-Identifier: MIT */
/*
 * image_size.c - channels, height and width of the image, of which a file may leave some open.
 */
#include "onnx/importer.h"

#ifdef FV_HAVE_ONNX
#include "base/number.h"

fv_status fv__importer_size(fv_importer *im, const char *name, const fv_input *given,
                            fv_shape *shape) {
    static const char *const names[] = {"channels", "height", "width"};
    const int64_t size[] = {given ? given->channels : 0, given ? given->height : 0,
                            given ? given->width : 0};
    char channels[24] = "3";
    if (shape->rank != 4) return FV_OK;
    if (shape->dim[1] > 0)
        (void)fv__format(channels, sizeof channels, "%lld", (long long)shape->dim[1]);
    for (int d = 1; d < 4; d++) {
        const int64_t stated = shape->dim[d], wanted = size[d - 1];
        if (stated < 1 && !given)
            return fv__fail(im->ctx, FV_BAD_INPUT,
                            "the file leaves the %s of the input %.80s open; say it, such as "
                            "input=%sx224x224 (channels x height x width)",
                            names[d - 1], name, channels);
        if (stated > 0 && given && stated != wanted)
            return fv__fail(im->ctx, FV_BAD_INPUT,
                            "the %s of the input %.80s is %lld in the file, and %lld is asked for",
                            names[d - 1], name, (long long)stated, (long long)wanted);
        if (stated < 1) shape->dim[d] = wanted;
    }
    return FV_OK;
}

#endif
