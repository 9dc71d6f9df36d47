/* SPDX-License-Identifier: MIT */
/*
 * test_alloc_api.c - memory refused at every place: load, run, read an image, train, save.
 *
 * The linker puts our malloc and its relatives before the library's calls (--wrap). The whole use
 * of the library is repeated with the first, second, third … request refused, once that one alone
 * and once all from there on. Each time it must end in FV_EXHAUSTED and a sentence, never in a
 * crash; the sanitizer's leak check at the end of the program sees what was not freed.
 */
#include "base/file.h"
#include "fovea.h"
#include "refuse.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { SIDE = 8, PIXELS = SIDE * SIDE, BATCH = 4 };

static const char text[] =
    "net small(classes = 3)\n"
    "block unit(k) = add { conv k 3x3 pad 1 - bn - relu | identity } - relu\n"
    "input 1x8x8 resize 12 crop 10 pad 0 scale 1/255\n"
    "  conv 4 3x3 pad 1 - unit(4)*2 as here - maxpool 2\n"
    "  - concat { conv 4 1x1 - relu | conv 4 3x3 pad 1 } - fc 8 - tanh - dropout 0.5\n"
    "  - fc classes - softmax\n"
    "head aux weight 0.3 training from here - fc classes - softmax\n"
    "train optimizer adam lr 0.001 batch 8\n";

static fv_status use(fv_context *ctx, const char *words) {
    fv_model *model = NULL, *loaded = NULL;
    fv_run *run = NULL;
    fv_trainer *trainer = NULL;
    fv_tensor_view view = FV_INIT(fv_tensor_view);
    float x[BATCH * PIXELS] = {0};
    uint8_t pixels[4 * 20 * 20] = {0};
    const int32_t labels[BATCH] = {0, 1, 2, 0};
    fv_status s = fv_model_parse(ctx, text, words, 1, &model);
    if (!s) s = fv_model_set(ctx, model, "classes", "ant\nbee\ncat");
    if (!s) s = fv_model_set(ctx, model, "note", "one");
    if (!s) s = fv_model_save(ctx, model, "alloc.safetensors");
    if (!s) s = fv_model_load(ctx, "alloc.safetensors", &loaded);
    if (!s) s = fv_model_load_weights(ctx, loaded, "alloc.safetensors");
    if (!s) s = fv_model_tensor_named(ctx, loaded, "fc1.weight", &view);
    if (!s) s = fv_run_new(ctx, loaded, BATCH, &run);
    if (!s) s = fv_model_read_image(ctx, loaded, "alloc.pgm", fv_run_input(run));
    if (!s) s = fv_model_take_pixels(ctx, loaded, pixels, 20, 20, 4, fv_run_input(run));
    if (!s) s = fv_run_forward(run, BATCH);
    if (!s && !fv_run_output(run, 0, NULL)) s = FV_FAILED;
    fv_run_free(run);
    if (!s) s = fv_trainer_new(ctx, loaded, "batch=4 momentum=0.9", &trainer);
    if (!s) s = fv_trainer_step(trainer, x, labels, BATCH, NULL);
    if (!s) s = fv_trainer_step(trainer, x, labels, BATCH - 1, NULL);
    fv_trainer_free(trainer);
    fv_model_free(loaded);
    fv_model_free(model);
    return s;
}

static fv_status whole(char message[200]) {
    fv_context *ctx = NULL;
    fv_status s = fv_context_new(1, &ctx);
    if (!s) s = use(ctx, "classes=3");
    strncpy(message, fv_context_error(ctx), 199);
    message[199] = '\0';
    fv_context_free(ctx);
    return s;
}

static int write_image(void **state) {
    (void)state;
    fv_context *ctx;
    uint8_t pgm[20 + 30 * 20] = "P5\n30 20\n255\n";
    fv_status s = fv_context_new(1, &ctx);
    if (!s) s = fv__file_write(ctx, "alloc.pgm", pgm, 13 + 30 * 20);
    fv_context_free(ctx);
    return (int)s;
}

/* A request that can be done without may be: the folder's entry is not forced to the disk, say. */
#define DISPENSABLE 3

static void refuse_each(int rest) {
    char message[200];
    int dispensable = 0;
    refuse_at = 0;
    refuse_rest = rest;
    if (whole(message) != FV_OK) fail_msg("with all memory it wants: %s", message);
    for (long n = 1;; n++) {
        requests = 0;
        refuse_at = n;
        fv_status s = whole(message);
        refuse_at = 0;
        if (requests < n) {
            assert_int_equal(s, FV_OK);
            assert_true(n > 50);
            return;
        }
        if (s == FV_OK && !rest && ++dispensable <= DISPENSABLE) continue;
        if (s != FV_EXHAUSTED || !strstr(message, "memory"))
            fail_msg("request %ld refused: status %d, \"%s\"", n, (int)s, message);
    }
}

static void one_refusal_is_reported(void **state) {
    (void)state;
    refuse_each(0);
}

static void a_machine_without_memory_is_reported(void **state) {
    (void)state;
    refuse_each(1);
}

/* What a refused step leaves can be used again when there is memory. */
static void goes_on_after_a_refusal(void **state) {
    (void)state;
    fv_context *ctx;
    fv_model *m;
    fv_trainer *t;
    float x[BATCH * PIXELS] = {0};
    const int32_t labels[BATCH] = {0, 1, 2, 0};
    double before, after;
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    assert_int_equal(fv_model_parse(ctx, text, NULL, 1, &m), FV_OK);
    assert_int_equal(fv_trainer_new(ctx, m, "batch=4 lr=0.01", &t), FV_OK);
    assert_int_equal(fv_trainer_step(t, x, labels, BATCH, &before), FV_OK);
    for (long n = 1;; n++) {
        requests = 0;
        refuse_at = n;
        fv_status s = fv_trainer_step(t, x, labels, BATCH - 1, NULL);
        refuse_at = 0;
        if (s == FV_OK) break;
        assert_int_equal(s, FV_EXHAUSTED);
        assert_int_equal(fv_trainer_step(t, x, labels, BATCH, &after), FV_OK);
    }
    assert_true(after < before);
    requests = 0; /* and a step of a size seen before asks for nothing at all */
    assert_int_equal(fv_trainer_step(t, x, labels, BATCH, &after), FV_OK);
    assert_int_equal(requests, 0);
    fv_run *run;
    assert_int_equal(fv_run_new(ctx, m, BATCH, &run), FV_OK);
    requests = 0;
    assert_int_equal(fv_run_forward(run, BATCH), FV_OK);
    assert_int_equal(requests, 0);
    fv_run_free(run);
    fv_trainer_free(t);
    fv_model_free(m);
    fv_context_free(ctx);
}

/* The refusal is told to the context at hand, not to the one the model was made with. */
static void tells_the_context_at_hand(void **state) {
    (void)state;
    fv_context *one, *two;
    fv_model *m;
    assert_int_equal(fv_context_new(1, &one), FV_OK);
    assert_int_equal(fv_context_new(1, &two), FV_OK);
    assert_int_equal(fv_model_parse(one, text, NULL, 1, &m), FV_OK);
    fv_context_free(one);
    static char big[1 << 16];
    memset(big, 'x', sizeof big - 1);
    requests = 0;
    refuse_at = 1;
    fv_status s = fv_model_set(two, m, "note", big);
    refuse_at = 0;
    assert_int_equal(s, FV_EXHAUSTED);
    assert_non_null(strstr(fv_context_error(two), "memory"));
    assert_null(fv_model_get(m, "note"));
    fv_model_free(m);
    fv_context_free(two);
}

/* What the context's allocator gave and has not got back. */
static void *lend(void *user, size_t bytes, size_t align) {
    ++*(long *)user;
    return __real_aligned_alloc(align, (bytes + align - 1) / align * align);
}

static void take_back(void *user, void *p) {
    --*(long *)user;
    free(p);
}

/* With an allocator of the caller's the whole use asks the system for nothing. */
static void all_memory_is_the_callers(void **state) {
    (void)state;
    fv_context *ctx;
    long lent = 0;
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    const fv_allocator system = ctx->allocator;
    ctx->allocator = (fv_allocator){lend, take_back, &lent};
    requests = 0;
    assert_int_equal(use(ctx, "classes=3"), FV_OK);
    assert_int_equal(requests, 0);
    assert_int_equal(lent, 0);
    ctx->allocator = system;
    fv_context_free(ctx);
}

/* Nets whose runs take no memory: convolutions of every kind, pools, norms, recurrent cells. */
static const char *const run_nets[] = {
    text,
    "net wide\ninput 3x20x20\n  conv 16 3x3 pad 1 - bn - relu - add { conv 16 3x3 pad 1 | identity "
    "}\n"
    "  - maxpool 2 - conv 32 5x5 pad 2 groups 2 - lrn - avgpool 2 - conv 64 1x1 stride 2 - relu\n"
    "  - concat { conv 16 3x3 pad 1 | conv 32 1x1 } - globalavgpool - fc 10 - softmax\n",
    "net deep\ninput 16x14x14\n  conv 32 1x1 - bn - relu - conv 32 3x3 pad 1 groups 32 - bn - "
    "relu\n"
    "  - conv 16 1x1 - convtranspose 8 2x2 stride 2 - resize 7x7 - gelu - layernorm - fc 5\n",
};

/* Once a run or a trainer is made, its steps ask for no memory, on one thread or several. */
static void steps_take_no_memory(void **state) {
    (void)state;
    static const int32_t labels[2] = {0, 1};
    for (size_t i = 0; i < sizeof run_nets / sizeof *run_nets; i++)
        for (int threads = 1; threads <= 3; threads++) {
            fv_context *ctx;
            fv_model *model;
            fv_run *run;
            fv_trainer *trainer;
            assert_int_equal(fv_context_new(threads, &ctx), FV_OK);
            if (fv_model_parse(ctx, run_nets[i], NULL, 1, &model) != FV_OK)
                fail_msg("%s", fv_context_error(ctx));
            assert_int_equal(fv_run_new(ctx, model, 2, &run), FV_OK);
            assert_int_equal(fv_trainer_new(ctx, model, "batch=2", &trainer), FV_OK);
            float *x = fv_run_input(run);
            for (int j = 0; j < 64; j++) x[j] = (float)(j % 7);
            requests = 0;
            refuse_at = 1;
            refuse_rest = true;
            fv_status status = fv_run_forward(run, 2);
            if (!status) status = fv_run_forward(run, 1);
            const bool output = fv_run_output(run, 0, NULL) != NULL;
            const long running = requests;
            if (!status) status = fv_trainer_step(trainer, x, labels, 2, NULL);
            const long training = requests - running;
            refuse_at = 0;
            refuse_rest = false;
            assert_int_equal(running, 0);
            assert_int_equal(training, 0);
            assert_int_equal(status, FV_OK);
            assert_true(output);
            fv_trainer_free(trainer);
            fv_run_free(run);
            fv_model_free(model);
            fv_context_free(ctx);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_refusal_is_reported),
        cmocka_unit_test(a_machine_without_memory_is_reported),
        cmocka_unit_test(goes_on_after_a_refusal),
        cmocka_unit_test(tells_the_context_at_hand),
        cmocka_unit_test(all_memory_is_the_callers),
        cmocka_unit_test(steps_take_no_memory),
    };
    return cmocka_run_group_tests(tests, write_image, NULL);
}
