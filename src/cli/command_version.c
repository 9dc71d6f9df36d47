/* SPDX-License-Identifier: MIT */
/*
 * command_version.c - `fovea version`.
 */
#include "cli/cli.h"

static fv_status run(fv_cli *cli) {
    fv_text out = {0};
    if (cli->json) {
        fv_json_writer w = fv__json_writer(&out, FV_JSON_ONE_LINE);
        fv__json_open(&w, NULL, '{');
        fv__json_add_text(&w, "version", fv_version());
        fv__json_close(&w);
    } else {
        fv__text_addf(&out, "fovea %s\n", fv_version());
    }
    return fv__cli_put(cli, &out);
}

const fv_command fv__command_version = {
    .name = "version",
    .help = "print the version",
    .synopsis = "",
    .words_max = 0,
    .run = run,
};
