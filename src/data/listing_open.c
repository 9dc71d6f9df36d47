/* SPDX-License-Identifier: MIT */
/*
 * listing_open.c - data sets of listed pictures: one part each, decoded picture by picture.
 *
 * Only names, sizes and classes are in memory. The checksum is over those, not over contents: a
 * folder may hold more than one wants to read before it is needed.
 */
#include "base/printable.h"
#include "data/listing.h"
#include "data/picture_cache.h"
#include <string.h>

/* One part: what its set needs of the listing, in memory of its own. */
typedef struct shelf {
    fv_arena arena;
    const char *base, *origin;
    const char **names;      /* [count] */
    fv_picture_cache *cache; /* or NULL */
} shelf;

static void close_shelf(fv_dataset *set) {
    shelf *s = set->state;
    if (!s) return;
    fv__arena_free(&s->arena);
    fv__free(s);
}

static const char *file_of(const fv_dataset *set, int64_t i) {
    return ((const shelf *)set->state)->names[i];
}

/* What is wrong with a picture is said with what finds all such. */
static fv_status advise(fv_context *ctx, const shelf *s) {
    char why[FV_MESSAGE_MAX];
    fv_text command = {.ctx = ctx};
    memcpy(why, ctx->message, sizeof why);
    fv__text_shell(&command, s->origin);
    const fv_status status = fv__text_done(ctx, &command);
    if (status == FV_OK)
        (void)!fv__fail(ctx, FV_BAD_INPUT, "%s. `fovea data check %s` finds all that is wrong", why,
                        command.data);
    fv__text_free(&command);
    return status == FV_OK ? FV_BAD_INPUT : status;
}

static fv_status sample(fv_context *ctx, const fv_dataset *set, int64_t i, fv_arena *scratch,
                        fv_sample *out) {
    const shelf *s = set->state;
    fv_image image;
    const char *path = fv__listing_path(scratch, s->base, s->names[i]);
    if (!path) return FV_EXHAUSTED;
    fv_status status = s->cache ? fv__picture_cache_read(ctx, s->cache, path, &image)
                                : fv__image_read(ctx, path, &image);
    if (status == FV_BAD_INPUT) return advise(ctx, s);
    FV_TRY(status);
    FV_TRY(fv__arena_adopt(scratch, image.pixels));
    out->image = fv__image_view(&image);
    out->file = s->names[i];
    out->targets = 1;
    out->target[0] = (fv_target){FV_TARGET_CLASS, FV_I32, {0}, set->labels + i};
    return FV_OK;
}

/* Name, size and class of each: the name with its end, numbers of eight and four bytes, the low one
   first; and what the classes are called. */
static uint64_t checksum_of(const fv_listing *l, fv_set_part part) {
    uint64_t sum = FV_FNV_START;
    for (size_t i = 0; i < l->class_count; i++)
        sum = fv__fnv64(sum, l->classes[i], strlen(l->classes[i]) + 1);
    for (size_t i = 0; i < l->count; i++) {
        const fv_picture *p = &l->pictures[i];
        uint8_t numbers[12];
        if (p->part != part) continue;
        for (int b = 0; b < 8; b++) numbers[b] = (uint8_t)(p->size >> (8 * b));
        for (int b = 0; b < 4; b++) numbers[8 + b] = (uint8_t)((uint32_t)p->label >> (8 * b));
        sum = fv__fnv64(sum, p->name, strlen(p->name) + 1);
        sum = fv__fnv64(sum, numbers, sizeof numbers);
    }
    return sum;
}

static fv_status fill_shelf(fv_listing *l, fv_set_part part, shelf *s, int32_t *labels) {
    size_t n = 0;
    s->base = fv__arena_text(&s->arena, l->base);
    s->origin = fv__arena_text(&s->arena, l->origin);
    if (!s->base || !s->origin) return FV_EXHAUSTED;
    for (size_t i = 0; i < l->count; i++) {
        if (l->pictures[i].part != part) continue;
        labels[n] = l->pictures[i].label;
        s->names[n] = fv__arena_text(&s->arena, l->pictures[i].name);
        if (!s->names[n++]) return FV_EXHAUSTED;
    }
    return FV_OK;
}

/* Sets without pictures are not made. */
static fv_status check_count(const fv_listing *l, fv_set_part part, size_t count) {
    if (count) return FV_OK;
    if (part == FV_PART_TRAIN)
        return fv__fail(l->ctx, FV_BAD_INPUT,
                        "%s: there are no pictures to learn from; put them into a folder for each "
                        "class, and those into a folder train if there is one for tests",
                        l->origin);
    return fv__fail(l->ctx, FV_BAD_INPUT,
                    "%s: there are no pictures to test on; every class needs two at least",
                    l->origin);
}

static fv_status make_part(fv_listing *l, fv_set_part part, fv_picture_cache *cache,
                           fv_dataset *set) {
    void *labels;
    size_t count = 0;
    for (size_t i = 0; i < l->count; i++) count += l->pictures[i].part == part;
    FV_TRY(check_count(l, part, count));
    shelf *s = fv__alloc(l->ctx, sizeof *s, "a data set");
    if (!s) return FV_EXHAUSTED;
    fv__arena_init(&s->arena, l->ctx);
    s->cache = cache;
    set->state = s;
    set->close = close_shelf;
    s->names = fv__arena_alloc(&s->arena, count * sizeof *s->names);
    if (!s->names) return FV_EXHAUSTED;
    FV_TRY(fv__set_alloc(l->ctx, set, count * sizeof(int32_t), "labels", &labels));
    FV_TRY(fill_shelf(l, part, s, labels));
    FV_TRY(fv__set_class_names(l->ctx, set, l->classes, (int64_t)l->class_count));
    FV_TRY(fv__listing_remarks(l, set, &s->arena));
    set->labels = labels;
    set->count = (int64_t)count;
    set->classes = (int64_t)l->class_count;
    set->target[0] = (fv_target_offer){FV_TARGET_CLASS, 0};
    set->targets = 1;
    set->dtype = FV_U8;
    set->checksum = checksum_of(l, part);
    set->sample = sample;
    set->file = file_of;
    return FV_OK;
}

/* One class alone cannot be told from anything. */
static fv_status check_classes(const fv_listing *l) {
    if (l->class_count > 1 || !l->count) return FV_OK;
    return fv__fail(l->ctx, FV_BAD_INPUT,
                    "%s: all pictures are of one class, '%s'; there must be two at least, each a "
                    "folder of its own",
                    l->origin, l->classes[0]);
}

static fv_status open(fv_listing *l, const fv_set_options *options, fv_dataset *train,
                      fv_dataset *test) {
    FV_TRY(fv__listing_settle(l, options));
    FV_TRY(fv__listing_refuse(l));
    FV_TRY(check_classes(l));
    FV_TRY(fv__listing_compare_parts(l));
    if (train) FV_TRY(make_part(l, FV_PART_TRAIN, options->cache, train));
    if (test) FV_TRY(make_part(l, FV_PART_TEST, options->cache, test));
    return FV_OK;
}

fv_status fv__listing_open(fv_listing *l, const fv_set_options *options, fv_dataset *train,
                           fv_dataset *test) {
    const fv_status status = open(l, options, train, test);
    fv__listing_free(l);
    return status;
}
