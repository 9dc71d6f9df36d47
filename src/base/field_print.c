/* SPDX-License-Identifier: MIT */
/*
 * field_print.c - one option from its struct into text, and whether it is the default.
 */
#include "base/field.h"

#include <inttypes.h>
#include <string.h>

/* A value of any kind, for comparing with the default. */
typedef union value {
    int64_t whole;
    double real;
    bool yes;
    int choice;
    fv_size size;
    fv_pad pad;
    fv_long_ints ints;
    fv_long_reals reals;
    char word[FV_TEXT_BYTES];
} value;

static void print_pad(fv_text *out, const fv_pad *p) {
    if (p->mode == FV_PAD_SAME) {
        fv__text_add(out, "same");
    } else if (p->mode == FV_PAD_VALID) {
        fv__text_add(out, "valid");
    } else if (p->top != p->bottom || p->left != p->right) {
        fv__text_addf(out, "%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64, p->top, p->left,
                      p->bottom, p->right);
    } else if (p->top != p->left) {
        fv__text_addf(out, "%" PRId64 "x%" PRId64, p->top, p->left);
    } else {
        fv__text_addf(out, "%" PRId64, p->top);
    }
}

/* The numbers of a list, which lie alike in long and short ones. */
static const int64_t *ints_of(const void *list) {
    return (const void *)((const char *)list + offsetof(fv_ints, v));
}
static const double *reals_of(const void *list) {
    return (const void *)((const char *)list + offsetof(fv_reals, v));
}

void fv__field_print(fv_text *out, const fv_field *f, const void *options) {
    const void *from = (const char *)options + f->offset;
    switch (f->kind) {
    case FV_INT:
        fv__text_addf(out, "%" PRId64, *(const int64_t *)from);
        break;
    case FV_REAL:
        fv__text_number(out, *(const double *)from);
        break;
    case FV_BOOL:
        fv__text_add(out, *(const bool *)from ? "yes" : "no");
        break;
    case FV_CHOICE:
        fv__text_add(out, f->choices[*(const int *)from]);
        break;
    case FV_SIZE: {
        const fv_size *s = from;
        fv__text_addf(out, "%" PRId64 "x%" PRId64, s->h, s->w);
        break;
    }
    case FV_PAD:
        print_pad(out, from);
        break;
    case FV_INTS: {
        const int64_t *v = ints_of(from);
        for (int i = 0; i < *(const int *)from; i++)
            fv__text_addf(out, "%s%" PRId64, i > 0 ? "," : "", v[i]);
        break;
    }
    case FV_REALS: {
        const double *v = reals_of(from);
        for (int i = 0; i < *(const int *)from; i++) {
            if (i > 0) fv__text_add(out, ",");
            fv__text_number(out, v[i]);
        }
        break;
    }
    case FV_WORD:
    case FV_TEXT:
        fv__text_add(out, from);
        break;
    }
}

bool fv__field_is_default(const fv_field *f, const void *options) {
    if (f->flags & FV_REQUIRED) return false;
    value initial;
    memset(&initial, 0, sizeof initial);
    fv_field alone = *f;
    alone.offset = 0;
    const void *b = (const char *)options + f->offset;
    if (f->initial != NULL && fv__field_set_text(NULL, &alone, &initial, f->initial) != FV_OK) {
        memset(&initial, 0, sizeof initial);
    }
    switch (f->kind) {
    case FV_INT:
        return initial.whole == *(const int64_t *)b;
    case FV_REAL:
        return initial.real == *(const double *)b;
    case FV_BOOL:
        return initial.yes == *(const bool *)b;
    case FV_CHOICE:
        return initial.choice == *(const int *)b;
    case FV_SIZE: {
        const fv_size *s = b;
        return initial.size.h == s->h && initial.size.w == s->w;
    }
    case FV_PAD: {
        const fv_pad *p = b, *q = &initial.pad;
        if (p->mode != q->mode || p->mode != FV_PAD_SIDES) return p->mode == q->mode;
        return p->top == q->top && p->left == q->left && p->bottom == q->bottom &&
               p->right == q->right;
    }
    case FV_INTS: {
        const int count = *(const int *)b;
        return count == initial.ints.count &&
               memcmp(ints_of(b), initial.ints.v, (size_t)count * sizeof(int64_t)) == 0;
    }
    case FV_REALS: {
        bool same = *(const int *)b == initial.reals.count;
        for (int i = 0; same && i < initial.reals.count; i++)
            same = reals_of(b)[i] == initial.reals.v[i];
        return same;
    }
    case FV_WORD:
    case FV_TEXT:
        break;
    }
    return strncmp(initial.word, b, fv__field_bytes(f)) == 0;
}

void fv__field_kind_words(fv_text *out, const fv_field *f) {
    switch (f->kind) {
    case FV_INT:
        fv__text_add(out, "a whole number");
        break;
    case FV_REAL:
        fv__text_add(out, "a number");
        break;
    case FV_BOOL:
        fv__text_add(out, "yes or no");
        break;
    case FV_CHOICE:
        fv__text_add(out, "one of ");
        for (int i = 0; f->choices[i] != NULL; i++) {
            fv__text_addf(out, "%s%s", i > 0 ? ", " : "", f->choices[i]);
        }
        break;
    case FV_SIZE:
        fv__text_add(out, "a size, height x width (3 or 3x5)");
        break;
    case FV_PAD:
        fv__text_add(out, "a padding: 1, 1x2 (height x width), 1,2,1,2 (top, left, bottom, right), "
                          "same or valid");
        break;
    case FV_INTS:
        fv__text_add(out, "whole numbers with commas between (82,123)");
        break;
    case FV_REALS:
        fv__text_add(out, "numbers with commas between (0.5,0.25)");
        break;
    case FV_WORD:
        fv__text_add(out, "a name");
        break;
    case FV_TEXT:
        fv__text_add(out, "a text without blanks (in a network's text between quotes)");
        break;
    }
}
