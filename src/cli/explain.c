/* SPDX-License-Identifier: MIT */
/*
 * explain.c - `fovea explain`: the lecture's table of a network.
 *
 * Numbers come from where the work is done: parameters and MACs from the operators' own cost rules,
 * receptive fields from fv__net_receptive_fields, memory from the plan that would be executed.
 */
#include "cli/explain.h"
#include <string.h>

typedef struct keys {
    int64_t batch;
} keys;

static const fv_field key_fields[] = {
    {"batch", "images at a time, for the planned memory (0: as the recipe says)", FV_INT,
     offsetof(keys, batch), "0", 0, 1 << 20, 0, NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static const fv_cli_flag flag_table[] = {
    {"training", NULL, "with what only training has, such as GoogLeNet's two further heads"},
    {"all", NULL, "a line of its own for every relu, dropout and the like"},
    {"strict", NULL, "windows that do not tile their input are an error (exit code 3)"},
    {"markdown", NULL, "the table as Markdown"},
    {"wide", NULL, "every column, however narrow the terminal"},
    {NULL, NULL, NULL},
};

static bool shown(const fv_explained *e, const fv_node *node) {
    return e->training || !node->training;
}

/* How often each value is read by the layers that are shown. */
static void count_uses(const fv_explained *e, int *uses) {
    for (size_t n = 0; n < e->net->node_count; n++) {
        const fv_node *node = &e->net->nodes[n];
        for (int i = 0; i < node->inputs && shown(e, node); i++) uses[node->in[i]]++;
    }
}

/* Pointwise layers write over their input and joined branches write side by side, unless someone
   else still needs what was there. */
static bool in_place(const fv_explained *e, const fv_node *node, const int *uses) {
    const unsigned free = FV_POINTWISE | FV_VIEW | FV_VIEW_IN_USE;
    if (!(node->op->traits & (free | FV_JOIN))) return false;
    for (int i = 0; i < node->inputs; i++)
        if (uses[node->in[i]] != 1 || e->net->values[node->in[i]].node < 0) return false;
    return true;
}

static void count_parameters(const fv_site *site, fv_row *row) {
    for (int i = 0; i < site->params; i++) {
        const fv_param_spec *p = &site->param[i];
        const int64_t n = fv__shape_count(&p->shape);
        if (!p->learned)
            row->statistics += n;
        else if (p->bias)
            row->biases += n;
        else
            row->weights += n;
    }
}

static fv_status add_row(fv_cli *cli, fv_explained *e, const fv_node *node, const int *uses,
                         const fv_receptive_field *views) {
    fv_row *row = &e->rows[e->count];
    fv_site site;
    FV_TRY(fv__net_site(cli->ctx, e->net, node, 1, &site));
    row->node = node;
    row->value = node->out[0];
    row->view = views[node->out[0]];
    row->values = fv__shape_sample(&site.out);
    row->in_place = in_place(e, node, uses);
    row->cost = (fv_cost){.kernel_h = 1, .kernel_w = 1, .stride_h = 1, .stride_w = 1};
    if (node->op->cost) node->op->cost(&site, &row->cost);
    memcpy(row->misfit, site.misfit, sizeof row->misfit);
    count_parameters(&site, row);
    row->shown_in = e->count;
    const bool plain = row->in_place && node->inputs == 1 && site.params == 0;
    const fv_row *before = &e->rows[e->count - 1];
    if (plain && before->value == node->in[0] && !fv__cli_has(cli, "all"))
        row->shown_in = before->shown_in;
    e->weights += row->weights;
    e->biases += row->biases;
    e->statistics += row->statistics;
    if (__builtin_add_overflow(e->macs, row->cost.macs, &e->macs))
        return fv__fail(cli->ctx, FV_BAD_INPUT,
                        "%s: its multiplications are more than can be counted; smaller maps or "
                        "fewer filters make it a network that can be run",
                        e->net->name);
    if (!row->in_place) e->values += row->values;
    e->count++;
    return FV_OK;
}

static fv_status take_apart(fv_cli *cli, fv_explained *e) {
    const fv_net *net = e->net;
    e->rows = fv__arena_alloc(&cli->arena, (net->node_count + 1) * sizeof *e->rows);
    int *uses = fv__arena_alloc(&cli->arena, net->value_count * sizeof *uses);
    fv_receptive_field *views = fv__arena_alloc(&cli->arena, net->value_count * sizeof *views);
    if (!e->rows || !uses || !views) return FV_EXHAUSTED;
    count_uses(e, uses);
    FV_TRY(fv__net_receptive_fields(cli->ctx, net, views));
    e->rows[0] = (fv_row){.values = fv__shape_sample(&net->values[0].shape), .view = views[0]};
    e->values = e->rows[0].values;
    e->count = 1;
    for (size_t n = 0; n < net->node_count; n++)
        if (shown(e, &net->nodes[n])) FV_TRY(add_row(cli, e, &net->nodes[n], uses, views));
    return FV_OK;
}

/* Asks the planner, as `fovea bench` and `fovea train` would. */
static fv_status planned_bytes(fv_cli *cli, const fv_net *net, int64_t batch, bool training,
                               fv_plan_memory *memory) {
    const fv_plan_ask ask = {.batch = batch, .training = training, .backward = training};
    fv_plan *plan = NULL;
    FV_TRY(fv__plan_new(cli->ctx, net, &ask, &plan));
    *memory = fv__plan_memory(plan);
    fv__plan_free(plan);
    return FV_OK;
}

/* The network with its losses. One that ends in a map, say, has none: that is told, not an error.
 */
static fv_status trained_net(fv_cli *cli, fv_explained *e, fv_net **out) {
    const fv_status status = fv__net_with_loss(cli->ctx, e->net, out);
    if (status != FV_BAD_INPUT) return status;
    *out = NULL;
    e->untrainable = fv__arena_text(&cli->arena, fv_context_error(cli->ctx));
    return e->untrainable ? FV_OK : FV_EXHAUSTED;
}

static fv_status plan_memory(fv_cli *cli, fv_explained *e, int64_t batch) {
    fv_net *trained = NULL;
    fv_plan_memory memory = {0};
    fv_status status = FV_OK;
    FV_TRY(trained_net(cli, e, &trained));
    e->planned_count = batch == 1 ? 1 : 2;
    for (int i = 0; i < e->planned_count && status == FV_OK; i++) {
        fv_planned *p = &e->planned[i];
        p->batch = i == 0 ? 1 : batch;
        status = planned_bytes(cli, e->net, p->batch, false, &memory);
        p->inference = memory.activations;
        p->inference_scratch = memory.scratch;
        e->parameters = memory.parameters;
        if (status != FV_OK || !trained) continue;
        status = planned_bytes(cli, trained, p->batch, true, &memory);
        p->training = memory.activations;
        p->training_scratch = memory.scratch;
        e->gradients = memory.gradients;
    }
    e->optimizer = e->gradients * (size_t)fv__recipe_states(&e->net->recipe);
    fv__net_free(trained);
    return status;
}

/* --strict: the first misfit as an error. */
static fv_status check_tiling(fv_cli *cli, const fv_explained *e) {
    for (int i = 1; i < e->count; i++) {
        const fv_row *row = &e->rows[i];
        if (!fv__row_misfits(row)) continue;
        fv_text text = {0};
        const int axis = row->misfit[0].axis && row->misfit[0].ignored > 0 ? 0 : 1;
        fv__lecture_misfit(&text, &row->misfit[axis]);
        const fv_status status =
            fv__fail(cli->ctx, FV_BAD_INPUT,
                     "%s: %s does not tile its input: %s; other padding, or ceil for a pooling, "
                     "would take in all of it",
                     e->net->name, row->node->name, text.data ? text.data : "");
        fv__text_free(&text);
        return status;
    }
    return FV_OK;
}

static fv_status explain(fv_cli *cli, fv_net *net) {
    const keys *k = cli->keys;
    fv_explained e = {.net = net, .training = fv__cli_has(cli, "training")};
    fv_text out = {0};
    FV_TRY(take_apart(cli, &e));
    if (fv__cli_has(cli, "strict")) FV_TRY(check_tiling(cli, &e));
    /* the recipe's batch, or as much of it as this machine's addresses can count; a batch that was
       asked for is planned or refused */
    int64_t batch = k->batch ? k->batch : net->recipe.batch;
    fv_status planned = plan_memory(cli, &e, batch);
    while (planned == FV_BAD_INPUT && !k->batch && batch > 1)
        planned = plan_memory(cli, &e, batch /= 2);
    FV_TRY(planned);
    if (cli->json) {
        fv__explain_json(&e, &out);
        return fv__cli_put(cli, &out);
    }
    const bool all = fv__cli_has(cli, "wide") || fv__cli_has(cli, "markdown");
    const fv_status status =
        fv__explain_text(cli, &e, all ? 0 : fv__cli_screen(stdout).columns, &out);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}

static fv_status run(fv_cli *cli) {
    fv_net *net = NULL;
    fv_safetensors weights;
    bool alone = false;
    if (!cli->weights) FV_TRY(fv__weights_open(cli->ctx, cli->words[0], &weights, &alone));
    if (alone) {
        const fv_status status = fv__explain_weights(cli, cli->words[0], &weights);
        fv__safetensors_close(&weights);
        return status;
    }
    FV_TRY(fv__cli_net(cli, cli->words[0], &net));
    const fv_status status = explain(cli, net);
    fv__net_free(net);
    return status;
}

const fv_command fv__command_explain = {
    .name = "explain",
    .help = "the lecture's table of a network: volumes, memory, parameters, MACs",
    .synopsis = "NETWORK [batch=N] [weights=FILE] [NAME=VALUE ...]",
    .about = "NETWORK is a name of the zoo (`fovea zoo`), a .net file or a model (.safetensors).\n"
             "Of a file of weights without a network the names and shapes are listed; with\n"
             "weights=FILE it is checked that they belong to the network.\n"
             "\n"
             "  layer    as the lectures write it: CONV3-64 is 64 filters of 3x3\n"
             "  output   height x width x channels\n"
             "  memory   numbers in the output, one image; times 4 for bytes\n"
             "  weights  (height*width*channels)*filters; biases are counted beside them\n"
             "  MACs     multiplications with addition, for one image\n"
             "  field    how many pixels of the image's width one output sees\n"
             "  jump     how many pixels lie between the fields of neighbours\n"
             "\n"
             "A relu and the like works in place and stands with the layer before it. Planned\n"
             "memory is what a run would take: buffers are used again as soon as they may be.",
    .examples = "fovea explain vgg16\n"
                "fovea explain resnet50 batch=8 --json\n"
                "fovea explain googlenet --training\n"
                "fovea explain mine.net --strict",
    .words_min = 1,
    .words_max = 1,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .flags = flag_table,
    .takes = FV_CLI_NET | FV_CLI_WEIGHTS,
    .run = run,
};
