/* SPDX-License-Identifier: MIT */
/*
 * mutate_bytes.c - bytes and words spoilt. See mutate.h.
 */
#include "mutate.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

uint64_t roll(dice *d, uint64_t n) {
    return n ? fv__random_below(d->key, d->at++, n) : 0;
}

uint64_t roll_nasty(dice *d) {
    static const uint64_t some[] = {0, 1, 2, 3, 7, 8, 16, 63, 64, 65, 100, 127, 128, 255};
    const uint64_t power = (uint64_t)1 << roll(d, 64);
    switch (roll(d, 5)) {
    case 0:
        return some[roll(d, sizeof some / sizeof *some)];
    case 1:
        return power;
    case 2:
        return power - 1;
    case 3:
        return 0 - power;
    default:
        return 0 - roll(d, 10);
    }
}

/* --------------------------------------------------------------------------------- bytes --- */

/* Room for `more` bytes at `at`, as far as there is any; how many. */
static size_t open_gap(mutant *m, size_t at, size_t more) {
    if (more > MUTANT_MOST - m->size) more = MUTANT_MOST - m->size;
    memmove(m->data + at + more, m->data + at, m->size - at);
    m->size += more;
    return more;
}

static void close_gap(mutant *m, size_t at, size_t less) {
    memmove(m->data + at, m->data + at + less, m->size - at - less);
    m->size -= less;
}

/* A nasty number over what is there, as a varint or in eight, four or two bytes. */
static void put_number(dice *d, mutant *m, size_t at) {
    uint64_t v = roll_nasty(d);
    const uint64_t form = roll(d, 4);
    for (size_t i = 0; at < m->size && i < (form ? (size_t)16 >> form : 10); i++, at++) {
        const bool more = !form && v > 0x7f;
        m->data[at] = (uint8_t)(form ? v : (v & 0x7f) | (more ? 0x80 : 0));
        v >>= form ? 8 : 7;
        if (!form && !more) break;
    }
}

/* A piece of `other` over, or between, what is there. */
static void splice(dice *d, mutant *m, const mutant *other, size_t at) {
    const size_t from = (size_t)roll(d, other->size);
    size_t n = (size_t)roll(d, other->size - from + 1);
    if (roll(d, 2)) {
        n = open_gap(m, at, n);
    } else if (n > m->size - at) {
        n = m->size - at;
    }
    memcpy(m->data + at, other->data + from, n);
}

static void repeat(dice *d, mutant *m, size_t at) {
    size_t n = 1 + (size_t)roll(d, m->size - at < 64 ? m->size - at : 64);
    if (n > m->size - at) n = m->size - at;
    for (uint64_t times = 1 + roll(d, roll(d, 8) ? 4 : 400); n && times-- > 0;)
        if (open_gap(m, at, n) == n) memmove(m->data + at, m->data + at + n, n);
}

void spoil_bytes(dice *d, mutant *m, const mutant *other) {
    for (uint64_t times = 1 + roll(d, 4); times-- > 0 && m->size > 0;) {
        const size_t at = (size_t)roll(d, roll(d, 3) ? m->size : m->size < 128 ? m->size : 128);
        switch (roll(d, 8)) {
        case 0:
            m->data[at] ^= (uint8_t)(1 << roll(d, 8));
            break;
        case 1:
            m->data[at] = (uint8_t)roll(d, 256);
            break;
        case 2:
            m->data[at] = (uint8_t)(m->data[at] + (roll(d, 2) ? 1 : 255));
            break;
        case 3:
            put_number(d, m, at);
            break;
        case 4:
            splice(d, m, other, at);
            break;
        case 5:
            repeat(d, m, at);
            break;
        case 6:
            close_gap(m, at, (size_t)roll(d, m->size - at + 1) / (1 + (size_t)roll(d, 16)));
            break;
        default:
            if (!roll(d, 4)) m->size = at;
        }
    }
}

/* --------------------------------------------------------------------------------- words --- */

typedef struct token {
    size_t at, size;
} token;

static bool same_kind(char a, char b) {
    return isalnum((unsigned char)a) && isalnum((unsigned char)b);
}

/* Token number `which` of a text, a word or number or a single character; of all of them when
   there are no more; the result is how many there are up to it. */
static size_t find_token(const char *text, size_t size, size_t which, token *out) {
    size_t n = 0, at = 0;
    *out = (token){0, 0};
    while (at < size && n <= which) {
        size_t end = at + 1;
        while (end < size && same_kind(text[at], text[end])) end++;
        *out = (token){at, end - at};
        at = end;
        n++;
    }
    return n;
}

static token roll_token(dice *d, const char *text, size_t size) {
    token t;
    const size_t count = find_token(text, size, SIZE_MAX - 1, &t);
    (void)find_token(text, size, (size_t)roll(d, count), &t);
    return t;
}

/* Puts n bytes in the place of a token. */
static size_t replace(char *text, size_t size, size_t most, token t, const char *with, size_t n) {
    if (size - t.size + n > most) return size;
    memmove(text + t.at + n, text + t.at + t.size, size - t.at - t.size);
    memcpy(text + t.at, with, n);
    return size - t.size + n;
}

/* What may stand for a token: a number, another one of the text, or many of a kind. */
static size_t roll_word(dice *d, const char *text, size_t size, char out[1024]) {
    static const char *const odd[] = {"1e999",       "-1",     "0",
                                      "1.5",         "null",   "nan",
                                      "-0",          "1e-320", "9007199254740993",
                                      "\"\"",        "\"a\"",  "[]",
                                      "{}",          "[1,",    "\\",
                                      "\n",          "\xff",   "conv 3 3x3 - relu",
                                      "(",           ")*9",    "|",
                                      " as a ",      "from a", "*1000000",
                                      "\"\\u0000\"", "F16",    "I64"};
    const token t = roll_token(d, text, size);
    size_t n = 0;
    switch (roll(d, 5)) {
    case 0:
        return (size_t)snprintf(out, 1024, "%lld", (long long)roll_nasty(d));
    case 1:
        return (size_t)snprintf(out, 1024, "%s", odd[roll(d, sizeof odd / sizeof *odd)]);
    case 2:
        return (size_t)snprintf(out, 1024, "%d", (int)roll(d, 10));
    case 3:
        for (uint64_t times = 1 + roll(d, 300); times-- > 0 && n + t.size < 1024; n += t.size)
            memcpy(out + n, text + t.at, t.size);
        return n;
    default:
        n = t.size < 1024 ? t.size : 1024;
        memcpy(out, text + t.at, n);
        return n;
    }
}

size_t spoil_text(dice *d, char *text, size_t size, size_t most) {
    for (uint64_t times = roll(d, 2) ? 1 : 1 + roll(d, 3); times-- > 0 && size > 0;) {
        char word[1024];
        token t = roll_token(d, text, size);
        for (int tries = 0; tries < 4 && !isdigit((unsigned char)text[t.at]); tries++)
            t = roll_token(d, text, size); /* numbers are worth more than blanks */
        const size_t n = roll(d, 8) ? roll_word(d, text, size, word) : 0;
        size = replace(text, size, most, t, word, n);
    }
    return size;
}
