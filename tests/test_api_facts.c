/* SPDX-License-Identifier: MIT */
/*
 * test_api_facts.c - public: networks and what the library says of them, of its layers, of its
 * settings, of itself.
 */
#include "public.h"

/* ----------------------------------------------------------------------------- contexts --- */

static void *take(void *user, size_t bytes, size_t alignment) {
    ++*(long *)user;
    return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void give(void *user, void *memory) {
    if (memory) --*(long *)user;
    free(memory);
}

static void contexts_have_options(void **state) {
    (void)state;
    fv_context *ctx;
    fv_context_options options = FV_INIT(fv_context_options);
    long lent = 0;
    options.threads = 2;
    options.isa = "baseline";
    options.precision = "strict";
    options.allocator.alloc = take;
    options.allocator.free = give;
    options.allocator.user = &lent;
    assert_int_equal(fv_context_new_with(&options, &ctx), FV_OK);
    assert_string_equal(fv_context_isa(ctx), "baseline");
    assert_string_equal(fv_context_precision(ctx), "strict");
    assert_true(fv_isa_lanes(ctx) >= 1);
    fv_net *net;
    OK(ctx, fv_net_open(ctx, "lenet5", NULL, &net));
    assert_true(lent > 0);
    fv_net_free(net);
    fv_context_free(ctx);
    assert_int_equal(lent, 0);

    options.isa = "abacus";
    assert_int_equal(fv_context_new_with(&options, &ctx), FV_USAGE);
    assert_non_null(strstr(fv_context_error(ctx), "abacus"));
    fv_context_free(ctx);
    assert_int_equal(lent, 0);
    options.isa = NULL;
    options.precision = "bf61";
    assert_int_equal(fv_context_new_with(&options, &ctx), FV_USAGE);
    assert_non_null(strstr(fv_context_error(ctx), "fp32, strict or bf16"));
    assert_non_null(strstr(fv_context_error(ctx), "did you mean 'bf16'?"));
    fv_context_free(ctx);
    options.precision = NULL;
    options.size = sizeof options.size - 1;
    assert_int_equal(fv_context_new_with(&options, &ctx), FV_USAGE);
    fv_context_free(ctx);
    assert_int_equal(fv_context_new_with(NULL, &ctx), FV_OK);
    assert_string_equal(fv_context_isa(ctx), fv_isa_best());
    assert_string_equal(fv_context_precision(ctx), "fp32");
    fv_context_free(ctx);
    assert_null(fv_context_isa(NULL));
    assert_null(fv_context_precision(NULL));
}

/* A program that was built with a later header may set only what this library knows. */
static void structs_may_grow(void **state) {
    fv_context *ctx = *state;
    struct later {
        fv_explain_options known;
        int more[4];
    } later = {.known = {.size = sizeof later, .batch = 2}};
    fv_net *net;
    fv_explanation *e;
    OK(ctx, fv_net_open(ctx, "perceptron", NULL, &net));
    OK(ctx, fv_explain(ctx, net, &later.known, &e));
    assert_int_equal(e->plans[1]->batch, 2);
    fv_explanation_free(e);
    later.more[3] = 1;
    SAYS(ctx, fv_explain(ctx, net, &later.known, &e), FV_USAGE, "does not know");
    assert_null(e);
    fv_explain_options earlier = {.size = offsetof(fv_explain_options, training), .batch = 3};
    earlier.training = 12345; /* beyond its size: not looked at */
    OK(ctx, fv_explain(ctx, net, &earlier, &e));
    assert_int_equal(e->plans[1]->batch, 3);
    fv_explanation_free(e);
    fv_net_free(net);
}

static void sentences_of_ones_own(void **state) {
    fv_context *ctx = *state;
    assert_int_equal(fv_context_fail(ctx, FV_BAD_INPUT, "no tea"), FV_BAD_INPUT);
    assert_string_equal(fv_context_error(ctx), "no tea");
    assert_int_equal(fv_context_fail(NULL, FV_FAILED, "no tea"), FV_FAILED);
}

/* ----------------------------------------------------------------------------- networks --- */

static void the_zoo_is_data(void **state) {
    fv_context *ctx = *state;
    const int count = fv_zoo_count();
    assert_true(count >= 20);
    assert_null(fv_zoo(-1));
    assert_null(fv_zoo(count));
    assert_null(fv_zoo_find("lenet6"));
    assert_null(fv_zoo_find(NULL));
    for (int i = 0; i < count; i++) {
        const fv_zoo_network *z = fv_zoo(i);
        fv_net *net;
        fv_explanation *e;
        assert_ptr_equal(fv_zoo_find(z->name), z);
        assert_true(strlen(z->title) > 5 && strlen(z->source) > 5 && strlen(z->expected) > 5);
        OK(ctx, fv_net_parse(ctx, z->text, NULL, &net));
        OK(ctx, fv_explain(ctx, net, NULL, &e));
        if (fv_net_parameters(net) != z->parameters || e->weights + e->biases != z->parameters ||
            e->macs != z->macs)
            fail_msg("%s: %lld parameters and %lld MACs, the zoo says %lld and %lld", z->name,
                     (long long)fv_net_parameters(net), (long long)e->macs,
                     (long long)z->parameters, (long long)z->macs);
        fv_explanation_free(e);
        fv_net_free(net);
    }
}

static const char two_heads[] = "net two(classes = 4)\n"
                                "input 1x9x9 scale 1/255\n"
                                "  conv 3 3x3 - relu - maxpool 3 stride 3 as here - fc classes\n"
                                "head aux training from here - fc classes\n";

static void nets_tell_and_travel(void **state) {
    fv_context *ctx = *state;
    fv_net *net, *again;
    fv_blob *text, *twice;
    int64_t dims[3];
    OK(ctx, fv_net_parse(ctx, two_heads, "classes=5", &net));
    assert_string_equal(fv_net_name(net), "two");
    assert_string_equal(fv_net_text(net), two_heads);
    assert_string_equal(fv_net_given(net), "classes=5");
    assert_int_equal(fv_net_parameters(net), 3 * 9 + 3 + 12 * 5 + 5);
    assert_int_equal(fv_net_input(net, dims), 81);
    assert_int_equal(dims[0], 1);
    assert_int_equal(dims[2], 9);
    OK(ctx, fv_net_print(ctx, net, &text));
    assert_int_equal(strlen(fv_blob_data(text)), fv_blob_size(text));
    OK(ctx, fv_net_parse(ctx, fv_blob_data(text), NULL, &again));
    OK(ctx, fv_net_print(ctx, again, &twice));
    assert_string_equal(fv_blob_data(text), fv_blob_data(twice));
    OK(ctx, fv_blob_save(ctx, text, "two.txt"));
    fv_net_free(again);
    OK(ctx, fv_net_save(ctx, net, "two.net"));
    OK(ctx, fv_net_open(ctx, "two.net", NULL, &again));
    assert_int_equal(fv_net_parameters(again), fv_net_parameters(net));
    fv_net_free(again);
    SAYS(ctx, fv_net_save(ctx, net, "two.safetensors"), FV_USAGE, "weights");
    SAYS(ctx, fv_net_save(ctx, net, "two.doc"), FV_USAGE, ".net");
    SAYS(ctx, fv_net_open(ctx, "lenet6", NULL, &again), FV_BAD_INPUT, "did you mean 'lenet5'");
    assert_null(again);
    SAYS(ctx, fv_net_open(ctx, "two.net", "sides=3", &again), FV_USAGE, "sides");
    SAYS(ctx, fv_net_parse(ctx, "net a\ninput 1x4x4\n  convv 3", NULL, &again), FV_BAD_INPUT,
         ":3:");
    fv_blob_free(text);
    fv_blob_free(twice);
    fv_blob_free(NULL);
    fv_net_free(net);
    fv_net_free(NULL);
    assert_null(fv_net_name(NULL));
    assert_null(fv_net_text(NULL));
    assert_int_equal(fv_net_input(NULL, dims), 0);
    assert_int_equal(fv_blob_size(NULL), 0);
}

static void models_of_nets(void **state) {
    fv_context *ctx = *state;
    fv_net *net;
    fv_model *model, *back;
    fv_weights *weights;
    fv_model_options options = FV_INIT(fv_model_options);
    OK(ctx, fv_net_parse(ctx, two_heads, NULL, &net));
    OK(ctx, fv_model_new(ctx, net, 7, &model));
    assert_string_equal(fv_net_text(fv_model_net(model)), two_heads);
    assert_int_equal(fv_model_output_is_softmax(model, 0), 0);
    OK(ctx, fv_model_save(ctx, model, "two.safetensors"));
    OK(ctx, fv_model_open(ctx, "two.safetensors", NULL, &back));
    fv_model_free(back);
    SAYS(ctx, fv_model_open(ctx, "lenet5", NULL, &back), FV_BAD_INPUT, "train");
    options.fresh = 1;
    options.settings = "classes=3";
    OK(ctx, fv_model_open(ctx, "lenet5", &options, &back));
    assert_int_equal(fv_model_output_is_softmax(back, 0), 1);
    fv_model_free(back);
    options = (fv_model_options)FV_INIT(fv_model_options);
    options.weights = "two.safetensors";
    OK(ctx, fv_net_save(ctx, fv_model_net(model), "two.net"));
    OK(ctx, fv_model_open(ctx, "two.net", &options, &back));
    fv_model_free(back);
    OK(ctx, fv_model_load(ctx, "two.safetensors", &back));
    fv_model_free(back);
    OK(ctx, fv_weights_read(ctx, "two.net", &weights)); /* a text is no file of weights */
    assert_null(weights);
    const char *help;
    int formats = 0;
    while (fv_format_extension(formats, &help)) {
        assert_int_equal(fv_format_extension(formats, NULL)[0], '.');
        assert_true(strlen(help) > 5);
        formats++;
    }
    assert_true(formats >= 2);
    fv_model_free(model);
    SAYS(ctx, fv_model_new(ctx, NULL, 1, &model), FV_USAGE, "'net'");
}

/* A file of weights of another program: a header in JSON, then numbers. */
static void strange_weights(void **state) {
    fv_context *ctx = *state;
    static const char header[] =
        "{\"a.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
        "\"b\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[24,32]}}";
    unsigned char file[8 + sizeof header - 1 + 32] = {sizeof header - 1};
    memcpy(file + 8, header, sizeof header - 1);
    FILE *f = fopen("strange.safetensors", "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(file, 1, sizeof file, f), sizeof file);
    assert_int_equal(fclose(f), 0);
    fv_weights *w;
    OK(ctx, fv_weights_read(ctx, "strange.safetensors", &w));
    assert_int_equal(w->count, 2);
    assert_string_equal(w->tensors[0]->name, "a.weight");
    assert_string_equal(w->tensors[0]->type, "F32");
    assert_int_equal(w->tensors[0]->rank, 2);
    assert_int_equal(w->tensors[0]->dims[1], 3);
    assert_int_equal(w->tensors[0]->bytes, 24);
    assert_int_equal(w->tensors[1]->count, 4);
    fv_weights_free(w);
    fv_weights_free(NULL);
}

/* ------------------------------------------------------------------------------ explain --- */

static void explains_layers(void **state) {
    fv_context *ctx = *state;
    fv_net *net;
    fv_explanation *e;
    fv_explain_options options = FV_INIT(fv_explain_options);
    OK(ctx, fv_net_parse(ctx, two_heads, NULL, &net));
    options.batch = 8;
    OK(ctx, fv_explain(ctx, net, &options, &e));
    assert_string_equal(e->name, "two");
    assert_int_equal(e->layer_count, 5);
    const fv_layer *conv = e->layers[1], *relu = e->layers[2], *pool = e->layers[3];
    assert_string_equal(e->layers[0]->op, "input");
    assert_string_equal(conv->name, "conv1");
    assert_string_equal(conv->op, "conv");
    assert_string_equal(conv->options, "3 3x3");
    assert_string_equal(conv->product, "(3*3*1)*3");
    assert_int_equal(conv->rank, 3);
    assert_int_equal(conv->output[0], 3);
    assert_int_equal(conv->output[1], 7);
    assert_int_equal(conv->weights, 27);
    assert_int_equal(conv->biases, 3);
    assert_int_equal(conv->macs, 27 * 49);
    assert_int_equal(conv->field_h, 3);
    assert_int_equal(conv->input_count, 1);
    assert_string_equal(conv->inputs[0], "input");
    assert_int_equal(relu->shown_in, 1);
    assert_string_equal(pool->label, "here");
    assert_int_equal(pool->field_w, 5);
    assert_int_equal(pool->jump_w, 3);
    assert_int_equal(pool->misfit_count, 2); /* 7 is not 3 + 3 */
    assert_int_equal(pool->misfits[0]->ignored, 1);
    assert_int_equal(e->output_count, 1);
    assert_int_equal(e->training_outputs, 1);
    assert_int_equal(e->plan_count, 2);
    assert_int_equal(e->plans[0]->batch, 1);
    assert_int_equal(e->plans[1]->batch, 8);
    assert_true(e->plans[1]->training > e->plans[1]->inference);
    assert_int_equal(e->parameter_bytes, e->gradient_bytes);
    assert_null(e->untrainable);
    fv_explanation_free(e);
    options.training = 1;
    options.apart = 1;
    OK(ctx, fv_explain(ctx, net, &options, &e));
    assert_int_equal(e->layer_count, 6);
    assert_int_equal(e->layers[5]->training, 1);
    assert_int_equal(e->layers[2]->shown_in, 2);
    assert_int_equal(e->output_count, 2);
    fv_explanation_free(e);
    fv_explanation_free(NULL);
    options.batch = INT64_MAX;
    SAYS(ctx, fv_explain(ctx, net, &options, &e), FV_BAD_INPUT, "");
    SAYS(ctx, fv_explain(ctx, NULL, NULL, &e), FV_USAGE, "'net'");
    fv_net_free(net);
}

/* ------------------------------------------------------------------ layers and settings --- */

static void layers_and_settings_are_data(void **state) {
    fv_context *ctx = *state;
    fv_operator_facts op = FV_INIT(fv_operator_facts);
    fv_option option = FV_INIT(fv_option);
    int count = 0;
    while (fv_operator_at(ctx, count, &op)) {
        fv_operator_facts same = FV_INIT(fv_operator_facts);
        assert_true(fv_operator_find(NULL, op.name, &same));
        assert_string_equal(same.help, op.help);
        count++;
    }
    assert_true(count > 20);
    assert_false(fv_operator_at(NULL, -1, &op));
    assert_true(fv_operator_find(ctx, "conv", &op));
    assert_int_equal(op.inputs_max, 1);
    assert_non_null(op.samples[0]);
    assert_true(fv_operator_option(ctx, "conv", 0, &option));
    assert_true(option.positional && option.required && *option.help && *option.takes);
    assert_false(fv_operator_option(ctx, "relu", 0, &option));
    fv_optimizer_facts o = FV_INIT(fv_optimizer_facts);
    assert_true(fv_optimizer_at(0, &o) && o.help[0] && strchr(o.about, '\n'));
    assert_string_equal(o.name, "sgd");
    assert_true(fv_optimizer_setting(0, 0, &option));
    assert_string_equal(option.name, "momentum");
    assert_false(fv_optimizer_setting(0, 99, &option) || fv_optimizer_setting(99, 0, &option));
    assert_false(fv_optimizer_at(-1, &o) || fv_optimizer_at(99, &o));
    assert_false(fv_operator_option(ctx, "convolve", 0, &option));
    assert_false(fv_operator_find(ctx, "convolve", &op));
    assert_false(fv_operator_find(ctx, NULL, &op));
    int found = 0;
    for (int i = 0; fv_training_setting(i, &option); i++)
        found += strcmp(option.name, "momentum") == 0 || strcmp(option.name, "epochs") == 0;
    assert_int_equal(found, 2);
    for (int i = 0; fv_input_setting(i, &option); i++) found += strcmp(option.name, "mean") == 0;
    assert_int_equal(found, 3);
}

static void the_machine_is_described(void **state) {
    fv_context *ctx = *state;
    char name[200], small[4];
    int png = 0, best = 0;
    for (int i = 0; fv_part_at(i); i++) {
        png += strcmp(fv_part_at(i)->name, "libpng") == 0;
        assert_true(fv_part_at(i)->built_in == !fv_part_at(i)->without);
    }
    assert_int_equal(png, 1);
    assert_string_equal(fv_isa_name(0), "baseline");
    for (int i = 0; fv_isa_name(i); i++) best += strcmp(fv_isa_name(i), fv_isa_best()) == 0;
    assert_int_equal(best, 1);
    assert_null(fv_isa_name(-1));
    assert_true(fv_isa_lanes(ctx) >= 4);
    assert_true(strlen(fv_processor(name, sizeof name)) > 2);
    fv_processor(small, sizeof small);
    assert_int_equal(small[3], 0);
    assert_true(fv_processors() >= 1);
    assert_true(fv_machine_memory() >= 0);
    assert_true(strlen(fv_compiler()) > 3);
    const double before = fv_seconds();
    assert_true(fv_seconds() >= before);
}

/* ------------------------------------------------------------------------- check, bench --- */

static void count_gradients(void *user, const fv_checked_gradient *gradient) {
    assert_true(gradient->tried > 0 && !gradient->wrong);
    ++*(int *)user;
}

static void gradients_are_checked(void **state) {
    fv_context *ctx = *state;
    fv_net *net;
    fv_check *check;
    fv_check_settings settings = FV_INIT(fv_check_settings);
    int seen = 0;
    settings.points = 2;
    settings.watch = count_gradients;
    settings.user = &seen;
    OK(ctx, fv_net_parse(ctx, two_heads, NULL, &net));
    OK(ctx, fv_check_gradients(ctx, net, &settings, &check));
    assert_string_equal(check->net, "two");
    assert_int_equal(check->count, seen);
    assert_true(check->count >= 6 && check->worst < 1e-7);
    assert_int_equal(check->wrong, 0);
    assert_null(check->culprit);
    fv_check_free(check);
    fv_check_free(NULL);
    settings.tolerance = -1;
    SAYS(ctx, fv_check_gradients(ctx, net, &settings, &check), FV_USAGE, "tolerance");
    fv_net_free(net);
}

static void speed_is_measured(void **state) {
    fv_context *ctx = *state;
    fv_net *net;
    fv_bench *bench;
    fv_bench_options options = FV_INIT(fv_bench_options);
    options.batch = 2;
    options.runs = 2;
    options.training = options.steps = options.trace = 1;
    OK(ctx, fv_net_open(ctx, "lenet5", NULL, &net));
    OK(ctx, fv_bench_run(ctx, net, &options, &bench));
    assert_string_equal(bench->net, "lenet5");
    assert_int_equal(bench->runs, 2);
    assert_int_equal(bench->batch, 2);
    assert_true(bench->least > 0 && bench->median >= bench->least && bench->operations > 0);
    int backward = 0;
    for (int i = 0; i < bench->step_count; i++) backward += bench->steps[i]->backward;
    assert_true(backward > 5 && bench->step_count > backward + 5);
    assert_non_null(strstr(bench->trace, "conv1"));
    fv_bench_free(bench);
    options = (fv_bench_options)FV_INIT(fv_bench_options);
    options.runs = -1;
    OK(ctx, fv_bench_run(ctx, net, &options, &bench));
    assert_int_equal(bench->runs, 0);
    assert_null(bench->trace);
    assert_true(bench->step_count > 5);
    fv_bench_free(bench);
    fv_bench_free(NULL);
    options.batch = -3;
    SAYS(ctx, fv_bench_run(ctx, net, &options, &bench), FV_USAGE, "batch");
    fv_net_free(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contexts_have_options),
        cmocka_unit_test(structs_may_grow),
        cmocka_unit_test(sentences_of_ones_own),
        cmocka_unit_test(the_zoo_is_data),
        cmocka_unit_test(nets_tell_and_travel),
        cmocka_unit_test(models_of_nets),
        cmocka_unit_test(strange_weights),
        cmocka_unit_test(explains_layers),
        cmocka_unit_test(layers_and_settings_are_data),
        cmocka_unit_test(the_machine_is_described),
        cmocka_unit_test(gradients_are_checked),
        cmocka_unit_test(speed_is_measured),
    };
    return cmocka_run_group_tests(tests, public_setup, public_teardown);
}
