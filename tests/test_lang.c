/* SPDX-License-Identifier: MIT */
/*
 * test_lang.c - what a network's text means: shapes, names, options, parameters, heads, recipe.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"
#include "lang/lang.h"
#include "more_ops.h"
#include "op/crossentropy.h"
#include "op/maxpool.h"
#include "op/numberloss.h"
#include "optim/sgd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static fv_context context;

static fv_recipe recipe; /* of the text parsed last */

static fv_graph *parse_with(const char *text, const fv_setting *settings, size_t count) {
    fv_graph *net = NULL;
    if (fv__net_parse(&context, "my.net", text, strlen(text), settings, count, &net, &recipe) !=
        FV_OK)
        fail_msg("%s", context.message);
    return net;
}

static fv_graph *parse(const char *text) {
    return parse_with(text, NULL, 0);
}

/* Every layer's name, in order: "conv1 relu1". */
static void names_are(const char *text, const char *wanted) {
    fv_graph *net = parse(text);
    fv_text names = {0};
    for (size_t i = 0; i < net->node_count; i++)
        fv__text_addf(&names, "%s%s", i > 0 ? " " : "", net->nodes[i].name);
    assert_string_equal(names.data, wanted);
    fv__text_free(&names);
    fv__net_free(net);
}

static void shape_is(const fv_graph *net, const char *value, const char *wanted) {
    char text[FV_SHAPE_TEXT];
    const int v = fv__net_find_value(net, value);
    if (v < 0) fail_msg("no value %s", value);
    assert_string_equal(fv__shape_text(text, &net->values[v].shape), wanted);
}

static void test_lenet(void **state) {
    (void)state;
    fv_graph *net = parse("net lenet5(classes = 10)  # as taught\n"
                          "input 1x32x32 pad 2 scale 1/255 mean 0.1307 std 0.3081\n"
                          "  conv 6 5x5 - tanh - avgpool 2\n"
                          "  - conv 16 5x5 - tanh - avgpool 2\n"
                          "  - fc 120 - tanh - fc 84 - tanh - fc classes - softmax\n");
    assert_string_equal(net->name, "lenet5");
    assert_int_equal(net->node_count, 12);
    assert_int_equal(fv__net_parameters(net, true), 61706);
    shape_is(net, "input", "[32x32x1]");
    shape_is(net, "conv1", "[28x28x6]");
    shape_is(net, "avgpool2", "[5x5x16]");
    shape_is(net, "softmax1", "[10]");
    assert_int_equal(net->input.pad, 2);
    assert_true(net->input.scale == 1.0 / 255);
    assert_int_equal(net->head_count, 1);
    assert_string_equal(net->heads[0].name, "output");
    assert_int_equal(net->heads[0].value, fv__net_find_value(net, "softmax1"));
    assert_string_equal(net->given, "");
    assert_true(net->frozen);
    const fv_node *conv2 = &net->nodes[fv__net_find_node(net, "conv2")];
    assert_int_equal(conv2->location.line, 4);
    assert_int_equal(conv2->location.column, 5);
    fv__net_free(net);
}

static void test_names(void **state) {
    (void)state;
    names_are("input 1x8x8\n conv 2 1x1 - relu - conv 2 1x1 - relu - fc 3",
              "conv1 relu1 conv2 relu2 fc1");
    names_are("input 1x8x8\n (relu - tanh)*2 - relu", "relu1 tanh1 relu2 tanh2 relu3");
    names_are("input 1x8x8\n relu as first - relu - relu as last", "first relu1 last");
    names_are("input 1x8x8\n relu as relu2 - relu - relu", "relu2 relu1 relu3"); /* 2 is skipped */
    names_are("block b = relu - tanh as t\ninput 1x8x8\n b() - b() - relu",
              "b1.relu1 b1.t b2.relu1 b2.t relu1");
    names_are("block stage(n) = basic()*n\nblock basic = relu\ninput 1x8x8\n stage(2) - stage(1)",
              "stage1.basic1.relu1 stage1.basic2.relu1 stage2.basic1.relu1");
    /* a call's label is its layers' prefix; it is not counted, and its number is skipped */
    names_are("block b = relu - tanh as t\ninput 1x8x8\n b() as one - b() - relu",
              "one.relu1 one.t b1.relu1 b1.t relu1");
    names_are("block b = relu\ninput 1x8x8\n b() - b() as b1 - b()", "b2.relu1 b1.relu1 b3.relu1");
    names_are("block o = i() as in - i()\nblock i = relu\ninput 1x8x8\n o() as a - (o())*2 as b",
              "a.in.relu1 a.i1.relu1 o1.in.relu1 o1.i1.relu1 o2.in.relu1 o2.i1.relu1");
    names_are("input 1x8x8\n add { relu | add { identity | tanh } } - relu",
              "relu1 tanh1 add1 add2 relu2");
    names_are("input 1x8x8\n relu as b1.x", "b1.x");
    names_are("input 1x8x8\n relu as \"layer 1/relu:0\"", "layer 1/relu:0");
    /* identity is nothing, unless it has a label */
    names_are("input 1x8x8\n identity - relu - identity as i - identity", "relu1 i");
}

static void test_labels(void **state) {
    (void)state;
    fv_graph *net =
        parse("input 2x8x8\n"
              "  (conv 4 3x3 pad 1 - relu) as trunk - pair() as paired\n"
              "  - add { from trunk | from paired.mid | from conv1 | identity } as sum\n"
              "head aux weight 0.3 training from paired - fc 5 - softmax\n"
              "head raw from input\n"
              "block pair = conv channels 1x1 as mid - add { from mid | from trunk }\n");
    const fv_node *sum = &net->nodes[fv__net_find_node(net, "sum")];
    assert_int_equal(sum->inputs, 4);
    assert_int_equal(sum->in[0], fv__net_find_value(net, "trunk"));
    assert_int_equal(sum->in[1], fv__net_find_value(net, "paired.mid"));
    assert_int_equal(sum->in[2], fv__net_find_value(net, "conv1"));
    assert_int_equal(sum->in[3], fv__net_find_value(net, "paired"));
    /* a label on brackets names the value, not the layer */
    assert_int_equal(net->values[sum->in[0]].node, fv__net_find_node(net, "relu1"));
    assert_int_equal(net->values[sum->in[3]].node, fv__net_find_node(net, "paired.add1"));
    assert_int_equal(net->head_count, 3);
    assert_string_equal(net->heads[1].name, "aux");
    assert_true(net->heads[1].weight == 0.3);
    assert_true(net->heads[1].training);
    assert_true(net->nodes[fv__net_find_node(net, "fc1")].training);
    assert_false(sum->training);
    assert_int_equal(net->heads[2].value, 0);
    assert_false(net->heads[2].training);
    fv__net_free(net);
}

/* from looks in the call's own surroundings first, then one block outward after the other. */
static void test_scopes(void **state) {
    (void)state;
    fv_graph *net = parse("input 1x8x8\n relu as a - tanh as b - outer() - relu as c\n"
                          "block outer = relu as a - sigmoid as m - inner()\n"
                          "block inner = tanh as m - add { from m | from a | from b } as sum\n");
    const fv_node *sum = &net->nodes[fv__net_find_node(net, "outer1.inner1.sum")];
    assert_string_equal(net->values[sum->in[0]].name, "outer1.inner1.m");
    assert_string_equal(net->values[sum->in[1]].name, "outer1.a");
    assert_string_equal(net->values[sum->in[2]].name, "b");
    fv__net_free(net);
}

/* What version 0.1.0 called the parameters: its files hold those names. */
static void test_old_names(void **state) {
    (void)state;
    fv_graph *net = parse("block b(k) = conv k 1x1 - add { conv k 1x1 as side | identity }\n"
                          "input 1x8x8\n conv 2 1x1 - b(2) as first - b(2) - fc 3 as last\n");
    static const char *const old[][2] = {{"conv1.weight", NULL},
                                         {"first.conv1.weight", "b1.conv1.weight"},
                                         {"first.side.bias", "b1.side.bias"},
                                         {"b1.conv1.bias", "b2.conv1.bias"},
                                         {"b1.side.weight", "b2.side.weight"},
                                         {"last.bias", NULL}};
    for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
        const int p = fv__net_find_param(net, old[i][0]);
        assert_true(p >= 0);
        if (old[i][1] == NULL)
            assert_null(net->params[p].old_name);
        else
            assert_string_equal(net->params[p].old_name, old[i][1]);
    }
    fv__net_free(net);
    /* a text of then may look into a labelled call by the number it had */
    net =
        parse("block b = relu as r - tanh\ninput 1x8x8\n b() as x - add { identity | from b1.r }");
    assert_string_equal(net->values[net->nodes[net->node_count - 1].in[1]].name, "x.r");
    fv__net_free(net);
}

/* Every parameter and how many layers have it. */
static void params_are(const fv_graph *net, const char *wanted) {
    fv_text names = {0};
    for (size_t i = 0; i < net->param_count; i++)
        fv__text_addf(&names, "%s%s*%d", i > 0 ? " " : "", net->params[i].name,
                      net->params[i].uses);
    assert_string_equal(names.data, wanted);
    fv__text_free(&names);
}

/* share NAME: the parameters are called NAME.weight, whoever says it first. */
static void test_share(void **state) {
    (void)state;
    fv_graph *net =
        parse("block tower(k) = conv k 3x3 pad 1 share deep - relu - conv k 3x3 share own pad 1\n"
              "  - conv k 3x3 pad 1 share own\n"
              "input 2x8x8\n"
              "  conv 2 3x3 pad 1 share later - conv 2 3x3 share deep pad 1 - tower(2) - tower(2)\n"
              "  - (conv 2 3x3 pad 1 as later - bn as norm) - (conv 2 3x3 pad 1 share conv2\n"
              "  - bn share norm)*2 as end - fc 10 share \"the last\"\n"
              "head aux training from end - fc 10 share \"the last\"");
    params_are(net, "later.weight*2 later.bias*2 deep.weight*5 deep.bias*5 "
                    "tower1.own.weight*2 tower1.own.bias*2 tower2.own.weight*2 tower2.own.bias*2 "
                    "norm.weight*3 norm.bias*3 norm.mean*3 norm.variance*3 "
                    "the last.weight*2 the last.bias*2");
    const fv_node *last = &net->nodes[net->node_count - 1];
    assert_string_equal(last->name, "fc2");
    assert_string_equal(last->param_name, "the last");
    assert_true(last->training);
    assert_false(net->params[last->param[0]].training); /* the main chain has it too */
    assert_int_equal(fv__net_parameters(net, false), 4 * (2 * 2 * 9 + 2) + 4 + 128 * 10 + 10);
    fv__net_free(net);
    /* a repeated layer that is one with the layer before it: an unrolled recurrence */
    net = parse("input 2x8x8\n conv 2 3x3 pad 1 as step - (relu - conv 2 3x3 pad 1 share step)*4");
    params_are(net, "step.weight*5 step.bias*5");
    fv__net_free(net);
}

static void test_losses(void **state) {
    (void)state;
    fv_graph *net =
        parse("net two(void = 255)\ninput 3x8x8\n conv 4 3x3 pad 1 as maps - conv 3 1x1\n"
              "loss crossentropy ignore void\n"
              "head box weight 0.1 training loss squarederror target vector\n"
              "  from maps - globalavgpool - fc 4\n"
              "head class from maps - fc 10\n"
              "train lr 0.5\n  loss squarederror\n  batch 2\n");
    assert_ptr_equal(net->heads[0].loss, &fv__op_crossentropy);
    assert_int_equal(((const fv_crossentropy_options *)net->heads[0].loss_options)->ignore, 255);
    assert_ptr_equal(net->heads[1].loss, &fv__op_squarederror);
    assert_int_equal(((const fv_numberloss_options *)net->heads[1].loss_options)->target,
                     FV_NUMBERLOSS_VECTOR);
    assert_true(net->heads[1].weight == 0.1 && net->heads[1].training);
    assert_null(net->heads[2].loss);
    assert_ptr_equal(fv__losses[recipe.loss], &fv__op_squarederror); /* of those that name none */
    assert_int_equal(recipe.batch, 2);
    fv__net_free(net);
    net = parse("block loss(k) = fc k\ninput 1x8x8\n  loss(3)\n  - (if 1 then\n  loss(4))");
    assert_int_equal(net->node_count, 2); /* a block may have that name */
    fv__net_free(net);
}

/* Operators that a context brings, one of them with two outputs, one with three branches. */
static void test_context_operators(void **state) {
    (void)state;
    fv_graph *net = NULL;
    static const char text[] =
        "input 4x8x8\n halves as cut - choose { above 0.5 | relu | identity }"
        " - concat { identity | from cut.2 | from cut }";
    assert_int_equal(fv__net_parse(&context, "a", text, strlen(text), NULL, 0, &net, NULL),
                     FV_BAD_INPUT);
    assert_non_null(strstr(context.message, "unknown layer 'halves'"));
    context.ops = fv__more_ops;
    net = parse(text);
    const fv_node *join = &net->nodes[net->node_count - 1];
    assert_string_equal(net->values[join->in[1]].name, "cut.2");
    assert_int_equal(net->values[join->in[1]].output, 1);
    assert_string_equal(net->values[join->in[2]].name, "cut");
    shape_is(net, "concat1", "[8x8x6]");
    fv__net_free(net);
    static const char slip[] = "input 4x8x8\n halvs";
    assert_int_equal(fv__net_parse(&context, "a", slip, strlen(slip), NULL, 0, &net, NULL),
                     FV_BAD_INPUT);
    assert_non_null(strstr(context.message, "did you mean 'halves'?"));
    context.ops = NULL;
    assert_null(fv__op_find_in(&context, "halves"));
    assert_ptr_equal(fv__op_find_in(NULL, "conv"), &fv__op_conv);
}

/* fc EXPRESSION: what comes out is its value. */
static void value_is(const char *expression, int64_t wanted) {
    char text[256];
    snprintf(text, sizeof text, "net a(k = 7)\ninput 3x8x9\n fc %s", expression);
    fv_graph *net = parse(text);
    if (net->values[net->heads[0].value].shape.dim[1] != wanted)
        fail_msg("%s is %d", expression, (int)net->values[net->heads[0].value].shape.dim[1]);
    fv__net_free(net);
}

static void test_expressions(void **state) {
    (void)state;
    value_is("2+3*4", 14);
    value_is("(2+3)*4", 20);
    value_is("2*k", 14);
    value_is("k-1", 6);
    value_is("k- 1", 6);
    value_is("(k - 1)", 6);
    value_is("(k -1)", 6);
    value_is("10-2-3", 5);
    value_is("6/4*2", 3);
    value_is("7//2", 3);
    value_is("10+-7//2", 6); /* rounds down */
    value_is("10+-7%3", 12); /* takes the sign of the divisor */
    value_is("--k", 7);
    value_is("0.5*k*2", 7);
    value_is("1e1", 10);
    value_is(".5*4", 2);
    value_is("channels*height - identity", 24);
    value_is("width", 9);
    value_is("(if k > 5 then 3 else 4)", 3);
    value_is("(if not k > 5 then 3 else if k == 7 and 1 < 2 then 5 else 6)", 5);
    value_is("((k == 7) + (k != 7 or yes))", 2);
    value_is("(1 <= 1 and 2 >= 3) + 1", 1);
    value_is("(0 and 1//0) + 1", 1); /* the rest of a decided and/or is not looked at */
    value_is("(1 or 1//0) + 1", 2);
}

static void test_conditions(void **state) {
    (void)state;
    names_are("input 3x8x8\n if channels == 3 then relu else tanh", "relu1");
    names_are("input 1x8x8\n if channels == 3 then relu else tanh", "tanh1");
    names_are("input 1x8x8\n if channels == 3 then relu - tanh", "tanh1");
    names_are("input 1x8x8\n if 1 - 1 == 0 then (relu - tanh) else sigmoid - relu",
              "relu1 tanh1 relu2");
    names_are("input 1x8x8\n if 0 then relu else if 0 then tanh else sigmoid", "sigmoid1");
    names_are("block b(n) = if n > 0 then (relu - b(n - 1))\ninput 1x8x8\n b(2)",
              "b1.relu1 b1.b1.relu1"); /* recursion that ends */
    names_are("net a(n = 0)\ninput 1x8x8\n (relu)*n - tanh - [relu]*(n+2)", "tanh1 relu1 relu2");
}

static void test_blocks(void **state) {
    (void)state;
    fv_graph *net =
        parse("net a(width = 2)\n"
              "block basic(k, s = 1, m = k*width) = conv m 3x3 stride s pad 1\n"
              "input 1x16x16\n"
              "  basic(3) - basic(4, 2) - basic(s = 2, k = 5) - basic(1, m = channels)");
    shape_is(net, "basic1.conv1", "[16x16x6]");
    shape_is(net, "basic2.conv1", "[8x8x8]");
    shape_is(net, "basic3.conv1", "[4x4x10]");
    shape_is(net, "basic4.conv1", "[4x4x10]");
    fv__net_free(net);
}

static void test_parameters(void **state) {
    (void)state;
    const char *text = "net a(classes = 10, hidden = 3*classes, bias = no)\ninput 1x8x8\n"
                       "  fc hidden bias bias - fc classes";
    fv_graph *net = parse(text);
    shape_is(net, "fc1", "[30]");
    assert_string_equal(net->given, "");
    assert_string_equal(net->source, text);
    assert_int_equal(fv__net_parameters(net, true), 64 * 30 + 30 * 10 + 10);
    fv__net_free(net);
    const fv_setting settings[] = {{"bias", "yes"}, {"classes", "4"}, {"classes", "5"}};
    net = parse_with(text, settings, 3);
    shape_is(net, "fc1", "[15]");
    shape_is(net, "fc2", "[5]");
    assert_string_equal(net->given, "classes=5 bias=1");
    fv__net_free(net);
}

static void test_sections(void **state) {
    (void)state;
    fv_graph *net =
        parse("train optimizer adam lr 1/4 batch 2*64\n"
              "      schedule step steps 82,123 nesterov flip no\n"
              "head aux from relu1\n"
              "input 3x(4*8)x32 resize 40 crop 36x34 scale 1/255 mean 0.1,0.2,0.3 std 0.5"
              " order bgr\n"
              "  - relu # a dash may stand here too\n"
              "net late\n");
    assert_string_equal(net->name, "late");
    assert_string_equal(fv__optimizers[recipe.optimizer]->name, "adam");
    assert_true(recipe.lr == 0.25);
    assert_int_equal(recipe.batch, 128);
    assert_int_equal(recipe.schedule, FV_STEPS);
    assert_int_equal(recipe.steps.count, 2);
    assert_int_equal(recipe.steps.v[1], 123);
    assert_true(((const fv_sgd_options *)recipe.optim[FV_OPTIMIZER_sgd])->nesterov);
    assert_false(recipe.augment.flip);
    assert_int_equal(recipe.epochs, 10); /* not stated */
    assert_int_equal(net->input.crop.h, 36);
    assert_int_equal(net->input.crop.w, 34);
    assert_int_equal(net->input.mean.count, 3);
    assert_int_equal(net->input.std.count, 1);
    assert_int_equal(net->input.order, 1);
    fv__net_free(net);
    net = parse("\xef\xbb\xbfinput 1x8x8 scale 1/255\r\n\trelu\r\n\t- tanh\r\n"); /* BOM, CRLF */
    assert_string_equal(net->name, "my");                                         /* of my.net */
    assert_int_equal(net->node_count, 2);
    fv__net_free(net);
}

static void test_options(void **state) {
    (void)state;
    static const char *const same[][2] = {
        {"conv", "64 3x3"},
        {"conv", "64 3x5 stride 2x1 pad 1,0,2,1 dilation 2x2 groups 4 bias no"},
        {"conv", "8 1x1 pad same"},
        {"maxpool", "2x2"},
        {"maxpool", "3x3 stride 2x2 ceil"},
        {"dropout", ""},
        {"dropout", "0.7"},
        {"relu", ""}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const fv_op *op = fv__op_find(same[i][0]);
        uint64_t options[32] = {0};
        fv_text out = {0};
        assert_true(op->options_size <= sizeof options);
        if (fv__options_parse(&context, op, same[i][1], options) != FV_OK)
            fail_msg("%s", context.message);
        fv__options_print(&out, op, options);
        assert_int_equal(fv__text_done(&context, &out), FV_OK);
        assert_string_equal(out.data, same[i][1]);
        fv__text_free(&out);
    }
    fv_maxpool_options pool;
    const fv_op *op = fv__op_find("maxpool");
    assert_int_equal(fv__options_parse(&context, op, "kernel 3 ceil stride (1+1)", &pool), FV_OK);
    assert_true(pool.kernel.h == 3 && pool.stride.w == 2 && pool.ceil);
    assert_int_equal(fv__options_parse(&context, op, "3 - relu", &pool), FV_BAD_INPUT);
    assert_string_equal(context.message,
                        "maxpool:1:3: error: expected the end of the options, found"
                        " '-'\n  3 - relu\n    ^");
    assert_int_equal(fv__options_parse(&context, op, "k", &pool), FV_BAD_INPUT);
    assert_int_equal(fv__options_parse(&context, op, "channels", &pool), FV_BAD_INPUT);
    assert_int_equal(fv__options_parse(&context, op, "", &pool), FV_BAD_INPUT);
}

/* Where a positional option is left out, those behind it are printed by name. */
static void test_placed(void **state) {
    (void)state;
    typedef struct two {
        int64_t a, b;
        bool c;
    } two;
    static const fv_field fields[] = {
        {"a", "first", FV_INT, offsetof(two, a), "1", 0, 9, FV_POSITIONAL, NULL, NULL},
        {"b", "second", FV_INT, offsetof(two, b), "2", 0, 9, FV_POSITIONAL, NULL, NULL},
        {"c", "third", FV_BOOL, offsetof(two, c), "no", 0, 0, 0, NULL, NULL},
        {0}};
    const fv_op op = {.name = "two", .fields = fields, .options_size = sizeof(two)};
    static const char *const cases[][2] = {{"1 2", ""},        {"5 2", "5"}, {"1 5", "b 5"},
                                           {"4 5 c", "4 5 c"}, {"c no", ""}, {"b 3 a 2", "2 3"},
                                           {"c b 3", "b 3 c"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        two options;
        fv_text out = {0};
        assert_int_equal(fv__options_parse(&context, &op, cases[i][0], &options), FV_OK);
        fv__options_print(&out, &op, &options);
        assert_int_equal(fv__text_done(&context, &out), FV_OK);
        assert_string_equal(out.data, cases[i][1]);
        fv__text_free(&out);
    }
}

/* Every operator's own samples can be read, and written and read again. */
static void test_samples(void **state) {
    (void)state;
    for (const fv_op *const *op = fv__ops; *op != NULL; op++)
        for (const char *const *sample = (*op)->samples; *sample != NULL; sample++) {
            char text[256];
            static uint64_t a[4096], b[4096]; /* those of lists are large */
            fv_text out = {0}, again = {0};
            assert_true(fv__op_options_size(&context) <= sizeof a);
            snprintf(text, sizeof text, "%.*s", (int)strcspn(*sample, ";"), *sample);
            if (fv__options_parse(&context, *op, text, a) != FV_OK) fail_msg("%s", context.message);
            fv__options_print(&out, *op, a);
            assert_int_equal(fv__text_done(&context, &out), FV_OK);
            if (fv__options_parse(&context, *op, out.data, b) != FV_OK)
                fail_msg("%s", context.message);
            fv__options_print(&again, *op, b);
            assert_int_equal(fv__text_done(&context, &again), FV_OK);
            assert_string_equal(out.data, again.data);
            fv__text_free(&out);
            fv__text_free(&again);
        }
}

/* Every whole network in docs/language.md is one. */
static void test_docs(void **state) {
    (void)state;
    const char *root = getenv("FOVEA_SOURCE");
    char path[1024];
    snprintf(path, sizeof path, "%s/docs/language.md", root != NULL ? root : ".");
    fv_bytes bytes = {0};
    assert_int_equal(fv__file_read(&context, path, 0, &bytes), FV_OK);
    char *all = calloc(bytes.size + 1, 1);
    memcpy(all, bytes.data, bytes.size);
    fv__file_release(&bytes);
    int count = 0;
    static const char fence[] = "```net\n";
    for (char *at = all; (at = strstr(at, fence)) != NULL; count++) {
        at += sizeof fence - 1;
        char *end = strstr(at, "```");
        assert_non_null(end);
        *end = 0;
        fv__net_free(parse(at));
        at = end + 1;
    }
    assert_true(count >= 6);
    free(all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lenet),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_placed),
        cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_docs),
        cmocka_unit_test(test_old_names),
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_losses),
        cmocka_unit_test(test_context_operators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
