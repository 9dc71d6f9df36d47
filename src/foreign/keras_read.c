/* SPDX-License-Identifier: MIT */
/*
 * keras_read.c - the architecture that Keras' model.to_json() writes, as one of our networks.
 *
 * Keras 2 writes the layers that a layer reads as ["conv1", 0, 0, {}], Keras 3 as tensors with a
 * history of that form; names, the number of the call, the number of the output. Layers may stand
 * in any order.
 */
#include "base/file.h"
#include "foreign/keras_layers.h"
#include "foreign/writer.h"

#include <string.h>

#define LAYERS_MOST 20000
#define CALLS_MOST  20000 /* of all layers together */
#define BYTES_MOST  ((size_t)64 << 20)
#define WAITING     (-2) /* in place of a value: its call waits for others */
#define DEPTH_MOST  16   /* of what a call of a layer is told */

bool fv__keras_recognise(const uint8_t *bytes, size_t size) {
    const char *key = "\"class_name\"";
    const size_t n = strlen(key), most = size < 4096 ? size : 4096;
    size_t at = 0;
    while (at < size && (bytes[at] == ' ' || bytes[at] == '\n' || bytes[at] == '\r')) at++;
    if (at >= size || bytes[at] != '{') return false;
    for (; at + n <= most; at++)
        if (memcmp(bytes + at, key, n) == 0) return true;
    return false;
}

/* --------------------------------------------------------------------------------- layers --- */

static fv_status take_layer(fv_keras *k, const fv_json *from, int index) {
    fv_keras_layer *layer = &k->layers[index];
    const fv_json *config = fv__json_get(from, "config");
    *layer = (fv_keras_layer){.class = fv__json_string(from, "class_name", ""),
                              .config = config,
                              .calls = fv__json_get(from, "inbound_nodes"),
                              .own = -1,
                              .depthwise = -1};
    layer->name = fv__json_string(from, "name", NULL);
    if (!layer->name && config) layer->name = fv__json_string(config, "name", NULL);
    if (!layer->name) layer->name = fv__arena_format(&k->arena, "layer%d", index + 1);
    if (!layer->name) return FV_EXHAUSTED;
    if (!config || config->kind != FV_JSON_OBJECT)
        return fv__keras_refuse(k, layer, "it has no config");
    if (fv__json_get(config, "layers"))
        return fv__keras_refuse(k, layer,
                                "a model within a model is not read; export its layers "
                                "as one model");
    if (fv__names_get(&k->names, layer->name))
        return fv__fail(k->ctx, FV_BAD_INPUT, "two layers are called '%.100s'", layer->name);
    layer->call_count =
        layer->calls && layer->calls->kind == FV_JSON_ARRAY ? layer->calls->count : 0;
    if (layer->call_count < 1) layer->call_count = 1;
    k->call_count += layer->call_count;
    if (layer->call_count > CALLS_MOST || k->call_count > CALLS_MOST)
        return fv__keras_refuse(k, layer, "layers are called more than %d times", CALLS_MOST);
    layer->value = fv__arena_alloc(&k->arena, (size_t)layer->call_count * sizeof *layer->value);
    if (!layer->value) return FV_EXHAUSTED;
    for (int c = 0; c < layer->call_count; c++) layer->value[c] = -1;
    return fv__names_add(k->ctx, &k->names, layer->name, index);
}

static fv_status take_layers(fv_keras *k, const fv_json *list) {
    if (!list || list->kind != FV_JSON_ARRAY || list->count < 1)
        return fv__fail(k->ctx, FV_BAD_INPUT, "the model's config has no layers");
    if (list->count > LAYERS_MOST)
        return fv__fail(k->ctx, FV_BAD_INPUT, "the model has %d layers; %d are the most",
                        list->count, LAYERS_MOST);
    k->layers = fv__arena_alloc(&k->arena, (size_t)list->count * sizeof *k->layers);
    if (!k->layers) return FV_EXHAUSTED;
    for (const fv_json *v = list->child; v; v = v->next) FV_TRY(take_layer(k, v, k->layer_count++));
    return FV_OK;
}

/* ---------------------------------------------------------------------------------- input --- */

static const fv_json *shape_in(const fv_json *config) {
    static const char *const names[] = {"batch_shape", "batch_input_shape", "build_input_shape"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const fv_json *v = fv__json_get(config, names[i]);
        if (v && v->kind == FV_JSON_ARRAY) return v;
    }
    return NULL;
}

/* [null, height, width, channels], or [null, numbers]: the graph begins with it. */
static fv_status begin(fv_keras *k, const char *name, const fv_json *shape) {
    double dims[3] = {1, 1, 1};
    fv_input input = {0};
    int rank = 0;
    fv__field_defaults(fv__input_fields, &input);
    if (!shape || (shape->count != 2 && shape->count != 4))
        return fv__fail(k->ctx, FV_BAD_INPUT,
                        "the model's input must be [null, height, width, channels] or [null, "
                        "numbers], as batch_shape or batch_input_shape of its first layer");
    for (const fv_json *v = shape->child->next; v; v = v->next, rank++) {
        if (v->kind != FV_JSON_NUMBER || v->number < 1 || v->number > 1e9 ||
            v->number != (double)(int64_t)v->number)
            return fv__fail(k->ctx, FV_BAD_INPUT,
                            "the size of the model's input is not stated: each of height, width "
                            "and channels must be a number");
        dims[rank == 0 && shape->count == 2 ? 2 : rank] = v->number;
    }
    input.height = (int64_t)dims[0];
    input.width = (int64_t)dims[1];
    input.channels = (int64_t)dims[2];
    const char *plain = fv__python_name(&k->arena, name);
    if (!plain) return FV_EXHAUSTED;
    return fv__net_new(k->ctx, plain, &input, &k->graph);
}

static bool is_input(const fv_keras_layer *layer) {
    return strcmp(layer->class, "InputLayer") == 0;
}

/* ------------------------------------------------------------------------------------ calls --- */

/* What a call reads: the references in it, in order. */
typedef struct references {
    const fv_json *at[FV_KERAS_INPUTS]; /* ["conv1", 0, 0, …] */
    int count;
} references;

static bool is_reference(const fv_json *v) {
    return v->kind == FV_JSON_ARRAY && v->count >= 3 && v->child->kind == FV_JSON_STRING &&
           v->child->next->kind == FV_JSON_NUMBER && v->child->next->next->kind == FV_JSON_NUMBER;
}

static bool gather(const fv_json *v, int depth, references *out) {
    if (depth > DEPTH_MOST) return false;
    if (is_reference(v)) {
        if (out->count == FV_KERAS_INPUTS) return false;
        out->at[out->count++] = v;
        return true;
    }
    if (v->kind != FV_JSON_ARRAY && v->kind != FV_JSON_OBJECT) return true;
    for (const fv_json *c = v->child; c; c = c->next)
        if (!gather(c, depth + 1, out)) return false;
    return true;
}

/* The layer of a reference, and which of its calls. */
static fv_status source_of(const fv_keras *k, const fv_json *reference, fv_keras_layer **layer,
                           int *call) {
    const char *name = reference->child->string;
    const double number = reference->child->next->number;
    const double output = reference->child->next->next->number;
    const int *index = fv__names_get(&k->names, name);
    if (!index) return fv__fail(k->ctx, FV_BAD_INPUT, "there is no layer '%.100s'", name);
    *layer = &k->layers[*index];
    if (!(number >= 0 && number < (*layer)->call_count) || output != 0)
        return fv__keras_refuse(k, *layer, "output %g of its call %g is read, which it has not",
                                output, number);
    *call = (int)number;
    return FV_OK;
}

/* A call that waits for others. */
typedef struct wait {
    fv_keras_layer *layer;
    int call;
    const fv_json *told; /* what it reads */
} wait;

static const fv_json *told_of(const fv_keras_layer *layer, int call) {
    const fv_json *v =
        layer->calls && layer->calls->kind == FV_JSON_ARRAY ? layer->calls->child : NULL;
    for (; v && call; call--) v = v->next;
    return v;
}

/* Puts a call that another one needs on top; one that waits already is waiting for itself. */
static fv_status push(fv_keras *k, wait *stack, int *top, fv_keras_layer *layer, int call) {
    const fv_json *told = told_of(layer, call);
    if (layer->value[call] == WAITING)
        return fv__fail(k->ctx, FV_BAD_INPUT,
                        "the model's layers read each other in a ring, at '%.100s'", layer->name);
    if (!told) return fv__keras_refuse(k, layer, "it has no inbound_nodes");
    layer->value[call] = WAITING;
    stack[(*top)++] = (wait){layer, call, told};
    return FV_OK;
}

/* Adds the call on top, if all that it reads is there; otherwise what it reads comes first, and
   before that the layer's earlier calls, the first of which has the parameters. */
static fv_status step(fv_keras *k, wait *stack, int *top) {
    const wait w = stack[*top - 1];
    references refs = {.count = 0};
    int in[FV_KERAS_INPUTS];
    if (!gather(w.told, 0, &refs))
        return fv__keras_refuse(k, w.layer, "it reads more than %d layers", FV_KERAS_INPUTS);
    if (!refs.count) return fv__keras_refuse(k, w.layer, "it reads no layer");
    if (w.call && w.layer->value[w.call - 1] < 0) return push(k, stack, top, w.layer, w.call - 1);
    for (int i = 0; i < refs.count; i++) {
        fv_keras_layer *from;
        int call;
        FV_TRY(source_of(k, refs.at[i], &from, &call));
        in[i] = from->value[call];
        if (in[i] < 0) return push(k, stack, top, from, call);
    }
    --*top;
    return fv__keras_add(k, w.layer, w.call, in, refs.count, &w.layer->value[w.call]);
}

static fv_status add_calls(fv_keras *k) {
    wait *stack = fv__arena_alloc(&k->arena, (size_t)(k->call_count + 1) * sizeof *stack);
    if (!stack) return FV_EXHAUSTED;
    for (int i = 0; i < k->layer_count; i++)
        for (int c = 0; c < k->layers[i].call_count; c++) {
            int top = 0;
            if (k->layers[i].value[c] >= 0) continue;
            FV_TRY(push(k, stack, &top, &k->layers[i], c));
            while (top) FV_TRY(step(k, stack, &top));
        }
    return FV_OK;
}

/* ----------------------------------------------------------------------------------- models --- */

static fv_status add_head(fv_keras *k, const char *name, int value) {
    const fv_head head = {.name = name, .value = value, .weight = 1};
    return fv__net_add_head(k->ctx, k->graph, &head);
}

static fv_status add_heads(fv_keras *k, const fv_json *outputs) {
    references refs = {.count = 0};
    fv_keras_layer *layer;
    int call = 0;
    if (!outputs || !gather(outputs, 0, &refs) || !refs.count)
        return fv__fail(k->ctx, FV_BAD_INPUT, "the model's config has no output_layers");
    for (int i = 0; i < refs.count; i++) {
        FV_TRY(source_of(k, refs.at[i], &layer, &call));
        FV_TRY(add_head(k, i ? layer->name : "output", layer->value[call]));
    }
    return FV_OK;
}

static fv_status functional(fv_keras *k, const char *name, const fv_json *config) {
    int inputs = 0;
    for (int i = 0; i < k->layer_count; i++) {
        if (!is_input(&k->layers[i])) continue;
        if (inputs++)
            return fv__fail(k->ctx, FV_BAD_INPUT, "a model with several inputs is not read");
        FV_TRY(begin(k, name, shape_in(k->layers[i].config)));
        k->layers[i].value[0] = 0;
    }
    if (!inputs) return fv__fail(k->ctx, FV_BAD_INPUT, "the model has no InputLayer");
    FV_TRY(add_calls(k));
    return add_heads(k, fv__json_get(config, "output_layers"));
}

static fv_status sequential(fv_keras *k, const char *name, const fv_json *config) {
    const fv_json *shape = shape_in(k->layers[0].config);
    int value = 0;
    if (!shape && config->kind == FV_JSON_OBJECT) shape = shape_in(config);
    FV_TRY(begin(k, name, shape));
    for (int i = 0; i < k->layer_count; i++) {
        const int in = value;
        if (!is_input(&k->layers[i])) FV_TRY(fv__keras_add(k, &k->layers[i], 0, &in, 1, &value));
    }
    return add_head(k, "output", value);
}

static fv_status read(fv_keras *k, const char *text, size_t size) {
    fv_json *root;
    FV_TRY(fv__json_parse(k->ctx, &k->arena, text, size, &root));
    const fv_json *config = root->kind == FV_JSON_OBJECT ? fv__json_get(root, "config") : NULL;
    const char *class = root->kind == FV_JSON_OBJECT ? fv__json_string(root, "class_name", "") : "";
    const bool chain = strcmp(class, "Sequential") == 0;
    if (!config || !(chain || strcmp(class, "Functional") == 0 || strcmp(class, "Model") == 0))
        return fv__fail(k->ctx, FV_BAD_INPUT,
                        "this is no architecture of Keras, as model.to_json() writes it: a "
                        "Sequential or Functional with its config");
    const char *name =
        config->kind == FV_JSON_OBJECT ? fv__json_string(config, "name", "keras") : "keras";
    FV_TRY(take_layers(k, config->kind == FV_JSON_ARRAY ? config : fv__json_get(config, "layers")));
    FV_TRY(chain ? sequential(k, name, config) : functional(k, name, config));
    return fv__net_freeze(k->ctx, k->graph);
}

fv_status fv__keras_read(fv_context *ctx, const char *path, fv_graph **out) {
    fv_keras k = {.ctx = ctx};
    fv_bytes file;
    *out = NULL;
    FV_TRY(fv__file_read(ctx, path, BYTES_MOST, &file));
    fv__arena_init(&k.arena, ctx);
    const fv_status status = read(&k, (const char *)file.data, file.size);
    fv__names_free(&k.names);
    fv__arena_free(&k.arena);
    fv__file_release(&file);
    if (status == FV_OK) {
        *out = k.graph;
        return FV_OK;
    }
    if (k.graph) fv__net_free(k.graph);
    return status == FV_BAD_INPUT ? fv__fail_in(ctx, "%s: ", path) : status;
}
