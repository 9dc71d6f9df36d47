/* SPDX-License-Identifier: MIT */
/*
 * test_carry.c - layers that share parameters, layers with several outputs, weights that runs
 * share. What a plan computes of them is held against the reference loops in double, and those
 * against differences.
 */
#include "api/shared_plan.h"
#include "carry.h"
#include "format/model.h"
#include "look/explanation.h"
#include "train/learner.h"
#include <stdio.h>

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
    fv_tensor_file st;
    for (int built = 0; built < 2; built++) {
        if (built) model->net.graph->source = NULL; /* as if made by calls: its text is printed */
        must(fv__model_save(ctx, model, "shared.safetensors"));
        must(fv__safetensors_open(ctx, "shared.safetensors", &st));
        assert_int_equal(st.count, model->net.graph->param_count);
        assert_non_null(fv__tensor_file_find(&st, "step.weight"));
        assert_non_null(fv__tensor_file_find(&st, "last.bias"));
        assert_null(fv__tensor_file_find(&st, "third.bias"));
        fv__tensor_file_close(&st);
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
        ("input 4x5x5\n conv 4 3x3 pad 1 - halves as cut - conv 2 3x3 pad 1 as eye\n"
         " - add { identity | from cut.2 - conv 2 3x3 pad 1 share eye } - fc 3\n"),
    };
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        fv_graph *net = parse(texts[t]);
        trains(net);
        fv__net_free(net);
    }
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

/* What several layers have counts once, where it is first; the others say whose it is. */
static void test_explained_once(void **state) {
    (void)state;
    fv_net net = {.graph = parse("net s\ninput 2x6x6\n conv 2 3x3 pad 1 as a - bn as n\n"
                                 " - conv 2 3x3 pad 1 share a - bn share n - fc 4 share \"f c\"\n"
                                 "head side training from a - fc 4 share \"f c\"\n")};
    fv_explanation *e;
    const fv_explain_options options = FV_INIT(fv_explain_options);
    fv__recipe_defaults(&net.recipe);
    must(fv__explain(ctx, &net, &options, &e));
    assert_int_equal(e->weights, 2 * 2 * 9 + 2 + 72 * 4);
    assert_int_equal(e->biases, 2 + 2 + 4);
    assert_int_equal(e->statistics, 4);
    assert_int_equal(e->weights + e->biases, fv__net_parameters(net.graph, false));
    const fv_layer *again = e->layers[3];
    assert_string_equal(again->name, "conv1");
    assert_string_equal(again->options, "2 3x3 pad 1 share a");
    assert_string_equal(again->lecture_options, "pad 1 share a");
    assert_string_equal(again->product, "");
    assert_int_equal(again->weights, 0);
    assert_true(again->macs > 0);
    assert_string_equal(e->layers[5]->options, "4 share \"f c\"");
    fv__explanation_free(e);
    fv__net_free(net.graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sharing_trains),
        cmocka_unit_test(test_a_step_adds_both_gradients),
        cmocka_unit_test(test_sharing_is_saved),
        cmocka_unit_test(test_two_outputs),
        cmocka_unit_test(test_outputs_are_told_apart),
        cmocka_unit_test(test_weights_are_packed_once),
        cmocka_unit_test(test_explained_once),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
