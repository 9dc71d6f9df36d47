/* SPDX-License-Identifier: MIT */
/*
 * test_open_model.c - words that name a network or a model: of the zoo, files with and without a
 * telling name, folders of runs, weights beside a network; and every format of the list.
 */
#include "format/open_model.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char text[] = "net small(classes = 3)\n"
                           "input 1x8x8 scale 1/255\n"
                           "  conv 4 3x3 - relu - fc classes - softmax\n";

static int setup(void **state) {
    fv_context *ctx;
    fv_status status = fv_context_new(1, &ctx);
    if (status == FV_OK) status = fv__file_write(ctx, "small.net", text, sizeof text - 1);
    *state = ctx;
    return (int)status;
}

static int teardown(void **state) {
    fv_context_free(*state);
    return 0;
}

static fv_model *open_model(fv_context *ctx, const char *word, const fv_open_options *o) {
    fv_model *model;
    if (fv__model_open(ctx, word, o, &model) != FV_OK) fail_msg("%s: %s", word, ctx->message);
    return model;
}

static fv_graph *open_net(fv_context *ctx, const char *word, const fv_open_options *o) {
    fv_net net;
    if (fv__net_open(ctx, word, o, &net) != FV_OK) fail_msg("%s: %s", word, ctx->message);
    return net.graph;
}

/* Writes what a word names in the form that the path's end tells. */
static fv_status convert(fv_context *ctx, const char *word, const fv_open_options *o,
                         const char *path) {
    fv_model *model = open_model(ctx, word, o);
    const fv_status status = fv_model_save(ctx, model, path);
    fv__model_free(model);
    return status;
}

static void refused(fv_context *ctx, const char *word, const fv_open_options *o, fv_status status,
                    const char *words) {
    fv_model *model;
    const fv_status got = fv__model_open(ctx, word, o, &model);
    assert_null(model);
    if (got != status || !strstr(ctx->message, words))
        fail_msg("%s gave %d: %s\n  expected %d: %s", word, (int)got, ctx->message, (int)status,
                 words);
}

static void same(const fv_model *a, const fv_model *b) {
    assert_int_equal(a->net.graph->param_elements, b->net.graph->param_elements);
    assert_memory_equal(a->weights, b->weights,
                        sizeof(float) * (size_t)a->net.graph->param_elements);
}

/* Each format gives back what it wrote, under its name and under one that tells nothing. */
static void every_format_reads_what_it_writes(void **state) {
    fv_context *ctx = *state;
    const fv_open_options fresh = {.fresh = true, .seed = 7}, trained = {.fresh = false};
    fv_model *model = open_model(ctx, "small.net", &fresh), *back;
    for (int i = 0; fv__formats[i]; i++) {
        const fv_format *f = fv__formats[i], *found;
        char path[64];
        assert_true(f->name && f->what && f->help && f->recognise && f->extension[0] == '.');
        for (int k = 0; k < i; k++)
            assert_string_not_equal(f->extension, fv__formats[k]->extension);
        if (!f->write_net && !f->write_model) continue; /* is read only */
        snprintf(path, sizeof path, "written%s", f->extension);
        assert_int_equal(convert(ctx, "small.net", &fresh, path), FV_OK);
        assert_ptr_equal(fv__format_by_name(path), f);
        for (int named = 1; named >= 0; named--) {
            assert_int_equal(fv__format_of(ctx, path, &found), FV_OK);
            assert_ptr_equal(found, f);
            fv_graph *net = open_net(ctx, path, &fresh);
            assert_string_equal(net->name, "small");
            assert_int_equal(net->param_elements, model->net.graph->param_elements);
            fv__net_free(net);
            back = open_model(ctx, path, f->read_model ? &trained : &fresh);
            same(model, back);
            fv__model_free(back);
            if (!f->read_model)
                refused(ctx, path, &trained, FV_BAD_INPUT, "without weights; give a trained model");
            assert_int_equal(rename(path, "written"), 0);
            strcpy(path, "written");
        }
    }
    fv__model_free(model);
}

static void a_folder_stands_for_its_model(void **state) {
    fv_context *ctx = *state;
    const fv_open_options fresh = {.fresh = true, .seed = 8}, trained = {.fresh = false};
    assert_int_equal(system("rm -rf run"), 0);
    assert_int_equal(fv__folder_make(ctx, "run/empty"), FV_OK);
    refused(ctx, "run/empty", &fresh, FV_BAD_INPUT, "no best.safetensors");
    assert_int_equal(convert(ctx, "small.net", &fresh, "run/best.safetensors"), FV_OK);
    fv_model *best = open_model(ctx, "run", &trained), *last;
    const fv_open_options other = {.fresh = true, .seed = 9};
    assert_int_equal(convert(ctx, "small.net", &other, "run/model.safetensors"), FV_OK);
    last = open_model(ctx, "run/", &trained);
    assert_memory_not_equal(best->weights, last->weights, 100);
    fv__model_free(best);
    fv__model_free(last);
}

static void weights_go_into_their_network(void **state) {
    fv_context *ctx = *state;
    const fv_setting classes = {"classes", "5"};
    const fv_open_options five = {
        .fresh = true, .seed = 3, .settings = &classes, .setting_count = 1};
    assert_int_equal(convert(ctx, "small.net", &five, "five.safetensors"), FV_OK);
    fv_model *model = open_model(ctx, "five.safetensors", &(fv_open_options){.fresh = false});
    fv_open_options o = {.settings = &classes, .setting_count = 1, .weights = "five.safetensors"};
    fv_model *joined = open_model(ctx, "small.net", &o);
    same(model, joined);
    fv__model_free(joined);
    fv__net_free(open_net(ctx, "small.net", &o));
    o.setting_count = 0;
    refused(ctx, "small.net", &o, FV_BAD_INPUT, "these are not the weights of small");
    fv_net net;
    assert_int_equal(fv__net_open(ctx, "small.net", &o, &net), FV_BAD_INPUT);
    assert_null(net.graph);
    o.weights = "small.net";
    refused(ctx, "small.net", &o, FV_BAD_INPUT, "small.net holds no weights; weights=FILE is");
    /* over those of a model, whose class names stay */
    assert_int_equal(fv__model_set(ctx, model, "classes", "a\nb\nc\nd\ne"), FV_OK);
    model->weights[0] += 1;
    assert_int_equal(fv__model_save(ctx, model, "named.safetensors"), FV_OK);
    model->weights[0] -= 1;
    o.weights = "five.safetensors";
    joined = open_model(ctx, "named.safetensors", &o);
    assert_int_equal(joined->class_count, 5);
    fv__model_free(joined);
    o = (fv_open_options){.settings = &classes, .setting_count = 1};
    refused(ctx, "five.safetensors", &o, FV_USAGE, "what it was trained as");
    fv__model_free(model);
}

static void says_what_a_word_is(void **state) {
    fv_context *ctx = *state;
    const fv_open_options trained = {.fresh = false}, fresh = {.fresh = true};
    refused(ctx, "lenet5", &trained, FV_BAD_INPUT, "lenet5 is a network without weights; train it");
    refused(ctx, "nothere", &trained, FV_BAD_INPUT, "there is no file nothere");
    refused(ctx, "nothere.safetensors", &trained, FV_BAD_INPUT, "there is no file nothere.safet");
    refused(ctx, "lenet", &fresh, FV_BAD_INPUT, "did you mean 'lenet5'");
    assert_int_equal(fv__file_write(ctx, "noise", "\x00\xff\x80", 3), FV_OK);
    refused(ctx, "noise", &fresh, FV_BAD_INPUT, "neither a model nor a network's text");
    assert_int_equal(convert(ctx, "lenet5", &fresh, "lenet5.xyz"), FV_USAGE);
    for (int i = 0; fv__formats[i]; i++)
        assert_true(!(fv__formats[i]->write_net || fv__formats[i]->write_model) ==
                    !strstr(ctx->message, fv__formats[i]->extension));
}

static void finds_weights_without_a_network(void **state) {
    fv_context *ctx = *state;
    static const float w[4] = {1, 2, 3, 4};
    const fv_st_tensor t[] = {{"fc1.weight", {2, {2, 2}}, w, FV_F32}};
    const fv_open_options fresh = {.fresh = true};
    fv_tensor_file st;
    bool found;
    assert_int_equal(fv__safetensors_write(ctx, "alone.safetensors", t, 1, NULL, 0), FV_OK);
    assert_int_equal(fv__weights_open(ctx, "alone.safetensors", &st, &found), FV_OK);
    assert_true(found);
    assert_string_equal(st.entries[0].name, "fc1.weight");
    fv__tensor_file_close(&st);
    refused(ctx, "alone.safetensors", &fresh, FV_BAD_INPUT, "weights without a network");
    static const char *const others[] = {"small.net", "lenet5", "nothere", "five.safetensors"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(fv__weights_open(ctx, others[i], &st, &found), FV_OK);
        assert_false(found);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_reads_what_it_writes),
        cmocka_unit_test(a_folder_stands_for_its_model),
        cmocka_unit_test(weights_go_into_their_network),
        cmocka_unit_test(says_what_a_word_is),
        cmocka_unit_test(finds_weights_without_a_network),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
