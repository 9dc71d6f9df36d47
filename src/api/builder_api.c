/* SPDX-License-Identifier: MIT */
/*
 * builder_api.c - public: a network built by calls. It grows as one from text does (net/net.h);
 * layers get the names that a text would give them.
 */
#include "api/builder_api.h"
#include "api/given.h"
#include "api/open_api.h"
#include <stdio.h>
#include <string.h>

int fv__builder_outcome(fv_builder *b, fv_status status, int result) {
    if (status == FV_OK) return result;
    b->status = status;
    snprintf(b->message, FV_MESSAGE_MAX, "%s", b->ctx->message);
    return -1;
}

/* ------------------------------------------------------------------------ begin and end --- */

static fv_status begin(fv_context *ctx, const char *name, const char *input, fv_builder *b) {
    fv_input is;
    b->ctx = ctx;
    b->message = fv__alloc(ctx, FV_MESSAGE_MAX, "a builder");
    if (!b->message) return FV_EXHAUSTED;
    fv__recipe_defaults(&b->net.recipe);
    FV_TRY(fv__input_parse(ctx, input, &is));
    FV_TRY(fv__net_new(ctx, name, &is, &b->net.graph));
    return fv__names_add(ctx, &b->names, "input", 0);
}

fv_status fv_builder_new(fv_context *ctx, const char *name, const char *input, fv_builder **out) {
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, name);
    FV_NEED(ctx, input);
    fv_builder *b = fv__alloc(ctx, sizeof *b, "a builder");
    if (!b) return FV_EXHAUSTED;
    const fv_status status = begin(ctx, name, input, b);
    if (status != FV_OK) {
        fv_builder_free(b);
        return status;
    }
    *out = b;
    return FV_OK;
}

void fv_builder_free(fv_builder *b) {
    if (!b) return;
    fv__names_free(&b->names);
    fv__names_free(&b->counters);
    fv__net_free(b->net.graph);
    fv__free(b->message);
    fv__free(b);
}

/* Marks the nodes that the heads need: those of inference, or all. */
static void mark_needed(const fv_graph *net, bool training, bool *needed) {
    for (size_t h = 0; h < net->head_count; h++) {
        const int node = net->values[net->heads[h].value].node;
        if (node >= 0 && (training || !net->heads[h].training)) needed[node] = true;
    }
    for (size_t n = net->node_count; n-- > 0;)
        for (int i = 0; needed[n] && i < net->nodes[n].inputs; i++) {
            const int from = net->values[net->nodes[n].in[i]].node;
            if (from >= 0) needed[from] = true;
        }
}

/* What only training's heads need is there in training only. */
static void mark_training(fv_graph *net, const bool *needed) {
    for (size_t p = 0; p < net->param_count; p++) net->params[p].training = true;
    for (size_t n = 0; n < net->node_count; n++) {
        net->nodes[n].training = !needed[n];
        for (int i = 0; needed[n] && i < net->nodes[n].params; i++)
            net->params[net->nodes[n].param[i]].training = false;
    }
}

static fv_status check_needed(fv_context *ctx, fv_graph *net) {
    bool *needed = fv__alloc(ctx, (net->node_count + 1) * sizeof *needed, "a builder");
    fv_status status = needed ? FV_OK : FV_EXHAUSTED;
    if (needed) mark_needed(net, true, needed);
    for (size_t n = 0; status == FV_OK && n < net->node_count; n++)
        if (!needed[n])
            status = fv__fail(ctx, FV_USAGE,
                              "'%s' leads to no output of the network; make it one with "
                              "fv_builder_head(), or leave it out",
                              net->nodes[n].name);
    if (status == FV_OK) {
        memset(needed, 0, net->node_count * sizeof *needed);
        mark_needed(net, false, needed);
        mark_training(net, needed);
    }
    fv__free(needed);
    return status;
}

static fv_status finish(fv_builder *b, fv_net **out) {
    fv_context *ctx = b->ctx;
    if (b->status != FV_OK) return fv__fail(ctx, b->status, "%s", b->message);
    FV_NEED(ctx, out);
    if (b->net.graph->head_count == 0)
        return fv__fail(ctx, FV_USAGE,
                        "a network needs an output: fv_builder_head() makes a value one");
    FV_TRY(check_needed(ctx, b->net.graph));
    FV_TRY(fv__net_freeze(ctx, b->net.graph));
    const fv_net net = b->net;
    b->net.graph = NULL; /* taken over, on failure too */
    return fv__net_handle(ctx, &net, out);
}

fv_status fv_builder_finish(fv_builder *b, fv_net **out) {
    if (out) *out = NULL;
    if (!b) return FV_USAGE;
    const fv_status status = finish(b, out);
    fv_builder_free(b);
    return status;
}

/* --------------------------------------------------------------------------------- names --- */

static fv_status check_name(const fv_builder *b, const char *name) {
    if (name[0] == 0 || strlen(name) > FV_FULL_MAX || strpbrk(name, "\"\r\n\t"))
        return fv__fail(b->ctx, FV_USAGE,
                        "a name has 1 to %d characters, none of them a quote or a line end, unlike "
                        "'%.64s'",
                        FV_FULL_MAX, name);
    if (fv__names_get(&b->names, name))
        return fv__fail(b->ctx, FV_USAGE, "the name '%.100s' is taken", name);
    return FV_OK;
}

/* The operator's name and the next number that is free. */
static fv_status automatic_name(fv_builder *b, const fv_op *op, char *out, size_t size) {
    int *counter = fv__names_get(&b->counters, op->name);
    if (!counter) {
        const char *own = fv__arena_text(&b->net.graph->arena, op->name);
        if (!own) return fv__fail_memory(b->ctx, 0, "the network's names");
        FV_TRY(fv__names_add(b->ctx, &b->counters, own, 0));
        counter = fv__names_get(&b->counters, own);
    }
    do snprintf(out, size, "%s%d", op->name, ++*counter);
    while (fv__names_get(&b->names, out));
    return FV_OK;
}

static fv_status take_names(fv_builder *b, size_t from) {
    const fv_graph *net = b->net.graph;
    for (size_t v = from; v < net->value_count; v++) {
        FV_TRY(check_name(b, net->values[v].name)); /* a further output: NAME.2 */
        FV_TRY(fv__names_add(b->ctx, &b->names, net->values[v].name, (int)v));
    }
    return FV_OK;
}

/* -------------------------------------------------------------------------------- layers --- */

fv_status fv__builder_value(const fv_builder *b, int value) {
    if (value >= 0 && (size_t)value < b->net.graph->value_count) return FV_OK;
    return fv__fail(b->ctx, FV_USAGE, "there is no value %d; the network has %zu, 0 is the input",
                    value, b->net.graph->value_count);
}

/* Adds the layer under its name, or a numbered one. */
static fv_status add(fv_builder *b, const char *name, const fv_node_spec *spec, int *value) {
    char numbered[FV_FULL_MAX + 1];
    fv_node_spec named = *spec;
    const size_t before = b->net.graph->value_count;
    if (spec->inputs < 0 || (spec->inputs > 0 && !spec->in))
        return fv__fail(b->ctx, FV_USAGE, "%s: which values it reads is missing", spec->op->name);
    for (int i = 0; i < spec->inputs; i++) FV_TRY(fv__builder_value(b, spec->in[i]));
    if (b->net.graph->node_count >= FV_NODES_MAX)
        return fv__fail(b->ctx, FV_BAD_INPUT, "a network has at most %d layers", FV_NODES_MAX);
    if (!name) FV_TRY(automatic_name(b, spec->op, numbered, sizeof numbered));
    named.name = name ? name : numbered;
    FV_TRY(check_name(b, named.name));
    if (fv__net_add(b->ctx, b->net.graph, &named, value) != FV_OK)
        return fv__fail_in(b->ctx, "%s: ", named.name);
    return take_names(b, before);
}

fv_status fv__builder_op(const fv_builder *b, const char *name, bool loss, const fv_op **out) {
    *out = fv__op_find_in(b->ctx, name);
    if (!*out) {
        const char *near = fv__op_nearest_in(b->ctx, name);
        return fv__fail(b->ctx, FV_BAD_INPUT, "unknown layer '%.64s'%s%s%s", name,
                        near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    const bool is_loss = ((*out)->traits & FV_LOSS) != 0;
    if (is_loss == loss) return FV_OK;
    if (loss)
        return fv__fail(b->ctx, FV_BAD_INPUT, "%s is no loss: it compares nothing with a target",
                        name);
    return fv__fail(b->ctx, FV_BAD_INPUT,
                    "%s is a loss; give it to fv_builder_head() as that of an output", name);
}

fv_status fv__builder_options(const fv_builder *b, const fv_op *op, const char *words, void **out) {
    *out = fv__alloc(b->ctx, op->options_size + 1, "a layer");
    if (!*out) return FV_EXHAUSTED;
    return fv__options_parse(b->ctx, op, words ? words : "", *out);
}

static fv_status add_layer(fv_builder *b, const char *name, const char *op, const char *options,
                           fv_node_spec *spec, int *value) {
    void *own = NULL;
    FV_NEED(b->ctx, op);
    FV_TRY(fv__builder_op(b, op, false, &spec->op));
    fv_status status = fv__builder_options(b, spec->op, options, &own);
    spec->options = own;
    if (status == FV_OK) status = add(b, name, spec, value);
    fv__free(own);
    return status;
}

int fv_builder_add(fv_builder *b, const char *name, const char *op, const char *options, int inputs,
                   const int *in) {
    int value = -1;
    if (!b || b->status != FV_OK) return -1;
    fv_node_spec spec = {.in = in, .inputs = inputs};
    const fv_status status = add_layer(b, name, op, options, &spec, &value);
    return fv__builder_outcome(b, status, value);
}

int fv_builder_then(fv_builder *b, int value, const char *op, const char *options) {
    return fv_builder_add(b, NULL, op, options, 1, &value);
}

static fv_status add_sharing(fv_builder *b, const char *name, int like, int inputs, const int *in,
                             int *value) {
    FV_TRY(fv__builder_value(b, like));
    const int from = b->net.graph->values[like].node;
    if (from < 0)
        return fv__fail(b->ctx, FV_USAGE, "no layer made the value %d: there is nothing to share",
                        like);
    const fv_node node = b->net.graph->nodes[from]; /* the list may move */
    if (node.params == 0)
        return fv__fail(b->ctx, FV_USAGE, "%s has no parameters that could be shared", node.name);
    fv_node_spec spec = {
        .op = node.op, .options = node.options, .in = in, .inputs = inputs, .param = node.param};
    return add(b, name, &spec, value);
}

int fv_builder_add_sharing(fv_builder *b, const char *name, int like, int inputs, const int *in) {
    int value = -1;
    if (!b || b->status != FV_OK) return -1;
    const fv_status status = add_sharing(b, name, like, inputs, in, &value);
    return fv__builder_outcome(b, status, value);
}

/* -------------------------------------------------------------------------------- values --- */

static fv_status output_of(const fv_builder *b, int value, int i, int *out) {
    const fv_graph *net = b->net.graph;
    FV_TRY(fv__builder_value(b, value));
    const int node = net->values[value].node, outputs = node < 0 ? 1 : net->nodes[node].outputs;
    if (i < 0 || i >= outputs)
        return fv__fail(b->ctx, FV_USAGE,
                        "'%s' comes from a layer with %d output%s; there is no %d",
                        net->values[value].name, outputs, outputs == 1 ? "" : "s", i);
    *out = node < 0 ? value : net->nodes[node].out[i];
    return FV_OK;
}

int fv_builder_output(fv_builder *b, int value, int i) {
    int out = -1;
    if (!b || b->status != FV_OK) return -1;
    const fv_status status = output_of(b, value, i, &out);
    return fv__builder_outcome(b, status, out);
}

static fv_status add_constant(fv_builder *b, const char *name, fv_dtype dtype, int rank,
                              const int64_t *dims, const void *data, int *value) {
    fv_shape shape = {.rank = rank};
    FV_NEED(b->ctx, name);
    FV_NEED(b->ctx, dims);
    FV_NEED(b->ctx, data);
    FV_TRY(check_name(b, name));
    if (rank < 1 || rank > FV_DIMS_MAX)
        return fv__fail(b->ctx, FV_USAGE, "a constant has 1 to %d dimensions, not %d", FV_DIMS_MAX,
                        rank);
    if ((int)dtype < 0 || dtype >= FV_DTYPES)
        return fv__fail(b->ctx, FV_USAGE, "%d is no type of numbers", (int)dtype);
    memcpy(shape.dim, dims, sizeof *dims * (size_t)rank);
    for (int d = 0; d < rank; d++)
        if (dims[d] < 1)
            return fv__fail(b->ctx, FV_USAGE,
                            "the dimensions of a constant are 1 or more, not %lld",
                            (long long)dims[d]);
    const size_t before = b->net.graph->value_count;
    FV_TRY(fv__net_add_constant(b->ctx, b->net.graph, name, dtype, &shape, data, value));
    return take_names(b, before);
}

int fv_builder_constant(fv_builder *b, const char *name, fv_dtype dtype, int rank,
                        const int64_t *dims, const void *data) {
    int value = -1;
    if (!b || b->status != FV_OK) return -1;
    const fv_status status = add_constant(b, name, dtype, rank, dims, data, &value);
    return fv__builder_outcome(b, status, value);
}

int fv_builder_dims(const fv_builder *b, int value, int64_t dims[FV_DIMS_MAX]) {
    if (!b || value < 0 || (size_t)value >= b->net.graph->value_count) return 0;
    const fv_value *v = &b->net.graph->values[value];
    const int skip = v->type.batched ? 1 : 0, rank = v->shape.rank - skip;
    if (dims) memcpy(dims, v->shape.dim + skip, sizeof *dims * (size_t)rank);
    return rank;
}
