/* SPDX-License-Identifier: MIT */
/*
 * listing_parts.c - a listing put into order and divided: what is learned from, what tests.
 *
 * Where the listing says nothing about a test, each class gives a share of its pictures to it
 * (stratified), by chance: a permutation of the class's pictures by (seed, class). The same folder
 * and seed give the same parts; the order on the disk means nothing. `held` takes a share of what
 * is learned from in the same way, whether there is a test or not.
 */
#include "base/printable.h"
#include "data/listing.h"
#include "data/sets.h"
#include <stdlib.h>
#include <string.h>

/* How many pictures each class has, of a part. */
static fv_status count_part(const fv_listing *l, fv_set_part part, size_t **out) {
    size_t bytes;
    if (!fv__mul_size(l->class_count, sizeof **out, &bytes))
        return fv__fail_memory(l->ctx, SIZE_MAX, "classes");
    *out = fv__alloc(l->ctx, bytes, "classes");
    if (!*out) return FV_EXHAUSTED;
    for (size_t i = 0; i < l->count; i++)
        if (l->pictures[i].part == part) (*out)[l->pictures[i].label]++;
    return FV_OK;
}

static size_t count_of(const fv_listing *l, fv_set_part part) {
    size_t n = 0;
    for (size_t i = 0; i < l->count; i++) n += l->pictures[i].part == part;
    return n;
}

/* --- order ------------------------------------------------------------------------------------ */

typedef struct place {
    const char *name;
    int64_t number; /* that the name is, of a list with numbers for classes; otherwise 0 */
    int32_t before; /* its number so far */
} place;

static int by_class_name(const void *a, const void *b) {
    const place *x = a, *y = b;
    if (x->number != y->number) return x->number < y->number ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_label_and_name(const void *a, const void *b) {
    const fv_picture *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Classes that have pictures, by name; labels follow. */
static fv_status sort_classes(fv_listing *l) {
    size_t kept = 0;
    place *all = fv__alloc(l->ctx, (l->class_count + 1) * sizeof *all, "classes");
    int32_t *now = fv__alloc(l->ctx, (l->class_count + 1) * sizeof *now, "classes");
    if (!all || !now) {
        fv__free(all);
        fv__free(now);
        return FV_EXHAUSTED;
    }
    for (size_t i = 0; i < l->count; i++) now[l->pictures[i].label] = 1;
    for (size_t i = 0; i < l->class_count; i++)
        if (now[i]) all[kept++] = (place){l->classes[i], 0, (int32_t)i};
    for (size_t i = 0; l->numbers && i < kept; i++)
        (void)!fv__parse_int(all[i].name, &all[i].number);
    if (kept) qsort(all, kept, sizeof *all, by_class_name);
    for (size_t i = 0; i < kept; i++) {
        l->classes[i] = all[i].name;
        now[all[i].before] = (int32_t)i;
    }
    l->class_count = kept;
    for (size_t i = 0; i < l->count; i++) l->pictures[i].label = now[l->pictures[i].label];
    if (l->count) qsort(l->pictures, l->count, sizeof *l->pictures, by_label_and_name);
    fv__free(all);
    fv__free(now);
    return FV_OK;
}

/* --- by chance -------------------------------------------------------------------------------- */

/* Gives `test` of a class's n pictures to the test. */
static void draw(fv_picture *pictures, uint32_t n, uint32_t test, uint32_t *order, fv_key key) {
    fv__random_permutation(key, order, n);
    for (uint32_t i = 0; i < n; i++)
        pictures[order[i]].part = i < test ? FV_PART_TEST : FV_PART_TRAIN;
}

/* Gives a share of each class to the test, or as one that is held out of training. */
static fv_status divide(fv_listing *l, const fv_set_options *o, bool held) {
    uint32_t *order = fv__alloc(l->ctx, (l->count + 1) * sizeof *order, "a data set's parts");
    if (!order) return FV_EXHAUSTED;
    for (size_t i = 0, n; i < l->count; i += n) {
        const int32_t label = l->pictures[i].label;
        for (n = 0; i + n < l->count && l->pictures[i + n].label == label;) n++;
        draw(l->pictures + i, (uint32_t)n, fv__set_share((uint32_t)n, held ? o->held : o->split),
             order,
             held ? fv__held_key(o, label)
                  : fv__key(o->split_seed, FV_STREAM_SPLIT, (uint64_t)label, 0));
    }
    fv__free(order);
    return FV_OK;
}

static fv_status split_by_chance(fv_listing *l, const fv_set_options *o) {
    char share[32], number[2][32];
    FV_TRY(divide(l, o, false));
    fv__text_printable(&l->notes, l->origin, "");
    fv__text_addf(&l->notes,
                  " has no test part: %s of its %s pictures, a share of each class, are set aside "
                  "for it by chance (split=%s, seed %llu)",
                  fv__commas(number[0], (int64_t)count_of(l, FV_PART_TEST)),
                  fv__commas(number[1], (int64_t)l->count), fv__number_text(share, o->split),
                  (unsigned long long)o->split_seed);
    return fv__text_done(l->ctx, &l->notes);
}

/* --- parts that are there --------------------------------------------------------------------- */

/* The folder or list's word that pictures of this class and part are in, for messages. */
static fv_status example(fv_listing *l, size_t label, fv_set_part part, const char *mark,
                         char **out) {
    size_t i = 0;
    while (i < l->count && (l->pictures[i].label != (int32_t)label || l->pictures[i].part != part))
        i++;
    const char *name = i < l->count ? l->pictures[i].name : "";
    const char *class = l->classes[label], *at = strstr(name, class);
    /* "test/roses" of "test/roses/more/a.jpg" */
    const size_t n = at && at > name && at[strlen(class)] == '/' ? (size_t)(at - name) : 0;
    *out = fv__arena_format(&l->arena, "%.*s%s%s", (int)n, name, class, mark);
    return *out ? FV_OK : FV_EXHAUSTED;
}

/* A class that only the test has cannot be learned; one that only training has is not tested. */
static fv_status compare_classes(fv_listing *l) {
    size_t *train = NULL, *test = NULL;
    char *where;
    fv_status status = count_part(l, FV_PART_TRAIN, &train);
    if (status == FV_OK) status = count_part(l, FV_PART_TEST, &test);
    for (size_t k = 0; status == FV_OK && k < l->class_count; k++) {
        if (!train[k] == !test[k]) continue;
        status = example(l, k, train[k] ? FV_PART_TRAIN : FV_PART_TEST, "", &where);
        if (status == FV_OK)
            status = fv__listing_found(
                l, train[k] ? FV_FLAW_untested_class : FV_FLAW_untrained_class, where, NULL, NULL);
    }
    fv__free(train);
    fv__free(test);
    return status;
}

/* Drops the pictures of a part that nothing is made of. */
static void leave_out(fv_listing *l, fv_set_part part) {
    size_t kept = 0;
    for (size_t i = 0; i < l->count; i++)
        if (l->pictures[i].part != part) l->pictures[kept++] = l->pictures[i];
    l->count = kept;
}

/* Beside a test the validation part serves nothing; without one it is the test. */
static fv_status settle_validation(fv_listing *l) {
    const size_t n = count_of(l, FV_PART_VALIDATION);
    char number[64];
    if (!n) return FV_OK;
    if (!count_of(l, FV_PART_TEST)) {
        for (size_t i = 0; i < l->count; i++)
            if (l->pictures[i].part == FV_PART_VALIDATION) l->pictures[i].part = FV_PART_TEST;
        return FV_OK;
    }
    leave_out(l, FV_PART_VALIDATION);
    fv__text_printable(&l->notes, l->origin, "");
    fv__text_addf(&l->notes,
                  " has a validation part beside the test: its %s %s not used; the test part is "
                  "tested on after each epoch",
                  fv__counted(number, (int64_t)n, "picture", "pictures"), n == 1 ? "is" : "are");
    return fv__text_done(l->ctx, &l->notes);
}

static fv_status settle(fv_listing *l, const fv_set_options *options) {
    FV_TRY(settle_validation(l));
    FV_TRY(sort_classes(l));
    const size_t train = count_of(l, FV_PART_TRAIN), test = count_of(l, FV_PART_TEST);
    if (!test) return l->count ? split_by_chance(l, options) : FV_OK;
    for (size_t i = 0; i < l->count; i++) /* of a list: lines without a part */
        if (l->pictures[i].part == FV_PART_NONE) l->pictures[i].part = FV_PART_TRAIN;
    return train || count_of(l, FV_PART_TRAIN) ? compare_classes(l) : FV_OK;
}

/* A share of what is learned from takes the test's place. */
static fv_status hold_out(fv_listing *l, const fv_set_options *o) {
    leave_out(l, FV_PART_TEST);
    FV_TRY(divide(l, o, true));
    if (l->notes.length) fv__text_add(&l->notes, ". ");
    fv__held_note(&l->notes, l->origin, (int64_t)count_of(l, FV_PART_TEST), (int64_t)l->count, o);
    return fv__text_done(l->ctx, &l->notes);
}

fv_status fv__listing_settle(fv_listing *l, const fv_set_options *options) {
    FV_TRY(settle(l, options));
    return options->held > 0 && l->count ? hold_out(l, options) : FV_OK;
}
