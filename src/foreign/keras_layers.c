/* SPDX-License-Identifier: MIT */
/*
 * keras_layers.c - one layer of Keras as one of ours, by the rows of keras_list.h, and with it the
 * activation that many of its layers bring along.
 */
#include "foreign/keras_layers.h"
#include "foreign/writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

fv_status fv__keras_refuse(const fv_keras *k, const fv_keras_layer *layer, const char *format,
                           ...) {
    char words[512];
    va_list list;
    va_start(list, format);
    (void)fv__vformat(words, sizeof words, format, list);
    va_end(list);
    return fv__fail(k->ctx, FV_BAD_INPUT, "layer %.100s (%.60s): %s", layer->name, layer->class,
                    words);
}

static fv_status in_layer(const fv_keras *k, const fv_keras_layer *layer, fv_status status) {
    if (status != FV_BAD_INPUT) return status;
    return fv__fail_in(k->ctx, "layer %.100s (%.60s): ", layer->name, layer->class);
}

/* --------------------------------------------------------------------------------- options --- */

/* A value of the config as one is written in a text: a number, 3x3, yes, a word. */
static bool arg_of(const fv_json *v, fv_kind kind, fv_arg *out) {
    *out = (fv_arg){.is = FV_ARG_NUMBERS, .count = 1, .cross = kind == FV_SIZE};
    if (v->kind == FV_JSON_NUMBER) {
        out->v[0] = v->number;
        out->cross = false;
    } else if (v->kind == FV_JSON_ARRAY && v->count >= 1 && v->count <= FV_LIST_MAX) {
        out->count = 0;
        for (const fv_json *n = v->child; n; n = n->next) {
            if (n->kind != FV_JSON_NUMBER) return false;
            out->v[out->count++] = n->number;
        }
        out->cross = out->cross && out->count > 1;
    } else if (v->kind == FV_JSON_BOOL || v->kind == FV_JSON_STRING) {
        out->is = FV_ARG_WORD;
        (void)snprintf(out->word, sizeof out->word, "%s",
                       v->kind == FV_JSON_STRING ? v->string
                       : v->number != 0          ? "yes"
                                                 : "no");
    } else {
        return false;
    }
    return true;
}

fv_status fv__keras_set(const fv_keras *k, const fv_keras_layer *layer, const fv_op *op,
                        void *options, const char *field, const fv_json *value) {
    const fv_field *f = fv__field_find(op->fields, field);
    fv_arg arg;
    if (value->kind == FV_JSON_NULL) return FV_OK;
    if (!f || !arg_of(value, f->kind, &arg))
        return fv__keras_refuse(k, layer, "its %s is no such thing", value->name);
    return in_layer(k, layer, fv__field_set(k->ctx, f, options, &arg));
}

fv_status fv__keras_set_text(const fv_keras *k, const fv_keras_layer *layer, const fv_op *op,
                             void *options, const char *field, const char *text) {
    const fv_field *f = fv__field_find(op->fields, field);
    if (!f) return fv__keras_refuse(k, layer, "%s has no option %s", op->name, field);
    return in_layer(k, layer, fv__field_set_text(k->ctx, f, options, text));
}

/* What Keras takes where a config leaves out what its default differs in from ours. */
static const struct {
    const char *name;
    double value;
} defaults[] = {
    {"momentum", 0.99}, {"epsilon", 1e-3}, {"negative_slope", 0.3}, {"pool_size", 2}, {"size", 2},
};

/* Keys that change nothing of what a layer computes in inference, by their ends. */
static const char *const harmless[] = {"name",
                                       "trainable",
                                       "dtype",
                                       "_initializer",
                                       "_regularizer",
                                       "_constraint",
                                       "batch_shape",
                                       "batch_input_shape",
                                       "input_shape",
                                       "build_config",
                                       "registered_name",
                                       "module",
                                       "seed",
                                       "sparse",
                                       "ragged",
                                       "optional",
                                       "data_format",
                                       "activation",
                                       "synchronized",
                                       "renorm",
                                       "fused",
                                       "keepdims",
                                       "autocast",
                                       "initializer_config",
                                       "implementation",
                                       "noise_shape",
                                       "input_length",
                                       "mask_zero",
                                       NULL};

static bool is_harmless(const char *name) {
    for (int i = 0; harmless[i]; i++)
        if (strcmp(name, harmless[i]) == 0 ||
            (harmless[i][0] == '_' && fv__ends_with(name, harmless[i])))
            return true;
    return false;
}

static bool says_nothing(const fv_json *v) {
    return v->kind == FV_JSON_NULL || (v->kind == FV_JSON_BOOL && v->number == 0) ||
           (v->kind == FV_JSON_NUMBER && v->number == 0) ||
           (v->kind == FV_JSON_ARRAY && v->count == 0);
}

/* Refuses what nobody would read: it would change the result. */
static fv_status check_config(const fv_keras *k, const fv_keras_layer *layer,
                              const fv_foreign_row *row) {
    const char *order = fv__json_string(layer->config, "data_format", "channels_last");
    if (strcmp(order, "channels_last") != 0)
        return fv__keras_refuse(k, layer, "its data_format is %.30s; channels_last is read", order);
    const fv_json *center = fv__json_get(layer->config, "center");
    const fv_json *scale = fv__json_get(layer->config, "scale");
    if (strstr(row->args, "center=") && center && scale &&
        says_nothing(center) != says_nothing(scale))
        return fv__keras_refuse(k, layer, "it has a scale or a center, and not both");
    for (const fv_json *v = layer->config->child; v; v = v->next) {
        const char *args = row->args;
        fv_foreign_arg arg;
        bool read = is_harmless(v->name) || says_nothing(v);
        while (!read && fv__foreign_arg(&args, &arg)) read = strcmp(arg.theirs, v->name) == 0;
        if (read || strcmp(v->name, "axis") == 0) continue;
        if (strcmp(v->name, "alpha") == 0 && strcmp(row->op, "leakyrelu") == 0) continue;
        if (v->kind == FV_JSON_BOOL && v->number != 0 &&
            (strcmp(v->name, "center") == 0 || strcmp(v->name, "scale") == 0))
            continue;
        return fv__keras_refuse(k, layer, "its '%.60s' is not read here", v->name);
    }
    return FV_OK;
}

static fv_status read_arg(const fv_keras *k, const fv_keras_layer *layer, const fv_op *op,
                          void *options, const fv_shape *x, const fv_foreign_arg *arg) {
    const fv_json *value = fv__json_get(layer->config, arg->theirs);
    const bool minus = strncmp(arg->ours, "1-", 2) == 0;
    if (!value && strcmp(arg->theirs, "negative_slope") == 0)
        value = fv__json_get(layer->config, "alpha"); /* as Keras 2 calls it */
    if (arg->ours[0] == '!') return FV_OK;
    if (arg->ours[0] == '@') {
        for (const fv_keras_option *o = fv__keras_options; o->name; o++)
            if (strcmp(o->name, arg->ours + 1) == 0)
                return o->read(k, layer, op, options, x, value);
        return fv__keras_refuse(k, layer, "nothing reads its %s", arg->theirs);
    }
    fv_json number = {.kind = FV_JSON_NUMBER, .name = arg->theirs};
    for (size_t i = 0; !value && arg->always && i < sizeof defaults / sizeof *defaults; i++)
        if (strcmp(defaults[i].name, arg->theirs) == 0) {
            number.number = defaults[i].value;
            value = &number;
        }
    if (!value && arg->always) return fv__keras_refuse(k, layer, "it has no %s", arg->theirs);
    if (!value || !minus)
        return value ? fv__keras_set(k, layer, op, options, arg->ours, value) : FV_OK;
    if (value->kind != FV_JSON_NUMBER)
        return fv__keras_refuse(k, layer, "its %s is no number", arg->theirs);
    number.number = 1 - value->number;
    return fv__keras_set(k, layer, op, options, arg->ours + 2, &number);
}

static fv_status read_options(fv_keras *k, const fv_keras_layer *layer, const fv_foreign_row *row,
                              const fv_op *op, const fv_shape *x, void **out) {
    const char *args = row->args;
    fv_foreign_arg arg;
    *out = fv__arena_alloc(&k->arena, op->options_size + 1);
    if (!*out) return FV_EXHAUSTED;
    if (op->fields) fv__field_defaults(op->fields, *out);
    FV_TRY(check_config(k, layer, row));
    while (fv__foreign_arg(&args, &arg))
        if (!arg.silent) FV_TRY(read_arg(k, layer, op, *out, x, &arg));
    return FV_OK;
}

/* ------------------------------------------------------------------------------------ rows --- */

/* The operator of a row: "conv/depthwise" is one of conv. */
static const fv_op *op_of(const fv_foreign_row *row) {
    char name[64];
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(row->op, "/"), row->op);
    return fv__op_find(name);
}

/* Whether a row is of a class, "Conv2D" for "layers.Conv{d}D". */
static bool is_class(const fv_foreign_row *row, const char *class) {
    static const char prefix[] = "layers.";
    if (strncmp(row->theirs, prefix, sizeof prefix - 1) != 0) return false;
    const char *theirs = row->theirs + sizeof prefix - 1, *place = strstr(theirs, "{d}");
    if (!place) return strcmp(theirs, class) == 0;
    const size_t n = (size_t)(place - theirs);
    return strncmp(class, theirs, n) == 0 && class[n] == '2' &&
           strcmp(class + n + 1, place + 3) == 0;
}

static const fv_foreign_row *row_of(const char *class, const char *activation) {
    char literal[64];
    (void)snprintf(literal, sizeof literal, "activation:=!\"%.40s\"", activation);
    for (const fv_foreign_row *r = fv__keras_rows; r->op; r++)
        if (is_class(r, class) && (!*activation || strcmp(r->args, literal) == 0)) return r;
    return NULL;
}

/* "relu" of a config's activation: a word, or an object that Keras made of one; "" for none. */
static const char *activation_of(const fv_json *config) {
    const fv_json *v = fv__json_get(config, "activation");
    if (v && v->kind == FV_JSON_OBJECT) v = fv__json_get(v, "config");
    if (v && v->kind == FV_JSON_OBJECT) v = fv__json_get(v, "name");
    if (!v || v->kind != FV_JSON_STRING || strcmp(v->string, "linear") == 0) return "";
    return v->string;
}

/* ------------------------------------------------------------------------------------ nodes --- */

/* One node; a later call of the layer shares the parameters of the first, which is *first. */
static fv_status add_node(fv_keras *k, const fv_keras_layer *layer, const char *suffix, int *first,
                          int call, const fv_op *op, const void *options, const int *in, int count,
                          int *value) {
    fv_arena *arena = &k->arena;
    const char *base = fv__arena_format(arena, "%s%s", layer->name, suffix);
    const char *name = call ? fv__arena_format(arena, "%s.%d", base, call + 1) : base;
    if (!base || !name) return FV_EXHAUSTED;
    const fv_node_spec spec = {.op = op,
                               .options = options,
                               .name = name,
                               .param_name = base,
                               .in = in,
                               .inputs = count,
                               .param = *first >= 0 ? k->graph->nodes[*first].param : NULL};
    FV_TRY(in_layer(k, layer, fv__net_add(k->ctx, k->graph, &spec, value)));
    if (*first < 0) *first = k->graph->values[*value].node;
    return FV_OK;
}

static fv_status add_plain(fv_keras *k, const fv_keras_layer *layer, const char *op, int call,
                           int *value) {
    const fv_op *o = fv__op_find(op);
    const int in = *value;
    char suffix[64];
    int none = -1;
    void *options = fv__arena_alloc(&k->arena, o->options_size + 1);
    if (!options) return FV_EXHAUSTED;
    if (o->fields) fv__field_defaults(o->fields, options);
    (void)snprintf(suffix, sizeof suffix, ".%.60s", op);
    return add_node(k, layer, suffix, &none, call, o, options, &in, 1, value);
}

/* ReLU with a roof is clip, with a slope below 0 leakyrelu. */
static const char *kind_of_relu(const fv_json *config) {
    const fv_json *roof = fv__json_get(config, "max_value");
    const fv_json *slope = fv__json_get(config, "negative_slope");
    const bool roofed = roof && roof->kind == FV_JSON_NUMBER;
    const bool slopes = slope && slope->kind == FV_JSON_NUMBER && slope->number != 0;
    return roofed && slopes ? NULL : roofed ? "clip/relu" : slopes ? "leakyrelu" : "relu";
}

static const fv_foreign_row *row_for(const fv_keras_layer *layer) {
    if (strcmp(layer->class, "Activation") == 0)
        return row_of("Activation", activation_of(layer->config));
    if (strcmp(layer->class, "SeparableConv2D") == 0) return row_of("Conv2D", "");
    if (strcmp(layer->class, "ReLU") != 0) return row_of(layer->class, "");
    const char *op = kind_of_relu(layer->config);
    for (const fv_foreign_row *r = fv__keras_rows; op && r->op; r++)
        if (strcmp(r->op, op) == 0 && *r->theirs) return r;
    return NULL;
}

static fv_status check_input(const fv_keras *k, const fv_keras_layer *layer, const fv_op *op,
                             const fv_shape *x) {
    const fv_json *axis = fv__json_get(layer->config, "axis");
    if (op == &fv__op_fc && fv__shape_sample(x) != x->dim[1])
        return fv__keras_refuse(k, layer,
                                "Keras applies it to every pixel of a map; put a Flatten "
                                "before it, or a Conv2D of 1x1 in its place");
    if (op != &fv__op_bn || !axis || axis->kind == FV_JSON_NULL) return FV_OK;
    for (const fv_keras_option *o = fv__keras_options; o->name; o++)
        if (strcmp(o->name, "axis") == 0) {
            if (axis->kind == FV_JSON_ARRAY && axis->count == 1) axis = axis->child;
            const bool flat = fv__shape_sample(x) == x->dim[1];
            if (axis->kind == FV_JSON_NUMBER &&
                (axis->number == -1 || axis->number == 3 || (flat && axis->number == 1)))
                return FV_OK;
        }
    return fv__keras_refuse(k, layer, "it normalises an axis that is not the channels, the last");
}

/* The channels one by one, then 1x1 over all of them: two layers. */
static fv_status add_separable(fv_keras *k, fv_keras_layer *layer, int call, int *value) {
    static const fv_foreign_row pointwise = {"conv", "", "filters:=filters, use_bias=bias", ""};
    const fv_foreign_row *depthwise = row_of("DepthwiseConv2D", "");
    const fv_foreign_row all = {
        "conv", "",
        "filters:=filters, kernel_size:=kernel, depth_multiplier=@multiplier, "
        "strides=stride, padding=@pad, dilation_rate=dilation, use_bias=bias",
        ""};
    const fv_shape *x = &k->graph->values[*value].shape;
    const fv_op *op = &fv__op_conv;
    const char *args = depthwise->args;
    const int in = *value;
    fv_foreign_arg arg;
    void *options;
    FV_TRY(check_config(k, layer, &all));
    options = fv__arena_alloc(&k->arena, op->options_size + 1);
    if (!options) return FV_EXHAUSTED;
    fv__field_defaults(op->fields, options);
    while (fv__foreign_arg(&args, &arg)) FV_TRY(read_arg(k, layer, op, options, x, &arg));
    FV_TRY(fv__keras_set_text(k, layer, op, options, "bias", "no"));
    FV_TRY(add_node(k, layer, ".depthwise", &layer->depthwise, call, op, options, &in, 1, value));
    options = fv__arena_alloc(&k->arena, op->options_size + 1);
    if (!options) return FV_EXHAUSTED;
    fv__field_defaults(op->fields, options);
    args = pointwise.args;
    while (fv__foreign_arg(&args, &arg)) FV_TRY(read_arg(k, layer, op, options, x, &arg));
    FV_TRY(fv__keras_set_text(k, layer, op, options, "kernel", "1"));
    const int middle = *value;
    return add_node(k, layer, "", &layer->own, call, op, options, &middle, 1, value);
}

static fv_status add_row(fv_keras *k, fv_keras_layer *layer, int call, const int *in, int count,
                         int *value) {
    const fv_foreign_row *row = row_for(layer);
    void *options;
    if (!row) return fv__keras_refuse(k, layer, "there is no such layer here");
    const fv_op *op = op_of(row);
    const fv_shape *x = &k->graph->values[in[0]].shape;
    FV_TRY(check_input(k, layer, op, x));
    FV_TRY(read_options(k, layer, row, op, x, &options));
    if (op == &fv__op_clip) FV_TRY(fv__keras_set_text(k, layer, op, options, "min", "0"));
    return add_node(k, layer, "", &layer->own, call, op, options, in, count, value);
}

/* A global pool gives a vector unless it is told to keep the map's dimensions. */
static bool flattens(const fv_keras_layer *layer) {
    const fv_json *keep = fv__json_get(layer->config, "keepdims");
    return strncmp(layer->class, "Global", 6) == 0 &&
           !(keep && keep->kind == FV_JSON_BOOL && keep->number != 0);
}

fv_status fv__keras_add(fv_keras *k, fv_keras_layer *layer, int call, const int *in, int count,
                        int *value) {
    const char *activation = activation_of(layer->config);
    *value = in[0];
    if (strcmp(layer->class, "Activation") == 0) {
        if (!*activation) return FV_OK; /* linear */
        return add_row(k, layer, call, in, count, value);
    }
    FV_TRY(strcmp(layer->class, "SeparableConv2D") == 0
               ? add_separable(k, layer, call, value)
               : add_row(k, layer, call, in, count, value));
    if (flattens(layer)) FV_TRY(add_plain(k, layer, "flatten", call, value));
    if (!*activation) return FV_OK;
    const fv_foreign_row *row = row_of("Activation", activation);
    if (!row) return fv__keras_refuse(k, layer, "there is no activation '%.60s' here", activation);
    return add_plain(k, layer, row->op, call, value);
}
