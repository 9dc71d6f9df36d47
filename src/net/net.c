/* SPDX-License-Identifier: MIT */
/*
 * net.c - building a graph of operators: values, nodes, parameters, heads.
 */
#include "net/net.h"
#include "op/added_op.h"
#include <string.h>

#define PARAM_ALIGN      16 /* floats: each parameter starts on a cache line of the flat block */
#define NET_ELEMENTS_MAX ((int64_t)1 << 40)

/* Room for one more item at the end of an array; zeroed. */
#define ROOM(ctx, array, count, capacity, what)                                                    \
    fv__grow(ctx, (void **)&(array), &(capacity), (count) + 1, sizeof *(array), what)

static fv_status out_of_names(fv_context *ctx) {
    return fv__fail_memory(ctx, 0, "the network's names");
}

static fv_status add_value(fv_context *ctx, fv_graph *net, const fv_value *value, int *index) {
    FV_TRY(ROOM(ctx, net->values, net->value_count, net->value_capacity, "the network's values"));
    fv_value own = *value;
    own.name = fv__arena_text(&net->arena, value->name);
    if (!own.name) return out_of_names(ctx);
    *index = (int)net->value_count;
    net->values[net->value_count++] = own;
    return FV_OK;
}

fv_status fv__net_new(fv_context *ctx, const char *name, const fv_input *input, fv_graph **out) {
    fv_graph *net = fv__alloc(ctx, sizeof *net, "a network");
    *out = NULL;
    if (!net) return FV_EXHAUSTED;
    fv__arena_init(&net->arena, ctx);
    net->name = fv__arena_text(&net->arena, name);
    net->given = "";
    net->input = *input;
    const fv_value image = {.name = "input",
                            .type = {FV_F32, true},
                            .shape = fv__shape4(1, input->channels, input->height, input->width),
                            .node = -1};
    const int64_t count = fv__shape_count(&image.shape);
    fv_status status = FV_OK;
    int value;
    if (!net->name) {
        status = out_of_names(ctx);
    } else if (input->channels < 1 || input->height < 1 || input->width < 1 || count < 0 ||
               count > NET_ELEMENTS_MAX) {
        status =
            fv__fail(ctx, FV_BAD_INPUT, "an input of %lldx%lldx%lld makes no image",
                     (long long)input->channels, (long long)input->height, (long long)input->width);
    } else {
        status = add_value(ctx, net, &image, &value);
    }
    if (status != FV_OK) {
        fv__net_free(net);
        return status;
    }
    *out = net;
    return FV_OK;
}

void fv__net_free(fv_graph *net) {
    if (!net) return;
    fv__free(net->nodes);
    fv__free(net->values);
    fv__free(net->params);
    fv__free(net->heads);
    fv__arena_free(&net->arena);
    fv__free(net);
}

fv_status fv__net_add_input(fv_context *ctx, fv_graph *net, const char *name, fv_type type,
                            const fv_shape *shape, int *value) {
    const fv_value input = {.name = name, .type = type, .shape = *shape, .node = -1};
    return add_value(ctx, net, &input, value);
}

fv_status fv__net_add_constant(fv_context *ctx, fv_graph *net, const char *name, fv_dtype dtype,
                               const fv_shape *shape, const void *data, int *value) {
    const int64_t count = fv__shape_count(shape);
    size_t bytes;
    if (count < 1 || count > NET_ELEMENTS_MAX ||
        !fv__mul_size((size_t)count, fv__dtype_bytes(dtype), &bytes))
        return fv__fail(ctx, FV_BAD_INPUT, "the constant '%s' has no size that memory could hold",
                        name);
    void *own = fv__arena_alloc(&net->arena, bytes);
    if (!own) return FV_EXHAUSTED;
    memcpy(own, data, bytes);
    const fv_value constant = {
        .name = name, .type = {dtype, false}, .shape = *shape, .node = -1, .data = own};
    return add_value(ctx, net, &constant, value);
}

static fv_status add_param(fv_context *ctx, fv_graph *net, const fv_node_spec *spec,
                           const fv_param_spec *wanted, int *index) {
    FV_TRY(ROOM(ctx, net->params, net->param_count, net->param_capacity, "parameters"));
    fv_param param = {.spec = *wanted,
                      .node = (int)net->node_count,
                      .uses = 1,
                      .training = spec->training,
                      .offset = net->param_elements};
    param.name = fv__arena_format(&net->arena, "%s.%s",
                                  spec->param_name ? spec->param_name : spec->name, wanted->name);
    if (!param.name) return out_of_names(ctx);
    if (spec->old_name) {
        param.old_name = fv__arena_format(&net->arena, "%s.%s", spec->old_name, wanted->name);
        if (!param.old_name) return out_of_names(ctx);
    }
    param.count = fv__shape_count(&wanted->shape);
    int64_t end = 0;
    if (param.count < 0 || param.count > NET_ELEMENTS_MAX ||
        __builtin_add_overflow(param.offset, param.count, &end) || end > NET_ELEMENTS_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "%s has more values than any machine holds", param.name);
    net->param_elements = (end + PARAM_ALIGN - 1) / PARAM_ALIGN * PARAM_ALIGN;
    *index = (int)net->param_count;
    net->params[net->param_count++] = param;
    return FV_OK;
}

/* A parameter that another node has already. */
static fv_status share_param(fv_context *ctx, fv_graph *net, const fv_node_spec *spec,
                             const fv_param_spec *wanted, int index) {
    char mine[FV_SHAPE_TEXT], theirs[FV_SHAPE_TEXT];
    fv_param *param = &net->params[index];
    if (!fv__shape_equal(&param->spec.shape, &wanted->shape) ||
        param->spec.learned != wanted->learned)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the %s of %s would be %s and cannot be shared with %s, which is %s",
                        wanted->name, spec->op->name, fv__dims_text(mine, &wanted->shape),
                        param->name, fv__dims_text(theirs, &param->spec.shape));
    param->uses++;
    param->training = param->training && spec->training;
    return FV_OK;
}

static fv_status check_inputs(fv_context *ctx, const fv_op *op, int inputs) {
    if (inputs >= op->inputs_min && inputs <= op->inputs_max) return FV_OK;
    if (op->inputs_min == op->inputs_max)
        return fv__fail(ctx, FV_BAD_INPUT, "%s takes %d input%s, not %d", op->name, op->inputs_min,
                        op->inputs_min == 1 ? "" : "s", inputs);
    if (op->inputs_max == FV_OP_MANY)
        return fv__fail(ctx, FV_BAD_INPUT, "%s takes at least %d inputs, not %d", op->name,
                        op->inputs_min, inputs);
    return fv__fail(ctx, FV_BAD_INPUT, "%s takes %d to %d inputs, not %d", op->name, op->inputs_min,
                    op->inputs_max, inputs);
}

/* The names of a node: its own, of its parameters, of old. */
static fv_status copy_names(fv_context *ctx, fv_graph *net, const fv_node_spec *spec,
                            const fv_site *site, fv_node *node) {
    const int shared = spec->param && site->params > 0 ? spec->param[0] : -1;
    node->name = node->param_name = fv__arena_text(&net->arena, spec->name);
    if (shared >= 0)
        node->param_name = net->nodes[net->params[shared].node].param_name;
    else if (spec->param_name)
        node->param_name = fv__arena_text(&net->arena, spec->param_name);
    if (spec->old_name) node->old_name = fv__arena_text(&net->arena, spec->old_name);
    const bool all = node->name && node->param_name && (node->old_name || !spec->old_name);
    return all ? FV_OK : out_of_names(ctx);
}

/* The node's own copies of what the spec points at. */
static fv_status copy_spec(fv_context *ctx, fv_graph *net, const fv_node_spec *spec,
                           const fv_site *site, fv_node *node, int **out, int **param) {
    const size_t options = fv__field_used(spec->op->fields, spec->op->options_size, spec->options);
    void *own = fv__arena_alloc(&net->arena, options ? options : 1);
    int *in = fv__arena_alloc(&net->arena, sizeof *in * (size_t)(spec->inputs + 1));
    *out = fv__arena_alloc(&net->arena, sizeof **out * (size_t)(site->outputs + 1));
    *param = fv__arena_alloc(&net->arena, sizeof **param * (size_t)(site->params + 1));
    const fv_op *op = fv__op_adopt(&net->arena, spec->op);
    if (!op || !own || !in || !*out || !*param) return out_of_names(ctx);
    *node = (fv_node){.op = op,
                      .options = own,
                      .inputs = spec->inputs,
                      .outputs = site->outputs,
                      .params = site->params,
                      .in = in,
                      .out = *out,
                      .param = *param,
                      .location = spec->location,
                      .training = spec->training,
                      .open = spec->open};
    if (options) memcpy(own, spec->options, options);
    memcpy(in, spec->in, sizeof *in * (size_t)spec->inputs);
    return copy_names(ctx, net, spec, site, node);
}

static fv_status add_outputs(fv_context *ctx, fv_graph *net, const fv_node_spec *spec,
                             const fv_site *site, int *out) {
    for (int o = 0; o < site->outputs; o++) {
        const int64_t count = fv__shape_count(&site->out[o]);
        if (count < 0 || count > NET_ELEMENTS_MAX)
            return fv__fail(ctx, FV_BAD_INPUT, "the output of %s is larger than any machine holds",
                            spec->op->name);
        fv_value value = {.name = spec->name,
                          .type = site->out_type[o],
                          .shape = site->out[o],
                          .node = (int)net->node_count,
                          .output = o};
        if (o > 0) value.name = fv__arena_format(&net->arena, "%s.%d", spec->name, o + 1);
        if (!value.name) return out_of_names(ctx);
        FV_TRY(add_value(ctx, net, &value, &out[o]));
    }
    return FV_OK;
}

static fv_status add_node(fv_context *ctx, fv_graph *net, const fv_node_spec *spec,
                          const fv_site *site, int *value) {
    fv_node node;
    int *out, *param;
    FV_TRY(ROOM(ctx, net->nodes, net->node_count, net->node_capacity, "the network's nodes"));
    FV_TRY(copy_spec(ctx, net, spec, site, &node, &out, &param));
    for (int i = 0; i < site->params; i++) {
        param[i] = spec->param ? spec->param[i] : -1;
        FV_TRY(param[i] < 0 ? add_param(ctx, net, spec, &site->param[i], &param[i])
                            : share_param(ctx, net, spec, &site->param[i], param[i]));
    }
    FV_TRY(add_outputs(ctx, net, spec, site, out));
    if (value) *value = out[0];
    net->nodes[net->node_count++] = node;
    return FV_OK;
}

/* Memory for a site of so many inputs and outputs. */
static fv_status make_room(fv_context *ctx, int inputs, int outputs, fv_site_room *room) {
    *room = (fv_site_room){0};
    room->in = fv__alloc(ctx, sizeof *room->in * (size_t)(inputs + 1), "a layer's shapes");
    room->out = fv__alloc(ctx, sizeof *room->out * (size_t)(outputs + 1), "a layer's shapes");
    room->in_type = fv__alloc(ctx, sizeof *room->in_type * (size_t)(inputs + 1), "a layer's types");
    room->out_type =
        fv__alloc(ctx, sizeof *room->out_type * (size_t)(outputs + 1), "a layer's types");
    if (room->in && room->out && room->in_type && room->out_type) return FV_OK;
    fv__net_site_free(room);
    return FV_EXHAUSTED;
}

void fv__net_site_free(fv_site_room *room) {
    fv__free(room->in);
    fv__free(room->out);
    fv__free(room->in_type);
    fv__free(room->out_type);
    *room = (fv_site_room){0};
}

fv_status fv__net_site_room(fv_context *ctx, const fv_graph *net, fv_site_room *room) {
    int inputs = 1, outputs = 1;
    for (size_t n = 0; n < net->node_count; n++) {
        const int most = fv__op_outputs(net->nodes[n].op);
        inputs = net->nodes[n].inputs > inputs ? net->nodes[n].inputs : inputs;
        outputs = most > outputs ? most : outputs;
    }
    return make_room(ctx, inputs, outputs, room);
}

/* What an operator's shape rule finds for these inputs at a batch of n. */
static fv_status find_shape(fv_context *ctx, const fv_graph *net, const fv_op *op,
                            const void *options, const int *in, int inputs, int64_t n,
                            fv_site_room *room) {
    fv_site *site = &room->site;
    memset(site, 0, sizeof *site);
    site->options = options;
    site->inputs = inputs;
    site->in = room->in;
    site->in_type = room->in_type;
    site->out = room->out;
    site->out_type = room->out_type;
    for (int i = 0; i < inputs; i++) {
        room->in[i] = net->values[in[i]].shape;
        room->in_type[i] = net->values[in[i]].type;
        if (room->in_type[i].batched) room->in[i].dim[0] = n;
    }
    return fv__op_shape(ctx, op, site);
}

fv_status fv__net_add(fv_context *ctx, fv_graph *net, const fv_node_spec *spec, int *value) {
    fv_site_room room;
    FV_TRY(check_inputs(ctx, spec->op, spec->inputs));
    FV_TRY(make_room(ctx, spec->inputs, fv__op_outputs(spec->op), &room));
    fv_status status =
        find_shape(ctx, net, spec->op, spec->options, spec->in, spec->inputs, 1, &room);
    if (status == FV_OK) status = add_node(ctx, net, spec, &room.site, value);
    fv__net_site_free(&room);
    return status;
}

fv_status fv__net_add_head(fv_context *ctx, fv_graph *net, const fv_head *head) {
    FV_TRY(ROOM(ctx, net->heads, net->head_count, net->head_capacity, "the network's outputs"));
    fv_head own = *head;
    own.name = fv__arena_text(&net->arena, head->name);
    if (!own.name) return out_of_names(ctx);
    if (head->loss && head->loss_options) {
        const size_t bytes =
            fv__field_used(head->loss->fields, head->loss->options_size, head->loss_options);
        void *options = fv__arena_alloc(&net->arena, bytes + 1);
        if (!options) return FV_EXHAUSTED;
        memcpy(options, head->loss_options, bytes);
        own.loss_options = options;
    }
    net->heads[net->head_count++] = own;
    return FV_OK;
}

fv_status fv__net_freeze(fv_context *ctx, fv_graph *net) {
    if (net->head_count == 0)
        return fv__fail(ctx, FV_BAD_INPUT, "the network '%s' has no output", net->name);
    net->frozen = true;
    return FV_OK;
}

int fv__net_find_value(const fv_graph *net, const char *name) {
    for (size_t i = 0; i < net->value_count; i++)
        if (strcmp(net->values[i].name, name) == 0) return (int)i;
    return -1;
}

int fv__net_find_node(const fv_graph *net, const char *name) {
    for (size_t i = 0; i < net->node_count; i++)
        if (strcmp(net->nodes[i].name, name) == 0) return (int)i;
    return -1;
}

int fv__net_find_param(const fv_graph *net, const char *name) {
    for (size_t i = 0; i < net->param_count; i++)
        if (strcmp(net->params[i].name, name) == 0) return (int)i;
    return -1;
}

fv_status fv__net_site(fv_context *ctx, const fv_graph *net, const fv_node *node, int64_t n,
                       fv_site_room *room) {
    const fv_status status =
        find_shape(ctx, net, node->op, node->options, node->in, node->inputs, n, room);
    return status == FV_OK ? FV_OK : fv__fail_in(ctx, "%s: ", node->name);
}

int64_t fv__net_parameters(const fv_graph *net, bool training) {
    int64_t sum = 0;
    for (size_t i = 0; i < net->param_count; i++) {
        const fv_param *p = &net->params[i];
        if (p->spec.learned && (training || !p->training)) sum += p->count;
    }
    return sum;
}
