/* SPDX-License-Identifier: MIT */
/*
 * command_convert.c - `fovea convert IN OUT`: between the forms a network can have, told by their
 * ends.
 */
#include "cli/weights_report.h"

typedef struct keys {
    int64_t seed, opset;
    bool logits;
} keys;

static const fv_field key_fields[] = {
    {"seed", "start of the random numbers of fresh weights", FV_INT, offsetof(keys, seed), "1", 0,
     9e15, 0, NULL, NULL},
    {"opset", "version of ONNX's operators, 7 to 17, of an .onnx file; 0: 13, or as needed", FV_INT,
     offsetof(keys, opset), "0", 0, 1000, 0, NULL, NULL},
    {"logits", "whether an .onnx file leaves out a softmax at the end", FV_BOOL,
     offsetof(keys, logits), "no", 0, 0, 0, NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static fv_status report(fv_cli *cli, const char *in, const char *out, uint64_t bytes,
                        const fv_weight_report *weights) {
    fv_text text = {0};
    char size[32];
    if (cli->json) {
        fv_json_writer w = fv__json_writer(&text, FV_JSON_ONE_LINE);
        fv__json_open(&w, NULL, '{');
        fv__json_add_text(&w, "in", in);
        fv__json_add_text(&w, "out", out);
        fv__json_add_int(&w, "bytes", (int64_t)bytes);
        if (weights) fv__cli_weights_json(&w, weights);
        fv__json_close(&w);
    } else if (!cli->quiet) {
        if (weights) fv__cli_weights_text(&text, weights);
        fv__text_addf(&text, "%s: %s\n", out, fv__short_bytes(size, (double)bytes));
    }
    return fv__cli_put(cli, &text);
}

/* Of what names a text, and of what names nothing, the network alone is made. */
static fv_status convert_net(fv_cli *cli, const char *in, const char *out) {
    fv_cli_net net;
    if (cli->classes)
        return fv__fail(cli->ctx, FV_USAGE,
                        "classes=%s: a network's text holds no names of classes; a model does "
                        "(.safetensors)",
                        cli->classes);
    FV_TRY(fv__cli_net(cli, in, &net));
    const fv_status status = fv_net_save(cli->ctx, net.net, out);
    fv__cli_net_free(&net);
    return status;
}

static fv_status convert_model(fv_cli *cli, const char *in, const char *out) {
    const keys *keys = cli->keys;
    fv_save_options options = FV_INIT(fv_save_options);
    fv_model *model;
    options.opset = (int)keys->opset;
    options.logits = keys->logits;
    FV_TRY(fv__cli_model(cli, in, (uint64_t)keys->seed, &model));
    const fv_status status = fv_model_save_as(cli->ctx, model, out, &options);
    fv_model_free(model);
    return status;
}

static fv_status run(fv_cli *cli) {
    const char *in = cli->words[0], *out = cli->words[1];
    fv_weight_report *weights = NULL;
    cli->report = &weights;
    fv_status status =
        fv_format_has_weights(out) ? convert_model(cli, in, out) : convert_net(cli, in, out);
    if (status == FV_OK) status = report(cli, in, out, fv__file_size(out), weights);
    fv_weight_report_free(weights);
    return status;
}

static void formats(fv_text *out) {
    const char *end, *help;
    char left[64];
    fv__text_add(out, "\n");
    for (int i = 0; (end = fv_format_extension(i, &help)) != NULL; i++) {
        snprintf(left, sizeof left, "OUT%s", end);
        fv__cli_entry(out, left, 15, help);
    }
}

const fv_command fv__command_convert = {
    .name = "convert",
    .help = "turn a network or a model into another form, told by its end",
    .synopsis = "IN OUT [seed=N] [weights=FILE] [NAME=VALUE ...]",
    .about =
        "IN is a name of the zoo, a .net file, a model (.safetensors, .onnx), the folder of a\n"
        "training run or an architecture of Keras (.json). The end of OUT says what is made\n"
        "of it. Of weights=FILE it is told what became of each tensor; --json lists them\n"
        "all. match=keras: the file is of Keras, with its names and its order of things.\n"
        "What IN does not say of a model is said here: input= how an image becomes its input,\n"
        "classes= what its classes are called.",
    .more = formats,
    .examples = "fovea convert lenet5 fresh.safetensors seed=7\n"
                "fovea convert runs/lenet5-1/model.safetensors lenet5.net\n"
                "fovea convert resnet50 model.safetensors weights=resnet50.pth\n"
                "fovea convert keras.json model.safetensors weights=k.safetensors match=keras\n"
                "fovea convert runs/lenet5-1 lenet5.onnx opset=17 logits=yes\n"
                "fovea convert mine.net canonical.net width=2\n"
                "fovea convert squeezenet.onnx squeezenet.safetensors classes=names.txt \\\n"
                "    input='3x224x224 resize 256 crop 224 scale 1/255 mean 0.45 std 0.22'",
    .words_min = 2,
    .words_max = 2,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .takes = FV_CLI_NET | FV_CLI_WEIGHTS | FV_CLI_INPUT | FV_CLI_CLASSES,
    .run = run,
};
