/* SPDX-License-Identifier: MIT */
/*
 * test_old_names.c - model files of version 0.1.0, which called the layers within a labelled call
 * of a block by the call's number: each of their weights must come to where it was.
 */
#include "format/weights.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* What a network of the text has, first in this version's words, then in those of 0.1.0. */
typedef struct example {
    const char *text;
    const char *names[7][2];
} example;

static const example examples[] = {
    {"block b(k) = conv k 1x1 bias no as c - conv k 1x1 bias no\n"
     "input 1x4x4\n b(1) as first - b(1) - conv 1 1x1 bias no\n",
     {{"first.c.weight", "b1.c.weight"},
      {"first.conv1.weight", "b1.conv1.weight"},
      {"b1.c.weight", "b2.c.weight"},
      {"b1.conv1.weight", "b2.conv1.weight"},
      {"conv1.weight", "conv1.weight"},
      {NULL}}},
    /* the same names for other layers: only the file's age tells them apart */
    {"block b = conv 1 1x1 bias no\ninput 1x4x4\n b() - b() as b1\n",
     {{"b2.conv1.weight", "b1.conv1.weight"}, {"b1.conv1.weight", "b2.conv1.weight"}, {NULL}}},
    {"block o = i() as in - i()\nblock i = conv 1 1x1 bias no\ninput 1x4x4\n o() as a - o()\n",
     {{"a.in.conv1.weight", "o1.i1.conv1.weight"},
      {"a.i1.conv1.weight", "o1.i2.conv1.weight"},
      {"o1.in.conv1.weight", "o2.i1.conv1.weight"},
      {"o1.i1.conv1.weight", "o2.i2.conv1.weight"},
      {NULL}}},
};
#define EXAMPLES (sizeof examples / sizeof *examples)

static fv_context *new_context(void) {
    fv_context *ctx;
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    return ctx;
}

static void must(const fv_context *ctx, fv_status status) {
    if (status != FV_OK) fail_msg("%s", ctx->message);
}

/* Weight number i is 100 + i, under the names of `column`; `meta` as metadata. */
static void write_file(fv_context *ctx, const char *path, const example *e, int column,
                       const fv_st_meta *meta, size_t meta_count) {
    static float weights[7];
    fv_st_tensor tensors[7];
    size_t n = 0;
    for (; e->names[n][0] != NULL; n++) {
        weights[n] = 100 + (float)n;
        tensors[n] =
            (fv_st_tensor){e->names[n][column], fv__shape4(1, 1, 1, 1), &weights[n], FV_F32};
    }
    must(ctx, fv__safetensors_write(ctx, path, tensors, n, meta, meta_count));
}

static void weights_are_right(const fv_model *model, const example *e) {
    const fv_graph *net = model->net.graph;
    for (size_t n = 0; e->names[n][0] != NULL; n++) {
        const int p = fv__net_find_param(net, e->names[n][0]);
        if (p < 0) fail_msg("no %s", e->names[n][0]);
        const float weight = model->weights[net->params[p].offset];
        if (weight != 100 + (float)n) fail_msg("%s is %g", e->names[n][0], (double)weight);
    }
}

static void test_files_of_old(void **unused) {
    (void)unused;
    fv_context *ctx = new_context();
    for (size_t i = 0; i < EXAMPLES; i++) {
        const fv_st_meta meta[] = {{"format", "fovea 1"}, {"net", examples[i].text}};
        fv_model *model;
        write_file(ctx, "old.safetensors", &examples[i], 1, meta, 2);
        must(ctx, fv__model_load(ctx, "old.safetensors", &model));
        weights_are_right(model, &examples[i]);
        /* saved again it has the names of now, and says so */
        must(ctx, fv__model_save(ctx, model, "now.safetensors"));
        fv__model_free(model);
        must(ctx, fv__model_load(ctx, "now.safetensors", &model));
        weights_are_right(model, &examples[i]);
        assert_null(fv__model_get(model, "names"));
        assert_int_equal(fv__model_set(ctx, model, "names", "1"), FV_USAGE);
        must(ctx, fv__model_load_weights(ctx, model, "old.safetensors"));
        weights_are_right(model, &examples[i]);
        fv__model_free(model);
    }
    fv_context_free(ctx);
}

/* Weights of others, without metadata: as now if they can be, otherwise as of old. */
static void test_weights_alone(void **unused) {
    (void)unused;
    fv_context *ctx = new_context();
    for (size_t i = 0; i < EXAMPLES; i++)
        for (int column = 0; column < 2; column++) {
            fv_net net = {0};
            fv_model *model;
            if (i == 1 && column == 1) continue; /* nobody could tell */
            must(ctx, fv__net_parse(ctx, "a", examples[i].text, strlen(examples[i].text), NULL, 0,
                                    &net.graph, &net.recipe));
            must(ctx, fv__model_new(ctx, &net, 1, &model));
            write_file(ctx, "alone.safetensors", &examples[i], column, NULL, 0);
            must(ctx, fv__model_load_weights(ctx, model, "alone.safetensors"));
            weights_are_right(model, &examples[i]);
            fv__model_free(model);
        }
    fv_context_free(ctx);
}

/* What is missing is told by its name of now. */
static void test_what_is_missing(void **unused) {
    (void)unused;
    fv_context *ctx = new_context();
    example less = examples[0];
    less.names[1][0] = NULL;
    for (int column = 0; column < 2; column++) {
        const fv_st_meta meta[] = {{"format", "fovea 1"}, {"net", less.text}};
        fv_model *model;
        write_file(ctx, "less.safetensors", &less, column, meta, 2);
        assert_int_equal(fv__model_load(ctx, "less.safetensors", &model), FV_BAD_INPUT);
        const char *name = column == 0 ? "'first.conv1.weight'" : "'first.c.weight'";
        if (!strstr(ctx->message, name)) fail_msg("%s", ctx->message);
    }
    fv_context_free(ctx);
}

/* GoogLeNet as it is in the zoo: 0.1.0 called the layers of inc3a inception1.conv1 and so on. */
static void test_googlenet(void **unused) {
    (void)unused;
    fv_context *ctx = new_context();
    fv_graph *net;
    int renamed = 0;
    must(ctx, fv__net_find(ctx, "googlenet", NULL, 0, &net, NULL));
    for (size_t p = 0; p < net->param_count; p++) renamed += net->params[p].old_name != NULL;
    const int p = fv__net_find_param(net, "inc4a.conv2.weight");
    assert_true(p >= 0);
    assert_string_equal(net->params[p].old_name, "inception3.conv2.weight");
    assert_true(renamed >= 12);
    fv__net_free(net);
    fv_context_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_of_old), cmocka_unit_test(test_weights_alone),
        cmocka_unit_test(test_what_is_missing), cmocka_unit_test(test_googlenet)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
