/* SPDX-License-Identifier: MIT */
/*
 * test_api_build.c - public: networks built by calls, and layers that a program brings.
 */
#include "public.h"
#include <stdbool.h>

/* ----------------------------------------------------------------------------- by calls --- */

/* conv1 - relu1 - conv2, again with conv2's parameters, added to conv1's output; a head for
   training behind conv2. */
static fv_builder *build(fv_context *ctx) {
    fv_builder *b;
    int64_t dims[FV_DIMS_MAX];
    OK(ctx, fv_builder_new(ctx, "small", "3x8x8 scale 1/255", &b));
    assert_int_equal(fv_builder_dims(b, 0, dims), 3);
    assert_int_equal(dims[0], 3);
    assert_int_equal(dims[2], 8);
    const int x = fv_builder_then(b, 0, "conv", "8 3x3 pad 1");
    const int y = fv_builder_then(b, fv_builder_then(b, x, "relu", NULL), "conv", "8 3x3 pad 1");
    const int r = fv_builder_then(b, y, "relu", "");
    const int again = fv_builder_add_sharing(b, "twin", y, 1, &r);
    const int early = fv_builder_then(b, fv_builder_then(b, y, "globalavgpool", NULL), "fc", "4");
    const int sum = fv_builder_add(b, "sum", "add", NULL, 2, (int[]){x, again});
    assert_int_equal(fv_builder_output(b, sum, 0), sum);
    assert_int_equal(fv_builder_dims(b, sum, dims), 3);
    assert_int_equal(dims[0], 8);
    assert_int_equal(fv_builder_dims(b, 999, dims), 0);
    const int end = fv_builder_then(b, fv_builder_then(b, sum, "globalavgpool", NULL), "fc", "4");
    assert_int_equal(fv_builder_head(b, NULL, end, NULL, 1, 0), 0);
    assert_int_equal(fv_builder_head(b, "early", early, "crossentropy ignore 3", 0.3, 1), 0);
    assert_int_equal(fv_builder_train(b, "optimizer=adam lr=0.002"), 0);
    return b;
}

static void nets_are_built(void **state) {
    fv_context *ctx = *state;
    fv_net *net, *parsed;
    fv_blob *text, *again;
    OK(ctx, fv_builder_finish(build(ctx), &net));
    assert_null(fv_net_text(net));
    assert_string_equal(fv_net_given(net), "");
    assert_int_equal(fv_net_parameters(net), 27 * 8 + 8 + 72 * 8 + 8 + 8 * 4 + 4);
    OK(ctx, fv_net_print(ctx, net, &text));
    assert_non_null(strstr(fv_blob_data(text), "share conv2 as twin"));
    assert_non_null(strstr(fv_blob_data(text), "loss crossentropy ignore 3"));
    assert_non_null(strstr(fv_blob_data(text), "optimizer adam lr 0.002"));
    OK(ctx, fv_net_parse(ctx, fv_blob_data(text), NULL, &parsed));
    OK(ctx, fv_net_print(ctx, parsed, &again));
    assert_string_equal(fv_blob_data(text), fv_blob_data(again));

    /* the heads' marks: what only training needs is not there in inference */
    fv_explanation *e;
    OK(ctx, fv_explain(ctx, net, NULL, &e));
    assert_int_equal(e->training_outputs, 1);
    assert_int_equal(e->layer_count, 9); /* without early's globalavgpool and fc */
    for (int i = 0; i < e->layer_count; i++) assert_int_equal(e->layers[i]->training, 0);
    fv_explanation_free(e);

    fv_check *check;
    OK(ctx, fv_check_gradients(ctx, net, NULL, &check));
    fv_check_free(check);
    fv_blob_free(text);
    fv_blob_free(again);
    fv_net_free(parsed);
    fv_net_free(net);
}

/* The built network and its text are the same model: the same bytes, the same steps. */
static void built_nets_learn_and_travel(void **state) {
    fv_context *ctx = *state;
    fv_net *net;
    fv_model *built, *loaded;
    fv_trainer *a, *b;
    static float x[4 * 192];
    const int32_t labels[] = {0, 1, 2, 1};
    double loss = 0, same = 0, first = 0;
    for (int i = 0; i < 4 * 192; i++) x[i] = (float)(i * 7919 % 256) / 255;
    OK(ctx, fv_builder_finish(build(ctx), &net));
    OK(ctx, fv_model_new(ctx, net, 5, &built));
    OK(ctx, fv_model_save(ctx, built, "built.safetensors"));
    OK(ctx, fv_model_load(ctx, "built.safetensors", &loaded));
    assert_int_equal(fv_model_tensors(built), fv_model_tensors(loaded)); /* shared: there once */
    OK(ctx, fv_trainer_new(ctx, built, "batch=4", &a));
    OK(ctx, fv_trainer_new(ctx, loaded, "batch=4", &b));
    for (int step = 0; step < 20; step++) {
        OK(ctx, fv_trainer_step(a, x, labels, 4, &loss));
        OK(ctx, fv_trainer_step(b, x, labels, 4, &same));
        if (step == 0) first = loss;
        assert_true(loss == same);
    }
    assert_true(loss < first);
    fv_trainer_free(a);
    fv_trainer_free(b);
    fv_model_free(built);
    fv_model_free(loaded);
}

/* Each is made anew, its call fails, and finish says so. */
static void the_first_failure_is_told(void **state) {
    fv_context *ctx = *state;
    static const struct {
        const char *op, *options;
        int value;
        fv_status status;
        const char *words;
    } wrong[] = {
        {"convv", "", 0, FV_BAD_INPUT, "did you mean 'conv'"},
        {"conv", "8 3y3", 0, FV_BAD_INPUT, "3x3"},
        {"conv", "8 99x99", 0, FV_BAD_INPUT, "conv1: 99x99 kernel does not fit"},
        {"crossentropy", "", 0, FV_BAD_INPUT, "is a loss"},
        {"conv", "8 3x3", 7, FV_USAGE, "no value 7"},
        {"conv", "8 3x3", -1, FV_USAGE, "no value -1"},
        {"add", "", 0, FV_BAD_INPUT, "at least 2 inputs"},
        {NULL, "", 0, FV_USAGE, "'op'"},
    };
    fv_builder *b;
    fv_net *net;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        OK(ctx, fv_builder_new(ctx, "small", "3x8x8", &b));
        assert_int_equal(fv_builder_then(b, wrong[i].value, wrong[i].op, wrong[i].options), -1);
        assert_int_equal(fv_builder_then(b, 0, "relu", NULL), -1);
        assert_int_equal(fv_builder_head(b, NULL, 0, NULL, 1, 0), -1);
        (void)fv_context_fail(ctx, FV_FAILED, "something else happened since");
        SAYS(ctx, fv_builder_finish(b, &net), wrong[i].status, wrong[i].words);
        assert_null(net);
    }
    SAYS(ctx, fv_builder_new(ctx, "small", "8x8", &b), FV_BAD_INPUT, "three sizes");
    SAYS(ctx, fv_builder_new(ctx, "small", "1x8x8\nconv 3", &b), FV_USAGE, "one line");
    assert_null(b);
    assert_int_equal(fv_builder_then(NULL, 0, "relu", NULL), -1);
    assert_int_equal(fv_builder_finish(NULL, &net), FV_USAGE);
    fv_builder_free(NULL);
}

static void ends_are_checked(void **state) {
    fv_context *ctx = *state;
    fv_net *net;
    const char *said[] = {"needs an output",
                          "'relu1' leads to no output",
                          "'output', not 'o'",
                          "weight is 1",
                          "name 'a' is taken",
                          "0 or more",
                          "no loss",
                          "did you mean 'lr'",
                          "nothing to share",
                          "no parameters",
                          "there is no 1",
                          "is taken",
                          "can be no output",
                          "1 to 511 characters",
                          "output 'x' already",
                          "1 to 8 dimensions",
                          "no type",
                          "not 0"};
    for (int i = 0; i < (int)(sizeof said / sizeof *said); i++) {
        fv_builder *b;
        const float one[2] = {1, 2};
        const int64_t two[] = {2}, none[] = {0};
        OK(ctx, fv_builder_new(ctx, "n", "1x4x4", &b));
        const int f = fv_builder_add(b, "a", "fc", "3", 1, (int[]){0});
        if (i != 0 && i != 2 && i != 3) fv_builder_head(b, NULL, f, NULL, 1, 0);
        int made = 0;
        if (i == 1) fv_builder_then(b, 0, "relu", NULL);
        if (i == 2) made = fv_builder_head(b, "o", f, NULL, 1, 0);
        if (i == 3) made = fv_builder_head(b, NULL, f, NULL, 0.5, 0);
        if (i == 4) made = fv_builder_add(b, "a", "relu", NULL, 1, &f);
        if (i == 5) made = fv_builder_head(b, "x", f, NULL, NAN, 0);
        if (i == 6) made = fv_builder_head(b, "x", f, "relu", 1, 0);
        if (i == 7) made = fv_builder_train(b, "lrr=3");
        if (i == 8) made = fv_builder_add_sharing(b, NULL, 0, 1, &f);
        if (i == 9)
            made = fv_builder_add_sharing(b, NULL, fv_builder_then(b, f, "relu", ""), 1, &f);
        if (i == 10) made = fv_builder_output(b, f, 1);
        if (i == 11) made = fv_builder_constant(b, "a", FV_F32, 1, two, one);
        if (i == 12)
            made = fv_builder_head(b, "x", fv_builder_constant(b, "k", FV_F32, 1, two, one), NULL,
                                   1, 0);
        if (i == 13) made = fv_builder_add(b, "two\nlines", "relu", NULL, 1, &f);
        if (i == 14) fv_builder_head(b, "x", f, NULL, 1, 0);
        if (i == 14) made = fv_builder_head(b, "x", f, NULL, 1, 0);
        if (i == 15) made = fv_builder_constant(b, "k", FV_F32, 9, two, one);
        if (i == 16) made = fv_builder_constant(b, "k", (fv_dtype)77, 1, two, one);
        if (i == 17) made = fv_builder_constant(b, "k", FV_F32, 1, none, one);
        assert_int_equal(made, i < 2 ? 0 : -1);
        const fv_status got = fv_builder_finish(b, &net);
        if (got == FV_OK || !strstr(fv_context_error(ctx), said[i]))
            fail_msg("%d gave %d: %s\n expected: %s", i, (int)got, fv_context_error(ctx), said[i]);
    }
}

/* --------------------------------------------------------------------- layers of one's own --- */

typedef struct scale_options {
    double by;
    int64_t times;
    bool negate;
    int way;
} scale_options;

static const char *const ways[] = {"plain", "shifted", NULL};
static const fv_option_field scale_fields[] = {{.name = "by",
                                                .help = "factor",
                                                .kind = FV_OPTION_REAL,
                                                .offset = offsetof(scale_options, by),
                                                .min = -10,
                                                .max = 10,
                                                .positional = 1,
                                                .required = 1},
                                               {.name = "times",
                                                .help = "how often",
                                                .kind = FV_OPTION_INT,
                                                .offset = offsetof(scale_options, times),
                                                .initial = "1",
                                                .min = 1,
                                                .max = 3},
                                               {.name = "negate",
                                                .help = "the other way",
                                                .kind = FV_OPTION_BOOL,
                                                .offset = offsetof(scale_options, negate)},
                                               {.name = "way",
                                                .help = "which",
                                                .kind = FV_OPTION_CHOICE,
                                                .offset = offsetof(scale_options, way),
                                                .initial = "plain",
                                                .choices = ways},
                                               {.name = NULL}};

static double factor(const scale_options *o) {
    double by = 1;
    for (int64_t i = 0; i < o->times; i++) by *= o->by;
    return o->negate ? -by : by;
}

/* y = factor * sum of the inputs + shift[channel], the shift learned where the way says so. */
static fv_status scale_shape(fv_context *ctx, fv_operator_site *site) {
    const scale_options *o = site->options;
    for (int i = 1; i < site->inputs; i++)
        if (site->in[i].rank != site->in[0].rank ||
            memcmp(site->in[i].dim, site->in[0].dim, sizeof site->in[0].dim) != 0)
            return fv_context_fail(ctx, FV_BAD_INPUT, "scale reads inputs of one shape");
    ++*(int *)site->user;
    if (o->way == 0) return FV_OK;
    site->params = 1;
    site->param[0] = (fv_operator_param){
        .name = "shift", .dims = {1, {site->in[0].dim[1]}}, .start = FV_PARAM_ZERO, .bias = 1};
    site->macs = 1;
    return FV_OK;
}

static double get(const fv_operator_pass *p, const fv_operator_tensor *t, int64_t n, int64_t i) {
    return p->real64 ? ((double *)t->data)[n * t->step + i] : ((float *)t->data)[n * t->step + i];
}

static void put(const fv_operator_pass *p, const fv_operator_tensor *t, int64_t n, int64_t i,
                double v) {
    if (p->real64)
        ((double *)t->data)[n * t->step + i] = v;
    else
        ((float *)t->data)[n * t->step + i] = (float)v;
}

static int64_t size_of(const fv_dims *d) {
    int64_t size = 1;
    for (int i = 1; i < d->rank; i++) size *= d->dim[i];
    return size;
}

static void scale_forward(const fv_operator_pass *p) {
    const int64_t size = size_of(&p->y->dims), plane = size / p->y->dims.dim[1];
    for (int64_t n = 0; n < p->y->dims.dim[0]; n++)
        for (int64_t i = 0; i < size; i++) {
            double sum = 0;
            for (int k = 0; k < p->inputs; k++) sum += get(p, &p->x[k], n, i);
            sum *= factor(p->options);
            if (p->params) sum += get(p, &p->w[0], 0, i / plane);
            put(p, p->y, n, i, sum);
        }
}

static void scale_backward(const fv_operator_pass *p) {
    const int64_t size = size_of(&p->dy->dims), plane = size / p->dy->dims.dim[1];
    for (int64_t n = 0; n < p->dy->dims.dim[0]; n++)
        for (int64_t i = 0; i < size; i++) {
            const double dy = get(p, p->dy, n, i);
            for (int k = 0; k < p->inputs; k++)
                if (p->dx[k].data)
                    put(p, &p->dx[k], n, i, get(p, &p->dx[k], n, i) + dy * factor(p->options));
            if (p->params && p->dw[0].data)
                put(p, &p->dw[0], 0, i / plane, get(p, &p->dw[0], 0, i / plane) + dy);
        }
}

static fv_operator scale(int *shapes) {
    fv_operator op = FV_INIT(fv_operator);
    op.name = "scale";
    op.help = "a multiple";
    op.options = scale_fields;
    op.options_size = sizeof(scale_options);
    op.shape = scale_shape;
    op.forward = scale_forward;
    op.backward = scale_backward;
    op.user = shapes;
    return op;
}

/* The same of two or three inputs. */
static fv_operator blend(int *shapes) {
    fv_operator op = scale(shapes);
    op.name = "blend";
    op.inputs_min = 2;
    op.inputs_max = 3;
    return op;
}

static void add_both(fv_context *ctx, int *shapes) {
    const fv_operator one = scale(shapes), many = blend(shapes);
    OK(ctx, fv_context_add_operator(ctx, &one));
    OK(ctx, fv_context_add_operator(ctx, &many));
}

static const char scaled[] =
    "net scaled\n"
    "input 1x6x6 scale 1/255\n"
    "    conv 4 3x3 pad 1 - blend 0.25 { scale 2 times 2 | scale -1.5 way shifted\n"
    "  | scale 0.5 negate } - relu - fc 3\n";

static void layers_of_ones_own(void **state) {
    (void)state;
    fv_context *ctx, *other;
    fv_net *net;
    fv_blob *text;
    int shapes = 0;
    assert_int_equal(fv_context_new(2, &ctx), FV_OK);
    assert_int_equal(fv_context_new(1, &other), FV_OK);
    add_both(ctx, &shapes);
    fv_operator_facts facts = FV_INIT(fv_operator_facts);
    fv_option option = FV_INIT(fv_option);
    assert_int_equal(fv_operator_find(ctx, "scale", &facts), 1);
    assert_string_equal(facts.help, "a multiple");
    assert_int_equal(facts.inputs_max, 1);
    assert_int_equal(fv_operator_find(ctx, "blend", &facts), 1);
    assert_int_equal(facts.inputs_min, 2);
    assert_int_equal(facts.inputs_max, 3);
    assert_int_equal(fv_operator_find(other, "scale", &facts), 0);
    assert_int_equal(fv_operator_option(ctx, "scale", 1, &option), 1);
    assert_string_equal(option.name, "times");
    assert_string_equal(option.initial, "1");
    assert_int_equal(fv_operator_option(ctx, "scale", 4, &option), 0);
    OK(ctx, fv_net_parse(ctx, scaled, NULL, &net));
    assert_true(shapes >= 4);
    OK(ctx, fv_net_print(ctx, net, &text));
    assert_non_null(strstr(fv_blob_data(text), "scale -1.5 way shifted"));
    assert_int_equal(fv_net_parameters(net), 40 + 4 + 4 * 36 * 3 + 3);
    fv_check *check;
    OK(ctx, fv_check_gradients(ctx, net, NULL, &check));
    assert_true(check->worst < 1e-7);
    fv_check_free(check);
    fv_net *strange;
    SAYS(other, fv_net_parse(other, scaled, NULL, &strange), FV_BAD_INPUT, "scale");
    SAYS(ctx, fv_net_parse(ctx, "net a\ninput 1x4x4\n  scale\n", NULL, &strange), FV_BAD_INPUT,
         "by");
    SAYS(ctx, fv_net_parse(ctx, "net a\ninput 1x4x4\n  scale 2 times 4\n", NULL, &strange),
         FV_BAD_INPUT, "times must be");
    SAYS(ctx, fv_net_parse(ctx, "net a\ninput 1x4x4\n  scale 2 way curved\n", NULL, &strange),
         FV_BAD_INPUT, "shifted");
    SAYS(ctx,
         fv_net_parse(ctx, "net a\ninput 1x4x4\n  blend 2 { conv 2 1 | conv 3 1 }\n", NULL,
                      &strange),
         FV_BAD_INPUT, "one shape");
    SAYS(ctx, fv_net_parse(ctx, "net a\ninput 1x4x4\n  scales 2\n", NULL, &strange), FV_BAD_INPUT,
         "did you mean 'scale'");
    fv_blob_free(text);
    fv_net_free(net);
    fv_context_free(ctx);
    fv_context_free(other);
}

/* A net outlives the context it was made with, its layers too; a model file needs the layer where
   it is read. */
static void they_learn_and_travel(void **state) {
    (void)state;
    fv_context *ctx, *other;
    fv_model *model, *back;
    fv_trainer *trainer;
    static float x[4 * 36];
    const int32_t labels[] = {0, 1, 2, 1};
    double first = 0, last = 0;
    int shapes = 0;
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    assert_int_equal(fv_context_new(2, &other), FV_OK);
    add_both(ctx, &shapes);
    OK(ctx, fv_model_parse(ctx, scaled, NULL, 3, &model));
    OK(ctx, fv_model_save(ctx, model, "scaled.safetensors"));
    fv_context_free(ctx);
    SAYS(other, fv_model_load(other, "scaled.safetensors", &back), FV_BAD_INPUT, "scale");
    for (int i = 0; i < 4 * 36; i++) x[i] = (float)(i * 7919 % 256) / 255;
    OK(other, fv_trainer_new(other, model, "batch=4 lr=0.1", &trainer));
    OK(other, fv_trainer_step(trainer, x, labels, 4, &first));
    for (int i = 0; i < 30; i++) OK(other, fv_trainer_step(trainer, x, labels, 4, &last));
    assert_true(last < 0.5 * first);
    fv_tensor_view g = FV_INIT(fv_tensor_view);
    OK(other, fv_trainer_gradient(trainer, "scale2.shift", &g));
    assert_int_equal(g.count, 4);
    fv_trainer_free(trainer);
    add_both(other, &shapes);
    OK(other, fv_model_load(other, "scaled.safetensors", &back));
    fv_model_free(back);
    fv_model_free(model);
    fv_context_free(other);
}

static void built_with_them(void **state) {
    (void)state;
    fv_context *ctx;
    fv_builder *b;
    fv_net *net;
    int shapes = 0;
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    add_both(ctx, &shapes);
    OK(ctx, fv_builder_new(ctx, "n", "1x4x4", &b));
    const int x = fv_builder_then(b, 0, "scale", "2");
    const int y = fv_builder_add(b, NULL, "blend", "by 3 way shifted", 2, (int[]){0, x});
    fv_builder_head(b, NULL, fv_builder_then(b, y, "fc", "2"), NULL, 1, 0);
    OK(ctx, fv_builder_finish(b, &net));
    assert_int_equal(fv_net_parameters(net), 1 + 34);
    fv_net_free(net);
    fv_context_free(ctx);
}

static void descriptors_are_checked(void **state) {
    (void)state;
    fv_context *ctx;
    int shapes = 0;
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    const char *names[] = {NULL, "", "Scale", "2nd", "conv", "net", "sc ale"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fv_operator op = scale(&shapes);
        op.name = names[i];
        SAYS(ctx, fv_context_add_operator(ctx, &op), FV_USAGE, "");
    }
    fv_operator op = scale(&shapes);
    op.forward = NULL;
    SAYS(ctx, fv_context_add_operator(ctx, &op), FV_USAGE, "no forward");
    op = scale(&shapes);
    op.inputs_max = -1;
    SAYS(ctx, fv_context_add_operator(ctx, &op), FV_USAGE, "inputs");
    op = scale(&shapes);
    op.options_size = offsetof(scale_options, way);
    SAYS(ctx, fv_context_add_operator(ctx, &op), FV_USAGE, "way");
    op = scale(&shapes);
    OK(ctx, fv_context_add_operator(ctx, &op));
    SAYS(ctx, fv_context_add_operator(ctx, &op), FV_USAGE, "already");
    SAYS(ctx, fv_context_add_operator(ctx, NULL), FV_USAGE, "NULL");
    fv_context_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nets_are_built),
        cmocka_unit_test(built_nets_learn_and_travel),
        cmocka_unit_test(the_first_failure_is_told),
        cmocka_unit_test(ends_are_checked),
        cmocka_unit_test(layers_of_ones_own),
        cmocka_unit_test(they_learn_and_travel),
        cmocka_unit_test(built_with_them),
        cmocka_unit_test(descriptors_are_checked),
    };
    return cmocka_run_group_tests(tests, public_setup, public_teardown);
}
