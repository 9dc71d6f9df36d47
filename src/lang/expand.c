/* SPDX-License-Identifier: MIT */
/*
 * expand.c - a tree to a net: parameters and settings, the input, the main chain, heads, the
 * recipe.
 */
#include "lang/expand.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

fv_env fv__expander_env(fv_expander *x, const fv_scope *scope, int flow) {
    return (fv_env){x->source, scope->values, x->values,
                    flow >= 0 ? &x->net->values[flow].shape : NULL, &x->fuel};
}

fv_status fv__expand_trace(fv_expander *x, const fv_scope *scope) {
    int shown = 0, more = 0;
    for (; scope != NULL && scope->outer != NULL && shown < 8; scope = scope->outer, shown++) {
        char text[512];
        int n = 0;
        if (scope->rounds > 0) {
            (void)fv__note(x->source, "in round %d of %d of the repetition at %d:%d", scope->round,
                           scope->rounds, scope->location.line, scope->location.column);
            continue;
        }
        text[0] = 0;
        for (int i = 0; i < scope->block->parameter_count && n < (int)sizeof text - 32; i++)
            n += fv__format(text + n, sizeof text - (size_t)n, "%s%g", i > 0 ? ", " : "",
                            scope->values[i]);
        (void)fv__note(x->source, "in block %s(%s), called at %.500s:%d:%d", scope->block->name,
                       text, x->source->file, scope->location.line, scope->location.column);
    }
    for (; scope != NULL && scope->outer != NULL; scope = scope->outer) more++;
    if (more > 0) (void)fv__note(x->source, "... and %d more around it", more);
    return x->source->ctx->status;
}

/* Height x width x channels by habit: few maps that are wide the wrong way round. */
void fv__expand_note_order(fv_expander *x, const fv_input *input) {
    const int64_t c = input->channels, h = input->height, w = input->width;
    if (w > 4 || w == 2 || c <= 4 || h <= 4) return;
    (void)fv__note(x->source, "channels come first: an image of %lldx%lld is input %lldx%lldx%lld",
                   (long long)c, (long long)h, (long long)w, (long long)c, (long long)h);
}

/* ---- parameters of the net ---- */

/* The number a setting gives: 10, 0.5, 1/4, yes, no. */
static bool setting_number(const char *text, double *out) {
    if (strcmp(text, "yes") == 0)
        *out = 1;
    else if (strcmp(text, "no") == 0)
        *out = 0;
    else
        return fv__parse_real(text, out);
    return true;
}

static fv_status unknown_setting(fv_expander *x, const fv_setting *setting) {
    const char *names[FV_PARAMS_MAX];
    const fv_block *net = &x->program->net;
    size_t count = 0;
    for (const fv_parameter *q = net->parameters; q != NULL; q = q->next) names[count++] = q->name;
    const char *near = fv__nearest(setting->name, names, count);
    if (near != NULL)
        return fv__fail(x->source->ctx, FV_USAGE,
                        "the network %s has no parameter '%s'; did you mean '%s'?", net->name,
                        setting->name, near);
    char list[1024] = "none";
    int n = 0;
    for (size_t i = 0; i < count && n < (int)sizeof list - 80; i++)
        n += snprintf(list + n, sizeof list - (size_t)n, "%s%s", i > 0 ? ", " : "", names[i]);
    return fv__fail(x->source->ctx, FV_USAGE, "the network %s has no parameter '%s'; it has: %s",
                    net->name, setting->name, list);
}

static fv_status set_parameters(fv_expander *x, const fv_setting *settings, size_t count,
                                fv_text *given) {
    const fv_block *net = &x->program->net;
    const fv_env env = {x->source, NULL, x->values, NULL, &x->fuel};
    for (size_t i = 0; i < count; i++) {
        const fv_parameter *q = net->parameters;
        while (q != NULL && strcmp(q->name, settings[i].name) != 0) q = q->next;
        if (q == NULL) return unknown_setting(x, &settings[i]);
    }
    int slot = 0;
    for (const fv_parameter *q = net->parameters; q != NULL; q = q->next, slot++) {
        const fv_setting *setting = NULL;
        for (size_t i = 0; i < count; i++) /* the last one counts */
            if (strcmp(q->name, settings[i].name) == 0) setting = &settings[i];
        if (setting != NULL) {
            if (!setting_number(setting->value, &x->values[slot]))
                return fv__fail(x->source->ctx, FV_USAGE,
                                "%s=%.100s: the network %s wants a number, such as %s=10", q->name,
                                setting->value, net->name, q->name);
            fv__text_addf(given, "%s%s=", given->length > 0 ? " " : "", q->name);
            fv__text_number(given, x->values[slot]);
        } else if (q->initial != NULL) {
            FV_TRY(fv__eval(&env, q->initial, &x->values[slot]));
        } else {
            return fv__fail(x->source->ctx, FV_USAGE,
                            "the network %s needs its parameter '%s': %s=10", net->name, q->name,
                            q->name);
        }
    }
    return FV_OK;
}

/* ---- the input ---- */

static fv_status set_input(fv_expander *x, fv_input *input) {
    const fv_program *program = x->program;
    const fv_env env = {x->source, NULL, x->values, NULL, &x->fuel};
    static const char *const names[3] = {"channels", "height", "width"};
    int64_t size[3];
    FV_TRY(fv__fill(&env, fv__input_fields, program->input_given, input));
    for (int i = 0; i < 3; i++) {
        double v;
        FV_TRY(fv__eval(&env, program->input_size[i], &v));
        if (!(v >= 1 && v <= 65536 && v == floor(v)))
            return fv__complain(x->source, program->input_size[i]->location,
                                "the input's %s must be a whole number from 1 to 65536, not %g",
                                names[i], v);
        size[i] = (int64_t)v;
    }
    input->channels = size[0], input->height = size[1], input->width = size[2];
    const int64_t least = size[1] < size[2] ? size[1] : size[2];
    for (const fv_given *g = program->input_given; g != NULL; g = g->next) {
        const bool mean = strcmp(g->field->name, "mean") == 0;
        const int count = mean                                 ? input->mean.count
                          : strcmp(g->field->name, "std") == 0 ? input->std.count
                                                               : 1;
        if (count != 1 && count != input->channels) {
            (void)fv__complain(
                x->source, g->value.location,
                "%s has %d numbers, but the input has %d channel%s: give one number, "
                "or one per channel",
                g->field->name, count, (int)input->channels, input->channels == 1 ? "" : "s");
            fv__expand_note_order(x, input);
            return FV_BAD_INPUT;
        }
        if (strcmp(g->field->name, "pad") == 0 && 2 * input->pad >= least)
            return fv__complain(x->source, g->value.location,
                                "pad %d on both sides leaves nothing of an image of %dx%d",
                                (int)input->pad, (int)size[1], (int)size[2]);
    }
    return FV_OK;
}

/* ---- heads and recipe ---- */

/* What is always there cannot read what only training has. */
static fv_status check_training(fv_expander *x) {
    const fv_graph *net = x->net;
    static const char remedy[] = "which only training has; its head needs the word `training` too";
    for (size_t i = 0; i < net->node_count; i++) {
        const fv_node *n = &net->nodes[i];
        for (int k = 0; k < n->inputs && !n->training; k++) {
            const int from = net->values[n->in[k]].node;
            if (from >= 0 && net->nodes[from].training)
                return fv__complain(x->source, n->location, "'%s' reads '%s', %s", n->name,
                                    net->nodes[from].name, remedy);
        }
    }
    const fv_output *o = x->program->outputs; /* heads[0] is the main chain's end */
    for (size_t i = 1; i < net->head_count && o != NULL; i++, o = o->next) {
        const int node = net->values[net->heads[i].value].node;
        if (!o->training && node >= 0 && net->nodes[node].training)
            return fv__complain(x->source, o->location, "this head reads '%s', %s",
                                net->nodes[node].name, remedy);
    }
    return FV_OK;
}

static fv_status add_head(fv_expander *x, const fv_scope *scope, const fv_chain *chain,
                          const fv_loss_given *loss, fv_head *head) {
    const fv_env env = fv__expander_env(x, scope, -1);
    const fv_value *value = &x->net->values[head->value];
    if (!value->type.batched)
        return fv__complain(x->source, chain->location,
                            "what comes out, '%s', is the same for all samples and can be no "
                            "output; join it to what flows: sum { identity | ... }",
                            value->name);
    if (loss->op != NULL) {
        head->loss = loss->op;
        head->loss_options = x->options;
        FV_TRY(fv__fill(&env, loss->op->fields, loss->given, x->options));
    }
    return fv__net_add_head(x->source->ctx, x->net, head);
}

static fv_status add_heads(fv_expander *x, const fv_scope *scope) {
    for (const fv_output *o = x->program->outputs; o != NULL; o = o->next) {
        const fv_env env = fv__expander_env(x, scope, -1);
        double weight = 1;
        int value;
        if (o->weight != NULL) FV_TRY(fv__eval(&env, o->weight, &weight));
        if (weight < 0)
            return fv__complain(x->source, o->weight->location,
                                "a head's weight must not be negative, as %g is", weight);
        x->training = o->training;
        FV_TRY(fv__expand_chain(x, scope, o->chain, 0, &value));
        fv_head head = {.name = o->name, .value = value, .weight = weight, .training = o->training};
        FV_TRY(add_head(x, scope, o->chain, &o->loss, &head));
    }
    return FV_OK;
}

static fv_status set_recipe(fv_expander *x) {
    fv_env env = {x->source, NULL, x->values, NULL, &x->fuel};
    fv_recipe_table table;
    fv__recipe_table(&table, NULL);
    fv__recipe_defaults(x->recipe);
    FV_TRY(fv__fill(&env, table.field, x->program->train_given, x->recipe));
    const int stated = x->recipe->loss;
    bool named = false;
    for (const fv_given *g = x->program->train_given; g; g = g->next) {
        named = named || strcmp(g->field->name, "loss") == 0;
        fv__recipe_spread(x->recipe, g->field);
    }
    if (named) x->recipe->loss = stated; /* whatever the optimiser brings */
    return FV_OK;
}

/* A constant that nobody reads likewise. */
static fv_status check_constants(fv_expander *x, const bool *used) {
    const fv_graph *net = x->net;
    for (size_t v = 0; v < net->value_count; v++)
        if (net->values[v].data != NULL && !used[v])
            return fv__complain(x->source, x->program->net.body->location,
                                "nothing reads the constant '%s'", net->values[v].name);
    return FV_OK;
}

/* A layer of whose outputs nobody reads any is a slip: `from` cut the chain behind it. */
static fv_status check_used(fv_expander *x) {
    const fv_graph *net = x->net;
    bool *used = fv__arena_alloc(x->arena, net->value_count * sizeof *used);
    if (used == NULL) return FV_EXHAUSTED;
    for (size_t i = 0; i < net->node_count; i++)
        for (int k = 0; k < net->nodes[i].inputs; k++) used[net->nodes[i].in[k]] = true;
    for (size_t i = 0; i < net->head_count; i++) used[net->heads[i].value] = true;
    for (size_t i = 0; i < net->node_count; i++) {
        const fv_node *n = &net->nodes[i];
        bool read = false;
        for (int o = 0; o < n->outputs; o++) read = read || used[n->out[o]];
        if (!read)
            return fv__complain(x->source, n->location,
                                "nothing reads the output of '%s'; a `from` behind it goes on from "
                                "somewhere else",
                                net->values[n->out[0]].name);
    }
    return check_constants(x, used);
}

/* ---- all together ---- */

static fv_status expand_net(fv_expander *x) {
    const fv_program *program = x->program;
    const fv_scope scope = {.prefix = "", .old_prefix = ""};
    int value;
    FV_TRY(fv__expand_start_names(x));
    FV_TRY(fv__expand_chain(x, &scope, program->net.body, 0, &value));
    if (x->net->node_count == 0)
        return fv__complain(x->source, program->net.body->location, "this network has no layers");
    fv_head head = {.name = "output", .value = value, .weight = 1};
    FV_TRY(add_head(x, &scope, program->net.body, &program->loss, &head));
    FV_TRY(add_heads(x, &scope));
    FV_TRY(fv__expand_check_shared(x));
    FV_TRY(check_training(x));
    FV_TRY(check_used(x));
    FV_TRY(set_recipe(x));
    x->net->source = fv__arena_textn(&x->net->arena, x->source->text, x->source->size);
    if (x->net->source == NULL) return FV_EXHAUSTED;
    return fv__net_freeze(x->source->ctx, x->net);
}

static fv_status new_net(fv_expander *x, const fv_setting *settings, size_t setting_count) {
    fv_text given = {.ctx = x->source->ctx};
    fv_input input;
    memset(&input, 0, sizeof input);
    fv_status status;
    FV_GO(set_parameters(x, settings, setting_count, &given));
    FV_GO(fv__text_done(x->source->ctx, &given));
    FV_GO(set_input(x, &input));
    status = fv__net_new(x->source->ctx, x->program->net.name, &input, &x->net);
    if (status == FV_BAD_INPUT)
        (void)fv__complain(x->source, x->program->input_location, "%s", x->source->ctx->message);
    if (status != FV_OK) goto done;
    x->net->given = fv__arena_text(&x->net->arena, given.data);
    if (x->net->given == NULL) status = FV_EXHAUSTED;
done:
    fv__text_free(&given);
    return status;
}

fv_status fv__expand(const fv_source *source, fv_arena *arena, const fv_program *program,
                     const fv_setting *settings, size_t setting_count, const fv_numbers *numbers,
                     fv_graph **out, fv_recipe *recipe) {
    fv_expander x = {.source = source,
                     .arena = arena,
                     .program = program,
                     .numbers = numbers,
                     .recipe = recipe,
                     .fuel = FV_FUEL};
    x.options = fv__arena_alloc(arena, fv__op_options_size(source->ctx));
    fv_status status = x.options == NULL ? FV_EXHAUSTED : FV_OK;
    if (status == FV_OK) status = new_net(&x, settings, setting_count);
    if (status == FV_OK) status = expand_net(&x);
    fv__expand_free_names(&x);
    if (status != FV_OK)
        fv__net_free(x.net);
    else
        *out = x.net;
    return status;
}
