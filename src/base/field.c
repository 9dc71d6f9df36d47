/* SPDX-License-Identifier: MIT */
/*
 * field.c - one option from its text into its struct. Back: field_print.c.
 */
#include "base/field.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define WHOLE_MOST 0x1p53 /* whole numbers up to here are exact in a double */

int fv__field_count(const fv_field *fields) {
    int n = 0;
    if (fields == NULL) return 0;
    while (fields[n].name != NULL) n++;
    return n;
}

const fv_field *fv__field_find(const fv_field *fields, const char *name) {
    for (int i = 0; i < fv__field_count(fields); i++) {
        if (strcmp(fields[i].name, name) == 0) return &fields[i];
    }
    return NULL;
}

const char *fv__field_nearest(const fv_field *fields, const char *name) {
    const char *words[64];
    size_t n = 0;
    for (int i = 0; i < fv__field_count(fields) && n < 64; i++) words[n++] = fields[i].name;
    return fv__nearest(name, words, n);
}

int fv__field_most(const fv_field *f) {
    if (f->kind != FV_INTS && f->kind != FV_REALS) return f->kind == FV_PAD ? 4 : 1;
    return f->flags & FV_LONG ? FV_LONG_MAX : FV_LIST_MAX;
}

size_t fv__field_used(const fv_field *fields, size_t size, const void *options) {
    for (const fv_field *f = fields; f != NULL && f->name != NULL; f++) {
        if (!(f->flags & FV_LONG)) continue;
        const int count = *(const int *)(const void *)((const char *)options + f->offset);
        if (count < 0 || count > FV_LONG_MAX) return size;
        return f->offset + offsetof(fv_long_ints, v) + sizeof(int64_t) * (size_t)count;
    }
    return size;
}

size_t fv__field_bytes(const fv_field *f) {
    switch (f->kind) {
    case FV_INT:
        return sizeof(int64_t);
    case FV_REAL:
        return sizeof(double);
    case FV_BOOL:
        return sizeof(bool);
    case FV_CHOICE:
        return sizeof(int);
    case FV_SIZE:
        return sizeof(fv_size);
    case FV_PAD:
        return sizeof(fv_pad);
    case FV_INTS:
        return f->flags & FV_LONG ? sizeof(fv_long_ints) : sizeof(fv_ints);
    case FV_REALS:
        return f->flags & FV_LONG ? sizeof(fv_long_reals) : sizeof(fv_reals);
    case FV_TEXT:
        return FV_TEXT_BYTES;
    case FV_WORD:
        break;
    }
    return FV_WORD_MAX;
}

void fv__field_defaults(const fv_field *fields, void *options) {
    for (int i = 0; i < fv__field_count(fields); i++) {
        const fv_field *f = &fields[i];
        memset((char *)options + f->offset, 0, fv__field_bytes(f));
        /* A default that its own field refuses is a mistake in the table, which the tests look
           for; the zero bytes stay then. */
        if (f->initial != NULL && fv__field_set_text(NULL, f, options, f->initial) != FV_OK) {
            memset((char *)options + f->offset, 0, fv__field_bytes(f));
        }
    }
}

/* -------------------------------------------------------------------------------- messages --- */

/* The value as it was given, for messages. */
static void describe_arg(char out[128], const fv_arg *arg) {
    if (arg->is == FV_ARG_WORD) {
        snprintf(out, 128, "'%.100s'", arg->word);
        return;
    }
    size_t at = 0;
    for (int i = 0; i < arg->count && at < 90; i++) {
        char number[32];
        int n = snprintf(out + at, 128 - at, "%s%s",
                         i == 0       ? ""
                         : arg->cross ? "x"
                                      : ",",
                         fv__number_text(number, arg->v[i]));
        at += n > 0 ? (size_t)n : 0;
    }
    if (arg->count == 0) strcpy(out, "nothing");
}

static fv_status fail_kind(fv_context *ctx, const fv_field *f, const fv_arg *arg) {
    char given[128];
    describe_arg(given, arg);
    fv_text words = {.ctx = ctx};
    fv__field_kind_words(&words, f);
    fv_status status =
        fv__fail(ctx, FV_BAD_INPUT, "%s must be %s, not %s", f->name,
                 words.failed || words.data == NULL ? "something else" : words.data, given);
    fv__text_free(&words);
    return status;
}

/* Within the limits of the field, and whole if it must be. */
static fv_status check_number(fv_context *ctx, const fv_field *f, double v, bool whole) {
    char number[32], low[32], high[32];
    fv__number_text(number, v);
    if (whole && (v != floor(v) || fabs(v) > WHOLE_MOST)) {
        return fv__fail(ctx, FV_BAD_INPUT, "%s must be a whole number, not %s", f->name, number);
    }
    if (!isfinite(v)) return fv__fail(ctx, FV_BAD_INPUT, "%s must be a finite number", f->name);
    if (f->min == f->max || (v >= f->min && v <= f->max)) return FV_OK;
    fv__number_text(low, f->min);
    fv__number_text(high, f->max);
    if (!(f->max < 1e15)) {
        return fv__fail(ctx, FV_BAD_INPUT, "%s must be at least %s, not %s", f->name, low, number);
    }
    if (!(f->min > -1e15)) {
        return fv__fail(ctx, FV_BAD_INPUT, "%s must be at most %s, not %s", f->name, high, number);
    }
    if (whole) {
        snprintf(low, sizeof low, "%" PRId64, (int64_t)f->min);
        snprintf(high, sizeof high, "%" PRId64, (int64_t)f->max);
        snprintf(number, sizeof number, "%" PRId64, (int64_t)v);
    }
    return fv__fail(ctx, FV_BAD_INPUT, "%s must be between %s and %s, not %s", f->name, low, high,
                    number);
}

/* ------------------------------------------------------------------------------- ------ set --- */

static fv_status set_choice(fv_context *ctx, const fv_field *f, int *to, const fv_arg *arg) {
    if (arg->is != FV_ARG_WORD) return fail_kind(ctx, f, arg);
    size_t n = 0;
    for (; f->choices[n] != NULL; n++) {
        if (strcmp(f->choices[n], arg->word) == 0) {
            *to = (int)n;
            return FV_OK;
        }
    }
    const char *near = fv__nearest(arg->word, f->choices, n);
    fv_status status = fail_kind(ctx, f, arg);
    if (near != NULL && ctx != NULL) {
        char old[FV_MESSAGE_MAX];
        memcpy(old, ctx->message, sizeof old);
        fv__fail(ctx, status, "%s; did you mean '%s'?", old, near);
    }
    return status;
}

static fv_status set_bool(fv_context *ctx, const fv_field *f, bool *to, const fv_arg *arg) {
    static const char *const yes[] = {"yes", "true", "on"}, *const no[] = {"no", "false", "off"};
    for (int i = 0; arg->is == FV_ARG_WORD && i < 3; i++) {
        if (strcmp(arg->word, yes[i]) == 0 || strcmp(arg->word, no[i]) == 0) {
            *to = strcmp(arg->word, yes[i]) == 0;
            return FV_OK;
        }
    }
    return fail_kind(ctx, f, arg);
}

static fv_status set_pad(fv_context *ctx, const fv_field *f, fv_pad *to, const fv_arg *arg) {
    fv_pad pad = {FV_PAD_SIDES, 0, 0, 0, 0};
    if (arg->is == FV_ARG_WORD) {
        if (strcmp(arg->word, "same") == 0)
            pad.mode = FV_PAD_SAME;
        else if (strcmp(arg->word, "valid") == 0)
            pad.mode = FV_PAD_VALID;
        else
            return fail_kind(ctx, f, arg);
        *to = pad;
        return FV_OK;
    }
    bool right =
        arg->count == 1 || (arg->count == 2 && arg->cross) || (arg->count == 4 && !arg->cross);
    if (!right) return fail_kind(ctx, f, arg);
    for (int i = 0; i < arg->count; i++) FV_TRY(check_number(ctx, f, arg->v[i], true));
    /* Place i of top, left, bottom, right among 1, 2 or 4 numbers. */
    pad.top = (int64_t)arg->v[0];
    pad.left = (int64_t)arg->v[1 % arg->count];
    pad.bottom = (int64_t)arg->v[2 % arg->count];
    pad.right = (int64_t)arg->v[3 % arg->count];
    *to = pad;
    return FV_OK;
}

static fv_status set_size(fv_context *ctx, const fv_field *f, fv_size *to, const fv_arg *arg) {
    if (arg->is != FV_ARG_NUMBERS || !(arg->count == 1 || (arg->count == 2 && arg->cross))) {
        return fail_kind(ctx, f, arg);
    }
    for (int i = 0; i < arg->count; i++) FV_TRY(check_number(ctx, f, arg->v[i], true));
    to->h = (int64_t)arg->v[0];
    to->w = (int64_t)arg->v[arg->count - 1];
    return FV_OK;
}

static fv_status set_list(fv_context *ctx, const fv_field *f, void *to, const fv_arg *arg) {
    const bool whole = f->kind == FV_INTS;
    if (arg->is != FV_ARG_NUMBERS || arg->count < 1 || arg->cross) return fail_kind(ctx, f, arg);
    if (arg->count > fv__field_most(f))
        return fv__fail(ctx, FV_BAD_INPUT, "%s takes at most %d numbers, not %d", f->name,
                        fv__field_most(f), arg->count);
    for (int i = 0; i < arg->count; i++) FV_TRY(check_number(ctx, f, arg->v[i], whole));
    memset(to, 0, fv__field_bytes(f));
    *(int *)to = arg->count;
    int64_t *ints = (void *)((char *)to + offsetof(fv_long_ints, v));
    double *reals = (void *)((char *)to + offsetof(fv_long_reals, v));
    for (int i = 0; i < arg->count; i++) {
        if (whole)
            ints[i] = (int64_t)arg->v[i];
        else
            reals[i] = arg->v[i];
    }
    return FV_OK;
}

static fv_status set_number(fv_context *ctx, const fv_field *f, void *to, const fv_arg *arg) {
    if (arg->is != FV_ARG_NUMBERS || arg->count != 1) return fail_kind(ctx, f, arg);
    FV_TRY(check_number(ctx, f, arg->v[0], f->kind == FV_INT));
    if (f->kind == FV_INT)
        *(int64_t *)to = (int64_t)arg->v[0];
    else
        *(double *)to = arg->v[0];
    return FV_OK;
}

/* Settings are written with blanks between, and in a network's text with quotes around. */
static fv_status set_text(fv_context *ctx, const fv_field *f, char *to, const fv_arg *arg) {
    if (arg->is != FV_ARG_WORD) return fail_kind(ctx, f, arg);
    if (strpbrk(arg->word, " \t\r\n\""))
        return fv__fail(ctx, FV_BAD_INPUT, "%s takes no blanks and no quotes, as in '%.64s'",
                        f->name, arg->word);
    memset(to, 0, FV_TEXT_BYTES);
    memcpy(to, arg->word, strnlen(arg->word, FV_TEXT_BYTES - 1));
    return FV_OK;
}

fv_status fv__field_set(fv_context *ctx, const fv_field *f, void *options, const fv_arg *arg) {
    void *to = (char *)options + f->offset;
    switch (f->kind) {
    case FV_INT:
    case FV_REAL:
        return set_number(ctx, f, to, arg);
    case FV_BOOL:
        return set_bool(ctx, f, to, arg);
    case FV_CHOICE:
        return set_choice(ctx, f, to, arg);
    case FV_SIZE:
        return set_size(ctx, f, to, arg);
    case FV_PAD:
        return set_pad(ctx, f, to, arg);
    case FV_INTS:
    case FV_REALS:
        return set_list(ctx, f, to, arg);
    case FV_TEXT:
        return set_text(ctx, f, to, arg);
    case FV_WORD:
        break;
    }
    if (arg->is != FV_ARG_WORD) return fail_kind(ctx, f, arg);
    memset(to, 0, FV_WORD_MAX);
    memcpy(to, arg->word, strnlen(arg->word, FV_WORD_MAX - 1));
    return FV_OK;
}

/* Numbers joined by x or by commas; false when the text is not that. */
static bool read_numbers(const char *text, fv_arg *arg) {
    char part[64];
    char joint = '\0';
    arg->is = FV_ARG_NUMBERS;
    arg->count = 0;
    for (const char *p = text;; p++) {
        size_t n = strcspn(p, "x,");
        if (n == 0 || n >= sizeof part || arg->count == FV_LONG_MAX) return false;
        memcpy(part, p, n);
        part[n] = '\0';
        if (!fv__parse_real(part, &arg->v[arg->count++])) return false;
        p += n;
        if (*p == '\0') break;
        if (joint != '\0' && *p != joint) return false;
        joint = *p;
    }
    arg->cross = joint == 'x';
    return true;
}

fv_status fv__field_set_text(fv_context *ctx, const fv_field *f, void *options, const char *text) {
    fv_arg arg;
    memset(&arg, 0, sizeof arg);
    if (f->kind == FV_WORD || f->kind == FV_TEXT || !read_numbers(text, &arg)) {
        const size_t n = strlen(text), most = f->kind == FV_TEXT ? FV_TEXT_BYTES : FV_WORD_MAX;
        if (n == 0) {
            return fv__fail(ctx, FV_BAD_INPUT, "%s has no value; write %s=…", f->name, f->name);
        }
        if (n >= most && fv__field_most(f) > 4) {
            return fv__fail(
                ctx, FV_BAD_INPUT,
                "%s is a list of at most %d numbers with commas between, not '%.40s...'", f->name,
                fv__field_most(f), text);
        }
        if (n >= most) {
            return fv__fail(ctx, FV_BAD_INPUT, "the value of %s is longer than %zu characters",
                            f->name, most - 1);
        }
        memset(&arg, 0, sizeof arg);
        arg.is = FV_ARG_WORD;
        memcpy(arg.word, text, n);
    }
    return fv__field_set(ctx, f, options, &arg);
}
