/* SPDX-License-Identifier: MIT */
/*
 * net.c - building a graph of operators: values, nodes, parameters, heads.
 */
#include "net/net.h"
#include <string.h>

#define PARAM_ALIGN      16 /* floats: each parameter starts on a cache line of the flat block */
#define NET_ELEMENTS_MAX ((int64_t)1 << 40)

/* Room for one more item at the end of an array; zeroed. */
#define ROOM(ctx, array, count, capacity, what)                                                    \
    fv__grow(ctx, (void **)&(array), &(capacity), (count) + 1, sizeof *(array), what)

static fv_status out_of_names(fv_context *ctx) {
    return fv__fail_memory(ctx, 0, "the network's names");
}

static fv_status add_value(fv_context *ctx, fv_net *net, const char *name, const fv_shape *shape,
                           int node, int *value) {
    FV_TRY(ROOM(ctx, net->values, net->value_count, net->value_capacity, "the network's values"));
    const char *copy = fv__arena_text(&net->arena, name);
    if (!copy) return out_of_names(ctx);
    *value = (int)net->value_count;
    net->values[net->value_count++] = (fv_value){.name = copy, .shape = *shape, .node = node};
    return FV_OK;
}

fv_status fv__net_new(fv_context *ctx, const char *name, const fv_input *input, fv_net **out) {
    fv_net *net = fv__alloc(ctx, sizeof *net, "a network");
    *out = NULL;
    if (!net) return FV_EXHAUSTED;
    fv__arena_init(&net->arena, ctx);
    net->name = fv__arena_text(&net->arena, name);
    net->given = net->recipe_given = "";
    net->input = *input;
    fv__field_defaults(fv__recipe_fields, &net->recipe);
    fv_shape picture = fv__shape4(1, input->channels, input->height, input->width);
    const int64_t count = fv__shape_count(&picture);
    fv_status status = FV_OK;
    int value;
    if (!net->name) {
        status = out_of_names(ctx);
    } else if (input->channels < 1 || input->height < 1 || input->width < 1 || count < 0 ||
               count > NET_ELEMENTS_MAX) {
        status =
            fv__fail(ctx, FV_BAD_INPUT, "an input of %lldx%lldx%lld makes no picture",
                     (long long)input->channels, (long long)input->height, (long long)input->width);
    } else {
        status = add_value(ctx, net, "input", &picture, -1, &value);
    }
    if (status != FV_OK) {
        fv__net_free(net);
        return status;
    }
    *out = net;
    return FV_OK;
}

void fv__net_free(fv_net *net) {
    if (!net) return;
    fv__free(net->nodes);
    fv__free(net->values);
    fv__free(net->params);
    fv__free(net->heads);
    fv__arena_free(&net->arena);
    fv__free(net);
}

fv_status fv__net_add_input(fv_context *ctx, fv_net *net, const char *name, const fv_shape *shape,
                            int *value) {
    return add_value(ctx, net, name, shape, -1, value);
}

static fv_status add_param(fv_context *ctx, fv_net *net, const char *node_name, int node,
                           const fv_param_spec *spec) {
    FV_TRY(ROOM(ctx, net->params, net->param_count, net->param_capacity, "parameters"));
    fv_param param = {.spec = *spec, .node = node, .offset = net->param_elements};
    param.name = fv__arena_format(&net->arena, "%s.%s", node_name, spec->name);
    if (!param.name) return out_of_names(ctx);
    param.count = fv__shape_count(&spec->shape);
    int64_t end = 0;
    if (param.count < 0 || param.count > NET_ELEMENTS_MAX ||
        __builtin_add_overflow(param.offset, param.count, &end) || end > NET_ELEMENTS_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "%s has more values than any machine holds", param.name);
    net->param_elements = (end + PARAM_ALIGN - 1) / PARAM_ALIGN * PARAM_ALIGN;
    net->params[net->param_count++] = param;
    return FV_OK;
}

static fv_status check_inputs(fv_context *ctx, const fv_op *op, int inputs) {
    if (inputs >= op->inputs_min && inputs <= op->inputs_max) return FV_OK;
    if (op->inputs_min == op->inputs_max)
        return fv__fail(ctx, FV_BAD_INPUT, "%s takes %d input%s, not %d", op->name, op->inputs_min,
                        op->inputs_min == 1 ? "" : "s", inputs);
    return fv__fail(ctx, FV_BAD_INPUT, "%s takes %d to %d inputs, not %d", op->name, op->inputs_min,
                    op->inputs_max, inputs);
}

fv_status fv__net_add(fv_context *ctx, fv_net *net, const fv_op *op, const void *options,
                      const char *name, const int *in, int inputs, fv_place place, bool training,
                      int *value) {
    FV_TRY(check_inputs(ctx, op, inputs));
    fv_site site = {.options = options, .inputs = inputs};
    for (int i = 0; i < inputs; i++) site.in[i] = net->values[in[i]].shape;
    FV_TRY(op->shape(ctx, &site));
    const int64_t count = fv__shape_count(&site.out);
    if (count < 0 || count > NET_ELEMENTS_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "the output of %s is larger than any machine holds",
                        op->name);

    FV_TRY(ROOM(ctx, net->nodes, net->node_count, net->node_capacity, "the network's nodes"));
    fv_node node = {.op = op, .inputs = inputs, .place = place, .training = training};
    void *own = fv__arena_alloc(&net->arena, op->options_size ? op->options_size : 1);
    int *own_in = fv__arena_alloc(&net->arena, sizeof *in * (size_t)inputs);
    node.name = fv__arena_text(&net->arena, name);
    if (!own || !own_in || !node.name) return out_of_names(ctx);
    if (op->options_size) memcpy(own, options, op->options_size);
    memcpy(own_in, in, sizeof *in * (size_t)inputs);
    node.options = own;
    node.in = own_in;
    node.param0 = (int)net->param_count;
    node.params = site.params;
    const int index = (int)net->node_count;
    for (int i = 0; i < site.params; i++)
        FV_TRY(add_param(ctx, net, node.name, index, &site.param[i]));
    FV_TRY(add_value(ctx, net, name, &site.out, index, value));
    node.out = *value;
    net->nodes[net->node_count++] = node;
    return FV_OK;
}

fv_status fv__net_add_head(fv_context *ctx, fv_net *net, const char *name, int value, double weight,
                           bool training) {
    FV_TRY(ROOM(ctx, net->heads, net->head_count, net->head_capacity, "the network's outputs"));
    fv_head head = {.value = value, .weight = weight, .training = training};
    head.name = fv__arena_text(&net->arena, name);
    if (!head.name) return out_of_names(ctx);
    net->heads[net->head_count++] = head;
    return FV_OK;
}

fv_status fv__net_freeze(fv_context *ctx, fv_net *net) {
    if (net->head_count == 0)
        return fv__fail(ctx, FV_BAD_INPUT, "the network '%s' has no output", net->name);
    net->frozen = true;
    return FV_OK;
}

int fv__net_find_value(const fv_net *net, const char *name) {
    for (size_t i = 0; i < net->value_count; i++)
        if (strcmp(net->values[i].name, name) == 0) return (int)i;
    return -1;
}

int fv__net_find_node(const fv_net *net, const char *name) {
    for (size_t i = 0; i < net->node_count; i++)
        if (strcmp(net->nodes[i].name, name) == 0) return (int)i;
    return -1;
}

int fv__net_find_param(const fv_net *net, const char *name) {
    for (size_t i = 0; i < net->param_count; i++)
        if (strcmp(net->params[i].name, name) == 0) return (int)i;
    return -1;
}

fv_status fv__net_site(fv_context *ctx, const fv_net *net, const fv_node *node, int64_t n,
                       fv_site *site) {
    memset(site, 0, sizeof *site);
    site->options = node->options;
    site->inputs = node->inputs;
    for (int i = 0; i < node->inputs; i++) {
        site->in[i] = net->values[node->in[i]].shape;
        site->in[i].dim[0] = n;
    }
    fv_status status = node->op->shape(ctx, site);
    return status == FV_OK ? FV_OK : fv__fail_in(ctx, "%s: ", node->name);
}

int64_t fv__net_parameters(const fv_net *net, bool training) {
    int64_t sum = 0;
    for (size_t i = 0; i < net->param_count; i++) {
        const fv_param *p = &net->params[i];
        if (p->spec.learned && (training || !net->nodes[p->node].training)) sum += p->count;
    }
    return sum;
}
