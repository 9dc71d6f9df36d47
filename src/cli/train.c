/* SPDX-License-Identifier: MIT */
/*
 * train.c - `fovea train`: learns from labelled images.
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

static fv_status run(fv_cli *cli) {
    fv_text command = {0};
    fv_train_job *job = NULL;
    fv_status status = typed(cli, &command);
    if (status == FV_OK)
        status = fv__train_start(cli->ctx, cli->words[0], cli->words[1], cli->settings,
                                 cli->setting_count, fv__cli_value(cli, "out"), command.data, &job);
    fv__text_free(&command);
    return status == FV_OK ? fv__cli_train(cli, job) : status;
}

const fv_command fv__command_train = {
    .name = "train",
    .help = "train a network on labelled images",
    .synopsis = "NET DATA [key=value ...] [--out DIR]",
    .about = "Trains by the recipe in the network's text; key=value changes it (`fovea help\n"
             "settings`). Each epoch ends with a test and a checkpoint. Ctrl-C stops after the\n"
             "step and saves; a run that was stopped or killed goes on with `fovea resume DIR`\n"
             "and ends in the same bytes as one that was not. The folder receives the trained\n"
             "model, the log, images and report.html. DATA: `fovea data` lists what there is.",
    .examples = "fovea train lenet5 digits\n"
                "fovea train lenet5 mnist epochs=10 seed=1\n"
                "fovea train mine.net cifar10 lr=0.05 batch=128 --out runs/mine",
    .words_min = 2,
    .words_max = 2,
    .flags = flags,
    .takes = FV_CLI_NET | FV_CLI_RECIPE,
    .run = run,
};
