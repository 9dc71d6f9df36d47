/* SPDX-License-Identifier: MIT */
/*
 * test_field.c - options from their table: read, refused with a sentence, printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/field.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct options {
    int64_t count;
    double rate;
    bool bias;
    int rule;
    fv_size kernel;
    fv_pad pad;
    fv_ints steps;
    fv_reals mean;
    char name[FV_WORD_MAX];
    int64_t free;
} options;

static const char *const rules[] = {"sgd", "adam", "adadelta", NULL};

static const fv_field fields[] = {
    {"count", "how many", FV_INT, offsetof(options, count), NULL, 1, 1e6,
     FV_POSITIONAL | FV_REQUIRED, NULL, NULL},
    {"rate", "learning rate", FV_REAL, offsetof(options, rate), "0.1", 0, 1e30, 0, NULL, NULL},
    {"bias", "adds a bias", FV_BOOL, offsetof(options, bias), "yes", 0, 0, 0, NULL, NULL},
    {"rule", "the rule", FV_CHOICE, offsetof(options, rule), "adam", 0, 0, 0, rules, NULL},
    {"kernel", "the window", FV_SIZE, offsetof(options, kernel), "3x3", 1, 1000, FV_POSITIONAL,
     NULL, NULL},
    {"pad", "the margin", FV_PAD, offsetof(options, pad), "0", 0, 1000, 0, NULL, NULL},
    {"steps", "epochs", FV_INTS, offsetof(options, steps), NULL, 0, 100000, 0, NULL, NULL},
    {"mean", "per channel", FV_REALS, offsetof(options, mean), "0.5", -10, 10, 0, NULL, NULL},
    {"name", "a name", FV_WORD, offsetof(options, name), NULL, 0, 0, 0, NULL, NULL},
    {"free", "any number", FV_INT, offsetof(options, free), "-5", 0, 0, 0, NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static void test_table(void **state) {
    (void)state;
    assert_int_equal(fv__field_count(fields), 10);
    assert_int_equal(fv__field_count(NULL), 0);
    assert_ptr_equal(fv__field_find(fields, "pad"), &fields[5]);
    assert_null(fv__field_find(fields, "padding"));
    assert_null(fv__field_find(NULL, "pad"));
    assert_string_equal(fv__field_nearest(fields, "kernl"), "kernel");
    assert_null(fv__field_nearest(fields, "momentum"));
}

static void test_defaults(void **state) {
    (void)state;
    options o;
    memset(&o, 0xee, sizeof o);
    fv__field_defaults(fields, &o);
    assert_int_equal(o.count, 0);
    assert_true(o.rate == 0.1 && o.bias && o.rule == 1);
    assert_true(o.kernel.h == 3 && o.kernel.w == 3);
    assert_true(o.pad.mode == FV_PAD_SIDES && o.pad.top == 0 && o.pad.right == 0);
    assert_true(o.steps.count == 0 && o.mean.count == 1 && o.mean.v[0] == 0.5);
    assert_string_equal(o.name, "");
    assert_int_equal(o.free, -5);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(fv__field_is_default(&fields[i], &o), i != 0); /* one is required */
    }
}

/* What is printed reads back to the same, and is what was expected. */
static void test_round_trip(void **state) {
    (void)state;
    static const struct {
        const char *name, *text, *printed;
    } cases[] = {
        {"count", "64", "64"},
        {"count", "1e3", "1000"},
        {"rate", "1/4", "0.25"},
        {"rate", "3e-5", "3e-05"},
        {"bias", "no", "no"},
        {"bias", "false", "no"},
        {"rule", "adadelta", "adadelta"},
        {"rule", "sgd", "sgd"},
        {"kernel", "5", "5x5"},
        {"kernel", "1x7", "1x7"},
        {"pad", "2", "2"},
        {"pad", "1x2", "1x2"},
        {"pad", "3x3", "3"},
        {"pad", "1,2,3,4", "1,2,3,4"},
        {"pad", "1,2,1,2", "1x2"},
        {"pad", "1,2,3,2", "1,2,3,2"},
        {"pad", "1,2,1,4", "1,2,1,4"},
        {"pad", "same", "same"},
        {"pad", "valid", "valid"},
        {"steps", "82,123", "82,123"},
        {"steps", "7", "7"},
        {"mean", "0.485,0.456,0.406", "0.485,0.456,0.406"},
        {"mean", "-1/3", "-0.3333333333333333"},
        {"name", "fc.2", "fc.2"},
        {"name", "3x3", "3x3"},
        {"free", "-9007199254740992", "-9007199254740992"},
    };
    fv_context ctx = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const fv_field *f = fv__field_find(fields, cases[i].name);
        options o, back;
        memset(&o, 0, sizeof o); /* the gaps between members too */
        memset(&back, 0, sizeof back);
        fv__field_defaults(fields, &o);
        fv__field_defaults(fields, &back);
        assert_non_null(f);
        assert_int_equal(fv__field_set_text(&ctx, f, &o, cases[i].text), FV_OK);
        assert_false(fv__field_is_default(f, &o));
        fv_text t = {0};
        fv__field_print(&t, f, &o);
        assert_string_equal(t.data, cases[i].printed);
        assert_int_equal(fv__field_set_text(&ctx, f, &back, t.data), FV_OK);
        assert_memory_equal(&o, &back, sizeof o);
        fv__text_free(&t);
    }
}

static void test_refusals(void **state) {
    (void)state;
    static const struct {
        const char *name, *text, *message;
    } cases[] = {
        {"count", "0", "count must be between 1 and 1000000, not 0"},
        {"count", "1e300", "count must be a whole number, not 1e+300"},
        {"count", "2.5", "count must be a whole number, not 2.5"},
        {"count", "many", "count must be a whole number, not 'many'"},
        {"count", "3,4", "count must be a whole number, not 3,4"},
        {"count", "", "count has no value; write count=…"},
        {"rate", "-1", "rate must be at least 0, not -1"},
        {"rate", "nan", "rate must be a number, not 'nan'"},
        {"bias", "maybe", "bias must be yes or no, not 'maybe'"},
        {"bias", "1", "bias must be yes or no, not 1"},
        {"rule", "adm", "rule must be one of sgd, adam, adadelta, not 'adm'; did you mean 'adam'?"},
        {"rule", "rmsprop", "rule must be one of sgd, adam, adadelta, not 'rmsprop'"},
        {"kernel", "0x3", "kernel must be between 1 and 1000, not 0"},
        {"kernel", "3x", "kernel must be a size, height x width (3 or 3x5), not '3x'"},
        {"kernel", "3,3", "kernel must be a size, height x width (3 or 3x5), not 3,3"},
        {"kernel", "3x3x3", "kernel must be a size, height x width (3 or 3x5), not 3x3x3"},
        {"pad", "-1", "pad must be between 0 and 1000, not -1"},
        {"steps", "1.5,2", "steps must be a whole number, not 1.5"},
        {"steps", "1x2", "steps must be whole numbers with commas between (82,123), not 1x2"},
        {"steps", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17",
         "steps takes at most 16 numbers, not 17"},
        {"mean", "0.5,11", "mean must be between -10 and 10, not 11"},
    };
    fv_context ctx = {0};
    options o, before;
    memset(&o, 0, sizeof o);
    fv__field_defaults(fields, &o);
    memcpy(&before, &o, sizeof o);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const fv_field *f = fv__field_find(fields, cases[i].name);
        assert_non_null(f);
        assert_int_equal(fv__field_set_text(&ctx, f, &o, cases[i].text), FV_BAD_INPUT);
        assert_string_equal(ctx.message, cases[i].message);
        assert_memory_equal(&o, &before, sizeof o); /* a refused value changes nothing */
    }
    const fv_field *pad = fv__field_find(fields, "pad"), *name = fv__field_find(fields, "name");
    static const char *const pads[] = {"1,2",     "1,2,3", "1,2,3,4,5", "1x2x3",
                                       "1x2x3x4", "sam",   "1x2,3"};
    for (size_t i = 0; i < sizeof pads / sizeof *pads; i++) {
        assert_int_equal(fv__field_set_text(&ctx, pad, &o, pads[i]), FV_BAD_INPUT);
    }
    char lengthy[5000];
    memset(lengthy, 'a', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    assert_int_equal(fv__field_set_text(&ctx, name, &o, lengthy), FV_BAD_INPUT);
    memset(lengthy, '9', sizeof lengthy - 1);
    assert_int_equal(fv__field_set_text(&ctx, pad, &o, lengthy), FV_BAD_INPUT);
    assert_memory_equal(&o, &before, sizeof o);
    fv_arg arg = {FV_ARG_NUMBERS, 1, false, {NAN}, ""};
    assert_int_equal(fv__field_set(&ctx, fv__field_find(fields, "free"), &o, &arg), FV_BAD_INPUT);
    assert_int_equal(fv__field_set(&ctx, fv__field_find(fields, "rate"), &o, &arg), FV_BAD_INPUT);
    arg.v[0] = INFINITY;
    assert_int_equal(fv__field_set(&ctx, fv__field_find(fields, "rate"), &o, &arg), FV_BAD_INPUT);
    arg.count = 0;
    assert_int_equal(fv__field_set(&ctx, pad, &o, &arg), FV_BAD_INPUT);
    assert_memory_equal(&o, &before, sizeof o);
}

static void test_kind_words(void **state) {
    (void)state;
    for (int i = 0; i < fv__field_count(fields); i++) {
        fv_text t = {0};
        fv__field_kind_words(&t, &fields[i]);
        assert_true(t.length > 4);
        fv__text_free(&t);
    }
}

/* Class weights for as many classes as there are, and what a copy of them takes. */
static void test_long_lists(void **state) {
    (void)state;
    typedef struct long_options {
        bool other;
        fv_long_reals weights;
    } long_options;
    static const fv_field table[] = {{"weights", "of each class", FV_REALS,
                                      offsetof(long_options, weights), "1", 0, 10, FV_LONG, NULL,
                                      NULL},
                                     {"other", "something else", FV_BOOL,
                                      offsetof(long_options, other), "no", 0, 0, 0, NULL, NULL},
                                     {0}};
    static long_options o;
    fv_context ctx = {0};
    fv_text written = {.ctx = &ctx}, printed = {.ctx = &ctx};
    fv__field_defaults(table, &o);
    assert_true(fv__field_is_default(&table[0], &o));
    assert_int_equal(fv__field_used(table, sizeof o, &o), offsetof(long_options, weights.v[1]));
    for (int i = 0; i < FV_LONG_MAX; i++)
        fv__text_addf(&written, "%s0.%d", i ? "," : "", 1 + i % 9);
    assert_int_equal(fv__text_done(&ctx, &written), FV_OK);
    assert_int_equal(fv__field_set_text(&ctx, &table[0], &o, written.data), FV_OK);
    assert_int_equal(o.weights.count, FV_LONG_MAX);
    assert_true(o.weights.v[FV_LONG_MAX - 1] == (1 + (FV_LONG_MAX - 1) % 9) / 10.0);
    assert_int_equal(fv__field_used(table, sizeof o, &o), sizeof o);
    assert_false(fv__field_is_default(&table[0], &o));
    fv__field_print(&printed, &table[0], &o);
    assert_int_equal(fv__text_done(&ctx, &printed), FV_OK);
    assert_string_equal(printed.data, written.data);
    fv__text_add(&written, ",1");
    assert_int_equal(fv__field_set_text(&ctx, &table[0], &o, written.data), FV_BAD_INPUT);
    assert_non_null(strstr(ctx.message, "weights is a list of at most 1024 numbers with commas"));
    fv__text_free(&written);
    fv__text_free(&printed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),      cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_kind_words), cmocka_unit_test(test_long_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
