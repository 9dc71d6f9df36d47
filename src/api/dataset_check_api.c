/* SPDX-License-Identifier: MIT */
/*
 * dataset_check_api.c - public: a data set checked, as groups of flaws with what mends them.
 */
#include "api/given.h"
#include "base/printable.h"
#include "data/survey.h"
#include <string.h>

typedef struct record {
    fv_dataset_check told;
    fv_arena arena;
} record;

/* The path of a name of the listing, as a program that stands here has it. */
static const char *path_of(record *r, const fv_survey *s, const char *name) {
    if (!name) return NULL;
    if (!s->files) return fv__arena_text(&r->arena, name);
    return *name ? fv__listing_path(&r->arena, s->listing.base, name)
                 : fv__arena_text(&r->arena, s->listing.base);
}

/* "rm {}" with the paths in. */
static fv_status fill_in(fv_context *ctx, record *r, const char *pattern, const fv_flawed *f,
                         const char **out) {
    fv_text text = {.ctx = ctx};
    for (const char *at = pattern; *at; at++) {
        const bool file = strncmp(at, "{}", 2) == 0, other = strncmp(at, "[]", 2) == 0;
        if (file || (other && f->other))
            fv__text_shell(&text, file ? f->file : f->other);
        else if (!other)
            fv__text_addn(&text, at, 1);
        at += file || other;
    }
    fv_status status = fv__text_done(ctx, &text);
    if (status == FV_OK && !(*out = fv__arena_text(&r->arena, text.data))) status = FV_EXHAUSTED;
    fv__text_free(&text);
    return status;
}

static fv_status tell_one(fv_context *ctx, record *r, const fv_survey *s, const fv_flaw *from,
                          const char *pattern, fv_flawed *to) {
    to->file = path_of(r, s, from->file);
    to->other = path_of(r, s, from->other);
    to->detail = from->detail ? fv__arena_text(&r->arena, from->detail) : NULL;
    if (!to->file || (from->other && !to->other) || (from->detail && !to->detail))
        return FV_EXHAUSTED;
    if (to->other && strcmp(to->file, to->other) == 0) return FV_OK; /* a file listed twice */
    return s->files && pattern ? fill_in(ctx, r, pattern, to, &to->command) : FV_OK;
}

/* All flaws of one kind, which stand together. */
static fv_status tell_group(fv_context *ctx, record *r, const fv_survey *s, const fv_flaw *from,
                            size_t count, fv_flaw_group *to) {
    const fv_flaw_facts *facts = &fv__flaw_facts[from->kind];
    const char *pattern = strchr(facts->what, '$');
    const size_t words = pattern ? (size_t)(pattern - facts->what) : strlen(facts->what);
    char number[32];
    fv_flawed *flawed = fv__arena_alloc(&r->arena, count * sizeof *flawed);
    to->id = facts->id;
    to->rank = (int)facts->rank;
    to->headline = fv__arena_format(&r->arena, count == 1 ? facts->one : facts->many,
                                    fv__commas(number, (int64_t)count));
    to->advice = fv__arena_textn(&r->arena, facts->what, words);
    to->count = (int64_t)count;
    to->flawed = flawed;
    if (!flawed || !to->headline || !to->advice) return FV_EXHAUSTED;
    for (size_t i = 0; i < count; i++)
        FV_TRY(tell_one(ctx, r, s, &from[i], pattern ? pattern + 1 : NULL, &flawed[i]));
    return FV_OK;
}

static fv_status tell(fv_context *ctx, record *r, const fv_survey *s) {
    const fv_listing *l = &s->listing;
    fv_flaw_group *groups = fv__arena_alloc(&r->arena, FV_FLAW_KINDS * sizeof *groups);
    if (!groups) return FV_EXHAUSTED;
    r->told.pictures = (int64_t)l->count;
    r->told.classes = (int64_t)l->class_count;
    r->told.group = groups;
    for (size_t i = 0, n; i < l->flaw_count; i += n) {
        for (n = 1; i + n < l->flaw_count && l->flaws[i + n].kind == l->flaws[i].kind;) n++;
        FV_TRY(tell_group(ctx, r, s, &l->flaws[i], n, &groups[r->told.count]));
        r->told.count++;
    }
    return FV_OK;
}

fv_status fv_dataset_check_all(fv_context *ctx, const char *word,
                               const fv_dataset_check_settings *settings, fv_dataset_check **out) {
    fv_dataset_check_settings own = FV_INIT(fv_dataset_check_settings);
    fv_survey survey;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, word);
    own.seed = 1;
    if (settings) FV_TRY(fv__take_struct(ctx, __func__, settings, &own, sizeof own));
    const fv_set_options options = {own.seed, own.seed, own.split > 0 ? own.split : 0.2, 0, NULL};
    FV_TRY(fv__survey(ctx, word, &options, own.watch, own.user, &survey));
    record *r = fv__alloc(ctx, sizeof *r, "a check");
    if (!r) {
        fv__survey_free(&survey);
        return FV_EXHAUSTED;
    }
    fv__arena_init(&r->arena, ctx);
    const fv_status status = tell(ctx, r, &survey);
    const size_t flaws = survey.listing.flaw_count;
    fv__survey_free(&survey);
    if (status != FV_OK) {
        fv_dataset_check_free(&r->told);
        return status;
    }
    *out = &r->told;
    if (!flaws) return FV_OK;
    return fv__fail(ctx, FV_DIFFERS, "%s: %zu thing%s found", word, flaws, flaws == 1 ? "" : "s");
}

void fv_dataset_check_free(fv_dataset_check *check) {
    if (!check) return;
    record *r = (record *)check;
    fv__arena_free(&r->arena);
    fv__free(r);
}
