/* SPDX-License-Identifier: MIT */
/*
 * test_samples_bad.c - data sets made of a program's function that does not keep its word: samples
 * that are not what was announced, sources that cannot be; and what such a set is promised.
 */
#include "sample_fixture.h"

static void samples_that_lie(void **state) {
    (void)state;
    static const char *const words[] = {"no image",     "no content",           "announced",
                                        "another type", "has 2 targets, and 3", "not a class",
                                        "class is 7",   "not as large",         "of the wrong type",
                                        "3 numbers",    "not a vector",         "camera is off"};
    fv_context *own;
    assert_int_equal(fv_context_new(3, &own), FV_OK);
    for (int k = 1; k <= LIES + 1; k++) {
        program p = {.dtype = FV_U8, .channels = 1, .lie = k};
        if (k == 3) p.height = p.width = 4;
        fv_dataset set = open_set(&p);
        fv_input in = input(1, 8, 8);
        static buffers b;
        assert_int_not_equal(program_fill(own, &set, &in, NULL, &b), FV_OK);
        assert_non_null(strstr(own->message, "data set mine, sample 5: "));
        if (!strstr(own->message, words[k - 1])) fail_msg("lie %d: %s", k, own->message);
        fv__dataset_close(&set);
    }
    fv_context_free(own);
    /* Classes of a map beyond those there are. */
    program p = {.dtype = FV_U8, .channels = 1};
    fv_dataset set = open_set(&p);
    set.classes = 6;
    fv_input in = input(1, 8, 8);
    static buffers b;
    assert_int_equal(program_fill(ctx, &set, &in, NULL, &b), FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "its map holds the class 6"));
    fv__dataset_close(&set);
}

static void sources_that_lie(void **state) {
    (void)state;
    program p = {.dtype = FV_U8, .channels = 1};
    fv_dataset set;
    for (int k = 0; k < 8; k++) {
        fv_sample_source s = program_source(&p);
        if (k == 0) s.sample = NULL;
        if (k == 1) s.count = 0;
        if (k == 2) s.count = (int64_t)1 << 32;
        if (k == 3) s.dtype = FV_I32;
        if (k == 4) s.height = 3;
        if (k == 5) s.targets = 5;
        if (k == 6) s.classes = 0;
        if (k == 7) s.target[2].length = 0;
        assert_int_equal(fv__dataset_from(ctx, &s, &set), FV_USAGE);
        assert_null(set.sample);
    }
    assert_int_equal(p.closed, 0);
}

/* A set that says it is serial is never asked twice at once; names are its own copies. */
static void serial_and_named(void **state) {
    (void)state;
    program p = {.dtype = FV_U8, .channels = 3, .slow = true};
    fv_sample_source s = program_source(&p);
    char name[] = "mine", cat[] = "cat";
    const char *names[] = {cat, "dog", "cow", "hen", "fox", "ant", "bee"};
    s.name = name;
    s.class_names = names;
    s.serial = true;
    fv_dataset set;
    fv_context *own;
    assert_int_equal(fv__dataset_from(ctx, &s, &set), FV_OK);
    memset(name, 'x', 4);
    memset(cat, 'x', 3);
    assert_string_equal(set.name, "mine");
    assert_string_equal(set.class_names[0], "cat");
    assert_string_equal(set.class_names[6], "bee");
    assert_int_equal(fv_context_new(4, &own), FV_OK);
    fv_input in = input(1, 8, 8);
    static buffers b;
    assert_int_equal(program_fill(own, &set, &in, NULL, &b), FV_OK);
    assert_int_equal(p.most_inside, 1);
    fv_context_free(own);
    assert_int_equal(fv__dataset_fits(ctx, &set, &in, 7), FV_OK);
    assert_int_equal(fv__dataset_fits(ctx, &set, &in, 8), FV_BAD_INPUT);
    fv_batch_target beyond = {.index = 3, .data = b.map};
    assert_int_equal(fv__batch_fill(ctx, &set, &in, &(fv_batch){.n = 1}, NULL, &beyond, 1),
                     FV_USAGE);
    fv__dataset_close(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_that_lie),
        cmocka_unit_test(sources_that_lie),
        cmocka_unit_test(serial_and_named),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
