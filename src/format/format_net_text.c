/* SPDX-License-Identifier: MIT */
/*
 * format_net_text.c - a network as text in its own language (lang/): no weights.
 */
#include "base/utf8.h"
#include "format/format.h"
#include <string.h>

/* Whatever is text: if it is no network, its reader says best what is wrong. */
static bool recognise(const uint8_t *bytes, size_t size) {
    return (size == 0 || !memchr(bytes, 0, size)) && fv__utf8_valid((const char *)bytes, size);
}

static fv_status read_net(fv_context *ctx, const char *path, const fv_setting *settings,
                          size_t setting_count, fv_net *out) {
    return fv__net_read(ctx, path, settings, setting_count, &out->graph, &out->recipe);
}

static fv_status write_net(fv_context *ctx, const fv_net *net, const char *path) {
    fv_text text = {.ctx = ctx};
    fv_status status = fv__net_print(ctx, net->graph, &net->recipe, &text);
    if (status == FV_OK) status = fv__text_done(ctx, &text);
    if (status == FV_OK) status = fv__file_write(ctx, path, text.data, text.length);
    fv__text_free(&text);
    return status;
}

const fv_format fv__format_net_text = {
    .name = "net",
    .extension = ".net",
    .what = "the network's text",
    .help = "the network's text in its one canonical form: blocks and parameters written out",
    .recognise = recognise,
    .read_net = read_net,
    .write_net = write_net,
};
