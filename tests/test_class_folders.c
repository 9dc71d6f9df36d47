/* SPDX-License-Identifier: MIT */
/*
 * test_class_folders.c - folders of pictures, a folder for each class: what is listed and in which
 * order, how it is divided, what is refused and what is said.
 */
#include "data/listing.h"
#include "data_files.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static fv_context *ctx;

static int open_context(void **state) {
    (void)state;
    return fv_context_new(3, &ctx) == FV_OK ? 0 : 1;
}

static int close_context(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

static void open_sets(const char *name, double split, uint64_t seed, fv_dataset *train,
                      fv_dataset *test) {
    const fv_set_options o = {seed, seed, split, 0, NULL};
    if (fv__dataset_open_with(ctx, name, &o, train, test) != FV_OK) fail_msg("%s", ctx->message);
}

static void close_sets(fv_dataset *train, fv_dataset *test) {
    fv__dataset_close(train);
    fv__dataset_close(test);
}

static void refused(const char *name, const char *words) {
    fv_dataset train, test;
    ctx->message[0] = 0;
    assert_int_equal(fv__dataset_open(ctx, name, 1, &train, &test), FV_BAD_INPUT);
    if (!strstr(ctx->message, words)) fail_msg("'%s' is not in: %s", words, ctx->message);
}

static void remarked(const fv_dataset *set, const char *words) {
    for (int i = 0; i < set->remark_count; i++)
        if (strstr(set->remark[i].text, words)) return;
    fail_msg("'%s' is in no remark; the first of %d: %s", words, set->remark_count,
             set->remark_count ? set->remark[0].text : "");
}

/* Classes and pictures in the order of bytes, at any depth; what hides or is no picture is not
   listed; each picture has its own size. */
static void parts_as_folders(void **state) {
    (void)state;
    write_gray(ctx, "p/train/b/2.pgm", 3, 2, 20);
    write_gray(ctx, "p/train/b/deep/er/1.PGM", 5, 4, 21);
    write_gray(ctx, "p/train/B/x y.pgm", 2, 2, 30);
    write_gray(ctx, "p/train/b/\xc3\xa9.pgm", 1, 1, 22);
    write_gray(ctx, "p/train/b/.hidden.pgm", 1, 1, 0);
    write_gray(ctx, "p/train/b/.cache/a.pgm", 1, 1, 0);
    write_gray(ctx, "p/train/b/__MACOSX/a.pgm", 1, 1, 0);
    write_gray(ctx, "p/Testing/b/t.pgm", 2, 1, 40);
    write_gray(ctx, "p/Testing/B/t.pgm", 1, 2, 50);
    write_text("p/train/b/notes.txt", "not a picture");
    fv_dataset train, test;
    open_sets("p", 0.2, 1, &train, &test);
    assert_int_equal(train.classes, 2);
    assert_string_equal(train.class_names[0], "B");
    assert_string_equal(train.class_names[1], "b");
    static const char *const names[] = {"train/B/x y.pgm", "train/b/2.pgm", "train/b/deep/er/1.PGM",
                                        "train/b/\xc3\xa9.pgm"};
    static const int sizes[][3] = {{2, 2, 30}, {3, 2, 20}, {5, 4, 21}, {1, 1, 22}};
    assert_int_equal(train.count, 4);
    assert_false(train.one_size);
    assert_int_equal(train.remark_count, 0);
    for (int i = 0; i < 4; i++) {
        fv_arena scratch;
        fv_sample s;
        fv__arena_init(&scratch, ctx);
        assert_string_equal(train.file(&train, i), names[i]);
        assert_int_equal(fv__dataset_sample(ctx, &train, i, &scratch, &s), FV_OK);
        assert_string_equal(s.file, names[i]);
        assert_int_equal(s.image.width, sizes[i][0]);
        assert_int_equal(s.image.height, sizes[i][1]);
        assert_int_equal(*(const uint8_t *)s.image.data, sizes[i][2]);
        assert_int_equal(fv__sample_class(&s, 0), i > 0);
        fv__arena_free(&scratch);
    }
    assert_int_equal(test.count, 2);
    assert_string_equal(test.file(&test, 0), "Testing/B/t.pgm");
    int32_t labels[4];
    assert_int_equal(fv__dataset_labels(ctx, &train, labels), FV_OK);
    assert_true(labels[0] == 0 && labels[1] == 1 && labels[2] == 1 && labels[3] == 1);
    close_sets(&train, &test);
}

/* Without a test part each class gives its share, by the seed alone. */
static void divided_by_chance(void **state) {
    (void)state;
    static const int counts[] = {1, 2, 10, 20};
    char path[64];
    for (int k = 0; k < 4; k++)
        for (int i = 0; i < counts[k]; i++) {
            snprintf(path, sizeof path, "c/k%d/%02d.pgm", k, i);
            write_gray(ctx, path, 1 + i, 1 + k, i);
        }
    fv_dataset train, test, again, other;
    open_sets("c", 0.2, 7, &train, &test);
    int of_class[4] = {0};
    for (int64_t i = 0; i < test.count; i++) of_class[test.labels[i]]++;
    assert_int_equal(of_class[0], 0); /* its one picture is learned from */
    assert_int_equal(of_class[1], 1); /* at least one */
    assert_int_equal(of_class[2], 2);
    assert_int_equal(of_class[3], 4);
    assert_int_equal(train.count + test.count, 33);
    remarked(&train, "7 of its 33 pictures");
    remarked(&train, "split=0.2, seed 7");
    for (int64_t i = 0; i < test.count; i++) /* in one part alone */
        for (int64_t k = 0; k < train.count; k++)
            assert_string_not_equal(test.file(&test, i), train.file(&train, k));
    open_sets("c", 0.2, 7, &again, NULL);
    assert_true(again.checksum == train.checksum);
    fv__dataset_close(&again);
    open_sets("c", 0.2, 8, &other, NULL);
    assert_true(other.checksum != train.checksum);
    fv__dataset_close(&other);
    open_sets("c", 0.9, 7, &other, &again);
    assert_int_equal(other.count, 1 + 1 + 1 + 2);
    close_sets(&other, &again);
    close_sets(&train, &test);
}

/* Names, sizes and classes are in the checksum. */
static void checksums(void **state) {
    (void)state;
    fv_dataset train;
    write_gray(ctx, "s/train/a/1.pgm", 2, 2, 1);
    write_gray(ctx, "s/train/b/1.pgm", 2, 2, 2);
    write_gray(ctx, "s/test/a/1.pgm", 2, 2, 3);
    open_sets("s", 0.2, 1, &train, NULL);
    const uint64_t first = train.checksum;
    fv__dataset_close(&train);
    open_sets("s", 0.5, 2, &train, NULL); /* of which nothing depends */
    assert_true(train.checksum == first);
    remarked(&train, "1 class has no pictures in the test part: train/b");
    fv__dataset_close(&train);
    assert_int_equal(rename("s/train/a/1.pgm", "s/train/a/2.pgm"), 0);
    open_sets("s", 0.2, 1, &train, NULL);
    assert_true(train.checksum != first);
    fv__dataset_close(&train);
    assert_int_equal(rename("s/train/a/2.pgm", "s/train/a/1.pgm"), 0);
    write_gray(ctx, "s/train/a/1.pgm", 2, 3, 1);
    open_sets("s", 0.2, 1, &train, NULL);
    assert_true(train.checksum != first);
    fv__dataset_close(&train);
}

static void refusals(void **state) {
    (void)state;
    write_gray(ctx, "r/train/a/1.pgm", 2, 2, 1);
    write_gray(ctx, "r/train/b/1.pgm", 2, 2, 2);
    write_gray(ctx, "r/test/c/1.pgm", 2, 2, 3);
    refused("r",
            "r: 1 class of the test part has nothing to learn from: test/c; `fovea data check");
    write_gray(ctx, "one/only/1.pgm", 2, 2, 1);
    write_gray(ctx, "one/only/2.pgm", 2, 2, 1);
    refused("one", "all pictures are of one class, 'only'");
    write_gray(ctx, "twice/train/a/1.pgm", 2, 2, 1);
    write_gray(ctx, "twice/Training/a/1.pgm", 2, 2, 1);
    refused("twice", "the same part twice");
    write_gray(ctx, "lone/in/a/1.pgm", 2, 2, 1);
    write_gray(ctx, "lone/in/b/1.pgm", 2, 2, 1);
    refused("lone", "one level too many: in (give lone/in)");
    assert_int_equal(fv__folder_make(ctx, "bare"), FV_OK);
    refused("bare", "pictures in a folder for each class");
    write_gray(ctx, "flat/1.pgm", 2, 2, 1);
    refused("flat", "there are no pictures to learn from");
}

static void remarks(void **state) {
    (void)state;
    fv_dataset train, test;
    write_gray(ctx, "m/train/a/1.pgm", 2, 2, 1);
    write_gray(ctx, "m/train/b/1.pgm", 2, 2, 2);
    write_gray(ctx, "m/train/loose.pgm", 2, 2, 2);
    write_gray(ctx, "m/test/a/other name.pgm", 2, 2, 2);
    write_gray(ctx, "m/test/b/1.pgm", 3, 3, 2);
    write_text("m/train/b/a.gif", "GIF89a");
    assert_int_equal(fv__folder_make(ctx, "m/train/none"), FV_OK);
    assert_int_equal(fv__folder_make(ctx, "m/old"), FV_OK);
    (void)!unlink("m/train/a/up"); /* of an earlier run */
    assert_int_equal(symlink("../..", "m/train/a/up"), 0);
    write_gray(ctx, "m/val/a/1.pgm", 7, 7, 2);
    open_sets("m", 0.2, 1, &train, &test);
    assert_int_equal(train.count, 2);
    assert_int_equal(test.count, 2);
    remarked(&train, "lies beside the class folders and has no class: train/loose.pgm");
    remarked(&train, "is in the training and in the test part: test/a/other name.pgm and "
                     "train/b/1.pgm");
    remarked(&train, "1 picture is of a kind that is not read, and is left out: train/b/a.gif");
    remarked(&train, "no class: train/none");
    remarked(&train, "left out: old");
    remarked(&train, "is not followed: train/a/up");
    remarked(&train, "its 1 picture is not used");
    close_sets(&train, &test);
}

/* A picture that turns out to be none is named, with what finds all such. */
static void damage(void **state) {
    (void)state;
    fv_dataset train, test;
    float x[4 * 3 * 2 * 2];
    const fv_input in = {.channels = 3, .height = 2, .width = 2, .scale = 1};
    write_gray(ctx, "d 1/train/a/1.pgm", 2, 2, 1);
    write_gray(ctx, "d 1/train/b/1.pgm", 2, 2, 2);
    write_gray(ctx, "d 1/test/a/1.pgm", 2, 2, 3);
    write_gray(ctx, "d 1/test/b/1.pgm", 2, 2, 3);
    write_text("d 1/train/b/2.pgm", "<html>");
    open_sets("d 1", 0.2, 1, &train, &test);
    assert_int_equal(fv__batch_fill_classes(ctx, &test, &in, &(fv_batch){.n = 2}, x, NULL), FV_OK);
    assert_int_equal(fv__batch_fill_classes(ctx, &train, &in, &(fv_batch){.n = 3}, x, NULL),
                     FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "sample 2: d 1/train/b/2.pgm: this is a text file"));
    assert_non_null(strstr(ctx->message, "`fovea data check 'd 1'`"));
    close_sets(&train, &test);
}

/* --- lists ------------------------------------------------------------------------------------ */

static void lists(void **state) {
    (void)state;
    fv_dataset train, test;
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = {"l/a.pgm", "l/b, c.pgm", "l/\"q\".pgm", "l/d/e.pgm"};
        write_gray(ctx, names[i], 2 + i, 2, i);
    }
    /* no header, quotes, CRLF, numbers in their order */
    write_text("l/1.csv", "\xef\xbb\xbf"
                          "a.pgm,10,train\r\n\"b, c.pgm\",2,train\r\n"
                          "\"\"\"q\"\".pgm\",10,test\r\n\r\nd/e.pgm,2,val");
    open_sets("l/1.csv", 0.2, 1, &train, &test);
    assert_int_equal(train.count, 2);
    assert_string_equal(train.class_names[0], "2");
    assert_string_equal(train.class_names[1], "10");
    assert_string_equal(train.file(&train, 0), "b, c.pgm");
    assert_int_equal(test.count, 1);
    assert_string_equal(test.file(&test, 0), "\"q\".pgm");
    remarked(&train, "its 1 picture is not used");
    close_sets(&train, &test);
    /* columns in an order of one's own, tabs, words for classes, no parts */
    write_text("l/2.tsv", "id\tClass\tweight\tFile\n7\tred one\t1\ta.pgm\n8\tblue\t1\tb, c.pgm\n"
                          "9\tred one\t2\td/e.pgm\n");
    open_sets("l/2.tsv", 0.5, 1, &train, &test);
    assert_string_equal(train.class_names[0], "blue");
    assert_string_equal(train.class_names[1], "red one");
    assert_int_equal(train.count, 2);
    assert_int_equal(test.count, 1);
    remarked(&train, "1 of its 3 pictures");
    close_sets(&train, &test);
}

static void lists_refused(void **state) {
    (void)state;
    write_gray(ctx, "k/a.pgm", 2, 2, 1);
    write_gray(ctx, "k/b.pgm", 2, 2, 2);
    write_text("k/1.csv", "a.pgm,x,train\nb.pgm,y,tset\n");
    refused("k/1.csv", "k/1.csv:2: 'tset' is no part");
    write_text("k/1.csv", "a.pgm,x\n\n\"b.pgm,y\n");
    refused("k/1.csv", "k/1.csv:3: a quote is opened");
    write_text("k/1.csv", "a.pgm,x\nb.pgm\n");
    refused("k/1.csv", "k/1.csv:2: a file and its label");
    write_text("k/1.csv", "a.pgm,x\nb.pgm,\n");
    refused("k/1.csv", "k/1.csv:2: the file has no label");
    write_text("k/1.csv", "a.pgm,x\n,y\n");
    refused("k/1.csv", "k/1.csv:2: no file is named");
    write_text("k/1.csv", "file,label\na.pgm,x\nc.pgm,y\nb.pgm,y\n");
    refused("k/1.csv", "1 file of the list is not there: c.pgm (line 3)");
    write_text("k/1.csv", "file,label\n");
    refused("k/1.csv", "names no pictures");
    write_text("k/1.csv", "");
    refused("k/1.csv", "names no pictures");
    refused("k/none.csv", "k/none.csv: it does not exist");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_as_folders), cmocka_unit_test(divided_by_chance),
        cmocka_unit_test(checksums),        cmocka_unit_test(refusals),
        cmocka_unit_test(remarks),          cmocka_unit_test(lists),
        cmocka_unit_test(lists_refused),    cmocka_unit_test(damage),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
