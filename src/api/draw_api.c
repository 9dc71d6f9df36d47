/* SPDX-License-Identifier: MIT */
/*
 * draw_api.c - public: filters, feature maps, inputs and galleries as PNG files in memory.
 */
#include "api/blob.h"
#include "api/given.h"
#include "api/run_api.h"
#include "api/views.h"
#include "look/feature_images.h"
#include <string.h>

const char *fv_filters_name(const fv_model *model, int i) {
    for (int p = 0; model && i >= 0 && p < (int)model->net.graph->param_count; p++)
        if (fv__filters_worth(model->net.graph, p) && i-- == 0)
            return model->net.graph->params[p].name;
    return NULL;
}

fv_status fv_draw_filters(fv_context *ctx, const fv_model *model, const char *name, fv_blob **out) {
    fv_canvas canvas;
    int param;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, model);
    FV_NEED(ctx, name);
    FV_TRY(fv__param_named(ctx, model->net.graph, name, &param));
    if (!fv__filters_worth(model->net.graph, param))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s holds no filters worth an image: that takes a convolution with a "
                        "window larger than a pixel",
                        name);
    FV_TRY(fv__draw_filters(ctx, model, param, &canvas));
    return fv__blob_of_canvas(ctx, &canvas, out);
}

const char *fv_maps_name(const fv_model *model, int i) {
    for (int n = 0; model && i >= 0 && n < (int)model->net.graph->node_count; n++)
        if (fv__maps_worth(model->net.graph, n) && i-- == 0) return model->net.graph->nodes[n].name;
    return NULL;
}

fv_status fv_draw_maps(fv_context *ctx, fv_run *run, const char *layer, int64_t most,
                       fv_blob **out) {
    fv_canvas canvas;
    fv_tensor t;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, run);
    FV_NEED(ctx, layer);
    if (most < 1)
        return fv__fail(ctx, FV_USAGE, "at least one map is drawn, not %lld", (long long)most);
    const fv_graph *net = fv__run_model(run)->net.graph;
    const int node = fv__net_find_node(net, layer);
    if (node < 0) return fv__fail(ctx, FV_BAD_INPUT, "%s has no layer '%.64s'", net->name, layer);
    FV_TRY(fv__run_tensor(ctx, run, fv__maps_value(net, node), &t));
    FV_TRY(fv__draw_maps(ctx, net->nodes[node].name, &t, most, &canvas));
    return fv__blob_of_canvas(ctx, &canvas, out);
}

fv_status fv_draw_input(fv_context *ctx, fv_run *run, fv_blob **out) {
    fv_canvas canvas;
    fv_tensor t;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, run);
    FV_TRY(fv__run_tensor(ctx, run, 0, &t));
    FV_TRY(fv__draw_input(ctx, fv__run_model(run)->net.graph, t.data, &canvas));
    return fv__blob_of_canvas(ctx, &canvas, out);
}

fv_status fv_draw_output(fv_context *ctx, fv_run *run, int i, fv_blob **out) {
    fv_canvas canvas;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, run);
    const fv_tensor *y = fv__run_output(run, i);
    const fv_graph *net = fv__run_model(run)->net.graph;
    if (!y)
        return fv__fail(ctx, FV_USAGE, "there is no output %d; %s has %d, from 0", i, net->name,
                        fv_model_outputs(fv__run_model(run)));
    FV_TRY(fv__draw_output(ctx, &net->input, y, &canvas));
    return fv__blob_of_canvas(ctx, &canvas, out);
}

static fv_status check_gallery(fv_context *ctx, const fv_gallery_options *g) {
    if (g->count >= 1 && g->height >= 1 && g->width >= 1 && g->images &&
        (g->channels == 1 || g->channels == 3))
        return FV_OK;
    return fv__fail(ctx, FV_USAGE,
                    "a gallery takes images of at least one pixel with 1 or 3 channels, not %lld "
                    "of %lldx%lldx%lld",
                    (long long)g->count, (long long)g->channels, (long long)g->height,
                    (long long)g->width);
}

fv_status fv_draw_gallery(fv_context *ctx, const fv_gallery_options *given, fv_blob **out) {
    fv_gallery_options g = {0};
    fv_canvas canvas;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, given);
    FV_TAKE(ctx, given, g);
    FV_TRY(check_gallery(ctx, &g));
    const fv_gallery gallery = {.title = g.title,
                                .images = g.images,
                                .count = g.count,
                                .channels = g.channels,
                                .h = g.height,
                                .w = g.width,
                                .interleaved = g.interleaved,
                                .captions = g.captions,
                                .columns = g.columns};
    FV_TRY(fv__draw_gallery(ctx, &gallery, &canvas));
    return fv__blob_of_canvas(ctx, &canvas, out);
}

fv_status fv_draw_text(fv_context *ctx, const uint8_t *gray, int64_t height, int64_t width,
                       int columns, fv_terminal_style style, fv_blob **out) {
    fv_text text = {.ctx = ctx};
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, gray);
    if (height < 1 || width < 1 || columns < 1)
        return fv__fail(ctx, FV_USAGE, "an image of %lldx%lld pixels in %d columns is no text",
                        (long long)height, (long long)width, columns);
    fv__image_terminal(&text, gray, height, width, columns, style);
    return fv__blob_of_text(ctx, &text, out);
}
