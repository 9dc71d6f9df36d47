/* SPDX-License-Identifier: MIT */
/*
 * tree.c - a folder of class folders, read into a listing.
 *
 *   DIR/train/roses/a.jpg, DIR/test/roses/b.jpg    the parts are folders
 *   DIR/roses/a.jpg                                the classes alone
 *
 * A class is a folder; pictures lie in it at any depth. What a picture is called decides whether it
 * is listed; what it is, its bytes decide when it is read. Names that hide (".x", "Thumbs.db") are
 * passed over. Links are followed, but not into a folder that they lie in.
 */
#include "data/picture_names.h"
#include "data/listing.h"
#include <stdio.h>
#include <string.h>

#define DEPTH_MOST 40                /* folders within each other */
#define SNIFF_MOST ((size_t)1 << 20) /* bytes of a file that is looked into */

typedef struct walk {
    fv_listing *l;
    int32_t label;
    fv_set_part part;
    fv_entry above[DEPTH_MOST]; /* the folders that the one being read lies in */
    int depth;
} walk;

fv_set_part fv__part_named(const char *name) {
    static const struct {
        const char *name;
        fv_set_part part;
    } known[] = {{"train", FV_PART_TRAIN},
                 {"training", FV_PART_TRAIN},
                 {"test", FV_PART_TEST},
                 {"testing", FV_PART_TEST},
                 {"val", FV_PART_VALIDATION},
                 {"valid", FV_PART_VALIDATION},
                 {"validation", FV_PART_VALIDATION}};
    char small[16];
    size_t n = strlen(name);
    if (n >= sizeof small) return FV_PART_NONE;
    for (size_t i = 0; i <= n; i++)
        small[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(small, known[i].name) == 0) return known[i].part;
    return FV_PART_NONE;
}

/* A folder's entries, and what else reading it takes; to be dropped. */
typedef struct opened {
    fv_arena arena;
    fv_entry *entry;
    size_t count;
} opened;

static void drop(opened *o) {
    fv__free(o->entry);
    fv__arena_free(&o->arena);
}

/* Opens a folder of the listing; `name` "" is the whole. One that cannot be read is a flaw. */
static fv_status list(fv_listing *l, const char *name, opened *o) {
    *o = (opened){0};
    fv__arena_init(&o->arena, l->ctx);
    char *path = *name ? fv__path_in(&o->arena, l->base, name) : fv__arena_text(&o->arena, l->base);
    fv_status status =
        path ? fv__folder_list(l->ctx, &o->arena, path, &o->entry, &o->count) : FV_EXHAUSTED;
    if (status == FV_BAD_INPUT)
        status = fv__listing_found(l, FV_FLAW_closed_folder, name, NULL, l->ctx->message);
    if (status != FV_OK) drop(o);
    return status;
}

static char *below(fv_arena *arena, const char *folder, const char *name) {
    return fv__path_in(arena, folder, name);
}

/* Whether a file's bytes are those of a picture that we read, whatever it is called. */
static fv_status sniff(fv_listing *l, fv_arena *arena, const char *name, bool *picture) {
    fv_bytes bytes = {0};
    char *path = fv__path_in(arena, l->base, name);
    *picture = false;
    if (!path) return FV_EXHAUSTED;
    const fv_status status = fv__file_read(l->ctx, path, SNIFF_MOST, &bytes);
    if (status == FV_EXHAUSTED) return status;
    if (status == FV_OK) *picture = fv__format_of_bytes(bytes.data, bytes.size) != NULL;
    fv__file_release(&bytes);
    return FV_OK;
}

static fv_status take_file(walk *w, fv_arena *arena, const char *name, const fv_entry *e) {
    fv_listing *l = w->l;
    const fv_name_kind kind = fv__name_kind(e->name);
    bool picture = kind == FV_NAME_PICTURE;
    if (kind == FV_NAME_OTHER) return FV_OK;
    if (e->kind == FV_ENTRY_OTHER)
        return fv__listing_found(l, FV_FLAW_no_picture, name, NULL,
                                 "a pipe, a device, or a link that leads nowhere");
    if (!picture) FV_TRY(sniff(l, arena, name, &picture));
    if (!picture) return fv__listing_found(l, FV_FLAW_foreign, name, NULL, NULL);
    return fv__listing_add(l, &(fv_picture){name, w->label, w->part, e->size, e->modified});
}

/* Whether a folder is one of those that it lies in. */
static bool returns(const walk *w, const fv_entry *e) {
    for (int i = 0; i < w->depth; i++)
        if (w->above[i].device == e->device && w->above[i].inode == e->inode) return true;
    return w->depth == DEPTH_MOST;
}

static fv_status take_folder(walk *w, const char *name, const fv_entry *self);

static fv_status take_entry(walk *w, fv_arena *arena, const char *folder, const fv_entry *e) {
    if (fv__name_hidden(e->name)) return FV_OK;
    char *name = below(arena, folder, e->name);
    if (!name) return FV_EXHAUSTED;
    if (e->kind != FV_ENTRY_FOLDER) return take_file(w, arena, name, e);
    if (returns(w, e)) return fv__listing_found(w->l, FV_FLAW_loop, name, NULL, NULL);
    return take_folder(w, name, e);
}

/* All pictures in a folder, at any depth. */
static fv_status take_folder(walk *w, const char *name, const fv_entry *self) {
    opened o;
    const size_t before = w->l->flaw_count;
    FV_TRY(list(w->l, name, &o));
    if (w->l->flaw_count > before) return FV_OK; /* it cannot be read */
    w->above[w->depth++] = *self;
    fv_status status = FV_OK;
    for (size_t i = 0; status == FV_OK && i < o.count; i++)
        status = take_entry(w, &o.arena, name, &o.entry[i]);
    w->depth--;
    drop(&o);
    return status;
}

/* What a class folder holds itself. */
typedef struct contents {
    size_t pictures, folders;
    char within[256]; /* a folder in it that is named like a part */
} contents;

static fv_status look_into(fv_listing *l, const char *name, contents *out) {
    opened o;
    const size_t before = l->flaw_count;
    *out = (contents){0};
    FV_TRY(list(l, name, &o));
    l->flaw_count = before; /* said by the walk */
    for (size_t i = 0; i < o.count; i++) {
        const fv_entry *e = &o.entry[i];
        if (fv__name_hidden(e->name)) continue;
        out->pictures += e->kind == FV_ENTRY_FILE && fv__name_kind(e->name) == FV_NAME_PICTURE;
        out->folders += e->kind == FV_ENTRY_FOLDER;
        if (e->kind == FV_ENTRY_FOLDER && fv__part_named(e->name) && !out->within[0])
            snprintf(out->within, sizeof out->within, "%s", e->name);
    }
    drop(&o);
    return FV_OK;
}

/* What is odd about a class folder of which `found` pictures were taken. */
static fv_status judge_class(fv_listing *l, fv_arena *arena, const char *root, const char *name,
                             size_t found, bool alone) {
    contents c;
    const char *parent = *root ? root : ".";
    FV_TRY(look_into(l, name, &c));
    if (alone && !c.pictures && c.folders >= 2 && found) {
        char *inner = fv__arena_format(arena, "give %s/%s", l->base, name);
        return inner ? fv__listing_found(l, FV_FLAW_lone_folder, name, NULL, inner) : FV_EXHAUSTED;
    }
    if (c.within[0]) {
        char *inner = below(arena, name, c.within);
        if (!inner) return FV_EXHAUSTED;
        FV_TRY(fv__listing_found(l, FV_FLAW_part_within, inner, name, NULL));
    }
    if (!found) return fv__listing_found(l, FV_FLAW_empty_class, name, NULL, NULL);
    if (!c.pictures && c.folders && !c.within[0])
        return fv__listing_found(l, FV_FLAW_folders_only, name, parent, NULL);
    return FV_OK;
}

static fv_status take_class(walk *w, opened *o, const char *root, const fv_entry *e, bool alone) {
    const size_t before = w->l->count, closed = w->l->flaw_count;
    char *name = *root ? below(&o->arena, root, e->name) : fv__arena_text(&o->arena, e->name);
    if (!name) return FV_EXHAUSTED;
    if (returns(w, e)) return fv__listing_found(w->l, FV_FLAW_loop, name, NULL, NULL);
    FV_TRY(fv__listing_class(w->l, e->name, &w->label));
    FV_TRY(take_folder(w, name, e));
    for (size_t i = closed; i < w->l->flaw_count; i++)
        if (w->l->flaws[i].kind == FV_FLAW_closed_folder) return FV_OK;
    if (w->part && fv__part_named(e->name))
        return fv__listing_found(w->l, FV_FLAW_part_within, name, root, NULL);
    return judge_class(w->l, &o->arena, root, name, w->l->count - before, alone);
}

/* A file beside class folders. */
static fv_status take_loose(fv_listing *l, opened *o, const char *root, const fv_entry *e) {
    if (e->kind != FV_ENTRY_FILE || fv__name_kind(e->name) != FV_NAME_PICTURE) return FV_OK;
    char *name = *root ? below(&o->arena, root, e->name) : fv__arena_text(&o->arena, e->name);
    return name ? fv__listing_found(l, FV_FLAW_loose, name, NULL, NULL) : FV_EXHAUSTED;
}

/* Every folder in `root` is a class. */
static fv_status take_classes(fv_listing *l, const char *root, const fv_entry *whole,
                              const fv_entry *self, fv_set_part part) {
    walk w = {.l = l, .part = part, .depth = 2};
    size_t folders = 0;
    opened o;
    const size_t before = l->flaw_count;
    w.above[0] = *whole;
    w.above[1] = *self;
    FV_TRY(list(l, root, &o));
    if (l->flaw_count > before) return FV_OK;
    for (size_t i = 0; i < o.count; i++)
        folders += o.entry[i].kind == FV_ENTRY_FOLDER && !fv__name_hidden(o.entry[i].name);
    fv_status status = FV_OK;
    for (size_t i = 0; status == FV_OK && i < o.count; i++) {
        const fv_entry *e = &o.entry[i];
        if (fv__name_hidden(e->name)) continue;
        if (e->kind == FV_ENTRY_FOLDER)
            status = take_class(&w, &o, root, e, folders == 1);
        else
            status = take_loose(l, &o, root, e);
    }
    drop(&o);
    return status;
}

/* --- parts ------------------------------------------------------------------------------------ */

typedef struct layout {
    const fv_entry *of[FV_PART_VALIDATION + 1]; /* the folder of each part, NULL: none */
    const char *second;                         /* another folder for a part that has one */
    size_t folders;
} layout;

static layout find_parts(const opened *o) {
    layout found = {0};
    for (size_t i = 0; i < o->count; i++) {
        const fv_entry *e = &o->entry[i];
        if (e->kind != FV_ENTRY_FOLDER || fv__name_hidden(e->name)) continue;
        found.folders++;
        const fv_set_part part = fv__part_named(e->name);
        if (part && found.of[part]) found.second = e->name;
        if (part && !found.of[part]) found.of[part] = e;
    }
    return found;
}

/* Whether its folders are parts: one to learn from is there, or all of them are for tests. */
static bool has_parts(const layout *p) {
    const size_t tests = (p->of[FV_PART_TEST] ? 1u : 0u) + (p->of[FV_PART_VALIDATION] ? 1u : 0u);
    return p->of[FV_PART_TRAIN] || (tests && tests == p->folders);
}

static fv_status take_parts(fv_listing *l, opened *o, const layout *p, const fv_entry *whole) {
    if (p->second) {
        const fv_set_part part = fv__part_named(p->second);
        return fv__fail(l->ctx, FV_BAD_INPUT,
                        "%s: its folders %s and %s are the same part twice; put them together",
                        l->origin, p->of[part]->name, p->second);
    }
    for (size_t i = 0; i < o->count; i++) {
        const fv_entry *e = &o->entry[i];
        const fv_set_part part = fv__part_named(e->name);
        if (fv__name_hidden(e->name)) continue;
        if (e->kind != FV_ENTRY_FOLDER)
            FV_TRY(take_loose(l, o, "", e));
        else if (part)
            FV_TRY(take_classes(l, e->name, whole, e, part));
        else
            FV_TRY(fv__listing_found(l, FV_FLAW_beside, e->name, NULL, NULL));
    }
    return FV_OK;
}

fv_status fv__tree_read(fv_listing *l, const char *folder) {
    opened o;
    fv_entry self;
    l->base = fv__arena_text(&l->arena, folder);
    if (!l->base) return FV_EXHAUSTED;
    if (!fv__entry_at(folder, &self))
        return fv__fail(l->ctx, FV_BAD_INPUT, "%s: the folder is gone", folder);
    FV_TRY(list(l, "", &o));
    if (l->flaw_count) return FV_OK;
    const layout p = find_parts(&o);
    fv_status status = FV_OK;
    if (has_parts(&p)) {
        status = take_parts(l, &o, &p, &self);
    } else {
        for (int k = FV_PART_TEST; status == FV_OK && k <= FV_PART_VALIDATION; k++)
            if (p.of[k])
                status = fv__listing_found(l, FV_FLAW_part_beside, p.of[k]->name, NULL, NULL);
        if (status == FV_OK) status = take_classes(l, "", &self, &self, FV_PART_NONE);
    }
    drop(&o);
    return status;
}
