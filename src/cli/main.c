/* SPDX-License-Identifier: MIT */
/*
 * main.c - the command: read the words, make a context, run, say what went wrong.
 */
#include "base/cpu.h"
#include "cli/cli.h"
#include <string.h>

/* A message that begins with a place in a text ("my.net:7:12: error: ...") speaks for itself. */
static void complain(const fv_context *ctx) {
    const char *message = fv_context_error(ctx);
    const char *line = strchr(message, '\n');
    const char *place = strstr(message, ": error: ");
    fflush(stdout);
    if (place && (!line || place < line))
        fprintf(stderr, "%s\n", message);
    else
        fprintf(stderr, "fovea: %s\n", message);
}

/* The context to work with: as many threads and instructions as asked for. */
static fv_status make_context(fv_cli *cli) {
    fv_context *ctx = NULL;
    const fv_status status = fv_context_new(cli->threads, &ctx);
    fv_context_free(cli->ctx);
    cli->ctx = ctx;
    cli->arena.ctx = ctx;
    if (status == FV_OK && cli->isa >= 0) ctx->isa = cli->isa;
    return status;
}

static fv_status run(fv_cli *cli, int argc, char **argv) {
    FV_TRY(fv__cli_parse(cli, argc, argv));
    if (cli->command && !cli->help) {
        FV_TRY(make_context(cli));
        return fv__cli_hint(cli, cli->command->run(cli));
    }
    fv_text page = {0};
    if (cli->command)
        fv__cli_usage(&page, cli->command);
    else
        fv__cli_overview(&page);
    FV_TRY(fv__cli_put(cli, &page));
    /* nothing was asked for at all: that is not how it is meant to be used */
    return argc < 2 ? FV_USAGE : FV_OK;
}

int main(int argc, char **argv) {
    fv_cli cli = {0};
    fv_status status = fv_context_new(1, &cli.ctx);
    if (status == FV_OK) {
        fv__arena_init(&cli.arena, cli.ctx);
        status = run(&cli, argc, argv);
    }
    const char *message = fv_context_error(cli.ctx);
    if (status != FV_OK && *message) complain(cli.ctx);
    if (cli.arena.ctx) fv__arena_free(&cli.arena);
    fv_context_free(cli.ctx);
    return (int)status;
}
