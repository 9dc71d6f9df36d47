/* SPDX-License-Identifier: MIT */
/*
 * print.c - a net as text: net, input, the main chain, heads, the recipe.
 */
#include "lang/print.h"
#include <stdio.h>
#include <string.h>

/* A name the parser takes: letters, digits, _ - and dots within. */
static void put_net_name(fv_printer *p, const char *name) {
    char text[FV_NAME_MAX + 1];
    size_t n = 0;
    for (; n < FV_NAME_MAX && name[n] != 0; n++) {
        const char c = name[n];
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
        text[n] = plain || (n > 0 && (c == '-' || c == '.')) ? c : '_';
    }
    if (n > 0 && text[n - 1] == '.') text[n - 1] = '_';
    text[n] = 0;
    fv__print_put(p, n > 0 ? text : "net");
}

/* The settings of a recipe that differ from the default. */
static fv_status put_settings(fv_printer *p, const fv_field *fields, const void *options,
                              int indent) {
    for (const fv_field *f = fields; f->name != NULL; f++) {
        const size_t n = strlen(f->name);
        if (fv__field_is_default(f, options)) continue;
        fv_text value = {.ctx = p->ctx};
        const char *quote = f->kind == FV_TEXT ? "\"" : "";
        fv__text_add(&value, quote);
        fv__field_print(&value, f, options);
        fv__text_add(&value, quote);
        const fv_status status = fv__text_done(p->ctx, &value);
        if (status == FV_OK) {
            if (!p->dry && p->out->length - p->line + n + value.length > 90)
                fv__print_newline(p, indent);
            else
                fv__print_put(p, " ");
            fv__print_put(p, f->name);
            fv__print_put(p, " ");
            fv__print_put(p, value.data);
        }
        fv__text_free(&value);
        FV_TRY(status);
    }
    return FV_OK;
}

static fv_status put_input(fv_printer *p) {
    fv_text words = {.ctx = p->ctx};
    fv__text_add(&words, "input ");
    fv__input_print(&words, &p->net->input);
    const fv_status status = fv__text_done(p->ctx, &words);
    if (status == FV_OK) fv__print_put(p, words.data);
    fv__text_free(&words);
    return status;
}

/* " loss crossentropy ignore 255" */
static fv_status put_loss(fv_printer *p, const fv_head *head) {
    fv_text words = {.ctx = p->ctx};
    fv__text_addf(&words, "loss %s ", head->loss->name);
    const size_t before = words.length;
    fv__options_print(&words, head->loss, head->loss_options);
    const fv_status status = fv__text_done(p->ctx, &words);
    if (status == FV_OK) {
        if (words.length == before) words.data[before - 1] = 0; /* no options */
        fv__print_put(p, words.data);
    }
    fv__text_free(&words);
    return status;
}

static fv_status put_head(fv_printer *p, const fv_head *head) {
    fv__print_newline(p, 0);
    fv__print_put(p, "head ");
    fv__print_label(p, head->name);
    if (head->weight != 1) {
        fv__print_put(p, " weight ");
        if (!p->dry) fv__text_number(p->out, head->weight);
    }
    if (head->training) fv__print_put(p, " training");
    fv__print_put(p, " ");
    if (head->loss) {
        FV_TRY(put_loss(p, head));
        fv__print_put(p, " ");
    }
    return fv__print_chain(p, -1, head->value, 2, 0);
}

static bool states_something(const fv_recipe *recipe) {
    fv_recipe_table table;
    fv__recipe_table(&table, recipe);
    for (const fv_field *f = table.field; f->name != NULL; f++)
        if (!fv__field_is_default(f, recipe)) return true;
    return false;
}

/* The whole text, in the order the parser expands it. */
static fv_status walk(fv_printer *p) {
    const fv_graph *net = p->net;
    memset(p->emitted, 0, net->value_count * sizeof *p->emitted);
    fv__names_free(&p->names);
    fv__names_free(&p->counters);
    FV_TRY(fv__names_add(p->ctx, &p->names, "input", 0));
    p->emitted[0] = true;
    p->line = p->dry ? 0 : p->out->length;
    fv__print_put(p, "net ");
    put_net_name(p, net->name);
    fv__print_newline(p, 0);
    FV_TRY(put_input(p));
    fv__print_newline(p, 4);
    FV_TRY(fv__print_chain(p, 0, net->heads[0].value, 2, 0));
    if (net->heads[0].loss) {
        fv__print_newline(p, 0);
        FV_TRY(put_loss(p, &net->heads[0]));
    }
    for (size_t i = 1; i < net->head_count; i++) FV_TRY(put_head(p, &net->heads[i]));
    if (p->recipe && states_something(p->recipe)) {
        fv_recipe_table table;
        fv__recipe_table(&table, p->recipe);
        fv__print_newline(p, 0);
        fv__print_put(p, "train");
        FV_TRY(put_settings(p, table.field, p->recipe, 6));
    }
    fv__print_put(p, "\n");
    return FV_OK;
}

/* A fixed graph has no batch, and a head of constants none either; no text is of such. */
static fv_status check_heads(const fv_printer *p) {
    for (size_t h = 0; h < p->net->head_count; h++)
        if (!p->net->values[p->net->heads[h].value].type.batched)
            return fv__fail(p->ctx, FV_BAD_INPUT,
                            "the output '%s' has no batch: nothing of the image is in it, and such "
                            "a network cannot be written as text",
                            p->net->heads[h].name);
    return FV_OK;
}

static fv_status check_complete(const fv_printer *p) {
    for (size_t i = 0; i < p->net->node_count; i++)
        if (!p->emitted[p->net->nodes[i].out[0]])
            return fv__fail(p->ctx, FV_BAD_INPUT,
                            "'%s' leads to no output of the network, which therefore cannot be "
                            "written as text",
                            p->net->nodes[i].name);
    return FV_OK;
}

static fv_status print(fv_context *ctx, const fv_graph *net, const fv_recipe *recipe, bool beside,
                       fv_text *out) {
    fv_printer p = {
        .ctx = ctx, .net = net, .recipe = recipe, .out = out, .dry = true, .beside = beside};
    fv_status status;
    if (net->head_count == 0)
        return fv__fail(ctx, FV_BAD_INPUT, "the network '%s' has no output", net->name);
    if (net->node_count == 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the network '%s' has no layers and cannot be written as text", net->name);
    fv__arena_init(&p.arena, ctx);
    FV_GO(check_heads(&p));
    FV_GO(fv__print_analyse(&p));
    FV_GO(walk(&p));
    FV_GO(check_complete(&p));
    p.dry = false;
    FV_GO(walk(&p));
    FV_GO(fv__text_done(ctx, out));
done:
    fv__names_free(&p.names);
    fv__names_free(&p.counters);
    fv__arena_free(&p.arena);
    return status;
}

fv_status fv__net_print(fv_context *ctx, const fv_graph *net, const fv_recipe *recipe,
                        fv_text *out) {
    return print(ctx, net, recipe, false, out);
}

fv_status fv__net_print_beside(fv_context *ctx, const fv_graph *net, const fv_recipe *recipe,
                               fv_text *out) {
    return print(ctx, net, recipe, true, out);
}
