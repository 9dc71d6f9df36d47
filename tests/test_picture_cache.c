/* SPDX-License-Identifier: MIT */
/*
 * test_picture_cache.c - pictures read through a cache are those that are decoded, whatever has
 * become of the cache's files or of the pictures; that it was used at all is seen by pictures that
 * were spoiled behind its back.
 */
#include "base/folder.h"
#include "data/listing.h"
#include "data/picture_cache.h"
#include "data_files.h"
#include "fovea.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

enum { WIDE = 9, HIGH = 7 };

static fv_context *ctx;

static int open_context(void **state) {
    (void)state;
    return fv_context_new(2, &ctx);
}

static int close_context(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

/* A gray picture whose pixels follow from `seed`. */
static void put_picture(const char *path, int seed) {
    uint8_t rows[HIGH * (WIDE + 1)] = {0};
    for (int i = 0; i < HIGH; i++)
        for (int k = 0; k < WIDE; k++)
            rows[i * (WIDE + 1) + 1 + k] = (uint8_t)(seed * 37 + i * 11 + k * 5);
    made m = made_png(
        &(png_request){.width = WIDE, .height = HIGH, .depth = 8, .rows = rows, .row_bytes = WIDE});
    made_write(&m, path);
    made_free(&m);
}

static void set_time(const char *path, int64_t modified) {
    const struct timespec at = {.tv_sec = (time_t)(modified / 1000000000),
                                .tv_nsec = (long)(modified % 1000000000)};
    const struct timespec times[2] = {at, at};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Spoils a picture so that neither its size nor its time tell. */
static void spoil(const char *path) {
    fv_entry e;
    FILE *file = fopen(path, "r+b");
    assert_true(fv__entry_at(path, &e));
    assert_non_null(file);
    for (uint64_t i = 0; i < e.size; i++) assert_true(fputc('x', file) == 'x');
    assert_int_equal(fclose(file), 0);
    set_time(path, e.modified);
}

static void begin(void) {
    assert_int_equal(system("rm -rf cached && mkdir cached"), 0);
    put_picture("cached/a.png", 1);
    set_time("cached/a.png", 1700000000000000000);
}

static fv_picture_cache *cache_at(const char *folder, bool fixed) {
    fv_picture_cache *c;
    assert_int_equal(fv__picture_cache_new(ctx, folder, fixed, &c), FV_OK);
    return c;
}

static void expect_picture(fv_picture_cache *c, int seed) {
    fv_image image;
    if (fv__picture_cache_read(ctx, c, "cached/a.png", &image) != FV_OK)
        fail_msg("%s", ctx->message);
    assert_int_equal(image.width, WIDE);
    assert_int_equal(image.height, HIGH);
    for (int i = 0; i < HIGH; i++)
        for (int k = 0; k < WIDE; k++)
            for (int p = 0; p < image.channels; p++)
                assert_int_equal(image.pixels[(i * WIDE + k) * image.channels + p],
                                 (uint8_t)(seed * 37 + i * 11 + k * 5));
    fv__image_free(&image);
}

/* The path of the cache's only file. */
static const char *leaf(char out[256]) {
    FILE *list = popen("find cached/kept -type f", "r");
    assert_non_null(list);
    assert_non_null(fgets(out, 256, list));
    char more[16];
    assert_null(fgets(more, sizeof more, list)); /* no temporary beside it */
    assert_int_equal(pclose(list), 0);
    out[strcspn(out, "\n")] = 0;
    return out;
}

static void it_is_used(void **state) {
    (void)state;
    begin();
    fv_picture_cache *c = cache_at("cached/kept", false);
    expect_picture(c, 1);
    spoil("cached/a.png");
    expect_picture(c, 1); /* from the cache: the file is no picture any more */
    fv__picture_cache_free(c);
    c = cache_at("cached/kept", false); /* another process */
    expect_picture(c, 1);
    fv__picture_cache_free(c);
    c = cache_at("cached/other", false);
    fv_image image;
    assert_int_equal(fv__picture_cache_read(ctx, c, "cached/a.png", &image), FV_BAD_INPUT);
    fv__picture_cache_free(c);
}

static void changed_pictures(void **state) {
    (void)state;
    begin();
    fv_picture_cache *c = cache_at("cached/kept", false);
    expect_picture(c, 1);
    put_picture("cached/a.png", 2); /* of the same size */
    set_time("cached/a.png", 1700000001000000000);
    expect_picture(c, 2);
    spoil("cached/a.png");
    expect_picture(c, 2); /* the new one took the old one's place */
    char path[256];
    leaf(path);
    fv__picture_cache_free(c);
}

/* Cut anywhere, or one byte another: not taken, and written anew. */
static void spoiled_files(void **state) {
    (void)state;
    char path[256];
    begin();
    fv_picture_cache *c = cache_at("cached/kept", false);
    expect_picture(c, 1);
    leaf(path);
    const long size = (long)fv__file_size(path);
    assert_true(size > WIDE * HIGH);
    for (long at = 0; at < size; at++) {
        assert_int_equal(truncate(path, at), 0);
        expect_picture(c, 1);
        assert_int_equal(fv__file_size(path), size);
        FILE *file = fopen(path, "r+b");
        assert_non_null(file);
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        const int byte = fgetc(file);
        assert_int_equal(fseek(file, at, SEEK_SET), 0);
        assert_true(fputc(byte ^ 0x40, file) != EOF);
        assert_int_equal(fclose(file), 0);
        expect_picture(c, 1);
    }
    spoil("cached/a.png");
    expect_picture(c, 1);
    assert_int_equal(truncate(path, size - 1), 0);
    fv_image image;
    assert_int_equal(fv__picture_cache_read(ctx, c, "cached/a.png", &image), FV_BAD_INPUT);
    fv__picture_cache_free(c);
}

static int told;
static void listen(void *user, fv_log_level level, const char *text) {
    (void)user, (void)level;
    if (strstr(text, "cache")) told++;
}

static void where_nothing_can_be_written(void **state) {
    (void)state;
    fv_context *other;
    fv_context_options o = FV_INIT(fv_context_options);
    o.threads = 1;
    o.log = listen;
    assert_int_equal(fv_context_new_with(&o, &other), FV_OK);
    begin();
    put_picture("cached/file", 3);
    fv_picture_cache *c = cache_at("cached/file", false); /* no folder can be made there */
    fv__picture_cache_tell(other, c);
    assert_int_equal(told, 0);
    expect_picture(c, 1);
    expect_picture(c, 1);
    fv__picture_cache_tell(other, c);
    fv__picture_cache_tell(other, c);
    assert_int_equal(told, 1);
    fv__picture_cache_free(c);
    c = cache_at("cached/kept", true);
    expect_picture(c, 1);
    assert_false(fv__folder_exists("cached/kept")); /* a fixed one writes nothing */
    fv__picture_cache_free(c);
    fv_context_free(other);
}

static void of_a_set(void **state) {
    (void)state;
    assert_int_equal(system("rm -rf set && mkdir -p set/a set/b"), 0);
    for (int i = 0; i < 10; i++) {
        char path[64];
        snprintf(path, sizeof path, "set/%c/%d.png", i % 2 ? 'a' : 'b', i);
        put_picture(path, i);
    }
    fv_picture_cache *c = cache_at("set-kept", false);
    fv_dataset train = {0}, plain = {0};
    fv_set_options options = {1, 1, 0.2, 0, c};
    assert_int_equal(fv__dataset_open_with(ctx, "set", &options, &train, NULL), FV_OK);
    options.cache = NULL;
    assert_int_equal(fv__dataset_open_with(ctx, "set", &options, &plain, NULL), FV_OK);
    assert_true(train.checksum == plain.checksum);
    fv_input in;
    memset(&in, 0, sizeof in);
    fv__field_defaults(fv__input_fields, &in);
    in.channels = 1;
    in.height = in.width = 6;
    static float x[8 * 36], y[8 * 36];
    const fv_batch batch = {.n = 8};
    for (int round = 0; round < 2; round++) {
        assert_int_equal(fv__batch_fill(ctx, &train, &in, &batch, x, NULL, 0), FV_OK);
        assert_int_equal(fv__batch_fill(ctx, &plain, &in, &batch, y, NULL, 0), FV_OK);
        assert_memory_equal(x, y, sizeof x);
    }
    size_t bytes;
    assert_int_equal(fv__picture_cache_forecast(ctx, &train, &bytes), FV_OK);
    assert_true(bytes > 8 * WIDE * HIGH && bytes < 8 * (WIDE * HIGH * 3 + 200));
    fv__dataset_close(&train);
    fv__dataset_close(&plain);
    fv__picture_cache_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_used),    cmocka_unit_test(changed_pictures),
        cmocka_unit_test(spoiled_files), cmocka_unit_test(where_nothing_can_be_written),
        cmocka_unit_test(of_a_set),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
