/* SPDX-License-Identifier: MIT */
/*
 * The rate of a step: schedules against the values that PyTorch 1.13 gives
 * (torch.optim.lr_scheduler), and what follows from the epochs that are behind.
 */
#include "train/run.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void near(double got, double wanted, double by) {
    if (!(fabs(got - wanted) <= by)) fail_msg("%.15g is not %.15g", got, wanted);
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

static fv_recipe recipe(int schedule, double lr, int64_t epochs) {
    fv_recipe r;
    fv__recipe_defaults(&r);
    r.schedule = schedule;
    r.lr = lr;
    r.epochs = epochs;
    return r;
}

static double rate_at(const fv_recipe *r, double now) {
    return fv__recipe_rate(r, (int64_t)now, now - (double)(int64_t)now, 1);
}

/* CosineAnnealingLR(T_max=8, eta_min=0.05) */
static void cosine_is_pytorchs(void **unused) {
    (void)unused;
    static const double wanted[] = {0.5,   0.482872894815, 0.434099025767, 0.361103772282,
                                    0.275, 0.188896227718, 0.115900974233, 0.067127105185};
    fv_recipe r = recipe(FV_COSINE, 0.5, 8);
    r.min_lr = 0.05;
    for (size_t i = 0; i < COUNT(wanted); i++) near(rate_at(&r, (double)i), wanted[i], 1e-11);
}

/* OneCycleLR(max_lr=0.5, total_steps=10, pct_start=0.3, div_factor=25, final_div_factor=1e4): up as
   with anneal_strategy="linear", down as with "cos". Its peak is at step 0.3 * 10 - 1 and its last
   value at step 9; ours are at 0.3 and 1 of the run. */
static void onecycle_is_pytorchs(void **unused) {
    (void)unused;
    static const double up[] = {0.02, 0.26, 0.5};
    static const double down[] = {0.5,
                                  0.475242316007,
                                  0.405872826975,
                                  0.305631010968,
                                  0.194370989032,
                                  0.0941291730251,
                                  0.0247596839933,
                                  2e-06};
    fv_recipe r = recipe(FV_ONECYCLE, 0.5, 10);
    r.min_lr = 0.5 / 25 / 1e4;
    for (size_t s = 0; s < COUNT(up); s++) near(rate_at(&r, 3.0 * (double)s / 2), up[s], 1e-11);
    for (size_t s = 0; s < COUNT(down); s++) near(rate_at(&r, 3.0 + (double)s), down[s], 1e-11);
    r.rise = 1;
    near(rate_at(&r, 5), 0.26, 1e-11);
    r.rise = 0;
    near(rate_at(&r, 0), 0.5, 1e-11);
}

static void straight_lines_and_powers(void **unused) {
    (void)unused;
    fv_recipe r = recipe(FV_LINEAR, 0.8, 10);
    near(rate_at(&r, 0), 0.8, 1e-12);
    near(rate_at(&r, 2.5), 0.6, 1e-12);
    r.min_lr = 0.2;
    near(rate_at(&r, 5), 0.5, 1e-12);
    r.warmup = 1;
    near(rate_at(&r, 0.5), 0.77 * 0.5, 1e-12);
    r = recipe(FV_POLY, 0.8, 10);
    near(rate_at(&r, 5), 0.8 * 0.53588673126814657, 1e-12); /* 0.5^0.9 */
    r.power = 2;
    near(rate_at(&r, 5), 0.2, 1e-12);
}

/* ReduceLROnPlateau(factor=0.3): its rate falls once more than `patience` losses were not better,
   so that its patience is one less than ours. */
static void plateau_is_pytorchs(void **unused) {
    (void)unused;
    static const double losses[] = {1.0,    0.9,  0.95, 0.8999, 0.91, 0.899, 0.8985, 0.7,  0.69995,
                                    0.6999, 0.71, 0.72, 0.3,    0.31, 0.32,  0.33,   0.34, 0.35};
    static const struct {
        int64_t patience; /* theirs */
        double threshold, min_lr;
        double rates[COUNT(losses)];
    } each[] = {
        {1,
         0,
         0,
         {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.15, 0.15, 0.15, 0.045, 0.045,
          0.0135, 0.0135}},
        {1,
         1e-3,
         0,
         {0.5, 0.5, 0.5, 0.15, 0.15, 0.15, 0.15, 0.15, 0.15, 0.045, 0.045, 0.0135, 0.0135, 0.0135,
          0.00405, 0.00405, 0.001215, 0.001215}},
        {2,
         1e-3,
         0.02,
         {0.5, 0.5, 0.5, 0.5, 0.15, 0.15, 0.15, 0.15, 0.15, 0.15, 0.045, 0.045, 0.045, 0.045, 0.045,
          0.02, 0.02, 0.02}},
    };
    fv_epoch history[COUNT(losses)];
    memset(history, 0, sizeof history);
    for (size_t e = 0; e < COUNT(losses); e++) history[e].test_loss = losses[e];
    for (size_t i = 0; i < COUNT(each); i++) {
        fv_recipe r = recipe(FV_PLATEAU, 0.5, 50);
        r.factor = 0.3;
        r.patience = each[i].patience + 1;
        r.threshold = each[i].threshold;
        r.min_lr = each[i].min_lr;
        for (size_t e = 0; e < COUNT(losses); e++) {
            const fv_position at = {
                .epoch = (int64_t)e + 1, .history = history, .history_count = e + 1};
            near(fv__recipe_rate(&r, (int64_t)e + 1, 0, fv__train_plateau(&r, &at)),
                 each[i].rates[e], 1e-12);
        }
    }
}

static void the_best_epoch(void **unused) {
    (void)unused;
    fv_epoch h[] = {{.test_accuracy = 0.5, .test_loss = 3},
                    {.test_accuracy = 0.7, .test_loss = 2},
                    {.test_accuracy = 0.7, .test_loss = 1}};
    fv_position at = {.history = h};
    assert_int_equal(fv__train_best(&at), -1);
    at = (fv_position){.epoch = 3, .history = h, .history_count = 3};
    assert_int_equal(fv__train_best(&at), 1);
    at.by_loss = true;
    assert_int_equal(fv__train_best(&at), 2);
    at.epoch = 2; /* the third is cut short by limit, and has no best.safetensors */
    assert_int_equal(fv__train_best(&at), 1);
    at = (fv_position){.history = h, .history_count = 1};
    assert_int_equal(fv__train_best(&at), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cosine_is_pytorchs),
        cmocka_unit_test(onecycle_is_pytorchs),
        cmocka_unit_test(straight_lines_and_powers),
        cmocka_unit_test(plateau_is_pytorchs),
        cmocka_unit_test(the_best_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
