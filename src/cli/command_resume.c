/* SPDX-License-Identifier: MIT */
/*
 * command_resume.c - `fovea resume`: goes on with a training run, to its end or beyond.
 */
#include "cli/watch.h"

typedef struct keys {
    int64_t epochs;
} keys;

static const fv_field key_fields[] = {
    {"epochs", "in all, for a run that is to be longer (0: as it began)", FV_INT,
     offsetof(keys, epochs), "0", 0, 1000000, 0, NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static fv_status run(fv_cli *cli) {
    const int64_t epochs = ((const keys *)cli->keys)->epochs;
    fv_training_options options = FV_INIT(fv_training_options);
    fv_training *training;
    options.data = cli->data;
    FV_TRY(fv__cli_settings(cli, &options.settings)); /* the library says why they cannot change */
    if (epochs) {
        options.settings =
            fv__arena_format(&cli->arena, "%s epochs=%lld", options.settings, (long long)epochs);
        if (!options.settings) return FV_EXHAUSTED;
    }
    FV_TRY(fv_training_resume(cli->ctx, cli->words[0], &options, &training));
    return fv__cli_train(cli, training);
}

const fv_command fv__command_resume = {
    .name = "resume",
    .help = "go on with a training run that was stopped or killed, or make it longer",
    .synopsis = "DIR [epochs=N] [limit=N] [stop=N] [data=DATA]",
    .about = "Takes the run up where its last checkpoint stands, with the network, data and\n"
             "settings it began with. A run that is finished gets its images and report anew;\n"
             "with epochs=N it goes on until N epochs are behind, with limit=N until N steps are\n"
             "(0: no such end), and stop=N may change too. data=DATA says where the data is\n"
             "now, if it is elsewhere than when the run began; it must be the same.\n"
             "\n"
             "To begin a new run with a run's weights, and other settings: `fovea train DIR DATA`.",
    .examples = "fovea resume runs/lenet5-1\n"
                "fovea resume runs/lenet5-1 epochs=20",
    .words_min = 1,
    .words_max = 1,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .takes = FV_CLI_DATA,
    .run = run,
};
