/* SPDX-License-Identifier: MIT */
/*
 * command_train.c - `fovea train`: learns from labelled images.
 */
#include "cli/forecast.h"
#include "cli/watch.h"
#include <string.h>

static const fv_cli_flag flags[] = {
    {"out", "DIR", "the run's folder; otherwise runs/NAME-1, runs/NAME-2, …"},
    {"dry-run", NULL, "only say what it will take: memory, time, disk; measures a few steps"},
    {NULL, NULL, NULL},
};

/* What a run finds out before its first step; the library reads them. */
typedef struct keys {
    char time[FV_WORD_MAX], memory[FV_WORD_MAX], cache[FV_TEXT_BYTES];
} keys;

static const fv_field key_fields[] = {
    {"time", "as many epochs as fit into it, such as 90s, 30m or 2h", FV_WORD, offsetof(keys, time),
     NULL, 0, 0, 0, NULL, NULL},
    {"memory",
     "cuts the batch into shards, so that no more than this is planned, such as 500M or 2G",
     FV_WORD, offsetof(keys, memory), NULL, 0, 0, 0, NULL, NULL},
    {"cache",
     "a folder that keeps the pictures of a folder or list decoded, so that they are decoded once; "
     "the model does not depend on it",
     FV_TEXT, offsetof(keys, cache), NULL, 0, 0, 0, NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
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

/* Adds a setting to the text; an empty value was not given. */
static fv_status add(fv_cli *cli, const char **text, const char *name, const char *value) {
    if (!*value) return FV_OK;
    *text = fv__arena_format(&cli->arena, "%s%s%s=%s", *text, **text ? " " : "", name, value);
    return *text ? FV_OK : FV_EXHAUSTED;
}

/* The settings, weights=FILE among them, as one text. */
static fv_status settings(fv_cli *cli, const char **out) {
    const keys *k = cli->keys;
    FV_TRY(fv__cli_settings(cli, out));
    FV_TRY(add(cli, out, "time", k->time));
    FV_TRY(add(cli, out, "memory", k->memory));
    FV_TRY(add(cli, out, "cache", k->cache));
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
    return add(cli, out, "weights", cli->weights);
}

static fv_status start(fv_cli *cli, const char *command, fv_training **out) {
    fv_training_options options = FV_INIT(fv_training_options);
    options.net = cli->words[0];
    options.data = cli->words[1];
    options.folder = fv__cli_value(cli, "out");
    options.command = command;
    options.input = cli->input;
    options.dry = fv__cli_has(cli, "dry-run");
    FV_TRY(settings(cli, &options.settings));
    return fv_training_start(cli->ctx, &options, out);
}

static fv_status run(fv_cli *cli) {
    fv_text command = {.ctx = cli->ctx};
    fv_training *training = NULL;
    fv_status status = typed(cli, &command);
    if (status == FV_OK) status = start(cli, command.data, &training);
    fv__text_free(&command);
    FV_TRY(status);
    return fv__cli_has(cli, "dry-run") ? fv__cli_forecast(cli, training)
                                       : fv__cli_train(cli, training);
}

const fv_command fv__command_train = {
    .name = "train",
    .help = "train a network on labelled images",
    .synopsis = "NET DATA [from=MODEL] [key=value ...] [--out DIR | --dry-run]",
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
        "more epochs: `fovea resume DIR epochs=N`.\n"
        "\n"
        "lr=auto finds the rate: it grows over a hundred steps, which are undone, and a tenth of\n"
        "the one with the least loss is taken; lr.png shows the curve. What time= and memory=\n"
        "find is said, and recorded as epochs and shards: these give the same model again.",
    .examples = "fovea train lenet5 digits\n"
                "fovea train lenet5 mnist epochs=10 seed=1\n"
                "fovea train runs/lenet5-1 fashion epochs=2 lr=0.001\n"
                "fovea train squeezenet.onnx cifar10 freeze=conv* lr=0.001\n"
                "fovea train mine.net cifar10 lr=0.05 batch=128 --out runs/mine\n"
                "fovea train resnet20 cifar10 --dry-run\n"
                "fovea train lenet5 digits time=5m lr=auto",
    .words_min = 2,
    .words_max = 2,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .flags = flags,
    .takes = FV_CLI_NET | FV_CLI_RECIPE | FV_CLI_WEIGHTS | FV_CLI_INPUT,
    .run = run,
};
