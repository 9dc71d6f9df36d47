/* SPDX-License-Identifier: MIT */
/*
 * restate.c - what its file does not say of a model, said when it is opened: how an image becomes
 * its input, and what its classes are called.
 */
#include "format/restate.h"
#include "base/file.h"
#include "base/utf8.h"
#include <string.h>

#define NAMES_BYTES ((size_t)16 << 20)

fv_status fv__net_restate_input(fv_context *ctx, fv_graph *net, const char *words) {
    const fv_input *was = &net->input;
    fv_text text = {.ctx = ctx};
    fv_input input;
    fv_status status;
    FV_TRY(fv__input_parse(ctx, words, &input));
    if (input.channels != was->channels || input.height != was->height || input.width != was->width)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "input='%.200s': %s takes images of %lldx%lldx%lld (channels x height x "
                        "width), not of %lldx%lldx%lld; images of another size are brought to it, "
                        "as resize and crop say",
                        words, net->name, (long long)was->channels, (long long)was->height,
                        (long long)was->width, (long long)input.channels, (long long)input.height,
                        (long long)input.width);
    if (net->source) {
        FV_GO(fv__input_restate(ctx, net->source, words, &text));
        const char *source = fv__arena_text(&net->arena, text.data);
        status = FV_EXHAUSTED;
        if (!source) goto done;
        net->source = source;
    }
    net->input = input;
    status = FV_OK;
done:
    fv__text_free(&text);
    return status;
}

/* Names must be as many as the numbers of a vector that comes out; of other outputs nobody can
   tell. */
static fv_status check_count(fv_context *ctx, const fv_model *model, const char *path) {
    const fv_graph *net = model->net.graph;
    const fv_shape *s = &net->values[net->heads[0].value].shape;
    if (s->rank != 2 || s->dim[1] == model->class_count) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%.200s names %lld classes, one on each line, and the output of %s has %lld",
                    path, (long long)model->class_count, net->name, (long long)s->dim[1]);
}

/* A file's text without the line ends behind its last line. */
static fv_status read_names(fv_context *ctx, const char *path, fv_text *out) {
    fv_bytes bytes;
    FV_TRY(fv__file_read(ctx, path, NAMES_BYTES, &bytes));
    size_t length = bytes.size;
    const char *text = (const char *)bytes.data;
    const bool binary = length && memchr(text, 0, length);
    while (length && (text[length - 1] == '\n' || text[length - 1] == '\r')) length--;
    if (length) fv__text_addn(out, text, length);
    fv__file_release(&bytes);
    if (binary || !length || (out->data && !fv__utf8_valid(out->data, length)))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%.200s is no list of classes: a text (UTF-8) with a name on each line is "
                        "expected",
                        path);
    return fv__text_done(ctx, out);
}

fv_status fv__model_read_classes(fv_context *ctx, fv_model *model, const char *path) {
    fv_text text = {.ctx = ctx};
    fv_status status = read_names(ctx, path, &text);
    if (status == FV_OK) status = fv__model_set(ctx, model, "classes", text.data);
    if (status == FV_OK) status = check_count(ctx, model, path);
    fv__text_free(&text);
    return status;
}
