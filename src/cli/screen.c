/* SPDX-License-Identifier: MIT */
/*
 * screen.c - stdout, stderr and the terminal behind them.
 */
#include "cli/cli.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifndef __wasi__
#include <sys/ioctl.h>
#endif

char *fv__cli_tame(char *text) {
    for (char *p = text; *p; p++)
        if (((unsigned char)*p < ' ' && *p != '\n' && *p != '\t') || *p == 127) *p = '?';
    return text;
}

/* A message that begins with a place in a text ("my.net:7:12: error: ...") speaks for itself. */
void fv__cli_complain(const fv_context *ctx) {
    char message[FV_MESSAGE_MAX];
    snprintf(message, sizeof message, "%s", fv_context_error(ctx));
    fv__cli_tame(message);
    const char *line = strchr(message, '\n');
    const char *place = strstr(message, ": error: ");
    fflush(stdout);
    fprintf(stderr, place && (!line || place < line) ? "%s\n" : "fovea: %s\n", message);
}

fv_status fv__cli_put(fv_cli *cli, fv_text *text) {
    const fv_status status = fv__text_done(cli->ctx, text);
    int problem = 0;
    if (status == FV_OK && text->length) {
        errno = 0;
        if (fwrite(text->data, 1, text->length, stdout) != text->length || fflush(stdout) != 0)
            problem = errno ? errno : EIO;
    }
    fv__text_free(text);
    if (problem == ENOSPC || problem == EFBIG)
        return fv__fail(cli->ctx, FV_EXHAUSTED,
                        "the result could not be written to stdout: %s; write it to another place",
                        problem == ENOSPC ? "the disk is full"
                                          : "the file would be larger than it may be (ulimit -f)");
    if (problem)
        return fv__fail(cli->ctx, FV_FAILED, "the result could not be written to stdout: %s",
                        problem == EBADF ? "it is closed" : strerror(problem));
    return status;
}

void fv__cli_note(const fv_cli *cli, const char *format, ...) {
    if (cli->quiet) return;
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

int fv__cli_columns(FILE *stream) {
    if (!isatty(fileno(stream))) return 0;
#ifdef TIOCGWINSZ
    struct winsize size;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) return size.ws_col;
#endif
    int64_t columns;
    const char *text = getenv("COLUMNS");
    return text && fv__parse_int(text, &columns) && columns >= 20 && columns < 10000 ? (int)columns
                                                                                     : 80;
}
