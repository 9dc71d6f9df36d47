/* SPDX-License-Identifier: MIT */
/*
 * test_dataset.c - data sets: IDX files plain and packed, whole and damaged, CIFAR-10's files,
 * names and folders, and the real ones where FOVEA_DATA names them.
 */
#include "data/data.h"
#include "data_files.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fv_context *ctx;
static char real_data[4096]; /* FOVEA_DATA as it was given; "" if not */

static int open_context(void **state) {
    (void)state;
    const char *data = getenv("FOVEA_DATA");
    snprintf(real_data, sizeof real_data, "%s", data ? data : "");
    setenv("FOVEA_DATA", "data", 1);
    setenv("HOME", "home", 1);
    return fv_context_new(1, &ctx) == FV_OK ? 0 : 1;
}

/* Files of a run before this one, in the same folder. */
static void forget(const char *path) {
    if (fv__file_exists(path)) assert_int_equal(fv__file_remove(ctx, path), FV_OK);
}

static int close_context(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

/* Writes the four files A B C D: 5 and 4 images of 3x2, three classes. */
static void write_four(bool packed) {
    made m[4] = {made_images(5, 3, 2), made_labels(5, 3), made_images(4, 3, 2), made_labels(4, 2)};
    const char *const name[4] = {"A", "B", "C", "D"};
    for (int i = 0; i < 4; i++) {
        made z = made_gzip(&m[i]);
        made_write(packed ? &z : &m[i], name[i]);
        made_free(&z);
        made_free(&m[i]);
    }
}

static void refused(const char *name, const char *words) {
    fv_dataset train, test;
    ctx->message[0] = 0;
    assert_int_equal(fv__dataset_open(ctx, name, 1, &train, &test), FV_BAD_INPUT);
    assert_null(train.pixels);
    assert_null(test.pixels);
    if (!strstr(ctx->message, words)) fail_msg("'%s' is not in: %s", words, ctx->message);
}

static void expect_four(void) {
    fv_dataset train, test;
    if (fv__dataset_open(ctx, "A,B,C,D", 1, &train, &test) != FV_OK) fail_msg("%s", ctx->message);
    assert_int_equal(train.count, 5);
    assert_int_equal(test.count, 4);
    assert_int_equal(train.channels, 1);
    assert_int_equal(train.height, 3);
    assert_int_equal(train.width, 2);
    assert_int_equal(train.classes, 3);
    assert_int_equal(test.classes, 3);
    for (int i = 0; i < 5; i++) assert_int_equal(train.labels[i], i % 3);
    for (int i = 0; i < 30; i++) assert_int_equal(train.pixels[i], i * 7 + 3);
    assert_true(train.checksum != test.checksum);
    fv__dataset_close(&test);
    fv_dataset again;
    assert_int_equal(fv__dataset_open(ctx, "A,B,C,D", 2, &again, NULL), FV_OK);
    assert_true(again.checksum == train.checksum);
    fv__dataset_close(&again);
    fv__dataset_close(&train);
    assert_null(train.pixels);
}

static void idx_plain_and_packed(void **state) {
    (void)state;
    write_four(false);
    expect_four();
    write_four(true);
#ifdef FV_HAVE_ZLIB
    expect_four();
#else
    refused("A,B,C,D", "built without zlib");
#endif
}

static void idx_that_do_not_fit(void **state) {
    (void)state;
    write_four(false);
    refused("B,A,C,D", "B: this is a labels file and an images file was expected; were the two");
    refused("A,A,C,D", "this is an images file and a labels file was expected");
    refused("A,D,C,D", "A holds 5 images, but D holds 4 labels");
    refused("A,B,C", "four IDX files joined by commas");
    refused("A,B,C,D,E", "four IDX files joined by commas");
    refused("A,,C,D", "four IDX files joined by commas");
    refused("A,B,C,no such file", "no such file");
    write_text("text", "no IDX here");
    refused("text,B,C,D", "text: this is not an IDX file");
    made m = made_images(4, 2, 2);
    made_write(&m, "other");
    refused("A,B,other,D", "the training images are 3x2 (height x width) and the test images");
    m.data[2] = 0x0d;
    made_write(&m, "other");
    refused("other,B,C,D", "values of type 0x0d in 3 dimensions");
    made_free(&m);
}

/* Every prefix, more bytes, and sizes that lie; plain and packed. */
static void idx_damaged(void **state) {
    (void)state;
    write_four(false);
    made whole = made_images(5, 3, 2), m = made_new();
    for (size_t n = 0; n < whole.size; n++) {
        m.size = 0;
        made_add(&m, whole.data, n);
        made_write(&m, "cut");
        refused("cut,B,C,D", "cut");
    }
    made_add(&m, "12345", 5);
    made_write(&m, "cut");
    refused("cut,B,C,D", "4 bytes follow the 5 images");
    static const char *const sizes[] = {"\xff\xff\xff\xff", "\0\0\0\0", "\0\1\0\0"};
    for (size_t at = 4; at < 16; at += 4)
        for (size_t k = 0; k < 3; k++) {
            m.size = 0;
            made_add(&m, whole.data, whole.size);
            memcpy(m.data + at, sizes[k], 4);
            made_write(&m, "lie");
            refused("lie,B,C,D", "lie: the header says ");
#ifdef FV_HAVE_ZLIB
            made z = made_gzip(&m);
            made_write(&z, "lie");
            refused("lie,B,C,D", "lie: the ");
            made_free(&z);
#endif
        }
    made_free(&m);
    made_free(&whole);
}

#ifdef FV_HAVE_ZLIB
static void gzip_damaged(void **state) {
    (void)state;
    write_four(false);
    made plain = made_images(5, 3, 2), z = made_gzip(&plain), m = made_new();
    for (size_t n = 2; n < z.size; n++) {
        m.size = 0;
        made_add(&m, z.data, n);
        made_write(&m, "cut.gz");
        refused("cut.gz,B,C,D", "cut.gz: this gzip file is cut short");
    }
    for (size_t at = 10; at < z.size; at++) {
        m.size = 0;
        made_add(&m, z.data, z.size);
        m.data[at] ^= 0x55;
        made_write(&m, "bent.gz");
        refused("bent.gz,B,C,D", "bent.gz: ");
    }
    m.size = 0;
    made_add(&m, z.data, z.size);
    made_add(&m, "more", 4);
    made_write(&m, "more.gz");
    refused("more.gz,B,C,D", "followed by bytes that do not belong to it");
    /* Two members are one file: gzip says so. */
    made half = made_new(), rest = made_new(), out = made_new();
    made_add(&half, plain.data, 20);
    made_add(&rest, plain.data + 20, plain.size - 20);
    made a = made_gzip(&half), b = made_gzip(&rest);
    made_add(&out, a.data, a.size);
    made_add(&out, b.data, b.size);
    made_write(&out, "two.gz");
    fv_dataset set;
    if (fv__dataset_open(ctx, "two.gz,B,C,D", 1, &set, NULL) != FV_OK) fail_msg("%s", ctx->message);
    assert_int_equal(set.pixels[29], (29 * 7 + 3) & 255);
    fv__dataset_close(&set);
    /* More data inside than the header speaks of. */
    made_byte(&plain, 1);
    made_free(&z);
    z = made_gzip(&plain);
    made_write(&z, "long.gz");
    refused("long.gz,B,C,D", "more data than the 46 bytes");
    made *all[] = {&plain, &z, &m, &half, &rest, &out, &a, &b};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) made_free(all[i]);
}
#endif

static void folders_and_names(void **state) {
    (void)state;
    assert_int_equal(fv__folder_make(ctx, "data/mnist"), FV_OK);
    forget("data/mnist/train-images-idx3-ubyte");
    forget("data/mnist/train-labels.idx1-ubyte");
    forget("data/mnist/t10k-images-idx3-ubyte");
    forget("data/mnist/t10k-labels-idx1-ubyte");
    refused("mnist", "data set mnist: its files are not in data/mnist nor in home/.cache/fovea");
    made images = made_images(3, 28, 28), labels = made_labels(3, 3);
    made_write(&images, "data/mnist/train-images-idx3-ubyte");
    refused("mnist", "the file train-labels-idx1-ubyte (or .gz) is missing");
    made_write(&labels, "data/mnist/train-labels.idx1-ubyte");
    made_write(&images, "data/mnist/t10k-images-idx3-ubyte");
    made_write(&labels, "data/mnist/t10k-labels-idx1-ubyte");
    fv_dataset train, test;
    if (fv__dataset_open(ctx, "mnist", 1, &train, &test) != FV_OK) fail_msg("%s", ctx->message);
    assert_string_equal(train.name, "mnist");
    assert_int_equal(train.classes, 10); /* whatever the labels show */
    for (int i = 0; i < 10; i++) {
        assert_int_equal(train.class_names[i][0], '0' + i);
        assert_int_equal(train.class_names[i][1], 0);
    }
    fv__dataset_close(&train);
    fv__dataset_close(&test);
    if (fv__dataset_open(ctx, "data/mnist", 1, &train, &test) != FV_OK)
        fail_msg("%s", ctx->message);
    assert_int_equal(train.classes, 3);
    assert_null(train.class_names);
    fv__dataset_close(&train);
    fv__dataset_close(&test);
    labels.data[9] = 10;
    made_write(&labels, "data/mnist/t10k-labels-idx1-ubyte");
    refused("mnist", "label 2 of 3 is 10, and the classes are 0 to 9");
    made_free(&images);
    made_free(&labels);
    refused("data", "this folder does not hold the four IDX files");
    refused("minst", "no data set 'minst'; did you mean 'mnist'?");
    refused("", "no data set ''");
    refused("digits:", "after 'digits:' comes how many");
    refused("digits:9", "10 to 10,000,000");
    refused("digits:99999999999", "10 to 10,000,000");
    refused("digits:12x", "10 to 10,000,000");
}

static void cifar10_small(void **state) {
    (void)state;
    char path[64];
    for (int f = 1; f <= 5; f++) {
        snprintf(path, sizeof path, "data/cifar10/data_batch_%d.bin", f);
        forget(path);
    }
    forget("data/cifar10/test_batch.bin");
    forget("data/cifar10/batches.meta.txt");
    refused("cifar10", "data set cifar10: its files are not in data/cifar10");
    assert_int_equal(fv__folder_make(ctx, "data/cifar10"), FV_OK);
    for (int f = 0; f < 6; f++) {
        made m = made_new();
        for (int i = 0; i < 2; i++) {
            made_byte(&m, f + i);
            for (int k = 0; k < 3072; k++) made_byte(&m, (k / 1024 * 50 + f) & 255);
        }
        if (f < 5)
            snprintf(path, sizeof path, "data/cifar10/data_batch_%d.bin", f + 1);
        else
            snprintf(path, sizeof path, "data/cifar10/test_batch.bin");
        made_write(&m, path);
        made_free(&m);
    }
    fv_dataset train, test;
    if (fv__dataset_open(ctx, "cifar10", 1, &train, &test) != FV_OK) fail_msg("%s", ctx->message);
    assert_int_equal(train.count, 10);
    assert_int_equal(test.count, 2);
    assert_int_equal(train.channels, 3);
    assert_int_equal(train.labels[3], 2); /* the second file's second record */
    assert_int_equal(train.pixels[3 * 3072 + 2 * 1024], 101);
    assert_string_equal(train.class_names[0], "airplane");
    assert_string_equal(train.class_names[9], "truck");
    fv__dataset_close(&train);
    fv__dataset_close(&test);
    write_text("data/cifar10/batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
    assert_int_equal(fv__dataset_open(ctx, "cifar10", 1, NULL, &test), FV_OK);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(test.class_names[i][0], 'a' + i);
        assert_int_equal(test.class_names[i][1], 0);
    }
    fv__dataset_close(&test);
    made m = made_new();
    for (int k = 0; k < 3073; k++) made_byte(&m, 12);
    made_write(&m, "data/cifar10/data_batch_4.bin");
    refused("cifar10", "data_batch_4.bin: the label of record 1 is 12");
    made_byte(&m, 0);
    made_write(&m, "data/cifar10/test_batch.bin");
    refused("cifar10", "cifar10/");
    made_free(&m);
}

static void fits_or_not(void **state) {
    (void)state;
    fv_dataset set;
    fv_input in = {.channels = 1, .height = 32, .width = 32, .pad = 2, .scale = 1};
    assert_int_equal(fv__dataset_open(ctx, "digits:10", 1, NULL, &set), FV_OK);
    assert_int_equal(fv__dataset_fits(ctx, &set, &in, 10), FV_OK);
    assert_int_equal(fv__dataset_fits(ctx, &set, &in, 1000), FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "has 10 classes, and the network has 1000 outputs"));
    assert_int_equal(fv__dataset_fits(ctx, &set, &in, 9), FV_BAD_INPUT);
    in.channels = 4;
    assert_int_equal(fv__dataset_fits(ctx, &set, &in, 10), FV_BAD_INPUT);
    in.channels = 1;
    in.pad = 16;
    assert_int_equal(fv__dataset_fits(ctx, &set, &in, 10), FV_BAD_INPUT);
    fv__dataset_close(&set);
    fv__dataset_close(NULL);
}

static void count_labels(const fv_dataset *set, const int *want) {
    int counts[10] = {0};
    for (int64_t i = 0; i < set->count; i++) {
        assert_in_range(set->labels[i], 0, 9);
        counts[set->labels[i]]++;
    }
    for (int i = 0; i < 10; i++) assert_int_equal(counts[i], want[i]);
}

static bool skipped(const char *name) {
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", real_data, name);
    if (real_data[0] && fv__folder_exists(path)) {
        setenv("FOVEA_DATA", real_data, 1);
        return false;
    }
    print_message("SKIP real %s: FOVEA_DATA does not name a folder with %s/\n", name, name);
    return true;
}

static void real_mnist(void **state) {
    (void)state;
#ifdef FV_HAVE_ZLIB
    /* How many of each digit the real MNIST has. */
    static const int in_train[] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
    static const int in_test[] = {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};
    if (skipped("mnist")) return;
    fv_dataset train, test;
    if (fv__dataset_open(ctx, "mnist", 1, &train, &test) != FV_OK) fail_msg("%s", ctx->message);
    assert_int_equal(train.count, 60000);
    assert_int_equal(test.count, 10000);
    count_labels(&train, in_train);
    count_labels(&test, in_test);
    /* Worked out apart from this program. */
    assert_true(train.checksum == 0x91091ee6c8719722u);
    assert_true(test.checksum == 0x0253440ddefd98c7u);
    fv__dataset_close(&train);
    fv__dataset_close(&test);
#endif
}

/* Debian's package, where it is installed; elsewhere the message names it. */
static void fashion_of_the_system(void **state) {
    (void)state;
    setenv("FOVEA_DATA", "data", 1); /* whose fashion is not there */
    if (!fv__folder_exists("/usr/share/datasets/fashion-mnist")) {
        refused("fashion", "nor in /usr/share/datasets/fashion-mnist. Put train-images");
        refused("fashion", "by Debian's package dataset-fashion-mnist");
        print_message("SKIP Debian's Fashion-MNIST: it is not installed\n");
        return;
    }
#ifdef FV_HAVE_ZLIB
    static const int in_train[] = {6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000, 6000};
    static const int in_test[] = {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000};
    fv_dataset train, test;
    if (fv__dataset_open(ctx, "fashion", 1, &train, &test) != FV_OK) fail_msg("%s", ctx->message);
    count_labels(&train, in_train);
    count_labels(&test, in_test);
    assert_string_equal(train.class_names[9], "Ankle boot");
    /* Worked out apart from this program. */
    assert_true(train.checksum == 0xbe604ade7ae4adf4u);
    assert_true(test.checksum == 0x85f023a29b0345a1u);
    fv__dataset_close(&train);
    fv__dataset_close(&test);
#endif
}

static void real_cifar10(void **state) {
    (void)state;
    if (skipped("cifar10")) return;
    static const int each[] = {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000};
    fv_dataset test;
    if (fv__dataset_open(ctx, "cifar10", 1, NULL, &test) != FV_OK) fail_msg("%s", ctx->message);
    assert_int_equal(test.count, 10000);
    count_labels(&test, each);
    fv__dataset_close(&test);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idx_plain_and_packed), cmocka_unit_test(idx_that_do_not_fit),
        cmocka_unit_test(idx_damaged),
#ifdef FV_HAVE_ZLIB
        cmocka_unit_test(gzip_damaged),
#endif
        cmocka_unit_test(folders_and_names),    cmocka_unit_test(cifar10_small),
        cmocka_unit_test(fits_or_not),          cmocka_unit_test(real_mnist),
        cmocka_unit_test(real_cifar10),         cmocka_unit_test(fashion_of_the_system),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
