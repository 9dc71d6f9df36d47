/* SPDX-License-Identifier: MIT */
/*
 * explanation.c - a network taken apart.
 *
 * Numbers come from where the work is done: parameters and MACs from the operators' own cost rules,
 * receptive fields from fv__net_receptive_fields, memory from the plan that would be executed.
 */
#include "look/explanation.h"
#include "lang/lang.h"
#include "look/lecture.h"
#include "look/planned_memory.h"
#include "op/fit.h"
#include <string.h>

/* What is handed out, and all that it points to. */
typedef struct record {
    fv_explanation told;
    fv_arena arena;
} record;

/* The making of one. */
typedef struct maker {
    fv_context *ctx;
    const fv_net *whole;
    const fv_graph *net; /* its graph */
    const fv_explain_options *options;
    fv_explanation *told;
    fv_arena *arena;
    fv_layer **layers;
    int count;
    fv_site_room room;
    int *uses;                  /* of each value: how many layers that are shown read it */
    bool *counted;              /* parameters: those that several layers have count once */
    fv_receptive_field *fields; /* of each value */
} maker;

static bool shown(const maker *m, const fv_node *node) {
    return m->options->training || !node->training;
}

static void count_uses(maker *m) {
    for (size_t n = 0; n < m->net->node_count; n++) {
        const fv_node *node = &m->net->nodes[n];
        for (int i = 0; i < node->inputs && shown(m, node); i++) m->uses[node->in[i]]++;
    }
}

/* Pointwise layers write over their input and joined branches write side by side, unless someone
   else still needs what was there. */
static bool in_place(const maker *m, const fv_node *node) {
    const unsigned free = FV_POINTWISE | FV_VIEW | FV_IDENTITY | FV_DROPS;
    const fv_value *x = &m->net->values[node->in[0]], *y = &m->net->values[node->out[0]];
    if (!(node->op->traits & free) && !fv__joins_channels(node->op, &x->shape, &y->shape))
        return false;
    for (int i = 0; i < node->inputs; i++)
        if (m->uses[node->in[i]] != 1 || m->net->values[node->in[i]].node < 0) return false;
    return true;
}

static void count_parameters(const maker *m, const fv_node *node, fv_layer *layer) {
    for (int i = 0; i < node->params; i++) {
        const fv_param_spec *p = &m->net->params[node->param[i]].spec;
        const int64_t n = fv__shape_count(&p->shape);
        if (m->counted[node->param[i]]) continue;
        m->counted[node->param[i]] = true;
        if (!p->learned)
            layer->statistics += n;
        else if (p->bias)
            layer->biases += n;
        else
            layer->weights += n;
    }
}

/* A text that a function writes, into the arena. */
static fv_status keep_text(maker *m, fv_text *text, const char **out) {
    fv_status status = fv__text_done(m->ctx, text);
    if (status == FV_OK) *out = fv__arena_text(m->arena, text->data ? text->data : "");
    fv__text_free(text);
    return status != FV_OK ? status : *out ? FV_OK : FV_EXHAUSTED;
}

static void add_share(fv_text *options, const fv_node *node) {
    if (node->params == 0 || strcmp(node->param_name, node->name) == 0) return;
    fv__text_add(options, options->length ? " " : "");
    fv__share_print(options, node);
}

static fv_status name_layer(maker *m, const fv_node *node, fv_layer *layer) {
    fv_text lecture = {.ctx = m->ctx}, rest = {.ctx = m->ctx}, options = {.ctx = m->ctx};
    layer->op = node->op->name;
    layer->training = node->training;
    /* names are copied: an explanation outlives its network */
    layer->name = fv__arena_text(m->arena, node->name);
    layer->label = fv__arena_text(m->arena, m->net->values[node->out[0]].name);
    if (!layer->name || !layer->label) return FV_EXHAUSTED;
    fv__lecture_name(&lecture, node);
    fv__lecture_options(&rest, node);
    if (node->op->fields) fv__options_print(&options, node->op, node->options);
    add_share(&rest, node);
    add_share(&options, node);
    fv_status status = keep_text(m, &lecture, &layer->lecture);
    if (status == FV_OK)
        status = keep_text(m, &rest, &layer->lecture_options);
    else
        fv__text_free(&rest);
    if (status == FV_OK) return keep_text(m, &options, &layer->options);
    fv__text_free(&options);
    return status;
}

static fv_status name_inputs(maker *m, const fv_node *node, fv_layer *layer) {
    const char **names = fv__arena_alloc(m->arena, (size_t)node->inputs * sizeof *names);
    if (!names) return FV_EXHAUSTED;
    for (int i = 0; i < node->inputs; i++) {
        const fv_value *in = &m->net->values[node->in[i]];
        names[i] = fv__arena_text(m->arena, in->node < 0 ? in->name : m->net->nodes[in->node].name);
        if (!names[i]) return FV_EXHAUSTED;
    }
    layer->inputs = names;
    layer->input_count = node->inputs;
    return FV_OK;
}

static fv_status add_misfits(maker *m, const fv_site *site, fv_layer *layer) {
    fv_misfit_facts **list = fv__arena_alloc(m->arena, 2 * sizeof *list);
    if (!list) return FV_EXHAUSTED;
    for (int i = 0; i < 2; i++) {
        const fv_misfit *misfit = &site->misfit[i];
        if (!misfit->axis || misfit->ignored <= 0) continue;
        fv_text words = {.ctx = m->ctx};
        fv_misfit_facts *f = fv__arena_alloc(m->arena, sizeof *f);
        if (!f) return FV_EXHAUSTED;
        *f = (fv_misfit_facts){misfit->axis, misfit->used, misfit->ignored, NULL};
        fv__lecture_misfit(&words, misfit);
        FV_TRY(keep_text(m, &words, &f->words));
        list[layer->misfit_count++] = f;
    }
    layer->misfits = (const fv_misfit_facts *const *)list;
    return FV_OK;
}

/* What an option that the text leaves open could be, and which it was. */
static fv_status add_trials(maker *m, const fv_node *node, const fv_site *site, fv_layer *layer) {
    const fv_field *f = node->open ? fv__field_find(node->op->fields, node->open) : NULL;
    fv_trial t;
    int count = 0;
    if (!f) return FV_OK;
    while (fv__fit_trial(node->op, node->options, f, &site->in[0], count, &t)) count++;
    fv_trial_facts **list = fv__arena_alloc(m->arena, (size_t)count * sizeof(*list));
    layer->open = fv__arena_text(m->arena, node->open);
    if (!list || !layer->open) return FV_EXHAUSTED;
    for (int i = 0; i < count; i++) {
        fv_text value = {.ctx = m->ctx};
        fv_trial_facts *facts = fv__arena_alloc(m->arena, sizeof *facts);
        if (!facts) return FV_EXHAUSTED;
        (void)fv__fit_trial(node->op, node->options, f, &site->in[0], i, &t);
        *facts = (fv_trial_facts){.height = t.height,
                                  .width = t.width,
                                  .fits = t.fits,
                                  .chosen = fv__fit_chose(node->options, f, &t)};
        fv__fit_print(&value, f, &t);
        FV_TRY(keep_text(m, &value, &facts->value));
        list[i] = facts;
    }
    layer->trial_count = count;
    layer->trials = (const fv_trial_facts *const *)list;
    return FV_OK;
}

static void describe_value(const maker *m, int value, fv_layer *layer) {
    const fv_shape *s = &m->net->values[value].shape;
    const fv_receptive_field *v = &m->fields[value];
    const int first = m->net->values[value].type.batched ? 1 : 0; /* a constant has no batch */
    layer->rank = s->rank - first;
    for (int d = first; d < s->rank; d++) layer->output[d - first] = s->dim[d];
    layer->values = first ? fv__shape_sample(s) : fv__shape_count(s);
    layer->field_h = v->size_h;
    layer->field_w = v->size_w;
    layer->jump_h = v->jump_h;
    layer->jump_w = v->jump_w;
    layer->sees_all = v->global;
}

static bool learns(const fv_site *site) {
    for (int i = 0; i < site->params; i++)
        if (site->param[i].learned) return true;
    return false;
}

static fv_status add_cost(maker *m, const fv_site *site, fv_layer *layer) {
    fv_cost cost;
    fv__op_cost(site, &cost);
    layer->macs = cost.macs;
    layer->connections = cost.connections;
    layer->product = fv__arena_text(m->arena, layer->weights ? cost.product : "");
    if (!layer->product) return FV_EXHAUSTED;
    if (__builtin_add_overflow(m->told->macs, cost.macs, &m->told->macs) ||
        __builtin_add_overflow(m->told->connections, cost.connections, &m->told->connections))
        return fv__fail(m->ctx, FV_BAD_INPUT,
                        "%s: its multiplications are more than can be counted; smaller maps or "
                        "fewer filters make it a network that can be run",
                        m->net->name);
    if (!learns(site)) m->told->fixed_connections += cost.connections;
    return FV_OK;
}

/* A relu and the like is told of with the layer before it. */
static int shown_in(const maker *m, const fv_node *node, const fv_layer *layer,
                    const fv_site *site) {
    const fv_layer *before = m->layers[m->count - 1];
    const bool plain = layer->in_place && node->inputs == 1 && site->params == 0;
    const char *read = m->net->values[node->in[0]].name;
    return plain && !m->options->apart && strcmp(before->label, read) == 0 ? before->shown_in
                                                                           : m->count;
}

static fv_status add_layer(maker *m, const fv_node *node) {
    fv_layer *layer = fv__arena_alloc(m->arena, sizeof *layer);
    fv_explanation *told = m->told;
    const fv_site *site = &m->room.site;
    if (!layer) return FV_EXHAUSTED;
    FV_TRY(fv__net_site(m->ctx, m->net, node, 1, &m->room));
    FV_TRY(name_layer(m, node, layer));
    FV_TRY(name_inputs(m, node, layer));
    FV_TRY(add_misfits(m, site, layer));
    FV_TRY(add_trials(m, node, site, layer));
    describe_value(m, node->out[0], layer);
    layer->in_place = in_place(m, node);
    count_parameters(m, node, layer);
    FV_TRY(add_cost(m, site, layer));
    layer->shown_in = shown_in(m, node, layer, site);
    told->weights += layer->weights;
    told->biases += layer->biases;
    told->statistics += layer->statistics;
    if (!layer->in_place) told->values += layer->values;
    m->layers[m->count++] = layer;
    return FV_OK;
}

static fv_status add_input(maker *m) {
    fv_layer *layer = fv__arena_alloc(m->arena, sizeof *layer);
    if (!layer) return FV_EXHAUSTED;
    layer->name = layer->label = fv__arena_text(m->arena, m->net->values[0].name);
    if (!layer->name) return FV_EXHAUSTED;
    layer->op = "input";
    layer->lecture = "INPUT";
    layer->options = layer->lecture_options = layer->product = "";
    describe_value(m, 0, layer);
    m->told->values = layer->values;
    m->layers[m->count++] = layer;
    return FV_OK;
}

static fv_status add_layers(maker *m) {
    const fv_graph *net = m->net;
    m->layers = fv__arena_alloc(m->arena, (net->node_count + 1) * sizeof(fv_layer *));
    m->uses = fv__arena_alloc(m->arena, net->value_count * sizeof *m->uses);
    m->fields = fv__arena_alloc(m->arena, net->value_count * sizeof *m->fields);
    m->counted = fv__arena_alloc(m->arena, net->param_count + 1);
    if (!m->layers || !m->uses || !m->fields || !m->counted) return FV_EXHAUSTED;
    count_uses(m);
    FV_TRY(fv__net_receptive_fields(m->ctx, net, m->fields));
    FV_TRY(add_input(m));
    for (size_t n = 0; n < net->node_count; n++)
        if (shown(m, &net->nodes[n])) FV_TRY(add_layer(m, &net->nodes[n]));
    m->told->layers = (const fv_layer *const *)m->layers;
    m->told->layer_count = m->count;
    return FV_OK;
}

static fv_status add_outputs(maker *m) {
    const fv_graph *net = m->net;
    fv_output_facts **list = fv__arena_alloc(m->arena, net->head_count * sizeof(*list));
    if (!list) return FV_EXHAUSTED;
    for (size_t h = 0; h < net->head_count; h++) {
        const fv_head *head = &net->heads[h];
        const fv_shape *s = &net->values[head->value].shape;
        m->told->training_outputs += head->training;
        if (head->training && !m->options->training) continue;
        fv_output_facts *f = fv__arena_alloc(m->arena, sizeof *f);
        if (!f) return FV_EXHAUSTED;
        *f = (fv_output_facts){.name = fv__arena_text(m->arena, head->name),
                               .rank = s->rank - 1,
                               .weight = head->weight,
                               .training = head->training};
        if (!f->name) return FV_EXHAUSTED;
        for (int d = 1; d < s->rank; d++) f->dims[d - 1] = s->dim[d];
        list[m->told->output_count++] = f;
    }
    m->told->outputs = (const fv_output_facts *const *)list;
    return FV_OK;
}

static fv_status make(maker *m) {
    m->told->name = fv__arena_text(m->arena, m->net->name);
    m->told->given = fv__arena_text(m->arena, m->net->given ? m->net->given : "");
    if (!m->told->name || !m->told->given) return FV_EXHAUSTED;
    FV_TRY(add_layers(m));
    FV_TRY(add_outputs(m));
    return fv__planned_memory(m->ctx, m->whole, m->options->batch, m->arena, m->told);
}

fv_status fv__explain(fv_context *ctx, const fv_net *net, const fv_explain_options *options,
                      fv_explanation **out) {
    record *r = fv__alloc(ctx, sizeof *r, "an explanation");
    *out = NULL;
    if (!r) return FV_EXHAUSTED;
    fv__arena_init(&r->arena, ctx);
    maker m = {.ctx = ctx,
               .whole = net,
               .net = net->graph,
               .options = options,
               .told = &r->told,
               .arena = &r->arena};
    fv_status status = fv__net_site_room(ctx, net->graph, &m.room);
    if (status == FV_OK) status = make(&m);
    fv__net_site_free(&m.room);
    if (status == FV_OK)
        *out = &r->told;
    else
        fv__explanation_free(&r->told);
    return status;
}

void fv__explanation_free(fv_explanation *explanation) {
    if (!explanation) return;
    record *r = (record *)explanation;
    fv__arena_free(&r->arena);
    fv__free(r);
}
