/* SPDX-License-Identifier: MIT */
/*
 * survey_judge.c - what is wrong with a data set, from what was seen of its pictures.
 */
#include "base/printable.h"
#include "data/survey.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAR       3  /* bits of 64 in which two looks of one scene differ at most */
#define BANDS      4  /* of 16 bits: of looks that near one band at least is equal */
#define BAND_MOST  64 /* of one band that are compared: a common band says nothing */
#define SCARCE     10 /* times fewer pictures than the largest class */
#define TINY       8  /* pixels of the shorter side, */
#define TINY_SHARE 5  /* or so much less than is usual */
#define LONG       4
#define HUGE_IMAGE ((int64_t)40000000)

static const char *name_of(const fv_survey *s, size_t i) {
    return s->listing.pictures[i].name;
}

static fv_status found(fv_survey *s, fv_flaw_kind kind, size_t i, const char *other,
                       const char *detail) {
    return fv__listing_found(&s->listing, kind, name_of(s, i), other, detail);
}

/* --- one by one ------------------------------------------------------------------------------- */

/* A name with another end. */
static fv_status judge_end(fv_survey *s, size_t i) {
    const char *name = name_of(s, i), *end = s->seen[i].end, *dot = strrchr(name, '.');
    if (!end) return FV_OK;
    const size_t n = dot && !strchr(dot, '/') ? (size_t)(dot - name) : strlen(name);
    char *better =
        fv__arena_format(&s->listing.arena, "%.*s.%.*s", (int)n, name, (int)strcspn(end, " "), end);
    return better ? found(s, FV_FLAW_wrong_end, i, better, NULL) : FV_EXHAUSTED;
}

static int64_t shorter(const fv_seen *v) {
    return v->width < v->height ? v->width : v->height;
}

static int by_number(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The middle one of the shorter sides. */
static fv_status usual_side(const fv_survey *s, int64_t *out) {
    size_t n = 0;
    int64_t *sides = fv__alloc(s->listing.ctx, (s->listing.count + 1) * sizeof *sides, "sizes");
    if (!sides) return FV_EXHAUSTED;
    for (size_t i = 0; i < s->listing.count; i++)
        if (s->seen[i].status == FV_OK) sides[n++] = shorter(&s->seen[i]);
    if (n) qsort(sides, n, sizeof *sides, by_number);
    *out = n ? sides[n / 2] : 0;
    fv__free(sides);
    return FV_OK;
}

static fv_status judge_size(fv_survey *s, size_t i, int64_t usual) {
    const fv_seen *v = &s->seen[i];
    const int64_t side = shorter(v), longer = v->width + v->height - side;
    char detail[64];
    snprintf(detail, sizeof detail, "%lldx%lld pixels", (long long)v->width, (long long)v->height);
    if (side < TINY || side * TINY_SHARE < usual) FV_TRY(found(s, FV_FLAW_tiny, i, NULL, detail));
    if (longer > LONG * side) FV_TRY(found(s, FV_FLAW_extreme, i, NULL, detail));
    if (v->width * v->height > HUGE_IMAGE) FV_TRY(found(s, FV_FLAW_huge, i, NULL, detail));
    return FV_OK;
}

static fv_status judge_each(fv_survey *s) {
    size_t gray = 0, read = 0;
    int64_t usual;
    FV_TRY(usual_side(s, &usual));
    for (size_t i = 0; i < s->listing.count; i++) {
        const fv_seen *v = &s->seen[i];
        if (v->status != FV_OK) {
            const fv_flaw_kind kind = v->picture ? FV_FLAW_unreadable : FV_FLAW_no_picture;
            FV_TRY(found(s, kind, i, NULL, v->why));
            continue;
        }
        read++;
        gray += v->gray;
        FV_TRY(judge_end(s, i));
        if (s->files) FV_TRY(judge_size(s, i, usual));
    }
    if (!gray || gray == read) return FV_OK;
    const bool odd = gray * 2 <= read; /* which of both is the exception */
    for (size_t i = 0; i < s->listing.count; i++)
        if (s->seen[i].status == FV_OK && s->seen[i].gray == odd)
            FV_TRY(found(s, FV_FLAW_mixed, i, NULL, odd ? "gray" : "coloured"));
    return FV_OK;
}

/* --- classes ---------------------------------------------------------------------------------- */

static fv_status judge_classes(fv_survey *s) {
    fv_listing *l = &s->listing;
    size_t most = 0, largest = 0;
    size_t *count = fv__alloc(l->ctx, (l->class_count + 1) * sizeof *count, "classes");
    if (!count) return FV_EXHAUSTED;
    for (size_t i = 0; i < l->count; i++) count[l->pictures[i].label]++;
    for (size_t k = 0; k < l->class_count; k++)
        if (count[k] > most) {
            most = count[k];
            largest = k;
        }
    fv_status status = FV_OK;
    for (size_t k = 0; status == FV_OK && k < l->class_count; k++) {
        char detail[64];
        if (count[k] * SCARCE > most) continue;
        snprintf(detail, sizeof detail, "%zu to %zu", count[k], most);
        status =
            fv__listing_found(l, FV_FLAW_unbalanced, l->classes[k], l->classes[largest], detail);
    }
    fv__free(count);
    return status;
}

static bool same_but_case(const char *a, const char *b) {
    for (; *a && *b; a++, b++) {
        const char x = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a;
        const char y = *b >= 'A' && *b <= 'Z' ? (char)(*b + 32) : *b;
        if (x != y) return false;
    }
    return *a == *b;
}

static int ignoring_case(const void *a, const void *b) {
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    for (; *x && *y; x++, y++) {
        const int u = *x >= 'A' && *x <= 'Z' ? *x + 32 : (unsigned char)*x;
        const int v = *y >= 'A' && *y <= 'Z' ? *y + 32 : (unsigned char)*y;
        if (u != v) return u < v ? -1 : 1;
    }
    return (unsigned char)*x - (unsigned char)*y;
}

static size_t folder_length(const char *name) {
    const char *slash = strrchr(name, '/');
    return slash ? (size_t)(slash - name) : 0;
}

/* Classes, and files of one folder, whose names a system that does not know case takes for one. */
static fv_status judge_case(fv_survey *s) {
    fv_listing *l = &s->listing;
    const size_t all = l->count + l->class_count;
    const char **names = fv__alloc(l->ctx, (all + 1) * sizeof *names, "names");
    if (!names) return FV_EXHAUSTED;
    for (size_t k = 0; k < l->class_count; k++) names[k] = l->classes[k];
    for (size_t i = 0; i < l->count; i++) names[l->class_count + i] = name_of(s, i);
    fv_status status = FV_OK;
    for (int part = 0; part < 2; part++) {
        const char **from = names + (part ? l->class_count : 0);
        const size_t n = part ? l->count : l->class_count;
        if (n) qsort(from, n, sizeof *from, ignoring_case);
        for (size_t i = 1; status == FV_OK && i < n; i++) {
            const size_t folder = folder_length(from[i]);
            if (strcmp(from[i - 1], from[i]) == 0 || !same_but_case(from[i - 1], from[i])) continue;
            if (strncmp(from[i - 1], from[i], folder) != 0) continue;
            status = fv__listing_found(l, FV_FLAW_by_case, from[i], from[i - 1], NULL);
        }
    }
    fv__free(names);
    return status;
}

/* --- alike ------------------------------------------------------------------------------------ */

typedef struct twin {
    uint64_t key;
    size_t i;
} twin;

static int by_key(const void *a, const void *b) {
    const twin *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return x->i < y->i ? -1 : x->i > y->i;
}

/* Two pictures of the same bytes; the one of the test, or else the later, is the one too many. */
static fv_status judge_twins(fv_survey *s, size_t a, size_t b) {
    const fv_picture *p = &s->listing.pictures[a], *q = &s->listing.pictures[b];
    fv_flaw_kind kind = FV_FLAW_duplicate;
    if (p->part != q->part) kind = FV_FLAW_across_parts;
    if (p->label != q->label) kind = FV_FLAW_two_classes;
    if (p->part == FV_PART_TEST && q->part == FV_PART_TRAIN)
        return found(s, kind, a, q->name, NULL);
    return found(s, kind, b, p->name, NULL);
}

static fv_status judge_same(fv_survey *s, twin *all, bool *doubled) {
    size_t n = 0;
    for (size_t i = 0; i < s->listing.count; i++)
        if (s->seen[i].status == FV_OK) all[n++] = (twin){s->seen[i].sum, i};
    if (n) qsort(all, n, sizeof *all, by_key);
    for (size_t i = 1, first = 0; i < n; i++) {
        if (all[i].key != all[i - 1].key) first = i;
        if (first == i) continue;
        doubled[all[i].i] = true;
        FV_TRY(judge_twins(s, all[first].i, all[i].i));
    }
    return FV_OK;
}

/* Two that look alike count where that matters: in two classes, or on both sides. */
static fv_status judge_near(fv_survey *s, size_t a, size_t b, bool *told) {
    const fv_picture *p = &s->listing.pictures[a], *q = &s->listing.pictures[b];
    if (__builtin_popcountll(s->seen[a].look ^ s->seen[b].look) > NEAR) return FV_OK;
    if (p->part == q->part && p->label == q->label) return FV_OK;
    const size_t one = p->part == FV_PART_TEST && q->part == FV_PART_TRAIN ? a : b;
    if (told[one]) return FV_OK;
    told[one] = true;
    return found(s, p->label != q->label ? FV_FLAW_near_classes : FV_FLAW_near_across, one,
                 name_of(s, one == a ? b : a), NULL);
}

static fv_status judge_band(fv_survey *s, int band, twin *all, bool *told, const bool *doubled) {
    size_t n = 0;
    for (size_t i = 0; i < s->listing.count; i++)
        if (s->seen[i].status == FV_OK && s->seen[i].telling && !doubled[i])
            all[n++] = (twin){s->seen[i].look >> (16 * band) & 0xffff, i};
    if (n) qsort(all, n, sizeof *all, by_key);
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n && k < i + BAND_MOST && all[k].key == all[i].key; k++)
            FV_TRY(judge_near(s, all[i].i, all[k].i, told));
    return FV_OK;
}

static fv_status judge_alike(fv_survey *s) {
    fv_context *ctx = s->listing.ctx;
    const size_t count = s->listing.count + 1;
    twin *all = fv__alloc(ctx, count * sizeof *all, "comparing pictures");
    bool *doubled = fv__alloc(ctx, count, "comparing pictures");
    bool *told = fv__alloc(ctx, count, "comparing pictures");
    fv_status status = all && doubled && told ? judge_same(s, all, doubled) : FV_EXHAUSTED;
    for (int band = 0; status == FV_OK && s->files && band < BANDS; band++)
        status = judge_band(s, band, all, told, doubled);
    fv__free(all);
    fv__free(doubled);
    fv__free(told);
    return status;
}

static int by_kind(const void *a, const void *b) {
    const fv_flaw *x = a, *y = b;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    return strcmp(x->file, y->file);
}

fv_status fv__survey_judge(fv_survey *s) {
    fv_listing *l = &s->listing;
    FV_TRY(judge_each(s));
    FV_TRY(judge_classes(s));
    FV_TRY(judge_case(s));
    FV_TRY(judge_alike(s));
    if (l->flaw_count) qsort(l->flaws, l->flaw_count, sizeof *l->flaws, by_kind);
    return FV_OK;
}
