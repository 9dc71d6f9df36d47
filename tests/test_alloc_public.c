/* SPDX-License-Identifier: MIT */
/*
 * test_alloc_public.c - memory refused at every place of the public functions beside loading,
 * running and stepping (test_alloc_api.c): describing, small sums, building, sets of one's own,
 * drawing, checking, timing, runs in a folder.
 *
 * Each use is repeated with the first, second, third … request refused, once that one alone and
 * once all from there on. Each time it must end in FV_EXHAUSTED and a sentence, never in a crash;
 * the sanitizer's leak check at the end of the program sees what was not freed.
 *
 *   test_alloc_public      every request
 *   test_alloc_public N    one in N, alone, and with all after it others
 */
#include "public.h"
#include "refuse.h"

static const char text[] = "net small(classes = 3)\n"
                           "input 1x8x8 scale 1/255\n"
                           "    conv 4 3x3 pad 1 - bn - relu - maxpool 3 stride 3 as here\n"
                           "  - concat { conv 2 1x1 - relu | identity } - fc classes - softmax\n"
                           "head aux weight 0.3 training from here - fc classes\n"
                           "train batch 4 epochs 1\n";

/* ------------------------------------------------------------------------------------ uses --- */

/* An architecture of Keras, and weights that lie alike there and here. */
static void write_keras(void) {
    static const char json[] =
        "{\"class_name\": \"Functional\", \"config\": {\"name\": \"k\", \"layers\": "
        "[{\"class_name\": "
        "\"InputLayer\", \"config\": {\"name\": \"i\", \"batch_shape\": [null, 2, 2, 2]}}, "
        "{\"class_name\": \"Conv2D\", \"config\": {\"name\": \"c\", \"filters\": 2, "
        "\"kernel_size\": 1, "
        "\"padding\": \"same\", \"activation\": \"relu\"}, \"inbound_nodes\": [[[\"i\", 0, 0, "
        "{}]]]}, "
        "{\"class_name\": \"Flatten\", \"config\": {\"name\": \"f\"}, \"inbound_nodes\": [[[\"c\", "
        "0, 0, "
        "{}]]]}, {\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 8}, "
        "\"inbound_nodes\": [[[\"f\", 0, 0, {}]]]}], \"output_layers\": [[\"d\", 0, 0]]}}";
    fv_context *ctx;
    fv_model *model;
    FILE *file = fopen("alloc.json", "w");
    assert_non_null(file);
    assert_true(fputs(json, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    OK(ctx, fv_model_parse(ctx, "net k\ninput 2x2x2\nconv 2 1x1 - relu - fc 8\n", NULL, 1, &model));
    OK(ctx, fv_model_save(ctx, model, "alloc_keras.safetensors"));
    fv_model_free(model);
    fv_context_free(ctx);
}

static fv_status describe(fv_context *ctx) {
    fv_net *net = NULL, *again = NULL;
    fv_blob *print = NULL;
    fv_explanation *e = NULL;
    fv_explain_options options = FV_INIT(fv_explain_options);
    options.training = 1;
    fv_blob *programs[2] = {NULL, NULL};
    fv_model *theirs = NULL;
    fv_model_options keras = FV_INIT(fv_model_options);
    keras.weights = "alloc_keras.safetensors";
    keras.match = FV_MATCH_KERAS;
    fv_status s = fv_net_parse(ctx, text, "classes=4", &net);
    if (!s) s = fv_explain(ctx, net, &options, &e);
    if (!s) s = fv_net_print(ctx, net, &print);
    if (!s) s = fv_net_save(ctx, net, "alloc.net");
    if (!s) s = fv_net_open(ctx, "alloc.net", NULL, &again);
    if (!s) s = fv_net_program(ctx, net, "pytorch", &programs[0]);
    if (!s) s = fv_net_program(ctx, net, "keras", &programs[1]);
    if (!s) s = fv_model_open(ctx, "alloc.json", &keras, &theirs);
    fv_blob_free(programs[0]);
    fv_blob_free(programs[1]);
    fv_model_free(theirs);
    fv_blob_free(print);
    fv_explanation_free(e);
    fv_net_free(again);
    fv_net_free(net);
    return s;
}

static fv_status compare(fv_context *ctx) {
    fv_model *a = NULL, *b = NULL;
    fv_comparison *c = NULL;
    fv_status s = fv_model_parse(ctx, text, NULL, 1, &a);
    if (!s) s = fv_model_parse(ctx, text, NULL, 1, &b);
    if (!s) s = fv_compare(ctx, a, b, NULL, &c);
    fv_comparison_free(c);
    fv_model_free(b);
    fv_model_free(a);
    return s;
}

/* Numbers, kernels, walks, and what a text leaves open. */
static fv_status small_sums(fv_context *ctx) {
    static uint8_t pixels[3 * 5 * 4];
    const fv_image image = {5, 4, 3, pixels};
    fv_matrix *x = NULL, *w = NULL, *y = NULL, *k = NULL;
    fv_image *filtered = NULL;
    fv_steps *steps = NULL;
    fv_blob *png = NULL;
    fv_net *net = NULL;
    fv_explanation *e = NULL;
    fv_as_fc f = FV_INIT(fv_as_fc);
    fv_step_options o = FV_INIT(fv_step_options);
    fv_status s = fv_matrix_parse(ctx, "1,2,3; 4,5,6; 7,8,9", &x);
    if (!s) s = fv_kernel_make(ctx, "gaussian", 2, 0.7, &k);
    if (!s) s = fv_filter(ctx, x, k, NULL, &y);
    if (!s) s = fv_filter_image(ctx, &image, k, NULL, &filtered);
    if (!s) s = fv_image_png(ctx, filtered, &png);
    if (!s) s = fv_matrix_parse(ctx, "1,0; 0,1", &w);
    o.op = "conv";
    o.x = x;
    o.w = w;
    o.settings = "stride=2 pad=1";
    o.matrix = 1;
    if (!s) s = fv_step_through(ctx, &o, &steps);
    if (!s) s = fv_net_parse(ctx, "input 1x8x8\n conv 2 3x3 stride 2 pad ? - fc 2\n", NULL, &net);
    if (!s) s = fv_explain(ctx, net, NULL, &e);
    if (!s) s = fv_explain_as_fc(ctx, net, "conv1", &f);
    fv_explanation_free(e);
    fv_net_free(net);
    fv_steps_free(steps);
    fv_blob_free(png);
    fv_image_free(filtered);
    fv_matrix_free(y);
    fv_matrix_free(k);
    fv_matrix_free(w);
    fv_matrix_free(x);
    return s;
}

static void twice(const fv_operator_pass *p) {
    for (int64_t i = 0; i < p->y->step * p->y->dims.dim[0]; i++)
        ((float *)p->y->data)[i] = 2 * ((float *)p->x->data)[i];
}

static fv_status build(fv_context *ctx) {
    fv_operator op = FV_INIT(fv_operator);
    fv_builder *b = NULL;
    fv_net *net = NULL;
    const float numbers[8] = {0};
    op.name = "twice";
    op.forward = twice;
    fv_status s = fv_context_add_operator(ctx, &op);
    op.name = "again";
    if (!s) s = fv_context_add_operator(ctx, &op);
    if (!s) s = fv_builder_new(ctx, "built", "1x8x8 mean 0.5", &b);
    if (s) return s;
    const int x = fv_builder_then(b, fv_builder_then(b, 0, "twice", NULL), "conv", "2 3x3 pad 1");
    const int y = fv_builder_then(b, x, "conv", "2 3x3 pad 1");
    const int z = fv_builder_add_sharing(b, "shared", y, 1, &y);
    (void)fv_builder_constant(b, "numbers", FV_F32, 1, (int64_t[]){8}, numbers);
    const int sum = fv_builder_add(b, NULL, "add", NULL, 3, (int[]){x, y, z});
    fv_builder_head(b, NULL, fv_builder_then(b, sum, "fc", "3"), NULL, 1, 0);
    fv_builder_head(b, "map", sum, "crossentropy ignore 9", 0.5, 1);
    fv_builder_train(b, "lr=0.2 batch=4");
    s = fv_builder_finish(b, &net);
    fv_net_free(net);
    return s;
}

static fv_status sample(void *user, fv_context *ctx, int64_t i, fv_sample_view *out) {
    static _Thread_local uint8_t pixels[64];
    (void)user;
    (void)ctx;
    for (int k = 0; k < 64; k++) pixels[k] = (uint8_t)(30 * (i % 3 == 0 ? k / 8 : k % 8) + i % 3);
    out->channels = 1;
    out->height = out->width = 8;
    out->pixels = pixels;
    out->label = (int32_t)(i % 3);
    return FV_OK;
}

static fv_status make_set(fv_context *ctx, fv_dataset **out) {
    static const char *const names[] = {"ant", "bee", "cat"};
    fv_dataset_source source = FV_INIT(fv_dataset_source);
    source.name = "bars";
    source.count = 10;
    source.channels = 1;
    source.height = source.width = 8;
    source.classes = 3;
    source.class_names = names;
    source.sample = sample;
    return fv_dataset_new(ctx, &source, out);
}

static fv_status look_at_data(fv_context *ctx) {
    static const char pgm[] = "P5 2 2 255\nabcd";
    fv_dataset *set = NULL, *known = NULL;
    fv_sample_view *view = NULL;
    fv_image *image = NULL;
    fv_blob *png = NULL, *letters = NULL;
    fv_model *model = NULL;
    fv_trainer *trainer = NULL;
    float x[3 * 64];
    int32_t labels[3];
    fv_status s = make_set(ctx, &set);
    if (!s) s = fv_dataset_open(ctx, "digits:10", 1, NULL, &known);
    if (!s) s = fv_dataset_sample(ctx, set, 3, &view);
    if (!s) s = fv_model_parse(ctx, text, NULL, 1, &model);
    if (!s)
        s = fv_dataset_batch(ctx, set, fv_model_net(model), (int64_t[]){1, 5, 2}, 0, 3, x, labels);
    if (!s) s = fv_trainer_new(ctx, model, NULL, &trainer);
    if (!s) s = fv_trainer_step_from(trainer, set, (int64_t[]){1, 5, 2}, 0, 3, NULL);
    if (!s) s = fv_image_decode(ctx, NULL, pgm, sizeof pgm - 1, &image);
    if (!s) s = fv_draw_samples(ctx, set, 1, &png);
    if (!s) s = fv_draw_text(ctx, image->pixels, 2, 2, 20, FV_TERMINAL_SHADES, &letters);
    fv_trainer_free(trainer);
    fv_model_free(model);
    fv_blob_free(letters);
    fv_blob_free(png);
    fv_image_free(image);
    fv_sample_free(view);
    fv_dataset_free(known);
    fv_dataset_free(set);
    return s;
}

/* A drawing that is not wanted any further. */
static fv_status drop(fv_status s, fv_blob **png) {
    fv_blob_free(*png);
    *png = NULL;
    return s;
}

static fv_status look_inside(fv_context *ctx) {
    fv_dataset *set = NULL;
    fv_model *model = NULL;
    fv_run *run = NULL;
    fv_evaluation *e = NULL;
    fv_blob *png = NULL;
    fv_tensor_view view = FV_INIT(fv_tensor_view);
    fv_evaluation_options each = FV_INIT(fv_evaluation_options);
    each.each = 1;
    fv_status s = make_set(ctx, &set);
    if (!s) s = fv_model_parse(ctx, text, NULL, 1, &model);
    if (!s) s = fv_evaluate(ctx, model, set, &each, &e);
    if (!s) s = drop(fv_draw_confusion(ctx, model, e, &png), &png);
    if (!s) s = drop(fv_draw_mistakes(ctx, model, set, e, 2, &png), &png);
    if (!s) s = fv_run_new_keeping(ctx, model, 1, &run);
    if (!s) memset(fv_run_input(run), 0, 64 * sizeof(float));
    if (!s) s = fv_run_forward(run, 1);
    if (!s) s = fv_run_value(run, "here", &view);
    if (!s) s = drop(fv_draw_maps(ctx, run, "conv1", 4, &png), &png);
    if (!s) s = drop(fv_draw_input(ctx, run, &png), &png);
    if (!s) s = drop(fv_draw_filters(ctx, model, "conv1.weight", &png), &png);
    fv_run_free(run);
    fv_evaluation_free(e);
    fv_model_free(model);
    fv_dataset_free(set);
    return s;
}

/* A long constant, an image that comes out; a model told what its file leaves out. */
static fv_status say_more(fv_context *ctx) {
    fv_builder *b = NULL;
    fv_net *net = NULL;
    fv_model *model = NULL;
    fv_run *run = NULL;
    fv_blob *png = NULL;
    float numbers[100];
    for (int i = 0; i < 100; i++) numbers[i] = (float)i;
    fv_model_options more = FV_INIT(fv_model_options);
    more.input = "1x10x10 scale 1/255 mean 0.5";
    more.classes = "alloc.txt";
    fv_status s = fv_builder_new(ctx, "built", "1x10x10", &b);
    if (s) return s;
    const int table = fv_builder_constant(b, "table", FV_F32, 2, (int64_t[]){10, 10}, numbers);
    const int sum = fv_builder_add(b, NULL, "sum", NULL, 2, (int[]){0, table});
    fv_builder_head(b, NULL, sum, NULL, 1, 0);
    fv_builder_head(b, "classes", fv_builder_then(b, sum, "fc", "3"), NULL, 1, 0);
    s = fv_builder_finish(b, &net);
    if (!s) s = fv_model_new(ctx, net, 1, &model);
    if (!s) s = fv_model_save(ctx, model, "alloc.safetensors");
    fv_model_free(model);
    model = NULL;
    if (!s) s = fv_model_open(ctx, "alloc.safetensors", &more, &model);
    if (!s) s = fv_model_save(ctx, model, "alloc.net");
    if (!s) s = fv_run_new(ctx, model, 1, &run);
    if (!s) memset(fv_run_input(run), 0, 100 * sizeof(float));
    if (!s) s = fv_run_forward(run, 1);
    if (!s) s = drop(fv_draw_output(ctx, run, 0, &png), &png);
    fv_run_free(run);
    fv_model_free(model);
    return s;
}

static fv_status check_and_time(fv_context *ctx) {
    fv_net *net = NULL;
    fv_check *check = NULL;
    fv_bench *bench = NULL;
    fv_check_settings few = FV_INIT(fv_check_settings);
    fv_bench_options none = FV_INIT(fv_bench_options);
    few.points = 1;
    none.runs = -1;
    none.trace = none.training = none.steps = 1;
    fv_status s = fv_net_parse(ctx, text, NULL, &net);
    if (!s) s = fv_check_gradients(ctx, net, &few, &check);
    if (!s) s = fv_bench_run(ctx, net, &none, &bench);
    fv_bench_free(bench);
    fv_check_free(check);
    fv_net_free(net);
    return s;
}

/* The report makes thousands of requests; test_alloc_train refuses them. */
static bool with_report;

static fv_status train(fv_context *ctx) {
    fv_training_options o = FV_INIT(fv_training_options), more = FV_INIT(fv_training_options);
    fv_dataset *set = NULL;
    fv_model *model = NULL;
    fv_training *t = NULL;
    fv_blob *png = NULL;
    if (system("rm -rf alloc-run") != 0) return FV_FAILED;
    fv_status s = make_set(ctx, &set);
    if (!s) s = fv_model_parse(ctx, text, NULL, 1, &model);
    o.model = model;
    o.train = o.test = more.train = more.test = set;
    o.folder = "alloc-run";
    o.settings = "lr=0.01";
    o.command = "as typed";
    if (!s) s = fv_training_start(ctx, &o, &t);
    if (!s) s = fv_training_run(t, NULL);
    if (!s && !fv_training_describe(t)) s = FV_EXHAUSTED;
    if (!s) s = drop(fv_draw_curves(ctx, t, &png), &png);
    if (!s && with_report) s = fv_training_report(t);
    fv_training_free(t);
    t = NULL;
    more.settings = "epochs=2";
    if (!s) s = fv_training_resume(ctx, "alloc-run", &more, &t);
    fv_training_free(t);
    fv_model_free(model);
    fv_dataset_free(set);
    return s;
}

/* Two runs in their folders, made once with all memory. */
static void make_runs(void) {
    fv_context *ctx;
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    for (int i = 0; i < 2; i++) {
        fv_training_options o = FV_INIT(fv_training_options);
        fv_training *t;
        char folder[32], settings[64];
        snprintf(folder, sizeof folder, "alloc-runs/%d", i);
        snprintf(settings, sizeof settings, "epochs=1 batch=20 lr=0.0%d", i + 1);
        o.net = "perceptron";
        o.data = "digits:60";
        o.settings = settings;
        o.folder = folder;
        if (fv_training_start(ctx, &o, &t) != FV_OK) continue; /* it is there already */
        OK(ctx, fv_training_run(t, NULL));
        fv_training_free(t);
    }
    fv_context_free(ctx);
}

static fv_status list_runs(fv_context *ctx) {
    const char *folders[] = {"alloc-runs"};
    fv_runs *runs = NULL;
    fv_blob *png = NULL;
    fv_status s = fv_runs_read(ctx, folders, 1, FV_RUNS_BY_LOSS, &runs);
    if (!s && fv_runs_at(runs, 1)->trouble) s = FV_FAILED; /* want of memory is no damage */
    if (!s) s = fv_draw_runs(ctx, runs, NULL, &png);
    fv_blob_free(png);
    fv_runs_free(runs);
    return s;
}

static fv_status preview(fv_context *ctx) {
    fv_preview_options o = FV_INIT(fv_preview_options);
    fv_preview *p = NULL;
    fv_blob *png = NULL;
    o.data = "digits:60";
    o.net = "perceptron";
    o.settings = "batch=4 mixup=0.2 rotate=5";
    fv_status s = fv_preview_make(ctx, &o, &p);
    if (!s) s = fv_draw_preview(ctx, p, &png);
    fv_blob_free(png);
    fv_preview_free(p);
    return s;
}

/* --------------------------------------------------------------------------------- refusing --- */

typedef fv_status (*use)(fv_context *ctx);

static fv_status whole(use u, char message[200]) {
    fv_context *ctx = NULL;
    fv_status s = fv_context_new(1, &ctx);
    if (!s) s = u(ctx);
    snprintf(message, 200, "%s", fv_context_error(ctx));
    fv_context_free(ctx);
    return s;
}

/* Requests that can be done without: a folder's entry is not forced to the disk, say. */
#define DISPENSABLE 6

static long step = 1; /* one request in so many */

static void refuse_each(use u, bool rest) {
    char message[200];
    int dispensable = 0;
    long tried = 0;
    refuse_at = 0;
    write_keras();
    make_runs();
    refuse_rest = rest;
    if (whole(u, message) != FV_OK) fail_msg("with all memory it wants: %s", message);
    for (long n = rest && step > 1 ? 2 : 1;; n += step) {
        requests = 0;
        refuse_at = n;
        const fv_status s = whole(u, message);
        refuse_at = 0;
        if (requests < n) {
            assert_int_equal(s, FV_OK);
            assert_true(n > 20);
            print_message("%ld of %ld requests refused%s\n", tried, requests,
                          rest ? ", and all after them" : "");
            return;
        }
        tried++;
        if (s == FV_OK && !rest && ++dispensable <= DISPENSABLE) continue;
        if (s != FV_EXHAUSTED || !strstr(message, "memory"))
            fail_msg("request %ld refused%s, after %d that were not missed: status %d, \"%s\"", n,
                     rest ? ", and all after it" : "", dispensable, (int)s, message);
    }
}

#define REFUSED(name)                                                                              \
    static void name##_refused(void **state) {                                                     \
        (void)state;                                                                               \
        refuse_each(name, false);                                                                  \
        refuse_each(name, true);                                                                   \
    }
REFUSED(describe)
REFUSED(compare)
REFUSED(small_sums)
REFUSED(build)
REFUSED(look_at_data)
REFUSED(look_inside)
REFUSED(say_more)
REFUSED(check_and_time)
REFUSED(train)
REFUSED(list_runs)
REFUSED(preview)

/* With an allocator of the caller's none of it asks the system for anything. */
static void *lend(void *user, size_t bytes, size_t alignment) {
    ++*(long *)user;
    return __real_aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void take_back(void *user, void *memory) {
    if (memory) --*(long *)user;
    free(memory);
}

static void all_memory_is_the_callers(void **state) {
    (void)state;
    with_report = true;
    static const use each[] = {describe,     compare,     small_sums, build,
                               look_at_data, look_inside, say_more,   check_and_time,
                               train,        list_runs,   preview};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        fv_context *ctx;
        long lent = 0;
        fv_context_options o = FV_INIT(fv_context_options);
        o.threads = 1;
        o.allocator = (fv_allocator){lend, take_back, &lent};
        requests = 0;
        assert_int_equal(fv_context_new_with(&o, &ctx), FV_OK);
        const fv_status s = each[i](ctx);
        if (s || requests > 0)
            fail_msg("use %zu: %d %s; %ld requests of the system", i, (int)s, fv_context_error(ctx),
                     requests);
        fv_context_free(ctx);
        if (lent) fail_msg("use %zu keeps %ld", i, lent);
    }
}

int main(int argc, char **argv) {
    if (argc > 1) step = atoi(argv[1]) > 1 ? atoi(argv[1]) : 1;
    FILE *names = fopen("alloc.txt", "w");
    if (!names || fputs("a\nb\nc\n", names) < 0 || fclose(names) != 0) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describe_refused),       cmocka_unit_test(compare_refused),
        cmocka_unit_test(small_sums_refused),     cmocka_unit_test(build_refused),
        cmocka_unit_test(look_at_data_refused),   cmocka_unit_test(look_inside_refused),
        cmocka_unit_test(check_and_time_refused), cmocka_unit_test(train_refused),
        cmocka_unit_test(say_more_refused),       cmocka_unit_test(list_runs_refused),
        cmocka_unit_test(preview_refused),        cmocka_unit_test(all_memory_is_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
