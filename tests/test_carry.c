/* SPDX-License-Identifier: MIT */
/*
 * test_carry.c - what the central types carry beyond a chain of float layers: parameters that
 * several layers have, layers with several outputs, constants, integers and truth values. What a
 * plan computes of them is held against the reference loops in double, and those against
 * differences.
 */
#include "api/shared_plan.h"
#include "format/model.h"
#include "lang/lang.h"
#include "more_ops.h"
#include "train/gradient_check.h"
#include "train/learner.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BATCH 3

static fv_context *ctx;

static int open_context(void **state) {
    (void)state;
    if (fv_context_new(2, &ctx) != FV_OK) return 1;
    ctx->ops = fv__more_ops;
    return 0;
}

static int close_context(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

static void must(fv_status status) {
    if (status != FV_OK) fail_msg("%s", ctx->message);
}

static fv_graph *parse(const char *text) {
    fv_graph *net;
    must(fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net, NULL));
    return net;
}

static void refuses(const char *text, const char *words) {
    fv_graph *net;
    assert_int_equal(fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net, NULL),
                     FV_BAD_INPUT);
    if (!strstr(ctx->message, words)) fail_msg("expected \"%s\" in:\n%s", words, ctx->message);
}

static double normal(uint64_t thing, int64_t i) {
    return fv__random_normal(fv__key(5, FV_STREAM_CHECK, thing, 0), (uint64_t)i);
}

/* ------------------------------------------------------------------- plans and differences --- */

/* Forward and backward of a net with losses in float, as planned, or in double by reference loops;
   gradients into `gradients`, each as wide as the plan's numbers. Returns the loss. */
static double run(const fv_graph *net, bool exact, void *gradients) {
    const fv_plan_options options = {.batch = BATCH,
                                     .training = true,
                                     .backward = true,
                                     .dtype = exact ? FV_F64 : FV_F32,
                                     .reference = exact};
    const size_t count = (size_t)net->param_elements + 1;
    float *fresh = calloc(count, sizeof *fresh);
    double *weights = aligned_alloc(64, (count * sizeof *weights + 63) / 64 * 64);
    fv__net_initialise(net, FV_HE, 3, fresh);
    for (size_t i = 0; i < count; i++) {
        if (exact)
            weights[i] = (double)fresh[i];
        else
            ((float *)weights)[i] = fresh[i];
    }
    fv_plan *plan;
    fv_exec *exec;
    must(fv__plan_new(ctx, net, &options, &plan));
    must(fv__exec_new(ctx, plan, &(fv_exec_options){.weights = weights, .gradients = gradients},
                      &exec));
    const fv_tensor x = fv__exec_value(exec, 0);
    for (int64_t i = 0; i < fv__shape_count(&x.shape); i++) {
        const float v = (float)normal(1, i);
        if (exact)
            ((double *)x.data)[i] = (double)v;
        else
            ((float *)x.data)[i] = v;
    }
    int32_t *labels = fv__exec_value(exec, net->heads[0].target).data;
    for (int n = 0; n < BATCH; n++) labels[n] = n % 2;
    fv__exec_forward(exec, &(fv_exec_run){.seed = 1}, NULL);
    const void *y = fv__exec_value(exec, net->heads[0].value).data;
    const double loss = exact ? *(const double *)y : (double)*(const float *)y;
    fv__exec_backward(exec, NULL);
    fv__exec_free(exec);
    fv__plan_free(plan);
    free(fresh);
    free(weights);
    return loss;
}

/* The plan's gradients agree with the reference's, and those with differences. */
static void trains(const fv_graph *net) {
    const fv_check_options options = {.batch = BATCH, .points = 6, .tolerance = 1e-7, .seed = 3};
    fv_check_report report;
    fv_graph *with;
    must(fv__net_with_loss(ctx, net, &fv__op_crossentropy, &with));
    const size_t count = (size_t)with->param_elements + 1;
    float *planned = aligned_alloc(64, (count * sizeof *planned + 63) / 64 * 64);
    double *exact = aligned_alloc(64, (count * sizeof *exact + 63) / 64 * 64);
    const double a = run(with, false, planned), b = run(with, true, exact);
    assert_true(fabs(a - b) <= 1e-5 * fabs(b));
    for (size_t p = 0; p < with->param_count; p++) {
        double gap = 0, norm = 0;
        if (!with->params[p].spec.learned) continue;
        for (int64_t k = 0; k < with->params[p].count; k++) {
            const int64_t i = with->params[p].offset + k;
            gap += ((double)planned[i] - exact[i]) * ((double)planned[i] - exact[i]);
            norm += exact[i] * exact[i];
        }
        if (!(sqrt(gap) <= 2e-5 * sqrt(norm) + 1e-7))
            fail_msg("the gradient of %s is off by %.1e", with->params[p].name, sqrt(gap / norm));
    }
    free(planned);
    free(exact);
    fv__net_free(with);
    must(fv__gradients_check(ctx, net, NULL, &options, NULL, NULL, &report));
    assert_true(report.count > 0);
    fv__gradients_free(&report);
}

/* --------------------------------------------------------------------- shared parameters --- */

#define TOWER(a, b, c)                                                                             \
    "input 2x6x6\n conv 4 3x3 pad 1 - relu - conv 4 3x3 pad 1 as step - bn as norm - tanh\n"       \
    " - conv 4 3x3 pad 1" a " - bn" b " - tanh - conv 4 3x3 pad 1 stride 2" a " - tanh\n"          \
    " - fc 4 as first - elu - fc 4" c " as second - fc 4" c " as third\n"
/* fc's input is 36 wide the first time, so that `first` cannot share. */
static const char shared_text[] = "net s\n" TOWER(" share step", " share norm", " share last");
static const char apart_text[] = "net a\n" TOWER("", "", "");

static void test_sharing_trains(void **state) {
    (void)state;
    fv_graph *net = parse(shared_text);
    assert_int_equal(net->params[fv__net_find_param(net, "step.weight")].uses, 3);
    trains(net);
    fv__net_free(net);
}

/* Where in the net without sharing the parameter of a layer lies. */
static const float *param_at(const fv_graph *net, const float *block, int node, int i) {
    return block + net->params[net->nodes[node].param[i]].offset;
}

static fv_model *model_of(const char *text) {
    fv_net net = {0};
    fv_model *model;
    must(fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net.graph, &net.recipe));
    must(fv__model_new(ctx, &net, 1, &model));
    return model;
}

static fv_learner *learner_of(fv_model *model) {
    fv_recipe recipe;
    fv_learner *l;
    fv__recipe_defaults(&recipe);
    recipe.batch = BATCH;
    fv_setting plain[] = {{"momentum", "0"}};
    must(fv__recipe_apply(ctx, plain, 1, &recipe, NULL));
    must(fv__learner_new(ctx, model, &recipe, &l));
    fv_learner_batch batch;
    must(fv__learner_batch(ctx, l, BATCH, &batch));
    for (int64_t i = 0; i < BATCH * 2 * 6 * 6; i++) batch.x[i] = (float)normal(2, i);
    for (int n = 0; n < BATCH; n++) ((int32_t *)batch.target[FV_TARGET_CLASS])[n] = n;
    return l;
}

/* A step of the net whose layers share is the step of one whose layers start alike and are apart,
   with the sum of their gradients. */
static void test_a_step_adds_both_gradients(void **state) {
    (void)state;
    fv_model *shared = model_of(shared_text), *apart = model_of(apart_text);
    const fv_graph *s = shared->net.graph, *a = apart->net.graph;
    assert_int_equal(s->node_count, a->node_count);
    for (size_t n = 0; n < a->node_count; n++)
        for (int i = 0; i < a->nodes[n].params; i++) {
            const fv_param *to = &a->params[a->nodes[n].param[i]];
            memcpy(apart->weights + to->offset, param_at(s, shared->weights, (int)n, i),
                   (size_t)to->count * sizeof(float));
        }
    float *sum = calloc((size_t)s->param_elements, sizeof *sum);
    float *before = malloc((size_t)s->param_elements * sizeof *before);
    memcpy(before, shared->weights, (size_t)s->param_elements * sizeof *before);
    fv_learner *ls = learner_of(shared), *la = learner_of(apart);
    fv_step_result one, other;
    must(fv__learner_step(ctx, la, BATCH, 0.1, &other));
    must(fv__learner_step(ctx, ls, BATCH, 0.1, &one));
    assert_true(fabs(one.loss - other.loss) < 1e-6);
    for (size_t n = 0; n < a->node_count; n++)
        for (int i = 0; i < a->nodes[n].params; i++) {
            const fv_param *p = &s->params[s->nodes[n].param[i]];
            const float *g = param_at(a, fv__learner_gradients(la), (int)n, i);
            for (int64_t k = 0; k < p->count; k++)
                sum[p->offset + k] += p->spec.learned ? g[k] : g[k] / (float)p->uses;
        }
    for (size_t p = 0; p < s->param_count; p++)
        for (int64_t k = s->params[p].offset; k < s->params[p].offset + s->params[p].count; k++) {
            assert_float_equal(fv__learner_gradients(ls)[k], sum[k], 2e-5);
            if (s->params[p].spec.learned)
                assert_float_equal(shared->weights[k], before[k] - 0.1f * sum[k], 2e-5);
        }
    free(sum);
    free(before);
    fv__learner_free(ls);
    fv__learner_free(la);
    fv__model_free(shared);
    fv__model_free(apart);
}

/* One copy in the file; read again, the layers share as before. */
static void test_sharing_is_saved(void **state) {
    (void)state;
    fv_model *model = model_of(shared_text), *again;
    fv_safetensors st;
    for (int built = 0; built < 2; built++) {
        if (built) model->net.graph->source = NULL; /* as if made by calls: its text is printed */
        must(fv__model_save(ctx, model, "shared.safetensors"));
        must(fv__safetensors_open(ctx, "shared.safetensors", &st));
        assert_int_equal(st.count, model->net.graph->param_count);
        assert_non_null(fv__safetensors_find(&st, "step.weight"));
        assert_non_null(fv__safetensors_find(&st, "last.bias"));
        assert_null(fv__safetensors_find(&st, "third.bias"));
        fv__safetensors_close(&st);
        must(fv__model_load(ctx, "shared.safetensors", &again));
        const fv_graph *a = model->net.graph, *b = again->net.graph;
        assert_int_equal(a->param_count, b->param_count);
        for (size_t p = 0; p < a->param_count; p++) {
            const fv_param *other = &b->params[fv__net_find_param(b, a->params[p].name)];
            assert_int_equal(other->uses, a->params[p].uses);
            assert_memory_equal(again->weights + other->offset,
                                model->weights + a->params[p].offset,
                                (size_t)other->count * sizeof(float));
        }
        fv__model_free(again);
    }
    fv__model_free(model);
}

/* ----------------------------------------------------------------------- several outputs --- */

static void test_two_outputs(void **state) {
    (void)state;
    static const char *const texts[] = {
        /* both read, the second from far behind */
        "input 3x6x6\n conv 6 3x3 - halves as cut - relu - add { identity | from cut.2 } - fc 4\n",
        /* the first alone */
        "input 3x6x6\n conv 6 3x3 - relu - halves - relu - fc 4\n",
        /* the second alone, and an activation over it that could overwrite */
        "input 3x6x6\n conv 6 3x3 - relu - halves as cut - from cut.2 - relu - fc 4\n",
        /* both into a join, the wrong way round, and one of them an output too */
        "input 3x6x6\n conv 5 3x3 - halves as cut - concat { from cut.2 | identity } - relu - fc "
        "4\n"
        "head side from cut.2 - fc 3\n",
        /* one of them shared between two layers that share weights */
        "input 4x5x5\n conv 4 3x3 pad 1 - halves as cut - conv 2 3x3 pad 1 as eye\n"
        " - add { identity | from cut.2 - conv 2 3x3 pad 1 share eye } - fc 3\n",
    };
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        fv_graph *net = parse(texts[t]);
        trains(net);
        fv__net_free(net);
    }
}

/* Runs a net for inference over random images and reads a value. */
static void infer(const fv_graph *net, const float *weights, const char *value, void *out,
                  float *image) {
    const int index = fv__net_find_value(net, value);
    assert_true(index >= 0);
    const fv_plan_options options = {.batch = BATCH, .keep = &index, .keep_count = 1};
    fv_plan *plan;
    fv_exec *exec;
    must(fv__plan_new(ctx, net, &options, &plan));
    must(fv__exec_new(ctx, plan, &(fv_exec_options){.weights = (void *)(uintptr_t)weights}, &exec));
    const int64_t count = BATCH * fv__shape_sample(&net->values[0].shape);
    for (int64_t i = 0; i < count; i++) image[i] = (float)normal(4, i);
    fv__exec_write(exec, 0, image);
    fv__exec_forward(exec, &(fv_exec_run){0}, NULL);
    fv__exec_read(exec, index, out);
    fv__exec_free(exec);
    fv__plan_free(plan);
}

static void test_outputs_are_told_apart(void **state) {
    (void)state;
    fv_graph *net = parse("input 5x2x2\n halves as cut - concat { identity | from cut.2 }");
    float image[BATCH * 20], first[BATCH * 8], second[BATCH * 12], both[BATCH * 20], none[1];
    infer(net, none, "cut", first, image);
    infer(net, none, "cut.2", second, image);
    infer(net, none, "concat1", both, image);
    for (int n = 0; n < BATCH; n++) {
        assert_memory_equal(first + n * 8, image + n * 20, 8 * sizeof(float));
        assert_memory_equal(second + n * 12, image + n * 20 + 8, 12 * sizeof(float));
    }
    assert_memory_equal(both, image, sizeof image);
    fv__net_free(net);
}

/* -------------------------------------------------------------------------- a constant --- */

static int add_layer(fv_graph *net, const char *op, const char *options, const int *in,
                     int inputs) {
    uint64_t bytes[32] = {0};
    char name[32];
    int value;
    snprintf(name, sizeof name, "%s%zu", op, net->node_count);
    fv_node_spec spec = {
        .op = fv__op_find_in(ctx, op), .options = bytes, .name = name, .in = in, .inputs = inputs};
    must(fv__options_parse(ctx, spec.op, options, bytes));
    must(fv__net_add(ctx, net, &spec, &value));
    return value;
}

static fv_graph *scaled_net(const float *scale, int *scaled) {
    fv_graph *net;
    fv_input input = {0};
    int in[2] = {0};
    const fv_shape shape = fv__shape1(4);
    fv__field_defaults(fv__input_fields, &input);
    input.channels = 2, input.height = input.width = 5;
    must(fv__net_new(ctx, "scaled", &input, &net));
    in[0] = add_layer(net, "conv", "4 3x3", in, 1);
    must(fv__net_add_constant(ctx, net, "scale", FV_F32, &shape, scale, &in[1]));
    *scaled = in[0] = add_layer(net, "perchannel", "", in, 2);
    in[0] = add_layer(net, "relu", "", in, 1);
    in[0] = add_layer(net, "fc", "3", in, 1);
    must(fv__net_add_head(ctx, net, &(fv_head){.name = "output", .value = in[0], .weight = 1}));
    must(fv__net_freeze(ctx, net));
    return net;
}

static void test_a_constant(void **state) {
    (void)state;
    static const float factor[4] = {2, -1, 0.5f, 3};
    float scale[4] = {2, -1, 0.5f, 3}, image[BATCH * 50], plain[BATCH * 36], scaled[BATCH * 36];
    int value;
    fv_graph *net = scaled_net(scale, &value);
    scale[0] = 0; /* the net has its own copy */
    trains(net);
    float *weights = aligned_alloc(64, ((size_t)net->param_elements * 4 + 63) / 64 * 64);
    fv__net_initialise(net, FV_HE, 3, weights);
    infer(net, weights, "conv0", plain, image);
    infer(net, weights, net->values[value].name, scaled, image);
    for (int i = 0; i < BATCH * 36; i++)
        assert_float_equal(scaled[i], plain[i] * factor[i / 9 % 4], 1e-6);
    /* what cannot mix samples with what all of them have says so */
    const int both[2] = {1, 2};
    int out;
    assert_false(net->values[2].type.batched);
    assert_int_equal(
        fv__net_add(ctx, net,
                    &(fv_node_spec){.op = &fv__op_add, .name = "x", .in = both, .inputs = 2}, &out),
        FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "add cannot join values of the batch with a constant"));
    free(weights);
    fv__net_free(net);
}

/* ------------------------------------------------------------- integers and truth values --- */

static void test_truth_values(void **state) {
    (void)state;
    fv_graph *net =
        parse("input 2x5x5\n conv 4 3x3 pad 1 - tanh as t\n"
              " - choose { above 0.1 as mask | conv 4 1x1 - tanh | identity } - fc 3\n");
    const int mask = fv__net_find_value(net, "mask");
    assert_int_equal(net->values[mask].type.dtype, FV_BOOL8);
    trains(net);
    float image[BATCH * 50], t[BATCH * 100];
    uint8_t bits[BATCH * 100];
    float *weights = aligned_alloc(64, ((size_t)net->param_elements * 4 + 63) / 64 * 64);
    fv__net_initialise(net, FV_HE, 3, weights);
    infer(net, weights, "t", t, image);
    infer(net, weights, "mask", bits, image);
    for (int i = 0; i < BATCH * 100; i++) assert_int_equal(bits[i], t[i] > 0.1f);
    free(weights);
    fv__net_free(net);
}

static void test_integers(void **state) {
    (void)state;
    fv_graph *net = parse("input 6x1x1\n fc 5 as scores - take { argmax as best | identity }\n"
                          " - concat { identity | from scores - fc 2 }\n");
    trains(net);
    float image[BATCH * 6], scores[BATCH * 5], largest[BATCH];
    int32_t best[BATCH];
    float *weights = aligned_alloc(64, ((size_t)net->param_elements * 4 + 63) / 64 * 64);
    fv__net_initialise(net, FV_HE, 3, weights);
    infer(net, weights, "scores", scores, image);
    infer(net, weights, "best", best, image);
    infer(net, weights, "take1", largest, image);
    for (int n = 0; n < BATCH; n++) {
        for (int k = 0; k < 5; k++) assert_true(scores[n * 5 + k] <= scores[n * 5 + best[n]]);
        assert_float_equal(largest[n], scores[n * 5 + best[n]], 0);
    }
    free(weights);
    fv__net_free(net);
}

/* An operator without loops for a type never reads it as another one. */
static void test_types_are_refused(void **state) {
    (void)state;
    refuses("input 6x1x1\n fc 5 - argmax - relu", "relu does not compute with int32 values");
    refuses("input 6x4x4\n above 0 - conv 3 3x3", "conv does not compute with bool values");
    refuses("input 6x4x4\n add { above 0 | identity }", "add does not take bool values as input 1");
    refuses("input 6x4x4\n add { identity | above 0 }", "add does not take bool values as input 2");
    refuses("input 6x4x4\n choose { identity | relu | tanh }",
            "choose does not take float32 values as input 1");
    refuses("input 6x4x4\n above 0 - maxpool 2", "maxpool does not compute with bool values");
    refuses("input 6x4x4\n above 0 - flatten", "flatten does not compute with bool values");
}

/* ------------------------------------------------------------------ packed once --- */

static void test_weights_are_packed_once(void **state) {
    (void)state;
    fv_model *model =
        model_of("net p\ninput 2x6x6\n conv 8 3x3 pad 1 - relu - conv 8 1x1 - fc 4\n");
    fv_run *runs[2];
    for (int r = 0; r < 2; r++) must(fv_run_new(ctx, model, 4, &runs[r]));
    const fv_shared_plan *plan = model->runs->first;
    assert_null(plan->next);
    const int64_t packed = fv__prepared_count(plan->prepared);
    assert_true(packed > 0);
    for (int i = 0; i < 10; i++)
        for (int r = 0; r < 2; r++) must(fv_run_forward(runs[r], 4));
    assert_int_equal(fv__prepared_count(plan->prepared), packed);
    fv_run_free(runs[0]);
    fv_run_free(runs[1]);
    assert_null(model->runs->first);
    fv__model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sharing_trains),
        cmocka_unit_test(test_a_step_adds_both_gradients),
        cmocka_unit_test(test_sharing_is_saved),
        cmocka_unit_test(test_two_outputs),
        cmocka_unit_test(test_outputs_are_told_apart),
        cmocka_unit_test(test_a_constant),
        cmocka_unit_test(test_truth_values),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_types_are_refused),
        cmocka_unit_test(test_weights_are_packed_once),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
