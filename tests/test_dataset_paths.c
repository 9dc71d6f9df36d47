/* SPDX-License-Identifier: MIT */
/*
 * test_dataset_paths.c - data sets given by path: folders of IDX and of CIFAR-10's files, commas in
 * names, files that Git LFS did not fetch; and what every kind of the list promises.
 */
#include "data/sets.h"
#include "data_files.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fv_context *ctx;

static int open_context(void **state) {
    (void)state;
    setenv("HOME", "home", 1);
    return fv_context_new(2, &ctx) == FV_OK ? 0 : 1;
}

static int close_context(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

static void folder(const char *path) {
    assert_int_equal(fv__folder_make(ctx, path), FV_OK);
}

static void refused(const char *name, const char *words) {
    fv_dataset train, test;
    ctx->message[0] = 0;
    assert_int_equal(fv__dataset_open(ctx, name, 1, &train, &test), FV_BAD_INPUT);
    assert_null(train.sample);
    assert_null(test.sample);
    if (!strstr(ctx->message, words)) fail_msg("'%s' is not in: %s", words, ctx->message);
}

/* Opens and says how many samples each part has. */
static void opens(const char *name, int64_t in_train, int64_t in_test) {
    fv_dataset train, test;
    if (fv__dataset_open(ctx, name, 1, &train, &test) != FV_OK) fail_msg("%s", ctx->message);
    assert_string_equal(train.name, name);
    assert_int_equal(train.count, in_train);
    assert_int_equal(test.count, in_test);
    fv__dataset_close(&train);
    fv__dataset_close(&test);
    assert_null(train.pixels);
}

static void write_cifar10(const char *path) {
    made m = made_new();
    folder(path);
    for (int k = 0; k < 3073; k++) made_byte(&m, k % 10);
    for (int f = 0; f < 6; f++) {
        char file[256];
        if (f < 5)
            snprintf(file, sizeof file, "%s/data_batch_%d.bin", path, f + 1);
        else
            snprintf(file, sizeof file, "%s/test_batch.bin", path);
        made_write(&m, file);
    }
    made_free(&m);
}

/* Four IDX files, A B C D of `path` or under MNIST's names. */
static void write_idx(const char *path, bool mnist) {
    static const char *const names[2][4] = {{"A", "B", "C", "D"},
                                            {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                             "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}};
    made m[4] = {made_images(5, 3, 2), made_labels(5, 3), made_images(4, 3, 2), made_labels(4, 2)};
    folder(path);
    for (int i = 0; i < 4; i++) {
        char file[256];
        snprintf(file, sizeof file, "%s/%s", path, names[mnist][i]);
        made_write(&m[i], file);
        made_free(&m[i]);
    }
}

/* Two labels before the pixels, of which the fine one counts. */
static void cifar100_by_path(void **state) {
    (void)state;
    fv_dataset train;
    char names[1000] = "";
    made m = made_new();
    folder("cifar-100-binary");
    write_text("cifar-100-binary/fine_label_names.txt", "too few\n");
    for (int i = 0; i < 2; i++) {
        made_byte(&m, 3 + i);
        made_byte(&m, 98 + i);
        for (int k = 0; k < 3072; k++) made_byte(&m, k / 1024 + 10 * i);
    }
    made_write(&m, "cifar-100-binary/train.bin");
    made_write(&m, "cifar-100-binary/test.bin");
    opens("cifar-100-binary", 2, 2);
    assert_int_equal(fv__dataset_open(ctx, "cifar-100-binary", 1, &train, NULL), FV_OK);
    assert_int_equal(train.classes, 100);
    assert_string_equal(train.class_names[0], "apple");
    assert_string_equal(train.class_names[99], "worm");
    assert_true(train.labels[0] == 98 && train.labels[1] == 99);
    assert_true(train.pixels[0] == 0 && train.pixels[3071] == 2 && train.pixels[3072] == 10);
    fv__dataset_close(&train);
    for (int i = 0; i < 100; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "n%d\r\n", i);
    write_text("cifar-100-binary/fine_label_names.txt", names);
    assert_int_equal(fv__dataset_open(ctx, "cifar-100-binary", 1, &train, NULL), FV_OK);
    assert_string_equal(train.class_names[42], "n42");
    fv__dataset_close(&train);
    made_byte(&m, 1);
    made_write(&m, "cifar-100-binary/test.bin");
    refused("cifar-100-binary", "two labels and 32x32x3 pixels");
    made_free(&m);
    assert_int_equal(fv__file_remove(ctx, "cifar-100-binary/test.bin"), FV_OK);
    assert_int_equal(fv__file_remove(ctx, "cifar-100-binary/train.bin"), FV_OK);
    write_text("cifar-100-binary/train", "pickle");
    refused("cifar-100-binary", "the Python version of CIFAR-100");
}

static void cifar10_by_path(void **state) {
    (void)state;
    write_cifar10("cifar-10-batches-bin");
    opens("cifar-10-batches-bin", 5, 1);
    opens("cifar-10-batches-bin/", 5, 1);
    opens(".", 5, 1); /* the folder that the archive was unpacked in */
    assert_int_equal(fv__file_remove(ctx, "cifar-10-batches-bin/data_batch_3.bin"), FV_OK);
    refused("cifar-10-batches-bin", "data_batch_3.bin: it does not exist");
    fv_dataset test;
    write_cifar10("own, colours");
    write_text("own, colours/batches.meta.txt", "a\r\nb\r\nc\r\nd\r\ne\r\nf\r\ng\r\nh\r\ni\r\nj k");
    assert_int_equal(fv__dataset_open(ctx, "own, colours", 1, NULL, &test), FV_OK);
    assert_string_equal(test.class_names[0], "a");
    assert_string_equal(test.class_names[9], "j k");
    fv__dataset_close(&test);
    folder("python");
    write_text("python/data_batch_1", "a pickle");
    refused("python", "the Python version of CIFAR-10");
    for (int f = 1; f <= 5; f++) {
        char file[64];
        snprintf(file, sizeof file, "cifar-10-batches-bin/data_batch_%d.bin", f);
        if (fv__file_exists(file)) assert_int_equal(fv__file_remove(ctx, file), FV_OK);
    }
    assert_int_equal(fv__file_remove(ctx, "cifar-10-batches-bin/test_batch.bin"), FV_OK);
}

static void commas_in_names(void **state) {
    (void)state;
    write_idx("a,b", true);
    opens("a,b", 5, 4);
    write_idx("a,b,c,d", true);
    opens("a,b,c,d", 5, 4);
    write_idx("x,y", false);
    opens("x,y/A,x,y/B,x,y/C,x,y/D", 5, 4);
    write_idx("plain", false);
    opens("plain/A,plain/B,x,y/C,plain/D", 5, 4);
    refused("x,y/A,x,y/B,x,y/C", "four IDX files joined by commas");
    refused("no,folder", "there is no folder of this name; four IDX files joined by commas");
}

static void folders_that_hold_nothing(void **state) {
    (void)state;
    folder("empty");
    refused("empty", "empty: this folder does not hold the four IDX files");
    assert_non_null(strstr(ctx->message, "nor CIFAR-10's binary files"));
    refused("no-such-set", "a folder with CIFAR-10's or CIFAR-100's binary files");
}

static const char pointer[] =
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d1"
    "7e2393\nsize 9912422\n";

static void files_not_fetched(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        char file[16] = "lfs/A", want[64];
        write_idx("lfs", false);
        file[4] = (char)('A' + i);
        write_text(file, pointer);
        snprintf(want, sizeof want, "%s: this is a Git LFS pointer", file);
        refused("lfs/A,lfs/B,lfs/C,lfs/D", want);
        assert_non_null(strstr(ctx->message, "`git lfs pull`"));
    }
    write_cifar10("lfs-cifar");
    write_text("lfs-cifar/data_batch_2.bin", pointer);
    refused("lfs-cifar", "data_batch_2.bin: this is a Git LFS pointer");
    /* What only begins like one, or is too long for one, is none. */
    assert_true(fv__is_lfs_pointer(pointer, sizeof pointer - 1));
    assert_false(fv__is_lfs_pointer(pointer, 30));
    char *much = calloc(1, 2000);
    memcpy(much, pointer, sizeof pointer);
    assert_false(fv__is_lfs_pointer(much, 2000));
    free(much);
}

/* --- every kind of the list ----------------------------------------------------------------- */

static void check_sample(const fv_dataset *set, const fv_sample *s) {
    assert_non_null(s->image.data);
    assert_int_equal(s->image.dtype, set->dtype);
    assert_true(s->image.width > 0 && s->image.height > 0 && s->image.channels > 0);
    if (set->one_size) {
        assert_int_equal(s->image.width, set->width);
        assert_int_equal(s->image.height, set->height);
        assert_int_equal(s->image.channels, set->channels);
    }
    assert_int_equal(s->targets, set->targets);
    for (int k = 0; k < s->targets; k++) {
        assert_int_equal(s->target[k].kind, set->target[k].kind);
        if (s->target[k].kind == FV_TARGET_CLASS)
            assert_in_range(fv__sample_class(s, k), 0, set->classes - 1);
    }
}

/* What a set promises, whatever its kind. */
static void check_set(fv_dataset *set) {
    assert_true(set->count > 0);
    assert_true(set->mutable || set->checksum != 0);
    for (int64_t i = 0; set->class_names && i < set->classes; i++)
        assert_true(set->class_names[i][0]);
    const int64_t numbers[] = {0, set->count / 2, set->count - 1};
    for (int i = 0; i < 3; i++) {
        fv_arena scratch;
        fv_sample s;
        fv__arena_init(&scratch, ctx);
        assert_int_equal(fv__dataset_sample(ctx, set, numbers[i], &scratch, &s), FV_OK);
        check_sample(set, &s);
        fv__arena_free(&scratch);
    }
    fv_sample s;
    assert_int_equal(fv__dataset_sample(ctx, set, -1, NULL, &s), FV_USAGE);
    assert_int_equal(fv__dataset_sample(ctx, set, set->count, NULL, &s), FV_USAGE);
    fv__dataset_close(set);
}

/* Names and texts; opened where its files are, with what it promises; else it says where they go.
 */
static void every_kind(void **state) {
    (void)state;
    for (size_t i = 0; fv__dataset_kinds[i]; i++) {
        const fv_dataset_kind *k = fv__dataset_kinds[i];
        assert_true(k->name[0] && k->help[0] && k->recognise && (k->open || k->read));
        if (k->by_path) {
            assert_true(k->how[0]);
            continue;
        }
        assert_true(k->recognise(k->name));
        for (size_t j = 0; j < i; j++) assert_false(fv__dataset_kinds[j]->recognise(k->name));
        fv_dataset train, test;
        if (fv__dataset_open(ctx, k->name, 1, &train, &test) == FV_OK) {
            check_set(&train);
            check_set(&test);
        } else {
            assert_non_null(strstr(ctx->message, k->name));
            print_message("SKIP %s: %s\n", k->name, ctx->message);
        }
        refused("no-such-set", k->name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cifar10_by_path),   cmocka_unit_test(cifar100_by_path),
        cmocka_unit_test(commas_in_names),   cmocka_unit_test(folders_that_hold_nothing),
        cmocka_unit_test(files_not_fetched), cmocka_unit_test(every_kind),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
