/* SPDX-License-Identifier: MIT */
/*
 * test_old_rules.c - learning rules of before back-propagation: a step of perceptron and of lms is
 * the published one number by number; both learn AND and OR, neither learns XOR; networks that they
 * are not made for are refused in words. LeNet-5's radial basis units know their digits.
 */
#include "carry.h"
#include "op_problem.h"
#include "train/learner.h"
#include <stdio.h>

#define CASES 4

static const float inputs[CASES][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};

typedef struct gate {
    const char *name;
    float wanted[CASES];
} gate;
static const gate and_gate = {"AND", {0, 0, 0, 1}};
static const gate or_gate = {"OR", {0, 1, 1, 1}};
static const gate xor_gate = {"XOR", {0, 1, 1, 0}};

/* One unit over two inputs, and its learner. */
typedef struct unit {
    fv_model *model;
    fv_learner *learner;
    double lr;
} unit;

static unit make_unit(const char *rule, const char *loss, double lr) {
    char text[160];
    fv_net net = {0};
    unit u = {.lr = lr};
    (void)snprintf(text, sizeof text,
                   "net gate\ninput 2x1x1\n fc 1\nloss %s target vector\n"
                   "train optimizer %s batch 1\n",
                   loss, rule);
    must(fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net.graph, &net.recipe));
    must(fv__model_new(ctx, &net, 1, &u.model));
    must(fv__learner_new(ctx, u.model, &u.model->net.recipe, &u.learner));
    return u;
}

static void free_unit(unit *u) {
    fv__learner_free(u->learner);
    fv__model_free(u->model);
}

/* The unit's sum: two weights, then the bias. */
static double sum_of(const unit *u, const float x[2]) {
    const fv_graph *net = u->model->net.graph;
    const float *w = u->model->weights + net->params[0].offset;
    const float *bias = u->model->weights + net->params[1].offset;
    return (double)(w[0] * x[0] + w[1] * x[1] + bias[0]);
}

static void learn(unit *u, const float x[2], float wanted) {
    fv_learner_batch to;
    fv_step_result result;
    must(fv__learner_batch(ctx, u->learner, 1, &to));
    memcpy(to.x, x, 2 * sizeof *x);
    *(float *)to.target[FV_TARGET_VECTOR] = wanted;
    must(fv__learner_step(ctx, u->learner, 1, u->lr, &result));
}

/* A step is w += lr (t - s) x, and for the bias lr (t - s). */
static void check_step(const char *rule, const char *loss, bool threshold) {
    unit u = make_unit(rule, loss, 0.25);
    const fv_graph *net = u.model->net.graph;
    for (int i = 0; i < 40; i++) {
        const float x[2] = {(float)normal(1, 2 * i), (float)normal(1, 2 * i + 1)};
        const float wanted = (float)(i % 2);
        float *w = u.model->weights + net->params[0].offset;
        float *bias = u.model->weights + net->params[1].offset;
        const double sum = sum_of(&u, x), before[3] = {w[0], w[1], bias[0]};
        const double says = threshold ? sum > 0 : sum, by = 0.25 * ((double)wanted - says);
        learn(&u, x, wanted);
        assert_true(fabs((double)w[0] - (before[0] + by * (double)x[0])) < 1e-6);
        assert_true(fabs((double)w[1] - (before[1] + by * (double)x[1])) < 1e-6);
        assert_true(fabs((double)bias[0] - (before[2] + by)) < 1e-6);
    }
    free_unit(&u);
}

static void test_steps(void **state) {
    (void)state;
    check_step("perceptron", "perceptron", true);
    check_step("lms", "squarederror", false);
}

/* How many cases a unit says wrong after so many rounds through all of them. */
static int wrong_after(const char *rule, const char *loss, const gate *g, int rounds) {
    const double threshold = strcmp(rule, "lms") == 0 ? 0.5 : 0;
    unit u = make_unit(rule, loss, 0.1);
    int wrong = 0;
    for (int r = 0; r < rounds; r++)
        for (int i = 0; i < CASES; i++) learn(&u, inputs[i], g->wanted[i]);
    for (int i = 0; i < CASES; i++)
        wrong += (sum_of(&u, inputs[i]) > threshold) != (g->wanted[i] > 0);
    free_unit(&u);
    return wrong;
}

static void test_gates(void **state) {
    static const char *const rules[][2] = {{"perceptron", "perceptron"}, {"lms", "squarederror"}};
    (void)state;
    for (int r = 0; r < 2; r++) {
        assert_int_equal(wrong_after(rules[r][0], rules[r][1], &and_gate, 100), 0);
        assert_int_equal(wrong_after(rules[r][0], rules[r][1], &or_gate, 100), 0);
        for (int rounds = 50; rounds <= 400; rounds += 50) /* no line separates it */
            assert_int_not_equal(wrong_after(rules[r][0], rules[r][1], &xor_gate, rounds), 0);
    }
}

/* Choosing the rule chooses its loss; another loss named beside it stays, and is refused. */
static void test_refusals(void **state) {
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"input 1x4x4\n fc 3 - relu - fc 2\ntrain optimizer lms",
         "is a rule for one layer, and the network test has 2 with weights"},
        {"input 1x4x4\n fc 2 - tanh\ntrain optimizer lms", "comes from tanh1"},
        {"input 1x4x4\n rbf 2\ntrain optimizer lms", "comes from rbf1"},
        {"input 1x4x4\n fc 2\ntrain optimizer lms loss crossentropy", "has crossentropy"},
        {"input 1x4x4\n fc 2\ntrain loss crossentropy optimizer lms", "has crossentropy"},
        {"input 1x4x4\n fc 2\nloss hinge\ntrain optimizer perceptron",
         "the loss perceptron alone, and the output 'output' has hinge"},
        {"input 1x4x4\n fc 2\ntrain optimizer lms", NULL},
        {"input 1x4x4\n fc 2\ntrain optimizer perceptron", NULL},
        {"input 1x4x4\n conv 2 4x4 - flatten\ntrain optimizer perceptron", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fv_net net = {0};
        fv_model *model;
        fv_learner *learner = NULL;
        must(fv__net_parse(ctx, "test", bad[i].text, strlen(bad[i].text), NULL, 0, &net.graph,
                           &net.recipe));
        must(fv__model_new(ctx, &net, 1, &model));
        const fv_status status = fv__learner_new(ctx, model, &model->net.recipe, &learner);
        if (!bad[i].says) {
            must(status);
        } else if (status != FV_BAD_INPUT || !strstr(ctx->message, bad[i].says)) {
            fail_msg("%s: %s", bad[i].text, ctx->message);
        }
        fv__learner_free(learner);
        fv__model_free(model);
    }
}

/* The drawn digits are ten different bitmaps: from zeros all are as far, 84; from an input that is
   one of them, that one is 0 away and the others at least a few pixels. */
static void test_digits(void **state) {
    op_problem p;
    double y[10];
    (void)state;
    assert_int_equal(op_make(&p, &fv__op_rbf, "10 prototypes digits ; 1x84", FV_F64, 0), FV_OK);
    double code[10][84];
    for (int j = 0; j < 84; j++) { /* (1 - w)^2 is 4 where w is -1 */
        for (int k = 0; k < 84; k++) op_set(&p.x[0], k, k == j);
        op_forward(&p);
        for (int i = 0; i < 10; i++) code[i][j] = op_get(&p.y[0], i) > 84 ? -1 : 1;
    }
    for (int i = 0; i < 10; i++) {
        for (int k = 0; k < 84; k++) op_set(&p.x[0], k, code[i][k]);
        op_forward(&p);
        for (int k = 0; k < 10; k++) y[k] = op_get(&p.y[0], k);
        for (int k = 0; k < 10; k++) assert_true(k == i ? y[k] == 0 : y[k] >= 4 * 6);
    }
    op_release(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_gates),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_digits),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
