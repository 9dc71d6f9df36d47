/* SPDX-License-Identifier: MIT */
/*
 * held.c - a part held out of the training samples of a set in memory, on which choices are made
 * so that its test part stays unseen.
 *
 * Each class gives its share, by a permutation of its samples by (seed, class); both parts keep the
 * order that they had. Pictures in files of their own are held out where they are listed
 * (listing_parts.c), by the same numbers.
 */
#include "base/printable.h"
#include "data/sets.h"
#include <math.h>
#include <string.h>

uint32_t fv__set_share(uint32_t n, double share) {
    const double wanted = floor(n * share + 0.5);
    if (n < 2) return 0;
    return wanted < 1 ? 1 : wanted > n - 1 ? n - 1 : (uint32_t)wanted;
}

/* Marks which samples are held out; how many there are. */
static fv_status choose(fv_context *ctx, const fv_dataset *set, const fv_set_options *o,
                        uint8_t *held, int64_t *out) {
    uint32_t *of_class = fv__alloc(ctx, (size_t)set->count * 2 * sizeof *of_class, "a held part");
    if (!of_class) return FV_EXHAUSTED;
    uint32_t *order = of_class + set->count;
    *out = 0;
    for (int64_t c = 0; c < set->classes; c++) {
        uint32_t n = 0;
        for (int64_t i = 0; i < set->count; i++)
            if (set->labels[i] == c) of_class[n++] = (uint32_t)i;
        if (n) fv__random_permutation(fv__held_key(o, c), order, n);
        const uint32_t share = fv__set_share(n, o->held);
        for (uint32_t i = 0; i < share; i++) held[of_class[order[i]]] = 1;
        *out += share;
    }
    fv__free(of_class);
    return FV_OK;
}

/* The samples marked `which`, `count` of them, as a set of their own. */
static fv_status gather(fv_context *ctx, const fv_dataset *from, const uint8_t *held, uint8_t which,
                        int64_t count, fv_dataset *to) {
    const size_t each = (size_t)(from->channels * from->height * from->width);
    void *pixels, *labels;
    FV_TRY(fv__set_alloc(ctx, to, (size_t)count * each, "a held part", &pixels));
    FV_TRY(fv__set_alloc(ctx, to, (size_t)count * sizeof(int32_t), "a held part", &labels));
    if (from->class_names) FV_TRY(fv__set_class_names(ctx, to, from->class_names, from->classes));
    uint8_t *p = pixels;
    int32_t *l = labels;
    for (int64_t i = 0; i < from->count; i++) {
        if (held[i] != which) continue;
        memcpy(p, from->pixels + (size_t)i * each, each);
        p += each;
        *l++ = from->labels[i];
    }
    to->pixels = pixels;
    to->labels = labels;
    to->count = count;
    to->channels = from->channels;
    to->height = from->height;
    to->width = from->width;
    to->classes = from->classes;
    fv__set_in_memory(to);
    return FV_OK;
}

void fv__held_note(fv_text *out, const char *name, int64_t held, int64_t all,
                   const fv_set_options *o) {
    char share[32], number[2][32];
    fv__text_printable(out, name, "");
    fv__text_addf(out,
                  ": %s of its %s training images, a share of each class, are held out by chance "
                  "and tested on (held=%s, seed %llu); its test part is not read",
                  fv__commas(number[0], held), fv__commas(number[1], all),
                  fv__number_text(share, o->held), (unsigned long long)o->split_seed);
}

static fv_status remark(fv_context *ctx, const char *name, int64_t held, int64_t all,
                        const fv_set_options *o, fv_dataset *set) {
    fv_text text = {.ctx = ctx};
    void *copy = NULL;
    fv__held_note(&text, name, held, all, o);
    fv_status status = fv__text_done(ctx, &text);
    if (status == FV_OK) status = fv__set_alloc(ctx, set, text.length + 1, "a remark", &copy);
    if (status == FV_OK)
        set->remark[set->remark_count++] =
            (fv_remark){FV_LOG_NOTE, memcpy(copy, text.data, text.length + 1)};
    fv__text_free(&text);
    return status;
}

fv_status fv__set_hold_out(fv_context *ctx, const char *name, const fv_dataset *from,
                           const fv_set_options *o, fv_dataset *train, fv_dataset *test) {
    int64_t n = 0;
    if (!from->pixels || from->count > UINT32_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "%s: no part of it can be held out", name);
    uint8_t *held = fv__alloc(ctx, (size_t)from->count, "a held part");
    if (!held) return FV_EXHAUSTED;
    fv_status status = choose(ctx, from, o, held, &n);
    if (status == FV_OK && n == 0)
        status = fv__fail(ctx, FV_BAD_INPUT,
                          "%s: held=%g finds no class of two images or more, and one of each must "
                          "stay to be learned from",
                          name, o->held);
    if (status == FV_OK && train) status = gather(ctx, from, held, 0, from->count - n, train);
    if (status == FV_OK && train) status = remark(ctx, name, n, from->count, o, train);
    if (status == FV_OK && test) status = gather(ctx, from, held, 1, n, test);
    fv__free(held);
    return status;
}
