/* SPDX-License-Identifier: MIT */
/*
 * command_explain.c - `fovea explain`: the lecture's table of a network.
 *
 * Numbers come from where the work is done: parameters and MACs from the operators' own cost rules,
 * receptive fields from fv__net_receptive_fields, memory from the plan that would be executed.
 */
#include "cli/explain.h"

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
    {"connections", NULL, "a column of connections: what a layer's units read, biases included"},
    {"strict", NULL, "windows that do not tile their input are an error (exit code 3)"},
    {"markdown", NULL, "the table as Markdown"},
    {"as-fc", "LAYER", "this layer beside the fully connected one that would do its job"},
    {"wide", NULL, "every column, however narrow the terminal"},
    {"pytorch", NULL, "the network as a PyTorch module: a Python file on stdout"},
    {"keras", NULL, "the network as a Keras model, likewise"},
    {NULL, NULL, NULL},
};

/* --strict: the first window that does not tile its input as an error. */
static fv_status check_tiling(fv_cli *cli, const fv_explanation *e) {
    for (int i = 0; i < e->layer_count; i++) {
        const fv_layer *layer = e->layers[i];
        if (layer->misfit_count)
            return fv__fail(
                cli->ctx, FV_BAD_INPUT,
                "%s: %s does not tile its input: %s; other padding (`pad ?` finds it), or "
                "ceil for a pooling, would take in all of it",
                e->name, layer->name, layer->misfits[0]->words);
    }
    return FV_OK;
}

static fv_status say(fv_cli *cli, const fv_explanation *e) {
    fv_text out = {0};
    if (fv__cli_has(cli, "strict")) FV_TRY(check_tiling(cli, e));
    if (cli->json) {
        fv__cli_explain_json(e, fv__cli_has(cli, "training"), &out);
        return fv__cli_put(cli, &out);
    }
    const bool all = fv__cli_has(cli, "wide") || fv__cli_has(cli, "markdown");
    const fv_status status =
        fv__cli_explain_text(cli, e, all ? 0 : fv__cli_screen(stdout).columns, &out);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}

/* --pytorch, --keras: the network as a program of that library. */
static fv_status program(fv_cli *cli, const fv_net *net, const char *library) {
    fv_blob *blob;
    fv_text out = {0};
    FV_TRY(fv_net_program(cli->ctx, net, library, &blob));
    fv__text_addn(&out, fv_blob_data(blob), fv_blob_size(blob));
    fv_blob_free(blob);
    return fv__cli_put(cli, &out);
}

static fv_status explain(fv_cli *cli, const fv_net *net) {
    static const char *const libraries[] = {"pytorch", "keras"};
    const char *layer = fv__cli_value(cli, "as-fc");
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (fv__cli_has(cli, libraries[i])) return program(cli, net, libraries[i]);
    fv_explain_options options = FV_INIT(fv_explain_options);
    fv_explanation *e;
    options.batch = ((const keys *)cli->keys)->batch;
    options.training = fv__cli_has(cli, "training");
    options.apart = fv__cli_has(cli, "all");
    if (layer) return fv__cli_explain_as_fc(cli, net, layer);
    FV_TRY(fv_explain(cli->ctx, net, &options, &e));
    const fv_status status = say(cli, e);
    fv_explanation_free(e);
    return status;
}

static fv_status run(fv_cli *cli) {
    fv_weights *weights = NULL;
    fv_cli_net net;
    if (!cli->weights) FV_TRY(fv_weights_read(cli->ctx, cli->words[0], &weights));
    if (weights) {
        const fv_status status = fv__cli_explain_weights(cli, cli->words[0], weights);
        fv_weights_free(weights);
        return status;
    }
    FV_TRY(fv__cli_net(cli, cli->words[0], &net));
    const fv_status status = explain(cli, net.net);
    fv__cli_net_free(&net);
    return status;
}

const fv_command fv__command_explain = {
    .name = "explain",
    .help = "the lecture's table of a network: volumes, memory, parameters, MACs",
    .synopsis = "NETWORK [batch=N] [weights=FILE] [NAME=VALUE ...]",
    .about = "NETWORK is a name of the zoo (`fovea zoo`), a .net file, a model (.safetensors,\n"
             ".onnx) or an architecture of Keras (.json). Where a file leaves the size of images\n"
             "open, as some ONNX files do, input=3x128x128 says it. `-` is a text on standard\n"
             "input. Of a file of weights without a network the names\n"
             "and shapes are listed; with weights=FILE it is checked that they belong to the\n"
             "network.\n"
             "\n"
             "  layer    as the lectures write it: CONV3-64 is 64 filters of 3x3\n"
             "  output   height x width x channels\n"
             "  memory   numbers in the output, one image; times 4 for bytes\n"
             "  weights  (height*width*channels)*filters; biases are counted beside them\n"
             "  MACs     multiplications with addition, for one image\n"
             "  field    how many pixels of the image's width one output sees\n"
             "  jump     how many pixels lie between the fields of neighbours\n"
             "\n"
             "Connections are all numbers that units read, biases included, as LeCun counts them;\n"
             "fixed ones are those of layers that learn nothing, such as a maximum pool.\n"
             "\n"
             "A relu and the like works in place and stands with the layer before it. Planned\n"
             "memory is what a run would take: buffers are used again as soon as they may be.\n"
             "Of `pad ?` and `stride ?` in a text it says what fits and what was taken.",
    .examples = "fovea explain vgg16\n"
                "fovea explain resnet50 batch=8 --json\n"
                "fovea explain googlenet --training\n"
                "fovea explain resnet18 --pytorch >resnet18.py\n"
                "fovea explain lenet5 --as-fc conv1\n"
                "fovea explain mine.net --strict",
    .words_min = 1,
    .words_max = 1,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .flags = flag_table,
    .takes = FV_CLI_NET | FV_CLI_WEIGHTS | FV_CLI_INPUT,
    .run = run,
};
