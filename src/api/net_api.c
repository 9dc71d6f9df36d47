/* SPDX-License-Identifier: MIT */
/*
 * net_api.c - public: networks, the zoo, the settings there are.
 */
#include "api/blob.h"
#include "api/given.h"
#include "api/open_api.h"
#include "api/settings_api.h"
#include "foreign/dialect.h"
#include "lang/lang.h"
#include <string.h>

fv_status fv_net_parse(fv_context *ctx, const char *text, const char *settings, fv_net **out) {
    fv_arena arena;
    fv_setting *list;
    size_t count;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, text);
    fv__arena_init(&arena, ctx);
    fv_status status = fv__settings_split(ctx, &arena, settings, &list, &count);
    fv_net net = {0};
    if (status == FV_OK)
        status =
            fv__net_parse(ctx, "network", text, strlen(text), list, count, &net.graph, &net.recipe);
    fv__arena_free(&arena);
    return status == FV_OK ? fv__net_handle(ctx, &net, out) : status;
}

void fv_net_free(fv_net *net) {
    if (!net) return;
    fv__net_free(net->graph);
    fv__free(net);
}

const char *fv_net_name(const fv_net *net) {
    return net ? net->graph->name : NULL;
}

const char *fv_net_text(const fv_net *net) {
    return net ? net->graph->source : NULL;
}

const char *fv_net_given(const fv_net *net) {
    return net ? net->graph->given : NULL;
}

int64_t fv_net_parameters(const fv_net *net) {
    return net ? fv__net_parameters(net->graph, false) : 0;
}

int64_t fv_net_input(const fv_net *net, int64_t dims[3]) {
    if (!net) return 0;
    const fv_shape *s = &net->graph->values[0].shape;
    if (dims) {
        dims[0] = fv__channels(s);
        dims[1] = fv__height(s);
        dims[2] = fv__width(s);
    }
    return fv__shape_sample(s);
}

fv_status fv_net_print(fv_context *ctx, const fv_net *net, fv_blob **out) {
    fv_text text = {.ctx = ctx};
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, net);
    const fv_status status = fv__net_print(ctx, net->graph, &net->recipe, &text);
    if (status == FV_OK) return fv__blob_of_text(ctx, &text, out);
    fv__text_free(&text);
    return status;
}

fv_status fv_net_program(fv_context *ctx, const fv_net *net, const char *library, fv_blob **out) {
    fv_text text = {.ctx = ctx};
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, net);
    FV_NEED(ctx, library);
    const fv_dialect *dialect = fv__dialect_find(library);
    if (!dialect)
        return fv__fail(ctx, FV_USAGE, "programs are written for pytorch and keras, not for %.64s",
                        library);
    const fv_status status = fv__foreign_print(ctx, net->graph, dialect, &text);
    if (status == FV_OK) return fv__blob_of_text(ctx, &text, out);
    fv__text_free(&text);
    return status;
}

int fv_zoo_count(void) {
    int count = 0;
    while (fv__zoo[count].name) count++;
    return count;
}

const fv_zoo_network *fv_zoo(int i) {
    return i >= 0 && i < fv_zoo_count() ? &fv__zoo[i] : NULL;
}

const fv_zoo_network *fv_zoo_find(const char *name) {
    return name ? fv__zoo_find(name) : NULL;
}

int fv_training_setting(int i, fv_option *out) {
    fv_recipe_table table;
    fv__recipe_table(&table, NULL);
    return fv__option_of(table.field, i, out);
}

static const fv_optimizer *optimizer_at(int i) {
    return i >= 0 && i < FV_OPTIMIZERS ? fv__optimizers[i] : NULL;
}

int fv_optimizer_at(int i, fv_optimizer_facts *out) {
    const fv_optimizer *o = optimizer_at(i);
    if (!o || !out) return 0;
    const fv_optimizer_facts facts = {.name = o->name, .help = o->help, .about = o->about};
    return fv__give_struct(NULL, __func__, &facts, sizeof facts, out) == FV_OK;
}

int fv_optimizer_setting(int i, int k, fv_option *out) {
    const fv_optimizer *o = optimizer_at(i);
    return o ? fv__option_of(o->fields, k, out) : 0;
}

int fv_input_setting(int i, fv_option *out) {
    return fv__option_of(fv__input_fields, i, out);
}
