/* SPDX-License-Identifier: MIT */
/*
 * listing.c - pictures in files of their own: a listing in the making.
 */
#include "data/listing.h"
#include "base/printable.h"
#include <string.h>

const fv_flaw_facts fv__flaw_facts[FV_FLAW_KINDS] = {
#define FV_FLAW(id, rank, training, one, many, what)                                               \
    {#id, FV_RANK_##rank, FV_WHEN_##training, one, many, what},
#include "data/flaw_list.h"
#undef FV_FLAW
};

fv_status fv__listing_init(fv_context *ctx, fv_listing *l, const char *origin) {
    *l = (fv_listing){.ctx = ctx, .notes.ctx = ctx};
    fv__arena_init(&l->arena, ctx);
    l->origin = l->base = fv__arena_text(&l->arena, origin);
    return l->origin ? FV_OK : FV_EXHAUSTED;
}

void fv__listing_free(fv_listing *l) {
    fv__free(l->pictures);
    fv__free(l->classes);
    fv__free(l->flaws);
    fv__names_free(&l->class_numbers);
    fv__text_free(&l->notes);
    fv__arena_free(&l->arena);
    *l = (fv_listing){0};
}

char *fv__listing_path(fv_arena *arena, const char *base, const char *name) {
    return name[0] == '/' ? fv__arena_text(arena, name) : fv__path_in(arena, base, name);
}

fv_status fv__listing_class(fv_listing *l, const char *name, int32_t *out) {
    const int *known = fv__names_get(&l->class_numbers, name);
    void *items = l->classes;
    if (known) {
        *out = *known;
        return FV_OK;
    }
    const fv_status status = fv__grow(l->ctx, &items, &l->class_capacity, l->class_count + 1,
                                      sizeof *l->classes, "class names");
    l->classes = items;
    FV_TRY(status);
    const char *copy = fv__arena_text(&l->arena, name);
    if (!copy) return FV_EXHAUSTED;
    FV_TRY(fv__names_add(l->ctx, &l->class_numbers, copy, (int)l->class_count));
    *out = (int32_t)l->class_count;
    l->classes[l->class_count++] = copy;
    return FV_OK;
}

fv_status fv__listing_add(fv_listing *l, const fv_picture *picture) {
    void *items = l->pictures;
    if (l->count == UINT32_MAX)
        return fv__fail(l->ctx, FV_BAD_INPUT, "%s: it holds more than 4294967295 pictures",
                        l->origin);
    const fv_status status = fv__grow(l->ctx, &items, &l->capacity, l->count + 1,
                                      sizeof *l->pictures, "the names of a data set's pictures");
    l->pictures = items;
    FV_TRY(status);
    fv_picture *p = &l->pictures[l->count];
    *p = *picture;
    p->name = fv__arena_text(&l->arena, picture->name);
    if (!p->name) return FV_EXHAUSTED;
    l->count++;
    return FV_OK;
}

static fv_status copy(fv_listing *l, const char *text, const char **out) {
    *out = text ? fv__arena_text(&l->arena, text) : NULL;
    return *out || !text ? FV_OK : FV_EXHAUSTED;
}

fv_status fv__listing_found(fv_listing *l, fv_flaw_kind kind, const char *file, const char *other,
                            const char *detail) {
    void *items = l->flaws;
    const fv_status status = fv__grow(l->ctx, &items, &l->flaw_capacity, l->flaw_count + 1,
                                      sizeof *l->flaws, "what was found in a data set");
    l->flaws = items;
    FV_TRY(status);
    fv_flaw *f = &l->flaws[l->flaw_count];
    *f = (fv_flaw){.kind = kind};
    FV_TRY(copy(l, file, &f->file));
    FV_TRY(copy(l, other, &f->other));
    FV_TRY(copy(l, detail, &f->detail));
    l->flaw_count++;
    return FV_OK;
}

/* --- what training makes of the flaws ------------------------------------------------------ */

/* "DIR: 2 folders cannot be read: a/b (no permission), c; what to do". */
static void put_sentence(const fv_listing *l, fv_flaw_kind kind, fv_text *out) {
    const fv_flaw_facts *facts = &fv__flaw_facts[kind];
    const fv_flaw *first = NULL;
    int64_t count = 0;
    char number[32];
    for (size_t i = l->flaw_count; i-- > 0;)
        if (l->flaws[i].kind == kind) {
            first = &l->flaws[i];
            count++;
        }
    if (!first) return;
    fv__text_printable(out, l->origin, "");
    fv__text_add(out, ": ");
    fv__text_addf(out, count == 1 ? facts->one : facts->many, fv__commas(number, count));
    fv__text_add(out, count == 1 ? ": " : ", such as ");
    fv__text_printable(out, first->file, "");
    if (first->other && *first->other) {
        fv__text_add(out, " and ");
        fv__text_printable(out, first->other, "");
    }
    if (first->detail) {
        fv__text_add(out, " (");
        fv__text_printable(out, first->detail, "");
        fv__text_add(out, ")");
    }
}

static void put_advice(const fv_listing *l, fv_text *out) {
    fv__text_add(out, "; `fovea data check ");
    fv__text_shell(out, l->origin);
    fv__text_add(out, "` says what to do");
}

fv_status fv__listing_refuse(fv_listing *l) {
    for (int k = 0; k < FV_FLAW_KINDS; k++) {
        fv_text text = {.ctx = l->ctx};
        if (fv__flaw_facts[k].training != FV_WHEN_REFUSED) continue;
        put_sentence(l, (fv_flaw_kind)k, &text);
        if (text.length) put_advice(l, &text);
        fv_status status = fv__text_done(l->ctx, &text);
        if (status == FV_OK && text.length)
            status = fv__fail(l->ctx, FV_BAD_INPUT, "%s", text.data);
        fv__text_free(&text);
        FV_TRY(status);
    }
    return FV_OK;
}

static fv_status add_remark(fv_listing *l, fv_log_level level, const char *text, fv_dataset *set,
                            fv_arena *arena) {
    if (!set) return FV_OK;
    if (set->remark_count == FV_REMARKS_MOST) return FV_OK;
    const char *copied = fv__arena_text(arena, text);
    if (!copied) return fv__fail_memory(l->ctx, 0, "a data set");
    set->remark[set->remark_count++] = (fv_remark){level, copied};
    return FV_OK;
}

fv_status fv__listing_remarks(fv_listing *l, fv_dataset *set, fv_arena *arena) {
    fv_status status = FV_OK;
    if (l->notes.length) status = add_remark(l, FV_LOG_NOTE, l->notes.data, set, arena);
    for (int k = 0; status == FV_OK && k < FV_FLAW_KINDS; k++) {
        fv_text text = {.ctx = l->ctx};
        if (fv__flaw_facts[k].training != FV_WHEN_WARNED) continue;
        put_sentence(l, (fv_flaw_kind)k, &text);
        if (text.length) put_advice(l, &text);
        status = fv__text_done(l->ctx, &text);
        if (status == FV_OK && text.length)
            status = add_remark(l, FV_LOG_WARNING, text.data, set, arena);
        fv__text_free(&text);
    }
    return status;
}
