/* SPDX-License-Identifier: MIT */
/*
 * Trainings that end in numbers that are not finite, each for a reason of its own, which is really
 * there: the message names where it began and what to do about it.
 */
#include "fovea.h"
#include "train/run.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SIDE        8
#define BAD         7 /* the sample that is wrong, where one is */
#define COUNT(list) (sizeof(list) / sizeof *(list))

/* Samples: values of 0 to 1 times `scale`, or bytes; one number of sample BAD is `bad`, if that is
   not 0. The same of the vector that is its target. */
typedef struct data {
    bool pixels;
    float scale, bad;
    int vector; /* numbers of the target; 0: a class of 10 */
    float target_scale, bad_target;
} data;

typedef struct buffer {
    const data *of;
    float values[SIDE * SIDE], target[4];
    uint8_t pixels[SIDE * SIDE];
} buffer;

static fv_status give(void *user, fv_context *ctx, int64_t i, fv_sample_view *out) {
    buffer *b = user;
    (void)ctx;
    for (int k = 0; k < SIDE * SIDE; k++) {
        const int v = (int)((i * 37 + k * 11 + k * k * 3) % 251);
        b->pixels[k] = (uint8_t)v;
        b->values[k] = b->of->scale * (float)v / 250;
    }
    if (i == BAD && b->of->bad != 0) b->values[20] = b->of->bad;
    for (int k = 0; k < b->of->vector; k++)
        b->target[k] = b->of->target_scale * (float)((i + k) % 5) / 4;
    if (i == BAD && b->of->bad_target != 0) b->target[1] = b->of->bad_target;
    out->channels = 1;
    out->height = out->width = SIDE;
    out->pixels = b->of->pixels ? b->pixels : NULL;
    out->values = b->of->pixels ? NULL : b->values;
    out->label = b->of->vector ? -1 : (int32_t)(i % 10);
    if (b->of->vector) {
        out->target_count = 1;
        out->targets[0] = (fv_target_view){
            .kind = FV_TARGET_VECTOR, .rank = 1, .dims = {b->of->vector}, .data = b->target};
    }
    return FV_OK;
}

static fv_dataset *make_set(fv_context *ctx, buffer *b, int64_t count) {
    fv_dataset *set = NULL;
    fv_dataset_source s = FV_INIT(fv_dataset_source);
    s.name = "made";
    s.count = count;
    s.channels = 1;
    s.height = s.width = SIDE;
    s.classes = b->of->vector ? 0 : 10;
    if (b->of->vector) {
        s.target_count = 1;
        s.targets[0] =
            (fv_target_view){.kind = FV_TARGET_VECTOR, .rank = 1, .dims = {b->of->vector}};
    }
    s.values = !b->of->pixels;
    s.serial = 1;
    s.sample = give;
    s.user = b;
    if (fv_dataset_new(ctx, &s, &set) != FV_OK) fail_msg("%s", fv_context_error(ctx));
    return set;
}

typedef struct cause {
    const char *name;
    const char *net; /* behind its input line's shape */
    const char *settings;
    data data;
    float first; /* what the weight of the parameter `param` begins with, all of it or one alone */
    const char *param;
    bool one;
    const char *words[4]; /* of the message */
} cause;

#define PLAIN                                                                                      \
    { .scale = 1 }

static const cause causes[] = {
    {.name = "a picture with a NaN",
     .net = "\n conv 4 3x3 - relu - fc 10 - softmax\n",
     .data = {.scale = 1, .bad = NAN},
     .words = {"the input of 'conv1' is not", "(number 7 of made)", "mend it"}},
    {.name = "a picture with an infinite number",
     .net = "\n conv 4 3x3 - relu - fc 10 - softmax\n",
     .data = {.scale = 1, .bad = INFINITY},
     .words = {"the input of 'conv1' is not", "(number 7 of made)", "mend it"}},
    {.name = "a rate of a million",
     .net = "\n conv 4 3x3 - relu - fc 10 - relu - fc 10\ntrain loss squarederror\n",
     .settings = "lr=1e6",
     .data = PLAIN,
     .words = {"not a finite number", "smaller learning rate", "lr=1e+06"}},
    {.name = "a rate of ten, momentum",
     .net = "\n conv 4 3x3 - relu - fc 20 - relu - fc 10\ntrain loss squarederror\n",
     .settings = "lr=10 epochs=9",
     .data = PLAIN,
     .words = {"not a finite number", "smaller learning rate", "lr=10"}},
    {.name = "weights that are huge from the start",
     .net = "\n conv 4 3x3 - relu - fc 10 - relu - fc 10\ntrain loss squarederror\n",
     .data = PLAIN,
     .first = 1e30F,
     .param = "fc1.weight",
     .words = {"began with", "too large: fc1.weight"}},
    {.name = "one weight that is huge",
     .net = "\n conv 4 3x3 - relu - fc 10 - relu - fc 10\ntrain loss squarederror\n",
     .data = PLAIN,
     .first = 3e38F,
     .param = "conv1.weight",
     .one = true,
     .words = {"began with", "too large: conv1.weight"}},
    {.name = "numbers of thousands",
     .net = "\n conv 4 3x3 - relu - fc 20 - relu - fc 10\ntrain loss squarederror\n",
     .settings = "lr=0.01 epochs=9",
     .data = {.scale = 5000},
     .words = {"the input reach", "scale 1/255"}},
    {.name = "bytes as they are",
     .net = "\n conv 8 3x3 - relu - fc 20 - relu - fc 10\ntrain loss squarederror\n",
     .settings = "lr=0.02 epochs=9",
     .data = {.pixels = true},
     .words = {"the input reach", "scale 1/255"}},
    {.name = "a std of almost nothing",
     .net = " scale 1/255 std 1e-6\n conv 8 3x3 - relu - fc 20 - relu - fc 10\n"
            "train loss squarederror\n",
     .settings = "lr=0.01",
     .data = {.pixels = true},
     .words = {"the input reach", "mean and std"}},
    {.name = "log of zero",
     .net = "\n conv 4 3x3 - relu - log - fc 10 - softmax\n",
     .data = PLAIN,
     .words = {"the output of 'log1' (log)", "forward pass", "log takes numbers above 0"}},
    {.name = "sqrt of numbers below zero",
     .net = "\n conv 4 3x3 - sqrt - fc 10 - softmax\n",
     .data = PLAIN,
     .words = {"the output of 'sqrt1' (sqrt)", "forward pass", "below it has no value"}},
    {.name = "one divided by zero",
     .net = "\n conv 4 3x3 - relu - reciprocal - fc 10 - softmax\n",
     .data = PLAIN,
     .words = {"'reciprocal1' (reciprocal)", "divides by 0"}},
    {.name = "a quotient of zeros",
     .net = "\n conv 4 3x3 - relu - div { identity | identity } - fc 10 - softmax\n",
     .data = PLAIN,
     .words = {"'div1' (div)", "divides by 0"}},
    {.name = "exp of hundreds",
     .net = "\n fc 10 - exp - fc 10 - softmax\n",
     .data = {.scale = 2000},
     .words = {"'exp1' (exp)", "exp overflows"}},
    {.name = "a target that is a NaN",
     .net = "\n conv 4 3x3 - relu - fc 3\nloss squarederror target vector\n",
     .data = {.scale = 1, .vector = 3, .target_scale = 1, .bad_target = NAN},
     .words = {"the target of 'output'", "(number 7 of made)", "mend this target"}},
    {.name = "targets without end",
     .net = "\n conv 4 3x3 - relu - fc 3\nloss squarederror target vector\n",
     .data = {.scale = 1, .vector = 3, .target_scale = 1e25F},
     .words = {"the targets of 'output' reach 1e+25", "divide them"}},
    {.name = "a loss that weighs too much",
     .net = "\n conv 4 3x3 - relu as half - fc 10 - softmax\n"
            "head aux weight 3e38 training loss squarederror from half - fc 10\n",
     .data = PLAIN,
     .words = {"the loss of 'aux' has the weight"}},
};

static fv_model *make_model(fv_context *ctx, const cause *c) {
    char text[1024];
    fv_model *model = NULL;
    snprintf(text, sizeof text, "net bad\ninput 1x%dx%d%s", SIDE, SIDE, c->net);
    if (fv_model_parse(ctx, text, NULL, 1, &model) != FV_OK)
        fail_msg("%s: %s", c->name, fv_context_error(ctx));
    const fv_graph *net = model->net.graph;
    for (size_t p = 0; c->param && p < net->param_count; p++)
        for (int64_t i = 0; i < (c->one ? 1 : net->params[p].count); i++)
            if (strcmp(net->params[p].name, c->param) == 0)
                model->weights[net->params[p].offset + i] = i % 2 ? -c->first : c->first;
    return model;
}

/* Whether the message says it all. */
static bool is_named(const cause *c, const char *message) {
    bool all = true;
    for (size_t i = 0; i < COUNT(c->words) && c->words[i]; i++)
        all = all && strstr(message, c->words[i]);
    return all;
}

static bool try_cause(const cause *c, int number) {
    fv_context *ctx;
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    buffer buffers[2] = {{.of = &c->data}, {.of = &c->data}};
    char folder[32], command[64];
    fv_training_options o = FV_INIT(fv_training_options);
    fv_training *t = NULL;
    snprintf(folder, sizeof folder, "cause%d", number);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
    fv_model *model = make_model(ctx, c);
    fv_dataset *train = make_set(ctx, &buffers[0], 40), *test = make_set(ctx, &buffers[1], 5);
    char settings[128];
    snprintf(settings, sizeof settings, "batch=10 shards=1 %s", c->settings ? c->settings : "");
    o.model = model;
    o.train = train;
    o.test = test;
    o.folder = folder;
    o.settings = settings;
    if (fv_training_start(ctx, &o, &t) != FV_OK) fail_msg("%s: %s", c->name, fv_context_error(ctx));
    const fv_status status = fv_training_run(t, NULL);
    const bool named = status == FV_DIVERGED && is_named(c, fv_context_error(ctx));
    if (status != FV_DIVERGED) print_error("%s: ended with %d\n", c->name, (int)status);
    print_message("%s: %s\n    %s\n", named ? "named" : "NOT NAMED", c->name,
                  fv_context_error(ctx));
    fv_training_free(t);
    fv_dataset_free(train);
    fv_dataset_free(test);
    fv_model_free(model);
    fv_context_free(ctx);
    return named;
}

static void test_each_cause(void **unused) {
    (void)unused;
    size_t named = 0;
    for (size_t i = 0; i < COUNT(causes); i++) named += try_cause(&causes[i], (int)i);
    if (named != COUNT(causes)) fail_msg("%zu of %zu were named", named, COUNT(causes));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_cause)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
