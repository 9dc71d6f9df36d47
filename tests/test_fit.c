/* SPDX-License-Identifier: MIT */
/*
 * test_fit.c - `pad ?` and `stride ?`: whatever fits, and what explain says of it. By the public
 * functions.
 */
#include "public.h"

static fv_explanation *explain(fv_context *ctx, const char *text) {
    fv_net *net;
    fv_explanation *e;
    OK(ctx, fv_net_parse(ctx, text, NULL, &net));
    OK(ctx, fv_explain(ctx, net, NULL, &e));
    fv_net_free(net);
    return e;
}

/* The first layer behind the input, whose option is open. */
static const fv_layer *open_layer(const fv_explanation *e, const char *option) {
    assert_non_null(e->layers[1]->open);
    assert_string_equal(e->layers[1]->open, option);
    return e->layers[1];
}

static const fv_trial_facts *chosen(const fv_layer *layer) {
    const fv_trial_facts *found = NULL;
    for (int i = 0; i < layer->trial_count; i++)
        if (layer->trials[i]->chosen) {
            assert_null(found);
            found = layer->trials[i];
        }
    assert_non_null(found);
    assert_true(found->fits);
    return found;
}

/* Decks B and E: 7 and 3 give 5 with stride 1, 3 with 2, and 2.33 with 3, which does not fit. */
static void the_strides_of_the_lectures(void **state) {
    static const double sizes[] = {5, 3, 7.0 / 3};
    fv_explanation *e = explain(*state, "input 1x7x7\n conv 1 3x3 stride ?\n");
    const fv_layer *layer = open_layer(e, "stride");
    assert_int_equal(layer->trial_count, 3);
    for (int i = 0; i < 3; i++) {
        assert_true(fabs(layer->trials[i]->width - sizes[i]) < 1e-12);
        assert_true(fabs(layer->trials[i]->height - sizes[i]) < 1e-12);
        assert_int_equal(layer->trials[i]->fits, i < 2);
    }
    assert_string_equal(chosen(layer)->value, "2");
    assert_string_equal(layer->options, "1 3x3 stride 2x2");
    fv_explanation_free(e);
    /* what does not fit with stride 3 does with one row of padding */
    e = explain(*state, "input 1x7x7\n conv 1 3x3 stride 3 pad ?\n");
    assert_string_equal(chosen(open_layer(e, "pad"))->value, "1");
    fv_explanation_free(e);
}

/* Deck E: F = 5, S = 2, P = whatever fits. Over 32 no equal padding does, over 33 none is needed.
 */
static void whatever_fits(void **state) {
    fv_explanation *e = explain(*state, "input 3x32x32\n conv 8 5x5 stride 2 pad ?\n");
    const fv_layer *layer = open_layer(e, "pad");
    assert_int_equal(layer->trial_count, 6);
    assert_true(layer->trials[2]->width == 16.5);
    assert_string_equal(chosen(layer)->value, "0,0,1,1");
    assert_int_equal(layer->output[1], 15);
    fv_explanation_free(e);
    e = explain(*state, "input 3x33x33\n conv 8 5x5 stride 2 pad ?\n");
    assert_string_equal(chosen(open_layer(e, "pad"))->value, "0");
    fv_explanation_free(e);
    e = explain(*state, "input 3x31x32\n conv 8 5x5 stride 2 pad ?\n");
    assert_string_equal(chosen(open_layer(e, "pad"))->value, "0,0,0,1");
    fv_explanation_free(e);
    e = explain(*state, "input 3x2x2\n conv 8 5x5 pad ?\n"); /* more than the image has */
    assert_string_equal(chosen(open_layer(e, "pad"))->value, "2");
    fv_explanation_free(e);
    e = explain(*state, "input 8x1x9\n flatten - fc 4\n");
    assert_null(e->layers[1]->open);
    fv_explanation_free(e);
}

/* The least equal padding below the window that makes the formula whole; -1: there is none, and it
   is for each axis what is missing. */
static int least(int in, int k, int s) {
    for (int p = 0; p < k; p++)
        if (in + 2 * p >= k && (in + 2 * p - k) % s == 0) return p;
    return -1;
}

static void every_small_window(void **state) {
    fv_context *ctx = *state;
    for (int in = 1; in <= 12; in++)
        for (int k = 1; k <= 5; k++)
            for (int s = 1; s <= 4; s++) {
                char text[96];
                snprintf(text, sizeof text, "input 1x%dx%d\n conv 1 %dx%d stride %d pad ?\n", in,
                         in, k, k, s);
                fv_explanation *e = explain(ctx, text);
                const fv_trial_facts *t = chosen(open_layer(e, "pad"));
                const int p = least(in, k, s);
                char value[16];
                snprintf(value, sizeof value, "%d", p);
                if (p >= 0) assert_string_equal(t->value, value);
                assert_true(t->width == (double)e->layers[1]->output[2]);
                assert_int_equal(e->layers[1]->misfit_count, 0);
                fv_explanation_free(e);
            }
}

static void pools_sequences_and_dilation(void **state) {
    fv_explanation *e = explain(*state, "input 2x9x9\n maxpool 3 stride ?\n");
    assert_string_equal(chosen(open_layer(e, "stride"))->value, "2");
    fv_explanation_free(e);
    e = explain(*state, "input 2x8x8\n maxpool 3 pad ?\n"); /* whose stride is 3 */
    assert_string_equal(chosen(open_layer(e, "pad"))->value, "2");
    fv_explanation_free(e);
    e = explain(*state, "input 2x8x8\n conv 2 3x3 dilation 2 stride 3 pad ?\n");
    assert_string_equal(chosen(open_layer(e, "pad"))->value, "0");
    assert_int_equal(e->layers[1]->output[1], 2);
    fv_explanation_free(e);
    e = explain(*state, "input 2x1x8\n squeeze axes 2 - conv 2 3 stride 2 pad ?\n");
    assert_string_equal(e->layers[2]->open, "pad");
    assert_string_equal(chosen(e->layers[2])->value, "0,0,0,1");
    fv_explanation_free(e);
}

/* What was chosen is what is written, trained, saved. */
static void the_number_is_what_counts(void **state) {
    fv_context *ctx = *state;
    static const char text[] =
        "net open\ninput 1x8x8\n  conv 2 3x3 stride 2 pad ? - fc 3 - softmax\n";
    fv_model *model, *loaded;
    fv_blob *print;
    fv_explanation *e;
    OK(ctx, fv_model_parse(ctx, text, NULL, 1, &model));
    OK(ctx, fv_net_print(ctx, fv_model_net(model), &print));
    assert_non_null(strstr(fv_blob_data(print), "pad 0,0,1,1"));
    assert_null(strchr(fv_blob_data(print), '?'));
    fv_blob_free(print);
    OK(ctx, fv_model_save(ctx, model, "open.safetensors"));
    OK(ctx, fv_model_load(ctx, "open.safetensors", &loaded));
    OK(ctx, fv_explain(ctx, fv_model_net(loaded), NULL, &e));
    assert_int_equal(e->layers[1]->output[1], 4);
    fv_explanation_free(e);
    fv_model_free(loaded);
    fv_model_free(model);
    fv_builder *b;
    fv_net *net;
    OK(ctx, fv_builder_new(ctx, "built", "1x8x8", &b));
    fv_builder_then(b, 0, "conv", "2 3x3 pad ?");
    SAYS(ctx, fv_builder_finish(b, &net), FV_BAD_INPUT, "'?' is for the text of a network");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_strides_of_the_lectures),
        cmocka_unit_test(whatever_fits),
        cmocka_unit_test(every_small_window),
        cmocka_unit_test(pools_sequences_and_dilation),
        cmocka_unit_test(the_number_is_what_counts),
    };
    return cmocka_run_group_tests(tests, public_setup, public_teardown);
}
