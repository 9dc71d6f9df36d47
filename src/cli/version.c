/* SPDX-License-Identifier: MIT */
/*
 * version.c - `fovea version`.
 */
#include "cli/cli.h"

static fv_status run(fv_cli *cli) {
    fv_text out = {0};
    fv__text_addf(&out, cli->json ? "{\"version\": \"%s\"}\n" : "fovea %s\n", fv_version());
    return fv__cli_put(cli, &out);
}

const fv_command fv__command_version = {
    .name = "version",
    .help = "print the version",
    .synopsis = "",
    .words_max = 0,
    .run = run,
};
