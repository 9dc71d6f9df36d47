/* SPDX-License-Identifier: MIT */
/*
 * Memory and training: a step asks for none, and a run survives a refusal at any place.
 */
#include "fovea.h"
#include "lang/lang.h"
#include "refuse.h"
#include "train/outcome.h"
#include "train/refit.h"
#include "train/run.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *const nets[] = {"lenet5", "resnet20", "densenet-bc-100-12", "cifar-convnetjs"};

/* After the first step of each batch size nothing is asked for, forward, backward or update. */
static void test_a_step_allocates_nothing(void **unused) {
    (void)unused;
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        fv_context *ctx;
        fv_net net = {0};
        fv_model *model;
        fv_learner *learner;
        fv_recipe recipe;
        fv_step_result result;
        fv_learner_batch in;
        assert_int_equal(fv_context_new(2, &ctx), FV_OK);
        assert_int_equal(fv__net_find(ctx, nets[i], NULL, 0, &net.graph, &net.recipe), FV_OK);
        recipe = net.recipe;
        recipe.batch = 2;
        if (i % 2) recipe.clip = recipe.clip_value = 0.1, recipe.average = 0.9;
        if (i > 1) recipe.optimizer = FV_OPTIMIZER_lars;
        assert_int_equal(fv__model_new(ctx, &net, 1, &model), FV_OK);
        assert_int_equal(fv__learner_new(ctx, model, &recipe, &learner), FV_OK);
        requests = 0;
        for (int step = 0; step < 2; step++) {
            assert_int_equal(fv__learner_batch(ctx, learner, 2, &in), FV_OK);
            for (int64_t k = 0; k < 2 * fv__shape_sample(&net.graph->values[0].shape); k++)
                in.x[k] = (float)(k % 13) * 0.1f;
            int32_t *labels = in.target[FV_TARGET_CLASS];
            labels[0] = 1;
            labels[1] = 2;
            assert_int_equal(fv__learner_step(ctx, learner, 2, 0.001, &result), FV_OK);
        }
        if (requests) print_error("%s: %ld requests for memory in two steps\n", nets[i], requests);
        assert_int_equal(requests, 0);
        fv__learner_free(learner);
        fv__model_free(model);
        fv_context_free(ctx);
    }
}

static void write_net(void) {
    FILE *f = fopen("tiny.net", "w");
    assert_non_null(f);
    fputs("net tiny(classes = 10)\ninput 1x28x28\n conv 2 9x9 stride 4 - relu - maxpool 2 - fc "
          "classes\n"
          " - softmax\ntrain batch 20 epochs 1 optimizer adam\n",
          f);
    fclose(f);
}

/* What a run is asked for. */
static fv_setting plain[] = {{"epochs", "1"}},
                  all[] = {{"init", "lsuv"}, {"class_weights", "balanced"}, {"average", "0.9"},
                           {"clip", "1"},    {"freeze", "..conv1"},         {"ones", "conv1..fc1"}},
                  other[] = {{"from", "kept"}};
static const struct {
    fv_setting *settings;
    size_t count;
} asked[] = {{plain, 1}, {all, 6}, {other, 1}};

static fv_status use(fv_context *ctx, int which, const char *folder) {
    fv_train_job *job = NULL;
    fv_outcome made;
    const fv_train_request request = {.net = "tiny.net",
                                      .data = "digits:60",
                                      .settings = asked[which].settings,
                                      .setting_count = asked[which].count,
                                      .folder = folder,
                                      .command = "test"};
    FV_TRY(fv__train_start(ctx, &request, &job));
    if (strcmp(folder, "refused") != 0) {
        const fv_status status = fv__train_run(ctx, job, NULL);
        fv__train_free(job);
        return status;
    }
    fv__train_free(job);
    FV_TRY(fv__train_resume(ctx, "refused", NULL, &job));
    fv_status status = fv__train_run(ctx, job, NULL);
    if (status == FV_OK) status = fv__train_outcome(ctx, job, &made);
    fv__train_free(job);
    return status;
}

/* A run that finds its rate and its shards. */
static fv_status find(fv_context *ctx, int which, const char *folder) {
    (void)which;
    fv_train_job *job = NULL;
    const fv_setting settings[] = {{"lr", "auto"}, {"memory", "220K"}};
    const fv_train_request request = {.net = "tiny.net",
                                      .data = "digits:60",
                                      .settings = settings,
                                      .setting_count = 2,
                                      .folder = folder,
                                      .command = "test"};
    FV_TRY(fv__train_start(ctx, &request, &job));
    const bool cut = job->recipe.shards > 1;
    fv__train_free(job);
    return cut ? FV_OK : FV_FAILED;
}

typedef fv_status used(fv_context *ctx, int which, const char *folder);

static void survive(used *run, int which) {
    fv_context *ctx;
    write_net();
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    assert_int_equal(system("rm -rf refused kept"), 0);
    assert_int_equal(run(ctx, 0, "kept"), FV_OK);
    requests = 0;
    assert_int_equal(run(ctx, which, "refused"), FV_OK);
    const long all = requests;
    /* the first ones one by one, later ones in growing steps; both alone and with all after them */
    for (long n = 1; n <= all; n += 1 + n / (which ? 12 : 40))
        for (int rest = 0; rest < 2; rest++) {
            assert_int_equal(system("rm -rf refused"), 0);
            ctx->message[0] = 0;
            requests = 0;
            refuse_rest = rest != 0;
            refuse_at = n;
            const fv_status status = run(ctx, which, "refused");
            refuse_at = 0;
            if (status != FV_EXHAUSTED && !(status == FV_OK && !rest))
                print_error("request %ld refused: status %d, %s\n", n, (int)status, ctx->message);
            /* one refusal alone may not matter: a copy that is not needed, a buffer of the C
             * library */
            assert_true(status == FV_EXHAUSTED || (status == FV_OK && !rest));
            assert_true(status == FV_OK || ctx->message[0] != 0);
        }
    print_message("%ld requests for memory\n", all);
    fv_context_free(ctx);
}

static void test_every_refusal_is_survived(void **unused) {
    (void)unused;
    for (int i = 0; i < (int)(sizeof asked / sizeof *asked); i++) survive(use, i);
    survive(find, 0);
}

/* A network made for other classes. */
static void test_refit(void **unused) {
    (void)unused;
    fv_context *ctx;
    fv_net net = {0};
    fv_graph *seven = NULL;
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    assert_int_equal(fv__net_find(ctx, "lenet5", NULL, 0, &net.graph, &net.recipe), FV_OK);
    for (long n = 1; !seven; n++) {
        requests = 0;
        refuse_at = n;
        refuse_rest = n % 2;
        const fv_status status = fv__net_refit(ctx, net.graph, 7, &seven);
        refuse_at = 0;
        assert_true(status == FV_EXHAUSTED || (status == FV_OK && seven));
        assert_true(n < 10000);
    }
    assert_int_equal(seven->values[seven->heads[0].value].shape.dim[1], 7);
    assert_int_equal(fv__net_parameters(seven, true), fv__net_parameters(net.graph, true) - 3 * 85);
    fv__net_free(seven);
    fv__net_free(net.graph);
    fv_context_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_step_allocates_nothing),
        cmocka_unit_test(test_every_refusal_is_survived),
        cmocka_unit_test(test_refit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
