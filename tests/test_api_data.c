/* SPDX-License-Identifier: MIT */
/*
 * test_api_data.c - public: data sets by name and by the program's own functions, images, and what
 * is drawn of them.
 */
#include "public.h"

/* --------------------------------------------------------------------------- known sets --- */

static void sets_are_listed_and_opened(void **state) {
    fv_context *ctx = *state;
    fv_dataset *train, *test;
    int digits = 0, by_path = 0, kinds = fv_dataset_kinds();
    for (int i = 0; i < kinds; i++) {
        assert_true(strlen(fv_dataset_kind_help(i)) > 5);
        digits += strcmp(fv_dataset_kind_name(i), "digits") == 0;
        by_path += fv_dataset_kind_by_path(i);
    }
    assert_int_equal(digits, 1);
    assert_true(by_path >= 1 && by_path < kinds);
    assert_null(fv_dataset_kind_name(kinds));
    assert_null(fv_dataset_kind_help(-1));
    OK(ctx, fv_dataset_open(ctx, "digits:120", 3, &train, &test));
    int64_t dims[3];
    fv_dataset_image(train, dims);
    assert_int_equal(dims[0], 1);
    assert_int_equal(dims[1], 28);
    assert_int_equal(fv_dataset_count(train), 120);
    assert_int_equal(fv_dataset_count(test), 20);
    assert_int_equal(fv_dataset_classes(train), 10);
    assert_string_equal(fv_dataset_name(train), "digits:120");
    assert_null(fv_dataset_class(train, 10));
    assert_true(fv_dataset_checksum(train) != 0);
    fv_dataset *other;
    OK(ctx, fv_dataset_open(ctx, "digits:120", 4, &other, NULL));
    assert_true(fv_dataset_checksum(train) != fv_dataset_checksum(other));
    fv_dataset_free(other);
    OK(ctx, fv_dataset_open(ctx, "digits:120", 3, NULL, &other));
    assert_true(fv_dataset_checksum(test) == fv_dataset_checksum(other));
    fv_dataset_free(other);
    fv_dataset_free(test);
    fv_dataset_free(train);
    fv_dataset_free(NULL);
    SAYS(ctx, fv_dataset_open(ctx, "digit", 1, &train, &test), FV_BAD_INPUT, "digits");
    assert_null(train);
    assert_null(test);
    assert_int_equal(fv_dataset_count(NULL), 0);
    assert_null(fv_dataset_name(NULL));
}

static void samples_and_batches(void **state) {
    fv_context *ctx = *state;
    fv_dataset *set;
    fv_sample_view *s;
    fv_net *net;
    static float x[3 * 784], again[784];
    int32_t labels[3];
    const int64_t which[] = {5, 0, 5};
    OK(ctx, fv_dataset_open(ctx, "digits:60", 3, &set, NULL));
    OK(ctx, fv_net_parse(ctx, "net a\ninput 1x28x28 scale 1/255\n  fc 10\n", NULL, &net));
    OK(ctx, fv_dataset_batch(ctx, set, net, which, 0, 3, x, labels));
    OK(ctx, fv_dataset_sample(ctx, set, 5, &s));
    assert_int_equal(s->channels * s->height * s->width, 784);
    assert_int_equal(s->label, labels[0]);
    assert_int_equal(labels[0], labels[2]);
    assert_int_equal(s->target_count, 1);
    assert_int_equal(s->targets[0].kind, FV_TARGET_CLASS);
    for (int i = 0; i < 784; i++)
        assert_true(fabsf(x[i] - (float)s->pixels[i] / 255) < 1e-6f && x[i] == x[2 * 784 + i]);
    fv_sample_free(s);
    fv_sample_free(NULL);
    OK(ctx, fv_dataset_batch(ctx, set, net, NULL, 5, 1, again, NULL));
    assert_memory_equal(again, x, sizeof again);
    OK(ctx, fv_dataset_batch(ctx, set, net, NULL, 0, 1, again, labels));
    assert_memory_equal(again, x + 784, sizeof again);
    SAYS(ctx, fv_dataset_sample(ctx, set, 60, &s), FV_USAGE, "60");
    assert_null(s);
    SAYS(ctx, fv_dataset_batch(ctx, set, net, NULL, 59, 2, x, NULL), FV_USAGE, "no sample 60");
    SAYS(ctx, fv_dataset_batch(ctx, set, net, NULL, INT64_MAX, 2, x, NULL), FV_USAGE, "no sample");
    SAYS(ctx, fv_dataset_batch(ctx, set, net, NULL, -1, 2, x, NULL), FV_USAGE, "no sample -1");
    SAYS(ctx, fv_dataset_batch(ctx, set, net, NULL, 0, 0, x, NULL), FV_USAGE, "at least one");
    SAYS(ctx, fv_dataset_batch(ctx, set, net, (int64_t[]){60}, 0, 1, x, NULL), FV_USAGE,
         "no sample 60");
    fv_net_free(net);
    fv_dataset_free(set);
}

/* ---------------------------------------------------------------------- sets of one's own --- */

enum { COUNT = 12, SIDE = 6, PIXELS = SIDE * SIDE };

typedef struct source {
    int64_t fail_at; /* -1: never */
    int closed;
    int colour, interleaved, values;
    int named; /* it gives names of files, and sample 3 lies about its size */
} source;

/* Sample i: brighter from the left for even i, from the top for odd ones. */
static fv_status sample(void *user, fv_context *ctx, int64_t i, fv_sample_view *out) {
    static _Thread_local uint8_t pixels[3 * PIXELS];
    static _Thread_local float values[3 * PIXELS];
    const source *s = user;
    if (i == s->fail_at) return fv_context_fail(ctx, FV_BAD_INPUT, "the well is dry");
    const int channels = s->colour ? 3 : 1;
    for (int k = 0; k < PIXELS; k++)
        for (int c = 0; c < channels; c++) {
            const int at = s->interleaved ? k * channels + c : c * PIXELS + k;
            pixels[at] = (uint8_t)(40 * (i % 2 ? k / SIDE : k % SIDE) + c);
            values[at] = (float)pixels[at] / 255;
        }
    assert_int_equal(out->size, sizeof *out);
    out->channels = channels;
    out->height = out->width = SIDE;
    out->pixels = s->values ? NULL : pixels;
    out->values = s->values ? values : NULL;
    out->interleaved = s->interleaved;
    out->label = (int32_t)(i % 2);
    static _Thread_local char file[32];
    snprintf(file, sizeof file, "slopes/%d.png", (int)i);
    out->file = s->named ? file : NULL;
    if (s->named && i == 3) out->width++;
    return FV_OK;
}

static void close_source(void *user) {
    ((source *)user)->closed++;
}

static fv_dataset_source describe(source *s) {
    static const char *const names[] = {"across", "down"};
    fv_dataset_source d = FV_INIT(fv_dataset_source);
    d.name = "slopes";
    d.count = COUNT;
    d.channels = s->colour ? 3 : 1;
    d.height = d.width = SIDE;
    d.classes = 2;
    d.class_names = names;
    d.values = s->values;
    d.sample = sample;
    d.close = close_source;
    d.user = s;
    return d;
}

static void programs_give_samples(void **state) {
    fv_context *ctx = *state;
    static float planes[2 * 3 * PIXELS], mixed[2 * 3 * PIXELS], given[2 * 3 * PIXELS];
    float *const to[] = {planes, mixed, given};
    int32_t labels[2];
    fv_net *net;
    OK(ctx, fv_net_parse(ctx, "net a\ninput 3x6x6 scale 1/255\n  fc 2\n", NULL, &net));
    for (int way = 0; way < 3; way++) { /* planes, interleaved, numbers */
        source s = {.fail_at = -1, .colour = 1, .interleaved = way == 1, .values = way == 2};
        fv_dataset_source d = describe(&s);
        fv_dataset *set;
        OK(ctx, fv_dataset_new(ctx, &d, &set));
        assert_string_equal(fv_dataset_name(set), "slopes");
        assert_string_equal(fv_dataset_class(set, 1), "down");
        assert_int_equal(fv_dataset_checksum(set), 0);
        OK(ctx, fv_dataset_batch(ctx, set, net, NULL, 3, 2, to[way], labels));
        assert_int_equal(labels[0], 1);
        assert_int_equal(labels[1], 0);
        fv_sample_view *view;
        OK(ctx, fv_dataset_sample(ctx, set, 3, &view));
        assert_true(way == 2 ? view->values[6 * 5] == 200.0f / 255 : view->pixels != NULL);
        fv_sample_free(view);
        fv_dataset_free(set);
        assert_int_equal(s.closed, 1);
    }
    assert_memory_equal(planes, mixed, sizeof planes);
    for (size_t i = 0; i < sizeof planes / sizeof *planes; i++)
        assert_true(fabsf(planes[i] - given[i]) < 1e-6f);
    fv_net_free(net);
}

/* The file behind a sample, where there is one: told, and named by failures. */
static void samples_name_their_files(void **state) {
    fv_context *ctx = *state;
    source s = {.fail_at = -1, .named = 1};
    fv_dataset_source d = describe(&s);
    fv_dataset *set;
    fv_sample_view *view;
    OK(ctx, fv_dataset_new(ctx, &d, &set));
    OK(ctx, fv_dataset_sample(ctx, set, 2, &view));
    assert_string_equal(view->file, "slopes/2.png");
    fv_sample_free(view);
    SAYS(ctx, fv_dataset_sample(ctx, set, 3, &view), FV_USAGE,
         "data set slopes, sample 3 (slopes/3.png): its image is");
    fv_dataset_free(set);
    s.named = 0;
    OK(ctx, fv_dataset_new(ctx, &d, &set));
    OK(ctx, fv_dataset_sample(ctx, set, 3, &view));
    assert_null(view->file);
    fv_sample_free(view);
    fv_dataset_free(set);
}

static void sources_may_fail(void **state) {
    fv_context *ctx = *state;
    source s = {.fail_at = 4};
    fv_dataset_source d = describe(&s);
    fv_dataset *set;
    fv_sample_view *view;
    fv_net *net;
    static float x[COUNT * PIXELS];
    OK(ctx, fv_net_parse(ctx, "net a\ninput 1x6x6 scale 1/255\n  fc 2\n", NULL, &net));
    OK(ctx, fv_dataset_new(ctx, &d, &set));
    SAYS(ctx, fv_dataset_sample(ctx, set, 4, &view), FV_BAD_INPUT, "the well is dry");
    SAYS(ctx, fv_dataset_batch(ctx, set, net, NULL, 0, COUNT, x, NULL), FV_BAD_INPUT,
         "the well is dry");
    OK(ctx, fv_dataset_batch(ctx, set, net, NULL, 5, 3, x, NULL));
    fv_dataset_free(set);
    assert_int_equal(s.closed, 1);
    d.sample = NULL;
    SAYS(ctx, fv_dataset_new(ctx, &d, &set), FV_USAGE, "sample");
    d = describe(&s);
    d.count = 0;
    SAYS(ctx, fv_dataset_new(ctx, &d, &set), FV_USAGE, "samples");
    d = describe(&s);
    d.target_count = 99;
    SAYS(ctx, fv_dataset_new(ctx, &d, &set), FV_USAGE, "99");
    d = describe(&s);
    d.size = 3;
    SAYS(ctx, fv_dataset_new(ctx, &d, &set), FV_USAGE, "size");
    assert_null(set);
    assert_int_equal(s.closed, 1); /* what failed is the program's still */
    s.fail_at = -1;
    s.values = 1;
    d = describe(&s);
    d.values = 0; /* announced as pixels, given as numbers */
    OK(ctx, fv_dataset_new(ctx, &d, &set));
    SAYS(ctx, fv_dataset_sample(ctx, set, 0, &view), FV_USAGE, "");
    fv_dataset_free(set);
    fv_net_free(net);
}

/* -------------------------------------------------------- targets that are no single class --- */

/* What a pixel is: bright or not, the border nobody knows; and how bright the image is. */
static fv_status sample_with_targets(void *user, fv_context *ctx, int64_t i, fv_sample_view *out) {
    static _Thread_local int32_t map[PIXELS];
    static _Thread_local float mean[1];
    const fv_status status = sample(user, ctx, i, out);
    if (status) return status;
    mean[0] = 0;
    for (int k = 0; k < PIXELS; k++) {
        map[k] = k < SIDE ? 255 : out->pixels[k] > 90;
        mean[0] += (float)out->pixels[k] / 255 / PIXELS;
    }
    out->target_count = 2;
    out->targets[0] =
        (fv_target_view){.kind = FV_TARGET_MAP, .rank = 2, .dims = {SIDE, SIDE}, .data = map};
    out->targets[1] =
        (fv_target_view){.kind = FV_TARGET_VECTOR, .rank = 1, .dims = {1}, .data = mean};
    return FV_OK;
}

static const char two_targets[] = "net seg\n"
                                  "input 1x6x6 scale 1/255\n"
                                  "  conv 4 3x3 pad 1 - relu as here - conv 2 1x1\n"
                                  "loss crossentropy ignore 255\n"
                                  "head mean weight 0.5 loss squarederror target vector\n"
                                  "  from here - globalavgpool - fc 1\n"
                                  "train lr 0.05 momentum 0.9 batch 4\n";

static void set_with_targets(fv_context *ctx, source *s, fv_dataset **out) {
    fv_dataset_source d = describe(s);
    d.classes = 256;
    d.class_names = NULL;
    d.target_count = 2;
    d.targets[0].kind = FV_TARGET_MAP;
    d.targets[1].kind = FV_TARGET_VECTOR;
    d.targets[1].dims[0] = 1;
    d.sample = sample_with_targets;
    OK(ctx, fv_dataset_new(ctx, &d, out));
}

static void trainers_take_any_target(void **state) {
    fv_context *ctx = *state;
    source s = {.fail_at = -1};
    fv_dataset *set;
    fv_model *a, *b;
    fv_trainer *by_set, *by_hand;
    fv_target_view target;
    fv_sample_view *view;
    double first = 0, last = 0, loss;
    set_with_targets(ctx, &s, &set);
    OK(ctx, fv_model_parse(ctx, two_targets, NULL, 1, &a));
    OK(ctx, fv_model_parse(ctx, two_targets, NULL, 1, &b));
    OK(ctx, fv_trainer_new(ctx, a, NULL, &by_set));
    OK(ctx, fv_trainer_new(ctx, b, NULL, &by_hand));
    assert_int_equal(fv_trainer_batch(by_set), 4);
    assert_int_equal(fv_trainer_batch(NULL), 0);
    assert_int_equal(fv_trainer_targets(by_set), 2);
    assert_int_equal(fv_trainer_target(by_set, 0, &target), 1);
    assert_int_equal(target.kind, FV_TARGET_MAP);
    assert_int_equal(target.rank, 2);
    assert_int_equal(target.dims[1], SIDE);
    assert_int_equal(fv_trainer_target(by_set, 1, &target), 1);
    assert_int_equal(target.kind, FV_TARGET_VECTOR);
    assert_int_equal(target.dims[0], 1);
    assert_int_equal(fv_trainer_target(by_set, 2, &target), 0);
    float x[PIXELS];
    OK(ctx, fv_dataset_sample(ctx, set, 0, &view));
    for (int k = 0; k < PIXELS; k++) x[k] = (float)((view->pixels[k] - 0.0) * (1.0 / 255));
    const void *const targets[] = {view->targets[0].data, view->targets[1].data};
    OK(ctx, fv_trainer_step_from(by_set, set, NULL, 0, 1, &first));
    OK(ctx, fv_trainer_step_on(by_hand, x, targets, 1, &loss));
    assert_true(fabs(loss - first) < 1e-6);
    for (int i = 0; i < 60; i++)
        OK(ctx,
           fv_trainer_step_from(by_set, set, (int64_t[]){i % COUNT, (i + 5) % COUNT}, 0, 2, &last));
    assert_true(last < 0.7 * first);
    const int32_t wrong[PIXELS] = {2}; /* neither a class nor the ignored one */
    const void *const bad[] = {wrong, view->targets[1].data}, *const none[] = {NULL, NULL};
    SAYS(ctx, fv_trainer_step_on(by_hand, x, bad, 1, NULL), FV_BAD_INPUT, "is 2");
    SAYS(ctx, fv_trainer_step_on(by_hand, x, none, 1, NULL), FV_USAGE, "NULL");
    SAYS(ctx, fv_trainer_step_on(by_hand, x, targets, 5, NULL), FV_USAGE, "1 to 4");
    SAYS(ctx, fv_trainer_step(by_hand, x, wrong, 1, NULL), FV_USAGE, "fv_trainer_step_on");
    SAYS(ctx, fv_trainer_step_from(by_set, set, NULL, COUNT, 1, NULL), FV_USAGE, "no sample");
    fv_dataset *labels;
    OK(ctx, fv_dataset_open(ctx, "digits:60", 1, &labels, NULL));
    SAYS(ctx, fv_trainer_step_from(by_set, labels, NULL, 0, 1, NULL), FV_BAD_INPUT, "every pixel");
    fv_dataset_free(labels);
    fv_sample_free(view);
    fv_trainer_free(by_hand);
    fv_trainer_free(by_set);
    fv_model_free(a);
    fv_model_free(b);
    fv_dataset_free(set);
}

static void evaluations_follow_the_target(void **state) {
    fv_context *ctx = *state;
    source s = {.fail_at = -1};
    fv_dataset *set;
    fv_model *model;
    fv_evaluation *e;
    fv_evaluation_options options = FV_INIT(fv_evaluation_options);
    set_with_targets(ctx, &s, &set);
    OK(ctx, fv_model_parse(ctx, two_targets, NULL, 1, &model));
    OK(ctx, fv_evaluate(ctx, model, set, NULL, &e));
    assert_int_equal(e->images, COUNT);
    assert_int_equal(e->counted, COUNT * (PIXELS - SIDE)); /* the border counts nothing */
    assert_true(e->correct >= 0 && e->correct <= e->counted && e->loss > 0);
    fv_evaluation_free(e);
    options.each = 1;
    SAYS(ctx, fv_evaluate(ctx, model, set, &options, &e), FV_USAGE, "one class");
    fv_model_free(model);
    fv_dataset_free(set);
}

/* --------------------------------------------------------------------- images and drawing --- */

static void images_are_read(void **state) {
    fv_context *ctx = *state;
    static const char ppm[] = "P6 2 1 255\n\1\2\3\4\5\6";
    fv_image *image;
    OK(ctx, fv_image_decode(ctx, NULL, ppm, sizeof ppm - 1, &image));
    assert_int_equal(image->width, 2);
    assert_int_equal(image->height, 1);
    assert_int_equal(image->channels, 3);
    assert_int_equal(image->pixels[5], 6);
    fv_image_free(image);
    fv_image_free(NULL);
    SAYS(ctx, fv_image_decode(ctx, "dots", ppm, 5, &image), FV_BAD_INPUT, "dots");
    FILE *f = fopen("two.ppm", "wb");
    fwrite(ppm, 1, sizeof ppm - 1, f);
    assert_int_equal(fclose(f), 0);
    OK(ctx, fv_image_read(ctx, "two.ppm", &image));
    assert_int_equal(image->pixels[0], 1);
    fv_image_free(image);
    SAYS(ctx, fv_image_read(ctx, "none.ppm", &image), FV_BAD_INPUT, "none.ppm");
    assert_null(image);
}

static void samples_are_drawn(void **state) {
    fv_context *ctx = *state;
    fv_dataset *set;
    fv_blob *png, *text;
    uint8_t gray[PIXELS] = {0, 255};
    const uint8_t *const images[] = {gray, NULL, gray};
    const char *const captions[] = {"one", NULL, "three"};
    fv_gallery_options g = FV_INIT(fv_gallery_options);
    OK(ctx, fv_dataset_open(ctx, "digits:60", 3, &set, NULL));
    OK(ctx, fv_draw_samples(ctx, set, 2, &png));
    assert_png(png, 1000);
    OK(ctx, fv_blob_save(ctx, png, "samples.png"));
    SAYS(ctx, fv_blob_save(ctx, png, "no/samples.png"), FV_FAILED, "no/samples.png");
    fv_blob_free(png);
    SAYS(ctx, fv_draw_samples(ctx, set, 0, &png), FV_USAGE, "row");
    fv_dataset_free(set);
    g.title = "three";
    g.count = 3;
    g.channels = 1;
    g.height = g.width = SIDE;
    g.images = images;
    g.captions = captions;
    OK(ctx, fv_draw_gallery(ctx, &g, &png));
    assert_png(png, 200);
#ifdef FV_HAVE_PNG
    fv_image *back;
    OK(ctx, fv_image_decode(ctx, "gallery", fv_blob_data(png), fv_blob_size(png), &back));
    assert_true(back->width > 3 * SIDE && back->height > SIDE);
    fv_image_free(back);
#endif
    fv_blob_free(png);
    g.channels = 2;
    SAYS(ctx, fv_draw_gallery(ctx, &g, &png), FV_USAGE, "1 or 3 channels");
    for (int style = FV_TERMINAL_LETTERS; style <= FV_TERMINAL_SHADES; style++) {
        OK(ctx, fv_draw_text(ctx, gray, SIDE, SIDE, 40, (fv_terminal_style)style, &text));
        assert_true(fv_blob_size(text) >= SIDE / 2);
        fv_blob_free(text);
    }
    SAYS(ctx, fv_draw_text(ctx, gray, 0, 2, 40, FV_TERMINAL_BLOCKS, &text), FV_USAGE, "0x2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_are_listed_and_opened),
        cmocka_unit_test(samples_and_batches),
        cmocka_unit_test(programs_give_samples),
        cmocka_unit_test(samples_name_their_files),
        cmocka_unit_test(sources_may_fail),
        cmocka_unit_test(trainers_take_any_target),
        cmocka_unit_test(evaluations_follow_the_target),
        cmocka_unit_test(images_are_read),
        cmocka_unit_test(samples_are_drawn),
    };
    return cmocka_run_group_tests(tests, public_setup, public_teardown);
}
