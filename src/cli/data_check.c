/* SPDX-License-Identifier: MIT */
/*
 * data_check.c - `fovea data check DATA`: what is wrong with a data set, and what mends it.
 */
#include "cli/data_check.h"
#include "base/printable.h"
#include <string.h>

#define SHOWN 5 /* files named of a group */

typedef struct progress {
    const fv_cli *cli;
    bool live;
    int last; /* length of the line on the screen */
} progress;

static void wipe(progress *p) {
    if (p->last) fprintf(stderr, "\r%*s\r", p->last, "");
    p->last = 0;
}

static void watch(void *user, int64_t done, int64_t all) {
    progress *p = user;
    char a[32], b[64];
    if (!p->live) return;
    wipe(p);
    p->last = fprintf(stderr, "%s of %s read", fv__commas(a, done),
                      fv__counted(b, all, "picture", "pictures"));
    fflush(stderr);
}

/* "      a/b.jpg, beside c.jpg: 12x9 pixels" */
static void put_flawed(const fv_flawed *f, fv_text *out) {
    fv__text_add(out, "      ");
    fv__text_printable(out, f->file, "");
    if (f->other && *f->other) {
        fv__text_add(out, "  and  ");
        fv__text_printable(out, f->other, "");
    }
    if (f->detail) {
        fv__text_add(out, "  (");
        fv__text_printable(out, f->detail, "");
        fv__text_add(out, ")");
    }
    fv__text_add(out, "\n");
}

static void put_group(const fv_flaw_group *g, fv_text *out) {
    const int64_t shown = g->count < SHOWN ? g->count : SHOWN;
    char number[32];
    fv__text_addf(out, "\n  %s\n", g->headline);
    for (int64_t i = 0; i < shown; i++) put_flawed(&g->flawed[i], out);
    if (g->count > shown)
        fv__text_addf(out, "      and %s more; --json has all\n",
                      fv__commas(number, g->count - shown));
    if (*g->advice) fv__text_addf(out, "    %s\n", g->advice);
    for (int64_t i = 0; i < shown && g->flawed[i].command; i++)
        fv__text_addf(out, "      $ %s\n", g->flawed[i].command);
}

static void as_text(const fv_dataset_check *c, const char *word, fv_text *out) {
    static const char *const ranks[] = {"Serious", "Worth a look", "Minor"};
    char a[64], b[64];
    fv__text_printable(out, word, "");
    fv__text_addf(out, ": %s of %s read; %s\n", fv__counted(a, c->pictures, "picture", "pictures"),
                  fv__counted(b, c->classes, "class", "classes"),
                  c->count ? "this was found" : "nothing is wrong");
    for (int i = 0, rank = -1; i < c->count; i++) {
        if (c->group[i].rank != rank) fv__text_addf(out, "\n%s\n", ranks[c->group[i].rank]);
        rank = c->group[i].rank;
        put_group(&c->group[i], out);
    }
}

static void put_text(fv_json_writer *w, const char *name, const char *text) {
    if (text) fv__json_add_text(w, name, text);
}

static void as_json(const fv_dataset_check *c, const char *word, fv_text *out) {
    static const char *const ranks[] = {"serious", "notable", "minor"};
    fv_json_writer w = fv__json_writer(out, 2);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "data", word);
    fv__json_add_int(&w, "pictures", c->pictures);
    fv__json_add_int(&w, "classes", c->classes);
    fv__json_open(&w, "found", '[');
    for (int i = 0; i < c->count; i++) {
        const fv_flaw_group *g = &c->group[i];
        fv__json_open(&w, NULL, '{');
        fv__json_add_text(&w, "id", g->id);
        fv__json_add_text(&w, "rank", ranks[g->rank]);
        fv__json_add_text(&w, "headline", g->headline);
        fv__json_add_text(&w, "advice", g->advice);
        fv__json_open(&w, "files", '[');
        for (int64_t k = 0; k < g->count; k++) {
            fv__json_open(&w, NULL, '{');
            fv__json_add_text(&w, "file", g->flawed[k].file);
            put_text(&w, "other", g->flawed[k].other);
            put_text(&w, "detail", g->flawed[k].detail);
            put_text(&w, "command", g->flawed[k].command);
            fv__json_close(&w);
        }
        fv__json_close(&w);
        fv__json_close(&w);
    }
    fv__json_close(&w);
    fv__json_close(&w);
}

fv_status fv__cli_data_check(fv_cli *cli, const char *word, const fv_dataset_options *options) {
    fv_dataset_check_settings settings = FV_INIT(fv_dataset_check_settings);
    fv_dataset_check *check;
    fv_text out = {0};
    progress p = {.cli = cli, .live = !cli->quiet && fv__cli_screen(stderr).redraws};
    settings.seed = options->seed;
    settings.split = options->split;
    settings.watch = watch;
    settings.user = &p;
    const fv_status status = fv_dataset_check_all(cli->ctx, word, &settings, &check);
    wipe(&p);
    if (!check) return status;
    if (cli->json)
        as_json(check, word, &out);
    else
        as_text(check, word, &out);
    fv_dataset_check_free(check);
    FV_TRY(fv__cli_put(cli, &out));
    return status;
}
