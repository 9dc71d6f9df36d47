/* SPDX-License-Identifier: MIT */
/*
 * tuning_file.c - findings in a text file that several processes read and write.
 *
 *   fovea tuning 1
 *   machine WHO
 *   SITE <tab> VARIANT
 *
 * A site is of the machine above it. The file is only ever put in place as a whole, so that readers
 * never meet half of one; of two processes that write in the same moment, one's findings may be
 * lost and are measured again some day.
 */
#include "base/file.h"
#include "device/tuning.h"
#include <string.h>

#define KIND      "fovea tuning "
#define VERSION   "1"
#define MACHINE   "machine "
#define MOST      (1 << 20) /* bytes of a file; beyond, the oldest findings go */
#define LINE_MOST 4096

/* What a file says, a line at a time. */
typedef struct reader {
    fv_context *ctx;
    fv_tuning *tuning;
    char line[LINE_MOST], machine[LINE_MOST];
    const char *wrong; /* what is wrong with it, NULL: nothing so far */
} reader;

/* A line of text alone: no bytes below a blank but tabs. */
static bool is_text(const char *line, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < ' ' && line[i] != '\t') return false;
    return true;
}

static fv_status take_line(reader *r) {
    char *tab = strchr(r->line, '\t');
    if (!r->line[0] || r->line[0] == '#') return FV_OK;
    if (!tab && strncmp(r->line, MACHINE, strlen(MACHINE)) == 0) {
        strcpy(r->machine, r->line + strlen(MACHINE));
        return FV_OK;
    }
    if (!tab || tab == r->line || !tab[1] || strchr(tab + 1, '\t'))
        r->wrong = "it is neither a machine nor a site and its variant";
    else if (!r->machine[0])
        r->wrong = "no machine stands before it";
    if (r->wrong) return FV_OK;
    *tab = 0;
    return fv__tuning_set(r->ctx, r->tuning, r->machine, r->line, tab + 1);
}

/* The lines behind the first; *number is that of the one with which something is wrong. */
static fv_status take_lines(reader *r, const char *text, size_t size, int *number) {
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        const size_t n = end ? (size_t)(end - text) - at : size - at;
        ++*number;
        if (!end) r->wrong = "its end is missing";
        if (n >= LINE_MOST) r->wrong = "it is too long";
        if (!is_text(text + at, n)) r->wrong = "it has characters that no text has";
        if (r->wrong) return FV_OK;
        memcpy(r->line, text + at, n);
        r->line[n] = 0;
        FV_TRY(take_line(r));
        if (r->wrong) return FV_OK;
        at += n + 1;
    }
    return FV_OK;
}

/* Everything is read into a table of its own first: half a file is no file. */
static fv_status parse(fv_context *ctx, const char *path, const char *text, size_t size,
                       fv_tuning *tuning, fv_tuning_is *is) {
    static const char first[] = KIND VERSION "\n";
    int number = 1;
    *is = size == 0 ? FV_TUNING_READ : FV_TUNING_FOREIGN;
    if (size == 0) return FV_OK; /* nothing yet */
    if (size < strlen(KIND) || memcmp(text, KIND, strlen(KIND)) != 0) {
        fv__log(ctx, FV_LOG_WARNING, "%s is none of the files that fovea tune writes: not used",
                path);
        return FV_OK;
    }
    *is = FV_TUNING_DAMAGED;
    if (size < strlen(first) || memcmp(text, first, strlen(first)) != 0) {
        fv__log(ctx, FV_LOG_WARNING, "%s was written by another version of fovea tune: not used",
                path);
        return FV_OK;
    }
    reader *r = fv__alloc(ctx, sizeof *r, "the tuning");
    if (!r) return FV_EXHAUSTED;
    r->ctx = ctx;
    r->tuning = tuning;
    const fv_status status = take_lines(r, text + strlen(first), size - strlen(first), &number);
    if (status == FV_OK && r->wrong)
        fv__log(ctx, FV_LOG_WARNING, "%s is damaged, line %d: %s: not used", path, number,
                r->wrong);
    else if (status == FV_OK)
        *is = FV_TUNING_READ;
    fv__free(r);
    return status;
}

static fv_status add_all(fv_context *ctx, const fv_tuning *from, fv_tuning *to) {
    for (int i = 0; i < fv__tuning_count(from); i++) {
        const fv_finding *f = fv__tuning_finding(from, i);
        FV_TRY(fv__tuning_set(ctx, to, f->machine, f->site, f->variant));
    }
    return FV_OK;
}

fv_status fv__tuning_read(fv_context *ctx, const char *path, fv_tuning *tuning, fv_tuning_is *is) {
    fv_context aside = {.allocator = ctx->allocator}; /* for what is told as a warning */
    fv_tuning *whole = NULL;
    fv_bytes bytes;
    *is = FV_TUNING_NONE;
    if (!fv__file_exists(path) && !fv__folder_exists(path)) return FV_OK;
    *is = FV_TUNING_FOREIGN;
    const fv_status there = fv__file_read(&aside, path, MOST, &bytes);
    if (there == FV_EXHAUSTED) return fv__fail(ctx, there, "%s", aside.message);
    if (there != FV_OK) {
        fv__log(ctx, FV_LOG_WARNING, "tuning is not used: %s", aside.message);
        return FV_OK;
    }
    fv_status status = fv__tuning_new(ctx, &whole);
    if (status == FV_OK) status = parse(ctx, path, (const char *)bytes.data, bytes.size, whole, is);
    if (status == FV_OK && *is == FV_TUNING_READ) status = add_all(ctx, whole, tuning);
    fv__tuning_free(whole);
    fv__file_release(&bytes);
    return status;
}

/* -------------------------------------------------------------------------------- writing --- */

/* Findings from number `from` on, each machine named where it changes. */
static void print(const fv_tuning *tuning, int from, fv_text *out) {
    const char *machine = "";
    fv__text_add(out, KIND VERSION
                 "\n"
                 "# Written by fovea tune: which way of cutting the same work was the fastest.\n"
                 "# Results do not depend on it; the file may be deleted at any time.\n");
    for (int i = from; i < fv__tuning_count(tuning); i++) {
        const fv_finding *f = fv__tuning_finding(tuning, i);
        if (strcmp(machine, f->machine) != 0) fv__text_addf(out, MACHINE "%s\n", f->machine);
        machine = f->machine;
        fv__text_addf(out, "%s\t%s\n", f->site, f->variant);
    }
}

static fv_status write_all(fv_context *ctx, const char *path, const fv_tuning *tuning) {
    fv_text text = {.ctx = ctx};
    for (int from = 0, count = fv__tuning_count(tuning);; from += (count - from) / 4 + 1) {
        fv__text_cut(&text, 0);
        print(tuning, from, &text);
        if (text.length <= MOST || from >= count) break;
    }
    fv_status status = fv__text_done(ctx, &text);
    if (status == FV_OK) status = fv__file_write(ctx, path, text.data, text.length);
    fv__text_free(&text);
    return status;
}

static fv_status make_folder(fv_context *ctx, const char *path) {
    const char *name = strrchr(path, '/');
    if (!name || name == path) return FV_OK;
    fv_arena arena;
    fv__arena_init(&arena, ctx);
    const char *folder = fv__arena_textn(&arena, path, (size_t)(name - path));
    const fv_status status = folder ? fv__folder_make(ctx, folder) : FV_EXHAUSTED;
    fv__arena_free(&arena);
    return status;
}

fv_status fv__tuning_merge(fv_context *ctx, const char *path, const fv_tuning *found) {
    fv_tuning *all;
    fv_tuning_is is;
    FV_TRY(fv__tuning_new(ctx, &all));
    fv_status status = fv__tuning_read(ctx, path, all, &is);
    if (status == FV_OK && is == FV_TUNING_FOREIGN)
        status = fv__fail(ctx, FV_BAD_INPUT,
                          "%s is none of the files that fovea tune writes, and stays as it is; "
                          "name another file",
                          path);
    if (status == FV_OK) status = add_all(ctx, found, all);
    if (status == FV_OK) status = make_folder(ctx, path);
    if (status == FV_OK) status = write_all(ctx, path, all);
    fv__tuning_free(all);
    return status;
}
