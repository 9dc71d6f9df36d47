/* SPDX-License-Identifier: MIT */
/*
 * test_detection.c - the end of a detector as one network: numbers and constant anchors become
 * boxes, the best of those that overlap are named, and their regions are read from the maps; as
 * planned, with numbers that are easily checked by hand, and trained.
 */
#include "carry.h"
#include <stdio.h>

#define N 2
#define A 3

static const float anchors[A * 4] = {0, 0, 4, 4, 1, 0, 5, 4, 4, 4, 8, 8};

typedef struct detector {
    fv_graph *net;
    int numbers, scores, boxes, rows, count, regions; /* values */
} detector;

static int add(fv_graph *net, const char *op, const char *options, const int *in, int inputs) {
    uint64_t bytes[64] = {0};
    char name[32];
    int value;
    (void)snprintf(name, sizeof name, "%s%zu", op, net->node_count);
    fv_node_spec spec = {
        .op = fv__op_find(op), .options = bytes, .name = name, .in = in, .inputs = inputs};
    must(fv__options_parse(ctx, spec.op, options, bytes));
    must(fv__net_add(ctx, net, &spec, &value));
    return value;
}

static detector make(void) {
    detector d;
    fv_input input = {0};
    const fv_shape numbers = {3, {1, A, 4}}, scores = {3, {1, 1, A}}, constant = fv__shape2(A, 4);
    const fv_type real = {FV_F32, true};
    int in[2] = {0};
    fv__field_defaults(fv__input_fields, &input);
    input.channels = 1, input.height = input.width = 8;
    must(fv__net_new(ctx, "detector", &input, &d.net));
    must(fv__net_add_input(ctx, d.net, "numbers", real, &numbers, &d.numbers));
    must(fv__net_add_input(ctx, d.net, "scores", real, &scores, &d.scores));
    in[0] = d.numbers;
    must(fv__net_add_constant(ctx, d.net, "anchors", FV_F32, &constant, anchors, &in[1]));
    d.boxes = in[0] = add(d.net, "boxdecode", "clip 8", in, 2);
    in[1] = d.scores;
    d.rows = add(d.net, "nonmaxsuppression", "3 overlap 0.4", in, 2);
    d.count = d.net->nodes[d.net->node_count - 1].out[1];
    in[0] = 0, in[1] = d.boxes;
    d.regions = in[0] = add(d.net, "roialign", "2 sampling 2", in, 2);
    in[0] = add(d.net, "fc", "3", in, 1);
    must(fv__net_add_head(ctx, d.net, &(fv_head){.name = "output", .value = in[0], .weight = 1}));
    must(fv__net_freeze(ctx, d.net));
    return d;
}

/* The map is its own column number, so that a region's means are those of its columns; boxes 1 and
   2 overlap by 12 of 20 pixels. */
static void test_by_hand(void **state) {
    static const float scores[N * A] = {0.5f, 0.9f, 0.2f, 0.7f, 0.6f, 0.8f};
    static const int32_t wanted[N * 9] = {0, 0, 1, 0, 0, 2, -1, -1, -1,
                                          1, 0, 2, 1, 0, 0, -1, -1, -1};
    detector d = make();
    const int keep[3] = {d.rows, d.count, d.regions};
    const fv_plan_options options = {.batch = N, .keep = keep, .keep_count = 3};
    float *weights = aligned_alloc(64, ((size_t)d.net->param_elements * 4 + 63) / 64 * 64);
    float image[N * 64], numbers[N * A * 4] = {0}, regions[N * A * 4];
    int32_t rows[N * 9], count[N];
    fv_plan *plan;
    fv_exec *exec;
    (void)state;
    fv__net_initialise(d.net, FV_HE, 3, weights);
    for (int i = 0; i < N * 64; i++) image[i] = (float)(i % 8);
    must(fv__plan_new(ctx, d.net, &options, &plan));
    must(fv__exec_new(ctx, plan, &(fv_exec_options){.weights = weights}, &exec));
    fv__exec_write(exec, 0, image);
    fv__exec_write(exec, d.numbers, numbers);
    fv__exec_write(exec, d.scores, scores);
    fv__exec_forward(exec, &(fv_exec_run){0}, NULL);
    fv__exec_read(exec, d.rows, rows);
    fv__exec_read(exec, d.count, count);
    fv__exec_read(exec, d.regions, regions);
    assert_memory_equal(rows, wanted, sizeof wanted);
    for (int n = 0; n < N; n++) {
        assert_int_equal(count[n], 2);
        for (int i = 0; i < A * 4; i++) { /* of two columns, half a pixel to the left */
            const float first = anchors[i / 4 * 4] + (float)(i % 2 * 2);
            assert_float_equal(regions[n * A * 4 + i], (first + fminf(first + 1, 7)) / 2, 1e-6);
        }
    }
    fv__exec_free(exec);
    fv__plan_free(plan);
    free(weights);
    fv__net_free(d.net);
}

/* Regions have gradients: those of what stands before them agree with differences. */
static void test_trains(void **state) {
    (void)state;
    fv_graph *net = parse("input 4x4x4\n conv 6 3x3 pad 1 as maps - rbf 8 - fc 5 - softmax\n");
    trains(net);
    fv__net_free(net);
    detector d = make();
    const fv_check_options options = {.batch = N, .points = 6, .tolerance = 1e-6, .seed = 3};
    fv_check_report report;
    must(fv__gradients_check(ctx, d.net, NULL, &options, NULL, NULL, &report));
    fv__gradients_free(&report);
    fv__net_free(d.net);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_by_hand),
                                       cmocka_unit_test(test_trains)};
    return cmocka_run_group_tests(tests, open_context, close_context);
}
