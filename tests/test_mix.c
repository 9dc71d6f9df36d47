/* SPDX-License-Identifier: MIT */
/*
 * test_mix.c - samples mixed within a batch: the Beta distribution, parts of true area, shares of
 * classes beside them, and that metric and loss go by these.
 */
#include "data/mix.h"
#include "lang/lang.h"
#include "op/crossentropy.h"
#include "sample_fixture.h"
#include "train/evaluate.h"
#include "train/metric.h"
#include <math.h>
#include <stdio.h>

static void near(double got, double want, double slack) {
    if (!(fabs(got - want) <= slack)) fail_msg("%.9g, expected %.9g", got, want);
}

/* Mean 1/2, variance 1/(4 (2 alpha + 1)); of alpha 1 uniform, of a tiny one nearly all at the ends,
   and never a number that is none. */
static void beta(void **state) {
    (void)state;
    static const double alphas[] = {0.001, 0.2, 1, 2, 50};
    const int n = 20000;
    for (int a = 0; a < 5; a++) {
        double sum = 0, squares = 0;
        int ends = 0, middle = 0;
        for (int i = 0; i < n; i++) {
            const double v =
                fv__mix_beta(fv__key(3, FV_STREAM_AUGMENT, 65, 1), (uint64_t)i << 32, alphas[a]);
            assert_true(v >= 0 && v <= 1);
            sum += v;
            squares += v * v;
            ends += v < 0.1 || v > 0.9;
            middle += v > 0.25 && v < 0.75;
        }
        near(sum / n, 0.5, 0.012);
        near(squares / n - sum / n * (sum / n), 0.25 / (2 * alphas[a] + 1), 0.004);
        if (alphas[a] == 1) near(middle, n / 2.0, 0.02 * n);
        if (alphas[a] == 0.2) near(ends, 0.6734 * n, 0.012 * n); /* integrated numerically */
        if (a == 0) assert_true(ends > 0.99 * n);
    }
}

/* What is kept is what is left of the image, counted pixel by pixel; the part has the image's
   aspect where it is whole. */
static void parts(void **state) {
    (void)state;
    const fv_augment augment = {.cutmix = 1};
    const fv_batch batch = {.augment = &augment, .seed = 4};
    double sum = 0;
    for (int64_t i = 0; i < 3000; i++) {
        float a[2 * 120], b[2 * 120];
        const fv_mix m = fv__mix_draw(&batch, i, 12, 10), none = {.keep = 1};
        int kept = 0;
        for (int k = 0; k < 240; k++) a[k] = (float)k, b[k] = (float)-k - 1;
        fv__mix_planes(&m, &none, 2, 10, 12, a, b);
        for (int k = 0; k < 240; k++) {
            const int y = k / 12 % 10, x = k % 12;
            const bool in = x >= m.left && x < m.right && y >= m.top && y < m.bottom;
            assert_true(a[k] == (float)(in ? -k - 1 : k) && b[k] == (float)-k - 1);
            kept += k < 120 && !in;
        }
        assert_true(m.box && m.keep == 1 - (120 - kept) / 120.0);
        if (m.left > 0 && m.top > 0 && m.right < 12 && m.bottom < 10)
            assert_true(llabs((m.right - m.left) * 10 - (m.bottom - m.top) * 12) <= 24);
        sum += m.keep;
    }
    assert_true(sum / 3000 > 0.5 && sum / 3000 < 0.75); /* the border cuts some of them off */
}

/* Where both are on each is drawn half of the time, and none changes what the other draws. */
static void both(void **state) {
    (void)state;
    const fv_augment two = {.mixup = 0.4, .cutmix = 1}, one = {.mixup = 0.4};
    const fv_batch b2 = {.augment = &two, .seed = 4}, b1 = {.augment = &one, .seed = 4};
    int boxes = 0;
    for (int64_t i = 0; i < 2000; i++) {
        const fv_mix m = fv__mix_draw(&b2, i, 12, 10), alone = fv__mix_draw(&b1, i, 12, 10);
        boxes += m.box;
        assert_true(m.box || m.keep == alone.keep);
    }
    near(boxes, 1000, 80);
}

typedef struct mixed {
    float x[30 * 64], shares[30 * 7], map[30 * 7 * 64], vector[30 * 3];
} mixed;

static void fill(fv_context *own, const fv_dataset *set, const fv_input *in,
                 const fv_augment *augment, mixed *m) {
    const fv_batch_target targets[] = {{.index = 0, .ignored = -1, .classes = 7, .data = m->shares},
                                       {.index = 1, .ignored = 255, .classes = 7, .data = m->map},
                                       {.index = 2, .data = m->vector}};
    memset(m, 0x55, sizeof *m);
    const fv_batch batch = {.n = 29, .augment = augment, .seed = 6};
    if (fv__batch_fill(own, set, in, &batch, m->x, targets, 3) != FV_OK)
        fail_msg("%s", own->message);
}

/* Images of one gray each: what an image keeps can be read off it, and its targets must say the
   same. The one in the middle of an odd batch stays alone. */
static void images_and_targets(void **state) {
    (void)state;
    program p = {.dtype = FV_U8, .channels = 1, .height = 8, .width = 8};
    fv_dataset set = open_set(&p);
    const fv_input in = input(1, 8, 8);
    static mixed plain, m, other;
    const fv_augment none = {0}, augment = {.mixup = 1, .cutmix = 1};
    fill(ctx, &set, &in, &none, &plain);
    fill(ctx, &set, &in, &augment, &m);
    int boxes = 0;
    for (int i = 0; i < 29; i++) {
        const int j = 28 - i;
        /* the vector's first number is the sample's */
        const double keep = i == j ? 1 : ((double)m.vector[i * 3] - j) / (i - j);
        assert_true(keep >= -1e-5 && keep <= 1 + 1e-5);
        for (int c = 0; c < 7; c++) {
            near((double)m.shares[i * 7 + c], keep * (i % 7 == c) + (1 - keep) * (j % 7 == c),
                 1e-5);
            assert_true(plain.shares[i * 7 + c] == (float)(i % 7 == c));
        }
        bool whole = true; /* each pixel is one of the two images' own */
        for (int k = 0; k < 64; k++) {
            const float a = plain.x[i * 64 + k], b = plain.x[j * 64 + k], x = m.x[i * 64 + k];
            whole = whole && (x == a || x == b);
        }
        boxes += whole && i != j;
        for (int k = 0; k < 64; k++) {
            const double a = (double)plain.x[i * 64 + k], b = (double)plain.x[j * 64 + k];
            const double x = (double)m.x[i * 64 + k];
            const double here = whole ? (x == a ? 1 : 0) : keep;
            if (!whole) near(x, keep * a + (1 - keep) * b, 1e-3);
            for (int c = 0; c < 7; c++)
                near((double)m.map[(i * 7 + c) * 64 + k],
                     here * (double)plain.map[(i * 7 + c) * 64 + k] +
                         (1 - here) * (double)plain.map[(j * 7 + c) * 64 + k],
                     1e-5);
        }
    }
    assert_true(boxes > 5 && boxes < 24);
    static const int threads[] = {2, 3, 8};
    for (int k = 0; k < 3; k++) {
        fv_context *own;
        assert_int_equal(fv_context_new(threads[k], &own), FV_OK);
        fill(own, &set, &in, &augment, &other);
        assert_memory_equal(&m, &other, sizeof m);
        fv_context_free(own);
    }
    int32_t labels[4];
    const fv_batch batch = {.n = 4, .augment = &augment};
    assert_int_equal(fv__batch_fill_classes(ctx, &set, &in, &batch, NULL, labels), FV_USAGE);
    assert_non_null(strstr(ctx->message, "as shares of them"));
    fv__dataset_close(&set);
}

static fv_model *model_of(const char *text) {
    fv_net net = {0};
    fv_model *model;
    if (fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net.graph, &net.recipe) != FV_OK ||
        fv__model_new(ctx, &net, 1, &model) != FV_OK)
        fail_msg("%s", ctx->message);
    return model;
}

#define NET "net a\ninput 1x4x4\n fc 3 - softmax\n"

/* Training by shares of one class each is training by the classes, up to rounding; the tally goes
   by the largest share; a recipe's smooth is crossentropy's own, and no test knows of either. */
static void losses(void **state) {
    (void)state;
    static const char *const texts[] = {NET "train batch 4", NET "train batch 4 mixup 0.2",
                                        NET "train batch 4 smooth 0.3",
                                        NET "loss crossentropy smooth 0.3\ntrain batch 4"};
    double loss[4];
    for (int round = 0; round < 4; round++) {
        fv_model *model = model_of(texts[round]);
        fv_learner *l;
        fv_learner_batch to;
        fv_step_result result;
        fv_graph *tested;
        assert_int_equal(fv__learner_new(ctx, model, &model->net.recipe, &l), FV_OK);
        assert_int_equal(fv__learner_batch(ctx, l, 4, &to), FV_OK);
        for (int i = 0; i < 64; i++)
            to.x[i] = (float)fv__random_normal(fv__key(1, 1, 1, 1), (uint64_t)i);
        for (int i = 0; i < 4; i++) {
            if (round == 1)
                for (int c = 0; c < 3; c++)
                    ((float *)to.target[FV_TARGET_SHARES])[i * 3 + c] = c == i % 3;
            else
                ((int32_t *)to.target[FV_TARGET_CLASS])[i] = i % 3;
        }
        assert_int_equal(fv__learner_step(ctx, l, 4, 0.1, &result), FV_OK);
        loss[round] = result.loss;
        assert_int_equal(result.tally.counted, 4);
        assert_int_equal(fv__net_with_loss(ctx, model->net.graph, &fv__op_crossentropy, &tested),
                         FV_OK);
        const fv_node *node = &tested->nodes[tested->values[tested->heads[0].value].node];
        const fv_crossentropy_options *o = node->options;
        assert_int_equal(o->target, FV_CROSSENTROPY_CLASS);
        assert_true(o->smooth == (round == 3 ? 0.3 : 0));
        fv__net_free(tested);
        fv__learner_free(l);
        fv__model_free(model);
    }
    near(loss[1], loss[0], 1e-6);
    near(loss[3], loss[2], 0);
    assert_true(fabs(loss[2] - loss[0]) > 1e-3);
    /* what cannot be mixed */
    fv_model *model = model_of(NET "train loss squarederror mixup 1");
    fv_learner *l;
    assert_int_equal(fv__learner_new(ctx, model, &model->net.recipe, &l), FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "squarederror, the loss of 'output', takes one class"));
    fv__model_free(model);
}

/* A network whose text wants shares gets them without mixing too: of the set's classes, or of its
   numbers where there are as many. */
static void shares_of_a_set(void **state) {
    (void)state;
    program p = {.dtype = FV_U8, .channels = 1, .height = 4, .width = 4};
    fv_dataset set = open_set(&p);
    for (int k = 3; k <= 7; k += 4) {
        char text[96];
        fv_learner *l;
        fv_learner_batch to;
        snprintf(text, sizeof text,
                 "input 1x4x4\n fc %d - softmax\nloss crossentropy target shares\ntrain batch 4",
                 k);
        fv_model *model = model_of(text);
        assert_int_equal(fv__learner_new(ctx, model, &model->net.recipe, &l), FV_OK);
        assert_int_equal(fv__targets_fit(ctx, &set, fv__learner_net(l)), FV_OK);
        assert_int_equal(fv__learner_batch(ctx, l, 4, &to), FV_OK);
        const fv_batch batch = {.start = 2, .n = 4};
        if (fv__targets_fill(ctx, &set, &model->net.graph->input, &batch, &to) != FV_OK)
            fail_msg("%s", ctx->message);
        const float *shares = to.target[FV_TARGET_SHARES];
        for (int i = 0; i < 4; i++)
            for (int c = 0; c < k; c++)
                near((double)shares[i * k + c], k == 3 ? i + 2 + c / 4.0 : c == (i + 2) % 7, 1e-6);
        fv__learner_free(l);
        fv__model_free(model);
    }
    fv__dataset_close(&set);
}

static void the_largest_share(void **state) {
    (void)state;
    const float scores[] = {1, 2, 0, 3, 1, 0, 0, 0, 1};
    const float shares[] = {.3f, .7f, 0, .4f, .6f, 0, 0, 0, 0};
    const fv_shape shape = fv__shape2(3, 3);
    fv_model *model = model_of(NET "train batch 4 cutmix 1");
    fv_graph *net;
    fv_tally tally = {0};
    assert_int_equal(fv__net_to_train(ctx, model->net.graph, &model->net.recipe, &net), FV_OK);
    fv__metric_count(scores, &shape, net, &net->heads[0], shares, &tally);
    assert_int_equal(tally.counted, 2); /* the third has none */
    assert_int_equal(tally.right, 1);
    fv__net_free(net);
    fv__model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beta),
        cmocka_unit_test(parts),
        cmocka_unit_test(both),
        cmocka_unit_test(images_and_targets),
        cmocka_unit_test(losses),
        cmocka_unit_test(shares_of_a_set),
        cmocka_unit_test(the_largest_share),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
