/* SPDX-License-Identifier: MIT */
/*
 * test_weights.c - weights of other programs: matched by name, by order, by a map, and the report;
 * what does not fit is named from both sides.
 */
#include "format/open_model.h"
#include "torch_writer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char text[] = "net small\n"
                           "input 1x4x4\n"
                           "  conv 2 3x3 pad 1 - bn - relu as mid - fc 3 - softmax\n"
                           "head aux weight 0.3 training from mid - fc 3 - softmax\n";
static fv_context *ctx;
static fv_weight_report *told;

static int setup(void **state) {
    (void)state;
    fv_status status = fv_context_new(1, &ctx);
    if (status == FV_OK) status = fv__file_write(ctx, "small.net", text, sizeof text - 1);
    return (int)status;
}

static int teardown(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

static int forget(void **state) {
    (void)state;
    fv_weight_report_free(told);
    told = NULL;
    return 0;
}

/* The tensors of the network in its order; numbers tell which is which: 100 for each tensor. */
enum { PARAMS = 10, FLOATS = 100 };
static const char *const names[PARAMS] = {"conv1.weight", "conv1.bias",   "bn1.weight", "bn1.bias",
                                          "bn1.mean",     "bn1.variance", "fc1.weight", "fc1.bias",
                                          "fc2.weight",   "fc2.bias"};
static const fv_shape shapes[PARAMS] = {{4, {2, 1, 3, 3}}, {1, {2}}, {1, {2}},     {1, {2}},
                                        {1, {2}},          {1, {2}}, {2, {3, 32}}, {1, {3}},
                                        {2, {3, 32}},      {1, {3}}};

typedef struct sample {
    fv_st_tensor tensor[PARAMS + 2];
    int count;
    float data[PARAMS + 2][FLOATS];
} sample;

static sample of(const char *const *called, int count) {
    sample s = {.count = count};
    for (int i = 0; i < count; i++) {
        s.tensor[i] = (fv_st_tensor){called[i], shapes[i], NULL, FV_F32};
        for (int k = 0; k < FLOATS; k++) s.data[i][k] = (float)(100 * i + k);
    }
    return s;
}

static void write(sample *s) {
    for (int i = 0; i < s->count; i++) s->tensor[i].data = s->data[i];
    if (fv__safetensors_write(ctx, "theirs.safetensors", s->tensor, (size_t)s->count, NULL, 0) !=
        FV_OK)
        fail_msg("%s", ctx->message);
}

static fv_status load(sample *s, fv_match match, const char *map, fv_model **model) {
    const fv_open_options o = {
        .weights = "theirs.safetensors", .seed = 4, .match = {.match = match, .report = &told}};
    fv_open_options mapped = o;
    forget(NULL);
    write(s);
    if (map) {
        assert_int_equal(fv__file_write(ctx, "names.map", map, strlen(map)), FV_OK);
        mapped.match.map = "names.map";
    }
    return fv__model_open(ctx, "small.net", &mapped, model);
}

/* Every tensor got the numbers of the one in its place in `names`. */
static void fits(sample s, fv_match match, const char *map, fv_match how, int matched) {
    fv_model *model;
    if (load(&s, match, map, &model) != FV_OK) fail_msg("%s", ctx->message);
    for (int i = 0; i < matched; i++) {
        const fv_param *p = &model->net.graph->params[i];
        assert_string_equal(p->name, names[i]);
        assert_string_equal(told->pairs[i]->parameter, names[i]);
        for (int64_t k = 0; k < p->count; k++)
            assert_true(model->weights[p->offset + k] == (float)(100 * i + k));
    }
    assert_int_equal(told->match, how);
    assert_int_equal(told->matched, matched);
    assert_int_equal(told->parameters, PARAMS);
    assert_string_equal(told->file, "theirs.safetensors");
    fv__model_free(model);
}

static void fails(sample s, fv_match match, const char *map, const char *words) {
    fv_model *model;
    const fv_status status = load(&s, match, map, &model);
    assert_null(model);
    assert_null(told);
    if (status != FV_BAD_INPUT || !strstr(ctx->message, words))
        fail_msg("status %d: %s\n  wanted: %s", (int)status, ctx->message, words);
}

static const char *const torch_names[PARAMS] = {"features.0.weight",
                                                "features.0.bias",
                                                "features.1.weight",
                                                "features.1.bias",
                                                "features.1.running_mean",
                                                "features.1.running_var",
                                                "head.weight",
                                                "head.bias",
                                                "aux.weight",
                                                "aux.bias"};

static void by_name(void **state) {
    (void)state;
    fits(of(names, PARAMS), FV_MATCH_AUTO, NULL, FV_MATCH_NAME, PARAMS);
    fits(of(names, PARAMS), FV_MATCH_NAME, NULL, FV_MATCH_NAME, PARAMS);
    sample s = of(names, PARAMS);
    static const char *const wrapped[PARAMS] = {
        "module.conv1.weight",     "model.conv1.bias",
        "backbone.bn1.weight",     "module.model.bn1.bias",
        "module.bn1.running_mean", "model.backbone.bn1.running_var",
        "_orig_mod.fc1.weight",    "fc1.bias",
        "net.fc2.weight",          "module.module.fc2.bias",
    };
    for (int i = 0; i < PARAMS; i++) s.tensor[i].name = wrapped[i];
    fits(s, FV_MATCH_AUTO, NULL, FV_MATCH_NAME, PARAMS);
    assert_string_equal(told->pairs[5]->tensor, "model.backbone.bn1.running_var");
    assert_string_equal(told->pairs[5]->type, "F32");
    /* counters do not count */
    s.tensor[s.count] = (fv_st_tensor){"module.bn1.num_batches_tracked", {0, {0}}, NULL, FV_F32};
    s.count++;
    fits(s, FV_MATCH_AUTO, NULL, FV_MATCH_NAME, PARAMS);
    assert_int_equal(told->ignored, 1);
    assert_string_equal(told->ignored_names[0], "module.bn1.num_batches_tracked");
    /* two for one */
    s.tensor[s.count - 1] = (fv_st_tensor){"conv1.weight", shapes[0], NULL, FV_F32};
    fails(s, FV_MATCH_NAME, NULL,
          "'module.conv1.weight' and 'conv1.weight' in the file are both 'conv1.weight'");
}

static void what_only_training_has_may_be_missing(void **state) {
    (void)state;
    fits(of(names, PARAMS - 2), FV_MATCH_AUTO, NULL, FV_MATCH_NAME, PARAMS - 2);
    assert_int_equal(told->missing, 2);
    assert_string_equal(told->missing_names[0], "fc2.weight");
    fits(of(torch_names, PARAMS - 2), FV_MATCH_AUTO, NULL, FV_MATCH_ORDER, PARAMS - 2);
    assert_int_equal(told->missing, 2);
    /* fresh: from the seed, as the network alone has them */
    sample s = of(names, PARAMS - 2);
    fv_model *model, *fresh;
    assert_int_equal(load(&s, FV_MATCH_AUTO, NULL, &model), FV_OK);
    const fv_open_options o = {.fresh = true, .seed = 4};
    assert_int_equal(fv__model_open(ctx, "small.net", &o, &fresh), FV_OK);
    const fv_param *p = &model->net.graph->params[8];
    assert_memory_equal(model->weights + p->offset, fresh->weights + p->offset, 96 * sizeof(float));
    fv__model_free(model);
    fv__model_free(fresh);
    fails(of(names, PARAMS - 3), FV_MATCH_NAME, NULL, "'fc1.bias' (3) is missing in the file");
}

static void by_order(void **state) {
    (void)state;
    fits(of(torch_names, PARAMS), FV_MATCH_AUTO, NULL, FV_MATCH_ORDER, PARAMS);
    assert_string_equal(told->pairs[5]->tensor, "features.1.running_var");
    fits(of(torch_names, PARAMS), FV_MATCH_ORDER, NULL, FV_MATCH_ORDER, PARAMS);
    fails(of(torch_names, PARAMS), FV_MATCH_NAME, NULL, "'conv1.weight' (2x1x3x3) is missing");
    /* names that say nothing: only who asks for the order gets it */
    static const char *const numbers[PARAMS] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    fits(of(numbers, PARAMS), FV_MATCH_ORDER, NULL, FV_MATCH_ORDER, PARAMS);
    fails(of(numbers, PARAMS), FV_MATCH_AUTO, NULL, "nor does the order fit: number 1 in the file");
    /* one shape, another role: the order of the alphabet */
    sample s = of(torch_names, PARAMS);
    s.tensor[2].name = torch_names[3];
    s.tensor[3].name = torch_names[2];
    fails(s, FV_MATCH_AUTO, NULL,
          "number 3 in the file is 'features.1.bias' (2), and in the network 'bn1.weight' (2)");
    fails(s, FV_MATCH_ORDER, NULL, "number 3 in the file is 'features.1.bias' (2)");
    static const char *const sorted[PARAMS] = {"a.bias", "b.weight", "c", "d", "e",
                                               "f",      "g",        "h", "i", "j"};
    fails(of(sorted, PARAMS), FV_MATCH_ORDER, NULL, "the file is sorted by name");
    s = of(torch_names, PARAMS);
    s.tensor[6].shape.dim[1] = 31;
    fails(s, FV_MATCH_AUTO, NULL, "'head.weight' (3x31), and in the network 'fc1.weight' (3x32)");
    fails(of(torch_names, PARAMS - 3), FV_MATCH_ORDER, NULL,
          "the file has 7 tensors and the network more, the next is 'fc1.bias'");
    s = of(torch_names, PARAMS);
    s.tensor[s.count++] = (fv_st_tensor){"more.weight", {1, {2}}, NULL, FV_F32};
    fails(s, FV_MATCH_ORDER, NULL, "the file more, the next is");
}

/* Our names say what a layer is: the same shapes in the same order are not the same network. */
static void a_file_of_ours_goes_by_name_alone(void **state) {
    (void)state;
    static const char other[] = "net other\ninput 1x4x4\n"
                                "  part() as mid - fc 3 - softmax\n"
                                "block part = conv 2 3x3 pad 1 - bn - relu\n"
                                "head aux weight 0.3 training from mid - fc 3 - softmax\n";
    fv_model *model;
    assert_int_equal(fv__file_write(ctx, "other.net", other, sizeof other - 1), FV_OK);
    const fv_open_options fresh = {.fresh = true};
    assert_int_equal(fv__model_open(ctx, "other.net", &fresh, &model), FV_OK);
    assert_int_equal(fv__model_save(ctx, model, "other.safetensors"), FV_OK);
    fv__model_free(model);
    fv_open_options o = {.weights = "other.safetensors"};
    assert_int_equal(fv__model_open(ctx, "small.net", &o, &model), FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "The file was saved from other"));
    o.match.match = FV_MATCH_ORDER; /* unless it is asked for */
    assert_int_equal(fv__model_open(ctx, "small.net", &o, &model), FV_OK);
    fv__model_free(model);
}

static void by_a_map(void **state) {
    (void)state;
    static const char *const theirs[PARAMS] = {
        "block.3.c.weight",       "block.3.c.bias",        "block.3.n.weight", "block.3.n.bias",
        "block.3.n.running_mean", "block.3.n.running_var", "classifier.w",     "classifier.bias",
        "model.aux.weight",       "model.aux.bias"};
    static const char map[] = "# theirs  ours\n\n"
                              "block.*.c  conv{*-2}   # a layer\r\n"
                              "block.*.n\tbn{*-2}\n"
                              "classifier.w fc1.weight\n"
                              "classifier.* fc1.*\n"
                              "aux fc2";
    fits(of(theirs, PARAMS), FV_MATCH_AUTO, map, FV_MATCH_NAME, PARAMS);
    assert_int_equal(told->mapped, PARAMS);
    fits(of(theirs, PARAMS), FV_MATCH_NAME, map, FV_MATCH_NAME, PARAMS);
    /* the others go by name; some are to have no place */
    sample s = of(names, PARAMS);
    s.tensor[6].name = "last.weight";
    s.tensor[s.count++] = (fv_st_tensor){"extra.weight", shapes[1], NULL, FV_F32};
    s.tensor[s.count++] = (fv_st_tensor){"extra.more", shapes[1], NULL, FV_F32};
    fits(s, FV_MATCH_AUTO, "last.weight fc1.weight\nextra -\n", FV_MATCH_NAME, PARAMS);
    assert_int_equal(told->mapped, 1);
    assert_int_equal(told->ignored, 2);
    fails(s, FV_MATCH_AUTO, "last.weight fc1.weight\n", "'extra.weight' (2) in the file has no");
    /* another last layer: theirs is left out, ours stays fresh */
    sample other = of(names, PARAMS);
    other.tensor[6].shape = (fv_shape){2, {3, 31}};
    other.tensor[8].name = "fc1.more";
    fails(other, FV_MATCH_AUTO, "- fc1\nfc1.more fc2.weight",
          "'fc1.weight' (3x31) in the file has");
    fv_model *model;
    if (load(&other, FV_MATCH_AUTO, "fc1.more fc2.weight\nfc1 -\n- fc1", &model) != FV_OK)
        fail_msg("%s", ctx->message);
    assert_int_equal(told->missing, 2);
    assert_string_equal(told->missing_names[1], "fc1.bias");
    assert_int_equal(told->ignored, 2);
    fv__model_free(model);
    static const struct {
        const char *map, *words;
    } bad[] = {{"- fc7", "names.map:1: no tensor of the network is called 'fc7'"},
               {"last.weight", "names.map:1: a line is a name"},
               {"\nlast.weight a b", "names.map:2: a line is a name"},
               {"l*t.* a", "names.map:1: a line is a name"},
               {"lest fc1", "names.map:1: no tensor of the file is called 'lest'"},
               {"last fc9", "names.map:1: the network has no 'fc9.weight', which 'last.weight'"},
               {"l*.weight fc{*+1}.weight", "names.map:1: {*+N} is a number for *"},
               {"last fc{+1}", "names.map:1: {*+N} is a number for *"},
               {"last.weight fc2.weight", "'last.weight' and 'fc2.weight' in the file are both"},
               {"\xff", "names.map is no text"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        fails(s, FV_MATCH_AUTO, bad[i].map, bad[i].words);
    assert_int_equal(load(&s, FV_MATCH_ORDER, "last fc1", &model), FV_USAGE);
}

static void shapes_are_told_from_both_sides(void **state) {
    (void)state;
    sample s = of(names, PARAMS);
    s.tensor[6].shape = (fv_shape){2, {32, 3}};
    fails(s, FV_MATCH_AUTO, NULL,
          "'fc1.weight' is 32x3 in the file and 3x32 in the network (inputs");
    s.tensor[6].name = "module.fc1.weight";
    fails(s, FV_MATCH_AUTO, NULL,
          "'module.fc1.weight' is 32x3 in the file and 'fc1.weight' 3x32 in the network (inputs "
          "stand before outputs there, as Keras has them");
    s = of(names, PARAMS);
    s.tensor[0].shape = (fv_shape){4, {3, 3, 1, 2}};
    fails(s, FV_MATCH_NAME, NULL, "as Keras has them");
    s.tensor[0].shape = (fv_shape){4, {2, 1, 3, 2}};
    fails(s, FV_MATCH_NAME, NULL,
          "'conv1.weight' is 2x1x3x2 in the file and 2x1x3x3 in the network. ");
    /* fc is the convolution of all its input, whose numbers stand in the same order */
    s = of(names, PARAMS);
    s.tensor[6].shape = (fv_shape){4, {3, 2, 4, 4}};
    fits(s, FV_MATCH_AUTO, NULL, FV_MATCH_NAME, PARAMS);
    assert_int_equal(told->reshaped, 1);
    s.tensor[6].shape = (fv_shape){4, {2, 3, 4, 4}};
    fails(s, FV_MATCH_AUTO, NULL, "'fc1.weight' is 2x3x4x4 in the file and 3x32 in the network");
}

/* A model keeps its weights when those of a file do not fit; without a report nothing is told. */
static void a_model_keeps_what_it_has(void **state) {
    (void)state;
    fv_model *model;
    sample s = of(torch_names, PARAMS);
    assert_int_equal(load(&s, FV_MATCH_AUTO, NULL, &model), FV_OK);
    float before[FLOATS];
    memcpy(before, model->weights, sizeof before);
    for (int k = 0; k < FLOATS; k++) s.data[0][k] = -1;
    s.tensor[9].shape.dim[0] = 4;
    write(&s);
    assert_int_equal(fv__model_load_weights(ctx, model, "theirs.safetensors"), FV_BAD_INPUT);
    assert_memory_equal(before, model->weights, sizeof before);
    s.tensor[9].shape.dim[0] = 3;
    write(&s);
    assert_int_equal(fv__model_load_weights(ctx, model, "theirs.safetensors"), FV_OK);
    assert_true(model->weights[0] == -1);
    fv__model_free(model);
}

/* Of large files the block of numbers is used where it lies, unless the numbers of a tensor do not
   follow each other there: here those of a transposed one, at every place that may be aligned. */
static void a_transposed_tensor_is_put_dense(void **state) {
    (void)state;
    enum { IN = 22 * 22, OUT = 600 };
    static const char net[] = "net large\ninput 1x22x22\n  fc 600 - softmax\n";
    static float numbers[IN * OUT + OUT];
    static const char *const keys[] = {"0", "00", "000", "0000"};
    for (int i = 0; i < IN * OUT + OUT; i++) numbers[i] = (float)i;
    assert_int_equal(fv__file_write(ctx, "large.net", net, sizeof net - 1), FV_OK);
    for (int k = 0; k < 4; k++) {
        const torch_storage storage = {keys[k], numbers, sizeof numbers, IN * OUT + OUT};
        const torch_tensor t[] = {
            {"fc1.weight", "FloatStorage", &storage, 0, 2, {OUT, IN}, {1, OUT}},
            {"fc1.bias", "FloatStorage", &storage, IN * OUT, 1, {OUT}, {1}}};
        fv_text pickle = {0}, file = {0};
        fv_model *model;
        torch_pickle(&pickle, t, 2);
        torch_zip(&file, &pickle, &storage, 1, false);
        assert_int_equal(fv__file_write(ctx, "large.pth", file.data, file.length), FV_OK);
        const fv_open_options o = {.weights = "large.pth"};
        if (fv__model_open(ctx, "large.net", &o, &model) != FV_OK) fail_msg("%s", ctx->message);
        for (int i = 0; i < OUT * IN; i++)
            assert_true(model->weights[i] == (float)(i % IN * OUT + i / IN));
        fv__model_free(model);
        fv__text_free(&pickle);
        fv__text_free(&file);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(by_name, forget),
        cmocka_unit_test_teardown(what_only_training_has_may_be_missing, forget),
        cmocka_unit_test_teardown(by_order, forget),
        cmocka_unit_test_teardown(a_file_of_ours_goes_by_name_alone, forget),
        cmocka_unit_test_teardown(by_a_map, forget),
        cmocka_unit_test_teardown(shapes_are_told_from_both_sides, forget),
        cmocka_unit_test_teardown(a_transposed_tensor_is_put_dense, forget),
        cmocka_unit_test_teardown(a_model_keeps_what_it_has, forget),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
