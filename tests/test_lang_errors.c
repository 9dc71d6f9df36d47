/* SPDX-License-Identifier: MIT */
/*
 * test_lang_errors.c - what the language says to mistakes, word for word (lang_errors.txt), and to
 * texts that are none: binary, endless, too large.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"
#include "lang/lang.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static fv_context context;

static fv_status parse(const char *text, size_t size) {
    fv_graph *net = NULL;
    context.message[0] = 0;
    const fv_status status = fv__net_parse(&context, "my.net", text, size, NULL, 0, &net, NULL);
    assert_true((status == FV_OK) == (net != NULL));
    assert_true((status == FV_OK) == (context.message[0] == 0));
    fv__net_free(net);
    return status;
}

/* The text before `mark`, which it is cut off from; NULL at the end. */
static char *cut(char **rest, const char *mark) {
    char *start = *rest, *end = strstr(start, mark);
    if (end == NULL) return NULL;
    *end = 0;
    *rest = end + strlen(mark);
    return start;
}

static void test_messages(void **state) {
    (void)state;
    const char *root = getenv("FOVEA_SOURCE");
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/lang_errors.txt", root != NULL ? root : ".");
    fv_bytes bytes = {0};
    assert_int_equal(fv__file_read(&context, path, 0, &bytes), FV_OK);
    char *all = calloc(bytes.size + 1, 1), *rest = all;
    memcpy(all, bytes.data, bytes.size);
    fv__file_release(&bytes);
    int cases = 0, wrong = 0;
    assert_non_null(cut(&rest, "====\n")); /* what the file is */
    for (char *text; (text = cut(&rest, "----\n")) != NULL; cases++) {
        const char *wanted = cut(&rest, "\n====\n");
        assert_non_null(wanted);
        const fv_status status = parse(text, strlen(text));
        if (status == FV_BAD_INPUT && strcmp(context.message, wanted) == 0) continue;
        wrong++;
        print_error("%s---- expected\n%s\n---- found (%d)\n%s\n====\n", text, wanted, (int)status,
                    context.message);
    }
    free(all);
    assert_true(cases >= 90);
    assert_int_equal(wrong, 0);
}

static void refuses(const char *text, size_t size, const char *words) {
    assert_int_equal(parse(text, size), FV_BAD_INPUT);
    if (strstr(context.message, words) == NULL)
        fail_msg("expected \"%s\" in:\n%s", words, context.message);
}

#define REFUSES(text, words) refuses(text, sizeof(text) - 1, words)

static void test_no_text(void **state) {
    (void)state;
    REFUSES("", "my.net:1:1: error: this network has no input");
    REFUSES("\n\n# nothing\n", "has no input");
    REFUSES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "my.net:1: error: this is not text (byte 0 is 0x89)");
    REFUSES("net a\ninput 1x8x8\n  relu\0 - tanh", "my.net:3: error: this is not text");
    REFUSES("net a\n# caf\xe9\ninput 1x8x8\n relu", "my.net:2: error: this is not text");
    REFUSES("net a\n# \xed\xa0\x80\n", "this is not text"); /* a surrogate */
    REFUSES("net a\n# \xc3", "this is not text");           /* cut in the middle */
    REFUSES("net a\n\x1b[31m", "this is not text");
    const size_t size = ((size_t)4 << 20) + 1;
    char *large = malloc(size);
    memset(large, '#', size);
    refuses(large, size, "at most 4 MB");
    assert_int_equal(parse(large, size - 1), FV_BAD_INPUT); /* one long comment */
    free(large);
}

/* `count` times `text` between a beginning and an end. */
static void refuses_many(const char *begin, const char *text, int count, const char *end,
                         const char *words) {
    fv_text all = {0};
    fv__text_add(&all, begin);
    for (int i = 0; i < count; i++) fv__text_add(&all, text);
    fv__text_add(&all, end);
    assert_int_equal(fv__text_done(&context, &all), FV_OK);
    if (words != NULL)
        refuses(all.data, all.length, words);
    else
        assert_int_equal(parse(all.data, all.length), FV_OK);
    fv__text_free(&all);
}

static void test_limits(void **state) {
    (void)state;
    const char *head = "net a\ninput 1x8x8\n";
    refuses_many("net a\ninput 1x8x8\n fc ", "(", 200000, "1", "more than 100 brackets");
    refuses_many("net a\ninput 1x8x8\n fc ", "- ", 99999, "1", "fc needs outputs");
    refuses_many("net a\ninput 1x8x8\n fc (", "-", 200000, "1)", "more than 100 brackets");
    refuses_many("net a\ninput 1x8x8\n fc (", "not ", 200000, "1)", "more than 100 brackets");
    refuses_many("net a\ninput 1x8x8\n fc 1", "+1", 200000, "", "more than 100 steps");
    refuses_many("net a\ninput 1x8x8\n fc 1", "+1", 99, "", NULL);
    refuses_many(head, "(", 200000, "relu", "more than 100 brackets");
    refuses_many(head, "add { relu | ", 100000, "relu", "more than 100 brackets");
    refuses_many(head, "if 1 then ", 100000, "relu", "more than 100 brackets");
    refuses_many("net a\ninput 1x8x8\n relu", " - relu", 150000, "",
                 "this network has more than 100000 layers");
    refuses_many("net a\ninput 1x8x8\n relu", " - relu", 99999, "", NULL);
    refuses_many("net a\ninput 1x8x8\n add { relu", " | relu", 5000, " }", NULL);
    refuses_many("net a\ninput 1x8x8\n relu as ", "long", 300, "", "at most 511 characters");
    refuses_many("net a\ninput 1x8x8\n ", "relu", 30, " 2", "at most 63 characters");
    refuses_many("net a\ninput 1x8x8\n fc 1", "0", 100, "", "too long");
    refuses_many("net a\ninput 1x8x8\n fc 1e", "9", 3, "", "is not a number");
    refuses_many("net a\ninput 1x8x8 mean 1", ",1", 17, "\n relu", "at most 16 numbers");
    refuses_many("net a\ninput 1024x1x1\n fc 1024\nloss crossentropy weights 1", ",1", 1023, "",
                 NULL);
    refuses_many("net a\ninput 1x8x8\n fc 9\nloss crossentropy weights 1", ",1", 1024, "",
                 "weights takes at most 1024 numbers");
    refuses_many("net a\ninput 1x8x8\n gather 0 axis 1", " - gather 0,0 axis 1", 99999, "", NULL);
    refuses_many("net a\nblock b(k = 0", ", k", 99, ") = relu", "already has a parameter");
}

/* Blocks named b0, b1, … each calling the one before: 64 deep is the limit. */
static void test_deep_blocks(void **state) {
    (void)state;
    for (int deep = 63; deep <= 64; deep++) {
        fv_text all = {0};
        fv__text_add(&all, "block b0 = relu\n");
        for (int i = 1; i <= deep; i++) fv__text_addf(&all, "block b%d = b%d()\n", i, i - 1);
        fv__text_addf(&all, "net a\ninput 1x8x8\n b%d() - relu", deep);
        assert_int_equal(fv__text_done(&context, &all), FV_OK);
        if (deep == 64)
            refuses(all.data, all.length, "more than 64 deep");
        else
            assert_int_equal(parse(all.data, all.length), FV_OK);
        fv__text_free(&all);
    }
}

static void test_settings(void **state) {
    (void)state;
    const char text[] = "net a(classes = 10, width = 1)\ninput 1x8x8\n fc classes*width";
    static const struct {
        const char *name, *value, *message;
    } cases[] = {
        {"clases", "3", "the network a has no parameter 'clases'; did you mean 'classes'?"},
        {"depth", "3", "the network a has no parameter 'depth'; it has: classes, width"},
        {"classes", "many",
         "classes=many: the network a wants a number, such as "
         "classes=10"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const fv_setting setting = {cases[i].name, cases[i].value};
        fv_graph *net = NULL;
        assert_int_equal(
            fv__net_parse(&context, "my.net", text, sizeof text - 1, &setting, 1, &net, NULL),
            FV_USAGE);
        assert_null(net);
        assert_string_equal(context.message, cases[i].message);
    }
}

/* As people sort names: digits are numbers. */
static int compare_names(const char *a, const char *b) {
    while (*a != 0 && *a == *b && !(*a >= '0' && *a <= '9')) a++, b++;
    char *a_end, *b_end;
    const long x = strtol(a, &a_end, 10), y = strtol(b, &b_end, 10);
    if (a_end == a || b_end == b) return strcmp(a, b);
    return x != y ? (x > y) - (x < y) : compare_names(a_end, b_end);
}

static void test_find(void **state) {
    (void)state;
    fv_graph *net = NULL;
    assert_int_equal(fv__net_find(&context, "resnet19", NULL, 0, &net, NULL), FV_BAD_INPUT);
    assert_non_null(strstr(context.message, "no network 'resnet19'; did you mean 'resnet18'?"));
    assert_int_equal(fv__net_find(&context, "lenet", NULL, 0, &net, NULL), FV_BAD_INPUT);
    assert_non_null(strstr(context.message, "did you mean 'lenet5'?"));
    assert_int_equal(fv__net_find(&context, "qqq", NULL, 0, &net, NULL), FV_BAD_INPUT);
    assert_non_null(strstr(context.message, "`fovea zoo` lists"));
    assert_int_equal(fv__net_find(&context, "there/is/no.net", NULL, 0, &net, NULL), FV_BAD_INPUT);
    assert_non_null(strstr(context.message, "there/is/no.net"));
    assert_null(net);
    for (const fv_zoo_network *z = fv__zoo; z->name != NULL && z[1].name != NULL; z++)
        assert_true(compare_names(z->name, z[1].name) < 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages), cmocka_unit_test(test_no_text),
        cmocka_unit_test(test_limits),   cmocka_unit_test(test_deep_blocks),
        cmocka_unit_test(test_settings), cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
