/* SPDX-License-Identifier: MIT */
/*
 * The rules that rewrite a plan, one by one: where each applies (as the trace has it), where it
 * does not, and that results stay what they were. A network is run twice: as planned, and so that
 * the rule cannot apply, because somebody outside reads the value in between.
 */
#include "lang/lang.h"
#include "plan/plan.h"
#include "kern/kern.h"
#include "fovea.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fv_context *new_context(int threads) {
    fv_context *ctx;
    assert_int_equal(fv_context_new(threads, &ctx), FV_OK);
    return ctx;
}

static void must(fv_context *ctx, fv_status status) {
    if (status != FV_OK) print_error("%s\n", ctx->message);
    assert_int_equal(status, FV_OK);
}

static fv_graph *parse(fv_context *ctx, const char *text) {
    fv_graph *net;
    must(ctx, fv__net_parse(ctx, "test", text, strlen(text), NULL, 0, &net, NULL));
    return net;
}

/* Weights about 1 in size; variances positive, means of both signs. Freed by the caller. */
static float *weights_of(const fv_graph *net) {
    const size_t n = (size_t)net->param_elements + 16;
    float *w = aligned_alloc(64, (n * sizeof *w + 63) / 64 * 64);
    fv__net_initialise(net, FV_HE, 7, w);
    for (int64_t i = 0; i < net->param_elements; i++) w[i] += 0.05f * (float)(i % 7 - 3);
    for (size_t p = 0; p < net->param_count; p++)
        for (int64_t i = 0; !net->params[p].spec.learned && i < net->params[p].count; i++) {
            const bool mean = strcmp(net->params[p].spec.name, "mean") == 0;
            w[net->params[p].offset + i] = mean && i % 3 ? -0.7f : 0.5f + 0.1f * (float)(i % 5);
        }
    return w;
}

typedef struct outcome {
    float *y; /* of the first head */
    int64_t count;
    fv_text trace;
} outcome;

static void fill(const fv_tensor *x) {
    const fv_key key = fv__key(3, FV_STREAM_CHECK, 0, 0);
    for (int64_t i = 0; i < fv__shape_count(&x->shape); i++)
        ((float *)x->data)[i] = (float)fv__random_normal(key, (uint64_t)i);
}

/* A plan as it is; where every value is asked for, or those of activations; of the operators' own
   loops. */
typedef enum how { AS_PLANNED, EVERY_VALUE, CLIPS, REFERENCE } how;

/* `near`: see plan.h; 0: as usual. */
static outcome run(fv_context *ctx, const char *text, int64_t batch, how how, size_t near) {
    outcome r = {.trace = {.ctx = ctx}};
    fv_plan *plan;
    fv_exec *exec;
    fv_graph *net = parse(ctx, text);
    float *w = weights_of(net);
    int *all = calloc(net->value_count, sizeof *all);
    fv_plan_options options = {.batch = batch, .keep = all, .near = near};
    options.reference = how == REFERENCE;
    for (size_t v = 1; v < net->value_count; v++)
        if (how == EVERY_VALUE || (how == CLIPS && strstr(net->values[v].name, "clip")))
            all[options.keep_count++] = (int)v;
    must(ctx, fv__plan_new(ctx, net, &options, &plan));
    must(ctx, fv__plan_trace(ctx, plan, false, &r.trace));
    const fv_exec_options memory = {.weights = w};
    must(ctx, fv__exec_new(ctx, plan, &memory, &exec));
    const fv_tensor x = fv__exec_value(exec, 0), y = fv__exec_value(exec, net->heads[0].value);
    fill(&x);
    fv__exec_forward(exec, &(fv_exec_run){.seed = 1}, NULL);
    r.count = fv__shape_count(&y.shape);
    r.y = malloc((size_t)r.count * sizeof *r.y);
    fv__exec_read(exec, net->heads[0].value, r.y);
    fv__exec_free(exec);
    fv__plan_free(plan);
    fv__net_free(net);
    free(all);
    free(w);
    return r;
}

static void release(outcome *r) {
    free(r->y);
    fv__text_free(&r->trace);
}

/* The largest difference, relative to the largest number. */
static double gap(const outcome *a, const outcome *b) {
    double most = 0, off = 0;
    assert_int_equal(a->count, b->count);
    for (int64_t i = 0; i < a->count; i++) {
        most = fmax(most, fabs((double)b->y[i]));
        off = fmax(off, fabs((double)a->y[i] - (double)b->y[i]));
    }
    assert_true(most > 0);
    return off / most;
}

static bool says(const outcome *r, const char *line) {
    return r->trace.data && strstr(r->trace.data, line) != NULL;
}

typedef struct rule_case {
    const char *text;
    bool applies;
} rule_case;

/* Every case on every instruction set, alone and in a batch, with one thread and three. */
static void check(const rule_case *cases, size_t count, const char *line, double tolerance) {
    for (size_t c = 0; c < count; c++)
        for (int isa = 0; isa < FV_ISAS && fv__isa_supported(isa); isa++)
            for (int64_t batch = 1; batch <= 3; batch += 2) {
                fv_context *one = new_context(1), *three = new_context(3);
                one->isa = three->isa = isa;
                outcome as_planned = run(one, cases[c].text, batch, AS_PLANNED, 0);
                outcome threads = run(three, cases[c].text, batch, AS_PLANNED, 0);
                outcome apart = run(one, cases[c].text, batch, EVERY_VALUE, 0);
                if (says(&as_planned, line) != cases[c].applies || says(&apart, line))
                    fail_msg("%s: %s, batch %d:\n%s", cases[c].text, fv__isa_name(isa), (int)batch,
                             as_planned.trace.data);
                const double off = gap(&as_planned, &apart);
                if (!(off <= tolerance))
                    fail_msg("%s: %s, batch %d: %.1e off", cases[c].text, fv__isa_name(isa),
                             (int)batch, off);
                assert_memory_equal(as_planned.y, threads.y,
                                    (size_t)threads.count * sizeof *threads.y);
                release(&as_planned);
                release(&threads);
                release(&apart);
                fv_context_free(one);
                fv_context_free(three);
            }
}
#define CHECK(cases, line, tolerance) check(cases, sizeof(cases) / sizeof *(cases), line, tolerance)

/* Bits stay. */
static void test_prologue(void **unused) {
    static const rule_case cases[] = {
        /* 1x1: large, small, with steps, with groups, over a sequence, of few and many channels */
        {"net a\ninput 5x16x16\n bn - relu - conv 9 1x1", true},
        {"net a\ninput 130x7x7\n bn - relu - conv 20 1x1", true},
        {"net a\ninput 12x3x3\n bn - relu - conv 40 1x1", true},
        {"net a\ninput 6x9x11\n bn - relu - conv 5 1x1 stride 2x3", true},
        {"net a\ninput 8x9x11\n bn - relu - conv 6 1x1 groups 2", true},
        {"net a\ninput 20x33x33\n bn - conv 3 1x1", true},
        {"net a\ninput 6x1x40\n squeeze 2 - bn - relu - conv 5 1", true},
        /* frames: padded, with steps, with holes, with groups, exactly as wide as the plane */
        {"net a\ninput 4x16x16\n bn - relu - conv 5 3x3 pad 1", true},
        {"net a\ninput 3x17x19\n bn - relu - conv 7 5x5 pad 2", true},
        {"net a\ninput 3x33x31\n bn - relu - conv 6 7x7 stride 2 pad 3", true},
        {"net a\ninput 3x30x33\n bn - relu - conv 6 3x3 stride 3x2 pad 1", true},
        {"net a\ninput 4x20x20\n bn - relu - conv 6 3x3 pad 2 dilation 2 groups 2", true},
        {"net a\ninput 3x20x20\n bn - relu - conv 5 3x3", true},
        /* a copy: maps too small for frames, with and without several samples at a time */
        {"net a\ninput 4x3x3\n bn - relu - conv 9 3x3 pad 1", true},
        {"net a\ninput 6x9x5\n bn - relu - conv 8 3x3 stride 2x3 pad 1 groups 2", true},
        /* transformed tiles: whole samples, bands of rows */
        {"net a\ninput 16x16x18\n bn - relu - conv 16 3x3 pad 1", true},
        {"net a\ninput 24x50x61\n bn - relu - conv 9 3x3 pad 1", true},
        /* behind another layer, in a slice of a join, with a sum and an activation behind */
        {"net a\ninput 3x12x12\n conv 4 3x3 pad 1 - concat { identity | bn - relu - conv 4 1x1 }\n"
         " - add { bn - relu - conv 8 3x3 pad 1 | avgpool 3x3 stride 1 pad 1 } - leakyrelu 0.1",
         true},
        /* what another one reads too, other activations, ways that make no frames */
        {"net a\ninput 4x16x16\n bn - add { relu - conv 4 3x3 pad 1 | identity }", false},
        {"net a\ninput 4x16x16\n bn - relu as r - add { conv 4 3x3 pad 1 | from r }", false},
        {"net a\ninput 4x16x16\n bn - leakyrelu 0.1 - conv 9 1x1", false},
        {"net a\ninput 4x3x3\n bn - relu - fc 9", false},
    };
    (void)unused;
    CHECK(cases, "rewrite  prologue: ", 0);
}

/* Taken a sample at a time, maps may be too small for the way that takes a whole batch. */
static void test_prologue_in_groups(void **unused) {
    static const char *const texts[] = {"net a\ninput 16x5x5\n bn - relu - conv 16 3x3 pad 1",
                                        "net a\ninput 16x7x7\n bn - relu - conv 16 3x3 pad 1",
                                        "net a\ninput 16x5x5\n bn - relu - conv 16 1x1"};
    (void)unused;
    fv_context *ctx = new_context(2);
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
        outcome whole = run(ctx, texts[t], 32, EVERY_VALUE, 0),
                groups = run(ctx, texts[t], 32, AS_PLANNED, 1);
        assert_true(says(&groups, "rewrite  prologue: "));
        assert_true(gap(&groups, &whole) <= 2e-6);
        release(&whole);
        release(&groups);
    }
    fv_context_free(ctx);
}

/* Up to rounding. */
static void test_fold(void **unused) {
    static const rule_case cases[] = {
        {"net a\ninput 3x9x9\n conv 5 3x3 pad 1 - bn - relu", true},
        {"net a\ninput 3x9x9\n conv 5 3x3 bias no - mul { identity |\n"
         " constant 5x1x1 values 2,-3,0.5,0,7 }",
         true},
        {"net a\ninput 3x9x9\n conv 5 3x3 bias no - sum { constant 1x5x1x1 values 2,-3,0.5,0,7 |\n"
         " identity } - relu",
         true},
        {"net a\ninput 3x9x9\n conv 4 1x1 - sub { identity | constant 4x1x1 values 2,-3,5,0 }\n"
         " - div { identity | constant values 0.3 } - sub { constant values 1.5 | identity } - bn\n"
         " - mul { identity | constant 1 values -2 } - relu",
         true},
        {"net a\ninput 3x9x9\n fc 4 bias no - bn - sum { identity | constant 1x4 values 2,-3,5,0 }",
         true},
        {"net a\ninput 3x19x19\n conv 4 3x3 pad 1 - sum { identity | constant 4x1x1 values\n"
         " 2,-3,5,0 } - add { identity | conv 4 1x1 - bn } - relu",
         true},
        /* along rows and columns; of another rank or size; a division by zero, or by x; and what
           others read */
        {"net a\ninput 3x9x9\n conv 4 3x3 - mul { identity | constant 1x7 values\n"
         " 1,2,3,4,5,6,7 }",
         false},
        {"net a\ninput 3x6x6\n conv 4 3x3 - mul { identity | constant 4 values 1,2,3,4 }", false},
        {"net a\ninput 3x4x4\n conv 1 4x4 - mul { identity | constant 4x1x1 values 1,2,3,4 }",
         false},
        {"net a\ninput 3x6x6\n conv 2 3x3 - relu - div { constant values 3 | sum { identity |\n"
         " constant values 2 } }",
         false},
        {"net a\ninput 3x6x6\n conv 2 3x3 as c - mul { sum { identity | constant values 2 } |\n"
         " from c }",
         false},
    };
    (void)unused;
    CHECK(cases, "rewrite  fold: ", 2e-6);
}

static void test_constants(void **unused) {
    static const rule_case cases[] = {
        {"net a\ninput 3x9x9\n mul { identity | constant 3x1x1 values 2,-3,0.5 - exp - sum {\n"
         " identity | constant values 1 } } - conv 4 3x3 pad 1",
         true},
        {"net a\ninput 3x9x9\n conv 3 1x1 - mul { identity | constant 1x3 values 2,-3,0.5\n"
         " - reshape 3,1,1 } - relu",
         true},
        {"net a\ninput 3x9x9\n mul { identity | constant 3x1x1 values 2,-3,0.5 }", false},
        {"net a\ninput 3x9x9\n sum { identity | constant 3x1x1 values 2,-3,0.5 | exp }", false},
    };
    (void)unused;
    CHECK(cases, "rewrite  constants: ", 2e-6);
}

/* Up to rounding: another way may take what was too small before. */
static void test_pad(void **unused) {
    static const rule_case cases[] = {
        {"net a\ninput 3x9x9\n pad 0,0,1,1,0,0,1,1 - conv 5 3x3", true},
        {"net a\ninput 3x9x8\n pad 0,1,0,1 axes 2,3 - conv 5 3x3 stride 2", true},
        {"net a\ninput 3x9x8\n pad 1,0,3,0 axes 2,3 - conv 5 5x5 stride 2 pad same - relu", true},
        {"net a\ninput 4x9x8\n pad 4,3,2,1 axes -2,-1 - conv 6 3x3 pad 1,2,1,0 groups 2 - bn",
         true},
        {"net a\ninput 16x9x8\n bn - relu - pad 1,1,1,1 axes 2,3 - conv 16 3x3", true},
        {"net a\ninput 3x1x9\n squeeze 2 - pad 2,1 axes 2 - conv 6 3", true},
        {"net a\ninput 3x9x8\n pad 1,1,1,1 axes 2,3 mode edge - conv 5 3x3", false},
        {"net a\ninput 3x9x8\n pad 1,1,1,1 axes 2,3 value 0.5 - conv 5 3x3", false},
        {"net a\ninput 3x9x8\n pad -1,1,1,1 axes 2,3 - conv 5 3x3", false},
        {"net a\ninput 3x9x8\n pad 0,1 axes 1 - conv 5 3x3", false},
        {"net a\ninput 3x9x8\n pad 1,1,1,1 axes 2,3 - maxpool 3x3", false},
        {"net a\ninput 3x9x8\n pad 1,1,1,1 axes 2,3 as p - add { conv 3 3x3 pad 1 | from p }",
         false},
    };
    (void)unused;
    CHECK(cases, "rewrite  pad: ", 2e-6);
}

static void test_inner(void **unused) {
    static const rule_case cases[] = {
        /* with and without what is folded, bounded and other activations, a sum behind, a padding
           that another layer does, several filters for each channel */
        {"net a\ninput 5x60x60\n conv 30 1x1 - bn - clip 0 6 - conv 30 3x3 pad 1 groups 30 - bn",
         true},
        {"net a\ninput 3x56x56\n conv 24 1x1 bias no - hardswish - conv 24 5x5 stride 2 pad 2 "
         "groups 24"
         " bias no - relu",
         true},
        {"net a\ninput 6x57x53\n add { conv 48 1x1 | conv 48 1x1 - conv 48 3x3 pad 1 groups 48 - "
         "bn }\n"
         " - relu",
         true},
        {"net a\ninput 4x61x59\n conv 20 1x1 - silu - pad 0,0,1,1 axes 2,3 - conv 40 3x3 stride 2"
         " groups 20",
         true},
        /* behind and before another pair of the kind */
        {"net a\ninput 3x40x90\n conv 19 1x1 - relu - conv 19 3x3 pad 1 groups 19 - relu - conv 21 "
         "1x1"
         " - conv 21 3x3 pad 1 groups 21",
         true},
        /* what somebody else reads, other convolutions, a small map, what has something of its own
           to do before or behind */
        {"net a\ninput 5x60x60\n conv 30 1x1 as e - conv 30 3x3 pad 1 groups 30 - add { identity | "
         "from"
         " e }",
         false},
        {"net a\ninput 5x60x60\n conv 30 1x1 - relu as e - conv 30 3x3 pad 1 groups 30\nhead e "
         "from e",
         false},
        {"net a\ninput 5x60x60\n conv 30 3x3 pad 1 - conv 30 3x3 pad 1 groups 30", false},
        {"net a\ninput 6x60x60\n conv 30 1x1 groups 2 - conv 30 3x3 pad 1 groups 30", false},
        {"net a\ninput 5x120x120\n conv 30 1x1 stride 2 - conv 30 3x3 pad 1 groups 30", false},
        {"net a\ninput 5x60x60\n conv 30 1x1 - conv 30 3x3 pad 1 groups 10", false},
        {"net a\ninput 5x20x20\n conv 30 1x1 - conv 30 3x3 pad 1 groups 30", false},
        {"net a\ninput 300x60x60\n conv 30 1x1 - conv 30 3x3 pad 1 groups 30", false},
        {"net a\ninput 5x60x60\n bn - conv 30 1x1 - conv 30 3x3 pad 1 groups 30", false},
        {"net a\ninput 5x60x60\n conv 30 1x1 - globalavgpool - fc 3", false},
    };
    (void)unused;
    CHECK(cases, "rewrite  inner: ", 2e-6);
}

/* Drawn: sizes, strides, kernels, paddings on each side, activations. */
static void draw_pair(int i, char *text, size_t size) {
    static const char *const acts[] = {"", " - clip 0 6", " - relu", " - hardswish", " - tanh"};
    int r[16];
    for (int j = 0; j < 16; j++)
        r[j] =
            (int)fv__random_below(fv__key(11, FV_STREAM_CHECK, (uint64_t)i, 0), (uint64_t)j, 420);
    const int k = 7 + r[0] % 34, kh = i % 3 ? 3 : 1 + r[1] % 6, kw = i % 7 ? kh : 1 + r[2] % 4;
    const int w = 30 + r[3] % 120, h = 70000 / (k * w) + 1 + r[4] % 9;
    (void)snprintf(
        text, size,
        "net a\ninput %dx%dx%d\n conv %d 1x1 bias %s%s%s - conv %d %dx%d stride %dx%d pad "
        "%d,%d,%d,%d groups %d bias %s%s%s",
        1 + r[5] % 40, h, w, k, i % 2 ? "yes" : "no", i % 5 ? " - bn" : "", acts[r[6] % 5],
        i % 8 ? k : 2 * k, kh, kw, 1 + r[7] % 2, 1 + r[8] % 2, r[9] % 4, r[10] % 4, r[11] % 4,
        r[12] % 4, k, i % 4 ? "yes" : "no", i % 3 ? " - bn" : "", acts[r[13] % 5]);
}

/* Against the operators' own loops; with two threads, in groups of samples, the same bits. */
static void test_inner_drawn(void **unused) {
    int ran = 0;
    (void)unused;
    for (int i = 0; i < 60; i++) {
        char text[400];
        draw_pair(i, text, sizeof text);
        fv_context *one = new_context(1), *two = new_context(2);
        one->isa = two->isa = i % (fv__isa_best() + 1);
        const int64_t batch = 1 + i % 5;
        outcome a = run(one, text, batch, AS_PLANNED, 0), b = run(two, text, batch, AS_PLANNED, 1);
        outcome loops = run(one, text, batch, REFERENCE, 0);
        ran += says(&a, "rewrite  inner: ");
        if (!(gap(&a, &loops) <= 5e-6))
            fail_msg("%s: %s, batch %d: %.1e off", text, fv__isa_name(one->isa), (int)batch,
                     gap(&a, &loops));
        if (memcmp(a.y, b.y, (size_t)a.count * sizeof *a.y) != 0)
            fail_msg("%s: %s, batch %d: other bits", text, fv__isa_name(one->isa), (int)batch);
        release(&a);
        release(&b);
        release(&loops);
        fv_context_free(one);
        fv_context_free(two);
    }
    assert_true(ran > 40);
}

/* A whole network, up to what softmax would hide. */
static void test_inner_network(void **unused) {
    const char *const end = " - softmax";
    char *text = strdup(fv__zoo_find("mobilenet-v2")->text), *softmax = strstr(text, end);
    (void)unused;
    assert_non_null(softmax);
    memset(softmax, ' ', strlen(end));
    fv_context *ctx = new_context(2);
    outcome a = run(ctx, text, 2, AS_PLANNED, 0), b = run(ctx, text, 2, CLIPS, 0);
    assert_true(says(&a, "rewrite  inner: inverted2.narrow1.conv1 into inverted2.narrow1.conv2"));
    assert_true(says(&a, "inverted2.narrow1.conv2  depthwise + inverted2.narrow1.conv1, "));
    assert_false(says(&b, "rewrite  inner: "));
    if (!(gap(&a, &b) <= 1e-5)) fail_msg("%.1e off", gap(&a, &b));
    release(&a);
    release(&b);
    free(text);
    fv_context_free(ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prologue),    cmocka_unit_test(test_prologue_in_groups),
        cmocka_unit_test(test_fold),        cmocka_unit_test(test_pad),
        cmocka_unit_test(test_constants),   cmocka_unit_test(test_inner),
        cmocka_unit_test(test_inner_drawn), cmocka_unit_test(test_inner_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
