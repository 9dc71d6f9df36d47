/* SPDX-License-Identifier: MIT */
/*
 * rival.c - the lines that are spoken with a program that runs a network.
 */
#include "cli/rival.h"
#include "base/cpu_features.h"
#include "base/json.h"
#include <stdlib.h>
#include <string.h>

/* --- being left out ----------------------------------------------------------------------------
 */

fv_status fv__cli_rival_leave_out(fv_cli *cli, fv_rival *r, const char *format, ...) {
    char why[FV_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    fv__vformat(why, sizeof why, format, args);
    va_end(args);
    fv__cli_child_end(&r->child);
    r->left_out = fv__arena_text(&cli->arena, why);
    return r->left_out ? FV_OK : FV_EXHAUSTED;
}

/* The last line with something in it, of what a program wrote to standard error. */
static void last_words(const char *log, char *out, size_t size) {
    char line[256];
    FILE *f = fopen(log, "r");
    *out = 0;
    if (!f) return;
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\r\n")] = 0;
        if (line[strspn(line, " \t")]) fv__format(out, size, "%s", line);
    }
    fclose(f);
}

/* What went wrong while it was spoken to: its own failure leaves it out. */
static fv_status no_answer(fv_cli *cli, fv_rival *r, fv_status status) {
    if (status != FV_FAILED) return status;
    char why[FV_MESSAGE_MAX];
    memcpy(why, cli->ctx->message, sizeof why);
    return fv__cli_rival_leave_out(cli, r, "%s", why);
}

/* --- answers -----------------------------------------------------------------------------------
 */

/* The next object it says; lines that are none are other libraries' chatter. NULL in *out: it is
   left out. */
static fv_status hear(fv_cli *cli, fv_rival *r, fv_arena *arena, double limit,
                      const fv_json **out) {
    const double end = fv__seconds() + limit;
    *out = NULL;
    for (;;) {
        const char *line;
        fv_json *answer;
        const double left = end - fv__seconds();
        fv_status status = fv__cli_child_hear(cli->ctx, &r->child, left > 0 ? left : 0, &line);
        if (status == FV_FAILED && fv__seconds() >= end)
            return fv__cli_rival_leave_out(cli, r, "it gave no answer in %g seconds", limit);
        if (status != FV_OK) return no_answer(cli, r, status);
        if (*line != '{') continue;
        status = fv__json_parse(cli->ctx, arena, line, strlen(line), &answer);
        if (status == FV_BAD_INPUT)
            return fv__cli_rival_leave_out(cli, r, "its answer is no JSON: %s",
                                           fv_context_error(cli->ctx));
        FV_TRY(status);
        const char *error = fv__json_string(answer, "error", NULL);
        if (error) return fv__cli_rival_leave_out(cli, r, "%s", error);
        *out = answer;
        return FV_OK;
    }
}

static fv_status ask(fv_cli *cli, fv_rival *r, fv_arena *arena, const char *line, double limit,
                     const fv_json **out) {
    *out = NULL;
    fv__cli_child_go_on(&r->child);
    const fv_status status = fv__cli_child_say(cli->ctx, &r->child, line);
    if (status != FV_OK) return no_answer(cli, r, status);
    FV_TRY(hear(cli, r, arena, limit, out));
    fv__cli_child_pause(&r->child);
    return FV_OK;
}

static fv_status keep(fv_cli *cli, const fv_json *answer, const char *name, const char *otherwise,
                      const char **out) {
    *out = fv__arena_text(&cli->arena, fv__json_string(answer, name, otherwise));
    return *out ? FV_OK : FV_EXHAUSTED;
}

/* Its first result, and then that it is ready and who it is. */
static fv_status greet(fv_cli *cli, fv_rival *r, fv_arena *arena, double limit, double start) {
    const fv_json *answer;
    for (;;) {
        FV_TRY(hear(cli, r, arena, limit, &answer));
        if (!answer) return FV_OK;
        if (fv__json_get(answer, "first")) r->first = fv__seconds() - start;
        if (fv__json_get(answer, "ready")) break;
    }
    FV_TRY(keep(cli, answer, "title", r->name, &r->title));
    FV_TRY(keep(cli, answer, "version", "", &r->version));
    FV_TRY(keep(cli, answer, "settings", "", &r->settings));
    fv__cli_child_pause(&r->child);
    return FV_OK;
}

fv_status fv__cli_rival_start(fv_cli *cli, fv_rival *r, const char *const *words, const char *log,
                              double limit) {
    char said[256];
    fv_arena arena;
    const double start = fv__seconds();
    fv_status status = fv__cli_child_start(cli->ctx, words, log, &r->child);
    if (status != FV_OK) return no_answer(cli, r, status);
    fv__arena_init(&arena, cli->ctx);
    status = greet(cli, r, &arena, limit, start);
    fv__arena_free(&arena);
    if (status != FV_OK || !r->left_out || strcmp(r->left_out, "it has ended") != 0) return status;
    last_words(log, said, sizeof said);
    return fv__cli_rival_leave_out(cli, r, "it has ended%s%s", *said ? ", saying: " : "", said);
}

/* --- runs --------------------------------------------------------------------------------------
 */

/* The times of an answer, in seconds, behind those that are there; the first `drop` not. */
static fv_status take_times(fv_cli *cli, fv_rival *r, const fv_json *answer, int n, int drop) {
    const fv_json *list = fv__json_get(answer, "ms");
    if (!list || list->kind != FV_JSON_ARRAY || list->count != n)
        return fv__cli_rival_leave_out(cli, r, "it was told to run %d times and gave %d times", n,
                                       list && list->kind == FV_JSON_ARRAY ? list->count : 0);
    void *items = r->times;
    const fv_status status = fv__grow(cli->ctx, &items, &r->room, (size_t)(r->runs + n),
                                      sizeof *r->times, "the times of a rival");
    r->times = items;
    FV_TRY(status);
    int i = 0;
    for (const fv_json *t = list->child; t; t = t->next) {
        if (t->kind != FV_JSON_NUMBER || !(t->number > 0))
            return fv__cli_rival_leave_out(cli, r, "a time it gave is no number above 0");
        if (i++ >= drop) r->times[r->runs++] = 1e-3 * t->number;
    }
    return FV_OK;
}

fv_status fv__cli_rival_run(fv_cli *cli, fv_rival *r, int n, double limit, double *last) {
    char line[64];
    fv_arena arena;
    const fv_json *answer;
    const int count = n < 0 ? -n : n + 1;
    if (r->left_out) return FV_OK;
    fv__arena_init(&arena, cli->ctx);
    fv__format(line, sizeof line, "run %d", count);
    fv_status status = ask(cli, r, &arena, line, limit, &answer);
    if (status == FV_OK && answer)
        status = take_times(cli, r, answer, count, n < 0 ? count - 1 : 1);
    fv__arena_free(&arena);
    if (status == FV_OK && n < 0 && !r->left_out) *last = r->times[--r->runs];
    return status;
}

fv_status fv__cli_rival_output(fv_cli *cli, fv_rival *r, const char *path, double limit) {
    char line[1024];
    fv_arena arena;
    const fv_json *answer;
    if (r->left_out) return FV_OK;
    if ((size_t)fv__format(line, sizeof line, "output %s", path) >= sizeof line)
        return fv__fail(cli->ctx, FV_FAILED, "%s: the path is too long", path);
    fv__arena_init(&arena, cli->ctx);
    const fv_status status = ask(cli, r, &arena, line, limit, &answer);
    fv__arena_free(&arena);
    return status;
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

void fv__cli_rival_sum_up(fv_rival *r) {
    const int n = r->runs;
    if (r->left_out || !n) return;
    qsort(r->times, (size_t)n, sizeof *r->times, by_size);
    r->median = n % 2 ? r->times[n / 2] : 0.5 * (r->times[n / 2 - 1] + r->times[n / 2]);
    r->least = r->times[0];
    r->memory = fv__cli_child_peak_bytes(&r->child);
}

void fv__cli_rival_free(fv_rival *r) {
    fv__cli_child_end(&r->child);
    fv__free(r->times);
    r->times = NULL;
}
