/* SPDX-License-Identifier: MIT */
/*
 * test_alloc_data.c - memory refused at every place while images are decoded and preprocessed,
 * data sets opened and batches filled.
 *
 * The linker puts our malloc and its relatives before the library's calls (--wrap). Each task is
 * repeated with the first, second, third … request refused, once that one alone and once all from
 * there on, until it passes. Each time before, it must end in FV_EXHAUSTED and a sentence; the
 * sanitizer's leak check at the end of the program sees what was not freed.
 */
#include "base/loose_file.h"
#include "data/components.h"
#include "data/picture_cache.h"
#include "data/survey.h"
#include "data_files.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **p, size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **p, size_t alignment, size_t size);

static bool armed; /* refusals count in the library's work alone */
static long requests, refuse_at;
static bool refuse_rest;

static bool refused(void) {
    if (!armed) return false;
    requests++;
    return requests == refuse_at || (refuse_rest && requests > refuse_at);
}

void *__wrap_malloc(size_t size) {
    return refused() ? NULL : __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size) {
    return refused() ? NULL : __real_calloc(count, size);
}
void *__wrap_realloc(void *p, size_t size) {
    return refused() ? NULL : __real_realloc(p, size);
}
void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    return refused() ? NULL : __real_aligned_alloc(alignment, size);
}
int __wrap_posix_memalign(void **p, size_t alignment, size_t size) {
    return refused() ? ENOMEM : __real_posix_memalign(p, alignment, size);
}

static fv_context *ctx;

static int open_context(void **state) {
    (void)state;
    return fv_context_new(1, &ctx) == FV_OK ? 0 : 1;
}

static int close_context(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

typedef fv_status task_fn(const void *arg);

/* At least `least` requests must be met on the way: a task that asks for none tests nothing. */
static void refuse_everywhere(task_fn *task, const void *arg, long least) {
    for (int rest = 0; rest < 2; rest++) {
        fv_status status = FV_EXHAUSTED;
        long at = 0;
        while (status != FV_OK && at < 1000) {
            refuse_at = ++at;
            refuse_rest = rest;
            requests = 0;
            ctx->message[0] = 0;
            armed = true;
            status = task(arg);
            armed = false;
            if (status != FV_OK && status != FV_EXHAUSTED)
                fail_msg("request %ld: status %d: %s", at, (int)status, ctx->message);
            if (status != FV_OK) assert_true(ctx->message[0]);
        }
        assert_int_equal(status, FV_OK);
        if (at <= least) fail_msg("%ld requests, %ld expected at least", at - 1, least);
    }
}

static fv_status decode_and_prepare(const void *arg) {
    const made *m = arg;
    fv_image p;
    float x[3 * 8 * 8];
    fv_input in = {.channels = 3, .height = 8, .width = 8, .resize = 6, .crop = {5, 4}, .scale = 1};
    FV_TRY(fv__image_decode(ctx, "a file", m->data, m->size, &p));
    fv_status status = fv__preprocess(ctx, &in, &p, x);
    fv__image_free(&p);
    return status;
}

static fv_status decode_nothing(const void *arg) {
    fv_image p;
    fv_status status = fv__image_decode(ctx, "a file", arg, 4, &p);
    assert_null(p.pixels);
    return status == FV_BAD_INPUT ? FV_OK : status;
}

static void images(void **state) {
    (void)state;
    refuse_everywhere(decode_nothing, "none", 1); /* the list in the message */
    made pnm = made_new();
    made_add(&pnm, "P6 2 1 255\n\1\2\3\4\5\6", 17);
    refuse_everywhere(decode_and_prepare, &pnm, 5);
    made_free(&pnm);
#ifdef FV_HAVE_PNG
    static const uint8_t rows[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 9, 8, 7, 6, 5, 4, 3, 2};
    made png = made_png(&(png_request){
        .width = 2, .height = 2, .depth = 8, .colour = 6, .rows = rows, .row_bytes = 8});
    refuse_everywhere(decode_and_prepare, &png, 8);
    made_free(&png);
    made exif = made_exif(true, 6);
    made turned = made_png(&(png_request){.width = 2,
                                          .height = 2,
                                          .depth = 8,
                                          .colour = 6,
                                          .rows = rows,
                                          .row_bytes = 8,
                                          .extra_type = "eXIf",
                                          .extra = exif.data,
                                          .extra_bytes = exif.size});
    refuse_everywhere(decode_and_prepare, &turned, 9);
    made_free(&turned);
    made_free(&exif);
#endif
}

static fv_status open_and_fill(const void *arg) {
    fv_dataset train, test;
    float x[4 * 3 * 16 * 16];
    int32_t labels[4];
    fv_input in = {.channels = 3, .height = 16, .width = 16, .scale = 1};
    FV_TRY(fv__dataset_open(ctx, arg, 1, &train, &test));
    fv_status status = fv__batch_fill_classes(ctx, &train, &in, &(fv_batch){.n = 4}, x, labels);
    if (status == FV_OK)
        status = fv__batch_fill_classes(ctx, &test, &in, &(fv_batch){.n = 2}, x, labels);
    fv__dataset_close(&train);
    fv__dataset_close(&test);
    return status;
}

static void sets(void **state) {
    (void)state;
    made m[4] = {made_images(5, 3, 2), made_labels(5, 3), made_images(4, 3, 2), made_labels(4, 2)};
    const char *const name[4] = {"A", "B", "C", "D"}, *const packed[4] = {"Z", "Y", "X", "W"};
    for (int i = 0; i < 4; i++) {
        made z = made_gzip(&m[i]);
        made_write(&m[i], name[i]);
        made_write(&z, packed[i]);
        made_free(&z);
        made_free(&m[i]);
    }
    refuse_everywhere(open_and_fill, "digits:20", 8);
    refuse_everywhere(open_and_fill, "A,B,C,D", 8);
#ifdef FV_HAVE_ZLIB
    refuse_everywhere(open_and_fill, "Z,Y,X,W", 12);
#endif
}

/* An image, a class, a map and a vector, all in the scratch. */
static fv_status give(fv_context *own, void *user, int64_t i, fv_arena *scratch, fv_sample *out) {
    (void)own, (void)user, (void)i;
    uint8_t *bytes = fv__arena_alloc(scratch, 12);
    float *numbers = fv__arena_alloc(scratch, 100000 * sizeof *numbers);
    if (!bytes || !numbers) return FV_EXHAUSTED;
    out->image = (fv_image_view){bytes, FV_U8, 4, 3, 1, 4, 1, 12};
    out->targets = 3;
    out->target[0] = (fv_target){FV_TARGET_CLASS, FV_U8, {0}, bytes};
    out->target[1] = (fv_target){FV_TARGET_MAP, FV_U8, fv__shape2(3, 4), bytes};
    out->target[2] = (fv_target){FV_TARGET_VECTOR, FV_F32, fv__shape1(100000), numbers};
    return FV_OK;
}

/* A batch of two with all that training can do to it. */
static fv_status fill_augmented(const fv_dataset *set, const fv_input *in) {
    static float x[2 * 64], map[2 * 2 * 64], shares[2 * 2];
    static const fv_augment all = {.flip = true,
                                   .shift = 1,
                                   .zoom = 0.1,
                                   .rotate = 10,
                                   .elastic = 1,
                                   .elastic_sigma = 2,
                                   .area = 0.5,
                                   .aspect = 1.5,
                                   .brightness = 0.1,
                                   .hue = 0.1,
                                   .pca = 0.1,
                                   .cutout = 2,
                                   .mixup = 1,
                                   .cutmix = 1};
    const fv_batch_target targets[] = {{0, -1, shares, 2}, {1, 255, map, 2}};
    fv_components components;
    FV_TRY(fv__components_of(ctx, set, &components));
    const fv_batch batch = {.n = 2, .augment = &all, .components = &components};
    return fv__batch_fill(ctx, set, in, &batch, x, targets, 2);
}

static fv_status open_own(const void *arg) {
    (void)arg;
    static const char *const names[] = {"a", "b"};
    static float x[2 * 64], vector[2 * 100000];
    int32_t map[2 * 64], classes[2];
    const fv_sample_source source = {
        .name = "own",
        .count = 2,
        .target = {{FV_TARGET_CLASS, 0}, {FV_TARGET_MAP, 0}, {FV_TARGET_VECTOR, 100000}},
        .targets = 3,
        .classes = 2,
        .class_names = names,
        .sample = give,
        .dtype = FV_U8};
    const fv_batch_target targets[] = {{0, 0, classes, 0}, {1, 255, map, 0}, {2, 0, vector, 0}};
    fv_input in = {.channels = 1, .height = 8, .width = 8, .scale = 1};
    fv_dataset set;
    fv_arena scratch;
    fv_loaded out;
    FV_TRY(fv__dataset_from(ctx, &source, &set));
    fv_status status = fv__batch_fill(ctx, &set, &in, &(fv_batch){.n = 2}, x, targets, 3);
    if (status == FV_OK) status = fill_augmented(&set, &in);
    fv__arena_init(&scratch, ctx);
    if (status == FV_OK) status = fv__sample_load(ctx, &set, &in, 1, 255, &scratch, &out);
    fv__arena_free(&scratch);
    fv__dataset_close(&set);
    return status;
}

static void own_set(void **state) {
    (void)state;
    refuse_everywhere(open_own, NULL, 12);
}

static fv_status open_folders(const void *name) {
    fv_dataset train, test;
    float x[3 * 8 * 8];
    const fv_input in = {.channels = 3, .height = 8, .width = 8, .scale = 1};
    FV_TRY(fv__dataset_open(ctx, name, 1, &train, &test));
    fv_status status = fv__batch_fill_classes(ctx, &train, &in, &(fv_batch){.n = 1}, x, NULL);
    fv__dataset_close(&train);
    fv__dataset_close(&test);
    return status;
}

static bool cache_fixed;

/* Through a cache; of one that is fixed all pictures are there. */
static fv_status open_cached(const void *name) {
    fv_picture_cache *cache;
    fv_dataset train, test;
    float x[3 * 8 * 8];
    const fv_input in = {.channels = 3, .height = 8, .width = 8, .scale = 1};
    FV_TRY(fv__picture_cache_new(ctx, "kept", cache_fixed, &cache));
    const fv_set_options options = {1, 1, 0.2, 0, cache};
    fv_status status = fv__dataset_open_with(ctx, name, &options, &train, &test);
    if (status == FV_OK) {
        status = fv__batch_fill_classes(ctx, &train, &in, &(fv_batch){.n = 1}, x, NULL);
        fv__dataset_close(&train);
        fv__dataset_close(&test);
    }
    fv__picture_cache_free(cache);
    return status;
}

static fv_status write_loosely(const void *path) {
    return fv__loose_write(ctx, path, &(fv_piece){"loose", 5}, 1);
}

static fv_status open_refused(const void *name) {
    fv_dataset train, test;
    const fv_status status = fv__dataset_open(ctx, name, 1, &train, &test);
    return status == FV_BAD_INPUT ? FV_OK : status;
}

static fv_status open_held(const void *name) {
    const fv_set_options o = {1, 1, 0.2, 0.5, NULL};
    fv_dataset train, test;
    FV_TRY(fv__dataset_open_with(ctx, name, &o, &train, &test));
    fv__dataset_close(&train);
    fv__dataset_close(&test);
    return FV_OK;
}

static fv_status check_set(const void *name) {
    const fv_set_options options = {1, 1, 0.2, 0, NULL};
    fv_survey survey;
    FV_TRY(fv__survey(ctx, name, &options, NULL, NULL, &survey));
    fv__survey_free(&survey);
    return FV_OK;
}

/* Folders of pictures: in parts, divided by chance, with what is remarked or refused. */
static void folders(void **state) {
    (void)state;
    static const char *const names[] = {"f/train/a/1.pgm", "f/train/b/1.pgm", "f/train/b/2.gif",
                                        "f/test/a/1.pgm",  "f/train/x.pgm",   "g/a/1.pgm",
                                        "g/a/2.pgm",       "g/b/1.pgm",       "h/train/a/1.pgm",
                                        "h/test/b/1.pgm",  "k/train/a/1.pgm", "k/train/a/2.pgm",
                                        "k/train/b/1.pgm", "k/test/b/1.pgm"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char folder[64];
        strcpy(folder, names[i]);
        *strrchr(folder, '/') = 0;
        assert_int_equal(fv__folder_make(ctx, folder), FV_OK);
        write_text(names[i], "P2 1 1 255 7\n");
    }
    refuse_everywhere(open_folders, "f", 30);
    refuse_everywhere(open_folders, "g", 25);
    refuse_everywhere(open_held, "k", 25);
    refuse_everywhere(open_held, "digits:20", 8);
    refuse_everywhere(open_refused, "h", 20);
    cache_fixed = false;
    assert_int_equal(open_cached("f"), FV_OK);
    cache_fixed = true;
    refuse_everywhere(open_cached, "f", 35);
    refuse_everywhere(write_loosely, "loose", 1);
    refuse_everywhere(check_set, "f", 60); /* doubled, loose and foreign pictures */
    write_text("g/a/3.jpg", "no picture");
    refuse_everywhere(check_set, "g", 60);
    (void)!fv__file_remove(ctx, "g/a/3.jpg");
    write_text("g/list.csv", "file,label\na/1.pgm,x\n\"a/2.pgm\",y\nb/1.pgm,x\n");
    refuse_everywhere(open_folders, "g/list.csv", 25);
    write_text("g/list.csv", "a/1.pgm,x\na/3.pgm,y\n");
    refuse_everywhere(open_refused, "g/list.csv", 10);
}

static fv_status open_unknown(const void *name) {
    fv_dataset train, test;
    fv_status status = fv__dataset_open(ctx, name, 1, &train, &test);
    return status == FV_BAD_INPUT ? FV_OK : status;
}

static void unknown_sets(void **state) {
    (void)state;
    assert_int_equal(fv__folder_make(ctx, "none"), FV_OK);
    refuse_everywhere(open_unknown, "nonesuch", 2);
    refuse_everywhere(open_unknown, "none", 1);
}

static fv_status open_cifar10(const void *arg) {
    (void)arg;
    fv_dataset train, test;
    FV_TRY(fv__dataset_open(ctx, "cifar10", 1, &train, &test));
    fv__dataset_close(&train);
    fv__dataset_close(&test);
    return FV_OK;
}

static void cifar10(void **state) {
    (void)state;
    static const char *const names[] = {"data_batch_1", "data_batch_2", "data_batch_3",
                                        "data_batch_4", "data_batch_5", "test_batch"};
    assert_int_equal(fv__folder_make(ctx, "data/cifar10"), FV_OK);
    made m = made_new();
    for (int i = 0; i < 3073; i++) made_byte(&m, 1);
    for (int i = 0; i < 6; i++) {
        char path[64] = "data/cifar10/";
        strcat(path, names[i]);
        strcat(path, ".bin");
        made_write(&m, path);
    }
    made_free(&m);
    write_text("data/cifar10/batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
    setenv("FOVEA_DATA", "data", 1);
    refuse_everywhere(open_cifar10, NULL, 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images),  cmocka_unit_test(sets),         cmocka_unit_test(cifar10),
        cmocka_unit_test(own_set), cmocka_unit_test(unknown_sets), cmocka_unit_test(folders),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
