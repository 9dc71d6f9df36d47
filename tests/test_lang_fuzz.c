/* SPDX-License-Identifier: MIT */
/*
 * test_lang_fuzz.c - 20,000 damaged texts, always the same ones: bytes flipped, words lost,
 * doubled, exchanged. Each must parse or be refused with a sentence and a place; what parses must
 * survive printing. Crashes, leaks and undefined behaviour are for the sanitizers to see.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "lang/lang.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS 20000

static fv_context context;
static uint64_t number;

static uint32_t below(size_t n) {
    return (uint32_t)fv__random_below(fv__key(3, FV_STREAM_CHECK, 1, 0), number++, n);
}

static bool wordy(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/* Start and end of the word or sign at or behind a random place. */
static void pick(const char *text, size_t size, size_t *start, size_t *end) {
    size_t i = below(size);
    while (i < size && (text[i] == ' ' || text[i] == '\n')) i++;
    if (i == size) i = 0;
    *start = i;
    while (*start > 0 && wordy(text[i]) && wordy(text[*start - 1])) (*start)--;
    *end = i + 1;
    while (*end < size && wordy(text[i]) && wordy(text[*end])) (*end)++;
}

/* Replaces the bytes from `start` to `end` by others. */
static void replace(fv_text *text, size_t start, size_t end, const char *with, size_t n) {
    fv_text out = {0};
    fv__text_addn(&out, text->data, start);
    fv__text_addn(&out, with, n);
    fv__text_addn(&out, text->data + end, text->length - end);
    assert_int_equal(fv__text_done(&context, &out), FV_OK);
    fv__text_free(text);
    *text = out;
}

static void damage(fv_text *text) {
    static const char *const bits[] = {"(",
                                       ")",
                                       "{",
                                       "}",
                                       "[",
                                       "]",
                                       "|",
                                       "-",
                                       " - ",
                                       "*",
                                       "x",
                                       ",",
                                       "=",
                                       "/",
                                       "//",
                                       "0",
                                       "-1",
                                       "1e99",
                                       "3x3",
                                       "1e9",
                                       "as a",
                                       "from a",
                                       "add {",
                                       "if ",
                                       "then ",
                                       "else ",
                                       "\n",
                                       "block ",
                                       "head ",
                                       "\"",
                                       "channels",
                                       "identity",
                                       "*100000",
                                       "#",
                                       "share a ",
                                       "\nloss ",
                                       "99999999999",
                                       "0.5",
                                       "same",
                                       "?",
                                       " pad ?",
                                       " stride ?",
                                       "constant 1 values 1 - ",
                                       "constant 99999999 - ",
                                       "values 1,2",
                                       "inf",
                                       "-nan",
                                       "uint8 "};
    size_t a, b, c, d;
    pick(text->data, text->length, &a, &b);
    pick(text->data, text->length, &c, &d);
    char word[128];
    const size_t n = d - c < sizeof word ? d - c : sizeof word;
    memcpy(word, text->data + c, n);
    switch (below(6)) {
    case 0: /* a byte */
        word[0] = below(4) == 0 ? (char)below(256) : (char)(' ' + below(95));
        replace(text, a, a + 1, word, 1);
        break;
    case 1:
        replace(text, a, b, "", 0);
        break; /* a word lost */
    case 2:
        replace(text, a, b, word, n);
        break; /* exchanged */
    case 3:
        replace(text, a, a, word, n);
        break; /* doubled somewhere */
    case 4:
        replace(text, a, below(text->length - a < 40 ? text->length - a : 40) + a, "", 0);
        break;
    default: {
        const char *bit = bits[below(sizeof bits / sizeof *bits)];
        replace(text, a, below(2) ? a : b, bit, strlen(bit));
    }
    }
}

/* A refusal says where: "my.net:LINE:COLUMN: error: ". */
static void check_message(const char *text) {
    int line = 0, column = 0;
    if (sscanf(context.message, "my.net:%d:%d: error: ", &line, &column) == 2 && line > 0) return;
    if (strstr(context.message, "this is not text") != NULL) return;
    if (strncmp(context.message, "the network ", 12) == 0) return; /* a parameter not given */
    fail_msg("no place in the message: %s\nof the text:\n%s", context.message, text);
}

static int try_text(const fv_text *text) {
    fv_graph *net = NULL, *again = NULL;
    context.message[0] = 0;
    const fv_status status =
        fv__net_parse(&context, "my.net", text->data, text->length, NULL, 0, &net, NULL);
    if (status != FV_OK) {
        assert_true(status == FV_BAD_INPUT || status == FV_USAGE);
        check_message(text->data);
        return 0;
    }
    if (net->node_count < 2000) {
        fv_text first = {0}, second = {0};
        if (fv__net_print(&context, net, NULL, &first) != FV_OK ||
            fv__net_parse(&context, "my.net", first.data, first.length, NULL, 0, &again, NULL) !=
                FV_OK ||
            fv__net_print(&context, again, NULL, &second) != FV_OK)
            fail_msg("%s\nof the text:\n%s\nprinted as:\n%s", context.message, text->data,
                     first.data);
        assert_string_equal(first.data, second.data);
        assert_int_equal(net->node_count, again->node_count);
        assert_int_equal(net->param_elements, again->param_elements);
        fv__text_free(&first);
        fv__text_free(&second);
    }
    fv__net_free(net);
    fv__net_free(again);
    return 1;
}

static void test_damaged(void **state) {
    (void)state;
    size_t zoo = 0;
    while (fv__zoo[zoo].name != NULL) zoo++;
    static const char small[] =
        "net s(n = 2, k = 4)\ninput 2x9x9 scale 1/255 mean 0.1,0.2 std 1 crop 9x9\n"
        "  (conv k 3x3 pad 1 as c - relu) as first - [unit(k, s = 1)]*n - maxpool 3x3 stride 2 "
        "ceil\n"
        "  - concat { identity | from first - avgpool 2 - conv (k)x(1) pad same | bn - relu }\n"
        "  - if k > 3 and not n == 1 then fc 5*n else (fc 3 - tanh) - softmax\n"
        "block unit(k, s = 2) = add { conv k 3x3 stride s pad 1 bias no | identity } as out - "
        "relu\n"
        "head aux weight 0.5 training from unit1.out - fc 3 - softmax\n"
        "head two loss squarederror target vector from first - unit(k, 1) as u\n"
        "  - conv k 3x3 pad 1 bias no share u.conv1 - conv 1 1x1 share late - conv 1 1x1 as late\n"
        "train lr 0.1 schedule step steps 1,2\n";
    int parsed = 0;
    for (int i = 0; i < TEXTS; i++) {
        const char *from = below(3) == 0 ? small : fv__zoo[below(zoo)].text;
        fv_text text = {0};
        fv__text_add(&text, from);
        for (uint32_t n = 1 + below(4); n > 0 && text.length > 0; n--) damage(&text);
        parsed += try_text(&text);
        fv__text_free(&text);
    }
    /* damaged too little, or too much, the test would show nothing */
    assert_in_range(parsed, TEXTS / 50, TEXTS / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_damaged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
