/* SPDX-License-Identifier: MIT */
/*
 * test_lang_print.c - a net as text: parsing what was printed gives the same net, and printing that
 * gives the same bytes. For the zoo, for graphs no block could have made, and for deep ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "lang/lang.h"
#include "more_ops.h"

#include <stdio.h>
#include <string.h>

static fv_context context;

static fv_text print(const fv_graph *net, const fv_recipe *recipe) {
    fv_text out = {0};
    if (fv__net_print(&context, net, recipe, &out) != FV_OK) fail_msg("%s", context.message);
    return out;
}

static fv_graph *parse(const char *text, fv_recipe *recipe) {
    fv_graph *net = NULL;
    if (fv__net_parse(&context, "my.net", text, strlen(text), NULL, 0, &net, recipe) != FV_OK)
        fail_msg("%s\n%s", text, context.message);
    return net;
}

static void same_nodes(const fv_graph *a, const fv_graph *b) {
    assert_int_equal(a->node_count, b->node_count);
    for (size_t i = 0; i < a->node_count; i++) {
        const fv_node *x = &a->nodes[i];
        const int at = fv__net_find_node(b, x->name);
        if (at < 0) fail_msg("%s is missing", x->name);
        const fv_node *y = &b->nodes[at];
        assert_ptr_equal(x->op, y->op);
        fv_text xo = {0}, yo = {0};
        fv__options_print(&xo, x->op, x->options);
        fv__options_print(&yo, y->op, y->options);
        assert_int_equal(fv__text_done(&context, &xo), FV_OK);
        assert_int_equal(fv__text_done(&context, &yo), FV_OK);
        assert_string_equal(xo.data, yo.data);
        fv__text_free(&xo);
        fv__text_free(&yo);
        assert_int_equal(x->training, y->training);
        assert_int_equal(x->inputs, y->inputs);
        for (int k = 0; k < x->inputs; k++)
            assert_string_equal(a->values[x->in[k]].name, b->values[y->in[k]].name);
        assert_int_equal(x->outputs, y->outputs);
        for (int k = 0; k < x->outputs; k++) {
            const fv_value *one = &a->values[x->out[k]], *other = &b->values[y->out[k]];
            assert_string_equal(one->name, other->name);
            assert_true(fv__shape_equal(&one->shape, &other->shape));
        }
        assert_int_equal(x->params, y->params);
        for (int k = 0; k < x->params; k++)
            assert_string_equal(a->params[x->param[k]].name, b->params[y->param[k]].name);
    }
}

/* Every constant that somebody reads, bit for bit. */
static void same_constants(const fv_graph *a, const fv_graph *b) {
    for (size_t i = 0; i < a->node_count; i++)
        for (int k = 0; k < a->nodes[i].inputs; k++) {
            const fv_value *one = &a->values[a->nodes[i].in[k]];
            const int at = fv__net_find_value(b, one->name);
            const fv_value *other = &b->values[at];
            assert_true((one->data != NULL) == (other->data != NULL));
            assert_true(one->type.batched == other->type.batched);
            if (one->data == NULL) continue;
            assert_int_equal(one->type.dtype, other->type.dtype);
            assert_true(fv__shape_equal(&one->shape, &other->shape));
            assert_memory_equal(one->data, other->data,
                                (size_t)fv__shape_count(&one->shape) *
                                    fv__dtype_bytes(one->type.dtype));
        }
}

static void same_nets(const fv_graph *a, const fv_graph *b) {
    same_nodes(a, b);
    same_constants(a, b);
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->param_count, b->param_count);
    for (size_t i = 0; i < a->param_count; i++) {
        const int at = fv__net_find_param(b, a->params[i].name);
        assert_true(at >= 0);
        assert_true(fv__shape_equal(&a->params[i].spec.shape, &b->params[at].spec.shape));
        assert_int_equal(a->params[i].uses, b->params[at].uses);
    }
    assert_int_equal(a->head_count, b->head_count);
    for (size_t i = 0; i < a->head_count; i++) {
        assert_string_equal(a->heads[i].name, b->heads[i].name);
        assert_string_equal(a->values[a->heads[i].value].name, b->values[b->heads[i].value].name);
        assert_true(a->heads[i].weight == b->heads[i].weight);
        assert_int_equal(a->heads[i].training, b->heads[i].training);
        assert_ptr_equal(a->heads[i].loss, b->heads[i].loss);
        if (a->heads[i].loss)
            assert_memory_equal(a->heads[i].loss_options, b->heads[i].loss_options,
                                fv__field_used(a->heads[i].loss->fields,
                                               a->heads[i].loss->options_size,
                                               a->heads[i].loss_options));
    }
    assert_memory_equal(&a->input, &b->input, sizeof a->input);
}

static void round_trip(const fv_graph *net, const fv_recipe *recipe) {
    fv_recipe reread;
    fv_text first = print(net, recipe);
    fv_graph *again = parse(first.data, &reread);
    same_nets(net, again);
    if (recipe != NULL) {
        /* a text has the settings of its own optimiser; what it gives others of the same name it
           need not say where it is the default here */
        fv_recipe written = *recipe;
        for (int o = 0; o < FV_OPTIMIZERS; o++)
            if (o != recipe->optimizer)
                memcpy(written.optim[o], reread.optim[o], sizeof written.optim[o]);
        assert_memory_equal(&written, &reread, sizeof reread);
    }
    fv_text second = print(again, &reread);
    assert_string_equal(first.data, second.data);
    fv__net_free(again);
    fv__text_free(&first);
    fv__text_free(&second);
}

static void test_zoo(void **state) {
    (void)state;
    int count = 0;
    for (const fv_zoo_network *z = fv__zoo; z->name != NULL; z++, count++) {
        fv_graph *net = NULL;
        fv_recipe recipe;
        if (fv__net_find(&context, z->name, NULL, 0, &net, &recipe) != FV_OK)
            fail_msg("%s", context.message);
        round_trip(net, &recipe);
        fv__net_free(net);
    }
    assert_true(count > 0);
}

static void prints(const char *text, const char *wanted) {
    fv_recipe recipe;
    fv_graph *net = parse(text, &recipe);
    fv_text out = print(net, &recipe);
    assert_string_equal(out.data, wanted);
    round_trip(net, &recipe);
    fv__net_free(net);
    fv__text_free(&out);
}

static void test_form(void **state) {
    (void)state;
    prints(
        "net a(k = 4)\n"
        "block unit(k) = add { conv k 3x3 pad 1 bias no - relu | if k == channels then identity\n"
        "  else conv k 1x1 } - relu\n"
        "input 3x16x16 scale 1/2 mean 0.1,0.2,0.3 crop 20\n"
        "  (conv k 3x3 pad 1)*2 - unit(k) as one - unit(2*k) - maxpool 2 ceil - fc 10 - softmax\n"
        "head aux training weight 1/4 from one - fc 10 - softmax\n"
        "train momentum 0.5 lr 0.1 schedule step steps 1,2\n",
        "net a\n"
        "input 3x16x16 crop 20x20 scale 0.5 mean 0.1,0.2,0.3\n"
        "    conv 4 3x3 pad 1 - conv 4 3x3 pad 1\n"
        "  - add {\n"
        "        conv 4 3x3 pad 1 bias no as one.conv1 - relu as one.relu1\n"
        "      | identity } as one.add1 - (relu as one.relu2) as one\n"
        "  - add {\n"
        "        conv 8 3x3 pad 1 bias no as unit1.conv1 - relu as unit1.relu1\n"
        "      | conv 8 1x1 as unit1.conv2 } as unit1.add1 - relu as unit1.relu2 - maxpool 2x2 "
        "ceil\n"
        "  - fc 10 - softmax\n"
        "head aux weight 0.25 training from one - fc 10 - softmax\n"
        "train lr 0.1 momentum 0.5 schedule step steps 1,2\n");
    prints("net b-1.x\ninput 1x8x8\n relu as \"layer 1/x\" - tanh as net2 - relu\n"
           "head \"2nd\" from \"layer 1/x\"\nhead \"if\" from input",
           "net b-1.x\n"
           "input 1x8x8\n"
           "    relu as \"layer 1/x\" - tanh as net2 - relu\n"
           "head \"2nd\" from \"layer 1/x\"\n"
           "head \"if\" from input\n");
    /* what `from` names is named where it stands, even where the name would come by itself */
    prints("net d\ninput 1x8x8\n relu - concat { tanh - relu | from tanh1 | identity }",
           "net d\n"
           "input 1x8x8\n"
           "    relu\n"
           "  - concat {\n"
           "        tanh as tanh1 - relu\n"
           "      | from tanh1\n"
           "      | identity }\n");
    /* losses, shared parameters, further outputs */
    context.ops = fv__more_ops;
    prints(
        "net e\ninput 4x8x8\n halves - conv 2 3x3 pad 1 as a - (relu - conv 2 3x3 share a pad 1)\n"
        " - add { identity | from halves1.2 - conv 2 1x1 share b | conv 2 1x1 share b }\n"
        "loss crossentropy ignore 255\n"
        "head v weight 2 loss squarederror target vector from a - globalavgpool\n"
        "head u loss crossentropy from input\n",
        "net e\n"
        "input 4x8x8\n"
        "    halves as halves1\n"
        "  - add {\n"
        "        conv 2 3x3 pad 1 as a - relu - conv 2 3x3 pad 1 share a as conv1\n"
        "      | from halves1.2 - conv 2 1x1 share b\n"
        "      | from conv1 - conv 2 1x1 share b }\n"
        "loss crossentropy ignore 255\n"
        "head v weight 2 loss squarederror target vector from a - globalavgpool\n"
        "head u loss crossentropy from input\n");
    context.ops = NULL;
    /* a graph that is no nest of branches: one branch reads what another made */
    prints("net c\ninput 1x8x8\n relu as a - concat { tanh as b - relu | add { from b | from a } }",
           "net c\n"
           "input 1x8x8\n"
           "    relu as a\n"
           "  - concat {\n"
           "        tanh as b - relu\n"
           "      | add {\n"
           "            from b\n"
           "          | identity } }\n");
}

/* ---- graphs from the random number generator ---- */

static uint64_t number;
static uint32_t below(uint32_t n) {
    return (uint32_t)fv__random_below(fv__key(7, FV_STREAM_CHECK, 0, 0), number++, n);
}

/* One input, two outputs like it. */
static fv_status fork_shape(fv_context *ctx, fv_site *site) {
    (void)ctx;
    site->outputs = 2;
    site->out[0] = site->out[1] = site->in[0];
    return FV_OK;
}
static const fv_op fork_op = {
    .name = "fork", .inputs_min = 1, .inputs_max = 1, .outputs_max = 2, .shape = fork_shape};
static const fv_op *const own_ops[] = {&fork_op, NULL};

/* A convolution has the parameters of an earlier one, for every second. */
static int add(fv_graph *net, const char *op, const char *name, const int *in, int inputs) {
    uint64_t options[32] = {0};
    int value = -1;
    fv_node_spec spec = {.op = fv__op_find_in(&context, op),
                         .options = options,
                         .name = name,
                         .in = in,
                         .inputs = inputs};
    const bool conv = strcmp(op, "conv") == 0;
    for (size_t i = 0; conv && i < net->node_count; i++)
        if (net->nodes[i].params > 0 && below(2) == 0) spec.param = net->nodes[i].param;
    if (fv__options_parse(&context, spec.op, conv ? "1 1x1" : "", options) != FV_OK ||
        fv__net_add(&context, net, &spec, &value) != FV_OK)
        fail_msg("%s", context.message);
    return value;
}

static void add_head(fv_graph *net, const char *name, int value) {
    const fv_head head = {.name = name, .value = value, .weight = 1};
    assert_int_equal(fv__net_add_head(&context, net, &head), FV_OK);
}

static fv_graph *new_net(void) {
    fv_graph *net = NULL;
    fv_input input;
    memset(&input, 0, sizeof input);
    fv__field_defaults(fv__input_fields, &input);
    input.channels = 1, input.height = input.width = 4;
    assert_int_equal(fv__net_new(&context, "random", &input, &net), FV_OK);
    return net;
}

/* Layers of one shape, each reading any before it; what nothing reads becomes an output. */
static fv_graph *random_net(int size) {
    static const char *const ops[] = {"relu",     "tanh", "add",  "add",
                                      "identity", "conv", "conv", "fork"};
    fv_graph *net = new_net();
    bool read[128] = {false};
    const uint32_t reach = 1 + below(6);
    for (int i = 0; i < size; i++) {
        const char *op = ops[below(8)];
        const int inputs = strcmp(op, "add") == 0 ? 2 + (int)below(3) : 1;
        int in[4];
        char name[64];
        for (int k = 0; k < inputs; k++) {
            const uint32_t last = (uint32_t)net->value_count;
            in[k] = (int)(last - 1 - below(reach < last ? reach : last));
            read[in[k]] = true;
        }
        switch (below(4)) { /* names as the parser gives them, and others */
        case 0:
            snprintf(name, sizeof name, "%s%u", op, below(4));
            break;
        case 1:
            snprintf(name, sizeof name, "block%u.%s", below(3), op);
            break;
        case 2:
            snprintf(name, sizeof name, "/part %u/%s", below(3), op);
            break;
        default:
            snprintf(name, sizeof name, "%s%d", op, i);
            break;
        }
        char second[80];
        snprintf(second, sizeof second, "%s.2", name);
        if (fv__net_find_node(net, name) >= 0 || fv__net_find_value(net, name) >= 0 ||
            fv__net_find_value(net, second) >= 0)
            snprintf(name, sizeof name, "n%d", i);
        const int value = add(net, op, name, in, inputs);
        snprintf(name, sizeof name, "v%d", i);
        if (below(5) == 0) net->values[value].name = fv__arena_text(&net->arena, name);
    }
    for (int v = (int)net->value_count - 1; v >= 0; v--) {
        char name[16];
        if (v > 0 && net->values[v].output == 1 && below(2) == 0) continue; /* nobody's */
        snprintf(name, sizeof name, "head%d", v);
        if (!read[v]) add_head(net, net->head_count ? name : "output", v);
    }
    assert_int_equal(fv__net_freeze(&context, net), FV_OK);
    return net;
}

static void test_random_graphs(void **state) {
    (void)state;
    context.ops = own_ops;
    for (int i = 0; i < 3000; i++) {
        fv_graph *net = random_net(1 + (int)below(i < 2000 ? 12 : 60));
        round_trip(net, NULL);
        fv__net_free(net);
    }
    context.ops = NULL;
}

/* A constant of random bits, sometimes all the same, sometimes not finite. */
static int add_constant(fv_graph *net, const char *name, fv_dtype dtype) {
    static const fv_shape shapes[] = {{0, {0}}, {1, {1}}, {1, {4}}, {2, {4, 4}}, {3, {1, 4, 1}}};
    const fv_shape shape = shapes[below(5)];
    uint32_t bits[16];
    const bool same = below(3) == 0;
    for (int i = 0; i < 16; i++) {
        float v;
        const uint32_t odd[] = {0x7f800000u, 0xff800000u, 0x80000000u,
                                0x7fc00000u, 1u,          0x3dcccccdu};
        bits[i] = below(4) == 0 ? odd[below(6)] : below(UINT32_MAX);
        memcpy(&v, &bits[i], 4);
        if (dtype == FV_F32 && v != v) bits[i] = 0x7fc00000u; /* one NaN is as good as another */
        if (same && i > 0) bits[i] = bits[0];
    }
    int value;
    assert_int_equal(fv__net_add_constant(&context, net, name, dtype, &shape, bits, &value), FV_OK);
    return value;
}

/* Sums and products of what flows and of constants, and of constants alone. */
static void test_random_constants(void **state) {
    (void)state;
    for (int i = 0; i < 2000; i++) {
        fv_graph *net = new_net();
        bool read[64] = {false};
        const int size = 1 + (int)below(14);
        for (int n = 0; n < size; n++) {
            char name[32];
            int in[3], inputs = 1 + (int)below(3);
            for (int k = 0; k < inputs; k++) {
                snprintf(name, sizeof name, below(2) ? "constant%d" : "c%d", 3 * n + k);
                in[k] = below(3) == 0 ? add_constant(net, name, FV_F32)
                                      : (int)below((uint32_t)net->value_count);
            }
            for (int k = 0; k < inputs; k++) read[in[k]] = true;
            snprintf(name, sizeof name, below(2) ? "sum%d" : "n%d", n);
            (void)add(net, inputs > 1 ? "sum" : "relu", name, in, inputs);
        }
        int still[64] = {0}, stills = 1; /* what nobody reads becomes an output, or part of one */
        for (int v = (int)net->value_count - 1; v >= 0; v--) {
            char name[16];
            snprintf(name, sizeof name, "head%d", v);
            if (read[v] || net->values[v].node < 0) continue;
            if (net->values[v].type.batched)
                add_head(net, net->head_count ? name : "output", v);
            else
                still[stills++] = v;
        }
        if (stills > 1 || !net->head_count)
            add_head(net, net->head_count ? "last" : "output",
                     add(net, stills > 1 ? "sum" : "relu", "end", still, stills));
        round_trip(net, NULL);
        fv__net_free(net);
    }
}

static void test_constants(void **state) {
    (void)state;
    prints("net a\ninput 1x4x4\n sum { identity | constant 4x1 float32 values 1,-0.1,2e30,-inf }\n"
           " - where { constant 4x4 bool values 1 | identity | constant values 0.5 as half }\n"
           " - sum { constant 1x2 int64 values 3,4 - cast float - reducesum 1 | identity"
           " | from half }\n",
           "net a\n"
           "input 1x4x4\n"
           "    sum {\n"
           "        identity\n"
           "      | constant 4x1 values 1,-0.1,2e+30,-inf }\n"
           "  - where {\n"
           "        constant 4x4 bool values 1\n"
           "      | identity\n"
           "      | constant values 0.5 as half }\n"
           "  - sum {\n"
           "        constant 1x2 int64 values 3,4 - cast float - reducesum 1\n"
           "      | identity\n"
           "      | from half }\n");
}

/* A U of joins within joins, deeper than brackets may go: written flat inside. */
static void test_deep_graph(void **state) {
    (void)state;
    for (int deep = 15; deep <= 400; deep = deep * 2 + 7) {
        fv_graph *net = new_net();
        int down[400], in[2], value = 0;
        char name[32];
        for (int i = 0; i < deep; i++) {
            snprintf(name, sizeof name, "relu%d", i + 1);
            value = down[i] = add(net, "relu", name, &value, 1);
        }
        for (int i = deep - 2; i >= 0; i--) {
            in[0] = value, in[1] = down[i];
            snprintf(name, sizeof name, "add%d", deep - 1 - i);
            value = add(net, "add", name, in, 2);
        }
        add_head(net, "output", value);
        round_trip(net, NULL);
        fv__net_free(net);
    }
}

/* What the language has no words for: no layers, a layer with one parameter of another's two. */
static void test_beyond_words(void **state) {
    (void)state;
    const int zero = 0;
    fv_text out = {0};
    fv_graph *net = new_net();
    int value;
    add_head(net, "output", 0);
    assert_int_equal(fv__net_print(&context, net, NULL, &out), FV_BAD_INPUT);
    assert_string_equal(context.message,
                        "the network 'random' has no layers and cannot be written as text");
    fv__net_free(net);
    net = new_net();
    uint64_t options[32] = {0};
    const int params[2] = {0, -1};
    fv_node_spec spec = {.op = &fv__op_conv, .options = options, .in = &zero, .inputs = 1};
    assert_int_equal(fv__options_parse(&context, spec.op, "1 1x1", options), FV_OK);
    spec.name = "a";
    assert_int_equal(fv__net_add(&context, net, &spec, &value), FV_OK);
    spec.name = "b", spec.in = &value, spec.param = params;
    assert_int_equal(fv__net_add(&context, net, &spec, &value), FV_OK);
    add_head(net, "output", value);
    assert_int_equal(fv__net_print(&context, net, NULL, &out), FV_BAD_INPUT);
    assert_string_equal(context.message,
                        "b has b.bias and not all parameters of one name; such a network cannot be "
                        "written as text");
    fv__net_free(net);
    fv__text_free(&out);
}

static void test_refused(void **state) {
    (void)state;
    fv_graph *net = new_net();
    fv_text out = {0};
    const int zero = 0;
    int value = add(net, "relu", "dead", &zero, 1);
    assert_int_equal(fv__net_print(&context, net, NULL, &out), FV_BAD_INPUT); /* no output */
    value = add(net, "relu", "alive", &zero, 1);
    add_head(net, "output", value);
    assert_int_equal(fv__net_print(&context, net, NULL, &out), FV_BAD_INPUT);
    assert_string_equal(context.message,
                        "'dead' leads to no output of the network, which therefore "
                        "cannot be written as text");
    net->nodes[0].name = "alive";
    add_head(net, "other", 1);
    assert_int_equal(fv__net_print(&context, net, NULL, &out), FV_BAD_INPUT); /* a name twice */
    net->nodes[0].name = "a \"quote\"";
    assert_int_equal(fv__net_print(&context, net, NULL, &out), FV_BAD_INPUT);
    fv__net_free(net);
    fv__text_free(&out);
    net = parse("input 1x4x4\n fc 3 - softmax", NULL);
    fv_graph *trained = NULL;
    assert_int_equal(fv__net_with_loss(&context, net, &fv__op_crossentropy, &trained), FV_OK);
    assert_int_equal(fv__net_print(&context, trained, NULL, &out),
                     FV_BAD_INPUT); /* a second input */
    fv__net_free(trained);
    fv__net_free(net);
    fv__text_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zoo),           cmocka_unit_test(test_form),
        cmocka_unit_test(test_random_graphs), cmocka_unit_test(test_deep_graph),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_beyond_words),
        cmocka_unit_test(test_constants),     cmocka_unit_test(test_random_constants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
