/* SPDX-License-Identifier: MIT */
/*
 * resume.c - `fovea resume`: goes on with a training run.
 */
#include "cli/watch.h"

static fv_status run(fv_cli *cli) {
    fv_train_job *job = NULL;
    FV_TRY(fv__train_resume(cli->ctx, cli->words[0], NULL, &job));
    return fv__cli_train(cli, job);
}

const fv_command fv__command_resume = {
    .name = "resume",
    .help = "go on with a training run that was stopped or killed",
    .synopsis = "DIR",
    .about = "Takes the run up where its last checkpoint stands, with the network, data and\n"
             "settings it began with. A run that is finished gets its images and report anew.",
    .examples = "fovea resume runs/lenet5-1",
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
