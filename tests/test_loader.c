/* SPDX-License-Identifier: MIT */
/*
 * test_loader.c - batches laid out ahead are those that would have been laid out when asked for;
 * what goes wrong with one is said when it is taken; what is begun and not taken does no harm.
 */
#include "base/thread.h"
#include "sample_fixture.h"
#include "train/evaluate.h"
#include "train/loader.h"
#include <stdio.h>

#define BATCH 10

typedef struct place {
    float x[BATCH * 64], vector[BATCH * 3];
    int32_t class[BATCH], map[BATCH * 64];
} place;

static fv_learner_batch at(place *p) {
    fv_learner_batch b = {.x = p->x, .ignored = PROGRAM_IGNORED};
    b.target[FV_TARGET_CLASS] = p->class;
    b.shape[FV_TARGET_CLASS] = fv__shape1(1);
    b.target[FV_TARGET_MAP] = p->map;
    b.shape[FV_TARGET_MAP] = (fv_shape){3, {1, 8, 8}};
    b.target[FV_TARGET_VECTOR] = p->vector;
    b.shape[FV_TARGET_VECTOR] = fv__shape2(1, 3);
    return b;
}

static fv_loader *open_loader(fv_context *own, const fv_dataset *set, const fv_input *in) {
    static place any;
    const fv_learner_batch like = at(&any);
    fv_loader *l;
    if (fv__loader_new(own, set, in, &like, BATCH, &l) != FV_OK) fail_msg("%s", own->message);
    return l;
}

/* Epochs of three batches, each beginning with the next but for the last. */
static void same_as_without(void **state) {
    (void)state;
    program p = {.dtype = FV_U8, .channels = 1};
    fv_dataset set = open_set(&p);
    const fv_input in = input(1, 8, 8);
    const fv_augment augment = {.flip = true, .shift = 2};
    for (int threads = 1; threads <= 3; threads += 2) {
        fv_context *own;
        assert_int_equal(fv_context_new(threads, &own), FV_OK);
        fv_loader *l = open_loader(own, &set, &in);
        static uint32_t order[30];
        for (uint64_t epoch = 0; epoch < 5; epoch++) {
            fv__loader_drop(l);
            fv__random_permutation(fv__key(1, FV_STREAM_SHUFFLE, 0, epoch), order, 30);
            for (int step = 0; step < 3; step++) {
                fv_batch batch = {.order = order,
                                  .start = step * BATCH,
                                  .n = BATCH - (step == 2), /* the last one is smaller */
                                  .augment = &augment,
                                  .seed = 3,
                                  .epoch = epoch};
                fv_batch next = batch;
                next.start += BATCH;
                next.n = step == 2 ? 0 : BATCH - (step == 1);
                static place got, wanted;
                memset(&got, 0, sizeof got);
                memset(&wanted, 0, sizeof wanted);
                const fv_learner_batch to = at(&got), straight = at(&wanted);
                if (fv__loader_take(own, l, &batch, &next, &to) != FV_OK)
                    fail_msg("%s", own->message);
                assert_int_equal(fv__targets_fill(ctx, &set, &in, &batch, &straight), FV_OK);
                assert_memory_equal(&got, &wanted, sizeof got);
            }
        }
        fv__loader_free(l);
        fv_context_free(own);
    }
    fv__dataset_close(&set);
}

/* Another batch than the one that was begun: it is not given the wrong one. */
static void another_than_begun(void **state) {
    (void)state;
    program p = {.dtype = FV_U8, .channels = 1};
    fv_dataset set = open_set(&p);
    const fv_input in = input(1, 8, 8);
    fv_context *own;
    assert_int_equal(fv_context_new(2, &own), FV_OK);
    fv_loader *l = open_loader(own, &set, &in);
    static place got, wanted;
    const fv_learner_batch to = at(&got), straight = at(&wanted);
    const fv_batch first = {.n = BATCH}, second = {.start = BATCH, .n = BATCH},
                   third = {.start = 2 * BATCH, .n = BATCH};
    assert_int_equal(fv__loader_take(own, l, &first, &second, &to), FV_OK);
    assert_int_equal(fv__loader_take(own, l, &third, &first, &to), FV_OK);
    assert_int_equal(fv__targets_fill(ctx, &set, &in, &third, &straight), FV_OK);
    assert_memory_equal(&got, &wanted, sizeof got);
    fv__loader_free(l); /* while it is at work on the first */
    fv_context_free(own);
    fv__dataset_close(&set);
}

/* A sample that is wrong fails the batch that it is in and not the one before, in the same words
   whichever thread met it. */
static void failures(void **state) {
    (void)state;
    program p = {.dtype = FV_U8, .channels = 1, .lie = 7};
    fv_dataset set = open_set(&p);
    const fv_input in = input(1, 8, 8);
    fv_context *own;
    assert_int_equal(fv_context_new(2, &own), FV_OK);
    fv_loader *l = open_loader(own, &set, &in);
    static place got;
    static char here[FV_MESSAGE_MAX];
    const fv_learner_batch to = at(&got);
    const fv_batch bad = {.n = BATCH}, good = {.start = BATCH, .n = BATCH}; /* sample 5 lies */
    assert_int_equal(fv__loader_take(own, l, &bad, NULL, &to), FV_BAD_INPUT);
    snprintf(here, sizeof here, "%s", own->message);
    assert_non_null(strstr(here, "sample 5"));
    for (int round = 0; round < 3; round++) {
        own->message[0] = 0;
        assert_int_equal(fv__loader_take(own, l, &good, &bad, &to), FV_OK);
        assert_int_equal(fv__loader_take(own, l, &bad, &good, &to), FV_BAD_INPUT);
        assert_string_equal(own->message, here);
    }
    fv__loader_free(l);
    fv_context_free(own);
    fv__dataset_close(&set);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_without),
        cmocka_unit_test(another_than_begun),
        cmocka_unit_test(failures),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
