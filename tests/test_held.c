/* SPDX-License-Identifier: MIT */
/*
 * test_held.c - parts held out of the training images: which, how many, what is said, and that
 * the test part is left alone; of sets in memory and of pictures in files.
 */
#include "data/sets.h"
#include "data_files.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static fv_context *ctx;

static int open_context(void **state) {
    (void)state;
    return fv_context_new(2, &ctx) == FV_OK ? 0 : 1;
}

static int close_context(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

/* Writes A and B alone of the files A B C D: 5 images of 3x2, three classes. */
static void write_two(void) {
    made images = made_images(5, 3, 2), labels = made_labels(5, 3);
    made_write(&images, "A");
    made_write(&labels, "B");
    made_free(&images);
    made_free(&labels);
}

static void open_held(const char *name, double held, uint64_t seed, fv_dataset *train,
                      fv_dataset *test) {
    const fv_set_options o = {1, seed, 0.2, held, NULL};
    if (fv__dataset_open_with(ctx, name, &o, train, test) != FV_OK) fail_msg("%s", ctx->message);
}

/* Whether both hold sample i of one and k of the other alike. */
static bool alike(const fv_dataset *a, int64_t i, const fv_dataset *b, int64_t k) {
    const size_t each = (size_t)(a->channels * a->height * a->width);
    return a->labels[i] == b->labels[k] &&
           memcmp(a->pixels + (size_t)i * each, b->pixels + (size_t)k * each, each) == 0;
}

/* A share of each class, by the seed alone; together the parts are the training images in their
   order, and the files of the test are not even opened. */
static void of_sets_in_memory(void **state) {
    (void)state;
    fv_dataset whole, train, test, again, other;
    int counts[10] = {0};
    assert_int_equal(fv__dataset_open(ctx, "digits:230", 1, &whole, NULL), FV_OK);
    open_held("digits:230", 0.2, 5, &train, &test);
    assert_int_equal(train.count, 180); /* 5 of each class's 23 */
    assert_int_equal(test.count, 50);
    for (int64_t i = 0; i < test.count; i++) counts[test.labels[i]]++;
    for (int c = 0; c < 10; c++) assert_int_equal(counts[c], 5);
    for (int64_t i = 0, a = 0, b = 0; i < whole.count; i++) {
        if (a < train.count && alike(&whole, i, &train, a))
            a++;
        else if (b < test.count && alike(&whole, i, &test, b))
            b++;
        else
            fail_msg("image %lld is in neither part at its place", (long long)i);
    }
    assert_true(train.checksum == fv__set_checksum(&train) && train.checksum != whole.checksum);
    assert_string_equal(train.class_names[7], "7");
    assert_string_equal(
        train.remark[0].text,
        "digits:230: 50 of its 230 training images, a share of each class, are held "
        "out by chance and tested on (held=0.2, seed 5); its test part is not read");
    open_held("digits:230", 0.2, 5, &again, NULL);
    open_held("digits:230", 0.2, 6, NULL, &other);
    assert_true(again.checksum == train.checksum && other.checksum != test.checksum);
    fv_dataset *all[] = {&whole, &train, &test, &again, &other};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) fv__dataset_close(all[i]);
    write_two(); /* classes 0 1 2 0 1: the one image of class 2 is learned from */
    open_held("A,B,C,D", 0.5, 1, &train, &test);
    assert_int_equal(train.count, 3);
    assert_int_equal(test.count, 2);
    assert_int_equal(train.classes, 3);
    assert_int_equal(test.labels[0] + test.labels[1], 1);
    fv__dataset_close(&train);
    fv__dataset_close(&test);
}

/* Of what is learned from a share takes the test's place, whether there was a test or not. */
static void of_pictures(void **state) {
    (void)state;
    char path[64];
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 10; i++) {
            snprintf(path, sizeof path, "h/k%d/%02d.pgm", k, i);
            write_gray(ctx, path, 1 + i, 1 + k, i);
            snprintf(path, sizeof path, "j/%s/k%d/%02d.pgm", i < 8 ? "train" : "test", k, i);
            write_gray(ctx, path, 1 + i, 1 + k, i);
        }
    static const char *const names[] = {"h", "j"};
    for (int n = 0; n < 2; n++) {
        const fv_set_options o = {1, 3, 0.2, 0.25, NULL}, none = {1, 3, 0.2, 0, NULL};
        fv_dataset train, test, whole;
        if (fv__dataset_open_with(ctx, names[n], &o, &train, &test) != FV_OK ||
            fv__dataset_open_with(ctx, names[n], &none, &whole, NULL) != FV_OK)
            fail_msg("%s", ctx->message);
        assert_int_equal(whole.count, 16);
        assert_int_equal(train.count, 12);
        assert_int_equal(test.count, 4);
        assert_int_equal(test.labels[0] + test.labels[1] + test.labels[2] + test.labels[3], 2);
        int found = 0;
        for (int64_t i = 0; i < whole.count; i++) {
            for (int64_t k = 0; k < train.count; k++)
                found += strcmp(whole.file(&whole, i), train.file(&train, k)) == 0;
            for (int64_t k = 0; k < test.count; k++)
                found += strcmp(whole.file(&whole, i), test.file(&test, k)) == 0;
        }
        assert_int_equal(found, 16); /* none of the test, each once */
        const char *said = train.remark[0].text;
        if (!strstr(said, "4 of its 16 training images, a share of each class, are held out"))
            fail_msg("%s", said);
        fv__dataset_close(&whole);
        fv__dataset_close(&train);
        fv__dataset_close(&test);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_sets_in_memory),
        cmocka_unit_test(of_pictures),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
