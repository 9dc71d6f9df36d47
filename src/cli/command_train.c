/* SPDX-License-Identifier: MIT */
/*
 * command_train.c - `fovea train`: learns from labelled images.
 */
#include "cli/watch.h"
#include <string.h>

static const fv_cli_flag flags[] = {
    {"out", "DIR", "the run's folder; otherwise runs/NAME-1, runs/NAME-2, …"},
    {NULL, NULL, NULL},
};

/* One word as a shell reads it back: in quotes where it has letters that mean something there. */
static void quote(fv_text *out, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=./:,+@%";
    if (*word && !word[strspn(word, plain)]) {
        fv__text_add(out, word);
        return;
    }
    fv__text_add(out, "'");
    for (; *word; word++) fv__text_addn(out, *word == '\'' ? "'\\''" : word, *word == '\'' ? 4 : 1);
    fv__text_add(out, "'");
}

/* The command as typed, for the run's record. */
static fv_status typed(const fv_cli *cli, fv_text *out) {
    fv__text_add(out, "fovea");
    for (int i = 1; i < cli->argc; i++) {
        fv__text_add(out, " ");
        quote(out, cli->argv[i]);
    }
    return fv__text_done(cli->ctx, out);
}

/* The settings, weights=FILE among them, as one text. */
static fv_status settings(fv_cli *cli, const char **out) {
    FV_TRY(fv__cli_settings(cli, out));
    if (!cli->weights) return FV_OK;
    if (cli->map || cli->match)
        return fv__fail(cli->ctx, FV_USAGE,
                        "training takes weights by name or else by order; to say which is which, "
                        "make a model first: fovea convert NET model.safetensors weights=FILE %s",
                        cli->map ? "map=FILE" : "match=…");
    if (strpbrk(cli->weights, " \t\n"))
        return fv__fail(cli->ctx, FV_USAGE,
                        "weights='%s': training takes weights from a file without blanks in its "
                        "name; make a model of it first: fovea convert NET model.safetensors "
                        "weights=FILE",
                        cli->weights);
    *out = fv__arena_format(&cli->arena, "%s%sweights=%s", *out, **out ? " " : "", cli->weights);
    return *out ? FV_OK : FV_EXHAUSTED;
}

static fv_status start(fv_cli *cli, const char *command, fv_training **out) {
    fv_training_options options = FV_INIT(fv_training_options);
    options.net = cli->words[0];
    options.data = cli->words[1];
    options.folder = fv__cli_value(cli, "out");
    options.command = command;
    options.input = cli->input;
    FV_TRY(settings(cli, &options.settings));
    return fv_training_start(cli->ctx, &options, out);
}

static fv_status run(fv_cli *cli) {
    fv_text command = {.ctx = cli->ctx};
    fv_training *training = NULL;
    fv_status status = typed(cli, &command);
    if (status == FV_OK) status = start(cli, command.data, &training);
    fv__text_free(&command);
    return status == FV_OK ? fv__cli_train(cli, training) : status;
}

const fv_command fv__command_train = {
    .name = "train",
    .help = "train a network on labelled images",
    .synopsis = "NET DATA [weights=FILE | from=MODEL] [key=value ...] [--out DIR]",
    .about =
        "Trains by the recipe in the network's text; key=value changes it (`fovea help\n"
        "settings`). Each epoch ends with a test and a checkpoint. Ctrl-C stops after the\n"
        "step and saves; a run that was stopped or killed goes on with `fovea resume DIR`\n"
        "and ends in the same bytes as one that was not. The folder receives the trained\n"
        "model, the log, images and report.html. DATA: `fovea data` lists what there is.\n"
        "\n"
        "Fresh weights come from the seed. A NET that is a model (.safetensors, .onnx), or the\n"
        "folder of a run, is trained further from its own, on other data too: where the number\n"
        "of classes is another, the last layer begins anew. weights=FILE begins with those of a\n"
        "file; from=MODEL with those of another network, of which the last layer alone may\n"
        "differ. freeze=LAYERS keeps the lower layers as they are, and is faster: backward is\n"
        "not computed below what learns. What a file does not say of its input, as .onnx files\n"
        "do not, input='...' says, and the model that comes out has it. To give a finished run\n"
        "more epochs: `fovea resume DIR epochs=N`.",
    .examples =
        "fovea train lenet5 digits\n"
        "fovea train lenet5 mnist epochs=10 seed=1\n"
        "fovea train runs/lenet5-1 fashion epochs=2 lr=0.001\n"
        "fovea train squeezenet.onnx cifar10 freeze=conv* epochs=3 optimizer=adam lr=0.001\n"
        "fovea train mine.net cifar10 lr=0.05 batch=128 --out runs/mine",
    .words_min = 2,
    .words_max = 2,
    .flags = flags,
    .takes = FV_CLI_NET | FV_CLI_RECIPE | FV_CLI_WEIGHTS | FV_CLI_INPUT,
    .run = run,
};
