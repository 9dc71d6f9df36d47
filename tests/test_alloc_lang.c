/* SPDX-License-Identifier: MIT */
/*
 * test_alloc_lang.c - memory refused at every place of parsing and printing a network: once the
 * n-th request alone, once all from there on. Each time it must end in FV_EXHAUSTED and a sentence,
 * or, where only a message got shorter, in the message; never in a crash. Leaks are for the
 * sanitizer to see.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lang/lang.h"
#include "refuse.h"

#include <stdlib.h>
#include <string.h>

static fv_context context;

static const char good[] =
    "net small(classes = 3, n = 40)\n"
    "block unit(k) = add { conv k 3x3 pad 1 as c - bn - relu | identity } as out - relu\n"
    "input 1x8x8 scale 1/255 mean 0.5\n"
    "  (conv 4 3x3 pad 1 - relu) as trunk - [unit(4)]*n - maxpool 2 as a_longer_label\n"
    "  - sum { identity | constant 4x1x1 int32 values 1,-2,3,4 as ints - cast float\n"
    "    | constant values 0.5 }\n"
    "  - concat { conv 4 1x1 - relu | if n > 3 then conv 4 3x3 pad 1 } - fc 8 - tanh\n"
    "  - fc classes*(2//2) - softmax\n"
    "loss crossentropy ignore n\n"
    "head aux weight 0.3 training from trunk - add { relu | from unit2.out } - fc 3 share late\n"
    "head box loss squarederror target vector from trunk - unit(4) as named\n"
    "  - conv 4 3x3 pad 1 share named.c - fc 3 as late\n"
    "train optimizer adam lr 0.001 batch 8 schedule step steps 1,2\n";

/* Mistakes whose messages need memory themselves. */
static const char *const bad[] = {"input 1x8x8\n conv 3",
                                  "input 1x8x8\n conv 3 3 shift 2",
                                  "input 1x8x8\n conv 3 3 stride",
                                  "input 1x8x8\n fc 3\nloss fc",
                                  "input 1x8x8\n fc 3 share a",
                                  "input 1x8x8\n fc 3 as a - fc 3 share a",
                                  "input 1x8x8\n maxpool 9",
                                  "block b(k) = b(k)\ninput 1x8x8\n b(2)",
                                  "input 1x8x8\n sum { identity | constant 8 }",
                                  "input 1x8x8\n sum { identity | constant 8 values 1,2 }"};

static fv_status use(const char *text, const fv_setting *settings, size_t count) {
    fv_graph *net = NULL;
    fv_text out = {0};
    fv_status status =
        fv__net_parse(&context, "small.net", text, strlen(text), settings, count, &net, NULL);
    if (status == FV_OK) status = fv__net_print(&context, net, NULL, &out);
    fv__text_free(&out);
    fv__net_free(net);
    return status;
}

/* Refuses every request in turn; `otherwise` is what comes out when none is refused. */
static void refuse_each(const char *text, const fv_setting *settings, size_t count,
                        fv_status otherwise) {
    for (int rest = 0; rest < 2; rest++) {
        refuse_rest = rest != 0;
        for (long n = 1;; n++) {
            requests = 0;
            refuse_at = n;
            context.message[0] = 0;
            const fv_status status = use(text, settings, count);
            refuse_at = 0;
            if (requests < n) {
                assert_int_equal(status, otherwise);
                assert_true(n > (otherwise == FV_OK ? 5 : 1));
                break;
            }
            assert_true(status == FV_EXHAUSTED || (status == otherwise && status != FV_OK));
            assert_true(context.message[0] != 0);
            if (status == FV_EXHAUSTED) assert_non_null(strstr(context.message, "out of memory"));
        }
    }
}

static void test_good(void **state) {
    (void)state;
    const fv_setting setting = {"classes", "5"};
    refuse_each(good, &setting, 1, FV_OK);
}

/* An arena asks for memory only now and then: texts of slightly different size make it ask at
   every place in turn. */
static void test_every_place(void **state) {
    (void)state;
    for (int pad = 0; pad < 130; pad++) {
        char text[2048] = "";
        size_t n = 0;
        for (int i = 0; i < pad / 3; i++) { /* a layer each, and names of three lengths */
            memcpy(text + n, "block ", 6);
            n += 6;
            for (int k = 0; k < 2 + i / 10 + 16 * (pad % 3); k++)
                text[n++] = "bcdefg"[k % 2 + i % 3];
            text[n++] = (char)('a' + i % 26);
            text[n++] = (char)('a' + i / 26);
            memcpy(text + n, "=relu\n", 6);
            n += 6;
            if (n > 1200) break;
        }
        strcpy(text + n, "input 1x8x8\n  (conv 4 3x3 pad 1 - relu) as t - [u(4)]*2\n"
                         "  - concat { identity | from t - maxpool 3 pad 1 stride 1 } - fc 8\n"
                         "block u(k) = add { conv k 1x1 as c - bn | identity } as out - relu\n"
                         "head aux from u2.out - fc 3\ntrain lr 0.1\n");
        refuse_each(text, NULL, 0, FV_OK);
    }
}

static void test_bad(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuse_each(bad[i], NULL, 0, FV_BAD_INPUT);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good),
                                       cmocka_unit_test(test_every_place),
                                       cmocka_unit_test(test_bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
