/* SPDX-License-Identifier: MIT */
/*
 * list_file.c - a list of pictures, LIST.csv or LIST.tsv, read into a listing.
 *
 *   file,label,part
 *   a/1.jpg,rose,train
 *   "b, c.jpg",tulip,test
 *
 * Fields are those of RFC 4180: quotes around what holds commas, quotes and ends of lines, a quote
 * in them doubled. The first line may say in which order the columns stand; without it they are
 * file, label and, if there are three, part.
 */
#include "data/listing.h"
#include <stdio.h>
#include <string.h>

#define LIST_MOST    ((size_t)1 << 30)
#define COLUMNS_MOST 64

enum { FILE_COLUMN, LABEL_COLUMN, PART_COLUMN, COLUMNS };

static const char *const words[COLUMNS] = {
    "file filename path filepath image image_path img picture name",
    "label class category target species", "part split set subset fold"};

typedef struct reader {
    fv_listing *l;
    const char *name; /* of the list */
    const char *at, *end;
    char separator;
    int64_t line, begun; /* now; of the record */
    fv_text field[COLUMNS_MOST];
    int fields;
    int column[COLUMNS]; /* where each stands; -1: nowhere */
    bool words_met;      /* a label that is no number */
} reader;

static fv_status fail_at(const reader *r, const char *what) {
    return fv__fail(r->l->ctx, FV_BAD_INPUT, "%s:%lld: %s", r->name, (long long)r->begun, what);
}

static void put(reader *r, char c) {
    if (r->fields <= COLUMNS_MOST) fv__text_addn(&r->field[r->fields - 1], &c, 1);
}

/* The inside of quotes; behind the closing one afterwards. */
static fv_status quoted(reader *r) {
    for (r->at++; r->at < r->end; r->at++) {
        if (*r->at == '\n') r->line++;
        if (*r->at == '"' && (r->at + 1 == r->end || r->at[1] != '"')) {
            r->at++;
            return FV_OK;
        }
        if (*r->at == '"') r->at++; /* doubled: one */
        put(r, *r->at);
    }
    return fail_at(r, "a quote is opened and never closed; a quote within quotes is doubled, \"\"");
}

static bool ends_line(const reader *r) {
    return r->at == r->end || *r->at == '\n' ||
           (*r->at == '\r' && (r->at + 1 == r->end || r->at[1] == '\n'));
}

/* One record into the fields; *more false: there is none. Lines without anything are passed over.
 */
static fv_status next_record(reader *r, bool *more) {
    while (r->at < r->end && (*r->at == '\n' || *r->at == '\r'))
        if (*r->at++ == '\n') r->line++;
    *more = r->at < r->end;
    r->begun = r->line;
    r->fields = 0;
    if (!*more) return FV_OK;
    for (;;) {
        if (r->fields == COLUMNS_MOST) return fail_at(r, "more than 64 columns");
        fv__text_cut(&r->field[r->fields++], 0);
        if (r->at < r->end && *r->at == '"') FV_TRY(quoted(r));
        while (!ends_line(r) && *r->at != r->separator) {
            if (*r->at == '\0') return fail_at(r, "a zero byte; this is no list of text");
            put(r, *r->at++);
        }
        if (ends_line(r)) break;
        r->at++;
    }
    for (int i = 0; i < r->fields; i++) {
        fv__text_add(&r->field[i], "");
        if (r->field[i].failed) return fv__text_done(r->l->ctx, &r->field[i]);
    }
    return FV_OK;
}

/* A column of the record; "" where it has none. */
static const char *get(const reader *r, int column) {
    const int at = r->column[column];
    return at >= 0 && at < r->fields && r->field[at].data ? r->field[at].data : "";
}

/* --- the first line --------------------------------------------------------------------------- */

static bool is_word(const char *text, const char *among) {
    const size_t n = strlen(text);
    for (const char *w = among; n && *w; w += strspn(w, " ")) {
        const size_t length = strcspn(w, " ");
        size_t i = 0;
        while (i < n && i < length &&
               (text[i] == w[i] || (text[i] >= 'A' && text[i] <= 'Z' && text[i] + 32 == w[i])))
            i++;
        if (i == n && i == length) return true;
        w += length;
    }
    return false;
}

/* Whether the record names columns: one for files and one for labels. */
static bool take_header(reader *r) {
    int found[COLUMNS] = {-1, -1, -1};
    for (int i = r->fields - 1; i >= 0; i--)
        for (int c = 0; c < COLUMNS; c++)
            if (r->field[i].data && is_word(r->field[i].data, words[c])) found[c] = i;
    if (found[FILE_COLUMN] < 0 || found[LABEL_COLUMN] < 0) return false;
    memcpy(r->column, found, sizeof found);
    return true;
}

/* --- records ---------------------------------------------------------------------------------- */

static fv_status take_part(const reader *r, fv_set_part *out) {
    const char *word = get(r, PART_COLUMN);
    *out = fv__part_named(word);
    if (*out || !*word) return FV_OK;
    return fv__fail(r->l->ctx, FV_BAD_INPUT,
                    "%s:%lld: '%.64s' is no part; train, test or val stands there, or nothing",
                    r->name, (long long)r->begun, word);
}

static fv_status missing(reader *r, const char *file) {
    char line[48];
    snprintf(line, sizeof line, "line %lld", (long long)r->begun);
    return fv__listing_found(r->l, FV_FLAW_missing, file, NULL, line);
}

static fv_status take_record(reader *r) {
    fv_listing *l = r->l;
    fv_picture p = {.name = get(r, FILE_COLUMN)};
    const char *label = get(r, LABEL_COLUMN);
    int64_t number;
    fv_entry entry;
    if (!*p.name) return fail_at(r, "no file is named");
    if (!*label)
        return fail_at(r, r->fields < 2 ? "a file and its label are expected, joined by a comma "
                                          "(.csv) or a tab (.tsv)"
                                        : "the file has no label");
    FV_TRY(take_part(r, &p.part));
    r->words_met = r->words_met || !fv__parse_int(label, &number);
    fv_arena scratch;
    fv__arena_init(&scratch, l->ctx);
    const char *path = fv__listing_path(&scratch, l->base, p.name);
    const bool there = path && fv__entry_at(path, &entry) && entry.kind == FV_ENTRY_FILE;
    fv__arena_free(&scratch);
    if (!path) return FV_EXHAUSTED;
    if (!there) return missing(r, p.name);
    p.size = entry.size;
    p.modified = entry.modified;
    FV_TRY(fv__listing_class(l, label, &p.label));
    return fv__listing_add(l, &p);
}

static fv_status read_records(reader *r) {
    bool more, first = true;
    for (;; first = false) {
        FV_TRY(next_record(r, &more));
        if (!more) break;
        if (first && take_header(r)) continue;
        if (first && r->fields < 3) r->column[PART_COLUMN] = -1;
        FV_TRY(take_record(r));
    }
    r->l->numbers = !r->words_met;
    if (r->l->count || r->l->flaw_count) return FV_OK;
    return fv__fail(r->l->ctx, FV_BAD_INPUT, "%s: the list names no pictures", r->name);
}

fv_status fv__list_read(fv_listing *l, const char *path) {
    fv_bytes bytes = {0};
    const char *slash = strrchr(path, '/');
    l->base = slash ? fv__arena_textn(&l->arena, path, slash == path ? 1 : (size_t)(slash - path))
                    : fv__arena_text(&l->arena, "");
    reader *r = fv__arena_alloc(&l->arena, sizeof *r);
    if (!l->base || !r) return FV_EXHAUSTED;
    FV_TRY(fv__file_read(l->ctx, path, LIST_MOST, &bytes));
    fv_status status = fv__refuse_lfs_pointer(l->ctx, path, bytes.data, bytes.size);
    const char *text = (const char *)bytes.data;
    *r = (reader){.l = l, .name = path, .line = 1, .column = {0, 1, 2}};
    r->separator = fv__ends_with(path, ".tsv") ? '\t' : ',';
    r->at = text;
    r->end = bytes.size ? text + bytes.size : text;
    if (bytes.size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) r->at += 3; /* a byte order mark */
    for (int i = 0; i < COLUMNS_MOST; i++) r->field[i].ctx = l->ctx;
    if (status == FV_OK) status = read_records(r);
    for (int i = 0; i < COLUMNS_MOST; i++) fv__text_free(&r->field[i]);
    fv__file_release(&bytes);
    return status;
}
