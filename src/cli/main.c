/* SPDX-License-Identifier: MIT */
/*
 * main.c - the command: read the words, make a context, run, say what went wrong.
 */
#include "cli/cli.h"
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* A file opened while one of the three streams is closed would take its number, and what is meant
   for the stream would go into the file: such a stream is given something that refuses. */
static void fill_streams(void) {
#ifndef __wasi__
    for (int i = 0; i <= 2; i++)
        if (fcntl(i, F_GETFD) < 0 && open("/dev/null", i ? O_RDONLY : O_WRONLY) != i) return;
#endif
#ifdef SIGXFSZ
    signal(SIGXFSZ, SIG_IGN); /* a file too large is an error like others (EFBIG) */
#endif
}

/* What the library notes. */
static void note(void *user, fv_log_level level, const char *text) {
    fv__cli_note(user, "%s%s", level == FV_LOG_WARNING ? "warning: " : "", text);
}

/* The context to work with: as many threads and instructions as asked for. */
static fv_status make_context(fv_cli *cli) {
    fv_context_options options = FV_INIT(fv_context_options);
    fv_context *ctx = NULL;
    char tuning[4096];
    options.threads = cli->threads;
    options.isa = cli->isa;
    options.precision = cli->precision;
    options.log = note;
    options.log_user = cli;
    if (!fv__cli_has(cli, "no-tune")) options.tuning = fv_tuning_file(tuning, sizeof tuning);
    const fv_status status = fv_context_new_with(&options, &ctx);
    fv_context_free(cli->ctx);
    cli->ctx = ctx;
    cli->arena.ctx = ctx;
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
    if (argc >= 2) return FV_OK;
    return fv__fail(cli->ctx, FV_USAGE, "say what to do, for example: fovea explain lenet5");
}

int main(int argc, char **argv) {
    fv_cli cli = {0};
    fill_streams();
    fv_status status = fv_context_new(1, &cli.ctx);
    if (status == FV_OK) {
        fv__arena_init(&cli.arena, cli.ctx);
        status = run(&cli, argc, argv);
    }
    const char *message = fv_context_error(cli.ctx);
    if (status != FV_OK && *message) fv__cli_complain(cli.ctx);
    if (cli.arena.ctx) fv__arena_free(&cli.arena);
    fv_context_free(cli.ctx);
    return (int)status;
}
