/* SPDX-License-Identifier: MIT */
/*
 * screen.c - stdout, stderr and the terminal behind them.
 *
 * What a terminal can show is read from the environment, not from the C library's locale: the
 * program never calls setlocale. The first of LC_ALL, LC_CTYPE and LANG that is set counts (POSIX,
 * "Environment Variables"); one that does not name UTF-8, such as C or POSIX, means plain ASCII.
 * NO_COLOR (no-color.org) and TERM=dumb mean no colours.
 */
#include "base/printable.h"
#include "cli/cli.h"
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifndef __wasi__
#include <sys/ioctl.h>
#endif

/* --- what there is ---------------------------------------------------------------------------- */

static const char *setting(const char *name) {
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* "de_DE.UTF-8", "C.utf8" */
static bool names_utf8(const char *locale) {
    for (; *locale; locale++) {
        const char *p = locale;
        for (const char *want = "utf"; *want && tolower((unsigned char)*p) == *want; want++) p++;
        if (p != locale + 3) continue;
        if (*p == '-') p++;
        if (*p == '8') return true;
    }
    return false;
}

static bool knows_utf8(void) {
    const char *locale = setting("LC_ALL");
    if (!locale) locale = setting("LC_CTYPE");
    if (!locale) locale = setting("LANG");
    return locale && names_utf8(locale);
}

static int columns_of(FILE *stream) {
    int64_t columns;
    const char *text = setting("COLUMNS");
    if (text && fv__parse_int(text, &columns) && columns >= 20 && columns < 10000)
        return (int)columns;
#ifdef TIOCGWINSZ
    struct winsize size;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) return size.ws_col;
#else
    (void)stream;
#endif
    return 80;
}

fv_screen fv__cli_screen(FILE *stream) {
    const char *term = setting("TERM");
    const bool dumb = !term || strcmp(term, "dumb") == 0;
    fv_screen s = {.utf8 = knows_utf8()};
    if (!isatty(fileno(stream))) return s;
    s.columns = columns_of(stream);
    s.redraws = !dumb;
    s.colours = !dumb && !setting("NO_COLOR");
    return s;
}

/* --- what is written -------------------------------------------------------------------------- */

/* A text as the stream may show it. */
static void make_fit(fv_text *out, const char *text, FILE *stream) {
    const fv_screen screen = fv__cli_screen(stream);
    if (screen.utf8) {
        fv__text_printable(out, text, "\n\t");
        return;
    }
    fv_text printable = {0};
    fv__text_printable(&printable, text, "\n\t");
    if (printable.data) fv__text_ascii(out, printable.data, screen.columns > 0);
    out->failed = out->failed || printable.failed;
    fv__text_free(&printable);
}

/* Where memory is short an error is still said, without what could be an order. */
static void print_message(const char *prefix, const char *message) {
    fv_text text = {0};
    make_fit(&text, message, stderr);
    fflush(stdout);
    fprintf(stderr, "%s%s\n", prefix, text.failed || !text.data ? "out of memory" : text.data);
    fv__text_free(&text);
}

/* A message that begins with a place in a text ("my.net:7:12: error: ...") speaks for itself. */
void fv__cli_complain(const fv_context *ctx) {
    const char *message = fv_context_error(ctx);
    const char *line = strchr(message, '\n');
    const char *place = strstr(message, ": error: ");
    print_message(place && (!line || place < line) ? "" : "fovea: ", message);
}

void fv__cli_note(const fv_cli *cli, const char *format, ...) {
    if (cli->quiet) return;
    char note[FV_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(note, sizeof note, format, args);
    va_end(args);
    if (strstr(note, "  ")) {
        print_message("", note);
        return;
    }
    fv_text lines = {0};
    fv__text_wrapped(&lines, note, 0, (size_t)fv__cli_screen(stderr).columns);
    if (lines.length) fv__text_cut(&lines, lines.length - 1); /* a message ends its line itself */
    print_message("", lines.failed || !lines.data ? note : lines.data);
    fv__text_free(&lines);
}

fv_status fv__cli_put(fv_cli *cli, fv_text *text) {
    fv_text fit = {0};
    if (cli->json || text->failed || !text->data) return fv__cli_put_as_it_is(cli, text);
    make_fit(&fit, text->data, stdout);
    fv__text_free(text);
    return fv__cli_put_as_it_is(cli, &fit);
}

fv_status fv__cli_put_as_it_is(fv_cli *cli, fv_text *text) {
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
